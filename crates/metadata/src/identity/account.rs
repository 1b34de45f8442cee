//! Accounts, found by the number of their root identity and by the number in their bucket names.

use daypass_api::Timestamp;
use daypass_api::names::{Account, AppId, Uin};
use daypass_kv::Batch;

use crate::codec::{Record, record, record_since_2};
use crate::keys;

/// An account.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AccountRecord {
    /// The number in its bucket names.
    pub app_id: AppId,
    /// When it was made.
    pub created: Timestamp,
    /// Whether its keys count no more.
    pub disabled: bool,
}

record_since_2!(AccountRecord, "account", { app_id, created }, added { disabled });

/// The way from the number in bucket names to the root identity.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OwnerRecord {
    /// The root identity.
    pub owner_uin: Uin,
}

record!(OwnerRecord, "account index", version 1, { owner_uin });

/// Makes an account.
pub fn create_account(batch: Batch, account: Account, created: Timestamp) -> Batch {
    let record = AccountRecord {
        app_id: account.app_id,
        created,
        disabled: false,
    };
    let owner = OwnerRecord {
        owner_uin: account.owner_uin,
    };
    batch
        .put(keys::account(account.owner_uin), record.encode())
        .put(keys::account_of_app(account.app_id), owner.encode())
}

/// Stores an account's record anew.
pub fn put_account(batch: Batch, owner_uin: Uin, record: &AccountRecord) -> Batch {
    batch.put(keys::account(owner_uin), record.encode())
}
