//! Why requests were refused: told to the accounts whose requests and resources they were, and to nobody else.

use daypass_api::operation::MAX_REQUEST_ID_BYTES;
use daypass_explain::{Cause, CauseKind, Explanation, Mend, in_words};
use daypass_server::{ExplainConfig, StartError};
use daypass_testkit::{ROOT_SECRET_ID, TestServer};
use serde_json::{Value, json};

use crate::cross_account::two_accounts;
use crate::kit::{
    Key, Request, User, act, call, code, expect, mint, now, object_resource, policy, server, user,
};
use crate::wire::{Answer, BUCKET};

/// The statement that gives every right there is.
const EVERYTHING: (&str, &[&str], &[&str]) = ("allow", &["*"], &["*"]);
const EXPLAIN: (&str, &[&str], &[&str]) = ("allow", &["cam:ExplainDecision"], &["*"]);

fn request_id(answer: &Answer) -> String {
    answer.header("x-cos-request-id").unwrap().to_owned()
}

async fn ask(server: &TestServer, key: &Key, id: &str) -> Value {
    call(server, key, "ExplainDecision", json!({ "RequestId": id })).await
}

async fn explained(server: &TestServer, key: &Key, id: &str) -> Explanation {
    let answer = ask(server, key, id).await;
    assert_eq!(code(&answer), "", "{answer}");
    serde_json::from_value(answer["Explanation"].clone()).unwrap()
}

async fn of_answer(server: &TestServer, answer: &Answer) -> Explanation {
    explained(server, &Key::root(), &request_id(answer)).await
}

fn cause(explanation: &Explanation) -> &Cause {
    explanation
        .cause
        .as_ref()
        .unwrap_or_else(|| panic!("{explanation:?}"))
}

/// The explanation in words, with what differs from run to run taken out.
async fn words(server: &TestServer, answer: &Answer) -> String {
    let explanation = of_answer(server, answer).await;
    let mut text = in_words(&explanation);
    if let Some(key) = explanation
        .caller
        .as_ref()
        .and_then(|who| who.access_key_id.clone())
    {
        text = text.replace(&key, "AKIDexample");
    }
    if let Some(key) = explanation
        .cause
        .as_ref()
        .and_then(|cause| cause.fact("AccessKeyId"))
    {
        text = text.replace(key, "AKIDexample");
    }
    text.replace(&explanation.request_id, "NjU1MzdmMDBfNTQ4ZmI5ZjdfMWE=")
        .replace(&format!("%3A{}", server.address().port()), "")
        .replace(&format!(":{}", server.address().port()), "")
}

fn prefix(action: &str, key: &str) -> String {
    policy(&[("allow", &[action], &[&object_resource(key)])])
}

