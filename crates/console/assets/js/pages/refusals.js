// Requests that were refused, and why: the list, and one of them explained.

import { h } from '/js/dom.js';
import { moment, t } from '/js/i18n.js';
import { call } from '/js/calls.js';
import { explanationPanel } from '/js/explanation.js';
import { pagedTable } from '/js/paged.js';
import { go, to } from '/js/router.js';
import { badge, demand, field, form, heading, input } from '/js/widgets.js';

/** `#/refusals`, or `#/refusals/<request id>`. */
export function show(requestId) {
  const id = field(t('refusals.id'), input({ value: requestId ?? '' }), { hint: t('refusals.idHint') });
  const ask = async () => go('refusals', demand(id, (text) => /^[\w+/=-]{1,128}$/.test(text), t('refusals.idWrong')));
  return h(
    'section', {},
    heading(t('page.refusals')),
    form([id.element], t('refusals.explain'), ask, { class: 'card' }),
    requestId ? explained(requestId) : newest(),
  );
}

function explained(requestId) {
  return h('div', { class: 'card' }, h('h2', {}, t('refusals.id'), ' ', h('code', {}, requestId)), explanationPanel(requestId));
}

function newest() {
  const columns = [
    [t('explain.when'), (one) => moment(one.Time / 1000)],
    [t('explain.outcome'), (one) => badge(one.Code ?? '–', 'bad')],
    [t('explain.request'), (one) => h('code', {}, one.Operation ?? one.Method)],
    [t('refusals.resource'), (one) => one.Resource && h('code', {}, one.Resource)],
    [t('explain.who'), (one) => one.Principal && h('code', {}, one.Principal)],
    ['', (one) => h('a', { href: to('refusals', one.RequestId), 'aria-label': t('refusals.explainOf', { id: one.RequestId }) }, t('do.explain'))],
  ];
  const page = async (next) => {
    const told = await call('ListRefusals', { Limit: 50, ...(next === undefined ? {} : { Before: next }) });
    return { rows: told.Refusals, next: told.Next };
  };
  return pagedTable({ caption: t('page.refusals'), columns, none: t('refusals.none'), page });
}
