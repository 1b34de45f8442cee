//! Looks at everything that is stored and holds it against itself: nothing that is shown may be missing, and
//! nothing that is not shown may be forgotten.

use std::collections::BTreeSet;
use std::time::Duration;

use bytes::Bytes;
use daypass_api::Timestamp;
use daypass_blob::{BlobId, Blobs};
use daypass_kv::{Direction, KeyRange, Kv};
use daypass_metadata::keys::{self, ContentId, DataId};
use daypass_metadata::object::{Content, ManifestRecord, ObjectRecord, Place, Segment};
use daypass_metadata::upload::{PartRecord, UploadRecord};
use daypass_metadata::{MarkRecord, Record};

use super::{Fixture, NOW};

/// Everything that the records say.
#[derive(Default, Debug)]
struct Books {
    /// Bytes that an object or a part points to, and in whose name.
    used: BTreeSet<(DataId, ContentId)>,
    used_inline: BTreeSet<DataId>,
    inline: BTreeSet<DataId>,
    references: BTreeSet<(DataId, ContentId)>,
    intents: BTreeSet<DataId>,
    unreferenced: BTreeSet<DataId>,
    dead: BTreeSet<DataId>,
    retired: BTreeSet<ContentId>,
    parts: Vec<(ContentId, PartRecord)>,
    manifests: Vec<(ContentId, ManifestRecord)>,
    open_contents: BTreeSet<ContentId>,
    manifest_contents: BTreeSet<ContentId>,
}

impl Books {
    fn use_segment(&mut self, segment: Segment, holder: ContentId) {
        match segment.place {
            Place::Inline(id) => assert!(self.used_inline.insert(id), "{id:?} is used twice"),
            Place::Blob(id) => assert!(self.used.insert((id, holder)), "{id:?} is used twice"),
        }
    }

    fn enter(&mut self, stored: &[u8], value: &Bytes) {
        let (tag, rest) = stored.split_first().unwrap();
        let ids = || {
            (
                DataId(rest[..16].try_into().unwrap()),
                ContentId(rest[rest.len() - 16..].try_into().unwrap()),
            )
        };
        match tag {
            b'o' => match ObjectRecord::decode(value).unwrap().content {
                Content::Empty => {}
                Content::Single { holder, segment } => self.use_segment(segment, holder),
                Content::Manifest { holder } => assert!(self.manifest_contents.insert(holder)),
            },
            b's' => assert!(self.inline.insert(ids().0)),
            b'm' => {
                let content = ContentId(rest[..16].try_into().unwrap());
                self.manifests
                    .push((content, ManifestRecord::decode(value).unwrap()));
            }
            b'u' => assert!(
                self.open_contents
                    .insert(UploadRecord::decode(value).unwrap().content)
            ),
            b'p' => {
                let content = ContentId(rest[..16].try_into().unwrap());
                self.parts.push((content, PartRecord::decode(value).unwrap()));
            }
            b'r' => assert!(self.references.insert(ids())),
            b'w' => assert!(self.intents.insert(keys::intent_of_key(stored).unwrap().1)),
            b'x' => assert!(self.retired.insert(ids().1)),
            b'c' => assert!(self.unreferenced.insert(ids().0)),
            b'd' => {
                MarkRecord::decode(value).unwrap();
                assert!(self.dead.insert(keys::dead_of_key(stored).unwrap().1));
            }
            b'a' | b'b' | b'e' | b'n' | b'f' | b'i' => {}
            other => panic!("unknown tag {other}"),
        }
    }

    fn resolve(&mut self) {
        for (content, part) in std::mem::take(&mut self.parts) {
            assert!(
                self.open_contents.contains(&content) || self.retired.contains(&content),
                "a lost part"
            );
            if let Some(segment) = part.segment() {
                self.use_segment(segment, content);
            }
        }
        for (content, manifest) in std::mem::take(&mut self.manifests) {
            let shown = self.manifest_contents.contains(&content);
            assert!(shown || self.retired.contains(&content), "a lost manifest");
            for segment in manifest.segments {
                self.use_segment(segment, content);
            }
        }
    }
}

impl Fixture {
    async fn books(&self) -> Books {
        let snapshot = self.kv.snapshot().await.unwrap();
        let mut books = Books::default();
        for (key, value) in snapshot
            .range(KeyRange::all(), Direction::Forward, usize::MAX)
            .await
            .unwrap()
        {
            books.enter(&key, &value);
        }
        books.resolve();
        books
    }

    async fn stored_blobs(&self) -> BTreeSet<DataId> {
        let blobs = self.blobs.list(None, usize::MAX).await.unwrap();
        blobs.into_iter().map(|id| DataId(*id.as_bytes())).collect()
    }

    /// What must hold at any moment.
    pub(super) async fn audit(&self) {
        let books = self.books().await;
        assert_eq!(books.used, books.references, "references");
        assert_eq!(books.used_inline, books.inline, "inline data");
        let referenced: BTreeSet<DataId> = books.used.iter().map(|(id, _)| *id).collect();
        assert!(referenced.is_disjoint(&books.dead), "a referenced blob is dead");
        let stored = self.stored_blobs().await;
        for id in &referenced {
            assert!(stored.contains(id), "{id:?} is missing");
            self.blobs.verify(BlobId::from_bytes(id.0)).await.unwrap();
        }
        for id in &stored {
            let known = referenced.contains(id)
                || books.intents.contains(id)
                || books.unreferenced.contains(id)
                || books.dead.contains(id);
            assert!(known, "{id:?} is forgotten");
        }
    }

    /// What must hold once sweeps have had their time: nothing is left but what is shown.
    pub(super) async fn audit_after_sweeps(&self) {
        self.audit().await;
        let late = NOW.plus_seconds(30 * 24 * 3600);
        self.sweep_all(late, Duration::ZERO).await;
        self.audit().await;
        let books = self.books().await;
        let referenced: BTreeSet<DataId> = books.used.iter().map(|(id, _)| *id).collect();
        assert_eq!(self.stored_blobs().await, referenced, "blobs without a reference");
        assert!(books.intents.is_empty() && books.dead.is_empty(), "{books:?}");
        assert!(
            books.unreferenced.is_empty() && books.retired.is_empty(),
            "{books:?}"
        );
    }

    /// Sweeps until there is nothing to do.
    pub(super) async fn sweep_all(&self, now: Timestamp, grace: Duration) {
        for _ in 0..100 {
            let report = self.store.sweep(now, grace, 10).await.unwrap();
            let idle = crate::SweepReport {
                more: report.more,
                ..Default::default()
            };
            if report == idle && !report.more {
                return;
            }
        }
        panic!("the sweep does not come to an end");
    }

    pub(super) async fn blobs_listed(&self) -> Vec<BlobId> {
        self.blobs.list(None, usize::MAX).await.unwrap()
    }

    pub(super) async fn blob_count(&self) -> usize {
        self.stored_blobs().await.len()
    }
}
