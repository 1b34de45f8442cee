//! What policies mean, asked of a server: findings about one, and what remains of somebody's rights. Told to whoever may
//! ask, and of what holds at this moment.

use serde_json::{Value, json};

use crate::kit::{Key, attach, call, code, done, mint, object_resource, policy, policy_of, server, user};

async fn lint(server: &daypass_testkit::TestServer, key: &Key, document: &str, kind: &str) -> Value {
    call(
        server,
        key,
        "LintPolicy",
        json!({ "PolicyDocument": document, "Kind": kind }),
    )
    .await
}

fn rules(told: &Value) -> Vec<&str> {
    let findings = told["Findings"].as_array().unwrap();
    findings
        .iter()
        .map(|finding| finding["Rule"].as_str().unwrap())
        .collect()
}

fn resources(told: &Value) -> Vec<&str> {
    let rows = told["Rows"].as_array().unwrap().iter();
    rows.map(|row| row["resources"][0][0].as_str().unwrap()).collect()
}

#[tokio::test]
async fn findings_are_told_by_what_the_document_is_for() {
    let server = server().await;
    let root = Key::root();
    let wide = policy(&[("allow", &["*"], &["*"])]);
    let of_page = lint(&server, &root, &wide, "session").await;
    assert!(rules(&of_page).contains(&"L03"), "{of_page}");
    assert!(of_page["Findings"][0]["Severity"].is_string() && of_page["Findings"][0]["Hint"].is_string());
    assert!(!rules(&lint(&server, &root, &wide, "identity").await).contains(&"L03"));
    // What cannot be read is a finding, too.
    assert_ne!(rules(&lint(&server, &root, "{", "session").await).len(), 0);
    let unknown = lint(&server, &root, &wide, "other").await;
    assert_eq!(code(&unknown), "InvalidParameterValue");
    server.stop().await;
}

#[tokio::test]
async fn what_remains_is_of_this_moment() {
    let server = server().await;
    let root = Key::root();
    let one = user(
        &server,
        "ann",
        &policy(&[("allow", &["cos:GetObject"], &[&object_resource("ann/*")])]),
    )
    .await;
    let narrow = policy(&[("allow", &["cos:*"], &[&object_resource("ann/1")])]);
    let ask = async |key: &Key, parameters: Value| call(&server, key, "DescribeEffective", parameters).await;

    let of_user = ask(&root, json!({ "TargetUin": one.uin, "Policy": narrow })).await;
    assert_eq!(resources(&of_user), [object_resource("ann/1")], "{of_user}");
    assert_eq!(of_user["Rows"][0]["actions"][0][0], "cos:GetObject");
    assert!(of_user["Picture"].as_str().unwrap().starts_with("<svg"));
    // The root may everything, and a session of it what its policy says.
    assert_eq!(
        resources(&ask(&root, json!({ "Policy": narrow })).await),
        [object_resource("ann/1")]
    );
    // What is given later counts at once.
    let more = policy_of(
        &server,
        "more",
        &policy(&[("allow", &["cos:GetObject"], &[&object_resource("bob/*")])]),
    )
    .await;
    attach(&server, one.uin, more).await;
    assert_eq!(
        ask(&root, json!({ "TargetUin": one.uin })).await["Rows"]
            .as_array()
            .unwrap()
            .len(),
        2
    );
    let bounds = policy_of(
        &server,
        "bounds",
        &policy(&[("allow", &["*"], &[&object_resource("bob/*")])]),
    )
    .await;
    done(
        &server,
        "PutUserPermissionsBoundary",
        json!({ "TargetUin": one.uin, "PolicyId": bounds }),
    )
    .await;
    assert_eq!(
        resources(&ask(&root, json!({ "TargetUin": one.uin })).await),
        [object_resource("bob/*")]
    );

    for (parameters, refused) in [
        (json!({ "TargetUin": 1 }), "ResourceNotFound.UserNotExist"),
        (json!({ "RoleName": "nobody" }), "InvalidParameter.RoleNotExist"),
        (
            json!({ "TargetUin": one.uin, "RoleName": "x" }),
            "InvalidParameterValue",
        ),
        (json!({ "Policy": "{" }), "InvalidParameter.StrategyInvalid"),
    ] {
        let answer = ask(&root, parameters.clone()).await;
        assert_eq!(code(&answer), refused, "{parameters}: {answer}");
    }
    server.stop().await;
}

#[tokio::test]
async fn only_who_may_ask_is_told() {
    let server = server().await;
    let nobody = user(&server, "nobody", &policy(&[("allow", &["cos:*"], &["*"])])).await;
    let asker = user(
        &server,
        "asker",
        &policy(&[(
            "allow",
            &[
                "cam:LintPolicy",
                "cam:DescribeEffective",
                "sts:GetFederationToken",
            ],
            &["*"],
        )]),
    )
    .await;
    for (action, parameters) in [
        ("LintPolicy", json!({ "PolicyDocument": "{}", "Kind": "session" })),
        ("DescribeEffective", json!({})),
        ("DescribeEffective", json!({ "TargetUin": asker.uin })),
    ] {
        let refused = call(&server, &nobody.key, action, parameters.clone()).await;
        assert_eq!(
            code(&refused),
            "AuthFailure.UnauthorizedOperation",
            "{action}: {refused}"
        );
        let told = call(&server, &asker.key, action, parameters).await;
        assert_eq!(code(&told), "", "{action}: {told}");
    }
    // A temporary key is told of what it may itself: no more than its own policy leaves.
    let own = policy(&[("allow", &["cam:DescribeEffective"], &["*"])]);
    let session = mint(&server, &asker.key, Some(&own), 1800).await;
    let told = call(&server, &session, "DescribeEffective", json!({})).await;
    let rows = told["Rows"].as_array().unwrap();
    assert!(
        rows.iter()
            .all(|row| row["actions"][0][0] == "cam:DescribeEffective"),
        "{told}"
    );
    server.stop().await;
}
