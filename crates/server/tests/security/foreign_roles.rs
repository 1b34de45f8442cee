//! Roles, users and sessions of one account at the buckets of another: both sides must allow, either may deny, a session
//! policy narrows, and whoever is not named is nobody.

use daypass_testkit::TestServer;
use serde_json::{Value, json};

use crate::acting::{TRUSTS_ROOT, role};
use crate::bucket_policy::put;
use crate::cross_account::{Account, two_accounts};
use crate::kit::{Key, Request, act, call, code, expect, key_of, mint, policy};

const HERE: &str = "qcs::cam::uin/100000000001";
const ANYONE: &str = "qcs::cam::anyone:anyone";
const ANONYMOUS: &str = "qcs::cam::anonymous:anonymous";
const GET: &str = "cos:GetObject";
const ASSUME: (&str, &[&str], &[&str]) = ("allow", &["sts:AssumeRole"], &["*"]);
/// What a policy of another account must name: `*` is all of its own.
const BUCKET_HERE: &str = "qcs::cos::uid/1250000000:photos-1250000000/*";
const GUEST: &str = "qcs::cam::uin/100000000001:roleName/guest";
const READ: (&str, &[&str], &[&str]) = ("allow", &[GET], &[BUCKET_HERE]);
/// As a session policy says it, which may not name what is another account's.
const READ_ANY: (&str, &[&str], &[&str]) = ("allow", &[GET], &["*"]);
const NOT_READ: (&str, &[&str], &[&str]) = ("deny", &[GET], &["*"]);
const WRITE: (&str, &[&str], &[&str]) = ("allow", &["cos:PutObject"], &["*"]);
const EVERYTHING: (&str, &[&str], &[&str]) = ("allow", &["*"], &["*"]);
const NOTHING: (&str, &[&str], &[&str]) = ("allow", &["cos:NoSuchAction"], &["*"]);

/// Who has the right of its own account to read, and is not held back by a session policy.
const ABLE: [&str; 7] = [
    "root",
    "root session",
    "ann",
    "ann's session",
    "reader",
    "reader, reading",
    "helper",
];

async fn succeed(server: &TestServer, key: &Key, action: &str, parameters: Value) -> Value {
    let answer = call(server, key, action, parameters).await;
    assert_eq!(code(&answer), "", "{action}: {answer}");
    answer
}

/// A role of the other account, with these permissions; its number.
async fn foreign_role(server: &TestServer, other: &Account, name: &str, document: &str) -> String {
    let trust = TRUSTS_ROOT.replace("100000000001", &other.owner_uin.to_string());
    let new = json!({ "RoleName": name, "PolicyDocument": trust });
    let made = succeed(server, &other.root, "CreateRole", new).await;
    let id = made["RoleId"].as_str().unwrap().to_owned();
    let new = json!({ "PolicyName": format!("of-role-{id}"), "PolicyDocument": document });
    let policy = succeed(server, &other.root, "CreatePolicy", new).await;
    let attach = json!({ "AttachRoleId": id, "PolicyId": policy["PolicyId"] });
    succeed(server, &other.root, "AttachRolePolicy", attach).await;
    id
}

async fn assume(server: &TestServer, by: &Key, owner: u64, name: &str, narrowed: Option<&str>) -> Value {
    let mut parameters = json!({
        "RoleArn": format!("qcs::cam::uin/{owner}:roleName/{name}"),
        "RoleSessionName": "session",
    });
    if let Some(document) = narrowed {
        parameters["Policy"] = json!(document);
    }
    call(server, by, "AssumeRole", parameters).await
}

