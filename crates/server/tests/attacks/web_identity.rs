//! Keys on the word of an identity provider, attacked: whose word counts, for whom, and until when.

use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use daypass_testkit::TestServer;
use serde_json::{Value, json};

use crate::acting::role;
use crate::issuer::{Manner, RsaKey, SigningKey, TestIssuer, unsigned};
use crate::kit::{
    Key, Request, act, action_request, call, code, expect, key_of, now, policy, response, server,
};
use crate::one_store::{engines, gateway};

const OWNER: u64 = 100_000_000_001;
const BAD_TOKEN: &str = "InvalidParameter.WebIdentityTokenError";
const DENIED: &str = "UnauthorizedOperation";

fn trusts(conditions: Value) -> String {
    json!({ "version": "2.0", "statement": [{
        "effect": "allow",
        "action": "name/sts:AssumeRoleWithWebIdentity",
        "principal": { "federated": [format!("qcs::cam::uin/{OWNER}:oidc-provider/company")] },
        "condition": conditions,
    }] })
    .to_string()
}

fn allows(actions: &[&str]) -> String {
    policy(&[("allow", actions, &["*"])])
}

/// A server that trusts an issuer with this one key, and a role that trusts the provider.
pub(crate) struct Scene {
    pub(crate) server: TestServer,
    issuer: TestIssuer,
    key: SigningKey,
}

impl Scene {
    async fn new() -> Self {
        Self::at(server().await).await
    }

    pub(crate) async fn at(server: TestServer) -> Self {
        let key = SigningKey::new("one");
        let issuer = TestIssuer::start(Manner::Keys(vec![key.public()])).await;
        let scene = Self { server, issuer, key };
        scene.root("CreateOIDCConfig", scene.settings()).await;
        let trust = trusts(json!({ "string_equal": { "oidc:sub": "alice", "oidc:aud": "daypass" } }));
        role(
            &scene.server,
            "photos",
            &trust,
            &allows(&["cos:*", "sts:AssumeRole"]),
        )
        .await;
        assert_eq!(
            act(&scene.server, &Key::root(), "PUT", "/k", b"bytes")
                .await
                .status,
            200
        );
        scene
    }

    fn settings(&self) -> Value {
        json!({
            "Name": "company", "IdentityUrl": self.issuer.url(), "ClientId": ["daypass", "other"],
            "AutoRotateKey": 1,
        })
    }

    pub(crate) async fn root(&self, action: &str, parameters: Value) -> Value {
        let answer = call(&self.server, &Key::root(), action, parameters).await;
        assert_eq!(code(&answer), "", "{action}: {answer}");
        answer
    }

    pub(crate) fn token_of(&self, subject: &str) -> String {
        self.key.token(&self.key.head(), &self.but("sub", subject))
    }

    fn claims(&self) -> Value {
        let now = now(&self.server);
        json!({ "iss": self.issuer.url(), "sub": "alice", "aud": "daypass", "iat": now, "exp": now + 300 })
    }

    fn but(&self, name: &str, value: impl Into<Value>) -> Value {
        let mut claims = self.claims();
        claims[name] = value.into();
        claims
    }

    pub(crate) fn token(&self) -> String {
        self.key.token(&self.key.head(), &self.claims())
    }

    pub(crate) async fn assume(&self, token: &str) -> Value {
        self.assume_with(token, json!({})).await
    }

    async fn assume_with(&self, token: &str, more: Value) -> Value {
        response(&self.request(token, more).send(&self.server).await)
    }

    fn request(&self, token: &str, more: Value) -> Request {
        let mut parameters = json!({
            "ProviderId": "company",
            "WebIdentityToken": token,
            "RoleArn": format!("qcs::cam::uin/{OWNER}:roleName/photos"),
            "RoleSessionName": "session",
            "DurationSeconds": 1800,
        });
        for (name, value) in more.as_object().unwrap() {
            parameters[name] = value.clone();
        }
        let action = "AssumeRoleWithWebIdentity";
        action_request(&self.server, &Key::root(), action, &parameters.to_string())
            .instead("Authorization", Some("SKIP"))
    }

    #[track_caller]
    fn check(&self, answer: &Value, expected: &str, what: &str) {
        assert_eq!(code(answer), expected, "{what}: {answer}");
    }
}

