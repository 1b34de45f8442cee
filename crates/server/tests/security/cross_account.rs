//! Several root accounts in one store: who makes them, and what one may do with what is another's.

use daypass_testkit::TestServer;
use serde_json::{Value, json};

use crate::bucket_policy::put;
use crate::kit::{Key, Request, act, call, code, expect, host_of, mint, policy, server, user};

const DENIED: &str = "AuthFailure.UnauthorizedOperation";
const NOTHING: (&str, &[&str], &[&str]) = ("allow", &["cos:NoSuchAction"], &["*"]);
const EVERYTHING: (&str, &[&str], &[&str]) = ("allow", &["*"], &["*"]);

/// Another account.
pub(crate) struct Account {
    pub(crate) owner_uin: u64,
    app_id: u64,
    pub(crate) root: Key,
}

impl Account {
    async fn new(server: &TestServer) -> Self {
        let made = call(server, &Key::root(), "CreateRootAccount", json!({})).await;
        let text = |name: &str| made[name].as_str().unwrap_or_else(|| panic!("{made}"));
        Self {
            owner_uin: made["OwnerUin"].as_u64().unwrap(),
            app_id: made["AppId"].as_u64().unwrap(),
            root: Key::permanent(text("SecretId"), text("SecretKey")),
        }
    }

    pub(crate) fn principal(&self) -> String {
        format!("qcs::cam::uin/{0}:uin/{0}", self.owner_uin)
    }

    fn user_principal(&self, uin: u64) -> String {
        format!("qcs::cam::uin/{}:uin/{uin}", self.owner_uin)
    }

    /// A sub-account of it, with these permissions.
    pub(crate) async fn user(&self, server: &TestServer, name: &str, document: &str) -> (u64, Key) {
        let made = call(
            server,
            &self.root,
            "AddUser",
            json!({ "Name": name, "UseApi": 1 }),
        )
        .await;
        let uin = made["Uin"].as_u64().unwrap_or_else(|| panic!("{made}"));
        let id = made["SecretId"].as_str().unwrap();
        let key = Key::permanent(id, made["SecretKey"].as_str().unwrap());
        let new = json!({ "PolicyName": format!("of-{name}"), "PolicyDocument": document });
        let made = call(server, &self.root, "CreatePolicy", new).await;
        let attach = json!({ "AttachUin": uin, "PolicyId": made["PolicyId"] });
        assert_eq!(
            code(&call(server, &self.root, "AttachUserPolicy", attach).await),
            ""
        );
        (uin, key)
    }
}

/// A store with two accounts, an object in the first one's bucket, and the second account.
pub(crate) async fn two_accounts() -> (TestServer, Account) {
    let server = server().await;
    expect(
        &act(&server, &Key::root(), "PUT", "/k", b"secret bytes").await,
        200,
        "",
    );
    let other = Account::new(&server).await;
    (server, other)
}

async fn in_bucket(
    server: &TestServer,
    key: &Key,
    method: &str,
    bucket: &str,
    target: &str,
) -> crate::wire::Answer {
    let host = host_of(server, bucket);
    let request = Request::new(server, method, target).instead("Host", Some(&host));
    let request = if method == "PUT" {
        request.body(if target == "/" { b"" } else { b"x" })
    } else {
        request
    };
    request.sign(server, key).send(server).await
}

#[tokio::test]
async fn accounts_are_the_operator_s_affair() {
    let (server, other) = two_accounts().await;
    let root = Key::root();
    let admin = user(&server, "admin", &policy(&[EVERYTHING])).await;
    let session = mint(&server, &root, None, 1800).await;
    let (_, foreign_admin) = other.user(&server, "admin", &policy(&[EVERYTHING])).await;
    let calls = [
        ("CreateRootAccount", json!({})),
        ("ListRootAccounts", json!({})),
        ("GetRootAccount", json!({ "OwnerUin": other.owner_uin })),
        (
            "UpdateRootAccount",
            json!({ "OwnerUin": other.owner_uin, "Status": "Disabled" }),
        ),
    ];
    for (action, parameters) in &calls {
        for key in [&admin.key, &session, &other.root, &foreign_admin] {
            let answer = call(&server, key, action, parameters.clone()).await;
            assert_eq!(code(&answer), DENIED, "{action}");
        }
    }
    let all = call(&server, &root, "ListRootAccounts", json!({})).await;
    let all: Vec<_> = all["Accounts"]
        .as_array()
        .unwrap()
        .iter()
        .map(|account| account["OwnerUin"].as_u64())
        .collect();
    assert_eq!(all, [Some(100_000_000_001), Some(other.owner_uin)]);
    assert_eq!(other.app_id, 1_250_000_001);
    server.stop().await;
}

