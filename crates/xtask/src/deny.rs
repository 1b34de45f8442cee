//! Licences, bans and sources of dependencies, judged by cargo-deny with the rules of `deny.toml`.
//!
//! The tool is built once, in the pinned version, into an ignored folder of the workspace. Without its default
//! features it has no part that would talk to the network, which only its advisories would need; and without
//! optimisation it is built in a quarter of the time and still judges us within seconds.

use std::path::PathBuf;

use crate::{process, workspace};

/// The version that is built.
const VERSION: &str = "0.20.2";

/// Checks all dependencies.
pub(crate) fn run() -> anyhow::Result<()> {
    install()?;
    let mut command = process::command(program());
    process::run(command.args(["--workspace", "check", "licenses", "bans", "sources"]))
}

/// Builds the tool unless the pinned version is there.
pub(crate) fn install() -> anyhow::Result<()> {
    if installed_version() == Some(format!("cargo-deny {VERSION}")) {
        return Ok(());
    }
    let mut command = process::command("cargo");
    command.args([
        "install",
        "--locked",
        "--force",
        "--debug",
        "--no-default-features",
    ]);
    command.args(["--version", VERSION]);
    command.arg("--root").arg(tools());
    process::run(command.arg("cargo-deny").env("CARGO_PROFILE_DEV_DEBUG", "0"))
}

fn installed_version() -> Option<String> {
    let answer = process::stdout(process::command(program()).arg("--version")).ok()?;
    Some(answer.trim().to_owned())
}

fn program() -> PathBuf {
    tools().join("bin").join("cargo-deny")
}

fn tools() -> PathBuf {
    workspace::root().join(".tools")
}
