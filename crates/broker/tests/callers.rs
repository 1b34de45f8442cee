//! Who is let in, and who is not: tokens, webhooks, names, origins, and rates.

#![allow(
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test may fail by panicking"
)]

mod stage;

use aws_lc_rs::signature::Ed25519KeyPair;
use daypass_broker::{Broker, Settings};
use daypass_client::{Clock, SystemClock};
use http::{Method, Request};
use http_body_util::Full;
use serde_json::{Value, json};

use stage::neighbours::{Provider, answering};
use stage::{Stage, api_keys, get, read, send};

const TEMPLATE: &str =
    "[[templates]]\nname = 't'\nendpoints = ['sts']\nprefix = 'uploads/${user}/'\nactions = ['upload']\n";

async fn broker(stage: &Stage, before: &str, callers: &str) -> Broker {
    stage
        .broker(&stage.settings(before, &format!("{callers}{TEMPLATE}")))
        .await
}

#[tokio::test]
async fn tokens_of_a_provider() {
    let (stage, provider) = (Stage::set().await, Provider::start().await);
    let issuer = &provider.issuer;
    let callers = format!(
        "[[callers]]\nkind = 'oidc'\nissuer = '{issuer}'\naudiences = ['app']\nallow_private = true\n"
    );
    let broker = broker(&stage, "", &callers).await;
    let now = SystemClock.now().unix_seconds();
    let check = async |token: &str, expected: u16, words: &str| {
        let (status, document) = get(&broker, "/sts", token).await;
        assert_eq!(status, expected, "{document}");
        assert!(document.to_string().contains(words), "{words}: {document}");
        assert_eq!(document.get("credentials").is_some(), expected == 200);
    };
    check(&provider.token(now, &json!({})), 200, "tmpSecretId").await;
    check(
        &provider.token(now, &json!({ "aud": "other" })),
        401,
        "another audience",
    )
    .await;
    check(
        &provider.token(now, &json!({ "iss": "https://other.example" })),
        401,
        "another issuer",
    )
    .await;
    check(&provider.token(now - 1000, &json!({})), 401, "expired").await;
    check(
        &provider.token(now, &json!({ "nbf": now + 600 })),
        401,
        "not valid yet",
    )
    .await;
    let forger = Ed25519KeyPair::generate().unwrap();
    let header = json!({ "alg": "EdDSA", "kid": "k" });
    check(
        &provider.token_by(&forger, &header, now, &json!({})),
        401,
        "signature is wrong",
    )
    .await;
    let none = provider.token_by(&forger, &json!({ "alg": "none" }), now, &json!({}));
    check(&none, 401, "algorithm is not taken").await;
    let (unsigned, _) = none.rsplit_once('.').unwrap();
    check(&format!("{unsigned}."), 401, "algorithm is not taken").await;
    check(
        &provider.token_by(&forger, &json!({ "alg": "HS256", "kid": "k" }), now, &json!({})),
        401,
        "algorithm",
    )
    .await;
    check("a.b.c", 401, "malformed").await;
    check("opaque", 401, "nothing says who asks").await;
    for name in ["../bob", "a/b", "*", "${uin}", "a\u{0}b", ".."] {
        check(
            &provider.token(now, &json!({ "sub": name })),
            403,
            "UserNameNotAllowed",
        )
        .await;
    }
}

#[tokio::test]
async fn keys_at_an_address_of_the_settings_need_no_discovery() {
    let (stage, mut provider) = (Stage::set().await, Provider::start().await);
    let keys = format!("{}/keys", provider.issuer);
    provider.issuer = "https://id.example/realms/a".to_owned();
    let callers = |keys: &str| {
        let issuer = &provider.issuer;
        format!(
            "[[callers]]\nkind = 'oidc'\nissuer = '{issuer}'\njwks_url = '{keys}'\naudiences = ['app']\n{TEMPLATE}"
        )
    };
    let broker = stage.broker(&stage.settings("", &callers(&keys))).await;
    let now = SystemClock.now().unix_seconds();
    let check = async |token: &str, expected: u16| {
        let (status, document) = get(&broker, "/sts", token).await;
        assert_eq!(status, expected, "{document}");
    };
    check(&provider.token(now, &json!({})), 200).await;
    check(
        &provider.token(now, &json!({ "iss": "https://other.example" })),
        401,
    )
    .await;
    let forger = Ed25519KeyPair::generate().unwrap();
    let header = json!({ "alg": "EdDSA", "kid": "k" });
    check(&provider.token_by(&forger, &header, now, &json!({})), 401).await;
    for bad in [
        "http://id.example/keys",
        "http://10.0.0.1/keys",
        "file:///keys",
        "",
    ] {
        let error = Broker::check(&stage.settings("", &callers(bad))).unwrap_err();
        assert!(
            error.to_string().starts_with("`callers.jwks_url`: keys are at"),
            "{error}"
        );
    }
}

