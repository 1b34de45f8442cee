//! Operations that touch more than their URL names: copies, batches, uploads in parts.

use daypass_testkit::TestServer;

use crate::kit::{Key, Request, act, expect, host_of, mint, object_resource, policy, server, upload, user};
use crate::wire::{Answer, BUCKET};

/// A server with one object that the keys below may read, and one that they may not.
async fn with_sources() -> TestServer {
    let server = server().await;
    for target in ["/open/a", "/secret/a"] {
        expect(
            &act(&server, &Key::root(), "PUT", target, target.as_bytes()).await,
            200,
            "",
        );
    }
    server
}

/// Reads below `open/`, and may do everything below `mine/`.
fn reader() -> String {
    policy(&[
        ("allow", &["cos:GetObject"], &[&object_resource("open/*")]),
        ("allow", &["cos:*"], &[&object_resource("mine/*")]),
    ])
}

async fn copy(server: &TestServer, key: &Key, target: &str, source: &str, more: &[(&str, &str)]) -> Answer {
    let mut request = Request::new(server, "PUT", target).header("x-cos-copy-source", source);
    for (name, value) in more {
        request = request.header(name, value);
    }
    request.body(b"").sign(server, key).send(server).await
}

fn source(key: &str) -> String {
    format!("{BUCKET}.localhost/{key}")
}

#[tokio::test]
async fn m41_a_part_is_copied_from_what_may_be_read() {
    let server = with_sources().await;
    let key = mint(&server, &Key::root(), Some(&reader()), 1800).await;
    let id = upload(&server, &key, "/mine/big").await;
    let part = format!("/mine/big?partNumber=1&uploadId={id}");
    for range in [&[][..], &[("x-cos-copy-source-range", "bytes=0-2")]] {
        expect(
            &copy(&server, &key, &part, &source("secret/a"), range).await,
            403,
            "AccessDenied",
        );
        expect(
            &copy(&server, &key, &part, &source("open/a"), range).await,
            200,
            "",
        );
    }
    let listed = act(&server, &key, "GET", &format!("/mine/big?uploadId={id}"), b"").await;
    let text = String::from_utf8(listed.body).unwrap();
    assert!(
        text.contains("<Size>3</Size>"),
        "the last that was allowed: {text}"
    );
    server.stop().await;
}

#[tokio::test]
async fn m42_an_object_is_copied_from_what_may_be_read() {
    let server = with_sources().await;
    let ann = user(&server, "ann", &policy(&[("allow", &["cos:*"], &["*"])])).await;
    let narrow = user(&server, "ben", &reader()).await;
    for key in [
        &mint(&server, &Key::root(), Some(&reader()), 1800).await,
        &mint(&server, &ann.key, Some(&reader()), 1800).await,
        &mint(&server, &narrow.key, None, 1800).await,
        &narrow.key,
    ] {
        expect(
            &copy(&server, key, "/mine/c", &source("secret/a"), &[]).await,
            403,
            "AccessDenied",
        );
        expect(&act(&server, key, "GET", "/mine/c", b"").await, 404, "NoSuchKey");
        // Nor may it be written where nothing may be written, whatever may be read.
        expect(
            &copy(&server, key, "/open/b", &source("open/a"), &[]).await,
            403,
            "AccessDenied",
        );
        expect(
            &copy(&server, key, "/mine/c", &source("open/a"), &[]).await,
            200,
            "",
        );
        assert_eq!(act(&server, key, "GET", "/mine/c", b"").await.body, b"/open/a");
        expect(&act(&server, key, "DELETE", "/mine/c", b"").await, 204, "");
    }
    server.stop().await;
}

