//! Forms that a client signed, filled in as a browser does, against the real server.

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use daypass_api::names::{Region, SessionName};
use daypass_api::operation::GetFederationToken;
use daypass_testkit::TestServer;

use super::transfers::store;
use super::{bucket, key};
use crate::{ActionClient, Connection, FormKey, FormSuccess, FormUpload, ObjectClient, SignedForm, request};

/// Sends a form with a file, after something was done to its fields: the status, and the whole answer.
async fn send(
    server: &TestServer,
    form: &SignedForm,
    file: &[u8],
    change: impl Fn(&str, &str) -> String,
) -> (u16, String) {
    let mut body = Vec::new();
    for (name, value) in form.expose() {
        let value = change(name, value);
        let part = format!("--b\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n");
        body.extend_from_slice(part.as_bytes());
    }
    body.extend_from_slice(
        b"--b\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a b.jpg\"\r\n\r\n",
    );
    body.extend_from_slice(file);
    body.extend_from_slice(b"\r\n--b--\r\n");
    let path = form.url().splitn(4, '/').nth(3).unwrap();
    let head = format!(
        "POST /{path} HTTP/1.1\r\nHost: {}\r\nContent-Type: multipart/form-data; boundary=b\r\n\
         Content-Length: {}\r\nConnection: close\r\n\r\n",
        server.address(),
        body.len()
    );
    let mut stream = TcpStream::connect(server.address()).await.unwrap();
    stream
        .write_all(&[head.as_bytes(), &body].concat())
        .await
        .unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    let status = answer.split(' ').nth(1).unwrap().parse().unwrap();
    (status, answer)
}

fn as_it_is(_: &str, value: &str) -> String {
    value.to_owned()
}

async fn stored(client: &ObjectClient, name: &str) -> Option<(Vec<u8>, Option<String>)> {
    let key = daypass_api::names::ObjectKey::parse(name.as_bytes()).unwrap();
    let read = client
        .get_object(request::read_object(&bucket(), &key))
        .await
        .ok()?;
    let kind = read.info().headers.content_type.clone();
    Some((read.bytes().await.unwrap().to_vec(), kind))
}

#[tokio::test]
async fn a_form_uploads_what_it_says_and_nothing_else() {
    let (server, client) = store().await;
    let upload = FormUpload {
        length: 1..=5,
        content_type: Some("image/jpeg".to_owned()),
        ..FormUpload::new(&bucket(), FormKey::Exactly(key()))
    };
    let form = client.sign_form(&upload).await.unwrap();
    assert_eq!(send(&server, &form, b"bytes", as_it_is).await.0, 200);
    let expected = (b"bytes".to_vec(), Some("image/jpeg".to_owned()));
    assert_eq!(stored(&client, key().as_str()).await, Some(expected));

    for (file, code) in [(&b"six by"[..], "EntityTooLarge"), (b"", "EntityTooSmall")] {
        let (status, answer) = send(&server, &form, file, as_it_is).await;
        assert_eq!(status, 400, "{answer}");
        assert!(answer.contains(code), "{answer}");
    }
    for field in [
        "key",
        "Content-Type",
        "success_action_status",
        "q-key-time",
        "q-signature",
    ] {
        let bend = |name: &str, value: &str| match name == field {
            true => value.replace(|letter: char| letter.is_ascii_alphanumeric(), "1"),
            false => value.to_owned(),
        };
        let (status, answer) = send(&server, &form, b"bytes", bend).await;
        assert_eq!(status, 403, "{field}: {answer}");
    }
    assert!(!format!("{form:?}").contains("q-signature"));
    server.stop().await;
}

#[tokio::test]
async fn a_form_may_leave_the_end_of_the_key_open() {
    let (server, client) = store().await;
    let upload = FormUpload {
        success: FormSuccess::Redirect("https://app.example.org/done".to_owned()),
        ..FormUpload::new(&bucket(), FormKey::Below("up/".to_owned()))
    };
    let form = client.sign_form(&upload).await.unwrap();
    let (status, answer) = send(&server, &form, b"bytes", as_it_is).await;
    assert_eq!(status, 303, "{answer}");
    let place = format!(
        "https://app.example.org/done?bucket={}&key=up%2Fa%20b.jpg",
        bucket().as_str()
    );
    assert!(answer.contains(&place), "{answer}");
    assert!(stored(&client, "up/a b.jpg").await.is_some());
    let named = |name: &str, value: &str| if name == "key" { "up/own" } else { value }.to_owned();
    assert_eq!(send(&server, &form, b"bytes", named).await.0, 303);
    let outside = |name: &str, value: &str| if name == "key" { "down/own" } else { value }.to_owned();
    assert_eq!(send(&server, &form, b"bytes", outside).await.0, 403);
    server.stop().await;
}

#[tokio::test]
async fn a_form_of_a_temporary_key_reaches_what_the_key_reaches() {
    let (server, client) = store().await;
    let connection = client.connection();
    let policy = r#"{"version": "2.0", "statement": [{"effect": "allow", "action": "name/cos:PostObject",
        "resource": "qcs::cos:ap-guangzhou:uid/1250000000:photos-1250000000/ann/*"}]}"#;
    let minted = ActionClient::new(connection.clone(), Region::parse("ap-guangzhou").unwrap())
        .get_federation_token(GetFederationToken {
            name: SessionName::parse("ann").unwrap(),
            policy: Some(policy.to_owned()),
            duration_seconds: None,
        })
        .await
        .unwrap();
    let own: Connection = connection.clone().with_credentials(Some(minted.into()));
    let own = ObjectClient::new(own);
    for (beginning, status) in [("ann/", 200), ("bob/", 403)] {
        let upload = FormUpload::new(&bucket(), FormKey::Below(beginning.to_owned()));
        let form = own.sign_form(&upload).await.unwrap();
        let (got, answer) = send(&server, &form, b"bytes", as_it_is).await;
        assert_eq!(got, status, "{answer}");
    }
    server.stop().await;
}
