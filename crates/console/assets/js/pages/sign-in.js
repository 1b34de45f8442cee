// Signing in: a key pair is tried against the server and kept in memory.

import { h } from '/js/dom.js';
import { t } from '/js/i18n.js';
import { call, place } from '/js/calls.js';
import { remember } from '/js/session.js';
import { demand, field, form, heading, input } from '/js/widgets.js';

/** The page; `arrive` is called when somebody is signed in. */
export function signIn(arrive) {
  // Digests and signatures are offered to pages of safe origins only: HTTPS, or the machine itself.
  if (!window.isSecureContext) {
    return h('section', { class: 'card' }, heading(t('page.sign-in')),
      h('p', { class: 'trouble', role: 'alert' }, t('signIn.unsafe')));
  }
  const id = field(t('signIn.id'), input({ required: true }), { hint: t('signIn.idHint') });
  const secret = field(t('signIn.secret'), input({ type: 'password', required: true }));
  const token = field(t('signIn.token'), input({}), { hint: t('signIn.tokenHint') });
  const send = async () => {
    const pair = {
      id: demand(id, (text) => /^[\w-]{1,128}$/.test(text), t('signIn.idWrong')),
      secret: demand(secret, (text) => text !== '', t('signIn.secretWrong')),
      token: token.value().trim(),
    };
    const who = await call('GetCallerIdentity', {}, pair);
    remember(pair, who);
    arrive();
  };
  return h(
    'section', { class: 'card' },
    heading(t('page.sign-in')),
    h('p', {}, t('signIn.why', { endpoint: new URL(place.api_endpoint).host })),
    form([id.element, secret.element, token.element], t('signIn.do'), send),
    h('p', { class: 'hint' }, t('signIn.memory')),
  );
}
