//! What was minted, page by page: the same with indexes and without, whatever is asked, each key once, the newest first.

#![expect(
    clippy::indexing_slicing,
    clippy::unwrap_used,
    reason = "a test may fail by panicking"
)]

mod kit;

use daypass_audit::minted::{Minting, Mintings, mintings};
use daypass_audit::record::{Link, Minted, Principal, Request, Standing};
use kit::{Bench, DAY};

const OWNER: u64 = 100_000_000_001;

/// Every third request mints a key; every second of these in another account.
fn request(number: u64) -> Request {
    let minted = number.is_multiple_of(3).then(|| {
        let link = Link {
            session_id: format!("{number:032x}"),
            owner_uin: OWNER + number % 2,
            principal: Principal::User,
            uin: 7 + number % 4,
            issued: 1_700_000_000_000 + number.cast_signed(),
            ..Link::default()
        };
        Minted {
            access_key_id: format!("AKIDminted{number}"),
            name: format!("name-{}", number % 5),
            expires: link.issued + 100,
            standing: Some(Standing {
                link,
                responsible_uin: 9 + number % 4,
                origin_access_key_id: Some(format!("AKIDorigin{}", number % 8)),
                ..Standing::default()
            }),
            ..Minted::default()
        }
    });
    Request {
        minted,
        // No text of a client counts as a minting.
        key: Some(r#""minted":{"#.to_owned()),
        ..kit::request(number)
    }
}

fn bench() -> Bench {
    let bench = Bench::new();
    bench.write_all((0..400).map(request), 5000, u64::MAX, i64::MAX / DAY);
    bench
}

fn all(bench: &Bench, asked: &Mintings, limit: usize) -> Vec<Minting> {
    let (mut all, mut before) = (Vec::new(), None);
    loop {
        let asked = Mintings {
            before,
            limit,
            ..asked.clone()
        };
        let page = mintings(bench.path(), &asked).unwrap();
        assert!(page.entries.len() <= limit);
        all.extend(page.entries);
        match page.next {
            Some(next) => {
                assert!(before.is_none_or(|before| next < before));
                before = Some(next);
            }
            None => return all,
        }
    }
}

#[test]
fn pages_with_and_without_indexes_are_what_was_written() {
    let indexed = bench();
    let plain = indexed.copied();
    let mut removed = 0;
    for segment in plain.segments() {
        removed += usize::from(std::fs::remove_file(segment.with_extension("index")).is_ok());
    }
    assert!(removed > 10);
    let text = |text: &str| Some(text.to_owned());
    let of_owner = || Mintings {
        owner_uin: OWNER,
        ..Mintings::default()
    };
    let standing = |number: u64| request(number).minted.unwrap().standing.unwrap();
    let check = |asked: Mintings, accept: &dyn Fn(u64) -> bool| {
        let wanted = (0..400_u64).rev().filter(|number| {
            number.is_multiple_of(3) && standing(*number).link.owner_uin == OWNER && accept(*number)
        });
        let wanted: Vec<_> = wanted.map(|number| format!("AKIDminted{number}")).collect();
        for (bench, limit) in [(&indexed, 1000), (&indexed, 7), (&plain, 7), (&plain, 1)] {
            let found = all(bench, &asked, limit).into_iter();
            let found: Vec<_> = found.map(|minting| minting.minted.access_key_id).collect();
            assert_eq!(found, wanted, "{asked:?}");
        }
    };
    check(of_owner(), &|_| true);
    check(
        Mintings {
            principal: Some(9),
            ..of_owner()
        },
        &|number| number % 4 == 2,
    );
    check(
        Mintings {
            user: Some(9),
            ..of_owner()
        },
        &|number| matches!(number % 4, 0 | 2),
    );
    check(
        Mintings {
            origin: text("AKIDorigin6"),
            ..of_owner()
        },
        &|number| number % 8 == 6,
    );
    check(
        Mintings {
            name: text("name-3"),
            ..of_owner()
        },
        &|number| number % 5 == 3,
    );
    let moment = 1_700_000_000_000;
    check(
        Mintings {
            expire_after: Some(moment + 400),
            ..of_owner()
        },
        &|number| number > 300,
    );
    check(
        Mintings {
            minted_from: Some(moment + 300),
            ..of_owner()
        },
        &|number| number >= 300,
    );
    check(
        Mintings {
            name: text("nobody"),
            ..of_owner()
        },
        &|_| false,
    );
}

#[test]
fn a_call_looks_at_so_many_and_says_where_to_go_on() {
    let bench = Bench::new();
    let writer = bench.writer();
    for number in 0..10_001 {
        let place = loop {
            match writer.admit() {
                Ok(place) => break place,
                Err(_) => std::thread::sleep(std::time::Duration::from_millis(1)),
            }
        };
        place.put(request(number * 6));
    }
    writer.stop().unwrap();
    let last = Mintings {
        owner_uin: OWNER,
        limit: 20_000,
        ..Mintings::default()
    };
    let page = mintings(bench.path(), &last).unwrap();
    assert_eq!(page.entries.len(), 10_000);
    let rest = Mintings {
        before: page.next,
        ..last
    };
    let page = mintings(bench.path(), &rest).unwrap();
    assert_eq!((page.entries.len(), page.next), (1, None));
    assert_eq!(page.entries[0].minted.access_key_id, "AKIDminted0");
}
