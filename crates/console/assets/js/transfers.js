// Whole objects to the store and back, with progress, from the browser.

import { silence } from '/js/refusal.js';
import { refusalFrom, signed, store } from '/js/calls.js';

/** The most bytes of one PUT; more is for `daypass cp`, which sends parts. */
export const MAX_BYTES = 5 * 1024 ** 3;
/** How much of a download is held by the page before the browser may put it on its disk. */
const PIECE = 32 * 1024 ** 2;

/**
 * Sends a file as one object.
 * @param {{bucket: string, key: string, file: File, progress: (sent: number) => void, signal: AbortSignal}} parts
 */
export async function upload({ bucket, key, file, progress, signal }) {
  const type = file.type || 'application/octet-stream';
  const { url, method, headers } = await signed({ method: 'PUT', bucket, key, headers: { 'Content-Type': type } });
  return new Promise((resolve, reject) => {
    // fetch tells nothing of what was sent so far.
    const request = new XMLHttpRequest();
    request.open(method, url);
    for (const [name, value] of Object.entries(headers)) request.setRequestHeader(name, value);
    request.upload.onprogress = (event) => progress(event.loaded);
    request.onload = () => (request.status < 300 ? resolve() : reject(refused(request)));
    request.onerror = () => reject(silence(url));
    request.onabort = () => reject(new DOMException('stopped', 'AbortError'));
    signal.addEventListener('abort', () => request.abort());
    request.send(file);
  });
}

const refused = (request) =>
  refusalFrom(request.status, request.responseText, request.getResponseHeader('x-cos-request-id') ?? '');

/** Fetches an object and has the browser keep it as a file. */
export async function download({ bucket, key, progress, signal }) {
  const answer = await store({ bucket, key, signal });
  const type = answer.headers.get('content-type') ?? 'application/octet-stream';
  const blob = new Blob(await pieces(answer.body, progress), { type });
  const url = URL.createObjectURL(blob);
  const link = document.createElement('a');
  link.href = url;
  link.download = key.split('/').filter(Boolean).pop() ?? 'object';
  link.click();
  // The browser reads the blob after this task has ended.
  setTimeout(() => URL.revokeObjectURL(url), 60_000);
}

async function pieces(stream, progress) {
  const whole = [];
  let [held, heldBytes, received] = [[], 0, 0];
  for (const reader = stream.getReader(); ;) {
    const { done, value } = await reader.read();
    if (done) return [...whole, ...held];
    held.push(value);
    heldBytes += value.length;
    received += value.length;
    progress(received);
    if (heldBytes >= PIECE) {
      whole.push(new Blob(held));
      [held, heldBytes] = [[], 0];
    }
  }
}
