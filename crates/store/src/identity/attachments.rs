//! Which user has which policies.

use std::sync::Arc;

use daypass_api::names::{Account, PolicyId, Uin};
use daypass_api::operation::Paging;
use daypass_api::outcome::Page;
use daypass_api::{Error, ErrorCode, Outcome, Timestamp};
use daypass_metadata::identity::{self, AttachmentRecord};
use daypass_metadata::keys;

use super::policies::AnyPolicy;
use crate::view::decoded;
use crate::{Attempts, Store, View, fault};

/// Most policies that one user may have.
pub const MOST_ATTACHMENTS: usize = 200;

impl Store {
    /// Gives a policy to a user; one that the user has already changes nothing.
    pub async fn attach_user_policy(
        &self,
        owner: Account,
        uin: Uin,
        policy: PolicyId,
        now: Timestamp,
    ) -> Result<Outcome, Error> {
        let _turn = self.identity_turn().await;
        let mut attempts = Attempts::default();
        loop {
            let change = self.begin_change(&mut attempts).await?;
            change.view.require_user(owner.owner_uin, uin).await?;
            change.view.require_policy(owner.owner_uin, policy).await?;
            let attached = change.view.attachments(owner.owner_uin, uin).await?;
            if attached.iter().any(|(id, _)| *id == policy) {
                return Ok(Outcome::Done);
            }
            if attached.len() >= MOST_ATTACHMENTS {
                return Err(ErrorCode::AttachmentFull.into());
            }
            if self
                .commit(identity::attach(
                    change.batch(),
                    owner.owner_uin,
                    uin,
                    policy,
                    now,
                ))
                .await?
            {
                return Ok(Outcome::Done);
            }
        }
    }

    /// Takes a policy from a user; one that the user has not changes nothing.
    pub async fn detach_user_policy(
        &self,
        owner: Account,
        uin: Uin,
        policy: PolicyId,
    ) -> Result<Outcome, Error> {
        let _turn = self.identity_turn().await;
        let mut attempts = Attempts::default();
        loop {
            let change = self.begin_change(&mut attempts).await?;
            change.view.require_user(owner.owner_uin, uin).await?;
            change.view.require_policy(owner.owner_uin, policy).await?;
            let attachment = keys::attachment(owner.owner_uin, uin, policy);
            if change
                .view
                .record::<AttachmentRecord>(&attachment)
                .await?
                .is_none()
            {
                return Ok(Outcome::Done);
            }
            let batch = identity::detach(change.batch(), owner.owner_uin, uin, policy);
            if self.commit(batch.reclaiming()).await? {
                return Ok(Outcome::Done);
            }
        }
    }

    /// A page of the policies of a user, in order of their numbers.
    pub async fn list_attached_user_policies(
        &self,
        view: &View,
        owner: Account,
        uin: Uin,
        paging: Paging,
    ) -> Result<Outcome, Error> {
        view.require_user(owner.owner_uin, uin).await?;
        let attachments = view.attachments(owner.owner_uin, uin).await?;
        let total = attachments.len();
        let mut entries = Vec::new();
        for (id, attached) in attachments
            .into_iter()
            .skip(paging.offset())
            .take(paging.page_size as usize)
        {
            let policy = view.attached_policy(owner.owner_uin, id).await?;
            entries.push(policy.attached_at(attached));
        }
        Ok(Outcome::AttachedPolicies(Page { total, entries }))
    }
}

impl View {
    /// The policies that a user has now, with their documents. If one of them cannot be found, this fails: what
    /// it might have denied is not known.
    pub async fn attached_policies(&self, owner: Uin, uin: Uin) -> Result<Vec<(PolicyId, Arc<str>)>, Error> {
        let mut policies = Vec::new();
        for (id, _) in self.attachments(owner, uin).await? {
            policies.push((id, self.attached_policy(owner, id).await?.document));
        }
        Ok(policies)
    }

    pub(crate) async fn attachments(
        &self,
        owner: Uin,
        uin: Uin,
    ) -> Result<Vec<(PolicyId, Timestamp)>, Error> {
        self.attachments_under(keys::attachments(owner, uin)).await
    }

    /// The policies of whoever's attachments lie under this prefix.
    pub(crate) async fn attachments_under(
        &self,
        prefix: bytes::Bytes,
    ) -> Result<Vec<(PolicyId, Timestamp)>, Error> {
        let read = |(key, value): (bytes::Bytes, bytes::Bytes)| {
            let id = keys::policy_of_attachment(&key);
            let id = id.ok_or_else(|| fault::inconsistent("the key of an attachment"))?;
            Ok((id, decoded::<AttachmentRecord>(&value)?.attached))
        };
        self.all(prefix).await?.into_iter().map(read).collect()
    }

    pub(crate) async fn attached_policy(&self, owner: Uin, id: PolicyId) -> Result<AnyPolicy, Error> {
        let policy = self.policy(owner, id).await?;
        policy.ok_or_else(|| fault::inconsistent("an attached policy is missing"))
    }
}
