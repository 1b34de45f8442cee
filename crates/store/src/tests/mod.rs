//! Tests of the whole store, over engines in memory that fail on request.

mod audit;
mod copies;
mod disk;
mod faults;
mod groups;
mod identities;
mod interleaving;
mod listing;
mod model;
mod multipart;
mod objects;
mod providers;
mod races;
mod revocations;
mod roles;
mod settings;
mod sweeping;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use bytes::{Bytes, BytesMut};
use daypass_api::acl::{BucketAclPreset, ObjectAclPreset};
use daypass_api::names::{Account, AppId, BucketName, ObjectKey, Region, Uin, UploadId};
use daypass_api::object::{ETag, ObjectHeaders, ObjectInfo, Preconditions};
use daypass_api::operation::{
    BodyClaims, CopyObject, CopySource, CreateBucket, DeleteObject, InitiateMultipartUpload, ListObjects,
    PartEntry, PutObject, ReadObject, ResponseOverrides, UploadPart, UploadRef,
};
use daypass_api::outcome::{Copied, ObjectList, Ownership};
use daypass_api::{Error, ErrorCode, Outcome, Timestamp};
use daypass_blob::Blobs;
use daypass_blob::faulty::FaultyBlobs;
use daypass_blob::memory::MemoryBlobs;
use daypass_kv::Kv;
use daypass_kv::faulty::FaultyKv;
use daypass_kv::memory::MemoryKv;
use futures_util::{StreamExt, TryStreamExt, stream};

use crate::{BodyStream, Random, Store, StoreOptions, View};

const OWNER: Account = Account {
    app_id: AppId(1_250_000_000),
    owner_uin: Uin(100_000_000_001),
};
const NOW: Timestamp = Timestamp::from_unix_seconds(1_700_000_000);
const MIB: usize = 1024 * 1024;
/// Bodies longer than this become blobs in these tests.
const INLINE: usize = 1000;

/// Different bytes every time, the same in every run.
#[derive(Default)]
struct Seeded(AtomicU64);

impl Random for Seeded {
    fn fill(&self, bytes: &mut [u8]) {
        for chunk in bytes.chunks_mut(8) {
            let mut word = self
                .0
                .fetch_add(1, Ordering::Relaxed)
                .wrapping_mul(0x9e37_79b9_7f4a_7c15);
            word = (word ^ (word >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
            let word = (word ^ (word >> 27)).to_le_bytes();
            chunk.copy_from_slice(&word[..chunk.len()]);
        }
    }
}

/// A store with its engines at hand.
#[derive(Clone)]
struct Fixture {
    store: Store,
    kv: FaultyKv,
    blobs: FaultyBlobs,
    random: Arc<Seeded>,
}

async fn fixture() -> Fixture {
    fixture_with(StoreOptions {
        inline_bytes: INLINE,
        ..Default::default()
    })
    .await
}

async fn fixture_with(options: StoreOptions) -> Fixture {
    fixture_on(Arc::new(MemoryKv::new()), Arc::new(MemoryBlobs::new()), options).await
}

async fn fixture_on(kv: Arc<dyn Kv>, blobs: Arc<dyn Blobs>, options: StoreOptions) -> Fixture {
    let kv = FaultyKv::new(kv);
    let blobs = FaultyBlobs::new(blobs);
    let store = Store::open(Arc::new(kv.clone()), Arc::new(blobs.clone()), options)
        .await
        .unwrap();
    Fixture {
        store,
        kv,
        blobs,
        random: Arc::default(),
    }
}

/// A store with one bucket.
async fn with_bucket() -> Fixture {
    let fixture = fixture().await;
    fixture.create_bucket("photos").await.unwrap();
    fixture
}

fn bucket(name: &str) -> BucketName {
    BucketName::parse(&format!("{name}-{}", OWNER.app_id)).unwrap()
}

fn photos() -> BucketName {
    bucket("photos")
}

fn key(text: &str) -> ObjectKey {
    ObjectKey::parse(text.as_bytes()).unwrap()
}

fn region() -> Region {
    Region::parse("ap-guangzhou").unwrap()
}

fn body(data: &Bytes) -> BodyStream<'static> {
    let pieces: Vec<_> = data
        .chunks(100_000)
        .map(|piece| Ok(Bytes::copy_from_slice(piece)))
        .collect();
    stream::iter(pieces).boxed()
}

/// Bytes that differ by seed and position.
fn bytes(length: usize, seed: u64) -> Bytes {
    (0..length)
        .map(|position| (position as u64).wrapping_mul(31).wrapping_add(seed * 7) as u8)
        .collect()
}

fn put(name: &str) -> PutObject {
    PutObject {
        bucket: photos(),
        key: key(name),
        headers: ObjectHeaders::default(),
        acl: ObjectAclPreset::Default.into(),
        tags: Vec::new(),
        forbid_overwrite: false,
        preconditions: Preconditions::default(),
        body: BodyClaims::default(),
    }
}

fn source(name: &str) -> CopySource {
    CopySource {
        bucket: photos(),
        key: key(name),
        version_id: None,
        preconditions: Preconditions::default(),
    }
}

fn copy(from: &str, to: &str) -> CopyObject {
    CopyObject {
        source: source(from),
        put: put(to),
        replaces_headers: false,
        replaces_tags: false,
    }
}

fn read(name: &str) -> ReadObject {
    ReadObject {
        bucket: photos(),
        key: key(name),
        range: None,
        preconditions: Preconditions::default(),
        overrides: ResponseOverrides::default(),
    }
}

fn initiate(name: &str) -> InitiateMultipartUpload {
    InitiateMultipartUpload {
        bucket: photos(),
        key: key(name),
        headers: ObjectHeaders::default(),
        acl: ObjectAclPreset::Default.into(),
        tags: Vec::new(),
        forbid_overwrite: false,
    }
}

fn list(prefix: &str, delimiter: &str, marker: &str, max_keys: u32) -> ListObjects {
    ListObjects {
        bucket: photos(),
        prefix: prefix.to_owned(),
        delimiter: delimiter.to_owned(),
        marker: marker.to_owned(),
        max_keys,
        url_encoding: false,
    }
}

fn entry(part_number: u32, etag: &ETag) -> PartEntry {
    PartEntry {
        part_number,
        etag: etag.clone(),
    }
}

const OWNERSHIP: Ownership = Ownership {
    owner_uin: OWNER.owner_uin,
    initiator_uin: Uin(7),
};

fn code<T: std::fmt::Debug>(result: Result<T, Error>) -> ErrorCode {
    result.unwrap_err().code
}

impl Fixture {
    async fn view(&self) -> View {
        self.store.view().await.unwrap()
    }

