//! Where things lie in the workspace, and what cargo says about its crates.

use std::path::{Path, PathBuf};

use anyhow::Context;
use serde_json::Value;

use crate::process;

/// The folder of the workspace.
pub(crate) fn root() -> &'static Path {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.ancestors().nth(2).unwrap_or(here)
}

/// The program that a release build makes.
pub(crate) fn release_binary() -> anyhow::Result<PathBuf> {
    Ok(target()?.join("release").join("daypass"))
}

/// Where builds lie.
pub(crate) fn target() -> anyhow::Result<PathBuf> {
    let metadata = metadata()?;
    let target = metadata
        .get("target_directory")
        .and_then(Value::as_str)
        .context("cargo names no target directory")?;
    Ok(PathBuf::from(target))
}

/// What `cargo metadata` says about the crates of the workspace.
pub(crate) fn metadata() -> anyhow::Result<Value> {
    let text =
        process::stdout(process::command("cargo").args(["metadata", "--no-deps", "--format-version", "1"]))?;
    serde_json::from_str(&text).context("cargo's answer is not JSON")
}
