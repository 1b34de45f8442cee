// Lists, rules and tags of buckets and objects, copies and batches of deletions, as the SDK sends and reads them.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { refuses, setUp } from './cloud.js';

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

test('a batch of deletions', async () => {
  const client = cloud.cos();
  const keys = ['a', 'b+c', '目录/d'];
  for (const Key of keys) await client.putObject({ ...object, Key, Body: 'v' });
  const Objects = [...keys, 'never there'].map((Key) => ({ Key }));
  const answer = await client.deleteMultipleObject({ ...bucket(), Objects });
  assert.deepEqual(answer.Deleted.map((entry) => entry.Key).sort(), Objects.map((entry) => entry.Key).sort());
  await refuses(client.getObject({ ...object, Key: 'a' }), 404, 'NoSuchKey');
});
