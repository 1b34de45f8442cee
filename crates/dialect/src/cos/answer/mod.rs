//! The client's half: from an answer back to the outcome, or to what the server refused and why.
//!
//! An answer is read together with the operation that asked for it: what the document merely repeats is taken from
//! there. An object's bytes stay with the caller.

mod lists;

use daypass_api::names::{Region, UploadId};
use daypass_api::object::{ETag, ObjectHeaders, ObjectInfo, Span, StorageClass};
use daypass_api::operation::{ObjectOperation, ResponseOverrides};
use daypass_api::outcome::Copied;
use daypass_api::tags::MAX_BUCKET_TAGS;
use daypass_api::{Error, Outcome, Timestamp};
use http::{HeaderMap, StatusCode};

use super::element::Element;
use super::headers::{self, USER_METADATA_PREFIX};
use super::{acl, copy, cors, delete, error, policy, tagging};

/// Largest document that is read, in bytes: five times the longest list of the longest keys.
pub const MAX_DOCUMENT_BYTES: usize = 16 * 1024 * 1024;

/// An answer as it came.
#[derive(Clone, Copy, Debug)]
pub struct AnswerParts<'a> {
    /// The status.
    pub status: u16,
    /// All headers.
    pub headers: &'a HeaderMap,
    /// The document; empty for an object.
    pub body: &'a [u8],
}

/// What the server refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the server answered {status} `{code}`: {message} (request `{request_id}`)")]
pub struct Refusal {
    /// The status.
    pub status: u16,
    /// The code; the status in words when the answer had no document.
    pub code: String,
    /// The text for people.
    pub message: String,
    /// What the request was aimed at.
    pub resource: String,
    /// The request's id.
    pub request_id: String,
}

/// Why there is no outcome.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Failure {
    /// The server refused.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// The answer is not one to this request.
    #[error("the answer makes no sense: {0}")]
    Unreadable(&'static str),
}

/// Reads the answer to an operation.
pub fn read(operation: &ObjectOperation, answer: &AnswerParts<'_>) -> Result<Outcome, Failure> {
    use ObjectOperation as Op;
    match answer.status {
        200..=299 => {}
        304 => return answer.not_modified(),
        _ => return Err(answer.refusal().into()),
    }
    match operation {
        Op::ListBuckets(list) => lists::buckets(answer, list.marker.clone()),
        Op::CreateBucket(_) => Ok(Outcome::BucketCreated),
        Op::HeadBucket(_) => Ok(Outcome::BucketHead {
            region: answer.region()?,
        }),
        Op::DeleteBucket(_) | Op::DeleteBucketCors(_) | Op::DeleteObject(_) | Op::AbortMultipartUpload(_) => {
            Ok(Outcome::Deleted)
        }
        Op::DeleteObjects(delete) => {
            let report = delete::read_answer(&answer.document("DeleteResult")?, delete.quiet);
            report
                .map(Outcome::ObjectsDeleted)
                .ok_or(unreadable("bad result"))
        }
        Op::GetBucketLocation(_) => {
            let text = answer.document("LocationConstraint")?.text;
            let region = Region::parse(text.strip_prefix("cos.").unwrap_or(&text));
            Ok(Outcome::Location(region.map_err(|_| unreadable("bad region"))?))
        }
        Op::GetBucketAcl(_) | Op::GetObjectAcl { .. } => {
            let inherited = answer.header(headers::ACL) == Some("default");
            let report = acl::read_answer(answer.body, &answer.document("AccessControlPolicy")?, inherited);
            report.map(Outcome::Acl).ok_or(unreadable("bad list"))
        }
        Op::GetBucketCors(_) => {
            let rules = cors::rules(&answer.document("CORSConfiguration")?);
            rules.map(Outcome::Cors).map_err(|_| unreadable("bad rules"))
        }
        Op::GetBucketPolicy(_) => policy::read_answer(answer.body)
            .map(Outcome::BucketPolicy)
            .ok_or(unreadable("bad policy")),
        Op::PutBucketPolicy { .. } => Ok(Outcome::BucketPolicyChanged),
        Op::GetBucketTagging(_) | Op::GetObjectTagging { .. } => {
            let tags = tagging::tags(&answer.document("Tagging")?, MAX_BUCKET_TAGS);
            tags.map(Outcome::Tags).map_err(|_| unreadable("bad tags"))
        }
        Op::PutBucketTagging { .. } => Ok(Outcome::BucketTagged),
        Op::DeleteBucketPolicy(_) | Op::DeleteBucketTagging(_) | Op::DeleteObjectTagging { .. } => {
            Ok(Outcome::Deleted)
        }
        // Only browsers send these.
        Op::PostObject(_) => Err(unreadable("a form was answered")),
        Op::Preflight(_) => Err(unreadable("a preflight was answered")),
        Op::PutObjectTagging { .. }
        | Op::PutBucketCors { .. }
        | Op::PutBucketAcl { .. }
        | Op::PutObjectAcl { .. } => Ok(Outcome::Changed),
        Op::ListObjects(list) => lists::objects(answer, list),
        Op::ListMultipartUploads(list) => lists::uploads(answer, list),
        Op::ListParts(list) => lists::parts(answer, list),
        Op::PutObject(_) | Op::UploadPart(_) => Ok(Outcome::Stored {
            etag: answer.etag()?,
            crc64: answer.crc64()?,
        }),
        Op::CopyObject(_) => copied(&answer.document("CopyObjectResult")?).map(Outcome::ObjectCopied),
        Op::UploadPartCopy(_) => copied(&answer.document("CopyPartResult")?).map(Outcome::PartCopied),
        Op::GetObject(_) | Op::HeadObject(_) => answer.object(),
        Op::InitiateMultipartUpload(request) => Ok(Outcome::UploadStarted {
            request: request.clone(),
            upload_id: upload_id(&answer.document("InitiateMultipartUploadResult")?)?,
        }),
        Op::CompleteMultipartUpload { upload, .. } => {
            let document = answer.document("CompleteMultipartUploadResult")?;
            Ok(Outcome::UploadCompleted {
                upload: upload.clone(),
                etag: ETag::from_text(required(&document, "ETag")?),
                crc64: answer.crc64()?,
            })
        }
        Op::Unbuilt(..) => Err(unreadable("an operation that is not offered was answered")),
    }
}

