//! Looking into a directory that is not in use, without changing it: for checking a store as a whole.

use std::fs::{DirEntry, FileType};
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use async_trait::async_trait;
use futures_util::TryStreamExt;

use super::health::Health;
use super::memory::Memories;
use super::places::Places;
use super::{OpenError, blocking, reader};
use crate::{BlobError, BlobId, BlobStream, BlobWriter, Blobs};

/// A directory of blobs that is only read. It holds the lock that [`super::LocalBlobs`] takes.
///
/// As a [`Blobs`] it refuses to create and to delete with [`BlobError::ReadOnly`].
pub struct LocalInspection {
    places: Arc<Places>,
    memories: Arc<Memories>,
    _lock: std::fs::File,
}

/// A file that is no finished blob.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stranger {
    /// Where it is.
    pub path: PathBuf,
    /// Whether it is a blob that was being written, which the next opening removes.
    pub unfinished: bool,
}

impl LocalInspection {
    /// Opens a directory that is there.
    pub fn open(directory: &Path) -> Result<Self, OpenError> {
        let places = Places::new(directory, Arc::new(Health::default()));
        let lock = places.lock_to_read()?;
        Ok(Self {
            places: Arc::new(places),
            memories: Arc::default(),
            _lock: lock,
        })
    }

    /// All files in the directory that are neither finished blobs nor its format file, in no order.
    pub async fn strangers(&self) -> io::Result<Vec<Stranger>> {
        let places = Arc::clone(&self.places);
        let found = tokio::task::spawn_blocking(move || strangers(&places)).await;
        found.unwrap_or_else(|error| Err(io::Error::other(error)))
    }

    async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Places) -> Result<T, BlobError> + Send + 'static,
    ) -> Result<T, BlobError> {
        let places = Arc::clone(&self.places);
        blocking(move || work(&places)).await
    }
}

#[async_trait]
impl Blobs for LocalInspection {
    async fn create(&self, _id: BlobId) -> Result<Box<dyn BlobWriter>, BlobError> {
        Err(BlobError::ReadOnly)
    }

    async fn read(&self, id: BlobId, offset: u64, length: u64) -> Result<BlobStream, BlobError> {
        let memories = Arc::clone(&self.memories);
        self.run(move |places| reader::open(&places.blob(id), id)?.read(offset, length, memories))
            .await
    }

    async fn length(&self, id: BlobId) -> Result<u64, BlobError> {
        self.run(move |places| Ok(reader::open(&places.blob(id), id)?.length()))
            .await
    }

    async fn delete(&self, _id: BlobId) -> Result<(), BlobError> {
        Err(BlobError::ReadOnly)
    }

    async fn list(&self, after: Option<BlobId>, limit: usize) -> Result<Vec<BlobId>, BlobError> {
        self.run(move |places| Ok(places.list(after, limit)?)).await
    }

    async fn verify(&self, id: BlobId) -> Result<u64, BlobError> {
        let length = self.length(id).await?;
        let mut pieces = self.read(id, 0, length).await?;
        while pieces.try_next().await?.is_some() {}
        Ok(length)
    }
}

fn strangers(places: &Places) -> io::Result<Vec<Stranger>> {
    let mut found = Vec::new();
    for (entry, kind) in entries(places.root())? {
        let expected = match entry.file_name().to_str() {
            Some("format") => kind.is_file(),
            Some("unfinished" | "blobs") => kind.is_dir(),
            _ => false,
        };
        if !expected {
            found.push(foreign(entry.path()));
        }
    }
    for (entry, _) in entries(&places.unfinished_directory())? {
        found.push(Stranger {
            path: entry.path(),
            unfinished: true,
        });
    }
    for first in directories(&places.blobs_directory(), &mut found)? {
        for second in directories(&first, &mut found)? {
            for (entry, kind) in entries(&second)? {
                let id = entry.file_name().to_str().and_then(|name| name.parse().ok());
                let in_place = id.is_some_and(|id| places.blob(id) == entry.path());
                if !in_place || !kind.is_file() {
                    found.push(foreign(entry.path()));
                }
            }
        }
    }
    Ok(found)
}

/// The directories in one; everything else in it is noted.
fn directories(directory: &Path, found: &mut Vec<Stranger>) -> io::Result<Vec<PathBuf>> {
    let (inner, others): (Vec<_>, Vec<_>) = entries(directory)?
        .into_iter()
        .partition(|(_, kind)| kind.is_dir());
    found.extend(others.into_iter().map(|(entry, _)| foreign(entry.path())));
    Ok(inner.into_iter().map(|(entry, _)| entry.path()).collect())
}

