//! What failures of the engines mean for a caller, and the line that the log keeps about each.

use daypass_api::{Error, ErrorCode};
use daypass_blob::BlobError;
use daypass_kv::{CommitError, KvError};
use daypass_metadata::DecodeError;

/// Why a store could not be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The layout is that of another version of the program.
    #[error("the store has layout {0}, which this program does not know")]
    UnknownLayout(u32),
    /// Something else is in the key-value engine.
    #[error("the key-value engine holds something that is not a store")]
    NotAStore(#[source] DecodeError),
    /// The engine could not be read.
    #[error("the key-value engine cannot be read")]
    Read(#[from] KvError),
    /// The engine could not be written.
    #[error("the key-value engine cannot be written")]
    Commit(#[source] CommitError),
}

/// A batch that was not acknowledged.
pub(crate) struct NotCommitted {
    /// What the caller is told.
    pub(crate) error: Error,
    /// Whether the batch may have been applied all the same. Then nothing it refers to may be taken back.
    pub(crate) maybe_applied: bool,
}

impl From<Error> for NotCommitted {
    fn from(error: Error) -> Self {
        Self {
            error,
            maybe_applied: false,
        }
    }
}

impl From<NotCommitted> for Error {
    fn from(failure: NotCommitted) -> Self {
        failure.error
    }
}

/// A read of the key-value engine failed.
pub(crate) fn reading(error: KvError) -> Error {
    tracing::error!(
        error = &error as &dyn std::error::Error,
        "reading metadata failed"
    );
    match error {
        KvError::Closed | KvError::Poisoned => ErrorCode::ServiceUnavailable.into(),
        KvError::Corrupt { .. } | KvError::Engine(_) => ErrorCode::InternalError.into(),
    }
}

/// A commit failed for another reason than a conflict.
pub(crate) fn committing(error: CommitError) -> NotCommitted {
    tracing::error!(
        error = &error as &dyn std::error::Error,
        "changing metadata failed"
    );
    let (code, maybe_applied) = match error {
        CommitError::Full { .. } => (ErrorCode::ServiceUnavailable, false),
        CommitError::NotApplied(KvError::Closed | KvError::Poisoned) => {
            (ErrorCode::ServiceUnavailable, false)
        }
        CommitError::NotApplied(_) | CommitError::TooLarge(_) | CommitError::Conflict { .. } => {
            (ErrorCode::InternalError, false)
        }
        CommitError::Unknown(_) => (ErrorCode::InternalError, true),
    };
    NotCommitted {
        error: code.into(),
        maybe_applied,
    }
}

/// The blob engine failed.
pub(crate) fn blob(error: BlobError) -> Error {
    tracing::error!(error = &error as &dyn std::error::Error, "the blob engine failed");
    match error {
        BlobError::Full { .. } | BlobError::Poisoned => ErrorCode::ServiceUnavailable.into(),
        _ => ErrorCode::InternalError.into(),
    }
}

/// A stored record cannot be read.
pub(crate) fn undecodable(record: &'static str, error: DecodeError) -> Error {
    tracing::error!(
        record,
        error = &error as &dyn std::error::Error,
        "a stored record cannot be read"
    );
    ErrorCode::InternalError.into()
}

/// Stored records contradict each other or the bytes they describe.
pub(crate) fn inconsistent(what: &'static str) -> Error {
    tracing::error!(what, "stored data is inconsistent");
    ErrorCode::InternalError.into()
}