/// Everybody of the other account who comes, by name.
struct Callers {
    keys: Vec<(&'static str, Key)>,
    ann: u64,
    bob: u64,
    reader: String,
}

impl Callers {
    async fn new(server: &TestServer, other: &Account) -> Self {
        let (ann_uin, ann) = other.user(server, "ann", &policy(&[READ])).await;
        let (bob_uin, bob) = other.user(server, "bob", &policy(&[NOTHING])).await;
        let reader = foreign_role(server, other, "reader", &policy(&[READ, ASSUME])).await;
        foreign_role(server, other, "helper", &policy(&[READ])).await;
        foreign_role(server, other, "idle", &policy(&[NOTHING])).await;
        foreign_role(server, other, "denied", &policy(&[READ, NOT_READ])).await;
        let as_role = async |name, narrowed: Option<String>| {
            let owner = other.owner_uin;
            key_of(&assume(server, &other.root, owner, name, narrowed.as_deref()).await)
        };
        let reading = Some(policy(&[READ_ANY, ASSUME]));
        let reader_whole = as_role("reader", None).await;
        let helper = assume(server, &reader_whole, other.owner_uin, "helper", None).await;
        let keys = vec![
            ("root", other.root.clone()),
            ("root session", mint(server, &other.root, None, 1800).await),
            ("ann", ann.clone()),
            ("ann's session", mint(server, &ann, None, 1800).await),
            (
                "ann's, writing",
                mint(server, &ann, Some(&policy(&[WRITE])), 1800).await,
            ),
            ("bob", bob),
            ("reader", reader_whole),
            ("reader, reading", as_role("reader", reading).await),
            ("reader, writing", as_role("reader", Some(policy(&[WRITE]))).await),
            (
                "reader, denied",
                as_role("reader", Some(policy(&[EVERYTHING, NOT_READ]))).await,
            ),
            // Of a chain: the reader's session acts as the helper.
            ("helper", key_of(&helper)),
            ("idle", as_role("idle", None).await),
            ("denied", as_role("denied", None).await),
        ];
        Self {
            keys,
            ann: ann_uin,
            bob: bob_uin,
            reader,
        }
    }

    fn key(&self, name: &str) -> &Key {
        let found = self.keys.iter().find(|(known, _)| *known == name);
        &found.unwrap().1
    }

    /// Fails unless, under this policy of the bucket, exactly these may read.
    async fn check(&self, server: &TestServer, statements: &[(&str, &str, &str)], expected: &[&str]) {
        put(server, statements).await;
        let mut allowed = Vec::new();
        for (name, key) in &self.keys {
            let answer = act(server, key, "GET", "/k", b"").await;
            match answer.status {
                200 => allowed.push(*name),
                _ => expect(&answer, 403, "AccessDenied"),
            }
            // Reading is all that is given.
            expect(&act(server, key, "PUT", "/k", b"x").await, 403, "AccessDenied");
            expect(
                &act(server, key, "GET", "/?policy", b"").await,
                403,
                "AccessDenied",
            );
        }
        let in_order = |names: &[&str]| {
            let mut names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
            names.sort();
            names
        };
        assert_eq!(in_order(&allowed), in_order(expected), "{statements:?}");
    }
}

fn without<'n>(names: &[&'n str], taken: &[&str]) -> Vec<&'n str> {
    let kept = names.iter().filter(|name| !taken.contains(name));
    kept.copied().collect()
}

#[tokio::test]
async fn both_accounts_must_allow_whoever_the_bucket_names() {
    let (server, other) = two_accounts().await;
    let callers = Callers::new(&server, &other).await;
    let theirs = format!("qcs::cam::uin/{}", other.owner_uin);
    let named = |who: &str| format!("{theirs}:{who}");
    // Without a policy nobody has anything here.
    for (_, key) in &callers.keys {
        expect(&act(&server, key, "GET", "/k", b"").await, 403, "AccessDenied");
    }
    let (ann, bob) = (format!("uin/{}", callers.ann), format!("uin/{}", callers.bob));
    let by_id = format!("role/{}", callers.reader);
    let of_ann = ["ann", "ann's session"];
    let of_reader = ["reader", "reader, reading"];
    let cases: [(String, &[&str]); 12] = [
        (named("root"), &ABLE),
        (other.principal(), &ABLE),
        (named(&ann), &of_ann),
        (named(&bob), &[]),
        (named("uin/*"), &of_ann),
        (named("roleName/reader"), &of_reader),
        (named(&by_id), &of_reader),
        (named("roleName/helper"), &["helper"]),
        (named("roleName/idle"), &[]),
        (named("roleName/denied"), &[]),
        // Names of this account are not theirs.
        (format!("{HERE}:roleName/reader"), &[]),
        (format!("{HERE}:root"), &[]),
    ];
    for (principal, expected) in &cases {
        callers
            .check(&server, &[("allow", principal, GET)], expected)
            .await;
    }
    server.stop().await;
}

