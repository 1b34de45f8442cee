// A text area for a policy, with what lint finds about it below, as one types.

import { fill, freshId, h } from '/js/dom.js';
import { has, spoken, t } from '/js/i18n.js';
import { call } from '/js/calls.js';
import { causeOf } from '/js/refusal.js';
import { statementPlace } from '/js/statement-place.js';
import { badge, field } from '/js/widgets.js';

/** How long nothing must be typed before the server is asked, in milliseconds. */
const PAUSE = 250;
const TONES = { E: 'bad', W: 'warn' };

/**
 * @param {{label: string, kind: 'identity' | 'session' | 'bucket' | 'trust', text?: string, rows?: number,
 *   changed?: (text: string, isJson: boolean) => void}} parts
 */
export function policyEditor({ label, kind, text = '', rows = 14, changed = () => {} }) {
  const listId = freshId();
  const area = h('textarea', { rows, spellcheck: 'false', class: 'code', value: text, oninput: () => soon() });
  const of = field(label, area);
  const findings = h('div', { id: listId, class: 'findings', 'aria-live': 'polite' });
  let [timer, turn] = [0, 0];

  function soon() {
    clearTimeout(timer);
    timer = setTimeout(look, PAUSE);
  }

  async function look() {
    turn += 1;
    const mine = turn;
    const wrong = wrongJson(area.value);
    of.note(wrong);
    changed(area.value, wrong === '');
    if (wrong !== '' || area.value.trim() === '') return fill(findings);
    try {
      const told = await call('LintPolicy', { PolicyDocument: area.value, Kind: kind });
      // What was asked before the last change is of a text that is no more.
      if (mine === turn) fill(findings, list(told.Findings, area));
    } catch (error) {
      if (mine === turn) fill(findings, unlinted(error));
    }
  }

  const write = (next) => {
    area.value = next;
    soon();
  };
  if (text !== '') soon();
  return { element: h('div', {}, of.element, findings), field: of, value: () => area.value, write, control: area };
}

// Who may not have his policy looked at may use it all the same.
function unlinted(error) {
  return error.isDenial ? h('p', { class: 'hint' }, t('policy.unlinted')) : h('p', { class: 'wrong' }, causeOf(error));
}

/** A policy's text as people read it; what is not JSON stays as it is. */
export function indented(text) {
  try {
    return JSON.stringify(JSON.parse(text), null, 2);
  } catch {
    return text;
  }
}

function wrongJson(text) {
  if (text.trim() === '') return '';
  try {
    JSON.parse(text);
    return '';
  } catch (error) {
    return t('policy.notJson', { cause: error.message });
  }
}

function list(found, area) {
  if (found.length === 0) return h('p', { class: 'good' }, t('policy.clean'));
  const one = (finding) => h(
    'li', {},
    badge(finding.Rule, TONES[finding.Severity]),
    ' ',
    where(finding, area),
    said(finding),
    finding.Hint && h('span', { class: 'hint' }, ` ${mend(finding)}`),
    finding.Witness && h('span', { class: 'hint' }, ` ${t('policy.witness', { request: finding.Witness })}`),
  );
  return h('ul', {}, found.map(one));
}

// The server speaks English alone. What it quotes of the policy stands in backquotes.
function said({ Rule: rule, Message: message }) {
  if (spoken() === 'en' || !has(`lint.${rule}`)) return message;
  const quoted = message.match(/`[^`]*`/g) ?? [];
  return [t(`lint.${rule}`), ...quoted].join(' ');
}

function mend({ Rule: rule, Hint: hint }) {
  return has(`lint.${rule}.mend`) ? t(`lint.${rule}.mend`) : hint;
}

function where(finding, area) {
  if (!Number.isInteger(finding.Statement)) return null;
  const place = statementPlace(area.value, finding.Statement);
  const text = t('policy.statement', { number: finding.Statement + 1 });
  if (place === null) return `${text} `;
  const mark = () => {
    area.focus();
    area.setSelectionRange(...place);
  };
  return [h('button', { type: 'button', class: 'link', onclick: mark }, text), ' '];
}
