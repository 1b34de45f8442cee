//! What a service manager and a container's probe see of the program.

#![expect(
    clippy::indexing_slicing,
    clippy::unwrap_used,
    reason = "a test may fail by panicking"
)]

use std::io::{BufRead, BufReader};
use std::os::linux::net::SocketAddrExt;
use std::os::unix::net::{SocketAddr, UnixDatagram};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use serde_json::Value;

fn daypass(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_daypass"));
    command
        .args(arguments)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    command
}

/// A server that tells a manager at this socket, and where it listens.
fn serve(data: &std::path::Path, manager: &str) -> (Child, String) {
    let mut server = daypass(&["serve", "--listen", "127.0.0.1:0", "--data"])
        .arg(data)
        .env("NOTIFY_SOCKET", manager)
        .spawn()
        .unwrap();
    let mut line = String::new();
    BufReader::new(server.stdout.take().unwrap())
        .read_line(&mut line)
        .unwrap();
    let ready: Value = serde_json::from_str(&line).unwrap();
    (server, ready["http"].as_str().unwrap().to_owned())
}

fn told(manager: &UnixDatagram) -> String {
    manager.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    let mut bytes = [0; 64];
    let length = manager.recv(&mut bytes).unwrap();
    String::from_utf8(bytes[..length].to_vec()).unwrap()
}

fn stop(mut server: Child) {
    let stopped = Command::new("kill")
        .arg(server.id().to_string())
        .status()
        .unwrap();
    assert!(stopped.success());
    assert!(server.wait().unwrap().success());
}

#[test]
fn a_service_manager_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("manager");
    let abstract_name = format!("daypass-test-{}", std::process::id());
    let address = SocketAddr::from_abstract_name(&abstract_name).unwrap();
    for (manager, name) in [
        (UnixDatagram::bind(&path).unwrap(), path.display().to_string()),
        (
            UnixDatagram::bind_addr(&address).unwrap(),
            format!("@{abstract_name}"),
        ),
    ] {
        let (server, _) = serve(&folder.path().join("data"), &name);
        assert_eq!(told(&manager), "READY=1");
        stop(server);
        assert_eq!(told(&manager), "STOPPING=1");
    }
}

#[test]
fn a_probe_learns_whether_the_server_is_ready() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("manager");
    let _manager = UnixDatagram::bind(&path).unwrap();
    let (server, address) = serve(&folder.path().join("data"), path.to_str().unwrap());
    let healthy = daypass(&["health", &address, "--wait", "5"]).output().unwrap();
    assert_eq!((healthy.status.code(), healthy.stdout), (Some(0), Vec::new()));
    stop(server);
    let gone = daypass(&["health", &address]).output().unwrap();
    assert_eq!(gone.status.code(), Some(1));
    let cause = String::from_utf8(gone.stderr).unwrap();
    assert!(
        cause.contains(&format!("the server at {address} is not ready")),
        "{cause}"
    );
}
