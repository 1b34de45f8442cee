//! `daypass explain` and `daypass policy explain`, as a person meets them: the built program.

#![expect(clippy::unwrap_used, reason = "a test may fail by panicking")]

use std::fs;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Command, Output};

use daypass_testkit::{ROOT_SECRET_ID, ROOT_SECRET_KEY, TestServer};
use tokio::runtime::Runtime;

const RESOURCE: &str = "qcs::cos:ap-guangzhou:uid/1250000000:photos-1250000000/a.jpg";

fn run(folder: &Path, endpoint: &str, arguments: &[&str]) -> (Option<i32>, String, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_daypass"));
    command
        .current_dir(folder)
        .env_clear()
        .env("DAYPASS_ENDPOINT", endpoint)
        .env("DAYPASS_SECRET_ID", ROOT_SECRET_ID)
        .env("DAYPASS_SECRET_KEY", ROOT_SECRET_KEY);
    let Output {
        status,
        stdout,
        stderr,
    } = command.args(arguments).output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (status.code(), text(stdout), text(stderr))
}

#[test]
fn a_refusal_is_explained_by_its_id() {
    let runtime = Runtime::new().unwrap();
    let server = runtime.block_on(TestServer::start());
    let folder = tempfile::tempdir().unwrap();
    let endpoint = format!("http://{}", server.address());
    let run = |arguments: &[&str]| run(folder.path(), &endpoint, arguments);
    assert_eq!(run(&["mb", "cos://photos-1250000000"]).0, Some(0));

    let mut stream = TcpStream::connect(server.address()).unwrap();
    let request = "GET /photos-1250000000/a HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
    stream.write_all(request.as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    let mut headers = answer.lines();
    let id = headers
        .find_map(|line| line.strip_prefix("x-cos-request-id: "))
        .unwrap();

    let (code, out, said) = run(&["explain", id]);
    assert_eq!(code, Some(0), "{said}");
    assert!(
        out.contains("by nobody") && out.contains("\nhint: add to the bucket's policy"),
        "{out}"
    );
    let (_, out, _) = run(&["explain", id, "--json"]);
    let json: serde_json::Value = serde_json::from_str(&out).unwrap();
    assert_eq!(json["RequestId"], id);
    assert_eq!(run(&["explain", "NjU1MzdmMDBfNTQ4ZmI5ZjdfMWE="]).0, Some(4));
    assert_eq!(run(&["explain", "not an id"]).0, Some(2));
    runtime.block_on(server.stop());
}

#[test]
fn documents_are_explained_without_a_server() {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, action: &str| {
        let text = format!(
            r#"{{"version":"2.0","statement":[{{"effect":"allow","action":"{action}","resource":"{RESOURCE}"}}]}}"#
        );
        fs::write(folder.path().join(name), text).unwrap();
    };
    write("user.json", "cos:*");
    write("session.json", "cos:GetObject");
    let explain = |action: &str, more: &[&str]| {
        let base = [
            "policy",
            "explain",
            "--action",
            action,
            "--resource",
            RESOURCE,
            "--user-policy",
            "user.json",
        ];
        run(folder.path(), "http://127.0.0.1:1", &[&base, more].concat())
    };
    let (code, out, _) = explain("cos:GetObject", &["--session", "session.json"]);
    assert!(code == Some(0) && out.contains("is allowed"), "{out}");
    let (code, out, said) = explain("cos:PutObject", &["--session", "session.json"]);
    assert_eq!(code, Some(1), "{said}");
    assert!(out.contains("hint: add to the session policy 1"), "{out}");
    let (code, out, _) = explain("cos:PutObject", &["--session", "session.json", "--json"]);
    let json: serde_json::Value = serde_json::from_str(&out).unwrap();
    assert_eq!(
        (code, json["Reasons"]["Mend"]["State"].as_str()),
        (Some(1), Some("statements"))
    );
    assert_eq!(
        explain("cos:GetObject", &["--boundary", "missing.json"]).0,
        Some(1)
    );
    assert_eq!(explain("cos:GetObject", &["--context", "cos:prefx=a"]).0, Some(2));
    assert_eq!(explain("cos:GetObject", &["--principal", "ann"]).0, Some(2));
}
