//! Beyond the list: requests that were signed for one thing and are bent to another, and places where one request
//! could be read in two ways.

use daypass_signature::{SecretKey, v1};
use daypass_testkit::TestServer;
use serde_json::{Value, json};

use crate::acting::{TRUSTS_ROOT, role};
use crate::kit::{
    Key, Request, act, action_request, attach, code, done, encode, expect, host_of, mint, now,
    object_resource, policy, policy_of, response, server, user,
};
use crate::wire::{Answer, BUCKET};

const EVERYTHING: (&str, &[&str], &[&str]) = ("allow", &["*"], &["*"]);

/// The parameters of a call in the older scheme, with its signature.
fn signed_v1(
    server: &TestServer,
    key: &Key,
    method: &str,
    path: &str,
    own: &[(&str, &str)],
) -> Vec<(String, String)> {
    let timestamp = now(server).to_string();
    let mut all: Vec<(String, String)> = [
        ("Nonce", "15"),
        ("Region", "ap-guangzhou"),
        ("SecretId", key.id.as_str()),
        ("Timestamp", timestamp.as_str()),
    ]
    .iter()
    .chain(own)
    .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
    .collect();
    all.extend(key.token.clone().map(|token| ("Token".to_owned(), token)));
    let secret = SecretKey::new(key.secret.clone());
    let signature = v1::sign(method, &server.address().to_string(), path, &all, &secret);
    all.push(("Signature".to_owned(), signature));
    all
}

fn form(pairs: &[(String, String)]) -> String {
    let pair = |(name, value): &(String, String)| format!("{}={}", encode(name), encode(value));
    pairs.iter().map(pair).collect::<Vec<_>>().join("&")
}

async fn send_v1(server: &TestServer, method: &str, path: &str, text: &str) -> Answer {
    let request = match method {
        "GET" => Request::new(server, "GET", &format!("{path}?{text}")),
        _ => Request::new(server, "POST", path)
            .header("Content-Type", "application/x-www-form-urlencoded")
            .body(text.as_bytes()),
    };
    request
        .instead("Host", Some(&server.address().to_string()))
        .send(server)
        .await
}

async fn told_v1(server: &TestServer, pairs: &[(String, String)]) -> Value {
    response(&send_v1(server, "POST", "/", &form(pairs)).await)
}

/// A call that came so far is refused in its answer, any other by its status.
fn is_refused(answer: &Answer, told: &Value) -> bool {
    answer.status >= 400 || !code(&told["Response"]).is_empty()
}

fn set(pairs: &[(String, String)], name: &str, value: Option<&str>) -> Vec<(String, String)> {
    let mut changed: Vec<_> = pairs.iter().filter(|(other, _)| other != name).cloned().collect();
    changed.extend(value.map(|value| (name.to_owned(), value.to_owned())));
    changed
}

#[tokio::test]
async fn a_call_of_the_older_scheme_holds_for_its_method_path_host_and_parameters() {
    let server = server().await;
    let root = Key::root();
    let own = [("Action", "AddUser"), ("Version", "2019-01-16"), ("Name", "ann")];
    let signed = signed_v1(&server, &root, "POST", "/", &own);
    let text = form(&signed);
    for (name, value) in [
        ("Name", Some("eve")),
        ("UseApi", Some("1")),
        ("Action", Some("GetUser")),
        ("Timestamp", Some("1")),
        ("Nonce", Some("16")),
        ("Nonce", None),
        ("Region", None),
        ("SecretId", Some("AKIDother")),
        ("SignatureMethod", Some("HmacSHA256")),
        ("SignatureMethod", Some("none")),
        ("Token", Some("x")),
        ("Signature", Some("")),
        ("Signature", None),
    ] {
        let answer = told_v1(&server, &set(&signed, name, value)).await;
        assert!(
            code(&answer).starts_with("AuthFailure."),
            "{name} {value:?}: {answer}"
        );
    }
    // The same text as a GET, in the other edition, twice, or with a part in the query.
    let answer = send_v1(&server, "GET", "/", &text).await;
    assert_eq!(code(&response(&answer)), "AuthFailure.SignatureFailure");
    let answer = send_v1(&server, "POST", "/v2/index.php", &text).await;
    assert!(
        !String::from_utf8_lossy(&answer.body).contains("\"Uin\""),
        "{answer:?}"
    );
    let twice = format!("{text}&Name=eve");
    assert_ne!(code(&response(&send_v1(&server, "POST", "/", &twice).await)), "");
    let encoded = format!("{text}&N%61me=eve");
    assert_ne!(
        code(&response(&send_v1(&server, "POST", "/", &encoded).await)),
        ""
    );
    let beside = send_v1(&server, "POST", "/?Name=eve", &text).await;
    assert_ne!(code(&response(&beside)), "", "{beside:?}");
    let listed = format!("{text}&Name.0=eve");
    assert_ne!(code(&response(&send_v1(&server, "POST", "/", &listed).await)), "");
    let users = done(&server, "ListUsers", json!({})).await;
    assert_eq!(users["Data"], json!([]), "nothing was done");
    assert_eq!(code(&told_v1(&server, &signed).await), "");
    server.stop().await;
}

