//! Making the parts of an upload one object.
//!
//! No byte is copied: the object's manifest lists the blobs of the parts, which keep their references.

use std::collections::BTreeMap;

use daypass_api::object::{ETag, MAX_PARTS, MAX_SINGLE_UPLOAD_BYTES, MIN_PART_BYTES};
use daypass_api::operation::{PartEntry, UploadRef};
use daypass_api::{Error, ErrorCode, Outcome, Timestamp};
use daypass_metadata::keys;
use daypass_metadata::object::{Content, ObjectRecord};
use daypass_metadata::upload::{Completion, FoundPart, UploadRecord};

use super::digest;
use super::multipart::read_part;
use crate::{Attempts, Store, View};

/// The largest object, 48.82 TB, needs no check of its own: it is as many parts as there may be, of the largest
/// size that one may have.
const _: () = assert!(MAX_PARTS as u64 * MAX_SINGLE_UPLOAD_BYTES == 50_000 << 30);

impl Store {
    /// Makes the listed parts one object, in their order, and throws the others away. An upload is completed
    /// once; after that there is no such upload.
    pub async fn complete_multipart(
        &self,
        mut view: View,
        upload: &UploadRef,
        forbid_overwrite: bool,
        entries: &[PartEntry],
        now: Timestamp,
    ) -> Result<Outcome, Error> {
        let mut attempts = Attempts::default();
        loop {
            attempts.another().await?;
            let record = view.upload(upload).await?;
            let stored = view.parts(&record).await?;
            let (listed, unlisted) = select(entries, stored)?;
            let current = view.object(&upload.bucket, &upload.key).await?;
            if (forbid_overwrite || record.forbid_overwrite) && current.is_some() {
                return Err(ErrorCode::ObjectExists.into());
            }
            let content = record.content;
            let next = assemble(record, &listed, now);
            let (etag, crc64) = (next.etag.clone(), next.crc64);
            let completion = Completion {
                bucket: &upload.bucket,
                key: &upload.key,
                id: &upload.upload_id,
                content,
                listed: &listed,
                unlisted: &unlisted,
                previous: current.as_ref(),
            };
            if self.commit(completion.batch(next)).await? {
                return Ok(Outcome::UploadCompleted {
                    upload: upload.clone(),
                    etag,
                    crc64,
                });
            }
            view = self.view().await?;
        }
    }
}

impl View {
    async fn parts(&self, upload: &UploadRecord) -> Result<BTreeMap<u32, FoundPart>, Error> {
        let pairs = self.all(keys::parts(upload.content)).await?;
        let parts = pairs
            .into_iter()
            .map(|(key, value)| read_part(&key, value).map(|part| (part.0, part)));
        parts.collect()
    }
}

/// Picks the parts that the list names, and leaves the rest.
fn select(
    entries: &[PartEntry],
    mut stored: BTreeMap<u32, FoundPart>,
) -> Result<(Vec<FoundPart>, Vec<FoundPart>), Error> {
    check_order(entries)?;
    let mut listed = Vec::with_capacity(entries.len().min(stored.len()));
    for entry in entries {
        let part = stored
            .remove(&entry.part_number)
            .filter(|(_, part)| part.record.etag() == entry.etag);
        listed.push(part.ok_or(ErrorCode::InvalidPart)?);
    }
    let too_small = |(_, part): &FoundPart| part.record.length < MIN_PART_BYTES;
    if listed.iter().rev().skip(1).any(too_small) {
        return Err(ErrorCode::EntityTooSmall.into());
    }
    Ok((listed, stored.into_values().collect()))
}

/// "Complete Multipart Upload": numbers ascend, and leave none out.
fn check_order(entries: &[PartEntry]) -> Result<(), Error> {
    if entries.is_empty() {
        return Err(Error::with_message(
            ErrorCode::InvalidPart,
            "The list of parts is empty",
        ));
    }
    let steps = || {
        entries
            .iter()
            .zip(entries.iter().skip(1))
            .map(|(one, next)| (one.part_number, next.part_number))
    };
    if steps().any(|(one, next)| next <= one) {
        return Err(ErrorCode::InvalidPartOrder.into());
    }
    if steps().any(|(one, next)| next != one.saturating_add(1)) {
        return Err(Error::with_message(
            ErrorCode::InvalidPart,
            "The part numbers are not contiguous",
        ));
    }
    Ok(())
}

/// The object that the parts make, all but where its bytes are.
fn assemble(upload: UploadRecord, parts: &[FoundPart], now: Timestamp) -> ObjectRecord {
    let records = || parts.iter().map(|(_, part)| &part.record);
    let md5 = digest::md5_of_md5s(records().map(|part| &part.md5));
    let (length, crc64) = records().fold((0_u64, 0), |(length, crc64), part| {
        (
            length.saturating_add(part.length),
            digest::combine_crc64(crc64, part.crc64, part.length),
        )
    });
    ObjectRecord {
        length,
        etag: ETag::of_parts(md5, parts.len()),
        crc64,
        last_modified: now,
        headers: upload.headers,
        acl: upload.acl,
        content: Content::Empty,
        tags: upload.tags,
    }
}