fn entries(directory: &Path) -> io::Result<Vec<(DirEntry, FileType)>> {
    let listed = match std::fs::read_dir(directory) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
        other => other?,
    };
    let with_kind = |entry: io::Result<DirEntry>| {
        let entry = entry?;
        let kind = entry.file_type()?;
        Ok((entry, kind))
    };
    listed.map(with_kind).collect()
}

fn foreign(path: PathBuf) -> Stranger {
    Stranger {
        path,
        unfinished: false,
    }
}

#[cfg(test)]
mod tests {
    use super::super::{LocalBlobs, LocalOptions};
    use super::*;

    const OPTIONS: LocalOptions = LocalOptions { floor_bytes: 0 };

    fn id(byte: u8) -> BlobId {
        BlobId::from_bytes([byte; 16])
    }

    async fn with_a_blob(directory: &Path) -> LocalBlobs {
        let blobs = LocalBlobs::open(directory, OPTIONS).await.unwrap();
        let mut writer = blobs.create(id(1)).await.unwrap();
        writer.write("content".into()).await.unwrap();
        writer.finish().await.unwrap();
        blobs
    }

    #[tokio::test]
    async fn one_at_a_time_and_only_reading() {
        let directory = tempfile::tempdir().unwrap();
        let blobs = with_a_blob(directory.path()).await;
        assert!(matches!(
            LocalInspection::open(directory.path()),
            Err(OpenError::InUse)
        ));
        drop(blobs);
        let inspection = LocalInspection::open(directory.path()).unwrap();
        assert!(matches!(
            LocalBlobs::open(directory.path(), OPTIONS).await,
            Err(OpenError::InUse)
        ));
        assert_eq!(inspection.verify(id(1)).await.unwrap(), 7);
        assert_eq!(inspection.list(None, 10).await.unwrap(), [id(1)]);
        assert!(matches!(inspection.create(id(2)).await, Err(BlobError::ReadOnly)));
        assert!(matches!(inspection.delete(id(1)).await, Err(BlobError::ReadOnly)));
        assert_eq!(inspection.strangers().await.unwrap(), []);
    }

    #[tokio::test]
    async fn nothing_is_made_where_nothing_is() {
        let directory = tempfile::tempdir().unwrap();
        let inside = directory.path().join("blobs");
        assert!(matches!(LocalInspection::open(&inside), Err(OpenError::Io(_))));
        assert!(!inside.exists());
        assert!(matches!(
            LocalInspection::open(directory.path()),
            Err(OpenError::Io(_))
        ));
        std::fs::write(directory.path().join("format"), "else").unwrap();
        assert!(matches!(
            LocalInspection::open(directory.path()),
            Err(OpenError::UnknownFormat { .. })
        ));
    }

    #[tokio::test]
    async fn whatever_else_lies_there_is_named() {
        let directory = tempfile::tempdir().unwrap();
        drop(with_a_blob(directory.path()).await);
        let root = directory.path();
        let blob = root.join(format!("blobs/01/0/{}", id(1)));
        let misplaced = root.join(format!("blobs/01/0/{}", id(2)));
        let files = [
            root.join("notes.txt"),
            root.join("blobs/notes.txt"),
            root.join("blobs/01/notes.txt"),
            root.join("blobs/01/0/notes.txt"),
            misplaced,
        ];
        for path in &files {
            std::fs::copy(&blob, path).unwrap();
        }
        let unfinished = root.join(format!("unfinished/{}", id(3)));
        std::fs::write(&unfinished, "half").unwrap();
        let inspection = LocalInspection::open(root).unwrap();
        let mut found = inspection.strangers().await.unwrap();
        found.sort_by(|one, other| one.path.cmp(&other.path));
        let mut expected: Vec<_> = files.into_iter().map(foreign).collect();
        expected.push(Stranger {
            path: unfinished,
            unfinished: true,
        });
        expected.sort_by(|one, other| one.path.cmp(&other.path));
        assert_eq!(found, expected);
        // A blob in the wrong place cannot be read, so it is not listed either.
        assert_eq!(inspection.list(None, 10).await.unwrap(), [id(1)]);
    }
}
