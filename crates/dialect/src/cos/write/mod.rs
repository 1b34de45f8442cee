//! From outcomes to answers: status, headers in their exact spelling, and documents.
//!
//! An object's bytes stream past this module; its answer here has the headers of the bytes that will follow.

mod lists;
mod object;
mod posted;

use std::borrow::Cow;

use bytes::Bytes;
use daypass_api::names::{Region, UploadId};
use daypass_api::object::ETag;
use daypass_api::operation::{InitiateMultipartUpload, UploadRef};
use daypass_api::{Error, ErrorCode, Outcome, Timestamp};

use super::document::Document;
use super::{acl, copy, cors, delete, headers, policy, tagging};

pub(super) const XML_TYPE: &str = "application/xml";
/// The namespace of the one document that carries one.
const COMPLETE_NAMESPACE: &str = "http://www.qcloud.com/document/product/436/7751";

/// An answer without a connection to go out on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// The status.
    pub status: u16,
    /// Names in the spelling that must go out, and values: UTF-8 without control characters.
    pub headers: Vec<(Cow<'static, str>, String)>,
    /// The document; empty where an object's bytes follow, or nothing does.
    pub body: Bytes,
}

/// What an answer says beside the outcome.
#[derive(Clone, Copy, Debug)]
pub struct AnswerContext<'a> {
    /// The request's id.
    pub request_id: &'a str,
    /// The server's time.
    pub now: Timestamp,
    /// `http` or `https`, as the client came.
    pub scheme: &'a str,
    /// The Host header, as it was sent.
    pub host: &'a str,
    /// The path, as it was sent.
    pub path: &'a str,
    /// Whether the bucket stood in the path: then all buckets share an origin, and browsers are told to trust no
    /// object.
    pub path_style: bool,
}

impl Answer {
    /// An answer with the headers that every answer has.
    pub(super) fn new(status: u16, request_id: &str, now: Timestamp) -> Self {
        let mut answer = Self {
            status,
            headers: Vec::new(),
            body: Bytes::new(),
        };
        answer.add(headers::REQUEST_ID, request_id);
        answer.add(headers::DATE, now.http_date());
        answer.add(headers::SERVER, "tencent-cos");
        answer
    }

    pub(super) fn add(&mut self, name: impl Into<Cow<'static, str>>, value: impl Into<String>) {
        self.headers.push((name.into(), value.into()));
    }
}

