//! Writes many records into a folder and times what is asked of them: `measure FOLDER [RECORDS]`.

#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    clippy::disallowed_methods,
    reason = "it is run by hand and may fail by panicking"
)]

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Instant;

use daypass_audit::query::{Query, Trail};
use daypass_audit::record::{Decision, Principal, Request, Session, Who};
use daypass_audit::writer::{OnLoss, Pace, Setup, Writer};
use daypass_audit::{Options, SystemDisk};

/// Sessions that share the requests among them.
const SESSIONS: u64 = 100_000;

fn main() {
    let mut arguments = std::env::args().skip(1);
    let folder = PathBuf::from(arguments.next().unwrap());
    let records: u64 = arguments.next().map_or(10_000_000, |text| text.parse().unwrap());
    let begun = Instant::now();
    write(&folder, records);
    let took = begun.elapsed().as_secs_f64();
    println!(
        "written: {records} records in {took:.1} s, {:.0} a second",
        records as f64 / took
    );
    let size = |extension: &str| -> u64 {
        let entries = std::fs::read_dir(&folder)
            .unwrap()
            .map(|entry| entry.unwrap().path());
        let files = entries.filter(|path| path.extension().is_some_and(|found| found == extension));
        files.map(|path| path.metadata().unwrap().len()).sum()
    };
    let (bytes, indexes) = (size("jsonl"), size("index"));
    println!(
        "segments: {} bytes a record; indexes: {} bytes a record",
        bytes / records,
        indexes / records
    );
    let trail = Trail::new(vec![folder]);
    let key = format!("AKIDtmp{:022}", 4711);
    let all: [(&str, Query); 5] = [
        (
            "one session's key",
            Query {
                key: Some(key.clone()),
                ..Query::default()
            },
        ),
        (
            "its refusals",
            Query {
                key: Some(key),
                refused: true,
                ..Query::default()
            },
        ),
        (
            "a name",
            Query {
                name: Some("user-42".to_owned()),
                ..Query::default()
            },
        ),
        (
            "the last 1,000 of the key behind all",
            Query {
                key: Some("AKIDpermanent".to_owned()),
                ..Query::default()
            },
        ),
        (
            "a request",
            Query {
                request_id: Some(request_id(records / 2)),
                ..Query::default()
            },
        ),
    ];
    for (what, query) in all {
        let begun = Instant::now();
        let found = trail.ask(&query, 1000).unwrap().len();
        println!(
            "{what}: {found} found in {:.1} ms",
            begun.elapsed().as_secs_f64() * 1e3
        );
    }
}

fn write(folder: &std::path::Path, records: u64) {
    let writer = Writer::start(Setup {
        options: Options::keeping(folder.to_owned(), 1 << 40, 36_500),
        pace: Pace::default(),
        on_loss: OnLoss::Refuse,
        disk: Box::new(SystemDisk),
        fresh: [1; 16],
        clock: Arc::new(|| 1_700_000_000_000),
        complain: |error| println!("{error}"),
    })
    .unwrap();
    for number in 0..records {
        loop {
            if let Ok(place) = writer.admit() {
                place.put(request(number));
                break;
            }
            std::thread::sleep(std::time::Duration::from_micros(200));
        }
    }
    writer.stop().unwrap();
}

fn request_id(number: u64) -> String {
    format!("NjU1M2YxMDBf{number:032x}")
}

fn request(number: u64) -> Request {
    let session = number.wrapping_mul(0x9e37_79b9_7f4a_7c15) % SESSIONS;
    Request {
        time: 1_700_000_000_000 + number.cast_signed(),
        request_id: request_id(number),
        method: "PUT".to_owned(),
        operation: Some("cos:PutObject".to_owned()),
        ip: "203.0.113.7".to_owned(),
        who: Some(Who {
            proven: true,
            app_id: 1_250_000_000,
            owner_uin: 100_000_000_001,
            principal: Principal::User,
            uin: 100_000_000_011,
            access_key_id: format!("AKIDtmp{session:022}"),
            session: Some(Session {
                session_id: format!("{session:032x}"),
                session_name: format!("user-{session}"),
                ancestors: Vec::new(),
                original_uin: 100_000_000_011,
                original_access_key_id: "AKIDpermanent".to_owned(),
                web_identity: None,
                source_identity: None,
            }),
        }),
        bucket: Some("photos-1250000000".to_owned()),
        key: Some(format!("user-{session}/{number}.jpg")),
        status: if number.is_multiple_of(10) { 403 } else { 200 },
        bytes_in: Some(100_000),
        millis: 7,
        decision: Some(Decision {
            allowed: !number.is_multiple_of(10),
            layer: Some("identity".to_owned()),
            ..Decision::default()
        }),
        user_agent: Some("cos-python-sdk-v5.1.9.30".to_owned()),
        ..Request::default()
    }
}
