//! The fence around calls into redb: its errors become ours, and so do its panics.
//!
//! redb 4 checks most of what it reads, but a file that was altered in the right place can still make it
//! panic. Its own locks are then poisoned, so what comes after the panic fails and does not go astray.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};

use ::redb::{Error, StorageError};

use crate::KvError;

/// Runs a call into redb and turns a panic into its message.
pub(super) fn fenced<T>(call: impl FnOnce() -> T) -> Result<T, String> {
    catch_unwind(AssertUnwindSafe(call)).map_err(|panic| message(panic.as_ref()))
}

/// Runs a read of redb and turns whatever goes wrong into an error of ours.
pub(super) fn read<T>(call: impl FnOnce() -> Result<T, Error>) -> Result<T, KvError> {
    fenced(call)
        .map_err(|detail| KvError::Corrupt { detail })?
        .map_err(read_error)
}

/// What an error of redb means to the one who reads.
pub(super) fn read_error(error: Error) -> KvError {
    match error {
        Error::DatabaseClosed => KvError::Closed,
        Error::Corrupted(detail) => KvError::Corrupt { detail },
        other => KvError::Engine(Box::new(other)),
    }
}

/// The same for an error of an iterator.
pub(super) fn storage_error(error: StorageError) -> KvError {
    read_error(error.into())
}

fn message(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().copied();
    let text = text.or_else(|| panic.downcast_ref::<String>().map(String::as_str));
    text.unwrap_or("the engine stopped without a message")
        .replace('\n', " ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn panics_become_corruption() {
        let check = |call: fn() -> Result<(), Error>, expected: &str| {
            assert_eq!(read(call).unwrap_err().to_string(), expected);
        };
        check(
            || panic!("page {}", 7),
            "stored key-value data is corrupt: page 7",
        );
        check(|| panic!("page"), "stored key-value data is corrupt: page");
        check(
            || Err(Error::Corrupted("root".into())),
            "stored key-value data is corrupt: root",
        );
        check(|| Err(Error::DatabaseClosed), "the key-value engine is closed");
        check(|| Err(Error::PreviousIo), "the key-value engine failed");
    }
}
