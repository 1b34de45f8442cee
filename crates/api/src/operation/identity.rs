//! Operations of the access-management service.

use crate::names::{AccessKeyId, PolicyId, PolicyName, Uin, UserName};
use crate::operation::{AccountOperation, ProviderOperation, RoleOperation};

/// An operation on users, access keys, policies or roles of the caller's account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum IdentityOperation {
    /// Make a sub-account.
    CreateUser(CreateUser),
    /// One sub-account.
    GetUser(UserName),
    /// All sub-accounts.
    ListUsers,
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
    /// Make a policy.
    CreatePolicy(NewPolicy),
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
    /// About accounts themselves.
    Account(AccountOperation),
    /// An operation on roles.
    Role(RoleOperation),
    /// An operation on identity providers.
    Provider(ProviderOperation),
}

impl IdentityOperation {
    /// Whether it changes anything.
    pub fn is_write(&self) -> bool {
        match self {
            Self::Account(operation) => operation.is_write(),
            Self::Role(operation) => operation.is_write(),
            Self::Provider(operation) => operation.is_write(),
            Self::GetUser(_)
            | Self::ListUsers
            | Self::ListAccessKeys(_)
            | Self::GetPolicy(_)
            | Self::ListPolicies { .. }
            | Self::ListAttachedUserPolicies { .. } => false,
            Self::CreateUser(_)
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

/// A sub-account to make.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CreateUser {
    /// Its name.
    pub name: UserName,
    /// A note about it.
    pub remark: String,
    /// Make an access key at once.
    pub with_access_key: bool,
}

/// A sub-account to remove.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeleteUser {
    /// Its name.
    pub name: UserName,
    /// Remove its access keys first instead of refusing.
    pub force: bool,
}

/// A policy to make.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewPolicy {
    /// Its name.
    pub name: PolicyName,
    /// Its document.
    pub document: String,
    /// A note about it.
    pub description: String,
}

/// Whether an access key works.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AccessKeyStatus {
    /// It does.
    Active,
    /// It is refused, and so is every temporary key minted with it.
    Inactive,
}

/// Which policies to list.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum PolicyScope {
    /// All.
    #[default]
    All,
    /// The preset ones.
    Preset,
    /// The account's own.
    Custom,
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
