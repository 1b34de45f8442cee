//! Operations on roles: identities without keys of their own, which others act as.

use super::{Paging, PolicyRef, PolicyScope};
use crate::names::{PolicyId, RoleId, RoleName};
use crate::tags::Tags;

/// Most tags of a role, and of a role session.
pub const MAX_ROLE_TAGS: usize = 50;
/// Longest note about a role, in bytes.
pub const MAX_ROLE_DESCRIPTION_BYTES: usize = 1000;
/// Longest life of a role session, in seconds; a role may set less.
pub const MAX_ROLE_SECONDS: i64 = 43_200;

/// How a request names a role. The name may pass to another role later, the number never does.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum RoleRef {
    /// By its number.
    Id(RoleId),
    /// By its name.
    Name(RoleName),
}

/// An operation on the roles of the caller's account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RoleOperation {
    /// Make a role.
    Create(NewRole),
    /// One role.
    Get(RoleRef),
    /// The account's roles.
    List {
        /// Only roles that have all these tags.
        tags: Tags,
        /// Which page.
        paging: Paging,
    },
    /// Remove a role. Its sessions end with it.
    Delete(RoleRef),
    /// Replace what says who may act as the role.
    UpdateTrust {
        /// Which role.
        role: RoleRef,
        /// The new document.
        document: String,
    },
    /// Replace the note about the role.
    UpdateDescription {
        /// Which role.
        role: RoleRef,
        /// The new note.
        description: String,
    },
    /// Replace the longest life of the role's sessions.
    UpdateSessionDuration {
        /// Which role.
        role: RoleRef,
        /// In seconds; 0 for no limit of its own.
        seconds: i64,
    },
    /// Say whether the role may be used at a console.
    UpdateConsoleLogin {
        /// Which role.
        role: RoleRef,
        /// Whether it may.
        allowed: bool,
    },
    /// Add tags, or give them other values.
    Tag {
        /// To which role.
        role: RoleRef,
        /// The tags.
        tags: Tags,
    },
    /// Take tags away.
    Untag {
        /// From which role.
        role: RoleRef,
        /// Their keys.
        keys: Vec<String>,
    },
    /// Give the role a policy.
    AttachPolicy {
        /// Which role.
        role: RoleRef,
        /// Which policy.
        policy: PolicyRef,
    },
    /// Take a policy from the role.
    DetachPolicy {
        /// Which role.
        role: RoleRef,
        /// Which policy.
        policy: PolicyRef,
    },
    /// The policies of the role.
    ListAttachedPolicies {
        /// Which role.
        role: RoleRef,
        /// Which kinds.
        scope: PolicyScope,
        /// Only names that hold this text.
        keyword: Option<String>,
        /// Which page.
        paging: Paging,
    },
    /// Make a policy the bound of what the role may do.
    PutBoundary {
        /// Which role.
        role: RoleRef,
        /// Which policy.
        policy_id: PolicyId,
    },
    /// Take the role's bound away.
    DeleteBoundary(RoleRef),
    /// The role's bound.
    GetBoundary(RoleRef),
}

impl RoleOperation {
    /// Whether it changes anything.
    pub fn is_write(&self) -> bool {
        match self {
            Self::Get(_) | Self::List { .. } | Self::ListAttachedPolicies { .. } | Self::GetBoundary(_) => {
                false
            }
            Self::Create(_)
            | Self::Delete(_)
            | Self::UpdateTrust { .. }
            | Self::UpdateDescription { .. }
            | Self::UpdateSessionDuration { .. }
            | Self::UpdateConsoleLogin { .. }
            | Self::Tag { .. }
            | Self::Untag { .. }
            | Self::AttachPolicy { .. }
            | Self::DetachPolicy { .. }
            | Self::PutBoundary { .. }
            | Self::DeleteBoundary(_) => true,
        }
    }

    /// The role that it is about; none for one that is made, or for all of them.
    pub fn role(&self) -> Option<&RoleRef> {
        match self {
            Self::Create(_) | Self::List { .. } => None,
            Self::Get(role)
            | Self::Delete(role)
            | Self::UpdateTrust { role, .. }
            | Self::UpdateDescription { role, .. }
            | Self::UpdateSessionDuration { role, .. }
            | Self::UpdateConsoleLogin { role, .. }
            | Self::Tag { role, .. }
            | Self::Untag { role, .. }
            | Self::AttachPolicy { role, .. }
            | Self::DetachPolicy { role, .. }
            | Self::ListAttachedPolicies { role, .. }
            | Self::PutBoundary { role, .. }
            | Self::DeleteBoundary(role)
            | Self::GetBoundary(role) => Some(role),
        }
    }

    /// The action that a policy must allow for it.
    pub fn action(&self) -> &'static str {
        match self {
            Self::Create(_) => "cam:CreateRole",
            Self::Get(_) => "cam:GetRole",
            Self::List { .. } => "cam:DescribeRoleList",
            Self::Delete(_) => "cam:DeleteRole",
            Self::UpdateTrust { .. } => "cam:UpdateAssumeRolePolicy",
            Self::UpdateDescription { .. } => "cam:UpdateRoleDescription",
            Self::UpdateSessionDuration { .. } => "cam:UpdateRoleSessionDuration",
            Self::UpdateConsoleLogin { .. } => "cam:UpdateRoleConsoleLogin",
            Self::Tag { .. } => "cam:TagRole",
            Self::Untag { .. } => "cam:UntagRole",
            Self::AttachPolicy { .. } => "cam:AttachRolePolicy",
            Self::DetachPolicy { .. } => "cam:DetachRolePolicy",
            Self::ListAttachedPolicies { .. } => "cam:ListAttachedRolePolicies",
            Self::PutBoundary { .. } => "cam:PutRolePermissionsBoundary",
            Self::DeleteBoundary(_) => "cam:DeleteRolePermissionsBoundary",
            Self::GetBoundary(_) => "cam:GetRolePermissionBoundary",
        }
    }
}

/// A role to make.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewRole {
    /// Its name.
    pub name: RoleName,
    /// Who may act as it.
    pub document: String,
    /// A note about it.
    pub description: String,
    /// Whether it may be used at a console.
    pub console_login: bool,
    /// The longest life of its sessions, in seconds; 0 for no limit of its own.
    pub session_duration: i64,
    /// Its tags.
    pub tags: Tags,
}
