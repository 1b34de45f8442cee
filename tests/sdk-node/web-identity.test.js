// Keys for people who signed in elsewhere: ID tokens of a real identity provider, exchanged by the general SDK, and the
// keys used by the COS SDK.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import common from 'tencentcloud-sdk-nodejs-common/tencentcloud/common/credential.js';

import { PROTOCOLS, REGION, apiRefuses, inBucket, policy, refuses, setUp, statement, unique } from './cloud.js';
import { Issuer } from './issuer.js';

const BAD_TOKEN = 'InvalidParameter.WebIdentityTokenError';
const SKIP = { skipSign: true };

let issuer;
const cloud = setUp(undefined, ['--federation-allow-private']);
before(async () => {
  issuer = await Issuer.start();
});
after(() => issuer.stop());

/** A bucket, and a provider with a role that lets `alice` do everything there. */
async function scene() {
  const [cam, place, Name] = [cloud.cam(), await cloud.newBucket(), unique('provider')];
  const { AccountId } = await cloud.sts()('GetCallerIdentity');
  const settings = { Name, IdentityUrl: issuer.url, ClientId: Issuer.algorithms, AutoRotateKey: 1 };
  await cam('CreateOIDCConfig', settings);
  const trust = {
    effect: 'allow',
    action: 'name/sts:AssumeRoleWithWebIdentity',
    principal: { federated: [`qcs::cam::uin/${AccountId}:oidc-provider/${Name}`] },
    condition: { string_equal: { 'oidc:iss': issuer.url, 'oidc:sub': 'alice' } },
  };
  const RoleName = unique('role');
  await cam('CreateRole', { RoleName, PolicyDocument: JSON.stringify(policy(trust)) });
  const PolicyDocument = JSON.stringify(policy(statement('name/cos:*', inBucket(place.Bucket, '*'))));
  const { PolicyId } = await cam('CreatePolicy', { PolicyName: unique('policy'), PolicyDocument });
  await cam('AttachRolePolicy', { AttachRoleName: RoleName, PolicyId });
  const RoleArn = `qcs::cam::uin/${AccountId}:roleName/${RoleName}`;
  return { cam, place, settings, wanted: { ProviderId: Name, RoleArn, RoleSessionName: 'node', DurationSeconds: 1800 } };
}

function keyOf({ Credentials }) {
  return { id: Credentials.TmpSecretId, secret: Credentials.TmpSecretKey, token: Credentials.Token };
}

for (const protocol of PROTOCOLS) {
  test(`who signed in elsewhere acts as a role over ${protocol}`, async () => {
    const { cam, place, settings, wanted } = await scene();
    const sts = cloud.sts(cloud.root, { protocol });
    const assume = (WebIdentityToken, more = {}) =>
      sts('AssumeRoleWithWebIdentity', { ...wanted, WebIdentityToken, ...more }, SKIP);
    for (const algorithm of Issuer.algorithms) {
      const cos = cloud.cos(keyOf(await assume(await issuer.signIn('alice', algorithm))), { Protocol: protocol });
      await cos.putObject({ ...place, Key: algorithm, Body: 'bytes' });
      assert.equal((await cos.getObject({ ...place, Key: algorithm })).Body.toString(), 'bytes');
    }

    const token = await issuer.signIn('alice', 'ES256');
    const Policy = JSON.stringify(policy(statement('name/cos:GetObject', inBucket(place.Bucket, 'ES256'))));
    const narrowed = cloud.cos(keyOf(await assume(token, { Policy })), { Protocol: protocol });
    assert.equal((await narrowed.getObject({ ...place, Key: 'ES256' })).Body.toString(), 'bytes');
    await refuses(narrowed.getObject({ ...place, Key: 'RS256' }), 403, 'AccessDenied');

    const session = keyOf(await assume(token));
    assert.equal((await cloud.sts(session, { protocol })('GetCallerIdentity')).Type, 'CAMRole');
    await apiRefuses(assume(await issuer.signIn('bob', 'ES256')), 'UnauthorizedOperation');
    await apiRefuses(assume(`${token.slice(0, -8)}AAAAAAAA`), BAD_TOKEN);
    await apiRefuses(assume(token, { ProviderId: 'nobody' }), BAD_TOKEN);

    // Who takes fewer clients than before ends the sessions from before.
    const cos = cloud.cos(session, { Protocol: protocol });
    await cos.headObject({ ...place, Key: 'ES256' });
    await cam('UpdateOIDCConfig', { ...settings, ClientId: ['ES256'] });
    await refuses(cos.headObject({ ...place, Key: 'ES256' }), 403);
    await assume(token);
    await apiRefuses(assume(await issuer.signIn('alice', 'RS256')), BAD_TOKEN);
    await cam('DeleteOIDCConfig', { Name: settings.Name });
    await apiRefuses(assume(token), BAD_TOKEN);
  });
}

test("the general SDK's own credential of an ID token", async () => {
  const { wanted } = await scene();
  const WebIdentityToken = await issuer.signIn('alice', 'RS256');
  const credential = new common.OIDCRoleArnCredential({ region: REGION }, { ...wanted, WebIdentityToken });
  credential.endpoint = `localhost:${cloud.server.httpsPort}`;
  const { secretId, secretKey, token } = await credential.getCredential();
  const { Type } = await cloud.sts({ id: secretId, secret: secretKey, token })('GetCallerIdentity');
  assert.equal(Type, 'CAMRole');
});
