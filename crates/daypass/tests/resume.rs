//! Copies of large files that are ended in the middle, by whoever started them, by the server or by the disk, and go on
//! when the same command is given again.

#![expect(
    clippy::indexing_slicing,
    clippy::unwrap_used,
    reason = "a test may fail by panicking"
)]

use std::fs;
use std::io::{BufRead, BufReader};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::Duration;

use serde_json::Value;

const ID: &str = "AKIDresumeresumeresumeresumeresume01";
const SECRET: &str = "resumeResumeResumeResumeResume01";
const OBJECT: &str = "cos://photos-1250000000/large";
const MIB: usize = 1024 * 1024;
const LENGTH: usize = 160 * MIB + 5;

/// A store of its own, that can be killed and started again, and a folder to work in.
struct Store {
    folder: tempfile::TempDir,
    port: u16,
    server: Child,
}

impl Store {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        // Free for the moment; it must stay the same when the server is started again.
        let port = TcpListener::bind("127.0.0.1:0")
            .unwrap()
            .local_addr()
            .unwrap()
            .port();
        let server = serve(folder.path(), port);
        let store = Self { folder, port, server };
        assert!(store.run(&["mb", "cos://photos-1250000000"]).status.success());
        let piece: Vec<u8> = (0..MIB).map(|at| ((at * 31) >> 3) as u8).collect();
        let mut bytes = piece.repeat(LENGTH.div_ceil(MIB));
        bytes.truncate(LENGTH);
        fs::write(store.path("from"), bytes).unwrap();
        store
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_daypass"));
        command
            .current_dir(self.folder.path())
            .env_clear()
            .env("HOME", self.folder.path())
            .env("DAYPASS_ENDPOINT", format!("http://127.0.0.1:{}", self.port))
            .env("DAYPASS_SECRET_ID", ID)
            .env("DAYPASS_SECRET_KEY", SECRET)
            .args(arguments)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        command
    }

    fn run(&self, arguments: &[&str]) -> Output {
        self.command(arguments).output().unwrap()
    }

    /// Begins a copy, and waits until some parts of it are done.
    fn begin(&self, from: &str, to: &str) -> Child {
        let child = self.command(&copy(from, to)).spawn().unwrap();
        let some_are_done = || {
            std::thread::sleep(Duration::from_millis(1));
            self.lines_of_checkpoint() >= 8
        };
        assert!((0..30_000).any(|_| some_are_done()), "no part is done");
        child
    }

    fn lines_of_checkpoint(&self) -> usize {
        let folder = self.path(".local/state/daypass/checkpoints");
        let Ok(mut files) = fs::read_dir(folder) else {
            return 0;
        };
        let text = files
            .next()
            .and_then(|file| fs::read_to_string(file.unwrap().path()).ok());
        text.map_or(0, |text| text.lines().count())
    }

    /// Makes the same copy again, which has less to move.
    fn go_on(&self, from: &str, to: &str) {
        let output = self.run(&copy(from, to));
        assert!(output.status.success(), "{}", said(&output));
        let told: Value = serde_json::from_slice(&output.stdout).unwrap();
        let moved = told["bytes"].as_u64().unwrap() as usize;
        assert!(moved > 0 && moved <= LENGTH - 4 * MIB, "{moved} of {LENGTH}");
        assert_eq!(self.lines_of_checkpoint(), 0);
    }

    fn is_stored(&self) -> bool {
        let stat = self.run(&["stat", OBJECT, "--json"]);
        let told: Value = serde_json::from_slice(&stat.stdout).unwrap();
        told["size"].as_u64() == Some(LENGTH as u64)
    }
}

impl Drop for Store {
    fn drop(&mut self) {
        let _ = self.server.kill();
        let _ = self.server.wait();
    }
}