/// The older scheme signs values as they are, joined by `&`, so that a value can swallow its neighbours or be cut.
#[tokio::test]
async fn no_parameter_of_the_older_scheme_swallows_another_or_is_cut() {
    let server = server().await;
    let root = Key::root();
    role(&server, "dev", TRUSTS_ROOT, &policy(&[EVERYTHING])).await;
    let narrow = policy(&[("allow", &["cos:GetBucket"], &["*"])]);
    let arn = "qcs::cam::uin/100000000001:roleName/dev";
    let own = [
        ("Action", "AssumeRole"),
        ("Version", "2018-08-13"),
        ("RoleArn", arn),
        ("RoleSessionName", "session"),
        ("Policy", narrow.as_str()),
        ("SignatureMethod", "HmacSHA1"),
        ("SourceIdentity", "bob"),
    ];
    let signed = signed_v1(&server, &root, "POST", "/", &own);
    for (keeps, swallowed) in [
        ("Nonce", &["Policy"][..]),
        ("SignatureMethod", &["SourceIdentity"]),
        ("Action", &["Nonce", "Policy"]),
    ] {
        let value = |name: &str| signed.iter().find(|(other, _)| other == name).unwrap().1.clone();
        let mut all = value(keeps);
        let mut bent = signed.clone();
        for name in swallowed {
            all = format!("{all}&{name}={}", value(name));
            bent = set(&bent, name, None);
        }
        let answer = told_v1(&server, &set(&bent, keeps, Some(&all))).await;
        assert_ne!(code(&answer), "", "{keeps} swallows {swallowed:?}: {answer}");
    }
    assert_eq!(code(&told_v1(&server, &signed).await), "");
    // What somebody else wrote into a note becomes no parameter of its own.
    let own = [
        ("Action", "AddUser"),
        ("Version", "2019-01-16"),
        ("Name", "ann"),
        ("Remark", "friendly&RequestClient=x"),
    ];
    let signed = signed_v1(&server, &root, "POST", "/", &own);
    assert_ne!(code(&told_v1(&server, &signed).await), "", "it could be cut");
    let note = [
        own[0],
        own[1],
        own[2],
        ("Remark", "R&D, see http://a.test/?x=1&y=2"),
    ];
    let signed = signed_v1(&server, &root, "POST", "/", &note);
    assert_eq!(code(&told_v1(&server, &signed).await), "");
    server.stop().await;
}

