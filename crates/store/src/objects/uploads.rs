//! Listing the uploads in progress of a bucket.
//!
//! A stored upload's key holds more than the object key, so the engine cannot fold groups by itself; this walks
//! the range and seeks past a group once it was seen.

use bytes::Bytes;
use daypass_api::names::UploadId;
use daypass_api::operation::ListMultipartUploads;
use daypass_api::outcome::{UploadList, UploadSummary};
use daypass_api::{Error, Outcome};
use daypass_kv::KeyRange;
use daypass_metadata::keys;
use daypass_metadata::upload::UploadRecord;

use super::list::page_size;
use super::multipart::object_key;
use crate::view::decoded;
use crate::{Store, View, fault};

/// How many uploads are read at once; a group is left at its first upload, so more would be read in vain.
const READ_AHEAD: usize = 100;

impl Store {
    /// The uploads of a bucket in order of their keys, and of one key in order of their beginning.
    ///
    /// `upload_id_marker` counts only together with `key_marker`. As for objects, a marker that is itself a
    /// common prefix passes over what it stands for.
    pub async fn list_multipart_uploads(
        &self,
        view: &View,
        list: &ListMultipartUploads,
    ) -> Result<Outcome, Error> {
        view.require_bucket(&list.bucket).await?;
        let mut walk = Walk {
            list,
            range: first_range(list),
            entries: Vec::new(),
        };
        let limit = page_size(list.max_uploads);
        while walk.entries.len() < limit && walk.step(view, limit).await? {}
        let more = limit > 0 && !view.first(walk.range, 1).await?.is_empty();
        let next = walk.entries.last().filter(|_| more).map(Entry::marker);
        let mut answer = UploadList {
            request: list.clone(),
            uploads: Vec::new(),
            common_prefixes: Vec::new(),
            next,
        };
        for entry in walk.entries {
            match entry {
                Entry::Upload(upload) => answer.uploads.push(upload),
                Entry::Prefix(prefix) => answer.common_prefixes.push(prefix),
            }
        }
        Ok(Outcome::Uploads(answer))
    }
}

enum Entry {
    Upload(UploadSummary),
    Prefix(String),
}

impl Entry {
    fn marker(&self) -> (String, String) {
        match self {
            Self::Upload(upload) => (upload.key.to_string(), upload.upload_id.to_string()),
            Self::Prefix(prefix) => (prefix.clone(), String::new()),
        }
    }
}

/// A listing under way: what was found, and the range that is left.
struct Walk<'a> {
    list: &'a ListMultipartUploads,
    range: KeyRange,
    entries: Vec<Entry>,
}

impl Walk<'_> {
    /// Reads on up to the next group or the limit; false when nothing is left.
    async fn step(&mut self, view: &View, limit: usize) -> Result<bool, Error> {
        let wanted = limit.saturating_sub(self.entries.len()).min(READ_AHEAD);
        let pairs = view.first(self.range.clone(), wanted).await?;
        let full = pairs.len() >= wanted;
        for (stored, value) in pairs {
            let (key, id) = keys::key_of_upload(&stored, &self.list.bucket)
                .ok_or_else(|| fault::inconsistent("the key of an upload"))?;
            if let Some(group) = group_of(&key, self.list) {
                let members = keys::uploads_with_prefix(&self.list.bucket, group);
                self.pass(keys::past(&members));
                self.entries.push(Entry::Prefix(group.to_owned()));
                return Ok(true);
            }
            self.entries.push(Entry::Upload(summary(&key, id, &value)?));
            self.pass(stored);
        }
        Ok(full)
    }

    fn pass(&mut self, key: Bytes) {
        self.range = self.range.clone().after(key);
    }
}

fn first_range(list: &ListMultipartUploads) -> KeyRange {
    let all = KeyRange::prefix(keys::uploads_with_prefix(&list.bucket, &list.prefix));
    if list.key_marker.is_empty() {
        return all;
    }
    let of_marker = keys::upload_name(&list.bucket, &list.key_marker);
    if group_of(&list.key_marker, list) == Some(&list.key_marker) {
        all.after(keys::past(&keys::uploads_with_prefix(
            &list.bucket,
            &list.key_marker,
        )))
    } else if list.upload_id_marker.is_empty() {
        all.after(keys::past(&of_marker))
    } else {
        all.after([&of_marker[..], list.upload_id_marker.as_bytes()].concat())
    }
}

/// The common prefix that stands for this key, if it has the delimiter after the prefix.
fn group_of<'k>(key: &'k str, list: &ListMultipartUploads) -> Option<&'k str> {
    if list.delimiter.is_empty() {
        return None;
    }
    let position = key.strip_prefix(&list.prefix)?.find(&list.delimiter)?;
    key.get(
        ..list
            .prefix
            .len()
            .saturating_add(position)
            .saturating_add(list.delimiter.len()),
    )
}

fn summary(key: &str, upload_id: UploadId, value: &[u8]) -> Result<UploadSummary, Error> {
    let record: UploadRecord = decoded(value)?;
    Ok(UploadSummary {
        key: object_key(key)?,
        upload_id,
        storage_class: record.headers.storage_class,
        ownership: record.ownership,
        initiated: record.initiated,
    })
}
