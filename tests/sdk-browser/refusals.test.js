// What a page is refused, by the server with a code that it can read, or by its browser.

import assert from 'node:assert/strict';
import { before, describe, test } from 'node:test';

import { WAYS, rule, setUp } from './stage.js';

const MEGABYTE = 1024 * 1024;
const HOUR = 3600_000;
/** What the SDK knows of an answer that the browser withholds. */
const WITHHELD = { statusCode: undefined, message: 'CORS blocked or network error' };
/** How often the SDK tries when it gets no answer. */
const TRIES = 4;

let place;
const stage = setUp(async () => {
  place = await stage.newPlace();
  await place.setRules(rule(place.userServer.origin()));
  for (const Key of ['alice/k', 'bob/k']) await stage.administrator.putObject({ ...place.where, Key, Body: 'v' });
});

/** A key that is not the page's own, as the SDK takes it. */
const withKey = ({ id, secret, token }) => ({
  client: { getAuthorization: undefined, SecretId: id, SecretKey: secret, SecurityToken: token },
});

/** The server refuses, and the page reads how. */
async function refuses(promise, statusCode, code) {
  await assert.rejects(promise, (error) => {
    assert.deepEqual([error.statusCode, error.code], [statusCode, code], error);
    assert.ok(error.headers['x-cos-request-id'], 'the page reads the request id');
    return true;
  });
}

const statement = () => ({ effect: 'allow', action: 'name/cos:*', resource: '*' });

describe('refused by the server, readable for the page', () => {
  let visit;
  before(async () => {
    visit = await place.visit();
  });

  test('what is outside the folder', async () => {
    const Key = 'bob/k';
    await refuses(visit.call('putObject', { Key, Body: 'v' }), 403, 'AccessDenied');
    await refuses(visit.call('getObject', { Key }), 403, 'AccessDenied');
    await refuses(visit.call('deleteObject', { Key }), 403, 'AccessDenied');
    await refuses(visit.call('getBucket', { Prefix: 'bob/' }), 403, 'AccessDenied');
    await refuses(visit.call('getBucket'), 403, 'AccessDenied');
    await refuses(visit.call('sliceUploadFile', { Key, Body: { size: 2 * MEGABYTE } }), 403, 'AccessDenied');
    await refuses(visit.call('getBucketCors'), 403, 'AccessDenied');
    const copied = { Key: 'alice/stolen', CopySource: `${place.where.Bucket}.cos.${place.where.Region}.myqcloud.com/${Key}` };
    await refuses(visit.call('putObjectCopy', copied), 403, 'AccessDenied');
    // The answer to a HEAD has no body to read a code from.
    await refuses(visit.call('headObject', { Key }), 403, 'Error');
    await assert.rejects(visit.call('sliceCopyFile', { ...copied, CopySliceSize: 0 }), { statusCode: 403 });
    const { data } = await visit.call('deleteMultipleObject', { Objects: [{ Key: 'alice/none' }, { Key }] });
    assert.deepEqual(data.Deleted.map((entry) => entry.Key), ['alice/none']);
    assert.deepEqual(data.Error.map((entry) => [entry.Key, entry.Code]), [[Key, 'AccessDenied']]);
    assert.equal((await place.stored(Key)).toString(), 'v');
    const { data: made } = await visit.call('getObjectUrl', { Key });
    const answer = await visit.fetch(made.Url);
    assert.equal(answer.status, 403);
    assert.match(answer.text, /<Code>AccessDenied<\/Code>/);
    assert.deepEqual(visit.blocked, []);
  });

  test('another user’s page has another folder', async () => {
    const bob = await place.visit('bob');
    assert.equal((await bob.call('getObject', { Key: 'bob/k' })).data.Body, 'v');
    await refuses(bob.call('getObject', { Key: 'alice/k' }), 403, 'AccessDenied');
  });

  test('nobody is signed in', async () => {
    const stranger = await stage.browser.visit(place.userServer.origin('stranger'));
    assert.equal(await stranger.page.textContent('#trouble'), 'Nobody is signed in.');
    const { userServer } = await visit.page.evaluate(async () => (await import('/client.js')).place);
    for (const asked of ['sts?template=uploads', 'put-sign?ext=jpg', 'post-policy?ext=jpg']) {
      assert.equal((await stranger.fetch(userServer + asked)).status, 401, asked);
    }
  });

  test('what is not there', async () => {
    await refuses(visit.call('getObject', { Key: 'alice/none' }), 404, 'NoSuchKey');
    const upload = { Key: 'alice/none', UploadId: 'none', PartNumber: 1, Body: 'v' };
    await refuses(visit.call('multipartUpload', upload), 404, 'NoSuchUpload');
    const beyond = visit.call('getObject', { Key: 'alice/k', Range: 'bytes=9-' });
    await refuses(beyond, 416, 'InvalidRange');
    await beyond.catch(({ headers }) => assert.equal(headers['content-range'], 'bytes */1'));
  });

  test('keys that are none', async () => {
    const { root } = stage.cloud;
    // An object that was read a moment ago comes from the browser, whatever the key.
    const get = (key) => visit.call('getBucket', { Prefix: 'alice/' }, withKey(key));
    assert.equal((await get(root)).data.statusCode, 200);
    await refuses(get({ ...root, secret: 'x'.repeat(32) }), 403, 'SignatureDoesNotMatch');
    await refuses(get({ ...root, id: `AKID${'x'.repeat(32)}` }), 403, 'InvalidAccessKeyId');
    await refuses(get({ ...root, token: 'none' }), 403, 'AccessDenied');
    const key = await stage.cloud.mint([statement()]);
    await refuses(get({ ...key, token: '' }), 403, 'AccessDenied');
  });

  test('an expired key', async () => {
    const key = await stage.cloud.mint([statement()], 1);
    while (Date.now() / 1000 <= key.expires) await new Promise((done) => setTimeout(done, 50));
    await refuses(visit.call('putObject', { Key: 'alice/late', Body: 'v' }, withKey(key)), 400, 'ExpiredToken');
    await assert.rejects(place.stored('alice/late'), { statusCode: 404 });
  });

  test('a key whose user server was shut out', async () => {
    const account = stage.newAccount();
    const own = await stage.newPlace(WAYS[0], { account });
    await own.setRules(rule(own.userServer.origin()));
    const page = await own.visit();
    const { lastKey } = await page.page.evaluate(async () => ({ ...(await import('/client.js')) }));
    const { tmpSecretId: id, tmpSecretKey: secret, sessionToken: token } = lastKey.credentials;
    const put = () => page.call('putObject', { Key: 'alice/k', Body: 'v' }, withKey({ id, secret, token }));
    await put();
    stage.command(['key', 'disable', '--user', account.name, account.id]);
    await refuses(put(), 403, 'InvalidAccessKeyId');
  });
});

