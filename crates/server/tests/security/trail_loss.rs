//! The disk of the audit trail is taken away from a whole server and given back: either nothing is done meanwhile, or
//! all of it is, and the trail says what it lacks.

use std::io;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use daypass_audit::query::{Query, Trail};
use daypass_audit::record::Request;
use daypass_audit::verify::{Finding, Kind, Listener, verify};
use daypass_audit::writer::Pace;
use daypass_audit::{Disk, SegmentFile, SystemDisk};
use daypass_server::{AuditConfig, Ground, OnLoss};
use daypass_testkit::TestServer;
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::kit::{Key, act, call, code, expect, mint};

/// Connections of these servers, so that few records fill the queue.
const CONNECTIONS: usize = 8;

/// The disk of the machine, while it is there.
struct Lost(Arc<AtomicBool>, Box<dyn Disk>);

struct LostFile(Arc<AtomicBool>, Box<dyn SegmentFile>);

fn check(lost: &AtomicBool) -> io::Result<()> {
    match lost.load(Ordering::SeqCst) {
        true => Err(io::ErrorKind::StorageFull.into()),
        false => Ok(()),
    }
}

impl Lost {
    fn hold(&self, file: Box<dyn SegmentFile>) -> Box<dyn SegmentFile> {
        Box::new(LostFile(Arc::clone(&self.0), file))
    }
}

impl Disk for Lost {
    fn create(&self, path: &Path) -> io::Result<Box<dyn SegmentFile>> {
        check(&self.0)?;
        Ok(self.hold(self.1.create(path)?))
    }

    fn reopen(&self, path: &Path, length: u64) -> io::Result<Box<dyn SegmentFile>> {
        check(&self.0)?;
        Ok(self.hold(self.1.reopen(path, length)?))
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        check(&self.0)?;
        self.1.remove(path)
    }
}

impl SegmentFile for LostFile {
    fn write_at(&self, length: u64, bytes: &[u8]) -> io::Result<()> {
        check(&self.0)?;
        self.1.write_at(length, bytes)
    }

    fn flush(&self) -> io::Result<()> {
        check(&self.0)?;
        self.1.flush()
    }
}

/// A server with a bucket, whose trail's disk can be taken away.
struct Stage {
    server: TestServer,
    folder: TempDir,
    lost: Arc<AtomicBool>,
}

impl Stage {
    async fn new(on_loss: OnLoss) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let lost = Arc::new(AtomicBool::new(false));
        let audit = AuditConfig {
            directory: Some(folder.path().to_owned()),
            on_loss,
            ..AuditConfig::default()
        };
        let ground = Ground {
            audit_disk: Box::new(Lost(Arc::clone(&lost), Box::new(SystemDisk))),
            audit_pace: Pace {
                places: 0,
                flush_every: Duration::from_millis(20),
            },
            engines: None,
        };
        let change = |config: &mut daypass_server::Config| {
            config.audit = audit;
            config.limits.connections = CONNECTIONS;
        };
        let server = TestServer::on(change, ground).await.unwrap();
        let stage = Self { server, folder, lost };
        stage.put("/", b"").await;
        stage
    }

    async fn put(&self, target: &str, body: &[u8]) {
        expect(
            &act(&self.server, &Key::root(), "PUT", target, body).await,
            200,
            "",
        );
    }

    /// Takes the disk away.
    fn lose(&self) {
        self.lost.store(true, Ordering::SeqCst);
    }

    fn give_back(&self) {
        self.lost.store(false, Ordering::SeqCst);
    }

    /// Asks for nothing that changes anything, until this is the answer.
    async fn until(&self, status: u16) {
        for _ in 0..1000 {
            if act(&self.server, &Key::root(), "GET", "/", b"").await.status == status {
                return;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        panic!("it does not answer {status}");
    }

    /// Stops it; what is found in its trail.
    async fn stop(self) -> Told {
        let Self { server, folder, .. } = self;
        server.stop().await;
        let mut kept = Kept(Vec::new());
        assert!(verify(folder.path(), None, &mut kept).unwrap().is_sound());
        let trail = Trail::new(vec![folder.path().to_owned()]);
        let found = trail.ask(&Query::default(), 10_000).unwrap();
        Told {
            requests: found.into_iter().map(|found| found.request).collect(),
            kinds: kept.0,
            lost: lost(&segments(folder.path())),
        }
    }
}

/// What a trail says.
struct Told {
    requests: Vec<Request>,
    kinds: Vec<Kind>,
    /// How many records it says are missing.
    lost: u64,
}

impl Told {
    /// The keys of what was stored, whose names begin so.
    fn stored(&self, prefix: &str) -> Vec<&str> {
        let stored = self
            .requests
            .iter()
            .filter(|request| request.operation.as_deref() == Some("cos:PutObject"));
        let keys = stored.filter_map(|request| request.key.as_deref());
        keys.filter(|key| key.starts_with(prefix)).collect()
    }
}

struct Kept(Vec<Kind>);

impl Listener for Kept {
    fn found(&mut self, finding: Finding) {
        self.0.push(finding.kind);
    }

    fn begin(&mut self, _: u64) {}

    fn advance(&mut self, _: u64) {}
}

/// All lines of a trail.
fn segments(folder: &Path) -> String {
    let paths = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path());
    let segments = paths.filter(|path| path.extension().is_some_and(|name| name == "jsonl"));
    segments
        .map(|path| std::fs::read_to_string(path).unwrap())
        .collect()
}

