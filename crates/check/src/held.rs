//! What objects, uploads and retired contents claim, joined with what lies beside the records: inline data,
//! manifests and parts.

use crc_fast::CrcAlgorithm::Crc64Xz;
use daypass_kv::KvError;
use daypass_metadata::Record;
use daypass_metadata::blob_life::InlineRecord;
use daypass_metadata::keys::{self, ContentId, DataId, StoredKey};

use crate::claims::{Claim, Class, Origin, Stretch, number};
use crate::records::place_of_record;
use crate::walk::{Walk, undecodable};
use crate::{Check, CheckError, Kind, Place};

/// Claims by what they are joined with, each in the order of ids.
#[derive(Default)]
pub(crate) struct ByClass<'a> {
    pub(crate) inline: Vec<&'a Claim>,
    pub(crate) blobs: Vec<&'a Claim>,
    pub(crate) contents: Vec<&'a Claim>,
}

impl<'a> ByClass<'a> {
    pub(crate) fn split(claims: &'a [Claim]) -> Self {
        let mut split = Self::default();
        for claim in claims {
            match claim.class {
                Class::Inline => split.inline.push(claim),
                Class::Blob => split.blobs.push(claim),
                Class::ObjectContent | Class::UploadContent | Class::RetiredContent => {
                    split.contents.push(claim);
                }
            }
        }
        split
    }
}

/// Where something claimed is.
pub(crate) fn place_of_claim(claim: &Claim, origin: &Origin<'_>) -> Place {
    let (place, id) = (origin.place(), claim.id.to_be_bytes());
    match claim.class {
        Class::Inline => place.inline(DataId(id)),
        Class::Blob => place.blob(DataId(id)),
        // A retired content is its own place already.
        Class::RetiredContent => place,
        Class::ObjectContent | Class::UploadContent => place.content(ContentId(id)),
    }
}

/// The claims to one id, out of claims in order.
pub(crate) fn claims_to<'a, 'b>(claims: &'b [&'a Claim], id: u128) -> &'b [&'a Claim] {
    let first = claims.partition_point(|claim| claim.id < id);
    let last = claims.partition_point(|claim| claim.id <= id);
    claims.get(first..last).unwrap_or_default()
}

impl Check<'_> {
    /// Inline data in order, against claims in the same order.
    pub(crate) async fn inline_data(
        &mut self,
        stretch: Stretch,
        claims: &[&Claim],
    ) -> Result<(), CheckError> {
        let range = stretch.range(&keys::all_inline_data());
        let mut walk = Walk::new(self.subject.snapshot, range);
        let mut unseen = claims;
        while let Some((key, value)) = walk.next().await? {
            self.count_record();
            let Some(StoredKey::InlineData(id)) = StoredKey::parse(&key) else {
                self.malformed_key(&key);
                continue;
            };
            self.summary.inline = self.summary.inline.saturating_add(1);
            let position = unseen.partition_point(|claim| claim.id < number(id.0));
            let (missing, rest) = unseen.split_at_checked(position).unwrap_or((unseen, &[]));
            missing.iter().for_each(|claim| self.inline_missing(claim));
            let (own, rest) = rest
                .split_at_checked(rest.partition_point(|claim| claim.id == number(id.0)))
                .unwrap_or((rest, &[]));
            unseen = rest;
            self.one_inline(id, &value, own);
        }
        unseen.iter().for_each(|claim| self.inline_missing(claim));
        Ok(())
    }

    fn inline_missing(&mut self, claim: &Claim) {
        let expected = format!("{} bytes beside the records", claim.length);
        self.blame(claim.triple(), Kind::InlineMissing, expected, "nothing");
    }

    fn one_inline(&mut self, id: DataId, value: &[u8], claims: &[&Claim]) {
        let Some(claim) = claims.first() else {
            let kind = self.unowned(Kind::InlineUnowned);
            let found = format!("{} bytes stored", value.len());
            let place = place_of_record(&StoredKey::InlineData(id));
            return self.report(kind, place, "an object or a part that they belong to", found);
        };
        if claims.len() > 1 {
            self.blame(
                claim.triple(),
                Kind::Shared,
                "one owner",
                format!("{}", claims.len()),
            );
        }
        let record = match InlineRecord::decode(value) {
            Ok(record) => record,
            Err(error) => {
                let (expected, found) = undecodable::<InlineRecord>(error);
                return self.blame(claim.triple(), Kind::RecordUndecodable, expected, found);
            }
        };
        let found = (
            record.data.len() as u64,
            crc_fast::checksum(Crc64Xz, &record.data),
        );
        let told = |(length, crc64)| format!("{length} bytes of CRC-64 {crc64}");
        if (claim.length, claim.crc64) != found {
            let expected = told((claim.length, claim.crc64));
            self.blame(claim.triple(), Kind::InlineCorrupt, expected, told(found));
        } else if record.crc64 != found.1 {
            let stored = format!("CRC-64 {} stored with them", record.crc64);
            self.blame(claim.triple(), Kind::InlineCorrupt, told(found), stored);
        }
    }

    /// Manifests and parts, against the contents that have any.
    pub(crate) async fn contents(&mut self, stretch: Stretch, claims: &[&Claim]) -> Result<(), CheckError> {
        for pair in claims.windows(2) {
            if let [one, other] = pair
                && one.id == other.id
            {
                let found = format!("{:?} and {:?}", one.class, other.class);
                self.blame(one.triple(), Kind::Shared, "one owner of its bytes", found);
            }
        }
        let manifests = keys::all_manifests();
        let owners = [Class::ObjectContent, Class::RetiredContent];
        self.owned(stretch.range(&manifests), claims, owners, Kind::ManifestUnowned)
            .await?;
        let parts = keys::all_parts();
        let owners = [Class::UploadContent, Class::RetiredContent];
        self.owned(stretch.range(&parts), claims, owners, Kind::PartUnowned)
            .await?;
        Ok(())
    }

    async fn owned(
        &mut self,
        range: daypass_kv::KeyRange,
        claims: &[&Claim],
        owners: [Class; 2],
        kind: Kind,
    ) -> Result<(), KvError> {
        let mut walk = Walk::new(self.subject.snapshot, range);
        while let Some((key, _)) = walk.next().await? {
            let Some(stored) = StoredKey::parse(&key) else {
                continue;
            };
            let (StoredKey::Manifest(content, _) | StoredKey::Part(content, _)) = &stored else {
                continue;
            };
            let claims = claims_to(claims, number(content.0));
            if !claims.iter().any(|claim| owners.contains(&claim.class)) {
                let kind = self.unowned(kind);
                self.report(
                    kind,
                    place_of_record(&stored),
                    "something it belongs to",
                    "nothing",
                );
            }
        }
        Ok(())
    }

    /// What belongs to nobody may belong to what cannot be read, which is then the damage.
    pub(crate) fn unowned(&self, kind: Kind) -> Kind {
        if self.torn.any_content() {
            Kind::OutOfReach
        } else {
            kind
        }
    }

    pub(crate) fn count_record(&mut self) {
        self.summary.records = self.summary.records.saturating_add(1);
    }
}