/// Ten refusals that people asked about, and the page that answers them: what stands there is what the program says.
#[tokio::test]
async fn the_page_shows_what_is_said_about_ten_refusals() {
    let server = server().await;
    server.clock.advance_seconds(1_800_000_000 - now(&server));
    let root = Key::root();
    let mut told: Vec<(&str, String)> = Vec::new();
    let mut add = |name: &'static str, text: String| told.push((name, text));

    let reader = user(&server, "reader", &prefix("cos:GetObject", "*")).await;
    let refused = act(&server, &reader.key, "PUT", "/report.pdf", b"x").await;
    add("which-permission", words(&server, &refused).await);

    let uploader = user(&server, "uploader", &policy(&[EVERYTHING])).await;
    deny_user(&server, &uploader).await;
    let refused = act(&server, &uploader.key, "GET", "/archive/1", b"").await;
    add("which-layer", words(&server, &refused).await);

    let key = mint(&server, &root, Some(&prefix("cos:PutObject", "upload/*")), 1800).await;
    let refused = act(&server, &key, "PUT", "/uploads/a.jpg", b"x").await;
    add("helper-policy", words(&server, &refused).await);

    let early = Request::new(&server, "GET", "/a").window(7200, 9000);
    let refused = early.sign(&server, &root).send(&server).await;
    add("clock", words(&server, &refused).await);

    let refused = act(&server, &key, "POST", "/upload/big.mov?uploads", b"").await;
    add("multipart", words(&server, &refused).await);

    let folder = json!({ "version": "2.0", "statement": [{
        "effect": "allow", "action": ["cos:GetBucket"],
        "resource": [object_resource("*")],
        "condition": { "string_equal": { "cos:prefix": "home/ann/" } },
    }] });
    let ann = user(&server, "ann", &folder.to_string()).await;
    let refused = act(&server, &ann.key, "GET", "/?prefix=home/", b"").await;
    add("prefix", words(&server, &refused).await);

    let writer = mint(
        &server,
        &root,
        Some(&prefix("cos:DeleteObject", "tables/1/*")),
        1800,
    )
    .await;
    let keys = "<Delete><Object><Key>tables/2/a</Key></Object></Delete>";
    let request = Request::new(&server, "POST", "/?delete").header("Content-MD5", &md5(keys));
    let answer = request
        .body(keys.as_bytes())
        .sign(&server, &writer)
        .send(&server)
        .await;
    assert!(String::from_utf8_lossy(&answer.body).contains("AccessDenied"));
    add("batch-delete", words(&server, &answer).await);

    let bare = Key {
        token: None,
        ..key.clone()
    };
    let refused = act(&server, &bare, "PUT", "/upload/a.jpg", b"x").await;
    add("token-missing", words(&server, &refused).await);

    let typo = Key::permanent(ROOT_SECRET_ID, "not-the-secret-of-the-key-at-all");
    let request = Request::new(&server, "GET", "/a%20b?versionId=1").covering(&[], &["versionId"]);
    let refused = request.sign(&server, &typo).send(&server).await;
    add("signature", words(&server, &refused).await);

    let link = Request::new(&server, "GET", "/upload/a.jpg")
        .window(0, 86_400)
        .presign(&server, &key);
    server.clock.advance_seconds(3600);
    let refused = link.send(&server).await;
    add("link-dies", words(&server, &refused).await);

    let page = include_str!("../../../../docs/explain.md");
    let block = |(name, text): &(&str, String)| {
        format!("<!-- {name} -->\n\n```text\n$ daypass explain NjU1MzdmMDBfNTQ4ZmI5ZjdfMWE=\n{text}```\n")
    };
    let missing: String = told
        .iter()
        .map(block)
        .filter(|block| !page.contains(block))
        .collect();
    assert!(missing.is_empty(), "docs/explain.md does not hold:\n{missing}");
    assert_eq!(page.matches("```text\n$ daypass explain ").count(), told.len());
    server.stop().await;
}

async fn deny_user(server: &TestServer, user: &User) {
    let document = json!({ "version": "2.0", "statement": [{
        "sid": "keep-the-archive", "effect": "deny", "action": ["cos:*"],
        "principal": { "qcs": [format!("qcs::cam::uin/100000000001:uin/{}", user.uin)] },
        "resource": [object_resource("archive/*")],
    }] });
    let answer = act(
        server,
        &Key::root(),
        "PUT",
        "/?policy",
        document.to_string().as_bytes(),
    )
    .await;
    expect(&answer, 204, "");
}

fn md5(text: &str) -> String {
    use base64::Engine as _;
    use md5::{Digest as _, Md5};
    base64::engine::general_purpose::STANDARD.encode(Md5::digest(text))
}

