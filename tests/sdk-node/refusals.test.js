// Wrong keys, wrong tokens, wrong clocks, each with its exact code, and the clock that the SDK puts right by itself.

import assert from 'node:assert/strict';
import { afterEach, describe, test } from 'node:test';

import { inBucket, policy, refuses, setUp, statement, stsRefuses } from './cloud.js';

let object;
const cloud = setUp(async () => {
  object = { ...(await cloud.newBucket()), Key: 'k' };
  await cloud.cos().putObject({ ...object, Body: 'v' });
});
const get = (key, options) => cloud.cos(key, options).getObject(object);

test('keys that are none', async () => {
  const { root } = cloud;
  await refuses(get({ ...root, id: `AKID${'x'.repeat(32)}` }), 403, 'InvalidAccessKeyId');
  await refuses(get({ ...root, secret: 'x'.repeat(32) }), 403, 'SignatureDoesNotMatch');
});

test('tokens that are none', async () => {
  const mint = () => cloud.mint([statement('name/cos:*', inBucket(object.Bucket, '*'))]);
  const [one, two] = [await mint(), await mint()];
  assert.equal((await get(one)).Body.toString(), 'v');
  const last = one.token.endsWith('A') ? 'B' : 'A';
  await refuses(get({ ...one, token: '' }), 403, 'AccessDenied');
  await refuses(get({ ...one, token: two.token }), 403, 'AccessDenied');
  await refuses(get({ ...one, token: 'nonsense' }), 403, 'AccessDenied');
  await refuses(get({ ...one, token: one.token.slice(0, -1) + last }), 403, 'AccessDenied');
  await refuses(get({ ...cloud.root, token: one.token }), 403, 'AccessDenied');
  await refuses(get({ ...one, secret: two.secret }), 403, 'SignatureDoesNotMatch');
});

test('no key, or a signature made elsewhere', async () => {
  const signed = (Authorization) =>
    get(null, { getAuthorization: (_, callback) => callback({ Authorization: Authorization() }) });
  const of = (more) => () => cloud.cos().getAuth({ ...object, Method: 'GET', ...more });
  assert.equal((await signed(of({}))).Body.toString(), 'v');
  await refuses(signed(of({ Key: 'other' })), 403, 'SignatureDoesNotMatch');
  await refuses(signed(of({ Method: 'PUT' })), 403, 'SignatureDoesNotMatch');
  await refuses(signed(() => of({})().replace('q-header-list=', 'q-headers=')), 403, 'AccessDenied');
});

test('a temporary key does not mint', async () => {
  const key = await cloud.mint([statement('*', '*')]);
  // The SDK has no way to send a token, so the service does not even find the key to be one.
  await stsRefuses(cloud.credential({ policy: policy(statement('*', '*')) }, key), 'AuthFailure.TokenFailure');
});

describe('a clock that is wrong', () => {
  const RealDate = Date;
  const HOUR = 3600_000;
  const shiftClock = (offset) => {
    globalThis.Date = class extends RealDate {
      constructor(...parts) {
        super(...(parts.length > 0 ? parts : [RealDate.now() + offset]));
      }

      static now() {
        return RealDate.now() + offset;
      }
    };
  };
  afterEach(() => {
    globalThis.Date = RealDate;
  });

  for (const [way, offset, code] of [
    ['an hour behind', -HOUR, 'AccessDenied'],
    ['an hour ahead', HOUR, 'RequestTimeTooSkewed'],
  ]) {
    test(`${way} is put right by the SDK`, async () => {
      const client = cloud.cos();
      let sent = 0;
      client.on('before-send', () => {
        sent += 1;
      });
      shiftClock(offset);
      assert.equal((await client.getObject(object)).Body.toString(), 'v');
      assert.equal(sent, 2, 'refused once, then sent anew');
      assert.ok(Math.abs(client.options.SystemClockOffset + offset) < 10_000, client.options.SystemClockOffset);
      await client.putObject({ ...object, Key: 'later', Body: 'v' });
      await client.headObject(object);
      assert.equal(sent, 4, 'and known from then on');
    });

    test(`${way} is refused when the SDK may not put it right`, async () => {
      const client = cloud.cos(cloud.root, { CorrectClockSkew: false });
      shiftClock(offset);
      await assert.rejects(client.getObject(object), (error) => {
        assert.deepEqual([error.statusCode, error.code], [403, code]);
        if (code === 'AccessDenied') assert.equal(error.message, 'Request has expired');
        assert.ok(Math.abs(Date.parse(error.headers.date) + offset - Date.now()) < 10_000);
        return true;
      });
    });

    test(`${way} is refused by the token service`, async () => {
      const request = () => cloud.credential({ policy: policy(statement('*', '*')) });
      shiftClock(offset);
      await stsRefuses(request(), 'AuthFailure.SignatureExpire');
    });
  }
});