/// A refusal inside a document, such as that of one object among several, as if it had been the answer.
pub fn refusal(error: &Error) -> Refusal {
    let (code, message) = error::code_and_message(error);
    Refusal {
        status: error::status(error),
        code: code.to_owned(),
        message: message.to_owned(),
        resource: String::new(),
        request_id: String::new(),
    }
}

impl AnswerParts<'_> {
    /// Headers that were chosen for this answer cannot be told from stored ones, so that all count as stored.
    fn object(&self) -> Result<Outcome, Failure> {
        let length = self.number(headers::CONTENT_LENGTH)?;
        let (total, span) = match self.header(headers::CONTENT_RANGE) {
            Some(range) if self.status == 206 => content_range(range, length)?,
            Some(_) | None => (length, None),
        };
        Ok(Outcome::Object {
            info: ObjectInfo {
                length: total,
                etag: self.etag()?,
                crc64: self.crc64()?,
                last_modified: self.last_modified()?,
                headers: self.stored_headers()?,
            },
            span,
            overrides: ResponseOverrides::default(),
        })
    }

    fn stored_headers(&self) -> Result<ObjectHeaders, Failure> {
        let stored = |name| self.header(name).map(str::to_owned);
        let class = self.header(headers::STORAGE_CLASS).unwrap_or("STANDARD");
        Ok(ObjectHeaders {
            cache_control: stored(headers::CACHE_CONTROL),
            content_disposition: stored(headers::CONTENT_DISPOSITION),
            content_encoding: stored(headers::CONTENT_ENCODING),
            content_language: stored(headers::CONTENT_LANGUAGE),
            content_type: stored(headers::CONTENT_TYPE),
            expires: stored(headers::EXPIRES),
            storage_class: StorageClass::from_name(class).ok_or(unreadable("unknown storage class"))?,
            user_metadata: self.user_metadata(),
        })
    }

    fn user_metadata(&self) -> Vec<(String, String)> {
        let named = |name: &http::HeaderName| {
            let short = name.as_str().strip_prefix(USER_METADATA_PREFIX)?;
            Some((short.to_owned(), self.header(name.as_str())?.to_owned()))
        };
        let mut metadata: Vec<_> = self.headers.keys().filter_map(named).collect();
        metadata.sort_unstable();
        metadata
    }

    fn not_modified(&self) -> Result<Outcome, Failure> {
        Ok(Outcome::NotModified {
            etag: self.etag()?,
            last_modified: self.last_modified()?,
        })
    }

    /// The document of this name; an error document may come with a status of success.
    fn document(&self, name: &str) -> Result<Element, Failure> {
        let root = Element::parse(self.body, MAX_DOCUMENT_BYTES)
            .map_err(|_| unreadable("the document cannot be read"))?;
        if root.name == "Error" {
            return Err(self.refusal().into());
        }
        if root.name == name {
            Ok(root)
        } else {
            Err(unreadable("it has another document"))
        }
    }

    fn refusal(&self) -> Refusal {
        let document = Element::parse(self.body, MAX_DOCUMENT_BYTES)
            .ok()
            .filter(|root| root.name == "Error")
            .unwrap_or_default();
        let text = |name| document.text_of(name).unwrap_or_default().to_owned();
        let status_in_words = || {
            StatusCode::from_u16(self.status)
                .ok()
                .and_then(|status| status.canonical_reason())
                .unwrap_or("unknown status")
                .to_owned()
        };
        let request_id = self.header(headers::REQUEST_ID).unwrap_or_default();
        Refusal {
            status: self.status,
            code: Some(text("Code"))
                .filter(|code| !code.is_empty())
                .unwrap_or_else(status_in_words),
            message: text("Message"),
            resource: text("Resource"),
            request_id: Some(text("RequestId"))
                .filter(|id| !id.is_empty())
                .unwrap_or_else(|| request_id.to_owned()),
        }
    }

    fn header(&self, name: &str) -> Option<&str> {
        std::str::from_utf8(self.headers.get(name)?.as_bytes()).ok()
    }

    fn number(&self, name: &str) -> Result<u64, Failure> {
        self.header(name)
            .and_then(|text| text.parse().ok())
            .ok_or(unreadable("a header with a number is missing"))
    }

    fn etag(&self) -> Result<ETag, Failure> {
        let text = self.header(headers::ETAG).ok_or(unreadable("no ETag"))?;
        Ok(ETag::from_text(text))
    }

    fn crc64(&self) -> Result<u64, Failure> {
        self.number(headers::CRC64)
    }

    fn last_modified(&self) -> Result<Timestamp, Failure> {
        self.header(headers::LAST_MODIFIED)
            .and_then(Timestamp::parse_http_date)
            .ok_or(unreadable("no Last-Modified"))
    }

    fn region(&self) -> Result<Region, Failure> {
        self.header(headers::BUCKET_REGION)
            .and_then(|text| Region::parse(text).ok())
            .ok_or(unreadable("no region"))
    }
}

