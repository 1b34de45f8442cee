//! Listing the objects of a bucket.

use std::ops::Bound;

use daypass_api::names::{BucketName, ObjectKey};
use daypass_api::operation::ListObjects;
use daypass_api::outcome::{ObjectList, ObjectSummary};
use daypass_api::{Error, Outcome};
use daypass_kv::Entry;
use daypass_metadata::keys;
use daypass_metadata::object::ObjectRecord;

use crate::view::decoded;
use crate::{Store, View, fault};

/// Most entries of one page of any list.
pub(crate) const MOST_ENTRIES: usize = 1000;

impl Store {
    /// The objects of a bucket in byte order of their keys.
    ///
    /// Only keys after the marker take part. If the marker is itself a common prefix, what it stands for is
    /// passed over; so the last entry of one page, whichever kind it is, begins the next.
    pub async fn list_objects(&self, view: &View, list: &ListObjects) -> Result<Outcome, Error> {
        let bucket = view.require_bucket(&list.bucket).await?;
        let space = keys::objects(&list.bucket);
        let prefix = [&space[..], list.prefix.as_bytes()].concat();
        let marker = [&space[..], list.marker.as_bytes()].concat();
        let start = if list.marker.is_empty() {
            Bound::Unbounded
        } else {
            Bound::Excluded(&marker[..])
        };
        let limit = page_size(list.max_keys);
        let page = view
            .snapshot()
            .scan_prefixes(&prefix, list.delimiter.as_bytes(), start, limit)
            .await;
        let page = page.map_err(fault::reading)?;
        let last = page.entries.last().filter(|_| page.more);
        let next_marker = last
            .map(|last| name(last.name(), &list.bucket).map(str::to_owned))
            .transpose()?;
        let mut answer = ObjectList {
            request: list.clone(),
            region: bucket.region,
            owner: bucket.owner.app_id,
            objects: Vec::with_capacity(page.entries.len()),
            common_prefixes: Vec::new(),
            next_marker,
        };
        for entry in page.entries {
            match entry {
                Entry::Key(key, value) => answer.objects.push(summary(name(&key, &list.bucket)?, &value)?),
                Entry::Prefix(prefix) => answer
                    .common_prefixes
                    .push(name(&prefix, &list.bucket)?.to_owned()),
            }
        }
        Ok(Outcome::Objects(answer))
    }
}

/// What was asked for, within what memory allows.
pub(crate) fn page_size(asked: u32) -> usize {
    usize::try_from(asked).unwrap_or(usize::MAX).min(MOST_ENTRIES)
}

fn name<'s>(stored: &'s [u8], bucket: &BucketName) -> Result<&'s str, Error> {
    let name = keys::key_of_object(stored, bucket);
    name.ok_or_else(|| fault::inconsistent("the key of an object"))
}

fn summary(key: &str, value: &[u8]) -> Result<ObjectSummary, Error> {
    let key = ObjectKey::parse(key.as_bytes()).map_err(|_| fault::inconsistent("the key of an object"))?;
    let record: ObjectRecord = decoded(value)?;
    Ok(ObjectSummary {
        key,
        last_modified: record.last_modified,
        etag: record.etag,
        length: record.length,
        storage_class: record.headers.storage_class,
    })
}
