//! The suite that drives the program, over HTTP and HTTPS, with the vendor's unmodified Go SDKs.
//!
//! It is two modules: the SDK of access management exists only beside an older generation of the parts that both need.
//! What they depend on is pinned by checksum and kept where Go keeps modules.

use std::path::PathBuf;

use anyhow::{Context, bail};

use crate::{calls, process, steps, workspace};

/// The oldest Go that has what the suite is written with.
const OLDEST_GO: (u32, u32) = (1, 21);

/// The suite's modules, from its folder.
const MODULES: [&str; 2] = ["", "cam"];

/// Runs the suite on a fresh release build; the arguments are those of `go test`.
pub(crate) fn run(arguments: &[String]) -> anyhow::Result<()> {
    install()?;
    steps::release()?;
    let calls = calls::fresh("go")?;
    for module in MODULES {
        let mut command = go(module);
        command.args(["test", "-count=1", "./..."]).args(arguments);
        command
            .env("DAYPASS_BIN", workspace::release_binary()?)
            .env("DAYPASS_CALLS", &calls);
        process::run(&mut command)?;
    }
    Ok(())
}

/// Fetches what the suite needs and is not there yet.
pub(crate) fn install() -> anyhow::Result<()> {
    let text = process::stdout(go("").arg("version"))
        .context("install Go; the distribution's own is too old where it is before 1.21")?;
    match version(&text) {
        Some(version) if version >= OLDEST_GO => {}
        Some((major, minor)) => bail!("Go {major}.{minor} is too old; the suite needs 1.21 or later"),
        None => bail!("Go does not say its version"),
    }
    for module in MODULES {
        process::run(go(module).args(["mod", "download"]))?;
    }
    Ok(())
}

/// Go as it is installed: it shall not fetch another one of itself.
fn go(module: &str) -> std::process::Command {
    let mut command = process::command("go");
    let folder: PathBuf = workspace::root().join("tests").join("sdk-go").join(module);
    command.current_dir(folder).env("GOTOOLCHAIN", "local");
    command
}

/// The first two numbers of `go version go1.26.8 linux/amd64`.
fn version(text: &str) -> Option<(u32, u32)> {
    let word = text.split_whitespace().nth(2)?.strip_prefix("go")?;
    let mut numbers = word.split('.').map(str::parse);
    match (numbers.next(), numbers.next()) {
        (Some(Ok(major)), Some(Ok(minor))) => Some((major, minor)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_of_go() {
        let check = |text: &str, expected| assert_eq!(version(text), expected, "{text}");
        check("go version go1.26.8 linux/amd64\n", Some((1, 26)));
        check("go version go1.21 linux/amd64", Some((1, 21)));
        check("go version devel linux/amd64", None);
        check("", None);
    }
}
