//! The guard against a full disk: writing stops while the key-value file beside the blobs can still grow.

use std::path::{Path, PathBuf};

use crate::BlobError;

/// The space that must stay free on one file system.
pub(super) struct Floor {
    directory: PathBuf,
    floor_bytes: u64,
}

impl Floor {
    pub(super) fn new(directory: &Path, floor_bytes: u64) -> Self {
        Self {
            directory: directory.to_owned(),
            floor_bytes,
        }
    }

    /// Refuses to write `bytes` if too little would be left. Asks the file system, in a microsecond or two.
    pub(super) fn admit(&self, bytes: usize) -> Result<(), BlobError> {
        let status = rustix::fs::statvfs(&self.directory).map_err(std::io::Error::from)?;
        let free_bytes = status.f_bavail.saturating_mul(status.f_frsize);
        match free_bytes.saturating_sub(bytes as u64) >= self.floor_bytes {
            true => Ok(()),
            false => Err(BlobError::Full {
                free_bytes,
                floor_bytes: self.floor_bytes,
            }),
        }
    }
}
