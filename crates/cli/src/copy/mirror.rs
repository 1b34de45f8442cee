//! Making one folder like another: what is the same already, and what the target has beyond the source.
//!
//! Something is the same when it has the same length and the source has not been changed since the target was. A file
//! that is downloaded gets the time of its object, and an object the time of its upload, so that what was made alike is
//! found alike from either side. With checksums, time does not count and every byte does.

use std::collections::{HashMap, HashSet};
use std::fs::{self, File};
use std::io::{self, Read};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use anyhow::{Context, Result, anyhow};
use crc_fast::CrcAlgorithm::Crc64Xz;
use daypass_api::Timestamp;
use daypass_client::{ObjectClient, request};
use futures_util::TryStreamExt;
use serde_json::json;

use super::item::{Item, Route};
use super::local::{Found, Walk, modified};
use super::plan::{Folders, below};
use crate::output::{json_line, printable};
use crate::pattern::Selection;
use crate::remote::{Remote, RemoteObject};

/// Bytes that are read at a time for a checksum.
const PIECE: usize = 1024 * 1024;

/// What is to be made like the source.
pub(super) struct Mirror {
    client: ObjectClient,
    target: Place,
    selection: Selection,
    by_checksum: bool,
    /// What the store has below the target, by its key.
    stored: HashMap<String, State>,
    /// What the source has, by the key or path at the target.
    wanted: Mutex<HashSet<Vec<u8>>>,
}

/// Where the target is.
enum Place {
    Store(Remote),
    Folder(PathBuf),
}

/// What is compared without reading.
#[derive(Clone, Copy, Debug)]
struct State {
    length: u64,
    modified: Timestamp,
}

/// Something that the target has and the source has not.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Surplus {
    Object(RemoteObject),
    File(PathBuf),
}

impl Surplus {
    /// What is told of it before it goes.
    pub(super) fn line(&self, as_json: bool) -> String {
        let shown = match self {
            Self::Object(object) => object.to_string(),
            Self::File(path) => path.display().to_string(),
        };
        match as_json {
            true => json_line(&json!({ "remove": shown })),
            false => format!("remove {}\n", printable(&shown)),
        }
    }
}

impl Mirror {
    /// Looks at the target.
    pub(super) async fn new(client: &ObjectClient, folders: &Folders, by_checksum: bool) -> Result<Self> {
        let selection = folders.selection().clone();
        let (target, stored) = match (folders.target_in_store(), folders.target_folder()) {
            (Some(remote), _) => (
                Place::Store(remote.clone()),
                stored(client, remote, &selection).await?,
            ),
            (None, Some(folder)) => (Place::Folder(folder.to_owned()), HashMap::new()),
            (None, None) => return Err(anyhow!("there is no target")),
        };
        Ok(Self {
            client: client.clone(),
            target,
            selection,
            by_checksum,
            stored,
            wanted: Mutex::default(),
        })
    }

    /// Whether the target has it already.
    pub(super) async fn has(&self, item: &Item) -> Result<bool> {
        let (Some(length), Some(modified)) = (item.length, item.modified) else {
            return Ok(false);
        };
        let source = State { length, modified };
        match &item.route {
            Route::Upload(path, object) => {
                let alike = self.looks_alike(source, self.at(object));
                Ok(alike && (!self.by_checksum || self.crc64_of(object).await? == crc64(path).await?))
            }
            Route::Copy(from, to) => {
                let alike = self.looks_alike(source, self.at(to));
                Ok(alike && (!self.by_checksum || self.crc64_of(from).await? == self.crc64_of(to).await?))
            }
            Route::Download(object, target) => {
                let path = target.path();
                self.want(path.as_os_str().as_bytes());
                let found = fs::metadata(&path).ok();
                if target.is_folder() {
                    return Ok(found.is_some_and(|found| found.is_dir()));
                }
                let found = found.filter(fs::Metadata::is_file).map(|found| State {
                    length: found.len(),
                    modified: self::modified(&found),
                });
                let alike = self.looks_alike(source, found);
                Ok(alike && (!self.by_checksum || self.crc64_of(object).await? == crc64(&path).await?))
            }
            Route::Receive(_) | Route::Show(_) => Ok(false),
        }
    }

