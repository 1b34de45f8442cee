//! Files of all sizes against the real server, and what becomes of transfers that end early.

use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use daypass_api::acl::{AclRequest, Grant, Grantee, ObjectAclPreset, Permission};
use daypass_api::names::{AccessKeyId, ObjectKey};
use daypass_api::secret::SecretKey;
use daypass_testkit::{ROOT_SECRET_ID, ROOT_SECRET_KEY, TestServer};

use super::server::{Answer, Server, answer};
use super::{bucket, connection, key};
use crate::{Connection, Credentials, Error, ObjectClient, Observer, Stop, Transfer, request};

const MIB: usize = 1024 * 1024;

/// The key of the server's root account.
pub(super) fn root() -> Credentials {
    Credentials {
        secret_id: AccessKeyId::parse(ROOT_SECRET_ID).unwrap(),
        secret_key: SecretKey::new(ROOT_SECRET_KEY.to_owned()),
        token: None,
    }
}

pub(super) async fn store() -> (TestServer, ObjectClient) {
    let server = TestServer::start().await;
    let endpoint = format!("http://{}", server.address()).parse().unwrap();
    let client = ObjectClient::new(Connection::new(endpoint, Some(root())));
    client.create_bucket(&bucket()).await.unwrap();
    (server, client)
}

fn transfer() -> Transfer {
    Transfer::new(MIB as u64, 4).unwrap()
}

pub(super) fn bytes(length: usize) -> Vec<u8> {
    (0..length)
        .map(|at| (at % 251) as u8 ^ (at / 65536) as u8)
        .collect()
}

pub(super) async fn uploads(client: &ObjectClient) -> usize {
    let list = request::list_multipart_uploads(&bucket());
    client.list_multipart_uploads(list).await.unwrap().uploads.len()
}

pub(super) fn names(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).unwrap();
    entries.map(|entry| entry.unwrap().file_name().into()).collect()
}

#[tokio::test]
async fn files_of_all_sizes_go_both_ways() {
    let (server, client) = store().await;
    let folder = tempfile::tempdir().unwrap();
    let (from, to) = (folder.path().join("from"), folder.path().join("to"));
    for length in [0, 1, MIB - 1, MIB, MIB + 1, 3 * MIB, 5 * MIB + 7] {
        let expected = bytes(length);
        std::fs::write(&from, &expected).unwrap();
        let put = request::put_object(&bucket(), &key());
        let stored = client.upload_file(put, &from, &transfer()).await.unwrap();
        let read = request::read_object(&bucket(), &key());
        let info = client.download_file(read, &to, &transfer()).await.unwrap();
        assert_eq!((info.length, info.crc64), (length as u64, stored.crc64));
        assert!(std::fs::read(&to).unwrap() == expected, "{length}");
        let put = request::put_object(&bucket(), &key());
        let source = std::io::Cursor::new(expected);
        let again = client.upload_from(put, source, &transfer()).await;
        assert_eq!(again.unwrap().crc64, stored.crc64);
    }
    assert_eq!(names(folder.path()).len(), 2, "no temporary file is left");
    assert_eq!(uploads(&client).await, 0);
    server.stop().await;
}

#[tokio::test]
async fn lists_that_were_read_are_changed_and_put_back() {
    let (server, client) = store().await;
    let put = request::put_object(&bucket(), &key());
    client
        .upload_from(put, &b"hello world"[..], &transfer())
        .await
        .unwrap();
    let everybody = Grant {
        grantee: Grantee::AllUsers,
        permission: Permission::Read,
    };
    let mut list = client.bucket_acl(&bucket()).await.unwrap();
    list.acl.grants.push(everybody);
    client.set_bucket_acl_list(&bucket(), &list).await.unwrap();
    assert_eq!(client.bucket_acl(&bucket()).await.unwrap(), list);
    client
        .set_object_acl_list(&bucket(), &key(), &list)
        .await
        .unwrap();
    assert_eq!(client.object_acl(&bucket(), &key()).await.unwrap(), list);
    server.stop().await;
}

#[tokio::test]
async fn copies_tags_lists_and_batches() {
    let (server, client) = store().await;
    let other = ObjectKey::parse(b"other").unwrap();
    let put = request::put_object(&bucket(), &key());
    let stored = client.upload_from(put, &b"hello world"[..], &transfer()).await;
    let stored = stored.unwrap();
    let tags = vec![("a".to_owned(), "b".to_owned())];
    client
        .set_object_tags(&bucket(), &key(), tags.clone())
        .await
        .unwrap();
    let copy = request::copy_object((&bucket(), &key()), (&bucket(), &other));
    assert_eq!(client.copy(copy, &transfer()).await.unwrap(), stored);
    assert_eq!(client.object_tags(&bucket(), &other).await.unwrap(), tags);
    let acl = AclRequest::Preset(ObjectAclPreset::PublicRead);
    client.set_object_acl(&bucket(), &other, acl).await.unwrap();
    let report = client.object_acl(&bucket(), &other).await.unwrap();
    assert_eq!((report.inherited, report.acl.grants.len()), (false, 2));
    let refused = client
        .delete_objects(&bucket(), vec![key(), other.clone()])
        .await
        .unwrap();
    assert_eq!(refused, []);
    let gone = client.head_object(request::read_object(&bucket(), &other)).await;
    assert!(gone.unwrap_err().refusal().unwrap().is_not_found());
    server.stop().await;
}