#[tokio::test]
async fn a_call_has_one_action_one_time_and_one_token() {
    let server = server().await;
    let root = Key::root();
    let session = mint(&server, &root, None, 1800).await;
    let other = mint(
        &server,
        &root,
        Some(&policy(&[("allow", &["cam:GetUser"], &["*"])])),
        1800,
    )
    .await;
    let honest = || action_request(&server, &session, "ListUsers", "{}");
    assert_eq!(code(&response(&honest().send(&server).await)), "");
    let later = (now(&server) + 1).to_string();
    for (name, value) in [
        ("X-TC-Action", "GetUser"),
        ("X-TC-Version", "2018-08-13"),
        ("X-TC-Timestamp", later.as_str()),
        ("X-TC-Token", other.token.as_deref().unwrap()),
        ("Authorization", "TC3-HMAC-SHA256 Credential=x"),
        ("Host", "elsewhere"),
    ] {
        let answer = honest().header(name, value).send(&server).await;
        let told: Value = serde_json::from_slice(&answer.body).unwrap_or_default();
        assert!(is_refused(&answer, &told), "{name}: {told}");
        // Nor does a second one outweigh when it comes first.
        let mut first = honest();
        first.headers.insert(0, (name.to_owned(), value.to_owned()));
        let answer = first.send(&server).await;
        let told: Value = serde_json::from_slice(&answer.body).unwrap_or_default();
        assert!(is_refused(&answer, &told), "{name}: {told}");
    }
    // Another session's token, another method, a query beside the body, a declared but unsigned body.
    for bent in [
        honest().instead("X-TC-Token", other.token.as_deref()),
        honest().instead("X-TC-Token", None),
        honest().target("/?Action=DeleteUser"),
        honest().target("/?Name=x"),
        honest().method("GET"),
        honest().method("PUT"),
        honest().header("X-TC-Content-SHA256", "UNSIGNED-PAYLOAD"),
        honest().instead("Content-Type", Some("application/x-www-form-urlencoded")),
    ] {
        let answer = bent.send(&server).await;
        let told: Value = serde_json::from_slice(&answer.body).unwrap_or_default();
        assert!(is_refused(&answer, &told), "{told}");
    }
    server.stop().await;
}

