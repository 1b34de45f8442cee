//! Requests: what each asks for, and one row for each way in which one is wrong.

use daypass_api::ErrorCode;
use daypass_api::acl::{BucketAclPreset, ObjectAclPreset};
use daypass_api::attributes::QueryValue;
use daypass_api::object::{ByteRange, ETagMatch, ObjectHeaders, StorageClass};
use daypass_api::operation::{
    BodyClaims, ListBuckets, ListMultipartUploads, ListObjects, ListParts, ObjectOperation as Op, Target,
    UnbuiltOperation,
};
use daypass_dialect::cos::{self, ErrorContext};
use daypass_dialect::site::{Service, Site};

use crate::{NOW, bucket, key, operation, read, read_at, region, upload};

const LENGTH: (&str, &str) = ("content-length", "3");

/// The request is refused with this code, which goes out with this status.
fn refused(line: &str, headers: &[(&str, &str)], code: ErrorCode, status: u16) {
    refused_at(&Site::Bucket(bucket()), line, headers, code, status);
}

fn refused_at(site: &Site, line: &str, headers: &[(&str, &str)], code: ErrorCode, status: u16) {
    let Err(error) = read_at(site, line, headers) else {
        panic!("{line:.100} {headers:?} was accepted");
    };
    assert_eq!(error.code, code, "{line:.100} {headers:?}: {error}");
    let context = ErrorContext {
        resource: "x",
        request_id: "x",
        trace_id: "x",
        now: NOW,
        is_head: false,
    };
    assert_eq!(cos::write_error(&error, &context).status, status, "{code:?}");
}

#[test]
fn lists_of_buckets() {
    let check = |service: Service, line: &str, expected: ListBuckets| {
        let read = read_at(&Site::Service(service), line, &[]).unwrap();
        assert_eq!(read.operation, Op::ListBuckets(expected), "{line}");
    };
    let list = |region: Option<&str>, marker: Option<&str>, max_keys| ListBuckets {
        region: region.map(str::to_owned),
        marker: marker.map(str::to_owned),
        max_keys,
    };
    check(Service::EveryRegion, "GET /", list(None, None, 1000));
    check(
        Service::EveryRegion,
        "GET /?marker=&max-keys=2000",
        list(None, None, 2000),
    );
    check(
        Service::EveryRegion,
        "GET /?max-keys=2001&marker=a",
        list(None, Some("a"), 2000),
    );
    check(
        Service::EveryRegion,
        "GET /?region=ap-x&tagkey=",
        list(Some("ap-x"), None, 1000),
    );
    check(
        Service::ThisRegion(region()),
        "GET /",
        list(Some("ap-guangzhou"), None, 1000),
    );
    check(
        Service::OtherRegion(region()),
        "GET /?region=ap-guangzhou",
        list(Some("ap-guangzhou"), None, 1000),
    );
    check(Service::Api, "GET /", list(None, None, 1000));
}

#[test]
fn lists_of_buckets_that_are_refused() {
    let site = Site::Service(Service::ThisRegion(region()));
    let check = |line, code, status| refused_at(&site, line, &[], code, status);
    check("POST /", ErrorCode::MethodNotAllowed, 405);
    check("OPTIONS /", ErrorCode::MethodNotAllowed, 405);
    check("GET /?tagkey=a", ErrorCode::NotImplemented, 501);
    check("GET /?tagvalue=a", ErrorCode::NotImplemented, 501);
    check("GET /?range=lt", ErrorCode::NotImplemented, 501);
    check("GET /?create-time=1", ErrorCode::NotImplemented, 501);
    check("GET /?max-keys=x", ErrorCode::InvalidArgument, 400);
    check("GET /?region=ap-beijing", ErrorCode::InvalidArgument, 400);
    check("GET /Bucket", ErrorCode::InvalidBucketName, 400);
    let other = Site::Service(Service::OtherRegion(region()));
    refused_at(
        &other,
        "GET /photos-1250000000/a",
        &[],
        ErrorCode::NoSuchBucket,
        404,
    );
    let wrong = Site::WrongRegion(bucket());
    refused_at(&wrong, "GET /a", &[], ErrorCode::NoSuchBucket, 404);
    refused_at(&Site::BadBucket, "GET /a", &[], ErrorCode::InvalidBucketName, 400);
}

