// The upload page as a person uses it: choose files, watch them go, pause, list, open, delete.

import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';

import { rule, setUp } from './stage.js';

const MEGABYTE = 1024 * 1024;
const PICTURES = join(import.meta.dirname, 'screenshots');

let place;
let visit;
const stage = setUp(async () => {
  place = await stage.newPlace();
  await place.setRules(rule(place.userServer.origin()));
  visit = await place.visit();
  mkdirSync(PICTURES, { recursive: true });
});

const choose = (...files) => visit.page.setInputFiles('#chosen', files);
/** A file; a text is one that the browser shows rather than saves. */
const file = (name, size) => {
  if (name.endsWith('.txt')) return { name, mimeType: 'text/plain', buffer: Buffer.alloc(size, 'A line of text.\n') };
  return { name, mimeType: 'application/octet-stream', buffer: randomBytes(size) };
};
const uploads = (state) => visit.page.locator(`#uploads li${state}`);
const names = () => visit.page.locator('#files .name').allTextContents();
const picture = (name) => visit.page.screenshot({ path: join(PICTURES, `${name}.png`) });
const seen = (text) => visit.page.getByText(text, { exact: true }).waitFor();

/** Slows the network to so many bytes in a second; nothing means as fast as it is. */
const slow = (bytes = -1) =>
  visit.protocol.send('Network.emulateNetworkConditions', {
    offline: false,
    latency: 0,
    downloadThroughput: -1,
    uploadThroughput: bytes,
  });

test('it begins empty', async () => {
  await seen('Nothing here yet.');
  await seen('Signed in as alice');
  assert.match(await visit.page.textContent('#key'), /^This page’s key opens alice\/ only, and ends at [0-9:]+\.$/);
});

test('files are chosen and sent', async () => {
  const sent = [file('notes.txt', 2000), file('holiday.jpg', 3 * MEGABYTE + 7), file('übersicht 1.pdf', 400_000)];
  await choose(...sent);
  await uploads('.done').nth(2).waitFor();
  await visit.page.locator('#files tbody tr').nth(2).waitFor();
  assert.deepEqual(await names(), ['holiday.jpg', 'notes.txt', 'übersicht 1.pdf']);
  for (const { name, buffer } of sent) assert.ok((await place.stored(`alice/${name}`)).equals(buffer), name);
  await picture('uploaded');
});

test('a long upload shows how far it is, is paused, and resumed', async () => {
  const sent = file('film.mp4', 6 * MEGABYTE);
  await slow(2 * MEGABYTE);
  await choose(sent);
  const line = uploads('').first();
  const bar = line.locator('progress');
  await visit.page.waitForFunction(() => document.querySelector('#uploads progress').value > 0.3);
  await picture('uploading');
  assert.match(await line.locator('.state').textContent(), /^[0-9.]+ MB of 6\.0 MB, [0-9.]+ [KM]?B\/s$/);
  await line.getByText('Pause').click();
  await line.getByText('paused').waitFor();
  const reached = await bar.evaluate(({ value }) => value);
  assert.ok(reached > 0.3 && reached < 1, String(reached));
  await assert.rejects(place.stored('alice/film.mp4'), { statusCode: 404 });
  await slow();
  await line.getByText('Resume').click();
  await uploads('.done').nth(3).waitFor();
  assert.ok((await place.stored('alice/film.mp4')).equals(sent.buffer));
});

test('a file is opened under a URL of its own', async () => {
  const [opened] = await Promise.all([visit.page.context().waitForEvent('page'), visit.page.click('#files a[title="alice/notes.txt"]')]);
  await opened.waitForURL((url) => url.hostname.startsWith(place.where.Bucket));
  assert.match(opened.url(), /\/alice\/notes\.txt\?.*q-signature=.*&x-cos-security-token=/);
  assert.match(await opened.textContent('body'), /^A line of text\./);
  await opened.close();
});

test('a refusal is told', async () => {
  await place.setRules();
  await choose(file('refused.txt', 10));
  await uploads('.failed').first().waitFor();
  await visit.page.locator('#trouble:visible').waitFor();
  const told = /^No answer from [^ ]+: it is not running, or its CORS rules do not name http:\/\/app\.localhost:[0-9]+\.$/;
  assert.match(await visit.page.textContent('#trouble'), told);
  assert.match(await uploads('.failed').first().locator('.state').textContent(), told);
  await picture('refused');
  await place.setRules(rule(place.userServer.origin()));
});

test('files are deleted, one and several', async () => {
  await visit.page.locator('tr', { hasText: 'film.mp4' }).getByText('Delete').click();
  await visit.page.locator('tr', { hasText: 'film.mp4' }).waitFor({ state: 'detached' });
  for (const name of ['notes.txt', 'holiday.jpg']) await visit.page.getByLabel(`Select alice/${name}`).check();
  await visit.page.click('#remove');
  await visit.page.locator('tr', { hasText: 'notes.txt' }).waitFor({ state: 'detached' });
  assert.deepEqual(await names(), ['übersicht 1.pdf']);
  await assert.rejects(place.stored('alice/holiday.jpg'), { statusCode: 404 });
  assert.deepEqual(visit.complaints, []);
});
