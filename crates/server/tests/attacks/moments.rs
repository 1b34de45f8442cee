//! Beyond the list: between two requests, or in the middle of one, a right goes away.

use serde_json::{Value, json};

use crate::acting::{TRUSTS_ROOT, role, session};
use crate::kit::{
    Key, Request, act, attach, call, code, done, encode, expect, key_of, mint, policy, policy_of, server,
    upload, user,
};
use crate::wire::Wire;

const EVERYTHING: (&str, &[&str], &[&str]) = ("allow", &["*"], &["*"]);

/// A connection that was let in is asked again at every request.
#[tokio::test]
async fn an_open_connection_remembers_no_right() {
    let server = server().await;
    let ann = user(&server, "ann", &policy(&[EVERYTHING])).await;
    role(&server, "dev", TRUSTS_ROOT, &policy(&[EVERYTHING])).await;
    let session = session(&server, &ann.key, "dev").await;
    let federated = mint(&server, &ann.key, None, 1800).await;
    let keys = [&ann.key, &session, &federated];
    let mut wires = Vec::new();
    for key in keys {
        let mut wire = Wire::open(&server).await;
        wire.send(Request::new(&server, "GET", "/").sign(&server, key).bytes())
            .await;
        expect(&wire.receive().await.unwrap(), 200, "");
        wires.push(wire);
    }
    done(&server, "DeleteUser", json!({ "Name": "ann", "Force": 1 })).await;
    for (key, wire) in keys.into_iter().zip(&mut wires) {
        wire.send(Request::new(&server, "GET", "/").sign(&server, key).bytes())
            .await;
        expect(&wire.receive().await.unwrap(), 403, "InvalidAccessKeyId");
    }
    server.stop().await;
}

/// An upload in parts asks at each of its steps.
#[tokio::test]
async fn an_upload_in_parts_ends_with_its_right() {
    let server = server().await;
    let ann = user(&server, "ann", &policy(&[EVERYTHING])).await;
    let key = mint(&server, &ann.key, None, 1800).await;
    let id = upload(&server, &key, "/big").await;
    let part = act(
        &server,
        &key,
        "PUT",
        &format!("/big?partNumber=1&uploadId={id}"),
        b"x",
    )
    .await;
    expect(&part, 200, "");
    let tag = part.header("ETag").unwrap().to_owned();
    let deny = policy_of(
        &server,
        "deny",
        &policy(&[("deny", &["cos:CompleteMultipartUpload"], &["*"])]),
    )
    .await;
    attach(&server, ann.uin, deny).await;
    let list = format!(
        "<CompleteMultipartUpload><Part><PartNumber>1</PartNumber><ETag>{tag}</ETag></Part></CompleteMultipartUpload>"
    );
    let complete = async || {
        act(
            &server,
            &key,
            "POST",
            &format!("/big?uploadId={id}"),
            list.as_bytes(),
        )
        .await
    };
    expect(&complete().await, 403, "AccessDenied");
    expect(
        &act(&server, &Key::root(), "GET", "/big", b"").await,
        404,
        "NoSuchKey",
    );
    done(
        &server,
        "DetachUserPolicy",
        json!({ "DetachUin": ann.uin, "PolicyId": deny }),
    )
    .await;
    expect(&complete().await, 200, "");
    server.stop().await;
}

/// A key that somebody else merely names was not used.
#[tokio::test]
async fn a_claim_that_is_not_proven_leaves_no_trace_at_the_key() {
    let server = server().await;
    let ann = user(&server, "ann", &policy(&[EVERYTHING])).await;
    let wrong = Key::permanent(&ann.key.id, "not the secret of this key");
    let used = async || {
        let listed = done(
            &server,
            "GetSecurityLastUsed",
            json!({ "SecretIdList": [ann.key.id] }),
        )
        .await;
        listed["SecretIdLastUsedRows"][0]["LastUsedDate"].clone()
    };
    let before = used().await;
    expect(
        &act(&server, &wrong, "GET", "/", b"").await,
        403,
        "SignatureDoesNotMatch",
    );
    call(&server, &wrong, "GetCallerIdentity", json!({})).await;
    let expired = Request::new(&server, "GET", "/")
        .window(-100, -50)
        .sign(&server, &ann.key);
    expect(&expired.send(&server).await, 403, "AccessDenied");
    assert_eq!(used().await, before);
    expect(&act(&server, &ann.key, "GET", "/", b"").await, 200, "");
    assert_ne!(used().await, before, "a use is seen at once");
    server.stop().await;
}

