// The scene the program is for: an app that has nothing but a temporary key, which the SDK fetches for itself.

import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';

import STS from 'qcloud-cos-sts';

import { APPID, PROTOCOLS, REGION, inBucket, policy, refuses, setUp, statement, stsRefuses } from './cloud.js';
import { newFolder } from './server.js';

const UPLOAD = [
  'name/cos:PutObject',
  'name/cos:InitiateMultipartUpload',
  'name/cos:ListMultipartUploads',
  'name/cos:ListParts',
  'name/cos:UploadPart',
  'name/cos:CompleteMultipartUpload',
];

let place;
const cloud = setUp(async () => {
  place = await cloud.newBucket();
});

/** A client that asks the user server, which this function plays, whenever it has no key. */
const appClient = (statements, options = {}, seconds = 1800) => {
  const asked = [];
  const getAuthorization = (wanted, callback) => {
    asked.push(wanted);
    cloud.credential({ policy: policy(...statements), durationSeconds: seconds }).then((data) =>
      callback({
        TmpSecretId: data.credentials.tmpSecretId,
        TmpSecretKey: data.credentials.tmpSecretKey,
        SecurityToken: data.credentials.sessionToken,
        StartTime: data.startTime,
        ExpiredTime: data.expiredTime,
        ...options.change,
      }),
    );
  };
  return { client: cloud.cos(null, { getAuthorization, ...options.sdk }), asked };
};

for (const Protocol of PROTOCOLS) {
  describe(Protocol, () => {
    test('direct upload', async () => {
      const statements = [statement([...UPLOAD, 'name/cos:GetObject'], inBucket(place.Bucket, 'alice/*'))];
      const { client, asked } = appClient(statements, { sdk: { Protocol } });
      await client.putObject({ ...place, Key: 'alice/note', Body: 'hello' });
      assert.equal((await client.getObject({ ...place, Key: 'alice/note' })).Body.toString(), 'hello');
      const [file, bytes] = [join(newFolder('files'), 'large'), randomBytes(3_000_000)];
      writeFileSync(file, bytes);
      await client.sliceUploadFile({ ...place, Key: 'alice/large', FilePath: file });
      assert.ok((await client.getObject({ ...place, Key: 'alice/large' })).Body.equals(bytes));
      assert.equal(asked.length, 1, 'the key is used until it ends');
      assert.deepEqual([asked[0].Bucket, asked[0].Region], [place.Bucket, REGION]);

      await refuses(client.putObject({ ...place, Key: 'bob/note', Body: 'v' }), 403, 'AccessDenied');
      await refuses(client.deleteObject({ ...place, Key: 'alice/note' }), 403, 'AccessDenied');
      await refuses(client.headObject({ ...place, Key: 'bob/note' }), 403);
      await refuses(client.getBucket(place), 403, 'AccessDenied');
      await refuses(client.getService(), 403, 'AccessDenied');
      await refuses(client.sliceUploadFile({ ...place, Key: 'bob/large', FilePath: file }), 403, 'AccessDenied');
    });
  });
}

test('what the token service answers', async () => {
  const before = Math.floor(Date.now() / 1000);
  const answer = await cloud.credential({ policy: policy(statement('*', '*')) });
  assert.ok(before + 1800 <= answer.expiredTime && answer.expiredTime <= Date.now() / 1000 + 1800);
  assert.equal(answer.startTime, answer.expiredTime - 1800);
  assert.equal(Date.parse(answer.expiration), answer.expiredTime * 1000);
  assert.match(answer.credentials.tmpSecretId, /^AKID/);
  assert.match(answer.credentials.sessionToken, /^[A-Za-z0-9_-]{1,4096}$/);
  assert.ok(answer.requestId);
});

test('the option `endpoint` serves as well as `host`', async () => {
  const endpoint = `localhost:${cloud.server.httpsPort}`;
  const answer = await cloud.credential({ host: undefined, endpoint, policy: policy(statement('*', '*')) });
  assert.ok(answer.credentials.tmpSecretId);
});

test('by callback', async () => {
  const { root, server } = cloud;
  const options = {
    secretId: root.id,
    secretKey: root.secret,
    host: `127.0.0.1:${server.httpsPort}`,
    policy: policy(statement('*', '*')),
  };
  const answer = await new Promise((resolve, reject) => {
    STS.getCredential(options, (error, data) => (error ? reject(error) : resolve(data)));
  });
  assert.ok(answer.credentials.sessionToken);
});

