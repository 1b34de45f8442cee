//! Writing a file that something will rely on: whole or not at all, with its mode from the first byte on, and on stable
//! storage before anything goes on.

use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

/// Mode of a file that only its owner reads.
pub(crate) const PRIVATE: u32 = 0o600;

/// Mode of a file that anybody may read.
pub(crate) const PUBLIC: u32 = 0o644;

/// Puts `text` where `path` is, in place of what was there.
pub(crate) fn write(path: &Path, text: &str, mode: u32) -> io::Result<()> {
    // Under another name first, so that a crash never leaves half a key behind.
    let fresh = path.with_extension("new");
    match std::fs::remove_file(&fresh) {
        // A leftover would keep its own mode, and one that is a link would lead elsewhere. Whoever puts one back in
        // time makes the next step fail, since that makes a file and never follows a link.
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let mut options = std::fs::OpenOptions::new();
    let mut file = options.write(true).create_new(true).mode(mode).open(&fresh)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()?;
    std::fs::rename(&fresh, path)?;
    sync_directory(path)
}

/// Removes a file for good, if it is there.
pub(crate) fn remove(path: &Path) -> io::Result<()> {
    match std::fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    sync_directory(path)
}

fn sync_directory(path: &Path) -> io::Result<()> {
    path.parent()
        .map_or(Ok(()), |directory| std::fs::File::open(directory)?.sync_all())
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn a_leftover_lends_neither_bytes_nor_mode() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("secret.key");
        std::fs::write(folder.path().join("secret.new"), "much longer than what comes").unwrap();
        write(&path, "short", PRIVATE).unwrap();
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "short");
        let mode = std::fs::metadata(&path).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, PRIVATE);
        assert!(!folder.path().join("secret.new").exists());
    }

    #[test]
    fn a_link_in_the_way_is_not_followed() {
        let folder = tempfile::tempdir().unwrap();
        let (path, elsewhere) = (folder.path().join("secret.key"), folder.path().join("elsewhere"));
        for target in [elsewhere.clone(), folder.path().join("nothing-there")] {
            std::fs::write(&elsewhere, "untouched").unwrap();
            std::os::unix::fs::symlink(&target, folder.path().join("secret.new")).unwrap();
            write(&path, "secret", PRIVATE).unwrap();
            assert_eq!(std::fs::read_to_string(&elsewhere).unwrap(), "untouched");
            assert!(!folder.path().join("nothing-there").exists());
            assert!(std::fs::symlink_metadata(&path).unwrap().is_file());
            assert_eq!(std::fs::read_to_string(&path).unwrap(), "secret");
        }
    }
}
