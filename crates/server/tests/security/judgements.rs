//! Policies are judged when temporary keys are minted: the trail is told, whoever asks is told, and a strict server
//! refuses.

use std::path::Path;

use daypass_audit::query::{Query, Trail};
use daypass_audit::record::Judgement;
use daypass_server::AuditConfig;
use daypass_testkit::TestServer;
use serde_json::{Value, json};

use crate::acting::{OWNER, TRUSTS_ROOT, asked, role, with};
use crate::kit::{
    Key, act, action_request, call, code, done, encode, key_of, object_resource, policy, policy_of, response,
    user,
};

const INVALID: &str = "InvalidParameter.StrategyInvalid";

/// A server that judges, strictly or not; its trail is here.
async fn server(trail: &Path, strict: bool) -> TestServer {
    let server = TestServer::with(|config| {
        config.strict_policies = strict;
        config.audit = AuditConfig {
            directory: Some(trail.to_owned()),
            ..AuditConfig::default()
        };
    });
    let server = server.await.unwrap();
    act(&server, &Key::root(), "PUT", "/", b"").await;
    server
}

fn folder(action: &str, folder: &str) -> String {
    policy(&[("allow", &[action], &[&object_resource(folder)])])
}

fn federation(document: Option<&str>) -> Value {
    let parameters = json!({ "Name": "judged", "DurationSeconds": 1800 });
    match document {
        Some(document) => with(parameters, "Policy", encode(document)),
        None => parameters,
    }
}

/// Calls an action with the header that asks for a judgement.
async fn judged(server: &TestServer, by: &Key, action: &str, parameters: Value) -> Value {
    let request = action_request(server, by, action, &parameters.to_string());
    response(&request.header("X-Daypass-Judge", "1").send(server).await)
}

/// The rules in an answer, with their severities.
fn rules(answer: &Value) -> Vec<String> {
    let findings = answer["Judgement"]["Findings"].as_array().unwrap();
    let one = |finding: &Value| {
        let text = |name: &str| finding[name].as_str().unwrap();
        format!("{} {}", text("Severity"), text("Rule"))
    };
    findings.iter().map(one).collect()
}

/// What the trail has of the mintings, the first one first.
fn recorded(trail: &Path) -> Vec<(Option<String>, Option<Judgement>)> {
    let found = Trail::new(vec![trail.to_owned()])
        .ask(&Query::default(), 1000)
        .unwrap();
    let minting = |operation: &str| operation.ends_with("Token") || operation.ends_with("AssumeRole");
    let requests = found.into_iter().map(|found| found.request);
    requests
        .filter(|request| request.operation.as_deref().is_some_and(minting))
        .map(|request| (request.code, request.judgement))
        .collect()
}

#[tokio::test]
async fn whoever_asks_is_told_and_the_trail_always() {
    let trail = tempfile::tempdir().unwrap();
    let server = server(trail.path(), false).await;
    let ann = user(&server, "ann", &folder("cos:*", "ann/*")).await;
    let mint = async |document: &str| {
        judged(
            &server,
            &ann.key,
            "GetFederationToken",
            federation(Some(document)),
        )
        .await
    };

    let clean = mint(&folder("cos:GetObject", "ann/1/*")).await;
    assert_eq!(
        clean["Judgement"],
        json!({ "Within": "contained", "Findings": [], "Omitted": 0 })
    );
    let vain = mint(&folder("cos:GetObject", "eve/*")).await;
    assert_eq!(
        (rules(&vain), &vain["Judgement"]["Within"]),
        (
            vec!["W L16".to_owned(), "W L31".to_owned()],
            &json!("not-contained")
        )
    );
    let witness = vain["Judgement"]["Findings"][0]["Witness"].as_str().unwrap();
    assert!(
        witness.contains("cos:GetObject") && witness.contains("/eve/"),
        "{witness}"
    );
    let upload = mint(&folder("cos:PutObject", "ann/*")).await;
    assert_eq!(rules(&upload), ["W L22", "W L27", "W L07", "W L08", "W L26"]);
    let whole = mint(&folder("cos:*", "*")).await;
    assert_eq!(rules(&whole)[..2], ["E L01", "E L03"]);
    assert_eq!(whole["Judgement"]["Findings"][0]["Statement"], json!(0));
    // It is a warning, not a refusal: the key works, as far as its maker's rights go.
    let key = key_of(&whole);
    assert_eq!(act(&server, &key, "PUT", "/ann/k", b"x").await.status, 200);

    // Whoever does not ask is not told, and the trail is all the same.
    let unasked = call(
        &server,
        &ann.key,
        "GetFederationToken",
        federation(Some(&folder("cos:*", "*"))),
    )
    .await;
    assert!(unasked["Judgement"].is_null() && unasked["Credentials"].is_object());
    // A root account's key without a policy may do everything.
    let root = call(&server, &Key::root(), "GetFederationToken", federation(None)).await;
    assert_eq!(code(&root), "");
    server.stop().await;

    let told: Vec<Option<Vec<String>>> = recorded(trail.path())
        .into_iter()
        .map(|(code, judgement)| {
            assert_eq!(code, None);
            let one = |rule: &daypass_audit::record::JudgedRule| {
                format!("{}{}{}", rule.severity, rule.rule, rule.count)
            };
            judgement.map(|judgement| judgement.findings.iter().map(one).collect())
        })
        .collect();
    let list = |rules: &[&str]| Some(rules.iter().map(|&rule| rule.to_owned()).collect::<Vec<_>>());
    assert_eq!(told[0], None);
    assert_eq!(told[1], list(&["WL161", "WL311"]));
    assert_eq!(told[2], list(&["WL221", "WL271", "WL071", "WL081", "WL261"]));
    assert_eq!(told[3], told[4]);
    assert_eq!(told[3].as_ref().unwrap()[..2], ["EL011", "EL031"]);
    assert_eq!(told[5], list(&["EL151", "WL141"]));
}

