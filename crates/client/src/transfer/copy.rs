//! From object to object, inside the store.

use daypass_api::object::{ETagMatch, ObjectInfo, Preconditions};
use daypass_api::operation::{CopyObject, CopySource, InitiateMultipartUpload, UploadRef};
use futures_util::stream::{self, StreamExt, TryStreamExt};

use super::{Transfer, stretches};
use crate::error::Error;
use crate::objects::{ObjectClient, Stored};
use crate::request;

/// The length of the parts of a copy: the server works on each without a word, and must not seem to have died.
const PART_BYTES: u64 = 256 * 1024 * 1024;

impl ObjectClient {
    /// Stores what another object has, of any size. Those that are too large for one request are copied in parts, for
    /// which the source is looked at first.
    pub async fn copy(&self, copy: CopyObject, transfer: &Transfer) -> Result<Stored, Error> {
        let work = async {
            // The server moves the bytes, however many they are.
            let _slot = transfer.slot(0).await?;
            self.copy_object(copy.clone()).await
        };
        match transfer.stop.or(work).await {
            Ok(copied) => Ok(Stored {
                etag: copied.etag,
                crc64: copied.crc64,
            }),
            Err(Error::Refused(refusal)) if refusal.code == "EntityTooLarge" => {
                self.copy_in_parts(copy, transfer).await
            }
            Err(error) => Err(error),
        }
    }

    async fn copy_in_parts(&self, copy: CopyObject, transfer: &Transfer) -> Result<Stored, Error> {
        let CopyObject {
            source,
            put,
            replaces_headers,
            replaces_tags,
        } = copy;
        let mut read = request::read_object(&source.bucket, &source.key);
        read.preconditions = source.preconditions.clone();
        let info = transfer.stop.or(self.head_object(read)).await?;
        let tags = match replaces_tags {
            true => put.tags,
            false => self.tags_if_any(&source).await?,
        };
        let start = InitiateMultipartUpload {
            bucket: put.bucket,
            key: put.key,
            headers: match replaces_headers {
                true => put.headers,
                false => info.headers.clone(),
            },
            acl: put.acl,
            tags,
            forbid_overwrite: put.forbid_overwrite,
        };
        let source = CopySource {
            preconditions: unchanged(&info),
            ..source
        };
        let length = info.length;
        let parts =
            |upload: UploadRef| async move { self.copied_parts(&upload, &source, length, transfer).await };
        let stored = self.in_parts(start, transfer, parts).await?;
        match stored.crc64 == info.crc64 {
            true => Ok(stored),
            false => Err(Error::Integrity {
                expected: info.crc64,
                got: stored.crc64,
            }),
        }
    }

    async fn copied_parts(
        &self,
        upload: &UploadRef,
        source: &CopySource,
        length: u64,
        transfer: &Transfer,
    ) -> Result<Vec<crate::UploadedPart>, Error> {
        let part = transfer.part_length(length).max(PART_BYTES);
        stream::iter(stretches(length, part).zip(1u32..))
            .map(|(span, number)| async move {
                let _slot = transfer.slot(span.length).await?;
                self.upload_part_copy(upload, number, source.clone(), span).await
            })
            .buffered(transfer.at_once)
            .try_collect()
            .await
    }

    async fn tags_if_any(&self, source: &CopySource) -> Result<daypass_api::tags::Tags, Error> {
        match self.object_tags(&source.bucket, &source.key).await {
            Err(Error::Refused(refusal)) if refusal.code == "NoSuchTagSet" => Ok(Vec::new()),
            outcome => outcome,
        }
    }
}

/// Only the object that was looked at.
fn unchanged(info: &ObjectInfo) -> Preconditions {
    Preconditions {
        if_match: Some(ETagMatch::OneOf(vec![info.etag.clone()])),
        ..Preconditions::default()
    }
}
