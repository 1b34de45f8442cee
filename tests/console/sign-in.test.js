// Signing in: which keys are taken, what is said of the others, and where a key must never be.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { setUp } from './stage.js';

const stage = setUp();

test('a key signs in, and stays in the memory of the page', async () => {
  const visit = await stage.visit();
  const requests = [];
  visit.page.on('request', (request) => requests.push(request));
  await visit.signIn();
  for (const name of ['objects', 'keys', 'sessions', 'refusals', 'audit', 'signature']) await visit.go(name);
  const { secret } = stage.root;
  const kept = await visit.page.evaluate(() => JSON.stringify([
    { ...localStorage }, { ...sessionStorage }, document.cookie, location.href, history.state, document.documentElement.outerHTML,
    performance.getEntries().map((entry) => entry.name),
  ]));
  assert.ok(!kept.includes(secret));
  for (const request of requests) {
    const sent = JSON.stringify([request.url(), await request.allHeaders(), request.postData()]);
    assert.ok(!sent.includes(secret), request.url());
    assert.ok(!('referer' in (await request.allHeaders())) || request.url().startsWith(stage.consoleUrl), request.url());
  }
  await visit.page.reload();
  await visit.page.getByLabel('SecretKey').waitFor();
  assert.equal(await visit.page.getByLabel('SecretKey').inputValue(), '');
  await visit.leave();
});

test('a temporary key signs in with its token', async () => {
  const visit = await stage.visit();
  await visit.signIn(stage.newTemporaryKey());
  await visit.page.getByRole('heading', { name: 'Buckets and objects' }).waitFor();
  await visit.leave();
});

test('a key that does not count is one line and a way out', async () => {
  const visit = await stage.visit();
  const check = async (id, secret, cause, way) => {
    await visit.page.getByLabel('SecretId').fill(id);
    await visit.page.getByLabel('SecretKey').fill(secret);
    await visit.page.getByRole('button', { name: 'Sign in' }).click();
    const alert = await visit.trouble();
    await alert.getByText(cause).waitFor();
    await alert.getByText(way).waitFor();
  };
  await check(stage.root.id, 'not-the-secret', /^AuthFailure\.SignatureFailure/, /Check the SecretKey/);
  await check('AKIDnobody', 'x', /^AuthFailure\.SecretIdNotFound/, /Check the SecretId/);
  await visit.picture('sign-in-refused');
  await visit.leave();
});

test('a field that cannot be right is named, and nothing is sent', async () => {
  const visit = await stage.visit();
  let calls = 0;
  visit.page.on('request', () => { calls += 1; });
  await visit.page.getByRole('button', { name: 'Sign in' }).click();
  assert.equal(await visit.page.getByLabel('SecretId').getAttribute('aria-invalid'), 'true');
  assert.ok(await visit.page.getByLabel('SecretId').evaluate((input) => input === document.activeElement));
  await visit.page.getByLabel('SecretId').fill('AKIDsome');
  await visit.page.getByRole('button', { name: 'Sign in' }).click();
  assert.equal(await visit.page.getByLabel('SecretKey').getAttribute('aria-invalid'), 'true');
  assert.equal(calls, 0);
  await visit.leave();
});

test('a page that was asked for comes after signing in', async () => {
  const visit = await stage.visit();
  await visit.page.goto(`${stage.consoleUrl}/#/signature`);
  await visit.page.reload();
  await visit.page.getByLabel('SecretId').waitFor();
  await visit.signIn();
  await visit.page.getByRole('heading', { name: 'Signature tool' }).waitFor();
  await visit.leave();
});
