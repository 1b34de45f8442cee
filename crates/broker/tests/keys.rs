//! A broker over a real store: what it hands out opens what it should, and nothing else.

#![allow(
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test may fail by panicking"
)]

mod stage;

use bytes::Bytes;
use daypass_api::names::ObjectKey;
use daypass_client::{Credentials, Error, request};
use http::{Method, Request};
use http_body_util::{BodyExt, Full};
use hyper_util::client::legacy::Client;
use hyper_util::rt::TokioExecutor;
use serde_json::{Value, json};

use stage::{BUCKET, Stage, api_keys, bucket, credentials, get, read, send};

const TEMPLATES: &str = r#"
    [[templates]]
    name = "folder"
    endpoints = ["sts", "sts-scope"]
    prefix = "uploads/${user}/"
    actions = ["upload", "download", "list"]

    [[templates]]
    name = "object"
    endpoints = ["getKeyAndCredentials", "put-sign", "post-policy"]
    key = "file/${date}/${random}.${ext}"
    actions = ["upload"]
    extensions = ["jpg", "png"]
    content_types = ["image/jpeg", "image/png"]
    max_bytes = 1000
"#;

async fn put_at(stage: &Stage, key: &Credentials, object: &str) -> Result<(), u16> {
    let object = ObjectKey::parse(object.as_bytes()).unwrap();
    let put = request::put_object(&bucket(), &object);
    let stored = stage
        .objects(key.clone())
        .put_object(put, Bytes::from("a").into())
        .await;
    stored
        .map(drop)
        .map_err(|error: Error| error.refusal().unwrap().status)
}

#[tokio::test]
async fn a_key_opens_the_own_folder_and_no_other() {
    let stage = Stage::set().await;
    let (keys, callers) = api_keys(&["ann", "annabel"]);
    let broker = stage
        .broker(&stage.settings("", &format!("{callers}{TEMPLATES}")))
        .await;
    let (status, document) = get(&broker, "/sts", &keys[0]).await;
    assert_eq!(status, 200, "{document}");
    let key = credentials(&document);
    assert_eq!(put_at(&stage, &key, "uploads/ann/a.txt").await, Ok(()));
    for other in ["uploads/annabel/a.txt", "uploads/ann", "file/a.txt", "uploads/a"] {
        assert_eq!(put_at(&stage, &key, other).await, Err(403), "{other}");
    }
    let life = document["expiredTime"].as_i64().unwrap() - document["startTime"].as_i64().unwrap();
    assert!((1798..=1800).contains(&life), "{document}");
    let (_, other) = get(&broker, "/sts?template=folder", &keys[1]).await;
    assert_eq!(
        put_at(&stage, &credentials(&other), "uploads/annabel/a.txt").await,
        Ok(())
    );
    assert_eq!(
        put_at(&stage, &credentials(&other), "uploads/ann/a.txt").await,
        Err(403)
    );
    broker.stop().await;
}

#[tokio::test]
async fn a_scope_narrows_the_key_and_cannot_widen_it() {
    let stage = Stage::set().await;
    let (keys, callers) = api_keys(&["ann"]);
    let broker = stage
        .broker(&stage.settings("", &format!("{callers}{TEMPLATES}")))
        .await;
    let ask = async |prefix: &str| {
        let scope = json!([{ "action": "name/cos:PutObject", "bucket": BUCKET, "region": stage::REGION, "prefix": prefix }]);
        let request = Request::post("/sts-scope").header("authorization", format!("Bearer {}", keys[0]));
        read(send(&broker, request.body(Full::from(scope.to_string())).unwrap()).await)
    };
    let (_, document) = ask("uploads/ann/1.txt").await;
    let key = credentials(&document);
    assert_eq!(put_at(&stage, &key, "uploads/ann/1.txt").await, Ok(()));
    assert_eq!(put_at(&stage, &key, "uploads/ann/2.txt").await, Err(403));
    let (status, refusal) = ask("uploads/bob/1.txt").await;
    assert_eq!(
        (status, &refusal["code"], &refusal["codeDesc"]),
        (200, &json!(10000), &json!("ScopeNotAllowed"))
    );
    let (status, _) = get(&broker, "/sts-scope", &keys[0]).await;
    assert_eq!(status, 405);
}

