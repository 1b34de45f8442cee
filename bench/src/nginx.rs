//! nginx over the same bytes, the limit that reading is held against: files, the kernel's own copy to the socket, no
//! authentication.
//!
//! It runs with a configuration made for the run, in the run's folder, and needs no rights. When it is not installed,
//! Debian's package is fetched and unpacked into the target folder, which starts no service and changes no system.

use std::fs;
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use rustix::process::{Pid, Signal, geteuid, kill_process};

use crate::process::children;

/// How long it may take to start.
const LONGEST_START: Duration = Duration::from_secs(10);

/// A running nginx.
#[derive(Debug)]
pub(crate) struct Nginx {
    child: Child,
    address: SocketAddr,
}

impl Nginx {
    /// Serves what lies in `folder/www`.
    pub(crate) fn start(binary: &Path, folder: &Path) -> Result<Self> {
        let address = free_address()?;
        let configuration = folder.join("nginx.conf");
        fs::write(&configuration, configured(folder, address))?;
        let child = Command::new(binary)
            .arg("-p")
            .arg(folder)
            .arg("-c")
            .arg(&configuration)
            .args(["-e", "stderr"])
            .stdin(Stdio::null())
            .spawn()
            .context("cannot start nginx")?;
        let nginx = Self { child, address };
        nginx.wait_until_ready()?;
        Ok(nginx)
    }

    /// Where it listens.
    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// The master and its workers.
    pub(crate) fn processes(&self) -> Result<Vec<u32>> {
        let master = self.child.id();
        let mut processes = children(master)?;
        processes.push(master);
        Ok(processes)
    }

    fn wait_until_ready(&self) -> Result<()> {
        let begun = Instant::now();
        while begun.elapsed() < LONGEST_START {
            if TcpStream::connect(self.address).is_ok() && children(self.child.id())?.len() >= 2 {
                return Ok(());
            }
            thread::sleep(Duration::from_millis(10));
        }
        bail!("nginx was not ready within {LONGEST_START:?}")
    }
}

impl Drop for Nginx {
    fn drop(&mut self) {
        // Asked to end, the master ends its workers; killed outright, it would leave them behind.
        let master = i32::try_from(self.child.id()).ok().and_then(Pid::from_raw);
        if master.is_none_or(|master| kill_process(master, Signal::TERM).is_err()) {
            self.child.kill().ok();
        }
        self.child.wait().ok();
    }
}

/// A port that is free now. nginx cannot pick one itself.
fn free_address() -> Result<SocketAddr> {
    Ok(TcpListener::bind("127.0.0.1:0")?.local_addr()?)
}

fn configured(folder: &Path, address: SocketAddr) -> String {
    let folder = folder.display();
    let user = if geteuid().is_root() { "user root;\n" } else { "" };
    format!(
        "{user}daemon off;
worker_processes 2;
pid {folder}/nginx.pid;
events {{ worker_connections 1024; }}
http {{
  access_log off;
  sendfile on;
  tcp_nopush on;
  keepalive_requests 1000000000;
  keepalive_timeout 600s;
  large_client_header_buffers 4 16k;
  client_body_temp_path {folder}/temp-body;
  proxy_temp_path {folder}/temp-proxy;
  fastcgi_temp_path {folder}/temp-fastcgi;
  uwsgi_temp_path {folder}/temp-uwsgi;
  scgi_temp_path {folder}/temp-scgi;
  server {{
    listen {address};
    root {folder}/www;
  }}
}}
"
    )
}

/// Finds nginx, or fetches it. The error says why it cannot be had.
pub(crate) fn binary(target: &Path) -> Result<PathBuf> {
    let unpacked = target.join("bench-nginx");
    let fetched = unpacked.join("usr/sbin/nginx");
    for candidate in [
        Path::new("/usr/sbin/nginx"),
        Path::new("/usr/local/sbin/nginx"),
        &fetched,
    ] {
        if runs(candidate) {
            return Ok(candidate.to_owned());
        }
    }
    fetch(&unpacked)?;
    ensure!(runs(&fetched), "the fetched nginx does not run");
    Ok(fetched)
}

/// What it says of its version.
pub(crate) fn version(binary: &Path) -> Option<String> {
    let output = Command::new(binary).args(["-e", "stderr", "-v"]).output().ok()?;
    let text = String::from_utf8(output.stderr).ok()?;
    Some(text.trim().rsplit('/').next()?.to_owned())
}

fn runs(binary: &Path) -> bool {
    let output = Command::new(binary).args(["-e", "stderr", "-v"]).output();
    output.is_ok_and(|output| output.status.success())
}

fn fetch(folder: &Path) -> Result<()> {
    fs::create_dir_all(folder)?;
    if geteuid().is_root() {
        quietly(Command::new("apt-get").arg("update"))?;
    }
    quietly(
        Command::new("apt-get")
            .args(["download", "nginx"])
            .current_dir(folder),
    )?;
    let package = fs::read_dir(folder)?
        .filter_map(Result::ok)
        .map(|entry| entry.path())
        .find(|path| path.extension().is_some_and(|extension| extension == "deb"))
        .context("apt-get fetched no package")?;
    quietly(
        Command::new("dpkg-deb")
            .arg("--extract")
            .arg(&package)
            .arg(folder),
    )?;
    fs::remove_file(package)?;
    Ok(())
}

fn quietly(command: &mut Command) -> Result<()> {
    let name = command.get_program().to_string_lossy().into_owned();
    let output = command
        .stdin(Stdio::null())
        .output()
        .with_context(|| format!("cannot start `{name}`"))?;
    let complaint = String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.success(), "`{name}` failed: {}", complaint.trim());
    Ok(())
}
