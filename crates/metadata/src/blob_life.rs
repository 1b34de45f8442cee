//! The life of stored bytes, from the intent to write a blob to its removal.
//!
//! ```text
//! intent ──adopt──▶ referenced ──release──▶ unreferenced ──bury──▶ dead ──(grace)──▶ removed
//!    └─────────────────────abandon────────────────────────────────▶┘
//! ```
//!
//! Nothing is ever found by listing blobs and guessing: each step leaves a record that names the next one. A
//! blob becomes dead only under the condition that nothing refers to it, and a reference is only ever added by
//! the batch that consumes the blob's intent, or beside another reference that the batch requires to be
//! present. So a dead blob stays dead, and the grace time serves only readers that had already begun.

use bytes::Bytes;
use daypass_api::Timestamp;
use daypass_api::names::{BucketName, ObjectKey};
use daypass_kv::{Batch, KeyRange};

use crate::codec::{Found, MarkRecord, Record, field, record};
use crate::keys::{self, ContentId, DataId};
use crate::object::{ManifestRecord, Place, Segment};
use crate::upload::PartRecord;

/// What a blob or its reference is for: for whoever looks into a store, not for the program.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Referrer {
    /// The bucket.
    pub bucket: BucketName,
    /// The object, or the object that an upload will become.
    pub key: ObjectKey,
}

field!(Referrer { bucket, key });

/// A blob that is about to be written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IntentRecord {
    /// What for.
    pub referrer: Referrer,
}

record!(IntentRecord, "intent", version 1, { referrer });

/// A content's hold on a blob.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReferenceRecord {
    /// Whose content it is.
    pub referrer: Referrer,
}

record!(ReferenceRecord, "reference", version 1, { referrer });

/// A content that nothing shows any more, whose references are still to be removed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RetiredRecord {
    /// Since when.
    pub since: Timestamp,
}

record!(RetiredRecord, "retired content", version 1, { since });

/// A blob that lost a reference; whether it has others is not known yet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UnreferencedRecord {
    /// Since when.
    pub since: Timestamp,
}

record!(UnreferencedRecord, "unreferenced blob", version 1, { since });

/// An announced blob: its id, and when it was announced.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Intent {
    /// When it was announced.
    pub created: Timestamp,
    /// The blob.
    pub id: DataId,
}

impl Intent {
    fn key(self) -> Bytes {
        keys::intent(self.created, self.id)
    }

    /// Announces the blob, before a byte of it is stored.
    pub fn announce(self, referrer: Referrer) -> Batch {
        Batch::new().put(self.key(), IntentRecord { referrer }.encode())
    }

    /// Takes the announcement back, after the blob is known not to be there.
    pub fn withdraw(self) -> Batch {
        Batch::new().delete(self.key()).reclaiming()
    }

    /// Gives the blob up for dead, if the announcement still stands.
    pub fn abandon(self, now: Timestamp) -> Batch {
        Batch::new()
            .require_present(self.key())
            .delete(self.key())
            .put(keys::dead(now, self.id), MarkRecord.encode())
            .reclaiming()
    }

    /// Makes the blob a content's own, if the announcement still stands.
    pub(crate) fn adopt(self, batch: Batch, holder: ContentId, referrer: Referrer) -> Batch {
        batch.require_present(self.key()).delete(self.key()).put(
            keys::reference(self.id, holder),
            ReferenceRecord { referrer }.encode(),
        )
    }
}

/// New bytes that a record is about to point to.
#[derive(Clone, Debug)]
pub enum NewData {
    /// Small ones, stored in the same batch.
    Inline(DataId, InlineRecord),
    /// A finished blob.
    Blob(Intent),
}

/// The bytes of something small, under a key of their own, so that listings do not read them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InlineRecord {
    /// CRC-64/XZ of the bytes, checked on every read.
    pub crc64: u64,
    /// The bytes.
    pub data: Bytes,
}

record!(InlineRecord, "inline data", version 1, { crc64, data });

