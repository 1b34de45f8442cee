// The user server: knows who is signed in, serves the page, and gives keys that reach one user's folder only.
//
// It holds the permanent key of a sub-account, which never leaves it. What it answers has the shapes of the official
// samples. How users sign in is not what is shown here, so that a session is simply handed out.

import { execFile } from 'node:child_process';
import { randomBytes, randomInt } from 'node:crypto';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { join } from 'node:path';

import { authorization, postPolicy, window } from './signing.js';

const here = import.meta.dirname;
const MEGABYTE = 1024 * 1024;

/** What anybody may load. */
const FILES = {
  '/': ['page/index.html', 'text/html; charset=utf-8'],
  '/style.css': ['page/style.css', 'text/css'],
  '/app.js': ['page/app.js', 'text/javascript'],
  '/client.js': ['page/client.js', 'text/javascript'],
  '/ways.js': ['page/ways.js', 'text/javascript'],
  '/causes.js': ['page/causes.js', 'text/javascript'],
  '/cos-js-sdk-v5.js': ['node_modules/cos-js-sdk-v5/dist/cos-js-sdk-v5.min.js', 'text/javascript'],
};

/** What a user may do below the own folder. */
const ACTIONS = [
  'name/cos:PutObject',
  'name/cos:GetObject',
  'name/cos:HeadObject',
  'name/cos:DeleteObject',
  'name/cos:GetBucket',
  'name/cos:InitiateMultipartUpload',
  'name/cos:ListMultipartUploads',
  'name/cos:ListParts',
  'name/cos:UploadPart',
  'name/cos:UploadPartCopy',
  'name/cos:CompleteMultipartUpload',
  'name/cos:AbortMultipartUpload',
];

/** How large a file may be that is sent by a form. */
const MOST = 100 * MEGABYTE;
const SIGNED_SECONDS = 900;

