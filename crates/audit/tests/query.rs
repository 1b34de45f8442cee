//! What is asked of a trail: an index gives the answer that reading everything gives.

#![expect(
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test may fail by panicking"
)]

mod kit;

use std::path::PathBuf;

use daypass_audit::query::{Found, Query, Trail};
use daypass_audit::record::{Decision, Minted, Request, Session, Who};
use daypass_audit::verify::Kind;
use kit::Bench;
use proptest::prelude::*;

/// A record whose names are few, so that they meet.
fn record() -> impl Strategy<Value = Request> {
    let minted = (0..4_u8).prop_map(|number| Minted {
        access_key_id: format!("AKIDtemporary{number}"),
        session_id: format!("session{number}"),
        name: format!("name{number}"),
        ..Minted::default()
    });
    let who = (0..4_u8, 0..4_u64, prop::option::of(0..4_u8)).prop_map(|(key, uin, session)| Who {
        uin,
        access_key_id: format!("AKID{key}"),
        session: session.map(|session| Session {
            session_id: format!("session{session}"),
            session_name: format!("name{session}"),
            ancestors: vec![format!("session{}", (session + 1) % 4)],
            original_uin: 3,
            original_access_key_id: "AKID3".to_owned(),
            web_identity: None,
            source_identity: None,
        }),
        ..Who::default()
    });
    let status = prop::sample::select(vec![200, 403, 404]);
    let parts = (
        0..50_i64,
        prop::option::of(who),
        prop::option::of(minted),
        prop::option::of(0..3_u8),
        status,
        any::<bool>(),
    );
    parts.prop_map(|(time, who, minted, bucket, status, allowed)| Request {
        time,
        who,
        minted,
        request_id: format!("request-{}", time % 7),
        bucket: bucket.map(|bucket| format!("bucket-{bucket}")),
        status,
        decision: Some(Decision {
            allowed,
            ..Decision::default()
        }),
        ..Request::default()
    })
}

fn query() -> impl Strategy<Value = Query> {
    let name = |what: &'static str| {
        prop::option::weighted(0.3, (0..5_u8).prop_map(move |number| format!("{what}{number}")))
    };
    let names = (
        name("AKID"),
        name("session"),
        name("name"),
        name("bucket-"),
        name("request-"),
        name("AKID"),
    );
    let rest = (
        prop::option::weighted(0.2, 0..5_u64),
        prop::option::weighted(0.2, 0..50_i64),
        prop::option::weighted(0.2, 0..60_i64),
        prop::option::weighted(0.2, Just(403)),
        any::<bool>(),
    );
    (names, rest).prop_map(
        |((key, session, name, bucket, request_id, made), (principal, from, to, status, refused))| Query {
            key,
            session,
            made,
            name,
            bucket,
            request_id,
            principal,
            from,
            to,
            status,
            refused,
        },
    )
}