#[tokio::test]
async fn what_is_proposed_is_enough() {
    let server = server().await;
    let ann = user(&server, "ann", &policy(&[("allow", &["cos:HeadObject"], &["*"])])).await;
    let refused = act(&server, &ann.key, "PUT", "/a%20b/%24%7Bx%7D%2A", b"x").await;
    expect(&refused, 403, "AccessDenied");
    assert!(!String::from_utf8_lossy(&refused.body).contains("statement"));
    let reasons = of_answer(&server, &refused).await.reasons.unwrap();
    let Mend::Statements { steps } = reasons.mend else {
        panic!("{:?}", reasons.mend);
    };
    let document = json!({ "version": "2.0", "statement": [steps[0].statement] });
    let update = json!({ "PolicyId": ann.policy, "PolicyDocument": document.to_string() });
    assert_eq!(
        code(&call(&server, &Key::root(), "UpdatePolicy", update).await),
        ""
    );
    expect(
        &act(&server, &ann.key, "PUT", "/a%20b/%24%7Bx%7D%2A", b"x").await,
        200,
        "",
    );
    server.stop().await;
}

#[tokio::test]
async fn it_is_asked_for_like_everything_else() {
    let server = server().await;
    let ann = user(&server, "ann", &policy(&[("allow", &["cos:HeadObject"], &["*"])])).await;
    let helper = user(&server, "helper", &policy(&[EXPLAIN])).await;
    let refused = request_id(&act(&server, &ann.key, "GET", "/a", b"").await);
    assert_eq!(
        code(&ask(&server, &ann.key, &refused).await),
        "AuthFailure.UnauthorizedOperation"
    );
    assert_eq!(
        explained(&server, &helper.key, &refused).await.request_id,
        refused
    );
    // An id that nobody has, one that was allowed, and what is no id.
    let allowed = request_id(&act(&server, &Key::root(), "PUT", "/a", b"x").await);
    for unknown in ["NjU1MzdmMDBfNTQ4ZmI5ZjdfMWE=", &allowed] {
        let answer = ask(&server, &helper.key, unknown).await;
        assert_eq!(code(&answer), "ResourceNotFound.ExplanationNotExist", "{answer}");
    }
    for bad in ["", "a b", &"a".repeat(MAX_REQUEST_ID_BYTES + 1)] {
        let answer = ask(&server, &helper.key, bad).await;
        assert!(code(&answer).starts_with("InvalidParameter"), "{bad}: {answer}");
    }
    server.stop().await;
}

#[tokio::test]
async fn two_accounts_see_each_its_own_side() {
    let (server, other) = two_accounts().await;
    let (_, bob) = other
        .user(&server, "bob", &policy(&[("allow", &["cos:HeadObject"], &["*"])]))
        .await;
    let answer = act(&server, &bob, "GET", "/k", b"").await;
    expect(&answer, 403, "AccessDenied");
    let id = request_id(&answer);
    let callers = explained(&server, &other.root, &id).await;
    let owners = explained(&server, &Key::root(), &id).await;
    let layers = |explanation: &Explanation| -> Vec<String> {
        let reasons = explanation.reasons.as_ref().unwrap();
        let layers = reasons.judgements.iter().flat_map(|judged| &judged.layers);
        layers.map(|layer| layer.layer.clone()).collect()
    };
    assert_eq!(layers(&callers), ["identity"]);
    assert!(!layers(&owners).contains(&"identity".to_owned()), "{owners:?}");
    assert!(callers.withheld && owners.withheld);
    let key = |explanation: &Explanation| explanation.caller.as_ref().unwrap().access_key_id.clone();
    assert_eq!((key(&callers), key(&owners)), (Some(bob.id.clone()), None));
    let Mend::Statements { steps } = owners.reasons.unwrap().mend else {
        panic!("the owner is told what is missing on its side");
    };
    assert_eq!(steps.len(), 1);
    assert_eq!(steps[0].layer, "bucket_policy");

    // What is between two accounts is not for a third one, and not told to be there.
    let third = call(&server, &Key::root(), "CreateRootAccount", json!({})).await;
    let third = Key::permanent(
        third["SecretId"].as_str().unwrap(),
        third["SecretKey"].as_str().unwrap(),
    );
    let answer = ask(&server, &third, &id).await;
    assert_eq!(code(&answer), "ResourceNotFound.ExplanationNotExist");
    server.stop().await;
}

