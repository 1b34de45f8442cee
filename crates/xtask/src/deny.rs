//! Licences, bans and sources of dependencies, judged by cargo-deny with the rules of `deny.toml`.

use crate::process;
use crate::tool::Tool;

pub(crate) const TOOL: Tool = Tool {
    name: "cargo-deny",
    version: "0.20.2",
    says: "cargo-deny ",
};

/// Checks all dependencies.
pub(crate) fn run() -> anyhow::Result<()> {
    let mut command = TOOL.command()?;
    process::run(command.args(["--workspace", "check", "licenses", "bans", "sources"]))
}
