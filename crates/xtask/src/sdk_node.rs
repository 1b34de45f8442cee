//! The suite that drives the program, over HTTPS and HTTP, with the vendor's unmodified Node.js SDKs.
//!
//! They are installed exactly as the lock file says, by checksum, into a folder beside the suite, and anew when the lock
//! file has changed. Nothing is taken from outside that folder but Node.js itself.

use std::fs;
use std::path::PathBuf;

use anyhow::{Context, bail};

use crate::{process, steps, workspace};

/// The oldest Node.js that has what the suite is written with.
const OLDEST_NODE: u32 = 20;

/// What a bare Debian lacks.
const DEBIAN_PACKAGES: [&str; 2] = ["nodejs", "npm"];

/// Runs the suite on a fresh release build; the arguments are the test runner's.
pub(crate) fn run(arguments: &[String]) -> anyhow::Result<()> {
    install()?;
    steps::release()?;
    let mut command = process::command("node");
    command.arg("run.js").args(arguments).current_dir(suite());
    process::run(command.env("DAYPASS_BIN", workspace::release_binary()?))
}

/// Installs the packages unless those of this very lock file are there.
pub(crate) fn install() -> anyhow::Result<()> {
    complete_node()?;
    let locked =
        fs::read_to_string(suite().join("package-lock.json")).context("cannot read the lock file")?;
    if fs::read_to_string(marker()).is_ok_and(|installed| installed == locked) {
        return Ok(());
    }
    let mut command = process::command("npm");
    process::run(command.arg("ci").current_dir(suite()))?;
    fs::write(marker(), locked).context("cannot note what was installed")
}

/// Installs Node.js where it is missing and that is possible.
fn complete_node() -> anyhow::Result<()> {
    if node_version().is_none() || !process::succeeds(process::command("npm").arg("--version")) {
        let missing = DEBIAN_PACKAGES.join(" ");
        let may_install =
            process::stdout(process::command("id").arg("-u")).is_ok_and(|uid| uid.trim() == "0");
        if !may_install {
            bail!("there is no Node.js here; install the packages {missing}");
        }
        process::run(process::command("apt-get").arg("update"))?;
        let mut command = process::command("apt-get");
        command.args(["install", "--yes", "--no-install-recommends"]);
        process::run(command.args(DEBIAN_PACKAGES))?;
    }
    match node_version() {
        Some(version) if version >= OLDEST_NODE => Ok(()),
        Some(version) => bail!("Node.js {version} is too old; the suite needs {OLDEST_NODE} or later"),
        None => bail!("Node.js does not say its version"),
    }
}

fn node_version() -> Option<u32> {
    let text = process::stdout(process::command("node").arg("--version")).ok()?;
    major(&text)
}

/// The first number of `v20.20.2`.
fn major(version: &str) -> Option<u32> {
    let (major, _) = version.trim().strip_prefix('v')?.split_once('.')?;
    major.parse().ok()
}

fn suite() -> PathBuf {
    workspace::root().join("tests").join("sdk-node")
}

/// Holds the lock file of the finished installation; written last, so that a broken one is begun again.
fn marker() -> PathBuf {
    suite().join("node_modules").join("installed.json")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_of_node() {
        let check = |text: &str, expected| assert_eq!(major(text), expected, "{text}");
        check("v20.20.2\n", Some(20));
        check("v9.0.0", Some(9));
        check("20.20.2", None);
        check("vx.1", None);
        check("", None);
    }

    #[test]
    fn the_lock_file_names_no_place() {
        let locked = fs::read_to_string(suite().join("package-lock.json")).unwrap();
        assert!(locked.contains("\"integrity\": \"sha512-"));
        for place in ["\"resolved\"", "file:", "link\": true"] {
            assert!(!locked.contains(place), "{place}");
        }
    }
}