#[tokio::test]
async fn what_the_caller_may_do_counts_from_its_change_on() {
    let trail = tempfile::tempdir().unwrap();
    let server = server(trail.path(), false).await;
    let ann = user(&server, "ann", &folder("cos:*", "ann/*")).await;
    let mint = async || {
        let policy = folder("cos:GetObject", "bob/*");
        let answer = judged(&server, &ann.key, "GetFederationToken", federation(Some(&policy))).await;
        answer["Judgement"]["Within"].as_str().unwrap().to_owned()
    };
    assert_eq!(mint().await, "not-contained");
    let bobs = policy_of(&server, "bobs", &folder("cos:*", "bob/*")).await;
    crate::kit::attach(&server, ann.uin, bobs).await;
    assert_eq!(mint().await, "contained");
    let bound = policy_of(&server, "bound", &folder("cos:*", "ann/*")).await;
    let put = json!({ "TargetUin": ann.uin, "PolicyId": bound });
    done(&server, "PutUserPermissionsBoundary", put).await;
    assert_eq!(mint().await, "not-contained");
    server.stop().await;
}

#[tokio::test]
async fn a_role_s_policies_are_what_its_session_is_held_against() {
    let trail = tempfile::tempdir().unwrap();
    let server = server(trail.path(), false).await;
    let may = user(&server, "may", &policy(&[("allow", &["sts:AssumeRole"], &["*"])])).await;
    role(
        &server,
        "reader",
        TRUSTS_ROOT,
        &policy(&[("allow", &["cos:GetObject", "sts:AssumeRole"], &["*"])]),
    )
    .await;
    let narrowed = |document: &str| with(asked("reader"), "Policy", encode(document));
    let assume = async |by: &Key, document: &str| judged(&server, by, "AssumeRole", narrowed(document)).await;
    let within = |answer: &Value| answer["Judgement"]["Within"].as_str().map(str::to_owned);

    // The caller itself may not read at all: it is the role that counts.
    let one = assume(&may.key, &folder("cos:GetObject", "ann/*")).await;
    assert_eq!(
        (within(&one).as_deref(), rules(&one)),
        (Some("contained"), vec![])
    );
    let other = assume(&may.key, &folder("cos:DeleteObject", "ann/*")).await;
    assert_eq!(rules(&other), ["E L05", "W L16", "W L31"]);
    // A session keeps the policies that it has, so they bound its own sessions.
    let chained = policy(&[
        ("allow", &["sts:AssumeRole"], &["*"]),
        ("allow", &["cos:GetObject"], &[&object_resource("ann/*")]),
    ]);
    let session = key_of(&assume(&may.key, &chained).await);
    let next = assume(&session, &folder("cos:GetObject", "bob/*")).await;
    assert_eq!(rules(&next), ["W L16", "W L31"]);
    // Without a policy there is nothing to judge, unless somebody asks.
    let bare = judged(&server, &may.key, "AssumeRole", asked("reader")).await;
    assert_eq!(
        (within(&bare).as_deref(), rules(&bare)),
        (Some("contained"), vec![])
    );
    let unasked = call(&server, &may.key, "AssumeRole", asked("reader")).await;
    assert!(unasked["Judgement"].is_null() && unasked["Credentials"].is_object());
    server.stop().await;
}