export class UserServer {
  /**
   * Starts one. `store` is how it reaches the token service: `{ binary, endpoint, id, secret }`, the last two being its
   * own permanent key. `place` is what pages must know: the bucket, its region, and how they reach it. Keys live for as
   * many seconds as `lifetime` says. Whoever is not signed in is the `guest`, where there is one.
   */
  static async start(store, place, { lifetime = 1800, port = 0, guest } = {}) {
    const server = new UserServer(store, place, lifetime, guest);
    server.#http.listen(port, '127.0.0.1');
    await once(server.#http, 'listening');
    return server;
  }

  /** How many keys it has made for each user. */
  minted = new Map();
  #users = new Map();
  #http = createServer((request, response) => {
    this.#answer(request).then(
      ([status, type, body]) => response.writeHead(status, { 'Content-Type': type, 'Cache-Control': 'no-store' }).end(body),
      (error) => response.writeHead(500, { 'Content-Type': 'application/json' }).end(told('-1', error.message)),
    );
  });

  constructor(store, place, lifetime, guest) {
    Object.assign(this, { store, place, lifetime });
    if (guest) this.guest = this.signIn(guest);
  }

  /** The origin of its pages; they are served under every name below `localhost`. */
  origin(name = 'app') {
    return `http://${name}.localhost:${this.#http.address().port}`;
  }

  /** A session for a user, as the value of a cookie. */
  signIn(user) {
    const session = randomBytes(16).toString('hex');
    this.#users.set(session, user);
    return session;
  }

  async stop() {
    this.#http.close();
    this.#http.closeAllConnections();
    await once(this.#http, 'close');
  }

  async #answer(request) {
    const { pathname, searchParams } = new URL(request.url, this.origin());
    if (request.method !== 'GET') return [405, 'application/json', told('-1', 'only GET is answered here')];
    if (Object.hasOwn(FILES, pathname)) {
      const [file, type] = FILES[pathname];
      return [200, type, await readFile(join(here, file))];
    }
    if (pathname === '/place') return this.#tellPlace(request);
    const give = { '/sts': () => this.#key, '/put-sign': () => this.#signedPut, '/post-policy': () => this.#signedForm }[pathname];
    if (!give) return [404, 'application/json', told('-1', 'there is nothing here')];
    // A page of another site has no way to this token, whereas its browser would send a cookie for it.
    const [, token] = /^Bearer ([0-9a-f]+)$/.exec(request.headers.authorization ?? '') ?? [];
    const user = this.#users.get(token);
    if (user === undefined) return [401, 'application/json', told('-1', 'nobody is signed in')];
    return [200, 'application/json', JSON.stringify(await give().call(this, user, searchParams))];
  }

  #tellPlace(request) {
    const [, session = this.guest] = /(?:^|; )session=([0-9a-f]+)/.exec(request.headers.cookie ?? '') ?? [];
    const user = this.#users.get(session);
    if (user === undefined) return [401, 'application/json', told('-1', 'nobody is signed in')];
    const place = { ...this.place, user, folder: `${user}/`, userServer: '/', token: session };
    return [200, 'application/json', JSON.stringify(place)];
  }

  /** `/sts`: a key for all of the user's folder, as the STS SDKs tell it. */
  async #key(user) {
    const startTime = Math.floor(Date.now() / 1000);
    const key = await this.#mint(user, ACTIONS, `${user}/*`, this.lifetime);
    return {
      credentials: { tmpSecretId: key.secret_id, tmpSecretKey: key.secret_key, sessionToken: key.token },
      startTime,
      expiredTime: key.expires_unix,
      expiration: key.expires,
    };
  }

  /** `/put-sign`: the signature of one PUT, under a name that the server chose. */
  async #signedPut(user, asked) {
    const { cosHost, cosKey } = this.#chosen(user, asked);
    const key = await this.#mint(user, ['name/cos:PutObject'], cosKey);
    const signed = { method: 'PUT', host: cosHost, path: `/${cosKey}`, time: window(SIGNED_SECONDS) };
    const { secret_id: id, secret_key: secret, token: securityToken } = key;
    return { cosHost, cosKey, authorization: authorization({ id, secret }, signed), securityToken };
  }

  /** `/post-policy`: the policy of one form. */
  async #signedForm(user, asked) {
    const { cosHost, cosKey } = this.#chosen(user, asked);
    const key = await this.#mint(user, ['name/cos:PostObject'], cosKey);
    const conditions = [{ bucket: this.place.bucket }, { key: cosKey }, ['content-length-range', 1, MOST]];
    const { secret_id: id, secret_key: secret, token: securityToken } = key;
    return { cosHost, cosKey, ...postPolicy({ id, secret }, { conditions, time: window(SIGNED_SECONDS) }), securityToken };
  }

  #chosen(user, asked) {
    const ending = /^[0-9A-Za-z]{1,10}$/.exec(asked.get('ext') ?? '')?.[0] ?? 'bin';
    const day = new Date().toISOString().slice(0, 10).replaceAll('-', '');
    const cosKey = `${user}/${day}_${String(randomInt(1_000_000)).padStart(6, '0')}.${ending}`;
    const { bucket, region, domain } = this.place;
    return { cosHost: domain ? domain.replace('{Bucket}', bucket) : `${bucket}.cos.${region}.myqcloud.com`, cosKey };
  }

  /** A temporary key that does these things with what the pattern names, and nothing else. */
  async #mint(user, action, pattern, seconds = 1800) {
    const { bucket, region } = this.place;
    const [, appid] = /-([0-9]+)$/.exec(bucket);
    const resource = `qcs::cos:${region}:uid/${appid}:${bucket}/${pattern}`;
    const policy = { version: '2.0', statement: [{ effect: 'allow', action, resource }] };
    const asked = ['sts', 'token', '--name', user, '--policy', '-', '--duration-seconds', String(seconds), '--format', 'json'];
    const key = JSON.parse(await run(this.store, asked, JSON.stringify(policy)));
    this.minted.set(user, (this.minted.get(user) ?? 0) + 1);
    return key;
  }
}

/** Runs a command of the program with the store's key, and gives what it prints. */
export function run({ binary, endpoint, id, secret }, given, input = '') {
  const env = { ...process.env, DAYPASS_ENDPOINT: endpoint, DAYPASS_SECRET_ID: id, DAYPASS_SECRET_KEY: secret };
  return new Promise((resolve, reject) => {
    const child = execFile(binary, given, { env }, (error, stdout, stderr) => {
      if (error) reject(new Error(stderr.split('\n')[0] || error.message));
      else resolve(stdout);
    });
    // It may end before it has read what it does not need.
    child.stdin.on('error', () => {});
    child.stdin.end(input);
  });
}

const told = (code, message) => JSON.stringify({ code, message });
