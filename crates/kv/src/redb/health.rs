//! Whether the engine may still write: once poisoned, never again.
//!
//! After a failed flush nobody knows what the disk holds, and trying the flush again proves nothing, since the
//! system may have dropped the pages it could not write. Only reopening the file tells.

use std::sync::atomic::{AtomicBool, Ordering};

/// Shared between the engine and its writer thread.
#[derive(Debug, Default)]
pub(super) struct Health {
    poisoned: AtomicBool,
}

impl Health {
    pub(super) fn poison(&self) {
        self.poisoned.store(true, Ordering::Release);
    }

    pub(super) fn is_poisoned(&self) -> bool {
        self.poisoned.load(Ordering::Acquire)
    }
}
