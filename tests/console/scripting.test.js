// Whatever somebody else chose stays text: names, keys, policies and messages that are markup run nothing, add nothing to
// the page, and do not even try to (the page's policy would report it). First with what a real store takes, then with
// answers in which every text is hostile.

import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, test } from 'node:test';

import { APPID, REGION, newFolder } from '../sdk-node/server.js';
import { goTo, placesOf } from './places.js';
import { BUCKET, setUp } from './stage.js';
import { furnish } from './world.js';

const HOSTILE = [
  '<img src=x onerror=ran(1)>',
  '"><script>ran(2)</script>',
  "'-ran(3)-'",
  'javascript:ran(4)',
  '</title><svg onload=ran(5)>',
  '{{ran(6)}}${ran(7)}',
  '&lt;b onclick=ran(8)&gt;',
];
const [IMAGE, SCRIPT, , LINK] = HOSTILE;

/** What no page of the console has, and what the payloads are to make. */
const PLANTED = [
  'img[src="x"]', 'script:not([src^="/js/"])', 'iframe', 'object', 'embed', 'form[action]', 'base', 'body svg',
  '[onerror]', '[onload]', '[onclick]', 'a[href^="javascript:"]', 'a[href^="data:"]',
].join(', ');

let world;
const stage = setUp(async () => { world = await furnish(stage); });

/** A visit that notices whatever runs. */
async function watched() {
  const visit = await stage.visit();
  await visit.page.exposeFunction('ran', (which) => { visit.problems.push(`payload ${which} ran`); });
  return visit;
}

async function unharmed({ page, problems }) {
  assert.equal(await page.locator(PLANTED).count(), 0, await page.url());
  assert.deepEqual(problems, []);
}

