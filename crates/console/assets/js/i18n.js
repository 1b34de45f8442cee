// The words of the page in the language of whoever reads it. Every entry has both languages side by side, so that none can
// lack one.

import core from '/js/words/core.js';
import explanations from '/js/words/explanations.js';
import keys from '/js/words/keys.js';
import lint from '/js/words/lint.js';
import objects from '/js/words/objects.js';
import people from '/js/words/people.js';
import sessions from '/js/words/sessions.js';
import signature from '/js/words/signature.js';
import trail from '/js/words/trail.js';

const WORDS = { ...core, ...explanations, ...keys, ...lint, ...objects, ...people, ...sessions, ...signature, ...trail };
const LANGUAGES = ['en', 'zh'];
const STORED_AS = 'daypass.language';

let language = chosen();
document.documentElement.lang = tag();

function chosen() {
  const kept = localStorage.getItem(STORED_AS);
  if (LANGUAGES.includes(kept)) return kept;
  return navigator.language.toLowerCase().startsWith('zh') ? 'zh' : 'en';
}

function tag() {
  return language === 'zh' ? 'zh-Hans' : 'en';
}

/** The language that is spoken: `en` or `zh`. */
export function spoken() {
  return language;
}

/** Speaks another language from the next page on. */
export function speak(next) {
  language = next;
  localStorage.setItem(STORED_AS, next);
  document.documentElement.lang = tag();
}

/**
 * The text of a key, with `{name}` replaced by values.
 * @param {string} key
 * @param {Record<string, unknown>} [values]
 */
export function t(key, values = {}) {
  if (!has(key)) throw new Error(`no text for ${key}`);
  return WORDS[key][LANGUAGES.indexOf(language)].replace(/\{(\w+)\}/g, (_, name) => String(values[name]));
}

/** Whether there is a text of this key, for keys that are made of what a server says. */
export function has(key) {
  return Object.hasOwn(WORDS, key);
}

/** A moment as people write it. */
export function moment(value) {
  if (!value) return '–';
  const date = typeof value === 'number' ? new Date(value * 1000) : new Date(value);
  if (Number.isNaN(date.getTime())) return String(value);
  return new Intl.DateTimeFormat(tag(), { dateStyle: 'medium', timeStyle: 'medium' }).format(date);
}

/** A moment that access management tells: the time of day of Beijing. */
export const camMoment = (text) => moment(text && `${text.replace(' ', 'T')}+08:00`);

/** A length of time in whole hours, or in minutes where it has none. */
export const duration = (seconds) =>
  (seconds % 3600 === 0 ? t('say.hours', { count: seconds / 3600 }) : t('say.minutes', { count: seconds / 60 }));

const UNITS = ['B', 'KiB', 'MiB', 'GiB', 'TiB'];

/** A number of bytes as people write it. */
export function bytes(count) {
  let [value, unit] = [Number(count), 0];
  while (value >= 1024 && unit + 1 < UNITS.length) [value, unit] = [value / 1024, unit + 1];
  const digits = unit === 0 || value >= 100 ? 0 : 1;
  return `${value.toFixed(digits)} ${UNITS[unit]}`;
}
