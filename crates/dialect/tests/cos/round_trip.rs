//! Laws: the server reads every request that the client writes as the same operation, the client reads every
//! answer that the server writes as the same outcome, and nothing that may arrive makes either panic.

use daypass_api::acl::{
    Acl, AclRequest, BucketAclPreset, BucketAclRequest, Grant, Grantee, ObjectAclPreset, ObjectAclRequest,
    Permission,
};
use daypass_api::attributes::QueryValue;
use daypass_api::cors::{CorsMethod, CorsRule, CorsRules};
use daypass_api::names::{AppId, BucketName, ObjectKey, Uin, UploadId};
use daypass_api::object::{
    ByteRange, ETag, ETagMatch, ObjectHeaders, ObjectInfo, Preconditions, Span, StorageClass,
};
use daypass_api::operation::{
    BodyClaims, CopyObject, CopySource, CreateBucket, DeleteEntry, DeleteObject, DeleteObjects,
    InitiateMultipartUpload, ListBuckets, ListMultipartUploads, ListObjects, ListParts,
    ObjectOperation as Op, PartEntry, PutObject, ReadObject, ResponseOverrides, UploadPart, UploadPartCopy,
    UploadRef,
};
use daypass_api::outcome::{
    AclReport, BucketList, BucketSummary, Copied, DeleteReport, DeletedEntry, ObjectList, ObjectSummary,
    Ownership, PartList, PartSummary, UploadList, UploadSummary,
};
use daypass_api::tags::Tags;
use daypass_api::{Error, ErrorCode, Outcome, Timestamp};
use daypass_dialect::cos::answer::{self, AnswerParts};
use daypass_dialect::cos::request::{self, Endpoint};
use daypass_dialect::cos::{self, RequestHead};
use daypass_dialect::site::{self, SiteConfig};
use http::{HeaderMap, HeaderName, HeaderValue};
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use proptest::sample::select;

use crate::{CONTEXT, header_map, region};

fn config() -> SiteConfig {
    SiteConfig::new(region(), &[], &[])
}

/// Any text, and texts of what is special in paths, queries and documents.
fn text() -> impl Strategy<Value = String> {
    prop_oneof![any::<String>(), "[a/.+ %?#&;=<>\"'\\r\\n\\t\\x01\\x7f你-]{0,20}"]
}

fn object_key() -> impl Strategy<Value = ObjectKey> {
    text().prop_filter_map("not a key", |text| ObjectKey::parse(text.as_bytes()).ok())
}

/// What a header can carry.
fn header_value() -> impl Strategy<Value = String> {
    "[!-~é你]([ -~é你]{0,12}[!-~é你])?"
}

fn bucket_name() -> impl Strategy<Value = BucketName> {
    "[a-z][a-z0-9]{0,20}-[1-9][0-9]{0,9}".prop_map(|name| BucketName::parse(&name).unwrap())
}

fn upload_id() -> impl Strategy<Value = UploadId> {
    "[a-z0-9]{1,128}".prop_map(|id| UploadId::parse(&id).unwrap())
}

fn etag() -> impl Strategy<Value = ETag> {
    "[0-9a-f]{32}(-[1-9][0-9]{0,3})?".prop_map(|tag| ETag::from_text(&tag))
}

/// Moments that a calendar of four digits has, in milliseconds.
fn moment() -> impl Strategy<Value = Timestamp> {
    (0_i64..4_000_000_000_000).prop_map(Timestamp::from_unix_millis)
}

fn whole_second() -> impl Strategy<Value = Timestamp> {
    (0_i64..4_000_000_000).prop_map(Timestamp::from_unix_seconds)
}

fn storage_class() -> impl Strategy<Value = StorageClass> {
    select(StorageClass::NAMES.map(|(class, _)| class).to_vec())
}

