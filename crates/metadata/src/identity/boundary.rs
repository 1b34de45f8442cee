//! Permission boundaries of users.

use daypass_api::Timestamp;
use daypass_api::names::{PolicyId, Uin};
use daypass_kv::Batch;

use crate::codec::{Record, record};
use crate::keys;

/// The permission boundary of a user.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BoundaryRecord {
    /// The policy that bounds.
    pub policy: PolicyId,
    /// Since when.
    pub set: Timestamp,
}

record!(BoundaryRecord, "boundary", version 1, { policy, set });

/// Sets the boundary of a user.
pub fn put_boundary(batch: Batch, owner: Uin, uin: Uin, boundary: &BoundaryRecord) -> Batch {
    batch.put(keys::boundary(owner, uin), boundary.encode())
}

/// Removes the boundary of a user.
pub fn remove_boundary(batch: Batch, owner: Uin, uin: Uin) -> Batch {
    batch.delete(keys::boundary(owner, uin))
}