impl NewData {
    /// Where the bytes are.
    pub fn place(&self) -> Place {
        match self {
            Self::Inline(id, _) => Place::Inline(*id),
            Self::Blob(intent) => Place::Blob(intent.id),
        }
    }

    /// Makes the bytes a content's own.
    pub(crate) fn adopt(&self, batch: Batch, holder: ContentId, referrer: Referrer) -> Batch {
        match self {
            Self::Inline(id, record) => batch.put(keys::inline_data(*id), record.encode()),
            Self::Blob(intent) => intent.adopt(batch, holder, referrer),
        }
    }
}

/// Removes a content's hold on one segment. Inline bytes go at once; a blob is left to the sweep.
pub(crate) fn release(batch: Batch, segment: &Segment, holder: ContentId, now: Timestamp) -> Batch {
    match segment.place {
        Place::Inline(id) => batch.delete(keys::inline_data(id)),
        Place::Blob(id) => batch
            .delete(keys::reference(id, holder))
            .put(keys::unreferenced(id), UnreferencedRecord { since: now }.encode()),
    }
}

/// Gives a blob another holder, as long as this one has it. INVARIANT: a blob whose reference is there is not dead,
/// and whoever takes that reference away sets the mark that makes the sweep look for others.
pub(crate) fn share(batch: Batch, id: DataId, from: ContentId, to: ContentId, referrer: &Referrer) -> Batch {
    let record = ReferenceRecord {
        referrer: referrer.clone(),
    };
    batch
        .require_present(keys::reference(id, from))
        .put(keys::reference(id, to), record.encode())
}

/// Leaves a whole content to the sweep, however many segments it has.
pub(crate) fn retire(batch: Batch, content: ContentId, now: Timestamp) -> Batch {
    batch.put(keys::retired(content), RetiredRecord { since: now }.encode())
}

/// Releases one chunk of a retired content's manifest.
pub fn release_manifest(key: Bytes, chunk: &ManifestRecord, content: ContentId, now: Timestamp) -> Batch {
    let batch = Batch::new().require_present(key.clone()).delete(key).reclaiming();
    chunk
        .segments
        .iter()
        .fold(batch, |batch, segment| release(batch, segment, content, now))
}

/// Releases some parts of a retired content that never became an object.
pub fn release_parts(parts: &[(Bytes, Found<PartRecord>)], content: ContentId, now: Timestamp) -> Batch {
    let mut batch = Batch::new().reclaiming();
    for (key, part) in parts {
        batch = batch
            .require_equals(key.clone(), part.bytes.clone())
            .delete(key.clone());
        if let Some(segment) = part.record.segment() {
            batch = release(batch, &segment, content, now);
        }
    }
    batch
}

/// Forgets a retired content, if all of it is released.
pub fn forget_content(content: ContentId) -> Batch {
    Batch::new()
        .require_range_empty(KeyRange::prefix(keys::manifests(content)))
        .require_range_empty(KeyRange::prefix(keys::parts(content)))
        .delete(keys::retired(content))
        .reclaiming()
}

/// Declares a blob dead, if it is still marked as unreferenced and nothing refers to it.
pub fn bury(id: DataId, now: Timestamp) -> Batch {
    Batch::new()
        .require_present(keys::unreferenced(id))
        .require_range_empty(KeyRange::prefix(keys::references(id)))
        .delete(keys::unreferenced(id))
        .put(keys::dead(now, id), MarkRecord.encode())
        .reclaiming()
}

/// Takes the mark from a blob that still has a reference. As long as that one is there, whoever removes it will
/// set the mark again; hence the condition.
pub fn keep(id: DataId, reference: Bytes) -> Batch {
    Batch::new()
        .require_present(reference)
        .delete(keys::unreferenced(id))
        .reclaiming()
}

/// Forgets a dead blob, after it was removed.
pub fn forget_dead(since: Timestamp, id: DataId) -> Batch {
    Batch::new().delete(keys::dead(since, id)).reclaiming()
}
