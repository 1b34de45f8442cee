// The ways of the example's page for a file: many at once, one of over a gigabyte, by signed PUT, by form; and what each
// says when it cannot.

import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { before, describe, test } from 'node:test';

import { rule, setUp } from './stage.js';

const MEGABYTE = 1024 * 1024;
const PICTURES = join(import.meta.dirname, 'screenshots');
const PATIENCE = { timeout: 300_000 };

const stage = setUp(() => mkdirSync(PICTURES, { recursive: true }));

/** A page of its own, on a bucket of its own. */
async function visited({ lifetime, changes = {} } = {}) {
  const place = await stage.newPlace(undefined, { lifetime });
  await place.setRules(rule(place.userServer.origin(), changes));
  return [place, await place.visit()];
}

const file = (name, size) => ({ name, mimeType: 'application/octet-stream', buffer: randomBytes(size) });
const choose = (visit, ...files) => visit.page.setInputFiles('#chosen', files);
const way = (visit, name) => visit.page.check(`#way input[value=${name}]`);
const lines = (visit, state = '') => visit.page.locator(`#uploads li${state}`);
const picture = (visit, name) => visit.page.screenshot({ path: join(PICTURES, `${name}.png`) });
const says = (visit) => lines(visit, '.failed').first().locator('.state').textContent();
const slow = (visit, bytes = -1) =>
  visit.protocol.send('Network.emulateNetworkConditions', {
    offline: false,
    latency: 0,
    downloadThroughput: -1,
    uploadThroughput: bytes,
  });

/** Lets the page believe so many seconds more in each key. */
const stretch = (visit, seconds) =>
  visit.page.evaluate((more) => {
    const real = globalThis.fetch;
    globalThis.fetch = async (url, options) => {
      const answer = await real(url, options);
      if (!String(url).includes('/sts')) return answer;
      const told = await answer.json();
      return Response.json({ ...told, expiredTime: told.expiredTime + more });
    };
  }, seconds);

describe('each way stores what was chosen', () => {
  let place;
  let visit;
  before(async () => {
    [place, visit] = await visited();
  });

  for (const [name, picked] of [['bySignedPut', 'signed-put'], ['byForm', 'form']]) {
    test(name, async () => {
      await way(visit, name);
      const sent = file('holiday.jpg', 300_000);
      const already = await lines(visit, '.done').count();
      await choose(visit, sent);
      await lines(visit, '.done').nth(already).waitFor();
      const key = await lines(visit).first().getAttribute('title');
      assert.match(key, /^alice\/[0-9]{8}_[0-9a-f]{32}\.jpg$/, 'the user server has chosen it');
      assert.ok((await place.stored(key)).equals(sent.buffer));
      await picture(visit, picked);
    });
  }

  test('many files at once', async () => {
    await way(visit, 'inParts');
    const sent = Array.from({ length: 40 }, (_, number) => file(`many-${String(number).padStart(2, '0')}.bin`, 50_000 + number));
    const already = await lines(visit, '.done').count();
    await choose(visit, ...sent);
    await lines(visit, '.done').nth(already + sent.length - 1).waitFor();
    for (const { name, buffer } of sent) assert.ok((await place.stored(`alice/${name}`)).equals(buffer), name);
    await picture(visit, 'many');
  });

  test('a form that an HTML page sends by itself, without a script', async () => {
    const told = await visit.page.evaluate(async () => (await import('/client.js')).askUserServer('post-policy?ext=txt'));
    await visit.page.evaluate((given) => {
      const form = Object.assign(document.createElement('form'), {
        method: 'post',
        enctype: 'multipart/form-data',
        action: `http://${given.cosHost}/`,
        id: 'plain',
      });
      const add = (name, value, type = 'hidden') => form.append(Object.assign(document.createElement('input'), { name, type, value }));
      const fields = { key: given.cosKey, policy: given.policy, 'q-sign-algorithm': 'sha1', 'q-ak': given.qAk };
      const signed = { 'q-key-time': given.qKeyTime, 'q-signature': given.qSignature, 'x-cos-security-token': given.securityToken };
      for (const [name, value] of Object.entries({ ...fields, ...signed, success_action_status: given.successActionStatus })) add(name, value);
      form.append(Object.assign(document.createElement('input'), { name: 'file', type: 'file', id: 'plain-file' }));
      document.body.append(form);
    }, told);
    await visit.page.setInputFiles('#plain-file', { name: 'a.txt', mimeType: 'text/plain', buffer: Buffer.from('plain') });
    await Promise.all([visit.page.waitForNavigation(), visit.page.evaluate(() => document.getElementById('plain').submit())]);
    assert.ok(visit.page.url().startsWith(`http://${told.cosHost}/`));
    assert.equal((await place.stored(told.cosKey)).toString(), 'plain');
  });
});

