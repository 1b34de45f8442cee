//! The calls of the object store, as the recorded ones are made.

use bytes::Bytes;
use daypass_api::Timestamp;
use daypass_api::acl::{Acl, BucketAclPreset, Grant, Grantee, ObjectAclPreset, ObjectAclRequest, Permission};
use daypass_api::cors::{CorsMethod, CorsRule, CorsRules};
use daypass_api::names::{BucketName, ObjectKey, Uin, UploadId};
use daypass_api::object::{ByteRange, ETag, ETagMatch, ObjectHeaders, Preconditions, Span, StorageClass};
use daypass_api::operation::{BodyClaims, ListObjects, ReadObject, UploadRef};
use daypass_api::outcome::AclReport;
use daypass_client::{ObjectClient, Payload, UploadedPart, request};

use crate::{Call, DOCUMENT, call};

const SINCE: Timestamp = Timestamp::from_unix_seconds(1_700_000_000);

pub(crate) fn bucket() -> BucketName {
    BucketName::parse("photos-1250000000").unwrap()
}

pub(crate) fn key() -> ObjectKey {
    ObjectKey::parse("目录/a b+c(1)~.txt".as_bytes()).unwrap()
}

pub(crate) fn calls(client: &ObjectClient) -> Vec<Call<'_>> {
    let mut calls = buckets(client);
    calls.extend(attributes(client));
    calls.extend(uploads(client));
    calls.extend(reads(client));
    calls.extend(multipart(client));
    calls
}

fn buckets(client: &ObjectClient) -> Vec<Call<'_>> {
    vec![
        call("list_buckets", client.list_buckets()),
        call("create_bucket", async { client.create_bucket(&bucket()).await }),
        call("head_bucket", async { client.head_bucket(&bucket()).await }),
        call("delete_bucket", async { client.delete_bucket(&bucket()).await }),
        call("bucket_policy", async { client.bucket_policy(&bucket()).await }),
        call("put_bucket_policy", async {
            client.put_bucket_policy(&bucket(), DOCUMENT.to_owned()).await
        }),
        call("delete_bucket_policy", async {
            client.delete_bucket_policy(&bucket()).await
        }),
        call("list_objects", async {
            let list = ListObjects {
                delimiter: "/".to_owned(),
                marker: "目录/a b".to_owned(),
                ..request::list_objects(&bucket(), "目录/")
            };
            client.list_objects(&list).await
        }),
        call("list_objects:plain", async {
            client.list_objects(&request::list_objects(&bucket(), "")).await
        }),
    ]
}

fn grants() -> Vec<Grant> {
    vec![Grant {
        grantee: Grantee::User {
            owner_uin: Uin(100_000_000_002),
            uin: Uin(100_000_000_002),
        },
        permission: Permission::Read,
    }]
}

fn report() -> AclReport {
    AclReport {
        owner_uin: Uin(100_000_000_001),
        acl: Acl { grants: grants() },
        inherited: false,
    }
}

fn tags() -> Vec<(String, String)> {
    vec![("team".to_owned(), "red & blue".to_owned())]
}

fn cors() -> CorsRules {
    CorsRules {
        rules: vec![CorsRule {
            id: None,
            origins: vec!["https://app.example".to_owned()],
            methods: vec![CorsMethod::Put, CorsMethod::Get],
            headers: vec!["*".to_owned()],
            exposed: vec!["ETag".to_owned()],
            max_age: Some(600),
        }],
        vary: None,
    }
}

fn attributes(client: &ObjectClient) -> Vec<Call<'_>> {
    vec![
        call("bucket_acl", async { client.bucket_acl(&bucket()).await }),
        call("set_bucket_acl:preset", async {
            client
                .set_bucket_acl(&bucket(), BucketAclPreset::PublicRead.into())
                .await
        }),
        call("set_bucket_acl_list", async {
            client.set_bucket_acl_list(&bucket(), &report()).await
        }),
        call("object_acl", async { client.object_acl(&bucket(), &key()).await }),
        call("set_object_acl:preset", async {
            client
                .set_object_acl(&bucket(), &key(), ObjectAclPreset::Private.into())
                .await
        }),
        call("set_object_acl:grants", async {
            let grants = ObjectAclRequest::Grants(grants());
            client.set_object_acl(&bucket(), &key(), grants).await
        }),
        call("set_object_acl_list", async {
            client.set_object_acl_list(&bucket(), &key(), &report()).await
        }),
        call("bucket_tags", async { client.bucket_tags(&bucket()).await }),
        call("set_bucket_tags", async {
            client.set_bucket_tags(&bucket(), tags()).await
        }),
        call("object_tags", async {
            client.object_tags(&bucket(), &key()).await
        }),
        call("set_object_tags", async {
            client.set_object_tags(&bucket(), &key(), tags()).await
        }),
        call("bucket_cors", async { client.bucket_cors(&bucket()).await }),
        call("delete_bucket_cors", async {
            client.delete_bucket_cors(&bucket()).await
        }),
        call("set_bucket_cors", async {
            client.set_bucket_cors(&bucket(), cors()).await
        }),
    ]
}

fn plain_text() -> ObjectHeaders {
    ObjectHeaders {
        content_type: Some("text/plain".to_owned()),
        ..ObjectHeaders::default()
    }
}

