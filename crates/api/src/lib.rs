//! The service's own language: names, operations, outcomes, error codes and times.
//!
//! Everything that crosses a crate border is said in these words. A value of one of these types has been
//! checked when it was made, so that nothing inside the program checks it again. No dialect's spelling, no
//! serialization and no IO live here: wire shapes belong to `dialect`, stored shapes to `metadata`.

pub mod acl;
pub mod attributes;
pub mod cors;
pub mod error;
pub mod names;
pub mod object;
pub mod operation;
pub mod outcome;
pub mod requirement;
pub mod secret;
pub mod tags;
pub mod time;

pub use error::{Error, ErrorCode};
pub use operation::Operation;
pub use outcome::Outcome;
pub use time::Timestamp;