test('a file of more than a gigabyte goes in parts, is left, and goes on after a reload with a new key', PATIENCE, async () => {
  // A key of 62 seconds is renewed by the SDK after two.
  const [place, visit] = await visited({ lifetime: 62 });
  const block = 16 * MEGABYTE;
  const blocks = 65;
  const total = block * blocks + 77;
  const chosen = () =>
    visit.page.evaluate(
      ([size, count]) => {
        // One piece many times, each after a byte that says which it is: the browser holds it once.
        const same = new Blob([new Uint8Array(size - 1)]);
        const pieces = Array.from({ length: count }, (_, number) => [new Uint8Array([number + 1]), same]).flat();
        const film = new File([...pieces, new Uint8Array(77).fill(255)], 'film.mkv', { lastModified: 1_700_000_000_000 });
        const list = new DataTransfer();
        list.items.add(film);
        const input = document.getElementById('chosen');
        input.files = list.files;
        input.dispatchEvent(new Event('change'));
      },
      [block, blocks],
    );
  const reached = (share) =>
    visit.page.waitForFunction(
      (least) => {
        const failed = document.querySelector('#uploads .failed .state');
        if (failed) throw new Error(failed.textContent);
        return document.querySelector('#uploads progress')?.value > least;
      },
      share,
      PATIENCE,
    );
  await chosen();
  await reached(0.3);
  await lines(visit).first().getByText('Pause').click();
  await lines(visit).first().getByText('paused').waitFor();
  await picture(visit, 'gigabyte');
  await visit.page.reload();
  await visit.shown();
  assert.match(await visit.page.textContent('#left'), /^Not finished: film\.mkv \(1\.02 GB\)\. Choose the same file to go on/);
  await picture(visit, 'left');
  const before = place.userServer.minted('alice');
  await visit.page.evaluate(() => performance.setResourceTimingBufferSize(10_000));
  await chosen();
  await reached(0.99);
  await lines(visit, '.done').first().waitFor(PATIENCE);
  const parts = await visit.page.evaluate(() => {
    const sent = performance.getEntriesByType('resource').map(({ name }) => new URL(name).searchParams.get('partNumber'));
    return new Set(sent.filter(Boolean)).size;
  });
  const all = Math.ceil(total / (2 * MEGABYTE));
  assert.ok(parts > 0 && parts < all * 0.75, `${parts} of ${all} parts were sent after the reload`);
  await visit.page.locator('#files tbody tr').first().waitFor();
  await picture(visit, 'gigabyte-done');
  assert.ok(place.userServer.minted('alice') >= before + 2, 'the key was renewed on the way');
  assert.equal(await visit.page.locator('#left').isVisible(), false);
  const Key = 'alice/film.mkv';
  const { headers } = await stage.administrator.headObject({ ...place.where, Key });
  assert.equal(headers['content-length'], String(total));
  for (let number = 1; number <= blocks; number += 1) {
    const at = block * number;
    const Range = `bytes=${at - 1}-${at + 1}`;
    const { Body } = await stage.administrator.getObject({ ...place.where, Key, Range });
    assert.deepEqual([...Body], number === blocks ? [0, 255, 255] : [0, number + 1, 0], `after block ${number}`);
  }
});

