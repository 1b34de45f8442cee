// Opens a page of the documentation in Chromium and does what a reader is told to do there:
//
//   node visit.js URL SELECTOR=TEXT SELECTOR=@FILE … SELECTOR PATTERN
//
// fills in each text, chooses each file, waits until the last element's text has the pattern, and prints that text.

import { launch } from '../sdk-browser/browser.js';

const PATIENCE_MILLISECONDS = 30_000;

const [url, ...rest] = process.argv.slice(2);
const [shown, pattern] = rest.splice(-2);
const browser = await launch(['--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE localhost, EXCLUDE *.localhost, EXCLUDE 127.0.0.1']);
try {
  const page = await browser.newPage();
  page.setDefaultTimeout(PATIENCE_MILLISECONDS);
  page.on('console', (message) => console.error(message.text()));
  await page.goto(url);
  for (const step of rest) {
    const [, selector, value] = /^([^=]+)=(.*)$/s.exec(step);
    if (value.startsWith('@')) await page.setInputFiles(selector, value.slice(1));
    else await page.fill(selector, value);
  }
  const text = () => page.locator(shown).textContent();
  const end = Date.now() + PATIENCE_MILLISECONDS;
  while (!new RegExp(pattern).test(await text()) && Date.now() < end) await page.waitForTimeout(20);
  process.stdout.write(await text());
} finally {
  await browser.close();
}
