//! Sub-accounts.

use daypass_api::names::{Account, Uin, UserName};
use daypass_api::operation::{AccessKeyStatus, Contact, CreateUser, UpdateUser};
use daypass_api::outcome::{NewAccessKey, User};
use daypass_api::{Error, ErrorCode, Outcome, Timestamp};
use daypass_metadata::identity::{
    self, AccessKeyRecord, Holder, UID_COUNTER, UIN_COUNTER, UserNameRecord, UserRecord,
};
use daypass_metadata::keys;

use super::{KeyMaterial, MakeKey};
use crate::view::decoded;
use crate::{Attempts, Store, View, fault};

/// Most users of one account.
pub const MOST_USERS: u64 = 1000;

/// The first number under which a user receives messages. It has nothing to do with any account's number.
const FIRST_UID: u64 = 10_000_001;

impl Store {
    /// Makes a sub-account, with an access key if that is asked for; `make_key` is called only then.
    pub async fn create_user(
        &self,
        owner: Account,
        create: &CreateUser,
        make_key: impl MakeKey,
        now: Timestamp,
    ) -> Result<Outcome, Error> {
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
            let mut tally = change.view.account_tally(owner.owner_uin).await?;
            if tally.users >= MOST_USERS {
                return Err(ErrorCode::UserFull.into());
            }
            tally.users = tally.users.saturating_add(1);
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
                contact: create.contact.clone(),
            };
            let mut batch = identity::create_user(change.batch(), owner.owner_uin, Uin(uin), &record);
            batch = identity::put_account_tally(batch, owner.owner_uin, &tally);
            batch = identity::set_counter(batch, UIN_COUNTER, uin);
            batch = identity::set_counter(batch, UID_COUNTER, uid);
            let key = match create.with_access_key {
                true => Some(change.make_key(&make_key).await?),
                false => None,
            };
            if let Some(key) = &key {
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
        view.users(owner.owner_uin).await.map(Outcome::Users)
    }

    /// Those of these sub-accounts that exist, each once, in the order in which they were asked for.
    pub async fn describe_users(&self, view: &View, owner: Account, uins: &[Uin]) -> Result<Outcome, Error> {
        let mut users: Vec<User> = Vec::new();
        for uin in uins {
            if let Some(user) = view.user(owner.owner_uin, *uin).await?
                && !users.iter().any(|known| known.uin == *uin)
            {
                users.push(user);
            }
        }
        Ok(Outcome::SubAccounts(users))
    }

    /// Changes what is noted about a sub-account. It goes by its number, as that was judged: the name may be another's
    /// by now.
    pub async fn update_user(&self, owner: Account, uin: Uin, update: &UpdateUser) -> Result<Outcome, Error> {
        let owner = owner.owner_uin;
        let _turn = self.identity_turn().await;
        let mut attempts = Attempts::default();
        loop {
            let change = self.begin_change(&mut attempts).await?;
            let found = change.view.record::<UserRecord>(&keys::user(owner, uin)).await?;
            let before = found.ok_or(ErrorCode::UserNotExist)?.record;
            let after = updated(before.clone(), update);
            if after == before {
                return Ok(Outcome::Done);
            }
            if self
                .commit(identity::put_user(change.batch(), owner, uin, &after))
                .await?
            {
                return Ok(Outcome::Done);
            }
        }
    }

    /// Removes a sub-account with its policies, its memberships and its boundary, and with its access keys if that is
    /// forced. It goes by its number, as that was judged: the name may be another's by now. All that hangs on one user
    /// is bounded, and goes in one batch.
    pub async fn delete_user(&self, owner: Account, uin: Uin, force: bool) -> Result<Outcome, Error> {
        let owner = owner.owner_uin;
        let _turn = self.identity_turn().await;
        let mut attempts = Attempts::default();
        loop {
            let change = self.begin_change(&mut attempts).await?;
            let view = &change.view;
            let user = view.require_user(owner, uin).await?;
            let access_keys = view.access_key_ids(owner, uin).await?;
            if !access_keys.is_empty() && !force {
                return Err(ErrorCode::UserHasKeys.into());
            }
            let groups = view.groups_of(owner, uin).await?;
            let mut tally = view.account_tally(owner).await?;
            tally.users = tally.users.saturating_sub(1);
            tally.memberships = tally.memberships.saturating_sub(groups.len() as u64);
            let mut batch = identity::put_account_tally(change.batch(), owner, &tally);
            for id in &access_keys {
                batch = identity::remove_access_key(batch, owner, uin, id);
            }
            for group in groups {
                batch = identity::leave_group(batch, owner, group, uin);
            }
            let boundary = view.boundary_of(owner, uin).await?;
            batch = change
                .detach_all(batch, owner, Holder::User(uin), boundary)
                .await?;
            let batch = identity::remove_user(batch, owner, &user);
            if self.commit(batch.reclaiming()).await? {
                return Ok(Outcome::Done);
            }
        }
    }
}

fn updated(user: UserRecord, update: &UpdateUser) -> UserRecord {
    let either = |new: &Option<String>, old: String| new.clone().unwrap_or(old);
    UserRecord {
        remark: either(&update.remark, user.remark),
        contact: Contact {
            phone_number: either(&update.phone_number, user.contact.phone_number),
            country_code: either(&update.country_code, user.contact.country_code),
            email: either(&update.email, user.contact.email),
        },
        ..user
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

    /// All sub-accounts, in order of their numbers.
    pub(crate) async fn users(&self, owner: Uin) -> Result<Vec<User>, Error> {
        let read = |(key, value): (bytes::Bytes, bytes::Bytes)| {
            let uin = keys::uin_of_user(&key).ok_or_else(|| fault::inconsistent("the key of a user"))?;
            Ok::<User, Error>(decoded::<UserRecord>(&value)?.user(uin))
        };
        let pairs = self.all(keys::users(owner)).await?;
        pairs.into_iter().map(read).collect()
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
