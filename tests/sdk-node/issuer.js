// An issuer of web identity tokens made of a certified OpenID provider, to which one user signs in by the code flow.

import assert from 'node:assert/strict';
import { generateKeyPairSync, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:http';

import Provider from 'oidc-provider';

const SECRET = randomBytes(16).toString('hex');
const RETURN = 'https://photos.example/return';
const MOST_STEPS = 10;

/** How a pair of keys for each algorithm is made. */
const PAIRS = {
  RS256: () => generateKeyPairSync('rsa', { modulusLength: 2048 }),
  ES256: () => generateKeyPairSync('ec', { namedCurve: 'P-256' }),
  EdDSA: () => generateKeyPairSync('ed25519'),
};

/** A private key, with the name that it has in the issuer's key set. */
export function newKey(kid, alg = 'RS256') {
  return { ...PAIRS[alg]().privateKey.export({ format: 'jwk' }), kid, alg, use: 'sig' };
}

export class Issuer {
  /** Starts on a free port with these keys; the tokens are for this client and are signed by this algorithm. */
  static async start(client, keys, alg = 'RS256') {
    const issuer = new Issuer();
    issuer.#server.listen(0, '127.0.0.1');
    await once(issuer.#server, 'listening');
    issuer.url = `http://127.0.0.1:${issuer.#server.address().port}`;
    issuer.#client = client;
    issuer.use(keys, alg);
    return issuer;
  }

  #client;
  #provider;
  #server = createServer((request, response) => this.#answer(request, response));
  url;

  /** From now on it has these keys, as after a rotation. */
  use(keys, alg = 'RS256') {
    this.#provider = new Provider(this.url, {
      clients: [
        {
          client_id: this.#client,
          client_secret: SECRET,
          redirect_uris: [RETURN],
          id_token_signed_response_alg: alg,
        },
      ],
      jwks: { keys },
      cookies: { keys: [SECRET] },
      enabledJWA: { idTokenSigningAlgValues: Object.keys(PAIRS) },
      pkce: { required: () => false },
      features: { devInteractions: { enabled: false } },
      interactions: { url: (_, interaction) => `/sign-in/${interaction.uid}` },
      findAccount: (_, accountId) => ({ accountId, claims: () => ({ sub: accountId }) }),
      loadExistingGrant: grantEverything,
    });
  }

  stop() {
    this.#server.close();
    this.#server.closeAllConnections();
  }

  async #answer(request, response) {
    const { pathname } = new URL(request.url, this.url);
    if (!pathname.startsWith('/sign-in/')) return this.#provider.callback()(request, response);
    const { params } = await this.#provider.interactionDetails(request, response);
    return this.#provider.interactionFinished(request, response, { login: { accountId: params.login_hint } });
  }

  /** An ID token about a user, who signs in as a browser does. */
  async signIn(user) {
    const query = { client_id: this.#client, response_type: 'code', scope: 'openid', redirect_uri: RETURN, login_hint: user };
    const cookies = new Map();
    let place = new URL(`/auth?${new URLSearchParams(query)}`, this.url);
    for (let step = 0; step < MOST_STEPS && !place.href.startsWith(RETURN); step += 1) {
      const headers = { Cookie: [...cookies].map(([name, value]) => `${name}=${value}`).join('; ') };
      const answer = await fetch(place, { headers, redirect: 'manual' });
      for (const set of answer.headers.getSetCookie()) {
        const [, name, value] = /^([^=]+)=([^;]*)/.exec(set);
        cookies.set(name, value);
      }
      assert.ok(answer.headers.has('location'), `${answer.status} ${await answer.text()}`);
      place = new URL(answer.headers.get('location'), place);
    }
    return this.#redeem(place.searchParams.get('code'));
  }

  async #redeem(code) {
    const body = new URLSearchParams({ grant_type: 'authorization_code', code, redirect_uri: RETURN });
    const headers = { Authorization: `Basic ${Buffer.from(`${this.#client}:${SECRET}`).toString('base64')}` };
    const answer = await (await fetch(`${this.url}/token`, { method: 'POST', headers, body })).json();
    assert.ok(answer.id_token, JSON.stringify(answer));
    return answer.id_token;
  }
}

/** The client is the company's own: nobody is asked whether it may. */
async function grantEverything(context) {
  const { client, session, provider } = context.oidc;
  const grant = new provider.Grant({ clientId: client.clientId, accountId: session.accountId });
  grant.addOIDCScope('openid');
  await grant.save();
  return grant;
}
