//! The client's half where the two halves do not meet: spellings on the wire, and answers of servers that err.

use daypass_api::names::BucketName;
use daypass_api::operation::{DeleteObject, ObjectOperation, Target, UnbuiltOperation};
use daypass_api::{Error, ErrorCode, Outcome};
use daypass_dialect::cos::answer::{self, AnswerParts, Failure};
use daypass_dialect::cos::request::{self, Endpoint, RequestParts};
use daypass_dialect::cos::{ErrorContext, write_error};

use crate::{NOW, bucket, header_map, key, operation, upload};

fn endpoint(path_style: bool) -> Endpoint {
    Endpoint {
        host: "localhost:9000".to_owned(),
        path_style,
    }
}

fn delete(text: &str) -> ObjectOperation {
    ObjectOperation::DeleteObject(DeleteObject {
        bucket: bucket(),
        key: key(text),
    })
}

#[test]
fn addresses() {
    let check = |operation: &ObjectOperation, path_style, host: &str, path: &str| {
        let parts = request::write(operation, &endpoint(path_style)).unwrap();
        assert_eq!((parts.host.as_str(), parts.path.as_str()), (host, path));
    };
    let virtual_host = "photos-1250000000.localhost:9000";
    check(
        &delete("a//b c+%/../你"),
        false,
        virtual_host,
        "/a//b%20c%2B%25/..%2F%E4%BD%A0",
    );
    check(
        &delete("/a?#"),
        true,
        "localhost:9000",
        "/photos-1250000000//a%3F%23",
    );
    let head = ObjectOperation::HeadBucket(bucket());
    check(&head, false, virtual_host, "/");
    check(&head, true, "localhost:9000", "/photos-1250000000/");
}

#[test]
fn a_whole_request() {
    let part = operation(
        "PUT /a?partNumber=2&uploadId=abc",
        &[
            ("content-length", "3"),
            ("content-md5", "kAFQmDzST7DWlj99KOF/cg=="),
        ],
    );
    let expected = RequestParts {
        method: "PUT",
        host: "photos-1250000000.localhost:9000".to_owned(),
        path: "/a".to_owned(),
        query: "uploadId=abc&partNumber=2".to_owned(),
        headers: vec![
            ("content-length".into(), "3".to_owned()),
            ("content-md5".into(), "kAFQmDzST7DWlj99KOF/cg==".to_owned()),
        ],
    };
    assert_eq!(request::write(&part, &endpoint(false)), Ok(expected));
}

#[test]
fn requests_that_cannot_be_written() {
    let unbuilt = ObjectOperation::Unbuilt(UnbuiltOperation::GetBucketWebsite, Target::Bucket(bucket()));
    let error = request::write(&unbuilt, &endpoint(false)).unwrap_err();
    assert_eq!(error.code, ErrorCode::NotImplemented);
    let ObjectOperation::PutObject(mut put) = operation("PUT /a", &[("content-length", "0")]) else {
        panic!("not a PutObject");
    };
    put.headers.content_type = Some("text/plain\r\nx-cos-acl: public-read".to_owned());
    let error = request::write(&ObjectOperation::PutObject(put), &endpoint(false)).unwrap_err();
    assert_eq!(error.code, ErrorCode::InvalidArgument);
}

#[test]
fn refusals_come_back() {
    let check = |is_head: bool, code: &str, message: &str, resource: &str| {
        let context = ErrorContext {
            resource: "photos-1250000000.localhost/a",
            request_id: "NWQ2",
            trace_id: "OGVm",
            now: NOW,
            is_head,
        };
        let written = write_error(&Error::new(ErrorCode::NoSuchKey), &context);
        let headers = header_map(
            written
                .headers
                .iter()
                .map(|(name, value)| (name.as_ref(), value.as_str())),
        );
        let parts = AnswerParts {
            status: written.status,
            headers: &headers,
            body: &written.body,
        };
        let Err(Failure::Refused(refusal)) = answer::read(&delete("a"), &parts) else {
            panic!("not a refusal");
        };
        assert_eq!((refusal.status, refusal.request_id.as_str()), (404, "NWQ2"));
        assert_eq!(
            (
                refusal.code.as_str(),
                refusal.message.as_str(),
                refusal.resource.as_str()
            ),
            (code, message, resource)
        );
    };
    check(
        false,
        "NoSuchKey",
        "The specified key does not exist.",
        "photos-1250000000.localhost/a",
    );
    check(true, "Not Found", "", "");
}

