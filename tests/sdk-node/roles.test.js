// The life of a role by the general SDK, and a session that acts as it.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { PROTOCOLS, apiRefuses, inBucket, policy, refuses, setUp, statement, unique } from './cloud.js';

const cloud = setUp();

for (const protocol of PROTOCOLS) {
  test(`a role is made, acted as and removed over ${protocol}`, async () => {
    const [cam, sts] = [cloud.cam(cloud.root, { protocol }), cloud.sts(cloud.root, { protocol })];
    const { AccountId } = await sts('GetCallerIdentity');
    const [place, RoleName] = [await cloud.newBucket(), unique('role')];
    const trust = (who) => {
      const principal = { qcs: [`qcs::cam::uin/${AccountId}:${who}`] };
      return JSON.stringify(policy({ effect: 'allow', action: ['name/sts:AssumeRole'], principal }));
    };
    const { RoleId } = await cam('CreateRole', { RoleName, PolicyDocument: trust('root'), Description: '说明' });
    await apiRefuses(cam('CreateRole', { RoleName, PolicyDocument: trust('root') }), 'InvalidParameter.RoleNameInUse');
    const info = async () => (await cam('GetRole', { RoleId })).RoleInfo;
    assert.deepEqual([(await info()).RoleName, (await info()).Description], [RoleName, '说明']);
    const { List } = await cam('DescribeRoleList', { Page: 1, Rp: 200 });
    assert.ok(List.some((role) => role.RoleId === RoleId));

    const PolicyDocument = JSON.stringify(policy(statement(['cos:PutObject', 'cos:GetObject'], inBucket(place.Bucket, '*'))));
    const { PolicyId } = await cam('CreatePolicy', { PolicyName: unique('policy'), PolicyDocument });
    await cam('AttachRolePolicy', { AttachRoleName: RoleName, PolicyId });
    const attached = async () => (await cam('ListAttachedRolePolicies', { RoleId, Page: 1, Rp: 10 })).TotalNum;
    assert.equal(await attached(), 1);
    await cam('TagRole', { RoleName, Tags: [{ Key: 'team', Value: 'photos' }] });
    assert.equal((await info()).Tags.length, 1);
    await cam('UntagRole', { RoleName, TagKeys: ['team'] });
    await cam('UpdateAssumeRolePolicy', { RoleId, PolicyDocument: trust(`uin/${AccountId}`) });
    await apiRefuses(cam('UpdateAssumeRolePolicy', { RoleId, PolicyDocument: trust('uin/1') }), 'InvalidParameter.PrincipalQcsNotExist');

    const RoleArn = `qcs::cam::uin/${AccountId}:roleName/${RoleName}`;
    const wanted = { RoleArn, RoleSessionName: 'node', SourceIdentity: 'ann', Tags: [{ Key: 'team', Value: 'photos' }] };
    const act = async (more = {}) => {
      const { Credentials } = await sts('AssumeRole', { ...wanted, ...more });
      return { id: Credentials.TmpSecretId, secret: Credentials.TmpSecretKey, token: Credentials.Token };
    };
    const whole = await act();
    const Policy = JSON.stringify(policy(statement('name/cos:PutObject', inBucket(place.Bucket, 'alice/*'))));
    const narrowed = cloud.cos(await act({ Policy }), { Protocol: protocol });
    await narrowed.putObject({ ...place, Key: 'alice/k', Body: 'v' });
    await refuses(narrowed.getObject({ ...place, Key: 'alice/k' }), 403, 'AccessDenied');
    const reader = cloud.cos(whole, { Protocol: protocol });
    assert.equal((await reader.getObject({ ...place, Key: 'alice/k' })).Body.toString(), 'v');
    assert.equal((await cloud.sts(whole, { protocol })('GetCallerIdentity')).Type, 'CAMRole');

    await cam('DetachRolePolicy', { DetachRoleId: RoleId, PolicyId });
    assert.equal(await attached(), 0);
    await refuses(reader.getObject({ ...place, Key: 'alice/k' }), 403, 'AccessDenied');
    await cam('DeleteRole', { RoleName });
    await refuses(reader.getObject({ ...place, Key: 'alice/k' }), 403, 'InvalidAccessKeyId');
    await apiRefuses(sts('AssumeRole', wanted), 'ResourceNotFound.RoleNotFound');
  });
}
