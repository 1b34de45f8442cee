//! The permission boundaries of sub-accounts and of roles.
//!
//! A boundary only narrows, so that whoever has none is bounded by nothing. That is why a policy that bounds somebody
//! cannot be removed: what it held back would be free.

use std::sync::Arc;

use daypass_api::names::{Account, PolicyId, RoleId, Uin};
use daypass_api::operation::RoleRef;
use daypass_api::outcome::Boundary;
use daypass_api::{Error, ErrorCode, Outcome, Timestamp};
use daypass_kv::Batch;
use daypass_metadata::identity::{self, BoundaryRecord};
use daypass_metadata::keys;

use super::Change;
use super::policies::AnyPolicy;
use crate::{Attempts, Store, View, fault};

impl Store {
    /// Bounds a sub-account by a policy, in the place of what bounded it before.
    pub async fn put_boundary(
        &self,
        owner: Account,
        uin: Uin,
        policy: PolicyId,
        now: Timestamp,
    ) -> Result<Outcome, Error> {
        let owner = owner.owner_uin;
        let _turn = self.identity_turn().await;
        let mut attempts = Attempts::default();
        loop {
            let change = self.begin_change(&mut attempts).await?;
            change.view.require_user(owner, uin).await?;
            let before = change.view.boundary_of(owner, uin).await?;
            if before == Some(policy) {
                return Ok(Outcome::Done);
            }
            let batch = change.release_boundary(change.batch(), owner, before).await?;
            let batch = change.hold_boundary(batch, owner, policy).await?;
            let record = BoundaryRecord { policy, set: now };
            if self
                .commit(identity::put_boundary(batch, owner, uin, &record))
                .await?
            {
                return Ok(Outcome::Done);
            }
        }
    }

    /// Takes the boundary from a sub-account; without one nothing changes.
    pub async fn delete_boundary(&self, owner: Account, uin: Uin) -> Result<Outcome, Error> {
        let owner = owner.owner_uin;
        let _turn = self.identity_turn().await;
        let mut attempts = Attempts::default();
        loop {
            let change = self.begin_change(&mut attempts).await?;
            change.view.require_user(owner, uin).await?;
            let before = change.view.boundary_of(owner, uin).await?;
            if before.is_none() {
                return Ok(Outcome::Done);
            }
            let batch = change.release_boundary(change.batch(), owner, before).await?;
            let batch = identity::remove_boundary(batch, owner, uin);
            if self.commit(batch.reclaiming()).await? {
                return Ok(Outcome::Done);
            }
        }
    }

    /// The boundary of a sub-account, or none.
    pub async fn get_boundary(&self, view: &View, owner: Account, uin: Uin) -> Result<Outcome, Error> {
        view.require_user(owner.owner_uin, uin).await?;
        let id = view.boundary_of(owner.owner_uin, uin).await?;
        let policy = view.bounding_policy(owner.owner_uin, id).await?;
        Ok(Outcome::Boundary(policy.map(told)))
    }

    /// Bounds a role by a policy, in the place of what bounded it before.
    pub async fn put_role_boundary(
        &self,
        owner: Account,
        role: RoleId,
        policy: PolicyId,
        now: Timestamp,
    ) -> Result<Outcome, Error> {
        self.change_role_boundary(owner.owner_uin, role, Some(policy), now)
            .await
    }

    /// Takes the boundary from a role; without one nothing changes.
    pub async fn delete_role_boundary(
        &self,
        owner: Account,
        role: RoleId,
        now: Timestamp,
    ) -> Result<Outcome, Error> {
        self.change_role_boundary(owner.owner_uin, role, None, now).await
    }

    /// The boundary of a role, or none.
    pub async fn get_role_boundary(
        &self,
        view: &View,
        owner: Account,
        role: &RoleRef,
    ) -> Result<Outcome, Error> {
        let (_, record) = view.require_role(owner.owner_uin, role).await?;
        let policy = view.bounding_policy(owner.owner_uin, record.boundary).await?;
        Ok(Outcome::Boundary(policy.map(told)))
    }

    /// The boundary of a role stands in the role's own record, which is read with every use of the role anyway.
    async fn change_role_boundary(
        &self,
        owner: Uin,
        role: RoleId,
        policy: Option<PolicyId>,
        now: Timestamp,
    ) -> Result<Outcome, Error> {
        let _turn = self.identity_turn().await;
        let mut attempts = Attempts::default();
        loop {
            let change = self.begin_change(&mut attempts).await?;
            let (_, mut record) = change.view.require_role(owner, &RoleRef::Id(role)).await?;
            if record.boundary == policy {
                return Ok(Outcome::Done);
            }
            let mut batch = change
                .release_boundary(change.batch(), owner, record.boundary)
                .await?;
            if let Some(policy) = policy {
                batch = change.hold_boundary(batch, owner, policy).await?;
            }
            record.boundary = policy;
            record.updated = now;
            if self
                .commit(identity::put_role(batch, owner, role, &record))
                .await?
            {
                return Ok(Outcome::Done);
            }
        }
    }
}

fn told(policy: AnyPolicy) -> Boundary {
    Boundary {
        policy_id: policy.id,
        name: policy.name,
        preset: policy.preset,
        document: policy.document.to_string(),
    }
}

impl Change {
    /// Notes that a policy, which must exist, bounds one more. What bounded the same one before was released.
    async fn hold_boundary(&self, batch: Batch, owner: Uin, policy: PolicyId) -> Result<Batch, Error> {
        if self.view.policy(owner, policy).await?.is_none() {
            return Err(ErrorCode::PolicyIdNotExist.into());
        }
        let mut tally = self.view.policy_tally(owner, policy).await?;
        tally.boundaries = tally.boundaries.saturating_add(1);
        Ok(identity::put_policy_tally(batch, owner, policy, &tally))
    }

    /// Notes that a policy bounds one less.
    async fn release_boundary(
        &self,
        batch: Batch,
        owner: Uin,
        policy: Option<PolicyId>,
    ) -> Result<Batch, Error> {
        let Some(policy) = policy else {
            return Ok(batch);
        };
        let mut tally = self.view.policy_tally(owner, policy).await?;
        tally.boundaries = tally.boundaries.saturating_sub(1);
        Ok(identity::put_policy_tally(batch, owner, policy, &tally))
    }
}

impl View {
    /// The document that bounds a sub-account now; none if nothing does. If it cannot be found, this fails: what it
    /// held back is not known.
    pub async fn boundary(&self, owner: Uin, uin: Uin) -> Result<Option<Arc<str>>, Error> {
        let id = self.boundary_of(owner, uin).await?;
        let policy = self.bounding_policy(owner, id).await?;
        Ok(policy.map(|policy| policy.document))
    }

    pub(crate) async fn boundary_of(&self, owner: Uin, uin: Uin) -> Result<Option<PolicyId>, Error> {
        let found = self.record::<BoundaryRecord>(&keys::boundary(owner, uin)).await?;
        Ok(found.map(|found| found.record.policy))
    }

    async fn bounding_policy(&self, owner: Uin, id: Option<PolicyId>) -> Result<Option<AnyPolicy>, Error> {
        let Some(id) = id else {
            return Ok(None);
        };
        let policy = self.policy(owner, id).await?;
        policy
            .map(Some)
            .ok_or_else(|| fault::inconsistent("the policy of a boundary is missing"))
    }
}