#[test]
fn buckets() {
    assert_eq!(operation("HEAD /", &[]), Op::HeadBucket(bucket()));
    assert_eq!(operation("DELETE /", &[]), Op::DeleteBucket(bucket()));
    assert_eq!(operation("GET /?location", &[]), Op::GetBucketLocation(bucket()));
    for (name, preset) in [
        ("", BucketAclPreset::Private),
        ("private", BucketAclPreset::Private),
        ("public-read", BucketAclPreset::PublicRead),
        ("public-read-write", BucketAclPreset::PublicReadWrite),
        ("authenticated-read", BucketAclPreset::AuthenticatedRead),
    ] {
        let read = read("PUT /", &[("x-cos-acl", name)]).unwrap();
        assert!(
            matches!(read.operation, Op::CreateBucket(create) if create.acl == preset.into()),
            "{name}"
        );
        assert_eq!(read.document, Some(BodyClaims::default()));
    }
    let service = Site::Service(Service::EveryRegion);
    let by_path = read_at(&service, "HEAD /photos-1250000000", &[]).unwrap();
    assert_eq!(by_path.operation, Op::HeadBucket(bucket()));
}

#[test]
fn buckets_that_are_refused() {
    refused(
        "PUT /",
        &[("x-cos-acl", "default")],
        ErrorCode::InvalidArgument,
        400,
    );
    refused(
        "PUT /",
        &[("x-cos-acl", "Private")],
        ErrorCode::InvalidArgument,
        400,
    );
    refused("PUT /", &[("x-cos-tagging", "=b")], ErrorCode::InvalidTag, 400);
    refused("PUT /", &[("content-md5", "x")], ErrorCode::InvalidDigest, 400);
    refused("PUT /", &[("if-match", "x")], ErrorCode::NotImplemented, 501);
    refused("DELETE /", &[("if-match", "x")], ErrorCode::NotImplemented, 501);
    refused("DELETE /?uploadId=a", &[], ErrorCode::InvalidArgument, 400);
    refused("PATCH /", &[], ErrorCode::MethodNotAllowed, 405);
    refused("BREW /a", &[], ErrorCode::MethodNotAllowed, 405);
    refused("POST /", &[], ErrorCode::MethodNotAllowed, 405);
    refused("GET *", &[], ErrorCode::InvalidUri, 400);
}

#[test]
fn lists_of_objects() {
    let list = |line: &str| match operation(line, &[]) {
        Op::ListObjects(list) => list,
        other => panic!("{other:?}"),
    };
    let plain = ListObjects {
        bucket: bucket(),
        prefix: String::new(),
        delimiter: String::new(),
        marker: String::new(),
        max_keys: 1000,
        url_encoding: false,
    };
    assert_eq!(list("GET /"), plain);
    assert_eq!(
        list("GET /?prefix=&delimiter=&marker=&max-keys=&encoding-type="),
        plain
    );
    assert_eq!(list("GET /?max-keys=0").max_keys, 0);
    assert_eq!(list("GET /?max-keys=1000").max_keys, 1000);
    assert_eq!(list("GET /?max-keys=1001").max_keys, 1000);
    assert_eq!(list("GET /?max-keys=99999999999999999999999").max_keys, 1000);
    let full = list("GET /?Prefix=a%2Bb+c%2F&delimiter=%2F&marker=%E4%BD%A0&encoding-type=url&x=1");
    let expected = ListObjects {
        prefix: "a+b c/".to_owned(),
        delimiter: "/".to_owned(),
        marker: "你".to_owned(),
        url_encoding: true,
        ..plain
    };
    assert_eq!(full, expected);
}

