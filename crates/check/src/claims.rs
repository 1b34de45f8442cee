//! What objects, parts and retired contents lay claim to: their bytes, and their manifests and parts.
//!
//! References, inline data and blobs lie in the order of random ids, objects in the order of their names, so the two
//! sides are joined by sorting claims. All claims at once would take 64 bytes each without a bound; therefore the ids
//! are cut into stretches of about equal size, and claims are collected for one stretch at a time, by walking all
//! objects once for each. A claim has no name in it: when something is found, one more walk names it.

use std::hash::{DefaultHasher, Hash, Hasher};

use bytes::Bytes;
use daypass_api::names::{BucketName, ObjectKey, UploadId};
use daypass_kv::{KeyRange, KvError, Snapshot};
use daypass_metadata::Record;
use daypass_metadata::keys::{self, ContentId, DataId, StoredKey};
use daypass_metadata::object::{Content, ManifestRecord, ObjectRecord, Place as BytesPlace, Segment};
use daypass_metadata::upload::{PartRecord, UploadRecord};

use crate::finding::Place;
use crate::walk::Walk;

/// What is claimed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Class {
    Inline,
    Blob,
    /// The manifest of an object.
    ObjectContent,
    /// The parts of an upload.
    UploadContent,
    /// Both, for the sweep.
    RetiredContent,
}

/// One claim; 64 bytes. Ids are numbers here, which sort as their bytes do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Claim {
    pub(crate) id: u128,
    /// In whose name, where that counts.
    pub(crate) holder: u128,
    pub(crate) length: u64,
    pub(crate) crc64: u64,
    /// A digest of bucket and key, or zero where nothing is shown any more.
    pub(crate) named: u64,
    pub(crate) class: Class,
}

const _: () = assert!(size_of::<Claim>() <= 64);

/// Names what is claimed, whoever claims it.
pub(crate) type Triple = (Class, u128, u128);

impl Claim {
    pub(crate) fn triple(&self) -> Triple {
        (self.class, self.id, self.holder)
    }

    /// Whether anything that is shown stands behind it.
    pub(crate) fn is_living(&self) -> bool {
        self.named != 0
    }
}

/// Who claims.
pub(crate) enum Origin<'a> {
    Object(&'a BucketName, &'a ObjectKey),
    Upload(&'a BucketName, &'a ObjectKey, &'a UploadId),
    Part(&'a BucketName, &'a ObjectKey, &'a UploadId, u32),
    Retired(ContentId),
}

impl Origin<'_> {
    pub(crate) fn place(&self) -> Place {
        let object =
            |bucket: &BucketName, key: &ObjectKey| Place::new().with("bucket", bucket).with("key", key);
        match self {
            Self::Object(bucket, key) => object(bucket, key),
            Self::Upload(bucket, key, id) => object(bucket, key).with("upload", id),
            Self::Part(bucket, key, id, number) => {
                object(bucket, key).with("upload", id).with("part", number)
            }
            Self::Retired(content) => Place::new().content(*content),
        }
    }

    fn named(&self) -> u64 {
        match self {
            Self::Object(bucket, key) | Self::Upload(bucket, key, _) | Self::Part(bucket, key, ..) => {
                digest_of_name(bucket, key)
            }
            Self::Retired(_) => 0,
        }
    }
}

/// Stands for a bucket and a key; never zero.
pub(crate) fn digest_of_name(bucket: &BucketName, key: &ObjectKey) -> u64 {
    let mut hasher = DefaultHasher::new();
    (bucket.as_str(), key.as_str()).hash(&mut hasher);
    hasher.finish() | 1
}

/// A stretch of ids.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Stretch {
    pub(crate) first: u128,
    pub(crate) last: u128,
}

impl Stretch {
    /// Cuts all ids so that `entries` of them, spread evenly, come to at most about `at_once` in each stretch.
    pub(crate) fn all(entries: u64, at_once: u64) -> impl Iterator<Item = Self> {
        let wanted = entries.div_ceil(at_once.max(1)).max(1);
        let bits = wanted
            .checked_next_power_of_two()
            .map_or(16, u64::trailing_zeros)
            .min(16);
        let size = u128::MAX.checked_shr(bits).unwrap_or(u128::MAX);
        (0..1_u128 << bits).map(move |number| {
            let first = number.checked_shl(128 - bits).unwrap_or(0);
            Self {
                first,
                last: first | size,
            }
        })
    }

    pub(crate) fn contains(self, id: u128) -> bool {
        (self.first..=self.last).contains(&id)
    }

    /// The keys of this stretch in a space whose keys begin with a prefix and an id. Keys too short for an id are in
    /// it too.
    pub(crate) fn range(self, prefix: &Bytes) -> KeyRange {
        let bound = |id: u128| [&prefix[..], &id.to_be_bytes()].concat();
        let mut range = KeyRange::prefix(prefix.clone());
        if self.first > 0 {
            range.start = std::ops::Bound::Included(bound(self.first).into());
        }
        if let Some(next) = self.last.checked_add(1) {
            range.end = std::ops::Bound::Excluded(bound(next).into());
        }
        range
    }
}

/// The number of an id.
pub(crate) fn number(id: [u8; 16]) -> u128 {
    u128::from_be_bytes(id)
}