test('the policy that the SDK builds', async () => {
  const scope = { action: 'name/cos:PutObject', bucket: place.Bucket, region: REGION, prefix: 'built/*' };
  const built = STS.getPolicy([scope, { action: 'name/cos:GetService' }]);
  const { credentials } = await cloud.credential({ policy: built });
  const client = cloud.cos({
    id: credentials.tmpSecretId,
    secret: credentials.tmpSecretKey,
    token: credentials.sessionToken,
  });
  await client.putObject({ ...place, Key: 'built/k', Body: 'v' });
  await client.getService();
  await refuses(client.putObject({ ...place, Key: 'other/k', Body: 'v' }), 403, 'AccessDenied');
  await refuses(client.getObject({ ...place, Key: 'built/k' }), 403, 'AccessDenied');
});

test('conditions see the connection', async () => {
  const secure = { condition: { bool_equal: { 'cos:secure-transport': 'true' } } };
  const modern = { condition: { numeric_greater_than_equal: { 'cos:tls-version': 1.2 } } };
  for (const condition of [secure, modern]) {
    const key = await cloud.mint([statement('name/cos:PutObject', inBucket(place.Bucket, '*'), condition)]);
    const put = (Protocol) => cloud.cos(key, { Protocol }).putObject({ ...place, Key: 'secure', Body: 'v' });
    assert.equal((await put('https:')).statusCode, 200);
    await refuses(put('http:'), 403, 'AccessDenied');
  }
});

test('many keys side by side', async () => {
  const users = ['alice', 'bob', 'carol'];
  const mint = (user) => cloud.mint([statement('name/cos:PutObject', inBucket(place.Bucket, `${user}/*`))]);
  const keys = await Promise.all(users.map(mint));
  for (const [index, key] of keys.entries()) {
    for (const user of users) {
      const put = cloud.cos(key).putObject({ ...place, Key: `${user}/k`, Body: 'v' });
      if (user === users[index]) await put;
      else await refuses(put, 403, 'AccessDenied');
    }
  }
});

test('an expired key is refused, and a new one is fetched', async () => {
  const key = await cloud.mint([statement('*', '*')], 1);
  const client = cloud.cos(key);
  while (Date.now() / 1000 <= key.expires) await new Promise((done) => setTimeout(done, 50));
  await refuses(client.putObject({ ...place, Key: 'late', Body: 'v' }), 400, 'ExpiredToken');
  // The SDK asks for a new key when the old one has less than a minute left.
  const { client: renewing, asked } = appClient([statement('*', '*')], {}, 61);
  await renewing.putObject({ ...place, Key: 'late', Body: '1' });
  await new Promise((done) => setTimeout(done, 2000));
  await renewing.putObject({ ...place, Key: 'late', Body: '2' });
  assert.equal(asked.length, 2);
});

test('what the token service refuses', async () => {
  const good = policy(statement('*', '*'));
  const foreign = statement('name/cos:*', `qcs::cos:${REGION}:uid/${APPID + 1}:b-${APPID + 1}/*`);
  for (const [options, code] of [
    [{ policy: good, durationSeconds: 7201 }, 'InvalidParameter.OverTimeError'],
    [{ policy: good, durationSeconds: -1 }, 'InvalidParameter.ParamError'],
    [{ policy: { version: '2.0' } }, 'InvalidParameter.StrategyInvalid'],
    [{ policy: 'text' }, 'InvalidParameter.StrategyFormatError'],
    [{ policy: policy(statement([], '*')) }, 'InvalidParameter.StrategyInvalid'],
    [{ policy: policy(statement('name/cos:*', [])) }, 'InvalidParameter.StrategyInvalid'],
    [{ policy: policy(statement('name/cos:*', 'qcs::cos:nowhere')) }, 'InvalidParameter.ResouceError'],
    [{ policy: policy(foreign) }, 'InvalidParameter.GrantOtherResource'],
    [{ policy: policy(statement('*', 'x'.repeat(7000))) }, 'InvalidParameter.PolicyTooLong'],
  ]) {
    await stsRefuses(cloud.credential(options), code);
  }
  const { root } = cloud;
  await stsRefuses(cloud.credential({ policy: good }, { ...root, secret: 'x'.repeat(32) }), 'AuthFailure.SignatureFailure');
  await stsRefuses(cloud.credential({ policy: good }, { ...root, id: `AKID${'x'.repeat(32)}` }), 'AuthFailure.SecretIdNotFound');
  const role = { secretId: root.id, secretKey: root.secret, roleArn: `qcs::cam::uin/1:roleName/r`, policy: good };
  const host = `localhost:${cloud.server.httpsPort}`;
  await stsRefuses(STS.getRoleCredential({ ...role, host }), 'UnauthorizedOperation');
});
