//! The object store's calls, one file for each kind of thing.
//!
//! Each call is an operation of `api`, spelled by `dialect`, signed, sent, and read back as the outcome of that
//! operation.

mod attributes;
mod buckets;
mod copies;
mod cors;
mod download;
mod form;
mod listing;
mod multipart;
mod object;
mod presign;
mod put_signature;
mod sign;

use daypass_api::Outcome;
use daypass_api::object::ETag;
use daypass_api::operation::ObjectOperation;
use daypass_dialect::cos::answer::{self, AnswerParts};
use daypass_dialect::cos::request;

pub use cors::read_cors_document;
pub use download::Download;
pub use form::{FormKey, FormSuccess, FormUpload, SignedForm};
pub use multipart::UploadedPart;
pub use presign::SignedUrl;
pub use put_signature::SignedPut;

pub(crate) use sign::unsignable;

use crate::connection::{Ask, Connection};
use crate::error::Error;
use crate::payload::Payload;
use crate::retry::{Patience, Repetition};
use crate::transport::{Answer, AnswerBody};

/// The object store.
#[derive(Clone)]
pub struct ObjectClient {
    connection: Connection,
}

/// What the server stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stored {
    /// Its tag.
    pub etag: ETag,
    /// CRC-64/XZ of its bytes, which is that of the bytes sent.
    pub crc64: u64,
}

impl ObjectClient {
    /// The object store at the other end of a connection.
    pub fn new(connection: Connection) -> Self {
        Self { connection }
    }

    /// The connection that everything goes over.
    pub fn connection(&self) -> &Connection {
        &self.connection
    }

    pub(crate) fn patience(&self) -> Patience {
        self.connection.patience()
    }

    /// Performs an operation whose answer is a document or nothing.
    async fn call(&self, operation: &ObjectOperation, payload: Payload) -> Result<Outcome, Error> {
        let (outcome, _) = self.exchange(operation, payload, AnswerBody::Document).await?;
        Ok(outcome)
    }

    /// The same with the document that belongs to the operation, if one does.
    async fn call_with_document(&self, operation: &ObjectOperation) -> Result<Outcome, Error> {
        let payload = request::document(operation).map_or_else(Payload::empty, Payload::document);
        self.call(operation, payload).await
    }

    async fn exchange(
        &self,
        operation: &ObjectOperation,
        payload: Payload,
        body: AnswerBody,
    ) -> Result<(Outcome, Answer), Error> {
        let endpoint = self.connection.endpoint();
        let mut parts = request::write(operation, &endpoint.for_dialect()).map_err(Error::Request)?;
        if let (ObjectOperation::ListBuckets(_), Some(host)) = (operation, endpoint.host_of_all_regions()) {
            parts.host = host.to_owned();
        }
        if let Some(digest) = payload.content_md5() {
            let content_type = document_type(operation);
            parts.headers.push(("content-md5".into(), digest.to_owned()));
            parts
                .headers
                .push(("content-type".into(), content_type.to_owned()));
        }
        let length = payload.length();
        let ask = Ask {
            repetition: repetition(operation, parts.method),
            payload,
            body,
        };
        let head = |now, credentials: Option<&_>| sign::head(&parts, length, credentials, now);
        let read = |answer: &Answer| {
            let parts = AnswerParts {
                status: answer.parts.status.as_u16(),
                headers: &answer.parts.headers,
                body: &answer.document,
            };
            Ok(answer::read(operation, &parts)?)
        };
        self.connection.exchange(ask, head, read).await
    }

    /// Performs an operation that stores its payload, and compares what was stored with what was sent.
    async fn store(&self, operation: &ObjectOperation, payload: Payload) -> Result<Stored, Error> {
        let (outcome, answer) = self.exchange(operation, payload, AnswerBody::Document).await?;
        let Outcome::Stored { etag, crc64 } = outcome else {
            return Err(Error::other_outcome());
        };
        let sent = answer.sent.whole_crc64();
        let expected = sent.ok_or_else(|| Error::malformed("it came before the whole body was sent"))?;
        check_integrity(expected, crc64)?;
        Ok(Stored { etag, crc64 })
    }
}

/// What the document is that goes with an operation.
fn document_type(operation: &ObjectOperation) -> &'static str {
    match operation {
        ObjectOperation::PutBucketPolicy { .. } => "application/json",
        _ => "application/xml",
    }
}

/// A POST begins or ends an upload, once; everything else means the same however often it is performed.
fn repetition(operation: &ObjectOperation, method: &str) -> Repetition {
    match (operation, method) {
        (ObjectOperation::DeleteObjects(_), _) => Repetition::Harmless,
        (_, "POST") => Repetition::Effective,
        _ => Repetition::Harmless,
    }
}

fn check_integrity(expected: u64, got: u64) -> Result<(), Error> {
    if expected == got {
        Ok(())
    } else {
        Err(Error::Integrity { expected, got })
    }
}
