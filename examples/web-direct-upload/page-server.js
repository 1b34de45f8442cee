// Serves the page, knows who is signed in, and tells the broker when it asks.
//
// It stands for your own application: the broker hands out keys, and asks here whose they are to be. How users sign in is
// not what is shown, so that a session is simply handed out.

import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { join } from 'node:path';

const here = import.meta.dirname;

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

export class PageServer {
  /**
   * Starts one. `place` is what pages must know: the bucket, its region, and how they reach it; `userServer`, where keys
   * are, may be added later. Whoever is not signed in is the `guest`, where there is one.
   */
  static async start(place, { port = 0, guest } = {}) {
    const server = new PageServer(place, guest);
    server.#http.listen(port, '127.0.0.1');
    await once(server.#http, 'listening');
    return server;
  }

  #users = new Map();
  #http = createServer((request, response) => {
    this.#answer(request).then(
      ([status, type, body]) => response.writeHead(status, { 'Content-Type': type, 'Cache-Control': 'no-store' }).end(body),
      (error) => response.writeHead(500, { 'Content-Type': 'text/plain' }).end(error.message),
    );
  });

  constructor(place, guest) {
    this.place = place;
    if (guest) this.guest = this.signIn(guest);
  }

  get port() {
    return this.#http.address().port;
  }

  /** The origin of its pages; they are served under every name below `localhost`. */
  origin(name = 'app') {
    return `http://${name}.localhost:${this.port}`;
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

  async #answer({ method, url, headers }) {
    const path = new URL(url, this.origin()).pathname;
    if (method === 'GET' && Object.hasOwn(FILES, path)) {
      const [file, type] = FILES[path];
      return [200, type, await readFile(join(here, file))];
    }
    if (method === 'GET' && path === '/place') return this.#tellPlace(headers.cookie ?? '');
    if (method === 'GET' && path === '/who') return this.#tellWho(headers.authorization ?? '');
    return [404, 'text/plain', 'there is nothing here'];
  }

  /** For the page: where everything is, and the token by which the broker will know its user. */
  #tellPlace(cookie) {
    const [, session = this.guest] = /(?:^|; )session=([0-9a-f]+)/.exec(cookie) ?? [];
    const user = this.#users.get(session);
    if (user === undefined) return [401, 'text/plain', 'nobody is signed in'];
    const place = { ...this.place, user, folder: `${user}/`, token: session };
    return [200, 'application/json', JSON.stringify(place)];
  }

  /** For the broker: whose token that is. A page of another site has no way to it, whereas a cookie would be sent for it. */
  #tellWho(authorization) {
    const user = this.#users.get(/^Bearer ([0-9a-f]+)$/.exec(authorization)?.[1]);
    return user === undefined ? [401, 'text/plain', ''] : [200, 'application/json', JSON.stringify({ user })];
  }
}
