// Users, groups, roles and policies: made, joined, narrowed and removed through the pages, and held against the server.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { setUp } from './stage.js';

const stage = setUp();

/** Presses a button of the open dialog. */
const inDialog = (page, name) => page.getByRole('dialog').getByRole('button', { name, exact: true });

test('a policy, a user with a key, a group and a role, from beginning to end', async () => {
  const visit = await stage.visit();
  await visit.signIn();
  const { page } = visit;
  await visit.go('policies/new');
  await page.getByLabel('Policy', { exact: true }).fill('readers');
  const document = { version: '2.0', statement: [{ effect: 'allow', action: 'cos:GetObject', resource: 'qcs::cos::uid/1250000000:photos-1250000000/ann/*' }] };
  await page.getByLabel('Document').fill(JSON.stringify(document, null, 2));
  await page.locator('.findings').getByText(/L\d\d|Nothing to complain/).first().waitFor();
  await page.getByRole('button', { name: 'Create policy' }).click();
  await page.getByRole('heading', { name: 'readers' }).waitFor();

  await visit.go('users');
  await page.getByRole('button', { name: 'Create user' }).click();
  await inDialog(page, 'Create user').click();
  assert.equal(await page.getByRole('dialog').getByLabel('User name').getAttribute('aria-invalid'), 'true');
  await page.getByRole('dialog').getByLabel('User name').fill('ann');
  await inDialog(page, 'Create user').click();
  await page.getByRole('heading', { name: 'ann', exact: true }).waitFor();
  await page.getByText('Nothing remains').waitFor();
  assert.equal(await page.getByText('A is what you may do').count(), 0, 'it is about ann');

  await page.getByRole('button', { name: 'Attach policy' }).click();
  await page.getByRole('dialog').getByLabel('Policy').selectOption('readers');
  await inDialog(page, 'Attach policy').click();
  await page.getByRole('region', { name: 'What the key may do' }).getByText('photos-1250000000/ann/*').waitFor();
  await page.getByRole('button', { name: 'Create access key' }).click();
  await page.getByText('The SecretKey is shown only now.').first().waitFor();
  await page.getByRole('button', { name: 'Show' }).click();
  const id = await page.locator('dt', { hasText: /^SecretId$/ }).locator('+ dd').textContent();
  const secret = await page.locator('.secret code').textContent();
  const told = stage.command(['user', 'ls', '--json']);
  assert.ok(JSON.stringify(told).includes('ann'));
  await page.getByRole('button', { name: `Disable ${id}` }).click();
  await page.getByText('disabled', { exact: true }).waitFor();
  await page.getByRole('cell', { name: 'never', exact: true }).waitFor();
  await visit.picture('user');

  // A key that was used says when, in place of never.
  await page.getByRole('button', { name: `Enable ${id}` }).click();
  await page.getByText('works', { exact: true }).waitFor();
  stage.command(['sts', 'whoami'], { key: { id, secret } });
  await visit.go('users');
  await visit.go('users/ann');
  await page.getByText('works', { exact: true }).waitFor();
  assert.equal(await page.getByRole('cell', { name: 'never', exact: true }).count(), 0);
  await page.getByRole('button', { name: `Disable ${id}` }).click();
  await page.getByText('disabled', { exact: true }).waitFor();

  // The disabled key signs nobody in.
  const other = await stage.visit();
  await other.page.getByLabel('SecretId').fill(id);
  await other.page.getByLabel('SecretKey').fill(secret);
  await other.page.getByRole('button', { name: 'Sign in' }).click();
  await other.trouble();
  await other.leave();

  await visit.go('groups');
  await page.getByRole('button', { name: 'Create group' }).click();
  await page.getByRole('dialog').getByLabel('Group name').fill('team');
  await inDialog(page, 'Create group').click();
  await page.getByRole('heading', { name: 'team' }).waitFor();
  await page.getByRole('button', { name: 'Add user' }).click();
  await page.getByRole('dialog').getByLabel('User name').selectOption('ann');
  await inDialog(page, 'Add user').click();
  await page.getByRole('link', { name: 'ann' }).waitFor();
  await page.getByRole('button', { name: 'Remove ann' }).click();
  await page.getByText('Nobody is in it.').waitFor();

  // The same from the other side.
  await visit.go('users/ann');
  await page.getByText('In no group.').waitFor();
  await page.getByRole('button', { name: 'Add to group' }).click();
  await page.getByRole('dialog').getByLabel('Group name').selectOption('team');
  await inDialog(page, 'Add to group').click();
  await page.getByRole('link', { name: 'team' }).waitFor();
  await page.getByRole('button', { name: 'Remove from team' }).click();
  await page.getByText('In no group.').waitFor();

  await visit.go('roles/new');
  await page.getByLabel('Role name').fill('worker');
  await page.getByLabel('Longest session').selectOption('2 h');
  await page.getByRole('button', { name: 'Create role' }).click();
  await page.getByRole('heading', { name: 'worker' }).waitFor();
  const settings = page.getByRole('form', { name: 'Settings' });
  assert.equal(await settings.getByLabel('Longest session').inputValue(), '7200');
  await settings.getByLabel('Longest session').selectOption('30 min');
  await settings.getByLabel('Description').fill('works at night');
  await settings.getByRole('button', { name: 'Save' }).click();
  await settings.getByText('Saved').waitFor();
  await visit.go('roles');
  await page.getByText('works at night').waitFor();
  await page.getByRole('link', { name: 'worker' }).click();
  await settings.waitFor();
  assert.equal(await settings.getByLabel('Longest session').inputValue(), '1800');
  await visit.picture('role');
  await settings.getByLabel('Description').fill('');
  await settings.getByRole('button', { name: 'Save' }).click();
  await settings.getByText('Saved').waitFor();
  await page.getByRole('button', { name: 'Set boundary' }).click();
  await page.getByRole('dialog').getByLabel('Policy').selectOption('readers');
  await inDialog(page, 'Set boundary').click();
  await page.getByRole('link', { name: 'readers' }).waitFor();
  await page.getByRole('button', { name: 'Remove boundary' }).click();
  await inDialog(page, 'Remove boundary').click();
  await page.getByText('None.').waitFor();
  await page.getByRole('button', { name: 'Delete role' }).click();
  await inDialog(page, 'Delete').click();
  await page.getByText('There is no role yet.').waitFor();
  await visit.leave();
});