#[tokio::test]
async fn a_body_names_each_parameter_once_and_in_one_case() {
    let server = server().await;
    let root = Key::root();
    user(&server, "ann", &policy(&[EVERYTHING])).await;
    for body in [
        r#"{"Name":"ann","Name":"eve"}"#,
        r#"{"Name":"ann","name":"eve"}"#,
        r#"{"name":"ann"}"#,
        r#"{"Name":["ann"]}"#,
        r#"{"Name":{"a":1}}"#,
        r#"{"Name":"ann","N\u0061me":"eve"}"#,
        "{\"Name\":\"ann\"}{\"Name\":\"eve\"}",
        "\u{feff}{\"Name\":\"ann\"}",
    ] {
        let answer = response(
            &action_request(&server, &root, "GetUser", body)
                .send(&server)
                .await,
        );
        assert_ne!(code(&answer), "", "{body}: {answer}");
    }
    let honest = action_request(&server, &root, "GetUser", r#"{"N\u0061me":"ann"}"#);
    assert_eq!(code(&response(&honest.send(&server).await)), "");
    server.stop().await;
}

/// What a copy does with notes and tags of its source is part of what it does.
#[tokio::test]
async fn a_copy_s_directives_are_part_of_what_is_signed() {
    let server = server().await;
    let root = Key::root();
    let put = Request::new(&server, "PUT", "/k")
        .header("x-cos-meta-owner", "ann")
        .header("x-cos-tagging", "kept=yes")
        .body(b"x");
    expect(&put.sign(&server, &root).send(&server).await, 200, "");
    let copy = || {
        Request::new(&server, "PUT", "/copy")
            .header("x-cos-copy-source", &format!("{BUCKET}.localhost/k"))
            .body(b"")
    };
    let signed = copy().sign(&server, &root);
    for (name, value) in [
        ("x-cos-metadata-directive", "Replaced"),
        ("x-cos-tagging-directive", "Replaced"),
        ("X-COS-Tagging-Directive", "Replaced"),
        ("x-cos-copy-source-If-None-Match", "\"x\""),
    ] {
        let bent = signed.clone().header(name, value);
        expect(&bent.send(&server).await, 403, "AccessDenied");
        let honest = copy().header(name, value).sign(&server, &root);
        assert_eq!(honest.send(&server).await.status, 200, "{name}");
    }
    expect(&signed.send(&server).await, 200, "");
    server.stop().await;
}

/// A preflight is the one request that needs no signature: it says nothing but what the rules say.
#[tokio::test]
async fn a_preflight_reads_and_changes_nothing() {
    let server = server().await;
    let root = Key::root();
    expect(&act(&server, &root, "PUT", "/k", b"secret bytes").await, 200, "");
    for target in [
        "/k",
        "/",
        "/?acl",
        "/?policy",
        "/k?uploads",
        "/?delete",
        "/k?acl&versionId=1",
    ] {
        for header in [
            ("X-HTTP-Method-Override", "DELETE"),
            ("X-Method-Override", "PUT"),
            ("Accept", "*/*"),
        ] {
            let request = Request::new(&server, "OPTIONS", target)
                .header("Origin", "http://a.test")
                .header("Access-Control-Request-Method", "DELETE")
                .header(header.0, header.1);
            let answer = request.send(&server).await;
            assert_eq!(answer.status, 403, "{target}: {answer:?}");
            assert!(!String::from_utf8_lossy(&answer.body).contains("secret bytes"));
        }
    }
    // Nor is a method that a header names the method.
    let link = Request::new(&server, "GET", "/k").presign(&server, &root);
    let overridden = link.header("X-HTTP-Method-Override", "DELETE");
    assert_eq!(overridden.send(&server).await.body, b"secret bytes");
    expect(&act(&server, &root, "GET", "/k", b"").await, 200, "");
    server.stop().await;
}

/// The prefix of a listing that is judged is the one that is listed.
#[tokio::test]
async fn a_listing_s_prefix_is_read_once() {
    let server = server().await;
    let root = Key::root();
    for target in ["/in/k", "/out/secret"] {
        expect(&act(&server, &root, "PUT", target, b"x").await, 200, "");
    }
    let by_resource = policy(&[("allow", &["cos:*"], &[&object_resource("in/*")])]);
    let by_condition = json!({ "version": "2.0", "statement": [{
        "effect": "allow", "action": ["cos:GetBucket"], "resource": ["*"],
        "condition": { "string_like": { "cos:prefix": "in/*" } },
    }]})
    .to_string();
    for document in [by_resource, by_condition] {
        let key = mint(&server, &root, Some(&document), 1800).await;
        for target in [
            "/?prefix=out/",
            "/?prefix=",
            "/",
            "/?prefix=in/&prefix=out/",
            "/?prefix=out/&Prefix=in/",
            "/?PREFIX=in/",
            "/?prefix=in/../out/",
            "/?%70refix=out/",
            "/?prefix=in/&prefix",
            "/?prefix%00=in/",
            "/?prefix=%00in/",
            "/?marker=out/&prefix",
            "/?delimiter=/",
        ] {
            let answer = act(&server, &key, "GET", target, b"").await;
            let text = String::from_utf8_lossy(&answer.body).into_owned();
            assert!(!text.contains("secret"), "{target}: {text}");
        }
        for target in ["/?prefix=in/", "/?prefix=in%2F", "/?delimiter=/&prefix=in/"] {
            let answer = act(&server, &key, "GET", target, b"").await;
            expect(&answer, 200, "");
            assert!(String::from_utf8_lossy(&answer.body).contains("in/k"), "{target}");
        }
    }
    server.stop().await;
}

/// A key that is held to one bucket is held to it whatever host, path and case name the bucket.
#[tokio::test]
async fn a_bucket_is_one_bucket_by_every_name() {
    let server = server().await;
    let root = Key::root();
    let other = "second-1250000000";
    let at = |host: &str, target: &str| {
        Request::new(&server, "PUT", target)
            .instead("Host", Some(host))
            .body(b"x")
    };
    let made = Request::new(&server, "PUT", "/").instead("Host", Some(&host_of(&server, other)));
    let made = made.body(b"").sign(&server, &root);
    expect(&made.send(&server).await, 200, "");
    let narrow = policy(&[("allow", &["cos:*"], &[&object_resource("*")])]);
    let key = mint(&server, &root, Some(&narrow), 1800).await;
    let region = "cos.ap-guangzhou.myqcloud.com";
    let service = server.address().to_string();
    let names = |bucket: &str| {
        vec![
            (format!("{bucket}.localhost"), "/k".to_owned()),
            (format!("{bucket}.{region}"), "/k".to_owned()),
            (format!("{}.{region}", bucket.to_uppercase()), "/k".to_owned()),
            (format!("{bucket}.{region}:1"), "/k".to_owned()),
            (service.clone(), format!("/{bucket}/k")),
            (service.clone(), format!("/{}/k", bucket.replace('-', "%2D"))),
            (region.to_owned(), format!("/{bucket}/k")),
        ]
    };
    for (host, target) in names(other) {
        let answer = at(&host, &target).sign(&server, &key).send(&server).await;
        assert!((400..500).contains(&answer.status), "{host} {target}: {answer:?}");
        // A host that names the allowed bucket helps no path that names another.
        let beside = at(&host_of(&server, BUCKET), &format!("/../{other}/k")).sign(&server, &key);
        expect(&beside.send(&server).await, 200, "");
    }
    for (host, target) in names(BUCKET) {
        let answer = at(&host, &target).sign(&server, &key).send(&server).await;
        assert_eq!(answer.status, 200, "{host} {target}: {answer:?}");
    }
    let listed = Request::new(&server, "GET", "/").instead("Host", Some(&host_of(&server, other)));
    let listed = listed.sign(&server, &root).send(&server).await;
    assert!(!String::from_utf8_lossy(&listed.body).contains("<Contents>"));
    server.stop().await;
}

/// Bodies that are read as documents are the bodies that are judged.
#[tokio::test]
async fn a_batch_s_keys_are_read_once() {
    let server = server().await;
    let root = Key::root();
    expect(&act(&server, &root, "PUT", "/secret", b"x").await, 200, "");
    let inside = policy(&[("allow", &["cos:*"], &[&object_resource("in/*")])]);
    let key = mint(&server, &root, Some(&inside), 1800).await;
    for entries in [
        "<Object><Key>in/a</Key><Key>secret</Key></Object>",
        "<Object><Key>secret</Key><Key>in/a</Key></Object>",
        "<Object><Key>in/a<!-- -->/../../secret</Key></Object>",
        "<Object><Key><![CDATA[secret]]></Key></Object>",
        "<Object><Key>&#115;ecret</Key></Object>",
        "<Object><Key>%73ecret</Key></Object>",
        "<Object><Key> secret </Key></Object>",
        "<Object><Key>in/a</Key></Object><Object xmlns=\"x\"><Key>secret</Key></Object>",
        "<Key>secret</Key>",
    ] {
        let body = format!("<Delete>{entries}</Delete>");
        act(&server, &key, "POST", "/?delete", body.as_bytes()).await;
        assert_eq!(
            act(&server, &root, "GET", "/secret", b"").await.status,
            200,
            "{entries}"
        );
    }
    let body = b"<Delete><Object><Key><![CDATA[secret]]></Key></Object></Delete>";
    act(&server, &root, "POST", "/?delete", body).await;
    expect(
        &act(&server, &root, "GET", "/secret", b"").await,
        404,
        "NoSuchKey",
    );
    server.stop().await;
}

/// A policy that is stored by one name is the one that is asked by it, after it was replaced, too.
#[tokio::test]
async fn a_name_that_is_given_again_brings_nothing_along() {
    let server = server().await;
    let ann = user(
        &server,
        "ann",
        &policy(&[("allow", &["cos:NoSuchAction"], &["*"])]),
    )
    .await;
    let wide = policy(&[EVERYTHING]);
    let first = policy_of(&server, "shared", &wide).await;
    attach(&server, ann.uin, first).await;
    expect(&act(&server, &ann.key, "GET", "/", b"").await, 200, "");
    done(&server, "DeletePolicy", json!({ "PolicyId": [first] })).await;
    expect(
        &act(&server, &ann.key, "GET", "/", b"").await,
        403,
        "AccessDenied",
    );
    let second = policy_of(&server, "shared", &wide).await;
    assert_ne!(first, second);
    expect(
        &act(&server, &ann.key, "GET", "/", b"").await,
        403,
        "AccessDenied",
    );
    // So with groups.
    let group = async || done(&server, "CreateGroup", json!({ "GroupName": "g" })).await["GroupId"].clone();
    let one = group().await;
    done(
        &server,
        "AttachGroupPolicy",
        json!({ "AttachGroupId": one, "PolicyId": second }),
    )
    .await;
    done(
        &server,
        "AddUserToGroup",
        json!({ "Info": [{ "GroupId": one, "Uin": ann.uin }] }),
    )
    .await;
    expect(&act(&server, &ann.key, "GET", "/", b"").await, 200, "");
    done(&server, "DeleteGroup", json!({ "GroupId": one })).await;
    let two = group().await;
    assert_ne!(one, two);
    done(
        &server,
        "AttachGroupPolicy",
        json!({ "AttachGroupId": two, "PolicyId": second }),
    )
    .await;
    expect(
        &act(&server, &ann.key, "GET", "/", b"").await,
        403,
        "AccessDenied",
    );
    server.stop().await;
}
