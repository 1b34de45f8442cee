// Opens a page in Chromium and does what the documentation tells a reader to do there, step by step:
//
//   node visit.js URL STEP…
//
//   fill LABEL TEXT          writes into a field
//   choose LABEL FILE        chooses a file
//   press NAME               presses the first button of this name
//   open NAME                follows the first link of this name
//   read SELECTOR PATTERN    waits until the text of this element has the pattern, and prints it
//
// What does not come in time ends it with 1.

import { launch } from '../sdk-browser/browser.js';

const PATIENCE_MILLISECONDS = 30_000;

const STEPS = {
  fill: [2, (page, label, text) => page.getByLabel(label, { exact: true }).fill(text)],
  choose: [2, (page, label, file) => page.getByLabel(label, { exact: true }).setInputFiles(file)],
  press: [1, (page, name) => page.getByRole('button', { name }).first().click()],
  open: [1, (page, name) => page.getByRole('link', { name }).first().click()],
  read: [2, read],
};

async function read(page, selector, pattern) {
  const wanted = new RegExp(pattern);
  const text = () => page.locator(selector).first().innerText();
  const end = Date.now() + PATIENCE_MILLISECONDS;
  while (!wanted.test(await text())) {
    if (Date.now() > end) throw new Error(`\`${pattern}\` did not appear in:\n${await text()}`);
    await page.waitForTimeout(20);
  }
  process.stdout.write(`${(await text()).trim()}\n`);
}

const [url, ...told] = process.argv.slice(2);
const browser = await launch(['--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE localhost, EXCLUDE *.localhost, EXCLUDE 127.0.0.1']);
try {
  const page = await browser.newPage();
  page.setDefaultTimeout(PATIENCE_MILLISECONDS);
  await page.goto(url);
  while (told.length > 0) {
    const [count, step] = STEPS[told.shift()];
    await step(page, ...told.splice(0, count));
  }
} finally {
  await browser.close();
}
