// Every page as a reader meets it: light, dark, on a phone and in Chinese. Each is looked over by axe-core, fits the
// screen, and leaves a picture to look at.

import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';

import { accessibilityOf } from './accessibility.js';
import { goTo, placesOf } from './places.js';
import { PHONE, SCREENSHOTS, setUp } from './stage.js';
import { furnish } from './world.js';

const VARIANTS = { light: {}, dark: { dark: true }, phone: { viewport: PHONE }, chinese: { language: 'zh' } };

let world;
/** What axe-core says of each page, kept beside the pictures. */
const report = [];
const stage = setUp(async () => { world = await furnish(stage); });

after(() => writeFileSync(join(SCREENSHOTS, 'accessibility.json'), JSON.stringify(report, null, 2)));

describe('every page can be read and used', { concurrency: 2 }, () => Object.entries(VARIANTS).forEach(([variant, how]) => {
  test(variant, async (context) => {
    const visit = await stage.visit(how);
    const look = async (name) => {
      await visit.picture(`${name}-${variant}`);
      const { kept, grave, light } = await accessibilityOf(visit.page);
      report.push({ page: name, variant, rules_kept: kept, grave, light });
      assert.deepEqual(grave, []);
      assert.deepEqual(await beyondTheScreen(visit.page), []);
    };
    await context.test('sign-in', () => look('sign-in'));
    await visit.signIn();
    for (const place of await placesOf(visit, world)) {
      await context.test(place.name, async () => {
        await goTo(visit, place);
        await look(place.name);
      });
    }
    await visit.leave();
  });
}));

// What stands further to the right than a reader can see without scrolling the page. What scrolls by itself is no part
// of it, since one sees where it ends.
async function beyondTheScreen(page) {
  return page.evaluate(() => {
    const width = document.documentElement.clientWidth;
    if (document.documentElement.scrollWidth <= width) return [];
    const scrolls = (element) => element !== null && element !== document.documentElement
      && (getComputedStyle(element).overflowX !== 'visible' || scrolls(element.parentElement));
    return [...document.querySelectorAll('body *')]
      .filter((element) => element.getBoundingClientRect().right > width + 1 && !scrolls(element.parentElement))
      .map((element) => `${element.tagName} ${element.className} to ${Math.round(element.getBoundingClientRect().right)} of ${width}`);
  });
}
