//! Identities: accounts, users, groups, access keys, roles, policies and who has them,
//! and the key ring.
//!
//! Every change begins with [`change`], which requires the generation to be as read and raises it. That one
//! condition covers everything that the change was decided on, names, numbers and limits alike, so no change
//! carries conditions of its own; and other gateways notice any change by reading one key.

mod access_key;
mod account;
mod boundary;
mod group;
mod key_ring;
mod last_use;
mod policy;
mod provider;
mod revocation;
mod role;
mod tally;
mod user;

use daypass_kv::Batch;

use crate::bucket::CounterRecord;
use crate::codec::{Found, Record, require};
use crate::keys;

pub use access_key::{AccessKeyRecord, WrappedSecret, create_access_key, put_access_key, remove_access_key};
pub use account::{AccountRecord, OwnerRecord, create_account, put_account};
pub use boundary::{BoundaryRecord, put_boundary, remove_boundary};
pub use group::{
    GroupNameRecord, GroupRecord, free_group_name, join_group, leave_group, put_group, remove_group,
};
pub use key_ring::{KeyRingRecord, WrappedKeyRing, put_key_ring};
pub use last_use::{LastUseRecord, put_last_use};
pub use policy::{
    AttachmentRecord, Holder, PolicyNameRecord, PolicyRecord, PolicyVersionRecord, attach, create_policy,
    detach, put_policy, put_version, remove_policy, remove_version,
};
pub use provider::{
    ProviderNameRecord, ProviderRecord, TrustedProvider, create_provider, put_provider, remove_provider,
};
pub use revocation::{RevocationRecord, forget_revocation, revoke};
pub use role::{RoleNameRecord, RoleRecord, TrustedRole, create_role, put_role, remove_role};
pub use tally::{AccountTallyRecord, PolicyTallyRecord, put_account_tally, put_policy_tally};
pub use user::{UserNameRecord, UserRecord, create_user, put_user, remove_user};

/// Gives out the numbers of identities.
pub const UIN_COUNTER: &str = "uin";
/// Gives out the numbers under which users receive messages.
pub const UID_COUNTER: &str = "uid";
/// Gives out the numbers of policies.
pub const POLICY_COUNTER: &str = "policy";
/// Gives out the numbers of roles, across all accounts.
pub const ROLE_COUNTER: &str = "role";
/// Gives out the numbers of identity providers, across all accounts.
pub const PROVIDER_COUNTER: &str = "provider";
/// Gives out the numbers of groups.
pub const GROUP_COUNTER: &str = "group";

/// Begins a change, which is applied only if nothing about identities changed since the generation was read.
pub fn change(generation: Option<&Found<CounterRecord>>) -> Batch {
    let value = generation
        .map_or(0, |generation| generation.record.value)
        .saturating_add(1);
    let key = keys::generation();
    require(Batch::new(), &key, generation).put(key, CounterRecord { value }.encode())
}

/// Sets a counter; the generation's condition makes sure that it is as it was read.
pub fn set_counter(batch: Batch, name: &'static str, value: u64) -> Batch {
    batch.put(keys::counter(name), CounterRecord { value }.encode())
}