fn object_headers() -> impl Strategy<Value = ObjectHeaders> {
    let value = || option::of(header_value());
    let metadata = proptest::collection::btree_map("[a-z0-9_-]{1,10}", header_value(), 0..4);
    let plain = (value(), value(), value(), value(), header_value(), value());
    (plain, storage_class(), metadata).prop_map(|(plain, storage_class, metadata)| ObjectHeaders {
        cache_control: plain.0,
        content_disposition: plain.1,
        content_encoding: plain.2,
        content_language: plain.3,
        // An answer always names a type.
        content_type: Some(plain.4),
        expires: plain.5,
        storage_class,
        user_metadata: metadata.into_iter().collect(),
    })
}

fn object_preset() -> impl Strategy<Value = ObjectAclPreset> {
    use ObjectAclPreset as Preset;
    select(vec![
        Preset::Default,
        Preset::Private,
        Preset::PublicRead,
        Preset::AuthenticatedRead,
        Preset::BucketOwnerRead,
        Preset::BucketOwnerFullControl,
    ])
}

fn user() -> impl Strategy<Value = Grantee> {
    any::<(u64, u64)>().prop_map(|(owner, uin)| Grantee::User {
        owner_uin: Uin(owner),
        uin: Uin(uin),
    })
}

fn grantee() -> impl Strategy<Value = Grantee> {
    prop_oneof![user(), Just(Grantee::AllUsers), Just(Grantee::AuthenticatedUsers),]
}

/// Grants in the order in which headers give them.
fn grants(permissions: Vec<Permission>) -> impl Strategy<Value = Vec<Grant>> {
    vec(vec(user(), 0..3), permissions.len()).prop_map(move |lists| {
        let named = permissions.iter().zip(lists);
        let of = |(permission, grantees): (&Permission, Vec<Grantee>)| {
            let permission = *permission;
            grantees
                .into_iter()
                .map(move |grantee| Grant { grantee, permission })
        };
        named.flat_map(of).collect()
    })
}

fn on_buckets() -> Vec<Permission> {
    use Permission::{FullControl, Read, ReadAcp, Write, WriteAcp};
    vec![Read, Write, ReadAcp, WriteAcp, FullControl]
}

fn on_objects() -> Vec<Permission> {
    let mut all = on_buckets();
    all.retain(|permission| *permission != Permission::Write);
    all
}

fn in_headers<P>(grants: Vec<Grant>) -> AclRequest<P>
where
    AclRequest<P>: Default,
{
    match grants.is_empty() {
        true => AclRequest::default(),
        false => AclRequest::Grants(grants),
    }
}

fn object_acl() -> impl Strategy<Value = ObjectAclRequest> {
    prop_oneof![
        object_preset().prop_map(AclRequest::Preset),
        grants(on_objects()).prop_map(in_headers),
    ]
}

fn bucket_acl() -> impl Strategy<Value = BucketAclRequest> {
    prop_oneof![
        bucket_preset().prop_map(AclRequest::Preset),
        grants(on_buckets()).prop_map(in_headers),
    ]
}

fn list_of(permissions: Vec<Permission>) -> impl Strategy<Value = Acl> {
    let grant = (grantee(), select(permissions));
    let grant = grant.prop_map(|(grantee, permission)| Grant { grantee, permission });
    vec(grant, 0..5).prop_map(|grants| Acl { grants })
}

fn lists_to_put() -> impl Strategy<Value = Op> {
    let of_bucket = prop_oneof![bucket_acl(), list_of(on_buckets()).prop_map(AclRequest::List)];
    let of_object = prop_oneof![object_acl(), list_of(on_objects()).prop_map(AclRequest::List)];
    prop_oneof![
        bucket_name().prop_map(Op::GetBucketAcl),
        (bucket_name(), object_key()).prop_map(|(bucket, key)| Op::GetObjectAcl { bucket, key }),
        (bucket_name(), of_bucket).prop_map(|(bucket, acl)| Op::PutBucketAcl { bucket, acl }),
        (bucket_name(), object_key(), of_object).prop_map(|(bucket, key, acl)| Op::PutObjectAcl {
            bucket,
            key,
            acl
        }),
    ]
}

