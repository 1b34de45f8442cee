// The program under test as a process of its own, serving HTTP and HTTPS.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, openSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { createInterface } from 'node:readline';

export const APPID = 1250000000;
export const REGION = 'ap-guangzhou';

const READY_MILLISECONDS = 30_000;

export function daypassBinary() {
  return process.env.DAYPASS_BIN ?? resolve(import.meta.dirname, '../../target/release/daypass');
}

/** A folder of the test run's own. */
export function newFolder(what) {
  return mkdtempSync(join(process.env.DAYPASS_TEST_FOLDER, `${what}-`));
}

export class Server {
  /** Starts `daypass serve` on a fresh data directory and free ports; it mints keys of one second and more. */
  static async start(options = []) {
    const server = new Server();
    await server.#start(options);
    return server;
  }

  #folder = newFolder('server');
  #process;
  root = { id: `AKID${randomBytes(16).toString('hex')}`, secret: randomBytes(16).toString('hex') };
  httpPort;
  httpsPort;
  /** Of the console, if there is one. */
  consolePort;

  async #start(options) {
    const made = join(process.env.DAYPASS_TEST_FOLDER, 'tls');
    const listen = ['--listen', '127.0.0.1:0', '--tls-listen', '127.0.0.1:0'];
    const certificate = ['--tls-cert', join(made, 'cert.pem'), '--tls-key', join(made, 'key.pem')];
    const data = ['--data', join(this.#folder, 'data'), '--min-session-seconds', '1'];
    this.#process = spawn(daypassBinary(), ['serve', ...data, ...listen, ...certificate, ...options], {
      stdio: ['ignore', 'pipe', openSync(this.#logPath, 'a')],
      env: {
        ...process.env,
        DAYPASS_ROOT_SECRET_ID: this.root.id,
        DAYPASS_ROOT_SECRET_KEY: this.root.secret,
        DAYPASS_APPID: String(APPID),
      },
    });
    const ready = JSON.parse(await this.#readyLine());
    assert.equal(ready.ready, true);
    this.httpPort = Number(ready.http.split(':').pop());
    this.httpsPort = Number(ready.https.split(':').pop());
    if (ready.console) this.consolePort = Number(ready.console.split(':').pop());
  }

  async #readyLine() {
    const lines = createInterface({ input: this.#process.stdout });
    const signal = AbortSignal.timeout(READY_MILLISECONDS);
    const ended = once(this.#process, 'exit', { signal }).then(() => [undefined]);
    const [line] = await Promise.race([once(lines, 'line', { signal }), ended]);
    assert.ok(line, `the server did not get ready:\n${this.log()}`);
    return line;
  }

  get #logPath() {
    return join(this.#folder, 'server.log');
  }

  log() {
    return readFileSync(this.#logPath, 'utf8').slice(-4000);
  }

  /** Asks it to end, which must succeed. */
  async stop() {
    const exit = once(this.#process, 'exit');
    this.#process.kill('SIGTERM');
    const [code] = await exit;
    assert.equal(code, 0, this.log());
  }
}
