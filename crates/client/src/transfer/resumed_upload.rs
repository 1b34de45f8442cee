//! An upload of a file that goes on where an earlier one ended.

use std::collections::BTreeMap;

use daypass_api::names::{BucketName, ObjectKey, UploadId};
use daypass_api::object::{ETag, Span};
use daypass_api::operation::{InitiateMultipartUpload, UploadRef};
use futures_util::stream::{self, StreamExt, TryStreamExt};
use serde::{Deserialize, Serialize};

use super::checkpoint::{Checkpoint, short};
use super::source::FileSource;
use super::{Transfer, stretches};
use crate::error::Error;
use crate::objects::{ObjectClient, Stored, UploadedPart};
use crate::request;

/// Which upload a checkpoint is of.
#[derive(Clone, Debug, Deserialize, Serialize)]
struct Header {
    identity: Identity,
    upload_id: String,
}

/// Everything that must be the same for an upload to go on.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
struct Identity {
    version: u32,
    upload_to: String,
    bucket: String,
    key: String,
    /// Headers, grants and tags, which the server was told when the upload began.
    request: String,
    file: String,
    length: u64,
    part_bytes: u64,
}

/// A part that the server has.
#[derive(Clone, Debug, Deserialize, Serialize)]
struct Part {
    number: u32,
    etag: String,
    crc64: u64,
    length: u64,
}

impl From<&UploadedPart> for Part {
    fn from(part: &UploadedPart) -> Self {
        Self {
            number: part.part_number,
            etag: part.etag.as_str().to_owned(),
            crc64: part.crc64,
            length: part.length,
        }
    }
}

impl From<Part> for UploadedPart {
    fn from(part: Part) -> Self {
        Self {
            part_number: part.number,
            etag: ETag::from_text(&part.etag),
            crc64: part.crc64,
            length: part.length,
        }
    }
}

/// Of what name the checkpoint of an upload is.
pub(super) fn name(client: &ObjectClient, start: &InitiateMultipartUpload, source: &FileSource) -> String {
    let endpoint = client.connection().endpoint();
    let (bucket, key, path) = (start.bucket.as_str(), start.key.as_str(), source.place());
    format!("upload\n{endpoint}\n{bucket}\n{key}\n{path}")
}

/// An upload that was begun, and where.
pub(super) struct Begun {
    pub(super) server: String,
    pub(super) reference: UploadRef,
}

/// The upload that a checkpoint is of, if it is of one.
pub(super) fn upload_of(checkpoint: &Checkpoint) -> Option<Begun> {
    let (header, _) = checkpoint.read::<Header, Part>().ok().flatten()?;
    let Header { identity, upload_id } = header;
    Some(Begun {
        reference: UploadRef {
            bucket: BucketName::parse(&identity.bucket).ok()?,
            key: ObjectKey::parse(identity.key.as_bytes()).ok()?,
            upload_id: UploadId::parse(&upload_id).ok()?,
        },
        server: identity.upload_to,
    })
}

impl ObjectClient {
    /// Stores a file in parts, without those that the server has from before. What ends it leaves the checkpoint and the
    /// parts, unless it cannot go better another time.
    pub(super) async fn upload_on(
        &self,
        start: InitiateMultipartUpload,
        source: &FileSource,
        part_bytes: u64,
        checkpoint: Checkpoint,
        transfer: &Transfer,
    ) -> Result<Stored, Error> {
        if transfer.stop.is_stopped() {
            return Err(Error::Stopped);
        }
        let forbid_overwrite = start.forbid_overwrite;
        let (upload, done) = self.begun(start, source, part_bytes, &checkpoint).await?;
        let work = self.missing_parts(&upload, done, source, part_bytes, &checkpoint, transfer);
        let outcome = match transfer.stop.or(work).await {
            Ok(parts) => {
                self.complete_multipart_upload(&upload, &parts, forbid_overwrite)
                    .await
            }
            Err(error) => Err(error),
        };
        match outcome {
            Ok(stored) => {
                checkpoint.remove().map_err(Error::Checkpoint)?;
                Ok(stored)
            }
            Err(error) if error.may_go_better() => Err(error),
            Err(error) => {
                checkpoint.remove().map_err(Error::Checkpoint)?;
                Err(self.aborted(&upload, error).await)
            }
        }
    }

