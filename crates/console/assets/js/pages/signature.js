// The signature tool: every step of a signature, and where one from elsewhere begins to differ. Nothing is sent.

import { fill, h } from '/js/dom.js';
import { t } from '/js/i18n.js';
import { now } from '/js/calls.js';
import { signCos, signTc3 } from '/js/signing.js';
import { badge, copier, demand, facts, field, form, heading, input, select } from '/js/widgets.js';

export function show() {
  return h(
    'section', {},
    heading(t('page.signature')),
    h('p', { class: 'hint' }, t('signature.why')),
    h('div', { class: 'columns' }, cosTool(), tc3Tool()),
  );
}

function keyFields() {
  return { id: field('SecretId', input({ required: true })), secret: field('SecretKey', input({ type: 'password', required: true })) };
}

function keyOf({ id, secret }) {
  return {
    id: demand(id, (text) => text !== '', t('signIn.idWrong')),
    secret: demand(secret, (text) => text !== '', t('signIn.secretWrong')),
  };
}

function cosTool() {
  const key = keyFields();
  const method = field(t('signature.method'), select(['GET', 'PUT', 'POST', 'HEAD', 'DELETE', 'OPTIONS']));
  const path = field(t('signature.path'), input({ value: '/alice/note.txt' }), { hint: t('signature.pathHint') });
  const query = field(t('signature.query'), h('textarea', { rows: 3, class: 'code', spellcheck: 'false' }), { hint: t('signature.queryHint') });
  const headers = field(t('signature.headers'), h('textarea', { rows: 3, class: 'code', spellcheck: 'false' }), { hint: t('signature.headersHint') });
  const time = field('KeyTime', input({ value: `${now() - 60};${now() + 900}` }), { hint: t('signature.timeHint') });
  const other = field(t('signature.other'), input({}), { hint: t('signature.otherHint') });
  const place = h('div', { 'aria-live': 'polite' });
  const compute = async () => {
    const keyTime = demand(time, (text) => /^\d{1,12};\d{1,12}$/.test(text), t('signature.timeHint'));
    const request = {
      method: method.value(),
      path: demand(path, (text) => text.startsWith('/'), t('signature.pathHint')),
      query: pairs(query.value(), '='),
      headers: pairs(headers.value(), ':'),
    };
    const steps = await signCos(keyOf(key), request, keyTime);
    fill(place, shown(steps, other.value().trim()));
  };
  const fields = [key.id, key.secret, method, path, query, headers, time, other];
  return h('div', { class: 'card' }, h('h2', {}, t('signature.cos')), form(fields.map((one) => one.element), t('signature.compute'), compute), place);
}

function tc3Tool() {
  const key = keyFields();
  const service = field(t('signature.service'), select(['sts', 'cam']));
  const host = field('Host', input({ value: 'sts.tencentcloudapi.com' }));
  const body = field(t('signature.body'), h('textarea', { rows: 5, class: 'code', spellcheck: 'false', value: '{}' }));
  const time = field('X-TC-Timestamp', input({ value: String(now()) }));
  const other = field(t('signature.other'), input({}), { hint: t('signature.otherHint') });
  const place = h('div', { 'aria-live': 'polite' });
  const compute = async () => {
    const seconds = Number(demand(time, (text) => /^\d{1,12}$/.test(text), t('signature.secondsWrong')));
    const request = { host: demand(host, (text) => text !== '', t('signature.hostWrong')), service: service.value(), body: body.value() };
    const steps = await signTc3(keyOf(key), request, seconds);
    fill(place, shown(steps, other.value().trim()));
  };
  const fields = [key.id, key.secret, service, host, body, time, other];
  return h('div', { class: 'card' }, h('h2', {}, t('signature.tc3')), form(fields.map((one) => one.element), t('signature.compute'), compute), place);
}

function pairs(text, mark) {
  return text.split('\n').map((line) => line.trim()).filter(Boolean).map((line) => {
    const at = line.indexOf(mark);
    return at < 0 ? [line, ''] : [line.slice(0, at).trim(), line.slice(at + 1).trim()];
  });
}

function shown(steps, other) {
  const code = ([name, text]) => [name, h('div', {}, h('pre', { class: 'wrap' }, text), copier(text))];
  return [facts(Object.entries(steps).map(code)), other !== '' && comparison(steps, other)];
}

// What is compared with may be the whole header, or the signature alone.
function comparison(steps, other) {
  const theirs = /(?:q-signature|Signature)=([0-9a-f]+)/.exec(other)?.[1] ?? other;
  if (theirs === steps.signature) return h('p', {}, badge(t('signature.same'), 'good'));
  const hint = other.includes('=') ? differences(steps.authorization, other) : [];
  return [h('p', {}, badge(t('signature.differs'), 'bad'), ' ', t('signature.differsHint')), hint.length > 0 && h('ul', {}, hint)];
}

function differences(ours, theirs) {
  const partsOf = (text) => new Map(text.split(/[&,\s]+/).filter((part) => part.includes('=')).map((part) => {
    const at = part.indexOf('=');
    return [part.slice(0, at), part.slice(at + 1)];
  }));
  const [mine, other] = [partsOf(ours), partsOf(theirs)];
  const names = [...new Set([...mine.keys(), ...other.keys()])].filter((name) => !/signature$/i.test(name));
  return names.filter((name) => mine.get(name) !== other.get(name)).map((name) =>
    h('li', {}, h('code', {}, name), `: ${t('signature.part', { mine: mine.get(name) ?? '–', theirs: other.get(name) ?? '–' })}`));
}