test('the SDK asks for a new key before the old one ends', async () => {
  const brief = await stage.newPlace(WAYS[0], { lifetime: 61 });
  await brief.setRules(rule(brief.userServer.origin()));
  const visit = await brief.visit();
  await visit.page.evaluate(async () => {
    const { newClient, place: { bucket: Bucket, region: Region } } = await import('/client.js');
    const client = newClient();
    for (const Body of ['1', '2']) {
      await client.putObject({ Bucket, Region, Key: 'alice/k', Body });
      await new Promise((done) => setTimeout(done, 2000));
    }
  });
  assert.equal((await brief.stored('alice/k')).toString(), '2');
  assert.ok(brief.userServer.minted('alice') >= 3, 'one for the list, one for each object');
});

describe('a clock that is wrong', () => {
  for (const [way, offset, ExposeHeader] of [
    ['an hour behind', -HOUR, ['Date', 'x-cos-request-id']],
    ['an hour ahead', HOUR, ['Date', 'x-cos-request-id']],
    ['an hour ahead, told by the document alone', HOUR, ['x-cos-request-id']],
  ]) {
    test(`${way} is put right by the SDK`, async () => {
      const own = await stage.newPlace();
      await own.setRules(rule(own.userServer.origin(), { ExposeHeader }));
      const visit = await own.visit();
      await visit.page.evaluate((milliseconds) => {
        const RealDate = Date;
        globalThis.Date = class extends RealDate {
          constructor(...parts) {
            super(...(parts.length > 0 ? parts : [RealDate.now() + milliseconds]));
          }

          static now() {
            return RealDate.now() + milliseconds;
          }
        };
      }, offset);
      const key = await stage.cloud.mint([statement()]);
      const { sent } = await visit.call('putObject', { Key: 'alice/k', Body: 'v' }, withKey(key));
      assert.equal(sent.length, 2, 'refused once, then sent anew');
    });
  }
});

