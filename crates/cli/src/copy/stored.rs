//! The objects below a folder of the store, and the paths that their keys become.
//!
//! A key is the choice of whoever stored the object. It becomes a path only if it is one below the target, part by part:
//! what is empty, `.` or `..`, or holds a NUL, is refused and never repaired, so that no two keys meet in one file.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, anyhow};
use daypass_api::outcome::ObjectSummary;
use daypass_client::{ObjectClient, request};
use futures_util::stream::{self, Stream, StreamExt, TryStreamExt};

use crate::output::printable;
use crate::remote::Remote;

/// All objects below a folder. A failure ends the list.
pub(super) fn objects(
    client: &ObjectClient,
    folder: Remote,
) -> impl Stream<Item = Result<ObjectSummary>> + Send + use<> {
    let failed = format!("cannot list `{}`", folder.bucket);
    let first = request::list_objects(&folder.bucket, &folder.path);
    client
        .object_pages(first)
        .map(move |page| page.with_context(|| failed.clone()))
        .map_ok(|page| stream::iter(page.objects).map(Ok))
        .try_flatten()
}

/// The path below a folder that a key's rest stands for; a slash at its end is left out.
pub(super) fn relative_path(rest: &str) -> Result<PathBuf> {
    let name = rest.strip_suffix('/').unwrap_or(rest);
    let bad = |part: &str| matches!(part, "" | "." | "..") || part.contains('\0');
    if name.split('/').any(bad) {
        return Err(anyhow!("`{}` is no path below a folder", printable(rest)));
    }
    Ok(PathBuf::from(name))
}

/// Finds keys that would need a file where another key has a folder: `a` and `a/b`.
///
/// Keys come in the order of their bytes, so that a key comes before all that begin with it, and only those that the
/// present one begins with need to be remembered.
#[derive(Default)]
pub(super) struct Collisions(Vec<String>);

impl Collisions {
    /// Takes the next key, and tells which file is in its way.
    pub(super) fn next(&mut self, key: &str) -> Option<&str> {
        while self
            .0
            .last()
            .is_some_and(|former| !key.starts_with(former.as_str()))
        {
            self.0.pop();
        }
        // A folder's own key is in nobody's way.
        if !key.ends_with('/') {
            self.0.push(key.to_owned());
        }
        let blocks = |former: &&String| {
            let rest = key.strip_prefix(former.as_str());
            rest.is_some_and(|rest| rest.starts_with('/'))
        };
        self.0.iter().find(blocks).map(String::as_str)
    }
}

/// Makes the folders that a file below another needs. Links on the way are refused, unless they are to be followed:
/// they could lead anywhere.
pub(super) fn make_way(folder: &Path, path: &Path, is_folder: bool, follows_links: bool) -> Result<()> {
    std::fs::create_dir_all(folder).with_context(|| format!("cannot make `{}`", folder.display()))?;
    let mut place = folder.to_owned();
    let mut parts = path.components().peekable();
    while let Some(part) = parts.next() {
        place.push(part);
        let is_last = parts.peek().is_none() && !is_folder;
        let shown = place.display();
        match std::fs::symlink_metadata(&place) {
            Ok(metadata) if metadata.is_symlink() && !follows_links => {
                return Err(anyhow!(
                    "`{shown}` is a symbolic link: --follow-symlinks follows it"
                ));
            }
            Ok(_) if is_last => {}
            Ok(_) if !place.is_dir() => return Err(anyhow!("`{shown}` is a file where a folder is needed")),
            Ok(_) => {}
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                if !is_last {
                    make_folder(&place).with_context(|| format!("cannot make `{shown}`"))?;
                }
            }
            Err(error) => return Err(error).with_context(|| format!("cannot look at `{shown}`")),
        }
    }
    Ok(())
}

/// Another download may be making it at the same time.
fn make_folder(path: &Path) -> std::io::Result<()> {
    match std::fs::create_dir(path) {
        Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists && path.is_dir() => Ok(()),
        outcome => outcome,
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use proptest::prelude::*;

    use super::*;

    #[test]
    fn keys_that_are_paths() {
        let check = |rest: &str, expected: Option<&str>| {
            assert_eq!(relative_path(rest).ok(), expected.map(PathBuf::from), "{rest}");
        };
        check("a", Some("a"));
        check("a/b c/你", Some("a/b c/你"));
        check("a/", Some("a"));
        check("a\nb\\c", Some("a\nb\\c"));
        check("...", Some("..."));
        for rest in [
            "",
            "/",
            "/a",
            "//",
            "a//b",
            "a//",
            ".",
            "..",
            "../a",
            "a/..",
            "a/../b",
            "a/./b",
            "./a",
            "a\0b",
            "/etc/passwd",
        ] {
            check(rest, None);
        }
    }

    proptest! {
        #[test]
        fn no_key_leaves_the_folder(rest in "[./a\u{0}你]{0,12}") {
            if let Ok(path) = relative_path(&rest) {
                prop_assert!(path.components().all(|part| matches!(part, std::path::Component::Normal(_))));
                prop_assert_eq!(path.to_str(), Some(rest.strip_suffix('/').unwrap_or(&rest)));
            }
        }
    }

    #[test]
    fn files_in_the_way_of_folders() {
        let check = |keys: &[&str], expected: &[&str]| {
            let mut collisions = Collisions::default();
            let found: Vec<_> = keys
                .iter()
                .copied()
                .filter(|key| collisions.next(key).is_some())
                .collect();
            assert_eq!(found, expected);
        };
        check(&["a", "a-b", "a/b", "a/b/c", "ab", "b/a"], &["a/b", "a/b/c"]);
        check(&["a/", "a/b", "a/b/c"], &["a/b/c"]);
        check(&["a", "a!", "a!x", "a/b"], &["a/b"]);
        check(&["a", "a/"], &["a/"]);
    }

    #[test]
    fn links_are_not_followed() {
        let folder = tempfile::tempdir().unwrap();
        let (root, outside) = (folder.path().join("root"), folder.path().join("outside"));
        std::fs::create_dir_all(&root).unwrap();
        std::fs::create_dir_all(&outside).unwrap();
        symlink("../outside", root.join("link")).unwrap();
        std::fs::write(root.join("file"), "").unwrap();
        let check = |path: &str, follows_links, good| {
            let outcome = make_way(&root, Path::new(path), false, follows_links);
            assert_eq!(outcome.is_ok(), good, "{path}: {outcome:?}");
        };
        check("a/b/c", false, true);
        assert!(root.join("a/b").is_dir() && !root.join("a/b/c").exists());
        check("link/x", false, false);
        check("link/x/y", false, false);
        check("link", false, false);
        assert_eq!(std::fs::read_dir(&outside).unwrap().count(), 0);
        check("link/x", true, true);
        check("file", false, true);
        check("file/x", false, false);
        make_way(&root, Path::new("d/e"), true, false).unwrap();
        assert!(root.join("d/e").is_dir());
    }
}
