// Lists, rules and tags of buckets and objects, copies and batches of deletions, as the SDK sends and reads them.

import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { test } from 'node:test';

import { inBucket, refuses, setUp, statement } from './cloud.js';

const MEGABYTE = 1024 * 1024;

let object;
const cloud = setUp(async () => {
  object = { ...(await cloud.newBucket()), Key: 'k' };
  await cloud.cos().putObject({ ...object, Body: 'v' });
});

const bucket = () => ({ Bucket: object.Bucket, Region: object.Region });
const source = (key) => `${object.Bucket}.cos.${object.Region}.myqcloud.com/${encodeURIComponent(key)}`;

test('the list of a bucket', async () => {
  const client = cloud.cos();
  assert.equal((await client.getBucketAcl(bucket())).ACL, 'private');
  await client.putBucketAcl({ ...bucket(), ACL: 'public-read' });
  assert.equal((await client.getBucketAcl(bucket())).ACL, 'public-read');
  await client.putBucketAcl({ ...bucket(), ACL: 'private' });
  await refuses(client.putBucketAcl({ ...bucket(), ACL: 'everything' }), 400, 'InvalidArgument');
});

test('the list of an object', async () => {
  const client = cloud.cos();
  assert.equal((await client.getObjectAcl(object)).ACL, 'default');
  await client.putObjectAcl({ ...object, ACL: 'public-read' });
  assert.equal((await client.getObjectAcl(object)).ACL, 'public-read');
  await client.putObjectAcl({ ...object, ACL: 'default' });
});

test('rules for other origins', async () => {
  const client = cloud.cos();
  assert.deepEqual((await client.getBucketCors(bucket())).CORSRules, []);
  const rule = { AllowedOrigin: ['http://app.test'], AllowedMethod: ['PUT', 'GET'], AllowedHeader: ['*'] };
  await client.putBucketCors({ ...bucket(), CORSRules: [rule] });
  const [stored] = (await client.getBucketCors(bucket())).CORSRules;
  assert.deepEqual(stored.AllowedOrigins, ['http://app.test']);
  const asked = { AccessControlRequestMethod: 'PUT', AccessControlRequestHeaders: 'x-cos-acl' };
  const allowed = await client.optionsObject({ ...object, Origin: 'http://app.test', ...asked });
  assert.equal(allowed.AccessControlAllowOrigin, 'http://app.test');
  // The SDK tells a refused preflight by an answer without headers.
  const refused = await client.optionsObject({ ...object, Origin: 'http://other.test', ...asked });
  assert.equal(refused.OptionsForbidden, true);
  await client.deleteBucketCors(bucket());
  assert.deepEqual((await client.getBucketCors(bucket())).CORSRules, []);
});

test('tags', async () => {
  const client = cloud.cos();
  const Tags = [{ Key: 'team', Value: '照片' }];
  await client.putBucketTagging({ ...bucket(), Tags });
  assert.deepEqual((await client.getBucketTagging(bucket())).Tags, Tags);
  await client.deleteBucketTagging(bucket());
  assert.deepEqual((await client.getBucketTagging(bucket())).Tags, []);
  await client.putObjectTagging({ ...object, Tags });
  assert.deepEqual((await client.getObjectTagging(object)).Tags, Tags);
  await client.deleteObjectTagging(object);
});

test('copies', async () => {
  const client = cloud.cos();
  await client.putObject({ ...object, Key: '目录/a b', Body: 'to copy', 'x-cos-meta-n': '1' });
  const target = { ...object, Key: 'copy', CopySource: source('目录/a b') };
  const copied = await client.putObjectCopy(target);
  const original = await client.headObject({ ...object, Key: '目录/a b' });
  assert.equal(copied.ETag, original.ETag);
  assert.equal((await client.getObject({ ...object, Key: 'copy' })).Body.toString(), 'to copy');
  await refuses(client.putObjectCopy({ ...target, CopySource: source('none') }), 404, 'NoSuchKey');
  const { UploadId } = await client.multipartInit({ ...object, Key: 'parts' });
  const part = await client.uploadPartCopy({ ...target, Key: 'parts', UploadId, PartNumber: 1 });
  const Parts = [{ PartNumber: 1, ETag: part.ETag }];
  await client.multipartComplete({ ...object, Key: 'parts', UploadId, Parts });
  assert.equal((await client.getObject({ ...object, Key: 'parts' })).Body.toString(), 'to copy');
});

