//! Operations on the versions of a policy.

use crate::names::{PolicyId, VersionId};

/// An operation on the versions of a policy. The default version is the one that counts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum VersionOperation {
    /// Make a version.
    Create {
        /// Of which policy.
        policy_id: PolicyId,
        /// Its document.
        document: String,
        /// Make it the default at once.
        set_as_default: bool,
    },
    /// One version with its document.
    Get {
        /// Of which policy.
        policy_id: PolicyId,
        /// Which.
        version: VersionId,
    },
    /// All versions of a policy.
    List(PolicyId),
    /// Remove versions.
    Delete {
        /// Of which policy.
        policy_id: PolicyId,
        /// Which.
        versions: Vec<VersionId>,
    },
    /// Make a version the default.
    SetDefault {
        /// Of which policy.
        policy_id: PolicyId,
        /// Which.
        version: VersionId,
    },
}

impl VersionOperation {
    /// The policy that it is about.
    pub fn policy_id(&self) -> PolicyId {
        match self {
            Self::Create { policy_id, .. }
            | Self::Get { policy_id, .. }
            | Self::List(policy_id)
            | Self::Delete { policy_id, .. }
            | Self::SetDefault { policy_id, .. } => *policy_id,
        }
    }

    /// Whether it changes anything.
    pub fn is_write(&self) -> bool {
        match self {
            Self::Get { .. } | Self::List(_) => false,
            Self::Create { .. } | Self::Delete { .. } | Self::SetDefault { .. } => true,
        }
    }
}
