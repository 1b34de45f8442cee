//! Making, removing, finding and listing buckets.

use daypass_api::names::{Account, BucketName, Region};
use daypass_api::operation::{CreateBucket, ListBuckets};
use daypass_api::outcome::{BucketList, BucketSummary};
use daypass_api::{Error, ErrorCode, Outcome, Timestamp};
use daypass_metadata::bucket::{self, BucketIndexRecord, BucketRecord, CounterRecord};
use daypass_metadata::keys;

use crate::view::decoded;
use crate::{Attempts, Store, View, fault};

impl Store {
    /// Makes a bucket for an account that has fewer than `max_buckets`.
    pub async fn create_bucket(
        &self,
        mut view: View,
        create: &CreateBucket,
        owner: Account,
        region: &Region,
        max_buckets: u64,
        now: Timestamp,
    ) -> Result<Outcome, Error> {
        if create.bucket.app_id() != owner.app_id {
            return Err(Error::with_message(
                ErrorCode::AccessDenied,
                "The bucket's name must end in the number of the account that makes it",
            ));
        }
        let record = BucketRecord {
            owner,
            region: region.clone(),
            created: now,
            acl: create.acl.acl(owner),
            policy: None,
            tags: create.tags.clone(),
        };
        let mut attempts = Attempts::default();
        loop {
            attempts.another().await?;
            if let Some(existing) = view.bucket(&create.bucket).await? {
                let own = existing.owner == owner;
                let code = if own {
                    ErrorCode::BucketAlreadyOwned
                } else {
                    ErrorCode::BucketAlreadyExists
                };
                return Err(code.into());
            }
            let count = view
                .record::<CounterRecord>(&keys::bucket_count(owner.owner_uin))
                .await?;
            if count.as_ref().map_or(0, |count| count.record.value) >= max_buckets {
                return Err(ErrorCode::TooManyBuckets.into());
            }
            if self
                .commit(bucket::create(&create.bucket, &record, count.as_ref()))
                .await?
            {
                return Ok(Outcome::BucketCreated);
            }
            view = self.view().await?;
        }
    }

    /// Removes a bucket that holds neither objects nor uploads.
    pub async fn delete_bucket(&self, mut view: View, name: &BucketName) -> Result<Outcome, Error> {
        let mut attempts = Attempts::default();
        loop {
            attempts.another().await?;
            let owner = view.require_bucket(name).await?.owner.owner_uin;
            if view.any(keys::objects(name)).await? || view.any(keys::uploads(name)).await? {
                return Err(ErrorCode::BucketNotEmpty.into());
            }
            let count = view.record::<CounterRecord>(&keys::bucket_count(owner)).await?;
            if self.commit(bucket::remove(name, owner, count.as_ref())).await? {
                return Ok(Outcome::Deleted);
            }
            view = self.view().await?;
        }
    }

    /// Whether a bucket is there.
    pub async fn head_bucket(&self, view: &View, name: &BucketName) -> Result<Outcome, Error> {
        let region = view.require_bucket(name).await?.region;
        Ok(Outcome::BucketHead { region })
    }

    /// Where a bucket is.
    pub async fn bucket_location(&self, view: &View, name: &BucketName) -> Result<Outcome, Error> {
        Ok(Outcome::Location(view.require_bucket(name).await?.region))
    }

    /// The buckets of an account.
    pub async fn list_buckets(
        &self,
        view: &View,
        list: &ListBuckets,
        owner: Account,
    ) -> Result<Outcome, Error> {
        let index = keys::buckets_of(owner.owner_uin);
        let limit = usize::try_from(list.max_keys).unwrap_or(usize::MAX);
        let mut buckets = Vec::new();
        let mut truncated = false;
        for (key, value) in view.all(index.clone()).await? {
            let summary = summary(key.strip_prefix(&index[..]), &value)?;
            let wanted = list
                .region
                .as_ref()
                .is_none_or(|region| region == summary.region.as_str())
                && list
                    .marker
                    .as_ref()
                    .is_none_or(|marker| summary.name.as_str() > marker.as_str());
            if wanted && buckets.len() >= limit {
                truncated = limit > 0;
                break;
            }
            if wanted {
                buckets.push(summary);
            }
        }
        let marker = list.marker.clone();
        Ok(Outcome::Buckets(BucketList {
            owner_uin: owner.owner_uin,
            buckets,
            marker,
            truncated,
        }))
    }
}

fn summary(name: Option<&[u8]>, value: &[u8]) -> Result<BucketSummary, Error> {
    let name = name
        .and_then(|name| std::str::from_utf8(name).ok())
        .and_then(|name| BucketName::parse(name).ok());
    let name = name.ok_or_else(|| fault::inconsistent("the key of a bucket index"))?;
    let BucketIndexRecord { region, created } = decoded(value)?;
    Ok(BucketSummary {
        name,
        region,
        created,
    })
}