test('copies in slices', async () => {
  const client = cloud.cos();
  const bytes = randomBytes(3 * MEGABYTE + 7);
  const from = { ...object, Key: '目录/large 1' };
  await client.putObject({ ...from, Body: bytes, 'x-cos-meta-n': '1' });
  // The SDK copies in parts whatever is larger than a slice.
  const copy = (more) =>
    client.sliceCopyFile({
      ...object,
      Key: 'slices',
      CopySource: source(from.Key),
      CopySliceSize: MEGABYTE,
      CopyChunkSize: MEGABYTE,
      ...more,
    });
  const sent = [];
  client.on('before-send', ({ method, qs }) => {
    if (method === 'PUT') sent.push(Number(qs?.partNumber));
  });
  const progress = [];
  const copied = await copy({ onProgress: ({ loaded }) => progress.push(loaded) });
  assert.deepEqual(sent.sort(), [1, 2, 3, 4]);
  assert.match(copied.ETag, /-4"$/);
  assert.equal(Number(progress.at(-1)), bytes.length);
  const read = await client.getObject({ ...object, Key: 'slices' });
  assert.ok(read.Body.equals(bytes));
  assert.equal(read.headers['x-cos-meta-n'], '1');
  assert.deepEqual((await client.multipartList(bucket())).Upload, []);

  sent.length = 0;
  await copy({ Key: 'at one go', CopySliceSize: 4 * MEGABYTE });
  assert.deepEqual(sent, [NaN], 'what is no larger is one copy');
  await assert.rejects(copy({ CopySource: source('none') }), { statusCode: 404 });
});

test('copies in slices of what one may not read', async () => {
  const from = { ...object, Key: 'secret/large' };
  await cloud.cos().putObject({ ...from, Body: randomBytes(2 * MEGABYTE) });
  const target = { ...object, Key: 'open/large' };
  const sizes = { CopySliceSize: MEGABYTE, CopyChunkSize: MEGABYTE };
  const copyWith = async (...actions) => {
    const open = statement('name/cos:*', inBucket(object.Bucket, 'open/*'));
    const secret = actions.map((action) => statement(action, inBucket(object.Bucket, 'secret/*')));
    const client = cloud.cos(await cloud.mint([open, ...secret]), { ChunkRetryTimes: 0 });
    return client.sliceCopyFile({ ...target, CopySource: source(from.Key), ...sizes });
  };
  // The SDK looks at the source first, whose refusal has no body and hence no code.
  await assert.rejects(copyWith(), { statusCode: 403 });
  await refuses(copyWith('name/cos:HeadObject'), 403, 'AccessDenied');
  await refuses(cloud.cos().getObject(target), 404, 'NoSuchKey');
  assert.match((await copyWith('name/cos:HeadObject', 'name/cos:GetObject')).ETag, /-2"$/);
});

test('a batch of deletions', async () => {
  const client = cloud.cos();
  const keys = ['a', 'b+c', '目录/d'];
  for (const Key of keys) await client.putObject({ ...object, Key, Body: 'v' });
  const Objects = [...keys, 'never there'].map((Key) => ({ Key }));
  const answer = await client.deleteMultipleObject({ ...bucket(), Objects });
  assert.deepEqual(answer.Deleted.map((entry) => entry.Key).sort(), Objects.map((entry) => entry.Key).sort());
  await refuses(client.getObject({ ...object, Key: 'a' }), 404, 'NoSuchKey');
});

test('the policy of a bucket', async () => {
  const client = cloud.cos();
  await refuses(client.getBucketPolicy(bucket()), 404, 'NoSuchBucketPolicy');
  const everybody = { principal: { qcs: ['qcs::cam::anyone:anyone'] } };
  const Policy = { version: '2.0', Statement: [statement(['name/cos:GetObject'], [inBucket(object.Bucket, '*')], everybody)] };
  assert.equal((await client.putBucketPolicy({ ...bucket(), Policy })).statusCode, 204);
  assert.deepEqual((await client.getBucketPolicy(bucket())).Policy, { version: '2.0', Statement: Policy.Statement });
  const unsigned = await fetch(`http://127.0.0.1:${cloud.port('http:')}/${object.Bucket}/k`);
  assert.deepEqual([unsigned.status, await unsigned.text()], [200, 'v']);
  const wrong = { version: '2.0', Statement: [statement(['name/cos:GetObject'], [inBucket(object.Bucket, '*')])] };
  await refuses(client.putBucketPolicy({ ...bucket(), Policy: wrong }), 400, 'MalformedPolicy');
  assert.equal((await client.deleteBucketPolicy(bucket())).statusCode, 204);
  const refused = await fetch(`http://127.0.0.1:${cloud.port('http:')}/${object.Bucket}/k`);
  assert.equal(refused.status, 403);
});