test('a policy has versions, and an old one can be put in force again', async () => {
  const visit = await stage.visit();
  await visit.signIn();
  await visit.go('policies');
  const { page } = visit;
  await page.getByRole('link', { name: 'readers' }).click();
  const narrower = { version: '2.0', statement: [{ effect: 'deny', action: '*', resource: '*' }] };
  await page.getByLabel('Document').fill(JSON.stringify(narrower));
  await page.getByRole('button', { name: 'Save as new version' }).click();
  await page.getByRole('button', { name: 'Put in force 1' }).click();
  await page.getByRole('button', { name: 'Put in force 2' }).waitFor();
  await page.getByRole('button', { name: 'Delete 2' }).click();
  await page.getByRole('dialog').getByText('Version 2 cannot be put in force again.').waitFor();
  await page.getByRole('button', { name: 'Put in force 2', includeHidden: true }).waitFor();
  await inDialog(page, 'Delete').click();
  await page.getByRole('button', { name: 'Put in force 2' }).waitFor({ state: 'detached' });
  await page.getByText('user', { exact: true }).waitFor();
  await visit.picture('policy');
  await page.getByRole('button', { name: 'Delete policy' }).click();
  await inDialog(page, 'Delete').click();
  await page.getByText('There is no policy yet.').waitFor();
  await visit.go('users/ann');
  await page.getByText('No policy is attached').waitFor();
  await page.getByRole('button', { name: 'Delete user' }).click();
  await inDialog(page, 'Delete').click();
  await page.getByText('There is no user yet.').waitFor();
  await visit.leave();
});
