//! The life of blobs: claims, references, marks and files, all in the order of ids, held against the rules of
//! [`daypass_metadata::blob_life`]; and the reading of each blob that something shows.

use std::collections::VecDeque;

use crc_fast::CrcAlgorithm::Crc64Xz;
use daypass_blob::{BlobError, BlobId};
use daypass_kv::KvError;
use daypass_metadata::Record;
use daypass_metadata::blob_life::{ReferenceRecord, Referrer};
use daypass_metadata::keys::{self, ContentId, DataId, StoredKey};
use futures_util::TryStreamExt;

use crate::claims::{Claim, Stretch, digest_of_name, number};
use crate::finding::Hex;
use crate::held::claims_to;
use crate::records::place_of_record;
use crate::walk::{Walk, undecodable};
use crate::{Check, CheckError, Kind, Place};

/// Blobs that are listed at once.
const LISTED: usize = 1000;

/// A reference record: whose, and what it says of its purpose, if that can be read.
struct Reference {
    id: u128,
    holder: u128,
    referrer: Option<Referrer>,
}

/// Everything about one blob.
struct Blob<'a, 'b> {
    id: DataId,
    claims: &'b [&'a Claim],
    references: Vec<Reference>,
    intent: bool,
    unreferenced: bool,
    dead: bool,
    file: bool,
}

/// Ids in order, to be taken one blob at a time.
#[derive(Default)]
struct Marks(VecDeque<u128>);

impl Marks {
    fn sorted(mut ids: Vec<u128>) -> Self {
        ids.sort_unstable();
        Self(ids.into())
    }

    fn first(&self) -> Option<u128> {
        self.0.front().copied()
    }

    /// Whether the id is the first; it and its like are taken away.
    fn take(&mut self, id: u128) -> bool {
        let mut found = false;
        while self.0.front() == Some(&id) {
            self.0.pop_front();
            found = true;
        }
        found
    }
}

/// Blobs that are there, listed page by page.
struct Files {
    after: Option<BlobId>,
    listed: VecDeque<u128>,
    more: bool,
    last: u128,
}

