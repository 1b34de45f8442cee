//! The client's half: from an operation to the request that asks for it.
//!
//! Bytes of objects and parts travel beside the request, and so does the document that some requests carry
//! ([`document`]). Nothing is signed here.

use std::borrow::Cow;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use daypass_api::acl::{Acl, AclRequest};
use daypass_api::names::{BucketName, ObjectKey, Uin};
use daypass_api::object::{ByteRange, ETag, ETagMatch, ObjectHeaders, Preconditions, StorageClass};
use daypass_api::operation::{
    BodyClaims, CopySource, ListBuckets, ListMultipartUploads, ListObjects, ListParts, ObjectOperation,
    PutObject, ReadObject, ResponseOverrides, UploadRef,
};
use daypass_api::tags::Tags;
use daypass_api::{Error, ErrorCode};

use super::acl::{self, BUCKET_ACLS, OBJECT_ACLS};
use super::document::Document;
use super::headers::USER_METADATA_PREFIX;
use super::percent::{encode_component, encode_path};
use super::request_head::invalid_argument;
use super::{body, copy, cors, delete, tagging};

/// Where requests go, and how they name their bucket.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Endpoint {
    /// Host of the service, with a port if need be.
    pub host: String,
    /// Whether the bucket stands in the path; else it is a label before the host.
    pub path_style: bool,
}

/// A request without its body.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RequestParts {
    /// The method.
    pub method: &'static str,
    /// The Host header.
    pub host: String,
    /// The path, percent-encoded.
    pub path: String,
    /// The query without its `?`, percent-encoded.
    pub query: String,
    /// All headers but Host.
    pub headers: Vec<(Cow<'static, str>, String)>,
}