fn lists_shown() -> impl Strategy<Value = (Op, Outcome)> {
    let report = (any::<u64>(), list_of(on_buckets()), any::<bool>());
    (bucket_name(), object_key(), report).prop_map(|(bucket, key, (owner, acl, inherited))| {
        let report = AclReport {
            owner_uin: Uin(owner),
            acl,
            inherited,
        };
        (Op::GetObjectAcl { bucket, key }, Outcome::Acl(report))
    })
}

fn cors_rules() -> impl Strategy<Value = CorsRules> {
    let methods = vec(select(CorsMethod::NAMES.map(|(method, _)| method).to_vec()), 1..3);
    let origins = vec("https?://[a-z.]{1,9}|\\*|http://\\*[a-z]{1,9}", 1..3);
    let headers = (vec("[A-Za-z-]{1,9}\\*?", 0..3), vec("[A-Za-z-]{1,9}", 0..3));
    let rest = (option::of("[ -~你]{1,9}"), option::of(any::<u32>()));
    let rule =
        (methods, origins, headers, rest).prop_map(|(methods, origins, (headers, exposed), rest)| CorsRule {
            id: rest.0,
            origins,
            methods,
            headers,
            exposed,
            max_age: rest.1,
        });
    (vec(rule, 1..4), any::<Option<bool>>()).prop_map(|(rules, vary)| CorsRules { rules, vary })
}

fn tags() -> impl Strategy<Value = Tags> {
    proptest::collection::btree_map("\\PC{1,9}", "\\PC{0,9}", 0..4)
        .prop_map(|tags| tags.into_iter().collect())
}

fn bucket_preset() -> impl Strategy<Value = BucketAclPreset> {
    use BucketAclPreset as Preset;
    select(vec![
        Preset::Private,
        Preset::PublicRead,
        Preset::PublicReadWrite,
        Preset::AuthenticatedRead,
    ])
}

fn etag_match() -> impl Strategy<Value = ETagMatch> {
    prop_oneof![Just(ETagMatch::Any), vec(etag(), 1..4).prop_map(ETagMatch::OneOf)]
}

fn preconditions() -> impl Strategy<Value = Preconditions> {
    let tags = || option::of(etag_match());
    let date = || option::of(whole_second());
    (tags(), tags(), date(), date()).prop_map(|parts| Preconditions {
        if_match: parts.0,
        if_none_match: parts.1,
        if_modified_since: parts.2,
        if_unmodified_since: parts.3,
    })
}

fn body_claims() -> impl Strategy<Value = BodyClaims> {
    let length = option::of(0..=5_368_709_120_u64);
    (length, any::<Option<[u8; 16]>>(), any::<Option<[u8; 20]>>())
        .prop_map(|(length, md5, sha1)| BodyClaims { length, md5, sha1 })
}

fn overrides() -> impl Strategy<Value = ResponseOverrides> {
    let value = || option::of("[ -~é你]{1,12}");
    (value(), value(), value(), value(), value(), value()).prop_map(|values| ResponseOverrides {
        cache_control: values.0,
        content_disposition: values.1,
        content_encoding: values.2,
        content_language: values.3,
        content_type: values.4,
        expires: values.5,
    })
}

fn range() -> impl Strategy<Value = ByteRange> {
    prop_oneof![
        any::<(u64, u64)>().prop_map(|(a, b)| ByteRange::From(a.min(b), Some(a.max(b)))),
        any::<u64>().prop_map(|first| ByteRange::From(first, None)),
        any::<u64>().prop_map(ByteRange::Suffix),
    ]
}

fn upload_ref() -> impl Strategy<Value = UploadRef> {
    (bucket_name(), object_key(), upload_id()).prop_map(|(bucket, key, upload_id)| UploadRef {
        bucket,
        key,
        upload_id,
    })
}

fn list_objects() -> impl Strategy<Value = ListObjects> {
    (bucket_name(), text(), text(), text(), 0..=1000_u32, any::<bool>()).prop_map(|parts| ListObjects {
        bucket: parts.0,
        prefix: parts.1,
        delimiter: parts.2,
        marker: parts.3,
        max_keys: parts.4,
        url_encoding: parts.5,
    })
}

