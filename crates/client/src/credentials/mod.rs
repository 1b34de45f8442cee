//! What a request is signed with, and where that comes from.
//!
//! A connection asks its provider before each try of each request, so that a key that is renewed in the middle of an
//! upload signs the parts that come after.

mod key_json;
mod process;
mod refreshing;
mod user_server;

use std::sync::Arc;

use async_trait::async_trait;
use daypass_api::Timestamp;
use daypass_api::names::AccessKeyId;
use daypass_api::outcome::{NewAccessKey, SessionToken, TemporaryKey};
use daypass_api::secret::SecretKey;

pub use process::ProcessKeys;
pub use refreshing::{FetchError, KeySource, MintedKeys, Refreshing};
pub use user_server::UserServerKeys;

use crate::error::Error;

/// Where the credentials of each request come from.
#[async_trait]
pub trait CredentialsProvider: Send + Sync {
    /// Credentials that are good at this moment.
    async fn credentials(&self, now: Timestamp) -> Result<Arc<Credentials>, Error>;

    /// Is told that the server does not take these any more; says whether it is worth asking for others.
    fn discard(&self, credentials: &Credentials) -> bool;
}

/// Credentials that are always the same.
#[derive(Clone, Debug)]
pub(crate) struct Fixed(pub(crate) Arc<Credentials>);

#[async_trait]
impl CredentialsProvider for Fixed {
    async fn credentials(&self, _now: Timestamp) -> Result<Arc<Credentials>, Error> {
        Ok(Arc::clone(&self.0))
    }

    fn discard(&self, _credentials: &Credentials) -> bool {
        false
    }
}

/// An access key, permanent or temporary. Its secret and token are hidden in `Debug`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Credentials {
    /// The key's id.
    pub secret_id: AccessKeyId,
    /// Its secret.
    pub secret_key: SecretKey,
    /// The token of a temporary key.
    pub token: Option<SessionToken>,
}

impl Credentials {
    /// The secret as the signing code takes it.
    pub(crate) fn signing_key(&self) -> daypass_signature::SecretKey {
        daypass_signature::SecretKey::new(self.secret_key.expose().to_owned())
    }

    /// The token's text.
    pub(crate) fn token_text(&self) -> Option<&str> {
        self.token.as_ref().map(SessionToken::expose)
    }
}

impl From<TemporaryKey> for Credentials {
    fn from(key: TemporaryKey) -> Self {
        Self {
            secret_id: key.access_key_id,
            secret_key: key.secret_key,
            token: Some(key.token),
        }
    }
}

impl From<NewAccessKey> for Credentials {
    fn from(key: NewAccessKey) -> Self {
        Self {
            secret_id: key.access_key.id,
            secret_key: key.secret_key,
            token: None,
        }
    }
}