#[tokio::test]
async fn either_account_denies() {
    let (server, other) = two_accounts().await;
    let callers = Callers::new(&server, &other).await;
    let theirs = format!("qcs::cam::uin/{}", other.owner_uin);
    let root = format!("{theirs}:root");
    let by_name = format!("{theirs}:roleName/reader");
    let by_id = format!("{theirs}:role/{}", callers.reader);
    let ann = format!("{theirs}:uin/{}", callers.ann);
    let of_reader = ["reader", "reader, reading"];
    let allow = ("allow", root.as_str(), GET);
    for reader in [&by_name, &by_id] {
        let rest = without(&ABLE, &of_reader);
        let deny = ("deny", reader.as_str(), GET);
        callers.check(&server, &[allow, deny], &rest).await;
        // In any order, and whatever is said to anybody.
        callers
            .check(&server, &[deny, allow, ("deny", ANYONE, GET)], &rest)
            .await;
        callers
            .check(&server, &[("deny", ANYONE, GET), deny, allow], &rest)
            .await;
    }
    let rest = without(&ABLE, &["ann", "ann's session"]);
    callers
        .check(&server, &[allow, ("deny", &ann, "cos:*")], &rest)
        .await;
    callers
        .check(&server, &[("deny", &root, GET), ("allow", &by_name, GET)], &[])
        .await;
    callers
        .check(&server, &[("deny", &root, GET), ("allow", ANYONE, GET)], &[])
        .await;
    server.stop().await;
}

#[tokio::test]
async fn a_denial_for_anyone_binds_unsigned_requests_only() {
    let (server, other) = two_accounts().await;
    let callers = Callers::new(&server, &other).await;
    let root = format!("qcs::cam::uin/{}:root", other.owner_uin);
    let unsigned = async |status, code| {
        let answer = Request::new(&server, "GET", "/k").send(&server).await;
        expect(&answer, status, code);
    };
    callers
        .check(&server, &[("allow", &root, GET), ("deny", ANYONE, GET)], &ABLE)
        .await;
    unsigned(403, "AccessDenied").await;
    // What is allowed to anyone counts for those who sign, but not as if they had not signed.
    callers
        .check(&server, &[("allow", ANYONE, GET), ("deny", ANYONE, GET)], &ABLE)
        .await;
    unsigned(403, "AccessDenied").await;
    callers
        .check(
            &server,
            &[("allow", ANYONE, GET), ("deny", ANONYMOUS, GET)],
            &ABLE,
        )
        .await;
    unsigned(403, "AccessDenied").await;
    // Public: whoever is denied by nobody may, a session that says nothing of it, too.
    let names: Vec<&str> = callers.keys.iter().map(|(name, _)| *name).collect();
    let not_denied = without(&names, &["denied", "reader, denied"]);
    for everybody in [ANYONE, ANONYMOUS] {
        callers
            .check(&server, &[("allow", everybody, GET)], &not_denied)
            .await;
        unsigned(200, "").await;
    }
    server.stop().await;
}

