//! Operations of the object store.

use crate::acl::{BucketAclRequest, ObjectAclRequest};
use crate::cors::CorsRules;
use crate::names::{BucketName, ObjectKey, UploadId};
use crate::object::{ByteRange, ETag, ObjectHeaders, Preconditions};
use crate::operation::{CopyObject, Target, UnbuiltOperation, UploadPartCopy};
use crate::tags::Tags;

/// An operation on buckets, objects or uploads.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ObjectOperation {
    /// The account's buckets.
    ListBuckets(ListBuckets),
    /// A new bucket.
    CreateBucket(CreateBucket),
    /// Whether a bucket is there.
    HeadBucket(BucketName),
    /// Remove an empty bucket.
    DeleteBucket(BucketName),
    /// A bucket's region.
    GetBucketLocation(BucketName),
    /// A bucket's access control list.
    GetBucketAcl(BucketName),
    /// Another access control list for a bucket.
    PutBucketAcl {
        /// Which bucket.
        bucket: BucketName,
        /// Its list from now on.
        acl: BucketAclRequest,
    },
    /// A bucket's rules for other origins.
    GetBucketCors(BucketName),
    /// Other rules for other origins.
    PutBucketCors {
        /// Which bucket.
        bucket: BucketName,
        /// Its rules from now on.
        rules: CorsRules,
    },
    /// No rules for other origins any more.
    DeleteBucketCors(BucketName),
    /// A bucket's policy.
    GetBucketPolicy(BucketName),
    /// Another policy for a bucket.
    PutBucketPolicy {
        /// Which bucket.
        bucket: BucketName,
        /// The text of its policy from now on.
        policy: String,
    },
    /// No policy for a bucket any more.
    DeleteBucketPolicy(BucketName),
    /// A browser asks whether a page of another origin may send a request.
    Preflight(Preflight),
    /// A bucket's tags.
    GetBucketTagging(BucketName),
    /// Other tags for a bucket.
    PutBucketTagging {
        /// Which bucket.
        bucket: BucketName,
        /// Its tags from now on.
        tags: Tags,
    },
    /// No tags for a bucket any more.
    DeleteBucketTagging(BucketName),
    /// An object's tags.
    GetObjectTagging {
        /// In this bucket.
        bucket: BucketName,
        /// Under this key.
        key: ObjectKey,
    },
    /// Other tags for an object.
    PutObjectTagging {
        /// In this bucket.
        bucket: BucketName,
        /// Under this key.
        key: ObjectKey,
        /// Its tags from now on.
        tags: Tags,
    },
    /// No tags for an object any more.
    DeleteObjectTagging {
        /// In this bucket.
        bucket: BucketName,
        /// Under this key.
        key: ObjectKey,
    },
    /// An object's access control list.
    GetObjectAcl {
        /// In this bucket.
        bucket: BucketName,
        /// Under this key.
        key: ObjectKey,
    },
    /// Another access control list for an object.
    PutObjectAcl {
        /// In this bucket.
        bucket: BucketName,
        /// Under this key.
        key: ObjectKey,
        /// Its list from now on.
        acl: ObjectAclRequest,
    },
    /// The objects of a bucket.
    ListObjects(ListObjects),
    /// The uploads in progress of a bucket.
    ListMultipartUploads(ListMultipartUploads),
    /// Store an object.
    PutObject(PutObject),
    /// Store the file of a form.
    PostObject(PostObject),
    /// Store what another object has.
    CopyObject(CopyObject),
    /// Read an object.
    GetObject(ReadObject),
    /// Read what is known about an object.
    HeadObject(ReadObject),
    /// Remove an object.
    DeleteObject(DeleteObject),
    /// Remove several objects, each judged on its own.
    DeleteObjects(DeleteObjects),
    /// Begin an upload in parts.
    InitiateMultipartUpload(InitiateMultipartUpload),
    /// Store one part.
    UploadPart(UploadPart),
    /// Store one part of what an object has.
    UploadPartCopy(UploadPartCopy),
    /// Make the parts one object.
    CompleteMultipartUpload {
        /// Which upload.
        upload: UploadRef,
        /// Refuse to replace an existing object.
        forbid_overwrite: bool,
        /// The parts, in their order.
        parts: Vec<PartEntry>,
    },
    /// Throw the parts away.
    AbortMultipartUpload(UploadRef),
    /// The parts so far.
    ListParts(ListParts),
    /// One that the service knows by name and does not offer.
    Unbuilt(UnbuiltOperation, Target),
}

/// Which buckets to list.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct ListBuckets {
    /// Only those of this region.
    pub region: Option<String>,
    /// Only those after this name.
    pub marker: Option<String>,
    /// At most so many.
    pub max_keys: u32,
}

/// A bucket to make.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CreateBucket {
    /// Its name.
    pub bucket: BucketName,
    /// Its access control list.
    pub acl: BucketAclRequest,
    /// Its tags.
    pub tags: Tags,
}

/// A request that a browser would like to send for a page of another origin.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Preflight {
    /// To this bucket or something in it.
    pub bucket: BucketName,
    /// The page's origin.
    pub origin: String,
    /// The request's method.
    pub method: String,
    /// The request's headers, those that are not harmless.
    pub headers: Vec<String>,
}