#[test]
fn lists_that_are_refused() {
    for line in [
        "GET /?max-keys=x",
        "GET /?max-keys=-1",
        "GET /?max-keys=1.0",
        "GET /?max-keys=+1",
        "GET /?encoding-type=URL",
        "GET /?encoding-type=base64",
        "GET /?prefix=a&prefix=b",
        "GET /?uploads&max-uploads=x",
        "GET /?uploads&encoding-type=x",
        "GET /a?uploadId=a&max-parts=x",
        "GET /a?uploadId=a&part-number-marker=x",
        "GET /a?uploadId=a&encoding-type=x",
        "GET /a?uploadId=a&uploadId=b",
    ] {
        refused(line, &[], ErrorCode::InvalidArgument, 400);
    }
    refused("GET /?prefix=%zz", &[], ErrorCode::InvalidUri, 400);
    refused("GET /?prefix=%ff", &[], ErrorCode::InvalidUri, 400);
    refused("GET /a?uploadId=", &[], ErrorCode::NoSuchUpload, 404);
    refused("GET /a?uploadId=A-B", &[], ErrorCode::NoSuchUpload, 404);
    let many = format!("GET /?{}", "a&".repeat(257));
    refused(&many, &[], ErrorCode::InvalidArgument, 400);
}

#[test]
fn lists_of_uploads_and_parts() {
    let uploads = ListMultipartUploads {
        bucket: bucket(),
        prefix: "p".to_owned(),
        delimiter: "/".to_owned(),
        key_marker: "k".to_owned(),
        upload_id_marker: "u".to_owned(),
        max_uploads: 2,
        url_encoding: true,
    };
    let line =
        "GET /?uploads&prefix=p&delimiter=/&key-marker=k&upload-id-marker=u&max-uploads=2&encoding-type=url";
    assert_eq!(operation(line, &[]), Op::ListMultipartUploads(uploads));
    let parts = ListParts {
        upload: upload(),
        part_number_marker: 10_000,
        max_parts: 1000,
        url_encoding: false,
    };
    let line = "GET /a%20b.jpg?uploadId=15851308210123456789abcdef&max-parts=1001&part-number-marker=99999";
    assert_eq!(operation(line, &[]), Op::ListParts(parts));
}

#[test]
fn uploads_of_objects() {
    let headers = [
        ("cache-control", "no-cache"),
        ("content-disposition", "attachment; filename=\"é.jpg\""),
        ("content-encoding", "gzip"),
        ("content-language", "zh"),
        ("content-type", "image/jpeg"),
        ("expires", "0"),
        ("x-cos-storage-class", "STANDARD_IA"),
        ("x-cos-meta-B", "2"),
        ("X-Cos-Meta-a", "你"),
        ("x-cos-meta-empty", ""),
        ("x-cos-acl", "public-read"),
        ("x-cos-forbid-overwrite", "True"),
        ("content-length", "3"),
        ("content-md5", "kAFQmDzST7DWlj99KOF/cg=="),
        ("x-cos-content-sha1", "A9993e364706816aba3e25717850c26c9cd0d89d"),
        ("if-none-match", "*"),
        ("if-modified-since", "Thu, 10 Dec 2020 03:37:30 GMT"),
        ("x-cos-sdk-retry", "true"),
        ("x-cos-return-body", "ignored"),
        ("x-cos-tagging", ""),
    ];
    let Op::PutObject(put) = operation("PUT /a%2Fb", &headers) else {
        panic!("not a PutObject");
    };
    let text = |text: &str| Some(text.to_owned());
    assert_eq!(put.key, key("a/b"));
    let expected = ObjectHeaders {
        cache_control: text("no-cache"),
        content_disposition: text("attachment; filename=\"é.jpg\""),
        content_encoding: text("gzip"),
        content_language: text("zh"),
        content_type: text("image/jpeg"),
        expires: text("0"),
        storage_class: StorageClass::StandardIa,
        user_metadata: vec![
            ("a".to_owned(), "你".to_owned()),
            ("b".to_owned(), "2".to_owned()),
        ],
    };
    assert_eq!(put.headers, expected);
    assert_eq!(
        (put.acl, put.forbid_overwrite),
        (ObjectAclPreset::PublicRead.into(), true)
    );
    assert_eq!(put.preconditions.if_none_match, Some(ETagMatch::Any));
    assert_eq!(put.preconditions.if_modified_since, None);
    assert_eq!(put.body.length, Some(3));
    assert_eq!(put.body.md5.unwrap()[..2], [0x90, 0x01]);
    assert_eq!(put.body.sha1.unwrap()[..2], [0xa9, 0x99]);
}

