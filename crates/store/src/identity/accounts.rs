//! Accounts and their root identities.

use daypass_api::names::{Account, AppId, Uin};
use daypass_api::operation::{AccessKeyStatus, AccountStatus, MAX_ACCOUNT_NUMBER, NewAccount};
use daypass_api::outcome::{NewAccessKey, RootAccount};
use daypass_api::{Error, ErrorCode, Outcome, Timestamp};
use daypass_kv::{Batch, KeyRange, Pair};
use daypass_metadata::bucket::CounterRecord;
use daypass_metadata::identity::{self, AccessKeyRecord, AccountRecord, OwnerRecord, UIN_COUNTER};
use daypass_metadata::keys;

use super::{KeyMaterial, MakeKey};
use crate::view::decoded;
use crate::{Attempts, Store, View, fault};

/// Most accounts of one store.
pub const MOST_ACCOUNTS: usize = 1000;

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
            if self
                .commit(founding(change.batch(), account, last_uin, key, now))
                .await?
            {
                return Ok(true);
            }
        }
    }

    /// Makes a further account. A number that is not asked for is the one after the greatest; that of the root is
    /// greater than every identity's there is or was, so that the store's first account stays the first.
    pub async fn add_account(
        &self,
        new: NewAccount,
        make_key: impl MakeKey,
        now: Timestamp,
    ) -> Result<Outcome, Error> {
        let _turn = self.identity_turn().await;
        let mut attempts = Attempts::default();
        loop {
            let change = self.begin_change(&mut attempts).await?;
            let existing = change.view.root_accounts().await?;
            if existing.len() >= MOST_ACCOUNTS {
                return Err(ErrorCode::AccountFull.into());
            }
            let next_uin = change
                .next_number(UIN_COUNTER, 1)
                .await?
                .ok_or(ErrorCode::AccountFull)?;
            let account = numbered(new, &existing, next_uin)?;
            let key = change.make_key(&make_key).await?;
            let batch = founding(change.batch(), account, account.owner_uin.0, &key, now);
            if self.commit(batch).await? {
                let access_key = first_key(account, &key, now).access_key(key.id.clone());
                return Ok(Outcome::RootAccountCreated {
                    account: RootAccount {
                        account,
                        created: now,
                        status: AccountStatus::Active,
                    },
                    access_key: NewAccessKey {
                        access_key,
                        secret_key: key.secret,
                    },
                });
            }
        }
    }

    /// One account.
    pub async fn get_account(&self, view: &View, owner_uin: Uin) -> Result<Outcome, Error> {
        let found = view.account_record(owner_uin).await?;
        let found = found.ok_or(ErrorCode::AccountNotExist)?;
        Ok(Outcome::RootAccount(shown(owner_uin, &found)))
    }

    /// All accounts, the first one first.
    pub async fn list_accounts(&self, view: &View) -> Result<Outcome, Error> {
        view.root_accounts().await.map(Outcome::RootAccounts)
    }

    /// Lets an account's keys count, or not; the operator's always do.
    pub async fn update_account(
        &self,
        operator: Account,
        owner_uin: Uin,
        status: AccountStatus,
    ) -> Result<Outcome, Error> {
        if operator.owner_uin == owner_uin {
            return Err(ErrorCode::AccountIsOperator.into());
        }
        let disabled = status == AccountStatus::Disabled;
        let _turn = self.identity_turn().await;
        let mut attempts = Attempts::default();
        loop {
            let change = self.begin_change(&mut attempts).await?;
            let found = change.view.account_record(owner_uin).await?;
            let found = found.ok_or(ErrorCode::AccountNotExist)?;
            if found.disabled == disabled {
                return Ok(Outcome::Done);
            }
            let next = AccountRecord { disabled, ..found };
            if self
                .commit(identity::put_account(change.batch(), owner_uin, &next))
                .await?
            {
                return Ok(Outcome::Done);
            }
        }
    }
}

/// The numbers of an account that is to be made.
fn numbered(new: NewAccount, existing: &[RootAccount], next_uin: u64) -> Result<Account, Error> {
    let apps = || existing.iter().map(|account| account.account.app_id.0);
    let next_app = apps().max().map_or(1, |last| last.saturating_add(1));
    let app_id = new.app_id.map_or(next_app, |app| app.0);
    let owner_uin = new.owner_uin.map_or(next_uin, |owner| owner.0);
    let in_use = |text: String| Err(Error::with_message(ErrorCode::AccountInUse, text));
    if app_id > MAX_ACCOUNT_NUMBER || owner_uin > MAX_ACCOUNT_NUMBER {
        return Err(ErrorCode::AccountFull.into());
    }
    if apps().any(|app| app == app_id) {
        return in_use(format!("the APPID {app_id} is in use"));
    }
    if owner_uin < next_uin {
        return in_use(format!("the number of the root is not {next_uin} or greater"));
    }
    Ok(Account {
        app_id: AppId(app_id),
        owner_uin: Uin(owner_uin),
    })
}

/// Everything that makes an account.
fn founding(batch: Batch, account: Account, last_uin: u64, key: &KeyMaterial, now: Timestamp) -> Batch {
    let batch = identity::create_account(batch, account, now);
    let batch = identity::set_counter(batch, UIN_COUNTER, last_uin);
    identity::create_access_key(batch, &key.id, &first_key(account, key, now))
}

fn first_key(account: Account, key: &KeyMaterial, now: Timestamp) -> AccessKeyRecord {
    AccessKeyRecord {
        account,
        uin: account.owner_uin,
        secret: key.wrapped.clone(),
        status: AccessKeyStatus::Active,
        created: now,
        description: String::new(),
    }
}

fn shown(owner_uin: Uin, record: &AccountRecord) -> RootAccount {
    RootAccount {
        account: Account {
            app_id: record.app_id,
            owner_uin,
        },
        created: record.created,
        status: if record.disabled {
            AccountStatus::Disabled
        } else {
            AccountStatus::Active
        },
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
        let found = self.account_record(owner).await?;
        Ok(found.map(|found| Account {
            app_id: found.app_id,
            owner_uin: owner,
        }))
    }

    /// Whether the keys of an account count no more.
    pub async fn is_account_disabled(&self, owner: Uin) -> Result<bool, Error> {
        let found = self.account_record(owner).await?;
        Ok(found.is_none_or(|found| found.disabled))
    }

    async fn account_record(&self, owner: Uin) -> Result<Option<AccountRecord>, Error> {
        let found = self.record::<AccountRecord>(&keys::account(owner)).await?;
        Ok(found.map(|found| found.record))
    }

    async fn root_accounts(&self) -> Result<Vec<RootAccount>, Error> {
        let pairs = self.all(keys::accounts()).await?;
        let read = |(key, value): &Pair| {
            let owner =
                keys::owner_of_account(key).ok_or_else(|| fault::inconsistent("the key of an account"))?;
            Ok(shown(owner, &decoded::<AccountRecord>(value)?))
        };
        pairs.iter().map(read).collect()
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