fn serve(folder: &Path, port: u16) -> Child {
    let mut server = Command::new(env!("CARGO_BIN_EXE_daypass"))
        .args(["serve", "--listen", &format!("127.0.0.1:{port}"), "--data"])
        .arg(folder.join("data"))
        .env("DAYPASS_ROOT_SECRET_ID", ID)
        .env("DAYPASS_ROOT_SECRET_KEY", SECRET)
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut line = String::new();
    BufReader::new(server.stdout.take().unwrap())
        .read_line(&mut line)
        .unwrap();
    assert!(line.contains("\"ready\":true"), "{line}");
    server
}

fn copy<'a>(from: &'a str, to: &'a str) -> [&'a str; 8] {
    ["cp", from, to, "--part-size", "1M", "--jobs", "2", "--json"]
}

fn interrupt(child: Child) -> Output {
    assert!(
        Command::new("kill")
            .args(["-INT", &child.id().to_string()])
            .status()
            .unwrap()
            .success()
    );
    child.wait_with_output().unwrap()
}

fn said(output: &Output) -> String {
    let out = String::from_utf8_lossy(&output.stdout);
    format!("{out}{}", String::from_utf8_lossy(&output.stderr))
}

fn is_interrupted(output: &Output) {
    assert_eq!(output.status.code(), Some(130), "{}", said(output));
    let hint = "\"hint\":\"the same command goes on";
    assert!(
        said(output).contains("\"code\":\"Interrupted\""),
        "{}",
        said(output)
    );
    assert!(said(output).contains(hint), "{}", said(output));
}

#[test]
fn an_upload_goes_on_after_an_interrupt_and_a_download_too() {
    let store = Store::new();
    is_interrupted(&interrupt(store.begin("from", OBJECT)));
    store.go_on("from", OBJECT);
    assert!(store.is_stored());

    is_interrupted(&interrupt(store.begin(OBJECT, "to")));
    assert!(!store.path("to").exists());
    store.go_on(OBJECT, "to");
    assert!(fs::read(store.path("to")).unwrap() == fs::read(store.path("from")).unwrap());
}

#[test]
fn an_upload_goes_on_when_the_server_was_killed() {
    let mut store = Store::new();
    let child = store.begin("from", OBJECT);
    store.server.kill().unwrap();
    store.server.wait().unwrap();
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(5), "{}", said(&output));
    store.server = serve(store.folder.path(), store.port);
    store.go_on("from", OBJECT);
    assert!(store.is_stored());
    store.run(&["cp", OBJECT, "to"]);
    assert!(fs::read(store.path("to")).unwrap() == fs::read(store.path("from")).unwrap());
}

#[test]
fn a_full_disk_leaves_no_target_and_the_download_goes_on() {
    let store = Store::new();
    assert!(store.run(&["cp", "from", OBJECT]).status.success());
    // A file may not grow beyond 40 MiB: as a full disk, but for this one program.
    let script = format!("trap '' XFSZ; ulimit -f {}; exec \"$0\" \"$@\"", 40 * MIB / 1024);
    let mut command = Command::new("bash");
    let plain = store.command(&copy(OBJECT, "to"));
    command
        .args(["-c", &script])
        .arg(plain.get_program())
        .args(plain.get_args());
    command.current_dir(store.folder.path()).env_clear();
    for (name, value) in plain.get_envs() {
        command.env(name, value.unwrap());
    }
    let output = command.output().unwrap();
    assert_eq!(output.status.code(), Some(1), "{}", said(&output));
    assert!(
        said(&output).contains("what arrived cannot be written"),
        "{}",
        said(&output)
    );
    assert!(!store.path("to").exists());
    store.go_on(OBJECT, "to");
    assert!(fs::read(store.path("to")).unwrap() == fs::read(store.path("from")).unwrap());
}

#[test]
fn without_checkpoints_nothing_is_left() {
    let store = Store::new();
    let arguments = [&copy("from", OBJECT)[..], &["--no-resume"]].concat();
    let child = store.command(&arguments).spawn().unwrap();
    std::thread::sleep(Duration::from_millis(300));
    let output = interrupt(child);
    assert_eq!(output.status.code(), Some(130), "{}", said(&output));
    assert!(said(&output).contains("\"hint\":null"), "{}", said(&output));
    assert_eq!(store.lines_of_checkpoint(), 0);
}
