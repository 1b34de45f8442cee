//! A trail in a folder of its own, by a clock that the test sets, and a disk that fills up.

#![allow(dead_code, reason = "each test binary uses a part")]

use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use daypass_audit::record::{
    Decision, Item, JudgedRule, Judgement, Link, Minted, Principal, Request, Session, Standing, Tag,
    WebIdentity, Who,
};
use daypass_audit::verify::{Finding, Listener, Summary};
use daypass_audit::writer::{OnLoss, Pace, Setup, Writer};
use daypass_audit::{AuditError, Chain, Disk, Options, SegmentFile, SystemDisk};
use tempfile::TempDir;

pub(crate) const PLACES: usize = 256;
pub(crate) const DAY: i64 = 86_400_000;

pub(crate) struct Bench {
    folder: TempDir,
    now: Arc<AtomicI64>,
}

impl Bench {
    pub(crate) fn new() -> Self {
        Self {
            folder: tempfile::tempdir().unwrap(),
            now: Arc::new(AtomicI64::new(1_700_000_000_000)),
        }
    }

    pub(crate) fn path(&self) -> &Path {
        self.folder.path()
    }

    pub(crate) fn advance_days(&self, days: i64) {
        self.now.fetch_add(days * DAY, Ordering::SeqCst);
    }

    pub(crate) fn segments(&self) -> Vec<PathBuf> {
        let entries = std::fs::read_dir(self.path())
            .unwrap()
            .map(|entry| entry.unwrap().path());
        let mut paths: Vec<_> = entries
            .filter(|path| path.extension().is_some_and(|name| name == "jsonl"))
            .collect();
        paths.sort();
        paths
    }

    fn setup(&self, disk: Box<dyn Disk>, on_loss: OnLoss) -> Setup {
        let now = Arc::clone(&self.now);
        Setup {
            options: Options {
                directory: self.path().to_owned(),
                segment_bytes: 1_000_000,
                segment_millis: DAY,
                keep_bytes: u64::MAX,
                keep_millis: i64::MAX,
            },
            pace: Pace {
                places: PLACES,
                flush_every: Duration::from_millis(20),
            },
            on_loss,
            disk,
            fresh: [7; 16],
            clock: Arc::new(move || now.load(Ordering::SeqCst)),
            complain: |_| {},
        }
    }

    pub(crate) fn try_writer(&self, disk: Box<dyn Disk>, on_loss: OnLoss) -> Result<Writer, AuditError> {
        Writer::start(self.setup(disk, on_loss))
    }

    pub(crate) fn writer(&self) -> Writer {
        self.try_writer(Box::new(SystemDisk), OnLoss::Refuse).unwrap()
    }

    /// Writes records into segments of so many bytes.
    pub(crate) fn write(&self, records: u64, segment_bytes: u64) {
        self.write_keeping(records, segment_bytes, u64::MAX, i64::MAX / DAY);
    }

    pub(crate) fn write_keeping(&self, records: u64, segment_bytes: u64, keep_bytes: u64, keep_days: i64) {
        self.write_all((0..records).map(request), segment_bytes, keep_bytes, keep_days);
    }

    pub(crate) fn write_all(
        &self,
        records: impl Iterator<Item = Request>,
        segment_bytes: u64,
        keep_bytes: u64,
        keep_days: i64,
    ) {
        let mut setup = self.setup(Box::new(SystemDisk), OnLoss::Refuse);
        setup.options.segment_bytes = segment_bytes;
        setup.options.keep_bytes = keep_bytes;
        setup.options.keep_millis = keep_days * DAY;
        let writer = Writer::start(setup).unwrap();
        for (number, record) in records.enumerate() {
            // In groups of a few, so that segments end where they should.
            if number % 3 == 0 {
                wait(|| writer.figures().waiting() == 0);
            }
            writer.admit().unwrap().put(record);
        }
        writer.stop().unwrap();
    }

    /// The same files in another folder.
    pub(crate) fn copied(&self) -> Self {
        let copy = Self::new();
        for entry in std::fs::read_dir(self.path()).unwrap() {
            let path = entry.unwrap().path();
            std::fs::copy(&path, copy.path().join(path.file_name().unwrap())).unwrap();
        }
        copy
    }
}

