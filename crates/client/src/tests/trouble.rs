//! What becomes of requests and answers that go wrong.

use std::io;
use std::time::Duration;

use bytes::Bytes;
use daypass_api::names::UploadId;
use daypass_api::operation::UploadRef;
use futures_util::stream::{self, StreamExt};

use super::server::{Answer, Server, answer};
use super::{bucket, connection, key};
use crate::{Error, ObjectClient, Patience, Payload, request};

const KNOWN: [&str; 2] = [
    "ETag: \"5eb63bbbe01eeed093cb22bb8f5acdc3\"",
    "x-cos-hash-crc64ecma: 5981764153023615706",
];
const DENIED: &str = "<Error><Code>AccessDenied</Code><Message>Access Denied.</Message>\
    <Resource>photos-1250000000/a</Resource><RequestId>r1</RequestId></Error>";

fn hello() -> Payload {
    Bytes::from_static(b"hello world").into()
}

/// Stores an object at a server with this script: the outcome, and how many requests it took.
async fn put(script: Vec<Answer>, payload: Payload) -> (Result<(), Error>, usize) {
    let server = Server::start(script).await;
    let client = ObjectClient::new(connection(&server));
    let outcome = client
        .put_object(request::put_object(&bucket(), &key()), payload)
        .await;
    (outcome.map(|_| ()), server.received().len())
}

fn fault() -> Answer {
    answer(500, &[], "")
}

#[tokio::test]
async fn faults_and_broken_connections_are_tried_again() {
    let (outcome, requests) = put(vec![fault(), Answer::Close, answer(200, &KNOWN, "")], hello()).await;
    outcome.unwrap();
    assert_eq!(requests, 3);
}

#[tokio::test]
async fn but_not_for_ever() {
    let (outcome, requests) = put(vec![fault(), fault(), fault(), fault(), fault()], hello()).await;
    let error = outcome.unwrap_err();
    assert_eq!(error.refusal().map(|refusal| refusal.status), Some(500));
    assert_eq!(requests, 4);
}

#[tokio::test]
async fn a_stream_that_is_gone_is_not_sent_again() {
    let stream = stream::iter([Ok(Bytes::from_static(b"hello world"))]).boxed();
    let (outcome, requests) = put(vec![fault(), answer(200, &KNOWN, "")], Payload::once(11, stream)).await;
    assert!(matches!(outcome, Err(Error::Refused(_))));
    assert_eq!(requests, 1);
}

#[tokio::test]
async fn refusals_are_final_and_told() {
    let (outcome, requests) = put(vec![answer(403, &[], DENIED), answer(200, &KNOWN, "")], hello()).await;
    assert_eq!(requests, 1);
    let Err(Error::Refused(refusal)) = outcome else {
        panic!("{outcome:?}")
    };
    assert_eq!((refusal.status, refusal.code.as_str()), (403, "AccessDenied"));
    assert_eq!(
        (refusal.request_id.as_str(), refusal.resource.as_str()),
        ("r1", "photos-1250000000/a")
    );
}

#[tokio::test]
async fn redirects_are_not_followed() {
    let (outcome, requests) = put(
        vec![answer(307, &["Location: /x"], ""), answer(200, &KNOWN, "")],
        hello(),
    )
    .await;
    assert_eq!(
        outcome.unwrap_err().refusal().map(|refusal| refusal.status),
        Some(307)
    );
    assert_eq!(requests, 1);
}

#[tokio::test]
async fn what_was_stored_is_compared_with_what_was_sent() {
    let wrong = answer(200, &[KNOWN[0], "x-cos-hash-crc64ecma: 1"], "");
    let (outcome, requests) = put(vec![wrong], hello()).await;
    assert!(matches!(
        outcome,
        Err(Error::Integrity {
            expected: 5_981_764_153_023_615_706,
            got: 1
        })
    ));
    assert_eq!(requests, 1);
    let (outcome, _) = put(vec![answer(200, &[KNOWN[0]], "")], hello()).await;
    assert!(matches!(outcome, Err(Error::Malformed(_))));
}

#[tokio::test]
async fn a_payload_that_fails_ends_the_request() {
    let failing = || {
        let pieces = [
            Ok(Bytes::from_static(b"hello")),
            Err(io::Error::other("the disk is gone")),
        ];
        stream::iter(pieces).boxed()
    };
    let (outcome, requests) = put(vec![answer(200, &KNOWN, "")], Payload::repeatable(11, failing)).await;
    let Err(Error::Source(error)) = outcome else {
        panic!("{outcome:?}")
    };
    assert_eq!((error.to_string().as_str(), requests), ("the disk is gone", 0));
}

#[tokio::test]
async fn a_refusal_may_come_before_the_whole_body_was_taken() {
    // Endless in effect: the server answers and closes after the first pieces at the latest.
    let (sender, receiver) = tokio::sync::mpsc::channel::<io::Result<Bytes>>(1);
    sender.try_send(Ok(Bytes::from_static(&[0; 16]))).unwrap();
    let stream = stream::unfold(receiver, |mut receiver| async {
        Some((receiver.recv().await?, receiver))
    });
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let endpoint = format!("http://{}", listener.local_addr().unwrap());
    let answering = tokio::spawn(async move {
        use tokio::io::{AsyncReadExt, AsyncWriteExt};
        let (mut stream, _) = listener.accept().await.unwrap();
        stream.read_u8().await.unwrap();
        let Answer::Text(text) = answer(403, &[], DENIED) else {
            unreachable!()
        };
        stream.write_all(text.as_bytes()).await.unwrap();
        stream
    });
    let client = ObjectClient::new(crate::Connection::new(endpoint.parse().unwrap(), None));
    let payload = Payload::once(1 << 40, stream.boxed());
    let outcome = client
        .put_object(request::put_object(&bucket(), &key()), payload)
        .await;
    assert_eq!(
        outcome.unwrap_err().refusal().map(|refusal| refusal.status),
        Some(403)
    );
    drop((sender, answering.await.unwrap()));
}

