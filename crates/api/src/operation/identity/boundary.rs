//! Operations on the permission boundaries of users.

use crate::names::{PolicyId, Uin};

/// An operation on the permission boundary of a user.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BoundaryOperation {
    /// Set it.
    Put {
        /// Whose.
        uin: Uin,
        /// The policy that bounds.
        policy_id: PolicyId,
    },
    /// Remove it.
    Delete(Uin),
    /// Show it.
    Get(Uin),
}

impl BoundaryOperation {
    /// Whether it changes anything.
    pub fn is_write(&self) -> bool {
        match self {
            Self::Get(_) => false,
            Self::Put { .. } | Self::Delete(_) => true,
        }
    }
}