    fn looks_alike(&self, source: State, target: Option<State>) -> bool {
        target.is_some_and(|target| {
            // Objects are listed to the millisecond, and files have what their system has.
            let is_older = target.modified.unix_seconds() < source.modified.unix_seconds();
            target.length == source.length && (self.by_checksum || !is_older)
        })
    }

    /// What is stored under this key, which the source has.
    fn at(&self, object: &RemoteObject) -> Option<State> {
        self.want(object.key.as_str().as_bytes());
        self.stored.get(object.key.as_str()).copied()
    }

    fn want(&self, name: &[u8]) {
        self.wanted().insert(name.to_owned());
    }

    fn wanted(&self) -> std::sync::MutexGuard<'_, HashSet<Vec<u8>>> {
        self.wanted.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether the source has anything at all.
    pub(super) fn source_is_empty(&self) -> bool {
        self.wanted().is_empty()
    }

    /// What the target has beyond the source, in the order of names.
    pub(super) fn surplus(&self) -> Result<Vec<Surplus>> {
        match &self.target {
            Place::Store(remote) => {
                let wanted = self.wanted();
                let mut keys: Vec<&String> = self
                    .stored
                    .keys()
                    .filter(|key| !wanted.contains(key.as_bytes()))
                    .collect();
                keys.sort_unstable();
                keys.into_iter()
                    .map(|key| {
                        let path = key.clone();
                        let bucket = remote.bucket.clone();
                        Ok(Surplus::Object(Remote { bucket, path }.object()?))
                    })
                    .collect()
            }
            Place::Folder(folder) => self.surplus_files(folder),
        }
    }

    fn surplus_files(&self, folder: &Path) -> Result<Vec<Surplus>> {
        if !folder.exists() {
            return Ok(Vec::new());
        }
        let wanted = self.wanted();
        let mut surplus = Vec::new();
        for found in Walk::new(folder.to_owned(), false) {
            let Found::File { path, name, .. } = found? else {
                continue;
            };
            let is_meant = name.to_str().is_some_and(|name| self.selection.takes(name)) && !is_half(&name);
            if is_meant && !wanted.contains(path.as_os_str().as_bytes()) {
                surplus.push(Surplus::File(path));
            }
        }
        Ok(surplus)
    }

    async fn crc64_of(&self, object: &RemoteObject) -> Result<u64> {
        let head = self
            .client
            .head_object(request::read_object(&object.bucket, &object.key))
            .await;
        Ok(head.with_context(|| format!("cannot look at `{object}`"))?.crc64)
    }
}

/// Gives a file that was downloaded the time of its object.
pub(super) fn set_time(path: &Path, modified: Timestamp) -> io::Result<()> {
    let seconds = u64::try_from(modified.unix_seconds()).unwrap_or_default();
    File::open(path)?.set_modified(SystemTime::UNIX_EPOCH + Duration::from_secs(seconds))
}

/// Whether it is what a download leaves that can go on.
fn is_half(name: &Path) -> bool {
    let name = name
        .file_name()
        .and_then(|name| name.to_str())
        .unwrap_or_default();
    name.starts_with(".daypass-") && name.ends_with(".part")
}

async fn stored(
    client: &ObjectClient,
    remote: &Remote,
    selection: &Selection,
) -> Result<HashMap<String, State>> {
    below(client, remote.clone(), selection.clone())
        .map_ok(|(object, _)| {
            let state = State {
                length: object.length,
                modified: object.last_modified,
            };
            (object.key.as_str().to_owned(), state)
        })
        .try_collect()
        .await
}

async fn crc64(path: &Path) -> Result<u64> {
    let (owned, shown) = (path.to_owned(), path.display());
    let work = tokio::task::spawn_blocking(move || {
        let mut file = File::open(owned)?;
        let mut digest = crc_fast::Digest::new(Crc64Xz);
        let mut piece = vec![0; PIECE];
        loop {
            let count = file.read(&mut piece)?;
            if count == 0 {
                return io::Result::Ok(digest.finalize());
            }
            digest.update(piece.get(..count).unwrap_or_default());
        }
    });
    work.await?.with_context(|| format!("cannot read `{shown}`"))
}
