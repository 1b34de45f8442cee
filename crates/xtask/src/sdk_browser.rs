//! The suite that drives the program with the vendor's unmodified browser SDK, in Chromium without a window.
//!
//! The page that it drives is that of the example, with the example's own packages. The browser is Debian's. The suite administers the server by parts of the Node.js suite, whose packages it needs
//! therefore as well.

use std::path::{Path, PathBuf};

use anyhow::bail;

use crate::{debian, npm, process, sdk_node, steps, workspace};

/// Where Debian's package puts the browser.
const CHROMIUM: &str = "/usr/bin/chromium";

/// What a bare Debian lacks; a font, for what the page's pictures shall show.
const DEBIAN_PACKAGES: [&str; 2] = ["chromium", "fonts-dejavu-core"];

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
    complete_chromium()?;
    sdk_node::install()?;
    npm::install(&example())?;
    npm::install(&suite())
}

/// Installs the browser where it is missing and that is possible.
fn complete_chromium() -> anyhow::Result<()> {
    let complete = || Path::new(CHROMIUM).exists();
    if !complete() {
        debian::install(&DEBIAN_PACKAGES, "there is no Chromium here")?;
    }
    if !complete() {
        bail!("there is no `{CHROMIUM}`, although the package chromium is installed");
    }
    Ok(())
}

fn suite() -> PathBuf {
    workspace::root().join("tests").join("sdk-browser")
}

/// The page and its user server.
fn example() -> PathBuf {
    workspace::root().join("examples").join("web-direct-upload")
}
