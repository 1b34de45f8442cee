//! Forms that upload a file: who may, as what, and what a form cannot be bent to.

use daypass_audit::query::{Query, Trail};
use daypass_server::AuditConfig;
use daypass_testkit::TestServer;
use serde_json::{Value, json};

use crate::kit::{Key, act, expect, host_of, mint, object_resource, policy, server, user};
use crate::one_gate::Keys;
use crate::post::Post;
use crate::wire::{Answer, BUCKET, ask};

/// What is under a key, or nothing.
async fn stored(server: &TestServer, key: &str) -> Option<Vec<u8>> {
    let answer = act(server, &Key::root(), "GET", &format!("/{key}"), b"").await;
    (answer.status == 200).then_some(answer.body)
}

#[track_caller]
fn stored_by(answer: &Answer) {
    expect(answer, 204, "");
}

/// May upload below `up/`, by forms only.
fn uploader() -> String {
    policy(&[("allow", &["name/cos:PostObject"], &[&object_resource("up/*")])])
}

#[tokio::test]
async fn a_form_stores_its_file_as_its_fields_say() {
    let server = server().await;
    let post = Post::new(&server, "up/${filename}")
        .field("Content-Type", "image/png")
        .field("acl", "public-read")
        .field("x-cos-meta-who", "me")
        .field("Cache-Control", "max-age=60");
    let conditions = [
        json!({ "bucket": BUCKET }),
        json!(["starts-with", "$key", "up/"]),
        json!(["starts-with", "$Content-Type", "image/"]),
        json!({ "acl": "public-read" }),
        json!(["starts-with", "$x-cos-meta-who", ""]),
        json!({ "Cache-Control": "max-age=60" }),
        json!(["content-length-range", 5, 5]),
    ];
    let post = post
        .header("Cache-Control", "max-age=0")
        .sign_policy(&server, &Key::root(), &conditions);
    let answer = post.send(&server).await;
    stored_by(&answer);
    assert_eq!(
        answer.header("ETag"),
        Some("\"2063c1608d6e0baf80249c42e2be5804\"")
    );
    let place = format!("http://{}/up/a.txt", host_of(&server, BUCKET));
    assert_eq!(answer.header("Location"), Some(place.as_str()));
    // It is public, as the form said.
    let read = ask(&server, "GET", "/up/a.txt", &[("Authorization", "")], b"").await;
    assert_eq!((read.status, read.body.as_slice()), (200, b"value".as_slice()));
    assert_eq!(read.header("Content-Type"), Some("image/png"));
    assert_eq!(read.header("Cache-Control"), Some("max-age=60"));
    assert_eq!(read.header("x-cos-meta-who"), Some("me"));
    server.stop().await;
}

#[tokio::test]
async fn a_form_is_answered_as_it_asks() {
    let server = server().await;
    let root = Key::root();
    let answer = async |name: &str, value: &str| {
        let post = Post::new(&server, "a b").field(name, value).sign(&server, &root);
        post.send(&server).await
    };
    expect(&answer("success_action_status", "200").await, 200, "");
    expect(&answer("success_action_status", "204").await, 204, "");
    expect(
        &answer("success_action_status", "404").await,
        400,
        "InvalidArgument",
    );
    let created = answer("success_action_status", "201").await;
    assert_eq!(created.status, 201);
    let text = String::from_utf8(created.body).unwrap();
    assert!(text.contains("<PostResponse><Location>http://"), "{text}");
    let redirected = answer("success_action_redirect", "https://a.test/done?x=1").await;
    assert_eq!(redirected.status, 303);
    let onward = "https://a.test/done?x=1&bucket=photos-1250000000&key=a%20b&etag=%222063c1608d6e0baf80249c42e2be5804%22";
    assert_eq!(redirected.header("Location"), Some(onward));
    for url in [
        "javascript:alert(1)",
        "/here",
        "https://a.test/\r\nSet-Cookie: a=b",
    ] {
        expect(
            &answer("success_action_redirect", url).await,
            400,
            "InvalidArgument",
        );
    }
    server.stop().await;
}

