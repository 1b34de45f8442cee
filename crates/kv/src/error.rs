//! What can go wrong, by what a caller can do about it.
//!
//! The important line runs through [`CommitError`]: whether nothing was written, or nobody can tell. A cause
//! from an engine's own crate is kept as a source and never matched on.

use std::error::Error;

use crate::LimitExceeded;

/// Why a read, an opening of a snapshot or a closing failed.
#[derive(Debug, thiserror::Error)]
pub enum KvError {
    /// The engine was closed; open it again.
    #[error("the key-value engine is closed")]
    Closed,
    /// An earlier write to stable storage failed, so the engine refuses to guess what is stored; restart it.
    #[error("the key-value engine refuses to go on after a failed write to stable storage")]
    Poisoned,
    /// The stored data contradicts itself.
    #[error("stored key-value data is corrupt: {detail}")]
    Corrupt {
        /// What the engine found.
        detail: String,
    },
    /// The engine failed for a reason of its own, such as a failed read or a lost connection.
    #[error("the key-value engine failed")]
    Engine(#[source] Box<dyn Error + Send + Sync>),
}

/// Why a batch was not acknowledged.
#[derive(Debug, thiserror::Error)]
pub enum CommitError {
    /// A precondition did not hold; nothing was written. Read again and decide anew.
    #[error("precondition {precondition} of the batch does not hold")]
    Conflict {
        /// The index of the first precondition that did not hold.
        precondition: usize,
    },
    /// The batch is larger than the engine takes; nothing was written, and trying again is no use.
    #[error(transparent)]
    TooLarge(#[from] LimitExceeded),
    /// Storing the batch would leave too little free space; nothing was written.
    #[error("only {free_bytes} bytes are free where {floor_bytes} must stay free")]
    Full {
        /// The space that is free.
        free_bytes: u64,
        /// The space that must stay free for such a batch.
        floor_bytes: u64,
    },
    /// The engine failed before the batch was applied; nothing was written.
    #[error("the batch was not applied")]
    NotApplied(#[source] KvError),
    /// The engine failed while it applied the batch: it is stored whole or not at all, but not known which.
    #[error("it is not known whether the batch was applied")]
    Unknown(#[source] KvError),
}
