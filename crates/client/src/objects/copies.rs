//! Copies that the server makes: no byte of them comes through here.

use daypass_api::Outcome;
use daypass_api::object::Span;
use daypass_api::operation::{CopyObject, CopySource, ObjectOperation, UploadPartCopy, UploadRef};
use daypass_api::outcome::Copied;

use super::{ObjectClient, UploadedPart};
use crate::error::Error;
use crate::payload::Payload;

impl ObjectClient {
    /// Stores what another object has; at most 5 GiB, larger ones are copied in parts.
    pub async fn copy_object(&self, copy: CopyObject) -> Result<Copied, Error> {
        match self
            .call(&ObjectOperation::CopyObject(copy), Payload::empty())
            .await?
        {
            Outcome::ObjectCopied(copied) => Ok(copied),
            _ => Err(Error::other_outcome()),
        }
    }

    /// Stores a stretch of an object as one part, numbered from 1.
    pub async fn upload_part_copy(
        &self,
        upload: &UploadRef,
        part_number: u32,
        source: CopySource,
        span: Span,
    ) -> Result<UploadedPart, Error> {
        let part = UploadPartCopy {
            source,
            span: Some(span),
            upload: upload.clone(),
            part_number,
        };
        match self
            .call(&ObjectOperation::UploadPartCopy(part), Payload::empty())
            .await?
        {
            Outcome::PartCopied(copied) => Ok(UploadedPart {
                part_number,
                etag: copied.etag,
                crc64: copied.crc64,
                length: span.length,
            }),
            _ => Err(Error::other_outcome()),
        }
    }
}
