//! Buckets: the record, the account's index of them, and how both change together with the account's count.

use daypass_api::Timestamp;
use daypass_api::acl::Acl;
use daypass_api::cors::CorsRule;
use daypass_api::names::{Account, BucketName, Region, Uin};
use daypass_kv::{Batch, KeyRange};

use crate::codec::{Found, Record, field, record, require};
use crate::keys;

/// A bucket, as every request on it reads it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BucketRecord {
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

record!(BucketRecord, "bucket", version 1, { owner, region, created, acl, policy, tags });

/// A bucket in its account's index: what a list of buckets shows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BucketIndexRecord {
    /// Where it is.
    pub region: Region,
    /// When it was made.
    pub created: Timestamp,
}

record!(BucketIndexRecord, "bucket index", version 1, { region, created });

/// A number that is read, changed and written back under the condition that nobody else did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CounterRecord {
    /// The number.
    pub value: u64,
}

record!(CounterRecord, "counter", version 1, { value });

/// A bucket's rules for other origins, apart from its record, which every request reads.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CorsRecord {
    /// The rules.
    pub rules: Vec<CorsRule>,
    /// Whether caches shall be told that answers differ by origin.
    pub vary: Option<bool>,
}

record!(CorsRecord, "bucket cors", version 1, { rules, vary });

field!(CorsRule {
    id,
    origins,
    methods,
    headers,
    exposed,
    max_age
});

/// Puts rules in the place of whatever rules there are, or removes them, if the bucket is still there.
pub fn put_cors(name: &BucketName, rules: Option<&CorsRecord>) -> Batch {
    let batch = Batch::new().require_present(keys::bucket(name));
    match rules {
        Some(rules) => batch.put(keys::bucket_cors(name), rules.encode()),
        None => batch.delete(keys::bucket_cors(name)).reclaiming(),
    }
}

/// Makes a bucket, if there is none of the name and the account's count is still as read.
pub fn create(name: &BucketName, bucket: &BucketRecord, count: Option<&Found<CounterRecord>>) -> Batch {
    let owner = bucket.owner.owner_uin;
    let index = BucketIndexRecord {
        region: bucket.region.clone(),
        created: bucket.created,
    };
    let raised = count.map_or(0, |count| count.record.value).saturating_add(1);
    recount(
        Batch::new().require_absent(keys::bucket(name)),
        owner,
        count,
        raised,
    )
    .put(keys::bucket(name), bucket.encode())
    .put(keys::bucket_index(owner, name), index.encode())
}

/// Stores a bucket's record anew, if it is still as it was read.
pub fn change(name: &BucketName, previous: &Found<BucketRecord>, next: &BucketRecord) -> Batch {
    let key = keys::bucket(name);
    require(Batch::new(), &key, Some(previous)).put(key, next.encode())
}

/// Removes a bucket, if it is still there and holds neither objects nor uploads.
pub fn remove(name: &BucketName, owner: Uin, count: Option<&Found<CounterRecord>>) -> Batch {
    let lowered = count.map_or(0, |count| count.record.value).saturating_sub(1);
    let mut batch = Batch::new().require_present(keys::bucket(name));
    for occupants in [keys::objects(name), keys::uploads(name)] {
        batch = batch.require_range_empty(KeyRange::prefix(occupants));
    }
    recount(batch, owner, count, lowered)
        .delete(keys::bucket(name))
        .delete(keys::bucket_cors(name))
        .delete(keys::bucket_index(owner, name))
        .reclaiming()
}

fn recount(batch: Batch, owner: Uin, count: Option<&Found<CounterRecord>>, value: u64) -> Batch {
    let key = keys::bucket_count(owner);
    require(batch, &key, count).put(key, CounterRecord { value }.encode())
}