#[tokio::test]
async fn numbers_are_given_once() {
    let (server, other) = two_accounts().await;
    let root = Key::root();
    let create = async |parameters: Value| call(&server, &root, "CreateRootAccount", parameters).await;
    for taken in [
        json!({ "AppId": 1_250_000_000 }),
        json!({ "AppId": other.app_id }),
        json!({ "OwnerUin": 1 }),
        json!({ "OwnerUin": 100_000_000_001_u64 }),
        json!({ "OwnerUin": other.owner_uin }),
    ] {
        assert_eq!(
            code(&create(taken.clone()).await),
            "InvalidParameter.AccountInUse",
            "{taken}"
        );
    }
    for wrong in [
        json!({ "AppId": 0 }),
        json!({ "OwnerUin": -1 }),
        json!({ "AppId": 1_000_000_000_000_000_u64 }),
    ] {
        assert_eq!(
            code(&create(wrong.clone()).await),
            "InvalidParameter.ParamError",
            "{wrong}"
        );
    }
    assert_eq!(code(&create(json!({ "Name": "x" })).await), "UnknownParameter");
    let made = create(json!({ "AppId": 7, "OwnerUin": 200_000_000_000_u64 })).await;
    assert_eq!(
        (made["AppId"].as_u64(), made["OwnerUin"].as_u64()),
        (Some(7), Some(200_000_000_000))
    );
    // Users of any account are numbered after it.
    let user = user(&server, "late", &policy(&[NOTHING])).await;
    assert!(user.uin > 200_000_000_000);
    // The operator is who it was, also after a start.
    let server = server.restart().await;
    let all = call(&server, &root, "ListRootAccounts", json!({})).await;
    assert_eq!(all["Accounts"].as_array().unwrap().len(), 3);
    server.stop().await;
}

#[tokio::test]
async fn a_disabled_account_signs_nothing_and_nobody_disables_the_operator() {
    let (server, other) = two_accounts().await;
    let root = Key::root();
    let (_, user) = other.user(&server, "ann", &policy(&[EVERYTHING])).await;
    let session = mint(&server, &other.root, None, 1800).await;
    let bucket = format!("theirs-{}", other.app_id);
    expect(
        &in_bucket(&server, &other.root, "PUT", &bucket, "/").await,
        200,
        "",
    );
    let update = async |owner: u64, status: &str| {
        let parameters = json!({ "OwnerUin": owner, "Status": status });
        code(&call(&server, &root, "UpdateRootAccount", parameters).await).to_owned()
    };
    assert_eq!(
        update(100_000_000_001, "Disabled").await,
        "FailedOperation.AccountIsOperator"
    );
    assert_eq!(update(5, "Disabled").await, "ResourceNotFound.AccountNotExist");
    assert_eq!(update(other.owner_uin, "Off").await, "InvalidParameterValue");
    assert_eq!(update(other.owner_uin, "Disabled").await, "");
    for key in [&other.root, &user, &session] {
        expect(
            &in_bucket(&server, key, "GET", &bucket, "/").await,
            403,
            "InvalidAccessKeyId",
        );
    }
    assert_eq!(update(other.owner_uin, "Active").await, "");
    for key in [&other.root, &user, &session] {
        expect(&in_bucket(&server, key, "GET", &bucket, "/").await, 200, "");
    }
    server.stop().await;
}

