//! When access keys were last used. No decision depends on it, so that writing it does not raise the generation.

use daypass_api::Timestamp;
use daypass_api::names::AccessKeyId;
use daypass_kv::Batch;

use crate::codec::{Found, Record, record, require};
use crate::keys;

/// When an access key was last used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LastUseRecord {
    /// When.
    pub used: Timestamp,
}

record!(LastUseRecord, "last use", version 1, { used });

/// Stores when an access key was last used, provided that the key is still there and nobody stored anything since.
pub fn put_last_use(
    batch: Batch,
    id: &AccessKeyId,
    before: Option<&Found<LastUseRecord>>,
    now: LastUseRecord,
) -> Batch {
    let key = keys::last_use(id);
    require(batch.require_present(keys::access_key(id)), &key, before).put(key, now.encode())
}
