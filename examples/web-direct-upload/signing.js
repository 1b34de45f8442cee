// The signature of one request to the object store, for the one that no command of `daypass` makes.

import { createHash, createHmac } from 'node:crypto';

const hmac = (key, text) => createHmac('sha1', key).update(text).digest('hex');
const sha1 = (text) => createHash('sha1').update(text).digest('hex');

/** From a minute ago, for clocks that differ, to so many seconds from now. */
export function window(seconds, now = Date.now()) {
  const unix = Math.floor(now / 1000);
  return `${unix - 60};${unix + seconds}`;
}

/** The `Authorization` of a request for one path of one host, and of a parameter without a value if there is one. */
export function authorization({ id, secret }, { method, host, path, parameter = '', time }) {
  const query = parameter && `${parameter}=`;
  const request = `${method.toLowerCase()}\n${path}\n${query}\nhost=${encodeURIComponent(host)}\n`;
  const signature = hmac(hmac(secret, time), `sha1\n${time}\n${sha1(request)}\n`);
  const lists = `q-header-list=host&q-url-param-list=${parameter}`;
  return `q-sign-algorithm=sha1&q-ak=${id}&q-sign-time=${time}&q-key-time=${time}&${lists}&q-signature=${signature}`;
}
