// Three ways for a file to go straight to the object store: in parts by the SDK, by one signed PUT, by one form.
//
// Each takes a file and what to call as it goes on, and ends with the key under which the file lies.

import { askUserServer, newClient, place } from './client.js';

/** From this size on a file goes in parts, each of at least this size. */
export const PART = 1024 * 1024;
const MOST_PARTS = 1000;

/**
 * By the SDK: in parts, several at a time, that can be paused; a file that is chosen again goes on where it was. The SDK
 * renews the key before it ends. One that ended all the same, as by a clock that jumped, is replaced here once.
 */
export async function inParts(file, { onTask, onProgress }, tries = 2) {
  const client = newClient();
  try {
    const Key = place.folder + file.name;
    const ChunkSize = Math.max(PART, 2 ** Math.ceil(Math.log2(file.size / MOST_PARTS || 1)));
    await client.uploadFile({
      Bucket: place.bucket,
      Region: place.region,
      Key,
      Body: file,
      SliceSize: PART,
      ChunkSize,
      onTaskReady: (id) => onTask({ pause: () => client.pauseTask(id), resume: () => client.restartTask(id) }),
      onProgress: ({ loaded, total, speed }) => onProgress(loaded, total, speed),
    });
    return Key;
  } catch (error) {
    if (error.code !== 'ExpiredToken' || tries === 1) throw error;
    return inParts(file, { onTask, onProgress }, tries - 1);
  }
}

/** By `fetch` and a signature of one PUT: nothing but a browser is needed. */
export async function bySignedPut(file, { onProgress }) {
  const { cosHost, cosKey, authorization, securityToken } = await askUserServer(`put-sign?ext=${ending(file)}`);
  onProgress(0, file.size);
  await sent(`${place.protocol}//${cosHost}/${cosKey}`, {
    method: 'PUT',
    headers: { Authorization: authorization, 'x-cos-security-token': securityToken },
    body: file,
  });
  return cosKey;
}

/** By a form whose policy the user server signed: it also bounds the size, which no signature of a PUT does. */
export async function byForm(file, { onProgress }) {
  const told = await askUserServer(`post-policy?ext=${ending(file)}`);
  const form = new FormData();
  const fields = {
    key: told.cosKey,
    policy: told.policy,
    'q-sign-algorithm': told.qSignAlgorithm,
    'q-ak': told.qAk,
    'q-key-time': told.qKeyTime,
    'q-signature': told.qSignature,
    'x-cos-security-token': told.securityToken,
    success_action_status: told.successActionStatus ?? '200',
  };
  for (const [name, value] of Object.entries(fields)) form.append(name, value);
  // The file comes last: what follows it is not read.
  form.append('file', file);
  onProgress(0, file.size);
  await sent(`${place.protocol}//${told.cosHost}/`, { method: 'POST', body: form });
  return told.cosKey;
}

/** Sends a request, and throws what the object store refused it with. */
async function sent(url, options) {
  const response = await fetch(url, options);
  if (response.ok) return;
  const document = new DOMParser().parseFromString(await response.text(), 'application/xml');
  const leaf = (name) => document.querySelector(`Error > ${name}`)?.textContent ?? '';
  const headers = { 'x-cos-request-id': leaf('RequestId') };
  throw Object.assign(new Error(leaf('Message')), { code: leaf('Code'), statusCode: response.status, headers });
}

function ending({ name }) {
  return /\.([0-9A-Za-z]{1,10})$/.exec(name)?.[1] ?? 'bin';
}