/// Writes the answer to an operation of the object API; outcomes of other APIs have none here.
pub fn write(outcome: &Outcome, context: &AnswerContext<'_>) -> Result<Answer, Error> {
    let answer = |status| Answer::new(status, context.request_id, context.now);
    Ok(match outcome {
        Outcome::Buckets(list) => document(answer(200), lists::buckets(list)),
        Outcome::BucketCreated => without_body(answer(200)),
        Outcome::BucketHead { region } => {
            let mut answer = without_body(answer(200));
            answer.add(headers::BUCKET_REGION, region.as_str());
            answer
        }
        Outcome::Deleted => answer(204),
        Outcome::ObjectsDeleted(report) => document(answer(200), delete::write_answer(report)),
        Outcome::Location(region) => document(answer(200), location(region)),
        Outcome::Acl(report) => {
            let body = acl::write_document(Document::new(), Some(report.owner_uin), &report.acl);
            let mut answer = document(answer(200), body);
            if report.inherited {
                answer.add(headers::ACL, "default");
            }
            answer
        }
        Outcome::Cors(rules) => document(answer(200), cors::write_document(Document::new(), rules)),
        Outcome::BucketPolicy(text) => policy::with_document(answer(200), text),
        Outcome::Tags(tags) => document(answer(200), tagging::write_document(Document::new(), tags)),
        Outcome::BucketTagged | Outcome::BucketPolicyChanged => answer(204),
        Outcome::Preflight(grant) => {
            let mut answer = without_body(answer(200));
            answer.headers.extend(cors::preflight_headers(grant));
            answer
        }
        Outcome::Changed => without_body(answer(200)),
        Outcome::Objects(list) => {
            let mut answer = document(answer(200), lists::objects(list));
            answer.add(headers::BUCKET_REGION, list.region.as_str());
            answer
        }
        Outcome::Uploads(list) => document(answer(200), lists::uploads(list)),
        Outcome::Parts(list) => document(answer(200), lists::parts(list)),
        Outcome::Stored { etag, crc64 } => {
            let mut answer = without_body(answer(200));
            answer.add(headers::ETAG, etag.quoted());
            answer.add(headers::CRC64, crc64.to_string());
            answer
        }
        Outcome::ObjectPosted(posted) => posted::write(posted, context)?,
        Outcome::ObjectCopied(copied) => {
            document(answer(200), copy::write_answer("CopyObjectResult", copied))
        }
        Outcome::PartCopied(copied) => document(answer(200), copy::write_answer("CopyPartResult", copied)),
        Outcome::Object {
            info,
            span,
            overrides,
        } => {
            let status = if span.is_some() { 206 } else { 200 };
            object::with_headers(answer(status), info, *span, overrides, context.path_style)
        }
        Outcome::NotModified { etag, last_modified } => {
            let mut answer = answer(304);
            answer.add(headers::ETAG, etag.quoted());
            answer.add(headers::LAST_MODIFIED, last_modified.http_date());
            answer
        }
        Outcome::UploadStarted { request, upload_id } => {
            document(answer(200), upload_started(request, upload_id))
        }
        Outcome::UploadCompleted { upload, etag, crc64 } => {
            let mut answer = document(answer(200), upload_completed(upload, etag, context));
            answer.add(headers::CRC64, crc64.to_string());
            answer
        }
        Outcome::TemporaryKey(_)
        | Outcome::CallerIdentity(_)
        | Outcome::RootAccountCreated { .. }
        | Outcome::RootAccount(_)
        | Outcome::RootAccounts(_)
        | Outcome::UserCreated { .. }
        | Outcome::User(_)
        | Outcome::Users(_)
        | Outcome::AccessKeyCreated(_)
        | Outcome::AccessKeys(_)
        | Outcome::PolicyCreated(_)
        | Outcome::Policy(_)
        | Outcome::Policies(_)
        | Outcome::AttachedPolicies(_)
        | Outcome::SubAccounts(_)
        | Outcome::Collaborators(_)
        | Outcome::AccountNumbers { .. }
        | Outcome::AccountSummary(_)
        | Outcome::LastUses(_)
        | Outcome::PolicyUpdated(_)
        | Outcome::VersionCreated(_)
        | Outcome::Version(_)
        | Outcome::Versions(_)
        | Outcome::PolicyEntities(_)
        | Outcome::UserPolicies(_)
        | Outcome::GroupCreated(_)
        | Outcome::Group(_)
        | Outcome::Groups(_)
        | Outcome::GroupMembers(_)
        | Outcome::Boundary(_)
        | Outcome::ApiKeys(_)
        | Outcome::Revocations(_)
        | Outcome::Sessions(_)
        | Outcome::Explanation(_)
        | Outcome::AuditRecords(_)
        | Outcome::Findings(_)
        | Outcome::Effective(_)
        | Outcome::KeyRing(_)
        | Outcome::MasterKeyRotated(_)
        | Outcome::RoleCreated(_)
        | Outcome::Role(_)
        | Outcome::Roles(_)
        | Outcome::RolePolicies(_)
        | Outcome::Provider(_)
        | Outcome::Done => return Err(Error::new(ErrorCode::InternalError)),
    })
}

fn location(region: &Region) -> Document {
    let mut document = Document::new();
    document.leaf("LocationConstraint", &format!("cos.{region}"));
    document
}

fn upload_started(request: &InitiateMultipartUpload, upload_id: &UploadId) -> Document {
    let mut document = Document::new();
    document.element("InitiateMultipartUploadResult", |document| {
        document.leaf("Bucket", request.bucket.as_str());
        document.leaf("Key", request.key.as_str());
        document.leaf("UploadId", upload_id.as_str());
    });
    document
}

fn upload_completed(upload: &UploadRef, etag: &ETag, context: &AnswerContext<'_>) -> Document {
    let AnswerContext {
        scheme, host, path, ..
    } = context;
    let mut document = Document::new();
    document.element_in(COMPLETE_NAMESPACE, "CompleteMultipartUploadResult", |document| {
        document.leaf("Location", &format!("{scheme}://{host}{path}"));
        document.leaf("Bucket", upload.bucket.as_str());
        document.leaf("Key", upload.key.as_str());
        document.leaf("ETag", &etag.quoted());
    });
    document
}

fn document(mut answer: Answer, document: Document) -> Answer {
    answer.body = document.into_text().into();
    answer.add(headers::CONTENT_TYPE, XML_TYPE);
    answer.add(headers::CONTENT_LENGTH, answer.body.len().to_string());
    answer
}

fn without_body(mut answer: Answer) -> Answer {
    answer.add(headers::CONTENT_LENGTH, "0");
    answer
}
