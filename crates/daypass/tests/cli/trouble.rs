//! What goes wrong in the middle of a copy, at a known byte of it: cut connections, keys that end, files that change;
//! and what is odd from the beginning: clocks, lengths and names.

use std::fs;
use std::io::{Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;

use serde_json::Value;

use super::{Cloud, at, program, said, signal, tree, wait_until, write};

const MIB: usize = 1024 * 1024;
/// Far more than the sockets of this machine take before anybody reads.
const LENGTH: usize = 48 * MIB + 5;

/// What becomes of a connection.
#[derive(Clone, Copy, PartialEq)]
enum Then {
    GoOn,
    Cut,
}

/// A way to a server: what passes in either direction is shown to `watch`, which may take its time or cut the connection.
fn between(server: SocketAddr, watch: impl Fn(&[u8]) -> Then + Send + Sync + 'static) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let endpoint = format!("http://{}", listener.local_addr().unwrap());
    let watch = Arc::new(watch);
    thread::spawn(move || {
        while let Ok((near, _)) = listener.accept() {
            let Ok(far) = TcpStream::connect(server) else {
                return;
            };
            for (from, to) in [(near.try_clone().unwrap(), far.try_clone().unwrap()), (far, near)] {
                let watch = Arc::clone(&watch);
                thread::spawn(move || pass(from, to, &*watch));
            }
        }
    });
    endpoint
}

fn pass(mut from: TcpStream, mut to: TcpStream, watch: &dyn Fn(&[u8]) -> Then) {
    let mut room = [0; 16 * 1024];
    while let Ok(count @ 1..) = from.read(&mut room) {
        let bytes = room.get(..count).unwrap();
        if watch(bytes) == Then::Cut || to.write_all(bytes).is_err() {
            break;
        }
    }
    // Either side may be gone already.
    let _ = (from.shutdown(Shutdown::Both), to.shutdown(Shutdown::Both));
}

/// As `between`; when 4 MiB have passed, `act` is done once, and nothing more passes until then.
fn in_the_middle(server: SocketAddr, act: impl FnOnce() + Send + 'static) -> String {
    let (passed, act) = (AtomicUsize::new(0), Mutex::new(Some(act)));
    between(server, move |bytes| {
        if passed.fetch_add(bytes.len(), Ordering::SeqCst) > 4 * MIB {
            let mut act = act.lock().unwrap();
            if let Some(act) = act.take() {
                act();
            }
        }
        Then::GoOn
    })
}

fn large(path: &Path) -> Vec<u8> {
    let mut bytes: Vec<u8> = (0..MIB).map(|at| ((at * 31) >> 3) as u8).collect();
    bytes = bytes.repeat(LENGTH.div_ceil(MIB));
    bytes.truncate(LENGTH);
    write(path, &bytes);
    bytes
}

fn copy<'a>(from: &'a str, to: &'a str, endpoint: &'a str) -> Vec<&'a str> {
    let how = [
        "--part-size",
        "1M",
        "--jobs",
        "2",
        "--json",
        "--endpoint",
        endpoint,
    ];
    [&["cp", from, to], &how[..]].concat()
}

/// The last line on standard error, which tells why it failed.
fn failure(output: &Output) -> Value {
    let told = String::from_utf8(output.stderr.clone()).unwrap();
    let mut last: Value = serde_json::from_str(told.lines().next_back().unwrap()).unwrap();
    last.get_mut("error").unwrap().take()
}

#[track_caller]
fn failed_with(output: &Output, code: &str, exit_code: i32) {
    assert_eq!(output.status.code(), Some(exit_code), "{}", said(output));
    assert_eq!(failure(output).get("code").unwrap(), code, "{}", said(output));
}

#[test]
fn connections_that_are_cut_inside_parts_cost_nothing_but_time() {
    let cloud = Cloud::new();
    let bytes = large(&cloud.path("from"));
    let cuts = Arc::new(AtomicI64::new(0));
    let (left, passed) = (Arc::clone(&cuts), AtomicUsize::new(0));
    let endpoint = between(cloud.server.address(), move |bytes| {
        let before = passed.fetch_add(bytes.len(), Ordering::SeqCst);
        // In the middle of every tenth MiB.
        let middle = |at: usize| (at + 9 * MIB + MIB / 2) / (10 * MIB);
        if middle(before) == middle(before + bytes.len()) || left.fetch_sub(1, Ordering::SeqCst) <= 0 {
            return Then::GoOn;
        }
        Then::Cut
    });
    let object = at("large");
    for (from, to) in [("from", object.as_str()), (object.as_str(), "to")] {
        cuts.store(3, Ordering::SeqCst);
        cloud.succeeds(&copy(from, to, &endpoint));
        assert!(cuts.load(Ordering::SeqCst) <= 0, "not all were cut");
    }
    assert!(fs::read(cloud.path("to")).unwrap() == bytes);
    assert_eq!(cloud.uploads(), 0);
    cloud.stop();
}

