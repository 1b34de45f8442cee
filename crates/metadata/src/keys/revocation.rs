//! Keys of revocations: a log in the order in which they were made, the place of its last entry, and an index by when
//! an entry may be forgotten. One small read of the place tells a gateway whether anything is new.

use bytes::Bytes;
use daypass_api::Timestamp;

use super::identity::{last_number, number};
use super::{from_sortable, join, sortable};

pub(super) const REVOCATION: &[u8] = b"identity/revocation/";
pub(super) const REVOCATION_END: &[u8] = b"identity/revocation-end/";

/// The place of the last revocation.
pub fn revocation_log() -> Bytes {
    Bytes::from_static(b"identity/revocation-log")
}

/// All revocations, in the order in which they were made.
pub fn revocations() -> Bytes {
    join(&[REVOCATION])
}

/// A revocation.
pub fn revocation(sequence: u64) -> Bytes {
    join(&[REVOCATION, &number(sequence)])
}

/// The place at the end of a revocation's key.
pub fn sequence_of_revocation(stored: &[u8]) -> Option<u64> {
    last_number(stored)
}

/// All revocations, the one that may be forgotten first at the beginning.
pub fn revocation_ends() -> Bytes {
    join(&[REVOCATION_END])
}

/// A revocation, by when it may be forgotten.
pub fn revocation_end(expires: Timestamp, sequence: u64) -> Bytes {
    join(&[REVOCATION_END, &sortable(expires), &number(sequence)])
}

/// When the revocation under such a key may be forgotten, and its place.
pub fn expiry_of_revocation_end(stored: &[u8]) -> Option<(Timestamp, u64)> {
    let (expires, sequence) = stored.strip_prefix(REVOCATION_END)?.split_first_chunk()?;
    let sequence = u64::from_be_bytes(sequence.try_into().ok()?);
    Some((from_sortable(*expires), sequence))
}
