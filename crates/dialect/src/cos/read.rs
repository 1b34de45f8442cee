//! From a request's head to the operation it asks for, with every value parsed.
//!
//! The tests of this file are the tables in `tests/cos/read.rs`: one row for each way in which a request is wrong.

use daypass_api::acl::AclRequest;
use daypass_api::attributes::{Attributes, QueryValue};
use daypass_api::cors::CorsRules;
use daypass_api::names::{BucketName, ObjectKey, UploadId};
use daypass_api::object::{MAX_PARTS, Preconditions};
use daypass_api::operation::{
    self, BodyClaims, CopyObject, CreateBucket, DeleteObject, DeleteObjects, InitiateMultipartUpload,
    ListBuckets, ListMultipartUploads, ListObjects, ListParts, ObjectOperation, PutObject, ReadObject,
    ResponseOverrides, UploadPart, UploadPartCopy, UploadRef,
};
use daypass_api::tags::{MAX_BUCKET_TAGS, MAX_OBJECT_TAGS};
use daypass_api::{Error, ErrorCode};

use super::not_offered::{self, not_implemented};
use super::query::Query;
use super::request_head::{RequestHead, decimal, invalid_argument};
use super::route::{BucketRoute, ObjectRoute, bucket_route, object_route};
use super::target::{Target, target};
use super::{acl, body, conditions, copy, cors, delete, policy, tagging, upload};
use crate::site::{Service, Site};

/// Most entries of a list, and how many when nothing is asked for.
const MAX_ENTRIES: u32 = 1000;
/// Most buckets of a list: one SDK always asks for so many.
const MAX_BUCKETS: u32 = 2000;

/// Bits in a second that a client may ask for.
const TRAFFIC_LIMITS: std::ops::RangeInclusive<u64> = 819_200..=838_860_800;

/// A request whose head has been read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Read {
    /// What it asks for.
    pub operation: ObjectOperation,
    /// What policy conditions may ask about.
    pub attributes: Attributes,
    /// What it says of its body, when the body is a document and not stored bytes. Until
    /// [`Read::with_document`] has read that one, the operation lacks what stands in it.
    pub document: Option<BodyClaims>,
    /// At how many bits in a second an object's bytes shall pass at most, either way.
    pub traffic_limit: Option<u64>,
}

impl Read {
    /// Whether it is refused when it carries no signature, even where the object is public: it chooses headers of
    /// the answer, and with them how a browser treats a stranger's bytes.
    pub fn needs_signature(&self) -> bool {
        match &self.operation {
            ObjectOperation::GetObject(read) | ObjectOperation::HeadObject(read) => {
                read.overrides != ResponseOverrides::default()
            }
            _ => false,
        }
    }

    /// Adds what the document says, so that the operation is whole before it is judged.
    pub fn with_document(mut self, document: &[u8]) -> Result<Self, Error> {
        match &mut self.operation {
            ObjectOperation::CreateBucket(_) => body::read_create_bucket_body(document)?,
            ObjectOperation::PutBucketTagging { tags, .. } => {
                *tags = tagging::read_document(document, MAX_BUCKET_TAGS)?;
                self.attributes.request_tags.clone_from(tags);
            }
            ObjectOperation::PutObjectTagging { tags, .. } => {
                *tags = tagging::read_document(document, MAX_OBJECT_TAGS)?;
            }
            ObjectOperation::PutBucketCors { rules, .. } => *rules = cors::read_document(document)?,
            ObjectOperation::PutBucketPolicy { policy, .. } => *policy = policy::read_document(document)?,
            ObjectOperation::PutBucketAcl { acl, .. } => {
                let list = acl::read_document(document, &acl::ON_BUCKETS)?;
                note_acl(&mut self.attributes, acl::opens_like(&list, "public-read-write"));
                *acl = AclRequest::List(list);
            }
            ObjectOperation::PutObjectAcl { acl, .. } => {
                let list = acl::read_document(document, &acl::ON_OBJECTS)?;
                note_acl(&mut self.attributes, acl::opens_like(&list, "public-read"));
                *acl = AclRequest::List(list);
            }
            ObjectOperation::DeleteObjects(objects) => delete::read_request(document, objects)?,
            ObjectOperation::CompleteMultipartUpload { parts, .. } => {
                *parts = body::read_complete_body(document)?;
            }
            _ => {}
        }
        Ok(self)
    }
}

