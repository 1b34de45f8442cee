//! `Debug` of whatever holds a secret: none of it shows one, and no new type can without being looked at here.

use std::fmt::Debug;
use std::path::{Path, PathBuf};

use daypass_access::credential::KeyRecord;
use daypass_access::issue::FreshSession;
use daypass_api::Timestamp;
use daypass_api::names::{AccessKeyId, Account, AppId, SessionId, Uin};
use daypass_api::operation::AccessKeyStatus;
use daypass_api::outcome::{AccessKey, NewAccessKey, Outcome, SessionToken, TemporaryKey};
use daypass_api::secret::{SecretKey, SecretText};
use daypass_dialect::api3;
use daypass_dialect::cos::RequestHead;
use daypass_signature::{RequestView, SentToken, cos};
use daypass_store::identity::{KeyMaterial, WrappedKeyRing, WrappedSecret};
use daypass_token::{KeyRing, MasterKey, MasterKeys, Sealed};

use crate::spellings::{holds, spellings};

const CANARY: &str = "canaryCANARYcanaryCANARYcanary99";

fn check(shown: impl Debug) {
    for text in [format!("{shown:?}"), format!("{shown:#?}")] {
        for canary in spellings(CANARY.as_bytes()) {
            assert!(!holds(text.as_bytes(), &canary), "{text}");
        }
        assert!(!text.contains(&CANARY[..12]), "{text}");
    }
}

fn secret() -> SecretKey {
    SecretKey::new(CANARY.to_owned())
}

fn id() -> AccessKeyId {
    AccessKeyId::parse("AKIDexample0123456789").unwrap()
}

const ACCOUNT: Account = Account {
    app_id: AppId(1_250_000_000),
    owner_uin: Uin(100),
};

#[test]
fn no_secret_shows_in_what_holds_it() {
    let token = || SessionToken::new(CANARY.to_owned());
    let now = Timestamp::from_unix_seconds(1_700_000_000);
    check((secret(), SecretText::new(CANARY.to_owned()), token()));
    check(daypass_signature::SecretKey::new(CANARY.to_owned()));
    check(SentToken::new(CANARY.to_owned()));
    let key = *CANARY.as_bytes().first_chunk::<32>().unwrap();
    check(MasterKeys::new(MasterKey::new(&key)).succeeded_by(MasterKey::new(&key)));
    check(KeyRing::new(now, &key));
    check(Sealed {
        access_key_id: id(),
        token: token(),
    });
    let wrapped = || CANARY.as_bytes().to_vec().into();
    check(WrappedKeyRing { wrapped: wrapped() });
    check(KeyMaterial {
        id: id(),
        secret: secret(),
        wrapped: WrappedSecret { wrapped: wrapped() },
    });
    check(KeyRecord {
        id: id(),
        account: ACCOUNT,
        uin: Uin(100),
        active: true,
        secret: secret(),
    });
    check(FreshSession {
        id: SessionId([1; 16]),
        secret: secret(),
        salt: [1; 12],
    });
}

#[test]
fn no_secret_shows_in_an_outcome_or_its_answer() {
    let now = Timestamp::from_unix_seconds(1_700_000_000);
    let access_key = AccessKey {
        id: id(),
        status: AccessKeyStatus::Active,
        created: now,
        description: String::new(),
    };
    let outcomes = [
        Outcome::TemporaryKey(TemporaryKey {
            access_key_id: id(),
            secret_key: secret(),
            token: SessionToken::new(CANARY.to_owned()),
            expires: now,
            judgement: None,
        }),
        Outcome::AccessKeyCreated(NewAccessKey {
            access_key,
            secret_key: secret(),
        }),
    ];
    let spelling = api3::Spelling::of_path("/");
    for outcome in outcomes {
        let answer = api3::write(&outcome, spelling, "request");
        assert!(
            holds(&answer.body, CANARY.as_bytes()),
            "it is in the answer itself"
        );
        check(answer);
        check(outcome);
    }
}

