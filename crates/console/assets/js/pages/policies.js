// Policies: the account's own and the preset ones; written with lint as one types, with versions, and who holds each.

import { announce, fill, h } from '/js/dom.js';
import { camMoment, t } from '/js/i18n.js';
import { call } from '/js/calls.js';
import { everything } from '/js/everything.js';
import { indented, policyEditor } from '/js/policy-editor.js';
import { go, to } from '/js/router.js';
import { badge, button, confirm, demand, facts, field, form, heading, input, later, select, table } from '/js/widgets.js';

const FIRST = JSON.stringify({ version: '2.0', statement: [{ effect: 'allow', action: ['name/cos:GetObject'], resource: ['*'] }] }, null, 2);
/** Of a policy: made by the service. */
const PRESET = 2;

/** `#/policies`, `#/policies/new` or `#/policies/<id>`. */
export function show(id) {
  if (id === 'new') return make();
  return id ? one(Number(id)) : all();
}

function all() {
  const place = h('div', {});
  const scope = select([['Local', t('policies.own')], ['QCS', t('policies.preset')], ['All', t('policies.all')]], { 'aria-label': t('policies.which'), onchange: () => list() });
  const columns = [
    [t('policies.name'), (policy) => h('a', { href: to('policies', String(policy.PolicyId)) }, policy.PolicyName)],
    [t('policies.type'), (policy) => badge(t(policy.Type === PRESET ? 'policies.preset' : 'policies.own'))],
    [t('policies.holders'), (policy) => String(policy.Attachments)],
    [t('roles.description'), (policy) => policy.Description],
  ];
  const list = () => fill(place, later(async () =>
    table(t('page.policies'), columns, await everything('ListPolicies', { Scope: scope.value }), t('policies.none'))));
  list();
  return h('section', {}, heading(t('page.policies'), scope, h('a', { class: 'button primary', href: to('policies', 'new') }, t('policies.make'))), place);
}

function make() {
  const name = field(t('policies.name'), input({ required: true }), { hint: t('policies.nameHint') });
  const description = field(t('roles.description'), input({}));
  const editor = policyEditor({ label: t('policies.document'), kind: 'identity', text: FIRST });
  const send = async () => {
    const { PolicyId: id } = await call('CreatePolicy', {
      PolicyName: demand(name, (text) => /^[A-Za-z0-9+=,.@_-]{1,128}$/.test(text), t('policies.nameHint')),
      Description: description.value(),
      PolicyDocument: editor.value(),
    });
    go('policies', String(id));
  };
  return h('section', {}, heading(t('policies.make')), form([name.element, description.element, editor.element], t('policies.make'), send, { class: 'card' }));
}

function one(id) {
  return h('section', {}, later(async () => {
    const policy = await call('GetPolicy', { PolicyId: id });
    const isPreset = policy.Type === PRESET;
    return [
      heading(policy.PolicyName, !isPreset && button(t('policies.remove'), () => remove(id, policy.PolicyName), { class: 'danger' })),
      h('div', { class: 'card' }, facts([
        ['PolicyId', String(id)], [t('policies.type'), t(isPreset ? 'policies.preset' : 'policies.own')],
        [t('roles.description'), policy.Description], [t('policies.updated'), camMoment(policy.UpdateTime)],
      ])),
      isPreset ? h('pre', { class: 'wrap' }, indented(policy.PolicyDocument)) : versionsCard(id, policy),
      holdersCard(id),
    ];
  }));
}

// Saving makes a version, so that what held before can be set again.
function versionsCard(id, policy) {
  const editor = policyEditor({ label: t('policies.document'), kind: 'identity', text: indented(policy.PolicyDocument) });
  const place = h('div', {});
  const columns = [
    [t('policies.version'), (version) => [`${version.VersionId} `, version.IsDefaultVersion ? badge(t('policies.counts'), 'good') : null]],
    [t('users.created'), (version) => camMoment(version.CreateDate)],
    ['', (version) => h('span', { class: 'actions' }, view(version), !version.IsDefaultVersion && [setDefault(version), drop(version)])],
  ];
  const list = () => fill(place, later(async () => {
    const { Versions: versions } = await call('ListPolicyVersions', { PolicyId: id });
    return table(t('policies.versions'), columns, versions);
  }));
  const view = ({ VersionId: version }) => button(t('policies.view'), async () => {
    const told = await call('GetPolicyVersion', { PolicyId: id, VersionId: version });
    editor.write(indented(told.PolicyVersion.Document));
  }, { class: 'small', 'aria-label': `${t('policies.view')} ${version}` });
  const setDefault = ({ VersionId: version }) => button(t('policies.setDefault'), async () => {
    await call('SetDefaultPolicyVersion', { PolicyId: id, VersionId: version });
    list();
  }, { class: 'small', 'aria-label': `${t('policies.setDefault')} ${version}` });
  const drop = ({ VersionId: version }) => button(t('do.delete'), () => confirm(t('policies.drop'), t('policies.dropText', { version }), t('do.delete'), async () => {
    await call('DeletePolicyVersion', { PolicyId: id, VersionId: [version] });
    list();
  }), { class: 'small danger', 'aria-label': `${t('do.delete')} ${version}` });
  const save = async () => {
    await call('CreatePolicyVersion', { PolicyId: id, PolicyDocument: editor.value(), SetAsDefault: true });
    announce(t('say.saved'));
    list();
  };
  list();
  return h('div', { class: 'columns' },
    form([editor.element], t('policies.save'), save, { class: 'card' }),
    h('div', { class: 'card' }, h('h2', {}, t('policies.versions')), place));
}

function holdersCard(id) {
  const columns = [
    [t('policies.holder'), (holder) => holder.Name],
    [t('policies.kind'), (holder) => t(`policies.kind${holder.RelatedType}`)],
  ];
  const list = async () => table(t('policies.holders'), columns, await everything('ListEntitiesForPolicy', { PolicyId: id, EntityFilter: 'All' }), t('policies.nobody'));
  return h('div', { class: 'card' }, h('h2', {}, t('policies.holders')), later(list));
}

function remove(id, name) {
  confirm(t('policies.remove'), t('policies.removeText', { name }), t('do.delete'), async () => {
    await call('DeletePolicy', { PolicyId: [id] });
    go('policies');
  });
}
