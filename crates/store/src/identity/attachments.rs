//! Which user, which group and which role has which policies.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::sync::Arc;

use daypass_api::names::{Account, GroupId, PolicyId, Uin};
use daypass_api::operation::{AttachmentReach, Paging, PolicyScope, RoleRef, UserPolicies};
use daypass_api::outcome::{Page, UserPolicy};
use daypass_api::{Error, ErrorCode, Outcome, Timestamp};
use daypass_metadata::identity::{self, AttachmentRecord, Holder};
use daypass_metadata::keys;

use super::paged;
use super::policies::{AnyPolicy, is_listed};
use crate::view::decoded;
use crate::{Attempts, Store, View, fault};

/// Most policies that one user, one group or one role may have.
pub const MOST_ATTACHMENTS: usize = 200;

impl Store {
    /// Gives a policy to a user, a group or a role; one that is there already changes nothing.
    pub async fn attach_policy(
        &self,
        owner: Account,
        holder: Holder,
        policy: PolicyId,
        now: Timestamp,
    ) -> Result<Outcome, Error> {
        let owner = owner.owner_uin;
        let _turn = self.identity_turn().await;
        let mut attempts = Attempts::default();
        loop {
            let change = self.begin_change(&mut attempts).await?;
            change.view.require_holder(owner, holder).await?;
            change.view.require_policy_for(owner, holder, policy).await?;
            let attached = change.view.attachments(owner, holder).await?;
            if attached.iter().any(|(id, _)| *id == policy) {
                return Ok(Outcome::Done);
            }
            if attached.len() >= MOST_ATTACHMENTS {
                return Err(ErrorCode::AttachmentFull.into());
            }
            let mut tally = change.view.policy_tally(owner, policy).await?;
            tally.attachments = tally.attachments.saturating_add(1);
            let batch = identity::attach(change.batch(), owner, holder, policy, now);
            if self
                .commit(identity::put_policy_tally(batch, owner, policy, &tally))
                .await?
            {
                return Ok(Outcome::Done);
            }
        }
    }

    /// Takes a policy from a user, a group or a role; one that is not there changes nothing.
    pub async fn detach_policy(
        &self,
        owner: Account,
        holder: Holder,
        policy: PolicyId,
    ) -> Result<Outcome, Error> {
        let owner = owner.owner_uin;
        let _turn = self.identity_turn().await;
        let mut attempts = Attempts::default();
        loop {
            let change = self.begin_change(&mut attempts).await?;
            change.view.require_holder(owner, holder).await?;
            change.view.require_policy_for(owner, holder, policy).await?;
            let attachment = keys::attachment(owner, holder, policy);
            let found = change.view.record::<AttachmentRecord>(&attachment).await?;
            if found.is_none() {
                return Ok(Outcome::Done);
            }
            let mut tally = change.view.policy_tally(owner, policy).await?;
            tally.attachments = tally.attachments.saturating_sub(1);
            let batch = identity::put_policy_tally(change.batch(), owner, policy, &tally);
            let batch = identity::detach(batch, owner, holder, policy);
            if self.commit(batch.reclaiming()).await? {
                return Ok(Outcome::Done);
            }
        }
    }

    /// A page of the policies of these kinds, with this text in their names, that are attached to a user, a group or
    /// a role, in order of their numbers.
    pub async fn list_attached_policies(
        &self,
        view: &View,
        owner: Account,
        holder: Holder,
        scope: PolicyScope,
        keyword: Option<&str>,
        paging: Paging,
    ) -> Result<Outcome, Error> {
        view.require_holder(owner.owner_uin, holder).await?;
        let mut policies = Vec::new();
        for (id, attached) in view.attachments(owner.owner_uin, holder).await? {
            let policy = view.attached_policy(owner.owner_uin, id).await?;
            if is_listed(&policy, scope, keyword) {
                policies.push(policy.attached_at(attached));
            }
        }
        let page = paged(policies, paging);
        Ok(match holder {
            Holder::User(_) | Holder::Group(_) => Outcome::AttachedPolicies(page),
            Holder::Role(_) => Outcome::RolePolicies(page),
        })
    }

