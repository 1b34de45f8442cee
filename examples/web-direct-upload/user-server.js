// The user server, `daypass broker`, beside the page whose users it serves.
//
// The broker holds the permanent key of a sub-account, which never leaves it, and gives each user keys that reach one
// folder only.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { openSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

import { PageServer } from './page-server.js';

/** The broker's settings: who may ask, from which pages, and what each user gets. `daypass broker --help` has more. */
function settings({ store, place, page, origins, seconds, cache, trail }) {
  const text = JSON.stringify;
  return `[store]
endpoint = ${text(store.endpoint)}
public_endpoint = ${text(store.publicEndpoint)}
region = ${text(place.region)}
bucket = ${text(place.bucket)}
key = { id_env = "BROKER_SECRET_ID", secret_env = "BROKER_SECRET_KEY" }

[cors]
origins = ${text(origins)}

[cache]
entries = ${cache}

[audit]
file = ${text(trail)}

# The page's own server is asked who its visitor is.
[[callers]]
kind = "webhook"
url = "http://127.0.0.1:${page.port}/who"

# A key for all of the user's folder, for the SDK.
[[templates]]
name = "uploads"
endpoints = ["sts"]
prefix = "\${user}/"
actions = ["upload", "download", "list", "delete", "name/cos:UploadPartCopy"]
# The page deletes what its user selects.
accept = ["L05"]
duration_seconds = ${seconds}
keys_per_minute = 6000

# Signatures for one file, under a name that the broker chooses.
[[templates]]
name = "one-file"
endpoints = ["put-sign", "post-policy"]
key = "\${user}/\${date}_\${random}.\${ext}"
extensions = ["bin", "gif", "jpeg", "jpg", "mp4", "pdf", "png", "txt", "zip"]
actions = ["upload"]
max_bytes = ${20 * 1024 * 1024}
`;
}

export class UserServer {
  /**
   * Starts broker and page. `store` is how the broker reaches the store: `{ binary, endpoint, publicEndpoint, id, secret }`,
   * the last two being its own permanent key. `place` is what pages must know, and `folder` where files may lie. Pages are
   * let in under these `names` below `localhost`. Keys live for `seconds`, and `cache` of them are handed out again.
   */
  static async start(store, place, folder, { seconds = 1800, cache = 1000, port = 0, guest, names = ['app'] } = {}) {
    const page = await PageServer.start(place, { port, guest });
    const server = new UserServer(page, join(folder, 'trail.jsonl'));
    const origins = names.map((name) => page.origin(name));
    const file = join(folder, 'broker.toml');
    writeFileSync(file, settings({ store, place, page, origins, seconds, cache, trail: server.#trail }));
    const env = { ...process.env, BROKER_SECRET_ID: store.id, BROKER_SECRET_KEY: store.secret };
    const log = join(folder, 'broker.log');
    server.#broker = spawn(store.binary, ['broker', '--config', file, '--listen', '127.0.0.1:0'], {
      env,
      stdio: ['ignore', 'pipe', openSync(log, 'a')],
    });
    const [line] = await Promise.race([
      once(createInterface({ input: server.#broker.stdout }), 'line'),
      once(server.#broker, 'exit').then(() => []),
    ]);
    if (!line) throw new Error(`the broker did not start:\n${readFileSync(log, 'utf8')}`);
    page.place = { ...place, userServer: `http://${JSON.parse(line).http}/` };
    return server;
  }

  #broker;
  #page;
  #trail;

  constructor(page, trail) {
    this.#page = page;
    this.#trail = trail;
  }

  /** The origin of its pages. */
  origin(name) {
    return this.#page.origin(name);
  }

  /** A session for a user, as the value of a cookie. */
  signIn(user) {
    return this.#page.signIn(user);
  }

  /** How many keys it has made for a user. */
  minted(user) {
    const lines = readFileSync(this.#trail, 'utf8').trim().split('\n').filter(Boolean).map((line) => JSON.parse(line));
    return lines.filter((line) => line.user === user && line.outcome === 'minted').length;
  }

  /** Ends the broker alone. */
  async stopBroker() {
    if (this.#broker.exitCode !== null) return;
    const ended = once(this.#broker, 'exit');
    this.#broker.kill('SIGTERM');
    await ended;
  }

  async stop() {
    await this.stopBroker();
    await this.#page.stop();
  }
}
