//! What the disk and one core can do without any server: the limits that writing is held against.
//!
//! A durable file is created, written, synced, renamed, and its folder synced. Each worker has a folder of its own, so
//! that they do not wait for each other's renames. Appending is what a shared log does.

use std::fs::{self, File};
use std::io::Write;
use std::path::Path;

use anyhow::{Context, Result};
use md5::{Digest, Md5};

use crate::load::Step;

/// Creates durable files of these bytes in a folder of the worker.
pub(crate) fn durable_files<'a>(folder: &Path, worker: usize, bytes: &'a [u8]) -> Result<Step<'a>> {
    let folder = folder.join(format!("worker-{worker}"));
    fs::create_dir_all(&folder)?;
    let itself = File::open(&folder)?;
    Ok(Box::new(move |count| {
        let partial = folder.join(format!("{count}.partial"));
        let mut file = File::create_new(&partial)?;
        file.write_all(bytes)?;
        file.sync_all()?;
        fs::rename(&partial, folder.join(count.to_string()))?;
        itself.sync_all().context("a folder was not synced")
    }))
}

/// Appends these bytes to a file of the worker and syncs it, again and again.
pub(crate) fn appends<'a>(folder: &Path, worker: usize, bytes: &'a [u8]) -> Result<Step<'a>> {
    let mut file = File::create_new(folder.join(format!("appended-{worker}")))?;
    Ok(Box::new(move |_| {
        file.write_all(bytes)?;
        file.sync_data().context("a file was not synced")
    }))
}

/// Hashes these bytes.
pub(crate) fn digests(bytes: &[u8]) -> Step<'_> {
    Box::new(move |_| {
        std::hint::black_box(Md5::digest(std::hint::black_box(bytes)));
        Ok(())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durable_files_lie_under_their_last_names() {
        let folder = tempfile::tempdir().unwrap();
        let mut step = durable_files(folder.path(), 3, b"abc").unwrap();
        step(0).unwrap();
        step(1).unwrap();
        let own = folder.path().join("worker-3");
        let names = || {
            fs::read_dir(&own)
                .unwrap()
                .map(|entry| entry.unwrap().file_name())
        };
        assert_eq!(names().count(), 2);
        assert_eq!(fs::read(own.join("1")).unwrap(), b"abc");
        assert!(step(1).is_ok(), "a renamed file may be replaced");
    }

    #[test]
    fn appends_grow_one_file() {
        let folder = tempfile::tempdir().unwrap();
        let mut step = appends(folder.path(), 0, b"abc").unwrap();
        step(0).unwrap();
        step(1).unwrap();
        assert_eq!(fs::read(folder.path().join("appended-0")).unwrap(), b"abcabc");
    }
}