/// Neither what was ended nor what is refused is a use of the key behind it; nor is a temporary key, while it is good.
#[tokio::test]
async fn what_a_session_does_is_no_use_of_the_key_behind_it() {
    let server = server().await;
    let ann = user(&server, "ann", &policy(&[EVERYTHING])).await;
    let used = async || {
        let asked = json!({ "SecretIdList": [ann.key.id] });
        let listed = done(&server, "GetSecurityLastUsed", asked).await;
        listed["SecretIdLastUsedRows"][0]["LastUsedDate"].clone()
    };
    let session = mint(&server, &ann.key, None, 129_600).await;
    let minted = used().await;
    assert_ne!(minted, Value::Null);
    // The day is told and no more, so another one must come.
    server.clock.advance_seconds(100_000);
    let (key_id, uin) = (&ann.key.id, ann.uin);
    expect(&act(&server, &session, "GET", "/", b"").await, 200, "");
    done(&server, "RevokeSession", json!({ "TmpSecretIds": [session.id] })).await;
    expect(
        &act(&server, &session, "GET", "/", b"").await,
        403,
        "AccessDenied",
    );
    call(&server, &session, "GetCallerIdentity", json!({})).await;
    let disable = json!({ "TargetUin": uin, "AccessKeyId": key_id, "Status": "Inactive" });
    done(&server, "UpdateAccessKey", disable).await;
    let refused = act(&server, &ann.key, "GET", "/", b"").await;
    assert_eq!(refused.status, 403);
    call(&server, &ann.key, "GetCallerIdentity", json!({})).await;
    assert_eq!(used().await, minted);
    server.stop().await;
}

/// Whoever may not make anything public may not do so by a list in a document either.
#[tokio::test]
async fn a_list_opens_nothing_that_its_preset_may_not() {
    let server = server().await;
    let root = Key::root();
    expect(&act(&server, &root, "PUT", "/k", b"x").await, 200, "");
    let document = json!({ "version": "2.0", "statement": [
        { "effect": "allow", "action": "*", "resource": "*" },
        { "effect": "deny", "action": "*", "resource": "*", "condition": {
            "string_equal": { "cos:x-cos-acl": ["public-read", "public-read-write", "authenticated-read"] },
        }},
    ]});
    let key = mint(&server, &root, Some(&document.to_string()), 1800).await;
    let grant = |grantee: &str, permission: &str| {
        format!(
            "<AccessControlPolicy><Owner><ID>qcs::cam::uin/100000000001:uin/100000000001</ID></Owner>\
             <AccessControlList><Grant><Grantee>{grantee}</Grantee><Permission>{permission}</Permission></Grant>\
             </AccessControlList></AccessControlPolicy>"
        )
    };
    let group = |name: &str| format!("<URI>http://cam.qcloud.com/groups/global/{name}</URI>");
    let everybody = "<ID>qcs::cam::anyone:anyone</ID>".to_owned();
    for target in ["/k?acl", "/?acl"] {
        for permission in ["READ", "FULL_CONTROL", "WRITE_ACP", "READ_ACP"] {
            for grantee in [group("AllUsers"), group("AuthenticatedUsers"), everybody.clone()] {
                let body = grant(&grantee, permission);
                let answer = act(&server, &key, "PUT", target, body.as_bytes()).await;
                expect(&answer, 403, "AccessDenied");
                // An empty header hides it no better.
                let request = Request::new(&server, "PUT", target)
                    .header("x-cos-acl", "")
                    .body(body.as_bytes());
                expect(
                    &request.sign(&server, &key).send(&server).await,
                    403,
                    "AccessDenied",
                );
            }
        }
        for name in ["x-cos-grant-read", "x-cos-grant-full-control"] {
            for value in [
                "id=\"qcs::cam::anyone:anyone\"",
                "uri=\"http://cam.qcloud.com/groups/global/AllUsers\"",
            ] {
                let request = Request::new(&server, "PUT", target).header(name, value).body(b"");
                expect(
                    &request.sign(&server, &key).send(&server).await,
                    400,
                    "InvalidArgument",
                );
            }
        }
        let body = grant(
            "<ID>qcs::cam::uin/100000000001:uin/100000000001</ID>",
            "FULL_CONTROL",
        );
        expect(&act(&server, &key, "PUT", target, body.as_bytes()).await, 200, "");
    }
    let read = Request::new(&server, "GET", "/k").send(&server).await;
    expect(&read, 403, "AccessDenied");
    server.stop().await;
}

/// Temporary keys are given away; whoever has one does not keep its account from minting others.
#[tokio::test]
async fn a_flood_by_temporary_keys_leaves_the_permanent_ones_their_share() {
    let server = daypass_testkit::TestServer::with(|config| config.sts_requests_per_second = 2);
    let server = server.await.unwrap();
    let root = Key::root();
    let ask = async |key: &Key| {
        let who = call(&server, key, "GetCallerIdentity", json!({})).await;
        code(&who).to_owned()
    };
    let given = mint(&server, &root, None, 1800).await;
    let other = mint(&server, &root, None, 1800).await;
    server.clock.advance_seconds(1);
    let flood = [
        ask(&given).await,
        ask(&other).await,
        ask(&given).await,
        ask(&other).await,
    ];
    assert_eq!(flood, ["", "", "RequestLimitExceeded", "RequestLimitExceeded"]);
    let minted = call(&server, &root, "GetFederationToken", json!({ "Name": "n" })).await;
    assert_eq!(code(&minted), "");
    server.stop().await;
}