/// Visits every claim with who claims. Records that do not decode are passed over; they are reported elsewhere.
pub(crate) async fn walk_claims(
    snapshot: &dyn Snapshot,
    visit: &mut dyn FnMut(Claim, &Origin<'_>),
) -> Result<(), KvError> {
    let mut objects = Walk::of_prefix(snapshot, keys::all_objects());
    while let Some((key, value)) = objects.next().await? {
        let (Some(StoredKey::Object(bucket, key)), Ok(record)) =
            (StoredKey::parse(&key), ObjectRecord::decode(&value))
        else {
            continue;
        };
        let origin = Origin::Object(&bucket, &key);
        match record.content {
            Content::Empty => {}
            Content::Single { holder, segment } => visit(of_segment(&segment, holder, &origin), &origin),
            Content::Manifest { holder } => {
                visit(of_content(Class::ObjectContent, holder, &origin), &origin);
                walk_manifest(snapshot, holder, &origin, visit).await?;
            }
        }
    }
    let mut uploads = Walk::of_prefix(snapshot, keys::all_uploads());
    while let Some((key, value)) = uploads.next().await? {
        let (Some(StoredKey::Upload(bucket, key, id)), Ok(record)) =
            (StoredKey::parse(&key), UploadRecord::decode(&value))
        else {
            continue;
        };
        let origin = Origin::Upload(&bucket, &key, &id);
        visit(of_content(Class::UploadContent, record.content, &origin), &origin);
        let of_part = |number| Origin::Part(&bucket, &key, &id, number);
        walk_parts(snapshot, record.content, &of_part, visit).await?;
    }
    let mut retired = Walk::of_prefix(snapshot, keys::retired_contents());
    while let Some((key, _)) = retired.next().await? {
        let Some(StoredKey::Retired(content)) = StoredKey::parse(&key) else {
            continue;
        };
        let origin = Origin::Retired(content);
        visit(of_content(Class::RetiredContent, content, &origin), &origin);
        walk_manifest(snapshot, content, &origin, visit).await?;
        walk_parts(snapshot, content, &|_| Origin::Retired(content), visit).await?;
    }
    Ok(())
}

async fn walk_manifest(
    snapshot: &dyn Snapshot,
    holder: ContentId,
    origin: &Origin<'_>,
    visit: &mut dyn FnMut(Claim, &Origin<'_>),
) -> Result<(), KvError> {
    let mut chunks = Walk::of_prefix(snapshot, keys::manifests(holder));
    while let Some((_, value)) = chunks.next().await? {
        if let Ok(chunk) = ManifestRecord::decode(&value) {
            chunk
                .segments
                .iter()
                .for_each(|segment| visit(of_segment(segment, holder, origin), origin));
        }
    }
    Ok(())
}

async fn walk_parts<'a>(
    snapshot: &dyn Snapshot,
    holder: ContentId,
    of_part: &dyn Fn(u32) -> Origin<'a>,
    visit: &mut dyn FnMut(Claim, &Origin<'_>),
) -> Result<(), KvError> {
    let mut parts = Walk::of_prefix(snapshot, keys::parts(holder));
    while let Some((key, value)) = parts.next().await? {
        let (Some(StoredKey::Part(_, number)), Ok(part)) =
            (StoredKey::parse(&key), PartRecord::decode(&value))
        else {
            continue;
        };
        if let Some(segment) = part.segment() {
            let origin = of_part(number);
            visit(of_segment(&segment, holder, &origin), &origin);
        }
    }
    Ok(())
}

fn of_segment(segment: &Segment, holder: ContentId, origin: &Origin<'_>) -> Claim {
    let (class, DataId(id), holder) = match segment.place {
        // Inline data has one owner, in whoever's name.
        BytesPlace::Inline(id) => (Class::Inline, id, 0),
        BytesPlace::Blob(id) => (Class::Blob, id, number(holder.0)),
    };
    Claim {
        class,
        id: number(id),
        holder,
        length: segment.length,
        crc64: segment.crc64,
        named: origin.named(),
    }
}

fn of_content(class: Class, content: ContentId, origin: &Origin<'_>) -> Claim {
    Claim {
        class,
        id: number(content.0),
        holder: 0,
        length: 0,
        crc64: 0,
        named: origin.named(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stretches_cover_every_id_once() {
        let check = |entries, at_once, expected: usize| {
            let stretches: Vec<_> = Stretch::all(entries, at_once).collect();
            assert_eq!(stretches.len(), expected, "{entries} by {at_once}");
            assert_eq!(stretches[0].first, 0);
            assert_eq!(stretches[expected - 1].last, u128::MAX);
            let joined = |pair: &[Stretch]| pair[0].last + 1 == pair[1].first;
            assert!(stretches.windows(2).all(joined));
        };
        check(0, 100, 1);
        check(100, 100, 1);
        check(101, 100, 2);
        check(401, 100, 8);
        check(7, 0, 8);
        check(u64::MAX, 1, 65_536);
    }

    #[test]
    fn ranges_of_stretches_cover_the_space_once() {
        let prefix = Bytes::from_static(b"r");
        for key in [&b"r"[..], b"r\xff", b"r\x80", &[b'r'; 40], &[b'r', 255, 255]] {
            let holding = Stretch::all(8, 1).filter(|stretch| stretch.range(&prefix).contains(key));
            assert_eq!(holding.count(), 1, "{key:?}");
        }
        assert!(!Stretch::all(1, 1).any(|stretch| stretch.range(&prefix).contains(b"s")));
    }
}
