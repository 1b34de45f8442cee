//! The suite that drives the program, over HTTPS and HTTP, with the vendor's unmodified Node.js SDKs.

use std::path::PathBuf;

use crate::{calls, npm, process, steps, workspace};

/// Runs the suite on a fresh release build; the arguments are the test runner's.
pub(crate) fn run(arguments: &[String]) -> anyhow::Result<()> {
    install()?;
    steps::release()?;
    let mut command = process::command("node");
    command.arg("run.js").args(arguments).current_dir(suite());
    command
        .env("DAYPASS_BIN", workspace::release_binary()?)
        .env("DAYPASS_CALLS", calls::fresh("node")?);
    process::run(&mut command)
}

/// Installs what the suite needs.
pub(crate) fn install() -> anyhow::Result<()> {
    npm::install(&suite())
}

fn suite() -> PathBuf {
    workspace::root().join("tests").join("sdk-node")
}
