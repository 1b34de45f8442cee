// Temporary keys: from what one is for to the key, a request that it may send and one that it may not; and its end.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { BUCKET, setUp } from './stage.js';

const stage = setUp();

async function keysPage() {
  const visit = await stage.visit();
  await visit.signIn();
  await visit.go('keys');
  return visit;
}

test('a key from the form does what its policy says, and a refusal is explained', async () => {
  stage.command(['mb', `cos://${BUCKET}`]);
  const visit = await keysPage();
  const { page } = visit;
  await page.getByLabel('Keys', { exact: true }).fill('alice/*');
  await page.getByLabel('Content types').fill('');
  const editor = page.getByLabel('Policy B');
  await page.waitForFunction(() => document.querySelector('textarea.code').value.includes('alice/*'));
  const policy = JSON.parse(await editor.inputValue());
  assert.equal(policy.version, '2.0');
  assert.deepEqual(policy.statement[0].resource, [`qcs::cos:ap-guangzhou:uid/1250000000:${BUCKET}/alice/*`]);
  assert.deepEqual(policy.statement[0].condition, {
    numeric_less_than_equal: { 'cos:content-length': 10 * 1024 ** 2 },
    string_equal_if_exist: { 'cos:x-cos-acl': ['private', 'default'] },
  });
  assert.deepEqual(policy.statement[0].action, ['name/cos:PutObject', 'name/cos:PostObject']);

  await page.getByRole('button', { name: 'Issue temporary key' }).click();
  await page.getByRole('heading', { name: 'Try a request' }).waitFor();
  const attempt = page.locator('.try');
  assert.equal(await attempt.getByLabel('Bucket').inputValue(), BUCKET);
  await attempt.getByLabel('Request').selectOption('PutObject');
  await attempt.getByLabel('Key', { exact: true }).fill('alice/note.txt');
  await attempt.getByRole('button', { name: 'Send with this key' }).click();
  await attempt.getByText('The store did it.').waitFor();
  assert.equal(stage.command(['cat', `cos://${BUCKET}/alice/note.txt`]), '');

  await attempt.getByLabel('Key', { exact: true }).fill('bob/note.txt');
  await attempt.getByRole('button', { name: 'Send with this key' }).click();
  await attempt.getByText('AccessDenied: Access Denied.').waitFor();
  await attempt.getByRole('heading', { name: 'The way out' }).waitFor();
  await attempt.getByText('Ask for it when the key is made').waitFor();
  await visit.picture('keys-refused');
  await visit.leave();
});

test('what the form cannot say is written by hand, and what is not JSON is told as one types', async () => {
  const visit = await keysPage();
  const editor = visit.page.getByLabel('Policy B');
  await editor.fill('{"version":');
  await visit.page.getByText(/This is not JSON yet/).waitFor();
  assert.equal(await editor.getAttribute('aria-invalid'), 'true');
  await visit.leave();
});

test('lint speaks as one types, and the picture follows', async () => {
  const visit = await keysPage();
  const { page } = visit;
  const dangerous = { version: '2.0', statement: [{ effect: 'allow', action: '*', resource: '*' }] };
  await page.getByLabel('Policy B').fill(JSON.stringify(dangerous, null, 2));
  await page.locator('.findings').getByText('L03').waitFor();
  await page.getByRole('img', { name: /Picture of A, B/ }).waitFor();
  const narrow = { version: '2.0', statement: [{ effect: 'allow', action: 'cos:GetObject', resource: `qcs::cos:ap-guangzhou:uid/1250000000:${BUCKET}/ann/1` }] };
  await page.getByLabel('Policy B').fill(JSON.stringify(narrow, null, 2));
  await page.getByRole('region', { name: 'What the key may do' }).getByText(`${BUCKET}/ann/1`).waitFor();
  await visit.picture('keys-lint');
  await visit.leave();
});

test('a session is found, ended, and its key is refused from then on', async () => {
  const made = stage.newTemporaryKey({ name: 'to-be-ended' });
  const visit = await stage.visit();
  await visit.signIn();
  await visit.go('sessions');
  await visit.page.getByText(made.id).waitFor();
  await visit.page.getByRole('button', { name: 'End session to-be-ended' }).first().click();
  await visit.page.getByRole('dialog').getByRole('button', { name: 'End session' }).click();
  await visit.page.getByRole('dialog').waitFor({ state: 'detached' });
  await visit.page.getByText(made.id).waitFor({ state: 'detached' });
  await visit.page.getByLabel('Which sessions').selectOption('live and past');
  await visit.page.getByText(made.id).waitFor();
  await visit.page.getByText('revoked', { exact: true }).first().waitFor();

  const other = await stage.visit();
  const { page } = other;
  await page.getByLabel('SecretId').fill(made.id);
  await page.getByLabel('SecretKey').fill(made.secret);
  await page.getByLabel('Token').fill(made.token);
  await page.getByRole('button', { name: 'Sign in' }).click();
  await other.trouble();
  await visit.leave();
  await other.leave();
});

test('the signature tool finds the published signature, and where another begins to differ', async () => {
  const visit = await stage.visit();
  await visit.signIn();
  await visit.go('signature');
  const cos = visit.page.locator('.card').first();
  await cos.getByLabel('SecretId').fill('AKIDEXAMPLE');
  await cos.getByLabel('SecretKey').fill('SecretEXAMPLE');
  await cos.getByLabel('Path').fill('/a b');
  await cos.getByLabel('Signed headers').fill('Host: 127.0.0.1');
  await cos.getByLabel('KeyTime').fill('1799999940;1800000600');
  await cos.getByLabel('Compare with').fill('q-sign-algorithm=sha1&q-ak=AKIDOTHER&q-key-time=1;2&q-signature=00');
  await cos.getByRole('button', { name: 'Compute' }).click();
  await cos.getByText('differs').waitFor();
  await cos.getByText('here AKIDEXAMPLE, there AKIDOTHER').waitFor();
  const signature = await cos.locator('dt', { hasText: /^signature$/ }).locator('+ dd pre').textContent();
  await cos.getByLabel('Compare with').fill(signature);
  await cos.getByRole('button', { name: 'Compute' }).click();
  await cos.getByText('the same').waitFor();
  const words = ['sign', 'cos', '--url', 'http://127.0.0.1/a%20b', '--key-time', '1799999940;1800000600', '--json'];
  const told = stage.command(words, { key: { id: 'AKIDEXAMPLE', secret: 'SecretEXAMPLE' } });
  assert.equal(signature, told.Signature);
  await visit.leave();
});
