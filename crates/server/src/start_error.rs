//! Why a server did not start: one line that says what to do.

use std::io;
use std::path::{Path, PathBuf};

/// Why a server did not start or stop as it should.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// A file or directory could not be used.
    #[error("`{path}` could not be used", path = path.display())]
    File {
        /// Which.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// An address or the certificate for HTTPS could not be used.
    #[error(transparent)]
    Socket(#[from] daypass_door::OpenError),
    /// The metadata could not be opened.
    #[error("the metadata could not be opened")]
    Metadata(#[source] daypass_kv::redb::OpenError),
    /// The blobs could not be opened.
    #[error("the blobs could not be opened")]
    Blobs(#[source] daypass_blob::local::OpenError),
    /// The data directory holds something else, or the data of another version.
    #[error("the data directory could not be opened")]
    Layout(#[source] daypass_store::OpenError),
    /// The store could not be read or written.
    #[error("the store could not be used: {0}")]
    Store(#[from] daypass_api::Error),
    /// The master key is not one.
    #[error("`{path}` does not hold a master key: 64 hex digits", path = .0.display())]
    MasterKeyMalformed(PathBuf),
    /// What was given as the master key is not one.
    #[error(
        "the master key that was given (`DAYPASS_MASTER_KEY`, `master_key_file`) is not one: 64 hex digits"
    )]
    GivenMasterKeyMalformed,
    /// There is a key before one that was not given.
    #[error(
        "a previous master key was given (`DAYPASS_PREVIOUS_MASTER_KEY`, `previous_master_key_file`) and none that takes its place"
    )]
    PreviousMasterKeyAlone,
    /// The master key is gone.
    #[error("`{path}` is missing, and the data directory cannot be read without it: restore it, or set `DAYPASS_MASTER_KEY`", path = .0.display())]
    MasterKeyMissing(PathBuf),
    /// The master key can be read by others.
    #[error("`{path}` can be read by other users: set its mode to 0600", path = .0.display())]
    MasterKeyExposed(PathBuf),
    /// The master key belongs to another data directory.
    #[error("the master key does not open this data directory")]
    MasterKeyWrong,
    /// The root's key id is not usable.
    #[error(
        "the root's key id (`DAYPASS_ROOT_SECRET_ID`, `root_secret_id`) must be 16 to 128 letters, digits, `-` and `_`, and not that of a temporary key"
    )]
    BadSecretId,
    /// The root's secret would be guessed.
    #[error(
        "the root's secret (`DAYPASS_ROOT_SECRET_KEY`, `root_secret_key_file`) is too weak: use at least 16 characters, 8 of them different, and no well-known word"
    )]
    WeakSecret,
    /// The audit trail could not be opened, or not be ended.
    #[error("the audit trail could not be used")]
    Audit(#[from] daypass_audit::AuditError),
    /// What explains refusals could not be opened.
    #[error("the explanations of refusals cannot be kept")]
    Explain(#[source] io::Error),
    /// Explanations would reach others than who runs the server.
    #[error(
        "refusals are explained on the wire (`--danger-explain-denials`) on loopback addresses only, and `{0}` is none"
    )]
    ExplainsBeyondLoopback(std::net::SocketAddr),
    /// Header names could not be taught to the HTTP library.
    #[error("the HTTP library did not start")]
    Http(#[source] io::Error),
}

impl StartError {
    pub(crate) fn file(path: &Path, source: io::Error) -> Self {
        Self::File {
            path: path.to_owned(),
            source,
        }
    }
}
