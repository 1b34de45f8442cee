//! The suite that drives the console in Chromium without a window.
//!
//! It has the browser, the server and the runner of the browser SDK's suite, whose packages it needs therefore as well.

use std::path::PathBuf;

use crate::{chromium, npm, process, sdk_browser, steps, workspace};

/// Runs the suite on a fresh release build; the arguments are the test runner's.
pub(crate) fn run(arguments: &[String]) -> anyhow::Result<()> {
    install()?;
    steps::release()?;
    let mut command = process::command("node");
    let runner = sdk_browser::suite().join("run.js");
    // A browser waits most of the time, so that more of them than there are cores go side by side.
    command.arg(runner).arg("--test-concurrency=3").args(arguments);
    command.current_dir(suite());
    process::run(command.env("DAYPASS_BIN", workspace::release_binary()?))
}

/// Installs what the suite needs.
pub(crate) fn install() -> anyhow::Result<()> {
    chromium::install()?;
    npm::install(&sdk_browser::suite())?;
    npm::install(&suite())
}

fn suite() -> PathBuf {
    workspace::root().join("tests").join("console")
}