#[tokio::test]
async fn a_token_becomes_a_session_of_the_role() {
    let scene = Scene::new().await;
    let minted = scene.assume(&scene.token()).await;
    let session = key_of(&minted);
    assert_eq!(minted["ExpiredTime"], now(&scene.server) + 1800);
    expect(&act(&scene.server, &session, "GET", "/k", b"").await, 200, "");
    let who = call(&scene.server, &session, "GetCallerIdentity", json!({})).await;
    assert_eq!(who["Type"], "CAMRole", "{who}");
    assert_eq!(who["PrincipalId"], OWNER.to_string(), "{who}");
    // Narrowed, it may do less.
    let narrow = allows(&["cos:HeadObject"]);
    let session = key_of(
        &scene
            .assume_with(&scene.token(), json!({ "Policy": narrow }))
            .await,
    );
    assert_eq!(act(&scene.server, &session, "HEAD", "/k", b"").await.status, 200);
    expect(
        &act(&scene.server, &session, "GET", "/k", b"").await,
        403,
        "AccessDenied",
    );
    assert_eq!(scene.issuer.asked(), 1, "keys are kept");
    let refused = act_as(&scene, &session, "photos").await;
    scene.check(&refused, DENIED, "a role that does not trust roles");
    scene.server.stop().await;
}

/// What a session is told that wants to act as another role.
pub(crate) async fn act_as(scene: &Scene, session: &Key, role: &str) -> Value {
    let arn = format!("qcs::cam::uin/{OWNER}:roleName/{role}");
    let chained = json!({ "RoleArn": arn, "RoleSessionName": "next" });
    call(&scene.server, session, "AssumeRole", chained).await
}

/// Makes a role that trusts the one of the scene.
pub(crate) async fn next_role(scene: &Scene) {
    let trust = crate::acting::TRUSTS_ROOT.replace(":root", ":roleName/photos");
    role(&scene.server, "next", &trust, &allows(&["cos:*"])).await;
}

#[tokio::test]
async fn a_chain_of_roles_loses_neither_policy_nor_provider() {
    let scene = Scene::new().await;
    next_role(&scene).await;
    let narrow = allows(&["cos:HeadObject", "sts:AssumeRole"]);
    let policy = json!({ "Policy": narrow });
    let first = key_of(&scene.assume_with(&scene.token(), policy).await);
    let second = key_of(&act_as(&scene, &first, "next").await);
    assert_eq!(act(&scene.server, &second, "HEAD", "/k", b"").await.status, 200);
    let refused = act(&scene.server, &second, "GET", "/k", b"").await;
    expect(&refused, 403, "AccessDenied");
    // Neither may make keys in ways that would forget whom it descends from, nor change identities.
    for key in [&first, &second] {
        for (action, parameters) in [
            (
                "GetFederationToken",
                json!({ "Name": "x", "DurationSeconds": 1800 }),
            ),
            ("GetSessionToken", json!({})),
            ("DeleteOIDCConfig", json!({ "Name": "company" })),
        ] {
            let answer = call(&scene.server, key, action, parameters).await;
            assert_ne!(code(&answer), "", "{action}: {answer}");
        }
    }
    scene.root("DeleteOIDCConfig", json!({ "Name": "company" })).await;
    for key in [&first, &second] {
        assert_eq!(act(&scene.server, key, "HEAD", "/k", b"").await.status, 403);
    }
    scene.server.stop().await;
}

/// Nobody signs this action, and so nothing else makes the gateway look at the ring.
#[tokio::test]
async fn a_gateway_seals_under_the_ring_that_all_have_by_now() {
    let engines = engines();
    let here = gateway(&engines).await;
    assert_eq!(act(&here, &Key::root(), "PUT", "/", b"").await.status, 200);
    let scene = Scene::at(here).await;
    let (here, there) = (&scene.server, gateway(&engines).await);
    for _ in 0..3 {
        let ended = call(&there, &Key::root(), "EndAllSessions", json!({})).await;
        assert_eq!(code(&ended), "", "{ended}");
        let session = key_of(&scene.assume(&scene.token()).await);
        for server in [&there, here] {
            expect(&act(server, &session, "GET", "/k", b"").await, 200, "");
        }
    }
    let exchanged = call(&there, &Key::root(), "RotateMasterKey", json!({})).await;
    assert_eq!(code(&exchanged), "", "{exchanged}");
    let refused = scene.assume(&scene.token()).await;
    scene.check(
        &refused,
        "ServiceUnavailable",
        "it has no master key for the ring",
    );
}

