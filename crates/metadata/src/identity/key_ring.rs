//! The key ring that seals session tokens: one record. What is in it arrives wrapped and is opaque here.

use std::fmt;

use bytes::Bytes;
use daypass_api::Timestamp;
use daypass_kv::Batch;

use crate::codec::{Record, field, record};
use crate::keys;

/// The key ring, encrypted by whoever stores it.
#[derive(Clone, PartialEq, Eq)]
pub struct WrappedKeyRing {
    /// The encrypted bytes.
    pub wrapped: Bytes,
}

impl fmt::Debug for WrappedKeyRing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("WrappedKeyRing(hidden)")
    }
}

field!(WrappedKeyRing { wrapped });

/// The key ring as it is stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyRingRecord {
    /// When it was last changed.
    pub updated: Timestamp,
    /// It.
    pub ring: WrappedKeyRing,
}

record!(KeyRingRecord, "key ring", version 1, { updated, ring });

/// Stores the key ring.
pub fn put_key_ring(batch: Batch, record: &KeyRingRecord) -> Batch {
    batch.put(keys::key_ring(), record.encode())
}
