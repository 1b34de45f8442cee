//! Operations on groups of users: the groups, who is in them, and their policies.

use super::{Paging, UserRef};
use crate::names::{GroupId, GroupName, PolicyId};

/// Most memberships in one request.
pub const MAX_MEMBERSHIPS_AT_ONCE: usize = 100;

/// An operation on groups.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum GroupOperation {
    /// Make a group.
    Create(NewGroup),
    /// One group with its members.
    Get(GroupId),
    /// The account's groups.
    List {
        /// Only names that hold this text.
        keyword: Option<String>,
        /// Which page.
        paging: Paging,
    },
    /// Change a group.
    Update(UpdateGroup),
    /// Remove a group.
    Delete(GroupId),
    /// Let users join groups.
    AddUsers(Vec<Membership>),
    /// Let users leave groups.
    RemoveUsers(Vec<Membership>),
    /// The groups of a user.
    ListOfUser {
        /// Whose.
        user: UserRef,
        /// Which page.
        paging: Paging,
    },
    /// The members of a group.
    ListUsers {
        /// Of which.
        group_id: GroupId,
        /// Which page.
        paging: Paging,
    },
    /// Give a policy to a group.
    AttachPolicy {
        /// To which.
        group_id: GroupId,
        /// Which.
        policy_id: PolicyId,
    },
    /// Take a policy from a group.
    DetachPolicy {
        /// From which.
        group_id: GroupId,
        /// Which.
        policy_id: PolicyId,
    },
    /// The policies of a group.
    ListPolicies {
        /// Of which.
        group_id: GroupId,
        /// Only names that hold this text.
        keyword: Option<String>,
        /// Which page.
        paging: Paging,
    },
}

impl GroupOperation {
    /// Whether it changes anything.
    pub fn is_write(&self) -> bool {
        match self {
            Self::Get(_)
            | Self::List { .. }
            | Self::ListOfUser { .. }
            | Self::ListUsers { .. }
            | Self::ListPolicies { .. } => false,
            Self::Create(_)
            | Self::Update(_)
            | Self::Delete(_)
            | Self::AddUsers(_)
            | Self::RemoveUsers(_)
            | Self::AttachPolicy { .. }
            | Self::DetachPolicy { .. } => true,
        }
    }
}

/// A group to make.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewGroup {
    /// Its name.
    pub name: GroupName,
    /// A note about it.
    pub remark: String,
}

/// A group to change; what is not given stays.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UpdateGroup {
    /// Which.
    pub group_id: GroupId,
    /// Its new name.
    pub name: Option<GroupName>,
    /// A note about it.
    pub remark: Option<String>,
}

/// One user in one group.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Membership {
    /// The group.
    pub group_id: GroupId,
    /// The user.
    pub user: UserRef,
}