describe('what goes wrong ends well, or in one line', () => {
  test('a key that ended in the middle is replaced', async () => {
    const [place, visit] = await visited({ lifetime: 3 });
    await stretch(visit, 3600);
    await slow(visit, 2 * MEGABYTE);
    const sent = file('renewed.bin', 10 * MEGABYTE);
    await choose(visit, sent);
    await lines(visit, '.done').first().waitFor(PATIENCE);
    assert.ok((await place.stored('alice/renewed.bin')).equals(sent.buffer));
  });

  for (const hours of [-3, 3]) {
    test(`a clock that is ${hours} hours off does no harm`, async () => {
      const place = await stage.newPlace();
      await place.setRules(rule(place.userServer.origin()));
      const visit = await place.visit();
      await visit.page.addInitScript((milliseconds) => {
        const RealDate = Date;
        globalThis.Date = class extends RealDate {
          constructor(...parts) {
            super(...(parts.length > 0 ? parts : [RealDate.now() + milliseconds]));
          }

          static now() {
            return RealDate.now() + milliseconds;
          }
        };
      }, hours * 3600_000);
      await visit.page.reload();
      await visit.shown();
      for (const name of ['inParts', 'bySignedPut', 'byForm']) {
        await way(visit, name);
        await choose(visit, file(`${name}.bin`, 2 * MEGABYTE));
        await lines(visit, '.done, #uploads .failed').nth(['inParts', 'bySignedPut', 'byForm'].indexOf(name)).waitFor();
      }
      assert.equal(await lines(visit, '.failed').count(), 0);
    });
  }

  test('a forbidden key', async () => {
    const [, visit] = await visited();
    await visit.page.evaluate(async () => {
      (await import('/client.js')).place.folder = 'bob/';
    });
    await choose(visit, file('a.bin', 1000));
    await lines(visit, '.failed').first().waitFor();
    assert.match(await says(visit), /^This page’s key does not allow that: another folder, or a file that is too large\. \(AccessDenied, [0-9A-Za-z+/=]+\)$/);
    const { width } = await lines(visit).first().locator('.name').boundingBox();
    assert.ok(width > 30, 'which file it was is still to be read');
    await picture(visit, 'forbidden');
  });

  test('an origin that no rule names', async () => {
    const [place, visit] = await visited();
    await place.setRules(rule('http://elsewhere.localhost'));
    for (const name of ['inParts', 'bySignedPut', 'byForm']) {
      await way(visit, name);
      await choose(visit, file('a.bin', 1000));
      await lines(visit, '.failed').nth(['inParts', 'bySignedPut', 'byForm'].indexOf(name)).waitFor();
      assert.match(await says(visit), /^No answer from [^ ]+: it is not running, or its CORS rules do not name http:/);
    }
    await picture(visit, 'refused-origin');
  });

  test('a file that is too large for its form', async () => {
    const [, visit] = await visited();
    await way(visit, 'byForm');
    await choose(visit, file('large.bin', 20 * MEGABYTE + 1));
    await lines(visit, '.failed').first().waitFor();
    assert.match(await says(visit), /^This page’s key does not allow that: another folder, or a file that is too large\. \(AccessDenied, /);
  });

  test('a user server that is gone', async () => {
    const [place, visit] = await visited();
    await place.userServer.stopBroker();
    await way(visit, 'byForm');
    await choose(visit, file('a.bin', 1000));
    await lines(visit, '.failed').first().waitFor();
    assert.equal(await says(visit), 'The user server does not answer.');
  });

  test('a user who is not signed in any more', async () => {
    const [, visit] = await visited();
    await visit.page.evaluate(async () => {
      (await import('/client.js')).place.token = '00';
    });
    await way(visit, 'bySignedPut');
    await choose(visit, file('a.bin', 1000));
    await lines(visit, '.failed').first().waitFor();
    assert.match(await says(visit), /^The user server refused: .+/);
  });
});