/// Reads a request of the object API.
pub fn read(request: &RequestHead<'_>, site: &Site) -> Result<Read, Error> {
    let target = target(request, site)?;
    let query = Query::parse(request.query)?;
    let mut attributes = attributes(request, &query)?;
    let context = Context {
        request,
        query: &query,
    };
    let operation = match target {
        Target::Service => context.service_operation(site)?,
        Target::Bucket(bucket) => context.bucket_operation(bucket)?,
        Target::Object(bucket, key) => context.object_operation(bucket, key)?,
    };
    if let ObjectOperation::CreateBucket(create) = &operation {
        attributes.request_tags.clone_from(&create.tags);
    }
    let has_document = match operation {
        ObjectOperation::CreateBucket(_)
        | ObjectOperation::DeleteObjects(_)
        | ObjectOperation::PutBucketCors { .. }
        | ObjectOperation::PutBucketPolicy { .. }
        | ObjectOperation::PutBucketTagging { .. }
        | ObjectOperation::PutObjectTagging { .. }
        | ObjectOperation::CompleteMultipartUpload { .. } => true,
        // What the headers say outweighs a document.
        ObjectOperation::PutBucketAcl { .. } | ObjectOperation::PutObjectAcl { .. } => {
            !acl::is_in_headers(request)?
        }
        _ => false,
    };
    let mut limit = None;
    if !matches!(
        operation,
        ObjectOperation::Unbuilt(..) | ObjectOperation::Preflight(_)
    ) {
        not_offered::refuse(request)?;
        limit = traffic_limit(request, &query)?;
    }
    Ok(Read {
        operation,
        attributes,
        document: has_document.then(|| upload::body_claims(request)).transpose()?,
        traffic_limit: limit,
    })
}

fn traffic_limit(request: &RequestHead<'_>, query: &Query<'_>) -> Result<Option<u64>, Error> {
    const NAME: &str = "x-cos-traffic-limit";
    let Some(text) = request.header(NAME)?.or(query.text(NAME)) else {
        return Ok(None);
    };
    let bits = decimal(text).filter(|bits| TRAFFIC_LIMITS.contains(bits));
    bits.map(Some)
        .ok_or_else(|| invalid_argument("x-cos-traffic-limit is not 819200 to 838860800"))
}

fn attributes(request: &RequestHead<'_>, query: &Query<'_>) -> Result<Attributes, Error> {
    let parameter = |name| query.value(name);
    let header = |name| Ok::<_, Error>(request.sent_header(name)?.map(str::to_owned));
    Ok(Attributes {
        prefix: parameter("prefix"),
        version_id: parameter("versionid"),
        response_content_type: parameter("response-content-type"),
        storage_class: header("x-cos-storage-class")?,
        acl: header("x-cos-acl")?,
        forbid_overwrite: header("x-cos-forbid-overwrite")?,
        content_length: header("content-length")?,
        content_type: header("content-type")?,
        host: header("host")?,
        request_tags: Vec::new(),
        external_id: None,
    })
}

/// Lets conditions see what a list opens; what it gives to single ones is as unseen as in the headers.
fn note_acl(attributes: &mut Attributes, opens_like: Option<&str>) {
    if let Some(preset) = opens_like {
        attributes.acl = Some(preset.to_owned());
    }
}

