//! Permanent access keys of root identities and sub-accounts.

use daypass_api::names::{AccessKeyId, Account, Uin};
use daypass_api::operation::AccessKeyStatus;
use daypass_api::outcome::{AccessKey, NewAccessKey};
use daypass_api::{Error, ErrorCode, Outcome, Timestamp};
use daypass_metadata::identity::{self, AccessKeyRecord, WrappedSecret};
use daypass_metadata::keys;

use super::MakeKey;
use crate::{Attempts, Store, View, fault};

/// Most access keys of one identity.
pub const MOST_ACCESS_KEYS: usize = 2;

/// A permanent access key as it is stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredAccessKey {
    /// Its id.
    pub id: AccessKeyId,
    /// The account of its identity.
    pub account: Account,
    /// Its identity.
    pub uin: Uin,
    /// Its secret, encrypted by the caller who stored it.
    pub secret: WrappedSecret,
    /// Whether it works.
    pub status: AccessKeyStatus,
    /// When it was made.
    pub created: Timestamp,
    /// A note about it.
    pub description: String,
}

impl Store {
    /// Makes an access key for an identity of the account, root or sub-account.
    pub async fn create_access_key(
        &self,
        owner: Account,
        uin: Uin,
        description: &str,
        make_key: impl MakeKey,
        now: Timestamp,
    ) -> Result<Outcome, Error> {
        let _turn = self.identity_turn().await;
        let mut attempts = Attempts::default();
        loop {
            let change = self.begin_change(&mut attempts).await?;
            change.view.require_identity(owner, uin).await?;
            if change.view.access_key_ids(owner.owner_uin, uin).await?.len() >= MOST_ACCESS_KEYS {
                return Err(ErrorCode::AccessKeyOverLimit.into());
            }
            let key = change.make_key(&make_key).await?;
            let record = AccessKeyRecord {
                account: owner,
                uin,
                secret: key.wrapped,
                status: AccessKeyStatus::Active,
                created: now,
                description: description.to_owned(),
            };
            if self
                .commit(identity::create_access_key(change.batch(), &key.id, &record))
                .await?
            {
                let access_key = record.access_key(key.id);
                return Ok(Outcome::AccessKeyCreated(NewAccessKey {
                    access_key,
                    secret_key: key.secret,
                }));
            }
        }
    }

    /// The access keys of an identity, oldest first.
    pub async fn list_access_keys(&self, view: &View, owner: Account, uin: Uin) -> Result<Outcome, Error> {
        view.require_identity(owner, uin).await?;
        let mut access_keys: Vec<AccessKey> = Vec::new();
        for id in view.access_key_ids(owner.owner_uin, uin).await? {
            let found = view.record::<AccessKeyRecord>(&keys::access_key(&id)).await?;
            let found = found.ok_or_else(|| fault::inconsistent("the index of access keys"))?;
            access_keys.push(found.record.access_key(id));
        }
        access_keys.sort_by_key(|key| key.created);
        Ok(Outcome::AccessKeys(access_keys))
    }

    /// Enables or disables an access key of an identity.
    pub async fn update_access_key(
        &self,
        owner: Account,
        uin: Uin,
        id: &AccessKeyId,
        status: AccessKeyStatus,
    ) -> Result<Outcome, Error> {
        let _turn = self.identity_turn().await;
        let mut attempts = Attempts::default();
        loop {
            let change = self.begin_change(&mut attempts).await?;
            let mut record = change.view.require_access_key_of(owner, uin, id).await?;
            if record.status == status {
                return Ok(Outcome::Done);
            }
            if status == AccessKeyStatus::Inactive {
                change.view.require_other_root_key(owner, uin, id).await?;
            }
            record.status = status;
            if self
                .commit(identity::put_access_key(change.batch(), id, &record))
                .await?
            {
                return Ok(Outcome::Done);
            }
        }
    }

    /// Removes an access key of an identity.
    pub async fn delete_access_key(
        &self,
        owner: Account,
        uin: Uin,
        id: &AccessKeyId,
    ) -> Result<Outcome, Error> {
        let _turn = self.identity_turn().await;
        let mut attempts = Attempts::default();
        loop {
            let change = self.begin_change(&mut attempts).await?;
            change.view.require_access_key_of(owner, uin, id).await?;
            change.view.require_other_root_key(owner, uin, id).await?;
            let batch = identity::remove_access_key(change.batch(), owner.owner_uin, uin, id);
            if self.commit(batch.reclaiming()).await? {
                return Ok(Outcome::Done);
            }
        }
    }
}

impl View {
    /// A permanent access key.
    pub async fn access_key(&self, id: &AccessKeyId) -> Result<Option<StoredAccessKey>, Error> {
        let found = self.record::<AccessKeyRecord>(&keys::access_key(id)).await?;
        Ok(found.map(|found| {
            let AccessKeyRecord {
                account,
                uin,
                secret,
                status,
                created,
                description,
            } = found.record;
            StoredAccessKey {
                id: id.clone(),
                account,
                uin,
                secret,
                status,
                created,
                description,
            }
        }))
    }

    pub(crate) async fn access_key_ids(&self, owner: Uin, uin: Uin) -> Result<Vec<AccessKeyId>, Error> {
        let pairs = self.all(keys::access_keys_of(owner, uin)).await?;
        let ids = pairs
            .iter()
            .map(|(key, _)| keys::id_of_access_key_of(key, owner, uin));
        ids.collect::<Option<_>>()
            .ok_or_else(|| fault::inconsistent("the index of access keys"))
    }

    /// Ids are random, so one that is taken is a fault of their source.
    pub(crate) async fn require_new_access_key(&self, id: &AccessKeyId) -> Result<(), Error> {
        match self.access_key(id).await? {
            None => Ok(()),
            Some(_) => Err(fault::inconsistent("a new access key has the id of another")),
        }
    }

    async fn require_identity(&self, owner: Account, uin: Uin) -> Result<(), Error> {
        let exists = match uin == owner.owner_uin {
            true => self.account(owner.owner_uin).await?.is_some(),
            false => self.user(owner.owner_uin, uin).await?.is_some(),
        };
        if exists {
            Ok(())
        } else {
            Err(ErrorCode::UserNotExist.into())
        }
    }

    /// Without an active key of the root nobody could manage the account any more, not even to make a key. So the last
    /// one stays; everybody else's keys may all go.
    async fn require_other_root_key(&self, owner: Account, uin: Uin, id: &AccessKeyId) -> Result<(), Error> {
        if uin != owner.owner_uin {
            return Ok(());
        }
        for other in self.access_key_ids(owner.owner_uin, uin).await? {
            let key = self.access_key(&other).await?;
            if other != *id && key.is_some_and(|key| key.status == AccessKeyStatus::Active) {
                return Ok(());
            }
        }
        Err(ErrorCode::LastRootKey.into())
    }

    /// Another account's key is as good as none; another identity's of the same account is named as such.
    async fn require_access_key_of(
        &self,
        owner: Account,
        uin: Uin,
        id: &AccessKeyId,
    ) -> Result<AccessKeyRecord, Error> {
        let found = self.record::<AccessKeyRecord>(&keys::access_key(id)).await?;
        match found.map(|found| found.record) {
            Some(record) if record.account == owner && record.uin == uin => Ok(record),
            Some(record) if record.account == owner => Err(ErrorCode::AccessKeyNotOfSubject.into()),
            Some(_) | None => Err(ErrorCode::AccessKeyNotExist.into()),
        }
    }
}
