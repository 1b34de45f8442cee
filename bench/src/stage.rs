//! What a run needs before anything is measured: folders, a filled server to read from, nginx over the same bytes.
//!
//! Everything lies in one temporary folder beside the build's output, so on the disk of the checkout, and goes when
//! the run ends.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, Result};
use tempfile::TempDir;

use crate::issuer::Issuer;
use crate::load::{Plan, measure};
use crate::nginx::{self, Nginx};
use crate::request::Key;
use crate::server::{Server, root_key};
use crate::work::{Size, Target, list_path, object_bytes, object_path};

/// How the name of a run's folder begins; its process follows.
const FOLDER: &str = "bench-run-";
/// How many connections fill a server.
const FILLING_CONNECTIONS: usize = 64;
/// Bytes of each object that is only listed.
const LISTED_BYTES: usize = 16;

/// The folders, the key, the identity provider and the bytes of one run.
#[derive(Debug)]
pub(crate) struct Stage {
    folder: TempDir,
    binary: PathBuf,
    pub(crate) root: Key,
    pub(crate) issuer: Issuer,
    pub(crate) bytes: Vec<u8>,
    /// How many objects there are to list.
    pub(crate) listable: u64,
}

impl Stage {
    /// Makes the folder of a run within `target`.
    pub(crate) fn new(target: &Path, binary: PathBuf, listable: u64) -> Result<Self> {
        fs::create_dir_all(target)?;
        sweep(target)?;
        let folder = tempfile::Builder::new()
            .prefix(&format!("{FOLDER}{}-", std::process::id()))
            .tempdir_in(target)
            .context("the run's folder cannot be made")?;
        Ok(Self {
            folder,
            binary,
            root: root_key()?,
            issuer: Issuer::start()?,
            bytes: object_bytes(),
            listable,
        })
    }

    /// Starts the server on a folder of this name.
    pub(crate) fn server(&self, name: &str) -> Result<Server> {
        self.server_with(name, &[])
    }

    /// … with these options.
    pub(crate) fn server_with(&self, name: &str, options: &[&str]) -> Result<Server> {
        Server::start(&self.binary, &self.path(name), &self.root, options)
    }

    /// Starts the server on a new folder of this name, with the bucket.
    pub(crate) fn fresh_server(&self, name: &str) -> Result<Server> {
        let server = self.server(name)?;
        server.make_bucket(&self.root)?;
        Ok(server)
    }

    /// The program.
    pub(crate) fn binary(&self) -> &Path {
        &self.binary
    }

    /// A folder, or where one may be made.
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Makes a folder.
    pub(crate) fn make(&self, name: &str) -> Result<PathBuf> {
        let path = self.path(name);
        fs::create_dir_all(&path)?;
        Ok(path)
    }

    /// Deletes a folder with all that is in it, if it is there.
    pub(crate) fn clear(&self, name: &str) -> Result<()> {
        let path = self.path(name);
        if path.exists() {
            fs::remove_dir_all(path).with_context(|| format!("`{name}` cannot be deleted"))?;
        }
        Ok(())
    }

    /// Asking a server with this key, and expecting this status.
    pub(crate) fn target<'a>(&'a self, server: &Server, key: &'a Key, status: u16) -> Target<'a> {
        Target {
            address: server.address(),
            key,
            issuer: &self.issuer,
            status,
            series: "",
            listable: self.listable,
            bytes: &self.bytes,
        }
    }

    /// Puts what is read later, and what is listed.
    pub(crate) fn fill(&self, server: &Server, with_listable: bool) -> Result<()> {
        let target = self.target(server, &self.root, 200);
        for size in [Size::Small, Size::Medium, Size::Large] {
            let names = (0..size.objects())
                .map(|index| object_path(size, index))
                .collect();
            put_all(target, names, size.bytes())?;
        }
        if with_listable {
            put_all(target, (0..self.listable).map(list_path).collect(), LISTED_BYTES)?;
        }
        Ok(())
    }

    /// Starts nginx over files with the same names and bytes.
    pub(crate) fn nginx(&self, binary: &Path) -> Result<Nginx> {
        for size in [Size::Small, Size::Medium, Size::Large] {
            for index in 0..size.objects() {
                let path = self
                    .path("www")
                    .join(object_path(size, index).trim_start_matches('/'));
                fs::create_dir_all(path.parent().context("a file has a folder")?)?;
                fs::write(path, self.object(size))?;
            }
        }
        Nginx::start(binary, self.folder.path())
    }

    fn object(&self, size: Size) -> Vec<u8> {
        self.bytes.iter().copied().cycle().take(size.bytes()).collect()
    }
}

/// Deletes the folders of runs that were cut off: gigabytes, perhaps.
fn sweep(target: &Path) -> Result<()> {
    for entry in fs::read_dir(target)? {
        let entry = entry?;
        let name = entry.file_name();
        let owner = name.to_str().and_then(owner);
        if owner.is_some_and(|process| !Path::new("/proc").join(process).exists()) {
            fs::remove_dir_all(entry.path())?;
        }
    }
    Ok(())
}

/// The process that a run's folder belongs to.
fn owner(folder: &str) -> Option<&str> {
    let (process, _) = folder.strip_prefix(FOLDER)?.split_once('-')?;
    Some(process)
}

fn put_all(target: Target<'_>, names: Vec<String>, size: usize) -> Result<()> {
    let share = names.len().div_ceil(FILLING_CONNECTIONS).max(1);
    let shares: Vec<&[String]> = names.chunks(share).collect();
    let plan = Plan {
        workers: shares.len(),
        warm_up: Duration::ZERO,
        window: Duration::from_secs(600),
        most: share as u64,
        processes: Vec::new(),
    };
    measure(&plan, |worker| {
        let names = shares.get(worker).copied().unwrap_or_default();
        target.fill(names.to_vec(), size)
    })
    .context("the server cannot be filled")?;
    Ok(())
}

/// Finds nginx for a run that compares with it.
pub(crate) fn nginx_binary(target: &Path) -> Option<PathBuf> {
    match nginx::binary(target) {
        Ok(binary) => Some(binary),
        Err(error) => {
            eprintln!("!!!! nginx cannot be had, so the rows beside it are NOT measured: {error:#}");
            None
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_dead_run_left_is_swept_away() {
        let target = tempfile::tempdir().unwrap();
        let living = format!("{FOLDER}{}-x", std::process::id());
        for name in [living.as_str(), "bench-run-0-x", "bench-runs", "release"] {
            fs::create_dir(target.path().join(name)).unwrap();
        }
        sweep(target.path()).unwrap();
        let remains = |name: &str| target.path().join(name).exists();
        assert!(remains(&living) && remains("bench-runs") && remains("release"));
        assert!(!remains("bench-run-0-x"));
    }
}
