//! Every block of the documentation, run as a reader would run it.
//!
//! `tests/docs` does the work, in Python, with the environments of the suites of the SDKs: what a page tells a reader to
//! install is what they have installed.

use std::path::PathBuf;

use crate::{debian, process, sdk_browser, sdk_go, sdk_java, sdk_node, sdk_python, steps, workspace};

/// Runs all pages with a fresh release build; the arguments are the runner's. The example that pages run is built before
/// them: their patience is not for a compiler that begins with nothing.
pub(crate) fn run(arguments: &[String]) -> anyhow::Result<()> {
    install()?;
    steps::release()?;
    process::cargo(&[
        "build",
        "--package",
        "daypass-client",
        "--example",
        "temporary_key",
    ])?;
    let mut tests = process::command(sdk_python::python());
    tests.args(["-m", "pytest", "--quiet", "-p", "no:cacheprovider"]);
    process::run(tests.current_dir(folder()))?;
    let mut command = process::command(sdk_python::python());
    command.arg(folder().join("run.py")).args(arguments);
    command.arg("--bin").arg(workspace::release_binary()?);
    process::run(&mut command)
}

/// What pages are shown with, beside the SDKs; each answers to `--version`.
const TOOLS: [&str; 2] = ["curl", "jq"];

/// Installs what the pages need.
fn install() -> anyhow::Result<()> {
    if !TOOLS
        .iter()
        .all(|tool| process::succeeds(process::command(tool).arg("--version")))
    {
        debian::install(&TOOLS, "there is no curl or no jq here")?;
    }
    sdk_python::install()?;
    sdk_node::install()?;
    sdk_browser::install()?;
    sdk_go::install()?;
    sdk_java::install()?;
    complete_maven()
}

/// Fetches the plugin that runs a program, which the suite has no use for, unless it is there.
fn complete_maven() -> anyhow::Result<()> {
    let maven = |more: &[&str]| {
        let mut command = process::command("mvn");
        command
            .args(["--batch-mode", "--quiet"])
            .args(more)
            .arg("exec:help");
        command.current_dir(folder().join("maven"));
        command
    };
    if process::succeeds(&mut maven(&["--offline"])) {
        return Ok(());
    }
    process::run(&mut maven(&[]))
}

fn folder() -> PathBuf {
    workspace::root().join("tests").join("docs")
}
