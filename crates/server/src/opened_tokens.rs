//! Tokens that were opened, so that the next request with the same token need not decrypt it again.
//!
//! A token is kept only after it proved genuine, under a digest of it and of its key: what is found was opened from
//! these very bytes. Nothing that may change is kept: whether the session is alive, and what its parent may do, is
//! judged at every request. INVARIANT: the tokens belong to one key ring and go with it, so that a token of an epoch
//! that is gone is not opened from here either. What is forgotten is wiped.

use std::sync::{Arc, Mutex};

use daypass_access::credential::Opened;
use daypass_api::Error;
use daypass_api::names::AccessKeyId;
use sha2::{Digest, Sha256};

use crate::bounded::Bounded;
use crate::compiled;
use crate::metrics::CacheMeter;

/// Memory for opened tokens, in bytes.
const MAX_BYTES: usize = 16 * 1024 * 1024;
/// What each takes beside its policies: the claims, and its place.
const BYTES_EACH: usize = 2048;

/// Tokens that one key ring has opened.
pub(crate) struct OpenedTokens(Mutex<Bounded<[u8; 32], Arc<Opened>>>);

impl Default for OpenedTokens {
    fn default() -> Self {
        Self(Mutex::new(Bounded::new(MAX_BYTES)))
    }
}

impl OpenedTokens {
    /// The token as it was opened before, or as `open` opens it now.
    pub(crate) fn find_or(
        &self,
        key_id: &AccessKeyId,
        token: &str,
        meter: &CacheMeter,
        open: impl FnOnce() -> Result<Opened, Error>,
    ) -> Result<Arc<Opened>, Error> {
        let name = name(key_id, token);
        let found = self.0.lock().ok().and_then(|mut known| known.find(&name));
        if let Some(found) = meter.count(found) {
            return Ok(found);
        }
        let opened = Arc::new(open()?);
        if let Ok(mut known) = self.0.lock() {
            known.keep(name, Arc::clone(&opened), weight(&opened));
        }
        Ok(opened)
    }
}

fn weight(opened: &Opened) -> usize {
    let compiled = opened.policies().iter().map(compiled::weight);
    // The texts stand in the claims, and once more inside what they are compiled to.
    BYTES_EACH + 2 * opened.policy_bytes() + compiled.sum::<usize>()
}

/// No key id has a NUL in it, so that no two pairs read alike.
fn name(key_id: &AccessKeyId, token: &str) -> [u8; 32] {
    let mut digest = Sha256::new();
    digest.update(key_id.as_str().as_bytes());
    digest.update([0]);
    digest.update(token.as_bytes());
    digest.finalize().into()
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
        assert_eq!(find(&other.access_key_id, other.token.expose()), Ok(()));
    }
}