fn list_uploads() -> impl Strategy<Value = ListMultipartUploads> {
    (list_objects(), text()).prop_map(|(list, upload_id_marker)| ListMultipartUploads {
        bucket: list.bucket,
        prefix: list.prefix,
        delimiter: list.delimiter,
        key_marker: list.marker,
        upload_id_marker,
        max_uploads: list.max_keys,
        url_encoding: list.url_encoding,
    })
}

fn list_parts() -> impl Strategy<Value = ListParts> {
    (upload_ref(), 0..=10_000_u32, 0..=1000_u32, any::<bool>()).prop_map(|parts| ListParts {
        upload: parts.0,
        part_number_marker: parts.1,
        max_parts: parts.2,
        url_encoding: parts.3,
    })
}

fn put_object() -> impl Strategy<Value = PutObject> {
    let rest = (object_acl(), any::<bool>(), preconditions(), body_claims());
    (bucket_name(), object_key(), object_headers(), rest).prop_map(|(bucket, key, headers, rest)| PutObject {
        bucket,
        key,
        headers,
        acl: rest.0,
        tags: Vec::new(),
        forbid_overwrite: rest.1,
        preconditions: Preconditions {
            if_modified_since: None,
            ..rest.2
        },
        body: rest.3,
    })
}

fn initiate() -> impl Strategy<Value = InitiateMultipartUpload> {
    put_object().prop_map(|put| InitiateMultipartUpload {
        bucket: put.bucket,
        key: put.key,
        headers: put.headers,
        tags: put.tags,
        acl: put.acl,
        forbid_overwrite: put.forbid_overwrite,
    })
}

fn read_object() -> impl Strategy<Value = ReadObject> {
    (
        bucket_name(),
        object_key(),
        option::of(range()),
        preconditions(),
        overrides(),
    )
        .prop_map(|parts| ReadObject {
            bucket: parts.0,
            key: parts.1,
            range: parts.2,
            preconditions: parts.3,
            overrides: parts.4,
        })
}

fn list_buckets() -> impl Strategy<Value = ListBuckets> {
    let given = || option::of(text().prop_filter("empty is absent", |text| !text.is_empty()));
    (given(), given(), 0..=2000_u32).prop_map(|(region, marker, max_keys)| ListBuckets {
        region,
        marker,
        max_keys,
    })
}

fn operation() -> impl Strategy<Value = Op> {
    prop_oneof![
        list_buckets().prop_map(Op::ListBuckets),
        (bucket_name(), bucket_acl(), tags())
            .prop_map(|(bucket, acl, tags)| Op::CreateBucket(CreateBucket { bucket, acl, tags })),
        bucket_name().prop_map(Op::GetBucketTagging),
        bucket_name().prop_map(Op::DeleteBucketTagging),
        (bucket_name(), tags()).prop_map(|(bucket, tags)| Op::PutBucketTagging { bucket, tags }),
        (bucket_name(), object_key()).prop_map(|(bucket, key)| Op::GetObjectTagging { bucket, key }),
        (bucket_name(), object_key()).prop_map(|(bucket, key)| Op::DeleteObjectTagging { bucket, key }),
        (bucket_name(), object_key(), tags()).prop_map(|(bucket, key, tags)| Op::PutObjectTagging {
            bucket,
            key,
            tags
        }),
        bucket_name().prop_map(Op::HeadBucket),
        bucket_name().prop_map(Op::DeleteBucket),
        bucket_name().prop_map(Op::GetBucketLocation),
        list_objects().prop_map(Op::ListObjects),
        list_uploads().prop_map(Op::ListMultipartUploads),
        put_object().prop_map(Op::PutObject),
        read_object().prop_map(Op::GetObject),
        read_object().prop_map(|read| Op::HeadObject(ReadObject { range: None, ..read })),
        (bucket_name(), object_key())
            .prop_map(|(bucket, key)| Op::DeleteObject(DeleteObject { bucket, key })),
        delete_objects().prop_map(Op::DeleteObjects),
        copy_object().prop_map(Op::CopyObject),
        lists_to_put(),
        bucket_name().prop_map(Op::GetBucketPolicy),
        bucket_name().prop_map(Op::DeleteBucketPolicy),
        (bucket_name(), "\\PC{0,30}").prop_map(|(bucket, policy)| Op::PutBucketPolicy { bucket, policy }),
        bucket_name().prop_map(Op::GetBucketCors),
        bucket_name().prop_map(Op::DeleteBucketCors),
        (bucket_name(), cors_rules()).prop_map(|(bucket, rules)| Op::PutBucketCors { bucket, rules }),
        part_copy().prop_map(Op::UploadPartCopy),
        initiate().prop_map(Op::InitiateMultipartUpload),
        (upload_ref(), 1..=10_000_u32, body_claims()).prop_map(|(upload, part_number, body)| {
            Op::UploadPart(UploadPart {
                upload,
                part_number,
                body,
            })
        }),
        (upload_ref(), any::<bool>(), part_entries()).prop_map(|(upload, forbid_overwrite, parts)| {
            Op::CompleteMultipartUpload {
                upload,
                forbid_overwrite,
                parts,
            }
        }),
        upload_ref().prop_map(Op::AbortMultipartUpload),
        list_parts().prop_map(Op::ListParts),
    ]
}

