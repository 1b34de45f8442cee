// Groups: who is in each, and the policies that they share.

import { fill, h } from '/js/dom.js';
import { camMoment, t } from '/js/i18n.js';
import { call } from '/js/calls.js';
import { everything } from '/js/everything.js';
import { policiesCard } from '/js/holders.js';
import { go, to } from '/js/router.js';
import { button, confirm, demand, dialog, facts, field, form, heading, input, later, select, table } from '/js/widgets.js';

/** `#/groups` or `#/groups/<id>`. */
export function show(id) {
  return id ? one(Number(id)) : all();
}

function all() {
  const columns = [
    [t('groups.name'), (group) => h('a', { href: to('groups', String(group.GroupId)) }, group.GroupName)],
    [t('users.remark'), (group) => group.Remark],
    [t('users.created'), (group) => camMoment(group.CreateTime)],
  ];
  const list = async () => table(t('page.groups'), columns, await everything('ListGroups', {}, 'GroupInfo'), t('groups.none'));
  return h('section', {}, heading(t('page.groups'), button(t('groups.make'), make, { class: 'primary' })), later(list));
}

function make() {
  dialog(t('groups.make'), (close) => {
    const name = field(t('groups.name'), input({ required: true }));
    const remark = field(t('users.remark'), input({}));
    return form([name.element, remark.element], t('groups.make'), async () => {
      const given = demand(name, (text) => text !== '', t('groups.nameWrong'));
      const { GroupId: id } = await call('CreateGroup', { GroupName: given, Remark: remark.value() });
      close();
      go('groups', String(id));
    });
  });
}

function one(id) {
  return h('section', {}, later(async () => {
    const group = await call('GetGroup', { GroupId: id });
    return [
      heading(group.GroupName, button(t('groups.remove'), () => remove(group), { class: 'danger' })),
      h('div', { class: 'card' }, facts([['GroupId', String(id)], [t('users.remark'), group.Remark]])),
      h('div', { class: 'columns' }, membersCard(id), policiesCard('group', id)),
    ];
  }));
}

function remove(group) {
  confirm(t('groups.remove'), t('groups.removeText', { name: group.GroupName }), t('do.delete'), async () => {
    await call('DeleteGroup', { GroupId: group.GroupId });
    go('groups');
  });
}

function membersCard(id) {
  const place = h('div', {});
  const columns = [
    [t('users.name'), (user) => h('a', { href: to('users', user.Name) }, user.Name)],
    ['Uin', (user) => h('code', {}, String(user.Uin))],
    ['', (user) => button(t('groups.drop'), () => drop(user), { class: 'small', 'aria-label': t('groups.dropOf', { name: user.Name }) })],
  ];
  const show = () => fill(place, later(async () =>
    table(t('groups.members'), columns, await everything('ListUsersForGroup', { GroupId: id }, 'UserInfo'), t('groups.empty'))));
  const drop = async (user) => {
    await call('RemoveUserFromGroup', { Info: [{ GroupId: id, Uin: user.Uin }] });
    show();
  };
  const add = () => dialog(t('groups.add'), (close) => later(async () => {
    const { Data: users } = await call('ListUsers');
    const which = field(t('users.name'), select(users.map((user) => [user.Uin, user.Name])));
    return form([which.element], t('groups.add'), async () => {
      await call('AddUserToGroup', { Info: [{ GroupId: id, Uin: Number(which.value()) }] });
      close();
      show();
    });
  }));
  show();
  return h('div', { class: 'card' }, h('div', { class: 'head' }, h('h2', {}, t('groups.members')), button(t('groups.add'), add)), place);
}
