//! `daypass tls init`, and `daypass serve` with what it made, as a person or a script meets them.

#![expect(clippy::unwrap_used, reason = "a test may fail by panicking")]

use std::fs;
use std::io::{BufRead, BufReader, Read};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Command, Output, Stdio};

fn daypass(folder: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_daypass"));
    command.current_dir(folder);
    command
}

fn run(folder: &Path, arguments: &[&str]) -> Output {
    daypass(folder).args(arguments).output().unwrap()
}

/// Everything that was said.
fn said(output: &Output) -> String {
    let out = String::from_utf8_lossy(&output.stdout);
    format!("{out}{}", String::from_utf8_lossy(&output.stderr))
}

fn succeeds(folder: &Path, arguments: &[&str]) -> String {
    let output = run(folder, arguments);
    assert!(output.status.success(), "{arguments:?}: {}", said(&output));
    String::from_utf8(output.stdout).unwrap()
}

fn fails(folder: &Path, arguments: &[&str], expected: &str) {
    let output = run(folder, arguments);
    assert!(!output.status.success(), "{arguments:?}");
    let said = said(&output);
    assert!(said.contains(expected), "{arguments:?}: {said}");
}

#[test]
fn init_makes_what_serve_needs() {
    let folder = tempfile::tempdir().unwrap();
    let told = succeeds(
        folder.path(),
        &["tls", "init", "--data", "d", "--name", "store.example.org"],
    );
    for expected in [
        "d/tls/ca.pem",
        "d/tls/cert.pem",
        "d/tls/key.pem",
        "*.cos.ap-guangzhou.myqcloud.com",
        "*.store.example.org",
    ] {
        assert!(told.contains(expected), "{expected}: {told}");
    }
    for (name, mode) in [
        ("ca.pem", 0o644),
        ("cert.pem", 0o644),
        ("key.pem", 0o600),
        ("ca-key.pem", 0o600),
    ] {
        let file = fs::metadata(folder.path().join("d/tls").join(name)).unwrap();
        assert_eq!(file.permissions().mode() & 0o777, mode, "{name}");
    }
    let ready = ready_line(folder.path(), &["--data", "d", "--tls-listen", "127.0.0.1:0"]);
    assert!(
        ready.contains(r#""https":"127.0.0.1:"#) && !ready.contains(r#""https":"127.0.0.1:0""#),
        "{ready}"
    );
}

/// The line that `serve` prints when it is ready; it is told to end then, and must end well.
fn ready_line(folder: &Path, arguments: &[&str]) -> String {
    let mut server = daypass(folder)
        .args(["serve", "--listen", "127.0.0.1:0"])
        .args(arguments)
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut out = BufReader::new(server.stdout.take().unwrap());
    let mut line = String::new();
    out.read_line(&mut line).unwrap();
    let kill = Command::new("kill").arg(server.id().to_string()).status();
    assert!(kill.unwrap().success());
    let mut rest = String::new();
    out.read_to_string(&mut rest).unwrap();
    assert!(server.wait().unwrap().success());
    assert_eq!(rest, "");
    line
}

#[test]
fn certificates_of_ones_own_and_none() {
    let folder = tempfile::tempdir().unwrap();
    succeeds(folder.path(), &["tls", "init", "--dir", "mine"]);
    let given = [
        "--tls-listen",
        "127.0.0.1:0",
        "--tls-cert",
        "mine/cert.pem",
        "--tls-key",
        "mine/key.pem",
    ];
    assert!(ready_line(folder.path(), &given).contains(r#""https":"127.0.0.1:"#));
    assert!(ready_line(folder.path(), &[]).contains(r#""https":null"#));
}

#[test]
fn init_overwrites_nothing_unless_it_is_to_renew() {
    let folder = tempfile::tempdir().unwrap();
    let read = |name: &str| fs::read(folder.path().join("daypass-data/tls").join(name)).unwrap();
    fails(folder.path(), &["tls", "init", "--renew"], "leave `--renew` out");
    succeeds(folder.path(), &["tls", "init"]);
    let (authority, certificate) = (read("ca.pem"), read("cert.pem"));
    fails(folder.path(), &["tls", "init"], "`--renew` issues a new");
    assert_eq!(read("cert.pem"), certificate);
    succeeds(folder.path(), &["tls", "init", "--renew"]);
    assert_ne!(read("cert.pem"), certificate);
    assert_eq!(read("ca.pem"), authority);
}

#[test]
fn what_cannot_be_served_is_said() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path();
    let https = ["serve", "--listen", "127.0.0.1:0", "--tls-listen", "127.0.0.1:0"];
    let with = |more: &[&'static str]| [&https[..], more].concat();
    fails(
        path,
        &with(&["--data", "d"]),
        "make one with `daypass tls init --data d`",
    );
    assert!(!path.join("d").exists(), "nothing is made for nothing");
    succeeds(path, &["tls", "init", "--dir", "one"]);
    succeeds(path, &["tls", "init", "--dir", "two"]);
    let pair = |certificate, key| with(&["--tls-cert", certificate, "--tls-key", key]);
    fails(
        path,
        &pair("one/cert.pem", "two/key.pem"),
        "is not that of the certificate in `one/cert.pem`",
    );
    fails(
        path,
        &pair("missing.pem", "one/key.pem"),
        "`missing.pem` could not be read",
    );
    fails(
        path,
        &pair("one/key.pem", "one/key.pem"),
        "`one/key.pem` holds no certificate",
    );
    fails(path, &with(&["--tls-cert", "one/cert.pem"]), "--tls-key");
    fails(path, &with(&["--tls-key", "one/key.pem"]), "--tls-cert");
    fails(
        path,
        &["serve", "--tls-cert", "one/cert.pem", "--tls-key", "one/key.pem"],
        "--tls-listen",
    );
    fails(path, &["serve", "--tls-listen", "somewhere"], "--tls-listen");
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let used = [
        "serve",
        "--listen",
        "127.0.0.1:0",
        "--tls-cert",
        "one/cert.pem",
        "--tls-key",
        "one/key.pem",
        "--tls-listen",
        &address,
    ];
    fails(path, &used, &format!("`{address}` could not be listened on"));
}

#[test]
fn names_that_are_none() {
    let folder = tempfile::tempdir().unwrap();
    for name in ["", "https://store", "store:443", "a..b", "w*.example.org", "é"] {
        fails(folder.path(), &["tls", "init", "--name", name], "--name");
    }
    fails(
        folder.path(),
        &["tls", "init", "--dir", "a", "--data", "b"],
        "cannot be used with",
    );
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
}