    /// The upload that the checkpoint is of with the parts that the server has, or a new one.
    async fn begun(
        &self,
        start: InitiateMultipartUpload,
        source: &FileSource,
        part_bytes: u64,
        checkpoint: &Checkpoint,
    ) -> Result<(UploadRef, Vec<UploadedPart>), Error> {
        let identity = Identity {
            version: 1,
            upload_to: self.connection().endpoint().to_string(),
            bucket: start.bucket.as_str().to_owned(),
            key: start.key.as_str().to_owned(),
            request: short(&format!("{start:?}")),
            file: source.name(),
            length: source.length(),
            part_bytes,
        };
        let found = checkpoint.read::<Header, Part>().map_err(Error::Checkpoint)?;
        let before = found.and_then(|(header, parts)| {
            let upload = UploadRef {
                bucket: start.bucket.clone(),
                key: start.key.clone(),
                upload_id: UploadId::parse(&header.upload_id).ok()?,
            };
            Some((header.identity == identity, upload, parts))
        });
        match before {
            Some((true, upload, parts)) => {
                if let Some(parts) = self.still_there(&upload, parts).await? {
                    return Ok((upload, parts));
                }
            }
            // The file is another one by now, or it is to be stored otherwise: nobody wants those parts any more. Where
            // they cannot be removed, they are found by listing uploads.
            Some((false, upload, _)) => drop(self.abort_multipart_upload(&upload).await),
            None => {}
        }
        let upload = self.initiate_multipart_upload(start).await?;
        let header = Header {
            identity,
            upload_id: upload.upload_id.to_string(),
        };
        checkpoint.begin(&header).map_err(Error::Checkpoint)?;
        Ok((upload, Vec::new()))
    }

    /// Those of the parts that the server has as they were sent; nothing where there is no such upload any more. A key that
    /// may store but not list learns it when the upload is completed.
    async fn still_there(
        &self,
        upload: &UploadRef,
        parts: Vec<Part>,
    ) -> Result<Option<Vec<UploadedPart>>, Error> {
        let parts: BTreeMap<u32, UploadedPart> =
            parts.into_iter().map(|part| (part.number, part.into())).collect();
        let mut there = Vec::new();
        let mut list = request::list_parts(upload);
        loop {
            let page = match self.list_parts(list.clone()).await {
                Ok(page) => page,
                Err(Error::Refused(refusal)) if refusal.is_not_found() => return Ok(None),
                Err(Error::Refused(refusal)) if refusal.status == 403 => {
                    return Ok(Some(parts.into_values().collect()));
                }
                Err(error) => return Err(error),
            };
            let as_sent = page.parts.iter().filter_map(|listed| {
                let part = parts.get(&listed.part_number)?;
                (part.etag == listed.etag && part.length == listed.length).then(|| part.clone())
            });
            there.extend(as_sent);
            match page.parts.last().filter(|_| page.truncated) {
                Some(last) => list.part_number_marker = last.part_number,
                None => return Ok(Some(there)),
            }
        }
    }

    async fn missing_parts(
        &self,
        upload: &UploadRef,
        done: Vec<UploadedPart>,
        source: &FileSource,
        part_bytes: u64,
        checkpoint: &Checkpoint,
        transfer: &Transfer,
    ) -> Result<Vec<UploadedPart>, Error> {
        let mut parts: BTreeMap<u32, UploadedPart> =
            done.into_iter().map(|part| (part.part_number, part)).collect();
        let missing: Vec<(u32, Span)> = (1..)
            .zip(stretches(source.length(), part_bytes))
            .filter(|(number, _)| !parts.contains_key(number))
            .collect();
        transfer
            .observer
            .expect(missing.iter().map(|(_, span)| span.length).sum());
        let mut sent = stream::iter(missing)
            .map(|(number, span)| async move {
                let payload = source.payload(span, transfer.share());
                self.one_part(upload, number, payload, transfer).await
            })
            .buffer_unordered(transfer.at_once);
        while let Some(part) = sent.try_next().await? {
            checkpoint.add(&Part::from(&part)).map_err(Error::Checkpoint)?;
            parts.insert(part.part_number, part);
        }
        Ok(parts.into_values().collect())
    }
}
