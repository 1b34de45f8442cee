//! Stored records, the layout of keys, and the batches that change them.
//!
//! Everything here is pure: a record becomes bytes and bytes a record, names become keys, and a change becomes
//! a [`daypass_kv::Batch`] with its preconditions. Running batches, trying again after a conflict, and the
//! bytes of blobs belong to `store`. What must change together is written down once, in the functions that
//! compose batches, so that no caller can forget an index, a reference or a precondition.
//!
//! The bytes are described in `docs/format.md`; a change there is a change here and the reverse.

mod codec;
mod fields;

pub mod keys;

pub mod blob_life;
pub mod bucket;
pub mod identity;
pub mod object;
pub mod upload;

mod format;

#[cfg(test)]
mod laws;

pub use codec::{DecodeError, Decoder, Encoder, Field, Found, MarkRecord, Record};
pub use format::{FORMAT_VERSION, FormatRecord};