/// Writes the request that asks for an operation.
///
/// An operation that is not offered is refused with `NotImplemented`, a header value that no header can carry with
/// `InvalidArgument`.
pub fn write(operation: &ObjectOperation, endpoint: &Endpoint) -> Result<RequestParts, Error> {
    use ObjectOperation as Op;
    let on_bucket = |method, bucket: &BucketName| Builder::new(method, endpoint, Some(bucket), None);
    let on_object = |method, bucket: &BucketName, key: &ObjectKey| {
        Builder::new(method, endpoint, Some(bucket), Some(key))
    };
    let of_upload = |method, upload: &UploadRef| {
        on_object(method, &upload.bucket, &upload.key).query("uploadId", upload.upload_id.as_str())
    };
    let builder = match operation {
        Op::ListBuckets(list) => Builder::new("GET", endpoint, None, None).list_buckets(list),
        Op::CreateBucket(create) => on_bucket("PUT", &create.bucket)
            .acl(&create.acl, &BUCKET_ACLS)?
            .tags(&create.tags),
        Op::HeadBucket(bucket) => on_bucket("HEAD", bucket),
        Op::DeleteBucket(bucket) => on_bucket("DELETE", bucket),
        Op::GetBucketLocation(bucket) => on_bucket("GET", bucket).sub_resource("location"),
        Op::GetBucketAcl(bucket) => on_bucket("GET", bucket).sub_resource("acl"),
        Op::PutBucketAcl { bucket, acl } => on_bucket("PUT", bucket)
            .sub_resource("acl")
            .acl_unless_document(acl, &BUCKET_ACLS)?,
        Op::GetBucketCors(bucket) => on_bucket("GET", bucket).sub_resource("cors"),
        Op::PutBucketCors { bucket, .. } => on_bucket("PUT", bucket).sub_resource("cors"),
        Op::DeleteBucketCors(bucket) => on_bucket("DELETE", bucket).sub_resource("cors"),
        Op::GetBucketPolicy(bucket) => on_bucket("GET", bucket).sub_resource("policy"),
        Op::PutBucketPolicy { bucket, .. } => on_bucket("PUT", bucket).sub_resource("policy"),
        Op::DeleteBucketPolicy(bucket) => on_bucket("DELETE", bucket).sub_resource("policy"),
        Op::GetBucketTagging(bucket) => on_bucket("GET", bucket).sub_resource("tagging"),
        Op::PutBucketTagging { bucket, .. } => on_bucket("PUT", bucket).sub_resource("tagging"),
        Op::DeleteBucketTagging(bucket) => on_bucket("DELETE", bucket).sub_resource("tagging"),
        Op::GetObjectTagging { bucket, key } => on_object("GET", bucket, key).sub_resource("tagging"),
        Op::PutObjectTagging { bucket, key, .. } => on_object("PUT", bucket, key).sub_resource("tagging"),
        Op::DeleteObjectTagging { bucket, key } => on_object("DELETE", bucket, key).sub_resource("tagging"),
        Op::GetObjectAcl { bucket, key } => on_object("GET", bucket, key).sub_resource("acl"),
        Op::PutObjectAcl { bucket, key, acl } => on_object("PUT", bucket, key)
            .sub_resource("acl")
            .acl_unless_document(acl, &OBJECT_ACLS)?,
        Op::ListObjects(list) => on_bucket("GET", &list.bucket).list_objects(list),
        Op::ListMultipartUploads(list) => on_bucket("GET", &list.bucket).list_uploads(list),
        Op::PutObject(put) => on_object("PUT", &put.bucket, &put.key).put_object(put)?,
        Op::CopyObject(copy) => on_object("PUT", &copy.put.bucket, &copy.put.key)
            .copy_source(&copy.source, &endpoint.host)
            .header(
                "x-cos-metadata-directive",
                if copy.replaces_headers { "Replaced" } else { "Copy" },
            )
            .object_headers(&copy.put.headers)
            .acl_unless_default(&copy.put.acl, &OBJECT_ACLS)?
            .maybe_header(
                "x-cos-tagging-directive",
                copy.replaces_tags.then_some("Replaced"),
            )
            .tags(&copy.put.tags)
            .forbid_overwrite(copy.put.forbid_overwrite),
        Op::UploadPartCopy(part) => of_upload("PUT", &part.upload)
            .query("partNumber", &part.part_number.to_string())
            .copy_source(&part.source, &endpoint.host)
            .maybe_header(
                "x-cos-copy-source-range",
                part.span.map(copy::write_span).as_deref(),
            ),
        Op::GetObject(read) => on_object("GET", &read.bucket, &read.key).read_object(read),
        Op::HeadObject(read) => on_object("HEAD", &read.bucket, &read.key).read_object(read),
        Op::DeleteObject(delete) => on_object("DELETE", &delete.bucket, &delete.key),
        Op::DeleteObjects(delete) => on_bucket("POST", &delete.bucket).sub_resource("delete"),
        Op::InitiateMultipartUpload(start) => on_object("POST", &start.bucket, &start.key)
            .sub_resource("uploads")
            .object_headers(&start.headers)
            .acl_unless_default(&start.acl, &OBJECT_ACLS)?
            .tags(&start.tags)
            .forbid_overwrite(start.forbid_overwrite),
        Op::UploadPart(part) => of_upload("PUT", &part.upload)
            .query("partNumber", &part.part_number.to_string())
            .body(&part.body),
        Op::CompleteMultipartUpload {
            upload,
            forbid_overwrite,
            ..
        } => of_upload("POST", upload).forbid_overwrite(*forbid_overwrite),
        Op::AbortMultipartUpload(upload) => of_upload("DELETE", upload),
        Op::ListParts(list) => of_upload("GET", &list.upload).list_parts(list),
        // Our client has no forms.
        Op::PostObject(_) | Op::Preflight(_) | Op::Unbuilt(..) => {
            return Err(Error::new(ErrorCode::NotImplemented));
        }
    };
    builder.finish()
}

/// Writes the document that goes with the request, if the operation has one.
pub fn document(operation: &ObjectOperation) -> Option<String> {
    match operation {
        ObjectOperation::CompleteMultipartUpload { parts, .. } => Some(body::write_complete_body(parts)),
        ObjectOperation::PutBucketAcl {
            acl: AclRequest::List(acl),
            ..
        }
        | ObjectOperation::PutObjectAcl {
            acl: AclRequest::List(acl),
            ..
        } => Some(acl::write_document(Document::bare(), None, acl).into_text()),
        ObjectOperation::PutBucketTagging { tags, .. } | ObjectOperation::PutObjectTagging { tags, .. } => {
            Some(tagging::write_document(Document::bare(), tags).into_text())
        }
        ObjectOperation::PutBucketCors { rules, .. } => {
            Some(cors::write_document(Document::bare(), rules).into_text())
        }
        ObjectOperation::PutBucketPolicy { policy, .. } => Some(policy.clone()),
        ObjectOperation::DeleteObjects(delete) => Some(delete::write_request(delete)),
        _ => None,
    }
}

/// Writes a whole access control list and whose it is, as the real service wants it; [`document`] leaves that open.
pub fn acl_document(owner: Uin, list: &Acl) -> String {
    acl::write_document(Document::bare(), Some(owner), list).into_text()
}

struct Builder(RequestParts);

