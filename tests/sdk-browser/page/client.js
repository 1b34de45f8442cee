// The object store as the page sees it: where it is, and a client whose key the user server gives.

const answer = await fetch('/place');

/** Who is signed in, which folder is theirs, and where the object store is; nothing when nobody is signed in. */
export const place = answer.ok ? await answer.json() : null;

/** The key that is in use, as the user server gave it. */
export let lastKey;

/** A client of the object store, which asks for a key whenever it has none that is good for another minute. */
export function newClient(more = {}) {
  const { domain, protocol } = place;
  return new COS({ Domain: domain, Protocol: protocol, getAuthorization, ...more });
}

async function getAuthorization(_, callback) {
  const minted = await fetch('/key', { method: 'POST' });
  // The SDK refuses a key that has nothing in it, and tells the page so.
  if (!minted.ok) return callback({});
  lastKey = await minted.json();
  const { credentials, startTime, expiredTime } = lastKey;
  return callback({
    TmpSecretId: credentials.tmpSecretId,
    TmpSecretKey: credentials.tmpSecretKey,
    SecurityToken: credentials.sessionToken,
    StartTime: startTime,
    ExpiredTime: expiredTime,
  });
}
