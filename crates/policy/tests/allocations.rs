//! Matching takes no memory: whatever the document says, and whatever a request of legal size asks.

#![expect(
    clippy::unwrap_used,
    unsafe_code,
    reason = "a test may fail by panicking; counting what is taken needs an allocator, which is unsafe by its trait"
)]

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;

use daypass_policy::{
    Context, CosTarget, DocumentKind, OwnerAccount, Policy, Principal, QueryText, Request, Resource, Tag,
    parse,
};

thread_local! {
    static TAKEN: Cell<usize> = const { Cell::new(0) };
}

/// The system's allocator, which counts for each thread.
struct Counting;

// SAFETY: every call is handed on as it is, so the system's allocator keeps the contract; counting takes no memory.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        TAKEN.set(TAKEN.get() + 1);
        // SAFETY: the caller keeps the contract of `alloc`.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, place: *mut u8, layout: Layout) {
        // SAFETY: the place came from `System`, by the method above.
        unsafe { System.dealloc(place, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

const OWNER: OwnerAccount = OwnerAccount {
    app_id: 1_250_000_000,
    owner_uin: 900,
};

fn policy(statements: &str) -> Policy {
    let text = format!(r#"{{"version":"2.0","statement":[{statements}]}}"#);
    parse(&text, DocumentKind::Identity, &OWNER).unwrap()
}

/// One document is asked about every kind of resource; `allowed` of them are covered.
fn check(statements: &str, allowed: usize) {
    let policy = policy(statements);
    let tags = [Tag {
        key: "team",
        value: "a",
    }];
    let long = "k".repeat(850);
    let query = QueryText {
        raw: "photos%2fa",
        decoded: "photos/a",
    };
    let context = Context {
        current_time: Some(1_700_000_000),
        ip: Some([10, 1, 2, 3].into()),
        content_length: Some("5242880"),
        content_type: Some("image/png"),
        prefix: Some(query),
        resource_tags: &tags,
        ..Context::default()
    };
    let cos = |target| Resource::Cos {
        region: "ap-guangzhou",
        app_id: OWNER.app_id,
        bucket: "photos-1250000000",
        target,
    };
    let resources = [
        cos(CosTarget::Bucket),
        cos(CosTarget::Object { key: &long }),
        cos(CosTarget::Listing { prefix: "photos/a" }),
        Resource::Cam {
            owner_uin: 900,
            path: "uin/901",
        },
        Resource::Role {
            owner_uin: 900,
            id: "46",
            name: "dev",
        },
        Resource::Operation,
    ];
    let principal = Principal::Account {
        owner_uin: 900,
        uin: 901,
    };
    let asked = |resource| Request {
        action: "cos:GetObject",
        resource,
        principal,
        context: &context,
    };
    let before = TAKEN.get();
    assert!(
        before > 0,
        "compiling takes memory, so that it must have been counted"
    );
    let matched = resources
        .into_iter()
        .filter(|resource| policy.evaluate(&asked(*resource)).allow.is_some())
        .count();
    let taken = TAKEN.get() - before;
    assert_eq!((matched, taken), (allowed, 0), "{statements}");
}

#[test]
fn matching_takes_no_memory() {
    check(r#"{"effect":"allow","action":"*","resource":"*"}"#, 6);
    check(
        r#"{"effect":"allow","action":["cos:Put*","cos:*Object"],"resource":"qcs::cos:ap-*:uid/1250000000:*k*k*k"}"#,
        1,
    );
    check(
        r#"{"effect":"allow","action":"cos:getobject","resource":["qcs::cam::uin/900:uin/${uin}","qcs::cam::uin/900:role/*"]}"#,
        2,
    );
    check(
        r#"{"effect":"allow","action":"*","resource":"*","condition":{
            "string_like":{"cos:prefix":["photos%2F*"],"cos:content-type":"image/*"},
            "ip_equal":{"qcs:ip":["10.0.0.0/8","::1"]},
            "numeric_less_than_equal":{"cos:content-length":5242880},
            "date_less_than":{"qcs:current_time":"2033-01-01T00:00:00Z"},
            "for_any_value:string_equal":{"qcs:resource_tag":"team&a"}}}"#,
        6,
    );
    let many: Vec<String> = (0..60)
        .map(|place| {
            format!(r#"{{"effect":"allow","action":"*","resource":"qcs::cam::uin/900:uin/{place}*"}}"#)
        })
        .collect();
    check(&many.join(","), 1);
}
