// Uploads in parts: by hand, and by the SDK with resume.

import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { before, describe, test } from 'node:test';

import { PROTOCOLS, inBucket, refuses, setUp, statement } from './cloud.js';
import { newFolder } from './server.js';

const MEGABYTE = 1024 * 1024;
const PARTS = 5;

const cloud = setUp();
const md5 = (bytes) => createHash('md5').update(bytes).digest('hex');

/** What the entity tag of a finished upload is made of. */
const combined = (tags) => {
  const digests = Buffer.from(tags.map((tag) => tag.replaceAll('"', '')).join(''), 'hex');
  return `"${md5(digests)}-${tags.length}"`;
};

for (const Protocol of PROTOCOLS) {
  describe(Protocol, () => {
    let object;
    const client = () => cloud.cos(cloud.root, { Protocol });
    before(async () => {
      object = { ...(await cloud.newBucket()), Key: '大/file 1' };
    });

    test('by hand', async () => {
      const bytes = randomBytes(2 * MEGABYTE + 5);
      const { UploadId } = await client().multipartInit({ ...object, Headers: { 'x-cos-meta-a': '1' } });
      const upload = { ...object, UploadId };
      const Parts = [];
      for (const PartNumber of [1, 2, 3]) {
        const Body = bytes.subarray((PartNumber - 1) * MEGABYTE, PartNumber * MEGABYTE);
        const { ETag } = await client().multipartUpload({ ...upload, PartNumber, Body });
        assert.equal(ETag, `"${md5(Body)}"`);
        Parts.push({ PartNumber, ETag });
      }
      const listed = await client().multipartListPart({ ...upload, MaxParts: 2 });
      assert.deepEqual(listed.Part.map(({ PartNumber, ETag }) => ({ PartNumber: Number(PartNumber), ETag })), Parts.slice(0, 2));
      assert.equal(listed.IsTruncated, 'true');
      const rest = await client().multipartListPart({ ...upload, PartNumberMarker: listed.NextPartNumberMarker });
      assert.deepEqual(rest.Part.map(({ Size }) => Size), ['5']);
      const uploads = await client().multipartList({ ...object, Prefix: object.Key });
      assert.deepEqual(uploads.Upload.map(({ Key, UploadId: id }) => [Key, id]), [[object.Key, UploadId]]);
      await refuses(client().getObject(object), 404, 'NoSuchKey');

      const completed = await client().multipartComplete({ ...upload, Parts });
      assert.equal(completed.ETag, combined(Parts.map(({ ETag }) => ETag)));
      assert.ok(completed.Location.startsWith(`${object.Bucket}.cos.`), completed.Location);
      const read = await client().getObject(object);
      assert.ok(read.Body.equals(bytes));
      assert.equal(read.headers['x-cos-meta-a'], '1');
      await refuses(client().multipartComplete({ ...upload, Parts }), 404, 'NoSuchUpload');
    });

    test('aborted', async () => {
      const { UploadId } = await client().multipartInit(object);
      const upload = { ...object, UploadId };
      await client().multipartUpload({ ...upload, PartNumber: 1, Body: 'part' });
      await refuses(client().deleteBucket(object), 409, 'BucketNotEmpty');
      assert.equal((await client().multipartAbort(upload)).statusCode, 204);
      await refuses(client().multipartAbort(upload), 404, 'NoSuchUpload');
      await refuses(client().multipartUpload({ ...upload, PartNumber: 1, Body: 'part' }), 404, 'NoSuchUpload');
      assert.deepEqual((await client().multipartList(object)).Upload, []);
    });

    test('uploads are listed in pages', async () => {
      const begin = async (Key) => (await client().multipartInit({ ...object, Key })).UploadId;
      const begun = [];
      for (const Key of ['p/a', 'p/a', 'p/b', 'p/中']) begun.push(`${Key} ${await begin(Key)}`);
      const found = [];
      let page = {};
      do {
        page = await client().multipartList({
          ...object,
          Prefix: 'p/',
          MaxUploads: 1,
          KeyMarker: page.NextKeyMarker,
          UploadIdMarker: page.NextUploadIdMarker,
        });
        assert.equal(page.Upload.length, 1);
        found.push(...page.Upload.map(({ Key, UploadId }) => `${Key} ${UploadId}`));
      } while (page.IsTruncated === 'true');
      assert.deepEqual(found.map((text) => text.split(' ')[0]), ['p/a', 'p/a', 'p/b', 'p/中']);
      assert.deepEqual(found.sort(), begun.sort());
      for (const text of begun) {
        const [Key, UploadId] = text.split(' ');
        await client().multipartAbort({ ...object, Key, UploadId });
      }
    });

    test('lists of parts that do not fit', async () => {
      const { UploadId } = await client().multipartInit(object);
      const upload = { ...object, UploadId };
      const put = (PartNumber, Body) => client().multipartUpload({ ...upload, PartNumber, Body });
      const complete = (...Parts) => client().multipartComplete({ ...upload, Parts });
      const [one, two] = [await put(1, 'small'), await put(2, 'parts')];
      const part = (PartNumber, { ETag }) => ({ PartNumber, ETag });
      await refuses(complete(part(1, one), part(2, two)), 400, 'EntityTooSmall');
      await refuses(complete(part(2, two), part(1, one)), 400, 'InvalidPartOrder');
      await refuses(complete(part(1, two)), 400, 'InvalidPart');
      await refuses(complete(part(1, one), part(3, two)), 400, 'InvalidPart');
      await refuses(put(10_001, 'x'), 400, 'InvalidArgument');
      assert.equal((await complete(part(2, two))).statusCode, 200);
    });
  });
}

