// The frame around the pages: who is signed in, where one can go, and the page that the address names.

import { announce, fill, h } from '/js/dom.js';
import { speak, spoken, t } from '/js/i18n.js';
import { findPlace, place } from '/js/calls.js';
import { go, here, to } from '/js/router.js';
import { forget, identity, signedIn } from '/js/session.js';
import { button, trouble } from '/js/widgets.js';
import { signIn } from '/js/pages/sign-in.js';
import { PAGES } from '/js/pages/all.js';

const THEME = 'daypass.theme';
const app = document.getElementById('app');
/** Made once, and moved from frame to frame: a server that is gone must not take it away. */
const LOGO = h('img', { src: '/icon.svg', alt: '', width: 24, height: 24 });
/** Where to go after signing in. */
let wanted = null;

function applyTheme(theme) {
  if (theme === null) delete document.documentElement.dataset.theme;
  else document.documentElement.dataset.theme = theme;
}

function isDark() {
  const chosen = document.documentElement.dataset.theme;
  return chosen ? chosen === 'dark' : matchMedia('(prefers-color-scheme: dark)').matches;
}

function switchTheme() {
  const next = isDark() ? 'light' : 'dark';
  localStorage.setItem(THEME, next);
  applyTheme(next);
}

function switchLanguage() {
  speak(spoken() === 'en' ? 'zh' : 'en');
  show();
}

function bar() {
  const who = identity();
  return h(
    'header', { class: 'bar' },
    h('a', { class: 'brand', href: to('') }, LOGO, 'Daypass'),
    h('span', { class: 'grow' }),
    who && h('span', { class: 'who', title: who.Arn }, shortArn(who.Arn)),
    button(spoken() === 'en' ? '中文' : 'English', switchLanguage, {
      class: 'plain', lang: spoken() === 'en' ? 'zh-Hans' : 'en',
    }),
    button('◐', switchTheme, { class: 'plain', 'aria-label': t('do.switchTheme') }),
    who && button(t('do.signOut'), () => { forget(); go('sign-in'); }, { class: 'plain' }),
  );
}

const shortArn = (arn) => arn.replace(/^qcs::/, '');

function navigation(current) {
  const link = ({ name }) =>
    h('li', {}, h('a', { href: to(name), 'aria-current': name === current ? 'page' : null }, t(`page.${name}`)));
  return h('nav', { 'aria-label': t('say.pages') }, h('ul', {}, PAGES.map(link)));
}

/** Shows the page that the address names; without a key that is the sign-in. */
function show() {
  const { name, segments } = here();
  if (!signedIn()) {
    if (name !== 'sign-in' && name !== '') wanted = location.hash;
    frame(null, signIn(arrive));
    return;
  }
  const page = PAGES.find((one) => one.name === name) ?? PAGES[0];
  frame(page.name, shown(page, segments));
}

// A page that cannot be made says so in its place: the way to all others stays.
function shown(page, segments) {
  try {
    return page.show(...segments);
  } catch (error) {
    return trouble(error, show);
  }
}

function frame(current, content) {
  const title = current === null ? t('page.sign-in') : t(`page.${current}`);
  document.title = `${title} · Daypass`;
  document.querySelectorAll('dialog').forEach((open) => open.close());
  fill(
    app,
    h('a', { class: 'skip', href: '#main', onclick: skip }, t('do.skip')),
    bar(),
    h('div', { class: current === null ? 'alone' : 'body' },
      current !== null && navigation(current),
      h('main', { id: 'main', tabindex: -1 }, content)),
    h('footer', {}, `Daypass ${place?.version ?? ''} · ${place?.region ?? ''}`),
  );
  scrollTo(0, 0);
  // Where the navigation is a strip that scrolls, one sees where one is.
  app.querySelector('nav [aria-current]')?.scrollIntoView({ block: 'nearest', inline: 'nearest' });
  app.querySelector('h1')?.focus({ preventScroll: true });
  announce(title);
}

function skip(event) {
  event.preventDefault();
  document.getElementById('main').focus();
}

function arrive() {
  const next = wanted ?? to(PAGES[0].name);
  wanted = null;
  if (location.hash === next) show();
  else location.hash = next;
}

async function start() {
  applyTheme(localStorage.getItem(THEME));
  try {
    await findPlace();
  } catch (error) {
    frame(null, trouble(error, start));
    return;
  }
  addEventListener('hashchange', show);
  show();
}

start();
