//! Policies of an account, the index of their names, and who has which, looked up from either side.

use daypass_api::Timestamp;
use daypass_api::names::{PolicyId, PolicyName, RoleId, Uin};
use daypass_kv::Batch;

use super::detach_from_role;
use crate::codec::{MarkRecord, Record, record};
use crate::keys;

/// A policy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PolicyRecord {
    /// Its name.
    pub name: PolicyName,
    /// A note about it.
    pub description: String,
    /// The document as it was given.
    pub document: String,
    /// When it was made.
    pub created: Timestamp,
    /// When it was last changed.
    pub updated: Timestamp,
}

record!(PolicyRecord, "policy", version 1, { name, description, document, created, updated });

/// The way from a policy's name to its number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PolicyNameRecord {
    /// Its number.
    pub id: PolicyId,
}

record!(PolicyNameRecord, "policy name", version 1, { id });

/// That a user has a policy.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AttachmentRecord {
    /// Since when.
    pub attached: Timestamp,
}

record!(AttachmentRecord, "attachment", version 1, { attached });

/// Makes a policy.
pub fn create_policy(batch: Batch, owner: Uin, id: PolicyId, policy: &PolicyRecord) -> Batch {
    batch.put(keys::policy(owner, id), policy.encode()).put(
        keys::policy_named(owner, &policy.name),
        PolicyNameRecord { id }.encode(),
    )
}

/// Removes a policy and takes it from everybody who has it.
pub fn remove_policy(
    batch: Batch,
    owner: Uin,
    id: PolicyId,
    name: &PolicyName,
    holders: &[Uin],
    roles: &[RoleId],
) -> Batch {
    let batch = holders
        .iter()
        .fold(batch, |batch, uin| detach(batch, owner, *uin, id));
    roles
        .iter()
        .fold(batch, |batch, role| detach_from_role(batch, owner, *role, id))
        .delete(keys::policy(owner, id))
        .delete(keys::policy_named(owner, name))
}

/// Gives a policy to a user.
pub fn attach(batch: Batch, owner: Uin, uin: Uin, policy: PolicyId, now: Timestamp) -> Batch {
    batch
        .put(
            keys::attachment(owner, uin, policy),
            AttachmentRecord { attached: now }.encode(),
        )
        .put(keys::holder(owner, policy, uin), MarkRecord.encode())
}

/// Takes a policy from a user.
pub fn detach(batch: Batch, owner: Uin, uin: Uin, policy: PolicyId) -> Batch {
    batch
        .delete(keys::attachment(owner, uin, policy))
        .delete(keys::holder(owner, policy, uin))
}