#[tokio::test]
async fn buckets_bear_the_number_of_the_account_that_makes_them() {
    let (server, other) = two_accounts().await;
    let root = Key::root();
    let theirs = format!("photos-{}", other.app_id);
    expect(
        &in_bucket(&server, &root, "PUT", &theirs, "/").await,
        403,
        "AccessDenied",
    );
    expect(
        &in_bucket(&server, &other.root, "PUT", "more-1250000000", "/").await,
        403,
        "AccessDenied",
    );
    expect(
        &in_bucket(&server, &other.root, "PUT", "more-1250000099", "/").await,
        403,
        "AccessDenied",
    );
    expect(
        &in_bucket(&server, &other.root, "PUT", &theirs, "/").await,
        200,
        "",
    );
    // The operator's root is a stranger to them.
    for (method, target) in [
        ("GET", "/"),
        ("PUT", "/k"),
        ("GET", "/?policy"),
        ("DELETE", "/?policy"),
        ("DELETE", "/"),
    ] {
        expect(
            &in_bucket(&server, &root, method, &theirs, target).await,
            403,
            "AccessDenied",
        );
    }
    let listed = Request::new(&server, "GET", "/").instead("Host", Some(&server.address().to_string()));
    let listed = listed.sign(&server, &other.root).send(&server).await;
    let text = String::from_utf8(listed.body).unwrap();
    assert!(text.contains(&theirs) && !text.contains("1250000000"), "{text}");
    server.stop().await;
}

#[tokio::test]
async fn another_account_s_numbers_lead_nowhere() {
    let (server, other) = two_accounts().await;
    let victim = user(&server, "victim", &policy(&[NOTHING])).await;
    for uin in [victim.uin, 100_000_000_001] {
        for (action, parameters) in [
            ("CreateAccessKey", json!({ "TargetUin": uin })),
            ("ListAccessKeys", json!({ "TargetUin": uin })),
            (
                "DeleteAccessKey",
                json!({ "TargetUin": uin, "AccessKeyId": victim.key.id }),
            ),
            ("AttachUserPolicy", json!({ "AttachUin": uin, "PolicyId": 1 })),
            ("ListAttachedUserPolicies", json!({ "TargetUin": uin })),
        ] {
            let answer = call(&server, &other.root, action, parameters).await;
            assert_ne!(code(&answer), "", "{action} {uin}: {answer}");
        }
    }
    for (action, parameters) in [
        ("GetPolicy", json!({ "PolicyId": victim.policy })),
        ("DeletePolicy", json!({ "PolicyId": [victim.policy] })),
        ("GetUser", json!({ "Name": "victim" })),
        ("DeleteUser", json!({ "Name": "victim", "Force": 1 })),
    ] {
        let answer = call(&server, &other.root, action, parameters).await;
        assert_ne!(code(&answer), "", "{action}: {answer}");
    }
    let still = call(&server, &victim.key, "GetCallerIdentity", json!({})).await;
    assert_eq!(code(&still), "");
    server.stop().await;
}

#[tokio::test]
async fn a_stranger_needs_both_sides() {
    let (server, other) = two_accounts().await;
    let named = "qcs::cos::uid/1250000000:photos-1250000000/*";
    let reading = policy(&[("allow", &["cos:GetObject"], &[named])]);
    let (trusted_uin, trusted) = other.user(&server, "trusted", &reading).await;
    let (plain_uin, plain) = other.user(&server, "plain", &policy(&[NOTHING])).await;
    let whole = mint(&server, &trusted, None, 1800).await;
    let get = async |key: &Key| act(&server, key, "GET", "/k", b"").await;
    // Their own side alone is nothing.
    for key in [&other.root, &trusted, &plain, &whole] {
        expect(&get(key).await, 403, "AccessDenied");
    }
    // The bucket names their root: it may, and with it those whom they let.
    put(&server, &[("allow", &other.principal(), "cos:GetObject")]).await;
    for key in [&other.root, &trusted, &whole] {
        expect(&get(key).await, 200, "");
    }
    expect(&get(&plain).await, 403, "AccessDenied");
    expect(
        &act(&server, &other.root, "PUT", "/k", b"x").await,
        403,
        "AccessDenied",
    );
    expect(
        &act(&server, &other.root, "GET", "/?policy", b"").await,
        403,
        "AccessDenied",
    );
    // The bucket names a user: still both are needed.
    for (uin, key, status) in [(trusted_uin, &trusted, 200), (plain_uin, &plain, 403)] {
        put(&server, &[("allow", &other.user_principal(uin), "cos:GetObject")]).await;
        let answer = get(key).await;
        assert_eq!(answer.status, status, "{uin}");
        expect(&get(&other.root).await, 403, "AccessDenied");
    }
    // Theirs named in a policy of my bucket as somebody of my account is nobody.
    put(
        &server,
        &[(
            "allow",
            &format!("qcs::cam::uin/100000000001:uin/{trusted_uin}"),
            "cos:GetObject",
        )],
    )
    .await;
    expect(&get(&trusted).await, 403, "AccessDenied");
    // Denied by name, whatever everybody may, and however public it is.
    put(
        &server,
        &[
            ("allow", "qcs::cam::anyone:anyone", "cos:GetObject"),
            ("deny", &other.user_principal(trusted_uin), "cos:GetObject"),
        ],
    )
    .await;
    expect(&get(&trusted).await, 403, "AccessDenied");
    expect(&get(&whole).await, 403, "AccessDenied");
    expect(&get(&plain).await, 200, "");
    // A denial of their root binds them all.
    put(
        &server,
        &[
            ("deny", &other.principal(), "cos:*"),
            ("allow", &other.user_principal(trusted_uin), "cos:GetObject"),
        ],
    )
    .await;
    for key in [&other.root, &trusted, &whole] {
        expect(&get(key).await, 403, "AccessDenied");
    }
    server.stop().await;
}