fn copy_source() -> impl Strategy<Value = CopySource> {
    let version = option::of("[a-z0-9]{1,9}");
    (bucket_name(), object_key(), version, preconditions()).prop_map(|parts| CopySource {
        bucket: parts.0,
        key: parts.1,
        version_id: parts.2.map(|version| QueryValue {
            raw: version.clone(),
            decoded: version,
        }),
        preconditions: parts.3,
    })
}

fn copy_object() -> impl Strategy<Value = CopyObject> {
    (copy_source(), put_object(), any::<bool>())
        .prop_map(|(source, put, replaces_headers)| CopyObject {
            source,
            put: PutObject {
                preconditions: Preconditions::default(),
                body: BodyClaims::default(),
                ..put
            },
            replaces_headers,
            replaces_tags: true,
        })
        .prop_filter("onto itself", |copy| copy.source.key != copy.put.key)
}

fn part_copy() -> impl Strategy<Value = UploadPartCopy> {
    let span = option::of((0..1_u64 << 40, 1..1_u64 << 40));
    (copy_source(), span, upload_ref(), 1..=10_000_u32).prop_map(|(source, span, upload, part_number)| {
        UploadPartCopy {
            source,
            span: span.map(|(start, length)| Span { start, length }),
            upload,
            part_number,
        }
    })
}

fn copies() -> impl Strategy<Value = (Op, Outcome)> {
    let copied = (etag(), any::<u64>(), whole_second()).prop_map(|(etag, crc64, last_modified)| Copied {
        etag,
        crc64,
        last_modified,
    });
    (copied, copy_object(), part_copy(), any::<bool>()).prop_map(|(copied, copy, part, whole)| match whole {
        true => (Op::CopyObject(copy), Outcome::ObjectCopied(copied)),
        false => (Op::UploadPartCopy(part), Outcome::PartCopied(copied)),
    })
}

fn delete_entry() -> impl Strategy<Value = DeleteEntry> {
    (object_key(), option::of("[a-z0-9]{1,9}")).prop_map(|(key, version_id)| DeleteEntry { key, version_id })
}

fn delete_objects() -> impl Strategy<Value = DeleteObjects> {
    (bucket_name(), any::<bool>(), vec(delete_entry(), 1..4)).prop_map(|(bucket, quiet, entries)| {
        DeleteObjects {
            bucket,
            quiet,
            entries,
        }
    })
}