#[tokio::test]
async fn m27_what_is_wrong_with_a_web_identity_token() {
    let scene = Scene::new().await;
    let (key, now) = (&scene.key, now(&scene.server));
    let stranger = SigningKey::new("one");
    let with_claims = |claims: Value| key.token(&key.head(), &claims);
    let with_head = |name: &str, value: Value| {
        let mut head = key.head();
        head[name] = value;
        key.token(&head, &scene.claims())
    };
    let none = unsigned(&json!({ "alg": "none" }), &scene.claims());
    let wrong = [
        ("no token", "x".to_owned()),
        ("alg none", format!("{none}.")),
        ("a stranger's key", stranger.token(&stranger.head(), &scene.claims())),
        ("expired", with_claims(scene.but("exp", now - 60))),
        ("without an end", with_claims(scene.but("exp", Value::Null))),
        ("not yet", with_claims(scene.but("nbf", now + 600))),
        ("another audience", with_claims(scene.but("aud", "somebody"))),
        ("another issuer", with_claims(scene.but("iss", "http://127.0.0.1:1"))),
        ("no subject", with_claims(scene.but("sub", ""))),
        ("a path for a key", with_head("kid", json!("../../dev/null"))),
        ("an injection for a key", with_head("kid", json!("x' UNION SELECT 'k"))),
        ("a long name of a key", with_head("kid", json!("k".repeat(10_000)))),
        ("a number for a key", with_head("kid", json!(1))),
        ("critical", with_head("crit", json!(["x"]))),
        ("keys from elsewhere", stranger.token(
            &json!({ "alg": "ES256", "kid": "two", "jku": "http://127.0.0.1:1/keys", "jwk": stranger.public() }),
            &scene.claims(),
        )),
        ("too long", "a".repeat(20_000)),
    ];
    for (what, token) in wrong {
        scene.check(&scene.assume(&token).await, BAD_TOKEN, what);
    }
    // Genuine, but the role does not trust these.
    scene.check(
        &scene.assume(&with_claims(scene.but("sub", "bob"))).await,
        DENIED,
        "another subject",
    );
    scene.check(
        &scene.assume(&with_claims(scene.but("aud", "other"))).await,
        DENIED,
        "another client",
    );
    for arn in ["roleName/nobody", "role/1"] {
        let arn = json!({ "RoleArn": format!("qcs::cam::uin/{OWNER}:{arn}") });
        scene.check(
            &scene.assume_with(&scene.token(), arn).await,
            DENIED,
            "no such role",
        );
    }
    for more in [
        json!({ "ProviderId": "nobody" }),
        json!({ "RoleArn": "qcs::cam::uin/7:roleName/photos" }),
    ] {
        scene.check(
            &scene.assume_with(&scene.token(), more).await,
            BAD_TOKEN,
            "no such provider",
        );
    }
    scene.check(
        &scene.assume(&scene.token()).await,
        "",
        "a good one is taken still",
    );
    scene.server.stop().await;
}

#[tokio::test]
async fn m27_a_public_key_is_no_shared_secret() {
    let scene = Scene::new().await;
    let key = RsaKey::new();
    let keys = json!({ "keys": [key.public()] }).to_string();
    let mut settings = scene.settings();
    settings["AutoRotateKey"] = 0.into();
    settings["IdentityKey"] = STANDARD.encode(keys).into();
    scene.root("UpdateOIDCConfig", settings).await;
    scene.check(&scene.assume(&key.token(&scene.claims())).await, "", "RS256");
    scene.check(
        &scene.assume(&key.confused(&scene.claims())).await,
        BAD_TOKEN,
        "HS256",
    );
    scene.check(
        &scene.assume(&scene.token()).await,
        BAD_TOKEN,
        "the issuer's keys do not count",
    );
    assert_eq!(
        scene.issuer.asked(),
        0,
        "an issuer whose keys were given is not asked"
    );
    scene.server.stop().await;
}

#[tokio::test]
async fn only_this_action_is_not_signed() {
    let scene = Scene::new().await;
    for action in [
        "AssumeRole",
        "GetCallerIdentity",
        "DescribeOIDCConfig",
        "ListUsers",
    ] {
        let request = action_request(&scene.server, &Key::root(), action, "{\"Name\":\"company\"}")
            .instead("Authorization", Some("SKIP"));
        let answer = response(&request.send(&scene.server).await);
        assert!(code(&answer).starts_with("AuthFailure."), "{action}: {answer}");
    }
    for authorization in [
        None,
        Some("skip"),
        Some("SKIP "),
        Some("TC3-HMAC-SHA256 Credential=x"),
    ] {
        let request = scene.request(&scene.token(), json!({}));
        let request = request.instead("Authorization", authorization);
        let answer = response(&request.send(&scene.server).await);
        // Blanks around a header's value are not part of it.
        let expected = if authorization == Some("SKIP ") {
            ""
        } else {
            "AuthFailure.InvalidAuthorization"
        };
        scene.check(&answer, expected, &format!("{authorization:?}"));
    }
    let signed = call(
        &scene.server,
        &Key::root(),
        "AssumeRoleWithWebIdentity",
        json!({}),
    )
    .await;
    scene.check(&signed, "AuthFailure.InvalidAuthorization", "signed");
    scene.server.stop().await;
}

