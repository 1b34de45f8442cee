//! Operations on policies, and which of them a list is about.

use super::Paging;
use crate::names::{PolicyId, PolicyName, Uin};
use crate::tags::Tags;

/// A policy to make.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewPolicy {
    /// Its name.
    pub name: PolicyName,
    /// Its document.
    pub document: String,
    /// A note about it.
    pub description: String,
    /// Its tags.
    pub tags: Tags,
}

/// A policy, by number or by name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PolicyRef {
    /// By number.
    Id(PolicyId),
    /// By name.
    Name(PolicyName),
}

/// A policy to change; what is not given stays.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UpdatePolicy {
    /// Which.
    pub policy: PolicyRef,
    /// A note about it.
    pub description: Option<String>,
    /// The document of its default version.
    pub document: Option<String>,
    /// Another note about it, which the service calls its alias.
    pub alias: Option<String>,
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

/// The way in which a user has policies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AttachmentReach {
    /// Either way.
    All,
    /// Attached to the user itself.
    Direct,
    /// Through one of its groups.
    ThroughGroups,
}

/// Which policies of a user to list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UserPolicies {
    /// Whose.
    pub uin: Uin,
    /// Had in which way.
    pub reach: AttachmentReach,
    /// Which kinds.
    pub scope: PolicyScope,
    /// Only names that hold this text.
    pub keyword: Option<String>,
    /// Which page.
    pub paging: Paging,
}

/// Which identities that have a policy to list.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum EntityFilter {
    /// All.
    #[default]
    All,
    /// Users.
    Users,
    /// Groups.
    Groups,
    /// Roles.
    Roles,
}
