//! `daypass broker` as a person and a script meet it.

#![expect(clippy::unwrap_used, reason = "a test may fail by panicking")]

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::time::Duration;

use serde_json::Value;

const SETTINGS: &str = r#"
metrics_listen = "127.0.0.1:0"

[store]
endpoint = "http://127.0.0.1:1"
region = "ap-guangzhou"
bucket = "photos-1250000000"
key = { id_env = "BROKER_ID", secret_env = "BROKER_SECRET" }

[[callers]]
kind = "api_keys"
keys = [{ user = "ann", sha256 = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855" }]

[[templates]]
name = "own-folder"
endpoints = ["sts"]
prefix = "uploads/${user}/"
actions = ["download"]
"#;

fn broker(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_daypass"));
    command.arg("broker").args(arguments).env_remove("BROKER_ID");
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

fn file(folder: &Path, text: &str) -> PathBuf {
    let path = folder.join("broker.toml");
    std::fs::write(&path, text).unwrap();
    path
}

fn run(text: &str, arguments: &[&str]) -> Output {
    let folder = tempfile::tempdir().unwrap();
    let path = file(folder.path(), text);
    broker(arguments).arg("--config").arg(path).output().unwrap()
}

#[test]
fn it_says_when_it_is_ready_and_ends_when_told() {
    let folder = tempfile::tempdir().unwrap();
    let path = file(folder.path(), SETTINGS);
    let mut running = broker(&["--listen", "127.0.0.1:0", "--config"])
        .arg(path)
        .env("BROKER_ID", "AKIDa")
        .env("BROKER_SECRET", "secret")
        .spawn()
        .unwrap();
    let mut line = String::new();
    let mut out = BufReader::new(running.stdout.take().unwrap());
    out.read_line(&mut line).unwrap();
    let ready: Value = serde_json::from_str(&line).unwrap();
    assert_eq!(ready["ready"], true);
    let ask = |address: &Value, path: &str| {
        let mut stream = TcpStream::connect(address.as_str().unwrap()).unwrap();
        write!(
            stream,
            "GET {path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n"
        )
        .unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        answer
    };
    assert!(ask(&ready["http"], "/_broker/live").starts_with("HTTP/1.1 200"));
    assert!(ask(&ready["http"], "/_broker/ready").starts_with("HTTP/1.1 503"));
    assert!(ask(&ready["metrics"], "/_broker/metrics").contains("daypass_broker_keys_total"));
    let told = Command::new("kill")
        .arg(running.id().to_string())
        .status()
        .unwrap();
    assert!(told.success());
    assert_eq!(running.wait().unwrap().code(), Some(0));
}

/// An application that knows everybody as ann, after a while.
fn slow_application() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/whoami", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let length = stream.read(&mut [0; 4096]).unwrap();
        assert!(length > 0);
        std::thread::sleep(Duration::from_secs(1));
        let body = r#"{"user":"ann"}"#;
        let length = body.len();
        write!(
            stream,
            "HTTP/1.1 200 OK\r\ncontent-length: {length}\r\n\r\n{body}"
        )
        .unwrap();
    });
    url
}

#[test]
fn a_request_in_flight_is_answered_after_the_signal() {
    let folder = tempfile::tempdir().unwrap();
    let tls = Command::new(env!("CARGO_BIN_EXE_daypass"))
        .args(["tls", "init", "--dir"])
        .arg(folder.path())
        .output();
    assert!(tls.unwrap().status.success());
    let (cert, key) = (folder.path().join("cert.pem"), folder.path().join("key.pem"));
    let url = slow_application();
    let callers = format!("[[callers]]\nkind = 'webhook'\nurl = '{url}'\n\n[[templates]]");
    let settings = SETTINGS.replace("[[templates]]", &callers);
    let (cert, key) = (cert.display(), key.display());
    let path = file(
        folder.path(),
        &format!("tls_cert = '{cert}'\ntls_key = '{key}'\n{settings}"),
    );
    let mut running = broker(&[
        "--listen",
        "127.0.0.1:0",
        "--tls-listen",
        "127.0.0.1:0",
        "--config",
    ])
    .arg(path)
    .env("BROKER_ID", "AKIDa")
    .env("BROKER_SECRET", "secret")
    .spawn()
    .unwrap();
    let mut line = String::new();
    let mut out = BufReader::new(running.stdout.take().unwrap());
    out.read_line(&mut line).unwrap();
    let ready: Value = serde_json::from_str(&line).unwrap();
    assert!(TcpStream::connect(ready["https"].as_str().unwrap()).is_ok());
    let mut stream = TcpStream::connect(ready["http"].as_str().unwrap()).unwrap();
    write!(stream, "GET /sts HTTP/1.1\r\nhost: x\r\ncookie: a\r\n\r\n").unwrap();
    // Give the broker the request before it is told to stop.
    std::thread::sleep(Duration::from_millis(300));
    let told = Command::new("kill").arg(running.id().to_string()).status();
    assert!(told.unwrap().success());
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    // The token service is away, and it is ann who is told so.
    assert!(answer.starts_with("HTTP/1.1 503"), "{answer}");
    let mut trail = String::new();
    running.stderr.take().unwrap().read_to_string(&mut trail).unwrap();
    assert!(trail.contains(r#""user":"ann""#), "{trail}");
    assert_eq!(running.wait().unwrap().code(), Some(0));
}

#[test]
fn a_file_is_checked_without_starting_anything() {
    let check = |text: &str, code: i32, words: &str| {
        let output = run(text, &["--check"]);
        let said = [output.stdout, output.stderr].concat();
        let said = String::from_utf8(said).unwrap();
        assert_eq!(output.status.code(), Some(code), "{said}");
        assert!(said.contains(words), "{words} in {said}");
    };
    check(SETTINGS, 0, "is in order");
    check(&SETTINGS.replace("${user}/", "${user}"), 1, "both allow `cos:");
    check(&format!("colour = 1\n{SETTINGS}"), 1, "unknown field `colour`");
    check(&SETTINGS.replace("ap-guangzhou", "?"), 1, "store.region");
    check("", 1, "missing field `store`");
}

#[test]
fn a_key_that_is_not_there_is_named() {
    let output = run(SETTINGS, &[]);
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert!(said.contains("BROKER_ID"), "{said}");
}

#[test]
fn what_a_users_keys_are_narrowed_to_is_shown() {
    let output = run(SETTINGS, &["policy", "ann"]);
    let line: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(line["template"], "own-folder");
    let resource = "qcs::cos:ap-guangzhou:uid/1250000000:photos-1250000000/uploads/ann/*";
    assert_eq!(line["policy"]["statement"][0]["resource"][0], resource);
    assert_eq!(run(SETTINGS, &["policy", "../bob"]).status.code(), Some(1));
}

#[test]
fn schema_and_new_keys_are_json() {
    let document = |verb: &str| -> Value {
        let output = broker(&[verb]).output().unwrap();
        assert!(output.status.success());
        serde_json::from_slice(&output.stdout).unwrap()
    };
    assert_eq!(document("schema")["additionalProperties"], false);
    let key = document("new-key");
    assert!(key["key"].as_str().unwrap().starts_with("dpk_"));
    assert_eq!(key["sha256"].as_str().unwrap().len(), 64);
}
