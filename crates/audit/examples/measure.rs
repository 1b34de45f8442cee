//! Writes many records into a folder and times what is asked of them: `measure FOLDER [RECORDS]`.

#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    clippy::disallowed_methods,
    reason = "it is run by hand and may fail by panicking"
)]

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Instant;

use daypass_audit::minted::{Mintings, mintings};
use daypass_audit::query::{Query, Trail};
use daypass_audit::record::{Decision, Link, Minted, Principal, Request, Session, Standing, Who};
use daypass_audit::verify::{Finding, Listener, verify};
use daypass_audit::writer::{OnLoss, Pace, Setup, Writer};
use daypass_audit::{Options, SystemDisk};

/// One request in so many mints a session; the others share all sessions that were minted before.
const PER_MINTING: u64 = 100;
/// The root of the account.
const OWNER: u64 = 100_000_000_001;
/// The permanent key that began nine sessions in ten.
const BUSY_KEY: &str = "AKIDpermanent";
/// When the first request came in.
const START: i64 = 1_700_000_000_000;

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
    ask(&Trail::new(vec![folder.clone()]), records);
    list(&folder);
    let (begun, mut listener) = (Instant::now(), Teller);
    let summary = verify(&folder, None, &mut listener).unwrap();
    let took = begun.elapsed().as_secs_f64();
    println!("verified: {} records in {took:.1} s", summary.records);
}

/// Questions of `daypass audit`, about the key of a session in the middle of all.
fn ask(trail: &Trail, records: u64) {
    let session = records / PER_MINTING / 2 + 1;
    let key = temporary_key(session);
    let named = |key: &str| Query {
        key: Some(key.to_owned()),
        ..Query::default()
    };
    let all: [(&str, Query); 5] = [
        ("one session's key", named(&key)),
        (
            "its refusals",
            Query {
                refused: true,
                ..named(&key)
            },
        ),
        (
            "a name",
            Query {
                name: Some(format!("user-{session}")),
                ..Query::default()
            },
        ),
        ("the last 1,000 of the key behind most", named(BUSY_KEY)),
        (
            "a request",
            Query {
                request_id: Some(request_id(records / 2)),
                ..Query::default()
            },
        ),
    ];
    for (what, query) in all {
        time(what, || trail.ask(&query, 1000).unwrap().len());
    }
    time("who minted it: steps", || trail.lineage(&key).unwrap().len());
    time("what could it touch: policies", || {
        let steps = trail.lineage(&format!("{session:032x}")).unwrap();
        let minted = steps.iter().filter_map(|step| step.request.minted.as_ref());
        minted.map(|minted| minted.policies.len()).sum()
    });
    time("who made the key behind most: steps", || {
        trail.lineage(BUSY_KEY).unwrap().len()
    });
}

/// Pages of `ListSessions`, as far as they come from the trail.
fn list(folder: &Path) {
    let page = Mintings {
        owner_uin: OWNER,
        limit: 100,
        ..Mintings::default()
    };
    let all: [(&str, Mintings); 5] = [
        ("the newest page of sessions", page.clone()),
        (
            "a page of one of 1,000 users",
            Mintings {
                user: Some(user(20)),
                ..page.clone()
            },
        ),
        (
            "a page of the permanent key of that user",
            Mintings {
                origin: Some(users_key(20)),
                ..page.clone()
            },
        ),
        (
            "a page of the permanent key behind most",
            Mintings {
                origin: Some(BUSY_KEY.to_owned()),
                ..page.clone()
            },
        ),
        (
            "a page of one name",
            Mintings {
                name: Some("user-4711".to_owned()),
                ..page
            },
        ),
    ];
    for (what, asked) in all {
        time(what, || mintings(folder, &asked).unwrap().entries.len());
    }
}

fn time(what: &str, ask: impl FnOnce() -> usize) {
    let begun = Instant::now();
    let found = ask();
    println!("{what}: {found} in {:.1} ms", begun.elapsed().as_secs_f64() * 1e3);
}

/// Says what is found.
struct Teller;

impl Listener for Teller {
    fn found(&mut self, finding: Finding) {
        println!("found: {finding:?}");
    }