fn all_headers() -> ObjectHeaders {
    ObjectHeaders {
        cache_control: Some("no-cache".to_owned()),
        content_disposition: Some("attachment; filename=\"a b.txt\"".to_owned()),
        content_encoding: Some("identity".to_owned()),
        content_language: Some("de".to_owned()),
        expires: Some(SINCE.http_date()),
        storage_class: StorageClass::StandardIa,
        user_metadata: vec![("colour".to_owned(), "dark red".to_owned())],
        ..plain_text()
    }
}

fn bytes(text: &'static str) -> Payload {
    Bytes::from_static(text.as_bytes()).into()
}

fn uploads(client: &ObjectClient) -> Vec<Call<'_>> {
    let put = |key: &ObjectKey| {
        let mut put = request::put_object(&bucket(), key);
        put.headers = plain_text();
        put
    };
    vec![
        call("put_object", client.put_object(put(&key()), bytes("hello world"))),
        call(
            "put_object:empty",
            client.put_object(put(&key()), Payload::empty()),
        ),
        call(
            "put_object:dots",
            client.put_object(put(&ObjectKey::parse(b"a./b/../c.txt").unwrap()), bytes("a")),
        ),
        call("put_object:headers", async move {
            let mut put = put(&key());
            put.headers = all_headers();
            put.acl = ObjectAclPreset::PublicRead.into();
            put.tags = tags();
            put.body = BodyClaims {
                md5: Some(0x5eb6_3bbb_e01e_eed0_93cb_22bb_8f5a_cdc3_u128.to_be_bytes()),
                ..BodyClaims::default()
            };
            client.put_object(put, bytes("hello world")).await
        }),
        call("put_object:grants", async move {
            let mut put = put(&key());
            let mut grants = grants();
            grants[0].permission = Permission::FullControl;
            put.acl = ObjectAclRequest::Grants(grants);
            client.put_object(put, bytes("a")).await
        }),
        call("delete_object", async {
            client.delete_object(&bucket(), &key()).await
        }),
        call("delete_objects", async {
            let other = ObjectKey::parse(b"a&b<c>").unwrap();
            client.delete_objects(&bucket(), vec![key(), other]).await
        }),
        call("copy_object", async {
            client
                .copy_object(request::copy_object((&bucket(), &key()), (&bucket(), &key())))
                .await
        }),
        call("copy_object:replaced", async {
            let mut copy = request::copy_object((&bucket(), &key()), (&bucket(), &key()));
            copy.replaces_headers = true;
            copy.put.headers = plain_text();
            client.copy_object(copy).await
        }),
    ]
}

fn reads(client: &ObjectClient) -> Vec<Call<'_>> {
    let read = || request::read_object(&bucket(), &key());
    let etag = ETag::from_text("5eb63bbbe01eeed093cb22bb8f5acdc3");
    vec![
        call("get_object", client.get_object(read())),
        call(
            "get_object:range",
            client.get_object(ReadObject {
                range: Some(ByteRange::From(5, Some(9))),
                preconditions: Preconditions {
                    if_match: Some(ETagMatch::OneOf(vec![etag])),
                    ..Preconditions::default()
                },
                ..read()
            }),
        ),
        call(
            "get_object:since",
            client.get_object(ReadObject {
                range: Some(ByteRange::Suffix(5)),
                preconditions: Preconditions {
                    if_modified_since: Some(SINCE),
                    ..Preconditions::default()
                },
                ..read()
            }),
        ),
        call("get_object:overrides", async move {
            let mut read = read();
            read.overrides.content_type = Some("text/html; charset=utf-8".to_owned());
            read.overrides.content_disposition = Some("inline".to_owned());
            read.overrides.cache_control = Some("no-store".to_owned());
            client.get_object(read).await
        }),
        call("head_object", client.head_object(read())),
    ]
}

fn multipart(client: &ObjectClient) -> Vec<Call<'_>> {
    let upload = || UploadRef {
        bucket: bucket(),
        key: key(),
        upload_id: UploadId::parse("1700000000abcdef").unwrap(),
    };
    vec![
        call("initiate_multipart_upload", async {
            let mut start = request::initiate_multipart_upload(&bucket(), &key());
            start.headers = plain_text();
            client.initiate_multipart_upload(start).await
        }),
        call("upload_part", async move {
            client.upload_part(&upload(), 7, bytes("hello world")).await
        }),
        call("upload_part_copy", async move {
            let source = request::copy_object((&bucket(), &key()), (&bucket(), &key())).source;
            let span = Span {
                start: 0,
                length: 1 << 20,
            };
            client.upload_part_copy(&upload(), 7, source, span).await
        }),
        call("complete_multipart_upload", async move {
            let part = UploadedPart {
                part_number: 7,
                etag: ETag::from_text("5eb63bbbe01eeed093cb22bb8f5acdc3"),
                crc64: 0,
                length: 11,
            };
            client.complete_multipart_upload(&upload(), &[part], false).await
        }),
        call("abort_multipart_upload", async move {
            client.abort_multipart_upload(&upload()).await
        }),
        call("list_parts", async move {
            client.list_parts(request::list_parts(&upload())).await
        }),
        call("list_multipart_uploads", async {
            let mut list = request::list_multipart_uploads(&bucket());
            list.prefix = "目录/".to_owned();
            client.list_multipart_uploads(list).await
        }),
    ]
}
