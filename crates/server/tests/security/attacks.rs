//! How others were broken, tried here on the object store and on what carries it. The numbers are those of the survey
//! of the field, "Mechanisms that became advisories".

use daypass_api::operation::UnbuiltOperation;
use serde_json::json;

use crate::kit::{
    Key, Request, act, action_request, call, code, encode, expect, host_of, mint, object_resource, policy,
    response, send_bytes, server, user,
};
use crate::wire::{BUCKET, Wire};

const EVERYTHING: (&str, &[&str], &[&str]) = ("allow", &["*"], &["*"]);

#[tokio::test]
async fn mechanism_14_an_action_that_nobody_knows_is_refused() {
    let server = server().await;
    let key = mint(&server, &Key::root(), Some(&policy(&[EVERYTHING])), 1800).await;
    let answer = call(&server, &key, "GrantEverything", json!({})).await;
    assert_eq!(code(&answer), "InvalidAction");
    for (method, target) in [
        ("PATCH", "/k"),
        ("POST", "/k"),
        ("PROPFIND", "/"),
        ("get", "/k"),
        ("PUT", "/?append"),
    ] {
        expect(
            &act(&server, &key, method, target, b"").await,
            405,
            "MethodNotAllowed",
        );
    }
    server.stop().await;
}

#[tokio::test]
async fn mechanism_17_a_name_is_not_its_prefix() {
    let server = server().await;
    let root = Key::root();
    for key in ["/orders", "/orders/1", "/orders_backup/1"] {
        expect(&act(&server, &root, "PUT", key, b"x").await, 200, "");
    }
    let check = async |resource: &str, target: &str, status| {
        let narrowed = policy(&[("allow", &["cos:*"], &[&object_resource(resource)])]);
        let key = mint(&server, &root, Some(&narrowed), 1800).await;
        assert_eq!(
            act(&server, &key, "GET", target, b"").await.status,
            status,
            "{resource} {target}"
        );
    };
    check("orders", "/orders", 200).await;
    check("orders", "/orders/1", 403).await;
    check("orders/*", "/orders/1", 200).await;
    check("orders/*", "/orders_backup/1", 403).await;
    check("orders/*", "/orders", 403).await;
    check("orders/*", "/?prefix=orders/", 200).await;
    check("orders/*", "/?prefix=orders", 403).await;
    check("orders/*", "/?prefix=", 403).await;
    check("orders/*", "/", 403).await;
    check("orders/*", "/?prefix=orders/&marker=a", 200).await;
    check("orders/*", "/?uploads&prefix=orders", 403).await;
    // Another bucket whose name goes on where this one's ends.
    let longer = format!("qcs::cos:ap-guangzhou:uid/1250000000:x{BUCKET}/*");
    let key = mint(
        &server,
        &root,
        Some(&policy(&[("allow", &["cos:*"], &[&longer])])),
        1800,
    )
    .await;
    expect(
        &act(&server, &key, "GET", "/orders", b"").await,
        403,
        "AccessDenied",
    );
    server.stop().await;
}

#[tokio::test]
async fn mechanism_20_to_24_a_key_id_alone_signs_nothing() {
    let server = server().await;
    let wrong = Key::permanent(&Key::root().id, "not the secret of the root account");
    expect(
        &act(&server, &wrong, "PUT", "/k", b"x").await,
        403,
        "SignatureDoesNotMatch",
    );
    let presigned = Request::new(&server, "PUT", "/k")
        .body(b"x")
        .presign(&server, &wrong);
    expect(&presigned.send(&server).await, 403, "SignatureDoesNotMatch");
    let answer = call(&server, &wrong, "ListUsers", json!({})).await;
    assert_eq!(code(&answer), "AuthFailure.SignatureFailure");
    // Signatures of other services, and claims that are not there, do not fall through to anything.
    let root = Key::root().id;
    for authorization in [
        format!(
            "AWS4-HMAC-SHA256 Credential={root}/20260101/r/s3/aws4_request, SignedHeaders=host, Signature=0"
        ),
        format!("AWS {root}:AAAA"),
        format!(
            "TC3-HMAC-SHA256 Credential={root}/2026-01-01/cos/tc3_request, SignedHeaders=host, Signature=0"
        ),
        "Bearer x".to_owned(),
        "Basic eDp4".to_owned(),
        "SKIP".to_owned(),
        "q-sign-algorithm=sha1".to_owned(),
        format!("q-sign-algorithm=sha1&q-ak={root}&q-signature=0"),
        format!(
            "q-sign-algorithm=none&q-ak={root}&q-sign-time=0;9999999999&q-key-time=0;9999999999\
             &q-header-list=&q-url-param-list=&q-signature="
        ),
    ] {
        let request = Request::new(&server, "PUT", "/k").body(b"x");
        let answer = request
            .header("Authorization", &authorization)
            .send(&server)
            .await;
        expect(&answer, 403, "AccessDenied");
    }
    // The streaming forms of the other dialect mean nothing here: the body is what the body is.
    for marker in [
        "STREAMING-UNSIGNED-PAYLOAD-TRAILER",
        "STREAMING-AWS4-HMAC-SHA256-PAYLOAD",
        "UNSIGNED-PAYLOAD",
    ] {
        let request = Request::new(&server, "PUT", "/k").body(b"x");
        let answer = request.header("x-amz-content-sha256", marker).send(&server).await;
        expect(&answer, 403, "AccessDenied");
    }
    let query = format!("/k?X-Amz-Credential={root}/20260101/r/s3/aws4_request&X-Amz-Signature=0");
    let answer = Request::new(&server, "PUT", &query)
        .body(b"x")
        .send(&server)
        .await;
    expect(&answer, 403, "AccessDenied");
    expect(
        &act(&server, &Key::root(), "GET", "/k", b"").await,
        404,
        "NoSuchKey",
    );
    server.stop().await;
}

