//! What buckets and objects carry beside their bytes: access control lists and tags.

use daypass_api::Outcome;
use daypass_api::acl::{AclRequest, BucketAclRequest, ObjectAclRequest};
use daypass_api::names::{BucketName, ObjectKey};
use daypass_api::operation::ObjectOperation;
use daypass_api::outcome::AclReport;
use daypass_api::tags::Tags;
use daypass_dialect::cos::request::acl_document;

use super::ObjectClient;
use crate::error::Error;
use crate::payload::Payload;

impl ObjectClient {
    /// A bucket's access control list.
    pub async fn bucket_acl(&self, bucket: &BucketName) -> Result<AclReport, Error> {
        self.acl(&ObjectOperation::GetBucketAcl(bucket.clone())).await
    }

    /// Gives a bucket another access control list. Towards Tencent Cloud a whole list goes by
    /// [`set_bucket_acl_list`](Self::set_bucket_acl_list), which says whose the bucket is.
    pub async fn set_bucket_acl(&self, bucket: &BucketName, acl: BucketAclRequest) -> Result<(), Error> {
        let bucket = bucket.clone();
        self.change(&ObjectOperation::PutBucketAcl { bucket, acl }).await
    }

    /// Gives a bucket the list of a report, as it was read and changed then.
    pub async fn set_bucket_acl_list(&self, bucket: &BucketName, report: &AclReport) -> Result<(), Error> {
        let (bucket, acl) = (bucket.clone(), AclRequest::List(report.acl.clone()));
        self.put_list(&ObjectOperation::PutBucketAcl { bucket, acl }, report)
            .await
    }

    /// An object's access control list.
    pub async fn object_acl(&self, bucket: &BucketName, key: &ObjectKey) -> Result<AclReport, Error> {
        let (bucket, key) = (bucket.clone(), key.clone());
        self.acl(&ObjectOperation::GetObjectAcl { bucket, key }).await
    }

    /// Gives an object another access control list. Towards Tencent Cloud a whole list goes by
    /// [`set_object_acl_list`](Self::set_object_acl_list), which says whose the object is.
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

    /// Gives an object the list of a report, as it was read and changed then.
    pub async fn set_object_acl_list(
        &self,
        bucket: &BucketName,
        key: &ObjectKey,
        report: &AclReport,
    ) -> Result<(), Error> {
        let (bucket, key) = (bucket.clone(), key.clone());
        let acl = AclRequest::List(report.acl.clone());
        self.put_list(&ObjectOperation::PutObjectAcl { bucket, key, acl }, report)
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

    async fn put_list(&self, put: &ObjectOperation, report: &AclReport) -> Result<(), Error> {
        let document = Payload::document(acl_document(report.owner_uin, &report.acl));
        self.call(put, document).await.map(|_| ())
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
