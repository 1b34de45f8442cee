//! Accounts, found by the number of their root identity and by the number in their bucket names.

use daypass_api::Timestamp;
use daypass_api::names::{Account, AppId, Uin};
use daypass_kv::Batch;

use crate::codec::{Record, record};
use crate::keys;

/// An account.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AccountRecord {
    /// The number in its bucket names.
    pub app_id: AppId,
    /// When it was made.
    pub created: Timestamp,
}

record!(AccountRecord, "account", version 1, { app_id, created });

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
    };
    let owner = OwnerRecord {
        owner_uin: account.owner_uin,
    };
    batch
        .put(keys::account(account.owner_uin), record.encode())
        .put(keys::account_of_app(account.app_id), owner.encode())
}
