// The user server: knows who is signed in, serves the page, and mints keys that reach one user's folder only.
//
// It holds the permanent key of a sub-account, which never leaves it. How users sign in is not what is shown here, so
// that a session is simply handed out.

import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { join } from 'node:path';

import STS from 'qcloud-cos-sts';

const here = import.meta.dirname;

/** What anybody may load. */
const FILES = {
  '/': ['page/index.html', 'text/html; charset=utf-8'],
  '/style.css': ['page/style.css', 'text/css'],
  '/app.js': ['page/app.js', 'text/javascript'],
  '/client.js': ['page/client.js', 'text/javascript'],
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

export class UserServer {
  /**
   * Starts one with this permanent key, for a place: a bucket, its region, and how pages reach it. Keys live for as
   * many seconds as `lifetime` says.
   */
  static async start(key, stsHost, place, lifetime = 1800) {
    const server = new UserServer(key, stsHost, place, lifetime);
    server.#http.listen(0, '127.0.0.1');
    await once(server.#http, 'listening');
    return server;
  }

  /** How many keys it has minted for each user. */
  minted = new Map();
  #users = new Map();
  #http = createServer((request, response) => {
    this.#answer(request).then(
      ([status, type, body]) => response.writeHead(status, { 'Content-Type': type, 'Cache-Control': 'no-store' }).end(body),
      (error) => response.writeHead(500, { 'Content-Type': 'text/plain' }).end(String(error.Code ?? error)),
    );
  });

  constructor(key, stsHost, place, lifetime) {
    Object.assign(this, { key, stsHost, place, lifetime });
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
    const path = new URL(request.url, this.origin()).pathname;
    const asked = `${request.method} ${path}`;
    if (request.method === 'GET' && Object.hasOwn(FILES, path)) {
      const [file, type] = FILES[path];
      return [200, type, await readFile(join(here, file))];
    }
    if (asked !== 'GET /place' && asked !== 'POST /key') return [404, 'text/plain', 'there is nothing here'];
    const user = this.#user(request);
    if (user === undefined) return [401, 'text/plain', 'nobody is signed in'];
    const place = { ...this.place, user, folder: `${user}/` };
    return [200, 'application/json', JSON.stringify(asked === 'GET /place' ? place : await this.#mint(place))];
  }

  #user(request) {
    const [, session] = /(?:^|; )session=([0-9a-f]+)/.exec(request.headers.cookie ?? '') ?? [];
    return this.#users.get(session);
  }

  async #mint({ bucket, region, user, folder }) {
    const [, appid] = /-([0-9]+)$/.exec(bucket);
    const resource = `qcs::cos:${region}:uid/${appid}:${bucket}/${folder}*`;
    const minted = await STS.getCredential({
      secretId: this.key.id,
      secretKey: this.key.secret,
      host: this.stsHost,
      region,
      durationSeconds: this.lifetime,
      policy: { version: '2.0', statement: [{ effect: 'allow', action: ACTIONS, resource }] },
    });
    this.minted.set(user, (this.minted.get(user) ?? 0) + 1);
    return minted;
  }
}