    /// A page of the policies that a user has itself or through its groups, in order of their numbers.
    pub async fn list_user_policies(
        &self,
        view: &View,
        owner: Account,
        list: &UserPolicies,
    ) -> Result<Outcome, Error> {
        let owner = owner.owner_uin;
        view.require_user(owner, list.uin).await?;
        let mut ways: BTreeMap<PolicyId, Ways> = BTreeMap::new();
        if list.reach != AttachmentReach::ThroughGroups {
            for (id, attached) in view.attachments(owner, Holder::User(list.uin)).await? {
                ways.entry(id).or_default().add(attached, None);
            }
        }
        if list.reach != AttachmentReach::Direct {
            for group in view.groups_of(owner, list.uin).await? {
                for (id, attached) in view.attachments(owner, Holder::Group(group)).await? {
                    ways.entry(id).or_default().add(attached, Some(group));
                }
            }
        }
        let mut policies = Vec::new();
        for (id, ways) in ways {
            let policy = view.attached_policy(owner, id).await?;
            if is_listed(&policy, list.scope, list.keyword.as_deref()) {
                policies.push((policy, ways));
            }
        }
        let Page { total, entries } = paged(policies, list.paging);
        let mut policies = Vec::new();
        for (policy, ways) in entries {
            policies.push(view.user_policy(owner, policy, ways).await?);
        }
        Ok(Outcome::UserPolicies(Page {
            total,
            entries: policies,
        }))
    }
}

/// The ways in which a user has one policy.
#[derive(Default)]
struct Ways {
    since: Option<Timestamp>,
    groups: Vec<GroupId>,
}

impl Ways {
    fn add(&mut self, attached: Timestamp, group: Option<GroupId>) {
        self.since = Some(self.since.map_or(attached, |since| since.min(attached)));
        self.groups.extend(group);
    }
}

impl View {
    /// The policies that a user has now, its own and those of its groups, each once, with their documents. If one of
    /// them cannot be found, this fails: what it might have denied is not known.
    pub async fn attached_policies(&self, owner: Uin, uin: Uin) -> Result<Vec<(PolicyId, Arc<str>)>, Error> {
        let mut holders = vec![Holder::User(uin)];
        holders.extend(self.groups_of(owner, uin).await?.into_iter().map(Holder::Group));
        let mut policies: BTreeMap<PolicyId, Arc<str>> = BTreeMap::new();
        for holder in holders {
            for (id, _) in self.attachments(owner, holder).await? {
                if let Entry::Vacant(policy) = policies.entry(id) {
                    policy.insert(self.attached_policy(owner, id).await?.document);
                }
            }
        }
        Ok(policies.into_iter().collect())
    }

    pub(crate) async fn attachments(
        &self,
        owner: Uin,
        holder: Holder,
    ) -> Result<Vec<(PolicyId, Timestamp)>, Error> {
        let read = |(key, value): (bytes::Bytes, bytes::Bytes)| {
            let id = keys::policy_of_attachment(&key);
            let id = id.ok_or_else(|| fault::inconsistent("the key of an attachment"))?;
            Ok((id, decoded::<AttachmentRecord>(&value)?.attached))
        };
        self.all(keys::attachments(owner, holder))
            .await?
            .into_iter()
            .map(read)
            .collect()
    }

    pub(crate) async fn attached_policy(&self, owner: Uin, id: PolicyId) -> Result<AnyPolicy, Error> {
        let policy = self.policy(owner, id).await?;
        policy.ok_or_else(|| fault::inconsistent("an attached policy is missing"))
    }

    async fn user_policy(&self, owner: Uin, policy: AnyPolicy, ways: Ways) -> Result<UserPolicy, Error> {
        let mut groups = Vec::new();
        for id in ways.groups {
            groups.push((id, self.group_of_member(owner, id).await?.name));
        }
        Ok(UserPolicy {
            id: policy.id,
            name: policy.name,
            preset: policy.preset,
            description: policy.description,
            attached: ways.since.unwrap_or_default(),
            groups,
        })
    }

    async fn require_holder(&self, owner: Uin, holder: Holder) -> Result<(), Error> {
        match holder {
            Holder::User(uin) => self.require_user(owner, uin).await.map(drop),
            Holder::Group(id) => self.require_group(owner, id).await.map(drop),
            Holder::Role(id) => self.require_role(owner, &RoleRef::Id(id)).await.map(drop),
        }
    }

    /// The service has another code for policies of roles that are not there.
    async fn require_policy_for(&self, owner: Uin, holder: Holder, policy: PolicyId) -> Result<(), Error> {
        match (self.policy(owner, policy).await?, holder) {
            (Some(_), _) => Ok(()),
            (None, Holder::User(_) | Holder::Group(_)) => Err(ErrorCode::PolicyIdNotFound.into()),
            (None, Holder::Role(_)) => Err(ErrorCode::PolicyIdNotExist.into()),
        }
    }
}