/// Copies with a key of somebody's while this line is done with the root's.
fn copied_while(cloud: &Cloud, key: &Value, from: &str, to: &str, line: Vec<String>) -> Output {
    let (folder, direct) = (cloud.folder.path().to_owned(), cloud.endpoint());
    let endpoint = in_the_middle(cloud.server.address(), move || {
        let done = program(&folder, &direct).args(&line).output().unwrap();
        assert!(done.status.success(), "{}", said(&done));
    });
    let mut command = cloud.command(&copy(from, to, &endpoint));
    for (name, field) in [
        ("DAYPASS_SECRET_ID", "secret_id"),
        ("DAYPASS_SECRET_KEY", "secret_key"),
        ("DAYPASS_TOKEN", "token"),
    ] {
        command.env(name, key.get(field).and_then(Value::as_str).unwrap_or_default());
    }
    command.output().unwrap()
}

#[test]
fn a_key_that_ends_in_the_middle_of_a_copy_ends_it_with_the_reason() {
    let cloud = Cloud::new();
    large(&cloud.path("from"));
    cloud.succeeds(&["cp", "from", &at("there")]);
    let json = |line: &[&str]| -> Value { serde_json::from_str(&cloud.succeeds(line)).unwrap() };
    let text = |key: &Value| key.get("secret_id").unwrap().as_str().unwrap().to_owned();
    let words = |line: &[&str]| line.iter().map(|&word| word.to_owned()).collect::<Vec<_>>();

    let ann = json(&["user", "add", "ann", "--with-key", "--json"]);
    let policies = cloud.succeeds(&[
        "policy",
        "ls",
        "--scope",
        "preset",
        "--keyword",
        "QcloudCOSFullAccess",
        "--json",
    ]);
    let policy: Value = serde_json::from_str(policies.lines().next().unwrap()).unwrap();
    let policy = policy.get("id").unwrap().to_string();
    cloud.succeeds(&["policy", "attach", &policy, "--user", "ann"]);
    let disable = words(&["key", "disable", &text(&ann), "--user", "ann"]);
    let output = copied_while(&cloud, &ann, "from", &at("new"), disable);
    failed_with(&output, "InvalidAccessKeyId", 3);
    let hint = failure(&output).get("hint").unwrap().to_string();
    assert!(hint.contains("it is disabled"), "{hint}");

    let mint = ["sts", "token", "--name", "t", "--format", "json"];
    for (from, to) in [("from", at("new")), (&at("there"), "new".to_owned())] {
        let key = json(&mint);
        let revoke = words(&["session", "revoke", "--id", &text(&key)]);
        let output = copied_while(&cloud, &key, from, &to, revoke);
        failed_with(&output, "AccessDenied", 3);
    }
    assert_eq!(cloud.keys(), ["there"]);
    assert!(!cloud.path("new").exists());
    cloud.stop();
}

#[test]
fn files_that_change_while_they_are_read_are_not_stored() {
    let cloud = Cloud::new();
    let file = cloud.path("from");
    let touch = |file: &Path| fs::write(file, "short").unwrap();
    let truncate = |file: &Path| {
        fs::File::options()
            .write(true)
            .open(file)
            .unwrap()
            .set_len(9)
            .unwrap()
    };
    let grow = |file: &Path| {
        let mut file = fs::File::options().append(true).open(file).unwrap();
        file.write_all(b"more").unwrap();
    };
    type Change = fn(&Path);
    let changes: [(&str, Change); 3] = [("written anew", touch), ("cut short", truncate), ("longer", grow)];
    for (what, change) in changes {
        // In parts, and in one piece.
        for part_size in ["1M", "1G"] {
            large(&file);
            let path = file.clone();
            let endpoint = in_the_middle(cloud.server.address(), move || change(&path));
            let output = cloud.run(&[
                "cp",
                "from",
                &at("k"),
                "--part-size",
                part_size,
                "--jobs",
                "2",
                "--json",
                "--endpoint",
                &endpoint,
            ]);
            failed_with(&output, "SourceUnreadable", 1);
            assert!(
                said(&output).contains("the file has changed meanwhile"),
                "{what}: {}",
                said(&output)
            );
            assert_eq!(
                (cloud.keys().len(), cloud.uploads()),
                (0, 0),
                "{what}, {part_size}"
            );
        }
    }
    cloud.stop();
}

#[test]
fn a_clock_that_is_an_hour_off_is_set_right() {
    let cloud = Cloud::new();
    let bytes = large(&cloud.path("from"));
    // The answers of STS and CAM carry this machine's own time, which no test sets: the object service stands for all.
    for seconds in [3_700, -2 * 3_700] {
        cloud.server.clock.advance_seconds(seconds);
        cloud.succeeds(&["cp", "from", &at("k"), "--part-size", "1M"]);
        cloud.succeeds(&["cp", &at("k"), "to"]);
        assert!(fs::read(cloud.path("to")).unwrap() == bytes);
        cloud.succeeds(&["rm", &at("k")]);
    }
    cloud.stop();
}

