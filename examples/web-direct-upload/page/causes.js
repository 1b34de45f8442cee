// Why something failed, in one line that a person can act on.

import { keyTrouble, place } from './client.js';

const CAUSES = {
  AccessDenied: 'This page’s key does not allow that: another folder, or a file that is too large.',
  ExpiredToken: 'The key has ended. Choose the file again to go on where it was.',
  InvalidAccessKeyId: 'The key was taken back. Sign in again.',
  RequestTimeTooSkewed: 'The clock of this machine is wrong.',
  SignatureDoesNotMatch: 'The signature is wrong: the key or the request was changed.',
  EntityTooLarge: 'The file is larger than the user server allows.',
  EntityTooSmall: 'The file is smaller than the user server allows.',
  NoSuchBucket: 'There is no such bucket.',
  SlowDown: 'The object store is busy. Try again in a moment.',
};

/** The SDK’s word for an answer that never came to the page. */
const NO_ANSWER = /CORS blocked or network error/;

/** What to tell about an error of the SDK, or of one of the other ways. */
export function cause(error) {
  if (keyTrouble) return keyTrouble;
  if (NO_ANSWER.test(error.message) || error instanceof TypeError) return silent();
  if (!error.code || error.statusCode === undefined) return error.message;
  const known = CAUSES[error.code] ?? error.message;
  return `${known} (${[error.code, error.headers?.['x-cos-request-id']].filter(Boolean).join(', ')})`;
}

/** A browser does not tell a page whether nobody answered, or its origin may not read the answer. */
function silent() {
  const host = place.domain.replace('{Bucket}', place.bucket) || `bucket ${place.bucket}`;
  return `No answer from ${host}: it is not running, or its CORS rules do not name ${location.origin}.`;
}
