// Who is signed in. The key pair lives in this module's memory and nowhere else: no storage, no address, no cookie.
// Reloading the page forgets it, and so does signing out.

let key = null;
let caller = null;

/** The key pair that signs: `{id, secret, token}`, or nothing. */
export const signedIn = () => key;

/** Whom the server says the key belongs to: `{Arn, AccountId, UserId, Type …}`. */
export const identity = () => caller;

export function remember(pair, who) {
  [key, caller] = [pair, who];
}

export function forget() {
  [key, caller] = [null, null];
}
