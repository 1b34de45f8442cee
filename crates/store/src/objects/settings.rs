//! What is said about buckets and objects beside their contents: read it, or put something else in its place.
//!
//! A change reads the record, judges nothing, and commits under the condition that the record is still as read; so
//! two changes of different things never undo each other.

use daypass_api::acl::{BucketAclRequest, ObjectAcl, ObjectAclRequest};
use daypass_api::cors::CorsRules;
use daypass_api::names::{Account, BucketName, ObjectKey};
use daypass_api::operation::Preflight;
use daypass_api::outcome::AclReport;
use daypass_api::tags::Tags;
use daypass_api::{Error, ErrorCode, Outcome};
use daypass_metadata::bucket::{self, BucketRecord, CorsRecord};
use daypass_metadata::object::{self, ObjectRecord};
use daypass_metadata::{Found, keys};

use crate::{Attempts, Store, View};

impl Store {
    /// A bucket's access control list.
    pub async fn bucket_acl(&self, view: &View, name: &BucketName) -> Result<Outcome, Error> {
        let bucket = view.require_bucket(name).await?;
        Ok(Outcome::Acl(AclReport {
            owner_uin: bucket.owner.owner_uin,
            acl: bucket.acl,
            inherited: false,
        }))
    }

    /// Puts another list in its place.
    pub async fn put_bucket_acl(
        &self,
        view: View,
        name: &BucketName,
        acl: &BucketAclRequest,
    ) -> Result<Outcome, Error> {
        self.change_bucket(view, name, |bucket| bucket.acl = acl.acl(bucket.owner))
            .await?;
        Ok(Outcome::Changed)
    }

    /// A bucket's policy.
    pub async fn bucket_policy(&self, view: &View, name: &BucketName) -> Result<Outcome, Error> {
        let policy = view.require_bucket(name).await?.policy;
        let found = policy.map(Outcome::BucketPolicy);
        found.ok_or(ErrorCode::NoSuchBucketPolicy.into())
    }

    /// Puts another policy in its place, or none.
    pub async fn put_bucket_policy(
        &self,
        view: View,
        name: &BucketName,
        policy: Option<&str>,
    ) -> Result<Outcome, Error> {
        self.change_bucket(view, name, |bucket| bucket.policy = policy.map(str::to_owned))
            .await?;
        Ok(policy.map_or(Outcome::Deleted, |_| Outcome::BucketPolicyChanged))
    }

    /// A bucket's rules for other origins.
    pub async fn bucket_cors(&self, view: &View, name: &BucketName) -> Result<Outcome, Error> {
        view.require_bucket(name).await?;
        let rules = view.cors(name).await?;
        rules.map(Outcome::Cors).ok_or(ErrorCode::NoSuchCors.into())
    }

    /// Puts other rules in their place, or none.
    pub async fn put_bucket_cors(
        &self,
        name: &BucketName,
        rules: Option<CorsRules>,
    ) -> Result<Outcome, Error> {
        let outcome = rules.as_ref().map_or(Outcome::Deleted, |_| Outcome::Changed);
        let record = rules.map(|CorsRules { rules, vary }| CorsRecord { rules, vary });
        match self.commit(bucket::put_cors(name, record.as_ref())).await? {
            true => Ok(outcome),
            false => Err(ErrorCode::NoSuchBucket.into()),
        }
    }

    /// What a browser may send for a page of another origin. Whether there is such a bucket is not told.
    pub async fn preflight(&self, view: &View, preflight: &Preflight) -> Result<Outcome, Error> {
        let rules = view.cors(&preflight.bucket).await?.unwrap_or_default();
        rules
            .grant(&preflight.origin, &preflight.method, &preflight.headers)
            .map(Outcome::Preflight)
            .ok_or(ErrorCode::CorsForbidden.into())
    }

    /// A bucket's tags.
    pub async fn bucket_tags(&self, view: &View, name: &BucketName) -> Result<Outcome, Error> {
        told(view.require_bucket(name).await?.tags)
    }

    /// Puts other tags in their place, or none.
    pub async fn put_bucket_tags(&self, view: View, name: &BucketName, tags: &Tags) -> Result<(), Error> {
        self.change_bucket(view, name, |bucket| bucket.tags.clone_from(tags))
            .await
    }

