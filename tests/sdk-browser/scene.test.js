// The scene the program is for, in a browser: a page that has nothing but a temporary key from the user server.

import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { before, describe, test } from 'node:test';

import { WAYS, rule, setUp } from './stage.js';

const MEGABYTE = 1024 * 1024;
const stage = setUp();
const sha256 = (bytes) => createHash('sha256').update(bytes).digest('hex');
const md5 = (text) => createHash('md5').update(text).digest('hex');

for (const way of WAYS) {
  describe(way.name, () => {
    let place;
    let visit;
    const source = (key) => `${place.where.Bucket}.cos.${place.where.Region}.myqcloud.com/${encodeURIComponent(key)}`;
    const partsOf = (sent) => sent.filter(({ method, part }) => method === 'PUT' && part > 0).map(({ part }) => part);
    before(async () => {
      place = await stage.newPlace(way);
      await place.setRules(rule(place.userServer.origin()));
      visit = await place.visit();
    });

    test('an object is put, after a preflight', async () => {
      const { data, progress } = await visit.call('putObject', { Key: 'alice/note', Body: 'hello', Headers: { 'x-cos-meta-note': 'n' } });
      assert.equal(data.statusCode, 200);
      assert.equal(data.ETag, `"${md5('hello')}"`);
      assert.deepEqual(progress.at(-1), { loaded: 5, total: 5, percent: 1 });
      assert.equal((await place.stored('alice/note')).toString(), 'hello');
      const [preflight, ...more] = visit.preflightsFor('alice/note');
      assert.deepEqual([preflight.asked, preflight.status, more], ['PUT', 200, []]);
      const { headers } = preflight;
      assert.equal(headers['access-control-allow-origin'], place.userServer.origin());
      assert.equal(headers['access-control-max-age'], '600');
      assert.match(headers['access-control-allow-headers'], /x-cos-security-token/);
      assert.equal(preflight.url.protocol, way.protocol);
      assert.ok(preflight.url.hostname.startsWith(place.where.Bucket));
    });

    test('a preflight is good for a while', async () => {
      for (const Body of ['1', '2', '3']) await visit.call('putObject', { Key: 'alice/often', Body });
      assert.equal(visit.preflightsFor('alice/often').length, 1);
    });

    test('the page reads the headers that its rule names', async () => {
      const { data } = await visit.call('headObject', { Key: 'alice/note' });
      assert.equal(data.ETag, `"${md5('hello')}"`);
      assert.match(data.headers['x-cos-hash-crc64ecma'], /^[0-9]+$/);
      assert.equal(data.headers['x-cos-meta-note'], 'n');
      assert.ok(data.headers['x-cos-request-id'] && data.headers.date);
      assert.equal(data.headers['content-length'], '5');
      for (const withheld of ['server', 'x-cos-storage-class', 'x-cos-trace-id']) assert.equal(data.headers[withheld], undefined);
    });

    test('an object is read, whole and by range', async () => {
      const whole = await visit.call('getObject', { Key: 'alice/note' });
      assert.equal(whole.data.Body, 'hello');
      const part = await visit.call('getObject', { Key: 'alice/note', Range: 'bytes=1-3' });
      assert.deepEqual([part.data.statusCode, part.data.Body], [206, 'ell']);
      assert.equal(part.data.headers['content-range'], 'bytes 1-3/5');
    });

    test('a file is sent in slices, with progress', async () => {
      const file = { size: 4 * MEGABYTE + 77, seed: 2 };
      const { data, progress, sent, sha256: digest } = await visit.call('sliceUploadFile', { Key: 'alice/大 文件', Body: file });
      assert.match(data.ETag, /-5"$/);
      assert.ok(data.UploadId && data.Location);
      assert.deepEqual(partsOf(sent).sort(), [1, 2, 3, 4, 5]);
      const loaded = progress.map((step) => step.loaded);
      assert.deepEqual(progress.at(-1), { loaded: file.size, total: file.size, percent: 1 });
      assert.deepEqual(loaded, loaded.toSorted((one, two) => one - two), 'it never goes back');
      assert.equal(sha256(await place.stored('alice/大 文件')), digest);
      const read = await visit.call('getObject', { Key: 'alice/大 文件', DataType: 'arraybuffer' });
      assert.deepEqual([read.data.Body, read.sha256], [file.size, digest]);
      assert.ok(visit.preflightsFor('alice/大 文件').some(({ asked }) => asked === 'POST'));
    });

    test('by size, at one go or in slices', async () => {
      const small = await visit.call('uploadFile', { Key: 'alice/small', Body: { size: 1000 }, SliceSize: MEGABYTE });
      assert.deepEqual(small.sent.map(({ method, part }) => [method, part]), [['PUT', 0]]);
      const large = await visit.call('uploadFile', { Key: 'alice/large', Body: { size: 2 * MEGABYTE }, SliceSize: MEGABYTE });
      assert.deepEqual(partsOf(large.sent).sort(), [1, 2]);
    });

    test('an upload is paused and goes on', async () => {
      const Body = { size: 4 * MEGABYTE + 1, seed: 3 };
      const more = { pauseAfter: 2, restart: true };
      const { paused, sent, data, sha256: digest } = await visit.call('sliceUploadFile', { Key: 'alice/paused', Body, AsyncLimit: 1 }, more);
      assert.equal(paused.state, 'paused');
      assert.deepEqual(partsOf(sent.slice(0, paused.sent)), [1, 2]);
      assert.deepEqual(partsOf(sent.slice(paused.sent)), [2, 3, 4, 5], 'what was not acknowledged is sent again');
      assert.match(data.ETag, /-5"$/);
      assert.equal(sha256(await place.stored('alice/paused')), digest);
    });

    test('an upload goes on after the page was left', async () => {
      const Body = { size: 4 * MEGABYTE + 2, seed: 4, name: 'left' };
      const asked = { Key: 'alice/left', Body, AsyncLimit: 1 };
      await visit.call('sliceUploadFile', asked, { pauseAfter: 3 });
      await visit.page.reload();
      await visit.shown();
      const { sent, sha256: digest } = await visit.call('sliceUploadFile', asked);
      assert.deepEqual(partsOf(sent), [4, 5]);
      assert.equal(sha256(await place.stored('alice/left')), digest);
    });

    test('objects are listed by prefix', async () => {
      for (const Key of ['alice/list/a', 'alice/list/b c+d', 'alice/list/目录/1', 'alice/list/目录/2']) {
        await visit.call('putObject', { Key, Body: Key });
      }
      const all = await visit.call('getBucket', { Prefix: 'alice/list/' });
      const keys = ['alice/list/a', 'alice/list/b c+d', 'alice/list/目录/1', 'alice/list/目录/2'];
      assert.deepEqual(all.data.Contents.map(({ Key }) => Key), keys);
      const { data } = await visit.call('getBucket', { Prefix: 'alice/list/', Delimiter: '/', MaxKeys: 2 });
      assert.deepEqual([data.IsTruncated, data.Contents.length], ['true', 2]);
      const rest = await visit.call('getBucket', { Prefix: 'alice/list/', Delimiter: '/', Marker: data.NextMarker });
      assert.deepEqual(rest.data.CommonPrefixes, [{ Prefix: 'alice/list/目录/' }]);
    });

    test('Unicode keys', async () => {
      const keys = ['alice/照片 1.jpg', 'alice/ü&=?#%.txt', 'alice/a+b;c,d@e', "alice/(it's)!*~", 'alice/😀', 'alice/空 格/é'];
      for (const Key of keys) {
        await visit.call('putObject', { Key, Body: Key });
        assert.equal((await visit.call('getObject', { Key })).data.Body, Key);
        assert.equal((await place.stored(Key)).toString(), Key);
        assert.equal((await visit.call('deleteObject', { Key })).data.statusCode, 204);
      }
    });

    test('objects are copied', async () => {
      const small = await visit.call('putObjectCopy', { Key: 'alice/副本', CopySource: source('alice/note') });
      assert.equal(small.data.ETag, `"${md5('hello')}"`);
      assert.equal((await place.stored('alice/副本')).toString(), 'hello');
      const { sha256: digest } = await visit.call('uploadFile', { Key: 'alice/源 1', Body: { size: 3 * MEGABYTE + 5, seed: 5 } });
      const sizes = { CopySliceSize: MEGABYTE, CopyChunkSize: MEGABYTE };
      const { data, sent } = await visit.call('sliceCopyFile', { Key: 'alice/copied', CopySource: source('alice/源 1'), ...sizes });
      assert.match(data.ETag, /-4"$/);
      assert.deepEqual(partsOf(sent).sort(), [1, 2, 3, 4]);
      assert.equal(sha256(await place.stored('alice/copied')), digest);
    });

    test('a URL made by the page serves a plain fetch', async () => {
      const { data } = await visit.call('getObjectUrl', { Key: 'alice/note' });
      const answer = await visit.fetch(data.Url);
      assert.deepEqual([answer.status, answer.text], [200, 'hello']);
      assert.equal(answer.headers.etag, `"${md5('hello')}"`);
      const put = await visit.call('getObjectUrl', { Key: 'alice/by url', Method: 'PUT' });
      assert.equal((await visit.fetch(put.data.Url, { method: 'PUT', body: 'put' })).status, 200);
      assert.equal((await place.stored('alice/by url')).toString(), 'put');
      assert.equal(visit.preflightsFor('alice/by url').length, 1);
      const misused = await visit.fetch(put.data.Url);
      assert.equal(misused.status, 403);
      assert.match(misused.text, /<Code>SignatureDoesNotMatch<\/Code>/);
      assert.equal(visit.preflightsFor('alice/by url').length, 1, 'a plain GET needs none');
    });

    test('objects are deleted, one and many', async () => {
      assert.equal((await visit.call('deleteObject', { Key: 'alice/note' })).data.statusCode, 204);
      await assert.rejects(visit.call('getObject', { Key: 'alice/note' }), { statusCode: 404, code: 'NoSuchKey' });
      const { data: listed } = await visit.call('getBucket', { Prefix: 'alice/' });
      const Objects = listed.Contents.map(({ Key }) => ({ Key }));
      assert.ok(Objects.length > 5);
      const { data } = await visit.call('deleteMultipleObject', { Objects });
      assert.equal(data.Deleted.length, Objects.length);
      assert.deepEqual((await visit.call('getBucket', { Prefix: 'alice/' })).data.Contents, []);
    });

    test('nothing was withheld, and keys were minted sparingly', () => {
      assert.deepEqual([visit.blocked, visit.complaints], [[], []]);
      assert.ok(place.userServer.minted('alice') > 0);
    });
  });
}
