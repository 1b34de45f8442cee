//! Identity providers of an account, and the index of their names.

use daypass_api::Timestamp;
use daypass_api::names::{ProviderId, ProviderName, Uin};
use daypass_api::outcome::Provider;
use daypass_kv::Batch;

use crate::codec::{Record, field, record};
use crate::keys;

/// An identity provider.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProviderRecord {
    /// Its name.
    pub name: ProviderName,
    /// Who issues its tokens.
    pub issuer: String,
    /// For whom tokens must be issued.
    pub audiences: Vec<String>,
    /// The keys that it was given; none when the issuer is asked for them.
    pub keys: Option<String>,
    /// A note about it.
    pub description: String,
    /// Raised whenever it stops to take what it took before. Sessions belong to one revision.
    pub revision: u64,
    /// When it was made.
    pub created: Timestamp,
    /// When it was last changed.
    pub updated: Timestamp,
}

record!(ProviderRecord, "identity provider", version 1, {
    name, issuer, audiences, keys, description, revision, created, updated,
});

impl ProviderRecord {
    /// What is told about it.
    pub fn provider(self) -> Provider {
        Provider {
            name: self.name,
            issuer: self.issuer,
            audiences: self.audiences,
            keys: self.keys,
            description: self.description,
        }
    }
}

/// The way from a provider's name to its number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ProviderNameRecord {
    /// Its number.
    pub id: ProviderId,
}

record!(ProviderNameRecord, "identity provider name", version 1, { id });

/// A provider that a role's document names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TrustedProvider {
    /// The account that it is in.
    pub owner: Uin,
    /// The name.
    pub name: ProviderName,
    /// Whose the name was.
    pub id: ProviderId,
}

field!(TrustedProvider { owner, name, id });

/// Makes a provider.
pub fn create_provider(batch: Batch, owner: Uin, id: ProviderId, provider: &ProviderRecord) -> Batch {
    put_provider(batch, owner, id, provider).put(
        keys::provider_named(owner, &provider.name),
        ProviderNameRecord { id }.encode(),
    )
}

/// Changes what is stored about a provider, but not its name.
pub fn put_provider(batch: Batch, owner: Uin, id: ProviderId, provider: &ProviderRecord) -> Batch {
    batch.put(keys::provider(owner, id), provider.encode())
}

/// Removes a provider.
pub fn remove_provider(batch: Batch, owner: Uin, id: ProviderId, name: &ProviderName) -> Batch {
    batch
        .delete(keys::provider(owner, id))
        .delete(keys::provider_named(owner, name))
}
