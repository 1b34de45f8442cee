//! What a run ran on, as far as it matters for the numbers: nothing in here tells one's machine from another's by name.

use std::fs;
use std::path::Path;
use std::process::Command;
use std::thread;

use anyhow::{Context, Result};
use serde::{Deserialize, Serialize};

/// A machine, and how busy it was.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Machine {
    pub(crate) cores: usize,
    pub(crate) processor: String,
    pub(crate) memory_gib: f64,
    pub(crate) kernel: String,
    /// Of the folder that everything is written to.
    pub(crate) file_system: String,
    /// Of the last minute, when the run began.
    pub(crate) load: String,
}

impl Machine {
    /// This machine now; data will be written to `folder`.
    pub(crate) fn look(folder: &Path) -> Result<Self> {
        let meminfo = fs::read_to_string("/proc/meminfo")?;
        let memory = number_after(&meminfo, "MemTotal:").context("the size of the memory is unknown")?;
        let processors = fs::read_to_string("/proc/cpuinfo")?;
        let load = fs::read_to_string("/proc/loadavg")?;
        Ok(Self {
            cores: thread::available_parallelism()?.get(),
            processor: text_after(&processors, "model name").unwrap_or_else(|| "unknown".to_owned()),
            memory_gib: memory / 1024.0 / 1024.0,
            kernel: fs::read_to_string("/proc/sys/kernel/osrelease")?
                .trim()
                .to_owned(),
            file_system: file_system(folder)?,
            load: load.split(' ').next().unwrap_or_default().to_owned(),
        })
    }
}

/// The commit of the sources, marked when there are changes that no commit has.
pub(crate) fn commit(root: &Path) -> String {
    let git = |arguments: &[&str]| {
        let output = Command::new("git")
            .args(arguments)
            .current_dir(root)
            .output()
            .ok()?;
        let text = output.status.success().then_some(output.stdout)?;
        Some(String::from_utf8(text).ok()?.trim().to_owned())
    };
    let changed = |changes: String| if changes.is_empty() { "" } else { ", with changes" };
    match git(&["rev-parse", "--short=12", "HEAD"]) {
        Some(commit) => {
            let status = git(&["status", "--porcelain", "--untracked-files=no"]);
            format!("{commit}{}", status.map_or("", changed))
        }
        None => "unknown".to_owned(),
    }
}

fn text_after(text: &str, name: &str) -> Option<String> {
    let line = text.lines().find_map(|line| line.strip_prefix(name))?;
    Some(line.trim_start_matches([' ', '\t', ':']).trim().to_owned())
}

fn number_after(text: &str, name: &str) -> Option<f64> {
    text_after(text, name)?.split(' ').next()?.parse().ok()
}

/// The type of the file system that a folder is on: that of the longest mount point above it.
fn file_system(folder: &Path) -> Result<String> {
    let folder = folder.canonicalize()?;
    let mounts = fs::read_to_string("/proc/mounts")?;
    let above = mounts.lines().filter_map(|line| {
        let mut fields = line.split(' ').skip(1);
        let (point, kind) = (fields.next()?, fields.next()?);
        folder.starts_with(point).then_some((point.len(), kind))
    });
    let longest = above.max_by_key(|(length, _)| *length);
    Ok(longest.map_or_else(|| "unknown".to_owned(), |(_, kind)| kind.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_machine_is_described() {
        let machine = Machine::look(Path::new(".")).unwrap();
        assert!(machine.cores > 0 && machine.memory_gib > 0.0);
        assert!(!machine.kernel.is_empty() && !machine.load.is_empty());
    }

    #[test]
    fn values_are_found_behind_their_names() {
        assert_eq!(
            text_after("model name\t: X 1\n", "model name").as_deref(),
            Some("X 1")
        );
        assert_eq!(number_after("MemTotal:    2048 kB", "MemTotal:"), Some(2048.0));
    }
}
