//! Nonsense, bombs and bodies that lie; and deputies that are asked to act for a stranger.

use serde_json::json;

use crate::acting::{asked, role, trusts_user, with};
use crate::kit::{
    Key, Request, act, action_request, call, code, encode, expect, mint, object_resource, policy, response,
    server, user,
};
use crate::wire::Wire;

const ASSUME: (&str, &[&str], &[&str]) = ("allow", &["sts:AssumeRole"], &["*"]);
const LIST: (&str, &[&str], &[&str]) = ("allow", &["cos:GetBucket"], &["*"]);
const DENIED: &str = "UnauthorizedOperation";

#[tokio::test]
async fn m63_nonsense_is_answered_and_the_server_lives() {
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
async fn m64_policies_that_are_bombs() {
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

#[tokio::test]
async fn m65_a_deputy_is_not_confused() {
    let server = server().await;
    let deputy = user(&server, "deputy", &policy(&[ASSUME])).await;
    let condition = r#""condition":{"string_equal":{"sts:external_id":"agreed/1"}},"effect""#;
    let trust = trusts_user(&deputy).replacen(r#""effect""#, condition, 1);
    role(&server, "customer", &trust, &policy(&[LIST])).await;
    let ask = async |external_id: Option<&str>| {
        let parameters = match external_id {
            Some(id) => with(asked("customer"), "ExternalId", id),
            None => asked("customer"),
        };
        call(&server, &deputy.key, "AssumeRole", parameters).await
    };
    assert_eq!(code(&ask(Some("agreed/1")).await), "");
    for wrong in [None, Some(""), Some("agreed/2"), Some("Agreed/1")] {
        assert_eq!(code(&ask(wrong).await), DENIED, "{wrong:?}");
    }
    for malformed in ["a", "a b", "*"] {
        assert_eq!(
            code(&ask(Some(malformed)).await),
            "InvalidParameter.ParamError",
            "{malformed}"
        );
    }
    server.stop().await;
}
