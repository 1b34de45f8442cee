// Which temporary keys are out, live and past, and ending them.

import { announce, fill, h } from '/js/dom.js';
import { moment, t } from '/js/i18n.js';
import { call } from '/js/calls.js';
import { pagedTable } from '/js/paged.js';
import { badge, button, confirm, demand, field, form, heading, input, later, select, table } from '/js/widgets.js';

const TONES = { Live: 'good', Expired: '', Revoked: 'bad', Orphaned: 'warn' };
/** What sessions can be looked for and ended by, and how each is named in a call. */
const TARGETS = {
  TargetUin: (text) => Number(text),
  RoleName: (text) => text,
  SecretId: (text) => text,
  SessionName: (text) => text,
};

export function show() {
  const place = h('div', {});
  const liveOnly = select([['1', t('sessions.live')], ['', t('sessions.all')]], { 'aria-label': t('sessions.which'), onchange: () => list() });
  const by = select([['', t('sessions.anybody')], ...Object.keys(TARGETS).map((name) => [name, t(`sessions.${name}`)])]);
  const of = field(t('sessions.by'), by);
  const value = field(t('sessions.value'), input({}));
  const list = () => fill(place, sessions(filter(by.value, value.value(), liveOnly.value), list));
  list();
  return h(
    'section', {},
    heading(
      t('page.sessions'),
      liveOnly,
      button(t('do.refresh'), list),
      button(t('sessions.endMany'), () => endMany(list), { class: 'danger' }),
    ),
    h('p', { class: 'hint' }, t('sessions.why')),
    form([h('div', { class: 'two' }, of.element, value.element)], t('do.filter'), async () => list(), { class: 'inline' }),
    place,
    h('details', {}, h('summary', {}, t('sessions.revocations')), revocations()),
  );
}

function filter(by, value, live) {
  const target = by !== '' && value !== '' ? { [by]: TARGETS[by](value.trim()) } : {};
  return { ...target, ...(live ? { LiveOnly: 1 } : {}), Limit: 100 };
}

function sessions(parameters, refresh) {
  const columns = [
    [t('sessions.state'), (one) => badge(t(`state.${one.State}`), TONES[one.State])],
    [t('sessions.SessionName'), (one) => one.SessionName],
    [t('sessions.who'), (one) => one.RoleName ?? one.RoleId ?? String(one.Uin)],
    ['TmpSecretId', (one) => h('code', {}, one.TmpSecretId)],
    [t('sessions.issued'), (one) => moment(one.Issued)],
    [t('sessions.expires'), (one) => moment(one.Expires)],
    ['', (one) => one.State === 'Live' && end(one, refresh)],
  ];
  const page = async (next) => {
    const told = await call('ListSessions', next === undefined ? parameters : { ...parameters, Before: next });
    return { rows: told.Sessions, next: told.Next };
  };
  return pagedTable({ caption: t('page.sessions'), columns, none: t('sessions.none'), page });
}

function end(one, refresh) {
  const ask = () => confirm(t('sessions.end'), t('sessions.endText', { name: one.SessionName, id: one.TmpSecretId }), t('sessions.end'), async () => {
    await call('RevokeSession', { TmpSecretIds: [one.TmpSecretId] });
    announce(t('sessions.ended'));
    refresh();
  });
  return button(t('sessions.end'), ask, { class: 'danger small', 'aria-label': t('sessions.endOf', { name: one.SessionName }) });
}

function endMany(refresh) {
  confirmMany(async (by, value) => {
    await call('RevokeSession', { [by]: TARGETS[by](value) });
    announce(t('sessions.ended'));
    refresh();
  });
}

function confirmMany(action) {
  const by = field(t('sessions.by'), select(Object.keys(TARGETS).map((name) => [name, t(`sessions.${name}`)])));
  const value = field(t('sessions.value'), input({ required: true }));
  const parts = [h('p', {}, t('sessions.endManyText')), by.element, value.element];
  confirm(t('sessions.endMany'), parts, t('sessions.endMany'), () =>
    action(by.value(), demand(value, (text) => text !== '' && (by.value() !== 'TargetUin' || /^\d+$/.test(text)), t('sessions.valueWrong'))));
}

function revocations() {
  const columns = [
    [t('sessions.created'), (one) => moment(one.Created)],
    [t('sessions.by'), (one) => one.Type],
    [t('sessions.value'), (one) => h('code', {}, one.Target)],
    [t('sessions.before'), (one) => moment(one.IssuedBefore)],
    [t('sessions.forgotten'), (one) => moment(one.Expires)],
  ];
  return later(async () => {
    const told = await call('ListRevocations', { Limit: 100 });
    return table(t('sessions.revocations'), columns, told.Revocations);
  });
}