/// A source that gives some bytes, and then nothing, until it is stopped.
struct Endless(usize, Stop);

impl Read for Endless {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        if self.0 == 0 {
            self.1.stop();
            loop {
                std::thread::park();
            }
        }
        let length = self.0.min(buffer.len());
        self.0 -= length;
        Ok(length)
    }
}

#[tokio::test]
async fn an_upload_that_is_stopped_leaves_nothing() {
    let (server, client) = store().await;
    let stop = Stop::new();
    let transfer = transfer().with_stop(stop.clone());
    let put = request::put_object(&bucket(), &key());
    let outcome = client
        .upload_from(put, Endless(3 * MIB + 5, stop), &transfer)
        .await;
    assert!(matches!(outcome, Err(Error::Stopped)), "{outcome:?}");
    assert_eq!(uploads(&client).await, 0);
    server.stop().await;
}

/// Writes to the file that is being uploaded.
struct Meddler(PathBuf, AtomicBool);

impl Observer for Meddler {
    fn expect(&self, _: u64) {}

    fn moved(&self, _: i64) {
        if !self.1.swap(true, Ordering::SeqCst) {
            let mut file = std::fs::File::options().append(true).open(&self.0).unwrap();
            file.write_all(b"more").unwrap();
        }
    }
}

#[tokio::test]
async fn a_file_that_changes_is_not_stored() {
    let (server, client) = store().await;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("f");
    // One that is shorter has been read whole when the first progress is told.
    for length in [MIB / 2, 4 * MIB] {
        std::fs::write(&path, bytes(length)).unwrap();
        let meddler = Meddler(path.clone(), AtomicBool::new(false));
        let transfer = transfer().with_observer(Arc::new(meddler));
        let put = request::put_object(&bucket(), &key());
        let outcome = client.upload_file(put, &path, &transfer).await;
        assert!(matches!(outcome, Err(Error::Source(_))), "{outcome:?}");
        let found = client.head_object(request::read_object(&bucket(), &key())).await;
        assert!(found.is_err());
        assert_eq!(uploads(&client).await, 0);
    }
    server.stop().await;
}

const KNOWN: [&str; 3] = [
    "ETag: \"5eb63bbbe01eeed093cb22bb8f5acdc3\"",
    "x-cos-hash-crc64ecma: 5981764153023615706",
    "Last-Modified: Tue, 14 Nov 2023 22:13:20 GMT",
];

/// An answer that promises eleven bytes and breaks off after five.
fn broken() -> Answer {
    let known = KNOWN.join("\r\n");
    Answer::Text(format!(
        "HTTP/1.1 200 OK\r\n{known}\r\nContent-Length: 11\r\n\r\nhello"
    ))
}

fn rest(etag: &str) -> Answer {
    let range = "Content-Range: bytes 5-10/11";
    answer(206, &[etag, KNOWN[1], KNOWN[2], range], " world")
}

async fn read_all(script: Vec<Answer>) -> (Result<Vec<u8>, Error>, Vec<Option<String>>) {
    let server = Server::start(script).await;
    let client = ObjectClient::new(connection(&server));
    let outcome = async {
        let mut reader = client.open(request::read_object(&bucket(), &key())).await?;
        let mut all = Vec::new();
        while let Some(bytes) = reader.next().await? {
            all.extend_from_slice(&bytes);
        }
        Ok(all)
    };
    let outcome = outcome.await;
    let range = |received: &super::server::Received| received.header("range").map(str::to_owned);
    (outcome, server.received().iter().map(range).collect())
}

#[tokio::test]
async fn a_broken_read_goes_on_where_it_stopped() {
    let (read, ranges) = read_all(vec![broken(), rest(KNOWN[0])]).await;
    assert_eq!(read.unwrap(), b"hello world");
    assert_eq!(ranges, [None, Some("bytes=5-10".to_owned())]);
}

#[tokio::test]
async fn but_only_in_the_same_object() {
    let gone = "<Error><Code>PreconditionFailed</Code><Message>x</Message></Error>";
    for other in [
        answer(412, &[], gone),
        answer(404, &[], gone),
        rest("ETag: \"other\""),
    ] {
        let (read, _) = read_all(vec![broken(), other]).await;
        assert!(matches!(read, Err(Error::ObjectChanged)), "{read:?}");
    }
}

