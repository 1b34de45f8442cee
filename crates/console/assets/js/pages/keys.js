// Temporary keys: what a key is to be for, what remains of it (A ∩ B), the key itself, and a request that tries it.

import { announce, fill, h } from '/js/dom.js';
import { duration, moment, t } from '/js/i18n.js';
import { call, childrenOf, place, store, storeXml, textOf } from '/js/calls.js';
import { effectivePanel } from '/js/effective.js';
import { explanationPanel } from '/js/explanation.js';
import { policyEditor } from '/js/policy-editor.js';
import { causeOf } from '/js/refusal.js';
import { PURPOSES, policyOf } from '/js/scope.js';
import { badge, button, copier, demand, facts, field, form, heading, input, later, secret, select, trouble } from '/js/widgets.js';

const MINUTES = 60;
const [SHORTEST, LONGEST] = [30 * MINUTES, 36 * 60 * MINUTES];

export function show() {
  const effective = effectivePanel();
  const issued = h('div', { 'aria-live': 'polite' });
  const editor = policyEditor({
    label: t('keys.policy'), kind: 'session', changed: (text, isJson) => { if (isJson) effective.update(text); },
  });
  effective.update('');
  return h(
    'section', {},
    heading(t('page.keys')),
    h('div', { class: 'columns' },
      h('div', { class: 'card' }, h('h2', {}, t('keys.what')), later(() => scopeForm(editor)), issueForm(editor, issued)),
      h('div', { class: 'card remains' }, h('h2', {}, t('keys.remains')), effective.element),
    ),
    effective.picture,
    issued,
  );
}

async function bucketNames() {
  const [all] = childrenOf(await storeXml({}), 'Buckets');
  return all ? childrenOf(all, 'Bucket').map((bucket) => textOf(bucket, 'Name')) : [];
}

// Writes the policy anew with every change; whoever would rather write it by hand does so in the editor below.
async function scopeForm(editor) {
  const names = await bucketNames().catch(() => []);
  const bucket = field(t('objects.bucket'), names.length > 0 ? select(names) : input({ placeholder: `photos-${place.appid}` }));
  const keys = field(t('keys.keys'), input({ value: 'alice/*' }), { hint: t('keys.keysHint') });
  const size = field(t('keys.maxMiB'), input({ type: 'number', min: 1, max: 5120, value: '10' }), { hint: t('keys.maxHint') });
  const types = field(t('keys.types'), input({ value: 'image/*' }), { hint: t('keys.typesHint') });
  const ticks = Object.keys(PURPOSES).map((purpose) => {
    const box = h('input', { type: 'checkbox', value: purpose });
    box.checked = purpose === 'upload' || purpose === 'download';
    return box;
  });
  const write = () => {
    const purposes = ticks.filter((box) => box.checked).map((box) => box.value);
    if (purposes.length === 0 || bucket.value() === '') return editor.write('');
    const maxBytes = Math.round(Number(size.value()) * 1024 ** 2);
    return editor.write(policyOf({
      region: place.region, bucket: bucket.value(), keys: keys.value(), purposes, maxBytes, types: types.value(),
    }));
  };
  write();
  return h(
    'div', { oninput: write },
    bucket.element,
    keys.element,
    h('fieldset', { class: 'ticks' }, h('legend', {}, t('keys.may')),
      ticks.map((box) => h('label', {}, box, ` ${t(`purpose.${box.value}`)}`))),
    h('div', { class: 'two' }, size.element, types.element),
  );
}