/// Reads the upload of a form, which is a PUT in all but the place where its values stand.
pub(super) fn read_post(
    request: &RequestHead<'_>,
    bucket: BucketName,
    key: ObjectKey,
    operation: impl FnOnce(PutObject) -> ObjectOperation,
) -> Result<Read, Error> {
    let query = Query::parse(request.query)?;
    let context = Context {
        request,
        query: &query,
    };
    let operation = operation(context.put_object(bucket, key)?);
    not_offered::refuse(request)?;
    Ok(Read {
        operation,
        attributes: attributes(request, &query)?,
        document: None,
        traffic_limit: traffic_limit(request, &query)?,
    })
}

/// What all readers of operations look at.
struct Context<'a> {
    request: &'a RequestHead<'a>,
    query: &'a Query<'a>,
}

impl Context<'_> {
    fn service_operation(&self, site: &Site) -> Result<ObjectOperation, Error> {
        if self.request.method != "GET" {
            return Err(Error::new(ErrorCode::MethodNotAllowed));
        }
        for name in ["tagkey", "tagvalue", "range", "create-time"] {
            if self.query.text(name).is_some() {
                return Err(not_implemented(format!("parameter `{name}` is not offered")));
            }
        }
        Ok(ObjectOperation::ListBuckets(ListBuckets {
            region: self.listed_region(site)?,
            marker: self.query.text("marker").map(str::to_owned),
            max_keys: self.count("max-keys", MAX_ENTRIES, MAX_BUCKETS)?,
        }))
    }

    /// The region whose buckets are listed: the host's, or the parameter's; they may not contradict each other.
    fn listed_region(&self, site: &Site) -> Result<Option<String>, Error> {
        let host = match site {
            Site::Service(Service::ThisRegion(region) | Service::OtherRegion(region)) => {
                Some(region.as_str())
            }
            _ => None,
        };
        match (host, self.query.text("region")) {
            (Some(host), Some(asked)) if host != asked => Err(invalid_argument(
                "the parameter region differs from the host's region",
            )),
            (host, asked) => Ok(asked.or(host).map(str::to_owned)),
        }
    }

    fn bucket_operation(&self, bucket: BucketName) -> Result<ObjectOperation, Error> {
        Ok(match bucket_route(self.request, self.query)? {
            BucketRoute::Create => {
                conditions::refuse_conditions(self.request)?;
                let acl = acl::bucket_acl(self.request)?;
                let tags = tagging::in_header(self.request, MAX_BUCKET_TAGS)?;
                ObjectOperation::CreateBucket(CreateBucket { bucket, acl, tags })
            }
            BucketRoute::Head => ObjectOperation::HeadBucket(bucket),
            BucketRoute::Delete => {
                conditions::refuse_conditions(self.request)?;
                ObjectOperation::DeleteBucket(bucket)
            }
            BucketRoute::List => ObjectOperation::ListObjects(self.list_objects(bucket)?),
            BucketRoute::Location => ObjectOperation::GetBucketLocation(bucket),
            BucketRoute::GetAcl => ObjectOperation::GetBucketAcl(bucket),
            BucketRoute::PutAcl => {
                conditions::refuse_conditions(self.request)?;
                let acl = acl::bucket_acl(self.request)?;
                ObjectOperation::PutBucketAcl { bucket, acl }
            }
            BucketRoute::GetCors => ObjectOperation::GetBucketCors(bucket),
            BucketRoute::PutCors => {
                conditions::refuse_conditions(self.request)?;
                let rules = CorsRules::default();
                ObjectOperation::PutBucketCors { bucket, rules }
            }
            BucketRoute::DeleteCors => {
                conditions::refuse_conditions(self.request)?;
                ObjectOperation::DeleteBucketCors(bucket)
            }
            BucketRoute::GetPolicy => ObjectOperation::GetBucketPolicy(bucket),
            BucketRoute::PutPolicy => {
                conditions::refuse_conditions(self.request)?;
                let policy = String::new();
                ObjectOperation::PutBucketPolicy { bucket, policy }
            }
            BucketRoute::DeletePolicy => {
                conditions::refuse_conditions(self.request)?;
                ObjectOperation::DeleteBucketPolicy(bucket)
            }
            BucketRoute::GetTagging => ObjectOperation::GetBucketTagging(bucket),
            BucketRoute::PutTagging => {
                conditions::refuse_conditions(self.request)?;
                let tags = Vec::new();
                ObjectOperation::PutBucketTagging { bucket, tags }
            }
            BucketRoute::DeleteTagging => {
                conditions::refuse_conditions(self.request)?;
                ObjectOperation::DeleteBucketTagging(bucket)
            }
            BucketRoute::Preflight => ObjectOperation::Preflight(cors::preflight(self.request, bucket)?),
            BucketRoute::ListUploads => ObjectOperation::ListMultipartUploads(self.list_uploads(bucket)?),
            BucketRoute::DeleteObjects => {
                conditions::refuse_conditions(self.request)?;
                ObjectOperation::DeleteObjects(DeleteObjects {
                    bucket,
                    quiet: false,
                    entries: Vec::new(),
                })
            }
            // Most of it stands in its body: whoever has read that reads it as what it is.
            BucketRoute::Form => return Err(Error::new(ErrorCode::MalformedPostRequest)),
            BucketRoute::Unbuilt(name) => ObjectOperation::Unbuilt(name, operation::Target::Bucket(bucket)),
        })
    }

    fn object_operation(&self, bucket: BucketName, key: ObjectKey) -> Result<ObjectOperation, Error> {
        Ok(match object_route(self.request, self.query)? {
            ObjectRoute::Put => ObjectOperation::PutObject(self.put_object(bucket, key)?),
            ObjectRoute::Copy => ObjectOperation::CopyObject(self.copy_object(bucket, key)?),
            ObjectRoute::UploadPartCopy => {
                conditions::refuse_conditions(self.request)?;
                copy::refuse_body(self.request)?;
                ObjectOperation::UploadPartCopy(UploadPartCopy {
                    source: copy::source(self.request)?,
                    span: copy::span(self.request)?,
                    part_number: self.part_number()?,
                    upload: self.upload(bucket, key)?,
                })
            }
            ObjectRoute::Get => {
                let range = conditions::range(self.request)?;
                ObjectOperation::GetObject(ReadObject {
                    range,
                    ..self.read_object(bucket, key)?
                })
            }
            // A range means something for GET alone.
            ObjectRoute::Head => ObjectOperation::HeadObject(self.read_object(bucket, key)?),
            ObjectRoute::Delete => {
                self.refuse_other_versions()?;
                conditions::refuse_conditions(self.request)?;
                ObjectOperation::DeleteObject(DeleteObject { bucket, key })
            }
            ObjectRoute::Initiate => ObjectOperation::InitiateMultipartUpload(self.initiate(bucket, key)?),
            ObjectRoute::UploadPart => {
                conditions::refuse_conditions(self.request)?;
                ObjectOperation::UploadPart(UploadPart {
                    part_number: self.part_number()?,
                    upload: self.upload(bucket, key)?,
                    body: upload::stored_body_claims(self.request)?,
                })
            }
            ObjectRoute::Complete => {
                conditions::refuse_conditions(self.request)?;
                ObjectOperation::CompleteMultipartUpload {
                    upload: self.upload(bucket, key)?,
                    forbid_overwrite: upload::forbid_overwrite(self.request)?,
                    parts: Vec::new(),
                }
            }
            ObjectRoute::Abort => {
                conditions::refuse_conditions(self.request)?;
                ObjectOperation::AbortMultipartUpload(self.upload(bucket, key)?)
            }
            ObjectRoute::ListParts => ObjectOperation::ListParts(self.list_parts(bucket, key)?),
            ObjectRoute::GetAcl => {
                self.refuse_other_versions()?;
                ObjectOperation::GetObjectAcl { bucket, key }
            }
            ObjectRoute::PutAcl => {
                self.refuse_other_versions()?;
                conditions::refuse_conditions(self.request)?;
                let acl = acl::object_acl(self.request)?;
                ObjectOperation::PutObjectAcl { bucket, key, acl }
            }
            ObjectRoute::GetTagging => {
                self.refuse_other_versions()?;
                ObjectOperation::GetObjectTagging { bucket, key }
            }
            ObjectRoute::PutTagging => {
                self.refuse_other_versions()?;
                conditions::refuse_conditions(self.request)?;
                let tags = Vec::new();
                ObjectOperation::PutObjectTagging { bucket, key, tags }
            }
            ObjectRoute::DeleteTagging => {
                self.refuse_other_versions()?;
                conditions::refuse_conditions(self.request)?;
                ObjectOperation::DeleteObjectTagging { bucket, key }
            }
            ObjectRoute::Preflight => ObjectOperation::Preflight(cors::preflight(self.request, bucket)?),
            ObjectRoute::Unbuilt(name) => {
                ObjectOperation::Unbuilt(name, operation::Target::Object(bucket, key))
            }
        })
    }

    fn list_objects(&self, bucket: BucketName) -> Result<ListObjects, Error> {
        Ok(ListObjects {
            bucket,
            prefix: self.owned("prefix"),
            delimiter: self.owned("delimiter"),
            marker: self.owned("marker"),
            max_keys: self.count("max-keys", MAX_ENTRIES, MAX_ENTRIES)?,
            url_encoding: self.url_encoding()?,
        })
    }

    fn list_uploads(&self, bucket: BucketName) -> Result<ListMultipartUploads, Error> {
        Ok(ListMultipartUploads {
            bucket,
            prefix: self.owned("prefix"),
            delimiter: self.owned("delimiter"),
            key_marker: self.owned("key-marker"),
            upload_id_marker: self.owned("upload-id-marker"),
            max_uploads: self.count("max-uploads", MAX_ENTRIES, MAX_ENTRIES)?,
            url_encoding: self.url_encoding()?,
        })
    }

    fn list_parts(&self, bucket: BucketName, key: ObjectKey) -> Result<ListParts, Error> {
        Ok(ListParts {
            upload: self.upload(bucket, key)?,
            // No part comes after the last number, so that a larger marker means no more than it.
            part_number_marker: self.count("part-number-marker", 0, MAX_PARTS)?,
            max_parts: self.count("max-parts", MAX_ENTRIES, MAX_ENTRIES)?,
            url_encoding: self.url_encoding()?,
        })
    }

    fn put_object(&self, bucket: BucketName, key: ObjectKey) -> Result<PutObject, Error> {
        Ok(PutObject {
            bucket,
            key,
            headers: upload::object_headers(self.request)?,
            acl: acl::object_acl(self.request)?,
            tags: tagging::in_header(self.request, MAX_OBJECT_TAGS)?,
            forbid_overwrite: upload::forbid_overwrite(self.request)?,
            preconditions: conditions::write_conditions(self.request)?,
            body: upload::stored_body_claims(self.request)?,
        })
    }

    fn copy_object(&self, bucket: BucketName, key: ObjectKey) -> Result<CopyObject, Error> {
        conditions::refuse_conditions(self.request)?;
        copy::refuse_body(self.request)?;
        let source = copy::source(self.request)?;
        let replaces_headers = copy::replaces_headers(self.request)?;
        let changes = replaces_headers || self.request.header("x-cos-storage-class")?.is_some();
        if source.bucket == bucket && source.key == key && !changes {
            return Err(Error::with_message(
                ErrorCode::InvalidRequest,
                "a copy of an object onto itself changes nothing without x-cos-metadata-directive: Replaced",
            ));
        }
        let put = PutObject {
            bucket,
            key,
            headers: upload::object_headers(self.request)?,
            acl: acl::object_acl(self.request)?,
            tags: tagging::in_header(self.request, MAX_OBJECT_TAGS)?,
            forbid_overwrite: upload::forbid_overwrite(self.request)?,
            preconditions: Preconditions::default(),
            body: BodyClaims::default(),
        };
        let replaces_tags = copy::replaces_tags(self.request)?;
        if !replaces_tags && !put.tags.is_empty() {
            let text = "x-cos-tagging needs x-cos-tagging-directive: Replaced";
            return Err(Error::with_message(ErrorCode::InvalidRequest, text));
        }
        Ok(CopyObject {
            source,
            put,
            replaces_headers,
            replaces_tags,
        })
    }

    fn initiate(&self, bucket: BucketName, key: ObjectKey) -> Result<InitiateMultipartUpload, Error> {
        conditions::refuse_conditions(self.request)?;
        Ok(InitiateMultipartUpload {
            bucket,
            key,
            headers: upload::object_headers(self.request)?,
            acl: acl::object_acl(self.request)?,
            tags: tagging::in_header(self.request, MAX_OBJECT_TAGS)?,
            forbid_overwrite: upload::forbid_overwrite(self.request)?,
        })
    }

    fn read_object(&self, bucket: BucketName, key: ObjectKey) -> Result<ReadObject, Error> {
        self.refuse_other_versions()?;
        Ok(ReadObject {
            bucket,
            key,
            range: None,
            preconditions: conditions::read_conditions(self.request)?,
            overrides: self.overrides()?,
        })
    }

    fn overrides(&self) -> Result<ResponseOverrides, Error> {
        Ok(ResponseOverrides {
            cache_control: self.response_header("response-cache-control")?,
            content_disposition: self.response_header("response-content-disposition")?,
            content_encoding: self.response_header("response-content-encoding")?,
            content_language: self.response_header("response-content-language")?,
            content_type: self.response_header("response-content-type")?,
            expires: self.response_header("response-expires")?,
        })
    }

    /// A value that will stand in a header of the answer: a line feed in it would add a header of its own.
    fn response_header(&self, name: &str) -> Result<Option<String>, Error> {
        match self.query.text(name) {
            Some(text) if text.chars().any(char::is_control) => Err(invalid_argument(format!(
                "parameter `{name}` has a control character"
            ))),
            text => Ok(text.map(str::to_owned)),
        }
    }

    /// Without versioning every object has the one version `null`.
    fn refuse_other_versions(&self) -> Result<(), Error> {
        match self.query.text("versionid") {
            None | Some("null") => Ok(()),
            Some(_) => Err(Error::new(ErrorCode::NoSuchVersion)),
        }
    }

    fn upload(&self, bucket: BucketName, key: ObjectKey) -> Result<UploadRef, Error> {
        let upload_id = UploadId::parse(self.query.text("uploadid").unwrap_or_default())?;
        Ok(UploadRef {
            bucket,
            key,
            upload_id,
        })
    }

    fn part_number(&self) -> Result<u32, Error> {
        self.query
            .text("partnumber")
            .and_then(decimal)
            .and_then(|number| u32::try_from(number).ok())
            .filter(|number| (1..=MAX_PARTS).contains(number))
            .ok_or_else(|| invalid_argument("partNumber is not 1 to 10000"))
    }

    fn url_encoding(&self) -> Result<bool, Error> {
        match self.query.text("encoding-type") {
            None => Ok(false),
            Some("url") => Ok(true),
            Some(_) => Err(invalid_argument("encoding-type is not url")),
        }
    }

    /// A number of at most `most`; a larger one means `most`.
    fn count(&self, name: &str, absent: u32, most: u32) -> Result<u32, Error> {
        let Some(text) = self.query.text(name) else {
            return Ok(absent);
        };
        let number = decimal(text).ok_or_else(|| invalid_argument(format!("{name} is not a number")))?;
        Ok(u32::try_from(number).unwrap_or(u32::MAX).min(most))
    }

    fn owned(&self, name: &str) -> String {
        self.query
            .value(name)
            .map_or_else(String::new, |QueryValue { decoded, .. }| decoded)
    }
}
