//! What operations of access management answer beside users, access keys and policies themselves.

use super::User;
use crate::Timestamp;
use crate::names::{AccessKeyId, GroupId, GroupName, PolicyId, PolicyName, RoleId, Uin, VersionId};

/// How many identities of each kind an account has.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct AccountSummary {
    /// Its own policies.
    pub policies: u64,
    /// Sub-accounts.
    pub users: u64,
    /// Groups.
    pub groups: u64,
    /// Memberships of sub-accounts in groups.
    pub memberships: u64,
    /// Roles.
    pub roles: u64,
    /// Identity providers.
    pub identity_providers: u64,
}

/// When an access key was last used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LastUse {
    /// Its id.
    pub id: AccessKeyId,
    /// When; none if never, as far as is known.
    pub used: Option<Timestamp>,
}

/// A version of a policy without its document.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PolicyVersionSummary {
    /// Its number.
    pub id: VersionId,
    /// When it was made.
    pub created: Timestamp,
    /// Whether it is the one that counts.
    pub is_default: bool,
}

/// A version of a policy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PolicyVersion {
    /// All but the document.
    pub summary: PolicyVersionSummary,
    /// The document as it was given.
    pub document: String,
}

/// One who has a policy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PolicyEntity {
    /// A user.
    User {
        /// Its number.
        uin: Uin,
        /// The number under which it receives messages.
        uid: u64,
        /// Its name.
        name: String,
        /// Since when it has the policy.
        attached: Timestamp,
    },
    /// A group.
    Group {
        /// Its number.
        id: GroupId,
        /// Its name.
        name: String,
        /// Since when it has the policy.
        attached: Timestamp,
    },
    /// A role.
    Role {
        /// Its number.
        id: RoleId,
        /// Its name.
        name: String,
        /// Since when it has the policy.
        attached: Timestamp,
    },
}

/// A policy that a user has, and how it comes by it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UserPolicy {
    /// Its number.
    pub id: PolicyId,
    /// Its name.
    pub name: PolicyName,
    /// Whether it comes with the service.
    pub preset: bool,
    /// A note about it.
    pub description: String,
    /// Since when; of several ways the oldest.
    pub attached: Timestamp,
    /// The groups through which the user has it.
    pub groups: Vec<(GroupId, GroupName)>,
}

/// A group of users.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Group {
    /// Its number.
    pub id: GroupId,
    /// Its name.
    pub name: GroupName,
    /// A note about it.
    pub remark: String,
    /// When it was made.
    pub created: Timestamp,
}

/// A group with its members.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GroupDetails {
    /// The group.
    pub group: Group,
    /// Who is in it.
    pub members: Vec<User>,
}

/// A permission boundary.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Boundary {
    /// The number of the policy.
    pub policy_id: PolicyId,
    /// Its name.
    pub name: PolicyName,
    /// Whether it comes with the service.
    pub preset: bool,
    /// Its document.
    pub document: String,
}
