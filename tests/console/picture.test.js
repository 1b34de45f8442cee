// The picture of A ∩ B for the longest policy that there may be: how long it takes from the question to the picture.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { APPID, REGION } from '../sdk-node/server.js';
import { BUCKET, setUp } from './stage.js';

const LONGEST = 6144;
/** What is promised is 100 ms; a test that is held to it would fail whenever the machine has other things to do. */
const PATIENCE_MILLISECONDS = 2000;
const stage = setUp();

test('the picture of the longest policy is there at once', async (context) => {
  // A user with rights of its own, so that there is something to intersect.
  const below = (folder) => `qcs::cos:${REGION}:uid/${APPID}:${BUCKET}/${folder}*`;
  const allowed = [
    { effect: 'allow', action: ['cos:GetObject', 'cos:PutObject', 'cos:HeadObject'], resource: below('') },
    { effect: 'deny', action: 'cos:*', resource: below('private/') },
    { effect: 'allow', action: 'cam:DescribeEffective', resource: '*' },
  ];
  const visit = await stage.visit();
  const { page } = visit;
  await visit.signIn(stage.newUser('ann', allowed));
  await visit.go('keys');
  await visit.quiet();
  await page.evaluate(watchThePicture);

  const policy = longestPolicy(below);
  assert.ok(policy.length <= LONGEST && policy.length > LONGEST - 200, String(policy.length));
  const taken = [];
  // Each is another text, so that none was worked out before.
  for (const text of [policy, policy.replace('folder-0', 'folder_0'), policy.replace('folder-0', 'folder.0')]) {
    await page.getByLabel('Policy B').fill(text);
    taken.push(await page.evaluate(() => globalThis.drawn()));
  }
  context.diagnostic(`from the question to the picture: ${taken.map((time) => `${time.toFixed(0)} ms`).join(', ')}`);
  assert.ok(taken.every((time) => time < PATIENCE_MILLISECONDS), taken.join(', '));
  await visit.picture('longest-policy');
  await visit.leave();
});

/** As many statements, each about something else, as go into the length. */
function longestPolicy(below) {
  const written = (statement) => JSON.stringify({ version: '2.0', statement });
  const statements = [];
  for (;;) {
    const number = statements.length;
    const next = {
      effect: number % 5 === 4 ? 'deny' : 'allow',
      action: [number % 2 ? 'cos:GetObject' : 'cos:PutObject'],
      resource: [below(`folder-${number}/`)],
      ...(number % 3 === 0 && { condition: { ip_equal: { 'qcs:ip': [`10.0.${number}.0/24`] } } }),
    };
    if (written([...statements, next]).length > LONGEST) return written(statements);
    statements.push(next);
  }
}

/** In the page: `drawn()` waits for the next picture and tells the milliseconds since the server was asked for it. */
function watchThePicture() {
  let asked = null;
  const { fetch } = globalThis;
  globalThis.fetch = (...call) => {
    if (new Headers(call[1]?.headers).get('X-TC-Action') === 'DescribeEffective') asked = performance.now();
    return fetch(...call);
  };
  let last = document.querySelector('.picture img')?.src;
  globalThis.drawn = async () => {
    for (;;) {
      const image = document.querySelector('.picture img');
      if (asked !== null && image !== null && image.src !== last && image.complete && image.naturalWidth > 0) {
        last = image.src;
        const taken = performance.now() - asked;
        asked = null;
        return taken;
      }
      await new Promise(requestAnimationFrame);
    }
  };
}