fn deletions() -> impl Strategy<Value = (Op, Outcome)> {
    let code = select(vec![
        ErrorCode::AccessDenied,
        ErrorCode::NoSuchVersion,
        ErrorCode::InternalError,
        ErrorCode::SlowDown,
    ]);
    let entry = (delete_entry(), option::of((code, option::of("[a-z]{1,9}"))));
    (delete_objects(), vec(entry, 0..4)).prop_map(|(delete, entries)| {
        let quiet = delete.quiet;
        let entries = entries.into_iter().map(|(entry, error)| {
            let error = error.map(|(code, message)| Error {
                code,
                message: message.map(Into::into),
                object_length: None,
            });
            DeletedEntry { entry, error }
        });
        let entries = entries.filter(|entry| !quiet || entry.error.is_some()).collect();
        (
            Op::DeleteObjects(delete),
            Outcome::ObjectsDeleted(DeleteReport { quiet, entries }),
        )
    })
}

/// Parts in ascending order, at least one.
fn part_entries() -> impl Strategy<Value = Vec<PartEntry>> {
    proptest::collection::btree_map(1..=10_000_u32, etag(), 1..4).prop_map(|parts| {
        let entry = |(part_number, etag)| PartEntry { part_number, etag };
        parts.into_iter().map(entry).collect()
    })
}

fn ownership() -> impl Strategy<Value = Ownership> {
    any::<(u64, u64)>().prop_map(|(owner, initiator)| Ownership {
        owner_uin: Uin(owner),
        initiator_uin: Uin(initiator),
    })
}

fn bucket_summary() -> impl Strategy<Value = BucketSummary> {
    (bucket_name(), whole_second()).prop_map(|(name, created)| BucketSummary {
        name,
        region: region(),
        created,
    })
}

fn object_summary() -> impl Strategy<Value = ObjectSummary> {
    (object_key(), moment(), etag(), any::<u64>(), storage_class()).prop_map(|parts| ObjectSummary {
        key: parts.0,
        last_modified: parts.1,
        etag: parts.2,
        length: parts.3,
        storage_class: parts.4,
    })
}

fn upload_summary() -> impl Strategy<Value = UploadSummary> {
    (object_key(), upload_id(), storage_class(), ownership(), moment()).prop_map(|parts| UploadSummary {
        key: parts.0,
        upload_id: parts.1,
        storage_class: parts.2,
        ownership: parts.3,
        initiated: parts.4,
    })
}

fn part_summary() -> impl Strategy<Value = PartSummary> {
    (any::<u32>(), moment(), etag(), any::<u64>()).prop_map(|parts| PartSummary {
        part_number: parts.0,
        last_modified: parts.1,
        etag: parts.2,
        length: parts.3,
    })
}

/// An operation and what it may answer.
fn exchange() -> impl Strategy<Value = (Op, Outcome)> {
    prop_oneof![
        buckets(),
        deletions(),
        copies(),
        lists_shown(),
        (bucket_name(), tags())
            .prop_map(|(bucket, tags)| (Op::GetBucketTagging(bucket), Outcome::Tags(tags))),
        (bucket_name(), cors_rules())
            .prop_map(|(bucket, rules)| (Op::GetBucketCors(bucket), Outcome::Cors(rules))),
        (bucket_name(), "\\PC{0,30}")
            .prop_map(|(bucket, policy)| (Op::GetBucketPolicy(bucket), Outcome::BucketPolicy(policy))),
        (bucket_name(), "\\PC{0,30}").prop_map(|(bucket, policy)| {
            (
                Op::PutBucketPolicy { bucket, policy },
                Outcome::BucketPolicyChanged,
            )
        }),
        objects(),
        uploads(),
        parts(),
        object(),
        bucket_name().prop_map(|bucket| (Op::HeadBucket(bucket), Outcome::BucketHead { region: region() })),
        bucket_name().prop_map(|bucket| (Op::GetBucketLocation(bucket), Outcome::Location(region()))),
        bucket_name().prop_map(|bucket| (Op::DeleteBucket(bucket), Outcome::Deleted)),
        upload_ref().prop_map(|upload| (Op::AbortMultipartUpload(upload), Outcome::Deleted)),
        (bucket_name(), bucket_acl()).prop_map(|(bucket, acl)| {
            (
                Op::CreateBucket(CreateBucket {
                    bucket,
                    acl,
                    tags: Vec::new(),
                }),
                Outcome::BucketCreated,
            )
        }),
        (put_object(), etag(), any::<u64>())
            .prop_map(|(put, etag, crc64)| (Op::PutObject(put), Outcome::Stored { etag, crc64 })),
        (read_object(), etag(), whole_second()).prop_map(|(read, etag, last_modified)| {
            (Op::GetObject(read), Outcome::NotModified { etag, last_modified })
        }),
        (initiate(), upload_id()).prop_map(|(request, upload_id)| {
            (
                Op::InitiateMultipartUpload(request.clone()),
                Outcome::UploadStarted { request, upload_id },
            )
        }),
        (upload_ref(), etag(), any::<u64>()).prop_map(|(upload, etag, crc64)| {
            let operation = Op::CompleteMultipartUpload {
                upload: upload.clone(),
                forbid_overwrite: false,
                parts: Vec::new(),
            };
            (operation, Outcome::UploadCompleted { upload, etag, crc64 })
        }),
    ]
}