#[tokio::test]
async fn another_claim_may_name_the_user() {
    let (stage, provider) = (Stage::set().await, Provider::start().await);
    let issuer = &provider.issuer;
    let callers = format!(
        "[[callers]]\nkind = 'oidc'\nissuer = '{issuer}'\naudiences = ['app']\nclaim = 'email'\nallow_private = true\n"
    );
    let broker = broker(&stage, "user_names = 'encode'\n", &callers).await;
    let now = SystemClock.now().unix_seconds();
    let (status, _) = get(
        &broker,
        "/sts",
        &provider.token(now, &json!({ "email": "ann@app.example" })),
    )
    .await;
    assert_eq!(status, 200);
    let (status, _) = get(
        &broker,
        "/sts",
        &provider.token(now, &json!({ "email": "a/../b" })),
    )
    .await;
    assert_eq!(status, 200, "such a name is encoded here");
    for changed in [json!({}), json!({ "email": 7 }), json!({ "email": ["a"] })] {
        let (status, document) = get(&broker, "/sts", &provider.token(now, &changed)).await;
        assert_eq!(status, 401, "{document}");
    }
}

#[tokio::test]
async fn an_issuer_that_is_gone_is_not_the_callers_fault() {
    let stage = Stage::set().await;
    let callers = "[[callers]]\nkind = 'oidc'\nissuer = 'http://127.0.0.1:1'\naudiences = ['app']\nallow_private = true\n";
    let broker = broker(&stage, "", callers).await;
    let mut provider = Provider::start().await;
    provider.issuer = "http://127.0.0.1:1".to_owned();
    let now = SystemClock.now().unix_seconds();
    let (status, document) = get(&broker, "/sts", &provider.token(now, &json!({}))).await;
    assert_eq!((status, &document["code"]), (503, &json!(503)));
}

#[tokio::test]
async fn an_application_that_knows_its_users() {
    let stage = Stage::set().await;
    let url = answering(|head| {
        let said = |name: &str| {
            head.lines()
                .find_map(|line| line.strip_prefix(name).map(str::to_owned))
        };
        let cookie = said("cookie: ").or_else(|| said("authorization: Bearer "));
        Some(match cookie.as_deref().unwrap_or_default() {
            "session=ann" | "ann" => (200, json!({ "user": "ann" }).to_string()),
            "session=nobody" => (401, String::new()),
            "session=blocked" => (403, String::new()),
            "session=evil" => (200, json!({ "user": "../bob" }).to_string()),
            "session=number" => (200, json!({ "user": 7 }).to_string()),
            "session=text" => (200, "ann".to_owned()),
            "session=huge" => (200, format!("{{\"user\":\"{}\"}}", "a".repeat(20_000))),
            "session=moved" => (302, String::new()),
            "session=silent" => return None,
            _ => (500, String::new()),
        })
    })
    .await;
    let callers = format!("[[callers]]\nkind = 'webhook'\nurl = '{url}/whoami'\ntimeout_ms = 300\n");
    let broker = broker(&stage, "", &callers).await;
    let check = async |session: &str, expected: u16| {
        let request = Request::get("/sts").header("cookie", format!("session={session}"));
        let (status, document) = read(send(&broker, request.body(Full::default()).unwrap()).await);
        assert_eq!(status, expected, "{session}: {document}");
        assert_eq!(document.get("credentials").is_some(), expected == 200);
    };
    for (session, status) in [("ann", 200), ("nobody", 401), ("blocked", 403), ("evil", 403)] {
        check(session, status).await;
    }
    for trouble in ["number", "text", "huge", "moved", "other", "silent"] {
        check(trouble, 503).await;
    }
    assert_eq!(
        get(&broker, "/sts", "ann").await.0,
        200,
        "a bearer token is shown, too"
    );
    let nothing = Request::get("/sts").body(Full::default()).unwrap();
    assert_eq!(read(send(&broker, nothing).await).0, 401);
}

