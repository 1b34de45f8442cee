// What goes wrong while a page is open: each is one line with a way out, and the page stays.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';

import { BUCKET, setUp } from './stage.js';

const stage = setUp(() => stage.command(['mb', `cos://${BUCKET}`]));

/** The pages that ask the server for something, and how each is named. */
const ASKING = ['sessions', `objects/${BUCKET}`, 'objects', 'refusals', 'audit'];

test('a key that was deleted meanwhile is told, and the way is to sign in again', async () => {
  const key = stage.newUser('leaver', [{ effect: 'allow', action: '*', resource: '*' }]);
  const visit = await stage.visit();
  await visit.signIn(key);
  stage.command(['key', 'rm', key.id, '--user', 'leaver']);
  for (const name of ASKING) {
    await visit.go(name);
    const alert = await visit.trouble();
    await alert.getByText(/InvalidAccessKeyId|SecretIdNotFound/).waitFor();
  }
  await visit.picture('key-deleted');
  await (await visit.trouble()).getByRole('button', { name: 'Sign in again' }).click();
  await visit.page.getByLabel('SecretKey').waitFor();
  await visit.leave();
});

test('a temporary key that has expired meanwhile is told so', async () => {
  const visit = await stage.visit();
  const key = stage.newTemporaryKey({ seconds: 2 });
  await visit.signIn(key);
  await pause(2500);
  await visit.go('sessions');
  await (await visit.trouble()).getByRole('button', { name: 'Sign in again' }).waitFor();
  await visit.leave();
});

test('what a user may not do is refused with its request id, and leads to why', async () => {
  const key = stage.newUser('narrow', [{ effect: 'allow', action: 'cam:ExplainDecision', resource: '*' }]);
  const visit = await stage.visit();
  await visit.signIn(key);
  await visit.go(`objects/${BUCKET}`);
  const alert = await visit.trouble();
  await alert.getByText(/^AccessDenied/).waitFor();
  await alert.getByText(/Request id/).waitFor();
  await alert.getByRole('link', { name: 'Why?' }).click();
  await visit.page.getByText('The identity’s policies').first().waitFor();
  await visit.page.getByRole('heading', { name: 'The way out' }).waitFor();
  await visit.picture('explained');
  await visit.leave();
});

test('a policy that cannot be parsed issues no key', async () => {
  const visit = await stage.visit();
  await visit.signIn();
  await visit.go('keys');
  await visit.page.getByLabel('Policy B').fill('{"version":"2.0","statement":[{"effect":"maybe"}]}');
  await visit.page.getByRole('button', { name: 'Issue temporary key' }).click();
  const alert = visit.page.locator('form [role=alert]');
  await alert.getByText(/InvalidParameter/).waitFor();
  assert.equal(await visit.page.locator('.try').count(), 0);
  await visit.leave();
});

// Last: nobody starts the server again.
test('a server that is gone is one line on every page, and the way out is to try again', async () => {
  const visit = await stage.visit();
  await visit.signIn();
  await stage.server.stop();
  stage.server = null;
  for (const name of ASKING) {
    await visit.go(name);
    const alert = await visit.trouble();
    await alert.getByText(/^No answer from http/).waitFor();
    await alert.getByRole('button', { name: 'Try again' }).waitFor();
  }
  assert.ok(await visit.page.locator('.brand img').evaluate((logo) => logo.naturalWidth > 0), 'the logo stays');
  await visit.picture('server-gone');
  await visit.leave();
});
