//! One consistent view of the store: the facts that deciding needs, and what every operation reads.

use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use bytes::Bytes;
use daypass_api::acl::{Acl, ObjectAcl};
use daypass_api::names::{Account, BucketName, ObjectKey, Region};
use daypass_api::{Error, ErrorCode, Timestamp};
use daypass_kv::{Direction, KeyRange, Pair, Snapshot};
use daypass_metadata::bucket::{BucketRecord, CounterRecord};
use daypass_metadata::object::ObjectRecord;
use daypass_metadata::{Found, Record, keys};

use crate::fault;
use crate::identity::PresetPolicy;
use crate::marks::{KnownMarks, Marks};

/// How many pairs are read at once where all of a range is wanted.
const PAGE: usize = 1000;

/// A consistent view, unchanged by what is written later. Hold it for one request and no longer; a method that
/// takes it by value lets go of it as soon as it can.
pub struct View {
    snapshot: Box<dyn Snapshot>,
    /// The object that deciding read, for the operation that comes after.
    decided_on: Mutex<Option<(Bytes, Found<ObjectRecord>)>>,
    pub(crate) known_marks: Arc<KnownMarks>,
    pub(crate) marks: OnceLock<Marks>,
    pub(crate) presets: Arc<[PresetPolicy]>,
}

/// A bucket, as deciding needs it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bucket {
    /// Its name.
    pub name: BucketName,
    /// Whose it is.
    pub owner: Account,
    /// Where it is.
    pub region: Region,
    /// When it was made.
    pub created: Timestamp,
    /// Its access control list.
    pub acl: Acl,
    /// Its policy's text.
    pub policy: Option<String>,
    /// Its tags.
    pub tags: Vec<(String, String)>,
}

impl View {
    pub(crate) fn new(
        snapshot: Box<dyn Snapshot>,
        known_marks: Arc<KnownMarks>,
        presets: Arc<[PresetPolicy]>,
    ) -> Self {
        Self {
            snapshot,
            decided_on: Mutex::default(),
            known_marks,
            marks: OnceLock::new(),
            presets,
        }
    }

    /// A bucket.
    pub async fn bucket(&self, name: &BucketName) -> Result<Option<Bucket>, Error> {
        let found = self.record::<BucketRecord>(&keys::bucket(name)).await?;
        Ok(found.map(|found| {
            let BucketRecord {
                owner,
                region,
                created,
                acl,
                policy,
                tags,
            } = found.record;
            Bucket {
                name: name.clone(),
                owner,
                region,
                created,
                acl,
                policy,
                tags,
            }
        }))
    }

    /// An object's access control list; none if there is no such object.
    pub async fn object_acl(&self, bucket: &BucketName, key: &ObjectKey) -> Result<Option<ObjectAcl>, Error> {
        let stored = keys::object(bucket, key);
        let found = self.record::<ObjectRecord>(&stored).await?;
        let acl = found.as_ref().map(|found| found.record.acl.clone());
        *self.decided_on() = found.map(|found| (stored, found));
        Ok(acl)
    }

    pub(crate) async fn require_bucket(&self, name: &BucketName) -> Result<Bucket, Error> {
        self.bucket(name).await?.ok_or(ErrorCode::NoSuchBucket.into())
    }

    pub(crate) async fn object(
        &self,
        bucket: &BucketName,
        key: &ObjectKey,
    ) -> Result<Option<Found<ObjectRecord>>, Error> {
        let stored = keys::object(bucket, key);
        let decided_on = self.decided_on().take_if(|(known, _)| *known == stored);
        match decided_on {
            Some((_, found)) => Ok(Some(found)),
            None => self.record(&stored).await,
        }
    }

    /// A panic while the lock is held cannot leave the option half changed.
    fn decided_on(&self) -> MutexGuard<'_, Option<(Bytes, Found<ObjectRecord>)>> {
        self.decided_on.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn snapshot(&self) -> &dyn Snapshot {
        &*self.snapshot
    }

    /// The record under a key.
    pub(crate) async fn record<R: Record>(&self, key: &[u8]) -> Result<Option<Found<R>>, Error> {
        let value = self.snapshot.get(key).await.map_err(fault::reading)?;
        value.map(found).transpose()
    }

    /// The value of a counter that begins at 0.
    pub(crate) async fn counter(&self, key: &[u8]) -> Result<u64, Error> {
        let counter = self.record::<CounterRecord>(key).await?;
        Ok(counter.map_or(0, |counter| counter.record.value))
    }

    /// The first pairs of a range.
    pub(crate) async fn first(&self, range: KeyRange, limit: usize) -> Result<Vec<Pair>, Error> {
        self.snapshot
            .range(range, Direction::Forward, limit)
            .await
            .map_err(fault::reading)
    }

    /// Whether a range has anything.
    pub(crate) async fn any(&self, prefix: Bytes) -> Result<bool, Error> {
        Ok(!self.first(KeyRange::prefix(prefix), 1).await?.is_empty())
    }

    /// All pairs with a prefix; for ranges whose size is bounded by a rule of the service.
    pub(crate) async fn all(&self, prefix: Bytes) -> Result<Vec<Pair>, Error> {
        let mut range = KeyRange::prefix(prefix);
        let mut pairs = Vec::new();
        loop {
            let page = self.first(range.clone(), PAGE).await?;
            let full = page.len() >= PAGE;
            pairs.extend(page);
            match pairs.last() {
                Some((last, _)) if full => range = range.after(last.clone()),
                _ => return Ok(pairs),
            }
        }
    }
}

/// Decodes a record and keeps its bytes.
pub(crate) fn found<R: Record>(value: Bytes) -> Result<Found<R>, Error> {
    Found::decode(value).map_err(|error| fault::undecodable(R::NAME, error))
}

/// Decodes a record.
pub(crate) fn decoded<R: Record>(value: &[u8]) -> Result<R, Error> {
    R::decode(value).map_err(|error| fault::undecodable(R::NAME, error))
}