/// `bytes <first>-<last>/<total>`, whose span must be as long as the body is said to be.
fn content_range(text: &str, length: u64) -> Result<(u64, Option<Span>), Failure> {
    let parse = || {
        let (range, total) = text.strip_prefix("bytes ")?.split_once('/')?;
        let (first, last) = range.split_once('-')?;
        let (first, last): (u64, u64) = (first.parse().ok()?, last.parse().ok()?);
        let total: u64 = total.parse().ok()?;
        let fits = last.checked_sub(first)?.checked_add(1)? == length && last < total;
        let span = Span { start: first, length };
        fits.then_some((total, Some(span)))
    };
    parse().ok_or(unreadable("bad Content-Range"))
}

fn copied(root: &Element) -> Result<Copied, Failure> {
    copy::read_answer(root).ok_or(unreadable("bad result of a copy"))
}

fn upload_id(element: &Element) -> Result<UploadId, Failure> {
    UploadId::parse(required(element, "UploadId")?).map_err(|_| unreadable("bad upload id"))
}

fn required<'a>(element: &'a Element, name: &str) -> Result<&'a str, Failure> {
    element.text_of(name).ok_or(unreadable("an element is missing"))
}

const fn unreadable(what: &'static str) -> Failure {
    Failure::Unreadable(what)
}
