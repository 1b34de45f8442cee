//! Where everything is in a data directory, for the server and for whoever looks at a directory without one.

use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};

use daypass_token::MasterKeys;

use crate::StartError;
use crate::secrets_at_rest::{self, GivenKeys, KeyFiles};

/// What the file beside one is called while it is made; see `private_file`.
const UNFINISHED: &str = "new";

/// A data directory by its path; whether it is there is another matter.
#[derive(Clone, Debug)]
pub struct DataDirectory(PathBuf);

impl DataDirectory {
    /// The directory at this path.
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self(path.into())
    }

    /// Its path.
    pub fn path(&self) -> &Path {
        &self.0
    }

    /// The key-value file.
    pub fn metadata(&self) -> PathBuf {
        self.0.join("meta.redb")
    }

    /// The blob directory.
    pub fn blobs(&self) -> PathBuf {
        self.0.join("blobs")
    }

    /// The audit trail, unless it is told to be elsewhere.
    pub fn audit(&self) -> PathBuf {
        self.0.join("audit")
    }

    /// Why requests were refused.
    pub fn explanations(&self) -> PathBuf {
        self.0.join("explain")
    }

    /// The master key: the one that was given, or the one in the directory; with the one before it while it is
    /// exchanged. None is ever made.
    pub fn master_keys(&self, given: GivenKeys<'_>) -> Result<MasterKeys, StartError> {
        secrets_at_rest::stored_master_keys(&self.0, given)
    }

    /// The file of a master key whose exchange was cut off, if there is one: the next start ends it.
    pub fn unfinished_exchange(&self) -> Option<PathBuf> {
        KeyFiles::new(&self.0).unfinished().map(Path::to_owned)
    }

    /// Files that were left by a crash while the one beside them was made.
    pub fn leftovers(&self) -> io::Result<Vec<PathBuf>> {
        let mut found = Vec::new();
        for folder in [self.0.clone(), self.0.join("tls")] {
            let entries = match std::fs::read_dir(folder) {
                Err(error) if error.kind() == ErrorKind::NotFound => continue,
                other => other?,
            };
            for entry in entries {
                let path = entry?.path();
                if path.extension().is_some_and(|extension| extension == UNFINISHED) {
                    found.push(path);
                }
            }
        }
        found.sort();
        Ok(found)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn leftovers_are_found_and_nothing_else() {
        let folder = tempfile::tempdir().unwrap();
        let directory = DataDirectory::new(folder.path());
        assert!(directory.leftovers().unwrap().is_empty());
        std::fs::create_dir(folder.path().join("tls")).unwrap();
        for name in ["master.new", "master.key", "tls/key.new", "tls/key.pem", "new"] {
            std::fs::write(folder.path().join(name), "").unwrap();
        }
        let expected = ["master.new", "tls/key.new"].map(|name| folder.path().join(name));
        assert_eq!(directory.leftovers().unwrap(), expected);
    }

    #[test]
    fn no_master_key_is_made() {
        let folder = tempfile::tempdir().unwrap();
        let directory = DataDirectory::new(folder.path());
        assert!(matches!(
            directory.master_keys(GivenKeys::default()),
            Err(StartError::MasterKeyMissing(_))
        ));
        let given = GivenKeys {
            current: Some(&"0f".repeat(32)),
            previous: None,
        };
        assert!(directory.master_keys(given).is_ok());
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
    }
}