/// A denial that is written otherwise is a denial, or no policy at all.
#[tokio::test]
async fn a_denial_is_held_or_refused_however_it_is_spelled() {
    let server = server().await;
    let root = Key::root();
    expect(&act(&server, &root, "PUT", "/in/k", b"x").await, 200, "");
    let resource = "qcs::cos:ap-guangzhou:uid/1250000000:photos-1250000000/in/*";
    let with = |effect: &str, action: Value, resource: Value| {
        json!({ "version": "2.0", "statement": [
            { "effect": "allow", "action": "*", "resource": "*" },
            { "effect": effect, "action": action, "resource": resource },
        ]})
        .to_string()
    };
    let plain = || json!(["cos:PutObject"]);
    let mut spelled: Vec<String> = ["deny", "Deny", "DENY", " deny", "deny "]
        .map(|effect| with(effect, plain(), json!(resource)))
        .to_vec();
    for action in [
        "name/cos:PutObject",
        "cos:putobject",
        "COS:PutObject",
        "Cos:PUTOBJECT",
        "NAME/cos:PutObject",
        "cos:Put*",
        "cos:P*t",
        "cos:*",
        "*:PutObject",
        "cos:PutObject ",
        "cos: PutObject",
        "*",
        "permid/1",
    ] {
        spelled.push(with("deny", json!(action), json!(resource)));
        spelled.push(with("deny", json!([action]), json!([resource])));
    }
    for named in [
        "qcs::cos::uid/1250000000:photos-1250000000/in/*",
        "qcs::cos:*:uid/1250000000:photos-1250000000/in/*",
        "qcs::cos:*:*:photos-1250000000/in/*",
        "qcs::cos:ap-guangzhou::photos-1250000000/in/*",
        "QCS::COS:ap-guangzhou:uid/1250000000:photos-1250000000/in/*",
        "qcs::cos:AP-GUANGZHOU:uid/1250000000:photos-1250000000/in/*",
        "qcs::cos:ap-guangzhou:uin/100000000001:photos-1250000000/in/*",
        "qcs::cos:ap-guangzhou:uid/1250000000:prefix//1250000000/photos/in/*",
        "photos-1250000000/in/*",
        "*",
    ] {
        spelled.push(with("deny", plain(), json!(named)));
    }
    // Elements that are there twice, in another case, or unknown.
    for text in [
        r#"{"version":"2.0","statement":[{"effect":"deny","effect":"allow","action":"*","resource":"*"}]}"#,
        r#"{"version":"2.0","statement":[{"effect":"allow","action":"*","resource":"*","Condition":{"ip_equal":{"qcs:ip":"192.0.2.1"}}}]}"#,
        r#"{"Version":"2.0","Statement":[{"Effect":"deny","Action":"*","Resource":"*"}]}"#,
        r#"{"version":"2.0","statement":[{"effect":"allow","action":"*","resource":"*","not_action":"cos:PutObject"}]}"#,
        r#"{"version":"2.0","statement":[{"effect":"allow","action":"*","resource":"*"}],"Statement":[{"effect":"deny","action":"*","resource":"*"}]}"#,
        r#"{"version":"2.0","statement":[{"effect":"allow","action":"*","resource":"*","condition":{"no_such_operator":{"qcs:ip":"1.1.1.1"}}}]}"#,
        r#"{"version":"2.0","statement":[{"effect":"allow","action":"*","resource":"*","condition":{"string_equal":{"cos:no-such-key":"x"}}}]}"#,
    ] {
        spelled.push(text.to_owned());
    }
    let mut held = 0;
    for document in &spelled {
        let parameters = json!({ "Name": "n", "Policy": encode(document) });
        let minted = call(&server, &root, "GetFederationToken", parameters).await;
        if code(&minted).is_empty() {
            let answer = act(&server, &key_of(&minted), "PUT", "/in/k", b"x").await;
            assert_eq!(answer.status, 403, "{document}");
            held += 1;
        }
    }
    assert!(held > 15, "most are understood: {held}");
    let other = with("deny", plain(), json!(resource.replace("in/*", "out/*")));
    let other = mint(&server, &root, Some(&other), 1800).await;
    expect(&act(&server, &other, "PUT", "/in/k", b"x").await, 200, "");
    server.stop().await;
}