    fn begin(&mut self, _bytes: u64) {}

    fn advance(&mut self, _bytes: u64) {}
}

fn write(folder: &Path, records: u64) {
    let writer = Writer::start(Setup {
        options: Options::keeping(folder.to_owned(), 1 << 40, 36_500),
        pace: Pace::default(),
        on_loss: OnLoss::Refuse,
        disk: Box::new(SystemDisk),
        fresh: [1; 16],
        clock: Arc::new(|| START),
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

/// Minted by the first request of each hundred, used by those behind it, wherever they are.
fn temporary_key(session: u64) -> String {
    format!("AKIDtmp{session:022}")
}

/// One session in ten was begun by one of a thousand users, each with a key of its own.
fn users_key(session: u64) -> String {
    match session.is_multiple_of(10) {
        true => format!("AKIDuser{}", session / 10 % 1000),
        false => BUSY_KEY.to_owned(),
    }
}

fn user(session: u64) -> u64 {
    match session.is_multiple_of(10) {
        true => 100_000_001_000 + session / 10 % 1000,
        false => 100_000_000_011,
    }
}

fn request(number: u64) -> Request {
    if number.is_multiple_of(PER_MINTING) {
        return minting(number);
    }
    let sessions = number / PER_MINTING + 1;
    let session = (number.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 20) % sessions;
    Request {
        operation: Some("cos:PutObject".to_owned()),
        method: "PUT".to_owned(),
        who: Some(Who {
            access_key_id: temporary_key(session),
            session: Some(Session {
                session_id: format!("{session:032x}"),
                session_name: format!("user-{session}"),
                ancestors: Vec::new(),
                original_uin: user(session),
                original_access_key_id: users_key(session),
                web_identity: None,
                source_identity: None,
            }),
            ..who(session)
        }),
        bucket: Some("photos-1250000000".to_owned()),
        key: Some(format!("user-{session}/{number}.jpg")),
        status: if number.is_multiple_of(7) { 403 } else { 200 },
        bytes_in: Some(100_000),
        decision: Some(Decision {
            allowed: !number.is_multiple_of(7),
            layer: Some("identity".to_owned()),
            ..Decision::default()
        }),
        ..sent(number)
    }
}

fn minting(number: u64) -> Request {
    let session = number / PER_MINTING;
    let time = START + number.cast_signed();
    Request {
        operation: Some("sts:GetFederationToken".to_owned()),
        method: "POST".to_owned(),
        who: Some(Who {
            access_key_id: users_key(session),
            ..who(session)
        }),
        status: 200,
        minted: Some(Minted {
            access_key_id: temporary_key(session),
            session_id: format!("{session:032x}"),
            name: format!("user-{session}"),
            expires: time + 7_200_000,
            policies: vec![format!(
                r#"{{"version":"2.0","statement":[{{"effect":"allow","action":["name/cos:PutObject","name/cos:GetObject"],"resource":["qcs::cos:ap-guangzhou:uid/1250000000:photos-1250000000/user-{session}/*"]}}]}}"#
            )],
            standing: Some(Standing {
                kind: "federation".to_owned(),
                epoch: 1,
                link: Link {
                    session_id: format!("{session:032x}"),
                    owner_uin: OWNER,
                    principal: Principal::User,
                    uin: user(session),
                    issued: time,
                    name_digest: format!("{session:016x}"),
                },
                descent: Vec::new(),
                responsible_uin: user(session),
                origin_access_key_id: Some(users_key(session)),
            }),
            ..Minted::default()
        }),
        ..sent(number)
    }
}

fn who(session: u64) -> Who {
    Who {
        proven: true,
        app_id: 1_250_000_000,
        owner_uin: OWNER,
        principal: Principal::User,
        uin: user(session),
        access_key_id: String::new(),
        session: None,
    }
}

fn sent(number: u64) -> Request {
    Request {
        time: START + number.cast_signed(),
        request_id: request_id(number),
        ip: "203.0.113.7".to_owned(),
        millis: 7,
        user_agent: Some("cos-python-sdk-v5.1.9.30".to_owned()),
        ..Request::default()
    }
}