describe('what somebody else chose stays text', { concurrency: 3 }, () => {
  test('what is planted would be noticed', async () => {
    const visit = await watched();
    await visit.page.evaluate((payload) => document.body.insertAdjacentHTML('beforeend', payload), IMAGE);
    await visit.quiet();
    await assert.rejects(() => unharmed(visit));
    assert.ok(visit.problems.some((problem) => problem.startsWith('policy violated: script-src')), visit.problems.join('\n'));
    assert.equal(await visit.page.locator(PLANTED).count(), 1);
    visit.problems.length = 0;
    await visit.leave();
  });

  test('keys of objects are text: in folders, lists, headings, dialogs, downloads and transfers', async () => {
    const folder = newFolder('hostile');
    // A file of this machine has no slash in its name, so that some payloads make a folder each.
    const keys = HOSTILE.map((payload) => `hostile/${payload}/${payload}`);
    for (const key of keys) {
      mkdirSync(dirname(join(folder, key)), { recursive: true });
      writeFileSync(join(folder, key), '');
    }
    stage.command(['cp', folder, `cos://${BUCKET}/`, '--recursive']);
    const visit = await watched();
    const { page } = visit;
    await visit.signIn();
    for (const payload of HOSTILE) {
      const [first] = payload.split('/');
      await visit.go(`objects/${BUCKET}/${encodeURIComponent('hostile/')}`);
      await page.getByRole('link', { name: `${first}/`, exact: true }).click();
      await page.getByRole('navigation', { name: 'Folders' }).getByText(first, { exact: true }).waitFor();
      await unharmed(visit);
      await visit.go(`objects/${BUCKET}/${encodeURIComponent(`hostile/${payload}/`)}`);
      if (!payload.includes('/')) {
        await page.getByRole('button', { name: payload, exact: true }).click();
        const dialog = page.getByRole('dialog', { name: `hostile/${payload}/${payload}` });
        await dialog.getByText('content-length').waitFor();
        await unharmed(visit);
        await page.keyboard.press('Escape');
      }
      await page.locator('input[type=file]').setInputFiles([{ name: `${payload}.html`.replaceAll('/', ':'), mimeType: payload, buffer: Buffer.from(payload) }]);
      await visit.quiet();
      await unharmed(visit);
    }
    await visit.leave();
  });

  test('what stands in the address is text', async () => {
    const visit = await watched();
    await visit.signIn();
    for (const payload of HOSTILE) {
      const written = encodeURIComponent(payload);
      for (const address of [written, `objects/${written}`, `objects/${BUCKET}/${written}`, `refusals/${written}`, `objects/${payload}`]) {
        await visit.go(address);
        await visit.quiet();
        await unharmed(visit);
      }
    }
    await visit.leave();
  });

  test('notes, names and policies of the account are text on every page', async () => {
    HOSTILE.forEach((payload, index) => {
      const statement = [{ sid: 'x', effect: 'allow', action: 'cos:GetObject', resource: `qcs::cos:${REGION}:uid/${APPID}:${BUCKET}/${payload}` }];
      const document = JSON.stringify({ version: '2.0', statement });
      stage.command(['user', 'add', `hostile-${index}`, '--remark', payload]);
      stage.command(['policy', 'create', '--name', `hostile-${index}`, '--description', payload, '--document', '-'], { input: document });
      stage.command(['group', 'create', `hostile-${index}`, '--remark', payload]);
    });
    const visit = await watched();
    await visit.signIn();
    for (const place of await placesOf(visit, world)) {
      await goTo(visit, place);
      await unharmed(visit);
    }
    await visit.leave();
  });

  test('a policy that is being written is text: in what lint says, in the picture, and in the refusal', async () => {
    const visit = await watched();
    const { page } = visit;
    await visit.signIn();
    for (const payload of HOSTILE) {
      await visit.go('none');
      await visit.go('keys');
      await visit.quiet();
      const of = (statement) => JSON.stringify({ version: '2.0', statement: [statement] });
      const allowed = { effect: 'allow', action: 'cos:GetObject', resource: `qcs::cos:${REGION}:uid/${APPID}:${BUCKET}/${payload}*` };
      const texts = [
        of(allowed),
        of({ ...allowed, condition: { string_equal: { 'cos:prefix': payload } } }),
        of({ ...allowed, action: payload }),
        of({ ...allowed, effect: payload }),
        of({ ...allowed, [payload]: payload }),
        of({ ...allowed, resource: payload }),
        payload,
      ];
      for (const text of texts) {
        await page.getByLabel('Policy B').fill(text);
        await visit.quiet();
        await page.getByRole('button', { name: 'Issue temporary key' }).click();
        await visit.quiet();
        await unharmed(visit);
      }
    }
    await visit.leave();
  });

  test('answers in which every text is hostile are text on every page', async () => {
    for (const payload of [IMAGE, SCRIPT, LINK]) {
      const visit = await watched();
      const { page } = visit;
      await visit.signIn();
      const places = await placesOf(visit, world);
      await page.route((url) => url.port === String(stage.server.httpPort), (route) => poison(route, payload));
      let told = 0;
      for (const place of places) {
        await goTo(visit, { address: place.address });
        await unharmed(visit);
        told += (await page.locator('main').innerText()).includes(payload);
        // What opens is opened where the page still has it.
        const row = page.locator('main td button, main .rows button').first();
        if (await row.isVisible()) await row.click();
        await unharmed(visit);
      }
      assert.ok(told > places.length / 2, `${told} of ${places.length} places show it`);
      await visit.leave();
    }
  });

  test('refusals whose every word is hostile are one line of text', async () => {
    for (const payload of HOSTILE) {
      const visit = await watched();
      const { page } = visit;
      await page.route((url) => url.port === String(stage.server.httpPort), (route) => refuse(route, payload));
      await page.getByLabel('SecretId').fill('AKIDsome');
      await page.getByLabel('SecretKey').fill(payload);
      await page.getByRole('button', { name: 'Sign in' }).click();
      const alert = await visit.trouble();
      await alert.getByText(`AccessDenied${payload}: ${payload}`).waitFor();
      await unharmed(visit);
      assert.match(await alert.getByRole('link').getAttribute('href'), /^#\/refusals\//);
      await visit.leave();
    }
  });
});

/** Words that the console acts on, and which a store that answers at all says as they are. */
const KEPT = /^(?:State|Verdict|Layer|Severity|Kind|Picture)$/;

async function poison(route, payload) {
  const answer = await route.fetch();
  const text = await answer.text();
  const isJson = text.startsWith('{');
  const hostile = (value, name = '') => {
    if (typeof value === 'string') return KEPT.test(name) ? value : `${payload}${value}`;
    if (Array.isArray(value)) return value.map((one) => hostile(one, name));
    if (value === null || typeof value !== 'object') return value;
    return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, hostile(one, key)]));
  };
  const escaped = payload.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
  const body = isJson ? JSON.stringify(hostile(JSON.parse(text))) : text.replace(/<(Name|Key|Prefix|Location|ID|DisplayName|Code|Message)>/g, `<$1>${escaped}`);
  await route.fulfill({ response: answer, body });
}

async function refuse(route, payload) {
  const headers = { 'Access-Control-Allow-Origin': stage.consoleUrl, 'Access-Control-Allow-Headers': '*, Authorization', 'Access-Control-Expose-Headers': '*' };
  const refusal = { Error: { Code: `AccessDenied${payload}`, Message: payload }, RequestId: payload };
  await route.fulfill({ status: 200, headers, contentType: 'application/json', body: JSON.stringify({ Response: refusal }) });
}
