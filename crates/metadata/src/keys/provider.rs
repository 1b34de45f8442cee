//! Keys of identity providers and their names. They lie under the prefix of all identities.

use bytes::Bytes;
use daypass_api::names::{ProviderId, ProviderName, Uin};

use super::identity::number;
use super::join;

pub(super) const PROVIDER: &[u8] = b"identity/provider/";
pub(super) const PROVIDER_NAMED: &[u8] = b"identity/provider-name/";

/// All identity providers of all accounts.
pub fn all_providers() -> Bytes {
    Bytes::from_static(PROVIDER)
}

/// All identity providers of an account, in order of their numbers.
pub fn providers(owner: Uin) -> Bytes {
    join(&[PROVIDER, &number(owner.0)])
}

/// An identity provider.
pub fn provider(owner: Uin, id: ProviderId) -> Bytes {
    join(&[&providers(owner), &number(id.0)])
}

/// An identity provider, by name.
pub fn provider_named(owner: Uin, name: &ProviderName) -> Bytes {
    join(&[PROVIDER_NAMED, &number(owner.0), name.as_str().as_bytes()])
}
