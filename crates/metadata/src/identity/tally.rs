//! How many there are: of each kind in an account, and of those who have a policy. Kept in the same batch as what is
//! counted, so that limits and lists need not count.

use daypass_api::names::{PolicyId, Uin};
use daypass_kv::Batch;

use crate::codec::{Record, record};
use crate::keys;

/// How much of each kind an account has.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct AccountTallyRecord {
    /// Sub-accounts.
    pub users: u64,
    /// Its own policies.
    pub policies: u64,
    /// Groups.
    pub groups: u64,
    /// Memberships of sub-accounts in groups.
    pub memberships: u64,
    /// Roles.
    pub roles: u64,
}

record!(AccountTallyRecord, "account tally", version 1, { users, policies, groups, memberships, roles });

/// How many have a policy.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PolicyTallyRecord {
    /// As a policy of theirs.
    pub attachments: u64,
    /// As their boundary.
    pub boundaries: u64,
}

record!(PolicyTallyRecord, "policy tally", version 1, { attachments, boundaries });

/// Stores how much of each kind an account has.
pub fn put_account_tally(batch: Batch, owner: Uin, tally: &AccountTallyRecord) -> Batch {
    batch.put(keys::account_tally(owner), tally.encode())
}

/// Stores how many have a policy.
pub fn put_policy_tally(batch: Batch, owner: Uin, policy: PolicyId, tally: &PolicyTallyRecord) -> Batch {
    batch.put(keys::policy_tally(owner, policy), tally.encode())
}
