// Requests that were refused, and why: the list, and one of them explained.

import { h } from '/js/dom.js';
import { t } from '/js/i18n.js';
import { explanationPanel } from '/js/explanation.js';
import { pagedTable } from '/js/paged.js';
import { records, target, when, who } from '/js/records.js';
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

// The audit trail knows what was refused; why, the server keeps beside it.
function newest() {
  const columns = [
    [t('explain.when'), when],
    [t('explain.outcome'), (one) => badge(one.code ?? String(one.status), 'bad')],
    [t('explain.request'), (one) => h('code', { class: 'whole' }, one.operation ?? one.method)],
    [t('refusals.resource'), target],
    [t('explain.who'), who],
    ['', (one) => h('a', { href: to('refusals', one.requestId), 'aria-label': t('refusals.explainOf', { id: one.requestId }) }, t('do.explain'))],
  ];
  return pagedTable({ caption: t('page.refusals'), columns, none: t('refusals.none'), page: records({ Outcome: 'refused', Limit: 50 }) });
}
