// Presigned URLs, as the SDK makes them: at once with a raw `;`, by callback, with a raw token.

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';

import { PROTOCOLS, inBucket, setUp, statement } from './cloud.js';
import { follow } from './wire.js';

let object;
const cloud = setUp(async () => {
  object = { ...(await cloud.newBucket()), Key: '中文/a b+c;d.txt' };
  await cloud.cos().putObject({ ...object, Body: 'hello', ContentType: 'text/plain' });
});

/** The URL that the SDK gives its callback. */
const called = (client, parameters) =>
  new Promise((resolve, reject) => {
    client.getObjectUrl(parameters, (error, data) => (error ? reject(error) : resolve(data.Url)));
  });
const answer = async (url, options) => {
  const { status, code, text } = await follow(cloud, url, options);
  return status === 200 ? text : [status, code];
};

for (const Protocol of PROTOCOLS) {
  describe(Protocol, () => {
    const client = () => cloud.cos(cloud.root, { Protocol });

    test('made at once', async () => {
      const url = client().getObjectUrl({ ...object, Sign: true });
      assert.match(url, new RegExp(`^${Protocol}//.*q-sign-time=[0-9]+;[0-9]+&`), 'the `;` is raw');
      assert.equal(await answer(url), 'hello');
    });

    test('made by callback', async () => {
      const url = await called(client(), { ...object, Sign: true });
      assert.equal(await answer(url), 'hello');
    });

    test('with parameters', async () => {
      const Query = { 'response-content-type': 'text/html', 'response-content-disposition': 'attachment; filename="ü"' };
      const url = await called(client(), { ...object, Query });
      const { status, headers } = await follow(cloud, url);
      assert.deepEqual([status, headers['content-type']], [200, 'text/html']);
    });

    test('for an upload', async () => {
      const upload = { ...object, Key: 'up', Method: 'PUT' };
      const url = await called(client(), upload);
      const put = { method: 'PUT', body: 'new', headers: { 'Content-Length': 3 } };
      assert.equal(await answer(url, put), '');
      assert.equal((await client().getObject({ ...object, Key: 'up' })).Body.toString(), 'new');
      assert.deepEqual(await answer(url), [403, 'SignatureDoesNotMatch']);
    });

    test('with a temporary key', async () => {
      const key = await cloud.mint([statement('name/cos:GetObject', inBucket(object.Bucket, '中文/*'))]);
      const temporary = cloud.cos(key, { Protocol });
      const urls = [temporary.getObjectUrl({ ...object }), await called(temporary, object)];
      for (const url of urls) {
        assert.ok(url.includes(`&x-cos-security-token=${key.token}`), 'the token is raw');
        assert.equal(await answer(url), 'hello');
        const bare = url.replace(/&x-cos-security-token=[^&]*/, '');
        assert.deepEqual(await answer(bare), [403, 'AccessDenied']);
      }
      const elsewhere = await called(temporary, { ...object, Key: 'up' });
      assert.deepEqual(await answer(elsewhere), [403, 'AccessDenied']);
    });
  });
}

test('what a URL does not allow', async () => {
  const url = await called(cloud.cos(), object);
  const key = encodeURIComponent(object.Key).replaceAll('%2F', '/');
  assert.ok(url.includes(key), url);
  for (const [changed, refusal] of [
    [url.replace(key, 'other'), [403, 'SignatureDoesNotMatch']],
    [url.replace('q-signature=', 'q-signature=0'), [403, 'SignatureDoesNotMatch']],
    [`${url}&acl`, [403, 'AccessDenied']],
    [`${url}&x-cos-security-token=nonsense`, [403, 'AccessDenied']],
    [url.split('?')[0], [403, 'AccessDenied']],
  ]) {
    assert.deepEqual(await answer(changed), refusal, changed);
  }
  assert.deepEqual(await answer(url, { method: 'DELETE' }), [403, 'SignatureDoesNotMatch']);
});

test('a URL ends', async () => {
  const url = await called(cloud.cos(), { ...object, Expires: 2 });
  assert.equal(await answer(url), 'hello');
  const [, ends] = /q-sign-time=[0-9]+;([0-9]+)/.exec(url);
  while (Date.now() / 1000 <= Number(ends) + 1) await new Promise((done) => setTimeout(done, 50));
  const late = await follow(cloud, url);
  assert.deepEqual([late.status, late.code], [403, 'AccessDenied']);
  assert.match(late.text, /<Message>Request has expired<\/Message>/);
});