#[tokio::test]
async fn the_mini_program_signs_the_request_in_the_form() {
    let server = server().await;
    let key = mint(&server, &Key::root(), Some(&uploader()), 1800).await;
    let post = || {
        Post::new(&server, "up/k")
            .field("success_action_status", "200")
            .field("Content-Type", "")
    };
    expect(&post().sign_request(&server, &key).send(&server).await, 200, "");
    assert_eq!(
        stored(&server, "up/k").await.as_deref(),
        Some(b"value".as_slice())
    );
    // Its type may be signed, and is the field's and not the form's own.
    let typed = post()
        .instead("Content-Type", Some("image/png"))
        .sign_request(&server, &key);
    expect(&typed.send(&server).await, 200, "");
    expect(
        &typed
            .instead("Content-Type", Some("text/html"))
            .send(&server)
            .await,
        403,
        "SignatureDoesNotMatch",
    );
    // A list of rights is signed as a header; in a field alone it is nothing that was signed.
    let private = post().header("x-cos-acl", "private").sign_request(&server, &key);
    expect(
        &private.clone().field("acl", "private").send(&server).await,
        200,
        "",
    );
    expect(
        &private.field("acl", "public-read").send(&server).await,
        400,
        "InvalidArgument",
    );
    let added = post().sign_request(&server, &key).field("acl", "public-read");
    expect(&added.send(&server).await, 403, "AccessDenied");
    // Elsewhere than the key may write.
    let elsewhere = post().instead("key", Some("down/k")).sign_request(&server, &key);
    expect(&elsewhere.send(&server).await, 403, "AccessDenied");
    server.stop().await;
}

#[tokio::test]
async fn a_form_has_one_signature_and_it_is_in_it() {
    let server = server().await;
    let root = Key::root();
    let post = || Post::new(&server, "k");
    let in_form = post().sign_request(&server, &root);
    expect(&in_form.send(&server).await, 204, "");
    // Beside the form only, as any other request is signed.
    let beside = in_form.clone().instead("Signature", None);
    expect(&beside.send(&server).await, 403, "AccessDenied");
    // Both ways, or with another one beside it.
    expect(
        &in_form.clone().sign(&server, &root).send(&server).await,
        403,
        "AccessDenied",
    );
    expect(&post().sign(&server, &root).send(&server).await, 204, "");
    let (_, text) = in_form
        .fields
        .iter()
        .find(|(name, _)| name == "Signature")
        .unwrap();
    let other = post().sign(&server, &root).header("Authorization", text);
    expect(&other.send(&server).await, 403, "AccessDenied");
    for (name, code) in [
        ("policy", "AccessDenied"),
        ("q-ak", "AccessDenied"),
        ("q-sign-algorithm", "AccessDenied"),
        ("q-key-time", "AccessDenied"),
        ("q-signature", "AccessDenied"),
    ] {
        let answer = post()
            .sign(&server, &root)
            .instead(name, None)
            .send(&server)
            .await;
        expect(&answer, 403, code);
    }
    let changed = post()
        .sign(&server, &root)
        .instead("q-signature", Some(&"0".repeat(40)));
    expect(&changed.send(&server).await, 403, "SignatureDoesNotMatch");
    let unknown = post().sign(&server, &Key::permanent("AKIDnobody", "secret"));
    expect(&unknown.send(&server).await, 403, "InvalidAccessKeyId");
    server.stop().await;
}

#[tokio::test]
async fn nobody_may_post_where_nobody_may_write() {
    let server = server().await;
    let post = Post::new(&server, "k");
    expect(&post.send(&server).await, 403, "AccessDenied");
    assert_eq!(stored(&server, "k").await, None);
    let opened = ask(
        &server,
        "PUT",
        "/?acl",
        &[("x-cos-acl", "public-read-write")],
        b"",
    )
    .await;
    assert_eq!(opened.status, 200);
    stored_by(&post.send(&server).await);
    // A policy that nobody signed is none.
    let policy = post
        .sign(&server, &Key::root())
        .instead("q-signature", None)
        .instead("q-ak", None);
    expect(&policy.send(&server).await, 403, "AccessDenied");
    server.stop().await;
}

