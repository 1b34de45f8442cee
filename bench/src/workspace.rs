//! Where things lie: the sources, what builds leave, the program and the page of results.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, ensure};

/// The folder of the workspace.
pub(crate) fn root() -> &'static Path {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.parent().unwrap_or(here)
}

/// The page of results that is kept with the sources.
pub(crate) fn results() -> PathBuf {
    root().join("bench").join("RESULTS.md")
}

/// The folder of the build that this program comes from; it lies in there, in the folder of its profile.
pub(crate) fn target() -> PathBuf {
    let itself = std::env::current_exe().ok();
    let above = itself.as_deref().and_then(|file| file.ancestors().nth(2));
    above.map_or_else(|| root().join("target"), Path::to_owned)
}

/// Builds the program as it is shipped.
pub(crate) fn build() -> Result<PathBuf> {
    let target = target();
    let status = Command::new("cargo")
        .args(["build", "--release", "--package", "daypass", "--target-dir"])
        .arg(&target)
        .current_dir(root())
        .stdout(std::io::stderr())
        .status()
        .context("cannot start `cargo build`")?;
    ensure!(status.success(), "`cargo build` failed ({status})");
    Ok(target.join("release").join("daypass"))
}