fn buckets() -> impl Strategy<Value = (Op, Outcome)> {
    (
        list_buckets(),
        any::<u64>(),
        vec(bucket_summary(), 0..3),
        any::<bool>(),
    )
        .prop_map(|(request, owner, buckets, truncated)| {
            let list = BucketList {
                owner_uin: Uin(owner),
                buckets,
                marker: request.marker.clone(),
                truncated,
            };
            (Op::ListBuckets(request), Outcome::Buckets(list))
        })
}

fn objects() -> impl Strategy<Value = (Op, Outcome)> {
    let lists = (vec(object_summary(), 0..3), vec(text(), 0..3), option::of(text()));
    (list_objects(), any::<u64>(), lists).prop_map(|(request, owner, lists)| {
        let owner = if lists.0.is_empty() {
            request.bucket.app_id()
        } else {
            AppId(owner)
        };
        let list = ObjectList {
            request: request.clone(),
            region: region(),
            owner,
            objects: lists.0,
            common_prefixes: lists.1,
            next_marker: lists.2,
        };
        (Op::ListObjects(request), Outcome::Objects(list))
    })
}

fn uploads() -> impl Strategy<Value = (Op, Outcome)> {
    let lists = (
        vec(upload_summary(), 0..3),
        vec(text(), 0..3),
        option::of((text(), text())),
    );
    (list_uploads(), lists).prop_map(|(request, lists)| {
        let list = UploadList {
            request: request.clone(),
            uploads: lists.0,
            common_prefixes: lists.1,
            next: lists.2,
        };
        (Op::ListMultipartUploads(request), Outcome::Uploads(list))
    })
}

fn parts() -> impl Strategy<Value = (Op, Outcome)> {
    let rest = (vec(part_summary(), 0..3), any::<bool>());
    (list_parts(), ownership(), storage_class(), rest).prop_map(
        |(request, ownership, storage_class, (parts, truncated))| {
            let list = PartList {
                request: request.clone(),
                ownership,
                storage_class,
                parts,
                truncated,
            };
            (Op::ListParts(request), Outcome::Parts(list))
        },
    )
}

fn object() -> impl Strategy<Value = (Op, Outcome)> {
    let span = option::of(any::<(u64, u64)>());
    let facts = (1..u64::MAX, etag(), any::<u64>(), whole_second());
    (read_object(), facts, object_headers(), span).prop_map(|(read, facts, headers, span)| {
        let length = facts.0;
        let span = span.map(|(start, count)| {
            let start = start % length;
            Span {
                start,
                length: count % (length - start) + 1,
            }
        });
        let info = ObjectInfo {
            length,
            etag: facts.1,
            crc64: facts.2,
            last_modified: facts.3,
            headers,
        };
        let outcome = Outcome::Object {
            info,
            span,
            overrides: ResponseOverrides::default(),
        };
        (Op::GetObject(read), outcome)
    })
}