    /// An object's tags.
    pub async fn object_tags(
        &self,
        view: &View,
        bucket: &BucketName,
        key: &ObjectKey,
    ) -> Result<Outcome, Error> {
        told(view.require_object(bucket, key).await?.record.tags)
    }

    /// Puts other tags in their place, or none.
    pub async fn put_object_tags(
        &self,
        view: View,
        bucket: &BucketName,
        key: &ObjectKey,
        tags: &Tags,
    ) -> Result<(), Error> {
        self.change_object(view, bucket, key, |object, _| object.tags.clone_from(tags))
            .await
    }

    /// An object's access control list.
    pub async fn object_acl(
        &self,
        view: &View,
        bucket: &BucketName,
        key: &ObjectKey,
    ) -> Result<Outcome, Error> {
        let found = view.require_object(bucket, key).await?;
        let owner = view.require_bucket(bucket).await?.owner;
        Ok(Outcome::Acl(AclReport {
            owner_uin: owner.owner_uin,
            inherited: found.record.acl == ObjectAcl::Inherit,
            acl: found.record.acl.shown(owner),
        }))
    }

    /// Puts another list in its place.
    pub async fn put_object_acl(
        &self,
        view: View,
        bucket: &BucketName,
        key: &ObjectKey,
        acl: &ObjectAclRequest,
    ) -> Result<Outcome, Error> {
        self.change_object(view, bucket, key, |object, owner| object.acl = acl.acl(owner))
            .await?;
        Ok(Outcome::Changed)
    }

    pub(super) async fn change_bucket(
        &self,
        mut view: View,
        name: &BucketName,
        change: impl Fn(&mut BucketRecord),
    ) -> Result<(), Error> {
        let mut attempts = Attempts::default();
        loop {
            attempts.another().await?;
            let found: Option<Found<BucketRecord>> = view.record(&keys::bucket(name)).await?;
            let found = found.ok_or(ErrorCode::NoSuchBucket)?;
            let mut next = found.record.clone();
            change(&mut next);
            if self.commit(bucket::change(name, &found, &next)).await? {
                return Ok(());
            }
            view = self.view().await?;
        }
    }

    pub(super) async fn change_object(
        &self,
        mut view: View,
        bucket: &BucketName,
        key: &ObjectKey,
        change: impl Fn(&mut ObjectRecord, Account),
    ) -> Result<(), Error> {
        let judged = view.require_object(bucket, key).await?.record;
        let mut attempts = Attempts::default();
        loop {
            attempts.another().await?;
            let found = view.require_object(bucket, key).await?;
            // Only the object that was judged is changed: another one under its key must be asked for anew.
            if found.record.content != judged.content || found.record.last_modified != judged.last_modified {
                return Err(ErrorCode::SlowDown.into());
            }
            let owner = view.require_bucket(bucket).await?.owner;
            let mut next = found.record.clone();
            change(&mut next, owner);
            if self.commit(object::change(bucket, key, &found, next)).await? {
                return Ok(());
            }
            view = self.view().await?;
        }
    }
}

fn told(tags: Tags) -> Result<Outcome, Error> {
    if tags.is_empty() {
        return Err(ErrorCode::NoSuchTags.into());
    }
    Ok(Outcome::Tags(tags))
}

impl View {
    /// A bucket's rules for other origins; none if it has none, or is not there.
    pub async fn cors(&self, name: &BucketName) -> Result<Option<CorsRules>, Error> {
        let found = self.record::<CorsRecord>(&keys::bucket_cors(name)).await?;
        Ok(found.map(|found| {
            let CorsRecord { rules, vary } = found.record;
            CorsRules { rules, vary }
        }))
    }

    pub(super) async fn require_object(
        &self,
        bucket: &BucketName,
        key: &ObjectKey,
    ) -> Result<Found<ObjectRecord>, Error> {
        match self.object(bucket, key).await? {
            Some(found) => Ok(found),
            None => {
                self.require_bucket(bucket).await?;
                Err(ErrorCode::NoSuchKey.into())
            }
        }
    }
}
