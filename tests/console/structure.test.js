// Every page is made of the parts that it was made of when somebody last looked: its structure is compared with a kept
// one. A store of its own, since what lists hold and whether they go on depends on what was done before.
//
// `DAYPASS_RENEW=1` keeps the structures anew; look at what changed before it is committed.

import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';

import { goTo, placesOf } from './places.js';
import { setUp } from './stage.js';
import { structureOf } from './structure.js';
import { furnish } from './world.js';

const KEPT = join(import.meta.dirname, 'structure');

let world;
const stage = setUp(async () => { world = await furnish(stage); });

test('every page has the parts that it had', async (context) => {
  const visit = await stage.visit();
  await context.test('sign-in', () => compare('sign-in', visit));
  await visit.signIn();
  for (const place of await placesOf(visit, world)) {
    await context.test(place.name, async () => {
      await goTo(visit, place);
      await compare(place.name, visit);
    });
  }
  await visit.leave();
});

async function compare(name, visit) {
  const path = join(KEPT, `${name}.yml`);
  const found = await structureOf(visit.page);
  if (process.env.DAYPASS_RENEW) {
    mkdirSync(KEPT, { recursive: true });
    writeFileSync(path, found);
  }
  assert.ok(existsSync(path), `no structure is kept of ${name}: run with DAYPASS_RENEW=1, and look at it`);
  assert.equal(found, readFileSync(path, 'utf8'));
}
