//! Uploads in parts: their records, their parts, and how they end.
//!
//! An upload has a content id from its first moment. Its parts refer to their blobs in that name, and the object
//! that the upload becomes keeps it; so completing an upload of ten thousand parts moves no reference.

use bytes::Bytes;
use daypass_api::Timestamp;
use daypass_api::acl::ObjectAcl;
use daypass_api::names::{BucketName, ObjectKey, UploadId};
use daypass_api::object::{ETag, ObjectHeaders};
use daypass_api::outcome::Ownership;
use daypass_api::tags::Tags;
use daypass_kv::{Batch, KeyRange};

use crate::blob_life::{NewData, Referrer, release, retire};
use crate::codec::{Found, Record, record, record_since_2, require};
use crate::keys::{self, ContentId};
use crate::object::{self, ObjectRecord, Place, Segment};

/// An upload in progress.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UploadRecord {
    /// Who began it, and whose it is.
    pub ownership: Ownership,
    /// When it began.
    pub initiated: Timestamp,
    /// Headers of the finished object.
    pub headers: ObjectHeaders,
    /// Access control list of the finished object.
    pub acl: ObjectAcl,
    /// Whether it must not replace an existing object.
    pub forbid_overwrite: bool,
    /// In whose name its parts refer to their bytes.
    pub content: ContentId,
    /// Tags of the finished object.
    pub tags: Tags,
}

record_since_2!(UploadRecord, "upload", {
    ownership, initiated, headers, acl, forbid_overwrite, content,
}, added { tags });

/// One part of an upload.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PartRecord {
    /// MD5 of its bytes.
    pub md5: [u8; 16],
    /// CRC-64/XZ of its bytes.
    pub crc64: u64,
    /// Length in bytes.
    pub length: u64,
    /// When it was stored.
    pub last_modified: Timestamp,
    /// Where its bytes are; nowhere if there are none.
    pub place: Option<Place>,
}

record!(PartRecord, "part", version 1, { md5, crc64, length, last_modified, place });

impl PartRecord {
    /// Its entity tag.
    pub fn etag(&self) -> ETag {
        ETag::from_md5(self.md5)
    }

    /// Its bytes as a piece of the object.
    pub fn segment(&self) -> Option<Segment> {
        self.place.map(|place| Segment {
            place,
            length: self.length,
            crc64: self.crc64,
        })
    }
}

/// Begins an upload, if the bucket is still there.
pub fn begin(bucket: &BucketName, key: &ObjectKey, id: &UploadId, upload: &UploadRecord) -> Batch {
    let stored = keys::upload(bucket, key, id);
    Batch::new()
        .require_present(keys::bucket(bucket))
        .require_absent(stored.clone())
        .put(stored, upload.encode())
}

/// Stores a part in the place of what was read under its number, if that is still so and the upload still open.
pub fn put_part(
    referrer: Referrer,
    upload: (&UploadId, &UploadRecord),
    number: u32,
    previous: Option<&Found<PartRecord>>,
    next: &PartRecord,
    data: Option<&NewData>,
) -> Batch {
    let (id, record) = upload;
    let stored = keys::part(record.content, number);
    let open = Batch::new().require_present(keys::upload(&referrer.bucket, &referrer.key, id));
    let mut batch = require(open, &stored, previous).put(stored, next.encode());
    if let Some(segment) = previous.and_then(|previous| previous.record.segment()) {
        batch = release(batch, &segment, record.content, next.last_modified);
    }
    match data {
        Some(data) => data.adopt(batch, record.content, referrer),
        None => batch,
    }
}

/// Ends an upload without an object, if it is still open; its parts are left to the sweep.
pub fn abort(
    bucket: &BucketName,
    key: &ObjectKey,
    id: &UploadId,
    upload: &UploadRecord,
    now: Timestamp,
) -> Batch {
    let stored = keys::upload(bucket, key, id);
    let batch = Batch::new()
        .require_present(stored.clone())
        .delete(stored)
        .reclaiming();
    retire(batch, upload.content, now)
}

/// A part as it was found, with its number.
pub type FoundPart = (u32, Found<PartRecord>);

/// The end of an upload as an object.
#[derive(Debug)]
pub struct Completion<'a> {
    /// The bucket.
    pub bucket: &'a BucketName,
    /// The object's key.
    pub key: &'a ObjectKey,
    /// The upload's id.
    pub id: &'a UploadId,
    /// In whose name the parts refer to their bytes.
    pub content: ContentId,
    /// The parts that become the object, in order.
    pub listed: &'a [FoundPart],
    /// The parts that are thrown away.
    pub unlisted: &'a [FoundPart],
    /// What is under the key so far.
    pub previous: Option<&'a Found<ObjectRecord>>,
}