fn remove_indexes(bench: &Bench) {
    for segment in bench.segments() {
        let _ = std::fs::remove_file(segment.with_extension("index"));
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn index_and_scan_agree(
        records in prop::collection::vec(record(), 1..60),
        queries in prop::collection::vec((query(), 1..80_usize), 20),
    ) {
        let bench = Bench::new();
        bench.write_all(records.iter().cloned(), 2000, u64::MAX, 1000);
        let trail = Trail::new(vec![bench.path().to_owned()]);
        let by_index: Vec<_> = queries.iter().map(|(query, limit)| trail.ask(query, *limit).unwrap()).collect();
        remove_indexes(&bench);
        for ((query, limit), found) in queries.iter().zip(by_index) {
            prop_assert_eq!(&trail.ask(query, *limit).unwrap(), &found);
            prop_assert!(found.len() <= *limit);
            prop_assert!(found.is_sorted_by_key(|found| found.request.time));
            for found in &found {
                prop_assert!(records.contains(&found.request));
            }
        }
    }
}

fn found(bench: &Bench, query: &Query) -> Vec<Found> {
    Trail::new(vec![bench.path().to_owned()])
        .ask(query, 1000)
        .unwrap()
}

#[test]
fn every_name_of_a_record_finds_it() {
    let bench = Bench::new();
    let full = kit::full();
    bench.write_all(
        (0..30).map(|number| {
            if number == 11 {
                kit::full()
            } else {
                kit::request(number)
            }
        }),
        1000,
        u64::MAX,
        1000,
    );
    let text = |text: &str| Some(text.to_owned());
    let all = [
        Query {
            key: text("AKIDtemporary"),
            ..Query::default()
        },
        Query {
            key: text("AKIDpermanent"),
            ..Query::default()
        },
        Query {
            key: text("AKIDminted"),
            ..Query::default()
        },
        Query {
            key: text("AKIDmade"),
            ..Query::default()
        },
        Query {
            session: Some("0a".repeat(16)),
            ..Query::default()
        },
        Query {
            session: Some("0b".repeat(16)),
            ..Query::default()
        },
        Query {
            session: Some("0c".repeat(16)),
            ..Query::default()
        },
        Query {
            name: text("user-7"),
            ..Query::default()
        },
        Query {
            name: text("child"),
            ..Query::default()
        },
        Query {
            principal: Some(100_000_000_011),
            ..Query::default()
        },
        Query {
            principal: Some(100_000_000_012),
            ..Query::default()
        },
        Query {
            bucket: text("photos-1250000000"),
            ..Query::default()
        },
        Query {
            request_id: text("request"),
            ..Query::default()
        },
        Query {
            status: Some(403),
            ..Query::default()
        },
        Query {
            refused: true,
            ..Query::default()
        },
    ];
    for query in all {
        let found = found(&bench, &query);
        assert_eq!(found.len(), 1, "{query:?}");
        assert_eq!(found[0].request, full);
    }
    assert_eq!(found(&bench, &Query::default()).len(), 30);
}

#[test]
fn trails_are_read_together_by_time() {
    let (one, other) = (Bench::new(), Bench::new());
    one.write_all((0..20).step_by(2).map(kit::request), 1000, u64::MAX, 1000);
    other.write_all((1..20).step_by(2).map(kit::request), 1000, u64::MAX, 1000);
    let trail = Trail::new(vec![one.path().to_owned(), other.path().to_owned()]);
    let found = trail.ask(&Query::default(), 15).unwrap();
    let ids: Vec<_> = found
        .iter()
        .map(|found| found.request.request_id.clone())
        .collect();
    let expected: Vec<_> = (5..20).map(|number| format!("request-{number}")).collect();
    assert_eq!(ids, expected);
    assert!(
        Trail::new(vec![PathBuf::from("/nonexistent")])
            .ask(&Query::default(), 1)
            .is_err()
    );
}

#[test]
fn a_trail_is_known_to_be_written_until_its_writer_stops() {
    let (bench, other) = (Bench::new(), Bench::new());
    other.write(3, 1000);
    let trail = Trail::new(vec![other.path().to_owned(), bench.path().to_owned()]);
    assert!(!trail.may_be_written(), "one has ended, one has not begun");
    let writer = bench.writer();
    assert!(trail.may_be_written());
    writer.admit().unwrap().put(kit::full());
    kit::wait(|| writer.figures().written() == 1);
    assert!(trail.may_be_written());
    writer.stop().unwrap();
    assert!(!trail.may_be_written());
    let segment = bench.segments().pop().unwrap();
    let bytes = std::fs::read(&segment).unwrap();
    std::fs::write(&segment, &bytes[..bytes.len() - 1]).unwrap();
    assert!(trail.may_be_written(), "what was torn off may have been anything");
}

#[test]
fn a_key_leads_back_to_the_first_one() {
    let signed = |key: &str| {
        Some(Who {
            access_key_id: key.to_owned(),
            ..Who::default()
        })
    };
    let minted = |key: &str, session: &str| {
        Some(Minted {
            access_key_id: key.to_owned(),
            session_id: session.to_owned(),
            ..Minted::default()
        })
    };
    let steps = [
        Request {
            who: signed("root"),
            made_access_key_id: Some("permanent".to_owned()),
            ..kit::request(1)
        },
        Request {
            who: signed("permanent"),
            minted: minted("first", "s1"),
            ..kit::request(2)
        },
        Request {
            who: signed("first"),
            minted: minted("second", "s2"),
            ..kit::request(3)
        },
        Request {
            who: signed("second"),
            ..kit::request(4)
        },
    ];
    let bench = Bench::new();
    bench.write_all(steps.into_iter(), 300, u64::MAX, 1000);
    let trail = Trail::new(vec![bench.path().to_owned()]);
    let check = |id: &str, expected: &[&str]| {
        let lineage = trail.lineage(id).unwrap();
        let ids: Vec<_> = lineage
            .iter()
            .map(|found| found.request.request_id.as_str())
            .collect();
        assert_eq!(ids, expected, "{id}");
    };
    check("second", &["request-3", "request-2", "request-1"]);
    check("s2", &["request-3", "request-2", "request-1"]);
    check("permanent", &["request-1"]);
    check("s1", &["request-2", "request-1"]);
    check("root", &[]);
    check("nobody", &[]);
    // With indexes of an earlier version, which do not say what was made.
    let mut earlier = 0;
    for segment in bench.segments() {
        let index = segment.with_extension("index");
        if let Ok(mut bytes) = std::fs::read(&index) {
            bytes.get_mut(..8).unwrap().copy_from_slice(b"DPAUDIX1");
            std::fs::write(&index, bytes).unwrap();
            earlier += 1;
        }
    }
    assert!(earlier > 0);
    check("s2", &["request-3", "request-2", "request-1"]);
    let (_, findings) = kit::verify(bench.path());
    assert_eq!(findings.len(), earlier);
    assert!(findings.iter().all(|finding| finding.kind == Kind::IndexMissing));
    assert_eq!(
        daypass_audit::index::rebuild(bench.path()).unwrap(),
        earlier as u64
    );
    assert!(kit::verify(bench.path()).1.is_empty());
    assert_eq!(
        trail.request("request-4").unwrap().unwrap().request.request_id,
        "request-4"
    );
    assert_eq!(trail.request("request-5").unwrap(), None);
}
