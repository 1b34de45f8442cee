//! The object store's calls when all goes well.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use daypass_api::names::UploadId;
use daypass_api::object::{ByteRange, Span};
use daypass_api::operation::UploadRef;
use daypass_signature::cos::claim;
use daypass_signature::{RequestView, SentToken};
use futures_util::stream::{self, StreamExt, TryStreamExt};
use md5::{Digest, Md5};

use super::server::{Answer, Received, Server, answer};
use super::{NOW, SECRET, bucket, connection, key};
use crate::{ObjectClient, Payload, request};

const PATH: &str = "/photos-1250000000/dir//a%20b%2Bc/..%2F%E4%BD%A0";
const CRC64_OF_HELLO: &str = "x-cos-hash-crc64ecma: 5981764153023615706";
const ETAG_OF_HELLO: &str = "ETag: \"5eb63bbbe01eeed093cb22bb8f5acdc3\"";
const MODIFIED: &str = "Last-Modified: Tue, 14 Nov 2023 22:13:20 GMT";

fn stored() -> Answer {
    answer(200, &[ETAG_OF_HELLO, CRC64_OF_HELLO], "")
}

fn hello() -> Payload {
    Bytes::from_static(b"hello world").into()
}

/// What the server's side reads of a request must be signed as the server's side verifies it.
fn check_signed(received: &Received) {
    let headers = received.pairs();
    let (path, query) = received.target.split_once('?').unwrap_or((&received.target, ""));
    let view = RequestView::new(&received.method, path, query, &headers).unwrap();
    let claim = claim(&view).unwrap().expect("it is signed");
    let secret = daypass_signature::SecretKey::new(SECRET.to_owned());
    assert!(claim.verify(&view, &secret, &[]), "{received:?}");
    assert!(claim.covers_header("host") && claim.covers_header("x-cos-security-token"));
    assert_eq!(
        (claim.sign_time.start(), claim.sign_time.end()),
        (NOW.unix_seconds() - 60, NOW.unix_seconds() + 3600)
    );
}

#[tokio::test]
async fn an_object_is_stored() {
    let server = Server::start(vec![stored()]).await;
    let client = ObjectClient::new(connection(&server));
    let mut put = request::put_object(&bucket(), &key());
    put.headers.content_type = Some("text/plain".to_owned());
    put.headers.user_metadata = vec![("who".to_owned(), "我".to_owned())];
    let stored = client.put_object(put, hello()).await.unwrap();
    assert_eq!(stored.etag.as_str(), "5eb63bbbe01eeed093cb22bb8f5acdc3");

    let received = server.only_received();
    assert_eq!(
        (received.method.as_str(), received.target.as_str()),
        ("PUT", PATH)
    );
    assert_eq!(received.header("host"), Some(server.authority().as_str()));
    assert_eq!(received.header("content-length"), Some("11"));
    assert_eq!(received.header("content-type"), Some("text/plain"));
    assert_eq!(received.header("x-cos-meta-who"), Some("我"));
    assert_eq!(received.body, b"hello world");
    check_signed(&received);
}

#[tokio::test]
async fn by_a_known_name_the_bucket_goes_before_the_host() {
    let server = Server::start(vec![answer(204, &[], "")]).await;
    let host = server.authority().replace("127.0.0.1", "localhost");
    let connection = crate::Connection::new(
        format!("http://{host}").parse().unwrap(),
        Some(super::credentials()),
    );
    ObjectClient::new(connection)
        .delete_object(&bucket(), &key())
        .await
        .unwrap();
    let received = server.only_received();
    assert_eq!(
        received.header("host"),
        Some(format!("photos-1250000000.{host}").as_str())
    );
    assert_eq!(received.target, "/dir//a%20b%2Bc/..%2F%E4%BD%A0");
}

#[tokio::test]
async fn an_empty_object_is_stored() {
    let empty = answer(
        200,
        &[
            "ETag: \"d41d8cd98f00b204e9800998ecf8427e\"",
            "x-cos-hash-crc64ecma: 0",
        ],
        "",
    );
    let server = Server::start(vec![empty]).await;
    let put = request::put_object(&bucket(), &key());
    ObjectClient::new(connection(&server))
        .put_object(put, Payload::empty())
        .await
        .unwrap();
    let received = server.only_received();
    assert_eq!(received.header("content-length"), Some("0"));
    check_signed(&received);
}

