//! What can go wrong with blobs, by what a caller can do about it.

use std::io;

/// Why an operation on a blob failed.
#[derive(Debug, thiserror::Error)]
pub enum BlobError {
    /// There is no such blob.
    #[error("the blob does not exist")]
    NotFound,
    /// There is such a blob already, or it is being written.
    #[error("the blob exists already")]
    AlreadyExists,
    /// The range asked for leaves the blob.
    #[error("the range leaves the blob of {length} bytes")]
    OutOfRange {
        /// The length of the blob.
        length: u64,
    },
    /// Stored bytes are not what was written; nothing of the block was handed out.
    #[error("the stored blob is corrupt ({})", place(.block))]
    Corrupt {
        /// The block that is damaged; none if it is the header or the length of the whole.
        block: Option<u64>,
    },
    /// The blob was written by a later version of this program.
    #[error("the blob has layout version {version}, which this program does not know")]
    UnknownVersion {
        /// The version of its layout.
        version: u32,
    },
    /// Writing would leave too little free space.
    #[error("only {free_bytes} bytes are free where {floor_bytes} must stay free")]
    Full {
        /// The space that is free.
        free_bytes: u64,
        /// The space that must stay free.
        floor_bytes: u64,
    },
    /// The writer failed or was interrupted before and cannot go on; begin another blob.
    #[error("the blob's writer was interrupted")]
    Interrupted,
    /// An earlier write to stable storage failed, so the engine refuses to write; restart it.
    #[error("the blob engine refuses to write after a failed write to stable storage")]
    Poisoned,
    /// The engine was opened to look at blobs only.
    #[error("the blobs were opened for reading only")]
    ReadOnly,
    /// The engine failed for a reason of its own.
    #[error("the blob engine failed")]
    Io(#[from] io::Error),
}

fn place(block: &Option<u64>) -> String {
    block.map_or_else(|| "header or length".to_owned(), |block| format!("block {block}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_corrupt_blob_names_the_place() {
        let check = |block, expected| assert_eq!(BlobError::Corrupt { block }.to_string(), expected);
        check(Some(3), "the stored blob is corrupt (block 3)");
        check(None, "the stored blob is corrupt (header or length)");
    }
}
