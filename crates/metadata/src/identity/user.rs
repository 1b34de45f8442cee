//! Users of an account, and the index of their names.

use daypass_api::Timestamp;
use daypass_api::names::{AccessKeyId, PolicyId, Uin, UserName};
use daypass_api::outcome::User;
use daypass_kv::Batch;

use super::{detach, remove_access_key};
use crate::codec::{Record, record};
use crate::keys;

/// A user.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UserRecord {
    /// The number under which it receives messages.
    pub uid: u64,
    /// Its name.
    pub name: UserName,
    /// A note about it.
    pub remark: String,
    /// When it was made.
    pub created: Timestamp,
}

record!(UserRecord, "user", version 1, { uid, name, remark, created });

impl UserRecord {
    /// The user of this number.
    pub fn user(self, uin: Uin) -> User {
        User {
            uin,
            uid: self.uid,
            name: self.name,
            remark: self.remark,
            created: self.created,
        }
    }
}

/// The way from a user's name to its number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UserNameRecord {
    /// Its number.
    pub uin: Uin,
}

record!(UserNameRecord, "user name", version 1, { uin });

/// Makes a user.
pub fn create_user(batch: Batch, owner: Uin, uin: Uin, user: &UserRecord) -> Batch {
    batch.put(keys::user(owner, uin), user.encode()).put(
        keys::user_named(owner, &user.name),
        UserNameRecord { uin }.encode(),
    )
}

/// Removes a user with its access keys and its policies.
pub fn remove_user(
    batch: Batch,
    owner: Uin,
    user: &User,
    access_keys: &[AccessKeyId],
    policies: &[PolicyId],
) -> Batch {
    let batch = access_keys
        .iter()
        .fold(batch, |batch, id| remove_access_key(batch, owner, user.uin, id));
    policies
        .iter()
        .fold(batch, |batch, policy| detach(batch, owner, user.uin, *policy))
        .delete(keys::user(owner, user.uin))
        .delete(keys::user_named(owner, &user.name))
}
