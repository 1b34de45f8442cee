// What axe-core finds about a page.

import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';

const SOURCE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
/** What keeps somebody from using a page; all else is in the report. */
const GRAVE = ['serious', 'critical'];

/** What it finds, one line each, apart by how grave it is, and how many of its rules the page keeps. */
export async function accessibilityOf(page) {
  // Through the browser's own protocol: the page's policy lets no script in that is not the console's.
  const protocol = await page.context().newCDPSession(page);
  if (!await page.evaluate(() => 'axe' in window)) await protocol.send('Runtime.evaluate', { expression: SOURCE });
  await protocol.detach();
  const { violations, passes } = await page.evaluate(() => axe.run(document, { preload: false }));
  const line = ({ id, impact, help, nodes }) => `${impact} ${id}: ${help}: ${nodes.map((node) => node.html.slice(0, 200)).join(' | ')}`;
  return {
    kept: passes.length,
    grave: violations.filter(({ impact }) => GRAVE.includes(impact)).map(line),
    light: violations.filter(({ impact }) => !GRAVE.includes(impact)).map(line),
  };
}
