// Chromium without a window, and what its network did.
//
// It is driven by playwright-core rather than by WebDriver: that is one package without dependencies, it needs no driver
// of the same version as the browser, and it hands through the browser's own protocol, which alone tells of preflights
// and of why an answer was withheld from a page. Its request interception is not used, since it would switch the
// preflights off.

import { X509Certificate, createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import { chromium } from 'playwright-core';

const EXECUTABLE = '/usr/bin/chromium';
const PATIENCE_MILLISECONDS = 30_000;

const FLAGS = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

/** Starts a browser with a fresh profile, which goes when it is stopped. */
export function launch(more = []) {
  return chromium.launch({ executablePath: EXECUTABLE, headless: true, args: [...FLAGS, ...more] });
}

export class Browser {
  #process;

  /** Starts one that finds the names of the real service at this port, over TLS. */
  static async start(httpsPort) {
    const browser = new Browser();
    browser.#process = await launch([
      `--ignore-certificate-errors-spki-list=${publicKeyHash()}`,
      // Names below `localhost` are left to the browser, which knows them; nothing else is to be found.
      `--host-resolver-rules=${[
        `MAP *.myqcloud.com 127.0.0.1:${httpsPort}`,
        `MAP *.tencentcos.cn 127.0.0.1:${httpsPort}`,
        'MAP * ~NOTFOUND',
        'EXCLUDE localhost',
        'EXCLUDE *.localhost',
        'EXCLUDE 127.0.0.1',
      ].join(',')}`,
    ]);
    return browser;
  }

  /** Opens a page as a user with this session, apart from all others: with cookies and caches of its own. */
  async visit(origin, session) {
    const context = await this.#process.newContext({ viewport: { width: 900, height: 720 } });
    context.setDefaultTimeout(PATIENCE_MILLISECONDS);
    if (session) await context.addCookies([{ name: 'session', value: session, url: origin, httpOnly: true }]);
    const page = await context.newPage();
    const visit = new Visit(page, await context.newCDPSession(page));
    await visit.open(origin);
    return visit;
  }

  async stop() {
    await this.#process.close();
  }
}

/** The hash by which the browser is told to trust the server's key, and no other. */
function publicKeyHash() {
  const certificate = new X509Certificate(readFileSync(join(process.env.DAYPASS_TEST_FOLDER, 'tls', 'cert.pem')));
  return createHash('sha256').update(certificate.publicKey.export({ type: 'spki', format: 'der' })).digest('base64');
}

/** What the SDK in the page made of a failure. */
export class SdkError extends Error {
  constructor(told, sent) {
    super(told.message);
    Object.assign(this, told, { sent });
  }
}

/** One page, from its opening on. */
export class Visit {
  /** Preflights as they were sent, each with its answer's `status` and `headers` when it has come. */
  preflights = [];
  /** Why answers were withheld from the page, in the browser's words, in order. */
  blocked = [];
  /** What the page wrote to its console as errors. */
  complaints = [];
  #requests = new Map();

  constructor(page, protocol) {
    this.page = page;
    this.protocol = protocol;
    page.on('pageerror', (error) => this.complaints.push(String(error)));
    protocol.on('Network.requestWillBeSent', (event) => this.#sent(event));
    protocol.on('Network.responseReceived', (event) => this.#answered(event));
    protocol.on('Network.loadingFailed', ({ corsErrorStatus }) => {
      if (corsErrorStatus) this.blocked.push(corsErrorStatus.corsError);
    });
  }

  async open(origin) {
    await this.protocol.send('Network.enable');
    await this.page.addInitScript({ path: join(import.meta.dirname, 'probe.js') });
    await this.page.goto(origin);
    await this.shown();
  }

  /** Waits until the page shows files, or says that there are none, or that it cannot. */
  async shown() {
    await this.page.locator('#files:visible, #none:visible, #trouble:visible').first().waitFor();
  }

  #sent({ requestId, initiator, request }) {
    if (initiator.type !== 'preflight') return;
    const preflight = { url: new URL(request.url), asked: request.headers['Access-Control-Request-Method'] };
    this.#requests.set(requestId, preflight);
    this.preflights.push(preflight);
  }

  #answered({ requestId, response }) {
    const preflight = this.#requests.get(requestId);
    if (preflight) Object.assign(preflight, { status: response.status, headers: lower(response.headers) });
  }

  /** The browser's words for why answers were withheld, once there are this many; they may come after the answer. */
  async blockedTimes(count) {
    const end = Date.now() + PATIENCE_MILLISECONDS;
    while (this.blocked.length < count && Date.now() < end) await new Promise((done) => setTimeout(done, 10));
    return this.blocked;
  }

  /** The preflights for an object; its key is looked for in the decoded path. */
  preflightsFor(key) {
    return this.preflights.filter(({ url }) => decodeURIComponent(url.pathname) === `/${key}`);
  }

  /**
   * Calls a method of the SDK in the page; `Bucket` and `Region` are those of the place. See `probe.js` for what
   * `Body` may be, what more may be asked for, and what is given back.
   */
  async call(method, parameters = {}, more = {}) {
    const { error, ...rest } = await this.page.evaluate((asked) => probe.call(asked), { method, parameters, more });
    if (error) throw new SdkError(error, rest.sent);
    return rest;
  }

  /** Fetches a URL in the page, without the SDK; nothing when the browser does not give the answer. */
  fetch(url, options = {}) {
    return this.page.evaluate((asked) => probe.fetch(asked), { url, options });
  }
}

function lower(headers) {
  return Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]));
}
