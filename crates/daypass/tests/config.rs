//! The file of settings, as whoever operates a server meets it: `daypass config`, and `daypass serve --config`.

#![expect(clippy::unwrap_used, reason = "a test may fail by panicking")]

use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Command, Output, Stdio};

const SECRET: &str = "n5XkQ0dTz8VwLr2mB7cYpA4sHg9uEj1f";

fn daypass(folder: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_daypass"));
    command.current_dir(folder);
    command
}

fn said(output: &Output) -> String {
    let out = String::from_utf8_lossy(&output.stdout);
    format!("{out}{}", String::from_utf8_lossy(&output.stderr))
}

fn succeeds(command: &mut Command) -> String {
    let output = command.output().unwrap();
    assert!(output.status.success(), "{}", said(&output));
    String::from_utf8(output.stdout).unwrap()
}

fn fails(command: &mut Command, expected: &str) {
    let output = command.output().unwrap();
    let said = said(&output);
    assert!(!output.status.success() && output.stdout.is_empty(), "{said}");
    assert!(said.contains(expected), "{expected} is not in {said}");
}

#[test]
fn a_file_is_checked() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("d.toml");
    let check = || {
        let mut command = daypass(folder.path());
        command.args(["config", "check", "d.toml"]);
        command
    };
    fails(&mut check(), "`d.toml` could not be read");
    fs::write(&file, "region = 'ap-shanghai'\n[limits]\nconnections = 10\n").unwrap();
    assert_eq!(succeeds(&mut check()), "`d.toml` is in order\n");
    let sample = include_str!("../../../docs/daypass.toml");
    fs::write(&file, sample).unwrap();
    succeeds(&mut check());
    for (text, expected) in [
        (
            &b"\nregoin = 'a'"[..],
            "`d.toml` line 2: unknown key `regoin`; did you mean `region`?",
        ),
        (b"listen = 1", "`d.toml` line 1: "),
        (b"min_session_seconds = 0", "0 is not in 1 to 7200"),
        (b"data = 'a'\ndata = 'b'", "`d.toml` line 2: duplicate key"),
        (b"data = '\xff'", "not UTF-8"),
        (b"tls_cert = 'a'", "needs `--tls-key`"),
        (b"hosts = ['192.0.2.1']", "is not a host name"),
    ] {
        fs::write(&file, text).unwrap();
        fails(&mut check(), expected);
    }
    fs::write(&file, vec![b'#'; 2_000_000]).unwrap();
    fails(&mut check(), "larger than a mebibyte");
    fs::remove_file(&file).unwrap();
    fs::create_dir(&file).unwrap();
    fails(&mut check(), "`d.toml` could not be read");
}

#[test]
fn the_schema_is_json() {
    let folder = tempfile::tempdir().unwrap();
    let schema = succeeds(daypass(folder.path()).args(["config", "schema"]));
    let schema: serde_json::Value = serde_json::from_str(&schema).unwrap();
    assert_eq!(
        schema.pointer("/properties/console_listen/type"),
        Some(&serde_json::json!("string"))
    );
    assert_eq!(
        schema.pointer("/additionalProperties"),
        Some(&serde_json::json!(false))
    );
}

