//! Objects: the record that listings read, where the bytes are, and how a version takes another's place.

use bytes::Bytes;
use daypass_api::Timestamp;
use daypass_api::acl::ObjectAcl;
use daypass_api::names::{BucketName, ObjectKey};
use daypass_api::object::{ETag, ObjectHeaders, ObjectInfo};
use daypass_api::tags::Tags;
use daypass_kv::Batch;

use crate::blob_life::{InlineRecord, NewData, Referrer, release, retire, share};
use crate::codec::{
    DecodeError, Decoder, Encoder, Field, Found, Record, field, record, record_since_2, require,
};
use crate::keys::{self, ContentId, DataId};

/// Most segments in one chunk of a manifest.
pub const SEGMENTS_PER_CHUNK: usize = 1000;

/// The current version of an object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ObjectRecord {
    /// Length in bytes.
    pub length: u64,
    /// Entity tag.
    pub etag: ETag,
    /// CRC-64/XZ of the whole object.
    pub crc64: u64,
    /// When it was written.
    pub last_modified: Timestamp,
    /// Headers given at the upload.
    pub headers: ObjectHeaders,
    /// Its access control list.
    pub acl: ObjectAcl,
    /// Where its bytes are.
    pub content: Content,
    /// Its tags.
    pub tags: Tags,
}

record_since_2!(ObjectRecord, "object", { length, etag, crc64, last_modified, headers, acl, content }, added { tags });

impl ObjectRecord {
    /// All that is told about the object.
    pub fn info(&self) -> ObjectInfo {
        ObjectInfo {
            length: self.length,
            etag: self.etag.clone(),
            crc64: self.crc64,
            last_modified: self.last_modified,
            headers: self.headers.clone(),
        }
    }
}

/// Where the bytes of an object are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Content {
    /// There are none.
    Empty,
    /// In one place.
    Single {
        /// Who holds the reference, if the place is a blob.
        holder: ContentId,
        /// The place.
        segment: Segment,
    },
    /// In several places, which the manifest of this content lists.
    Manifest {
        /// Who holds the references, and whose manifest it is.
        holder: ContentId,
    },
}

/// A stretch of an object that is stored in one piece.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Segment {
    /// Where.
    pub place: Place,
    /// Length in bytes; never zero.
    pub length: u64,
    /// CRC-64/XZ of these bytes.
    pub crc64: u64,
}

field!(Segment { place, length, crc64 });

/// Where a piece is stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// Beside the records.
    Inline(DataId),
    /// In a blob, from its first byte to its last.
    Blob(DataId),
}

/// One chunk of a manifest. Its key tells at which offset of the object it begins.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ManifestRecord {
    /// At most [`SEGMENTS_PER_CHUNK`] pieces, in order.
    pub segments: Vec<Segment>,
}

record!(ManifestRecord, "manifest", version 1, { segments });

/// Puts a new version in the place of what was read, if that is still so and the bucket is still there.
pub fn replace(
    referrer: Referrer,
    previous: Option<&Found<ObjectRecord>>,
    next: &ObjectRecord,
    data: Option<&NewData>,
) -> Batch {
    let batch = supersede(Batch::new(), &referrer.bucket, &referrer.key, previous, next);
    match (data, next.content) {
        (Some(data), Content::Single { holder, .. } | Content::Manifest { holder }) => {
            data.adopt(batch, holder, referrer)
        }
        (None, _) | (_, Content::Empty) => batch,
    }
}

/// Stores anew what is said about an object, if it is still as it was read. Where its bytes are stays.
pub fn change(
    bucket: &BucketName,
    key: &ObjectKey,
    previous: &Found<ObjectRecord>,
    next: ObjectRecord,
) -> Batch {
    let stored = keys::object(bucket, key);
    let content = previous.record.content;
    let next = ObjectRecord { content, ..next };
    require(Batch::new(), &stored, Some(previous)).put(stored, next.encode())
}

/// A piece of an object that is copied.
#[derive(Clone, Debug)]
pub struct CopiedPiece {
    /// Where the copy finds it: in the source's own blob, or under an id of its own.
    pub segment: Segment,
    /// Its bytes, if they are inline.
    pub inline: Option<InlineRecord>,
}

/// Makes an object of the pieces of another one, whose blobs `from` holds, in the place of what was read. It is
/// applied only while `from` still holds every one of them. `next` says everything but where its bytes are.
pub fn copy(
    referrer: &Referrer,
    previous: Option<&Found<ObjectRecord>>,
    next: ObjectRecord,
    pieces: &[CopiedPiece],
    from: ContentId,
    to: ContentId,
) -> Batch {
    let segments: Vec<Segment> = pieces.iter().map(|piece| piece.segment).collect();
    let (mut batch, content) = describe(Batch::new(), to, &segments);
    for piece in pieces {
        batch = match (piece.segment.place, &piece.inline) {
            (Place::Inline(id), Some(record)) => batch.put(keys::inline_data(id), record.encode()),
            (Place::Blob(id), _) => share(batch, id, from, to, referrer),
            (Place::Inline(_), None) => batch,
        };
    }
    let next = ObjectRecord { content, ..next };
    supersede(batch, &referrer.bucket, &referrer.key, previous, &next)
}