impl Completion<'_> {
    /// Makes the object, if the upload, its parts and what it replaces are all still as they were read. `next`
    /// says everything about the object but where its bytes are.
    pub fn batch(&self, next: ObjectRecord) -> Batch {
        let upload = keys::upload(self.bucket, self.key, self.id);
        let batch = Batch::new().require_present(upload.clone()).delete(upload);
        let batch = self.consume_parts(self.require_no_other_parts(batch), next.last_modified);
        let segments: Vec<Segment> = self
            .listed
            .iter()
            .filter_map(|(_, part)| part.record.segment())
            .collect();
        let (batch, content) = object::describe(batch, self.content, &segments);
        object::supersede(
            batch,
            self.bucket,
            self.key,
            self.previous,
            &ObjectRecord { content, ..next },
        )
    }

    fn consume_parts(&self, mut batch: Batch, now: Timestamp) -> Batch {
        for (number, part) in self.listed.iter().chain(self.unlisted) {
            let key = keys::part(self.content, *number);
            batch = require(batch, &key, Some(part)).delete(key);
        }
        for segment in self.unlisted.iter().filter_map(|(_, part)| part.record.segment()) {
            batch = release(batch, &segment, self.content, now);
        }
        batch
    }

    /// A part that came after the others were read would be lost; so the gaps between them must be empty.
    fn require_no_other_parts(&self, mut batch: Batch) -> Batch {
        let mut numbers: Vec<u32> = self
            .listed
            .iter()
            .chain(self.unlisted)
            .map(|(number, _)| *number)
            .collect();
        numbers.sort_unstable();
        let mut rest = KeyRange::prefix(keys::parts(self.content));
        let mut expected = 1;
        for number in numbers {
            let key = keys::part(self.content, number);
            if number > expected {
                batch = batch.require_range_empty(rest.clone().before(key.clone()));
            }
            rest = rest.after(key);
            expected = number.saturating_add(1);
        }
        batch.require_range_empty(rest)
    }
}

/// Reads a stored part with its number.
pub fn read_part(key: &[u8], value: Bytes) -> Result<FoundPart, crate::DecodeError> {
    let number = keys::number_of_part(key).ok_or(crate::DecodeError::Malformed("not a part's key"))?;
    Ok((number, Found::decode(value)?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::blob_life::Intent;
    use crate::keys::DataId;
    use daypass_api::object::MAX_PARTS;
    use daypass_kv::{Limits, Precondition};

    const CONTENT: ContentId = ContentId([1; 16]);

    fn part(number: u32) -> FoundPart {
        let place = Some(Place::Blob(DataId(u128::from(number).to_be_bytes())));
        let record = PartRecord {
            md5: [0; 16],
            crc64: 0,
            length: 1,
            last_modified: Timestamp::default(),
            place,
        };
        (
            number,
            Found {
                bytes: record.encode(),
                record,
            },
        )
    }

    fn complete(listed: &[FoundPart], unlisted: &[FoundPart]) -> Batch {
        let key = ObjectKey::parse(&[b'k'; 850]).unwrap();
        let completion = Completion {
            bucket: &BucketName::parse("photos-1").unwrap(),
            key: &key,
            id: &UploadId::parse("0").unwrap(),
            content: CONTENT,
            listed,
            unlisted,
            previous: None,
        };
        completion.batch(ObjectRecord {
            length: 1,
            etag: ETag::from_md5([0; 16]),
            crc64: 0,
            last_modified: Timestamp::default(),
            headers: ObjectHeaders::default(),
            acl: ObjectAcl::Inherit,
            content: object::Content::Empty,
            tags: Vec::new(),
        })
    }

    #[test]
    fn the_largest_completions_fit_one_batch() {
        let parts: Vec<_> = (1..=MAX_PARTS).map(part).collect();
        let odd: Vec<_> = (1..=MAX_PARTS).step_by(2).map(part).collect();
        for (listed, unlisted) in [parts.split_at(1), parts.split_at(parts.len()), odd.split_at(1)] {
            assert_eq!(Limits::STANDARD.check(&complete(listed, unlisted)), Ok(()));
        }
    }

    #[test]
    fn no_part_between_the_known_ones_can_be_lost() {
        let batch = complete(&[part(2), part(3)], &[part(7)]);
        let guarded = |number: u32| {
            let key = keys::part(CONTENT, number);
            batch.preconditions.iter().any(|condition| match condition {
                Precondition::RangeEmpty { range } => range.contains(&key),
                Precondition::Equals { key: required, .. } => *required == key,
                Precondition::Absent { .. } | Precondition::Present { .. } => false,
            })
        };
        for number in 1..=MAX_PARTS {
            assert!(guarded(number), "{number}");
        }
    }

    #[test]
    fn the_largest_part_fits_one_batch() {
        let referrer = Referrer {
            bucket: BucketName::parse("photos-1").unwrap(),
            key: ObjectKey::parse(&[0; 850]).unwrap(),
        };
        let upload = UploadRecord {
            ownership: Ownership {
                owner_uin: daypass_api::names::Uin(1),
                initiator_uin: daypass_api::names::Uin(2),
            },
            initiated: Timestamp::default(),
            headers: ObjectHeaders::default(),
            acl: ObjectAcl::Inherit,
            forbid_overwrite: false,
            content: CONTENT,
            tags: Vec::new(),
        };
        let (_, previous) = part(1);
        let data = NewData::Blob(Intent {
            created: Timestamp::default(),
            id: DataId([9; 16]),
        });
        let id = UploadId::parse(&"z".repeat(128)).unwrap();
        let batch = put_part(
            referrer,
            (&id, &upload),
            1,
            Some(&previous),
            &previous.record,
            Some(&data),
        );
        assert_eq!(Limits::STANDARD.check(&batch), Ok(()));
    }
}
