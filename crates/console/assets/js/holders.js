// The policies of a user, a group or a role, and what bounds a user or a role: shown and changed in the same way.

import { fill, h } from '/js/dom.js';
import { camMoment, t } from '/js/i18n.js';
import { call } from '/js/calls.js';
import { everything } from '/js/everything.js';
import { to } from '/js/router.js';
import { badge, button, confirm, dialog, field, form, later, select, table } from '/js/widgets.js';

/** How the calls about each kind of holder are named. */
const KINDS = {
  user: {
    list: 'ListAttachedUserPolicies', attach: 'AttachUserPolicy', detach: 'DetachUserPolicy',
    asked: 'TargetUin', gains: 'AttachUin', loses: 'DetachUin',
    bound: 'PutUserPermissionsBoundary', free: 'DeleteUserPermissionsBoundary', boundary: 'GetUserPermissionBoundary',
  },
  group: {
    list: 'ListAttachedGroupPolicies', attach: 'AttachGroupPolicy', detach: 'DetachGroupPolicy',
    asked: 'TargetGroupId', gains: 'AttachGroupId', loses: 'DetachGroupId',
  },
  role: {
    list: 'ListAttachedRolePolicies', attach: 'AttachRolePolicy', detach: 'DetachRolePolicy',
    asked: 'RoleId', gains: 'AttachRoleId', loses: 'DetachRoleId',
    bound: 'PutRolePermissionsBoundary', free: 'DeleteRolePermissionsBoundary', boundary: 'GetRolePermissionBoundary',
  },
};

/** The card with the policies of a holder; `changed` is called when they have become others. */
export function policiesCard(kind, id, changed = () => {}) {
  const calls = KINDS[kind];
  const place = h('div', {});
  const refresh = () => {
    changed();
    show();
  };
  const show = () => fill(place, later(async () => {
    const policies = await everything(calls.list, { [calls.asked]: id });
    return table(t('holders.policies'), columns(policies), policies, t('holders.noPolicies'));
  }));
  const columns = () => [
    [t('policies.name'), (one) => h('a', { href: to('policies', String(one.PolicyId)) }, one.PolicyName)],
    [t('policies.type'), (one) => badge(t(one.PolicyType === 'QCS' ? 'policies.preset' : 'policies.own'))],
    [t('holders.since'), (one) => camMoment(one.AddTime)],
    ['', (one) => button(t('holders.detach'), () => detach(one), { class: 'small', 'aria-label': t('holders.detachOf', { name: one.PolicyName }) })],
  ];
  const detach = (one) => confirm(t('holders.detach'), t('holders.detachText', { name: one.PolicyName }), t('holders.detach'), async () => {
    await call(calls.detach, { [calls.loses]: id, PolicyId: one.PolicyId });
    refresh();
  });
  const attach = () => choosePolicy(t('holders.attach'), async (policy) => {
    await call(calls.attach, { [calls.gains]: id, PolicyId: policy });
    refresh();
  });
  show();
  return h('div', { class: 'card' }, h('div', { class: 'head' }, h('h2', {}, t('holders.policies')), button(t('holders.attach'), attach)), place);
}

/** The card with the permission boundary of a user or a role. */
export function boundaryCard(kind, id, changed = () => {}) {
  const calls = KINDS[kind];
  const place = h('div', {});
  const refresh = () => {
    changed();
    show();
  };
  const show = () => fill(place, later(async () => {
    const bound = await call(calls.boundary, { [calls.asked]: id });
    if (bound.PolicyId === null || bound.PolicyId === undefined) return h('p', { class: 'hint' }, t('holders.unbound'));
    return h('p', {}, h('a', { href: to('policies', String(bound.PolicyId)) }, bound.PolicyName), ' ', button(t('holders.free'), free, { class: 'small danger' }));
  }));
  const free = () => confirm(t('holders.free'), t('holders.freeText'), t('holders.free'), async () => {
    await call(calls.free, { [calls.asked]: id });
    refresh();
  });
  const bind = () => choosePolicy(t('holders.bind'), async (policy) => {
    await call(calls.bound, { [calls.asked]: id, PolicyId: policy });
    refresh();
  });
  show();
  return h('div', { class: 'card' }, h('div', { class: 'head' }, h('h2', {}, t('holders.boundary')), button(t('holders.bind'), bind)), h('p', { class: 'hint' }, t('holders.boundaryHint')), place);
}

function choosePolicy(title, chosen) {
  dialog(title, (close) => later(async () => {
    const policies = await everything('ListPolicies', { Scope: 'All' });
    const which = field(t('policies.name'), select(policies.map((one) => [one.PolicyId, one.PolicyName])));
    return form([which.element], title, async () => {
      await chosen(Number(which.value()));
      close();
    });
  }));
}