impl Builder {
    fn new(
        method: &'static str,
        endpoint: &Endpoint,
        bucket: Option<&BucketName>,
        key: Option<&ObjectKey>,
    ) -> Self {
        let key = key.map_or_else(String::new, key_in_path);
        let (host, path) = match bucket {
            Some(bucket) if endpoint.path_style => (endpoint.host.clone(), format!("/{bucket}/{key}")),
            Some(bucket) => (format!("{bucket}.{}", endpoint.host), format!("/{key}")),
            None => (endpoint.host.clone(), "/".to_owned()),
        };
        Self(RequestParts {
            method,
            host,
            path,
            query: String::new(),
            headers: Vec::new(),
        })
    }

    fn list_buckets(self, list: &ListBuckets) -> Self {
        self.query("region", list.region.as_deref().unwrap_or_default())
            .query("marker", list.marker.as_deref().unwrap_or_default())
            .query("max-keys", &list.max_keys.to_string())
    }

    fn list_objects(self, list: &ListObjects) -> Self {
        self.query("prefix", &list.prefix)
            .query("delimiter", &list.delimiter)
            .query("marker", &list.marker)
            .query("max-keys", &list.max_keys.to_string())
            .url_encoding(list.url_encoding)
    }

    fn list_uploads(self, list: &ListMultipartUploads) -> Self {
        self.sub_resource("uploads")
            .query("prefix", &list.prefix)
            .query("delimiter", &list.delimiter)
            .query("key-marker", &list.key_marker)
            .query("upload-id-marker", &list.upload_id_marker)
            .query("max-uploads", &list.max_uploads.to_string())
            .url_encoding(list.url_encoding)
    }

    fn list_parts(self, list: &ListParts) -> Self {
        self.query("part-number-marker", &list.part_number_marker.to_string())
            .query("max-parts", &list.max_parts.to_string())
            .url_encoding(list.url_encoding)
    }

    fn put_object(self, put: &PutObject) -> Result<Self, Error> {
        Ok(self
            .object_headers(&put.headers)
            .acl_unless_default(&put.acl, &OBJECT_ACLS)?
            .tags(&put.tags)
            .forbid_overwrite(put.forbid_overwrite)
            .preconditions(&put.preconditions)
            .body(&put.body))
    }

    fn copy_source(self, source: &CopySource, host: &str) -> Self {
        let conditions = &source.preconditions;
        let tags = |tags: &Option<ETagMatch>| tags.as_ref().map(tag_list);
        let date = |moment: Option<daypass_api::Timestamp>| moment.map(daypass_api::Timestamp::http_date);
        let mut builder = self.header("x-cos-copy-source", copy::write_source(source, host));
        for (name, value) in [
            ("x-cos-copy-source-if-match", tags(&conditions.if_match)),
            ("x-cos-copy-source-if-none-match", tags(&conditions.if_none_match)),
            (
                "x-cos-copy-source-if-modified-since",
                date(conditions.if_modified_since),
            ),
            (
                "x-cos-copy-source-if-unmodified-since",
                date(conditions.if_unmodified_since),
            ),
        ] {
            builder = builder.maybe_header(name, value.as_deref());
        }
        builder
    }

