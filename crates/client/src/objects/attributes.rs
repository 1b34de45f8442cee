//! What buckets and objects carry beside their bytes: access control lists and tags.

use daypass_api::Outcome;
use daypass_api::acl::{BucketAclRequest, ObjectAclRequest};
use daypass_api::names::{BucketName, ObjectKey};
use daypass_api::operation::ObjectOperation;
use daypass_api::outcome::AclReport;
use daypass_api::tags::Tags;

use super::ObjectClient;
use crate::error::Error;
use crate::payload::Payload;

impl ObjectClient {
    /// A bucket's access control list.
    pub async fn bucket_acl(&self, bucket: &BucketName) -> Result<AclReport, Error> {
        self.acl(&ObjectOperation::GetBucketAcl(bucket.clone())).await
    }

    /// Gives a bucket another access control list.
    pub async fn set_bucket_acl(&self, bucket: &BucketName, acl: BucketAclRequest) -> Result<(), Error> {
        let bucket = bucket.clone();
        self.change(&ObjectOperation::PutBucketAcl { bucket, acl }).await
    }

    /// An object's access control list.
    pub async fn object_acl(&self, bucket: &BucketName, key: &ObjectKey) -> Result<AclReport, Error> {
        let (bucket, key) = (bucket.clone(), key.clone());
        self.acl(&ObjectOperation::GetObjectAcl { bucket, key }).await
    }

    /// Gives an object another access control list.
    pub async fn set_object_acl(
        &self,
        bucket: &BucketName,
        key: &ObjectKey,
        acl: ObjectAclRequest,
    ) -> Result<(), Error> {
        let (bucket, key) = (bucket.clone(), key.clone());
        self.change(&ObjectOperation::PutObjectAcl { bucket, key, acl })
            .await
    }

    /// A bucket's tags; refused with `NoSuchTagSet` where there are none.
    pub async fn bucket_tags(&self, bucket: &BucketName) -> Result<Tags, Error> {
        self.tags(&ObjectOperation::GetBucketTagging(bucket.clone()))
            .await
    }

    /// Gives a bucket other tags.
    pub async fn set_bucket_tags(&self, bucket: &BucketName, tags: Tags) -> Result<(), Error> {
        let bucket = bucket.clone();
        self.change(&ObjectOperation::PutBucketTagging { bucket, tags })
            .await
    }

    /// An object's tags.
    pub async fn object_tags(&self, bucket: &BucketName, key: &ObjectKey) -> Result<Tags, Error> {
        let (bucket, key) = (bucket.clone(), key.clone());
        self.tags(&ObjectOperation::GetObjectTagging { bucket, key })
            .await
    }

    /// Gives an object other tags.
    pub async fn set_object_tags(
        &self,
        bucket: &BucketName,
        key: &ObjectKey,
        tags: Tags,
    ) -> Result<(), Error> {
        let (bucket, key) = (bucket.clone(), key.clone());
        self.change(&ObjectOperation::PutObjectTagging { bucket, key, tags })
            .await
    }

    async fn acl(&self, get: &ObjectOperation) -> Result<AclReport, Error> {
        match self.call(get, Payload::empty()).await? {
            Outcome::Acl(report) => Ok(report),
            _ => Err(Error::other_outcome()),
        }
    }

    async fn tags(&self, get: &ObjectOperation) -> Result<Tags, Error> {
        match self.call(get, Payload::empty()).await? {
            Outcome::Tags(tags) => Ok(tags),
            _ => Err(Error::other_outcome()),
        }
    }

    async fn change(&self, change: &ObjectOperation) -> Result<(), Error> {
        self.call_with_document(change).await.map(|_| ())
    }
}
