// The parts that pages are made of: buttons, fields, tables, dialogs, and what is said when something goes wrong.

import { announce, fill, freshId, h } from '/js/dom.js';
import { t } from '/js/i18n.js';
import { causeOf, wayOut } from '/js/refusal.js';
import { go, to } from '/js/router.js';
import { forget } from '/js/session.js';

/** A page's heading with what can be done on it to the right. */
export function heading(text, ...actions) {
  return h('div', { class: 'head' }, h('h1', { tabindex: -1 }, text), h('div', { class: 'actions' }, actions));
}

/** A button; while what it does is under way it cannot be pressed again. */
export function button(text, action, attributes = {}) {
  const element = h('button', { type: 'button', ...attributes, onclick: () => once(element, action) }, text);
  return element;
}

async function once(element, action) {
  element.disabled = true;
  try {
    await action();
  } finally {
    element.disabled = false;
  }
}

/**
 * A labelled field. What it is refused for stands beside it and is read out with it.
 * @param {string} label
 * @param {HTMLElement} control an input, a select or a text area
 * @param {{hint?: string}} [more]
 */
export function field(label, control, { hint } = {}) {
  const [id, hintId, wrongId] = [freshId(), freshId(), freshId()];
  control.id = id;
  control.setAttribute('aria-describedby', `${hintId} ${wrongId}`);
  const wrong = h('span', { id: wrongId, class: 'wrong' });
  const element = h(
    'div', { class: 'field' },
    h('label', { for: id }, label),
    control,
    h('span', { id: hintId, class: 'hint' }, hint ?? ''),
    wrong,
  );
  const note = (text) => {
    fill(wrong, text);
    control.setAttribute('aria-invalid', String(text !== ''));
  };
  const refuse = (text) => {
    note(text);
    if (text !== '') control.focus();
  };
  return { element, control, note, refuse, value: () => control.value };
}

/** A text input. */
export const input = (attributes = {}) => h('input', { type: 'text', autocomplete: 'off', spellcheck: 'false', ...attributes });

/** A choice of values; each is a text or `[value, text]`. */
export function select(options, attributes = {}) {
  const pairs = options.map((option) => (Array.isArray(option) ? option : [option, option]));
  return h('select', attributes, pairs.map(([value, text]) => h('option', { value }, text)));
}

/** A form that calls `send` and shows what went wrong below its fields. */
export function form(children, submitText, send, attributes = {}) {
  const said = h('div', {});
  const submit = h('button', { type: 'submit', class: 'primary' }, submitText);
  const onsubmit = async (event) => {
    event.preventDefault();
    fill(said);
    submit.disabled = true;
    try {
      await send();
    } catch (error) {
      fill(said, trouble(error));
    } finally {
      submit.disabled = false;
    }
  };
  return h('form', { novalidate: true, ...attributes, onsubmit }, children, said, h('div', { class: 'actions' }, submit));
}

/** Holds a field to what it must be: refuses it with a text and stops the form, or gives its value. */
export function demand(of, isGood, text) {
  of.refuse('');
  const value = of.value().trim();
  if (isGood(value)) return value;
  of.refuse(text);
  throw new Error(text);
}

/** One line of what went wrong, and the way out of it. */
export function trouble(error, retry) {
  const out = wayOut(error);
  const line = causeOf(error);
  const ways = [
    retry && button(t('do.retry'), retry),
    error.endsSession && button(t('do.signInAgain'), () => { forget(); go('sign-in'); }),
    error.isDenial && error.requestId && h('a', { class: 'button', href: to('refusals', error.requestId) }, t('do.explain')),
  ];
  return h(
    'div', { class: 'trouble', role: 'alert' },
    h('p', {}, line),
    out && h('p', { class: 'hint' }, out),
    error.requestId && h('p', { class: 'hint' }, t('error.requestId', { id: error.requestId })),
    h('div', { class: 'actions' }, ways),
  );
}

/** A place that is filled when a promise comes, with what went wrong if it does not. */
export function later(make) {
  const place = h('div', { class: 'later', 'aria-busy': 'true' }, h('p', { class: 'hint' }, t('say.loading')));
  const run = async () => {
    try {
      fill(place, await make());
    } catch (error) {
      fill(place, trouble(error, run));
    }
    place.removeAttribute('aria-busy');
  };
  run();
  return place;
}

/** A text for whoever listens to the page alone. */
export const unseen = (text) => h('span', { class: 'unseen' }, text);

/**
 * A table. Each column is `[heading, cell of a row]`; a cell is a text, an element or nothing.
 * @template R
 * @param {string} caption
 * @param {[string, (row: R) => unknown][]} columns
 * @param {R[]} rows
 */
export function table(caption, columns, rows, none = t('say.none')) {
  if (rows.length === 0) return h('p', { class: 'hint' }, none);
  // Narrow screens show a row as a card, where the heading of a column stands before its cell.
  const cell = ([title, of], row) => h('td', { 'data-title': title }, of(row) ?? '–');
  return h(
    'div', { class: 'scroll', tabindex: 0, role: 'region', 'aria-label': caption },
    h(
      'table', {},
      h('caption', { class: 'unseen' }, caption),
      h('thead', {}, h('tr', {}, columns.map(([title]) => h('th', { scope: 'col' }, title || unseen(t('say.actions')))))),
      h('tbody', {}, rows.map((row) => h('tr', {}, columns.map((column) => cell(column, row))))),
    ),
  );
}

/** Pairs of a name and a value, one below the other. */
export function facts(pairs) {
  const present = pairs.filter(([, value]) => value !== undefined && value !== null && value !== '');
  return h('dl', { class: 'facts' }, present.map(([name, value]) => [h('dt', {}, name), h('dd', {}, value)]));
}

/** A dialog; `make` is given a function that closes it. Returns when it is open. */
export function dialog(title, make) {
  const id = freshId();
  const element = h('dialog', { 'aria-labelledby': id, onclose: () => element.remove() });
  const close = () => element.close();
  fill(
    element,
    h('div', { class: 'head' }, h('h2', { id }, title), button('×', close, { class: 'plain', 'aria-label': t('do.close') })),
    make(close),
  );
  document.body.append(element);
  element.showModal();
  return element;
}

/** Asks before something is done that cannot be undone. */
export function confirm(title, text, doText, action) {
  dialog(title, (close) => {
    const send = async () => {
      await action();
      close();
    };
    return form([typeof text === 'string' ? h('p', {}, text) : text], doText, send, { class: 'danger' });
  });
}

/** A button that copies a text. */
export function copier(text) {
  return button(t('do.copy'), async () => {
    await navigator.clipboard.writeText(text);
    announce(t('say.copied'));
  }, { class: 'small' });
}

/** A secret that is dots until it is asked for. */
export function secret(text) {
  const shown = h('code', { class: 'wrap' }, '••••••••••••');
  let isOpen = false;
  const toggle = button(t('do.show'), () => {
    isOpen = !isOpen;
    fill(shown, isOpen ? text : '••••••••••••');
    fill(toggle, isOpen ? t('do.hide') : t('do.show'));
  }, { class: 'small' });
  return h('span', { class: 'secret' }, shown, toggle, copier(text));
}

/** A word in a coloured frame; `tone` is `good`, `bad`, `warn` or nothing. */
export const badge = (text, tone = '') => h('span', { class: `badge ${tone}` }, text);
