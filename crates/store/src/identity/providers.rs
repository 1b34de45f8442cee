//! Identity providers: who may vouch for somebody that has no key here.
//!
//! Whether an issuer or a key set is one was looked at before. What is settled here is which changes end the sessions
//! that began before: whoever stops to take what was taken is another revision of the provider.

use daypass_api::names::{Account, ProviderId, ProviderName, Uin};
use daypass_api::operation::ProviderSettings;
use daypass_api::{Error, ErrorCode, Outcome, Timestamp};
use daypass_metadata::identity::{self, PROVIDER_COUNTER, ProviderNameRecord, ProviderRecord};
use daypass_metadata::keys;

use crate::{Attempts, Store, View, fault};

/// Most identity providers of one account.
pub const MOST_PROVIDERS: usize = 100;

/// An identity provider, as taking its word needs it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredProvider {
    /// Its number.
    pub id: ProviderId,
    /// All that is stored about it.
    pub record: ProviderRecord,
}

impl Store {
    /// Makes a provider.
    pub async fn create_provider(
        &self,
        owner: Account,
        new: &ProviderSettings,
        now: Timestamp,
    ) -> Result<Outcome, Error> {
        let owner = owner.owner_uin;
        let _turn = self.identity_turn().await;
        let mut attempts = Attempts::default();
        loop {
            let change = self.begin_change(&mut attempts).await?;
            if change.view.provider_named(owner, &new.name).await?.is_some() {
                return Err(ErrorCode::ProviderNameInUse.into());
            }
            if change.view.all(keys::providers(owner)).await?.len() >= MOST_PROVIDERS {
                return Err(ErrorCode::ProviderFull.into());
            }
            let record = ProviderRecord {
                name: new.name.clone(),
                issuer: new.issuer.clone(),
                audiences: new.audiences.clone(),
                keys: new.keys.clone(),
                description: new.description.clone().unwrap_or_default(),
                revision: 1,
                created: now,
                updated: now,
            };
            let id = change.next_number(PROVIDER_COUNTER, 1).await?;
            let id = id.ok_or(ErrorCode::ProviderFull)?;
            let batch = identity::create_provider(change.batch(), owner, ProviderId(id), &record);
            if self
                .commit(identity::set_counter(batch, PROVIDER_COUNTER, id))
                .await?
            {
                return Ok(Outcome::Done);
            }
        }
    }

    /// One provider.
    pub async fn get_provider(
        &self,
        view: &View,
        owner: Account,
        name: &ProviderName,
    ) -> Result<Outcome, Error> {
        let found = view.require_provider(owner.owner_uin, name).await?;
        Ok(Outcome::Provider(found.record.provider()))
    }

    /// Replaces what is said about a provider.
    pub async fn update_provider(
        &self,
        owner: Account,
        settings: &ProviderSettings,
        now: Timestamp,
    ) -> Result<Outcome, Error> {
        let owner = owner.owner_uin;
        let _turn = self.identity_turn().await;
        let mut attempts = Attempts::default();
        loop {
            let change = self.begin_change(&mut attempts).await?;
            let StoredProvider { id, record } = change.view.require_provider(owner, &settings.name).await?;
            let record = updated(record, settings, now);
            let batch = identity::put_provider(change.batch(), owner, id, &record);
            if self.commit(batch).await? {
                return Ok(Outcome::Done);
            }
        }
    }

    /// Removes a provider. Roles that trust it trust nobody of its name.
    pub async fn delete_provider(&self, owner: Account, name: &ProviderName) -> Result<Outcome, Error> {
        let owner = owner.owner_uin;
        let _turn = self.identity_turn().await;
        let mut attempts = Attempts::default();
        loop {
            let change = self.begin_change(&mut attempts).await?;
            let found = change.view.require_provider(owner, name).await?;
            let batch = identity::remove_provider(change.batch(), owner, found.id, name);
            if self.commit(batch.reclaiming()).await? {
                return Ok(Outcome::Done);
            }
        }
    }
}

fn updated(record: ProviderRecord, settings: &ProviderSettings, now: Timestamp) -> ProviderRecord {
    let keeps = |audience: &String| settings.audiences.contains(audience);
    let takes_less = record.issuer != settings.issuer
        || record.keys != settings.keys
        || !record.audiences.iter().all(keeps);
    ProviderRecord {
        issuer: settings.issuer.clone(),
        audiences: settings.audiences.clone(),
        keys: settings.keys.clone(),
        description: settings.description.clone().unwrap_or(record.description),
        revision: record.revision.saturating_add(u64::from(takes_less)),
        updated: now,
        ..record
    }
}

impl View {
    /// A provider of an account, by its number.
    pub async fn provider(&self, owner: Uin, id: ProviderId) -> Result<Option<StoredProvider>, Error> {
        let found = self.record::<ProviderRecord>(&keys::provider(owner, id)).await?;
        Ok(found.map(|found| StoredProvider {
            id,
            record: found.record,
        }))
    }

    /// A provider of an account, by its name.
    pub async fn provider_named(
        &self,
        owner: Uin,
        name: &ProviderName,
    ) -> Result<Option<StoredProvider>, Error> {
        let key = keys::provider_named(owner, name);
        let Some(index) = self.record::<ProviderNameRecord>(&key).await? else {
            return Ok(None);
        };
        let found = self.provider(owner, index.record.id).await?;
        found
            .map(Some)
            .ok_or_else(|| fault::inconsistent("the index of provider names"))
    }

    async fn require_provider(&self, owner: Uin, name: &ProviderName) -> Result<StoredProvider, Error> {
        let found = self.provider_named(owner, name).await?;
        found.ok_or(ErrorCode::ProviderNotExist.into())
    }
}
