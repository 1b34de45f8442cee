//! Beyond the list: another account of the same store, which knows every number and name of this one.

use daypass_dialect::api3::Action;
use daypass_testkit::TestServer;
use serde_json::{Value, json};

use crate::acting::{OWNER, TRUSTS_ROOT, role, session, with};
use crate::kit::{
    Key, Request, act, call, code, done, encode, expect, host_of, key_of, mint, object_resource, policy,
    server, user,
};
use crate::one_gate::action_for;
use crate::wire::BUCKET;

const EVERYTHING: (&str, &[&str], &[&str]) = ("allow", &["*"], &["*"]);
const LIST: (&str, &[&str], &[&str]) = ("allow", &["cos:GetBucket"], &["*"]);

/// The root of another account; its numbers.
async fn stranger(server: &TestServer) -> (Key, u64, u64) {
    let made = done(server, "CreateRootAccount", json!({})).await;
    let text = |name: &str| made[name].as_str().unwrap().to_owned();
    let key = Key::permanent(&text("SecretId"), &text("SecretKey"));
    (
        key,
        made["OwnerUin"].as_u64().unwrap(),
        made["AppId"].as_u64().unwrap(),
    )
}

/// What the account holds, without when it was last used.
async fn inventory(server: &TestServer, victim: u64, policy: u64, role: &str) -> Vec<Value> {
    let mut all = Vec::new();
    for (action, parameters) in [
        ("ListUsers", json!({})),
        ("ListGroups", json!({ "Page": 1, "Rp": 20 })),
        ("GetPolicy", json!({ "PolicyId": policy })),
        ("ListPolicyVersions", json!({ "PolicyId": policy })),
        ("ListEntitiesForPolicy", json!({ "PolicyId": policy })),
        ("GetRole", json!({ "RoleId": role })),
        (
            "ListAttachedRolePolicies",
            json!({ "RoleId": role, "Page": 1, "Rp": 20 }),
        ),
        ("GetRolePermissionBoundary", json!({ "RoleId": role })),
        ("ListAttachedUserPolicies", json!({ "TargetUin": victim })),
        ("GetUserPermissionBoundary", json!({ "TargetUin": victim })),
        ("ListAccessKeys", json!({ "TargetUin": victim })),
        ("GetAccountSummary", json!({})),
    ] {
        let mut answer = done(server, action, parameters).await;
        answer.as_object_mut().unwrap().remove("RequestId");
        all.push(answer);
    }
    all
}

/// Each action there is, with the numbers of this account, by one who may do everything in another.
#[tokio::test]
async fn no_action_of_another_account_reaches_into_this_one() {
    let server = server().await;
    let victim = user(&server, "victim", &policy(&[LIST])).await;
    let id = role(
        &server,
        "victim",
        &TRUSTS_ROOT.replace(":root", &format!(":uin/{}", victim.uin)),
        &policy(&[LIST]),
    )
    .await;
    done(&server, "CreateGroup", json!({ "GroupName": "victims" })).await;
    let live = mint(&server, &victim.key, None, 1800).await;
    let (root, owner, _) = stranger(&server).await;
    let before = inventory(&server, victim.uin, victim.policy, &id).await;
    for action in Action::ALL {
        let (parameters, _) = action_for(*action, victim.uin, victim.policy, &id);
        let answer = call(&server, &root, action.name(), parameters).await;
        if *action == Action::SearchAudit {
            // What the stranger itself has asked so far, with the names that it used; nobody else's requests.
            let records = answer["Records"].as_array().unwrap();
            assert!(!records.is_empty() && records.iter().all(|record| record["ownerUin"] == owner));
            continue;
        }
        let answer = answer.to_string();
        for told in [
            victim.key.id.as_str(),
            live.id.as_str(),
            id.as_str(),
            "of-victim",
            "victims",
            Key::root().id.as_str(),
        ] {
            // What the answer repeats of the question is no news.
            let is_repeated = answer.contains("\"Error\"");
            assert!(
                is_repeated || !answer.contains(told),
                "{}: {answer}",
                action.name()
            );
        }
    }
    assert_eq!(inventory(&server, victim.uin, victim.policy, &id).await, before);
    expect(&act(&server, &live, "GET", "/", b"").await, 200, "");
    server.stop().await;
}

