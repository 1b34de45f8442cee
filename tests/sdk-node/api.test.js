// The token service and the access management by the general SDK, in every way that it signs and sends.

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';

import { APPID, PROTOCOLS, apiRefuses, inBucket, policy, refuses, setUp, statement, unique } from './cloud.js';

const cloud = setUp();

const WAYS = PROTOCOLS.flatMap((protocol) => [
  { protocol, signMethod: 'TC3-HMAC-SHA256', reqMethod: 'POST' },
  { protocol, signMethod: 'TC3-HMAC-SHA256', reqMethod: 'GET' },
  { protocol, signMethod: 'HmacSHA1', reqMethod: 'POST' },
  { protocol, signMethod: 'HmacSHA256', reqMethod: 'GET' },
]);
const DOCUMENT = JSON.stringify(policy(statement(['cos:GetObject'], ['*'])));

/** The key in an answer. */
const keyOf = ({ Credentials: { TmpSecretId, TmpSecretKey, Token } }) => ({
  id: TmpSecretId,
  secret: TmpSecretKey,
  token: Token,
});

for (const way of WAYS) {
  describe(Object.values(way).join(' '), () => {
    test('temporary keys', async () => {
      const place = await cloud.newBucket();
      const sts = cloud.sts(cloud.root, way);
      const Policy = JSON.stringify(policy(statement('name/cos:PutObject', inBucket(place.Bucket, 'alice/*'))));
      const encoded = encodeURIComponent(Policy);
      for (const given of [Policy, encoded]) {
        const answer = await sts('GetFederationToken', { Name: 'node', Policy: given, DurationSeconds: 1800 });
        assert.ok(Math.abs(answer.ExpiredTime - Date.now() / 1000 - 1800) < 10);
        const client = cloud.cos(keyOf(answer), { Protocol: way.protocol });
        await client.putObject({ ...place, Key: 'alice/k', Body: 'v' });
        await refuses(client.putObject({ ...place, Key: 'bob/k', Body: 'v' }), 403, 'AccessDenied');
        const caller = await cloud.sts(keyOf(answer), way)('GetCallerIdentity');
        assert.equal(caller.AccountId, (await sts('GetCallerIdentity')).AccountId);
        const again = cloud.sts(keyOf(answer), way)('GetFederationToken', { Name: 'node', Policy });
        await apiRefuses(again, 'FailedOperation.TempKeyNotAllowed');
      }
      await apiRefuses(sts('GetFederationToken', { Policy: encoded }), 'MissingParameter');
      await apiRefuses(sts('GetFederationToken', { Name: 'node', Policy: 'text' }), 'InvalidParameter.StrategyFormatError');
      await cloud.cos(keyOf(await sts('GetSessionToken')), { Protocol: way.protocol }).headBucket(place);
      assert.equal((await sts('QueryApiKey')).IdKeys[0].SecretId, cloud.root.id);
    });

    test('users and their keys', async () => {
      const cam = cloud.cam(cloud.root, way);
      const Name = unique('user');
      const made = await cam('AddUser', { Name, Remark: '说明', UseApi: 1 });
      await apiRefuses(cam('AddUser', { Name }), 'InvalidParameter.SubUserNameInUse');
      const found = await cam('GetUser', { Name });
      assert.deepEqual([found.Uin, found.Remark], [made.Uin, '说明']);
      assert.ok((await cam('ListUsers')).Data.some((user) => user.Name === Name));
      const own = { id: made.SecretId, secret: made.SecretKey };
      await apiRefuses(cloud.cam(own, way)('ListUsers'), 'AuthFailure.UnauthorizedOperation');

      const TargetUin = made.Uin;
      const { AccessKey } = await cam('CreateAccessKey', { TargetUin });
      await cam('UpdateAccessKey', { TargetUin, AccessKeyId: AccessKey.AccessKeyId, Status: 'Inactive' });
      const { AccessKeys } = await cam('ListAccessKeys', { TargetUin });
      assert.deepEqual(AccessKeys.map((key) => key.Status).sort(), ['Active', 'Inactive']);
      await cam('DeleteAccessKey', { TargetUin, AccessKeyId: AccessKey.AccessKeyId });
      await apiRefuses(cam('DeleteUser', { Name }), 'OperationDenied.HaveKeys');
      await cam('DeleteUser', { Name, Force: 1 });
      await apiRefuses(cam('GetUser', { Name }), 'ResourceNotFound.UserNotExist');
    });

    test('policies and who has them', async () => {
      const cam = cloud.cam(cloud.root, way);
      const [Name, PolicyName] = [unique('user'), unique('policy')];
      const { Uin } = await cam('AddUser', { Name });
      const { PolicyId } = await cam('CreatePolicy', { PolicyName, PolicyDocument: DOCUMENT });
      assert.equal((await cam('GetPolicy', { PolicyId })).PolicyDocument, DOCUMENT);
      assert.equal((await cam('ListPolicies', { Keyword: PolicyName, Scope: 'Local' })).List[0].PolicyId, PolicyId);
      const attached = async () => (await cam('ListAttachedUserPolicies', { TargetUin: Uin })).TotalNum;
      await cam('AttachUserPolicy', { PolicyId, AttachUin: Uin });
      assert.equal(await attached(), 1);
      await cam('DetachUserPolicy', { PolicyId, DetachUin: Uin });
      assert.equal(await attached(), 0);
      await cam('DeletePolicy', { PolicyId: [PolicyId] });
      await apiRefuses(cam('GetPolicy', { PolicyId }), 'ResourceNotFound.PolicyIdNotFound');
      await apiRefuses(cam('CreatePolicy', { PolicyName, PolicyDocument: '{' }), 'InvalidParameter.PolicyDocumentError');
      await cam('DeleteUser', { Name });
    });
  });
}