#[test]
fn what_counts_is_shown_with_where_it_was_said() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(
        folder.path().join("d.toml"),
        "data = 'from-file'\nlog = 'warn'\nappid = 1250000009\nmaster_key_file = 'm'\n",
    )
    .unwrap();
    let mut command = daypass(folder.path());
    command
        .args([
            "config",
            "show",
            "--config",
            "d.toml",
            "--log",
            "debug",
            "--host",
            "a.example",
        ])
        .env("DAYPASS_APPID", "1250000001")
        .env("DAYPASS_LOG", "error")
        .env("DAYPASS_ROOT_SECRET_KEY", SECRET)
        .env("DAYPASS_MASTER_KEY", "aa".repeat(32));
    let shown = succeeds(&mut command);
    for line in [
        "data = \"from-file\"  # file",
        "log = \"debug\"  # --log",
        "appid = 1250000001  # DAYPASS_APPID",
        "hosts = [\"a.example\"]  # --host",
        "listen = \"127.0.0.1:9000\"  # default",
        "connections = 4096  # default",
        "# the master key is in DAYPASS_MASTER_KEY, which is not shown",
        "# the secret of the root account is in DAYPASS_ROOT_SECRET_KEY, which is not shown",
    ] {
        assert!(
            shown.lines().any(|shown| shown == line),
            "{line} is not in {shown}"
        );
    }
    assert!(!shown.contains(SECRET) && !shown.contains("aaaa"), "{shown}");
    fs::write(folder.path().join("shown.toml"), &shown).unwrap();
    succeeds(daypass(folder.path()).args(["config", "check", "shown.toml"]));
    fails(
        daypass(folder.path())
            .args(["config", "show"])
            .env("DAYPASS_APPID", "many"),
        "`DAYPASS_APPID`: ",
    );
}

#[test]
fn serve_does_what_the_file_says() {
    let folder = tempfile::tempdir().unwrap();
    let secret = folder.path().join("secret");
    fs::write(&secret, format!("{SECRET}\n")).unwrap();
    fs::write(
        folder.path().join("d.toml"),
        "data = 'd'\nlisten = '127.0.0.1:0'\nconsole_listen = '127.0.0.1:0'\nregion = 'ap-shanghai'\n\
         appid = 1250000007\nhosts = ['store.example.org']\nroot_secret_id = 'AKIDexample0123456789'\n\
         root_secret_key_file = 'secret'\n[limits]\nconnections = 33\n",
    )
    .unwrap();
    let mut command = daypass(folder.path());
    command.args(["serve", "--config", "d.toml", "--region", "ap-beijing"]);
    fs::set_permissions(&secret, fs::Permissions::from_mode(0o644)).unwrap();
    fails(&mut command, "can be read by other users");
    fs::set_permissions(&secret, fs::Permissions::from_mode(0o600)).unwrap();
    let mut server = command
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut ready = String::new();
    BufReader::new(server.stdout.take().unwrap())
        .read_line(&mut ready)
        .unwrap();
    let ready: serde_json::Value = serde_json::from_str(&ready).unwrap();
    assert_eq!(ready["region"], "ap-beijing");
    assert_eq!(ready["appid"], 1_250_000_007);
    let console = ready["console"].as_str().unwrap().to_owned();
    assert_ne!(console, "127.0.0.1:0");
    let page = get(&console, &console, "/metrics");
    assert!(page.contains("\ndaypass_connections_limit 33\n"), "{page}");
    // The host that was named has buckets before it: nobody may look into this one without a signature.
    let http = ready["http"].as_str().unwrap();
    let answer = get(http, "photos-1250000007.store.example.org", "/key");
    assert!(answer.starts_with("HTTP/1.1 403"), "{answer}");
    let killed = Command::new("kill")
        .arg(server.id().to_string())
        .status()
        .unwrap();
    assert!(killed.success());
    assert_eq!(server.wait().unwrap().code(), Some(0));
    assert!(
        !folder.path().join("d/root-credentials.json").exists(),
        "the key was given, so none was written down"
    );
}

fn get(address: &str, host: &str, path: &str) -> String {
    let mut stream = TcpStream::connect(address).unwrap();
    let request = format!("GET {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer
}

#[test]
fn flags_are_checked_as_the_file_is() {
    let folder = tempfile::tempdir().unwrap();
    for (flag, value, expected) in [
        ("--host", "192.0.2.1", "is not a host name"),
        ("--host", "", "is not a host name"),
        ("--min-session-seconds", "0", "0 is not in 1 to 7200"),
        ("--connections", "0", "0 is not in 1 to 1000000"),
        ("--log", "x=loud", "is not a log filter"),
        ("--config", "nowhere.toml", "`nowhere.toml` could not be read"),
    ] {
        fails(daypass(folder.path()).args(["serve", flag, value]), expected);
    }
    assert!(
        !folder.path().join("daypass-data").exists(),
        "nothing is made for nothing"
    );
}