#[tokio::test]
async fn a_stranger_s_session_is_cut_by_its_policy() {
    let (server, other) = two_accounts().await;
    put(&server, &[("allow", &other.principal(), "cos:*")]).await;
    let whole = mint(&server, &other.root, None, 1800).await;
    let reading = policy(&[("allow", &["cos:GetObject"], &["*"])]);
    let narrow = mint(&server, &other.root, Some(&reading), 1800).await;
    for key in [&whole, &narrow] {
        expect(&act(&server, key, "GET", "/k", b"").await, 200, "");
    }
    expect(
        &act(&server, &narrow, "PUT", "/k", b"x").await,
        403,
        "AccessDenied",
    );
    expect(&act(&server, &whole, "PUT", "/k", b"x").await, 200, "");
    // A copy takes the right on both sides.
    let theirs = format!("theirs-{}", other.app_id);
    expect(
        &in_bucket(&server, &other.root, "PUT", &theirs, "/").await,
        200,
        "",
    );
    let copy = |key: &Key| {
        Request::new(&server, "PUT", "/copy")
            .instead("Host", Some(&host_of(&server, &theirs)))
            .header("x-cos-copy-source", "photos-1250000000.localhost/k")
            .header("Content-Length", "0")
            .sign(&server, key)
    };
    expect(&copy(&other.root).send(&server).await, 200, "");
    put(&server, &[("allow", &other.principal(), "cos:PutObject")]).await;
    expect(&copy(&other.root).send(&server).await, 403, "AccessDenied");
    server.stop().await;
}

#[tokio::test]
async fn what_a_stranger_uploads_is_the_bucket_owner_s() {
    let (server, other) = two_accounts().await;
    let root = Key::root();
    put(&server, &[("allow", &other.principal(), "cos:PutObject")]).await;
    for preset in [
        "default",
        "private",
        "bucket-owner-read",
        "bucket-owner-full-control",
    ] {
        let request = Request::new(&server, "PUT", "/theirs").header("x-cos-acl", preset);
        let request = request.body(b"x").sign(&server, &other.root);
        expect(&request.send(&server).await, 200, "");
        expect(&act(&server, &root, "GET", "/theirs", b"").await, 200, "");
        let acl = act(&server, &root, "GET", "/theirs?acl", b"").await;
        let text = String::from_utf8(acl.body).unwrap();
        assert!(text.contains("uin/100000000001:uin/100000000001"), "{text}");
        assert!(!text.contains(&other.owner_uin.to_string()), "{text}");
        // Having written it gives no right to read it.
        for target in ["/theirs", "/theirs?acl"] {
            expect(
                &act(&server, &other.root, "GET", target, b"").await,
                403,
                "AccessDenied",
            );
        }
        expect(
            &act(&server, &other.root, "DELETE", "/theirs", b"").await,
            403,
            "AccessDenied",
        );
    }
    server.stop().await;
}