/// Which objects to list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListObjects {
    /// In this bucket.
    pub bucket: BucketName,
    /// Keys that begin so; empty for all.
    pub prefix: String,
    /// Keys that hold this text after the prefix are shown as one common prefix; empty for none.
    pub delimiter: String,
    /// Only entries after this one.
    pub marker: String,
    /// At most so many entries, keys and common prefixes together.
    pub max_keys: u32,
    /// Percent-encode the names in the answer.
    pub url_encoding: bool,
}

/// Which uploads to list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListMultipartUploads {
    /// In this bucket.
    pub bucket: BucketName,
    /// Keys that begin so.
    pub prefix: String,
    /// As in [`ListObjects`].
    pub delimiter: String,
    /// Only uploads of keys after this one.
    pub key_marker: String,
    /// With `key_marker`: also that key's uploads after this one.
    pub upload_id_marker: String,
    /// At most so many entries.
    pub max_uploads: u32,
    /// Percent-encode the names in the answer.
    pub url_encoding: bool,
}

/// An object to store.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PutObject {
    /// In this bucket.
    pub bucket: BucketName,
    /// Under this key.
    pub key: ObjectKey,
    /// With these headers.
    pub headers: ObjectHeaders,
    /// With this access control list.
    pub acl: ObjectAclRequest,
    /// With these tags.
    pub tags: Tags,
    /// Refuse to replace an existing object.
    pub forbid_overwrite: bool,
    /// Only if these hold for what is there.
    pub preconditions: Preconditions,
    /// What the body must be.
    pub body: BodyClaims,
}

/// The file of a form to store.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PostObject {
    /// As what.
    pub put: PutObject,
    /// What to answer when it is stored.
    pub answer: PostAnswer,
}

/// What whoever sent a form wants to be answered when its file is stored.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub enum PostAnswer {
    /// That there is nothing to say.
    #[default]
    NoContent,
    /// That all went well.
    Ok,
    /// Where the object is, in a document.
    Created,
    /// Where to go on: an absolute http or https URL.
    Redirect(String),
}

/// What a request says of its body beforehand; each is checked while the body is read.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct BodyClaims {
    /// `Content-Length`; absent for a chunked body.
    pub length: Option<u64>,
    /// `Content-MD5`, decoded.
    pub md5: Option<[u8; 16]>,
    /// `x-cos-content-sha1`, decoded.
    pub sha1: Option<[u8; 20]>,
}

/// An object to read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReadObject {
    /// In this bucket.
    pub bucket: BucketName,
    /// Under this key.
    pub key: ObjectKey,
    /// Only these bytes.
    pub range: Option<ByteRange>,
    /// Only if these hold.
    pub preconditions: Preconditions,
    /// Headers to answer instead of the stored ones.
    pub overrides: ResponseOverrides,
}

/// The `response-*` parameters.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct ResponseOverrides {
    /// `response-cache-control`.
    pub cache_control: Option<String>,
    /// `response-content-disposition`.
    pub content_disposition: Option<String>,
    /// `response-content-encoding`.
    pub content_encoding: Option<String>,
    /// `response-content-language`.
    pub content_language: Option<String>,
    /// `response-content-type`.
    pub content_type: Option<String>,
    /// `response-expires`.
    pub expires: Option<String>,
}

/// An object to remove.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeleteObject {
    /// In this bucket.
    pub bucket: BucketName,
    /// Under this key.
    pub key: ObjectKey,
}

/// Most objects that one request may remove.
pub const MAX_DELETED_AT_ONCE: usize = 1000;

/// Objects to remove by one request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeleteObjects {
    /// In this bucket.
    pub bucket: BucketName,
    /// Answer only what failed.
    pub quiet: bool,
    /// Which ones, at most [`MAX_DELETED_AT_ONCE`].
    pub entries: Vec<DeleteEntry>,
}

/// One object of a [`DeleteObjects`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeleteEntry {
    /// Its key.
    pub key: ObjectKey,
    /// The version that is meant, where one is named.
    pub version_id: Option<String>,
}

/// An upload to begin.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InitiateMultipartUpload {
    /// In this bucket.
    pub bucket: BucketName,
    /// Under this key.
    pub key: ObjectKey,
    /// Headers of the finished object.
    pub headers: ObjectHeaders,
    /// Access control list of the finished object.
    pub acl: ObjectAclRequest,
    /// Tags of the finished object.
    pub tags: Tags,
    /// Refuse when the key exists already; judged again when the upload is completed.
    pub forbid_overwrite: bool,
}

/// One upload in progress: its id counts only together with its bucket and key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UploadRef {
    /// In this bucket.
    pub bucket: BucketName,
    /// Under this key.
    pub key: ObjectKey,
    /// Its id.
    pub upload_id: UploadId,
}

/// A part to store.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UploadPart {
    /// Of this upload.
    pub upload: UploadRef,
    /// 1 to 10,000.
    pub part_number: u32,
    /// What the body must be.
    pub body: BodyClaims,
}

/// Which parts to list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListParts {
    /// Of this upload.
    pub upload: UploadRef,
    /// Only parts after this number.
    pub part_number_marker: u32,
    /// At most so many.
    pub max_parts: u32,
    /// Percent-encode the key in the answer.
    pub url_encoding: bool,
}

/// One line of the list that completes an upload.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PartEntry {
    /// The part's number.
    pub part_number: u32,
    /// The tag that its upload answered.
    pub etag: ETag,
}