/// How many records are missing, by what the gaps say.
fn lost(lines: &str) -> u64 {
    let lost = |line| serde_json::from_str::<Value>(line).unwrap()["lost"].as_u64();
    lines.lines().filter_map(lost).sum()
}

#[tokio::test]
async fn while_the_trail_is_lost_nothing_is_done() {
    let stage = Stage::new(OnLoss::Refuse).await;
    let (server, root) = (&stage.server, Key::root());
    stage.put("/before", b"before").await;
    let session = mint(server, &root, None, 1800).await;
    stage.lose();
    stage.until(503).await;
    for key in [&root, &session] {
        for (method, target) in [
            ("PUT", "/lost"),
            ("PUT", "/before"),
            ("DELETE", "/before"),
            ("GET", "/before"),
            ("GET", "/"),
            ("PUT", "/?acl"),
        ] {
            let answer = act(server, key, method, target, b"").await;
            expect(&answer, 503, "ServiceUnavailable");
        }
    }
    for (action, parameters) in [
        ("AddUser", json!({ "Name": "lost" })),
        ("GetFederationToken", json!({ "Name": "lost" })),
        ("RevokeSession", json!({ "SessionName": "tests" })),
        ("GetCallerIdentity", json!({})),
    ] {
        let answer = call(server, &root, action, parameters).await;
        assert_eq!(code(&answer), "ServiceUnavailable", "{action}");
    }
    stage.give_back();
    stage.until(200).await;
    // Nothing was changed, and everything goes on.
    expect(
        &act(server, &session, "GET", "/lost", b"").await,
        404,
        "NoSuchKey",
    );
    let kept = act(server, &session, "GET", "/before", b"").await;
    assert_eq!((kept.status, kept.body.as_slice()), (200, b"before".as_slice()));
    let users = call(server, &root, "ListUsers", json!({})).await;
    assert_eq!(users["Data"].as_array().map(Vec::len), Some(0), "{users}");
    stage.put("/after", b"after").await;
    let told = stage.stop().await;
    // What was acknowledged is there, and nothing is missing.
    assert_eq!(told.stored(""), ["before", "after"]);
    assert_eq!((told.lost, told.kinds.as_slice()), (0, [].as_slice()));
    assert!(told.requests.iter().all(|request| request.status != 503));
}

#[tokio::test]
async fn where_the_service_counts_more_all_is_done_and_the_gap_is_told() {
    let stage = Stage::new(OnLoss::Continue).await;
    stage.put("/before", b"x").await;
    stage.lose();
    let many = 5 * CONNECTIONS;
    for number in 0..many {
        stage.put(&format!("/lost-{number}"), b"x").await;
    }
    stage.give_back();
    // It writes again by itself: sooner or later what is put has a record.
    let mut after = 0;
    while !segments(stage.folder.path()).contains("after-") {
        stage.put(&format!("/after-{after}"), b"x").await;
        after += 1;
        assert!(after < 1000, "it does not write again");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    for number in 0..many {
        let key = format!("/lost-{number}");
        let answer = act(&stage.server, &Key::root(), "GET", &key, b"").await;
        expect(&answer, 200, "");
    }
    let told = stage.stop().await;
    assert!(told.kinds.contains(&Kind::Gap), "{:?}", told.kinds);
    assert_eq!(told.stored("before").len(), 1);
    assert!(told.stored("lost-").len() < many);
    // As many are said to be missing as are: beside these there were the bucket, and one object before.
    let missing = 2 + many + after + many - told.requests.len();
    assert_eq!(told.lost, missing as u64);
}
