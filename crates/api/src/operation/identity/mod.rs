//! Operations of the access-management service. What has many operations of its own has a file of its own.

mod analysis;
mod audit;
mod boundary;
mod group;
mod policy;
mod role;
mod user;
mod version;

use crate::names::{AccessKeyId, PolicyId, Uin, UserName};
use crate::operation::{AccountOperation, ProviderOperation, RequestId};

pub use analysis::{AnalysisOperation, PolicyPurpose, RightsHolder};
pub use audit::{AuditEnding, MAX_AUDIT_RECORDS, MAX_AUDIT_TEXT_BYTES, SearchAudit};
pub use boundary::BoundaryOperation;
pub use group::{GroupOperation, MAX_MEMBERSHIPS_AT_ONCE, Membership, NewGroup, UpdateGroup};
pub use policy::{
    AttachmentReach, EntityFilter, NewPolicy, PolicyRef, PolicyScope, UpdatePolicy, UserPolicies,
};
pub use role::{
    MAX_ROLE_DESCRIPTION_BYTES, MAX_ROLE_SECONDS, MAX_ROLE_TAGS, NewRole, RoleOperation, RoleRef,
};
pub use user::{Contact, CreateUser, DeleteUser, UpdateUser, UserRef};
pub use version::VersionOperation;

/// An operation on users, groups, access keys, policies or roles of the caller's account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum IdentityOperation {
    /// Make a sub-account.
    CreateUser(CreateUser),
    /// One sub-account.
    GetUser(UserName),
    /// All sub-accounts.
    ListUsers,
    /// Change what is noted about a sub-account.
    UpdateUser(UpdateUser),
    /// The sub-accounts of these numbers, of which some may not exist.
    DescribeUsers(Vec<Uin>),
    /// Identities of other accounts that act in this one. There are none.
    ListCollaborators,
    /// The numbers of the caller and its account.
    GetAccountNumbers,
    /// How many identities of each kind there are.
    GetAccountSummary,
    /// Remove a sub-account.
    DeleteUser(DeleteUser),
    /// Make an access key.
    CreateAccessKey {
        /// Whose.
        subject: Subject,
        /// A note about it.
        description: String,
    },
    /// The access keys of one identity, without their secrets.
    ListAccessKeys(Subject),
    /// Enable or disable an access key.
    UpdateAccessKey {
        /// Whose.
        subject: Subject,
        /// Which.
        access_key_id: AccessKeyId,
        /// The new status.
        status: AccessKeyStatus,
    },
    /// Remove an access key.
    DeleteAccessKey {
        /// Whose.
        subject: Subject,
        /// Which.
        access_key_id: AccessKeyId,
    },
    /// When access keys were last used.
    ListLastUses(Vec<AccessKeyId>),
    /// Make a policy.
    CreatePolicy(NewPolicy),
    /// Change a policy.
    UpdatePolicy(UpdatePolicy),
    /// One policy with its document.
    GetPolicy(PolicyId),
    /// The account's policies and the preset ones.
    ListPolicies {
        /// Which kinds.
        scope: PolicyScope,
        /// Only names that hold this text.
        keyword: Option<String>,
        /// Which page.
        paging: Paging,
    },
    /// Remove policies.
    DeletePolicies(Vec<PolicyId>),
    /// Give a policy to a user.
    AttachUserPolicy {
        /// To whom.
        uin: Uin,
        /// Which.
        policy_id: PolicyId,
    },
    /// Take a policy from a user.
    DetachUserPolicy {
        /// From whom.
        uin: Uin,
        /// Which.
        policy_id: PolicyId,
    },
    /// The policies of a user.
    ListAttachedUserPolicies {
        /// Whose.
        uin: Uin,
        /// Which page.
        paging: Paging,
    },
    /// The policies of a user, those of its groups too.
    ListUserPolicies(UserPolicies),
    /// Who has a policy.
    ListPolicyEntities {
        /// Which.
        policy_id: PolicyId,
        /// Which kinds of identities.
        filter: EntityFilter,
        /// Which page.
        paging: Paging,
    },
    /// Why a request was answered as it was.
    ExplainDecision(RequestId),
    /// Records of the audit trail.
    SearchAudit(Box<SearchAudit>),
    /// What policies mean.
    Analysis(AnalysisOperation),
    /// About accounts themselves.
    Account(AccountOperation),
    /// About the versions of a policy.
    Version(VersionOperation),
    /// About groups of users.
    Group(GroupOperation),
    /// About permission boundaries of users.
    Boundary(BoundaryOperation),
    /// About roles.
    Role(RoleOperation),
    /// An operation on identity providers.
    Provider(ProviderOperation),
}

impl IdentityOperation {
    /// Whether it changes anything.
    pub fn is_write(&self) -> bool {
        match self {
            Self::Version(operation) => operation.is_write(),
            Self::Group(operation) => operation.is_write(),
            Self::Boundary(operation) => operation.is_write(),
            Self::Account(operation) => operation.is_write(),
            Self::Role(operation) => operation.is_write(),
            Self::Provider(operation) => operation.is_write(),
            Self::GetUser(_)
            | Self::ListUsers
            | Self::DescribeUsers(_)
            | Self::ListCollaborators
            | Self::GetAccountNumbers
            | Self::GetAccountSummary
            | Self::ListAccessKeys(_)
            | Self::ListLastUses(_)
            | Self::GetPolicy(_)
            | Self::ListPolicies { .. }
            | Self::ListAttachedUserPolicies { .. }
            | Self::ListUserPolicies(_)
            | Self::ListPolicyEntities { .. }
            | Self::ExplainDecision(_)
            | Self::SearchAudit(_)
            | Self::Analysis(_) => false,
            Self::CreateUser(_)
            | Self::UpdateUser(_)
            | Self::UpdatePolicy(_)
            | Self::DeleteUser(_)
            | Self::CreateAccessKey { .. }
            | Self::UpdateAccessKey { .. }
            | Self::DeleteAccessKey { .. }
            | Self::CreatePolicy(_)
            | Self::DeletePolicies(_)
            | Self::AttachUserPolicy { .. }
            | Self::DetachUserPolicy { .. } => true,
        }
    }
}

/// Whom an operation on access keys is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Subject {
    /// The caller.
    Caller,
    /// The identity of this number.
    Uin(Uin),
}

/// Whether an access key works.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AccessKeyStatus {
    /// It does.
    Active,
    /// It is refused, and so is every temporary key minted with it.
    Inactive,
}

/// Which page of a list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Paging {
    /// From 1.
    pub page: u32,
    /// Entries on a page, 1 to 200.
    pub page_size: u32,
}

impl Paging {
    /// How many entries stand before the page.
    pub fn offset(self) -> usize {
        (self.page.saturating_sub(1) as usize).saturating_mul(self.page_size as usize)
    }
}
