// The audit trail, searched: who did what to which object, and what was decided.

import { fill, h } from '/js/dom.js';
import { moment, t } from '/js/i18n.js';
import { call } from '/js/calls.js';
import { pagedTable } from '/js/paged.js';
import { to } from '/js/router.js';
import { badge, button, dialog, facts, field, form, heading, input, select } from '/js/widgets.js';

export function show() {
  const fields = {
    From: field(t('audit.from'), input({ type: 'datetime-local' })),
    To: field(t('audit.to'), input({ type: 'datetime-local' })),
    AccessKeyId: field(t('audit.key'), input({}), { hint: t('audit.keyHint') }),
    Principal: field(t('audit.who'), input({}), { hint: t('audit.whoHint') }),
    Action: field(t('audit.action'), input({}), { hint: t('audit.actionHint') }),
    Outcome: field(t('audit.outcome'), select([
      ['', t('audit.any')], ['allowed', t('audit.allowed')], ['refused', t('audit.refused')], ['failed', t('audit.failed')],
    ])),
    Bucket: field(t('objects.bucket'), input({})),
    Prefix: field(t('audit.prefix'), input({})),
  };
  const place = h('div', {});
  const search = async () => fill(place, records(asked(fields)));
  search();
  return h(
    'section', {},
    heading(t('page.audit')),
    form([h('div', { class: 'four' }, Object.values(fields).map((one) => one.element))], t('audit.search'), search, { class: 'card' }),
    place,
  );
}

function asked(fields) {
  const given = Object.entries(fields)
    .map(([name, of]) => [name, of.value().trim()])
    .filter(([, value]) => value !== '')
    .map(([name, value]) => [name, name === 'From' || name === 'To' ? Math.floor(Date.parse(value) / 1000) : value]);
  return { ...Object.fromEntries(given), Limit: 100 };
}

function records(parameters) {
  const columns = [
    [t('explain.when'), (one) => moment(one.time / 1000)],
    [t('explain.request'), (one) => h('code', {}, one.operation ?? one.method)],
    [t('audit.target'), (one) => target(one)],
    [t('explain.who'), (one) => one.sessionName ?? (one.principal ? `${one.principal} ${one.uin ?? ''}` : '')],
    [t('explain.outcome'), outcome],
    ['', (one) => button(t('audit.details'), () => details(one), { class: 'small', 'aria-label': t('audit.detailsOf', { id: one.requestId }) })],
  ];
  const page = async (next) => {
    const told = await call('SearchAudit', next === undefined ? parameters : { ...parameters, Next: next });
    return { rows: told.Records, next: told.Next };
  };
  return pagedTable({ caption: t('page.audit'), columns, none: t('audit.none'), page });
}

function target(one) {
  const text = one.bucket ? `${one.bucket}/${one.key ?? ''}` : (one.about ?? []).join(', ');
  return text && h('code', {}, text);
}

function outcome(one) {
  const tone = one.status >= 200 && one.status < 400 ? 'good' : 'bad';
  return badge(one.code ?? String(one.status), tone);
}

function details(one) {
  const pairs = Object.entries(one).map(([name, value]) => {
    if (name === 'time') return [name, moment(value / 1000)];
    const text = typeof value === 'object' ? JSON.stringify(value, null, 2) : String(value);
    return [name, h('code', { class: 'wrap' }, text)];
  });
  const why = one.code !== undefined && h('a', { class: 'button', href: to('refusals', one.requestId) }, t('do.explain'));
  dialog(t('audit.record'), () => h('div', {}, facts(pairs), why));
}