impl Check<'_> {
    /// All blobs of a stretch, whether they have claims, records or files.
    pub(crate) async fn blobs(&mut self, stretch: Stretch, claims: &[&Claim]) -> Result<(), CheckError> {
        let snapshot = self.subject.snapshot;
        let mut references = Walk::new(snapshot, stretch.range(&keys::all_references()));
        let mut next_reference = self.next_reference(&mut references).await?;
        let mut unreferenced = Walk::new(snapshot, stretch.range(&keys::unreferenced_data()));
        let mut next_unreferenced = next_unreferenced_in(&mut unreferenced).await?;
        let mut intents = self.marks(stretch, keys::intents()).await?;
        let mut deads = self.marks(stretch, keys::deads()).await?;
        let mut files = Files {
            after: stretch.first.checked_sub(1).map(blob_id),
            listed: VecDeque::new(),
            more: true,
            last: stretch.last,
        };
        let mut unseen = claims;
        loop {
            self.list_more(&mut files).await?;
            let ids = [
                unseen.first().map(|claim| claim.id),
                next_reference.as_ref().map(|reference| reference.id),
                next_unreferenced,
                intents.first(),
                deads.first(),
                files.listed.front().copied(),
            ];
            let Some(id) = ids.into_iter().flatten().min() else {
                return Ok(());
            };
            let own = claims_to(unseen, id);
            unseen = unseen.get(own.len()..).unwrap_or_default();
            let mut blob = Blob {
                id: DataId(id.to_be_bytes()),
                claims: own,
                references: Vec::new(),
                intent: intents.take(id),
                unreferenced: false,
                dead: deads.take(id),
                file: files.listed.pop_front_if(|file| *file == id).is_some(),
            };
            while let Some(reference) = next_reference.take_if(|reference| reference.id == id) {
                blob.references.push(reference);
                next_reference = self.next_reference(&mut references).await?;
            }
            while next_unreferenced == Some(id) {
                blob.unreferenced = true;
                next_unreferenced = next_unreferenced_in(&mut unreferenced).await?;
            }
            self.one_blob(&blob).await?;
        }
    }

    async fn one_blob(&mut self, blob: &Blob<'_, '_>) -> Result<(), CheckError> {
        self.summary.blobs = self.summary.blobs.saturating_add(u64::from(blob.file));
        self.references_of(blob);
        self.states_of(blob);
        let living = blob.claims.iter().any(|claim| claim.is_living());
        if !living {
            return Ok(());
        }
        if blob.file {
            self.read_blob(blob).await
        } else {
            for claim in distinct(blob.claims) {
                let expected = format!("a blob of {} bytes", claim.length);
                self.blame(claim.triple(), Kind::BlobMissing, expected, "nothing");
            }
            Ok(())
        }
    }

    /// Claims and references, both in the order of their holders, must be the same.
    fn references_of(&mut self, blob: &Blob<'_, '_>) {
        let mut missing = Vec::new();
        let mut references = blob.references.iter().peekable();
        let mut unowned = Vec::new();
        for owners in blob.claims.chunk_by(|one, next| one.holder == next.holder) {
            let Some(claim) = owners.first() else { continue };
            if owners.len() > 1 {
                let found = owners.len().to_string();
                self.blame(claim.triple(), Kind::Shared, "one owner of each reference", found);
            }
            while let Some(earlier) = references.next_if(|reference| reference.holder < claim.holder) {
                unowned.push(earlier);
            }
            match references.next_if(|reference| reference.holder == claim.holder) {
                Some(reference) if owners.len() == 1 => self.purpose_of(claim, reference),
                Some(_) => {}
                None => missing.push(*claim),
            }
        }
        unowned.extend(references);
        unowned.retain(|reference| !self.is_of_torn(reference));
        let pairs = missing.len().min(unowned.len());
        for (claim, reference) in missing.iter().zip(&unowned) {
            let expected = format!("a reference of content {}", hex(claim.holder));
            let found = format!("one of content {}", hex(reference.holder));
            self.blame(claim.triple(), Kind::ReferenceElsewhere, expected, found);
        }
        for claim in missing.iter().skip(pairs) {
            let expected = format!("a reference of content {}", hex(claim.holder));
            self.blame(claim.triple(), Kind::ReferenceMissing, expected, "nothing");
        }
        for reference in unowned.into_iter().skip(pairs) {
            self.unowned_reference(blob.id, reference);
        }
    }

    /// Whom a reference names is for people; it must be right all the same.
    fn purpose_of(&mut self, claim: &Claim, reference: &Reference) {
        let Some(referrer) = &reference.referrer else {
            return;
        };
        if claim.is_living() && claim.named != digest_of_name(&referrer.bucket, &referrer.key) {
            let found = format!("a reference for `{}` in `{}`", referrer.key, referrer.bucket);
            self.blame(
                claim.triple(),
                Kind::RecordContradicts,
                "a reference for this object",
                found,
            );
        }
    }

    fn unowned_reference(&mut self, id: DataId, reference: &Reference) {
        let mut place = Place::new();
        if let Some(referrer) = &reference.referrer {
            place = place.with("bucket", &referrer.bucket).with("key", &referrer.key);
        }
        let place = place.blob(id).content(ContentId(reference.holder.to_be_bytes()));
        self.report(
            Kind::ReferenceUnowned,
            place,
            "an object or a part that holds the blob",
            "nothing",
        );
    }

    /// Whether a reference belongs to a record that cannot be read.
    fn is_of_torn(&self, reference: &Reference) -> bool {
        let named = |referrer: &Referrer| {
            self.torn
                .names
                .contains(&digest_of_name(&referrer.bucket, &referrer.key))
        };
        self.torn.contents.contains(&reference.holder) || reference.referrer.as_ref().is_some_and(named)
    }

    /// States that exclude each other, and blobs in none.
    fn states_of(&mut self, blob: &Blob<'_, '_>) {
        let held = !blob.claims.is_empty() || !blob.references.is_empty();
        let exclusive = [
            (blob.dead && held, "referenced", "marked as dead"),
            (blob.intent && held, "referenced", "announced as not yet written"),
            (
                blob.intent && blob.dead,
                "marked as dead",
                "announced as not yet written",
            ),
            (
                blob.dead && blob.unreferenced,
                "marked as dead",
                "marked as without a reference",
            ),
        ];
        for (_, one, other) in exclusive.into_iter().filter(|(both, ..)| *both) {
            let (expected, found) = (format!("a blob that is {one}"), format!("it is {other} too"));
            match blob.claims.first() {
                Some(claim) => self.blame(claim.triple(), Kind::BlobLife, expected, found),
                None => self.report(Kind::BlobLife, Place::new().blob(blob.id), expected, found),
            }
        }
        let known = held || blob.intent || blob.unreferenced || blob.dead;
        if blob.file && !known {
            let place = Place::new().blob(blob.id);
            self.report(Kind::BlobUnowned, place, "a record of the blob", "nothing");
        }
    }

    /// Reads a blob, once however many objects share it, and holds it against what each says of it.
    async fn read_blob(&mut self, blob: &Blob<'_, '_>) -> Result<(), CheckError> {
        let id = BlobId::from_bytes(blob.id.0);
        let (length, crc64) = match self.length_and_crc64(id).await {
            Ok(found) => found,
            Err(error) => {
                let kind = match &error {
                    BlobError::Corrupt { .. } | BlobError::UnknownVersion { .. } => Kind::BlobCorrupt,
                    _ => Kind::BlobUnreadable,
                };
                for claim in distinct(blob.claims) {
                    let expected = format!("a blob of {} bytes", claim.length);
                    self.blame(claim.triple(), kind, expected, told(&error));
                }
                return Ok(());
            }
        };
        for claim in distinct(blob.claims) {
            if claim.length != length {
                let (expected, found) = (format!("{} bytes", claim.length), format!("{length} bytes"));
                self.blame(claim.triple(), Kind::BlobDiffers, expected, found);
            } else if let Some(crc64) = crc64.filter(|crc64| *crc64 != claim.crc64) {
                let (expected, found) = (format!("CRC-64 {}", claim.crc64), format!("CRC-64 {crc64}"));
                self.blame(claim.triple(), Kind::BlobDiffers, expected, found);
            }
        }
        Ok(())
    }

    /// The length of a blob, and the checksum of its bytes unless they are not to be read.
    async fn length_and_crc64(&mut self, id: BlobId) -> Result<(u64, Option<u64>), BlobError> {
        let length = self.subject.blobs.length(id).await?;
        if self.options.quick {
            return Ok((length, None));
        }
        let mut digest = crc_fast::Digest::new(Crc64Xz);
        let mut pieces = self.subject.blobs.read(id, 0, length).await?;
        while let Some(piece) = pieces.try_next().await? {
            digest.update(&piece);
            let done = piece.len() as u64;
            self.summary.blob_bytes_read = self.summary.blob_bytes_read.saturating_add(done);
            self.listener.advance(done);
        }
        Ok((length, Some(digest.finalize())))
    }

    async fn next_reference(&mut self, walk: &mut Walk<'_>) -> Result<Option<Reference>, KvError> {
        while let Some((key, value)) = walk.next().await? {
            self.count_record();
            let Some(stored) = StoredKey::parse(&key) else {
                self.malformed_key(&key);
                continue;
            };
            let StoredKey::Reference(id, holder) = &stored else {
                continue;
            };
            let record = ReferenceRecord::decode(&value);
            let (id, holder) = (number(id.0), number(holder.0));
            let referrer = match record {
                Ok(record) => Some(record.referrer),
                Err(error) => {
                    let (expected, found) = undecodable::<ReferenceRecord>(error);
                    self.report(Kind::RecordUndecodable, place_of_record(&stored), expected, found);
                    None
                }
            };
            return Ok(Some(Reference { id, holder, referrer }));
        }
        Ok(None)
    }

    /// The blobs of marks that lie in the order of their times, as far as they are in the stretch.
    async fn marks(&self, stretch: Stretch, prefix: bytes::Bytes) -> Result<Marks, KvError> {
        let mut walk = Walk::of_prefix(self.subject.snapshot, prefix);
        let mut ids = Vec::new();
        while let Some((key, _)) = walk.next().await? {
            if let Some(StoredKey::Intent(_, id) | StoredKey::Dead(_, id)) = StoredKey::parse(&key) {
                ids.extend(Some(number(id.0)).filter(|id| stretch.contains(*id)));
            }
        }
        Ok(Marks::sorted(ids))
    }

    async fn list_more(&self, files: &mut Files) -> Result<(), CheckError> {
        if !files.listed.is_empty() || !files.more {
            return Ok(());
        }
        let page = self
            .subject
            .blobs
            .list(files.after, LISTED)
            .await
            .map_err(CheckError::Listing)?;
        files.after = page.last().copied();
        files.more = page.len() >= LISTED;
        let ids = page.iter().map(|id| number(*id.as_bytes()));
        files.listed = ids.take_while(|id| *id <= files.last).collect();
        files.more &= files.listed.len() == page.len();
        Ok(())
    }
}

async fn next_unreferenced_in(walk: &mut Walk<'_>) -> Result<Option<u128>, KvError> {
    while let Some((key, _)) = walk.next().await? {
        if let Some(StoredKey::Unreferenced(id)) = StoredKey::parse(&key) {
            return Ok(Some(number(id.0)));
        }
    }
    Ok(None)
}

/// The living claims, each holder's once.
fn distinct<'a>(claims: &[&'a Claim]) -> Vec<&'a Claim> {
    let mut living: Vec<_> = claims.iter().copied().filter(|claim| claim.is_living()).collect();
    living.dedup_by_key(|claim| claim.holder);
    living
}

fn blob_id(id: u128) -> BlobId {
    BlobId::from_bytes(id.to_be_bytes())
}

fn hex(id: u128) -> String {
    Hex(&id.to_be_bytes()).to_string()
}

/// An error with its cause.
fn told(error: &BlobError) -> String {
    match std::error::Error::source(error) {
        Some(cause) => format!("{error}: {cause}"),
        None => error.to_string(),
    }
}
