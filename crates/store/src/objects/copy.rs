//! Objects and parts made of what an object already has.
//!
//! A copied object shares the blobs of its source: each gets another holder, in a batch that requires the source to
//! hold it still. A copied part is read and written anew, since its tag is the MD5 of just those bytes, and they may
//! be any stretch of the source.

use daypass_api::object::{MAX_SINGLE_UPLOAD_BYTES, ReadVerdict, Span};
use daypass_api::operation::{BodyClaims, CopyObject, CopySource, UploadPart, UploadPartCopy};
use daypass_api::outcome::Copied;
use daypass_api::{Error, ErrorCode, Outcome, Timestamp};
use daypass_metadata::Found;
use daypass_metadata::blob_life::{InlineRecord, Referrer};
use daypass_metadata::keys::{ContentId, DataId};
use daypass_metadata::object::{self, Content, CopiedPiece, ObjectRecord, Place, Segment};

use super::put::judge;
use crate::{Attempts, Random, Store, View};

impl Store {
    /// Makes an object of another one.
    ///
    /// Only the source that the view shows is copied, since that one was judged: if it changes meanwhile, the
    /// copy is refused with `SlowDown`, and whoever asks again is judged again.
    pub async fn copy_object(
        &self,
        mut view: View,
        copy: &CopyObject,
        now: Timestamp,
        random: &dyn Random,
    ) -> Result<Outcome, Error> {
        let source = view.source_of_copy(&copy.source).await?;
        if source.record.length > MAX_SINGLE_UPLOAD_BYTES {
            return Err(ErrorCode::EntityTooLarge.into());
        }
        let pieces = view.copied_pieces(&source.record, random).await?;
        let (from, to) = (holder(&source.record.content), ContentId(fresh(random)));
        let referrer = Referrer {
            bucket: copy.put.bucket.clone(),
            key: copy.put.key.clone(),
        };
        let mut attempts = Attempts::default();
        loop {
            attempts.another().await?;
            let owner = view.require_bucket(&copy.put.bucket).await?.owner;
            let current = view.object(&copy.put.bucket, &copy.put.key).await?;
            judge(&copy.put, current.as_ref().map(|found| &found.record))?;
            let next = ObjectRecord {
                last_modified: now,
                headers: headers(copy, &source.record),
                acl: copy.put.acl.acl(owner),
                tags: if copy.replaces_tags {
                    copy.put.tags.clone()
                } else {
                    source.record.tags.clone()
                },
                ..source.record.clone()
            };
            let batch = object::copy(&referrer, current.as_ref(), next, &pieces, from, to);
            if self.commit(batch).await? {
                return Ok(Outcome::ObjectCopied(Copied {
                    etag: source.record.etag,
                    crc64: source.record.crc64,
                    last_modified: now,
                }));
            }
            view = self.view().await?;
            let still = view.object(&copy.source.bucket, &copy.source.key).await?;
            if still.is_none_or(|still| still.bytes != source.bytes) {
                return Err(ErrorCode::SlowDown.into());
            }
        }
    }

    /// Makes a part of an object's bytes, all of them or a stretch.
    pub async fn upload_part_copy(
        &self,
        view: View,
        part: &UploadPartCopy,
        now: Timestamp,
        random: &dyn Random,
    ) -> Result<Outcome, Error> {
        let source = view.source_of_copy(&part.source).await?.record;
        let span = part.span.unwrap_or(Span {
            start: 0,
            length: source.length,
        });
        if span.start.saturating_add(span.length) > source.length {
            return Err(ErrorCode::InvalidRange.into());
        }
        if span.length > MAX_SINGLE_UPLOAD_BYTES {
            return Err(ErrorCode::EntityTooLarge.into());
        }
        let bytes = self.read_span(&view, &source.content, span).await?;
        let target = UploadPart {
            upload: part.upload.clone(),
            part_number: part.part_number,
            body: BodyClaims::default(),
        };
        match self.upload_part(view, &target, bytes, now, random).await? {
            Outcome::Stored { etag, crc64 } => Ok(Outcome::PartCopied(Copied {
                etag,
                crc64,
                last_modified: now,
            })),
            other => Ok(other),
        }
    }
}

impl View {
    async fn source_of_copy(&self, source: &CopySource) -> Result<Found<ObjectRecord>, Error> {
        let version = source.version_id.as_ref().map(|version| version.decoded.as_str());
        if !matches!(version, None | Some("" | "null")) {
            return Err(ErrorCode::NoSuchVersion.into());
        }
        let found = self.require_object(&source.bucket, &source.key).await?;
        let record = &found.record;
        match source
            .preconditions
            .judge_read(&record.etag, record.last_modified)
        {
            ReadVerdict::Proceed => Ok(found),
            ReadVerdict::NotModified | ReadVerdict::Failed => Err(ErrorCode::PreconditionFailed.into()),
        }
    }

    /// The pieces of the source, of which the inline ones get bytes and ids of their own.
    async fn copied_pieces(
        &self,
        source: &ObjectRecord,
        random: &dyn Random,
    ) -> Result<Vec<CopiedPiece>, Error> {
        let mut pieces = Vec::new();
        for segment in self.segments(&source.content, source.length).await? {
            pieces.push(match segment.place {
                Place::Blob(_) => CopiedPiece {
                    segment,
                    inline: None,
                },
                Place::Inline(id) => CopiedPiece {
                    inline: Some(InlineRecord {
                        crc64: segment.crc64,
                        data: self.inline_data(id, segment).await?,
                    }),
                    segment: Segment {
                        place: Place::Inline(DataId(fresh(random))),
                        ..segment
                    },
                },
            });
        }
        Ok(pieces)
    }
}

fn headers(copy: &CopyObject, source: &ObjectRecord) -> daypass_api::object::ObjectHeaders {
    let mut headers = if copy.replaces_headers {
        copy.put.headers.clone()
    } else {
        source.headers.clone()
    };
    headers.storage_class = copy.put.headers.storage_class;
    headers
}

/// In whose name the source holds its blobs; without bytes it holds none.
fn holder(content: &Content) -> ContentId {
    match content {
        Content::Empty => ContentId([0; 16]),
        Content::Single { holder, .. } | Content::Manifest { holder } => *holder,
    }
}

fn fresh(random: &dyn Random) -> [u8; 16] {
    let mut bytes = [0; 16];
    random.fill(&mut bytes);
    bytes
}