#[tokio::test]
async fn mechanism_23_api_calls_need_their_whole_signature() {
    let server = server().await;
    let root = Key::root();
    let refused = async |request: Request, expected: &str| {
        let answer = response(&request.send(&server).await);
        assert_eq!(code(&answer), expected, "{answer}");
    };
    let honest = || action_request(&server, &root, "ListUsers", "{}");
    refused(honest(), "").await;
    refused(
        honest().instead("Authorization", None),
        "AuthFailure.SignatureFailure",
    )
    .await;
    refused(
        honest().instead("Authorization", Some("SKIP")),
        "AuthFailure.SignatureFailure",
    )
    .await;
    // The body, the time and the service are covered.
    let mut other = action_request(&server, &root, "GetUser", r#"{"Name":"aa"}"#);
    other.body = br#"{"Name":"bb"}"#.to_vec();
    refused(other, "AuthFailure.SignatureFailure").await;
    let timestamp = (crate::kit::now(&server) + 1).to_string();
    refused(
        honest().instead("X-TC-Timestamp", Some(&timestamp)),
        "AuthFailure.SignatureFailure",
    )
    .await;
    let of_the_other_service = action_request(&server, &root, "GetCallerIdentity", "{}")
        .instead("X-TC-Action", Some("ListUsers"))
        .instead("X-TC-Version", Some("2019-01-16"));
    refused(of_the_other_service, "AuthFailure.SignatureFailure").await;
    // A header that stands twice could be read as either.
    refused(honest().header("X-TC-Action", "DeleteUser"), "InvalidParameter").await;
    server.stop().await;
}

#[tokio::test]
async fn mechanism_25_keys_and_tokens_belong_together() {
    let server = server().await;
    let root = Key::root();
    let user = user(&server, "pair", &policy(&[EVERYTHING])).await;
    let one = mint(&server, &user.key, None, 1800).await;
    let narrow = mint(
        &server,
        &user.key,
        Some(&policy(&[("allow", &["cos:HeadBucket"], &["*"])])),
        1800,
    )
    .await;
    let with_token = |key: &Key, token: Option<&str>| Key {
        token: token.map(str::to_owned),
        ..key.clone()
    };
    let token = one.token.as_deref();
    let cut = &token.unwrap()[..token.unwrap().len() - 4];
    // The second time the server knows both tokens already.
    for warm in [false, true] {
        if warm {
            expect(&act(&server, &one, "HEAD", "/", b"").await, 200, "");
            expect(&act(&server, &narrow, "HEAD", "/", b"").await, 200, "");
        }
        for bad in [
            with_token(&one, None),
            with_token(&one, Some("")),
            with_token(&one, narrow.token.as_deref()),
            with_token(&narrow, token),
            with_token(&one, Some(cut)),
            with_token(&one, Some(&format!("{}AAAA", token.unwrap()))),
            with_token(&one, Some("none")),
            with_token(&one, Some(&"A".repeat(5000))),
            with_token(&root, token),
            with_token(&user.key, token),
        ] {
            expect(&act(&server, &bad, "PUT", "/k", b"x").await, 403, "AccessDenied");
            let presigned = Request::new(&server, "GET", "/")
                .presign(&server, &bad)
                .send(&server)
                .await;
            expect(&presigned, 403, "AccessDenied");
            let answer = call(&server, &bad, "GetCallerIdentity", json!({})).await;
            assert_eq!(code(&answer), "AuthFailure.TokenFailure");
        }
    }
    // Every character of a token counts.
    for place in [0, 1, 7, 30, token.unwrap().len() - 1] {
        let mut damaged = token.unwrap().to_owned().into_bytes();
        damaged[place] = if damaged[place] == b'A' { b'B' } else { b'A' };
        let bad = with_token(&one, Some(&String::from_utf8(damaged).unwrap()));
        expect(&act(&server, &bad, "GET", "/", b"").await, 403, "AccessDenied");
    }
    // The secret of one session does not sign for another.
    let mixed = Key {
        secret: narrow.secret.clone(),
        ..one.clone()
    };
    expect(
        &act(&server, &mixed, "GET", "/", b"").await,
        403,
        "SignatureDoesNotMatch",
    );
    // Two tokens are refused, wherever they stand; the same one twice is one.
    let other = narrow.token.as_deref().unwrap();
    let twice = Request::new(&server, "GET", "/").sign(&server, &one);
    expect(
        &twice
            .clone()
            .header("x-cos-security-token", other)
            .send(&server)
            .await,
        403,
        "AccessDenied",
    );
    let in_query = format!("/?x-cos-security-token={other}");
    expect(
        &twice.clone().target(&in_query).send(&server).await,
        403,
        "AccessDenied",
    );
    let in_query = format!("/?x-cos-security-token={}", token.unwrap());
    expect(&twice.target(&in_query).send(&server).await, 200, "");
    server.stop().await;
}

#[tokio::test]
async fn mechanism_26_a_token_is_no_secret_of_another_kind() {
    let server = server().await;
    let key = mint(&server, &Key::root(), None, 1800).await;
    let token = key.token.clone().unwrap();
    let bearer = Request::new(&server, "GET", "/").header("Authorization", &format!("Bearer {token}"));
    expect(&bearer.send(&server).await, 403, "AccessDenied");
    for guess in [&token, &key.id, &key.id[7..].to_owned()] {
        let guessed = Key {
            secret: guess.clone(),
            ..key.clone()
        };
        expect(
            &act(&server, &guessed, "GET", "/", b"").await,
            403,
            "SignatureDoesNotMatch",
        );
    }
    assert!(!token.contains(&key.secret));
    server.stop().await;
}

#[tokio::test]
async fn mechanism_30_and_32_a_signature_holds_for_one_request() {
    let server = server().await;
    let root = Key::root();
    expect(&act(&server, &root, "PUT", "/k", b"value").await, 200, "");
    let signed = || Request::new(&server, "GET", "/k?prefix=a").sign(&server, &root);
    expect(&signed().send(&server).await, 200, "");
    let mismatch = async |request: Request| {
        expect(&request.send(&server).await, 403, "SignatureDoesNotMatch");
    };
    mismatch(signed().method("DELETE")).await;
    mismatch(signed().target("/other?prefix=a")).await;
    mismatch(signed().target("/k/?prefix=a")).await;
    mismatch(signed().target("//k?prefix=a")).await;
    mismatch(signed().target("/%256b?prefix=a")).await;
    mismatch(signed().target("/k?prefix=b")).await;
    mismatch(signed().target("/k")).await;
    mismatch(signed().target("/k?prefix=a%20")).await;
    mismatch(signed().instead("Host", Some(&host_of(&server, "others-1250000000")))).await;
    mismatch(
        signed()
            .instead("Host", Some(&server.address().to_string()))
            .target(&format!("/{BUCKET}/k?prefix=a")),
    )
    .await;
    // Spelled otherwise, it is the same request.
    expect(&signed().target("/%6B?prefix=%61").send(&server).await, 200, "");
    // What two readers could read differently is refused.
    for target in [
        "/k?prefix=a&prefix=b",
        "/k?prefix=b&prefix=a",
        "/k?prefix=a&PREFIX=b",
        "/k?prefix=a&%70refix=b",
    ] {
        expect(
            &signed().target(target).send(&server).await,
            400,
            "InvalidArgument",
        );
    }
    let twice = signed().header("Host", &host_of(&server, "others-1250000000"));
    expect(&twice.send(&server).await, 400, "InvalidArgument");
    // The line's own host outweighs the header, for the signature too.
    let absolute = format!("http://{}/k?prefix=a", host_of(&server, "others-1250000000"));
    mismatch(signed().target(&absolute)).await;
    let absolute = format!("http://{}/k?prefix=a", host_of(&server, BUCKET));
    expect(
        &signed()
            .target(&absolute)
            .instead("Host", Some("elsewhere"))
            .send(&server)
            .await,
        200,
        "",
    );
    server.stop().await;
}

#[tokio::test]
async fn mechanism_31_what_is_added_to_a_link_changes_nothing() {
    let server = server().await;
    let root = Key::root();
    expect(&act(&server, &root, "PUT", "/k", b"value").await, 200, "");
    let link = |method: &str| Request::new(&server, method, "/k").presign(&server, &root);
    for (name, value) in [
        ("x-cos-acl", "public-read"),
        ("x-cos-copy-source", "photos-1250000000.localhost/secret"),
        ("x-cos-grant-read", "id=\"1\""),
        ("x-cos-tagging", "a=b"),
        ("x-cos-server-side-encryption", "AES256"),
    ] {
        let added = link("PUT").body(b"x").header(name, value);
        expect(&added.send(&server).await, 403, "AccessDenied");
    }
    for addition in [
        "acl",
        "ACL=",
        "%61cl",
        "uploads",
        "uploadId=1",
        "versionId=null",
        "tagging",
        "policy",
        "delete",
        "append&position=0",
        "restore",
        "rename",
        "symlink",
        "retention",
        "legal-hold",
        "select",
    ] {
        for method in ["GET", "PUT"] {
            let bent = link(method);
            let target = format!("{}&{addition}", bent.target);
            let answer = bent.target(&target).body(b"").send(&server).await;
            assert_eq!(
                (answer.status, answer.code()),
                (403, "AccessDenied"),
                "{method} {addition}"
            );
        }
    }
    // Nor can what a link says be taken away: a link to the list is no link to the object.
    let list = Request::new(&server, "GET", "/k?acl").presign(&server, &root);
    let without = list.target.replacen("acl&", "", 1);
    expect(
        &list.target(&without).send(&server).await,
        403,
        "SignatureDoesNotMatch",
    );
    let read = act(&server, &root, "GET", "/k", b"").await;
    assert_eq!(read.body, b"value");
    server.stop().await;
}

#[test]
fn mechanism_31_whatever_selects_an_operation_must_be_signed() {
    use daypass_signature::cos::is_operation_parameter;
    // What is told by a name in the query, and by which one.
    let named = |name: UnbuiltOperation| {
        !matches!(
            name,
            UnbuiltOperation::PostObject
            // Recognised by patterns of names; nothing stands behind it yet.
            | UnbuiltOperation::ProcessData
        )
    };
    for name in UnbuiltOperation::ALL.iter().filter(|name| named(**name)) {
        let target = crate::one_gate::unbuilt_target(*name);
        let (_, query) = target.split_once('?').unwrap();
        let selects = query
            .split('&')
            .any(|pair| is_operation_parameter(pair.split('=').next().unwrap_or_default()));
        assert!(selects, "{target}");
    }
}

#[tokio::test]
async fn mechanism_36_and_45_an_upload_belongs_to_its_bucket_and_key() {
    let server = server().await;
    let root = Key::root();
    let second =
        Request::new(&server, "PUT", "/").instead("Host", Some(&host_of(&server, "second-1250000000")));
    expect(
        &second.body(b"").sign(&server, &root).send(&server).await,
        200,
        "",
    );
    let started = act(&server, &root, "POST", "/mine?uploads", b"").await;
    let text = String::from_utf8(started.body).unwrap();
    let (_, rest) = text.split_once("<UploadId>").unwrap();
    let id = rest.split_once("</UploadId>").unwrap().0;
    let part = format!("/mine?partNumber=1&uploadId={id}");
    expect(&act(&server, &root, "PUT", &part, b"bytes").await, 200, "");
    for (method, query) in [
        ("PUT", "partNumber=2&uploadId="),
        ("GET", "uploadId="),
        ("DELETE", "uploadId="),
    ] {
        let target = format!("/other?{query}{id}");
        expect(
            &act(&server, &root, method, &target, b"x").await,
            404,
            "NoSuchUpload",
        );
        let elsewhere = Request::new(&server, method, &format!("/mine?{query}{id}"))
            .instead("Host", Some(&host_of(&server, "second-1250000000")))
            .body(b"x")
            .sign(&server, &root);
        expect(&elsewhere.send(&server).await, 404, "NoSuchUpload");
    }
    let list = b"<CompleteMultipartUpload><Part><PartNumber>1</PartNumber><ETag>x</ETag></Part></CompleteMultipartUpload>";
    expect(
        &act(&server, &root, "POST", &format!("/other?uploadId={id}"), list).await,
        404,
        "NoSuchUpload",
    );
    // Whoever may not write the object may not touch its upload, though it knows the id.
    let narrowed = policy(&[("allow", &["cos:*"], &[&object_resource("other")])]);
    let key = mint(&server, &root, Some(&narrowed), 1800).await;
    for (method, target) in [
        ("PUT", part.clone()),
        ("GET", format!("/mine?uploadId={id}")),
        ("DELETE", format!("/mine?uploadId={id}")),
        ("POST", format!("/mine?uploadId={id}")),
        ("GET", "/?uploads".to_owned()),
    ] {
        expect(
            &act(&server, &key, method, &target, list).await,
            403,
            "AccessDenied",
        );
    }
    server.stop().await;
}

#[tokio::test]
async fn mechanism_46_to_50_keys_are_data() {
    let server = server().await;
    let root = Key::root();
    let inside = policy(&[("allow", &["cos:*"], &[&object_resource("in/*")])]);
    let key = mint(&server, &root, Some(&inside), 1800).await;
    expect(&act(&server, &root, "PUT", "/out", b"out").await, 200, "");
    // The policy sees what the store sees: text that begins with `in/`, whatever follows.
    for target in [
        "/in/../out",
        "/in/%2e%2e/out",
        "/in/..%2Fout",
        "/in%2F..%2Fout",
        "/in/%00",
        "/in//x",
        "/in/..\\out",
    ] {
        expect(
            &act(&server, &key, "PUT", target, target.as_bytes()).await,
            200,
            "",
        );
    }
    for target in [
        "/out",
        "/./in/x",
        "//in/x",
        "/%2Fin/x",
        "/in",
        "/in%5Cx",
        "/../in/x",
        "/IN/x",
        "/in%252Fx",
    ] {
        expect(
            &act(&server, &key, "PUT", target, b"x").await,
            403,
            "AccessDenied",
        );
    }
    assert_eq!(act(&server, &root, "GET", "/out", b"").await.body, b"out");
    // One key, however it is spelled; another key, if it is spelled with other characters.
    assert_eq!(
        act(&server, &root, "GET", "/in/../out", b"").await.body,
        b"/in%2F..%2Fout"
    );
    // Two ways to write an accented letter are two keys.
    expect(&act(&server, &root, "PUT", "/%C3%A9", b"one").await, 200, "");
    expect(
        &act(&server, &root, "GET", "/e%CC%81", b"").await,
        404,
        "NoSuchKey",
    );
    for (target, refusal) in [
        ("/%ff", "InvalidObjectName"),
        ("/%C0%AE%C0%AE/x", "InvalidObjectName"),
        ("/%zz", "InvalidURI"),
    ] {
        let answer = act(&server, &root, "PUT", target, b"x").await;
        assert_eq!((answer.status, answer.code()), (400, refusal), "{target}");
    }
    let long = |length: usize| format!("/{}", "k".repeat(length));
    expect(&act(&server, &root, "PUT", &long(850), b"x").await, 200, "");
    assert_eq!(act(&server, &root, "PUT", &long(851), b"x").await.status, 400);
    server.stop().await;
}

#[tokio::test]
async fn mechanism_49_a_bucket_in_the_path_is_the_bucket_in_the_host() {
    let server = server().await;
    let root = Key::root();
    expect(&act(&server, &root, "PUT", "/a/k", b"value").await, 200, "");
    let inside = policy(&[("allow", &["cos:GetObject"], &[&object_resource("a/*")])]);
    let key = mint(&server, &root, Some(&inside), 1800).await;
    let ask = async |target: &str| {
        let request =
            Request::new(&server, "GET", target).instead("Host", Some(&server.address().to_string()));
        request.sign(&server, &key).send(&server).await
    };
    assert_eq!(ask(&format!("/{BUCKET}/a/k")).await.body, b"value");
    expect(&ask(&format!("/{BUCKET}/b/k")).await, 403, "AccessDenied");
    expect(&ask(&format!("/{BUCKET}//a/k")).await, 403, "AccessDenied");
    expect(&ask(&format!("/{BUCKET}")).await, 403, "AccessDenied");
    expect(&ask("/").await, 403, "AccessDenied");
    expect(&ask(&format!("/{BUCKET}%2Fa/k")).await, 400, "InvalidBucketName");
    expect(&ask(&format!("//{BUCKET}/a/k")).await, 400, "InvalidBucketName");
    // Case, port and a final dot of the host name do not make another bucket of it.
    for host in [
        "PHOTOS-1250000000.LOCALHOST",
        "photos-1250000000.localhost.",
        "photos-1250000000.localhost:1",
    ] {
        let request = Request::new(&server, "GET", "/b/k").instead("Host", Some(host));
        expect(
            &request.sign(&server, &key).send(&server).await,
            403,
            "AccessDenied",
        );
        let request = Request::new(&server, "GET", "/a/k").instead("Host", Some(host));
        assert_eq!(
            request.sign(&server, &key).send(&server).await.body,
            b"value",
            "{host}"
        );
    }
    server.stop().await;
}

#[tokio::test]
async fn mechanism_51_to_53_nothing_answers_without_a_signature() {
    let server = server().await;
    for path in [
        "/_daypass",
        "/_daypass/",
        "/_daypass/config",
        "/_daypass/metrics",
        "/_daypass/live/",
        "/debug/pprof",
        "/metrics",
        "/minio/bootstrap/v1/verify",
        "/_daypass/../",
        "/_daypass/ready?x=1",
    ] {
        let text = format!("GET {path} HTTP/1.1\r\nHost: {}\r\n\r\n", server.address());
        let answer = send_bytes(&server, text.as_bytes()).await;
        let text = String::from_utf8(answer.body.clone()).unwrap();
        assert!(answer.status >= 400 || text == "ready\n", "{path}: {text}");
        assert!(
            !text.contains(&Key::root().id) && !text.contains("n5XkQ0dT"),
            "{path}: {text}"
        );
    }
    server.stop().await;
}

#[tokio::test]
async fn mechanism_57_no_header_says_where_a_request_comes_from() {
    let server = server().await;
    let from = |network: &str| {
        json!({ "version": "2.0", "statement": [{
            "effect": "allow", "action": "*", "resource": "*",
            "condition": { "ip_equal": { "qcs:ip": network } },
        }]})
        .to_string()
    };
    let here = mint(&server, &Key::root(), Some(&from("127.0.0.0/8")), 1800).await;
    let there = mint(&server, &Key::root(), Some(&from("10.0.0.0/8")), 1800).await;
    expect(&act(&server, &here, "GET", "/", b"").await, 200, "");
    for header in [
        "X-Forwarded-For",
        "Forwarded",
        "X-Real-IP",
        "True-Client-IP",
        "CF-Connecting-IP",
        "X-Client-IP",
    ] {
        for value in ["10.0.0.1", "for=10.0.0.1"] {
            let request = Request::new(&server, "GET", "/").header(header, value);
            expect(
                &request.sign(&server, &there).send(&server).await,
                403,
                "AccessDenied",
            );
        }
    }
    server.stop().await;
}

#[tokio::test]
async fn mechanism_57_a_trusted_proxy_tells_and_its_client_does_not() {
    let proxied = |config: &mut daypass_server::Config| {
        config.trusted_proxies = vec!["127.0.0.0/8".parse().unwrap()];
    };
    let server = daypass_testkit::TestServer::with(proxied).await.unwrap();
    expect(&act(&server, &Key::root(), "PUT", "/", b"").await, 200, "");
    let document = json!({ "version": "2.0", "statement": [{
        "effect": "allow", "action": "*", "resource": "*",
        "condition": { "ip_equal": { "qcs:ip": "10.0.0.0/8" } },
    }]});
    let inside = mint(&server, &Key::root(), Some(&document.to_string()), 1800).await;
    let check = async |lines: &[(&str, &str)], status, code| {
        let mut request = Request::new(&server, "GET", "/");
        for (name, value) in lines {
            request = request.header(name, value);
        }
        expect(&request.sign(&server, &inside).send(&server).await, status, code);
    };
    check(&[], 403, "AccessDenied").await;
    check(&[("X-Forwarded-For", "10.0.0.1")], 200, "").await;
    check(&[("Forwarded", "for=10.0.0.1")], 200, "").await;
    // What the client wrote stands to the left of what the proxy did, or in the header that the proxy does not write.
    check(&[("X-Forwarded-For", "10.0.0.1, 192.0.2.1")], 403, "AccessDenied").await;
    check(
        &[("X-Forwarded-For", "10.0.0.1"), ("X-Forwarded-For", "192.0.2.1")],
        403,
        "AccessDenied",
    )
    .await;
    check(
        &[("Forwarded", "for=10.0.0.1"), ("X-Forwarded-For", "192.0.2.1")],
        400,
        "InvalidArgument",
    )
    .await;
    check(&[("X-Real-IP", "10.0.0.1")], 403, "AccessDenied").await;
    server.stop().await;
}

#[tokio::test]
async fn mechanism_58_an_answer_s_headers_are_chosen_by_who_signs() {
    let server = server().await;
    let root = Key::root();
    let put = Request::new(&server, "PUT", "/page")
        .header("x-cos-acl", "public-read")
        .body(b"<script>");
    expect(&put.sign(&server, &root).send(&server).await, 200, "");
    expect(
        &Request::new(&server, "GET", "/page").send(&server).await,
        200,
        "",
    );
    for name in [
        "content-type",
        "content-disposition",
        "cache-control",
        "expires",
        "content-language",
        "content-encoding",
    ] {
        let target = format!("/page?response-{name}=x");
        expect(
            &Request::new(&server, "GET", &target).send(&server).await,
            403,
            "AccessDenied",
        );
        for broken in ["a%0d%0aSet-Cookie:%20x=1", "a%0ab", "a%00b", "a%7fb"] {
            let target = format!("/page?response-{name}={broken}");
            let answer = act(&server, &root, "GET", &target, b"").await;
            expect(&answer, 400, "InvalidArgument");
        }
    }
    let answer = act(
        &server,
        &root,
        "GET",
        "/page?response-content-type=text/plain",
        b"",
    )
    .await;
    assert_eq!(answer.header("Content-Type"), Some("text/plain"));
    server.stop().await;
}

#[tokio::test]
async fn mechanism_59_metadata_of_one_s_own_stays_one_s_own() {
    let server = server().await;
    let root = Key::root();
    let put = Request::new(&server, "PUT", "/k")
        .header("x-cos-meta-x-cos-hash-crc64ecma", "1")
        .header("x-cos-hash-crc64ecma", "1")
        .header("x-cos-version-id", "1")
        .header("x-cos-request-id", "chosen")
        .header("x-amz-meta-a", "b")
        .header("ETag", "chosen")
        .header("Last-Modified", "Thu, 10 Dec 2020 03:37:30 GMT")
        .body(b"123456789");
    expect(&put.sign(&server, &root).send(&server).await, 200, "");
    let got = act(&server, &root, "GET", "/k", b"").await;
    assert_eq!(got.header("x-cos-hash-crc64ecma"), Some("11051210869376104954"));
    assert_eq!(got.header("ETag"), Some("\"25f9e794323b453885f5181f1b624d0b\""));
    assert_ne!(got.header("x-cos-request-id"), Some("chosen"));
    for absent in ["x-cos-version-id", "x-amz-meta-a"] {
        assert_eq!(got.header(absent), None, "{absent}");
    }
    assert!(!got.header("Last-Modified").unwrap().contains("2020"));
    server.stop().await;
}

#[tokio::test]
async fn mechanism_62_one_gate_for_both_families() {
    let server = server().await;
    let root = Key::root();
    // A call on a bucket's host is no call, and an object's request on an API host is no request without a policy.
    let call_on_bucket =
        action_request(&server, &root, "ListUsers", "{}").instead("Host", Some(&host_of(&server, BUCKET)));
    let answer = call_on_bucket.send(&server).await;
    assert!(answer.status >= 400, "{answer:?}");
    let narrowed = policy(&[("allow", &["cam:*", "sts:*"], &["*"])]);
    let key = mint(&server, &root, Some(&narrowed), 1800).await;
    for host in [
        "sts.localhost",
        "cam.localhost",
        "sts.tencentcloudapi.com",
        "elsewhere",
    ] {
        for target in [format!("/{BUCKET}/"), format!("/{BUCKET}/k"), "/".to_owned()] {
            let request = Request::new(&server, "GET", &target).instead("Host", Some(host));
            expect(
                &request.sign(&server, &key).send(&server).await,
                403,
                "AccessDenied",
            );
        }
    }
    server.stop().await;
}

#[tokio::test]
async fn mechanism_63_nonsense_is_answered_and_the_server_lives() {
    let server = server().await;
    let root = Key::root();
    let long = "A".repeat(20_000);
    let authorizations = [
        "q-ak=",
        "&&&&",
        "=",
        "q-sign-algorithm=sha1&q-sign-algorithm=sha1",
        "q-sign-time=;;;;",
        "\u{fffd}",
        long.as_str(),
        "q-sign-algorithm=sha1&q-ak=AKIDx&q-sign-time=99999999999999999999;1&q-key-time=1;0&q-header-list=;;;&q-url-param-list=%&q-signature=%%%",
        "TC3-HMAC-SHA256 ",
        "TC3-HMAC-SHA256 Credential=////, SignedHeaders=;;, Signature=",
    ];
    for text in authorizations {
        let object = Request::new(&server, "GET", "/k")
            .header("Authorization", text)
            .send(&server)
            .await;
        assert_eq!(object.status, 403, "{text:.80}");
        let action = action_request(&server, &root, "ListUsers", "{}").instead("Authorization", Some(text));
        assert_ne!(code(&response(&action.send(&server).await)), "", "{text:.80}");
    }
    for range in [
        "bytes=-",
        "bytes=9223372036854775807-18446744073709551616",
        "bytes=--1",
        "bytes=1-0,,,",
        "\u{1f4a9}=1",
    ] {
        expect(
            &Request::new(&server, "GET", "/k")
                .header("Range", range)
                .sign(&server, &root)
                .send(&server)
                .await,
            404,
            "NoSuchKey",
        );
    }
    for body in [
        "",
        "null",
        "[]",
        "{",
        "\"",
        "{\"Name\":",
        "{\"Name\":\"a\",\"Name\":\"b\"}",
        "1e999",
        "{\"\\ud800\":1}",
    ] {
        let answer = response(
            &action_request(&server, &root, "GetUser", body)
                .send(&server)
                .await,
        );
        assert_ne!(code(&answer), "", "{body}");
    }
    for document in [
        "<",
        "<a/>",
        "<!DOCTYPE x [<!ENTITY a \"b\">]><CompleteMultipartUpload>&a;</CompleteMultipartUpload>",
        "<?xml version='1.0' encoding='utf-16'?>",
        "\u{0}",
    ] {
        let target = "/k?uploadId=1";
        let answer = act(&server, &root, "POST", target, document.as_bytes()).await;
        assert!(
            (400..500).contains(&answer.status),
            "{document}: {}",
            answer.status
        );
    }
    expect(&act(&server, &root, "GET", "/", b"").await, 200, "");
    server.stop().await;
}

#[tokio::test]
async fn mechanism_64_policies_that_are_bombs() {
    let server = server().await;
    let root = Key::root();
    let minted = async |text: &str| {
        let parameters = json!({ "Name": "n", "Policy": encode(text) });
        call(&server, &root, "GetFederationToken", parameters).await
    };
    let deep = format!("{}{}", "[".repeat(5000), "]".repeat(5000));
    let bombs = [
        deep.clone(),
        format!(r#"{{"version":"2.0","statement":{deep}}}"#),
        policy(&[("allow", &vec!["cos:GetObject"; 5000], &["*"])]),
        policy(&[("allow", &["*"], &[&object_resource(&"*a".repeat(20_000))])]),
    ];
    for bomb in &bombs {
        assert_ne!(code(&minted(bomb).await), "", "{bomb:.60}");
    }
    // The worst that fits is matched at once all the same.
    let worst = policy(&[(
        "allow",
        &["*"],
        &[&object_resource(&format!("{}b", "*a".repeat(200)))],
    )]);
    let key = mint(&server, &root, Some(&worst), 1800).await;
    let target = format!("/{}", "a".repeat(850));
    let answer = tokio::time::timeout(
        std::time::Duration::from_secs(5),
        act(&server, &key, "GET", &target, b""),
    )
    .await;
    expect(&answer.unwrap(), 403, "AccessDenied");
    server.stop().await;
}

#[tokio::test]
async fn a_body_has_one_length() {
    let server = server().await;
    let root = Key::root();
    let small = json!({ "version": "2.0", "statement": [{
        "effect": "allow", "action": "cos:PutObject", "resource": "*",
        "condition": { "numeric_less_than_equal": { "cos:content-length": 5 } },
    }]})
    .to_string();
    let key = mint(&server, &root, Some(&small), 1800).await;
    expect(&act(&server, &key, "PUT", "/k", b"12345").await, 200, "");
    expect(
        &act(&server, &key, "PUT", "/k", b"123456").await,
        403,
        "AccessDenied",
    );
    let chunks = b"5\r\nhello\r\n5\r\nworld\r\n0\r\n\r\n";
    // A length that is announced and not kept, since chunks outweigh it.
    for order in [
        ["Content-Length: 5", "Transfer-Encoding: chunked"],
        ["Transfer-Encoding: chunked", "Content-Length: 5"],
    ] {
        let mut request = Request::new(&server, "PUT", "/k").covering(&["host"], &[]);
        for line in order {
            let (name, value) = line.split_once(": ").unwrap();
            request = request.header(name, value);
        }
        request.body = chunks.to_vec();
        let answer = request.sign(&server, &key).send(&server).await;
        assert!(matches!(answer.status, 400 | 403), "{order:?}: {answer:?}");
    }
    // Chunks alone have no length that the policy could allow.
    let mut chunked = Request::new(&server, "PUT", "/k").header("Transfer-Encoding", "chunked");
    chunked.body = chunks.to_vec();
    expect(
        &chunked.clone().sign(&server, &key).send(&server).await,
        403,
        "AccessDenied",
    );
    expect(&chunked.clone().sign(&server, &root).send(&server).await, 200, "");
    let mut coded = chunked.instead("Transfer-Encoding", Some("gzip, chunked"));
    coded.body = chunks.to_vec();
    expect(
        &coded.sign(&server, &root).send(&server).await,
        501,
        "NotImplemented",
    );
    // Two lengths, or one that is none, end the connection.
    for lengths in [["5", "6"], ["5,5", "5"], ["+5", "+5"], ["0x5", "0x5"]] {
        let request = Request::new(&server, "PUT", "/k")
            .header("Content-Length", lengths[0])
            .header("Content-Length", lengths[1]);
        let mut wire = Wire::open(&server).await;
        wire.send(request.sign(&server, &root).bytes()).await;
        assert_eq!(wire.receive().await.unwrap().status, 400, "{lengths:?}");
    }
    assert_eq!(act(&server, &root, "GET", "/k", b"").await.body, b"helloworld");
    server.stop().await;
}

#[tokio::test]
async fn what_follows_a_refused_body_is_not_a_request() {
    let server = server().await;
    let root = Key::root();
    expect(&act(&server, &root, "PUT", "/k", b"value").await, 200, "");
    let hidden = Request::new(&server, "GET", "/k").sign(&server, &root).bytes();
    // A GET with a body, and refused writes, whose bodies look like requests.
    for method in ["GET", "PUT", "DELETE", "POST"] {
        let outer = Request::new(&server, method, "/none").body(&hidden);
        let mut wire = Wire::open(&server).await;
        wire.send(outer.bytes()).await;
        wire.send(Request::new(&server, "GET", "/last").sign(&server, &root).bytes())
            .await;
        assert!(wire.receive().await.unwrap().status >= 400, "{method}");
        if let Some(answer) = wire.receive().await {
            assert_eq!(answer.code(), "NoSuchKey", "{method}");
        }
    }
    server.stop().await;
}
