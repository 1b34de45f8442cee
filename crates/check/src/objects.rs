//! Objects, uploads and parts by themselves: what their records say, and whether it adds up. Who holds which bytes
//! is joined later.

use crc_fast::CrcAlgorithm::Crc64Xz;
use daypass_api::names::{BucketName, ObjectKey};
use daypass_api::object::MAX_PARTS;
use daypass_kv::KvError;
use daypass_metadata::bucket::BucketRecord;
use daypass_metadata::keys::{self, ContentId, StoredKey};
use daypass_metadata::object::{
    Content, ManifestRecord, ObjectRecord, Place as BytesPlace, SEGMENTS_PER_CHUNK, Segment, read_manifest,
};
use daypass_metadata::upload::PartRecord;

use crate::claims::{Origin, number};
use crate::records::place_of_record;
use crate::walk::Walk;
use crate::{Check, CheckError, Kind, Place};

/// The bucket that the walk is in, so that it is looked up once for all that is in it.
#[derive(Default)]
pub(crate) struct Current(Option<BucketName>);

/// What the pieces of an object come to.
#[derive(Clone, Copy, Default)]
struct Sum {
    chunks: u64,
    segments: u64,
    length: u64,
    crc64: u64,
}

impl Sum {
    fn add(&mut self, segment: &Segment) {
        self.segments = self.segments.saturating_add(1);
        self.length = self.length.saturating_add(segment.length);
        self.crc64 = crc_fast::checksum_combine(Crc64Xz, self.crc64, segment.crc64, segment.length);
    }
}

/// Why a manifest is none.
enum Broken {
    /// There is no chunk at all.
    Missing,
    /// A chunk cannot be decoded, which is reported where it lies.
    Torn,
    /// A chunk is not where the one before ends, or has no or too many pieces, or an empty one.
    Gap(u64),
}

impl Check<'_> {
    /// Whether the bucket of something is there; told once for each bucket.
    pub(crate) async fn of_bucket(
        &mut self,
        name: &BucketName,
        current: &mut Current,
    ) -> Result<(), CheckError> {
        if current.0.as_ref() == Some(name) {
            return Ok(());
        }
        current.0 = Some(name.clone());
        if self.look::<BucketRecord>(keys::bucket(name)).await?.is_absent() {
            let place = Place::new().with("bucket", name);
            self.report(
                Kind::BucketMissing,
                place,
                "the bucket of what it holds",
                "nothing",
            );
        }
        Ok(())
    }

    pub(crate) async fn object(
        &mut self,
        bucket: &BucketName,
        key: &ObjectKey,
        record: &ObjectRecord,
    ) -> Result<(), CheckError> {
        self.summary.objects = self.summary.objects.saturating_add(1);
        self.entries = self.entries.saturating_add(1);
        let sum = match record.content {
            Content::Empty => Ok(Sum::default()),
            Content::Single { segment, .. } => {
                self.count_bytes(&segment);
                let mut sum = Sum::default();
                sum.add(&segment);
                if segment.length == 0 {
                    Err(Broken::Gap(0))
                } else {
                    Ok(sum)
                }
            }
            Content::Manifest { holder } => self.sum_of_manifest(holder).await?,
        };
        let place = || Origin::Object(bucket, key).place();
        let told = |length: u64, crc64: u64| format!("{length} bytes of CRC-64 {crc64}");
        match sum {
            Ok(sum) if (sum.length, sum.crc64) != (record.length, record.crc64) => self.report(
                Kind::ContentContradicts,
                place(),
                told(record.length, record.crc64),
                format!("pieces of {}", told(sum.length, sum.crc64)),
            ),
            Ok(_) | Err(Broken::Torn) => {}
            Err(Broken::Missing) => {
                self.report(Kind::ManifestMissing, place(), "a manifest", "nothing");
            }
            Err(Broken::Gap(offset)) => self.report(
                Kind::ContentContradicts,
                place(),
                format!("pieces from offset {offset} on"),
                "a gap, or pieces that cannot be",
            ),
        }
        Ok(())
    }

    async fn sum_of_manifest(&self, holder: ContentId) -> Result<Result<Sum, Broken>, KvError> {
        let mut sum = Sum::default();
        let mut chunks = Walk::of_prefix(self.subject.snapshot, keys::manifests(holder));
        while let Some((key, value)) = chunks.next().await? {
            let Ok((offset, chunk)) = read_manifest(&key, &value) else {
                return Ok(Err(Broken::Torn));
            };
            let count = chunk.segments.len();
            let possible = (1..=SEGMENTS_PER_CHUNK).contains(&count)
                && chunk.segments.iter().all(|segment| segment.length > 0);
            if offset != sum.length || !possible {
                return Ok(Err(Broken::Gap(sum.length)));
            }
            sum.chunks = sum.chunks.saturating_add(1);
            chunk.segments.iter().for_each(|segment| sum.add(segment));
        }
        if sum.chunks == 0 {
            // What is unreadable may have lain under a key that is unreadable too.
            let torn = self.torn.contents.contains(&number(holder.0));
            return Ok(Err(if torn { Broken::Torn } else { Broken::Missing }));
        }
        Ok(Ok(sum))
    }

    pub(crate) fn upload(&mut self) {
        self.summary.uploads = self.summary.uploads.saturating_add(1);
        self.entries = self.entries.saturating_add(1);
    }

    pub(crate) fn manifest(&mut self, record: &ManifestRecord) {
        self.entries = self.entries.saturating_add(record.segments.len() as u64);
        record
            .segments
            .iter()
            .for_each(|segment| self.count_bytes(segment));
    }

    pub(crate) fn part(&mut self, content: ContentId, part: u32, record: &PartRecord) {
        self.entries = self.entries.saturating_add(1);
        if let Some(segment) = record.segment() {
            self.count_bytes(&segment);
        }
        let place = || place_of_record(&StoredKey::Part(content, part));
        if !(1..=MAX_PARTS).contains(&part) {
            self.report(
                Kind::ContentContradicts,
                place(),
                format!("a number from 1 to {MAX_PARTS}"),
                part.to_string(),
            );
        }
        let empty = record.length == 0;
        if record.place.is_none() != empty || (empty && record.crc64 != 0) {
            let found = format!("{} bytes in {:?}", record.length, record.place);
            self.report(
                Kind::ContentContradicts,
                place(),
                "bytes if and only if it is not empty",
                found,
            );
        }
    }

    fn count_bytes(&mut self, segment: &Segment) {
        if let BytesPlace::Blob(_) = segment.place {
            self.blob_bytes = self.blob_bytes.saturating_add(segment.length);
        }
    }
}
