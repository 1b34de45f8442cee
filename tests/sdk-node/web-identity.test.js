// A user signs in at a real OpenID provider; its token becomes a temporary key, which uploads and downloads.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import common from 'tencentcloud-sdk-nodejs-common/tencentcloud/common/credential.js';

import { PROTOCOLS, REGION, apiRefuses, inBucket, policy, refuses, setUp, statement, unique } from './cloud.js';
import { Issuer, newKey } from './issuer.js';

const CLIENT = 'photo-app';
const BAD_TOKEN = 'InvalidParameter.WebIdentityTokenError';

const cloud = setUp(undefined, ['--federation-allow-private']);

/** A provider for the issuer, and a role for alice as it vouches for her. */
async function trusting(issuer) {
  const { AccountId } = await cloud.sts()('GetCallerIdentity');
  const [Name, RoleName, place] = [unique('idp'), unique('role'), await cloud.newBucket()];
  const cam = cloud.cam();
  await cam('CreateOIDCConfig', { Name, IdentityUrl: issuer.url, ClientId: [CLIENT], AutoRotateKey: 1 });
  const trust = policy({
    effect: 'allow',
    action: 'name/sts:AssumeRoleWithWebIdentity',
    principal: { federated: [`qcs::cam::uin/${AccountId}:oidc-provider/${Name}`] },
    condition: { string_equal: { 'oidc:iss': issuer.url, 'oidc:aud': CLIENT, 'oidc:sub': 'alice' } },
  });
  await cam('CreateRole', { RoleName, PolicyDocument: JSON.stringify(trust) });
  const PolicyDocument = JSON.stringify(policy(statement(['cos:PutObject', 'cos:GetObject'], inBucket(place.Bucket, 'alice/*'))));
  const { PolicyId } = await cam('CreatePolicy', { PolicyName: unique('policy'), PolicyDocument });
  await cam('AttachRolePolicy', { AttachRoleName: RoleName, PolicyId });
  const asked = { ProviderId: Name, RoleArn: `qcs::cam::uin/${AccountId}:roleName/${RoleName}`, RoleSessionName: 'web' };
  const assume = async (WebIdentityToken, more = {}) => {
    const answer = await cloud.sts()('AssumeRoleWithWebIdentity', { ...asked, WebIdentityToken, ...more }, { skipSign: true });
    const { TmpSecretId, TmpSecretKey, Token } = answer.Credentials;
    return { id: TmpSecretId, secret: TmpSecretKey, token: Token };
  };
  return { Name, asked, place, assume };
}

for (const alg of ['RS256', 'ES256', 'EdDSA']) {
  test(`whoever signs in gets a key of the role, by ${alg}`, async () => {
    const keys = [newKey('one', alg), ...(alg === 'RS256' ? [] : [newKey('other')])];
    const issuer = await Issuer.start(CLIENT, keys, alg);
    const { Name, place, assume } = await trusting(issuer);
    const key = await assume(await issuer.signIn('alice'));
    const app = cloud.cos(key);
    await app.putObject({ ...place, Key: 'alice/k', Body: 'v' });
    assert.equal((await app.getObject({ ...place, Key: 'alice/k' })).Body.toString(), 'v');
    await refuses(app.putObject({ ...place, Key: 'bob/k', Body: 'v' }), 403, 'AccessDenied');
    await apiRefuses(assume(await issuer.signIn('bob')), 'UnauthorizedOperation');
    await cloud.cam()('DeleteOIDCConfig', { Name });
    await refuses(app.getObject({ ...place, Key: 'alice/k' }), 403, 'InvalidAccessKeyId');
    issuer.stop();
  });
}

test('an issuer goes over to its next key, and one that is gone vouches for a while', async () => {
  const [first, second] = [newKey('first'), newKey('second')];
  const issuer = await Issuer.start(CLIENT, [first, second]);
  const { assume } = await trusting(issuer);
  const early = await issuer.signIn('alice');
  await assume(early);
  issuer.use([second]);
  const late = await issuer.signIn('alice');
  await assume(late);
  issuer.stop();
  await assume(early);
  await assume(late);
});

test('a token of another client, or of another issuer, is not taken', async () => {
  const issuer = await Issuer.start(CLIENT, [newKey('one')]);
  const { assume } = await trusting(issuer);
  const [forAnother, another] = await Promise.all([
    Issuer.start('another-app', [newKey('one')]),
    Issuer.start(CLIENT, [newKey('one')]),
  ]);
  for (const stranger of [forAnother, another]) {
    await apiRefuses(assume(await stranger.signIn('alice')), BAD_TOKEN);
    stranger.stop();
  }
  issuer.stop();
});

test("the general SDK's own credential of a token, and what ends it", async () => {
  const issuer = await Issuer.start(CLIENT, [newKey('one')]);
  const { asked, Name, place } = await trusting(issuer);
  const WebIdentityToken = await issuer.signIn('alice');
  const credential = new common.OIDCRoleArnCredential({ region: REGION }, { ...asked, WebIdentityToken });
  credential.endpoint = `localhost:${cloud.server.httpsPort}`;
  const { secretId: id, secretKey: secret, token } = await credential.getCredential();
  for (const Protocol of PROTOCOLS) {
    const app = cloud.cos({ id, secret, token }, { Protocol });
    await app.putObject({ ...place, Key: 'alice/k', Body: 'v' });
    assert.equal((await cloud.sts({ id, secret, token }, { protocol: Protocol })('GetCallerIdentity')).Type, 'CAMRole');
  }
  // A provider that takes fewer clients than before ends the sessions from before.
  await cloud.cam()('UpdateOIDCConfig', { Name, IdentityUrl: issuer.url, ClientId: ['another-app'], AutoRotateKey: 1 });
  await refuses(cloud.cos({ id, secret, token }).getObject({ ...place, Key: 'alice/k' }), 403, 'InvalidAccessKeyId');
  issuer.stop();
});
