// The two signatures that the console makes: `q-sign` for objects and TC3-HMAC-SHA256 for the API. Pure but for the
// browser's own digests: the moment and the key are arguments.

const utf8 = new TextEncoder();

const hex = (bytes) => Array.from(new Uint8Array(bytes), (byte) => byte.toString(16).padStart(2, '0')).join('');
const bytesOf = (value) => (typeof value === 'string' ? utf8.encode(value) : value);

/** The digest of a text in hexadecimal digits; `hash` is `SHA-1` or `SHA-256`. */
export async function digest(hash, text) {
  return hex(await crypto.subtle.digest(hash, bytesOf(text)));
}

async function hmac(hash, key, text) {
  const imported = await crypto.subtle.importKey('raw', bytesOf(key), { name: 'HMAC', hash }, false, ['sign']);
  return crypto.subtle.sign('HMAC', imported, bytesOf(text));
}

/** Percent-encodes all but letters, digits and `-_.~`. */
export function encode(text) {
  return encodeURIComponent(text).replace(/[!'()*]/g, (mark) => `%${mark.charCodeAt(0).toString(16).toUpperCase()}`);
}

const byName = ([left], [right]) => (left < right ? -1 : Number(left > right));

function listed(pairs) {
  const sorted = pairs.map(([name, value]) => [encode(name.toLowerCase()), encode(value)]).sort(byName);
  return { names: sorted.map(([name]) => name).join(';'), text: sorted.map((pair) => pair.join('=')).join('&') };
}

/**
 * Every step of the signature of a request to the object store.
 * @param {{id: string, secret: string}} key
 * @param {{method: string, path: string, query?: string[][], headers?: string[][]}} request The path is not encoded.
 * @param {string} keyTime `from;to` in seconds
 */
export async function signCos(key, request, keyTime) {
  const parameters = listed(request.query ?? []);
  const headers = listed(request.headers ?? []);
  const signKey = hex(await hmac('SHA-1', key.secret, keyTime));
  const httpString = [request.method.toLowerCase(), request.path, parameters.text, headers.text, ''].join('\n');
  const stringToSign = ['sha1', keyTime, await digest('SHA-1', httpString), ''].join('\n');
  const signature = hex(await hmac('SHA-1', signKey, stringToSign));
  const authorization = [
    'q-sign-algorithm=sha1', `q-ak=${key.id}`, `q-sign-time=${keyTime}`, `q-key-time=${keyTime}`,
    `q-header-list=${headers.names}`, `q-url-param-list=${parameters.names}`, `q-signature=${signature}`,
  ].join('&');
  return { keyTime, signKey, httpString, stringToSign, signature, authorization };
}

/**
 * Every step of the signature of a call of the API, whose body is JSON.
 * @param {{id: string, secret: string}} key
 * @param {{host: string, service: string, body: string}} request
 * @param {number} seconds The moment, in seconds since 1970
 */
export async function signTc3(key, { host, service, body }, seconds) {
  const day = new Date(seconds * 1000).toISOString().slice(0, 10);
  const signed = 'content-type;host';
  const canonicalRequest = [
    'POST', '/', '', `content-type:application/json\nhost:${host}\n`, signed, await digest('SHA-256', body),
  ].join('\n');
  const scope = `${day}/${service}/tc3_request`;
  const stringToSign = ['TC3-HMAC-SHA256', seconds, scope, await digest('SHA-256', canonicalRequest)].join('\n');
  let signingKey = utf8.encode(`TC3${key.secret}`);
  for (const part of [day, service, 'tc3_request']) signingKey = await hmac('SHA-256', signingKey, part);
  const signature = hex(await hmac('SHA-256', signingKey, stringToSign));
  const authorization =
    `TC3-HMAC-SHA256 Credential=${key.id}/${scope}, SignedHeaders=${signed}, Signature=${signature}`;
  return { canonicalRequest, stringToSign, signature, authorization };
}
