// Requests to the store and to the API: signed here, sent by the browser, answered with what they return or a Refusal.

import { Refusal, silence } from '/js/refusal.js';
import { encode, signCos, signTc3 } from '/js/signing.js';
import { signedIn } from '/js/session.js';

/** For how long a signature holds, in seconds; a minute of the past allows for clocks that differ. */
const HOLDS = 900;
const PAST = 60;

/** What the console's own listener tells of the store: `{version, region, appid, object_endpoint, api_endpoint}`. */
export let place = null;
/** How many seconds the server's clock is ahead of this one. */
let ahead = 0;

/** Learns where the store is, and how the clocks differ. */
export async function findPlace() {
  const answer = await send('/config.json', { cache: 'no-store' });
  const told = Date.parse(answer.headers.get('date') ?? '');
  if (!Number.isNaN(told)) ahead = Math.round((told - Date.now()) / 1000);
  place = await answer.json();
}

/** The server's moment, in seconds. */
export const now = () => Math.floor(Date.now() / 1000) + ahead;

async function send(url, options) {
  try {
    return await fetch(url, { credentials: 'omit', referrerPolicy: 'no-referrer', ...options });
  } catch (error) {
    if (error.name === 'AbortError') throw error;
    throw silence(new URL(url, location.href));
  }
}

const STS = new Set([
  'GetFederationToken', 'AssumeRole', 'GetSessionToken', 'GetCallerIdentity', 'QueryApiKey', 'RevokeSession',
  'ListRevocations', 'DescribeKeyRing', 'EndAllSessions', 'ListSessions',
]);
const OWN = new Set([
  'RevokeSession', 'ListRevocations', 'ListSessions', 'DescribeKeyRing', 'EndAllSessions', 'ExplainDecision',
  'LintPolicy', 'DescribeEffective', 'SearchAudit',
]);

function versionOf(action, service) {
  if (OWN.has(action)) return '2026-11-01';
  return service === 'sts' ? '2018-08-13' : '2019-01-16';
}

/**
 * Calls an action of STS or CAM.
 * @param {string} action
 * @param {object} [parameters]
 * @param {{id: string, secret: string, token?: string}} [key] the key that is signed in, unless another one is given
 */
export async function call(action, parameters = {}, key = signedIn()) {
  const service = STS.has(action) ? 'sts' : 'cam';
  const body = JSON.stringify(parameters);
  const url = new URL('/', place.api_endpoint);
  const seconds = now();
  const { authorization } = await signTc3(key, { host: url.host, service, body }, seconds);
  const headers = {
    Authorization: authorization,
    'Content-Type': 'application/json',
    'X-TC-Action': action,
    'X-TC-Version': versionOf(action, service),
    'X-TC-Timestamp': String(seconds),
    'X-TC-Region': place.region,
  };
  if (key.token) headers['X-TC-Token'] = key.token;
  const answer = await send(url, { method: 'POST', headers, body });
  const { Response: response } = await answer.json().catch(() => ({}));
  if (!response) throw new Refusal({ code: `HTTP ${answer.status}`, message: answer.statusText, status: answer.status });
  const { Error: error, RequestId: requestId } = response;
  if (error) throw new Refusal({ code: error.Code, message: error.Message, requestId, status: answer.status });
  return response;
}

/**
 * The URL and the headers of a signed request to the object store, in path style.
 * @param {{method?: string, bucket?: string, key?: string, query?: Record<string, string>,
 *   headers?: Record<string, string>}} request
 */
export async function signed({ method = 'GET', bucket = '', key = '', query = {}, headers = {} }, pair = signedIn()) {
  const path = bucket ? `/${bucket}/${key}` : '/';
  const pairs = Object.entries(query);
  const url = new URL(path.split('/').map(encode).join('/'), place.object_endpoint);
  url.search = pairs.map(([name, value]) => (value === '' ? encode(name) : `${encode(name)}=${encode(value)}`)).join('&');
  const keyTime = `${now() - PAST};${now() + HOLDS}`;
  // Whatever changes what the request does must be covered by its signature.
  const covered = [['host', url.host], ...Object.entries(headers)];
  const { authorization } = await signCos(pair, { method, path, query: pairs, headers: covered }, keyTime);
  const all = { ...headers, Authorization: authorization };
  if (pair.token) all['x-cos-security-token'] = pair.token;
  return { url, method, headers: all };
}

/** Sends a request to the object store and returns the answer, whose body is still to be read. */
export async function store(request, pair = signedIn()) {
  const { url, method, headers } = await signed(request, pair);
  const answer = await send(url, { method, headers, body: request.body, signal: request.signal });
  if (!answer.ok) throw await refusalOf(answer);
  return answer;
}

/** The same, for an answer that is an XML document: its root. */
export async function storeXml(request) {
  const text = await (await store(request)).text();
  return new DOMParser().parseFromString(text, 'application/xml').documentElement;
}

async function refusalOf(answer) {
  return refusalFrom(answer.status, await answer.text(), answer.headers.get('x-cos-request-id') ?? '');
}

/** The refusal that an answer of the object store tells: its XML, or for HEAD its status alone. */
export function refusalFrom(status, text, requestId) {
  const root = new DOMParser().parseFromString(text || '<Error/>', 'application/xml').documentElement;
  const code = textOf(root, 'Code') || (status === 403 ? 'AccessDenied' : `HTTP ${status}`);
  return new Refusal({ code, message: textOf(root, 'Message') || code, requestId, status });
}

/** The text of the first child of an XML element with this name. */
export function textOf(element, name) {
  const found = Array.from(element.children).find((child) => child.localName === name);
  return found?.textContent ?? '';
}

/** The children of an XML element with this name. */
export function childrenOf(element, name) {
  return Array.from(element.children).filter((child) => child.localName === name);
}
