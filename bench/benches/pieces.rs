//! Single functions on the way of a request: what each costs by itself, without sockets and disk.
//!
//! `cargo test` runs each of them once, so that what is measured is also known to work.
#![expect(clippy::unwrap_used, reason = "a bench that cannot be set up has failed")]

use std::hint::black_box;
use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;

use criterion::{BatchSize, BenchmarkId, Criterion, criterion_group, criterion_main};
use daypass_access::issue::{FreshSession, federation};
use daypass_access::{
    BucketFacts, Caller, Environment, Facts, Identity, Layers, Question, StoredPolicy, decide,
};
use daypass_analysis::{Audience, Containment, LintContext, compare, lint};
use daypass_api::acl::{Acl, Grant, Grantee, Permission};
use daypass_api::attributes::Attributes;
use daypass_api::names::{
    AccessKeyId, Account, AppId, BucketName, ObjectKey, Region, SessionId, SessionName, Uin,
};
use daypass_api::object::{ETag, StorageClass};
use daypass_api::operation::{GetFederationToken, ListObjects, ObjectOperation, ReadObject};
use daypass_api::outcome::{ObjectList, ObjectSummary};
use daypass_api::{Operation, Outcome, Timestamp, secret};
use daypass_audit::record::{self, Who};
use daypass_audit::writer::{OnLoss, Pace, Setup, Writer};
use daypass_audit::{Options, SystemDisk};
use daypass_dialect::cos::{self as dialect, AnswerContext, RequestHead};
use daypass_dialect::site::{self, SiteConfig};
use daypass_policy::{Context, CosTarget, DocumentKind, OwnerAccount, Principal, Request, Resource, parse};
use daypass_signature::cos::{self, SignOptions};
use daypass_signature::{RequestView, SecretKey, Window, tc3};
use daypass_token::{Claims, KeyRing, Origin, SessionKind, open, seal};

const BUCKET: &str = "bench-1250000000";
const HOST: &str = "bench-1250000000.cos.ap-guangzhou.myqcloud.com";
const KEY: &str = "photos/2026/11/22/one.jpg";
const ACCOUNT: Account = Account {
    app_id: AppId(1_250_000_000),
    owner_uin: Uin(100_000_000_001),
};
const OWNER: OwnerAccount = OwnerAccount {
    app_id: 1_250_000_000,
    owner_uin: 100_000_000_001,
};
const NOW: i64 = 1_700_000_000;

criterion_group!(
    pieces, decisions, wildcards, policies, analyses, tokens, minting, signatures, requests, lists, records
);
criterion_main!(pieces);

