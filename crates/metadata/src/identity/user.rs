//! Users of an account, and the indexes of their names and of the numbers under which they receive messages.

use daypass_api::Timestamp;
use daypass_api::names::{Uin, UserName};
use daypass_api::operation::Contact;
use daypass_api::outcome::User;
use daypass_kv::Batch;

use crate::codec::{Record, record, record_since_2};
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
    /// How it is reached; version 1 did not keep it.
    pub contact: Contact,
}

record_since_2!(UserRecord, "user", { uid, name, remark, created }, added { contact });

impl UserRecord {
    /// The user of this number.
    pub fn user(self, uin: Uin) -> User {
        User {
            uin,
            uid: self.uid,
            name: self.name,
            remark: self.remark,
            contact: self.contact,
            created: self.created,
        }
    }
}

/// The way from a user's name, or from the number under which it receives messages, to its number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UserNameRecord {
    /// Its number.
    pub uin: Uin,
}

record!(UserNameRecord, "user name", version 1, { uin });

/// Makes a user.
pub fn create_user(batch: Batch, owner: Uin, uin: Uin, user: &UserRecord) -> Batch {
    let way = UserNameRecord { uin }.encode();
    put_user(batch, owner, uin, user)
        .put(keys::user_named(owner, &user.name), way.clone())
        .put(keys::user_of_uid(owner, user.uid), way)
}

/// Changes what is stored about a user, but neither its name nor its numbers.
pub fn put_user(batch: Batch, owner: Uin, uin: Uin, user: &UserRecord) -> Batch {
    batch.put(keys::user(owner, uin), user.encode())
}

/// Removes a user from which all that hangs on it was taken.
pub fn remove_user(batch: Batch, owner: Uin, user: &User) -> Batch {
    batch
        .delete(keys::user(owner, user.uin))
        .delete(keys::user_named(owner, &user.name))
        .delete(keys::user_of_uid(owner, user.uid))
        .delete(keys::boundary(owner, user.uin))
}