#[test]
fn bodies_in_chunks_and_largest_bodies() {
    let length = |headers: &[(&str, &str)]| match operation("PUT /a", headers) {
        Op::PutObject(put) => put.body.length,
        other => panic!("{other:?}"),
    };
    assert_eq!(length(&[("transfer-encoding", "chunked")]), None);
    assert_eq!(length(&[("transfer-encoding", "chunked"), LENGTH]), None);
    assert_eq!(length(&[("content-length", "5368709120")]), Some(5_368_709_120));
    let too_long = [("content-length", "5368709121")];
    refused("PUT /a", &too_long, ErrorCode::EntityTooLarge, 400);
    let absurd = [("content-length", "99999999999999999999")];
    refused("PUT /a", &absurd, ErrorCode::EntityTooLarge, 400);
    refused("PUT /a", &[], ErrorCode::MissingContentLength, 411);
    refused(
        "PUT /a?uploadId=a&partNumber=1",
        &[],
        ErrorCode::MissingContentLength,
        411,
    );
}

#[test]
fn header_values_that_are_refused() {
    for (name, value, code, status) in [
        ("content-length", "-1", ErrorCode::InvalidArgument, 400),
        ("content-length", "1,1", ErrorCode::InvalidArgument, 400),
        ("content-md5", "short", ErrorCode::InvalidDigest, 400),
        (
            "content-md5",
            "kAFQmDzST7DWlj99KOF/",
            ErrorCode::InvalidDigest,
            400,
        ),
        (
            "content-md5",
            "900150983cd24fb0d6963f7d28e17f72",
            ErrorCode::InvalidDigest,
            400,
        ),
        ("x-cos-content-sha1", "xx", ErrorCode::InvalidSha1Digest, 400),
        (
            "x-cos-content-sha1",
            "a9993e364706816aba3e25717850c26c9cd0d8",
            ErrorCode::InvalidSha1Digest,
            400,
        ),
        (
            "x-cos-content-sha1",
            "g9993e364706816aba3e25717850c26c9cd0d89d",
            ErrorCode::InvalidSha1Digest,
            400,
        ),
        (
            "x-cos-storage-class",
            "standard",
            ErrorCode::StorageClassNotSupported,
            400,
        ),
        (
            "x-cos-storage-class",
            "GLACIER",
            ErrorCode::StorageClassNotSupported,
            400,
        ),
        ("x-cos-storage-class", "ARCHIVE", ErrorCode::NotImplemented, 501),
        (
            "x-cos-storage-class",
            "DEEP_ARCHIVE",
            ErrorCode::NotImplemented,
            501,
        ),
        ("x-cos-storage-class", "COLD", ErrorCode::NotImplemented, 501),
        (
            "x-cos-storage-class",
            "MAZ_ARCHIVE",
            ErrorCode::NotImplemented,
            501,
        ),
        ("x-cos-storage-class", "MAZ_COLD", ErrorCode::NotImplemented, 501),
        ("x-cos-acl", "public-read-write", ErrorCode::InvalidArgument, 400),
        ("x-cos-forbid-overwrite", "yes", ErrorCode::InvalidArgument, 400),
        ("x-cos-meta-", "a", ErrorCode::InvalidArgument, 400),
    ] {
        let mut headers = vec![(name, value)];
        headers.extend((name != "content-length").then_some(LENGTH));
        refused("PUT /a", &headers, code, status);
    }
}

#[test]
fn what_is_not_offered_is_never_ignored() {
    for name in [
        "pic-operations",
        "x-cos-callback",
        "x-cos-callback-var",
        "x-cos-server-side-encryption",
        "x-cos-server-side-encryption-cos-kms-key-id",
        "x-cos-server-side-encryption-customer-algorithm",
        "x-cos-website-redirect-location",
    ] {
        for line in [
            "PUT /a",
            "POST /a?uploads",
            "PUT /a?uploadId=a&partNumber=1",
            "POST /a?uploadId=a",
        ] {
            refused(line, &[LENGTH, (name, "x")], ErrorCode::NotImplemented, 501);
            assert!(read(line, &[LENGTH, (name, " ")]).is_ok(), "{line} {name}");
        }
        let error = read("PUT /a", &[LENGTH, (name, "x")]).unwrap_err();
        assert!(error.to_string().contains(name), "{error}");
    }
    let customer_key = ("x-cos-server-side-encryption-customer-key", "x");
    refused("GET /a", &[customer_key], ErrorCode::NotImplemented, 501);
    refused("HEAD /a", &[customer_key], ErrorCode::NotImplemented, 501);
    for line in [
        "POST /a?uploads",
        "POST /a?uploadId=a",
        "DELETE /a?uploadId=a",
        "DELETE /a",
    ] {
        refused(line, &[("if-match", "x")], ErrorCode::NotImplemented, 501);
    }
}

