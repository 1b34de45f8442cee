//! The bench driver must still be able to measure every row: it runs all of them against the program as it is shipped,
//! each for the blink of an eye. No number is looked at, since a machine that checks is not a quiet one.

use crate::{process, workspace};

/// Runs every row once.
pub(crate) fn run() -> anyhow::Result<()> {
    let mut command = process::command("cargo");
    command.args([
        "run",
        "--quiet",
        "--package",
        "daypass-bench",
        "--",
        "run",
        "--quick",
    ]);
    command.args(["--window", "21", "--pairs", "1", "--objects", "1100", "--server"]);
    process::run(command.arg(workspace::release_binary()?))
}
