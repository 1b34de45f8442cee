//! Starting other programs: the command line is shown first, and anything but success is an error that names it.

use std::ffi::OsStr;
use std::process::Command;

use anyhow::{Context, bail};

use crate::workspace;

/// A program to run at the root of the workspace.
pub(crate) fn command(program: impl AsRef<OsStr>) -> Command {
    let mut command = Command::new(program);
    command.current_dir(workspace::root());
    command
}

/// Runs `cargo` with these arguments.
pub(crate) fn cargo(arguments: &[&str]) -> anyhow::Result<()> {
    run(command("cargo").args(arguments))
}

/// Shows the command and runs it, with its output going where ours goes.
pub(crate) fn run(command: &mut Command) -> anyhow::Result<()> {
    println!("$ {}", shown(command));
    let status = command
        .status()
        .with_context(|| format!("cannot start `{}`", shown(command)))?;
    if !status.success() {
        bail!("`{}` failed ({status})", shown(command));
    }
    Ok(())
}

/// Runs the command silently and tells whether it succeeded; one that cannot be started did not.
pub(crate) fn succeeds(command: &mut Command) -> bool {
    command.output().is_ok_and(|output| output.status.success())
}

/// Runs the command and returns what it wrote to stdout.
pub(crate) fn stdout(command: &mut Command) -> anyhow::Result<String> {
    let output = command
        .output()
        .with_context(|| format!("cannot start `{}`", shown(command)))?;
    if !output.status.success() {
        let complaint = String::from_utf8_lossy(&output.stderr);
        bail!(
            "`{}` failed ({}): {}",
            shown(command),
            output.status,
            complaint.trim()
        );
    }
    String::from_utf8(output.stdout).context("output is not UTF-8")
}

/// The command line as a person would type it.
fn shown(command: &Command) -> String {
    let mut words = vec![command.get_program().to_string_lossy()];
    words.extend(command.get_args().map(OsStr::to_string_lossy));
    words.join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failing_program_is_an_error_that_names_it() {
        let error = run(command("rustc").arg("--no-such-option")).unwrap_err();
        assert!(
            error.to_string().contains("`rustc --no-such-option` failed"),
            "{error}"
        );
        let error = run(&mut command("no-such-program")).unwrap_err();
        assert_eq!(error.to_string(), "cannot start `no-such-program`");
        assert!(!succeeds(&mut command("no-such-program")));
    }

    #[test]
    fn output_is_returned() {
        assert!(
            stdout(command("rustc").arg("--version"))
                .unwrap()
                .starts_with("rustc 1.")
        );
    }
}