/// Sessions are ended by their own account alone, by whatever they are told.
#[tokio::test]
async fn no_account_ends_the_sessions_of_another() {
    let server = server().await;
    let ann = user(&server, "ann", &policy(&[EVERYTHING])).await;
    let id = role(&server, "dev", TRUSTS_ROOT, &policy(&[LIST])).await;
    let federated = mint(&server, &ann.key, None, 1800).await;
    let assumed = session(&server, &ann.key, "dev").await;
    let (root, _, _) = stranger(&server).await;
    let attempts = [
        json!({ "TmpSecretIds": [federated.id] }),
        json!({ "TargetUin": ann.uin }),
        json!({ "TargetUin": OWNER }),
        json!({ "RoleId": id }),
        json!({ "RoleName": "dev" }),
        json!({ "SecretId": ann.key.id }),
        json!({ "SessionName": "tests" }),
        json!({ "SessionName": "session" }),
    ];
    for parameters in &attempts {
        call(&server, &root, "RevokeSession", parameters.clone()).await;
        for key in [&federated, &assumed] {
            assert_eq!(
                act(&server, key, "GET", "/", b"").await.status,
                200,
                "{parameters}"
            );
        }
    }
    let told = call(&server, &Key::root(), "ListRevocations", json!({})).await;
    assert!(!told.to_string().contains(&federated.id), "{told}");
    // The account itself ends each of them.
    done(&server, "RevokeSession", attempts[0].clone()).await;
    expect(
        &act(&server, &federated, "GET", "/", b"").await,
        403,
        "AccessDenied",
    );
    expect(&act(&server, &assumed, "GET", "/", b"").await, 200, "");
    done(&server, "RevokeSession", attempts[5].clone()).await;
    expect(
        &act(&server, &assumed, "GET", "/", b"").await,
        403,
        "AccessDenied",
    );
    server.stop().await;
}

