//! Where a download goes.
//!
//! A file is written under a name of its own beside its place, and takes that place when all of the object has arrived
//! and its checksum is right. So there is never half an object under the name, and a download that fails leaves what
//! was there before.

use std::fs::{File, Metadata, Permissions};
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
    /// A file that is not there yet, and the path that it will have.
    Regular(NamedTempFile, PathBuf),
}

impl Place {
    pub(super) fn open(path: &Path) -> io::Result<Self> {
        match std::fs::metadata(path) {
            Ok(metadata) if metadata.is_dir() => Err(io::Error::from(io::ErrorKind::IsADirectory)),
            Ok(metadata) if !metadata.is_file() => Ok(Self::Special(File::options().write(true).open(path)?)),
            // Behind a link, the file that it leads to is replaced, and the link stays.
            Ok(metadata) => Self::beside(&std::fs::canonicalize(path)?, Some(&metadata)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Self::beside(path, None),
            Err(error) => Err(error),
        }
    }

    /// A new file beside another, which lets others do no more than the former one did.
    fn beside(path: &Path, former: Option<&Metadata>) -> io::Result<Self> {
        let directory = path.parent().filter(|parent| !parent.as_os_str().is_empty());
        let mode = former.map_or(USUAL_MODE, |former| former.permissions().mode());
        let file = tempfile::Builder::new()
            .prefix(".daypass-")
            .suffix(".part")
            .permissions(Permissions::from_mode(mode))
            .tempfile_in(directory.unwrap_or(Path::new(".")))?;
        Ok(Self::Regular(file, path.to_owned()))
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
        let Place::Regular(file, _) = Place::open(&path).unwrap() else {
            panic!("it is a regular file");
        };
        assert_eq!(file.path().parent(), path.canonicalize().unwrap().parent());
        assert_eq!(mode(&file), 0o600);
    }

    #[test]
    fn links_stay_and_directories_are_refused() {
        let directory = tempfile::tempdir().unwrap();
        let (path, link) = (directory.path().join("f"), directory.path().join("l"));
        std::fs::write(&path, "x").unwrap();
        std::os::unix::fs::symlink(&path, &link).unwrap();
        let Place::Regular(_, place) = Place::open(&link).unwrap() else {
            panic!("it is a regular file");
        };
        assert_eq!(place, path.canonicalize().unwrap());
        assert!(Place::open(directory.path()).is_err());
        assert!(matches!(
            Place::open(Path::new("/dev/null")),
            Ok(Place::Special(_))
        ));
    }
}