#[tokio::test]
async fn both_sides_are_asked_at_every_request() {
    let (server, other) = two_accounts().await;
    let callers = Callers::new(&server, &other).await;
    let by_name = format!("qcs::cam::uin/{}:roleName/reader", other.owner_uin);
    let by_id = format!("qcs::cam::uin/{}:role/{}", other.owner_uin, callers.reader);
    let session = callers.key("reader");
    let get = async |key: &Key| act(&server, key, "GET", "/k", b"").await;
    put(&server, &[("allow", &by_name, GET)]).await;
    expect(&get(session).await, 200, "");

    // Their side: what the role may.
    let attached = json!({ "RoleId": callers.reader, "Page": 1, "Rp": 10 });
    let attached = succeed(&server, &other.root, "ListAttachedRolePolicies", attached).await;
    let id = attached["List"][0]["PolicyId"].clone();
    let detach = json!({ "DetachRoleId": callers.reader, "PolicyId": id });
    succeed(&server, &other.root, "DetachRolePolicy", detach).await;
    expect(&get(session).await, 403, "AccessDenied");
    let attach = json!({ "AttachRoleId": callers.reader, "PolicyId": id });
    succeed(&server, &other.root, "AttachRolePolicy", attach).await;
    expect(&get(session).await, 200, "");

    // Our side: what the bucket lets them. Theirs is not ours to end.
    let ended = json!({ "TmpSecretIds": [session.id] });
    succeed(&server, &Key::root(), "RevokeSession", ended.clone()).await;
    expect(&get(session).await, 200, "");
    expect(
        &act(&server, &Key::root(), "DELETE", "/?policy", b"").await,
        204,
        "",
    );
    expect(&get(session).await, 403, "AccessDenied");
    put(&server, &[("allow", &by_name, GET)]).await;
    expect(&get(session).await, 200, "");
    succeed(&server, &other.root, "RevokeSession", ended).await;
    expect(&get(session).await, 403, "AccessDenied");

    // A role that is made anew has the name, but not the number.
    let again = async || {
        succeed(
            &server,
            &other.root,
            "DeleteRole",
            json!({ "RoleName": "reader" }),
        )
        .await;
        foreign_role(&server, &other, "reader", &policy(&[READ])).await;
        key_of(&assume(&server, &other.root, other.owner_uin, "reader", None).await)
    };
    let old = callers.key("reader, reading");
    expect(&get(old).await, 200, "");
    let new = again().await;
    assert_ne!(get(old).await.status, 200);
    expect(&get(&new).await, 200, "");
    put(&server, &[("allow", &by_id, GET)]).await;
    expect(&get(&new).await, 403, "AccessDenied");
    server.stop().await;
}

#[tokio::test]
async fn a_role_here_that_somebody_there_acts_as_is_of_this_account() {
    let (server, other) = two_accounts().await;
    let theirs = format!("qcs::cam::uin/{}", other.owner_uin);
    let trust = TRUSTS_ROOT.replace("qcs::cam::uin/100000000001", &theirs);
    role(&server, "guest", &trust, &policy(&[READ])).await;
    let (_, able) = other
        .user(
            &server,
            "able",
            &policy(&[("allow", &["sts:AssumeRole"], &[GUEST])]),
        )
        .await;
    let (_, unable) = other.user(&server, "unable", &policy(&[READ])).await;
    let guest = async |by: &Key, narrowed: Option<&str>| {
        assume(&server, by, 100_000_000_001, "guest", narrowed).await
    };
    assert_eq!(code(&guest(&unable, None).await), "UnauthorizedOperation");
    assert_eq!(code(&guest(&Key::root(), None).await), "UnauthorizedOperation");
    let whole = key_of(&guest(&able, None).await);
    let writing = key_of(&guest(&able, Some(&policy(&[WRITE]))).await);
    let get = async |key: &Key| act(&server, key, "GET", "/k", b"").await;
    // No policy of the bucket is needed, and the one who acts has no right of its own.
    expect(&get(&whole).await, 200, "");
    expect(&get(&writing).await, 403, "AccessDenied");
    expect(
        &act(&server, &writing, "PUT", "/k", b"x").await,
        403,
        "AccessDenied",
    );
    expect(&get(&able).await, 403, "AccessDenied");
    // It is the role that is denied, not the account of the one who acts.
    put(&server, &[("deny", &format!("{theirs}:root"), GET)]).await;
    expect(&get(&whole).await, 200, "");
    for principal in [format!("{HERE}:roleName/guest"), format!("{HERE}:root")] {
        put(&server, &[("deny", &principal, GET)]).await;
        expect(&get(&whole).await, 403, "AccessDenied");
    }
    server.stop().await;
}