#[tokio::test]
async fn an_object_is_read() {
    let head = [ETAG_OF_HELLO, CRC64_OF_HELLO, MODIFIED, "x-cos-meta-a: b"];
    let server = Server::start(vec![answer(200, &head, "hello world")]).await;
    let client = ObjectClient::new(connection(&server));
    let download = client
        .get_object(request::read_object(&bucket(), &key()))
        .await
        .unwrap();
    assert_eq!(download.length(), 11);
    assert_eq!(
        download.info().headers.user_metadata,
        [("a".to_owned(), "b".to_owned())]
    );
    assert_eq!(download.bytes().await.unwrap(), "hello world");
    let received = server.only_received();
    assert_eq!(
        (received.method.as_str(), received.target.as_str()),
        ("GET", PATH)
    );
    assert_eq!(received.header("content-length"), None);
    check_signed(&received);
}

#[tokio::test]
async fn a_part_of_an_object_is_read() {
    let head = [
        ETAG_OF_HELLO,
        CRC64_OF_HELLO,
        MODIFIED,
        "Content-Range: bytes 6-10/11",
    ];
    let server = Server::start(vec![answer(206, &head, "world")]).await;
    let mut read = request::read_object(&bucket(), &key());
    read.range = Some(ByteRange::From(6, None));
    let download = ObjectClient::new(connection(&server))
        .get_object(read)
        .await
        .unwrap();
    assert_eq!((download.length(), download.info().length), (5, 11));
    assert_eq!(download.span(), Some(Span { start: 6, length: 5 }));
    assert_eq!(download.bytes().await.unwrap(), "world");
    assert_eq!(server.only_received().header("range"), Some("bytes=6-"));
}

#[tokio::test]
async fn an_object_is_removed_and_asked_about() {
    let head = [ETAG_OF_HELLO, CRC64_OF_HELLO, MODIFIED, "Content-Length: 11"];
    let known = format!(
        "HTTP/1.1 200 OK\r\n{}\r\nConnection: close\r\n\r\n",
        head.join("\r\n")
    );
    let server = Server::start(vec![answer(204, &[], ""), Answer::Text(known)]).await;
    let client = ObjectClient::new(connection(&server));
    client.delete_object(&bucket(), &key()).await.unwrap();
    let info = client
        .head_object(request::read_object(&bucket(), &key()))
        .await
        .unwrap();
    assert_eq!(info.length, 11);
    for received in server.received() {
        check_signed(&received);
    }
}

fn listing(keys: &[&str], next: Option<&str>) -> Answer {
    let contents: String = keys
        .iter()
        .map(|key| {
            format!(
                "<Contents><Key>{key}</Key><LastModified>2023-11-14T22:13:20.000Z</LastModified><ETag>\"e\"</ETag>\
                <Size>1</Size><StorageClass>STANDARD</StorageClass></Contents>"
            )
        })
        .collect();
    let next = next.map(|next| format!("<NextMarker>{next}</NextMarker>"));
    let truncated = next.is_some();
    let body = format!(
        "<ListBucketResult><IsTruncated>{truncated}</IsTruncated>{}{contents}</ListBucketResult>",
        next.unwrap_or_default()
    );
    answer(200, &["x-cos-bucket-region: ap-guangzhou"], &body)
}

#[tokio::test]
async fn all_pages_of_a_list_are_read() {
    let server = Server::start(vec![listing(&["a%20b", "c"], Some("c")), listing(&["d"], None)]).await;
    let client = ObjectClient::new(connection(&server));
    let pages: Vec<_> = client
        .object_pages(request::list_objects(&bucket(), ""))
        .try_collect()
        .await
        .unwrap();
    let keys: Vec<_> = pages
        .iter()
        .flat_map(|page| &page.objects)
        .map(|object| object.key.as_str())
        .collect();
    assert_eq!(keys, ["a b", "c", "d"]);
    let received = server.received();
    assert_eq!(
        received[0].target,
        "/photos-1250000000/?max-keys=1000&encoding-type=url"
    );
    assert_eq!(
        received[1].target,
        "/photos-1250000000/?marker=c&max-keys=1000&encoding-type=url"
    );
    received.iter().for_each(check_signed);
}

#[tokio::test]
async fn a_list_that_does_not_move_on_is_left() {
    let server = Server::start(vec![listing(&["a"], Some("b")), listing(&["a"], Some("b"))]).await;
    let client = ObjectClient::new(connection(&server));
    let pages: Vec<_> = client
        .object_pages(request::list_objects(&bucket(), ""))
        .collect()
        .await;
    assert_eq!(pages.len(), 2);
    let error = pages[1].as_ref().unwrap_err().to_string();
    assert_eq!(
        error,
        "the answer makes no sense: the list of objects does not move on"
    );
}

