//! Uploads in parts.

use crc_fast::CrcAlgorithm::Crc64Xz;
use daypass_api::Outcome;
use daypass_api::object::{ETag, MAX_PARTS};
use daypass_api::operation::{
    BodyClaims, InitiateMultipartUpload, ListMultipartUploads, ListParts, ObjectOperation, PartEntry,
    UploadPart, UploadRef,
};
use daypass_api::outcome::{PartList, UploadList};
use futures_util::stream::{self, Stream, StreamExt, TryStreamExt};
use std::io;

use super::sign::unsignable;
use super::{ObjectClient, Stored, check_integrity};
use crate::error::Error;
use crate::payload::Payload;

/// A part that the server has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UploadedPart {
    /// Its number.
    pub part_number: u32,
    /// Its tag.
    pub etag: ETag,
    /// CRC-64/XZ of its bytes.
    pub crc64: u64,
    /// Its length in bytes.
    pub length: u64,
}

impl ObjectClient {
    /// Begins an upload.
    pub async fn initiate_multipart_upload(
        &self,
        start: InitiateMultipartUpload,
    ) -> Result<UploadRef, Error> {
        let initiate = ObjectOperation::InitiateMultipartUpload(start);
        match self.call(&initiate, Payload::empty()).await? {
            Outcome::UploadStarted { request, upload_id } => Ok(UploadRef {
                bucket: request.bucket,
                key: request.key,
                upload_id,
            }),
            _ => Err(Error::other_outcome()),
        }
    }

    /// Stores one part, numbered from 1.
    pub async fn upload_part(
        &self,
        upload: &UploadRef,
        part_number: u32,
        payload: Payload,
    ) -> Result<UploadedPart, Error> {
        let length = payload.length();
        let body = BodyClaims {
            length: Some(length),
            ..BodyClaims::default()
        };
        let part = UploadPart {
            upload: upload.clone(),
            part_number,
            body,
        };
        let Stored { etag, crc64 } = self.store(&ObjectOperation::UploadPart(part), payload).await?;
        Ok(UploadedPart {
            part_number,
            etag,
            crc64,
            length,
        })
    }

    /// Stores parts as they come, a few at once, and numbers them from 1. No more payloads are asked for than are
    /// under way. The first failure ends it; what was stored so far stays until the upload is aborted.
    pub async fn upload_parts(
        &self,
        upload: &UploadRef,
        parts: impl Stream<Item = io::Result<Payload>> + Send,
        at_once: usize,
    ) -> Result<Vec<UploadedPart>, Error> {
        let numbers = stream::iter(1..=u32::MAX);
        parts
            .map_err(Error::Source)
            .zip(numbers)
            .map(|(payload, number)| Ok((payload?, number)))
            .map_ok(|(payload, number)| async move {
                if number > MAX_PARTS {
                    return Err(unsignable("an upload has at most 10000 parts"));
                }
                self.upload_part(upload, number, payload).await
            })
            .try_buffered(at_once.max(1))
            .try_collect()
            .await
    }

    /// Makes the parts one object. That the server put together what was sent is certain when this succeeds.
    pub async fn complete_multipart_upload(
        &self,
        upload: &UploadRef,
        parts: &[UploadedPart],
        forbid_overwrite: bool,
    ) -> Result<Stored, Error> {
        let complete = ObjectOperation::CompleteMultipartUpload {
            upload: upload.clone(),
            forbid_overwrite,
            parts: parts.iter().map(UploadedPart::entry).collect(),
        };
        let Outcome::UploadCompleted { etag, crc64, .. } = self.call_with_document(&complete).await? else {
            return Err(Error::other_outcome());
        };
        check_integrity(whole_crc64(parts), crc64)?;
        Ok(Stored { etag, crc64 })
    }

    /// Throws an upload and its parts away.
    pub async fn abort_multipart_upload(&self, upload: &UploadRef) -> Result<(), Error> {
        let abort = ObjectOperation::AbortMultipartUpload(upload.clone());
        self.call(&abort, Payload::empty()).await?;
        Ok(())
    }

    /// One page of the uploads in progress.
    pub async fn list_multipart_uploads(&self, list: ListMultipartUploads) -> Result<UploadList, Error> {
        let list = ObjectOperation::ListMultipartUploads(list);
        match self.call(&list, Payload::empty()).await? {
            Outcome::Uploads(uploads) => Ok(uploads),
            _ => Err(Error::other_outcome()),
        }
    }

    /// One page of the parts that the server has.
    pub async fn list_parts(&self, list: ListParts) -> Result<PartList, Error> {
        match self
            .call(&ObjectOperation::ListParts(list), Payload::empty())
            .await?
        {
            Outcome::Parts(parts) => Ok(parts),
            _ => Err(Error::other_outcome()),
        }
    }
}

impl UploadedPart {
    fn entry(&self) -> PartEntry {
        PartEntry {
            part_number: self.part_number,
            etag: self.etag.clone(),
        }
    }
}

/// The checksum of the parts one after another.
fn whole_crc64(parts: &[UploadedPart]) -> u64 {
    let empty = crc_fast::checksum(Crc64Xz, b"");
    parts.iter().fold(empty, |crc64, part| {
        crc_fast::checksum_combine(Crc64Xz, crc64, part.crc64, part.length)
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn checksums_of_parts_add_up(parts in proptest::collection::vec(any::<Vec<u8>>(), 0..5)) {
            let uploaded: Vec<_> = parts.iter().zip(1..).map(|(bytes, part_number)| UploadedPart {
                part_number,
                etag: ETag::from_text(""),
                crc64: crc_fast::checksum(Crc64Xz, bytes),
                length: bytes.len() as u64,
            }).collect();
            prop_assert_eq!(whole_crc64(&uploaded), crc_fast::checksum(Crc64Xz, &parts.concat()));
        }
    }
}
