//! The suite that drives the program, over HTTPS and HTTP, with the vendor's unmodified Java SDKs.
//!
//! Versions stand in its `pom.xml`; Maven keeps what it fetched in its own place, and needs no network once it has it.

use std::process::Command;

use anyhow::{Context, bail};

use crate::{calls, debian, process, steps, workspace};

/// The Java that the suite is compiled for.
const OLDEST_JAVA: u32 = 17;

/// What a bare Debian lacks.
const DEBIAN_PACKAGES: [&str; 2] = ["maven", "openjdk-17-jdk-headless"];

/// Compiles the suite and starts it with no test: part of what runs tests is fetched only when they start.
const PREPARE: [&str; 4] = [
    "--quiet",
    "-Dtest=*Test#none",
    "-Dsurefire.failIfNoSpecifiedTests=false",
    "test",
];

/// Runs the suite on a fresh release build; the arguments are Maven's.
pub(crate) fn run(arguments: &[String]) -> anyhow::Result<()> {
    install()?;
    steps::release()?;
    let mut command = maven();
    command.args(["--offline", "test"]).args(arguments);
    command
        .env("DAYPASS_BIN", workspace::release_binary()?)
        .env("DAYPASS_CALLS", calls::fresh("java")?);
    process::run(&mut command)
}

/// Fetches what the suite needs and is not there yet.
pub(crate) fn install() -> anyhow::Result<()> {
    complete_java()?;
    if process::succeeds(maven().arg("--offline").args(PREPARE)) {
        return Ok(());
    }
    process::run(maven().args(PREPARE))
}

fn maven() -> Command {
    let mut command = process::command("mvn");
    command.args(["--batch-mode", "--no-transfer-progress"]);
    command.current_dir(workspace::root().join("tests").join("sdk-java"));
    command
}

/// Installs Java and Maven where they are missing and that is possible.
fn complete_java() -> anyhow::Result<()> {
    let java = || process::stdout(process::command("java").arg("--version")).ok();
    if java().is_none() || !process::succeeds(process::command("mvn").arg("--version")) {
        debian::install(&DEBIAN_PACKAGES, "there is no Java or no Maven here")?;
    }
    let text = java().context("Java does not start")?;
    match major(&text) {
        Some(version) if version >= OLDEST_JAVA => Ok(()),
        Some(version) => bail!("Java {version} is too old; the suite needs {OLDEST_JAVA} or later"),
        None => bail!("Java does not say its version"),
    }
}

/// The first number of `openjdk 17.0.15 2025-04-15`.
fn major(text: &str) -> Option<u32> {
    let word = text.split_whitespace().nth(1)?;
    word.split(['.', '-']).next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_of_java() {
        let check = |text: &str, expected| assert_eq!(major(text), expected, "{text}");
        check("openjdk 17.0.15 2025-04-15\nOpenJDK Runtime", Some(17));
        check("java 21 2023-09-19 LTS", Some(21));
        check("openjdk 25-ea 2025-09-16", Some(25));
        check("openjdk", None);
        check("", None);
    }
}