#[test]
fn traffic_limits() {
    let check = |limit: &str, expected: Option<u64>| {
        let by_header = read("GET /a", &[("x-cos-traffic-limit", limit)]);
        let by_parameter = read(&format!("GET /a?x-cos-traffic-limit={limit}"), &[]);
        for request in [by_header, by_parameter] {
            let found = request.map(|read| read.traffic_limit).map_err(|error| error.code);
            assert_eq!(
                found,
                expected.map(Some).ok_or(ErrorCode::InvalidArgument),
                "{limit}"
            );
        }
    };
    check("819200", Some(819_200));
    check("838860800", Some(838_860_800));
    for refused in ["819199", "838860801", "0", "-1", "fast", "819200.5", "%2B819200"] {
        check(refused, None);
    }
    let none = read("GET /a?x-cos-traffic-limit=", &[]).unwrap();
    assert_eq!(none.traffic_limit, None);
}

#[test]
fn user_metadata_is_bounded() {
    let most = "v".repeat(2044);
    let put = |value: &str| {
        read(
            "PUT /a",
            &[LENGTH, ("x-cos-meta-a", value), ("x-cos-meta-bc", "1")],
        )
    };
    assert!(put(&most).is_ok());
    let error = put(&format!("{most}v")).unwrap_err();
    assert_eq!(error.code, ErrorCode::InvalidArgument);
}

#[test]
fn headers_that_contradict_themselves() {
    for name in [
        "x-cos-acl",
        "x-cos-meta-a",
        "cache-control",
        "content-length",
        "x-cos-storage-class",
    ] {
        refused(
            "PUT /a",
            &[(name, "1"), (name, "2")],
            ErrorCode::InvalidArgument,
            400,
        );
    }
}

#[test]
fn parts() {
    let line = |number: &str| format!("PUT /a?uploadId=a&partNumber={number}");
    for number in ["1", "10000", "007"] {
        let operation = operation(&line(number), &[LENGTH]);
        assert!(
            matches!(operation, Op::UploadPart(part) if part.part_number == number.parse::<u32>().unwrap()),
            "{number}"
        );
    }
    for number in ["", "0", "10001", "-1", "+1", "x", "99999999999999999999"] {
        refused(&line(number), &[LENGTH], ErrorCode::InvalidArgument, 400);
    }
    refused("PUT /a?uploadId=a", &[LENGTH], ErrorCode::InvalidArgument, 400);
    refused("PUT /a?partNumber=1", &[LENGTH], ErrorCode::InvalidArgument, 400);
    refused(
        "PUT /a?uploadId=A&partNumber=1",
        &[LENGTH],
        ErrorCode::NoSuchUpload,
        404,
    );
    refused("HEAD /a?uploadId=a", &[], ErrorCode::MethodNotAllowed, 405);
}

#[test]
fn preflights() {
    let origin = ("origin", "http://a");
    let method = ("access-control-request-method", "PUT");
    let names = ("access-control-request-headers", "x-a, ,X-B");
    for line in ["OPTIONS /", "OPTIONS /a?acl&uploadId=x&x-cos-traffic-limit=1"] {
        let Op::Preflight(preflight) = operation(line, &[origin, method, names]) else {
            panic!("{line} is no preflight");
        };
        assert_eq!(
            (preflight.origin.as_str(), preflight.method.as_str()),
            ("http://a", "PUT")
        );
        assert_eq!(preflight.headers, ["x-a", "X-B"]);
        refused(line, &[origin], ErrorCode::InvalidArgument, 400);
        refused(line, &[method], ErrorCode::InvalidArgument, 400);
        let strange = ("access-control-request-headers", "x a");
        refused(line, &[origin, method, strange], ErrorCode::CorsForbidden, 403);
    }
}

