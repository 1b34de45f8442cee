//! Accounts, users, groups, roles, access keys, policies and the key ring: one method of [`crate::Store`] for each
//! operation.
//!
//! Every change is decided on one view and applied under the condition that nothing about identities changed
//! since; so limits, names and references hold without conditions of their own. Changes are rare, and one
//! process makes one at a time. Secrets come wrapped, and policies checked: neither is looked into here.

mod access_keys;
mod accounts;
mod attachments;
mod boundaries;
mod entities;
mod groups;
mod key_ring;
mod last_uses;
mod policies;
mod providers;
mod revocations;
mod rewrap;
mod roles;
mod tallies;
mod users;
mod versions;

use daypass_api::Error;
use daypass_api::names::AccessKeyId;
use daypass_api::operation::Paging;
use daypass_api::outcome::Page;
use daypass_api::secret::SecretKey;
use daypass_kv::Batch;
use daypass_metadata::bucket::CounterRecord;
use daypass_metadata::identity;
use daypass_metadata::{Found, keys};
use tokio::sync::MutexGuard;

use crate::{Attempts, Store, View};

pub use access_keys::{MOST_ACCESS_KEYS, StoredAccessKey};
pub use accounts::MOST_ACCOUNTS;
pub use attachments::MOST_ATTACHMENTS;
pub use daypass_metadata::identity::{
    Holder, RevocationRecord, TrustedProvider, TrustedRole, WrappedKeyRing, WrappedSecret,
};
pub use groups::{MOST_GROUPS, MOST_GROUPS_OF_USER, MOST_MEMBERS};
pub use policies::{FIRST_POLICY_ID, MOST_POLICIES, PresetPolicy};
pub use providers::{MOST_PROVIDERS, StoredProvider};
pub use roles::{FIRST_ROLE_ID, MOST_ROLES, StoredRole, Trusted};
pub use users::MOST_USERS;
pub use versions::MOST_VERSIONS;

/// A new access key: its id, its secret to be shown once, and the same secret to be stored.
#[derive(Clone, Debug)]
pub struct KeyMaterial {
    /// Its id.
    pub id: AccessKeyId,
    /// Its secret.
    pub secret: SecretKey,
    /// Its secret, encrypted for storage.
    pub wrapped: WrappedSecret,
}

/// Makes an access key, with its secret wrapped under the master key that opens this ring; it may be called again.
pub trait MakeKey: Fn(Option<&WrappedKeyRing>) -> Result<KeyMaterial, Error> + Send + Sync {}

impl<F: Fn(Option<&WrappedKeyRing>) -> Result<KeyMaterial, Error> + Send + Sync> MakeKey for F {}

/// A change being decided: the view it is decided on, and the generation it depends on.
struct Change {
    view: View,
    generation: Option<Found<CounterRecord>>,
}

impl Change {
    /// A new access key, made for the key ring as this change finds it: whatever replaces the ring makes the change fail,
    /// so that a secret is never stored under a master key that the ring has left.
    async fn make_key(&self, make: &impl MakeKey) -> Result<KeyMaterial, Error> {
        let ring = self.view.key_ring().await?;
        let key = make(ring.as_ref())?;
        self.view.require_new_access_key(&key.id).await?;
        Ok(key)
    }

    /// The batch that the change's writes are added to.
    fn batch(&self) -> Batch {
        identity::change(self.generation.as_ref())
    }

    /// The number after the one that a counter gave out last, and at least `first`; none if there are no more.
    async fn next_number(&self, counter: &'static str, first: u64) -> Result<Option<u64>, Error> {
        let last = self.view.record::<CounterRecord>(&keys::counter(counter)).await?;
        let next = last.map_or(Some(first), |last| last.record.value.checked_add(1));
        Ok(next.map(|next| next.max(first)))
    }
}

/// One page of a list that is whole.
fn paged<T>(entries: Vec<T>, paging: Paging) -> Page<T> {
    let total = entries.len();
    let size = paging.page_size as usize;
    Page {
        total,
        entries: entries.into_iter().skip(paging.offset()).take(size).collect(),
    }
}

impl Store {
    /// Waits for this process's turn to change identities.
    async fn identity_turn(&self) -> MutexGuard<'_, ()> {
        self.identity_turn.lock().await
    }

    /// Begins to decide a change, on a fresh view.
    async fn begin_change(&self, attempts: &mut Attempts) -> Result<Change, Error> {
        attempts.another().await?;
        let view = self.view().await?;
        let generation = view.record(&keys::generation()).await?;
        Ok(Change { view, generation })
    }
}
