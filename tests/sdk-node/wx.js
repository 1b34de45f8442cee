// The part of WeChat's `wx` that the mini-program SDK uses, as WeChat documents it, over real HTTP.
//
// What the documentation does not promise is not given, above all no headers in the answer of an upload: the SDK must
// do without them on a phone as well. Files are those of this machine; what is stored lives as long as this object, as
// it does over restarts of a mini program.

import { open, stat } from 'node:fs/promises';
import http from 'node:http';
import https from 'node:https';
import { basename } from 'node:path';

/** As many requests, and as many uploads, run at a time; others wait. */
const AT_ONCE = 10;
const REFERER = 'https://servicewechat.com/wx0000000000000000/devtools/page-frame.html';

export class Wx {
  /** What was sent, in order: by which interface, the method, and the URL. */
  sent = [];
  #storage = new Map();
  #domains;
  #connect;
  #lanes = { request: new Lane(), uploadFile: new Lane() };

  /** Speaks to hosts of these domains only, as set for a mini program, at the address that `connect` gives. */
  constructor(domains, connect) {
    this.#domains = domains;
    this.#connect = connect;
  }

  canIUse(name) {
    return ['getAppBaseInfo', 'getDeviceInfo', 'getNetworkType'].includes(name);
  }

  getAppBaseInfo() {
    return { SDKVersion: '3.8.0', language: 'zh_CN', version: '8.0.50' };
  }

  getDeviceInfo() {
    return { platform: 'android', brand: 'devtools', model: 'devtools', system: 'Android 14' };
  }

  getNetworkType({ success, complete }) {
    settle({ success, complete }, null, { networkType: 'wifi', errMsg: 'getNetworkType:ok' });
  }

  getStorageSync(key) {
    return this.#storage.has(key) ? JSON.parse(this.#storage.get(key)) : '';
  }

  setStorageSync(key, data) {
    this.#storage.set(key, JSON.stringify(data));
  }

  removeStorageSync(key) {
    this.#storage.delete(key);
  }

  getFileSystemManager() {
    return {
      stat: ({ path, ...told }) => report('stat', told, async () => ({ stats: await stats(path) })),
      readFile: ({ filePath, encoding, position = 0, length, ...told }) =>
        report('readFile', told, async () => {
          const bytes = await readFile(filePath, position, length);
          return { data: encoding ? Buffer.from(bytes).toString(encoding) : bytes };
        }),
    };
  }

  /** Sends a request; its answer is `{ data, statusCode, header, cookies, errMsg }`, whatever the status. */
  request({ url, data, header = {}, method = 'GET', dataType = 'json', responseType = 'text', timeout, ...told }) {
    const task = new Task();
    report('request', told, async () => {
      const headers = { 'content-type': 'application/json', ...lowerCased(header) };
      const body = typeof data === 'string' || data === undefined ? data : Buffer.from(data);
      const answer = await this.#send('request', task, { url, method, headers, timeout }, [body ?? '']);
      const text = () => answer.body.toString('utf8');
      const whole = () => new Uint8Array(answer.body).buffer;
      const read = responseType === 'arraybuffer' ? whole() : text();
      const { statusCode, header: headersOfAnswer, cookies } = answer;
      return { statusCode, header: headersOfAnswer, cookies, data: dataType === 'json' ? parsed(read) : read };
    });
    return task;
  }

  /** Sends a form with a file, which is its last part; of the answer there is `{ data, statusCode, errMsg }`. */
  uploadFile({ url, filePath, name, header = {}, formData = {}, timeout, ...told }) {
    const task = new Task();
    report('uploadFile', told, async () => {
      const boundary = `----wx${Math.random().toString(16).slice(2)}`;
      const headers = { ...lowerCased(header), 'content-type': `multipart/form-data; boundary=${boundary}` };
      const file = await readFile(filePath);
      const field = ([key, value]) => `--${boundary}\r\nContent-Disposition: form-data; name="${key}"\r\n\r\n${value}\r\n`;
      const disposition = `Content-Disposition: form-data; name="${name}"; filename="${basename(filePath)}"`;
      const before = `${Object.entries(formData).map(field).join('')}--${boundary}\r\n${disposition}\r\n`;
      const pieces = [`${before}Content-Type: application/octet-stream\r\n\r\n`, Buffer.from(file), `\r\n--${boundary}--\r\n`];
      const { statusCode, body } = await this.#send('uploadFile', task, { url, method: 'POST', headers, timeout }, pieces);
      return { statusCode, data: body.toString('utf8') };
    });
    return task;
  }

