//! The suite that drives the program with the vendor's unmodified Python SDKs.
//!
//! They are installed in pinned versions, theirs dependencies' too, into a virtual environment beside the suite. It is
//! made anew when the pins have changed. Nothing is taken from outside the environment but Python itself.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};

use crate::{calls, debian, process, steps, workspace};

/// What a bare Debian lacks: the first to make the environment, the second to build a checksum module.
const DEBIAN_PACKAGES: [&str; 2] = ["python3-venv", "python3-dev"];

/// Succeeds where an environment can be made and a C module built.
const PYTHON_IS_COMPLETE: &str = "
import ensurepip, os, sysconfig
assert os.path.exists(os.path.join(sysconfig.get_paths()['include'], 'Python.h'))
";

/// Runs the suite on a fresh release build; the arguments are pytest's.
pub(crate) fn run(arguments: &[String]) -> anyhow::Result<()> {
    install()?;
    steps::release()?;
    let mut command = process::command(python());
    command.args(["-m", "pytest"]).args(arguments);
    command.current_dir(suite());
    command
        .env("DAYPASS_BIN", workspace::release_binary()?)
        .env("DAYPASS_CALLS", calls::fresh("python")?);
    process::run(&mut command)
}

/// Makes the environment unless it is there with these very pins.
pub(crate) fn install() -> anyhow::Result<()> {
    let pins = pins()?;
    if fs::read_to_string(marker()).is_ok_and(|installed| installed == pins) {
        return Ok(());
    }
    complete_python()?;
    let mut command = process::command("python3");
    process::run(command.args(["-m", "venv", "--clear"]).arg(environment()))?;
    // What builds the packages is pinned as well, hence no build in isolation, which would fetch the newest.
    pip(&["--requirement", "requirements-build.txt"])?;
    pip(&[
        "--no-build-isolation",
        "--no-deps",
        "--requirement",
        "requirements.txt",
    ])?;
    process::run(process::command(python()).args(["-m", "pip", "check"]))?;
    fs::write(marker(), pins).context("cannot note what was installed")
}

fn pip(arguments: &[&str]) -> anyhow::Result<()> {
    let mut command = process::command(python());
    command.args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check"]);
    process::run(command.args(arguments).current_dir(suite()))
}

/// Installs the Debian packages that Python lacks, where that is possible.
fn complete_python() -> anyhow::Result<()> {
    let complete = || process::succeeds(process::command("python3").args(["-c", PYTHON_IS_COMPLETE]));
    if complete() {
        return Ok(());
    }
    debian::install(&DEBIAN_PACKAGES, "Python cannot make virtual environments here")?;
    if !complete() {
        bail!(
            "Python cannot make virtual environments, although {} are installed",
            DEBIAN_PACKAGES.join(" ")
        );
    }
    Ok(())
}

fn pins() -> anyhow::Result<String> {
    let read =
        |name: &str| fs::read_to_string(suite().join(name)).with_context(|| format!("cannot read `{name}`"));
    Ok(read("requirements-build.txt")? + &read("requirements.txt")?)
}

fn suite() -> PathBuf {
    workspace::root().join("tests").join("sdk-python")
}

fn environment() -> PathBuf {
    suite().join(".venv")
}

/// Python of the environment.
pub(crate) fn python() -> PathBuf {
    environment().join("bin").join("python")
}

/// Holds the pins of the finished environment; written last, so that a broken installation is begun again.
fn marker() -> PathBuf {
    Path::join(&environment(), "installed.txt")
}
