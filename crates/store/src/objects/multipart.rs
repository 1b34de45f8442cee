//! Beginning an upload, storing its parts, listing them, and throwing the upload away.

use daypass_api::names::{ObjectKey, UploadId};
use daypass_api::object::{ETag, MAX_PARTS};
use daypass_api::operation::{InitiateMultipartUpload, ListParts, UploadPart, UploadRef};
use daypass_api::outcome::{Ownership, PartList, PartSummary};
use daypass_api::{Error, ErrorCode, Outcome, Timestamp};
use daypass_kv::KeyRange;
use daypass_metadata::Found;
use daypass_metadata::blob_life::{NewData, Referrer};
use daypass_metadata::keys::{self, ContentId};
use daypass_metadata::upload::{self, FoundPart, PartRecord, UploadRecord};

use super::BodyStream;
use super::list::page_size;
use crate::fault::NotCommitted;
use crate::{Attempts, Random, Store, View, fault};

impl Store {
    /// Begins an upload in parts.
    pub async fn initiate_multipart(
        &self,
        mut view: View,
        initiate: &InitiateMultipartUpload,
        ownership: Ownership,
        now: Timestamp,
        random: &dyn Random,
    ) -> Result<Outcome, Error> {
        let mut id = [0; 16];
        let mut content = [0; 16];
        random.fill(&mut id);
        random.fill(&mut content);
        let upload_id = UploadId::from_random(now, id);
        let mut attempts = Attempts::default();
        loop {
            attempts.another().await?;
            let bucket = view.require_bucket(&initiate.bucket).await?;
            if initiate.forbid_overwrite && view.object(&initiate.bucket, &initiate.key).await?.is_some() {
                return Err(ErrorCode::ObjectExists.into());
            }
            let record = UploadRecord {
                ownership,
                initiated: now,
                headers: initiate.headers.clone(),
                acl: initiate.acl.acl(bucket.owner),
                forbid_overwrite: initiate.forbid_overwrite,
                content: ContentId(content),
                tags: initiate.tags.clone(),
            };
            if self
                .commit(upload::begin(
                    &initiate.bucket,
                    &initiate.key,
                    &upload_id,
                    &record,
                ))
                .await?
            {
                return Ok(Outcome::UploadStarted {
                    request: initiate.clone(),
                    upload_id,
                });
            }
            view = self.view().await?;
        }
    }

    /// Stores a part, in the place of an earlier one of the same number.
    pub async fn upload_part(
        &self,
        view: View,
        part: &UploadPart,
        body: BodyStream<'_>,
        now: Timestamp,
        random: &dyn Random,
    ) -> Result<Outcome, Error> {
        if !(1..=MAX_PARTS).contains(&part.part_number) {
            return Err(Error::with_message(
                ErrorCode::InvalidArgument,
                "The part number must be an integer between 1 and 10000",
            ));
        }
        let upload = view.upload(&part.upload).await?;
        let previous = view.part(&upload, part.part_number).await?;
        drop(view);

        let referrer = Referrer {
            bucket: part.upload.bucket.clone(),
            key: part.upload.key.clone(),
        };
        let received = self.receive(body, &part.body, &referrer, now, random).await?;
        let record = PartRecord {
            md5: received.summary.md5,
            crc64: received.summary.crc64,
            length: received.summary.length,
            last_modified: now,
            place: received.data.as_ref().map(NewData::place),
        };
        match self
            .commit_part(part, &upload, previous, &record, received.data.as_ref())
            .await
        {
            Ok(()) => Ok(Outcome::Stored {
                etag: ETag::from_md5(record.md5),
                crc64: record.crc64,
            }),
            Err(failure) => {
                if !failure.maybe_applied {
                    self.discard(&received).await;
                }
                Err(failure.error)
            }
        }
    }

    async fn commit_part(
        &self,
        part: &UploadPart,
        upload: &UploadRecord,
        mut previous: Option<Found<PartRecord>>,
        record: &PartRecord,
        data: Option<&NewData>,
    ) -> Result<(), NotCommitted> {
        let open = (&part.upload.upload_id, upload);
        let referrer = Referrer {
            bucket: part.upload.bucket.clone(),
            key: part.upload.key.clone(),
        };
        let mut attempts = Attempts::default();
        loop {
            attempts.another().await?;
            let (number, referrer) = (part.part_number, referrer.clone());
            let batch = upload::put_part(referrer, open, number, previous.as_ref(), record, data);
            if self.commit(batch).await? {
                return Ok(());
            }
            let view = self.view().await?;
            view.upload(&part.upload).await?;
            view.require_announced(data).await?;
            previous = view.part(upload, part.part_number).await?;
        }
    }

    /// Throws an upload away.
    pub async fn abort_multipart(
        &self,
        mut view: View,
        abort: &UploadRef,
        now: Timestamp,
    ) -> Result<Outcome, Error> {
        let mut attempts = Attempts::default();
        loop {
            attempts.another().await?;
            let record = view.upload(abort).await?;
            if self
                .commit(upload::abort(
                    &abort.bucket,
                    &abort.key,
                    &abort.upload_id,
                    &record,
                    now,
                ))
                .await?
            {
                return Ok(Outcome::Deleted);
            }
            view = self.view().await?;
        }
    }

    /// The parts of an upload so far, in order of their numbers.
    pub async fn list_parts(&self, view: &View, list: &ListParts) -> Result<Outcome, Error> {
        let upload = view.upload(&list.upload).await?;
        let limit = page_size(list.max_parts);
        let marker = keys::part(upload.content, list.part_number_marker);
        let range = KeyRange::prefix(keys::parts(upload.content)).after(marker);
        let mut found = view.first(range, limit.saturating_add(1)).await?;
        let truncated = found.len() > limit && limit > 0;
        found.truncate(limit);
        let parts = found
            .into_iter()
            .map(|(key, value)| read_part(&key, value).map(summary));
        Ok(Outcome::Parts(PartList {
            request: list.clone(),
            ownership: upload.ownership,
            storage_class: upload.headers.storage_class,
            parts: parts.collect::<Result<_, _>>()?,
            truncated,
        }))
    }
}

impl View {
    /// An upload in progress; its id counts only together with its bucket and key.
    pub(crate) async fn upload(&self, upload: &UploadRef) -> Result<UploadRecord, Error> {
        let UploadRef {
            bucket,
            key,
            upload_id,
        } = upload;
        match self
            .record::<UploadRecord>(&keys::upload(bucket, key, upload_id))
            .await?
        {
            Some(found) => Ok(found.record),
            None => {
                self.require_bucket(bucket).await?;
                Err(ErrorCode::NoSuchUpload.into())
            }
        }
    }

    async fn part(&self, upload: &UploadRecord, number: u32) -> Result<Option<Found<PartRecord>>, Error> {
        self.record(&keys::part(upload.content, number)).await
    }
}

/// Reads a stored part with its number.
pub(crate) fn read_part(key: &[u8], value: bytes::Bytes) -> Result<FoundPart, Error> {
    upload::read_part(key, value).map_err(|error| fault::undecodable("part", error))
}

fn summary((part_number, part): FoundPart) -> PartSummary {
    PartSummary {
        part_number,
        last_modified: part.record.last_modified,
        etag: part.record.etag(),
        length: part.record.length,
    }
}

/// The key an upload is for, when a list shows it.
pub(crate) fn object_key(text: &str) -> Result<ObjectKey, Error> {
    ObjectKey::parse(text.as_bytes()).map_err(|_| fault::inconsistent("the key of an upload"))
}