#[test]
fn copies() {
    let from = |key: &'static str| ("x-cos-copy-source", key);
    let other = from("photos-1250000000.cos.ap-guangzhou.myqcloud.com/b");
    let itself = from("photos-1250000000.localhost/a");
    let class = ("x-cos-storage-class", "STANDARD_IA");
    let replaced = ("x-cos-metadata-directive", "Replaced");
    assert!(matches!(operation("PUT /a", &[other]), Op::CopyObject(_)));
    let part = "PUT /a?uploadId=a&partNumber=1";
    assert!(matches!(operation(part, &[other]), Op::UploadPartCopy(_)));
    assert!(matches!(operation("PUT /a", &[itself, class]), Op::CopyObject(_)));
    assert!(matches!(
        operation("PUT /a", &[itself, replaced]),
        Op::CopyObject(_)
    ));
    refused("PUT /a", &[itself], ErrorCode::InvalidRequest, 400);
    refused("PUT /a", &[other, LENGTH], ErrorCode::InvalidRequest, 400);
    refused(part, &[other, LENGTH], ErrorCode::InvalidRequest, 400);
    let tags = ("x-cos-tagging", "a=b");
    refused("PUT /a", &[other, tags], ErrorCode::InvalidRequest, 400);
    let both = ("x-cos-tagging-directive", "both");
    refused("PUT /a", &[other, both], ErrorCode::InvalidArgument, 400);
    refused("PUT /a", &[from("a/b")], ErrorCode::InvalidCopySource, 400);
    refused(
        "PUT /a",
        &[other, ("if-match", "x")],
        ErrorCode::NotImplemented,
        501,
    );
    let key = ("x-cos-copy-source-server-side-encryption-customer-key", "x");
    refused("PUT /a", &[other, key], ErrorCode::NotImplemented, 501);
}

#[test]
fn documents_have_claims() {
    let md5 = ("content-md5", "kAFQmDzST7DWlj99KOF/cg==");
    let completed = read(
        "POST /a?uploadId=a",
        &[LENGTH, md5, ("x-cos-forbid-overwrite", "true")],
    )
    .unwrap();
    let claims = completed.document.unwrap();
    assert_eq!((claims.length, claims.md5.is_some()), (Some(3), true));
    assert!(matches!(
        completed.operation,
        Op::CompleteMultipartUpload {
            forbid_overwrite: true,
            ..
        }
    ));
    assert_eq!(read("PUT /a", &[LENGTH]).unwrap().document, None);
    let list = b"<CompleteMultipartUpload><Part><PartNumber>2</PartNumber><ETag>aa</ETag></Part></CompleteMultipartUpload>";
    let completed = read("POST /a?uploadId=a", &[]).unwrap().with_document(list);
    let Op::CompleteMultipartUpload { parts, .. } = completed.unwrap().operation else {
        panic!("not a completion");
    };
    assert_eq!(parts.len(), 1);
    let error = read("PUT /", &[]).unwrap().with_document(b"<").unwrap_err();
    assert_eq!(error.code, ErrorCode::MalformedXml);
    refused(
        "POST /a?uploadId=a",
        &[("content-md5", "x")],
        ErrorCode::InvalidDigest,
        400,
    );
}

#[test]
fn downloads() {
    let headers = [("range", "bytes=0-9"), ("if-match", "\"aa\"")];
    let line = "GET /a?versionId=null&response-content-type=text%2Fhtml&response-expires=";
    let read_it = read(line, &headers).unwrap();
    assert!(read_it.needs_signature());
    let Op::GetObject(get) = read_it.operation else {
        panic!("not a GetObject");
    };
    assert_eq!(get.range, Some(ByteRange::From(0, Some(9))));
    assert!(!get.preconditions.is_empty());
    assert_eq!(get.overrides.content_type.as_deref(), Some("text/html"));
    assert_eq!(get.overrides.expires, None);
    let head = read("HEAD /a?response-expires=", &headers).unwrap();
    assert!(!head.needs_signature());
    assert!(matches!(head.operation, Op::HeadObject(head) if head.range.is_none()));
    assert!(read("HEAD /a?response-expires=0", &[]).unwrap().needs_signature());
}