/// Reads an object from a server with this script.
async fn get(script: Vec<Answer>) -> Result<Bytes, Error> {
    let server = Server::start(script).await;
    let client = ObjectClient::new(connection(&server));
    client
        .get_object(request::read_object(&bucket(), &key()))
        .await?
        .bytes()
        .await
}

fn object(length: usize, body: &str) -> Answer {
    let head = "HTTP/1.1 200 OK\r\nLast-Modified: Tue, 14 Nov 2023 22:13:20 GMT\r\nConnection: close\r\n";
    let known = KNOWN.join("\r\n");
    Answer::Text(format!("{head}{known}\r\nContent-Length: {length}\r\n\r\n{body}"))
}

#[tokio::test]
async fn what_arrives_is_compared_with_what_was_stored() {
    assert_eq!(get(vec![object(11, "hello world")]).await.unwrap(), "hello world");
    assert!(matches!(
        get(vec![object(11, "hello_world")]).await,
        Err(Error::Integrity { .. })
    ));
    assert!(matches!(
        get(vec![object(11, "hello wor")]).await,
        Err(Error::Interrupted { .. })
    ));
}

#[tokio::test]
async fn answers_that_are_none() {
    assert!(matches!(
        get(vec![answer(200, &[], "")]).await,
        Err(Error::Malformed(_))
    ));
    let not_modified = [KNOWN[0], KNOWN[1], "Last-Modified: Tue, 14 Nov 2023 22:13:20 GMT"];
    assert!(matches!(
        get(vec![answer(304, &not_modified, "")]).await,
        Err(Error::NotModified)
    ));
    let garbage = Answer::Text("hello\r\n\r\n".to_owned());
    assert!(matches!(get(vec![garbage; 4]).await, Err(Error::NotHttp { .. })));
    let huge = "x".repeat(daypass_dialect::cos::answer::MAX_DOCUMENT_BYTES + 1);
    assert!(matches!(
        get(vec![answer(403, &[], &huge)]).await,
        Err(Error::Malformed(_))
    ));
}

#[tokio::test]
async fn nobody_listens() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let endpoint = format!("http://{}", listener.local_addr().unwrap());
    drop(listener);
    let patience = Patience {
        first_delay: Duration::from_millis(1),
        ..Patience::default()
    };
    let connection = crate::Connection::new(endpoint.parse().unwrap(), None).with_patience(patience);
    let error = ObjectClient::new(connection).list_buckets().await.unwrap_err();
    let Error::Unreachable {
        endpoint: named,
        source,
    } = error
    else {
        panic!("{error:?}")
    };
    assert_eq!(named, endpoint);
    assert!(source.to_string().starts_with("Connection refused"), "{source}");
}

#[tokio::test]
async fn a_server_that_says_nothing_is_left() {
    let server = Server::start(vec![Answer::Silence]).await;
    let patience = Patience {
        stall: Duration::from_millis(50),
        retries: 0,
        ..Patience::default()
    };
    let client = ObjectClient::new(connection(&server).with_patience(patience));
    assert!(matches!(client.list_buckets().await, Err(Error::Timeout(_))));
}

fn upload() -> UploadRef {
    UploadRef {
        bucket: bucket(),
        key: key(),
        upload_id: UploadId::parse("abc1").unwrap(),
    }
}

#[tokio::test]
async fn an_upload_is_neither_begun_nor_ended_twice() {
    for script in [vec![fault(), fault()], vec![Answer::Close, Answer::Close]] {
        let server = Server::start(script).await;
        let client = ObjectClient::new(connection(&server));
        let start = request::initiate_multipart_upload(&bucket(), &key());
        client.initiate_multipart_upload(start).await.unwrap_err();
        client
            .complete_multipart_upload(&upload(), &[], false)
            .await
            .unwrap_err();
        assert_eq!(server.received().len(), 2);
    }
}

#[tokio::test]
async fn an_object_of_other_parts_than_were_sent_is_noticed() {
    let ended = "<CompleteMultipartUploadResult><ETag>\"t-1\"</ETag></CompleteMultipartUploadResult>";
    let script = vec![
        answer(200, &KNOWN, ""),
        answer(200, &["x-cos-hash-crc64ecma: 7"], ended),
    ];
    let server = Server::start(script).await;
    let client = ObjectClient::new(connection(&server));
    let part = client.upload_part(&upload(), 1, hello()).await.unwrap();
    let outcome = client.complete_multipart_upload(&upload(), &[part], false).await;
    assert!(matches!(outcome, Err(Error::Integrity { got: 7, .. })));
}

#[tokio::test]
async fn parts_end_with_the_first_failure() {
    let server = Server::start(vec![answer(200, &KNOWN, "")]).await;
    let client = ObjectClient::new(connection(&server));
    let parts = stream::iter([
        Ok(hello()),
        Err(io::Error::other("the disk is gone")),
        Ok(hello()),
    ]);
    let outcome = client.upload_parts(&upload(), parts, 1).await;
    assert!(matches!(outcome, Err(Error::Source(_))));
    assert_eq!(server.received().len(), 1);
}
