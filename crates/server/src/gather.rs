//! The facts that deciding needs, read from the request's snapshot.

use daypass_access::{BucketFacts, Caller, Facts};
use daypass_api::Error;
use daypass_api::acl::Acl;
use daypass_api::names::{BucketName, ObjectKey};
use daypass_api::requirement::{Requirements, Resource};
use daypass_policy::DocumentKind;
use daypass_store::View;

use crate::service::Service;

impl Service {
    /// Everything about the resources that an operation's requirements name.
    pub(crate) async fn facts(
        &self,
        view: &View,
        requirements: &Requirements,
        caller: &Caller,
    ) -> Result<Facts, Error> {
        let mut facts = Facts {
            operator: Some(self.operator),
            ..Facts::default()
        };
        for access in requirements.iter().flat_map(|requirement| &requirement.any_of) {
            match &access.resource {
                Resource::Bucket(bucket) | Resource::Listing(bucket, _) => {
                    self.add_bucket(view, &mut facts, bucket, None).await?;
                }
                Resource::Object(bucket, key) => self.add_bucket(view, &mut facts, bucket, Some(key)).await?,
                Resource::User(name) => {
                    if let Some(identity) = caller.identity()
                        && let Some(uin) = view.user_number(identity.account.owner_uin, name).await?
                    {
                        facts.users.push((name.clone(), uin));
                    }
                }
                Resource::Uid(uid) => {
                    if let Some(identity) = caller.identity()
                        && let Some(uin) = view.user_of_uid(identity.account.owner_uin, *uid).await?
                    {
                        facts.uids.push((*uid, uin));
                    }
                }
                Resource::PolicyNamed(name) => {
                    if let Some(identity) = caller.identity()
                        && let Some(id) = view.policy_number(identity.account.owner_uin, name).await?
                    {
                        facts.policies.push((name.clone(), id));
                    }
                }
                Resource::Role(owner, role) => {
                    let own = caller.identity().map(|identity| identity.account.owner_uin);
                    if let Some(owner) = owner.or(own) {
                        facts.roles.extend(self.role_facts(view, owner, role).await?);
                    }
                }
                Resource::Service
                | Resource::Identity(_)
                | Resource::Group(_)
                | Resource::Policy(_)
                | Resource::Provider(_) => {}
            }
        }
        Ok(facts)
    }

    async fn add_bucket(
        &self,
        view: &View,
        facts: &mut Facts,
        name: &BucketName,
        key: Option<&ObjectKey>,
    ) -> Result<(), Error> {
        if !facts.buckets.iter().any(|bucket| bucket.name == *name) {
            let Some(bucket) = self.bucket(view, name).await? else {
                return Ok(());
            };
            facts.buckets.push(bucket);
        }
        let Some(key) = key else {
            return Ok(());
        };
        let acl = view.object_acl(name, key).await?;
        let bucket = facts.buckets.iter_mut().find(|bucket| bucket.name == *name);
        if let (Some(bucket), Some(acl)) = (bucket, acl) {
            bucket.objects.push((key.clone(), acl));
        }
        Ok(())
    }

    /// A bucket, or for one that does not exist whom its name would make the owner. Whoever may act on it then learns
    /// that it is not there; everybody else learns nothing.
    async fn bucket(&self, view: &View, name: &BucketName) -> Result<Option<BucketFacts>, Error> {
        if let Some(bucket) = view.bucket(name).await? {
            let policy = bucket
                .policy
                .as_deref()
                .map(|text| self.policies.compile(text, DocumentKind::Bucket, bucket.owner));
            let (owner, region) = (bucket.owner, bucket.region);
            let facts = BucketFacts {
                name: name.clone(),
                owner,
                region,
                acl: bucket.acl,
                policy,
                tags: bucket.tags,
                objects: Vec::new(),
            };
            return Ok(Some(facts));
        }
        let owner = view.account_of_app(name.app_id()).await?;
        Ok(owner.map(|owner| BucketFacts {
            name: name.clone(),
            owner,
            region: self.region.clone(),
            acl: Acl::default(),
            policy: None,
            tags: Vec::new(),
            objects: Vec::new(),
        }))
    }
}