function issueForm(editor, issued) {
  const name = field(t('keys.name'), input({ value: 'console' }), { hint: t('keys.nameHint') });
  const seconds = field(t('keys.duration'), select([1800, 3600, 7200, 43_200, LONGEST].map((one) => [one, duration(one)])));
  seconds.control.value = '1800';
  const send = async () => {
    const lasts = Number(demand(seconds, (text) => Number(text) >= SHORTEST && Number(text) <= LONGEST, t('keys.durationWrong')));
    const session = demand(name, (text) => /^[\w+=,.@-]{2,32}$/.test(text), t('keys.nameHint'));
    const policy = editor.value().trim();
    const told = await call('GetFederationToken', {
      Name: session,
      DurationSeconds: lasts,
      // The API takes the policy percent-encoded.
      Policy: policy === '' ? '{"version":"2.0","statement":[{"effect":"allow","action":"*","resource":"*"}]}' : encodeURIComponent(policy),
    });
    fill(issued, keyCard(told, policy));
    issued.scrollIntoView({ behavior: 'smooth', block: 'start' });
    announce(t('keys.made'));
  };
  return form([editor.element, h('div', { class: 'two' }, name.element, seconds.element)], t('keys.issue'), send);
}

function keyCard(told, policy) {
  const { TmpSecretId: id, TmpSecretKey: secretKey, Token: token } = told.Credentials;
  const exports = [`TENCENTCLOUD_SECRET_ID=${id}`, `TENCENTCLOUD_SECRET_KEY=${secretKey}`, `TENCENTCLOUD_SESSION_TOKEN=${token}`]
    .map((line) => `export ${line}`).join('\n');
  return h(
    'div', { class: 'card' },
    h('div', { class: 'head' }, h('h2', {}, t('keys.made')), h('span', {}, t('keys.exports'), ' ', copier(exports))),
    facts([
      ['TmpSecretId', h('code', {}, id, ' ', copier(id))],
      ['TmpSecretKey', secret(secretKey)],
      ['Token', secret(token)],
      [t('keys.expires'), moment(told.ExpiredTime)],
    ]),
    h('p', { class: 'hint' }, t('keys.once')),
    tryForm({ id, secret: secretKey, token }, policy),
  );
}

const REQUESTS = {
  HeadObject: ({ bucket, key }) => ({ method: 'HEAD', bucket, key }),
  GetBucket: ({ bucket, key }) => ({ bucket, query: { prefix: key, 'max-keys': '1' } }),
  PutObject: ({ bucket, key, type }) => ({ method: 'PUT', bucket, key, body: '', headers: { 'Content-Type': type } }),
  DeleteObject: ({ bucket, key }) => ({ method: 'DELETE', bucket, key }),
};

// The first bucket that a policy names, to begin with.
const bucketIn = (policy) => /:([a-z0-9][a-z0-9-]*-\d+)\//.exec(policy)?.[1] ?? '';

// The request is really sent, signed with the temporary key: nothing but the store's own gate says what would happen.
function tryForm(pair, policy) {
  const action = field(t('keys.request'), select(Object.keys(REQUESTS)));
  const bucket = field(t('objects.bucket'), input({ placeholder: `photos-${place.appid}`, value: bucketIn(policy) }));
  const key = field(t('objects.key'), input({ value: 'alice/note.txt' }));
  const type = field(t('keys.type'), input({ value: 'image/png' }));
  const result = h('div', { 'aria-live': 'polite' });
  const send = async () => {
    const target = { bucket: demand(bucket, (text) => text !== '', t('keys.bucketWrong')), key: key.value(), type: type.value() };
    try {
      const answer = await store(REQUESTS[action.value()](target), pair);
      fill(result, h('p', {}, badge(String(answer.status), 'good'), ' ', t('keys.allowed')));
    } catch (error) {
      // What is not there was not refused either.
      const isAbsent = error.status === 404;
      const line = h('p', {}, badge(String(error.status || '–'), isAbsent ? 'good' : 'bad'), ' ', isAbsent ? t('keys.absent') : causeOf(error));
      fill(result, line, error.isDenial && error.requestId ? explanationPanel(error.requestId) : !isAbsent && trouble(error));
    }
  };
  return h(
    'div', { class: 'try' },
    h('h3', {}, t('keys.try')),
    h('p', { class: 'hint' }, t('keys.tryHint')),
    form([h('div', { class: 'four' }, action.element, bucket.element, key.element, type.element)], t('keys.send'), send),
    result,
    button(t('do.clear'), () => fill(result), { class: 'small' }),
  );
}
