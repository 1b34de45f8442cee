// Objects: stored, read, described, removed; awkward keys, ranges, conditions, headers.

import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { createReadStream, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { before, describe, test } from 'node:test';

import { PROTOCOLS, refuses, setUp } from './cloud.js';
import { newFolder } from './server.js';

const cloud = setUp();

const AWKWARD_KEYS = [
  '中文/照片.jpg',
  '😀 smile',
  'a b+c%20d',
  'q?x=1&y=2#f',
  "it's(*)!~",
  'a//b',
  'a/../b',
  './a',
  'trailing/',
  'é and e\u0301',
  '<&>"',
  'k'.repeat(850),
];

for (const Protocol of PROTOCOLS) {
  describe(Protocol, () => {
    let place;
    const client = () => cloud.cos(cloud.root, { Protocol });
    before(async () => {
      place = await cloud.newBucket();
    });

    test('an object comes and goes', async () => {
      const object = { ...place, Key: 'note' };
      const stored = await client().putObject({ ...object, Body: 'hello world' });
      assert.equal(stored.ETag, '"5eb63bbbe01eeed093cb22bb8f5acdc3"');
      assert.equal(stored.headers['x-cos-hash-crc64ecma'], '5981764153023615706');
      const read = await client().getObject(object);
      assert.equal(read.Body.toString(), 'hello world');
      assert.equal(read.ETag, stored.ETag);
      const head = await client().headObject(object);
      assert.equal(head.headers['content-length'], '11');
      assert.equal(head.ETag, stored.ETag);
      assert.equal((await client().deleteObject(object)).statusCode, 204);
      assert.equal((await client().deleteObject(object)).statusCode, 204);
      await refuses(client().getObject(object), 404, 'NoSuchKey');
      await refuses(client().headObject(object), 404);
    });

    test('awkward keys', async () => {
      for (const Key of AWKWARD_KEYS) {
        const object = { ...place, Key };
        await client().putObject({ ...object, Body: Key });
        assert.equal((await client().getObject(object)).Body.toString(), Key, Key);
      }
      const listed = (await client().getBucket(place)).Contents.map(({ Key }) => Key);
      for (const Key of AWKWARD_KEYS) assert.ok(listed.includes(Key), Key);
      for (const Key of AWKWARD_KEYS) await client().deleteObject({ ...place, Key });
      assert.deepEqual((await client().getBucket(place)).Contents, []);
    });

    test('sizes', async () => {
      for (const size of [0, 1, 65_536, 5_000_000]) {
        const object = { ...place, Key: `size-${size}` };
        const Body = randomBytes(size);
        const stored = await client().putObject({ ...object, Body });
        assert.equal(stored.ETag, `"${createHash('md5').update(Body).digest('hex')}"`);
        assert.ok((await client().getObject(object)).Body.equals(Body), String(size));
      }
    });

    test('streams and files', async () => {
      const folder = newFolder('files');
      const [source, target] = [join(folder, 'source'), join(folder, 'target')];
      const bytes = randomBytes(3_000_001);
      writeFileSync(source, bytes);
      const object = { ...place, Key: 'streamed' };
      await client().putObject({ ...object, Body: createReadStream(source), ContentLength: bytes.length });
      const received = [];
      const Output = new PassThrough().on('data', (piece) => received.push(piece));
      await client().getObject({ ...object, Output });
      assert.ok(Buffer.concat(received).equals(bytes));
      const stream = client().getObjectStream(object);
      const streamed = [];
      for await (const piece of stream) streamed.push(piece);
      assert.ok(Buffer.concat(streamed).equals(bytes));
      const parts = { ChunkSize: 1024 * 1024, ParallelLimit: 3, onProgress() {} };
      await client().downloadFile({ ...object, FilePath: target, ...parts });
      assert.ok(readFileSync(target).equals(bytes));
    });
  });
}

describe('headers', () => {
  let object;
  const client = () => cloud.cos();
  before(async () => {
    object = { ...(await cloud.newBucket()), Key: 'k' };
  });

  test('what is given is kept', async () => {
    await client().putObject({
      ...object,
      Body: 'v',
      CacheControl: 'max-age=60',
      ContentDisposition: 'attachment; filename="a.txt"',
      ContentType: 'text/plain; charset=utf-8',
      Expires: 'Thu, 01 Dec 2033 16:00:00 GMT',
      StorageClass: 'STANDARD_IA',
      Headers: { 'x-cos-meta-colour': 'blue', 'x-cos-meta-shape': encodeURIComponent('圆') },
    });
    const { headers } = await client().headObject(object);
    for (const [name, value] of [
      ['cache-control', 'max-age=60'],
      ['content-disposition', 'attachment; filename="a.txt"'],
      ['content-type', 'text/plain; charset=utf-8'],
      ['expires', 'Thu, 01 Dec 2033 16:00:00 GMT'],
      ['x-cos-storage-class', 'STANDARD_IA'],
      ['x-cos-meta-colour', 'blue'],
      ['x-cos-meta-shape', encodeURIComponent('圆')],
    ]) {
      assert.equal(headers[name], value, name);
    }
    const put = (Headers) => client().putObject({ ...object, Body: 'v', Headers });
    await refuses(put({ 'x-cos-meta-a': 'x'.repeat(2048) }), 400, 'InvalidArgument');
    await refuses(put({ 'x-cos-storage-class': 'COLD' }), 501, 'NotImplemented');
    await refuses(put({ 'x-cos-storage-class': 'ORDINARY' }), 400, 'NotSupportedStorageClass');
  });

  test('answers may be given other headers', async () => {
    await client().putObject({ ...object, Body: 'v' });
    const read = await client().getObject({ ...object, ResponseContentType: 'text/html', ResponseCacheControl: 'no-store' });
    assert.equal(read.headers['content-type'], 'text/html');
    assert.equal(read.headers['cache-control'], 'no-store');
  });

  test('ranges', async () => {
    await client().putObject({ ...object, Body: '0123456789' });
    for (const [Range, expected, contentRange] of [
      ['bytes=2-4', '234', 'bytes 2-4/10'],
      ['bytes=8-', '89', 'bytes 8-9/10'],
      ['bytes=-3', '789', 'bytes 7-9/10'],
      ['bytes=5-99', '56789', 'bytes 5-9/10'],
    ]) {
      const read = await client().getObject({ ...object, Range });
      assert.equal(read.Body.toString(), expected);
      assert.deepEqual([read.statusCode, read.headers['content-range']], [206, contentRange]);
    }
    const beyond = client().getObject({ ...object, Range: 'bytes=10-' });
    await refuses(beyond, 416, 'InvalidRange');
    await beyond.catch(({ headers }) => assert.equal(headers['content-range'], 'bytes */10'));
  });

  test('conditions', async () => {
    const { ETag } = await client().putObject({ ...object, Body: 'v' });
    const past = 'Sat, 01 Jan 2000 00:00:00 GMT';
    const future = 'Fri, 01 Jan 2100 00:00:00 GMT';
    const read = (more) => client().getObject({ ...object, ...more });
    assert.equal((await read({ IfMatch: ETag })).statusCode, 200);
    assert.equal((await read({ IfModifiedSince: past })).statusCode, 200);
    assert.equal((await client().headObject({ ...object, IfModifiedSince: future })).NotModified, true);
    assert.equal((await read({ IfModifiedSince: future })).NotModified, true);
    await refuses(read({ IfMatch: '"other"' }), 412, 'PreconditionFailed');
    await refuses(read({ IfUnmodifiedSince: past }), 412, 'PreconditionFailed');
    await refuses(read({ IfNoneMatch: ETag }), 304);
  });

  test('digests', async () => {
    const md5 = (text) => createHash('md5').update(text).digest('base64');
    const put = (ContentMD5) => client().putObject({ ...object, Body: 'v', ContentMD5 });
    assert.equal((await put(md5('v'))).statusCode, 200);
    await refuses(put(md5('w')), 400, 'BadDigest');
    await refuses(put('nonsense'), 400, 'InvalidDigest');
    const checking = cloud.cos(cloud.root, { UploadCheckContentMd5: true });
    assert.equal((await checking.putObject({ ...object, Body: '中文' })).statusCode, 200);
  });

  test('what must not be replaced', async () => {
    const Headers = { 'x-cos-forbid-overwrite': 'true' };
    await client().putObject({ ...object, Key: 'once', Body: '1', Headers: { ...Headers } });
    const again = client().putObject({ ...object, Key: 'once', Body: '2', Headers: { ...Headers } });
    await refuses(again, 409, 'FileAlreadyExists');
    assert.equal((await client().getObject({ ...object, Key: 'once' })).Body.toString(), '1');
  });

  test('a key that is too long', async () => {
    await refuses(client().putObject({ ...object, Key: 'k'.repeat(851), Body: 'v' }), 400, 'KeyTooLong');
  });
});
