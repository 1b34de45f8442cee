// The audit trail, searched: who did what to which object, and what was decided.

import { fill, h } from '/js/dom.js';
import { moment, t } from '/js/i18n.js';
import { pagedTable } from '/js/paged.js';
import { records, target, when, who } from '/js/records.js';
import { to } from '/js/router.js';
import { badge, button, demand, dialog, facts, field, form, heading, input, select } from '/js/widgets.js';

export function show() {
  const fields = {
    From: field(t('audit.from'), input({ type: 'datetime-local' })),
    To: field(t('audit.to'), input({ type: 'datetime-local' })),
    AccessKeyId: field(t('audit.key'), input({}), { hint: t('audit.keyHint') }),
    TargetUin: field(t('audit.who'), input({ inputmode: 'numeric' }), { hint: t('audit.whoHint') }),
    ActionName: field(t('audit.action'), input({}), { hint: t('audit.actionHint') }),
    Outcome: field(t('audit.outcome'), select([
      ['', t('audit.any')], ['allowed', t('audit.allowed')], ['refused', t('audit.refused')], ['failed', t('audit.failed')],
    ])),
    Bucket: field(t('objects.bucket'), input({})),
    Prefix: field(t('audit.prefix'), input({})),
  };
  const place = h('div', {});
  const search = async () => fill(place, found(asked(fields)));
  search();
  return h(
    'section', {},
    heading(t('page.audit')),
    form([h('div', { class: 'four' }, Object.values(fields).map((one) => one.element))], t('audit.search'), search, { class: 'card' }),
    place,
  );
}

const seconds = (text) => Math.floor(Date.parse(text) / 1000);
/** What is not sent as the text that it is. */
const READ = { From: seconds, To: seconds, TargetUin: Number };

function asked(fields) {
  demand(fields.TargetUin, (text) => /^\d{0,18}$/.test(text), t('audit.uinWrong'));
  const given = Object.entries(fields)
    .map(([name, of]) => [name, of.value().trim()])
    .filter(([, value]) => value !== '')
    .map(([name, value]) => [name, READ[name]?.(value) ?? value]);
  return { ...Object.fromEntries(given), Limit: 100 };
}

function found(parameters) {
  const columns = [
    [t('explain.when'), when],
    [t('explain.request'), (one) => h('code', { class: 'whole' }, one.operation ?? one.method)],
    [t('audit.target'), target],
    [t('explain.who'), who],
    [t('explain.outcome'), outcome],
    ['', (one) => button(t('audit.details'), () => details(one), { class: 'small', 'aria-label': t('audit.detailsOf', { id: one.requestId }) })],
  ];
  return pagedTable({ caption: t('page.audit'), columns, none: t('audit.none'), page: records(parameters) });
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
