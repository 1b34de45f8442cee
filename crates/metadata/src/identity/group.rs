//! Groups of users, the index of their names, and who is in which, looked up from either side.

use daypass_api::Timestamp;
use daypass_api::names::{GroupId, GroupName, Uin};
use daypass_api::outcome::Group;
use daypass_kv::Batch;

use crate::codec::{MarkRecord, Record, record};
use crate::keys;

/// A group.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GroupRecord {
    /// Its name.
    pub name: GroupName,
    /// A note about it.
    pub remark: String,
    /// When it was made.
    pub created: Timestamp,
}

record!(GroupRecord, "group", version 1, { name, remark, created });

impl GroupRecord {
    /// The group of this number.
    pub fn group(self, id: GroupId) -> Group {
        Group {
            id,
            name: self.name,
            remark: self.remark,
            created: self.created,
        }
    }
}

/// The way from a group's name to its number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct GroupNameRecord {
    /// Its number.
    pub id: GroupId,
}

record!(GroupNameRecord, "group name", version 1, { id });

/// Makes a group, or stores a changed one.
pub fn put_group(batch: Batch, owner: Uin, id: GroupId, group: &GroupRecord) -> Batch {
    batch.put(keys::group(owner, id), group.encode()).put(
        keys::group_named(owner, &group.name),
        GroupNameRecord { id }.encode(),
    )
}

/// Frees the name of a group that gets another.
pub fn free_group_name(batch: Batch, owner: Uin, name: &GroupName) -> Batch {
    batch.delete(keys::group_named(owner, name))
}

/// Removes a group that has neither members nor policies any more.
pub fn remove_group(batch: Batch, owner: Uin, id: GroupId, name: &GroupName) -> Batch {
    free_group_name(batch, owner, name).delete(keys::group(owner, id))
}

/// Lets a user join a group.
pub fn join_group(batch: Batch, owner: Uin, group: GroupId, uin: Uin) -> Batch {
    batch
        .put(keys::member(owner, group, uin), MarkRecord.encode())
        .put(keys::group_of(owner, uin, group), MarkRecord.encode())
}

/// Lets a user leave a group.
pub fn leave_group(batch: Batch, owner: Uin, group: GroupId, uin: Uin) -> Batch {
    batch
        .delete(keys::member(owner, group, uin))
        .delete(keys::group_of(owner, uin, group))
}
