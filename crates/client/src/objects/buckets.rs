//! Buckets.

use daypass_api::Outcome;
use daypass_api::acl::BucketAclPreset;
use daypass_api::names::{BucketName, Region};
use daypass_api::operation::{CreateBucket, ListBuckets, ObjectOperation};
use daypass_api::outcome::BucketSummary;

use super::ObjectClient;
use crate::error::Error;
use crate::payload::Payload;

/// Most buckets of one page.
const PAGE: u32 = 1000;

impl ObjectClient {
    /// All buckets of the caller's account.
    pub async fn list_buckets(&self) -> Result<Vec<BucketSummary>, Error> {
        let mut buckets: Vec<BucketSummary> = Vec::new();
        loop {
            let last = buckets.last().map(|bucket| bucket.name.clone());
            let list = ListBuckets {
                region: None,
                marker: last.as_ref().map(|name| name.as_str().to_owned()),
                max_keys: PAGE,
            };
            let outcome = self
                .call(&ObjectOperation::ListBuckets(list), Payload::empty())
                .await?;
            let Outcome::Buckets(page) = outcome else {
                return Err(Error::other_outcome());
            };
            // A server that does not move on would keep us here for ever.
            let moves_on = page.buckets.last().map(|bucket| &bucket.name) > last.as_ref();
            if page.truncated && !moves_on {
                return Err(Error::malformed("the list of buckets does not move on"));
            }
            buckets.extend(page.buckets);
            if !page.truncated {
                return Ok(buckets);
            }
        }
    }

    /// Makes a private bucket.
    pub async fn create_bucket(&self, bucket: &BucketName) -> Result<(), Error> {
        let create = CreateBucket {
            bucket: bucket.clone(),
            acl: BucketAclPreset::Private.into(),
            tags: Vec::new(),
        };
        self.call(&ObjectOperation::CreateBucket(create), Payload::empty())
            .await?;
        Ok(())
    }

    /// Where a bucket is.
    pub async fn head_bucket(&self, bucket: &BucketName) -> Result<Region, Error> {
        let head = ObjectOperation::HeadBucket(bucket.clone());
        match self.call(&head, Payload::empty()).await? {
            Outcome::BucketHead { region } => Ok(region),
            _ => Err(Error::other_outcome()),
        }
    }

    /// Removes an empty bucket.
    pub async fn delete_bucket(&self, bucket: &BucketName) -> Result<(), Error> {
        let delete = ObjectOperation::DeleteBucket(bucket.clone());
        self.call(&delete, Payload::empty()).await?;
        Ok(())
    }

    /// The text of a bucket's policy.
    pub async fn bucket_policy(&self, bucket: &BucketName) -> Result<String, Error> {
        let get = ObjectOperation::GetBucketPolicy(bucket.clone());
        match self.call(&get, Payload::empty()).await? {
            Outcome::BucketPolicy(text) => Ok(text),
            _ => Err(Error::other_outcome()),
        }
    }

    /// Puts another policy in its place.
    pub async fn put_bucket_policy(&self, bucket: &BucketName, policy: String) -> Result<(), Error> {
        let put = ObjectOperation::PutBucketPolicy {
            bucket: bucket.clone(),
            policy,
        };
        self.call_with_document(&put).await?;
        Ok(())
    }

    /// Takes a bucket's policy away.
    pub async fn delete_bucket_policy(&self, bucket: &BucketName) -> Result<(), Error> {
        let delete = ObjectOperation::DeleteBucketPolicy(bucket.clone());
        self.call(&delete, Payload::empty()).await?;
        Ok(())
    }
}
