// How many of each an account may have, on a server of its own.

import { test } from 'node:test';

import { apiRefuses, policy, setUp, statement } from './cloud.js';

const cloud = setUp();

const AT_ONCE = 8;

/** Does it for each number up to `count`, a few at a time; the answers come in order. */
async function each(count, work) {
  const answers = [];
  let next = 0;
  const worker = async () => {
    for (let number = next++; number < count; number = next++) answers[number] = await work(number);
  };
  await Promise.all(Array.from({ length: AT_ONCE }, worker));
  return answers;
}

test('users', async () => {
  const cam = cloud.cam();
  await each(1000, (number) => cam('AddUser', { Name: `user-${number}` }));
  await apiRefuses(cam('AddUser', { Name: 'one-more' }), 'InvalidParameter.SubUserFull');
  await cam('DeleteUser', { Name: 'user-0' });
  await cam('AddUser', { Name: 'one-more' });
});

test('policies, and policies of a user', async () => {
  const cam = cloud.cam();
  const PolicyDocument = JSON.stringify(policy(statement('cos:*', '*')));
  const create = (number) => cam('CreatePolicy', { PolicyName: `policy-${number}`, PolicyDocument });
  const made = await each(1500, create);
  await apiRefuses(create(1500), 'FailedOperation.PolicyFull');
  const { Uin: AttachUin } = await cam('GetUser', { Name: 'one-more' });
  await each(200, (number) => cam('AttachUserPolicy', { PolicyId: made[number].PolicyId, AttachUin }));
  await apiRefuses(cam('AttachUserPolicy', { PolicyId: made[200].PolicyId, AttachUin }), 'InvalidParameter.AttachmentFull');
});

test('roles', async () => {
  const cam = cloud.cam();
  const principal = { qcs: ['qcs::cam::uin/100000000001:root'] };
  const trusts = { effect: 'allow', action: 'name/sts:AssumeRole', principal };
  const PolicyDocument = JSON.stringify(policy(trusts));
  const create = (number) => cam('CreateRole', { RoleName: `role-${number}`, PolicyDocument });
  await each(1000, create);
  await apiRefuses(create(1000), 'InvalidParameter.RoleFull');
});

test('groups, and users of a group', async () => {
  const cam = cloud.cam();
  const create = (number) => cam('CreateGroup', { GroupName: `group-${number}` });
  const [{ GroupId }] = await each(300, create);
  await apiRefuses(create(300), 'InvalidParameter.GroupFull');
  const { Data } = await cam('ListUsers', {});
  const add = ({ Uin }) => cam('AddUserToGroup', { Info: [{ GroupId, Uin }] });
  await each(100, (number) => add(Data[number]));
  await apiRefuses(add(Data[100]), 'InvalidParameter.GroupUserFull');
});
