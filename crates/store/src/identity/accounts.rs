//! Accounts and their root identities.

use daypass_api::names::{Account, AppId, Uin};
use daypass_api::operation::AccessKeyStatus;
use daypass_api::{Error, Timestamp};
use daypass_kv::KeyRange;
use daypass_metadata::bucket::CounterRecord;
use daypass_metadata::identity::{self, AccessKeyRecord, AccountRecord, OwnerRecord, UIN_COUNTER};
use daypass_metadata::keys;

use super::KeyMaterial;
use crate::{Attempts, Store, View, fault};

impl Store {
    /// Makes an account with the first access key of its root identity; false if there is an account of either
    /// of its numbers already.
    pub async fn create_account(
        &self,
        account: Account,
        key: &KeyMaterial,
        now: Timestamp,
    ) -> Result<bool, Error> {
        let _turn = self.identity_turn().await;
        let mut attempts = Attempts::default();
        loop {
            let change = self.begin_change(&mut attempts).await?;
            let taken = change.view.account(account.owner_uin).await?.is_some()
                || change.view.account_of_app(account.app_id).await?.is_some();
            if taken {
                return Ok(false);
            }
            change.view.require_new_access_key(&key.id).await?;
            let last_uin = change
                .view
                .record::<CounterRecord>(&keys::counter(UIN_COUNTER))
                .await?;
            let last_uin = last_uin
                .map_or(0, |last| last.record.value)
                .max(account.owner_uin.0);
            let record = AccessKeyRecord {
                account,
                uin: account.owner_uin,
                secret: key.wrapped.clone(),
                status: AccessKeyStatus::Active,
                created: now,
                description: String::new(),
            };
            let batch = identity::create_account(change.batch(), account, now);
            let batch = identity::set_counter(batch, UIN_COUNTER, last_uin);
            if self
                .commit(identity::create_access_key(batch, &key.id, &record))
                .await?
            {
                return Ok(true);
            }
        }
    }
}

impl View {
    /// The account with the smallest number; none in an empty store.
    pub async fn first_account(&self) -> Result<Option<Account>, Error> {
        let first = self.first(KeyRange::prefix(keys::accounts()), 1).await?;
        let Some((key, _)) = first.first() else {
            return Ok(None);
        };
        let owner =
            keys::owner_of_account(key).ok_or_else(|| fault::inconsistent("the key of an account"))?;
        self.account(owner).await
    }

    /// The account of this root identity.
    pub async fn account(&self, owner: Uin) -> Result<Option<Account>, Error> {
        let found = self.record::<AccountRecord>(&keys::account(owner)).await?;
        Ok(found.map(|found| Account {
            app_id: found.record.app_id,
            owner_uin: owner,
        }))
    }

    /// The account of the number in bucket names.
    pub async fn account_of_app(&self, app: AppId) -> Result<Option<Account>, Error> {
        let Some(found) = self.record::<OwnerRecord>(&keys::account_of_app(app)).await? else {
            return Ok(None);
        };
        let account = self.account(found.record.owner_uin).await?;
        account
            .map(Some)
            .ok_or_else(|| fault::inconsistent("the index of accounts"))
    }
}
