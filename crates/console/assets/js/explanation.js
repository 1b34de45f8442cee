// Why a request was refused, layer by layer, and the nearest allow that is missing. docs/explain.md describes the answer.

import { h } from '/js/dom.js';
import { has, moment, t } from '/js/i18n.js';
import { call } from '/js/calls.js';
import { badge, copier, facts, later } from '/js/widgets.js';

const TONES = { allows: 'good', denies: 'bad', unreadable: 'bad', silent: 'warn' };

/** The explanation of one request, asked for with the rights of whoever is signed in. */
export function explanationPanel(requestId) {
  return later(async () => {
    const { Explanation: explanation } = await call('ExplainDecision', { RequestId: requestId });
    return shown(explanation);
  });
}

function shown({ Operation: operation, Method: method, Code: code, Time: time, Caller: caller, Cause: cause, Reasons: reasons }) {
  return h(
    'div', { class: 'explanation' },
    facts([
      [t('explain.request'), h('code', {}, operation ?? method)],
      [t('explain.outcome'), code ? badge(code, 'bad') : badge(t('explain.answered'), 'good')],
      [t('explain.when'), moment(time / 1000)],
      [t('explain.who'), caller && h('code', {}, caller.Principal)],
      [t('explain.key'), caller?.AccessKeyId && h('code', {}, caller.AccessKeyId)],
      [t('explain.session'), caller?.SessionName],
    ]),
    cause && causePart(cause),
    reasons?.Rule && h('p', {}, t('explain.rule', { rule: reasons.Rule })),
    reasons?.Judgements.map(judgementPart),
    reasons && mendPart(reasons.Mend),
  );
}

function causePart(cause) {
  const known = `cause.${cause.Kind}`;
  return [
    h('p', {}, has(known) ? t(known) : cause.Kind),
    facts(cause.Facts.map(({ Name: name, Value: value }) => [name, h('code', { class: 'wrap' }, value)])),
  ];
}

function judgementPart(judgement) {
  return h(
    'div', { class: 'judgement' },
    h('h3', {}, h('code', {}, judgement.Action), ' ', badge(judgement.Allowed ? t('explain.allowed') : t('explain.refused'), judgement.Allowed ? 'good' : 'bad')),
    h('p', { class: 'hint' }, h('code', {}, judgement.Resource)),
    h('ul', { class: 'layers' }, judgement.Layers.map(layerPart)),
  );
}

function layerPart(layer) {
  return h(
    'li', {},
    h('strong', {}, layerName(layer)), ' ',
    badge(t(`verdict.${layer.Verdict}`), TONES[layer.Verdict]),
    layer.Deciding && h('span', {}, ' ', statementName(layer.Deciding)),
    layer.Closest && h('ul', {}, h('li', {}, t('explain.closest', { statement: statementName(layer.Closest) })), misfits(layer.Closest)),
  );
}

function layerName({ Layer: layer, Document: document }) {
  const known = `layer.${layer}`;
  const name = has(known) ? t(known) : layer;
  return document === undefined ? name : `${name} ${document + 1}`;
}

const statementName = ({ Statement: statement, Sid: sid }) =>
  t('explain.statement', { number: statement + 1 }) + (sid ? ` (${sid})` : '');

function misfits(closest) {
  const of = (name, mismatch) => mismatch && h('li', {}, t('explain.misfit', {
    what: t(`misfit.${name}`), expected: mismatch.Expected.join(', '), actual: mismatch.Actual,
  }));
  const condition = (one) => h('li', {}, t('explain.misfit', {
    what: `${one.Operator} ${one.Key}`, expected: one.Expected.join(', '),
    actual: one.Withheld ? '…' : one.Actual.join(', ') || t('say.nothing'),
  }));
  return [
    of('principal', closest.Principal), of('action', closest.Action), of('resource', closest.Resource),
    (closest.Conditions ?? []).map(condition),
  ];
}

function mendPart(mend) {
  if (mend.State === 'notNeeded') return null;
  const title = h('h3', {}, t('explain.wayOut'));
  if (mend.State === 'statements') return [title, mend.Steps.map(stepPart)];
  if (mend.State === 'denied') return [title, h('ul', {}, mend.Denials.map(denialPart))];
  return [title, h('p', {}, t(`mend.${mend.State}`))];
}

function stepPart(step) {
  const text = JSON.stringify(step.Statement, null, 2);
  const where = step.Layer === 'session' ? t('explain.addSession') : t('explain.add', { layer: layerName(step) });
  return h('div', {}, h('p', {}, where, ' ', copier(text)), h('pre', { class: 'wrap' }, text));
}

function denialPart(denial) {
  const statement = denial.Statement === undefined ? t('verdict.unreadable') : statementName(denial);
  return h('li', {}, t('explain.denies', { layer: layerName(denial), statement }));
}