    /// Asks for a list in headers, where no document can.
    fn acl<P: PartialEq>(
        mut self,
        acl: &AclRequest<P>,
        presets: &[(P, &'static str)],
    ) -> Result<Self, Error> {
        let headers = acl::headers(acl, presets);
        let headers = headers.ok_or_else(|| invalid_argument("no header can ask for this list of grants"))?;
        for (name, value) in headers {
            self = self.header(name, value);
        }
        Ok(self)
    }

    fn tags(self, tags: &Tags) -> Self {
        self.maybe_header("x-cos-tagging", Some(&tagging::header(tags)))
    }

    /// What an object gets anyway need not be asked for, which would be an action of its own.
    fn acl_unless_default<P: PartialEq + Default>(
        self,
        acl: &AclRequest<P>,
        presets: &[(P, &'static str)],
    ) -> Result<Self, Error> {
        if *acl == AclRequest::default() {
            return Ok(self);
        }
        self.acl(acl, presets)
    }

    fn acl_unless_document<P: PartialEq>(
        self,
        acl: &AclRequest<P>,
        presets: &[(P, &'static str)],
    ) -> Result<Self, Error> {
        match acl {
            AclRequest::List(_) => Ok(self),
            AclRequest::Preset(_) | AclRequest::Grants(_) => self.acl(acl, presets),
        }
    }

    fn read_object(self, read: &ReadObject) -> Self {
        let range = read.range.map(|range| match range {
            ByteRange::From(first, Some(last)) => format!("bytes={first}-{last}"),
            ByteRange::From(first, None) => format!("bytes={first}-"),
            ByteRange::Suffix(count) => format!("bytes=-{count}"),
        });
        self.maybe_header("range", range.as_deref())
            .preconditions(&read.preconditions)
            .overrides(&read.overrides)
    }

    fn overrides(mut self, overrides: &ResponseOverrides) -> Self {
        for (name, value) in [
            ("response-cache-control", &overrides.cache_control),
            ("response-content-disposition", &overrides.content_disposition),
            ("response-content-encoding", &overrides.content_encoding),
            ("response-content-language", &overrides.content_language),
            ("response-content-type", &overrides.content_type),
            ("response-expires", &overrides.expires),
        ] {
            self = self.query(name, value.as_deref().unwrap_or_default());
        }
        self
    }

    fn object_headers(mut self, headers: &ObjectHeaders) -> Self {
        for (name, value) in [
            ("cache-control", &headers.cache_control),
            ("content-disposition", &headers.content_disposition),
            ("content-encoding", &headers.content_encoding),
            ("content-language", &headers.content_language),
            ("content-type", &headers.content_type),
            ("expires", &headers.expires),
        ] {
            self = self.maybe_header(name, value.as_deref());
        }
        if headers.storage_class != StorageClass::Standard {
            self = self.header("x-cos-storage-class", headers.storage_class.name());
        }
        for (name, value) in &headers.user_metadata {
            self = self.header(format!("{USER_METADATA_PREFIX}{name}"), value);
        }
        self
    }

    fn preconditions(self, preconditions: &Preconditions) -> Self {
        let tags = |tags: &Option<ETagMatch>| tags.as_ref().map(tag_list);
        let date = |moment: Option<daypass_api::Timestamp>| moment.map(daypass_api::Timestamp::http_date);
        self.maybe_header("if-match", tags(&preconditions.if_match).as_deref())
            .maybe_header("if-none-match", tags(&preconditions.if_none_match).as_deref())
            .maybe_header(
                "if-modified-since",
                date(preconditions.if_modified_since).as_deref(),
            )
            .maybe_header(
                "if-unmodified-since",
                date(preconditions.if_unmodified_since).as_deref(),
            )
    }

    fn body(self, body: &BodyClaims) -> Self {
        let sha1 = body
            .sha1
            .map(|sha1| sha1.iter().map(|byte| format!("{byte:02x}")).collect::<String>());
        let builder = match body.length {
            Some(length) => self.header("content-length", length.to_string()),
            None => self.header("transfer-encoding", "chunked"),
        };
        builder
            .maybe_header("content-md5", body.md5.map(|md5| STANDARD.encode(md5)).as_deref())
            .maybe_header("x-cos-content-sha1", sha1.as_deref())
    }

    fn forbid_overwrite(self, forbid: bool) -> Self {
        self.maybe_header("x-cos-forbid-overwrite", forbid.then_some("true"))
    }

    fn url_encoding(self, url_encoding: bool) -> Self {
        self.query("encoding-type", if url_encoding { "url" } else { "" })
    }

    fn header(mut self, name: impl Into<Cow<'static, str>>, value: impl Into<String>) -> Self {
        self.0.headers.push((name.into(), value.into()));
        self
    }

    /// An absent or empty header is not sent.
    fn maybe_header(self, name: &'static str, value: Option<&str>) -> Self {
        match value {
            Some(value) if !value.is_empty() => self.header(name, value),
            Some(_) | None => self,
        }
    }

    fn sub_resource(mut self, name: &str) -> Self {
        self.add_to_query(name);
        self
    }

    /// An empty parameter is not sent.
    fn query(mut self, name: &str, value: &str) -> Self {
        if !value.is_empty() {
            self.add_to_query(&format!("{name}={}", encode_component(value)));
        }
        self
    }

    fn add_to_query(&mut self, pair: &str) {
        if !self.0.query.is_empty() {
            self.0.query.push('&');
        }
        self.0.query.push_str(pair);
    }

    fn finish(self) -> Result<RequestParts, Error> {
        let broken = self
            .0
            .headers
            .iter()
            .find(|(_, value)| value.chars().any(char::is_control));
        match broken {
            Some((name, _)) => Err(invalid_argument(format!(
                "header `{name}` has a control character"
            ))),
            None => Ok(self.0),
        }
    }
}

/// A key as a path has it. What stands between slashes as `.` or `..` would be taken away on the way by some proxies and
/// by every browser, and the key be another one; the slash after it is encoded, as the official SDKs do.
fn key_in_path(key: &ObjectKey) -> String {
    encode_path(key.as_str()).replace("./", ".%2F")
}

fn tag_list(tags: &ETagMatch) -> String {
    match tags {
        ETagMatch::Any => "*".to_owned(),
        ETagMatch::OneOf(tags) => tags.iter().map(ETag::quoted).collect::<Vec<_>>().join(", "),
    }
}
