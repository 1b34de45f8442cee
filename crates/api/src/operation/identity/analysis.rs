//! Operations that tell what policies mean. They change nothing, and decide nothing.

use super::{RoleRef, Subject};

/// An operation that tells what policies mean.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AnalysisOperation {
    /// What is dangerous, useless or mistaken in a document.
    Lint {
        /// The document.
        document: String,
        /// What it is for.
        purpose: PolicyPurpose,
    },
    /// What remains of somebody's rights, when a temporary key narrows them.
    Effective {
        /// Whose rights.
        holder: RightsHolder,
        /// The temporary key's policy, if there is one.
        policy: Option<String>,
    },
}

/// What a policy document is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum PolicyPurpose {
    /// Attached to a user, group or role.
    Identity,
    /// Narrows a temporary key that leaves the server.
    Session,
    /// Attached to a bucket.
    Bucket,
    /// Says who may assume a role.
    Trust,
}

/// Whose rights are told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RightsHolder {
    /// A user's, or the caller's.
    Subject(Subject),
    /// A role's.
    Role(RoleRef),
}

impl AnalysisOperation {
    /// Its action.
    pub fn action(&self) -> &'static str {
        match self {
            Self::Lint { .. } => "cam:LintPolicy",
            Self::Effective { .. } => "cam:DescribeEffective",
        }
    }
}
