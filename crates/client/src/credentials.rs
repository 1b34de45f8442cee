//! What a request is signed with.

use daypass_api::names::AccessKeyId;
use daypass_api::outcome::{NewAccessKey, SessionToken, TemporaryKey};
use daypass_api::secret::SecretKey;

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