#[test]
fn parts_grow_where_there_would_be_too_many() {
    let cloud = Cloud::new();
    // Nothing of it is on the disk.
    let file = fs::File::create(cloud.path("from")).unwrap();
    file.set_len(10_001 * MIB as u64).unwrap();
    let (begun, lengths) = (Arc::new(AtomicBool::new(false)), Arc::new(Mutex::new(Vec::new())));
    let (begins, kept) = (Arc::clone(&begun), Arc::clone(&lengths));
    let endpoint = between(cloud.server.address(), move |bytes| {
        let text = String::from_utf8_lossy(bytes).to_lowercase();
        if text.starts_with("put ") && text.contains("partnumber=") {
            let length = text
                .lines()
                .find_map(|line| line.strip_prefix("content-length: "));
            kept.lock()
                .unwrap()
                .extend(length.and_then(|length| length.trim().parse::<usize>().ok()));
            begins.store(true, Ordering::SeqCst);
        }
        Then::GoOn
    });
    let mut child = cloud
        .command(&[&copy("from", &at("k"), &endpoint)[..], &["--no-resume"]].concat())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    wait_until("the first part is sent", || begun.load(Ordering::SeqCst));
    signal(&child, "-INT");
    assert_eq!(child.wait().unwrap().code(), Some(130));
    let lengths = lengths.lock().unwrap();
    assert!(
        !lengths.is_empty() && lengths.iter().all(|length| *length > MIB),
        "{lengths:?}"
    );
    assert!(
        lengths.iter().all(|length| 10_001 * MIB <= length * 10_000),
        "{lengths:?}"
    );
    assert_eq!(cloud.uploads(), 0);
    cloud.stop();
}

#[test]
fn empty_files_go_there_and_back() {
    let cloud = Cloud::new();
    write(&cloud.path("in/empty"), "");
    write(&cloud.path("in/a/empty too"), "");
    let summary = "{\"bytes\":0,\"done\":2,\"failed\":0,\"skipped\":0}\n";
    assert_eq!(cloud.succeeds(&["cp", "in", &at("p"), "-r", "--json"]), summary);
    assert_eq!(cloud.succeeds(&["cp", &at("p"), "out", "-r", "--json"]), summary);
    assert!(tree(&cloud.path("out")) == tree(&cloud.path("in")));
    cloud.succeeds(&["cp", &at("p/empty"), &at("q")]);
    assert_eq!(cloud.succeeds(&["cat", &at("q"), &at("p/empty")]), "");
    let nothing = Command::new("sh")
        .current_dir(cloud.folder.path())
        .envs(
            cloud
                .command(&[])
                .get_envs()
                .filter_map(|(name, value)| Some((name, value?))),
        )
        .args([
            "-c",
            "\"$0\" cp - \"$1\" < /dev/null",
            env!("CARGO_BIN_EXE_daypass"),
            &at("r"),
        ])
        .output()
        .unwrap();
    assert!(nothing.status.success(), "{}", said(&nothing));
    assert!(
        cloud
            .succeeds(&["stat", &at("r"), "--json"])
            .contains("\"size\":0")
    );
    cloud.stop();
}

#[test]
fn names_that_no_file_may_have_stay_in_the_store() {
    let cloud = Cloud::new();
    write(&cloud.path("x"), "x");
    let long = "n".repeat(300);
    let deep = ["d"; 400].join("/");
    for key in [&long, &format!("{long}/below"), &deep, &"good".to_owned()] {
        cloud.succeeds(&["cp", "x", &at(&format!("p/{key}"))]);
    }
    let output = cloud.run(&["cp", &at("p"), "out", "-r", "--json"]);
    failed_with(&output, "SomeFailed", 1);
    assert!(
        said(&output).contains("2 of 4 could not be copied"),
        "{}",
        said(&output)
    );
    assert!(said(&output).contains("name too long"), "{}", said(&output));
    let written = tree(&cloud.path("out"));
    assert_eq!(written.len(), 2, "{:?}", written.keys());
    assert!(written.contains_key(Path::new("good")) && written.contains_key(Path::new(&deep)));
    // One at a time it may have another name.
    failed_with(
        &cloud.run(&["cp", &at(&format!("p/{long}")), ".", "--json"]),
        "TargetUnwritable",
        1,
    );
    cloud.succeeds(&["cp", &at(&format!("p/{long}")), "short"]);
    assert_eq!(fs::read(cloud.path("short")).unwrap(), b"x");
    cloud.stop();
}
