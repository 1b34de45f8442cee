// What lint finds, in the words of whoever reads it.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';

import words from '../../crates/console/assets/js/words/lint.js';
import { setUp } from './stage.js';

const stage = setUp();

test('the words are those of the rules', () => {
  const page = readFileSync(join(import.meta.dirname, '..', '..', 'docs', 'lint.md'), 'utf8');
  const rules = [...page.matchAll(/^\| (L\d\d) \| [EW] \| (.+?) \| .+ \| (.+?) \|$/gm)];
  const english = Object.fromEntries(rules.flatMap(([, rule, title, mend]) => [[`lint.${rule}`, title], [`lint.${rule}.mend`, mend]]));
  assert.deepEqual(Object.fromEntries(Object.entries(words).map(([key, [text]]) => [key, text])), english);
});

test('a Chinese reader is told in Chinese, with what is quoted of the policy', async () => {
  const visit = await stage.visit({ language: 'zh' });
  await visit.signIn();
  await visit.go('keys');
  const statement = [{ effect: 'allow', action: ['cos:*'], resource: ['qcs::cos:ap-guangzhou:uid/1250000000:photos-1250000000/*'] }];
  await visit.page.locator('textarea.code').fill(JSON.stringify({ version: '2.0', statement }));
  const found = visit.page.locator('.findings li', { hasText: 'L01' });
  await found.getByText('整个存储桶，或所有存储桶').waitFor();
  const text = await found.innerText();
  assert.match(text, /`qcs::cos:ap-guangzhou:uid\/1250000000:photos-1250000000\/\*`/);
  assert.match(text, /写明终端用户自己的文件夹/);
  await visit.leave();
});

test('who may not ask for findings is told that the policy works without', async () => {
  const visit = await stage.visit();
  await visit.signIn(stage.newUser('unlinted', [{ effect: 'allow', action: 'cam:DescribeEffective', resource: '*' }]));
  await visit.go('keys');
  await visit.page.locator('textarea.code').fill('{"version":"2.0","statement":[{"effect":"allow","action":"cos:GetObject","resource":"*"}]}');
  await visit.page.locator('.findings').getByText(/^Not looked at: .*cam:LintPolicy/).waitFor();
  assert.equal(await visit.page.locator('.findings .wrong').count(), 0);
  await visit.leave();
});