/// Neither a policy, nor a trust, nor a list, nor a copy makes what is another account's one's own.
#[tokio::test]
async fn nobody_gives_himself_what_is_another_account_s() {
    let server = server().await;
    let own = Key::root();
    expect(&act(&server, &own, "PUT", "/k", b"secret bytes").await, 200, "");
    let (root, owner, app_id) = stranger(&server).await;
    let theirs = format!("theirs-{app_id}");
    let at = |method: &str, bucket: &str, target: &str| {
        Request::new(&server, method, target).instead("Host", Some(&host_of(&server, bucket)))
    };
    let made = at("PUT", &theirs, "/").body(b"").sign(&server, &root);
    expect(&made.send(&server).await, 200, "");
    // A session policy, an identity policy and a role of theirs that name what is here.
    let here = policy(&[("allow", &["cos:*"], &[&object_resource("*")])]);
    let minted = json!({ "Name": "n", "Policy": encode(&here) });
    let minted = call(&server, &root, "GetFederationToken", minted).await;
    if code(&minted).is_empty() {
        let answer = act(&server, &key_of(&minted), "GET", "/k", b"").await;
        expect(&answer, 403, "AccessDenied");
    }
    let identity = json!({ "PolicyName": "theirs", "PolicyDocument": here });
    let identity = call(&server, &root, "CreatePolicy", identity).await;
    let trust = TRUSTS_ROOT.replace(&OWNER.to_string(), &owner.to_string());
    let role = json!({ "RoleName": "thief", "PolicyDocument": trust });
    assert_eq!(code(&call(&server, &root, "CreateRole", role).await), "");
    if let Some(id) = identity["PolicyId"].as_u64() {
        let attach = json!({ "AttachRoleName": "thief", "PolicyId": id });
        assert_eq!(code(&call(&server, &root, "AttachRolePolicy", attach).await), "");
    }
    let arn = format!("qcs::cam::uin/{owner}:roleName/thief");
    let assumed = json!({ "RoleArn": arn, "RoleSessionName": "session" });
    let assumed = key_of(&call(&server, &root, "AssumeRole", assumed).await);
    for key in [&root, &assumed] {
        for (method, target) in [
            ("GET", "/k"),
            ("PUT", "/k"),
            ("DELETE", "/k"),
            ("GET", "/"),
            ("PUT", "/?acl"),
            ("PUT", "/?policy"),
        ] {
            let body = match target {
                "/?policy" => here.as_bytes(),
                _ => b"",
            };
            let request = at(method, BUCKET, target)
                .header("x-cos-acl", "private")
                .body(body);
            expect(
                &request.sign(&server, key).send(&server).await,
                403,
                "AccessDenied",
            );
        }
        // Into their own bucket, out of this one.
        let copy = at("PUT", &theirs, "/copy").header("x-cos-copy-source", &format!("{BUCKET}.localhost/k"));
        expect(
            &copy.body(b"").sign(&server, key).send(&server).await,
            403,
            "AccessDenied",
        );
    }
    // A list that says whose the bucket is does not make it so.
    let claimed = format!(
        "<AccessControlPolicy><Owner><ID>qcs::cam::uin/{OWNER}:uin/{OWNER}</ID></Owner><AccessControlList>\
         <Grant><Grantee xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\" xsi:type=\"CanonicalUser\">\
         <ID>qcs::cam::uin/{owner}:uin/{owner}</ID></Grantee><Permission>FULL_CONTROL</Permission></Grant>\
         </AccessControlList></AccessControlPolicy>"
    );
    let put = at("PUT", &theirs, "/?acl")
        .body(claimed.as_bytes())
        .sign(&server, &root);
    put.send(&server).await;
    let told = at("GET", &theirs, "/?acl")
        .sign(&server, &root)
        .send(&server)
        .await;
    let told = String::from_utf8(told.body).unwrap();
    assert!(!told.contains(&OWNER.to_string()), "{told}");
    assert_eq!(act(&server, &own, "GET", "/k", b"").await.body, b"secret bytes");
    let mine = at("PUT", &theirs, "/mine").body(b"x").sign(&server, &root);
    expect(&mine.send(&server).await, 200, "");
    server.stop().await;
}

/// What narrows a session goes along into the other account.
#[tokio::test]
async fn a_chain_across_accounts_loses_no_policy() {
    let server = server().await;
    let (root, owner, _) = stranger(&server).await;
    let trust = TRUSTS_ROOT.replace(&OWNER.to_string(), &owner.to_string());
    role(&server, "guest", &trust, &policy(&[EVERYTHING])).await;
    let asked = json!({
        "RoleArn": format!("qcs::cam::uin/{OWNER}:roleName/guest"), "RoleSessionName": "session",
    });
    let narrow = json!({ "Name": "n", "Policy": encode(&policy(&[LIST, ("allow", &["sts:*"], &["*"])])) });
    let narrow = key_of(&call(&server, &root, "GetFederationToken", narrow).await);
    let guest = key_of(&call(&server, &narrow, "AssumeRole", asked.clone()).await);
    let widened = with(asked.clone(), "Policy", policy(&[EVERYTHING]));
    let widened = key_of(&call(&server, &narrow, "AssumeRole", widened).await);
    for key in [&guest, &widened] {
        expect(&act(&server, key, "GET", "/", b"").await, 200, "");
        expect(&act(&server, key, "PUT", "/k", b"x").await, 403, "AccessDenied");
        let made = call(&server, key, "AddUser", json!({ "Name": "mallory", "UseApi": 1 })).await;
        assert_eq!(code(&made), "AuthFailure.UnauthorizedOperation");
    }
    let whole = key_of(&call(&server, &root, "AssumeRole", asked).await);
    expect(&act(&server, &whole, "PUT", "/k", b"x").await, 200, "");
    server.stop().await;
}

