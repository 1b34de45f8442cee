// A reader in a browser who chooses a file on a page and waits until the page says something; what it says is printed.
//
//     node choose.mjs <page> <file> <text>

import { launch } from '../sdk-browser/browser.js';

const [address, file, text] = process.argv.slice(2);
const browser = await launch();
try {
  const page = await browser.newPage();
  page.on('pageerror', (error) => console.log(String(error)));
  page.on('console', (message) => console.log(message.text()));
  await page.goto(address);
  await page.locator('input[type=file]').setInputFiles(file);
  const said = page.locator('output', { hasText: text });
  await said.waitFor({ timeout: 20_000 }).catch(async () => { throw new Error(`the page says: ${await page.locator('output').innerText()}`); });
  console.log(await said.innerText());
} finally {
  await browser.close();
}
