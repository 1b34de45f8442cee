//! Keys that end and clocks that are off, in the middle of what a client does.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use async_trait::async_trait;
use daypass_api::Timestamp;
use daypass_api::names::AccessKeyId;
use daypass_api::outcome::{SessionToken, TemporaryKey};
use daypass_api::secret::SecretKey;
use daypass_signature::RequestView;
use daypass_signature::cos::claim;

use super::server::{Answer, Received, Server, answer};
use super::{NOW, bucket, connection, key};
use crate::{Error, FetchError, KeySource, ObjectClient, Refreshing, request};

const SPENT: &str = "<Error><Code>ExpiredToken</Code><Message>over</Message></Error>";
const SKEWED: &str = "<Error><Code>RequestTimeTooSkewed</Code><Message>off</Message></Error>";
const LIST: &str = "<ListBucketResult><Name>photos-1250000000</Name></ListBucketResult>";

/// Keys of an hour, numbered.
#[derive(Default)]
struct Numbered(AtomicI64);

#[async_trait]
impl KeySource for Numbered {
    async fn fetch(&self) -> Result<TemporaryKey, FetchError> {
        let number = self.0.fetch_add(1, Ordering::SeqCst) + 1;
        Ok(TemporaryKey {
            access_key_id: AccessKeyId::parse(&format!("AKIDnumber{number}"))?,
            secret_key: SecretKey::new("s".to_owned()),
            token: SessionToken::new(format!("token{number}")),
            expires: NOW.plus_seconds(3600),
            judgement: None,
        })
    }
}

fn signed_by(received: &Received) -> (String, i64) {
    let headers = received.pairs();
    let (path, query) = received.target.split_once('?').unwrap_or((&received.target, ""));
    let view = RequestView::new(&received.method, path, query, &headers).unwrap();
    let claim = claim(&view).unwrap().expect("it is signed");
    (claim.key_id.clone(), claim.sign_time.start())
}

async fn head(server: &Server) -> Result<(), Error> {
    let connection = connection(server).with_provider(Arc::new(Refreshing::new(Numbered::default())));
    let client = ObjectClient::new(connection);
    client
        .put_object(
            request::put_object(&bucket(), &key()),
            bytes::Bytes::from_static(b"hello world").into(),
        )
        .await
        .map(drop)
}

fn stored() -> Answer {
    answer(
        200,
        &[
            "ETag: \"5eb63bbbe01eeed093cb22bb8f5acdc3\"",
            "x-cos-hash-crc64ecma: 5981764153023615706",
        ],
        "",
    )
}

#[tokio::test]
async fn a_key_that_the_server_calls_spent_is_fetched_anew_and_only_once() {
    let server = Server::start(vec![answer(400, &[], SPENT), stored()]).await;
    head(&server).await.unwrap();
    let keys: Vec<_> = server
        .received()
        .iter()
        .map(|received| signed_by(received).0)
        .collect();
    assert_eq!(keys, ["AKIDnumber1", "AKIDnumber2"]);

    let server = Server::start(vec![answer(400, &[], SPENT), answer(400, &[], SPENT), stored()]).await;
    let error = head(&server).await.unwrap_err();
    assert_eq!(
        error.refusal().map(|refusal| refusal.code.as_str()),
        Some("ExpiredToken")
    );
    assert_eq!(server.received().len(), 2);
}

#[tokio::test]
async fn a_clock_that_is_off_is_set_right_by_the_servers() {
    let servers_time = NOW.plus_seconds(3600).http_date();
    let off = || answer(403, &[&format!("Date: {servers_time}")], SKEWED);
    let server = Server::start(vec![off(), stored(), answer(200, &[], LIST)]).await;
    let client = ObjectClient::new(connection(&server));
    let put = request::put_object(&bucket(), &key());
    client
        .put_object(put, bytes::Bytes::from_static(b"hello world").into())
        .await
        .unwrap();
    let starts: Vec<_> = server
        .received()
        .iter()
        .map(|received| signed_by(received).1)
        .collect();
    let backdated = |time: Timestamp| time.unix_seconds() - 60;
    assert_eq!(starts, [backdated(NOW), backdated(NOW.plus_seconds(3600))]);
    // Clones know it from the beginning, and so do links.
    let link = client.clone().presign_put(&bucket(), &key(), 60).await.unwrap();
    let end = format!("%3B{}", NOW.plus_seconds(3660).unix_seconds());
    assert!(link.expose().contains(&end), "{}", link.expose());

    // A server that minds the time and tells the same as ours is not asked again.
    let same = answer(403, &[&format!("Date: {}", NOW.http_date())], SKEWED);
    let server = Server::start(vec![same, stored()]).await;
    assert!(head(&server).await.is_err());
    assert_eq!(server.received().len(), 1);
}

/// A source of keys that is gone.
struct Gone;

#[async_trait]
impl KeySource for Gone {
    async fn fetch(&self) -> Result<TemporaryKey, FetchError> {
        Err("nobody answers at the user server".into())
    }
}

#[tokio::test]
async fn without_a_key_nothing_is_sent() {
    let server = Server::start(vec![stored()]).await;
    let connection = connection(&server).with_provider(Arc::new(Refreshing::new(Gone)));
    let client = ObjectClient::new(connection);
    let put = request::put_object(&bucket(), &key());
    let error = client
        .put_object(put, bytes::Bytes::from_static(b"a").into())
        .await
        .unwrap_err();
    assert!(matches!(&error, Error::NoCredentials { source } if source.to_string().contains("user server")));
    assert!(server.received().is_empty());
}