#[tokio::test]
async fn a_strict_server_refuses_what_is_of_severity_e() {
    let trail = tempfile::tempdir().unwrap();
    let server = server(trail.path(), true).await;
    let ann = user(&server, "ann", &policy(&[("allow", &["*"], &["*"])])).await;
    role(&server, "all", TRUSTS_ROOT, &policy(&[("allow", &["*"], &["*"])])).await;
    let check = |answer: &Value, expected: &str, words: &[&str]| {
        let message = answer["Error"]["Message"].as_str().unwrap_or_default();
        assert_eq!(code(answer), expected, "{answer}");
        assert!(words.iter().all(|word| message.contains(word)), "{message}");
        assert_eq!(answer["Credentials"].is_null(), !expected.is_empty());
    };
    let mint = async |by: &Key, document: Option<&str>| {
        call(&server, by, "GetFederationToken", federation(document)).await
    };
    let whole = mint(&ann.key, Some(&folder("cos:GetObject", "*"))).await;
    check(
        &whole,
        INVALID,
        &["L01", "statement 0", "name the folder of the one end user"],
    );
    check(
        &mint(&ann.key, Some(&folder("cos:DeleteObject", "ann/*"))).await,
        INVALID,
        &["L05", "cos:DeleteObject"],
    );
    check(
        &mint(&Key::root(), None).await,
        INVALID,
        &["L15", "hand in a policy"],
    );
    // What is worth a look only, and what may do nothing, passes.
    check(
        &mint(&ann.key, Some(&folder("cos:PutObject", "ann/*"))).await,
        "",
        &[],
    );
    check(&mint(&ann.key, None).await, "", &[]);
    let deny = folder("cos:PutObject", "ann/*").replace("allow", "deny");
    check(&mint(&ann.key, Some(&deny)).await, "", &[]);
    // What was refused for another reason is refused for it still.
    check(
        &mint(&ann.key, Some("{}")).await,
        INVALID,
        &["malformed statement"],
    );
    let foreign = folder("cos:GetObject", "ann/*").replace("uid/1250000000", "uid/1259999999");
    check(
        &mint(&ann.key, Some(&foreign)).await,
        "InvalidParameter.GrantOtherResource",
        &[],
    );

    let assume = async |document: &str| {
        call(
            &server,
            &ann.key,
            "AssumeRole",
            with(asked("all"), "Policy", encode(document)),
        )
        .await
    };
    check(&assume(&folder("cos:*", "ann/*")).await, INVALID, &["L03"]);
    check(&assume(&folder("cos:GetObject", "ann/*")).await, "", &[]);
    check(
        &call(&server, &ann.key, "AssumeRole", asked("all")).await,
        "",
        &[],
    );
    server.stop().await;
    let (code, judgement) = recorded(trail.path()).swap_remove(0);
    assert_eq!(code.as_deref(), Some("PolicyInvalid"));
    let judgement = judgement.unwrap();
    assert_eq!(
        (judgement.findings[0].rule.as_str(), judgement.findings[0].count),
        ("L01", 1)
    );
}

#[tokio::test]
async fn the_header_is_one_or_left_out() {
    let trail = tempfile::tempdir().unwrap();
    let server = server(trail.path(), false).await;
    let ask = async |action: &str, values: &[&str]| {
        let mut request = action_request(&server, &Key::root(), action, &federation(None).to_string());
        for value in values {
            request = request.header("X-Daypass-Judge", value);
        }
        response(&request.send(&server).await)
    };
    for bad in [&["0"][..], &[""], &["true"], &["1", "1"], &["1, 1"]] {
        let refused = ask("GetFederationToken", bad).await;
        assert_eq!(code(&refused), "InvalidParameterValue", "{bad:?} {refused}");
        assert!(
            refused["Error"]["Message"]
                .as_str()
                .unwrap()
                .contains("x-daypass-judge")
        );
    }
    // Where nothing is minted that could be judged, there is no judgement.
    let body =
        action_request(&server, &Key::root(), "GetCallerIdentity", "{}").header("X-Daypass-Judge", "1");
    let who = response(&body.send(&server).await);
    assert_eq!(
        (&who["AccountId"], &who["Judgement"]),
        (&json!(OWNER.to_string()), &Value::Null)
    );
    server.stop().await;
}
