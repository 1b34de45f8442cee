//! Node.js and the packages of a suite.
//!
//! They are installed exactly as the lock file says, by checksum, into a folder beside the suite, and anew when the lock
//! file has changed. Nothing is taken from outside that folder but Node.js itself.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};

use crate::{debian, process};

/// The oldest Node.js that has what the suites are written with.
const OLDEST_NODE: u32 = 20;

/// What a bare Debian lacks.
const DEBIAN_PACKAGES: [&str; 2] = ["nodejs", "npm"];

/// Installs a suite's packages unless those of this very lock file are there.
pub(crate) fn install(suite: &Path) -> anyhow::Result<()> {
    complete_node()?;
    let locked = fs::read_to_string(suite.join("package-lock.json")).context("cannot read the lock file")?;
    if fs::read_to_string(marker(suite)).is_ok_and(|installed| installed == locked) {
        return Ok(());
    }
    let mut command = process::command("npm");
    process::run(command.arg("ci").current_dir(suite))?;
    fs::write(marker(suite), locked).context("cannot note what was installed")
}

/// Installs Node.js where it is missing and that is possible.
fn complete_node() -> anyhow::Result<()> {
    if node_version().is_none() || !process::succeeds(process::command("npm").arg("--version")) {
        debian::install(&DEBIAN_PACKAGES, "there is no Node.js here")?;
    }
    match node_version() {
        Some(version) if version >= OLDEST_NODE => Ok(()),
        Some(version) => bail!("Node.js {version} is too old; the suites need {OLDEST_NODE} or later"),
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

/// Holds the lock file of the finished installation; written last, so that a broken one is begun again.
fn marker(suite: &Path) -> PathBuf {
    suite.join("node_modules").join("installed.json")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::workspace;

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
    fn the_lock_files_name_no_place() {
        for suite in [
            "tests/sdk-node",
            "tests/sdk-browser",
            "tests/console",
            "examples/web-direct-upload",
        ] {
            let file = workspace::root().join(suite).join("package-lock.json");
            let locked = fs::read_to_string(file).unwrap();
            assert!(locked.contains("\"integrity\": \"sha512-"), "{suite}");
            for place in ["\"resolved\"", "file:", "link\": true"] {
                assert!(!locked.contains(place), "{suite} {place}");
            }
        }
    }
}