#[tokio::test]
async fn a_form_that_cannot_be_read_stores_nothing() {
    let server = server().await;
    let post = Post::new(&server, "k").sign(&server, &Key::root());
    let whole = post.body();
    let text = String::from_utf8(whole.clone()).unwrap();
    let check = async |body: &str, code: &str| {
        let answer = post.send_body(&server, body.as_bytes()).await;
        let got = (answer.status, answer.code().to_owned());
        assert_eq!(got, (400, code.to_owned()), "{body:.200}");
        assert_eq!(stored(&server, "k").await, None, "{body:.200}");
    };
    for end in [0, 5, 60, whole.len() - 20, whole.len() - 14, whole.len() - 4] {
        check(&text[..end], "MalformedPOSTRequest").await;
    }
    let twice = "------form\r\nContent-Disposition: form-data; name=\"key\"\r\n\r\nl\r\n";
    check(&format!("{twice}{text}"), "InvalidArgument").await;
    check(&format!("pre\r\n{text}"), "MalformedPOSTRequest").await;
    check(
        &text.replace("name=\"file\"", "name=\"other\""),
        "IncorrectNumberOfFilesInPostRequest",
    )
    .await;
    check(&text.replace("a.txt\"", "a\r\nx: y\""), "MalformedPOSTRequest").await;
    check(
        &text.replace("text/html", "multipart/mixed; boundary=b"),
        "MalformedPOSTRequest",
    )
    .await;
    check(
        &text.replace(
            "------form--",
            &format!("{}\r\n------form--", twice.replace("key", "file")),
        ),
        "IncorrectNumberOfFilesInPostRequest",
    )
    .await;
    let large = format!("{twice}{}", "-".repeat(40_000)).replace("key", "more");
    check(&large, "MalformedPOSTRequest").await;
    stored_by(&post.send_body(&server, text.as_bytes()).await);
    let mut other = post.clone();
    other.head = other.head.instead(
        "Content-Type",
        Some(&format!("multipart/form-data; boundary={}", "b".repeat(71))),
    );
    expect(&other.send(&server).await, 400, "MalformedPOSTRequest");
    server.stop().await;
}

#[tokio::test]
async fn a_large_file_is_let_past() {
    let server = server().await;
    let bytes: Vec<u8> = (0..3_000_000_u32)
        .flat_map(|n| n.to_le_bytes()[..1].to_vec())
        .collect();
    let post = Post::new(&server, "large")
        .file(&bytes)
        .sign(&server, &Key::root());
    stored_by(&post.send(&server).await);
    assert_eq!(stored(&server, "large").await, Some(bytes));
    server.stop().await;
}

#[tokio::test]
async fn the_digest_of_a_file_is_held() {
    let server = server().await;
    let post = |md5: &str| {
        Post::new(&server, "k")
            .field("Content-MD5", md5)
            .sign(&server, &Key::root())
    };
    expect(
        &post("1B2M2Y8AsgTpgAmY7PhCfg==").send(&server).await,
        400,
        "BadDigest",
    );
    assert_eq!(stored(&server, "k").await, None);
    stored_by(&post("IGPBYI1uC6+AJJxC4r5YBA==").send(&server).await);
    server.stop().await;
}

#[tokio::test]
async fn a_policy_of_a_bucket_sees_how_long_the_file_is() {
    let server = server().await;
    let document = policy(&[("allow", &["name/cos:PostObject"], &["*"])]);
    let mut document: Value = serde_json::from_str(&document).unwrap();
    document["statement"][0]["condition"] = json!({ "numeric_less_than_equal": { "cos:content-length": 5 } });
    let key = mint(&server, &Key::root(), Some(&document.to_string()), 1800).await;
    let post = |bytes: &[u8]| Post::new(&server, "k").file(bytes).sign(&server, &key);
    stored_by(&post(b"12345").send(&server).await);
    expect(&post(b"123456").send(&server).await, 403, "AccessDenied");
    // What follows the file makes the body longer, and the file no shorter: it is judged by what it is.
    let mut padded = post(b"12345");
    padded.after = vec![("submit".to_owned(), "Upload".to_owned())];
    expect(&padded.send(&server).await, 403, "AccessDenied");
    let mut deny: Value = document.clone();
    deny["statement"][0]["condition"] = json!({ "numeric_greater_than": { "cos:content-length": 20 } });
    let key = mint(&server, &Key::root(), Some(&deny.to_string()), 1800).await;
    let post = Post::new(&server, "least").sign(&server, &key);
    let mut padded = post.clone();
    padded.after = vec![("submit".to_owned(), "Upload".to_owned())];
    expect(&post.send(&server).await, 403, "AccessDenied");
    expect(&padded.send(&server).await, 403, "AccessDenied");
    assert_eq!(stored(&server, "least").await, None);
    server.stop().await;
}

