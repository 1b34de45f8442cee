// The object store as the page sees it: where it is, and a client whose key the user server gives.

const answer = await fetch('/place');

/** Who is signed in, which folder is theirs, and where the object store is; nothing when nobody is signed in. */
export const place = answer.ok ? await answer.json() : null;

/** The key that is in use, as the user server gave it. */
export let lastKey;

/** Why the user server gave no key when it was asked last; the SDK does not tell. */
export let keyTrouble;

/** Asks the user server for something, such as `sts?template=uploads`. */
export async function askUserServer(what) {
  const url = new URL(what, new URL(place.userServer, location.href));
  const given = await fetch(url, { headers: { Authorization: `Bearer ${place.token}` } }).catch(() => {
    throw new Error('The user server does not answer.');
  });
  const told = await given.json().catch(() => ({}));
  if (!given.ok || told.code) throw new Error(`The user server refused: ${told.message ?? `status ${given.status}`}`);
  return told;
}

/** A client of the object store, which asks for a key whenever it has none that is good for another minute. */
export function newClient(more = {}) {
  const { domain, protocol } = place;
  return new COS({ Domain: domain, Protocol: protocol, getAuthorization, ...more });
}

async function getAuthorization(_, callback) {
  try {
    lastKey = await askUserServer('sts?template=uploads');
    keyTrouble = undefined;
  } catch (error) {
    keyTrouble = error.message;
    // The SDK refuses a key that has nothing in it, and its call ends.
    return callback({});
  }
  const { credentials, startTime, expiredTime } = lastKey;
  return callback({
    TmpSecretId: credentials.tmpSecretId,
    TmpSecretKey: credentials.tmpSecretKey,
    SecurityToken: credentials.sessionToken,
    // Signatures are good for the whole life of the key, so that a wrong clock of this machine does no harm.
    StartTime: startTime,
    ExpiredTime: expiredTime,
  });
}
