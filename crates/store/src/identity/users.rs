//! Sub-accounts.

use daypass_api::names::{Account, Uin, UserName};
use daypass_api::operation::{AccessKeyStatus, CreateUser, DeleteUser};
use daypass_api::outcome::{NewAccessKey, User};
use daypass_api::{Error, ErrorCode, Outcome, Timestamp};
use daypass_metadata::identity::{
    self, AccessKeyRecord, UID_COUNTER, UIN_COUNTER, UserNameRecord, UserRecord,
};
use daypass_metadata::keys;

use super::KeyMaterial;
use crate::view::decoded;
use crate::{Attempts, Store, View, fault};

/// Most users of one account.
pub const MOST_USERS: usize = 1000;

/// The first number under which a user receives messages. It has nothing to do with any account's number.
const FIRST_UID: u64 = 10_000_001;

impl Store {
    /// Makes a sub-account, with an access key if that is asked for; `make_key` is called only then.
    pub async fn create_user(
        &self,
        owner: Account,
        create: &CreateUser,
        make_key: impl FnOnce() -> Result<KeyMaterial, Error> + Send,
        now: Timestamp,
    ) -> Result<Outcome, Error> {
        let key = create.with_access_key.then(make_key).transpose()?;
        let _turn = self.identity_turn().await;
        let mut attempts = Attempts::default();
        loop {
            let change = self.begin_change(&mut attempts).await?;
            if change
                .view
                .user_number(owner.owner_uin, &create.name)
                .await?
                .is_some()
            {
                return Err(ErrorCode::UserNameInUse.into());
            }
            if change.view.all(keys::users(owner.owner_uin)).await?.len() >= MOST_USERS {
                return Err(ErrorCode::UserFull.into());
            }
            let uin = change
                .next_number(UIN_COUNTER, 1)
                .await?
                .ok_or(ErrorCode::UserFull)?;
            let uid = change
                .next_number(UID_COUNTER, FIRST_UID)
                .await?
                .ok_or(ErrorCode::UserFull)?;
            let (name, remark) = (create.name.clone(), create.remark.clone());
            let record = UserRecord {
                uid,
                name,
                remark,
                created: now,
            };
            let mut batch = identity::create_user(change.batch(), owner.owner_uin, Uin(uin), &record);
            batch = identity::set_counter(batch, UIN_COUNTER, uin);
            batch = identity::set_counter(batch, UID_COUNTER, uid);
            if let Some(key) = &key {
                change.view.require_new_access_key(&key.id).await?;
                batch = identity::create_access_key(batch, &key.id, &first_key(owner, Uin(uin), key, now));
            }
            if self.commit(batch).await? {
                let access_key = key.map(|key| NewAccessKey {
                    access_key: first_key(owner, Uin(uin), &key, now).access_key(key.id.clone()),
                    secret_key: key.secret,
                });
                return Ok(Outcome::UserCreated {
                    user: record.user(Uin(uin)),
                    access_key,
                });
            }
        }
    }

    /// One sub-account.
    pub async fn get_user(&self, view: &View, owner: Account, name: &UserName) -> Result<Outcome, Error> {
        view.require_user_named(owner.owner_uin, name)
            .await
            .map(Outcome::User)
    }

    /// All sub-accounts, in order of their numbers.
    pub async fn list_users(&self, view: &View, owner: Account) -> Result<Outcome, Error> {
        let pairs = view.all(keys::users(owner.owner_uin)).await?;
        let read = |(key, value): (bytes::Bytes, bytes::Bytes)| {
            let uin = keys::uin_of_user(&key).ok_or_else(|| fault::inconsistent("the key of a user"))?;
            Ok::<User, Error>(decoded::<UserRecord>(&value)?.user(uin))
        };
        Ok(Outcome::Users(
            pairs.into_iter().map(read).collect::<Result<_, _>>()?,
        ))
    }

    /// Removes a sub-account with its policies, and with its access keys if that is asked for.
    pub async fn delete_user(&self, owner: Account, delete: &DeleteUser) -> Result<Outcome, Error> {
        let _turn = self.identity_turn().await;
        let mut attempts = Attempts::default();
        loop {
            let change = self.begin_change(&mut attempts).await?;
            let user = change
                .view
                .require_user_named(owner.owner_uin, &delete.name)
                .await?;
            let access_keys = change.view.access_key_ids(owner.owner_uin, user.uin).await?;
            if !access_keys.is_empty() && !delete.force {
                return Err(ErrorCode::UserHasKeys.into());
            }
            let policies = change.view.attachments(owner.owner_uin, user.uin).await?;
            let policies: Vec<_> = policies.into_iter().map(|(policy, _)| policy).collect();
            let batch =
                identity::remove_user(change.batch(), owner.owner_uin, &user, &access_keys, &policies);
            if self.commit(batch.reclaiming()).await? {
                return Ok(Outcome::Done);
            }
        }
    }
}

fn first_key(account: Account, uin: Uin, key: &KeyMaterial, now: Timestamp) -> AccessKeyRecord {
    AccessKeyRecord {
        account,
        uin,
        secret: key.wrapped.clone(),
        status: AccessKeyStatus::Active,
        created: now,
        description: String::new(),
    }
}

impl View {
    /// A sub-account, by its number.
    pub async fn user(&self, owner: Uin, uin: Uin) -> Result<Option<User>, Error> {
        let found = self.record::<UserRecord>(&keys::user(owner, uin)).await?;
        Ok(found.map(|found| found.record.user(uin)))
    }

    /// The number of the sub-account of this name.
    pub async fn user_number(&self, owner: Uin, name: &UserName) -> Result<Option<Uin>, Error> {
        let found = self
            .record::<UserNameRecord>(&keys::user_named(owner, name))
            .await?;
        Ok(found.map(|found| found.record.uin))
    }

    async fn require_user_named(&self, owner: Uin, name: &UserName) -> Result<User, Error> {
        let uin = self
            .user_number(owner, name)
            .await?
            .ok_or(ErrorCode::UserNotExist)?;
        let user = self.user(owner, uin).await?;
        user.ok_or_else(|| fault::inconsistent("the index of user names"))
    }

    pub(crate) async fn require_user(&self, owner: Uin, uin: Uin) -> Result<User, Error> {
        self.user(owner, uin).await?.ok_or(ErrorCode::UserNotExist.into())
    }
}