#[tokio::test]
async fn m43_what_a_copy_demands_of_its_source_is_held() {
    let server = with_sources().await;
    let root = Key::root();
    let tag = act(&server, &root, "GET", "/open/a", b"").await;
    let tag = tag.header("ETag").unwrap().to_owned();
    let id = upload(&server, &root, "/mine/big").await;
    for target in [
        "/mine/c".to_owned(),
        format!("/mine/big?partNumber=1&uploadId={id}"),
    ] {
        let check = async |name: &str, value: &str, status: u16| {
            let answer = copy(&server, &root, &target, &source("open/a"), &[(name, value)]).await;
            assert_eq!(answer.status, status, "{target} {name}: {value}");
        };
        check("x-cos-copy-source-If-Match", &tag, 200).await;
        check("x-cos-copy-source-If-Match", "\"other\"", 412).await;
        check("x-cos-copy-source-If-None-Match", &tag, 412).await;
        check("x-cos-copy-source-If-None-Match", "\"other\"", 200).await;
        check(
            "x-cos-copy-source-If-Unmodified-Since",
            "Thu, 10 Dec 2020 03:37:30 GMT",
            412,
        )
        .await;
        check(
            "x-cos-copy-source-If-Modified-Since",
            "Thu, 10 Dec 2020 03:37:30 GMT",
            200,
        )
        .await;
    }
    // They are not told to whoever may not read it.
    let key = mint(&server, &root, Some(&reader()), 1800).await;
    let probe = [("x-cos-copy-source-If-Match", "\"other\"")];
    expect(
        &copy(&server, &key, "/mine/c", &source("secret/a"), &probe).await,
        403,
        "AccessDenied",
    );
    expect(
        &copy(&server, &key, "/mine/c", &source("secret/none"), &probe).await,
        403,
        "AccessDenied",
    );
    server.stop().await;
}

#[tokio::test]
async fn m44_a_copy_source_that_is_none_is_an_error_and_no_more() {
    let server = with_sources().await;
    let root = Key::root();
    let long = format!("{BUCKET}.localhost/{}", "a".repeat(851));
    for bad in [
        "",
        "/",
        "//",
        "%",
        "%zz",
        "?versionId=",
        "photos-1250000000.localhost",
        "photos-1250000000.localhost/",
        "photos-1250000000.localhost/%ff",
        ".localhost/k",
        "-.localhost/k",
        "photos.localhost/k",
        "http://photos-1250000000.localhost/k",
        long.as_str(),
    ] {
        for target in ["/mine/c", "/mine/c?partNumber=1&uploadId=x"] {
            let answer = copy(&server, &root, target, bad, &[]).await;
            // An empty header is no header, and the rest is refused.
            let plain = bad.is_empty() && answer.status == 200;
            assert!(
                plain || (400..500).contains(&answer.status),
                "{target} {bad}: {answer:?}"
            );
        }
    }
    expect(
        &copy(&server, &root, "/mine/d", &source("open/a"), &[]).await,
        200,
        "",
    );
    server.stop().await;
}

#[tokio::test]
async fn m45_a_batch_removes_what_each_key_may_remove() {
    let server = with_sources().await;
    let key = mint(&server, &Key::root(), Some(&reader()), 1800).await;
    for target in ["/mine/1", "/mine/2"] {
        expect(&act(&server, &key, "PUT", target, b"x").await, 200, "");
    }
    let entry = |key: &str| format!("<Object><Key>{key}</Key></Object>");
    for quiet in ["", "<Quiet>true</Quiet>"] {
        let keys = [
            "mine/1",
            "secret/a",
            "open/a",
            "mine/2",
            "mine/../secret/a",
            "secret&#47;a",
        ];
        let entries: String = keys.map(entry).concat();
        let body = format!("<Delete>{quiet}{entries}</Delete>");
        let answer = act(&server, &key, "POST", "/?delete", body.as_bytes()).await;
        assert_eq!(answer.status, 200);
        let text = String::from_utf8(answer.body).unwrap();
        assert_eq!(text.matches("<Code>AccessDenied</Code>").count(), 3, "{text}");
    }
    for (target, status) in [
        ("/mine/1", 404),
        ("/mine/2", 404),
        ("/secret/a", 200),
        ("/open/a", 200),
    ] {
        assert_eq!(
            act(&server, &Key::root(), "GET", target, b"").await.status,
            status,
            "{target}"
        );
    }
    server.stop().await;
}

#[tokio::test]
async fn m45_an_upload_belongs_to_its_bucket_and_key() {
    let server = server().await;
    let root = Key::root();
    let second =
        Request::new(&server, "PUT", "/").instead("Host", Some(&host_of(&server, "second-1250000000")));
    expect(
        &second.body(b"").sign(&server, &root).send(&server).await,
        200,
        "",
    );
    let id = upload(&server, &root, "/mine").await;
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
