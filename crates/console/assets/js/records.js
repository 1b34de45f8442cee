// Records of the audit trail: fetched page by page, and the cells that more than one page shows.

import { h } from '/js/dom.js';
import { moment } from '/js/i18n.js';
import { call } from '/js/calls.js';

/** What gives the pages of a search, for a table that comes page by page. */
export const records = (parameters) => async (next) => {
  const told = await call('SearchAudit', next === undefined ? parameters : { ...parameters, Before: next });
  return { rows: told.Records, next: told.Next };
};

/** When it was asked. */
export const when = (one) => h('span', { class: 'moment' }, moment(one.time / 1000));

/** What a request was about. */
export function target(one) {
  const text = one.bucket ? `${one.bucket}/${one.key ?? ''}` : (one.about ?? []).join(', ');
  return text === '' ? null : h('code', {}, text);
}

/** Who asked: by the name of a session where there is one. */
export function who(one) {
  if (one.sessionName) return one.sessionName;
  return one.principal ? `${one.principal} ${one.uin ?? ''}` : null;
}
