// Everything that the console can show: each page of its navigation, and what opens from them. A page that is added to
// the navigation is found here by itself.

import { BUCKET } from './stage.js';

/** What opens from the pages: the address, and what is done there. */
const BELOW = [
  { name: 'bucket', address: `objects/${BUCKET}` },
  { name: 'folder', address: `objects/${BUCKET}/alice%2F` },
  { name: 'new-bucket', address: 'objects', open: pressFirst },
  { name: 'object', address: `objects/${BUCKET}/alice%2F`, open: (page) => page.getByRole('button', { name: 'note.txt', exact: true }).click() },
  { name: 'delete-bucket', address: `objects/${BUCKET}`, open: (page) => page.locator('.head button.danger').last().click() },
  { name: 'new-key', address: 'keys', open: issueKey },
  { name: 'end-session', address: 'sessions', open: (page) => page.locator('td button.danger').first().click() },
  { name: 'end-sessions', address: 'sessions', open: (page) => page.locator('.head button.danger').click() },
  { name: 'signature-steps', address: 'signature', open: computeSignature },
  { name: 'audit-record', address: 'audit', open: openRecord },
  { name: 'user', address: 'users/alice' },
  { name: 'new-user', address: 'users', open: pressFirst },
  { name: 'attach-policy', address: 'users/alice', open: (page) => page.locator('.columns .card .head button').first().click() },
  { name: 'group', address: 'groups', open: openFirst },
  { name: 'role', address: 'roles', open: openFirst },
  { name: 'new-role', address: 'roles/new' },
  { name: 'policy', address: 'policies', open: openFirst },
  { name: 'new-policy', address: 'policies/new' },
  { name: 'no-such-bucket', address: 'objects/nothing-here-1250000000', open: (page) => page.getByRole('alert').waitFor() },
];

async function pressFirst(page) {
  await page.locator('.head button.primary').click();
}

async function openFirst(page) {
  await page.locator('main td a').first().click();
}

async function openRecord(page) {
  await page.locator('.four input').nth(4).fill('cos:PutObject');
  await page.locator('form button[type=submit]').click();
  // Among the rows that were there before the search, others are of this key, too.
  await page.locator('tr', { hasText: 'note.txt' }).filter({ hasText: 'cos:PutObject' }).locator('td button').first().click();
}

async function issueKey(page) {
  await page.locator('form button[type=submit]').click();
  await page.locator('.try').waitFor();
}

async function computeSignature(page) {
  const card = page.locator('.card').first();
  await card.getByLabel('SecretId').fill('AKIDEXAMPLE');
  await card.getByLabel('SecretKey').fill('SecretEXAMPLE');
  await card.getByLabel('KeyTime').fill('1799999940;1800000600');
  await card.locator('button[type=submit]').click();
  await card.locator('pre').first().waitFor();
}

/** All places of somebody who is signed in to this world, as the navigation of the visit has them. */
export async function placesOf(visit, world) {
  const addresses = await visit.page.locator('.body > nav a').evaluateAll((links) => links.map((link) => link.hash.slice(2)));
  const refusal = { name: 'refusal', address: `refusals/${encodeURIComponent(world.refusedRequest)}` };
  return [...addresses.map((address) => ({ name: address, address })), ...BELOW, refusal];
}

/** Goes to a place and waits until it is there. */
export async function goTo(visit, { address, open = () => {} }) {
  // What was typed or opened at the place before shall not be seen here.
  await visit.go('none');
  await visit.go(address);
  await visit.quiet();
  await open(visit.page);
  await visit.quiet();
}
