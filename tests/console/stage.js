// The server with its console, the browser, and pages that are watched: what a page must never do fails the test that
// opened it.

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { after, before } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';

import { launch } from '../sdk-browser/browser.js';
import { APPID, Server, daypassBinary } from '../sdk-node/server.js';

export const BUCKET = `photos-${APPID}`;
const PATIENCE_MILLISECONDS = 15_000;
/** Longer than the page waits for whoever types. */
const LULL_MILLISECONDS = 400;
export const SCREENSHOTS = join(import.meta.dirname, 'screenshots');

/** A phone's screen, the narrowest that is still sold. */
export const PHONE = { width: 360, height: 740 };
const DESK = { width: 1200, height: 820 };

/** The parts for the tests of one file. */
export function setUp(prepare = () => {}) {
  const stage = new Stage();
  before(async () => {
    await stage.open();
    await prepare(stage);
  });
  after(() => stage.close());
  return stage;
}

class Stage {
  #browser;
  /** Visits that their tests have not left, since they failed. */
  #open = new Set();

  async open() {
    mkdirSync(SCREENSHOTS, { recursive: true });
    this.server = await Server.start(['--console-listen', '127.0.0.1:0']);
    this.#browser = await launch();
  }

  async close() {
    for (const visit of this.#open) await visit.picture(`failed-${visit.name}`).catch(() => {});
    await this.#browser?.close();
    await this.server?.stop();
  }

  get root() {
    return this.server.root;
  }

  get consoleUrl() {
    return `http://127.0.0.1:${this.server.consolePort}`;
  }

  /** Runs a verb of the program with the root's key, or another one; what it prints with `--json` is read. */
  command(words, { input, key = this.root } = {}) {
    const done = spawnSync(daypassBinary(), words, {
      input,
      encoding: 'utf8',
      env: {
        ...process.env,
        DAYPASS_ENDPOINT: `http://127.0.0.1:${this.server.httpPort}`,
        DAYPASS_SECRET_ID: key.id,
        DAYPASS_SECRET_KEY: key.secret,
      },
    });
    assert.equal(done.status, 0, done.stderr);
    return words.includes('--json') ? JSON.parse(done.stdout) : done.stdout;
  }

  /** A temporary key of the root's. */
  newTemporaryKey({ name = 'tests', seconds = 1800 } = {}) {
    const words = ['sts', 'token', '--name', name, '--duration-seconds', String(seconds), '--format', 'json'];
    const { secret_id: id, secret_key: secret, token } = JSON.parse(this.command(words));
    return { id, secret, token };
  }

  /** A sub-account with a key, and with a policy if one is given. */
  newUser(name, statement) {
    const { secret_id: id, secret_key: secret } = this.command(['user', 'add', name, '--with-key', '--json']);
    if (statement) {
      const input = JSON.stringify({ version: '2.0', statement });
      const made = this.command(['policy', 'create', '--name', `of-${name}`, '--document', '-', '--json'], { input });
      this.command(['policy', 'attach', '--user', name, String(made.id)]);
    }
    return { id, secret };
  }

  left(visit) {
    this.#open.delete(visit);
  }

  /**
   * Opens the console in a browser of its own.
   * @param {{viewport?: object, dark?: boolean, language?: 'en' | 'zh'}} how
   */
  async visit({ viewport = DESK, dark = false, language = 'en' } = {}) {
    const context = await this.#browser.newContext({
      viewport,
      colorScheme: dark ? 'dark' : 'light',
      locale: language === 'zh' ? 'zh-CN' : 'en-US',
      permissions: ['clipboard-read', 'clipboard-write'],
    });
    context.setDefaultTimeout(PATIENCE_MILLISECONDS);
    const visit = new Visit(await context.newPage(), this);
    this.#open.add(visit);
    await visit.open();
    return visit;
  }
}

/** One page, and whatever it did that no page of the console may do. */
export class Visit {
  problems = [];
  #stage;
  #underWay = 0;
  #lastRequest = Date.now();

  constructor(page, stage) {
    this.page = page;
    this.#stage = stage;
    this.name = randomBytes(4).toString('hex');
  }

  async open() {
    this.#watchRequests();
    this.page.on('pageerror', (error) => this.problems.push(`threw: ${error.stack}`));
    this.page.on('console', (message) => {
      // That an answer was a refusal is the browser's own note, and what the page is there to show.
      const isRefusal = message.text().startsWith('Failed to load resource');
      if (!isRefusal) this.problems.push(`${message.type()}: ${message.text()}`);
    });
    await this.page.exposeFunction('violated', (what) => this.problems.push(`policy violated: ${what}`));
    await this.page.addInitScript(() => {
      addEventListener('securitypolicyviolation', (event) => window.violated(`${event.violatedDirective} ${event.blockedURI}`));
    });
    await this.page.goto(this.#stage.consoleUrl);
    await this.page.locator('h1').waitFor();
  }

  /** Signs in by the form; the field labels are those of both languages. */
  async signIn(key = this.#stage.root) {
    await this.page.getByLabel('SecretId').fill(key.id);
    await this.page.getByLabel('SecretKey').fill(key.secret);
    if (key.token) await this.page.locator('input').nth(2).fill(key.token);
    await this.page.locator('form button[type=submit]').click();
    await this.page.locator('nav').first().waitFor();
  }

  /** Goes to a page by its name in the address. */
  async go(name) {
    await this.page.evaluate((hash) => { location.hash = hash; }, `#/${name}`);
    await this.settled();
  }

  /** Waits until nothing on the page is still on its way. */
  async settled() {
    await this.page.locator('h1').waitFor();
    await this.page.waitForFunction(() => document.querySelector('[aria-busy=true]') === null);
  }

  /** Waits until nothing has been asked of the server for a while, and what came of it is shown. */
  async quiet() {
    while (this.#underWay > 0 || Date.now() - this.#lastRequest < LULL_MILLISECONDS) await pause(20);
    await this.settled();
  }

  #watchRequests() {
    const ended = () => { this.#underWay -= 1; };
    this.page.on('request', () => {
      this.#underWay += 1;
      this.#lastRequest = Date.now();
    });
    this.page.on('requestfinished', ended);
    this.page.on('requestfailed', ended);
  }

  /** The one line that says what went wrong; there must be one alone. */
  async trouble() {
    const alerts = this.page.getByRole('alert');
    await alerts.first().waitFor();
    assert.equal(await alerts.count(), 1, 'one cause at a time');
    return alerts.first();
  }

  async picture(name) {
    await this.page.screenshot({ path: join(SCREENSHOTS, `${name}.png`), fullPage: true });
  }

  /** Ends the visit; whatever the page did that it may not do is told now. */
  async leave() {
    this.#stage.left(this);
    await this.page.context().close();
    assert.deepEqual(this.problems, []);
  }
}
