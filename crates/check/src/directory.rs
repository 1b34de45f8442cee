//! A data directory, opened so that nothing in it changes and nobody else uses it meanwhile.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use daypass_blob::local::{LocalInspection, OpenError as BlobsError};
use daypass_kv::redb::{OpenError as MetadataError, RedbInspection};
use daypass_token::MasterKeys;

use crate::{CheckError, Finding, Kind, Listener, Options, Place, Severity, Stage, Subject, Summary, check};

/// The memory for cached pages of the key-value file.
const CACHE_BYTES: usize = 128 * 1024 * 1024;

/// Where everything of a data directory is.
#[derive(Clone, Debug)]
pub struct Places {
    /// The key-value file.
    pub metadata: PathBuf,
    /// The blob directory.
    pub blobs: PathBuf,
    /// Files that a crash left beside them.
    pub leftovers: Vec<PathBuf>,
    /// The master key of an exchange that was cut off.
    pub unfinished_exchange: Option<PathBuf>,
}

/// Checks a data directory. Both of its locks are held until this returns, and no byte of it is changed.
pub async fn check_directory(
    places: &Places,
    master: Option<&MasterKeys>,
    options: Options,
    listener: &mut dyn Listener,
) -> Result<Summary, CheckError> {
    // The order in which the server takes them.
    let (metadata, verified) = open_metadata(&places.metadata, options, listener).await?;
    let blobs = LocalInspection::open(&places.blobs).map_err(blobs_error)?;
    let mut early = Vec::new();
    if !verified {
        early.push(Finding {
            kind: Kind::MetadataChecksum,
            place: file(&places.metadata),
            expected: "pages whose checksums match".to_owned(),
            found: "some that do not; what follows is an earlier state of the file".to_owned(),
        });
    }
    for stranger in blobs.strangers().await? {
        let (kind, expected) = match stranger.unfinished {
            true => (Kind::UnfinishedBlob, "no blob that is being written"),
            false => (Kind::ForeignFile, "blobs only"),
        };
        early.push(note(kind, &stranger.path, expected));
    }
    for path in &places.leftovers {
        early.push(note(Kind::LeftoverFile, path, "no file that is being written"));
    }
    if let Some(path) = &places.unfinished_exchange {
        early.push(note(Kind::ExchangeUnfinished, path, "no second master key"));
    }
    let (damage, notes) = early.iter().fold((0_u64, 0_u64), |(damage, notes), finding| {
        match finding.kind.severity() {
            Severity::Damage => (damage.saturating_add(1), notes),
            Severity::Note => (damage, notes.saturating_add(1)),
        }
    });
    early.into_iter().for_each(|finding| listener.found(finding));
    let snapshot = metadata.snapshot()?;
    let subject = Subject {
        snapshot: &*snapshot,
        blobs: &blobs,
        master,
    };
    let mut summary = check(subject, options, listener).await?;
    summary.damage = summary.damage.saturating_add(damage);
    summary.notes = summary.notes.saturating_add(notes);
    Ok(summary)
}

/// Opens the key-value file, and verifies it unless that is not wanted.
async fn open_metadata(
    path: &Path,
    options: Options,
    listener: &mut dyn Listener,
) -> Result<(RedbInspection, bool), CheckError> {
    listener.begin(Stage::Checksums, None);
    let path = path.to_owned();
    let opened = tokio::task::spawn_blocking(move || {
        let mut metadata = RedbInspection::open(&path, CACHE_BYTES)?;
        let verified = options.quick || metadata.verify()?;
        Ok((metadata, verified))
    });
    opened
        .await
        .map_err(std::io::Error::other)?
        .map_err(metadata_error)
}

fn metadata_error(error: MetadataError) -> CheckError {
    match error {
        MetadataError::InUse => CheckError::InUse,
        other => CheckError::Metadata(other),
    }
}

fn blobs_error(error: BlobsError) -> CheckError {
    match error {
        BlobsError::InUse => CheckError::InUse,
        other => CheckError::Blobs(other),
    }
}

/// Refuses what is not there with a clear word, before anything is opened.
pub fn require_there(data: &Path, places: &Places) -> Result<(), CheckError> {
    match std::fs::metadata(&places.metadata) {
        Err(error) if error.kind() == ErrorKind::NotFound => {
            Err(CheckError::NotThere(data.display().to_string()))
        }
        _ => Ok(()),
    }
}

fn file(path: &Path) -> Place {
    Place::new().with("file", path.display())
}

fn note(kind: Kind, path: &Path, expected: &str) -> Finding {
    Finding {
        kind,
        place: file(path),
        expected: expected.to_owned(),
        found: "a file".to_owned(),
    }
}