/// A document of so many statements, of which the last one allows reading what lies under `photos/`, if any does.
fn document(statements: usize, matches: bool) -> String {
    let statement = |index: usize| {
        let path = match matches && index + 1 == statements {
            true => "photos/*".to_owned(),
            false => format!("elsewhere/{index}/*"),
        };
        format!(
            r#"{{"effect":"allow","action":["name/cos:GetObject","name/cos:HeadObject"],"resource":["qcs::cos:ap-guangzhou:uid/1250000000:{BUCKET}/{path}"]}}"#
        )
    };
    let statements: Vec<String> = (0..statements).map(statement).collect();
    format!(r#"{{"version":"2.0","statement":[{}]}}"#, statements.join(","))
}

/// The longest document that may be written: 6,144 characters, nearly.
fn long_document() -> String {
    let lengths = (1..).map(|count| document(count, true));
    lengths.take_while(|text| text.len() <= 6144).last().unwrap()
}

fn identity(uin: Uin) -> Identity {
    Identity {
        account: ACCOUNT,
        principal: daypass_access::Principal::User(uin),
        origin: Origin::Key {
            caller: uin,
            key: AccessKeyId::parse("AKIDEXAMPLE0123456789abcdefghijklmno").unwrap(),
        },
        session: None,
    }
}

fn facts() -> Facts {
    let grant = Grant {
        grantee: Grantee::User {
            owner_uin: ACCOUNT.owner_uin,
            uin: ACCOUNT.owner_uin,
        },
        permission: Permission::FullControl,
    };
    let bucket = BucketFacts {
        name: BucketName::parse(BUCKET).unwrap(),
        owner: ACCOUNT,
        region: Region::parse("ap-guangzhou").unwrap(),
        acl: Acl { grants: vec![grant] },
        policy: None,
        tags: Vec::new(),
        objects: Vec::new(),
    };
    Facts {
        buckets: vec![bucket],
        ..Facts::default()
    }
}

/// The whole gate for a GET of a sub-account, whose only allow is the last statement of its last policy. A document
/// holds no hundred statements, so that those are ten policies of ten, and a thousand are forty of twenty-five.
fn decisions(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("decision");
    for (documents, statements) in [(1, 1), (1, 10), (1, 13), (10, 10), (40, 25)] {
        let policy = |index| -> StoredPolicy {
            let text = document(statements, index + 1 == documents);
            Some(Arc::new(parse(&text, DocumentKind::Identity, &OWNER).unwrap()))
        };
        let layers = Layers {
            identity: (0..documents).map(policy).collect(),
            boundary: None,
            session: Default::default(),
        };
        let operation = Operation::Object(ObjectOperation::GetObject(ReadObject {
            bucket: BucketName::parse(BUCKET).unwrap(),
            key: ObjectKey::parse(KEY.as_bytes()).unwrap(),
            range: None,
            preconditions: Default::default(),
            overrides: Default::default(),
        }));
        let question = Question {
            caller: &Caller::Identified(identity(Uin(100_000_000_011))),
            layers: &layers,
            facts: &facts(),
            attributes: &Attributes::default(),
            environment: &Environment {
                ip: IpAddr::V4(Ipv4Addr::LOCALHOST),
                tls_version: None,
                now: Timestamp::from_unix_seconds(NOW),
            },
        };
        assert!(decide(&operation, &question).allowed);
        group.bench_function(BenchmarkId::from_parameter(documents * statements), |bencher| {
            bencher.iter(|| decide(black_box(&operation), black_box(&question)).allowed);
        });
        if (documents, statements) == (1, 1) {
            let decision = decide(&operation, &question);
            // Copying them takes the same memory as noting them does.
            group.bench_function("reasons", |bencher| {
                bencher.iter(|| black_box(&decision).findings.clone())
            });
        }
    }
    group.finish();
}

/// A star before each of so many bytes, against a text that has them all but for the end: what a search that tries
/// again from every place would take for ever over.
fn wildcards(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("wildcards");
    for bytes in [100, 200, 400, 800] {
        let (pattern, key) = ("*aab".repeat(bytes / 4), "aab".repeat(bytes / 3));
        let text = format!(
            r#"{{"version":"2.0","statement":[{{"effect":"allow","action":"*","resource":"qcs::cos::uid/1250000000:{BUCKET}/{pattern}*c"}}]}}"#
        );
        let policy = parse(&text, DocumentKind::Identity, &OWNER).unwrap();
        let context = Context::default();
        let request = Request {
            action: "cos:GetObject",
            resource: Resource::Cos {
                region: "ap-guangzhou",
                app_id: OWNER.app_id,
                bucket: BUCKET,
                target: CosTarget::Object { key: &key },
            },
            principal: Principal::Anonymous,
            context: &context,
        };
        assert_eq!(policy.evaluate(&request).allow, None);
        group.bench_function(BenchmarkId::from_parameter(bytes), |bencher| {
            bencher.iter(|| policy.evaluate(black_box(&request)).allow.is_some());
        });
    }
    group.finish();
}

fn policies(criterion: &mut Criterion) {
    let text = long_document();
    criterion.bench_function("policy-parse-6KiB", |bencher| {
        bencher.iter(|| parse(black_box(&text), DocumentKind::Session, &OWNER).unwrap());
    });
}

/// A document of full length as people write them: several actions and resources in a statement, with conditions.
fn mixed_document() -> String {
    const ACTIONS: [&str; 7] = [
        "GetObject",
        "PutObject",
        "UploadPart",
        "ListParts",
        "GetBucket",
        "Get*",
        "HeadObject",
    ];
    const PATHS: [&str; 5] = ["users/{n}/*", "*.jpg", "app/*/thumb/*", "a*", "tmp/{n}*"];
    const CONDITIONS: [&str; 4] = [
        "",
        r#","condition":{"numeric_less_than_equal":{"cos:content-length":5242880}}"#,
        r#","condition":{"string_like":{"cos:content-type":"image/*"}}"#,
        r#","condition":{"bool_equal":{"cos:secure-transport":"true"}}"#,
    ];
    fn pick<'l>(list: &[&'l str], index: usize) -> &'l str {
        list.iter().cycle().nth(index).unwrap()
    }
    let statement = |index: usize| {
        let effect = if index % 5 == 4 { "deny" } else { "allow" };
        let actions: Vec<String> = (0..4)
            .map(|more| format!(r#""cos:{}""#, pick(&ACTIONS, index * 3 + more)))
            .collect();
        let resource = |more: usize| {
            let path = pick(&PATHS, index + more).replace("{n}", &index.to_string());
            format!(
                r#""qcs::cos:ap-guangzhou:uid/1250000000:photos{}-1250000000/{path}""#,
                index % 3
            )
        };
        let (actions, one, other) = (actions.join(","), resource(0), resource(2));
        let condition = pick(&CONDITIONS, index);
        format!(r#"{{"effect":"{effect}","action":[{actions}],"resource":[{one},{other}]{condition}}}"#)
    };
    let document = |count| {
        let statements: Vec<String> = (0..count).map(statement).collect();
        format!(r#"{{"version":"2.0","statement":[{}]}}"#, statements.join(","))
    };
    let lengths = (1..).map(document);
    lengths.take_while(|text| text.len() <= 6144).last().unwrap()
}

/// Documents of full length: one in the other, with stars at the end and with stars in between, the other not in the
/// one, and what lint says to one of them.
fn analyses(criterion: &mut Criterion) {
    let text = long_document();
    let read = |text: &str| parse(text, DocumentKind::Identity, &OWNER).unwrap();
    let (plain, narrow) = (read(&text), read(&text.replace("/*", "/a")));
    let mixed = read(&mixed_document());
    assert_eq!(compare(&mixed, &mixed), Containment::Contained);
    let starry = read(&text.replace("elsewhere/", "else*/"));
    assert_eq!(compare(&plain, &narrow), Containment::Contained);
    assert_eq!(compare(&starry, &plain), Containment::Contained);
    assert!(matches!(compare(&narrow, &plain), Containment::NotContained(_)));
    let mut group = criterion.benchmark_group("analysis");
    for (name, wide, narrow) in [
        ("compare-contained-6KiB", &plain, &narrow),
        ("compare-stars-within-6KiB", &starry, &plain),
        ("compare-mixed-6KiB", &mixed, &mixed),
        ("compare-witness-6KiB", &narrow, &plain),
    ] {
        group.bench_function(name, |bencher| {
            bencher.iter(|| compare(black_box(wide), black_box(narrow)));
        });
    }
    let context = LintContext {
        audience: Audience::FrontEnd,
        owner: OWNER,
        duration_seconds: None,
        by_root: false,
        bucket_region: None,
        end_user: None,
        permissions: None,
    };
    group.bench_function("lint-6KiB", |bencher| {
        bencher.iter(|| lint(black_box(Some(&text)), &context))
    });
    group.finish();
}

fn ring() -> KeyRing {
    KeyRing::new(Timestamp::from_unix_seconds(NOW), &[7; 32])
}

fn claims(policies: Vec<String>) -> Claims {
    Claims {
        kind: SessionKind::Federation,
        session_id: SessionId([3; 16]),
        secret: secret::SecretKey::new("0123456789abcdef0123456789abcdef".to_owned()),
        account: ACCOUNT,
        principal: daypass_token::Principal::User(ACCOUNT.owner_uin),
        origin: identity(ACCOUNT.owner_uin).origin,
        ancestors: Vec::new(),
        name: "bench".to_owned(),
        issued: Timestamp::from_unix_seconds(NOW),
        expires: Timestamp::from_unix_seconds(NOW + 1800),
        session_policies: policies,
        tags: Vec::new(),
        source_identity: None,
    }
}

fn tokens(criterion: &mut Criterion) {
    let ring = ring();
    for statements in [0, 1, 13] {
        let policies = (statements > 0).then(|| document(statements, true));
        let claims = claims(policies.into_iter().collect());
        let sealed = seal(&ring, &claims, &[5; 12]).unwrap();
        criterion.bench_function(&format!("token-seal-{statements}"), |bencher| {
            bencher.iter(|| seal(&ring, black_box(&claims), &[5; 12]).unwrap());
        });
        let token = sealed.token.expose();
        criterion.bench_function(&format!("token-open-{statements}"), |bencher| {
            bencher.iter(|| open(&ring, &sealed.access_key_id, black_box(token)).unwrap());
        });
    }
}

/// All of GetFederationToken but HTTP, signature and randomness.
fn minting(criterion: &mut Criterion) {
    let (ring, identity) = (ring(), identity(ACCOUNT.owner_uin));
    let request = GetFederationToken {
        name: SessionName::parse("bench").unwrap(),
        policy: Some(document(1, true)),
        duration_seconds: Some(1800),
    };
    let fresh = || FreshSession {
        id: SessionId([3; 16]),
        secret: secret::SecretKey::new("0123456789abcdef0123456789abcdef".to_owned()),
        salt: [5; 12],
    };
    let now = Timestamp::from_unix_seconds(NOW);
    criterion.bench_function("mint", |bencher| {
        bencher.iter_batched(
            fresh,
            |fresh| federation(&identity, black_box(&request), 1800, fresh, &ring, now).unwrap(),
            BatchSize::SmallInput,
        );
    });
}

fn signatures(criterion: &mut Criterion) {
    let secret = SecretKey::new("SecretKeyExample0123456789abcdef".to_owned());
    let window = Window::new(NOW, NOW + 3600).unwrap();
    let path = format!("/{KEY}");
    let unsigned: [(&str, &[u8]); 1] = [("Host", HOST.as_bytes())];
    let view = RequestView::new("GET", &path, "", &unsigned).unwrap();
    let text = cos::sign(&view, "AKIDEXAMPLE", &secret, &SignOptions::standard(window));
    let headers: [(&str, &[u8]); 2] = [("Host", HOST.as_bytes()), ("Authorization", text.as_bytes())];
    criterion.bench_function("cos-verify", |bencher| {
        bencher.iter(|| {
            let view = RequestView::new("GET", black_box(&path), "", &headers).unwrap();
            let claim = cos::claim(&view).unwrap().unwrap();
            assert!(claim.verify(&view, &secret, &[]));
        });
    });

    let body = format!(
        r#"{{"Name":"bench","Policy":{:?},"DurationSeconds":1800}}"#,
        document(1, true)
    );
    let timestamp = NOW.to_string();
    let unsigned: [(&str, &[u8]); 3] = [
        ("Host", b"sts.tencentcloudapi.com"),
        ("Content-Type", b"application/json"),
        ("X-TC-Timestamp", timestamp.as_bytes()),
    ];
    let view = RequestView::new("POST", "/", "", &unsigned).unwrap();
    let text = tc3::sign(&view, body.as_bytes(), "AKIDEXAMPLE", &secret, "sts", NOW).unwrap();
    let mut headers = unsigned.to_vec();
    headers.push(("Authorization", text.as_bytes()));
    criterion.bench_function("tc3-verify", |bencher| {
        bencher.iter(|| {
            let view = RequestView::new("POST", "/", "", black_box(&headers)).unwrap();
            let claim = tc3::claim(&view).unwrap().unwrap();
            assert!(claim.verify(&view, body.as_bytes(), &secret, "sts", &[]));
        });
    });
}

/// From the head of a GET to the operation.
fn requests(criterion: &mut Criterion) {
    let config = SiteConfig::new(
        Region::parse("ap-guangzhou").unwrap(),
        &[IpAddr::V4(Ipv4Addr::LOCALHOST)],
        &[],
    );
    let mut headers = http::HeaderMap::new();
    headers.insert("host", HOST.parse().unwrap());
    headers.insert("user-agent", "cos-python-sdk-v5".parse().unwrap());
    headers.insert("accept", "*/*".parse().unwrap());
    let path = format!("/{KEY}");
    criterion.bench_function("read-get", |bencher| {
        bencher.iter(|| {
            let head = RequestHead {
                method: "GET",
                path: black_box(&path),
                query: "",
                headers: &headers,
            };
            dialect::read(&head, &site::resolve(black_box(HOST), &config)).unwrap()
        });
    });
}

/// The document of a listing with a full page.
fn lists(criterion: &mut Criterion) {
    let object = |index: u64| ObjectSummary {
        key: ObjectKey::parse(format!("photos/2026/11/22/{index:06}.jpg").as_bytes()).unwrap(),
        last_modified: Timestamp::from_unix_seconds(NOW),
        etag: ETag::from_md5([9; 16]),
        length: 4096 + index,
        storage_class: StorageClass::Standard,
    };
    let list = Outcome::Objects(ObjectList {
        request: ListObjects {
            bucket: BucketName::parse(BUCKET).unwrap(),
            prefix: "photos/".to_owned(),
            delimiter: String::new(),
            marker: String::new(),
            max_keys: 1000,
            url_encoding: false,
        },
        region: Region::parse("ap-guangzhou").unwrap(),
        owner: ACCOUNT.app_id,
        objects: (0..1000).map(object).collect(),
        common_prefixes: Vec::new(),
        next_marker: None,
    });
    let context = AnswerContext {
        request_id: "NjU1N2Y4MDBfMDAwMF8wMDAwXzAwMDA=",
        now: Timestamp::from_unix_seconds(NOW),
        scheme: "http",
        host: HOST,
        path: "/",
        path_style: false,
    };
    criterion.bench_function("write-list-1000", |bencher| {
        bencher.iter(|| dialect::write(black_box(&list), &context).unwrap());
    });
}

/// What a request spends on its record; the chain and the disk follow on another thread.
fn records(criterion: &mut Criterion) {
    let folder = tempfile::tempdir().unwrap();
    let writer = Writer::start(Setup {
        options: Options::keeping(folder.path().to_owned(), 64 * 1024 * 1024, 1),
        pace: Pace::default(),
        on_loss: OnLoss::Continue,
        disk: Box::new(SystemDisk),
        fresh: [1; 16],
        clock: Arc::new(|| NOW * 1000),
        complain: |_| {},
    })
    .unwrap();
    let record = recorded();
    criterion.bench_function("audit-put", |bencher| {
        bencher.iter(|| writer.admit().unwrap().put(black_box(record.clone())));
    });
    writer.stop().unwrap();
}

fn recorded() -> record::Request {
    let session = record::Session {
        session_id: "0a".repeat(16),
        session_name: "bench".to_owned(),
        original_uin: ACCOUNT.owner_uin.0,
        original_access_key_id: "AKIDroot0123456789".to_owned(),
        ..record::Session::default()
    };
    record::Request {
        time: NOW * 1000,
        request_id: "NjU1M2YxMDBfMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAw".to_owned(),
        method: "GET".to_owned(),
        operation: Some("cos:GetObject".to_owned()),
        ip: "127.0.0.1".to_owned(),
        who: Some(Who {
            proven: true,
            app_id: ACCOUNT.app_id.0,
            owner_uin: ACCOUNT.owner_uin.0,
            uin: ACCOUNT.owner_uin.0,
            access_key_id: "AKIDbench0123456789".to_owned(),
            session: Some(session),
            ..Who::default()
        }),
        bucket: Some(BUCKET.to_owned()),
        key: Some(KEY.to_owned()),
        status: 200,
        bytes_out: 4096,
        ..record::Request::default()
    }
}