#[test]
fn downloads_that_are_refused() {
    for name in [
        "cache-control",
        "content-disposition",
        "content-type",
        "expires",
        "content-language",
    ] {
        for value in ["a%0d%0ax:y", "%0A", "%00", "%7f", "%C2%85"] {
            let line = format!("GET /a?response-{name}={value}");
            refused(&line, &[], ErrorCode::InvalidArgument, 400);
        }
    }
    for method in ["GET", "HEAD", "DELETE"] {
        refused(
            &format!("{method} /a?VersionId=x"),
            &[],
            ErrorCode::NoSuchVersion,
            404,
        );
    }
    refused(
        &format!("GET /{}", "k".repeat(851)),
        &[],
        ErrorCode::KeyTooLong,
        400,
    );
    refused("GET /%19", &[], ErrorCode::InvalidObjectName, 400);
    refused("GET /%ff", &[], ErrorCode::InvalidObjectName, 400);
    refused("GET /%f", &[], ErrorCode::InvalidUri, 400);
    let many = "a,".repeat(101);
    refused("GET /a", &[("if-match", &many)], ErrorCode::InvalidArgument, 400);
}

#[test]
fn operations_that_are_not_offered() {
    let check = |line: &str, headers: &[(&str, &str)], name, target| {
        assert_eq!(operation(line, headers), Op::Unbuilt(name, target), "{line}");
    };
    let object = || Target::Object(bucket(), key("a"));
    check(
        "GET /?website",
        &[],
        UnbuiltOperation::GetBucketWebsite,
        Target::Bucket(bucket()),
    );
    // What such an operation says in headers is its own affair.
    check(
        "PUT /a?retention",
        &[("x-cos-tagging", "x")],
        UnbuiltOperation::PutObjectRetention,
        object(),
    );
}

#[test]
fn a_form_is_not_read_from_its_head() {
    let form = ("content-type", "multipart/form-data; boundary=x");
    let found = read("POST /", &[form]).map_err(|error| error.code);
    assert_eq!(found, Err(ErrorCode::MalformedPostRequest));
}

#[test]
fn attributes_are_there_when_they_were_sent() {
    let headers = [
        ("host", "photos-1250000000.localhost:9000"),
        ("content-type", ""),
        ("x-cos-storage-class", "STANDARD"),
        LENGTH,
    ];
    let line = "PUT /a?prefix=a%2Bb+c&VersionId=&response-content-type=x";
    let attributes = read(line, &headers).unwrap().attributes;
    let value = |raw: &str, decoded: &str| {
        Some(QueryValue {
            raw: raw.to_owned(),
            decoded: decoded.to_owned(),
        })
    };
    assert_eq!(attributes.prefix, value("a%2Bb+c", "a+b c"));
    assert_eq!(attributes.version_id, value("", ""));
    assert_eq!(attributes.response_content_type, value("x", "x"));
    assert_eq!(
        attributes.host.as_deref(),
        Some("photos-1250000000.localhost:9000")
    );
    assert_eq!(attributes.content_type.as_deref(), Some(""));
    assert_eq!(attributes.content_length.as_deref(), Some("3"));
    assert_eq!(attributes.storage_class.as_deref(), Some("STANDARD"));
    assert_eq!((attributes.acl, attributes.forbid_overwrite), (None, None));
}

#[test]
fn policies_see_the_tags_of_new_buckets_and_of_no_objects() {
    let tags = |read: cos::Read| read.attributes.request_tags;
    let header = ("x-cos-tagging", "a=b");
    let pair = vec![("a".to_owned(), "b".to_owned())];
    assert_eq!(tags(read("PUT /", &[header]).unwrap()), pair);
    assert_eq!(tags(read("PUT /k", &[header, LENGTH]).unwrap()), []);
    let document = b"<Tagging><TagSet><Tag><Key>a</Key><Value>b</Value></Tag></TagSet></Tagging>";
    let put = |line| read(line, &[]).unwrap().with_document(document).unwrap();
    assert_eq!(tags(put("PUT /?tagging")), pair);
    assert_eq!(tags(put("PUT /k?tagging")), []);
}
