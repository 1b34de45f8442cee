// Users: who there is, the keys that each has, and what each may do.

import { announce, fill, h } from '/js/dom.js';
import { camMoment, moment, t } from '/js/i18n.js';
import { call } from '/js/calls.js';
import { effectivePanel } from '/js/effective.js';
import { everything } from '/js/everything.js';
import { boundaryCard, policiesCard } from '/js/holders.js';
import { go, to } from '/js/router.js';
import { badge, button, confirm, demand, dialog, facts, field, form, heading, input, later, secret, select, table, trouble } from '/js/widgets.js';

const isName = (text) => /^[A-Za-z0-9+=,.@_-]{1,64}$/.test(text);

/** `#/users` or `#/users/<name>`. */
export function show(name) {
  return name ? one(name) : all();
}

function all() {
  const columns = [
    [t('users.name'), (user) => h('a', { href: to('users', user.Name) }, user.Name)],
    ['Uin', (user) => h('code', {}, String(user.Uin))],
    [t('users.remark'), (user) => user.Remark],
    [t('users.created'), (user) => camMoment(user.CreateTime)],
  ];
  const list = async () => table(t('page.users'), columns, (await call('ListUsers')).Data, t('users.none'));
  return h('section', {}, heading(t('page.users'), button(t('users.make'), make, { class: 'primary' })), later(list));
}

function make() {
  dialog(t('users.make'), (close) => {
    const name = field(t('users.name'), input({ required: true }), { hint: t('users.nameHint') });
    const remark = field(t('users.remark'), input({}));
    return form([name.element, remark.element], t('users.make'), async () => {
      const given = demand(name, isName, t('users.nameHint'));
      await call('AddUser', { Name: given, Remark: remark.value(), ConsoleLogin: 0, UseApi: 0 });
      close();
      go('users', given);
    });
  });
}

function one(name) {
  return h('section', {}, later(async () => {
    const user = await call('GetUser', { Name: name });
    const effective = effectivePanel({ TargetUin: user.Uin });
    const changed = () => effective.update('');
    changed();
    return [
      heading(user.Name, button(t('users.remove'), () => remove(user), { class: 'danger' })),
      h('div', { class: 'card' }, facts([['Uin', String(user.Uin)], [t('users.remark'), user.Remark], ['Email', user.Email], [t('users.phone'), user.PhoneNum]])),
      keysCard(user.Uin),
      h('div', { class: 'columns' }, policiesCard('user', user.Uin, changed), boundaryCard('user', user.Uin, changed)),
      groupsCard(user, changed),
      h('div', { class: 'card' }, h('h2', {}, t('holders.may')), effective.element),
    ];
  }));
}

function remove(user) {
  confirm(t('users.remove'), t('users.removeText', { name: user.Name }), t('do.delete'), async () => {
    await call('DeleteUser', { Name: user.Name, Force: 1 });
    go('users');
  });
}

function keysCard(uin) {
  const place = h('div', {});
  const fresh = h('div', {});
  const show = () => fill(place, later(async () => {
    const { AccessKeys: keys } = await call('ListAccessKeys', { TargetUin: uin });
    const { uses, refusal } = await lastUses(keys);
    return [table(t('users.keys'), columns(uses), keys, t('users.noKeys')), refusal && trouble(refusal)];
  }));
  const columns = (uses) => [
    ['SecretId', (key) => h('code', {}, key.AccessKeyId)],
    [t('sessions.state'), (key) => badge(t(`users.${key.Status}`), key.Status === 'Active' ? 'good' : 'warn')],
    [t('users.created'), (key) => camMoment(key.CreateTime)],
    [t('users.lastUsed'), (key) => uses.get(key.AccessKeyId)],
    ['', (key) => h('span', { class: 'actions' }, turn(key), drop(key))],
  ];
  const turn = (key) => {
    const next = key.Status === 'Active' ? 'Inactive' : 'Active';
    return button(t(`users.make${next}`), async () => {
      await call('UpdateAccessKey', { TargetUin: uin, AccessKeyId: key.AccessKeyId, Status: next });
      show();
    }, { class: 'small', 'aria-label': `${t(`users.make${next}`)} ${key.AccessKeyId}` });
  };
  const drop = (key) => button(t('do.delete'), () => confirm(t('users.dropKey'), t('users.dropKeyText', { id: key.AccessKeyId }), t('do.delete'), async () => {
    await call('DeleteAccessKey', { TargetUin: uin, AccessKeyId: key.AccessKeyId });
    show();
  }), { class: 'small danger', 'aria-label': `${t('users.dropKey')} ${key.AccessKeyId}` });
  const makeKey = async () => {
    const { AccessKey: key } = await call('CreateAccessKey', { TargetUin: uin });
    fill(fresh, h('p', { class: 'hint' }, t('users.keyOnce')), facts([['SecretId', h('code', {}, key.AccessKeyId)], ['SecretKey', secret(key.SecretAccessKey)]]));
    announce(t('users.keyOnce'));
    show();
  };
  show();
  return h('div', { class: 'card' }, h('div', { class: 'head' }, h('h2', {}, t('users.keys')), button(t('users.makeKey'), makeKey)), fresh, place);
}

// Who may list keys may not always ask for their use: the keys are shown either way.
async function lastUses(keys) {
  if (keys.length === 0) return { uses: new Map() };
  try {
    const told = await call('GetSecurityLastUsed', { SecretIdList: keys.map((key) => key.AccessKeyId) });
    const spoken = (row) => (row.LastSecretUsedDate === null ? t('users.never') : moment(row.LastSecretUsedDate));
    return { uses: new Map(told.SecretIdLastUsedRows.map((row) => [row.SecretId, spoken(row)])) };
  } catch (refusal) {
    return { uses: new Map(), refusal };
  }
}

function groupsCard(user, changed) {
  const place = h('div', {});
  const refresh = () => {
    changed();
    show();
  };
  const show = () => fill(place, later(async () =>
    table(t('page.groups'), columns, await everything('ListGroupsForUser', { SubUin: user.Uin }, 'GroupInfo'), t('users.noGroups'))));
  const columns = [
    [t('groups.name'), (group) => h('a', { href: to('groups', String(group.GroupId)) }, group.GroupName)],
    [t('users.remark'), (group) => group.Remark],
    ['', (group) => button(t('groups.drop'), () => leave(group), { class: 'small', 'aria-label': t('users.leave', { name: group.GroupName }) })],
  ];
  const leave = async (group) => {
    await call('RemoveUserFromGroup', { Info: [{ GroupId: group.GroupId, Uin: user.Uin }] });
    refresh();
  };
  const join = () => dialog(t('users.join'), (close) => later(async () => {
    const groups = await everything('ListGroups', {}, 'GroupInfo');
    if (groups.length === 0) return h('p', {}, t('groups.none'));
    const which = field(t('groups.name'), select(groups.map((group) => [group.GroupId, group.GroupName])));
    return form([which.element], t('users.join'), async () => {
      await call('AddUserToGroup', { Info: [{ GroupId: Number(which.value()), Uin: user.Uin }] });
      close();
      refresh();
    });
  }));
  show();
  return h('div', { class: 'card' }, h('div', { class: 'head' }, h('h2', {}, t('page.groups')), button(t('users.join'), join)), place);
}