#[tokio::test]
async fn damaged_bytes_are_noticed_and_not_kept() {
    let folder = tempfile::tempdir().unwrap();
    let damaged = answer(
        206,
        &[KNOWN[0], KNOWN[1], KNOWN[2], "Content-Range: bytes 0-10/11"],
        "hello_world",
    );
    let server = Server::start(vec![damaged]).await;
    let client = ObjectClient::new(connection(&server));
    let read = request::read_object(&bucket(), &key());
    let outcome = client
        .download_file(read, &folder.path().join("f"), &transfer())
        .await;
    assert!(matches!(outcome, Err(Error::Integrity { .. })), "{outcome:?}");
    assert_eq!(names(folder.path()), Vec::<PathBuf>::new());
}

fn too_large_to_copy_at_once(last: &str) -> Vec<Answer> {
    let too_large = "<Error><Code>EntityTooLarge</Code><Message>x</Message></Error>";
    let no_tags = "<Error><Code>NoSuchTagSet</Code><Message>x</Message></Error>";
    let known = KNOWN.join("\r\n");
    let head = format!(
        "HTTP/1.1 200 OK\r\n{known}\r\nContent-Type: text/plain\r\nConnection: close\r\nContent-Length: 11\r\n\r\n"
    );
    let begun = "<InitiateMultipartUploadResult><UploadId>u1</UploadId></InitiateMultipartUploadResult>";
    let part = "<CopyPartResult><ETag>\"p\"</ETag><CRC64>5981764153023615706</CRC64>\
        <LastModified>2023-11-14T22:13:20Z</LastModified></CopyPartResult>";
    vec![
        answer(400, &[], too_large),
        Answer::Text(head),
        answer(404, &[], no_tags),
        answer(200, &[], begun),
        answer(200, &[], part),
        answer(
            200,
            &[last],
            "<CompleteMultipartUploadResult><ETag>\"t-1\"</ETag></CompleteMultipartUploadResult>",
        ),
        answer(204, &[], ""),
    ]
}

#[tokio::test]
async fn objects_too_large_for_one_request_are_copied_in_parts() {
    let server = Server::start(too_large_to_copy_at_once(KNOWN[1])).await;
    let client = ObjectClient::new(connection(&server));
    let other = ObjectKey::parse(b"other").unwrap();
    let copy = request::copy_object((&bucket(), &key()), (&bucket(), &other));
    let stored = client.copy(copy, &transfer()).await.unwrap();
    assert_eq!(stored.etag.as_str(), "t-1");
    let received = server.received();
    let methods: Vec<&str> = received.iter().map(|received| received.method.as_str()).collect();
    assert_eq!(methods, ["PUT", "HEAD", "GET", "POST", "PUT", "POST"]);
    assert_eq!(received[3].header("content-type"), Some("text/plain"));
    assert_eq!(received[4].header("x-cos-copy-source-range"), Some("bytes=0-10"));
    let tag = "\"5eb63bbbe01eeed093cb22bb8f5acdc3\"";
    assert_eq!(received[4].header("x-cos-copy-source-if-match"), Some(tag));
}

#[tokio::test]
async fn a_copy_in_parts_that_came_out_wrong_is_aborted() {
    let server = Server::start(too_large_to_copy_at_once("x-cos-hash-crc64ecma: 1")).await;
    let client = ObjectClient::new(connection(&server));
    let copy = request::copy_object((&bucket(), &key()), (&bucket(), &key()));
    let outcome = client.copy(copy, &transfer()).await;
    assert!(matches!(outcome, Err(Error::Integrity { .. })), "{outcome:?}");
    assert_eq!(server.received().last().unwrap().method, "DELETE");
}

#[tokio::test]
async fn an_upload_that_cannot_be_aborted_is_named() {
    let begun = "<InitiateMultipartUploadResult><UploadId>u1</UploadId></InitiateMultipartUploadResult>";
    let denied = || {
        answer(
            403,
            &[],
            "<Error><Code>AccessDenied</Code><Message>x</Message></Error>",
        )
    };
    let server = Server::start(vec![answer(200, &[], begun), denied(), denied()]).await;
    let client = ObjectClient::new(connection(&server));
    let put = request::put_object(&bucket(), &key());
    let source = std::io::Cursor::new(bytes(MIB));
    let error = client.upload_from(put, source, &transfer()).await.unwrap_err();
    assert_eq!(error.to_string(), "the parts of the upload `u1` are left behind");
    assert_eq!(error.why().refusal().unwrap().code, "AccessDenied");
}
