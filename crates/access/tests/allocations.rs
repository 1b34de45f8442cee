//! How often memory is taken to find out who asks: a temporary key whose token is open already costs hardly more than a
//! permanent one, however long its token and however many policies it has.

#![expect(
    clippy::unwrap_used,
    unsafe_code,
    reason = "a test may fail by panicking; counting what is taken needs an allocator, which is unsafe by its trait"
)]

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::sync::Arc;

use daypass_access::credential::{KeyRecord, Opened, present};
use daypass_access::verify::{Claim, Signed};
use daypass_api::Timestamp;
use daypass_api::names::{AccessKeyId, Account, AppId, SessionId, Uin};
use daypass_api::secret::SecretKey;
use daypass_signature::{RequestView, Window, cos};
use daypass_token::{Claims, KeyRing, Origin, Principal, SessionKind, seal};

const SECRET: &str = "a-secret-of-thirty-two-characters";
const BEGAN: i64 = 1_700_000_000;

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
        // SAFETY: the place came from `System`, by the method above or below.
        unsafe { System.dealloc(place, layout) }
    }

    unsafe fn realloc(&self, place: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        TAKEN.set(TAKEN.get() + 1);
        // SAFETY: the place came from `System`, by one of the methods above.
        unsafe { System.realloc(place, layout, size) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

const ACCOUNT: Account = Account {
    app_id: AppId(1_250_000_000),
    owner_uin: Uin(100),
};

fn original_key() -> AccessKeyId {
    AccessKeyId::parse("AKIDroot0123456789").unwrap()
}

fn record() -> KeyRecord {
    KeyRecord {
        id: original_key(),
        account: ACCOUNT,
        uin: Uin(100),
        active: true,
        secret: SecretKey::new(SECRET.to_owned()),
    }
}

fn claims(policies: usize) -> Claims {
    let statement = r#"{"effect":"allow","action":["cos:GetObject"],"resource":["*"]}"#;
    let statements = vec![statement; policies].join(",");
    let policy = format!(r#"{{"version":"2.0","statement":[{statements}]}}"#);
    Claims {
        kind: SessionKind::Federation,
        session_id: SessionId([9; 16]),
        secret: SecretKey::new(SECRET.to_owned()),
        account: ACCOUNT,
        principal: Principal::User(Uin(100)),
        origin: Origin::Key {
            caller: Uin(100),
            key: original_key(),
        },
        ancestors: Vec::new(),
        name: "session".to_owned(),
        issued: Timestamp::from_unix_seconds(BEGAN),
        expires: Timestamp::from_unix_seconds(BEGAN + 3600),
        session_policies: if policies == 0 { Vec::new() } else { vec![policy] },
        tags: Vec::new(),
        source_identity: None,
    }
}

/// How often memory is taken from the head of a request to a verified credential.
fn taken(key_id: &str, token: Option<&str>, opened: Option<&Arc<Opened>>) -> usize {
    let mut headers: Vec<(&str, &[u8])> = vec![("host", b"photos-1250000000.cos.ap-guangzhou.example.com")];
    headers.extend(token.map(|token| ("x-cos-security-token", token.as_bytes())));
    let secret = daypass_signature::SecretKey::new(SECRET.to_owned());
    let window = Window::parse(&format!("{BEGAN};{}", BEGAN + 600)).unwrap();
    let view = RequestView::new("GET", "/a/b", "", &headers).unwrap();
    let signature = cos::sign(&view, key_id, &secret, &cos::SignOptions::standard(window));
    headers.push(("authorization", signature.as_bytes()));
    let view = RequestView::new("GET", "/a/b", "", &headers).unwrap();
    let record = record();

    let before = TAKEN.get();
    let claim = Claim::Cos(cos::claim(&view).unwrap().unwrap());
    let presented = present(claim.key_id(), claim.token(), |_, _| {
        Ok(Arc::clone(opened.unwrap()))
    })
    .unwrap();
    assert!(presented.roles().is_empty());
    let credential = presented.join(Some(&record), true, None, &[]).unwrap();
    let signed = Signed {
        view: &view,
        body: b"",
        parameters: &[],
        service: "",
        hosts: &[],
    };
    let now = Timestamp::from_unix_seconds(BEGAN + 1);
    claim.verify(&signed, &credential, now).unwrap();
    TAKEN.get() - before
}

#[test]
fn a_temporary_key_takes_memory_twice_more_at_most() {
    let permanent = taken(original_key().as_str(), None, None);
    assert!(permanent > 0);
    let ring = KeyRing::new(Timestamp::from_unix_seconds(BEGAN), &[7; 32]);
    for policies in [0, 1, 13] {
        let sealed = seal(&ring, &claims(policies), &[3; 12]).unwrap();
        let (key_id, token) = (&sealed.access_key_id, sealed.token.expose());
        let opened = Opened::open(&ring, key_id, token, |_, _| None).unwrap();
        let temporary = taken(key_id.as_str(), Some(token), Some(&Arc::new(opened)));
        assert!(
            temporary <= permanent + 2,
            "{temporary} with {policies} statements, {permanent} with the permanent key"
        );
    }
}
