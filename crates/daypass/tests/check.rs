//! `daypass check` as a person or a script meets it: its lines, its exit codes, and that it keeps off what is in use.

#![expect(clippy::unwrap_used, reason = "a test may fail by panicking")]

use std::fs;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};

use serde_json::Value as Json;

fn daypass(folder: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_daypass"));
    command.current_dir(folder).env_remove("DAYPASS_MASTER_KEY");
    command
}

fn check(folder: &Path, arguments: &[&str]) -> (Option<i32>, String, String) {
    let Output {
        status,
        stdout,
        stderr,
    } = daypass(folder)
        .args(["check", "--data", "d"])
        .args(arguments)
        .output()
        .unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (status.code(), text(stdout), text(stderr))
}

/// A server on the directory, ready.
fn serve(folder: &Path) -> Child {
    let mut server = daypass(folder)
        .args(["serve", "--data", "d", "--listen", "127.0.0.1:0"])
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut line = String::new();
    let out = server.stdout.take().unwrap();
    BufReader::new(out).read_line(&mut line).unwrap();
    assert!(line.contains("\"ready\":true"), "{line}");
    server
}

fn lines(text: &str) -> Vec<Json> {
    text.lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

#[test]
fn a_directory_from_its_first_day_to_its_damage() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let (code, _, said) = check(folder, &[]);
    assert_eq!(code, Some(1));
    assert!(said.contains("`d` is not a data directory"), "{said}");

    let mut server = serve(folder);
    let (code, _, said) = check(folder, &[]);
    assert_eq!(code, Some(1));
    assert!(said.contains("in use"), "{said}");
    // Killed, not stopped: what it leaves must be sound all the same.
    server.kill().unwrap();
    server.wait().unwrap();

    let before = fs::read(folder.join("d/meta.redb")).unwrap();
    let (code, out, said) = check(folder, &[]);
    assert_eq!((code, out.as_str()), (Some(0), ""), "{said}");
    assert!(said.contains("sound: "), "{said}");
    assert!(fs::read(folder.join("d/meta.redb")).unwrap() == before);
    let (code, out, _) = check(folder, &["--json", "--quick"]);
    assert_eq!(code, Some(0));
    let told = lines(&out);
    assert_eq!(told.len(), 1);
    let summary = told.first().unwrap().get("summary").unwrap();
    assert_eq!(summary.get("sound"), Some(&Json::from(true)));
    assert_eq!(summary.get("accessKeys"), Some(&Json::from(1)));

    fs::write(folder.join("d/blobs/blobs/stray"), "x").unwrap();
    fs::write(folder.join("d/master.new"), "x").unwrap();
    let (code, _, said) = check(folder, &[]);
    assert_eq!(code, Some(0));
    assert!(
        said.contains("note: foreign file") && said.contains("2 notes"),
        "{said}"
    );

    fs::remove_file(folder.join("d/master.key")).unwrap();
    let (code, out, _) = check(folder, &["--json"]);
    assert_eq!(code, Some(6));
    let missing = lines(&out)
        .into_iter()
        .find(|line| line.get("kind") == Some(&Json::from("master_key_missing")));
    let missing = missing.unwrap();
    assert_eq!(missing.get("severity"), Some(&Json::from("damage")));
    assert!(!folder.join("d/master.key").exists());

    let metadata = fs::OpenOptions::new()
        .write(true)
        .open(folder.join("d/meta.redb"));
    metadata.unwrap().set_len(5000).unwrap();
    let (code, _, said) = check(folder, &[]);
    assert_eq!(code, Some(1), "{said}");
}
