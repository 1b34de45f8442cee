//! From the store to a file or standard output.
//!
//! A file is written under a name of its own beside its place and takes that place when all of the object has
//! arrived and its checksum is right. So there is never half an object under the name, and a copy that fails
//! leaves what was there before.

use std::fs::{Metadata, Permissions};
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use daypass_api::names::ObjectKey;
use daypass_client::{Download, ObjectClient, request};
use tempfile::NamedTempFile;
use tokio::fs::File;
use tokio::io::AsyncWriteExt;

use super::Local;
use super::progress::Progress;
use crate::output::{self, printable};
use crate::remote::RemoteObject;
use crate::report::Misuse;

/// What a new file lets others do, as far as the user's mask lets it.
const USUAL_MODE: u32 = 0o666;

pub(super) async fn run(client: &ObjectClient, object: &RemoteObject, local: &Local) -> Result<()> {
    let unreadable = || format!("cannot read `{}`", printable(object.key.as_str()));
    let target = match local {
        Local::Standard => None,
        Local::File(path) => Some(target(path, &object.key)?),
    };
    let read = request::read_object(&object.bucket, &object.key);
    let download = client.get_object(read).await.with_context(unreadable)?;
    let progress = Progress::of(Some(download.length()));
    let outcome = match target {
        None => to_standard_output(download, &progress)
            .await
            .with_context(unreadable),
        Some(path) => to_file(download, &path, &progress)
            .await
            .with_context(|| format!("cannot write `{}`", path.display())),
    };
    progress.clear();
    outcome
}

/// The file that is meant: a directory takes the object under the last part of its key.
fn target(path: &Path, key: &ObjectKey) -> Result<PathBuf, Misuse> {
    let is_directory = path.as_os_str().as_encoded_bytes().ends_with(b"/") || path.is_dir();
    if !is_directory {
        return Ok(path.to_owned());
    }
    let name = key.as_str().rsplit('/').next().unwrap_or_default();
    // The key is the choice of whoever stored the object; it must not lead out of the directory.
    if matches!(name, "" | "." | "..") || name.contains('\0') {
        let key = printable(key.as_str());
        return Err(Misuse(format!(
            "the key `{key}` gives no name for a file: name the file"
        )));
    }
    Ok(path.join(name))
}

async fn to_standard_output(mut download: Download, progress: &Progress) -> Result<()> {
    while let Some(bytes) = download.next().await? {
        output::write(&bytes)?;
        progress.add(bytes.len());
    }
    Ok(())
}

async fn to_file(download: Download, path: &Path, progress: &Progress) -> Result<()> {
    match std::fs::metadata(path) {
        // A pipe or a device is written to, not replaced.
        Ok(metadata) if !metadata.is_file() => {
            let mut file = File::options().write(true).open(path).await?;
            copy(download, &mut file, progress).await
        }
        // Behind a link, the file that it leads to is replaced, and the link stays.
        Ok(metadata) => replace(download, &std::fs::canonicalize(path)?, Some(&metadata), progress).await,
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            replace(download, path, None, progress).await
        }
        Err(error) => Err(error.into()),
    }
}

async fn replace(
    download: Download,
    path: &Path,
    former: Option<&Metadata>,
    progress: &Progress,
) -> Result<()> {
    let (file, temporary) = beside(path, former)?.into_parts();
    let mut file = File::from_std(file);
    copy(download, &mut file, progress).await?;
    temporary.persist(path)?;
    Ok(())
}

/// A new file beside another, which lets others do no more than the former one did.
fn beside(path: &Path, former: Option<&Metadata>) -> io::Result<NamedTempFile> {
    let directory = path.parent().filter(|parent| !parent.as_os_str().is_empty());
    let mode = former.map_or(USUAL_MODE, |former| former.permissions().mode());
    tempfile::Builder::new()
        .prefix(".daypass-")
        .suffix(".part")
        .permissions(Permissions::from_mode(mode))
        .tempfile_in(directory.unwrap_or(Path::new(".")))
}

async fn copy(mut download: Download, file: &mut File, progress: &Progress) -> Result<()> {
    while let Some(bytes) = download.next().await? {
        file.write_all(&bytes).await?;
        progress.add(bytes.len());
    }
    // Without it, what the library still holds would be lost without a word.
    Ok(file.flush().await?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn targets() {
        let directory = tempfile::tempdir().unwrap();
        let inside = |name: &str| directory.path().join(name);
        let check = |path: &Path, key: &str, expected: Option<PathBuf>| {
            let key = ObjectKey::parse(key.as_bytes()).unwrap();
            assert_eq!(target(path, &key).ok(), expected, "{path:?} {key}");
        };
        check(&inside("x"), "a/b", Some(inside("x")));
        check(directory.path(), "a/b", Some(inside("b")));
        check(Path::new("missing/"), "a/b", Some(PathBuf::from("missing/b")));
        for key in ["a/", "a/..", "..", "a/.", "a\0"] {
            check(directory.path(), key, None);
        }
        check(directory.path(), "../../b", Some(inside("b")));
    }

    #[test]
    fn a_secret_file_stays_secret() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("secret");
        std::fs::write(&path, "x").unwrap();
        std::fs::set_permissions(&path, Permissions::from_mode(0o600)).unwrap();
        let former = std::fs::metadata(&path).unwrap();
        let file = beside(&path, Some(&former)).unwrap();
        assert_eq!(file.path().parent(), Some(directory.path()));
        assert_eq!(
            file.as_file().metadata().unwrap().permissions().mode() & 0o777,
            0o600
        );
    }
}