#[tokio::test]
async fn a_foreign_signature_is_its_own_accounts_affair() {
    let (server, other) = two_accounts().await;
    let typo = Key::permanent(&other.root.id, "not-the-secret-of-the-key-at-all");
    let id = request_id(&act(&server, &typo, "GET", "/k", b"").await);
    let callers = explained(&server, &other.root, &id).await;
    assert_eq!(cause(&callers).kind, CauseKind::SignatureMismatch);
    assert!(cause(&callers).fact("HttpString").is_some());
    let owners = explained(&server, &Key::root(), &id).await;
    assert_eq!(cause(&owners).facts, []);
    assert_eq!(owners.caller.unwrap().access_key_id, None);
    server.stop().await;
}

#[tokio::test]
async fn refusals_before_the_policies_have_causes_of_their_own() {
    let server = server().await;
    let root = Key::root();
    let session = mint(&server, &root, None, 1800).await;
    let check = async |answer: &Answer, kind, fact: &str, expected: &str| {
        let explanation = of_answer(&server, answer).await;
        let cause = cause(&explanation);
        assert_eq!(cause.kind, kind, "{explanation:?}");
        assert_eq!(cause.fact(fact).unwrap_or_default(), expected, "{explanation:?}");
    };
    let late = Request::new(&server, "GET", "/a")
        .window(-600, -70)
        .sign(&server, &root);
    check(
        &late.send(&server).await,
        CauseKind::SignatureExpired,
        "SecondsPast",
        "70",
    )
    .await;
    let early = Request::new(&server, "GET", "/a")
        .window(3600, 7200)
        .sign(&server, &root);
    check(
        &early.send(&server).await,
        CauseKind::ClockSkew,
        "SecondsAhead",
        "3600",
    )
    .await;
    let unknown = Key::permanent("AKIDthatnobodyhas0123", "some-secret-or-other");
    let answer = act(&server, &unknown, "GET", "/a", b"").await;
    check(
        &answer,
        CauseKind::KeyUnknown,
        "AccessKeyId",
        "AKIDthatnobodyhas0123",
    )
    .await;
    let unsigned = Request::new(&server, "GET", "/?acl")
        .covering(&[], &[])
        .sign(&server, &root);
    let answer = unsigned.send(&server).await;
    let explanation = of_answer(&server, &answer).await;
    assert_eq!(cause(&explanation).kind, CauseKind::MeaningNotSigned);

    let ann = user(&server, "ann", &policy(&[EVERYTHING])).await;
    let update = json!({ "AccessKeyId": ann.key.id, "TargetUin": ann.uin, "Status": "Inactive" });
    assert_eq!(code(&call(&server, &root, "UpdateAccessKey", update).await), "");
    let answer = act(&server, &ann.key, "GET", "/a", b"").await;
    check(&answer, CauseKind::KeyDisabled, "none", "").await;
    let revoke = json!({ "TmpSecretIds": [session.id] });
    let _ = call(&server, &root, "RevokeSession", revoke).await;
    let named = json!({ "SessionName": "n" });
    let _ = call(&server, &root, "RevokeSession", named).await;
    server.clock.advance_seconds(1);
    let answer = act(&server, &session, "GET", "/a", b"").await;
    check(&answer, CauseKind::SessionRevoked, "none", "").await;

    let answer = Request::new(&server, "GET", "/a")
        .instead("Host", Some(&crate::kit::host_of(&server, "nothere-1250000000")))
        .sign(&server, &root)
        .send(&server)
        .await;
    expect(&answer, 404, "NoSuchBucket");
    check(&answer, CauseKind::BucketNotFound, "none", "").await;
    let elsewhere = format!("{BUCKET}.cos.ap-shanghai.myqcloud.com");
    let answer = Request::new(&server, "GET", "/a")
        .instead("Host", Some(&elsewhere))
        .sign(&server, &root)
        .send(&server)
        .await;
    check(&answer, CauseKind::BucketNotFound, "none", "").await;
    server.stop().await;
}

