// A, B and A ∩ B: as a picture and as a table. The server works it out, with the rights of whoever is signed in.

import { fill, h } from '/js/dom.js';
import { t } from '/js/i18n.js';
import { call } from '/js/calls.js';
import { facts, table, trouble } from '/js/widgets.js';

/**
 * What remains, as a table and as a picture, each to be put where it has room: `update(text)` shows what remains of a policy.
 * @param {object} [holder] `{ TargetUin }` or `{ RoleName }`, if it is not whoever is signed in
 */
export function effectivePanel(holder = {}) {
  const element = h('div', { 'aria-live': 'polite' }, h('p', { class: 'hint' }, t('say.loading')));
  const picture = h('div', {});
  const isOwn = Object.keys(holder).length === 0;
  let turn = 0;
  let url = null;
  async function update(text) {
    turn += 1;
    const mine = turn;
    try {
      const told = await call('DescribeEffective', text.trim() === '' ? holder : { ...holder, Policy: text });
      if (mine !== turn) return;
      if (url !== null) URL.revokeObjectURL(url);
      url = told.Picture ? URL.createObjectURL(new Blob([told.Picture], { type: 'image/svg+xml' })) : null;
      // A and B are those of the form; a holder has no B.
      fill(element, isOwn && h('p', { class: 'hint' }, t('effective.why')), rowsTable(told.Rows));
      fill(picture, url !== null && drawn(url));
    } catch (error) {
      if (mine === turn) fill(element, trouble(error));
    }
  }
  return { element, picture, update };
}

function drawn(url) {
  return h('div', { class: 'picture card', tabindex: 0, role: 'region', 'aria-label': t('effective.picture') },
    h('img', { src: url, alt: t('effective.picture') }));
}

const patterns = (list, more = '') => h('ul', { class: `plain-list ${more}` }, list.map((one) => h('li', {}, h('code', {}, one.join(' & ')))));

/** What remains, as rows: actions, resources and what else must hold. */
export function rowsTable(rows) {
  const columns = [
    [t('effective.actions'), (row) => patterns(row.actions, 'whole')],
    [t('effective.resources'), (row) => patterns(row.resources)],
    [t('effective.but'), butOf],
  ];
  return table(t('effective.table'), columns, rows, t('effective.nothing'));
}

function butOf(row) {
  const lines = [
    ...row.conditions.map((condition) => [t('effective.when'), h('code', {}, condition)]),
    ...row.exceptions.map((one) => [t('effective.except'), h('code', {}, `${one.actions.join(', ')} · ${one.resources.join(', ')}`)]),
    row.at_most ? [t('effective.atMost'), t('effective.atMostText')] : null,
  ];
  const present = lines.filter(Boolean);
  return present.length === 0 ? t('effective.always') : facts(present);
}