describe('withheld by the browser', () => {
  /** A page on a bucket with these rules, which are made for its origin. */
  const visitWith = async (...changes) => {
    const own = await stage.newPlace();
    await own.setRules(...changes.map((change) => rule(own.userServer.origin(), change)));
    return [own, await own.visit()];
  };
  const put = (visit) => visit.call('putObject', { Key: 'alice/k', Body: 'v' });
  const isNotStored = (own) => assert.rejects(own.stored('alice/k'), { statusCode: 404 });

  /** The preflight is refused, as often as the SDK tries, and the request itself is never sent. */
  const isWithheld = async (visit, promise, asked = 'PUT') => {
    const before = visit.blocked.length;
    visit.preflights.length = 0;
    await assert.rejects(promise(), WITHHELD);
    const words = (await visit.blockedTimes(before + TRIES)).slice(before);
    assert.deepEqual(words, Array(TRIES).fill('PreflightMissingAllowOriginHeader'));
    const statuses = visit.preflights.filter((preflight) => preflight.asked === asked).map(({ status }) => status);
    assert.deepEqual(statuses, Array(TRIES).fill(403));
  };

  test('a bucket without rules', async () => {
    const [own, visit] = await visitWith();
    // The page has asked for a list when it was opened.
    await visit.blockedTimes(TRIES);
    await isWithheld(visit, () => put(visit));
    await isNotStored(own);
    await own.setRules(rule(own.userServer.origin()));
    assert.equal((await put(visit)).data.statusCode, 200, 'as soon as there is one, it counts');
  });

  test('an answer that needs no preflight', async () => {
    const [own, visit] = await visitWith();
    await visit.blockedTimes(TRIES);
    await stage.administrator.putObject({ ...own.where, Key: 'alice/k', Body: 'v' });
    const { data } = await visit.call('getObjectUrl', { Key: 'alice/k' });
    assert.equal(await visit.fetch(data.Url), null);
    assert.equal((await visit.blockedTimes(TRIES + 1)).at(-1), 'MissingAllowOriginHeader');
    const opaque = await visit.fetch(data.Url, { mode: 'no-cors' });
    assert.deepEqual([opaque.type, opaque.text], ['opaque', '']);
  });

  test('an origin that no rule names', async () => {
    const visit = await place.visit('alice', 'other');
    await visit.blockedTimes(TRIES);
    await isWithheld(visit, () => visit.call('putObject', { Key: 'alice/other', Body: 'v' }));
    await assert.rejects(place.stored('alice/other'), { statusCode: 404 });
    const named = await place.visit('alice', 'app');
    assert.equal((await named.call('putObject', { Key: 'alice/other', Body: 'v' })).data.statusCode, 200);
  });

  test('every name below a domain', async () => {
    const [own] = await visitWith();
    await own.setRules(rule(own.userServer.origin('*')));
    const visit = await own.visit('alice', 'some');
    assert.equal((await put(visit)).data.statusCode, 200);
  });

  test('a method that no rule names', async () => {
    const [own, visit] = await visitWith({ AllowedMethod: ['GET', 'HEAD'] });
    await isWithheld(visit, () => put(visit));
    await isNotStored(own);
    assert.deepEqual((await visit.call('getBucket', { Prefix: 'alice/' })).data.Contents, []);
    await isWithheld(visit, () => visit.call('deleteObject', { Key: 'alice/k' }), 'DELETE');
  });

  test('a header that no rule names', async () => {
    const [own, visit] = await visitWith({ AllowedHeader: ['authorization', 'cache-control', 'content-*', 'x-cos-security-*'] });
    assert.equal((await put(visit)).data.statusCode, 200);
    const named = () => visit.call('putObject', { Key: 'alice/meta', Body: 'v', Headers: { 'x-cos-meta-note': 'n' } });
    await isWithheld(visit, named);
    await assert.rejects(own.stored('alice/meta'), { statusCode: 404 });
  });

  test('a header that is not exposed', async () => {
    const [, visit] = await visitWith({ ExposeHeader: ['ETag'] });
    const { data } = await put(visit);
    assert.match(data.ETag, /^"[0-9a-f]{32}"$/);
    assert.equal(data.headers['x-cos-request-id'], undefined);
    assert.equal(data.headers['x-cos-hash-crc64ecma'], undefined);
  });

  test('nothing is exposed, which a file in slices needs', async () => {
    const [, visit] = await visitWith({ ExposeHeader: [] });
    assert.equal((await put(visit)).data.headers.etag, undefined);
    const slices = visit.call('sliceUploadFile', { Key: 'alice/slices', Body: { size: 2 * MEGABYTE } });
    await assert.rejects(slices, /get ETag error, please add "ETag" to CORS ExposeHeader setting/);
  });

  test('everybody may, without their cookies', async () => {
    const [own] = await visitWith();
    await own.setRules(rule('*'));
    const visit = await own.visit('alice', 'anywhere');
    assert.equal((await put(visit)).data.statusCode, 200);
    const { data } = await visit.call('getObjectUrl', { Key: 'alice/k' });
    assert.equal((await visit.fetch(data.Url)).status, 200);
    assert.equal(await visit.fetch(data.Url, { credentials: 'include' }), null);
    assert.deepEqual(await visit.blockedTimes(1), ['WildcardOriginNotAllowed']);
  });
});

test('what a browser has kept for one purpose does not spoil another', async () => {
  const visit = await place.visit();
  const object = { Key: 'alice/kept', Body: 'v', CacheControl: 'max-age=3600' };
  await visit.call('putObject', object);
  const { data } = await visit.call('getObjectUrl', { Key: object.Key });
  assert.equal((await visit.fetch(data.Url, { mode: 'no-cors' })).type, 'opaque');
  // Without `Vary: Origin` the browser would take what it has kept, and miss the permission in it.
  assert.equal((await visit.fetch(data.Url))?.text, 'v');
});

test('path style is what the SDK no longer speaks', async () => {
  const visit = await place.visit();
  const at = (client) => visit.call('getObject', { Key: 'alice/k' }, { client });
  await assert.rejects(at({ ForcePathStyle: true }), /ForcePathStyle is not supported/);
  // A bucket in the domain's path is left out of what the SDK signs.
  const { httpPort } = stage.cloud.server;
  await refuses(at({ Domain: `localhost:${httpPort}/{Bucket}` }), 403, 'SignatureDoesNotMatch');
});
