//! The audit trail: one record for each request, in files that tell when somebody changed them.
//!
//! Records are lines of JSON, each chained to the one before by SHA-256, in segments bounded in size and age. [`writer`]
//! takes records off the request path and keeps the files; [`verify`] holds a trail against itself; [`query`] answers
//! what a key did, who minted it and what it could touch, by an index of each closed segment. What a record says is
//! [`record`]'s business; how it is known is the server's. docs/audit.md describes the fields, docs/format.md the bytes.

mod batch;
mod disk;
pub mod index;
mod line;
mod log;
pub mod minted;
pub mod pages;
pub mod query;
pub mod record;
mod segment;
pub mod verify;
pub mod writer;

pub use batch::SpelledWho;
pub use disk::{Disk, SegmentFile, SystemDisk};
pub use line::{Chain, MAX_LINE_BYTES};
pub use log::{AuditError, Options};
