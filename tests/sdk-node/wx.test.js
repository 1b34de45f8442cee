// The mini-program SDK as it comes, with nothing but a temporary key: small files by form, large ones in parts.

import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { utimesSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { before, beforeEach, test } from 'node:test';

import { inBucket, setUp, statement } from './cloud.js';
import { newFolder } from './server.js';
import { Wx } from './wx.js';

const MEGABYTE = 1024 * 1024;
const ACTIONS = [
  'name/cos:PostObject',
  'name/cos:GetObject',
  'name/cos:HeadObject',
  'name/cos:DeleteObject',
  'name/cos:GetBucket',
  'name/cos:InitiateMultipartUpload',
  'name/cos:ListMultipartUploads',
  'name/cos:ListParts',
  'name/cos:UploadPart',
  'name/cos:CompleteMultipartUpload',
];

let COS;
let where;
let folder;
const cloud = setUp(async () => {
  where = await cloud.newBucket();
  folder = newFolder('phone');
});

/** The SDK as it is when a mini program starts. */
function loaded() {
  const require = createRequire(import.meta.url);
  delete require.cache[require.resolve('cos-wx-sdk-v5')];
  // It names the `window` that WeChat hands to every module.
  globalThis.window = globalThis;
  try {
    return require('cos-wx-sdk-v5');
  } finally {
    delete globalThis.window;
  }
}

before(() => {
  globalThis.wx = new Wx(['.myqcloud.com'], ({ protocol }) => ({ host: '127.0.0.1', port: cloud.port(protocol) }));
  COS = loaded();
});

beforeEach(() => {
  wx.sent.length = 0;
});

/** A client whose user server mints keys for `alice/` that live for so many seconds, and how often it was asked. */
function client({ seconds = 1800, told = (key) => key.expires, ...options } = {}) {
  const minted = [];
  const getAuthorization = async (_, callback) => {
    const key = await cloud.mint([statement(ACTIONS, inBucket(where.Bucket, 'alice/*'))], seconds);
    minted.push(key);
    const ExpiredTime = told(key);
    callback({ TmpSecretId: key.id, TmpSecretKey: key.secret, SecurityToken: key.token, ExpiredTime });
  };
  return { cos: new COS({ getAuthorization, Protocol: 'https:', ...options }), minted };
}

/** A file on the phone. */
function file(name, size) {
  const bytes = randomBytes(size);
  const path = join(folder, name);
  writeFileSync(path, bytes);
  // The SDK knows a file again by its times; one that was read later than written keeps them when it is read.
  utimesSync(path, Date.now() / 1000, Date.now() / 1000 - 60);
  return { FilePath: path, FileSize: size, bytes };
}

const stored = async (Key) => (await cloud.cos().getObject({ ...where, Key })).Body;
const parts = () => wx.sent.filter(({ url }) => url.includes('partNumber=')).map(({ url }) => Number(/partNumber=([0-9]+)/.exec(url)[1]));
const wait = (milliseconds) => new Promise((done) => setTimeout(done, milliseconds));

/** The SDK's error has what the store answered in `error`; that of an upload in parts is inside another. */
async function refuses(promise, status, code) {
  await assert.rejects(promise, (failure) => {
    const { statusCode, error } = failure.err ?? failure;
    assert.deepEqual([statusCode, error.Code], [status, code], JSON.stringify(failure));
    return true;
  });
}

test('a small file goes as a form, signed in it', async () => {
  const { cos } = client();
  const sent = file('small 图.jpg', 1234);
  const progress = [];
  const Key = 'alice/小 图 (1).jpg';
  const onProgress = ({ loaded, percent }) => progress.push([loaded, percent]);
  const answer = await cos.uploadFile({ ...where, Key, ...sent, ContentType: 'image/jpeg', SliceSize: MEGABYTE, onProgress });
  assert.equal(answer.statusCode, 200);
  assert.match(answer.Location, /\/alice\//);
  assert.deepEqual(wx.sent.map(({ by, method, url }) => [by, method, new URL(url).pathname]), [['uploadFile', 'POST', '/']]);
  assert.ok(progress.length > 0);
  assert.ok((await stored(Key)).equals(sent.bytes));
  const { headers } = await cos.headObject({ ...where, Key });
  assert.equal(headers['content-type'], 'image/jpeg');
  assert.equal(headers.etag, `"${createHash('md5').update(sent.bytes).digest('hex')}"`);
});

test('an empty file goes as well', async () => {
  const { cos } = client();
  assert.equal((await cos.postObject({ ...where, Key: 'alice/empty', ...file('empty', 0) })).statusCode, 200);
  assert.equal((await stored('alice/empty')).length, 0);
});

test('what a form may say of its object is kept', async () => {
  const { cos } = client();
  const Key = 'alice/said';
  const said = { CacheControl: 'max-age=60', ContentDisposition: 'attachment', 'x-cos-meta-note': 'n' };
  await cos.postObject({ ...where, Key, ...file('said', 10), ...said });
  const { headers } = await cloud.cos().headObject({ ...where, Key });
  assert.deepEqual([headers['cache-control'], headers['content-disposition'], headers['x-cos-meta-note']], ['max-age=60', 'attachment', 'n']);
});

test('a large file goes in parts', async () => {
  const { cos } = client();
  const sent = file('film.mp4', 4 * MEGABYTE + 77);
  const { ETag, UploadId } = await cos.uploadFile({ ...where, Key: 'alice/film.mp4', ...sent, SliceSize: MEGABYTE });
  assert.match(ETag, /-5"$/);
  assert.ok(UploadId);
  assert.deepEqual(parts().sort(), [1, 2, 3, 4, 5]);
  assert.ok(wx.sent.every(({ by }) => by === 'request'));
  assert.ok((await stored('alice/film.mp4')).equals(sent.bytes));
});

test('an upload that was left goes on where it was', async () => {
  const { cos } = client({ ChunkParallelLimit: 1 });
  const asked = { ...where, Key: 'alice/left', ...file('left', 5 * MEGABYTE), ChunkSize: MEGABYTE };
  await new Promise((left) => {
    let task;
    cos.on('before-send', ({ qs }) => {
      if (Number(qs?.partNumber) !== 4) return;
      cos.pauseTask(task);
      left();
    });
    cos.sliceUploadFile({ ...asked, AsyncLimit: 1, onTaskReady: (id) => (task = id) }, () => {});
  });
  wx.sent.length = 0;
  // The mini program was closed and opened; all that is left is what it stored.
  COS = loaded();
  const { cos: later } = client();
  await later.sliceUploadFile({ ...asked, AsyncLimit: 1 });
  // The first one may still have begun the part that it was paused before.
  assert.deepEqual([...new Set(parts())].sort(), [4, 5]);
  assert.ok((await stored('alice/left')).equals(asked.bytes));
});

test('objects are listed, read and deleted', async () => {
  const { cos } = client();
  for (const name of ['a', 'b c']) await cos.postObject({ ...where, Key: `alice/list/${name}`, ...file(name, 5) });
  const listed = await cos.getBucket({ ...where, Prefix: 'alice/list/' });
  assert.deepEqual(listed.Contents.map(({ Key }) => Key), ['alice/list/a', 'alice/list/b c']);
  const read = await cos.getObject({ ...where, Key: 'alice/list/b c', DataType: 'arraybuffer' });
  assert.ok((await stored('alice/list/b c')).equals(Buffer.from(read.Body)));
  assert.equal((await cos.deleteObject({ ...where, Key: 'alice/list/a' })).statusCode, 204);
  await refuses(cos.getObject({ ...where, Key: 'alice/list/a' }), 404, 'NoSuchKey');
});

test('outside its prefix it is refused, by form as in parts', async () => {
  const { cos } = client();
  await refuses(cos.postObject({ ...where, Key: 'bob/a', ...file('outside', 10) }), 403, 'AccessDenied');
  await refuses(cos.sliceUploadFile({ ...where, Key: 'bob/b', ...file('outside large', 2 * MEGABYTE) }), 403, 'AccessDenied');
  await refuses(cos.getBucket({ ...where, Prefix: 'bob/' }), 403, 'AccessDenied');
  assert.deepEqual((await cloud.cos().getBucket({ ...where, Prefix: 'bob/' })).Contents, []);
});

test('a key that ends soon is renewed, also in the middle of an upload', async () => {
  // The SDK takes a new one when less than a minute is left.
  const { cos, minted } = client({ seconds: 61 });
  await cos.postObject({ ...where, Key: 'alice/renewed', ...file('renewed', 10) });
  await wait(1200);
  await cos.postObject({ ...where, Key: 'alice/renewed', ...file('renewed', 20) });
  assert.equal(minted.length, 2);
  const { cos: short, minted: many } = client({ seconds: 30, ChunkParallelLimit: 1 });
  await short.sliceUploadFile({ ...where, Key: 'alice/many', ...file('many', 3 * MEGABYTE), ChunkSize: MEGABYTE });
  assert.ok(new Set(many.map(({ id }) => id)).size >= 3);
  assert.equal((await stored('alice/many')).length, 3 * MEGABYTE);
});

test('a key that is over is refused, whatever the page was told of its end', async () => {
  const { cos } = client({ seconds: 1, told: (key) => key.expires + 3600 });
  await cos.getBucket({ ...where, Prefix: 'alice/' });
  await wait(2100);
  await refuses(cos.postObject({ ...where, Key: 'alice/late', ...file('late', 10) }), 400, 'ExpiredToken');
});

for (const hours of [-2, 2]) {
  test(`a phone whose clock is ${hours} hours off puts it right`, async () => {
    const { cos } = client({ SystemClockOffset: hours * 3600 * 1000, told: (key) => key.expires + 4 * 3600 });
    const complain = console.error;
    console.error = () => {};
    try {
      assert.equal((await cos.postObject({ ...where, Key: 'alice/clock', ...file('clock', 10) })).statusCode, 200);
    } finally {
      console.error = complain;
    }
    assert.ok(Math.abs(cos.options.SystemClockOffset) < 5000);
  });
}

test('a mini program speaks to its own domains only', async () => {
  const { cos } = client({ Domain: 'elsewhere.test' });
  await assert.rejects(cos.headObject({ ...where, Key: 'alice/a' }), (failure) => {
    assert.match(JSON.stringify(failure), /url not in domain list/);
    return true;
  });
  assert.deepEqual(wx.sent, []);
});
