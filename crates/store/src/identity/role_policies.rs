//! Which role has which policies, and which policy bounds it.

use daypass_api::names::{Account, PolicyId, RoleId, Uin};
use daypass_api::operation::{Paging, PolicyRef, PolicyScope, RoleRef};
use daypass_api::outcome::{Page, Policy};
use daypass_api::{Error, ErrorCode, Outcome, Timestamp};
use daypass_metadata::identity::{self, AttachmentRecord};
use daypass_metadata::keys;

use super::attachments::MOST_ATTACHMENTS;
use crate::{Attempts, Store, View, fault};

impl Store {
    /// Gives a policy to a role; one that the role has already changes nothing.
    pub async fn attach_role_policy(
        &self,
        owner: Account,
        role: &RoleRef,
        policy: &PolicyRef,
        now: Timestamp,
    ) -> Result<Outcome, Error> {
        let owner = owner.owner_uin;
        let _turn = self.identity_turn().await;
        let mut attempts = Attempts::default();
        loop {
            let change = self.begin_change(&mut attempts).await?;
            let (role, _) = change.view.require_role(owner, role).await?;
            let policy = change.view.require_policy_number(owner, policy).await?;
            let attached = change
                .view
                .attachments_under(keys::role_attachments(owner, role))
                .await?;
            if attached.iter().any(|(id, _)| *id == policy) {
                return Ok(Outcome::Done);
            }
            if attached.len() >= MOST_ATTACHMENTS {
                return Err(ErrorCode::AttachmentFull.into());
            }
            let batch = identity::attach_to_role(change.batch(), owner, role, policy, now);
            if self.commit(batch).await? {
                return Ok(Outcome::Done);
            }
        }
    }

    /// Takes a policy from a role; one that the role has not changes nothing.
    pub async fn detach_role_policy(
        &self,
        owner: Account,
        role: &RoleRef,
        policy: &PolicyRef,
    ) -> Result<Outcome, Error> {
        let owner = owner.owner_uin;
        let _turn = self.identity_turn().await;
        let mut attempts = Attempts::default();
        loop {
            let change = self.begin_change(&mut attempts).await?;
            let (role, _) = change.view.require_role(owner, role).await?;
            let policy = change.view.require_policy_number(owner, policy).await?;
            let attachment = keys::role_attachment(owner, role, policy);
            let attached = change.view.record::<AttachmentRecord>(&attachment).await?;
            if attached.is_none() {
                return Ok(Outcome::Done);
            }
            let batch = identity::detach_from_role(change.batch(), owner, role, policy);
            if self.commit(batch.reclaiming()).await? {
                return Ok(Outcome::Done);
            }
        }
    }

    /// A page of the policies of a role of these kinds and with this text in their names, in order of their numbers.
    pub async fn list_attached_role_policies(
        &self,
        view: &View,
        owner: Account,
        role: &RoleRef,
        scope: PolicyScope,
        keyword: Option<&str>,
        paging: Paging,
    ) -> Result<Outcome, Error> {
        let owner = owner.owner_uin;
        let (role, _) = view.require_role(owner, role).await?;
        let mut policies = Vec::new();
        for (id, attached) in view
            .attachments_under(keys::role_attachments(owner, role))
            .await?
        {
            let policy = view.attached_policy(owner, id).await?;
            let of_kind = match scope {
                PolicyScope::All => true,
                PolicyScope::Preset => policy.preset,
                PolicyScope::Custom => !policy.preset,
            };
            if of_kind && keyword.is_none_or(|keyword| policy.name.as_str().contains(keyword)) {
                policies.push(policy.attached_at(attached));
            }
        }
        let total = policies.len();
        let page = policies
            .into_iter()
            .skip(paging.offset())
            .take(paging.page_size as usize);
        Ok(Outcome::RolePolicies(Page {
            total,
            entries: page.collect(),
        }))
    }

    /// Makes a policy the bound of a role, in the place of another if there is one.
    pub async fn put_role_boundary(
        &self,
        owner: Account,
        role: &RoleRef,
        policy: PolicyId,
        now: Timestamp,
    ) -> Result<Outcome, Error> {
        let _turn = self.identity_turn().await;
        let mut attempts = Attempts::default();
        loop {
            let change = self.begin_change(&mut attempts).await?;
            let (id, mut record) = change.view.require_role(owner.owner_uin, role).await?;
            let policy = change
                .view
                .require_policy_number(owner.owner_uin, &PolicyRef::Id(policy))
                .await?;
            record.boundary = Some(policy);
            record.updated = now;
            if self
                .commit(identity::put_role(change.batch(), owner.owner_uin, id, &record))
                .await?
            {
                return Ok(Outcome::Done);
            }
        }
    }

    /// Takes a role's bound away, if it has one.
    pub async fn delete_role_boundary(
        &self,
        owner: Account,
        role: &RoleRef,
        now: Timestamp,
    ) -> Result<Outcome, Error> {
        let edit = |record: &mut identity::RoleRecord| {
            record.boundary = None;
            Ok(())
        };
        self.edit_role(owner, role, now, edit).await
    }

    /// The policy that bounds a role.
    pub async fn get_role_boundary(
        &self,
        view: &View,
        owner: Account,
        role: &RoleRef,
    ) -> Result<Outcome, Error> {
        let owner = owner.owner_uin;
        let (_, record) = view.require_role(owner, role).await?;
        let Some(id) = record.boundary else {
            return Ok(Outcome::RoleBoundary(None));
        };
        let policy = view.attached_policy(owner, id).await?;
        let document = policy.document.to_string();
        let summary = view.summarize(owner, policy).await?;
        Ok(Outcome::RoleBoundary(Some(Policy { summary, document })))
    }
}

impl View {
    pub(crate) async fn role_holders(&self, owner: Uin, policy: PolicyId) -> Result<Vec<RoleId>, Error> {
        let pairs = self.all(keys::role_holders(owner, policy)).await?;
        let holders = pairs.iter().map(|(key, _)| keys::id_of_role(key));
        holders
            .collect::<Option<_>>()
            .ok_or_else(|| fault::inconsistent("the index of policy holders"))
    }

    async fn require_policy_number(&self, owner: Uin, policy: &PolicyRef) -> Result<PolicyId, Error> {
        let id = match policy {
            PolicyRef::Id(id) => Some(*id),
            PolicyRef::Name(name) => self.policy_number(owner, name).await?,
        };
        let policy = match id {
            Some(id) => self.policy(owner, id).await?,
            None => None,
        };
        policy
            .map(|policy| policy.id)
            .ok_or(ErrorCode::PolicyIdNotExist.into())
    }
}