fn upload() -> UploadRef {
    UploadRef {
        bucket: bucket(),
        key: key(),
        upload_id: UploadId::parse("abc1").unwrap(),
    }
}

#[tokio::test]
async fn an_object_is_stored_in_parts() {
    let begun = "<InitiateMultipartUploadResult><UploadId>abc1</UploadId></InitiateMultipartUploadResult>";
    let ended = "<CompleteMultipartUploadResult><ETag>\"t-2\"</ETag></CompleteMultipartUploadResult>";
    let crc64_of_both = crc_fast::checksum(crc_fast::CrcAlgorithm::Crc64Xz, b"hello worldhello world");
    let crc64_of_both = format!("x-cos-hash-crc64ecma: {crc64_of_both}");
    let script = vec![
        answer(200, &[], begun),
        stored(),
        stored(),
        answer(200, &[&crc64_of_both], ended),
    ];
    let server = Server::start(script).await;
    let client = ObjectClient::new(connection(&server));

    let start = request::initiate_multipart_upload(&bucket(), &key());
    assert_eq!(client.initiate_multipart_upload(start).await.unwrap(), upload());
    let parts = stream::iter([Ok(hello()), Ok(hello())]);
    let parts = client.upload_parts(&upload(), parts, 1).await.unwrap();
    let stored = client
        .complete_multipart_upload(&upload(), &parts, false)
        .await
        .unwrap();
    assert_eq!(stored.etag.as_str(), "t-2");

    let received = server.received();
    let targets: Vec<_> = received
        .iter()
        .map(|request| request.target.strip_prefix(PATH).unwrap())
        .collect();
    assert_eq!(
        targets,
        [
            "?uploads",
            "?uploadId=abc1&partNumber=1",
            "?uploadId=abc1&partNumber=2",
            "?uploadId=abc1"
        ]
    );
    let list = String::from_utf8(received[3].body.clone()).unwrap();
    assert!(list.contains("<PartNumber>2</PartNumber>"), "{list}");
    received.iter().for_each(check_signed);
}

#[tokio::test]
async fn links_are_signed() {
    let server = Server::start(Vec::new()).await;
    let client = ObjectClient::new(connection(&server));
    let mut read = request::read_object(&bucket(), &key());
    read.overrides.content_type = Some("a/b".to_owned());
    let urls = [
        client.presign_get(read, 60).await,
        client.presign_put(&bucket(), &key(), 60).await,
    ];
    for (url, method) in urls.into_iter().zip(["GET", "PUT"]) {
        let url = url.unwrap();
        assert_eq!(format!("{url:?}"), "SignedUrl(hidden)");
        let target = url.expose().strip_prefix(&server.endpoint()).unwrap();
        let (path, query) = target.split_once('?').unwrap();
        assert_eq!(path, PATH);
        let authority = server.authority();
        let headers = [("host", authority.as_bytes())];
        let view = RequestView::new(method, path, query, &headers).unwrap();
        let claim = claim(&view).unwrap().expect("it is signed");
        let secret = daypass_signature::SecretKey::new(SECRET.to_owned());
        assert!(claim.verify(&view, &secret, &[]));
        assert_eq!(claim.sign_time.end(), NOW.unix_seconds() + 60);
        assert_eq!(claim.token.as_ref().map(SentToken::expose), Some("token"));
        assert!(claim.covers_parameter("x-cos-security-token"));
    }
    let anonymous = ObjectClient::new(connection(&server).with_credentials(None));
    assert!(anonymous.presign_put(&bucket(), &key(), 60).await.is_err());
}

/// The original demands it of the list of a batch, and our server compares it.
#[tokio::test]
async fn a_document_goes_with_its_digest() {
    let server = Server::start(vec![answer(200, &[], "<DeleteResult></DeleteResult>")]).await;
    let client = ObjectClient::new(connection(&server));
    assert_eq!(client.delete_objects(&bucket(), vec![key()]).await.unwrap(), []);
    let received = server.only_received();
    assert_eq!(received.target, "/photos-1250000000/?delete");
    let digest = STANDARD.encode(Md5::digest(&received.body));
    assert_eq!(received.header("content-md5"), Some(&*digest));
    assert_eq!(received.header("content-type"), Some("application/xml"));
    let signed = received.header("authorization").unwrap();
    assert!(
        signed.contains("q-header-list=content-length;content-md5;content-type;host;"),
        "{signed}"
    );
    check_signed(&received);
}