/// Whoever may not read learns nothing of what is there: not whether, not which, not since when.
#[tokio::test]
async fn a_refusal_does_not_tell_what_is_there() {
    let server = server().await;
    expect(
        &act(&server, &Key::root(), "PUT", "/k", b"secret bytes").await,
        200,
        "",
    );
    let tag = act(&server, &Key::root(), "GET", "/k", b"")
        .await
        .header("ETag")
        .unwrap()
        .to_owned();
    let nobody = user(
        &server,
        "nobody",
        &policy(&[("allow", &["cos:NoSuchAction"], &["*"])]),
    )
    .await;
    let narrow = mint(
        &server,
        &Key::root(),
        Some(&policy(&[("allow", &["cos:*"], &[&object_resource("mine/*")])])),
        1800,
    )
    .await;
    let (root, _, _) = stranger(&server).await;
    let headers = [
        ("Accept", "*/*".to_owned()),
        ("If-None-Match", tag.clone()),
        ("If-Match", tag),
        ("If-Modified-Since", "Thu, 10 Dec 2020 03:37:30 GMT".to_owned()),
        ("Range", "bytes=100-".to_owned()),
    ];
    let ask = async |key: Option<&Key>,
                     method: &str,
                     bucket: &str,
                     target: &str,
                     (name, value): &(&str, String)| {
        let request = Request::new(&server, method, target)
            .instead("Host", Some(&host_of(&server, bucket)))
            .header(name, value);
        let request = match key {
            Some(key) => request.sign(&server, key),
            None => request,
        };
        let answer = request.send(&server).await;
        let told = answer
            .headers
            .iter()
            .map(|(name, _)| name.clone())
            .collect::<Vec<_>>();
        (answer.status, answer.code().to_owned(), told)
    };
    for key in [None, Some(&nobody.key), Some(&narrow), Some(&root)] {
        for header in &headers {
            for method in ["GET", "HEAD"] {
                let there = ask(key, method, BUCKET, "/k", header).await;
                assert_eq!(there.0, 403, "{key:?} {header:?}");
                let missing = ask(key, method, BUCKET, "/missing", header).await;
                assert_eq!(missing, there, "{key:?} {method} {header:?}");
                let elsewhere = ask(key, method, "missing-1250000000", "/k", header).await;
                assert_eq!(elsewhere, there, "{key:?} {method} {header:?}");
            }
        }
        for target in [
            "/?policy",
            "/?acl",
            "/?cors",
            "/?tagging",
            "/?uploads",
            "/k?acl",
            "/k?uploadId=x",
        ] {
            let there = ask(key, "GET", BUCKET, target, &headers[0]).await;
            let missing = ask(key, "GET", "missing-1250000000", target, &headers[0]).await;
            assert_eq!((there.0, &missing), (403, &there), "{key:?} {target}");
        }
    }
    // Its owner is told.
    let missing = act(&server, &Key::root(), "GET", "/missing", b"").await;
    expect(&missing, 404, "NoSuchKey");
    server.stop().await;
}

/// A secret is told once, when it is made.
#[tokio::test]
async fn no_call_tells_the_secret_of_a_key_that_is_there() {
    let server = server().await;
    let ann = user(&server, "ann", &policy(&[EVERYTHING])).await;
    let session = mint(&server, &ann.key, None, 1800).await;
    let id = role(&server, "dev", TRUSTS_ROOT, &policy(&[LIST])).await;
    let secrets = [
        &Key::root().secret,
        &ann.key.secret,
        &session.secret,
        session.token.as_ref().unwrap(),
    ]
    .map(String::clone);
    let mut answered = 0;
    for action in Action::ALL.iter().filter(|action| !action.is_unsigned()) {
        let (parameters, _) = action_for(*action, ann.uin, ann.policy, &id);
        // What would end the keys, or make others, is left alone.
        let is_read = ["Get", "List", "Describe", "Query"]
            .iter()
            .any(|begin| action.name().starts_with(begin));
        if is_read {
            let answer = call(&server, &Key::root(), action.name(), parameters)
                .await
                .to_string();
            assert!(
                secrets.iter().all(|secret| !answer.contains(secret)),
                "{}",
                action.name()
            );
            answered += usize::from(!answer.contains("\"Error\""));
        }
    }
    assert!(answered > 20, "{answered}");
    server.stop().await;
}