#[tokio::test]
async fn nothing_secret_is_kept() {
    let mut folder = std::path::PathBuf::new();
    let server = TestServer::with(|config| folder = config.data.join("explain"))
        .await
        .unwrap();
    let root = Key::root();
    let session = mint(&server, &root, None, 1800).await;
    let typo = Key {
        secret: "not-the-secret-of-the-key".to_owned(),
        ..session.clone()
    };
    // A client that signs its token, in a header and in the query.
    let in_header = act(&server, &typo, "GET", "/a", b"").await;
    let in_query = Request::new(&server, "GET", "/a")
        .presign(&server, &typo)
        .send(&server)
        .await;
    let called = crate::kit::action_request(&server, &typo, "GetUserAppId", "{}");
    let called = called.send(&server).await;
    let id = crate::kit::response(&called)["RequestId"]
        .as_str()
        .unwrap()
        .to_owned();
    for id in [request_id(&in_header), request_id(&in_query), id] {
        let explanation = explained(&server, &root, &id).await;
        assert_eq!(cause(&explanation).kind, CauseKind::SignatureMismatch);
        assert!(cause(&explanation).fact("StringToSign").is_some());
    }
    let mut kept = String::new();
    for entry in std::fs::read_dir(&folder).unwrap() {
        kept.push_str(&std::fs::read_to_string(entry.unwrap().path()).unwrap());
    }
    let token = session.token.unwrap();
    assert_eq!(kept.lines().count(), 3);
    for secret in [
        token.as_str(),
        &token.to_ascii_lowercase(),
        &session.secret,
        &root.secret,
    ] {
        assert!(!kept.contains(secret), "{kept}");
    }
    server.stop().await;
}

#[tokio::test]
async fn it_outlives_a_restart_and_not_its_time() {
    let server = server().await;
    let answer = Request::new(&server, "GET", "/a").send(&server).await;
    expect(&answer, 403, "AccessDenied");
    let id = request_id(&answer);
    let before = explained(&server, &Key::root(), &id).await;
    assert_eq!(before.caller, None);
    let server = server.restart().await;
    assert_eq!(explained(&server, &Key::root(), &id).await, before);
    server.clock.advance_seconds(8 * 86_400);
    let answer = ask(&server, &Key::root(), &id).await;
    assert_eq!(code(&answer), "ResourceNotFound.ExplanationNotExist");
    server.stop().await;
}

#[tokio::test]
async fn what_is_allowed_is_explained_where_the_operator_wants_it() {
    let server = TestServer::with(|config| {
        config.explain = ExplainConfig {
            record_allowed: true,
            ..ExplainConfig::default()
        };
    });
    let server = server.await.unwrap();
    let answer = act(&server, &Key::root(), "PUT", "/", b"").await;
    let explanation = of_answer(&server, &answer).await;
    let reasons = explanation.reasons.unwrap();
    assert!(reasons.allowed && explanation.code.is_none());
    assert_eq!(reasons.judgements[0].layers[0].layer, "root");
    server.stop().await;
}

#[tokio::test]
async fn the_dangerous_setting_tells_at_once_and_on_loopback_only() {
    let dangerous = ExplainConfig {
        danger_on_wire: true,
        ..ExplainConfig::default()
    };
    let config = dangerous.clone();
    let server = TestServer::with(|settings| settings.explain = config)
        .await
        .unwrap();
    let answer = Request::new(&server, "GET", "/a").send(&server).await;
    let body = String::from_utf8_lossy(&answer.body).into_owned();
    assert!(
        body.contains("hint: add to the bucket") || body.contains("hint:"),
        "{body}"
    );
    server.stop().await;
    let open = TestServer::with(|settings| {
        settings.explain = dangerous;
        settings.listen = "0.0.0.0:0".parse().unwrap();
    });
    assert!(matches!(open.await, Err(StartError::ExplainsBeyondLoopback(_))));
}
