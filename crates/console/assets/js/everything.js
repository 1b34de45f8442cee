// Lists of the API that come in numbered pages, fetched whole.

import { call } from '/js/calls.js';

const PAGE = 200;
/** Nobody reads more; what is beyond is found by the command line. */
const MOST = 5000;

/** All entries of a list, at most 5,000. */
export async function everything(action, parameters, name = 'List') {
  const all = [];
  for (let page = 1; all.length < MOST; page += 1) {
    const told = await call(action, { ...parameters, Page: page, Rp: PAGE });
    all.push(...told[name]);
    if (told[name].length < PAGE) break;
  }
  return all;
}
