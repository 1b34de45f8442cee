//! Packages of the distribution, for what a suite needs beside its own folder.

use anyhow::bail;

use crate::process;

/// Installs packages where that is possible; otherwise says what lacks them.
pub(crate) fn install(packages: &[&str], what_lacks_them: &str) -> anyhow::Result<()> {
    let may_install = process::stdout(process::command("id").arg("-u")).is_ok_and(|uid| uid.trim() == "0");
    if !may_install {
        bail!("{what_lacks_them}; install the packages {}", packages.join(" "));
    }
    process::run(process::command("apt-get").arg("update"))?;
    let mut command = process::command("apt-get");
    command.args(["install", "--yes", "--no-install-recommends"]);
    process::run(command.args(packages))
}
