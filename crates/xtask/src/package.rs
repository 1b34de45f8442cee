//! The Debian package: made by cargo-deb, opened again, and what came out of it put to work.
//!
//! Nothing is installed: the package is unpacked into a folder, and the program in it must serve with the settings in
//! it. `install` does the rest on a machine that may be changed: it installs, starts as the package's user, and purges.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use anyhow::{Context, bail, ensure};

use crate::tool::Tool;
use crate::{process, steps, workspace};

pub(crate) const TOOL: Tool = Tool {
    name: "cargo-deb",
    version: "3.8.0",
    says: "",
};

/// What must lie in the package, beside what the program's own verbs make for it.
const FILES: [&str; 7] = [
    "usr/bin/daypass",
    "etc/daypass/daypass.toml",
    "usr/lib/systemd/system/daypass.service",
    "usr/share/doc/daypass/copyright",
    "usr/share/doc/daypass/daypass.toml",
    "usr/share/man/man1/daypass.1.gz",
    "usr/share/man/man1/daypass-sts-token.1.gz",
];

/// Completion scripts: the shell, and the file in the package.
const COMPLETIONS: [(&str, &str); 3] = [
    ("bash", "usr/share/bash-completion/completions/daypass"),
    ("zsh", "usr/share/zsh/vendor-completions/_daypass"),
    ("fish", "usr/share/fish/vendor_completions.d/daypass.fish"),
];

/// Seconds until a server must be ready.
const PATIENCE: &str = "30";

/// Makes the package and looks at it; with `install` it is installed, started and purged, too.
pub(crate) fn run(arguments: &[String]) -> anyhow::Result<()> {
    let installs = match arguments {
        [] => false,
        [word] if word == "install" => true,
        _ => bail!("`package` takes `install` or nothing"),
    };
    steps::release()?;
    let package = make()?;
    look(&package)?;
    if installs {
        install(&package)?;
    }
    println!("{} is in order", package.display());
    Ok(())
}

fn make() -> anyhow::Result<PathBuf> {
    let folder = folder();
    fs::create_dir_all(&folder).context("cannot make a folder for the package")?;
    for (shell, _) in COMPLETIONS {
        let script =
            process::stdout(process::command(workspace::release_binary()?).args(["completions", shell]))?;
        fs::write(folder.join(format!("daypass.{shell}")), script)
            .context("cannot write a completion script")?;
    }
    let manual = folder.join("man");
    process::run(
        process::command(workspace::release_binary()?)
            .args(["man", "--to"])
            .arg(&manual),
    )?;
    let package = folder.join("daypass.deb");
    let mut command = TOOL.command()?;
    command
        .args(["--package", "daypass", "--no-build", "--strip", "--output"])
        .arg(&package);
    process::run(&mut command)?;
    Ok(package)
}

fn look(package: &Path) -> anyhow::Result<()> {
    let folder = tempfolder("unpacked")?;
    process::run(
        process::command("dpkg-deb")
            .arg("--extract")
            .arg(package)
            .arg(&folder),
    )?;
    let completions = COMPLETIONS.iter().map(|(_, file)| *file);
    for file in FILES.into_iter().chain(completions) {
        ensure!(folder.join(file).is_file(), "`{file}` is not in the package");
    }
    let data = folder.join("data");
    let mut command = process::command(folder.join("usr/bin/daypass"));
    command
        .arg("serve")
        .arg("--config")
        .arg(folder.join("etc/daypass/daypass.toml"));
    command
        .arg("--data")
        .arg(data)
        .args(["--listen", "127.0.0.1:0", "--console-listen", "127.0.0.1:0"]);
    serves(&mut command, &folder)
}

/// Starts a server, which must become ready, tell where it listens, and end well when it is told to.
fn serves(command: &mut Command, folder: &Path) -> anyhow::Result<()> {
    let said = folder.join("ready.json");
    let mut server = command
        .stdout(File::create(&said).context("cannot keep what the server says")?)
        .stderr(Stdio::null())
        .spawn()
        .context("cannot start the program of the package")?;
    let outcome = becomes_ready(&said).and_then(|address| {
        let mut health = process::command(workspace::release_binary()?);
        process::run(health.args(["health", &address, "--wait", PATIENCE]))
    });
    let ended = end(&mut server);
    outcome.and(ended)
}

fn becomes_ready(said: &Path) -> anyhow::Result<String> {
    for _ in 0..300 {
        let line = fs::read_to_string(said).context("cannot read what the server says")?;
        if line.ends_with('\n') {
            let ready: serde_json::Value =
                serde_json::from_str(&line).context("the ready line is not JSON")?;
            let address = ready.get("http").and_then(serde_json::Value::as_str);
            return Ok(address.context("the ready line has no address")?.to_owned());
        }
        std::thread::sleep(std::time::Duration::from_millis(100));
    }
    bail!("the server of the package did not become ready");
}

fn end(server: &mut Child) -> anyhow::Result<()> {
    process::run(process::command("kill").arg(server.id().to_string()))?;
    let status = server.wait().context("cannot wait for the server")?;
    ensure!(status.success(), "the server of the package ended with {status}");
    Ok(())
}

/// On a machine that may be changed, as root.
fn install(package: &Path) -> anyhow::Result<()> {
    process::run(
        process::command("apt-get")
            .args(["install", "--yes"])
            .arg(package),
    )?;
    let outcome = serves_installed();
    let purged = process::run(process::command("apt-get").args(["purge", "--yes", "daypass"]));
    outcome.and(purged)?;
    ensure!(
        !Path::new("/usr/bin/daypass").exists(),
        "the program is left behind"
    );
    ensure!(
        Path::new("/var/lib/daypass/root-credentials.json").exists(),
        "what was stored is gone"
    );
    Ok(())
}

fn serves_installed() -> anyhow::Result<()> {
    let mut command = process::command("setpriv");
    command.args([
        "--reuid=daypass",
        "--regid=daypass",
        "--clear-groups",
        "/usr/bin/daypass",
        "serve",
    ]);
    command.args(["--config", "/etc/daypass/daypass.toml"]);
    serves(&mut command, &tempfolder("installed")?)
}

/// An empty folder below that of the package.
fn tempfolder(name: &str) -> anyhow::Result<PathBuf> {
    let folder = folder().join(name);
    if folder.exists() {
        fs::remove_dir_all(&folder).context("cannot empty a folder")?;
    }
    fs::create_dir_all(&folder).context("cannot make a folder")?;
    Ok(folder)
}

/// Where `crates/daypass/Cargo.toml` expects what is made for the package, wherever builds lie.
fn folder() -> PathBuf {
    workspace::root().join("target").join("package")
}