    async fn create_bucket(&self, name: &str) -> Result<Outcome, Error> {
        let create = CreateBucket {
            bucket: bucket(name),
            acl: BucketAclPreset::Private.into(),
            tags: Vec::new(),
        };
        self.store
            .create_bucket(self.store.view().await?, &create, OWNER, &region(), 200, NOW)
            .await
    }

    async fn delete_bucket(&self, name: &str) -> Result<Outcome, Error> {
        self.store
            .delete_bucket(self.store.view().await?, &bucket(name))
            .await
    }

    async fn put_request(&self, put: &PutObject, data: &Bytes) -> Result<ETag, Error> {
        let view = self.store.view().await?;
        match self
            .store
            .put_object(view, put, body(data), NOW, &*self.random)
            .await?
        {
            Outcome::Stored { etag, .. } => Ok(etag),
            other => panic!("{other:?}"),
        }
    }

    async fn put(&self, name: &str, data: &Bytes) -> Result<ETag, Error> {
        self.put_request(&put(name), data).await
    }

    async fn copy_request(&self, copy: &CopyObject) -> Result<Copied, Error> {
        let view = self.store.view().await?;
        match self.store.copy_object(view, copy, NOW, &*self.random).await? {
            Outcome::ObjectCopied(copied) => Ok(copied),
            other => panic!("{other:?}"),
        }
    }

    async fn copy(&self, from: &str, to: &str) -> Result<Copied, Error> {
        self.copy_request(&copy(from, to)).await
    }

    async fn read(&self, read: &ReadObject) -> Result<(ObjectInfo, Bytes), Error> {
        let view = self.store.view().await?;
        let (outcome, reader) = self.store.get_object(&view, read).await?;
        drop(view);
        let Outcome::Object { info, .. } = outcome else {
            panic!("{outcome:?}")
        };
        let mut data = BytesMut::new();
        let mut reader = reader.unwrap();
        while let Some(piece) = reader.try_next().await? {
            data.extend_from_slice(&piece);
        }
        Ok((info, data.freeze()))
    }

    async fn get(&self, name: &str) -> Result<Bytes, Error> {
        Ok(self.read(&read(name)).await?.1)
    }

    async fn delete(&self, name: &str) -> Result<Outcome, Error> {
        let delete = DeleteObject {
            bucket: photos(),
            key: key(name),
        };
        self.store
            .delete_object(self.store.view().await?, &delete, NOW)
            .await
    }

    async fn list(&self, list: &ListObjects) -> Result<ObjectList, Error> {
        match self.store.list_objects(&self.store.view().await?, list).await? {
            Outcome::Objects(list) => Ok(list),
            other => panic!("{other:?}"),
        }
    }

    async fn begin(&self, name: &str) -> Result<UploadRef, Error> {
        let view = self.store.view().await?;
        let started = self
            .store
            .initiate_multipart(view, &initiate(name), OWNERSHIP, NOW, &*self.random)
            .await?;
        let Outcome::UploadStarted { upload_id, .. } = started else {
            panic!("{started:?}")
        };
        Ok(UploadRef {
            bucket: photos(),
            key: key(name),
            upload_id,
        })
    }

    async fn part(&self, upload: &UploadRef, part_number: u32, data: &Bytes) -> Result<ETag, Error> {
        let part = UploadPart {
            upload: upload.clone(),
            part_number,
            body: BodyClaims::default(),
        };
        let view = self.store.view().await?;
        match self
            .store
            .upload_part(view, &part, body(data), NOW, &*self.random)
            .await?
        {
            Outcome::Stored { etag, .. } => Ok(etag),
            other => panic!("{other:?}"),
        }
    }

    async fn complete(&self, upload: &UploadRef, parts: &[PartEntry]) -> Result<(ETag, u64), Error> {
        let view = self.store.view().await?;
        match self
            .store
            .complete_multipart(view, upload, false, parts, NOW)
            .await?
        {
            Outcome::UploadCompleted { etag, crc64, .. } => Ok((etag, crc64)),
            other => panic!("{other:?}"),
        }
    }

    async fn abort(&self, upload: &UploadRef) -> Result<Outcome, Error> {
        self.store
            .abort_multipart(self.store.view().await?, upload, NOW)
            .await
    }

    fn unknown_upload(&self, name: &str) -> UploadRef {
        UploadRef {
            bucket: photos(),
            key: key(name),
            upload_id: UploadId::parse("0").unwrap(),
        }
    }
}