#[tokio::test]
async fn keys_of_single_objects_are_for_that_object_its_type_and_its_size() {
    let stage = Stage::set().await;
    let (keys, callers) = api_keys(&["ann"]);
    let broker = stage
        .broker(&stage.settings("", &format!("{callers}{TEMPLATES}")))
        .await;
    let (_, document) = get(&broker, "/getKeyAndCredentials?filename=cat.JPG", &keys[0]).await;
    let (key, object) = (credentials(&document), document["key"].as_str().unwrap());
    assert!(
        object.starts_with("file/20") && object.ends_with(".jpg") && object.len() > 40,
        "{object}"
    );
    assert_eq!(
        (&document["bucket"], &document["region"]),
        (&json!(BUCKET), &json!("ap-guangzhou"))
    );
    let object = ObjectKey::parse(object.as_bytes()).unwrap();
    let put = async |object: &ObjectKey, content_type: &str, length: usize| {
        let mut put = request::put_object(&bucket(), object);
        put.headers.content_type = Some(content_type.to_owned());
        let stored = stage
            .objects(key.clone())
            .put_object(put, Bytes::from(vec![1; length]).into())
            .await;
        stored
            .map(drop)
            .map_err(|error: Error| error.refusal().unwrap().status)
    };
    assert_eq!(put(&object, "image/jpeg", 1000).await, Ok(()));
    assert_eq!(put(&object, "image/jpeg", 1001).await, Err(403));
    assert_eq!(put(&object, "text/html", 10).await, Err(403));
    let other = ObjectKey::parse(b"file/other.jpg").unwrap();
    assert_eq!(put(&other, "image/jpeg", 10).await, Err(403));
    let (_, again) = get(&broker, "/getKeyAndCredentials?ext=jpg", &keys[0]).await;
    assert_ne!(again["key"], document["key"]);
    let (status, refusal) = get(&broker, "/getKeyAndCredentials?ext=exe", &keys[0]).await;
    assert_eq!(
        (status, &refusal["codeDesc"]),
        (403, &json!("ExtensionNotAllowed"))
    );
}

/// A request as a page makes it: nothing but what the broker said.
async fn raw(method: Method, url: &str, headers: &[(&str, &str)], body: Vec<u8>) -> u16 {
    let mut request = Request::builder().method(method).uri(url);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let client = Client::builder(TokioExecutor::new()).build_http();
    let answer = client
        .request(request.body(Full::<Bytes>::from(body)).unwrap())
        .await
        .unwrap();
    let status = answer.status().as_u16();
    answer.into_body().collect().await.unwrap();
    status
}

#[tokio::test]
async fn a_signature_for_one_put_stores_that_object() {
    let stage = Stage::set().await;
    let (keys, callers) = api_keys(&["ann"]);
    let broker = stage
        .broker(&stage.settings("", &format!("{callers}{TEMPLATES}")))
        .await;
    let (status, signed) = get(&broker, "/put-sign?ext=png&content_type=image/png", &keys[0]).await;
    assert_eq!(status, 200, "{signed}");
    let text = |name: &str| signed[name].as_str().unwrap();
    let url = format!("http://{}/{}", text("cosHost"), text("cosKey"));
    assert_eq!(url, text("url"));
    let put = async |url: &str, kind: &str, length: usize| {
        let headers = [
            ("authorization", text("authorization")),
            ("x-cos-security-token", text("securityToken")),
            ("content-type", kind),
        ];
        raw(Method::PUT, url, &headers, vec![1; length]).await
    };
    assert_eq!(put(&url, "image/png", 100).await, 200);
    assert_eq!(put(&url, "image/jpeg", 100).await, 403);
    assert_eq!(put(&url, "image/png", 1001).await, 403);
    assert_eq!(put(&format!("{url}x"), "image/png", 100).await, 403);
}