#[tokio::test]
async fn m35_a_form_stays_in_the_bucket_that_it_was_sent_to() {
    let server = server().await;
    let root = Key::root();
    let other = "other-1250000000";
    let made = act_on(&server, other).await;
    assert_eq!(made.status, 200);
    let named = |bucket: &str| Post::new(&server, "k").field("bucket", bucket);
    let conditions = [json!({ "key": "k" })];
    let bent = named(other).sign_policy(&server, &root, &conditions);
    expect(&bent.send(&server).await, 400, "InvalidRequest");
    // A policy for one bucket is none for another.
    let signed = Post::new(&server, "k").sign_policy(
        &server,
        &root,
        &[json!({ "key": "k" }), json!({ "bucket": BUCKET })],
    );
    let mut elsewhere = signed.clone();
    elsewhere.head = elsewhere.head.instead("Host", Some(&host_of(&server, other)));
    expect(&elsewhere.send(&server).await, 403, "AccessDenied");
    stored_by(&signed.send(&server).await);
    stored_by(
        &named(BUCKET)
            .sign_policy(&server, &root, &conditions)
            .send(&server)
            .await,
    );
    let list = crate::kit::Request::new(&server, "GET", "/").instead("Host", Some(&host_of(&server, other)));
    let list = list.sign(&server, &root).send(&server).await;
    assert!(!String::from_utf8(list.body).unwrap().contains("<Contents>"));
    server.stop().await;
}

async fn act_on(server: &TestServer, bucket: &str) -> Answer {
    let request =
        crate::kit::Request::new(server, "PUT", "/").instead("Host", Some(&host_of(server, bucket)));
    request.body(b"").sign(server, &Key::root()).send(server).await
}

#[tokio::test]
async fn m37_a_form_asks_every_layer_as_any_upload_does() {
    let server = server().await;
    let nobody = user(
        &server,
        "nobody",
        &policy(&[(
            "allow",
            &["cos:GetObject", "cos:HeadObject", "cos:GetBucket"],
            &["*"],
        )]),
    )
    .await;
    let Keys {
        only_this,
        all_but_this,
        only_that,
    } = Keys::of(&server, "cos:PostObject", "cos:PostObject").await;
    let puts = mint(
        &server,
        &Key::root(),
        Some(&policy(&[("allow", &["cos:PutObject"], &["*"])])),
        1800,
    )
    .await;
    for key in [&all_but_this, &only_that, &nobody.key, &puts] {
        let post = Post::new(&server, "k");
        expect(
            &post.clone().sign(&server, key).send(&server).await,
            403,
            "AccessDenied",
        );
        expect(
            &post.sign_request(&server, key).send(&server).await,
            403,
            "AccessDenied",
        );
        assert_eq!(stored(&server, "k").await, None);
    }
    stored_by(
        &Post::new(&server, "k")
            .sign(&server, &only_this)
            .send(&server)
            .await,
    );
    stored_by(
        &Post::new(&server, "k")
            .sign_request(&server, &only_this)
            .send(&server)
            .await,
    );
    // The key is that of the form, with the name of the file in it, and the path of that is no way out.
    let key = mint(&server, &Key::root(), Some(&uploader()), 1800).await;
    let mut named = Post::new(&server, "up/${filename}");
    "../../down/a.txt".clone_into(&mut named.file_name);
    let conditions = [json!(["starts-with", "$key", "up/"])];
    stored_by(&named.sign_policy(&server, &key, &conditions).send(&server).await);
    assert!(stored(&server, "up/a.txt").await.is_some());
    let elsewhere = Post::new(&server, "down/k").sign(&server, &key);
    expect(&elsewhere.send(&server).await, 403, "AccessDenied");
    server.stop().await;
}