  async #send(by, task, { url, method, headers, timeout = 60_000 }, pieces) {
    const { protocol, hostname, host, port, pathname, search } = new URL(url);
    if (!this.#domains.some((domain) => hostname.endsWith(domain))) throw new Error('url not in domain list');
    await this.#lanes[by].enter();
    try {
      this.sent.push({ by, method, url });
      const body = pieces.map((piece) => Buffer.from(piece));
      const total = body.reduce((sum, piece) => sum + piece.length, 0);
      const options = {
        ...this.#connect({ protocol, hostname, port }),
        servername: hostname,
        method,
        path: pathname + search,
        // A mini program cannot set its referrer.
        headers: { ...headers, host, referer: REFERER, 'content-length': total },
        timeout,
      };
      return await exchange(task, protocol === 'https:' ? https : http, options, body, total);
    } finally {
      this.#lanes[by].leave();
    }
  }
}

/** So many at a time. */
class Lane {
  #running = 0;
  #waiting = [];

  async enter() {
    if (this.#running === AT_ONCE) await new Promise((enter) => this.#waiting.push(enter));
    else this.#running += 1;
  }

  leave() {
    const next = this.#waiting.shift();
    if (next) next();
    else this.#running -= 1;
  }
}

/** What is given back at once, to watch and to end what runs. */
class Task {
  request;
  aborted = false;
  #watchers = new Set();

  abort() {
    this.aborted = true;
    this.request?.destroy(new Error('abort'));
  }

  onProgressUpdate(watcher) {
    this.#watchers.add(watcher);
  }

  offProgressUpdate(watcher) {
    this.#watchers.delete(watcher);
  }

  progress(totalBytesSent, totalBytesExpectedToSend) {
    const progress = Math.round((totalBytesSent / totalBytesExpectedToSend) * 100);
    for (const watcher of this.#watchers) watcher({ progress, totalBytesSent, totalBytesExpectedToSend });
  }
}

function exchange(task, protocol, options, pieces, total) {
  return new Promise((resolve, reject) => {
    if (task.aborted) throw new Error('abort');
    task.request = protocol.request(options, async (response) => {
      const body = [];
      for await (const piece of response) body.push(piece);
      resolve({ statusCode: response.statusCode, header: response.headers, cookies: [], body: Buffer.concat(body) });
    });
    task.request.on('timeout', () => task.request.destroy(new Error('timeout')));
    task.request.on('error', reject);
    let sent = 0;
    for (const piece of pieces) {
      task.request.write(piece, () => {
        sent += piece.length;
        task.progress(sent, total);
      });
    }
    task.request.end();
  });
}

/** Tells how it ended by the callbacks that every asynchronous interface takes. */
function report(name, told, work) {
  work().then(
    (answer) => settle(told, null, { ...answer, errMsg: `${name}:ok` }),
    (error) => settle(told, error, { errMsg: `${name}:fail ${error.message}` }),
  );
}

function settle({ success, fail, complete }, error, answer) {
  (error ? fail : success)?.(answer);
  complete?.(answer);
}

async function stats(path) {
  const found = await stat(path);
  return {
    mode: found.mode,
    size: found.size,
    lastAccessedTime: Math.floor(found.atimeMs / 1000),
    lastModifiedTime: Math.floor(found.mtimeMs / 1000),
    isDirectory: () => found.isDirectory(),
    isFile: () => found.isFile(),
  };
}

async function readFile(path, position = 0, length) {
  const file = await open(path);
  try {
    const size = length ?? (await file.stat()).size - position;
    const bytes = new Uint8Array(size);
    const { bytesRead } = await file.read(bytes, 0, size, position);
    return bytes.buffer.slice(0, bytesRead);
  } finally {
    await file.close();
  }
}

function parsed(text) {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

const lowerCased = (header) => Object.fromEntries(Object.entries(header).map(([name, value]) => [name.toLowerCase(), value]));
