// An identity provider that others wrote: `oidc-provider`, certified by the OpenID Foundation, on the loopback interface.
//
// Whoever signs in walks through its pages as a browser would: the form with the name, the consent, the code in the
// redirect, and at last the code exchanged for an ID token.

import assert from 'node:assert/strict';
import { generateKeyPairSync } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:http';

import { Provider } from 'oidc-provider';

const REDIRECT = 'http://127.0.0.1/signed-in';
const MOST_STEPS = 10;

/** Keys of each type that Daypass takes. */
const KEYS = {
  RS256: () => generateKeyPairSync('rsa', { modulusLength: 2048 }),
  ES256: () => generateKeyPairSync('ec', { namedCurve: 'P-256' }),
  EdDSA: () => generateKeyPairSync('ed25519'),
};

export class Issuer {
  /** Each algorithm has a client of its own, whose name is the algorithm's. */
  static algorithms = Object.keys(KEYS);

  static async start() {
    const issuer = new Issuer();
    issuer.#server = createServer((...exchange) => issuer.#callback(...exchange)).listen(0, '127.0.0.1');
    await once(issuer.#server, 'listening');
    issuer.url = `http://127.0.0.1:${issuer.#server.address().port}`;
    issuer.#callback = issuer.#provider().callback();
    return issuer;
  }

  #server;
  #callback;
  url;

  /** The ID token of somebody who has signed in for this client. */
  async signIn(login, client) {
    const browser = new Browser(this.url);
    const wanted = { client_id: client, response_type: 'code', scope: 'openid', redirect_uri: REDIRECT };
    let place = `${this.url}/auth?${new URLSearchParams(wanted)}`;
    for (let step = 0; !place.startsWith(REDIRECT); step += 1) {
      assert.ok(step < MOST_STEPS, place);
      const { page, next } = await browser.open(place);
      const filled = () => ({ login, password: 'any', prompt: /name="prompt" value="(\w+)"/.exec(page)[1] });
      place = next ?? (await browser.open(place, filled())).next;
    }
    const code = new URL(place).searchParams.get('code');
    const proof = { client_id: client, client_secret: 'secret', redirect_uri: REDIRECT };
    const { page } = await browser.open(`${this.url}/token`, { grant_type: 'authorization_code', code, ...proof });
    return JSON.parse(page).id_token;
  }

  async stop() {
    this.#server.closeAllConnections();
    this.#server.close();
    await once(this.#server, 'close');
  }

  #provider() {
    const made = ([alg, pair]) => ({ ...pair().privateKey.export({ format: 'jwk' }), alg, use: 'sig' });
    const client = (algorithm) => ({
      client_id: algorithm,
      client_secret: 'secret',
      id_token_signed_response_alg: algorithm,
      redirect_uris: [REDIRECT],
      token_endpoint_auth_method: 'client_secret_post',
    });
    return new Provider(this.url, {
      clients: Issuer.algorithms.map(client),
      cookies: { keys: ['cookies'] },
      enabledJWA: { idTokenSigningAlgValues: Issuer.algorithms },
      jwks: { keys: Object.entries(KEYS).map(made) },
      pkce: { required: () => false },
    });
  }
}

/** As much of a browser as signing in takes: cookies, and forms. */
class Browser {
  #cookies = new Map();
  #base;

  constructor(base) {
    this.#base = base;
  }

  /** Opens a place, or sends a form to it; what is redirected is not followed. */
  async open(place, form) {
    const cookie = [...this.#cookies].map((pair) => pair.join('=')).join('; ');
    const body = form && new URLSearchParams(form);
    const answer = await fetch(place, { method: form ? 'POST' : 'GET', redirect: 'manual', headers: { cookie }, body });
    for (const line of answer.headers.getSetCookie()) {
      const [, name, value] = /^([^=]*)=([^;]*)/.exec(line);
      this.#cookies.set(name, value);
    }
    const next = answer.headers.get('location');
    return { page: await answer.text(), next: next && new URL(next, this.#base).href };
  }
}
