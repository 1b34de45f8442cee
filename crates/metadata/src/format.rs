//! The mark that says which layout a store has, read before anything else.

use crate::codec::record;

/// The layout that this program reads and writes.
pub const FORMAT_VERSION: u32 = 1;

/// The mark itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FormatRecord {
    /// The layout's number.
    pub layout: u32,
}

record!(FormatRecord, "format", version 1, { layout });

impl FormatRecord {
    /// The mark of the layout that this program writes.
    pub const CURRENT: Self = Self {
        layout: FORMAT_VERSION,
    };
}
