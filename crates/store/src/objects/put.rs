//! Storing an object.

use daypass_api::names::Account;
use daypass_api::object::ETag;
use daypass_api::operation::PutObject;
use daypass_api::{Error, ErrorCode, Outcome, Timestamp};
use daypass_metadata::Found;
use daypass_metadata::blob_life::{NewData, Referrer};
use daypass_metadata::keys::ContentId;
use daypass_metadata::object::{self, Content, ObjectRecord, Place, Segment};

use super::BodyStream;
use super::receive::Received;
use crate::fault::NotCommitted;
use crate::{Attempts, Random, Store, View};

impl Store {
    /// Stores an object in the place of whatever is under its key.
    ///
    /// The request's conditions are judged before the body is read, and hold at the commit too. Whatever
    /// fails, the object is as it was before.
    pub async fn put_object(
        &self,
        view: View,
        put: &PutObject,
        body: BodyStream<'_>,
        now: Timestamp,
        random: &dyn Random,
    ) -> Result<Outcome, Error> {
        let owner = view.require_bucket(&put.bucket).await?.owner;
        let current = view.object(&put.bucket, &put.key).await?;
        judge(put, current.as_ref().map(|found| &found.record))?;
        drop(view);

        let referrer = Referrer {
            bucket: put.bucket.clone(),
            key: put.key.clone(),
        };
        let received = self.receive(body, &put.body, &referrer, now, random).await?;
        let record = record(put, owner, &received, now);
        match self
            .commit_object(put, current, &record, received.data.as_ref())
            .await
        {
            Ok(()) => Ok(Outcome::Stored {
                etag: record.etag,
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

    async fn commit_object(
        &self,
        put: &PutObject,
        mut current: Option<Found<ObjectRecord>>,
        record: &ObjectRecord,
        data: Option<&NewData>,
    ) -> Result<(), NotCommitted> {
        let referrer = Referrer {
            bucket: put.bucket.clone(),
            key: put.key.clone(),
        };
        let mut attempts = Attempts::default();
        loop {
            attempts.another().await?;
            if self
                .commit(object::replace(referrer.clone(), current.as_ref(), record, data))
                .await?
            {
                return Ok(());
            }
            let view = self.view().await?;
            view.require_bucket(&put.bucket).await?;
            view.require_announced(data).await?;
            current = view.object(&put.bucket, &put.key).await?;
            judge(put, current.as_ref().map(|found| &found.record))?;
        }
    }
}

/// Refuses what the request's conditions, or its wish not to overwrite, forbid.
pub(super) fn judge(put: &PutObject, current: Option<&ObjectRecord>) -> Result<(), Error> {
    if put.forbid_overwrite && current.is_some() {
        return Err(ErrorCode::ObjectExists.into());
    }
    if !put
        .preconditions
        .allow_write(current.map(|record| (&record.etag, record.last_modified)))
    {
        return Err(ErrorCode::PreconditionFailed.into());
    }
    Ok(())
}

fn record(put: &PutObject, owner: Account, received: &Received, now: Timestamp) -> ObjectRecord {
    let summary = &received.summary;
    ObjectRecord {
        length: summary.length,
        etag: ETag::from_md5(summary.md5),
        crc64: summary.crc64,
        last_modified: now,
        headers: put.headers.clone(),
        acl: put.acl.acl(owner),
        content: match &received.data {
            Some(data) => single(data.place(), summary.length, summary.crc64),
            None => Content::Empty,
        },
        tags: put.tags.clone(),
    }
}

fn single(place: Place, length: u64, crc64: u64) -> Content {
    let (Place::Inline(id) | Place::Blob(id)) = place;
    Content::Single {
        holder: ContentId(id.0),
        segment: Segment { place, length, crc64 },
    }
}
