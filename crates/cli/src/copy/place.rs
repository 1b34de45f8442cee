//! The two sides of a copy.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use crate::remote::{Remote, RemoteError, SCHEME};
use crate::report::Misuse;

/// One side of a copy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    /// Standard input or output.
    Standard,
    /// A file or a folder on this machine.
    File(PathBuf),
    /// Something in the store.
    Store(Remote),
}

impl Place {
    pub(crate) fn parse(text: OsString) -> Result<Self, RemoteError> {
        match text.to_str() {
            Some("-") => Ok(Self::Standard),
            Some(name) if name.starts_with(SCHEME) => Ok(Self::Store(name.parse()?)),
            _ => Ok(Self::File(text.into())),
        }
    }
}

/// The object that is meant: a folder takes the name of what is put there.
pub(super) fn named_after(name: Option<&str>, target: Remote) -> Result<Remote, Misuse> {
    if !target.path.is_empty() && !target.path.ends_with('/') {
        return Ok(target);
    }
    let name = name.filter(|name| !name.is_empty()).ok_or_else(|| {
        Misuse("the source has no name that a key could have: name the object, as in cos://photos-1250000000/key".to_owned())
    })?;
    Ok(Remote {
        path: format!("{}{name}", target.path),
        ..target
    })
}

/// The file that is meant: a folder takes the object under the last part of its key.
pub(super) fn file_named_after(key: &str, path: &Path) -> Result<PathBuf, Misuse> {
    let is_folder = path.as_os_str().as_encoded_bytes().ends_with(b"/") || path.is_dir();
    if !is_folder {
        return Ok(path.to_owned());
    }
    let name = last_part(key);
    // The key is the choice of whoever stored the object; it must not lead out of the folder.
    if matches!(name, "" | "." | "..") || name.contains('\0') {
        let key = crate::output::printable(key);
        return Err(Misuse(format!(
            "the key `{key}` gives no name for a file: name the file"
        )));
    }
    Ok(path.join(name))
}

/// What stands after the last slash.
pub(super) fn last_part(key: &str) -> &str {
    key.rsplit('/').next().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_for_objects() {
        let directory = tempfile::tempdir().unwrap();
        let inside = |name: &str| directory.path().join(name);
        let check = |path: &Path, key: &str, expected: Option<PathBuf>| {
            assert_eq!(file_named_after(key, path).ok(), expected, "{path:?} {key}");
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
    fn places() {
        assert_eq!(Place::parse("-".into()), Ok(Place::Standard));
        assert_eq!(Place::parse("./-".into()), Ok(Place::File("./-".into())));
        assert!(Place::parse("cos://".into()).is_err());
        assert!(Place::parse("cos://photos/k".into()).is_err());
    }
}