#[tokio::test]
async fn a_signed_form_stores_that_object() {
    let stage = Stage::set().await;
    let (keys, callers) = api_keys(&["ann"]);
    let broker = stage
        .broker(&stage.settings("", &format!("{callers}{TEMPLATES}")))
        .await;
    let (status, signed) = get(&broker, "/post-policy?ext=jpg&content_type=image/jpeg", &keys[0]).await;
    assert_eq!(status, 200, "{signed}");
    let post = async |length: usize, kind: &str| {
        let fields = [
            ("key", "cosKey"),
            ("policy", "policy"),
            ("q-sign-algorithm", "qSignAlgorithm"),
            ("q-ak", "qAk"),
            ("q-key-time", "qKeyTime"),
            ("q-signature", "qSignature"),
            ("x-cos-security-token", "securityToken"),
            ("success_action_status", "successActionStatus"),
        ];
        let mut body = String::new();
        for (field, member) in fields {
            let value = signed[member].as_str().unwrap();
            body += &format!("--x\r\nContent-Disposition: form-data; name=\"{field}\"\r\n\r\n{value}\r\n");
        }
        body += &format!("--x\r\nContent-Disposition: form-data; name=\"Content-Type\"\r\n\r\n{kind}\r\n");
        let file =
            "Content-Disposition: form-data; name=\"file\"; filename=\"a\"\r\nContent-Type: image/jpeg";
        body += &format!("--x\r\n{file}\r\n\r\n{}\r\n--x--\r\n", "a".repeat(length));
        let url = format!("http://{}/", signed["cosHost"].as_str().unwrap());
        raw(
            Method::POST,
            &url,
            &[("content-type", "multipart/form-data; boundary=x")],
            body.into_bytes(),
        )
        .await
    };
    assert_eq!(post(500, "image/jpeg").await, 200);
    assert_eq!(post(1001, "image/jpeg").await, 403);
    assert_eq!(post(500, "text/html").await, 403);
}

#[tokio::test]
async fn the_shapes_differ_and_the_key_does_not() {
    let stage = Stage::set().await;
    let (keys, callers) = api_keys(&["ann"]);
    let broker = stage
        .broker(&stage.settings("", &format!("{callers}{TEMPLATES}")))
        .await;
    let mut ids = Vec::new();
    let check = async |shape: &str, place: &str| -> Value {
        let (_, document) = get(&broker, &format!("/sts?shape={shape}"), &keys[0]).await;
        document
            .pointer(place)
            .unwrap_or_else(|| panic!("{shape}: {document}"))
            .clone()
    };
    ids.push(check("sts", "/credentials/tmpSecretId").await);
    ids.push(check("android-v2", "/data/credentials/tmpSecretId").await);
    ids.push(check("android-v3", "/Response/Credentials/TmpSecretId").await);
    ids.push(check("legacy", "/TmpSecretId").await);
    ids.push(check("flutter", "/secretId").await);
    ids.dedup();
    assert_eq!(ids.len(), 1, "one key is handed out in all shapes");
}

#[tokio::test]
async fn m18_what_a_caller_asks_for_is_not_handed_on_as_it_is() {
    let stage = Stage::set().await;
    let (keys, callers) = api_keys(&["ann"]);
    let settings = stage.settings("", &format!("{callers}{TEMPLATES}"));
    let broker = stage.broker(&settings).await;
    let ask = async |path: &str, body: Value| {
        let request = Request::post(path).header("authorization", format!("Bearer {}", keys[0]));
        let request = request.header("content-type", "application/json");
        read(send(&broker, request.body(Full::from(body.to_string())).unwrap()).await)
    };
    let scope = |action: &str, prefix: &str| json!({ "action": action, "bucket": BUCKET, "region": stage::REGION, "prefix": prefix });
    let (own, put) = (scope("name/cos:PutObject", "uploads/ann/a"), "name/cos:PutObject");
    let (status, document) = ask("/sts-scope", json!([own])).await;
    assert_eq!(
        (status, document.get("credentials").is_some()),
        (200, true),
        "{document}"
    );

    let everything =
        json!({ "version": "2.0", "statement": [{ "effect": "allow", "action": "*", "resource": "*" }] });
    let mut with_effect = own.clone();
    with_effect["effect"] = json!("allow");
    with_effect["resource"] = json!("*");
    for wide in [
        everything.clone(),
        json!([own, scope(put, "uploads/bob/a")]),
        json!([scope(put, "uploads/ann/*")]),
        json!([scope(put, "*")]),
        json!([scope("*", "uploads/ann/a")]),
        json!([scope("name/cos:DeleteObject", "uploads/ann/a")]),
        json!([scope("name/sts:AssumeRole", "uploads/ann/a")]),
        json!([with_effect]),
    ] {
        let (_, document) = ask("/sts-scope", wide.clone()).await;
        assert!(document.get("credentials").is_none(), "{wide}: {document}");
    }
    // A policy that comes along where none is asked for changes nothing.
    let encoded = "%7B%22version%22%3A%222.0%22%7D";
    let path = format!("/sts?policy={encoded}&prefix=uploads/&user=bob&actions=*");
    let (status, document) = ask(&path, everything).await;
    assert_eq!(status, 200);
    let key = credentials(&document);
    assert_eq!(put_at(&stage, &key, "uploads/ann/a").await, Ok(()));
    assert_eq!(put_at(&stage, &key, "uploads/bob/a").await, Err(403));
}