#[tokio::test]
async fn pages_of_listed_origins_may_ask() {
    let stage = Stage::set().await;
    let (keys, callers) = api_keys(&["ann"]);
    let settings: Settings = stage.settings(
        "cors = { origins = ['https://app.example'] }\n",
        &format!("{callers}{TEMPLATE}"),
    );
    let broker = stage.broker(&settings).await;
    let ask = async |method: Method, origin: &str| {
        let request = Request::builder()
            .method(method)
            .uri("/sts")
            .header("origin", origin);
        let request = request.header("access-control-request-method", "GET");
        let request = request.header("authorization", format!("Bearer {}", keys[0]));
        send(&broker, request.body(Full::default()).unwrap()).await
    };
    let told = |answer: &http::Response<_>, name: &str| {
        let value = answer.headers().get(name);
        value.map(|value| value.to_str().unwrap().to_owned())
    };
    let preflight = ask(Method::OPTIONS, "https://app.example").await;
    assert_eq!(preflight.status(), 204);
    assert_eq!(
        told(&preflight, "access-control-allow-origin").unwrap(),
        "https://app.example"
    );
    assert!(
        told(&preflight, "access-control-allow-headers")
            .unwrap()
            .contains("Authorization")
    );
    assert!(
        told(&preflight, "access-control-allow-methods")
            .unwrap()
            .contains("POST")
    );
    let answer = ask(Method::GET, "https://app.example").await;
    assert_eq!(
        (answer.status().as_u16(), told(&answer, "vary").unwrap().as_str()),
        (200, "Origin")
    );
    assert_eq!(told(&answer, "cache-control").unwrap(), "no-store");
    for (method, origin) in [
        (Method::OPTIONS, "https://evil.example"),
        (Method::GET, "https://evil.example"),
        (Method::GET, "null"),
    ] {
        let refused = ask(method, origin).await;
        assert_eq!(refused.status(), 403);
        assert_eq!(told(&refused, "access-control-allow-origin"), None);
        let document: Value = serde_json::from_slice(refused.body()).unwrap();
        assert_eq!(document["codeDesc"], "OriginNotAllowed");
    }
}

#[tokio::test]
async fn a_user_who_asks_too_often_waits_and_others_do_not() {
    let stage = Stage::set().await;
    let (keys, callers) = api_keys(&["ann", "bob"]);
    let settings = stage.settings("", &format!("{callers}{TEMPLATE}keys_per_minute = 2\n"));
    let broker = stage.broker(&settings).await;
    let ask = async |key: &str| {
        let request = Request::get("/sts").header("authorization", format!("Bearer {key}"));
        send(&broker, request.body(Full::default()).unwrap()).await
    };
    assert_eq!(
        (ask(&keys[0]).await.status(), ask(&keys[0]).await.status()),
        (http::StatusCode::OK, http::StatusCode::OK)
    );
    let refused = ask(&keys[0]).await;
    assert_eq!(
        (
            refused.status().as_u16(),
            refused.headers()["retry-after"].to_str().unwrap()
        ),
        (429, "30")
    );
    assert_eq!(ask(&keys[1]).await.status(), 200);
    stage.advance(30);
    assert_eq!(ask(&keys[0]).await.status(), 200);
}

#[tokio::test]
async fn requests_that_make_no_sense_are_told_so() {
    let stage = Stage::set().await;
    let (keys, callers) = api_keys(&["ann"]);
    let settings = stage.settings("", &format!("{callers}{TEMPLATE}"));
    let broker = stage.broker(&settings).await;
    let check = async |path: &str, expected: (u16, &str)| {
        let (status, document) = get(&broker, path, &keys[0]).await;
        assert_eq!(
            (status, document["codeDesc"].as_str().unwrap()),
            expected,
            "{path}: {document}"
        );
    };
    check("/", (404, "NotFound")).await;
    check("/sts/", (404, "NotFound")).await;
    check("/put-sign", (403, "TemplateNotAllowed")).await;
    check("/sts?template=other", (403, "TemplateNotAllowed")).await;
    check("/sts?shape=xml", (400, "BadRequest")).await;
    let body = |length| {
        Request::post("/sts")
            .body(Full::from(vec![b'a'; length]))
            .unwrap()
    };
    assert_eq!(send(&broker, body(64 * 1024)).await.status(), 401);
    assert_eq!(send(&broker, body(64 * 1024 + 1)).await.status(), 413);
    let mut big = Request::get("/sts");
    big = big.header("authorization", format!("Bearer {}", "a".repeat(200_000)));
    assert_eq!(
        send(&broker, big.body(Full::default()).unwrap()).await.status(),
        431
    );
    let put = Request::put("/sts").body(Full::default()).unwrap();
    assert_eq!(send(&broker, put).await.status(), 405);
}
