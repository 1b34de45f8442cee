//! The files below a folder of this machine, one after the other in the order of their names.
//!
//! Links are not followed unless that is asked for, and then not in circles. What is neither a file nor a folder is left
//! out: a pipe below a folder would keep a copy waiting for ever.

use std::collections::HashSet;
use std::fs::{self, Metadata};
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use daypass_api::Timestamp;

/// When a file was changed last, to the second, as the store tells of objects.
pub(super) fn modified(metadata: &Metadata) -> Timestamp {
    Timestamp::from_unix_seconds(metadata.mtime())
}

/// What was found.
#[derive(Debug)]
pub(super) enum Found {
    /// A file: its path, its name seen from the folder, and its length.
    File {
        path: PathBuf,
        name: PathBuf,
        length: u64,
        modified: Timestamp,
    },
    /// Something that is not copied.
    Skipped,
}

/// A walk through a folder.
pub(super) struct Walk {
    root: PathBuf,
    follows_links: bool,
    /// What is still to be looked at, the next one last; a folder's end stands below what is in it.
    open: Vec<Step>,
    /// Device and number of the folders that the walk is in.
    inside: HashSet<(u64, u64)>,
}

enum Step {
    Enter(PathBuf),
    Leave((u64, u64)),
}

impl Walk {
    pub(super) fn new(root: PathBuf, follows_links: bool) -> Self {
        Self {
            open: vec![Step::Enter(root.clone())],
            root,
            follows_links,
            inside: HashSet::new(),
        }
    }

    fn look(&mut self, path: PathBuf) -> Result<Option<Found>> {
        let unreadable = || format!("cannot read `{}`", path.display());
        // The folder itself was named by the user, and is followed.
        let metadata = if self.follows_links || path == self.root {
            fs::metadata(&path)
        } else {
            fs::symlink_metadata(&path)
        };
        let metadata = metadata.with_context(unreadable)?;
        if metadata.is_dir() {
            self.enter(&path, &metadata).with_context(unreadable)?;
            return Ok(None);
        }
        if !metadata.is_file() {
            return Ok(Some(Found::Skipped));
        }
        let name = path.strip_prefix(&self.root).unwrap_or(&path).to_owned();
        let length = metadata.len();
        Ok(Some(Found::File {
            path,
            name,
            length,
            modified: modified(&metadata),
        }))
    }

    fn enter(&mut self, path: &Path, metadata: &Metadata) -> io::Result<()> {
        let id = (metadata.dev(), metadata.ino());
        let mut names = fs::read_dir(path)?
            .map(|entry| Ok(entry?.path()))
            .collect::<io::Result<Vec<_>>>()?;
        if !self.inside.insert(id) {
            return Err(io::Error::other("a link leads back to it"));
        }
        names.sort_unstable_by(|one, other| other.cmp(one));
        self.open.push(Step::Leave(id));
        self.open.extend(names.into_iter().map(Step::Enter));
        Ok(())
    }
}

impl Iterator for Walk {
    type Item = Result<Found>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            match self.open.pop()? {
                Step::Leave(id) => {
                    self.inside.remove(&id);
                }
                Step::Enter(path) => {
                    if let Some(found) = self.look(path).transpose() {
                        return Some(found);
                    }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;

    fn names(root: &Path, follows_links: bool) -> (Vec<String>, usize, usize) {
        let (mut files, mut skipped, mut failed) = (Vec::new(), 0, 0);
        for found in Walk::new(root.to_owned(), follows_links) {
            match found {
                Ok(Found::File { name, .. }) => files.push(name.to_str().unwrap().to_owned()),
                Ok(Found::Skipped) => skipped += 1,
                Err(_) => failed += 1,
            }
        }
        (files, skipped, failed)
    }

    #[test]
    fn folders_and_links() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path().join("root");
        fs::create_dir_all(root.join("b/c")).unwrap();
        for name in ["b/c/2", "a", "b/1"] {
            fs::write(root.join(name), name).unwrap();
        }
        fs::write(folder.path().join("secret"), "x").unwrap();
        symlink("../secret", root.join("link")).unwrap();
        symlink("..", root.join("b/up")).unwrap();
        let plain = || ["a", "b/1", "b/c/2"].map(str::to_owned).to_vec();
        assert_eq!(names(&root, false), (plain(), 2, 0));
        let mut followed = plain();
        followed.push("link".to_owned());
        assert_eq!(names(&root, true), (followed, 0, 1));
        // Two links to one folder are no circle.
        fs::remove_file(root.join("b/up")).unwrap();
        symlink("b", root.join("c")).unwrap();
        assert_eq!(names(&root, true).0.len(), 6);
        assert_eq!(names(&folder.path().join("missing"), false), (vec![], 0, 1));
    }
}