#[tokio::test]
async fn keys_change_and_issuers_fail() {
    let scene = Scene::new().await;
    scene.check(&scene.assume(&scene.token()).await, "", "the first key");
    let second = SigningKey::new("two");
    let fresh = |scene: &Scene| second.token(&second.head(), &scene.claims());
    scene.issuer.behave(Manner::Keys(vec![second.public()]));
    scene.server.clock.advance_seconds(31);
    scene.check(&scene.assume(&fresh(&scene)).await, "", "a new key is asked for");
    scene.check(
        &scene.assume(&scene.token()).await,
        BAD_TOKEN,
        "the old one is gone",
    );
    scene.issuer.behave(Manner::Down);
    scene.server.clock.advance_seconds(3600);
    scene.check(
        &scene.assume(&fresh(&scene)).await,
        "",
        "kept keys count for a while",
    );
    scene.server.clock.advance_seconds(6 * 3600);
    scene.check(&scene.assume(&fresh(&scene)).await, BAD_TOKEN, "and not longer");
    for manner in [Manner::Huge, Manner::Redirect(scene.issuer.url() + "/other")] {
        scene.issuer.behave(manner);
        scene.server.clock.advance_seconds(31);
        scene.check(&scene.assume(&fresh(&scene)).await, BAD_TOKEN, "no keys");
    }
    scene.issuer.behave(Manner::Keys(vec![second.public()]));
    scene.server.clock.advance_seconds(31);
    scene.check(&scene.assume(&fresh(&scene)).await, "", "well again");
    scene.server.stop().await;
}

#[tokio::test]
async fn a_slow_issuer_makes_nobody_else_wait() {
    let scene = Scene::new().await;
    let keys = vec![scene.key.public()];
    scene
        .issuer
        .behave(Manner::Slow(Duration::from_millis(700), keys));
    let token = scene.token();
    let other = async {
        tokio::time::sleep(Duration::from_millis(100)).await;
        act(&scene.server, &Key::root(), "GET", "/k", b"").await.status
    };
    let (one, two) = {
        let waiting = async { tokio::join!(scene.assume(&token), scene.assume(&token)) };
        tokio::pin!(waiting);
        let before = tokio::select! {
            _ = &mut waiting => None,
            status = other => Some(status),
        };
        assert_eq!(before, Some(200), "answered while the issuer is still thinking");
        waiting.await
    };
    scene.check(&one, "", "slow");
    scene.check(&two, "", "slow too");
    assert_eq!(scene.issuer.asked(), 1, "who waits does not ask again");
    scene.server.stop().await;
}