#[tokio::test]
async fn m38_every_condition_of_a_form_is_held() {
    let server = server().await;
    let root = Key::root();
    let key = json!({ "key": "k" });
    let check = async |conditions: &[Value], post: Post, status, code| {
        let conditions = [std::slice::from_ref(&key), conditions].concat();
        let answer = post.sign_policy(&server, &root, &conditions).send(&server).await;
        let got = (answer.status, answer.code().to_owned());
        assert_eq!(got, (status, String::from(code)), "{conditions:?}");
        assert_eq!(
            stored(&server, "k").await.is_some(),
            status == 204,
            "{conditions:?}"
        );
        act(&server, &root, "DELETE", "/k", b"").await;
    };
    let post = || Post::new(&server, "k");
    check(&[], post(), 204, "").await;
    check(&[json!(["eq", "$key", "l"])], post(), 403, "AccessDenied").await;
    check(
        &[json!(["starts-with", "$key", "kk"])],
        post(),
        403,
        "AccessDenied",
    )
    .await;
    check(
        &[json!({ "bucket": "other-1250000000" })],
        post(),
        403,
        "AccessDenied",
    )
    .await;
    check(&[json!({ "acl": "private" })], post(), 403, "AccessDenied").await;
    check(
        &[json!({ "acl": "private" })],
        post().field("acl", "public-read"),
        403,
        "AccessDenied",
    )
    .await;
    check(
        &[json!({ "acl": "private" })],
        post().field("acl", "private"),
        204,
        "",
    )
    .await;
    check(&[], post().field("acl", "public-read"), 403, "AccessDenied").await;
    check(
        &[],
        post().header("x-cos-acl", "public-read"),
        403,
        "AccessDenied",
    )
    .await;
    check(
        &[],
        post().field("Content-Type", "text/html"),
        403,
        "AccessDenied",
    )
    .await;
    check(&[], post().field("x-cos-meta-a", "b"), 403, "AccessDenied").await;
    check(
        &[],
        post().field("success_action_redirect", "http://a.test/"),
        403,
        "AccessDenied",
    )
    .await;
    check(&[], post().field("success_action_status", "204"), 204, "").await;
    check(&[json!(["content-length-range", 0, 5])], post(), 204, "").await;
    check(&[json!(["content-length-range", 5, 10])], post(), 204, "").await;
    check(
        &[json!(["content-length-range", 0, 4])],
        post(),
        400,
        "EntityTooLarge",
    )
    .await;
    check(
        &[json!(["content-length-range", 6, 10])],
        post(),
        400,
        "EntityTooSmall",
    )
    .await;
    let large = vec![b'x'; 2_000_000];
    check(
        &[json!(["content-length-range", 0, 1_999_999])],
        post().file(&large),
        400,
        "EntityTooLarge",
    )
    .await;
    check(
        &[json!(["content-length-range", 2_000_001, 3_000_000])],
        post().file(&large),
        400,
        "EntityTooSmall",
    )
    .await;
    check(
        &[json!(["matches", "$key", "k"])],
        post(),
        400,
        "InvalidPolicyDocument",
    )
    .await;
    // The policy may end before its signature does, and the signature before the policy.
    let ends = post().sign_until(&server, &root, std::slice::from_ref(&key), 5);
    stored_by(&ends.send(&server).await);
    server.clock.advance_seconds(5);
    let refused = ends.send(&server).await;
    expect(&refused, 403, "AccessDenied");
    assert!(
        String::from_utf8(refused.body)
            .unwrap()
            .contains("You post object request has been expired")
    );
    let longer = post().sign_until(&server, &root, std::slice::from_ref(&key), 10_000);
    server.clock.advance_seconds(601);
    let refused = longer.send(&server).await;
    assert!(
        String::from_utf8(refused.body)
            .unwrap()
            .contains("Request has expired")
    );
    server.stop().await;
}

#[tokio::test]
async fn m39_a_form_that_may_begin_with_nothing_is_bounded_by_its_key() {
    let server = server().await;
    let key = mint(&server, &Key::root(), Some(&uploader()), 1800).await;
    let anywhere = [json!(["starts-with", "$key", ""])];
    let post = |name: &str, by: &Key| Post::new(&server, name).sign_policy(&server, by, &anywhere);
    stored_by(&post("up/k", &key).send(&server).await);
    expect(&post("down/k", &key).send(&server).await, 403, "AccessDenied");
    expect(&post("", &key).send(&server).await, 400, "InvalidObjectName");
    // A policy that says nothing of the key is not one that allows all.
    let silent = Post::new(&server, "up/k").sign_policy(&server, &key, &[json!({ "bucket": BUCKET })]);
    expect(&silent.send(&server).await, 403, "AccessDenied");
    stored_by(&post("down/k", &Key::root()).send(&server).await);
    server.stop().await;
}