test('what is wrong with a request', async () => {
  const cam = cloud.cam();
  await apiRefuses(cam('NoSuchAction'), 'InvalidAction');
  await apiRefuses(cam('CreateSAMLProvider'), 'UnsupportedOperation');
  await apiRefuses(cloud.cam(cloud.root, { version: '2018-08-13' })('ListUsers'), 'NoSuchVersion');
  await apiRefuses(cam('ListUsers', {}, { multipart: true }), 'UnsupportedProtocol');
  await apiRefuses(cam('ListUsers', { Nonsense: 1 }), 'UnknownParameter');
  await apiRefuses(cam('GetPolicy', { PolicyId: 'x' }), 'InvalidParameter');
  await apiRefuses(cam('GetPolicy', { PolicyId: -1 }), 'InvalidParameter.PolicyIdError');
  await apiRefuses(cam('ListPolicies', { Keyword: 'k'.repeat(129) }), 'InvalidParameter.KeywordError');
  await apiRefuses(cam('ListPolicies', { Keyword: 'k'.repeat(1 << 20) }), 'RequestSizeLimitExceeded');
  const nobodys = JSON.stringify(policy(statement('cos:*', `qcs::cos::uid/nobody:b-${APPID}/*`)));
  const wanted = { PolicyName: unique('policy'), PolicyDocument: nobodys };
  await apiRefuses(cam('CreatePolicy', wanted), 'InvalidParameter.ResourceUinError');
  const odd = { id: 'no/id', secret: 'x' };
  await apiRefuses(cloud.cam(odd)('ListUsers'), 'AuthFailure.InvalidAuthorization');
});

test('a role, by the STS SDK', async () => {
  const [cam, place] = [cloud.cam(), await cloud.newBucket()];
  const { AccountId } = await cloud.sts()('GetCallerIdentity');
  const { Uin, SecretId, SecretKey } = await cam('AddUser', { Name: unique('user'), UseApi: 1 });
  const own = async (action, resource) => {
    const PolicyDocument = JSON.stringify(policy(statement(action, resource)));
    return (await cam('CreatePolicy', { PolicyName: unique('policy'), PolicyDocument })).PolicyId;
  };
  await cam('AttachUserPolicy', { AttachUin: Uin, PolicyId: await own('sts:AssumeRole', '*') });
  const RoleName = unique('role');
  const trusted = { principal: { qcs: [`qcs::cam::uin/${AccountId}:root`] }, effect: 'allow', action: 'name/sts:AssumeRole' };
  await cam('CreateRole', { RoleName, PolicyDocument: JSON.stringify(policy(trusted)) });
  const PolicyId = await own('cos:*', inBucket(place.Bucket, '*'));
  await cam('AttachRolePolicy', { AttachRoleName: RoleName, PolicyId });
  const narrowed = policy(statement('name/cos:PutObject', inBucket(place.Bucket, 'alice/*')));
  const roleArn = `qcs::cam::uin/${AccountId}:roleName/${RoleName}`;
  const { credentials } = await cloud.roleCredential({ roleArn, policy: narrowed }, { id: SecretId, secret: SecretKey });
  const { tmpSecretId: id, tmpSecretKey: secret, sessionToken: token } = credentials;
  const client = cloud.cos({ id, secret, token });
  await client.putObject({ ...place, Key: 'alice/k', Body: 'v' });
  await refuses(client.putObject({ ...place, Key: 'bob/k', Body: 'v' }), 403, 'AccessDenied');
});