/// What ends a session that began with a provider's word, on the very next request.
#[tokio::test]
async fn a_session_ends_with_what_it_rests_on() {
    let scene = Scene::new().await;
    let delete = json!({ "Name": "company" });
    let trust = trusts(json!({}));
    let untrust = json!({ "RoleName": "photos", "PolicyDocument": crate::acting::TRUSTS_ROOT });
    let trust_again = json!({ "RoleName": "photos", "PolicyDocument": trust });
    let mut fewer = scene.settings();
    fewer["ClientId"] = json!(["daypass"]);
    let restore = ("CreateOIDCConfig", scene.settings());
    let ends = [
        (
            "UpdateAssumeRolePolicy",
            untrust,
            ("UpdateAssumeRolePolicy", trust_again.clone()),
        ),
        ("UpdateOIDCConfig", fewer, ("UpdateOIDCConfig", scene.settings())),
        ("DeleteOIDCConfig", delete, restore),
        (
            "RevokeSession",
            json!({ "RoleName": "photos" }),
            ("DescribeOIDCConfig", json!({ "Name": "company" })),
        ),
        (
            "RevokeSession",
            json!({ "SessionName": "session" }),
            ("DescribeOIDCConfig", json!({ "Name": "company" })),
        ),
        (
            "RevokeSession",
            json!({ "TargetUin": OWNER }),
            ("DescribeOIDCConfig", json!({ "Name": "company" })),
        ),
    ];
    for (action, parameters, (undo, with)) in ends {
        scene.server.clock.advance_seconds(1);
        let session = key_of(&scene.assume(&scene.token()).await);
        expect(&act(&scene.server, &session, "GET", "/k", b"").await, 200, "");
        scene.root(action, parameters).await;
        let refused = act(&scene.server, &session, "GET", "/k", b"").await;
        assert_eq!(refused.status, 403, "{action}");
        scene.root(undo, with).await;
        // What has the same name is not the same.
        scene.root("UpdateAssumeRolePolicy", trust_again.clone()).await;
        let refused = act(&scene.server, &session, "GET", "/k", b"").await;
        let is_trust = action == "UpdateAssumeRolePolicy";
        assert_eq!(refused.status == 403, !is_trust, "{action}, undone");
    }
    // What takes no less ends nothing.
    let session = key_of(&{
        scene.server.clock.advance_seconds(1);
        scene.assume(&scene.token()).await
    });
    let mut more = scene.settings();
    more["ClientId"] = json!(["daypass", "other", "third"]);
    more["Description"] = "a note".into();
    scene.root("UpdateOIDCConfig", more).await;
    expect(&act(&scene.server, &session, "GET", "/k", b"").await, 200, "");
    scene.server.stop().await;
}

#[tokio::test]
async fn a_name_that_passes_on_is_not_trusted() {
    let scene = Scene::new().await;
    scene.root("DeleteOIDCConfig", json!({ "Name": "company" })).await;
    scene.root("CreateOIDCConfig", scene.settings()).await;
    scene.check(
        &scene.assume(&scene.token()).await,
        DENIED,
        "another provider of the name",
    );
    scene.server.stop().await;
}

#[tokio::test]
async fn who_asks_too_often_is_told_so() {
    let scene = Scene::new().await;
    let mut codes = Vec::new();
    for _ in 0..=daypass_server::DEFAULT_WEB_IDENTITY_REQUESTS_PER_SECOND {
        codes.push(code(&scene.assume("x").await).to_owned());
    }
    assert_eq!(codes.last().map(String::as_str), Some("RequestLimitExceeded"));
    assert!(codes.iter().rev().skip(1).all(|code| code == BAD_TOKEN));
    scene.server.clock.advance_seconds(1);
    scene.check(&scene.assume(&scene.token()).await, "", "later");
    scene.server.stop().await;
}

#[tokio::test]
async fn m56_private_issuers_only_where_they_are_allowed() {
    let server = TestServer::with(|config| config.federation_allow_private = false)
        .await
        .unwrap();
    for (url, expected) in [
        ("http://127.0.0.1:1", "InvalidParameterValue.IdentityUrlError"),
        ("not an issuer", "InvalidParameterValue.IdentityUrlError"),
        ("https://127.0.0.1:1", ""),
    ] {
        let settings =
            json!({ "Name": "company", "IdentityUrl": url, "ClientId": ["daypass"], "AutoRotateKey": 1 });
        let made = call(&server, &Key::root(), "CreateOIDCConfig", settings).await;
        assert_eq!(code(&made), expected, "{url}: {made}");
    }
    server.stop().await;
}

#[tokio::test]
async fn what_is_granted_on_its_word_is_judged_like_everything() {
    let strict = TestServer::with(|config| config.strict_policies = true)
        .await
        .unwrap();
    act(&strict, &Key::root(), "PUT", "/", b"").await;
    let scene = Scene::at(strict).await;
    let of = |action: &str, folder: &str| {
        let resource = crate::kit::object_resource(folder);
        json!({ "Policy": policy(&[("allow", &[action], &[&resource])]) })
    };
    let refused = scene.assume_with(&scene.token(), of("cos:*", "ann/*")).await;
    assert_eq!(code(&refused), "InvalidParameter.StrategyInvalid");
    let message = refused["Error"]["Message"].as_str().unwrap();
    assert!(message.contains("L03"), "{message}");
    let fine = of("cos:GetObject", "ann/*");
    key_of(&scene.assume_with(&scene.token(), fine.clone()).await);
    // No signature covers the header, and it tells nobody anything but the one who asks.
    let request = scene.request(&scene.token(), fine).header("X-Daypass-Judge", "1");
    let judged = response(&request.send(&scene.server).await);
    assert_eq!(
        judged["Judgement"],
        json!({ "Within": "contained", "Findings": [], "Omitted": 0 })
    );
}