describe('files in slices', () => {
  let file;
  let bytes;
  let place;
  const write = (path, beyond) => {
    const fresh = randomBytes((PARTS - 1) * MEGABYTE + beyond);
    writeFileSync(path, fresh);
    return fresh;
  };
  before(async () => {
    place = await cloud.newBucket();
    file = join(newFolder('files'), 'large');
    bytes = write(file, 77);
  });

  /** Which parts a client sends, as it sends them. */
  const partsOf = (client, onPart = () => {}) => {
    const sent = [];
    client.on('before-send', ({ method, qs }) => {
      if (method !== 'PUT' || !qs?.partNumber) return;
      sent.push(Number(qs.partNumber));
      onPart(Number(qs.partNumber));
    });
    return sent;
  };
  const slices = (Key) => ({ ...place, Key, FilePath: file, ChunkSize: MEGABYTE, AsyncLimit: 1 });

  /** Begins an upload and drops it when the third part is on its way; returns how it was called. */
  const interrupt = (Key) =>
    new Promise((resolve, reject) => {
      const client = cloud.cos();
      let task;
      partsOf(client, (part) => {
        if (part !== 3) return;
        client.cancelTask(task);
        resolve();
      });
      const onTaskReady = (id) => {
        task = id;
      };
      client.sliceUploadFile({ ...slices(Key), onTaskReady }).catch(reject);
    });
  const onlyUpload = async (Key) => {
    const { Upload } = await cloud.cos().multipartList({ ...place, Prefix: Key });
    assert.equal(Upload.length, 1);
    return Upload[0].UploadId;
  };
  const stored = async (Key) => (await cloud.cos().getObject({ ...place, Key })).Body;

  test('at one go, in parallel', async () => {
    const client = cloud.cos();
    const sent = partsOf(client);
    const done = await client.sliceUploadFile({ ...slices('目录/whole'), AsyncLimit: 3 });
    assert.deepEqual(sent.sort(), [1, 2, 3, 4, 5]);
    assert.match(done.ETag, /-5"$/);
    assert.ok((await stored('目录/whole')).equals(bytes));
    await client.uploadFile({ ...slices('small'), SliceSize: 100 * MEGABYTE });
    assert.ok((await stored('small')).equals(bytes));
  });

  test('several files together', async () => {
    const files = ['many/1', 'many/2', 'many/3'].map((Key) => ({ ...place, Key, FilePath: file }));
    const done = await cloud.cos().uploadFiles({ files, SliceSize: 2 * MEGABYTE });
    assert.deepEqual(done.files.map(({ error }) => error), [null, null, null]);
    for (const { Key } of files) assert.ok((await stored(Key)).equals(bytes), Key);
  });

  test('an interrupted file is resumed', async () => {
    await interrupt('resumed');
    const upload = await onlyUpload('resumed');
    const client = cloud.cos();
    const sent = partsOf(client);
    const done = await client.sliceUploadFile(slices('resumed'));
    assert.deepEqual(sent, [3, 4, 5]);
    assert.equal(done.UploadId, upload);
    assert.ok((await stored('resumed')).equals(bytes));
  });

  test('a file that has changed is sent anew', async () => {
    await interrupt('changed');
    const upload = await onlyUpload('changed');
    // The SDK tells a changed file by its size, and by its times to the second.
    bytes = write(file, 78);
    const client = cloud.cos();
    const sent = partsOf(client);
    const done = await client.sliceUploadFile(slices('changed'));
    assert.deepEqual(sent, [1, 2, 3, 4, 5]);
    assert.notEqual(done.UploadId, upload);
    assert.ok((await stored('changed')).equals(bytes));
    await cloud.cos().multipartAbort({ ...place, Key: 'changed', UploadId: upload });
  });

  test('an upload goes on with a renewed temporary key', async () => {
    const mint = () => cloud.mint([statement('name/cos:*', inBucket(place.Bucket, 'alice/*'))]);
    const [first, second] = [await mint(), await mint()];
    const object = { ...place, Key: 'alice/large' };
    const { UploadId } = await cloud.cos(first).multipartInit(object);
    const upload = { ...object, UploadId };
    const { ETag } = await cloud.cos(first).multipartUpload({ ...upload, PartNumber: 1, Body: 'v' });
    await cloud.cos(second).multipartComplete({ ...upload, Parts: [{ PartNumber: 1, ETag }] });
    assert.equal((await stored(object.Key)).toString(), 'v');
  });
});
