//! Sealed session tokens, the ring of keys that seals them, and secrets at rest.
//!
//! A session token carries all that is known of a temporary key, so that minting one writes nothing and
//! verifying one reads no record of it. [`seal`] and [`open`] go between [`Claims`] and the token's text;
//! [`KeyRing`] holds the keys and says when they come and go; [`MasterKey`] wraps the ring and the secrets of
//! permanent keys for storage. The bytes are described in `docs/format.md`.
//!
//! Everything here is pure: the time and random bytes are arguments. Whether a session is alive, revoked, or
//! allowed anything is judged by `access`; where the ring and the master key are kept is the server's affair.

mod cipher;
mod claims;
mod credentials;
mod layout;
mod master;
mod master_keys;
mod policies;
mod ring;
#[cfg(any(test, feature = "testing"))]
pub mod testing;
mod token;

pub use claims::{Ancestor, Claims, Origin, Principal, SessionKind, name_digest};
pub use credentials::{permanent_key, session_id_of, temporary_key_id, temporary_secret};
pub use master::{MAX_WRAPPED_LENGTH, MasterKey, MasterKeyError, UnwrapError, WRAP_SALT_LENGTH, WrapError};
pub use master_keys::MasterKeys;
pub use policies::MAX_POLICIES_LENGTH;
pub use ring::{EpochFacts, KeyRing, MAX_EPOCHS, MAX_SESSION_SECONDS, RingFull};
pub use token::{MAX_TOKEN_LENGTH, OpenError, SALT_LENGTH, SealError, Sealed, epoch_of, open, seal};