#[test]
fn an_error_may_come_with_a_status_of_success() {
    let complete = ObjectOperation::CompleteMultipartUpload {
        upload: upload(),
        forbid_overwrite: false,
        parts: Vec::new(),
    };
    let headers = header_map([("x-cos-request-id", "NWQ2")]);
    let parts = AnswerParts {
        status: 200,
        headers: &headers,
        body: b"<Error><Code>InternalError</Code></Error>",
    };
    let Err(Failure::Refused(refusal)) = answer::read(&complete, &parts) else {
        panic!("not a refusal");
    };
    assert_eq!(
        (refusal.code.as_str(), refusal.request_id.as_str()),
        ("InternalError", "NWQ2")
    );
}

#[test]
fn answers_that_make_no_sense() {
    let check = |line: &str, status: u16, headers: &[(&str, &str)], body: &str| {
        let headers = header_map(headers.iter().copied());
        let parts = AnswerParts {
            status,
            headers: &headers,
            body: body.as_bytes(),
        };
        let outcome = answer::read(&operation(line, &[("content-length", "0")]), &parts);
        assert!(
            matches!(outcome, Err(Failure::Unreadable(_))),
            "{line}: {outcome:?}"
        );
    };
    check("PUT /a", 200, &[], "");
    check(
        "PUT /a",
        200,
        &[("etag", "\"a\""), ("x-cos-hash-crc64ecma", "-1")],
        "",
    );
    check("HEAD /", 200, &[], "");
    check(
        "GET /",
        200,
        &[("x-cos-bucket-region", "ap-guangzhou")],
        "<Other/>",
    );
    check("GET /", 200, &[], "");
    check("GET /a", 304, &[], "");
    check("POST /a?uploads", 200, &[], "<InitiateMultipartUploadResult/>");
    for range in [
        "bytes 0-9",
        "bytes 0-9/5",
        "bytes 9-0/100",
        "bytes 0-8/100",
        "0-9/100",
    ] {
        let headers = [
            ("content-length", "10"),
            ("content-range", range),
            ("etag", "\"a\""),
            ("x-cos-hash-crc64ecma", "1"),
            ("last-modified", "Thu, 10 Dec 2020 03:37:30 GMT"),
        ];
        check("GET /a", 206, &headers, "");
    }
}

#[test]
fn an_empty_list_belongs_to_the_account_in_the_buckets_name() {
    let other = BucketName::parse("photos-7").unwrap();
    let ObjectOperation::ListObjects(mut list) = operation("GET /", &[]) else {
        panic!("not a ListObjects");
    };
    list.bucket = other;
    let headers = header_map([("x-cos-bucket-region", "ap-guangzhou")]);
    let parts = AnswerParts {
        status: 200,
        headers: &headers,
        body: b"<ListBucketResult><IsTruncated>false</IsTruncated></ListBucketResult>",
    };
    let outcome = answer::read(&ObjectOperation::ListObjects(list), &parts);
    assert!(matches!(outcome, Ok(Outcome::Objects(list)) if list.owner.0 == 7));
}

#[test]
fn user_metadata_comes_in_order_of_names() {
    let headers = header_map([
        ("x-cos-meta-b", "2"),
        ("content-length", "1"),
        ("etag", "\"a\""),
        ("x-cos-hash-crc64ecma", "1"),
        ("last-modified", "Thu, 10 Dec 2020 03:37:30 GMT"),
        ("x-cos-meta-a", "1"),
    ]);
    let parts = AnswerParts {
        status: 200,
        headers: &headers,
        body: b"",
    };
    let Ok(Outcome::Object { info, .. }) = answer::read(&operation("GET /a", &[]), &parts) else {
        panic!("not an object");
    };
    let expected = [("a", "1"), ("b", "2")].map(|(name, value)| (name.to_owned(), value.to_owned()));
    assert_eq!(info.headers.user_metadata, expected);
}
