//! Where a download goes.
//!
//! A file is written under a name of its own beside its place, and takes that place when all of the object has arrived
//! and its checksum is right. So there is never half an object under the name, and a download that fails leaves what
//! was there before.

use std::fs::{File, Permissions};
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use tempfile::NamedTempFile;

/// What a new file lets others do, as far as the user's mask lets it.
const USUAL_MODE: u32 = 0o666;

/// Where a download goes.
pub(super) enum Place {
    /// A pipe or a device, which is written to and not replaced.
    Special(File),
    /// A file that will be there when all of it is.
    Regular(Target),
}

/// The path that a file will have, and what it will let others do.
#[derive(Debug)]
pub(super) struct Target {
    path: PathBuf,
    mode: u32,
}

impl Place {
    pub(super) fn open(path: &Path) -> io::Result<Self> {
        match std::fs::metadata(path) {
            Ok(metadata) if metadata.is_dir() => Err(io::Error::from(io::ErrorKind::IsADirectory)),
            Ok(metadata) if !metadata.is_file() => Ok(Self::Special(File::options().write(true).open(path)?)),
            // Behind a link, the file that it leads to is replaced, and the link stays; it lets others do no more than
            // before.
            Ok(metadata) => Ok(Self::Regular(Target {
                path: std::fs::canonicalize(path)?,
                mode: metadata.permissions().mode() & 0o7777,
            })),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Self::Regular(Target {
                path: std::path::absolute(path)?,
                mode: USUAL_MODE,
            })),
            Err(error) => Err(error),
        }
    }
}

impl Target {
    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    pub(super) fn mode(&self) -> u32 {
        self.mode
    }

    /// The path of a file beside it.
    pub(super) fn beside(&self, name: &str) -> PathBuf {
        self.path.with_file_name(name)
    }

    /// A new file beside it that goes when it is dropped.
    pub(super) fn temporary(&self) -> io::Result<NamedTempFile> {
        let folder = self.path.parent().unwrap_or(Path::new("/"));
        tempfile::Builder::new()
            .prefix(".daypass-")
            .suffix(".part")
            .permissions(Permissions::from_mode(self.mode))
            .tempfile_in(folder)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mode(file: &NamedTempFile) -> u32 {
        file.as_file().metadata().unwrap().permissions().mode() & 0o777
    }

    #[test]
    fn a_secret_file_stays_secret() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("secret");
        std::fs::write(&path, "x").unwrap();
        std::fs::set_permissions(&path, Permissions::from_mode(0o600)).unwrap();
        let Place::Regular(target) = Place::open(&path).unwrap() else {
            panic!("it is a regular file");
        };
        let file = target.temporary().unwrap();
        assert_eq!(file.path().parent(), path.canonicalize().unwrap().parent());
        assert_eq!(mode(&file), 0o600);
    }

    #[test]
    fn links_stay_and_directories_are_refused() {
        let directory = tempfile::tempdir().unwrap();
        let (path, link) = (directory.path().join("f"), directory.path().join("l"));
        std::fs::write(&path, "x").unwrap();
        std::os::unix::fs::symlink(&path, &link).unwrap();
        let Place::Regular(target) = Place::open(&link).unwrap() else {
            panic!("it is a regular file");
        };
        assert_eq!(target.path(), path.canonicalize().unwrap());
        assert!(Place::open(directory.path()).is_err());
        assert!(matches!(
            Place::open(Path::new("/dev/null")),
            Ok(Place::Special(_))
        ));
    }
}