#[tokio::test]
async fn m40_the_token_of_a_form_is_bound_to_its_key() {
    let server = server().await;
    let root = Key::root();
    let key = mint(&server, &root, Some(&uploader()), 1800).await;
    let other = mint(&server, &root, None, 1800).await;
    let token = |key: &Key| key.token.clone().unwrap();
    let signed = || Post::new(&server, "up/k").sign(&server, &key);
    // No condition is about it, as in the vendor's own samples: it holds for no other key.
    stored_by(&signed().send(&server).await);
    for (name, bent) in [
        ("left out", signed().instead("x-cos-security-token", None)),
        ("empty", signed().instead("x-cos-security-token", Some(""))),
        (
            "another's",
            signed().instead("x-cos-security-token", Some(&token(&other))),
        ),
        ("none", signed().instead("x-cos-security-token", Some("token"))),
        (
            "another one beside it",
            signed().header("x-cos-security-token", &token(&other)),
        ),
        (
            "with a permanent key",
            Post::new(&server, "up/k")
                .sign(&server, &root)
                .field("x-cos-security-token", &token(&key)),
        ),
    ] {
        let answer = bent.send(&server).await;
        assert_eq!((answer.status, answer.code()), (403, "AccessDenied"), "{name}");
    }
    // Where a condition is about it, that is held as any other.
    let about = |value: &str| [json!({ "key": "up/k" }), json!({ "x-cos-security-token": value })];
    let covered = |value: &str| Post::new(&server, "up/k").sign_policy(&server, &key, &about(value));
    stored_by(&covered(&token(&key)).send(&server).await);
    expect(&covered("another").send(&server).await, 403, "AccessDenied");
    // The same token beside the form and in it, and beside it only.
    let beside = signed().header("x-cos-security-token", &token(&key));
    stored_by(&beside.send(&server).await);
    stored_by(&beside.instead("x-cos-security-token", None).send(&server).await);
    server.clock.advance_seconds(1801);
    let late = Post::new(&server, "up/k").sign(&server, &key);
    expect(&late.send(&server).await, 400, "ExpiredToken");
    server.stop().await;
}

#[tokio::test]
async fn a_form_is_told_of_in_the_trail_whatever_it_was_refused_for() {
    let folder = tempfile::tempdir().unwrap();
    let audit = AuditConfig {
        directory: Some(folder.path().to_owned()),
        ..AuditConfig::default()
    };
    let server = TestServer::with(|config| config.audit = audit).await.unwrap();
    act(&server, &Key::root(), "PUT", "/", b"").await;
    let root = Key::root();
    let unshaped = Post::new(&server, "k").send_body(&server, b"no form").await;
    expect(&unshaped, 400, "MalformedPOSTRequest");
    let forged = Post::new(&server, "forged").sign(&server, &Key::permanent(&root.id, "secret"));
    expect(&forged.send(&server).await, 403, "SignatureDoesNotMatch");
    let late = Post::new(&server, "late").sign_until(&server, &root, &[json!({ "key": "late" })], -1);
    expect(&late.send(&server).await, 403, "AccessDenied");
    let large = Post::new(&server, "large").file(b"123456");
    let large = large.sign_policy(
        &server,
        &root,
        &[json!({ "key": "large" }), json!(["content-length-range", 0, 5])],
    );
    expect(&large.send(&server).await, 400, "EntityTooLarge");
    server.stop().await;

    let told = Trail::new(vec![folder.path().to_owned()]);
    let told = told.ask(&Query::default(), 1000).unwrap();
    let posts = told
        .iter()
        .map(|found| &found.request)
        .filter(|told| told.method == "POST");
    let mut posts: Vec<_> = posts
        .map(|told| {
            (
                told.key.as_deref(),
                told.operation.as_deref(),
                told.code.as_deref(),
                told.bucket.as_deref(),
            )
        })
        .collect();
    posts.sort_unstable();
    let told = |key, code| (key, Some("cos:PostObject"), Some(code), Some(BUCKET));
    let expected = [
        told(None, "MalformedPostRequest"),
        told(Some("forged"), "SignatureDoesNotMatch"),
        told(Some("large"), "EntityTooLarge"),
        told(Some("late"), "PostPolicyNotMet"),
    ];
    assert_eq!(posts, expected);
}
