// Whoever has no pointer: every control is reached with the Tab key and can be seen when it is, dialogs close with
// Escape, and one goes on from where one was.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { goTo, placesOf } from './places.js';
import { setUp } from './stage.js';
import { furnish } from './world.js';

let world;
const stage = setUp(async () => { world = await furnish(stage); });

const CONTROLS = 'a[href], button, input, select, textarea, summary, [tabindex="0"]';

/** What opens a dialog: the page, and the control that is pressed. */
const OPENERS = [
  { address: 'objects', name: 'Create bucket' },
  { address: 'objects/photos-1250000000/alice%2F', name: 'note.txt' },
  { address: 'objects/photos-1250000000/alice%2F', name: 'Delete bucket' },
  { address: 'sessions', name: 'End many' },
  { address: 'sessions', name: 'End session mobile-app' },
];

test('the Tab key reaches every control, and one sees where one is', async (context) => {
  const visit = await stage.visit();
  await context.test('sign-in', () => checkTabs(visit));
  await visit.signIn();
  for (const place of await placesOf(visit, world)) {
    await context.test(place.name, async () => {
      await goTo(visit, place);
      await checkTabs(visit);
    });
  }
  await visit.leave();
});

test('a dialog opens and closes by keys, and one goes on from what opened it', async (context) => {
  const visit = await stage.visit();
  await visit.signIn();
  const { page } = visit;
  for (const { address, name } of OPENERS) {
    await context.test(name, async () => {
      await goTo(visit, { address });
      const opener = page.getByRole('button', { name, exact: true });
      await opener.focus();
      await page.keyboard.press('Enter');
      const dialog = page.getByRole('dialog');
      await dialog.waitFor();
      assert.ok(await dialog.evaluate((element) => element.contains(document.activeElement)), 'the focus is in it');
      await page.keyboard.press('Escape');
      await dialog.waitFor({ state: 'detached' });
      assert.ok(await opener.evaluate((element) => element === document.activeElement), 'the focus is back');
    });
  }
  await visit.leave();
});

test('a form is sent with Enter, and the first key press leads past the navigation', async () => {
  const visit = await stage.visit();
  const { page } = visit;
  await page.getByLabel('SecretId').fill(stage.root.id);
  await page.getByLabel('SecretKey').fill(stage.root.secret);
  await page.keyboard.press('Enter');
  await page.locator('nav').first().waitFor();
  await page.getByRole('link', { name: 'Skip to the page' }).focus();
  await page.keyboard.press('Enter');
  assert.equal(await page.evaluate(() => document.activeElement.id), 'main');
  await visit.leave();
});

// Tabs once around. In a dialog that is the dialog: the page behind it cannot be reached.
async function checkTabs({ page }) {
  const expected = await page.evaluate((controls) => {
    const within = document.querySelector('dialog[open]') ?? document.body;
    const isReachable = (element) => !element.disabled && element.tabIndex >= 0 && element.checkVisibility({ visibilityProperty: true });
    return [...within.querySelectorAll(controls)].filter(isReachable).map((element, index) => {
      element.dataset.control = index;
      return `${index} ${element.outerHTML.slice(0, 120)}`;
    });
  }, CONTROLS);
  const reached = new Set();
  const unseen = [];
  // Parts of a date are stops of their own, and so is what scrolls.
  for (let presses = 0; presses < expected.length * 4 + 20 && reached.size < expected.length; presses += 1) {
    await page.keyboard.press('Tab');
    const { control, isSeen, text } = await page.evaluate(stop);
    if (control === undefined) continue;
    reached.add(Number(control));
    if (!isSeen) unseen.push(text);
  }
  assert.deepEqual(expected.filter((_, index) => !reached.has(index)), [], 'never reached');
  assert.deepEqual(unseen, [], 'reached and not seen');
}

function stop() {
  const element = document.activeElement;
  const { outlineStyle, outlineWidth } = getComputedStyle(element);
  const { top, bottom, left, right, width, height } = element.getBoundingClientRect();
  const isOnScreen = bottom > 0 && right > 0 && top < innerHeight && left < innerWidth && width > 0 && height > 0;
  return {
    control: element.dataset.control,
    isSeen: isOnScreen && outlineStyle !== 'none' && parseFloat(outlineWidth) >= 1,
    text: element.outerHTML.slice(0, 120),
  };
}
