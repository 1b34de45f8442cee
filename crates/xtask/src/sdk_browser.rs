//! The suite that drives the program with the vendor's unmodified browser SDK, in Chromium without a window.
//!
//! The page that it drives is that of the example, with the example's own packages. The suite administers the server by
//! parts of the Node.js suite, whose packages it needs therefore as well.

use std::path::PathBuf;

use crate::{chromium, npm, process, sdk_node, steps, workspace};

/// Runs the suite on a fresh release build; the arguments are the test runner's.
pub(crate) fn run(arguments: &[String]) -> anyhow::Result<()> {
    install()?;
    steps::release()?;
    let mut command = process::command("node");
    command.arg("run.js").args(arguments).current_dir(suite());
    process::run(command.env("DAYPASS_BIN", workspace::release_binary()?))
}

/// Installs what the suite needs.
pub(crate) fn install() -> anyhow::Result<()> {
    chromium::install()?;
    sdk_node::install()?;
    npm::install(&example())?;
    npm::install(&suite())
}

pub(crate) fn suite() -> PathBuf {
    workspace::root().join("tests").join("sdk-browser")
}

/// The page and its user server.
fn example() -> PathBuf {
    workspace::root().join("examples").join("web-direct-upload")
}