/// Removes an object, if it is still as it was read.
pub fn remove(bucket: &BucketName, key: &ObjectKey, previous: &Found<ObjectRecord>, now: Timestamp) -> Batch {
    let stored = keys::object(bucket, key);
    let batch = require(Batch::new(), &stored, Some(previous))
        .delete(stored)
        .reclaiming();
    drop_content(batch, &previous.record.content, now)
}

/// The part of a replacement that does not depend on where the new bytes come from.
pub(crate) fn supersede(
    batch: Batch,
    bucket: &BucketName,
    key: &ObjectKey,
    previous: Option<&Found<ObjectRecord>>,
    next: &ObjectRecord,
) -> Batch {
    let stored = keys::object(bucket, key);
    let batch =
        require(batch.require_present(keys::bucket(bucket)), &stored, previous).put(stored, next.encode());
    match previous {
        Some(previous) => drop_content(batch, &previous.record.content, next.last_modified),
        None => batch,
    }
}

fn drop_content(batch: Batch, content: &Content, now: Timestamp) -> Batch {
    match content {
        Content::Empty => batch,
        Content::Single { holder, segment } => release(batch, segment, *holder, now),
        Content::Manifest { holder } => retire(batch, *holder, now),
    }
}

/// Stores the pieces of a content and answers how an object points to them.
pub(crate) fn describe(batch: Batch, holder: ContentId, segments: &[Segment]) -> (Batch, Content) {
    match segments {
        [] => (batch, Content::Empty),
        [segment] => (
            batch,
            Content::Single {
                holder,
                segment: *segment,
            },
        ),
        _ => (
            write_manifest(batch, holder, segments),
            Content::Manifest { holder },
        ),
    }
}

fn write_manifest(mut batch: Batch, holder: ContentId, segments: &[Segment]) -> Batch {
    let mut offset: u64 = 0;
    for chunk in segments.chunks(SEGMENTS_PER_CHUNK) {
        let record = ManifestRecord {
            segments: chunk.to_vec(),
        };
        batch = batch.put(keys::manifest(holder, offset), record.encode());
        offset = chunk
            .iter()
            .fold(offset, |offset, segment| offset.saturating_add(segment.length));
    }
    batch
}

/// A chunk of a manifest as it is stored: where it begins, and its pieces.
pub fn read_manifest(key: &[u8], value: &Bytes) -> Result<(u64, ManifestRecord), DecodeError> {
    let offset = keys::offset_of_manifest(key).ok_or(DecodeError::Malformed("not a manifest's key"))?;
    Ok((offset, ManifestRecord::decode(value)?))
}

impl Field for Content {
    fn write(&self, encoder: &mut Encoder) {
        match self {
            Self::Empty => 0u8.write(encoder),
            Self::Single { holder, segment } => {
                1u8.write(encoder);
                holder.write(encoder);
                segment.write(encoder);
            }
            Self::Manifest { holder } => {
                2u8.write(encoder);
                holder.write(encoder);
            }
        }
    }

    fn read(decoder: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        Ok(match u8::read(decoder)? {
            0 => Self::Empty,
            1 => Self::Single {
                holder: Field::read(decoder)?,
                segment: Field::read(decoder)?,
            },
            2 => Self::Manifest {
                holder: Field::read(decoder)?,
            },
            _ => return Err(DecodeError::Malformed("not a content")),
        })
    }
}

impl Field for Place {
    fn write(&self, encoder: &mut Encoder) {
        let (number, id): (u8, _) = match self {
            Self::Inline(id) => (0, id),
            Self::Blob(id) => (1, id),
        };
        number.write(encoder);
        id.write(encoder);
    }

    fn read(decoder: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        Ok(match u8::read(decoder)? {
            0 => Self::Inline(Field::read(decoder)?),
            1 => Self::Blob(Field::read(decoder)?),
            _ => return Err(DecodeError::Malformed("not a place")),
        })
    }
}

#[cfg(test)]
mod tests {
    use daypass_api::object::MAX_PARTS;
    use daypass_kv::{Limits, Precondition};

    use super::*;

    #[test]
    fn the_largest_copy_fits_one_batch_and_requires_every_blob() {
        let referrer = Referrer {
            bucket: BucketName::parse("photos-1").unwrap(),
            key: ObjectKey::parse(&[0; 850]).unwrap(),
        };
        let piece = |number: u32| CopiedPiece {
            segment: Segment {
                place: Place::Blob(DataId(u128::from(number).to_be_bytes())),
                length: 1,
                crc64: 0,
            },
            inline: None,
        };
        let next = ObjectRecord {
            length: u64::from(MAX_PARTS),
            etag: ETag::from_md5([0; 16]),
            crc64: 0,
            last_modified: Timestamp::default(),
            headers: ObjectHeaders::default(),
            acl: ObjectAcl::Inherit,
            content: Content::Empty,
            tags: Vec::new(),
        };
        let pieces: Vec<_> = (1..=MAX_PARTS).map(piece).collect();
        let from = ContentId([1; 16]);
        let batch = copy(&referrer, None, next, &pieces, from, ContentId([2; 16]));
        assert_eq!(Limits::STANDARD.check(&batch), Ok(()));
        let required = |id| {
            let reference = keys::reference(id, from);
            batch
                .preconditions
                .iter()
                .any(|condition| matches!(condition, Precondition::Present { key } if *key == reference))
        };
        for number in [1, MAX_PARTS / 2, MAX_PARTS] {
            assert!(required(DataId(u128::from(number).to_be_bytes())), "{number}");
        }
    }
}
