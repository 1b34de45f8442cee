// Roles: who may assume each, for how long, and what it may do.

import { announce, fill, h } from '/js/dom.js';
import { camMoment, duration, t } from '/js/i18n.js';
import { call } from '/js/calls.js';
import { effectivePanel } from '/js/effective.js';
import { everything } from '/js/everything.js';
import { boundaryCard, policiesCard } from '/js/holders.js';
import { indented, policyEditor } from '/js/policy-editor.js';
import { go, to } from '/js/router.js';
import { identity } from '/js/session.js';
import { button, confirm, demand, facts, field, form, heading, input, later, select, table } from '/js/widgets.js';

/** For how long the server lets any role's session last, in seconds: what holds of a role that names nothing, too. */
const LONGEST = 43_200;
const DURATIONS = [1800, 3600, 7200, 21_600, LONGEST];

/** `#/roles`, `#/roles/new` or `#/roles/<id>`. */
export function show(id) {
  if (id === 'new') return make();
  return id ? one(id) : all();
}

function all() {
  const columns = [
    [t('roles.name'), (role) => h('a', { href: to('roles', role.RoleId) }, role.RoleName)],
    [t('roles.description'), (role) => role.Description],
    [t('users.created'), (role) => camMoment(role.AddTime)],
  ];
  const list = async () => table(t('page.roles'), columns, await everything('DescribeRoleList', {}), t('roles.none'));
  return h('section', {}, heading(t('page.roles'), h('a', { class: 'button primary', href: to('roles', 'new') }, t('roles.make'))), later(list));
}

function durationField(seconds = LONGEST) {
  const offered = [...new Set([...DURATIONS, seconds])].sort((one, other) => one - other);
  const of = field(t('roles.duration'), select(offered.map((one) => [one, duration(one)])), { hint: t('roles.durationHint') });
  of.control.value = String(seconds);
  return of;
}

// The account itself, which every account may narrow from there.
function trustOfAccount() {
  const principal = { qcs: [`qcs::cam::uin/${identity().AccountId}:root`] };
  return JSON.stringify({ version: '2.0', statement: [{ effect: 'allow', action: 'name/sts:AssumeRole', principal }] }, null, 2);
}

function make() {
  const name = field(t('roles.name'), input({ required: true }), { hint: t('roles.nameHint') });
  const description = field(t('roles.description'), input({}));
  const longest = durationField();
  const trust = policyEditor({ label: t('roles.trust'), kind: 'trust', text: trustOfAccount() });
  const send = async () => {
    const { RoleId: id } = await call('CreateRole', {
      RoleName: demand(name, (text) => /^[\w+=,.@-]{1,128}$/.test(text), t('roles.nameHint')),
      Description: description.value(),
      SessionDuration: Number(longest.value()),
      PolicyDocument: trust.value(),
    });
    go('roles', id);
  };
  return h('section', {}, heading(t('roles.make')), form([name.element, description.element, longest.element, trust.element], t('roles.make'), send, { class: 'card' }));
}

function one(id) {
  return h('section', {}, later(async () => {
    const { RoleInfo: role } = await call('GetRole', { RoleId: id });
    const effective = effectivePanel({ RoleName: role.RoleName });
    const changed = () => effective.update('');
    changed();
    return [
      heading(role.RoleName, button(t('roles.remove'), () => remove(role), { class: 'danger' })),
      h('div', { class: 'card' }, facts([
        ['RoleId', role.RoleId], ['RoleArn', h('code', {}, role.RoleArn)],
      ])),
      settingsCard(role),
      trustCard(role),
      h('div', { class: 'columns' }, policiesCard('role', role.RoleId, changed), boundaryCard('role', role.RoleId, changed)),
      h('div', { class: 'card' }, h('h2', {}, t('holders.may')), effective.element),
    ];
  }));
}

function settingsCard(role) {
  const description = field(t('roles.description'), input({ value: role.Description }));
  const longest = durationField(role.SessionDuration || LONGEST);
  const said = h('p', { class: 'good' });
  const send = async () => {
    fill(said);
    await call('UpdateRoleDescription', { RoleId: role.RoleId, Description: description.value() });
    await call('UpdateRoleSessionDuration', { RoleId: role.RoleId, SessionDuration: Number(longest.value()) });
    fill(said, t('say.saved'));
    announce(t('say.saved'));
  };
  return form([h('h2', {}, t('roles.settings')), description.element, longest.element, said], t('do.save'), send, { class: 'card', 'aria-label': t('roles.settings') });
}

function trustCard(role) {
  const text = indented(role.PolicyDocument);
  const trust = policyEditor({ label: t('roles.trust'), kind: 'trust', text, rows: 10 });
  const said = h('p', { class: 'good' });
  const send = async () => {
    await call('UpdateAssumeRolePolicy', { RoleId: role.RoleId, PolicyDocument: trust.value() });
    fill(said, t('say.saved'));
    announce(t('say.saved'));
  };
  return form([trust.element, said], t('do.save'), send, { class: 'card' });
}

function remove(role) {
  confirm(t('roles.remove'), t('roles.removeText', { name: role.RoleName }), t('do.delete'), async () => {
    await call('DeleteRole', { RoleId: role.RoleId });
    go('roles');
  });
}
