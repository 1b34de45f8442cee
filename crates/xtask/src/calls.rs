//! What the suites really asked of the token service and the access management: each writes it down while it runs.
//!
//! A line is the SDK, the action and how it was answered, `ok` or a code, separated by tabs.

use std::fs;
use std::path::PathBuf;

use anyhow::Context;

use crate::workspace;

/// The file for the calls of one suite, which is not there until the suite has called.
pub(crate) fn fresh(suite: &str) -> anyhow::Result<PathBuf> {
    let folder = folder()?;
    fs::create_dir_all(&folder).context("cannot make a folder for the calls")?;
    let file = folder.join(suite).with_extension("tsv");
    if file.exists() {
        fs::remove_file(&file).context("cannot remove the calls of an earlier run")?;
    }
    Ok(file)
}

fn folder() -> anyhow::Result<PathBuf> {
    Ok(workspace::target()?.join("sdk-calls"))
}