/// Queries made of what means something, and of anything.
fn query() -> impl Strategy<Value = String> {
    let name = prop_oneof![
        select(vec![
            "acl",
            "uploads",
            "uploadId",
            "partNumber",
            "prefix",
            "max-keys",
            "versionId",
            "encoding-type",
            "response-expires",
            "policy",
            "location",
            "x-cos-traffic-limit",
        ])
        .prop_map(str::to_owned),
        any::<String>(),
    ];
    let value = prop_oneof![
        Just("1"),
        Just("url"),
        Just("%0a"),
        Just("%"),
        Just("abc"),
        Just("")
    ];
    vec((name, value, select(vec!["&", "&&", ";", "="])), 0..5).prop_map(|pairs| {
        let pairs = pairs
            .into_iter()
            .map(|(name, value, end)| format!("{name}={value}{end}"));
        pairs.collect()
    })
}

fn headers() -> impl Strategy<Value = HeaderMap> {
    let name = select(vec![
        "range",
        "content-length",
        "content-md5",
        "x-cos-acl",
        "x-cos-meta-a",
        "x-cos-storage-class",
        "if-match",
        "if-modified-since",
        "transfer-encoding",
        "x-cos-copy-source",
        "x-cos-content-sha1",
        "content-type",
        "x-cos-forbid-overwrite",
        "x-cos-traffic-limit",
        "host",
    ]);
    let value = prop_oneof![
        any::<Vec<u8>>(),
        "[0-9a-z=*,/+-]{0,40}".prop_map(String::into_bytes),
        "bytes=[0-9]{0,25}-[0-9]{0,25}".prop_map(String::into_bytes),
    ];
    vec((name, value), 0..6).prop_map(|pairs| {
        let mut map = HeaderMap::new();
        for (name, value) in pairs {
            if let Ok(value) = HeaderValue::from_bytes(&value) {
                map.append(HeaderName::from_static(name), value);
            }
        }
        map
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn the_server_reads_what_the_client_writes(operation in operation(), path_style: bool) {
        let endpoint = Endpoint { host: "localhost:9000".to_owned(), path_style };
        let parts = request::write(&operation, &endpoint).unwrap();
        let headers = header_map(parts.headers.iter().map(|(name, value)| (name.as_ref(), value.as_str())));
        let request = RequestHead {
            method: parts.method,
            path: &parts.path,
            query: &parts.query,
            headers: &headers,
        };
        let site = site::resolve(&parts.host, &config());
        let document = request::document(&operation).unwrap_or_default();
        let mut read = cos::read(&request, &site).unwrap();
        prop_assert!(document.is_empty() || read.document.is_some());
        if read.document.is_some() {
            read = read.with_document(document.as_bytes()).unwrap();
        }
        prop_assert_eq!(read.operation, operation);
    }

    #[test]
    fn the_client_reads_what_the_server_writes((operation, outcome) in exchange()) {
        let written = cos::write(&outcome, &CONTEXT).unwrap();
        let headers = header_map(written.headers.iter().map(|(name, value)| (name.as_ref(), value.as_str())));
        let parts = AnswerParts {
            status: written.status,
            headers: &headers,
            body: &written.body,
        };
        prop_assert_eq!(answer::read(&operation, &parts).unwrap(), outcome);
    }

    #[test]
    fn no_request_is_too_strange(
        host in prop_oneof![Just("b-1.localhost".to_owned()), Just(String::new()), any::<String>()],
        method in prop_oneof![select(vec!["GET", "HEAD", "PUT", "POST", "DELETE", "OPTIONS"]).prop_map(str::to_owned), any::<String>()],
        path in prop_oneof![Just("/".to_owned()), Just("/a".to_owned()), Just("/b-1/a".to_owned()), any::<String>()],
        query in query(),
        headers in headers(),
        document: Vec<u8>,
    ) {
        let request = RequestHead { method: &method, path: &path, query: &query, headers: &headers };
        let site = site::resolve(&host, &config());
        let _ = cos::read(&request, &site).and_then(|read| read.with_document(&document));
    }

    #[test]
    fn no_answer_is_too_strange((operation, _) in exchange(), status in 100_u16..700, headers in headers(), body: Vec<u8>) {
        let parts = AnswerParts { status, headers: &headers, body: &body };
        let _ = answer::read(&operation, &parts);
    }
}