/// A trail of several segments that nobody changes.
pub(crate) fn shared() -> &'static Bench {
    static SHARED: OnceLock<Bench> = OnceLock::new();
    SHARED.get_or_init(|| {
        let bench = Bench::new();
        bench.write(25, 1000);
        bench
    })
}

pub(crate) fn request(number: u64) -> Request {
    Request {
        time: 1_700_000_000_000 + number.cast_signed(),
        request_id: format!("request-{number}"),
        method: "GET".to_owned(),
        ip: "127.0.0.1".to_owned(),
        status: 200,
        ..Request::default()
    }
}

fn link(session: &str) -> Link {
    Link {
        session_id: session.repeat(16),
        owner_uin: 100_000_000_001,
        principal: Principal::Role,
        uin: 4_611_686_018_427_387_904,
        issued: 1_700_000_000_000,
        name_digest: "00ff00ff00ff00ff".to_owned(),
    }
}

/// A record in which nothing is left out.
pub(crate) fn full() -> Request {
    let text = |text: &str| Some(text.to_owned());
    Request {
        time: 1_700_000_000_000,
        request_id: "request".to_owned(),
        method: "POST".to_owned(),
        operation: text("cos:PutObject"),
        path: text("/path"),
        ip: "::1".to_owned(),
        who: Some(Who {
            proven: true,
            app_id: 1_250_000_000,
            owner_uin: 100_000_000_001,
            principal: Principal::User,
            uin: 100_000_000_011,
            access_key_id: "AKIDtemporary".to_owned(),
            session: Some(Session {
                session_id: "0a".repeat(16),
                session_name: "user-7".to_owned(),
                ancestors: vec!["0b".repeat(16)],
                original_uin: 100_000_000_012,
                original_access_key_id: "AKIDpermanent".to_owned(),
                web_identity: Some(WebIdentity {
                    provider_id: 1,
                    subject: "alice".to_owned(),
                }),
                source_identity: text("somebody"),
            }),
        }),
        vouched: Some(WebIdentity {
            provider_id: 2,
            subject: "bob".to_owned(),
        }),
        bucket: text("photos-1250000000"),
        key: text("a/b"),
        about: vec!["uin/100000000012".to_owned()],
        source: text("other-1250000000/c"),
        items: vec![Item {
            key: "d".to_owned(),
            allowed: false,
        }],
        items_omitted: 3,
        status: 403,
        code: text("AccessDenied"),
        bytes_in: Some(12),
        bytes_out: 34,
        millis: 56,
        decision: Some(Decision {
            allowed: false,
            layer: text("session"),
            document: Some(0),
            opinion: text("denies"),
            statement: Some(1),
            action: text("cos:PutObject"),
        }),
        user_agent: text("agent/1"),
        minted: Some(Minted {
            access_key_id: "AKIDminted".to_owned(),
            session_id: "0c".repeat(16),
            name: "child".to_owned(),
            expires: 1_700_000_100_000,
            role: text("deployer"),
            policies: vec!["{}".to_owned()],
            source_identity: text("ann"),
            tags: vec![Tag {
                key: "team".to_owned(),
                value: "photos".to_owned(),
            }],
            standing: Some(Standing {
                kind: "role".to_owned(),
                epoch: 3,
                link: link("0c"),
                descent: vec![link("0a")],
                responsible_uin: 100_000_000_012,
                origin_access_key_id: text("AKIDpermanent"),
            }),
        }),
        judgement: Some(Judgement {
            findings: vec![JudgedRule {
                rule: "L07".to_owned(),
                severity: "W".to_owned(),
                count: 13,
            }],
            omitted: 1,
            unjudged: text("too-large"),
        }),
        made_access_key_id: text("AKIDmade"),
    }
}

#[derive(Default)]
struct Kept(Vec<Finding>);

impl Listener for Kept {
    fn found(&mut self, finding: Finding) {
        self.0.push(finding);
    }

    fn begin(&mut self, _: u64) {}

