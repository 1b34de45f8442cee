//! Flushing, and the refusal to write after a flush has failed.
//!
//! After a failed flush nobody knows what the disk holds, and a second one may succeed without the pages that
//! the first one lost. So all further writing stops until the directory is opened anew.

use std::fs::File;
use std::io;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::BlobError;

/// Shared by everything that writes.
#[derive(Default)]
pub(super) struct Health {
    poisoned: AtomicBool,
}

impl Health {
    pub(super) fn check(&self) -> Result<(), BlobError> {
        if self.poisoned.load(Ordering::Acquire) {
            Err(BlobError::Poisoned)
        } else {
            Ok(())
        }
    }

    /// Brings a file's bytes, or a directory's names, to stable storage. Flushing data alone would save nothing
    /// for a new file, and for a directory it may leave out the names.
    pub(super) fn flush(&self, file: &File) -> io::Result<()> {
        file.sync_all().inspect_err(|error| {
            self.poisoned.store(true, Ordering::Release);
            tracing::error!(
                error = error as &dyn std::error::Error,
                "flushing failed, no more blobs are written"
            );
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::fd::OwnedFd;

    /// A pipe is a file that cannot be flushed.
    #[test]
    fn a_failed_flush_poisons() {
        let health = Health::default();
        health.flush(&tempfile::tempfile().unwrap()).unwrap();
        health.check().unwrap();
        let (_reader, writer) = io::pipe().unwrap();
        health.flush(&File::from(OwnedFd::from(writer))).unwrap_err();
        assert!(matches!(health.check(), Err(BlobError::Poisoned)));
    }
}
