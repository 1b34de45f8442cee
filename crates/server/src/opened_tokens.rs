//! Tokens that were opened, so that the next request with the same token need not decrypt it again.
//!
//! A token is kept only after it proved genuine, with its text under the id of its key, and the text is compared: what is
//! found was opened from these very bytes. Nothing that may change is kept: whether the session is alive, and what its
//! parent may do, is judged at every request. INVARIANT: the tokens belong to one key ring and go with it, so that a token
//! of an epoch that is gone is not opened from here either. What is forgotten is wiped.

use std::hint::black_box;
use std::sync::{Arc, Mutex};

use daypass_access::credential::Opened;
use daypass_api::Error;
use daypass_api::names::AccessKeyId;
use zeroize::Zeroizing;

use crate::audit::Spelling;
use crate::bounded::Bounded;
use crate::compiled;
use crate::metrics::CacheMeter;

/// Memory for opened tokens, in bytes.
const MAX_BYTES: usize = 16 * 1024 * 1024;
/// What each takes beside its token and its policies: the claims, and its place.
const BYTES_EACH: usize = 2048;

/// Tokens that one key ring has opened.
pub(crate) struct OpenedTokens(Mutex<Bounded<AccessKeyId, Known>>);

struct Known {
    token: Zeroizing<String>,
    opened: Arc<Opened>,
    spelling: Spelling,
}

impl Default for OpenedTokens {
    fn default() -> Self {
        Self(Mutex::new(Bounded::new(MAX_BYTES)))
    }
}

impl OpenedTokens {
    /// The token as it was opened before, or as `open` opens it now, with how its holder is spelled in records.
    pub(crate) fn find_or(
        &self,
        key_id: &AccessKeyId,
        token: &str,
        meter: &CacheMeter,
        open: impl FnOnce() -> Result<Opened, Error>,
    ) -> Result<(Arc<Opened>, Spelling), Error> {
        let read = |known: &Known| {
            let is_it = are_equal(known.token.as_bytes(), token.as_bytes());
            is_it.then(|| (Arc::clone(&known.opened), Arc::clone(&known.spelling)))
        };
        let found = self.0.lock().ok().and_then(|mut all| all.find_with(key_id, read));
        if let Some(found) = meter.count(found.flatten()) {
            return Ok(found);
        }
        let (opened, spelling) = (Arc::new(open()?), Spelling::default());
        if let Ok(mut all) = self.0.lock() {
            let weight = weight(&opened) + token.len();
            let known = Known {
                token: Zeroizing::new(token.to_owned()),
                opened: Arc::clone(&opened),
                spelling: Arc::clone(&spelling),
            };
            all.keep(key_id.clone(), known, weight);
        }
        Ok((opened, spelling))
    }
}

/// Looks at every byte, wherever the first difference is.
fn are_equal(one: &[u8], other: &[u8]) -> bool {
    let differing = one
        .iter()
        .zip(other)
        .fold(0, |all, (one, other)| all | (one ^ other));
    one.len() == other.len() && black_box(differing) == 0
}

fn weight(opened: &Opened) -> usize {
    let compiled = opened.policies().iter().map(compiled::weight);
    // The texts stand in the claims, and up to three times inside what they are compiled to.
    BYTES_EACH + 4 * opened.policy_bytes() + compiled.sum::<usize>()
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use daypass_api::names::{Account, AppId, SessionId, Uin};
    use daypass_api::secret::SecretKey;
    use daypass_api::{ErrorCode, Timestamp};
    use daypass_token::{Claims, KeyRing, Principal, Sealed, SessionKind, seal};

    use super::*;

    fn sealed(ring: &KeyRing, session: u8) -> Sealed {
        let claims = Claims {
            kind: SessionKind::Federation,
            session_id: SessionId([session; 16]),
            secret: SecretKey::new("a-secret-of-a-session".to_owned()),
            account: Account {
                app_id: AppId(1_250_000_000),
                owner_uin: Uin(100),
            },
            principal: Principal::User(Uin(100)),
            origin: daypass_token::Origin::Key {
                caller: Uin(100),
                key: AccessKeyId::parse("AKIDroot0123456789").unwrap(),
            },
            ancestors: Vec::new(),
            name: "session".to_owned(),
            issued: Timestamp::from_unix_seconds(10),
            expires: Timestamp::from_unix_seconds(20),
            session_policies: Vec::new(),
            tags: Vec::new(),
            source_identity: None,
        };
        seal(ring, &claims, &[session; 12]).unwrap()
    }

    #[test]
    fn a_token_is_opened_once_and_for_its_own_key_only() {
        let ring = KeyRing::new(Timestamp::from_unix_seconds(10), &[7; 32]);
        let (one, other) = (sealed(&ring, 1), sealed(&ring, 2));
        let tokens = OpenedTokens::default();
        let opened = Cell::new(0);
        let find = |key_id: &AccessKeyId, token: &str| {
            let found = tokens.find_or(key_id, token, &CacheMeter::default(), || {
                opened.set(opened.get() + 1);
                Opened::open(&ring, key_id, token, |_, _| None)
            });
            found.map(drop).map_err(|error| error.code)
        };
        let token = one.token.expose();
        for _ in 0..3 {
            assert_eq!(find(&one.access_key_id, token), Ok(()));
        }
        assert_eq!(opened.get(), 1);
        for times in 2..4 {
            let refused = find(&other.access_key_id, token);
            assert_eq!((refused, opened.get()), (Err(ErrorCode::TokenInvalid), times));
        }
        let cut = &token[..token.len() - 1];
        assert_eq!(find(&one.access_key_id, cut), Err(ErrorCode::TokenInvalid));
        let first = if token.starts_with('A') { 'B' } else { 'A' };
        let changed = format!("{first}{}", &token[1..]);
        assert_eq!(find(&one.access_key_id, &changed), Err(ErrorCode::TokenInvalid));
        // Whoever tries texts with somebody's key id does not push the right one out.
        let before = opened.get();
        assert_eq!((find(&one.access_key_id, token), opened.get()), (Ok(()), before));
        assert_eq!(find(&other.access_key_id, other.token.expose()), Ok(()));
    }
}
