// Buckets and objects: made, filled, looked at, fetched and deleted, few of them and ten thousand.

import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';

import { BUCKET, setUp } from './stage.js';

const MANY = 10_000;
/** Above 100 a reader sees the page stand still. Both are far above what is told: a machine may be busy with other tests. */
const LONG_TASK_MILLISECONDS = 1000;
const FIRST_VIEW_MILLISECONDS = 3000;

const stage = setUp();

test('a bucket and its objects, from beginning to end', async () => {
  const visit = await stage.visit();
  await visit.signIn();
  const { page } = visit;
  await page.getByText('There is no bucket yet.').waitFor();
  await page.getByRole('button', { name: 'Create bucket' }).click();
  const dialog = page.getByRole('dialog');
  await dialog.getByLabel('Bucket').fill('NotABucket');
  await dialog.getByRole('button', { name: 'Create bucket' }).click();
  assert.equal(await dialog.getByLabel('Bucket').getAttribute('aria-invalid'), 'true');
  await dialog.getByLabel('Bucket').fill(BUCKET);
  await dialog.getByRole('button', { name: 'Create bucket' }).click();
  await page.getByRole('heading', { name: BUCKET }).waitFor();
  await page.getByText('There is no object here yet.').waitFor();

  const bytes = Buffer.alloc(3_000_000, 'daypass ');
  await page.locator('input[type=file]').setInputFiles([
    { name: 'large.bin', mimeType: 'application/octet-stream', buffer: bytes },
    { name: '空 + ü.txt', mimeType: 'text/plain', buffer: Buffer.from('hello') },
  ]);
  await page.getByRole('button', { name: 'large.bin', exact: true }).waitFor();
  const [download] = await Promise.all([
    page.waitForEvent('download'),
    page.getByRole('button', { name: 'Download large.bin' }).click(),
  ]);
  assert.equal(download.suggestedFilename(), 'large.bin');
  assert.deepEqual(readFileSync(await download.path()), bytes);
  await page.getByRole('button', { name: '空 + ü.txt', exact: true }).click();
  await page.getByRole('dialog').getByText('text/plain').waitFor();
  await page.keyboard.press('Escape');

  await page.getByLabel('Choose 空 + ü.txt').check();
  await page.getByRole('button', { name: 'Delete chosen (1)' }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Delete' }).click();
  await page.getByRole('button', { name: '空 + ü.txt', exact: true }).waitFor({ state: 'detached' });
  await page.getByRole('button', { name: 'large.bin', exact: true }).waitFor();

  // A bucket with something in it stays, and the way out is told.
  await page.getByRole('button', { name: 'Delete bucket' }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Delete' }).click();
  await (await visit.trouble()).getByText(/BucketNotEmpty/).waitFor();
  await visit.leave();
});

test('what is dropped onto the page is uploaded', async () => {
  const visit = await stage.visit();
  await visit.signIn();
  await visit.go(`objects/${BUCKET}/dropped%2F`);
  const data = await visit.page.evaluateHandle(() => {
    const transfer = new DataTransfer();
    transfer.items.add(new File(['dropped'], 'dropped.txt', { type: 'text/plain' }));
    return transfer;
  });
  await visit.page.dispatchEvent('section', 'drop', { dataTransfer: data });
  await visit.page.getByRole('button', { name: 'dropped.txt', exact: true }).waitFor();
  assert.equal(stage.command(['cat', `cos://${BUCKET}/dropped/dropped.txt`]), 'dropped');
  await visit.leave();
});

test('ten thousand objects scroll without a halt, and few of them are in the page at once', async (context) => {
  const folder = mkdtempSync(join(process.env.DAYPASS_TEST_FOLDER, 'many-'));
  for (let index = 0; index < MANY; index += 1) writeFileSync(join(folder, String(index).padStart(5, '0')), '');
  stage.command(['cp', folder, `cos://${BUCKET}/many/`, '--recursive']);
  const visit = await stage.visit();
  await visit.signIn();
  await visit.go(`objects/${BUCKET}/many%2F`);
  await visit.page.getByRole('button', { name: '00000', exact: true }).waitFor();
  const seen = await visit.page.evaluate(async () => {
    const long = [];
    new PerformanceObserver((list) => long.push(...list.getEntries().map((entry) => entry.duration))).observe({ type: 'longtask' });
    const viewport = document.querySelector('.viewport');
    const frame = () => new Promise((done) => { requestAnimationFrame(done); });
    let [most, still] = [0, 0];
    // As fast as a reader can drag: ten screens in each frame, to the very end.
    while (still < 60) {
      const before = viewport.scrollTop;
      viewport.scrollTop += viewport.clientHeight * 10;
      await frame();
      still = viewport.scrollTop === before ? still + 1 : 0;
      most = Math.max(most, viewport.querySelectorAll('.rows .row').length);
    }
    const last = [...viewport.querySelectorAll('.rows .row')].pop().textContent;
    return { long, most, last };
  });
  assert.match(seen.last, /^09999/);
  assert.ok(seen.most < 100, `${seen.most} rows`);
  context.diagnostic(`tasks of 50 ms and more while scrolling: ${seen.long.map((duration) => `${duration} ms`).join(', ') || 'none'}`);
  const halts = seen.long.filter((duration) => duration > LONG_TASK_MILLISECONDS);
  assert.deepEqual(halts, []);
  await visit.picture('many');
  await visit.leave();
});

test('the first view is there soon', async (context) => {
  const visit = await stage.visit();
  await visit.page.waitForFunction(() => performance.getEntriesByName('first-contentful-paint').length > 0);
  const shown = await visit.page.evaluate(() => performance.getEntriesByName('first-contentful-paint')[0].startTime);
  context.diagnostic(`first contentful paint after ${Math.round(shown)} ms`);
  assert.ok(shown < FIRST_VIEW_MILLISECONDS, `${shown} ms`);
  await visit.leave();
});
