//! Tools of the Rust world, each built once, in a pinned version, into an ignored folder of the workspace.
//!
//! They are built without optimisation, which takes a quarter of the time, and still do their work within seconds.

use std::path::PathBuf;
use std::process::Command;

use crate::{process, workspace};

/// A tool by its name among the packages.
pub(crate) struct Tool {
    /// The package, and the program that it brings.
    pub(crate) name: &'static str,
    /// The version that is built.
    pub(crate) version: &'static str,
    /// What the program says before its version when it is asked for that.
    pub(crate) says: &'static str,
}

impl Tool {
    /// A call of the tool, which is built first where it is missing.
    pub(crate) fn command(&self) -> anyhow::Result<Command> {
        self.install()?;
        Ok(process::command(self.program()))
    }

    /// Builds the tool unless the pinned version is there.
    pub(crate) fn install(&self) -> anyhow::Result<()> {
        if self.installed_version() == Some(format!("{}{}", self.says, self.version)) {
            return Ok(());
        }
        let mut command = process::command("cargo");
        // Without their default features the tools have no part that would talk to the network.
        command.args([
            "install",
            "--locked",
            "--force",
            "--debug",
            "--no-default-features",
        ]);
        command
            .args(["--version", self.version])
            .arg("--root")
            .arg(folder());
        process::run(command.arg(self.name).env("CARGO_PROFILE_DEV_DEBUG", "0"))
    }

    fn installed_version(&self) -> Option<String> {
        let answer = process::stdout(process::command(self.program()).arg("--version")).ok()?;
        Some(answer.trim().to_owned())
    }

    fn program(&self) -> PathBuf {
        folder().join("bin").join(self.name)
    }
}

fn folder() -> PathBuf {
    workspace::root().join(".tools")
}