#[test]
fn no_token_or_signature_shows_in_a_request() {
    let authorization = format!(
        "q-sign-algorithm=sha1&q-ak=AKIDexample0123456789&q-sign-time=1;2&q-key-time=1;2&q-header-list=&\
         q-url-param-list=&q-signature={CANARY}"
    );
    let pairs = [
        ("authorization", authorization.as_bytes()),
        ("x-cos-security-token", CANARY.as_bytes()),
    ];
    let query = format!("x-cos-security-token={CANARY}");
    let view = RequestView::new("GET", "/a", &query, &pairs).unwrap();
    check(cos::claim(&view).unwrap().unwrap());
    check(view.parameters().to_vec());
    check(&view);
    let mut headers = http::HeaderMap::new();
    headers.insert("authorization", CANARY.parse().unwrap());
    check(RequestHead {
        method: "GET",
        path: "/a",
        query: &query,
        headers: &headers,
    });
}

/// Fields by whose names a secret could hide, in types that say nothing of it.
const TELLING: [&str; 8] = [
    "secret",
    "token",
    "signature",
    "authorization",
    "password",
    "parameters",
    "query",
    "headers",
];
/// What may derive `Debug` all the same, as `Type.field`.
const KNOWN: [(&str, &str); 10] = [
    ("RootSeed.secret_id", "an id"),
    ("Settings.root_secret_id", "an id"),
    ("Profile.secret_id", "an id"),
    ("CorsRule.headers", "names of headers"),
    ("CorsGrant.headers", "names of headers"),
    ("Preflight.headers", "names of headers"),
    (
        "AnswerParts.headers",
        "answers of the object store tell no secret",
    ),
    ("Answer.headers", "headers of our own answers"),
    ("RequestParts.query", "a request before it is signed"),
    ("RequestParts.headers", "a request before it is signed"),
];

#[test]
fn no_type_shows_a_plain_text_that_is_named_like_a_secret() {
    let crates = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    let (mut seen, mut wrong) = (0, Vec::new());
    for file in sources(crates) {
        let text = std::fs::read_to_string(&file).unwrap();
        for (name, body) in shown_structs(&text) {
            seen += 1;
            for line in body.lines() {
                let Some((field, kind)) = line.trim().split_once(": ") else {
                    continue;
                };
                let field = field.rsplit(' ').next().unwrap_or(field);
                let place = format!("{name}.{field}");
                let is_plain = ["String", "str", "Bytes", "u8", "HeaderMap", "Json"]
                    .iter()
                    .any(|plain| kind.contains(plain));
                let is_telling = TELLING.iter().any(|part| field.contains(part));
                if is_plain && is_telling && !KNOWN.iter().any(|(known, _)| *known == place) {
                    wrong.push(format!("{}: {place}: {kind}", file.display()));
                }
            }
        }
    }
    assert!(seen > 200, "{seen}");
    assert!(wrong.is_empty(), "{wrong:#?}");
}

fn sources(crates: &Path) -> Vec<PathBuf> {
    let (mut folders, mut files) = (vec![crates.to_owned()], Vec::new());
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            let name = path.file_name().unwrap().to_str().unwrap();
            match (path.is_dir(), name) {
                (true, "tests" | "target") => {}
                (true, _) => folders.push(path),
                (false, name) if name.ends_with(".rs") && !name.contains("test") => files.push(path),
                (false, _) => {}
            }
        }
    }
    files
}

/// Name and fields of each struct that derives `Debug`.
fn shown_structs(text: &str) -> Vec<(&str, &str)> {
    let mut found = Vec::new();
    for part in text.split("#[derive(").skip(1) {
        let Some((derived, rest)) = part.split_once(")]") else {
            continue;
        };
        let Some((before, item)) = rest.split_once("struct ") else {
            continue;
        };
        // Another item comes first, or what is derived is something else.
        if !derived.contains("Debug") || before.contains(['{', ';']) {
            continue;
        }
        let name = item.split(|c: char| !c.is_alphanumeric() && c != '_').next();
        let end = item.find("\n}").unwrap_or(0);
        found.push((name.unwrap_or(""), &item[..end]));
    }
    found
}