    fn advance(&mut self, _: u64) {}
}

pub(crate) fn verify(directory: &Path) -> (Summary, Vec<Finding>) {
    verify_known(directory, None)
}

pub(crate) fn verify_known(directory: &Path, known: Option<(u64, Chain)>) -> (Summary, Vec<Finding>) {
    let mut kept = Kept::default();
    let summary = daypass_audit::verify::verify(directory, known, &mut kept).unwrap();
    (summary, kept.0)
}

/// Waits until it is so; fails the test when it takes too long.
pub(crate) fn wait(until: impl Fn() -> bool) {
    for _ in 0..20_000 {
        if until() {
            return;
        }
        std::thread::sleep(Duration::from_micros(500));
    }
    panic!("it never came");
}

/// A disk with so many bytes left, which may also fail to flush.
pub(crate) struct FlakyDisk(Arc<Switch>);

pub(crate) struct Switch {
    left: AtomicU64,
    flushes_fail: AtomicBool,
    flushes_hang: AtomicBool,
    hanging: AtomicU64,
}

impl Switch {
    pub(crate) fn fill_after(&self, bytes: u64) {
        self.left.store(bytes, Ordering::SeqCst);
    }

    pub(crate) fn empty(&self) {
        self.left.store(u64::MAX, Ordering::SeqCst);
    }

    pub(crate) fn fail_flushes(&self, fail: bool) {
        self.flushes_fail.store(fail, Ordering::SeqCst);
    }

    pub(crate) fn hang_flushes(&self, hang: bool) {
        self.flushes_hang.store(hang, Ordering::SeqCst);
    }

    pub(crate) fn hanging(&self) -> u64 {
        self.hanging.load(Ordering::SeqCst)
    }
}

impl FlakyDisk {
    pub(crate) fn new() -> (Self, Arc<Switch>) {
        let switch = Arc::new(Switch {
            left: AtomicU64::new(u64::MAX),
            flushes_fail: AtomicBool::new(false),
            flushes_hang: AtomicBool::new(false),
            hanging: AtomicU64::new(0),
        });
        (Self(Arc::clone(&switch)), switch)
    }

    fn wrap(&self, file: Box<dyn SegmentFile>) -> Box<dyn SegmentFile> {
        Box::new(FlakyFile {
            file,
            switch: Arc::clone(&self.0),
        })
    }
}

impl Disk for FlakyDisk {
    fn create(&self, path: &Path) -> io::Result<Box<dyn SegmentFile>> {
        Ok(self.wrap(SystemDisk.create(path)?))
    }

    fn reopen(&self, path: &Path, length: u64) -> io::Result<Box<dyn SegmentFile>> {
        Ok(self.wrap(SystemDisk.reopen(path, length)?))
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        SystemDisk.remove(path)
    }
}

struct FlakyFile {
    file: Box<dyn SegmentFile>,
    switch: Arc<Switch>,
}

impl SegmentFile for FlakyFile {
    fn write_at(&self, length: u64, bytes: &[u8]) -> io::Result<()> {
        let left = self.switch.left.load(Ordering::SeqCst);
        if left < bytes.len() as u64 {
            // A part of it arrives, as on a real disk.
            self.file.write_at(length, &bytes[..left as usize])?;
            self.switch.left.store(0, Ordering::SeqCst);
            return Err(io::ErrorKind::StorageFull.into());
        }
        if left != u64::MAX {
            self.switch
                .left
                .store(left - bytes.len() as u64, Ordering::SeqCst);
        }
        self.file.write_at(length, bytes)
    }

    fn flush(&self) -> io::Result<()> {
        let fails = self.switch.flushes_fail.load(Ordering::SeqCst);
        self.switch.hanging.fetch_add(1, Ordering::SeqCst);
        while self.switch.flushes_hang.load(Ordering::SeqCst) {
            std::thread::sleep(Duration::from_micros(500));
        }
        self.switch.hanging.fetch_sub(1, Ordering::SeqCst);
        match fails {
            true => Err(io::ErrorKind::Other.into()),
            false => self.file.flush(),
        }
    }
}
