//! The permission boundaries of sub-accounts.
//!
//! A boundary only narrows, so that whoever has none is bounded by nothing. That is why a policy that bounds somebody
//! cannot be removed: what it held back would be free.

use std::sync::Arc;

use daypass_api::names::{Account, PolicyId, Uin};
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
            if change.view.policy(owner, policy).await?.is_none() {
                return Err(ErrorCode::BoundaryPolicyNotExist.into());
            }
            let before = change.view.boundary_of(owner, uin).await?;
            if before == Some(policy) {
                return Ok(Outcome::Done);
            }
            let batch = change.release_boundary(change.batch(), owner, before).await?;
            let mut tally = change.view.policy_tally(owner, policy).await?;
            tally.boundaries = tally.boundaries.saturating_add(1);
            let batch = identity::put_policy_tally(batch, owner, policy, &tally);
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
        let policy = view.bounding_policy(owner.owner_uin, uin).await?;
        Ok(Outcome::Boundary(policy.map(|policy| Boundary {
            policy_id: policy.id,
            name: policy.name,
            preset: policy.preset,
            document: policy.document.to_string(),
        })))
    }
}

impl Change {
    /// Notes that a policy bounds one less.
    pub(super) async fn release_boundary(
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
        let policy = self.bounding_policy(owner, uin).await?;
        Ok(policy.map(|policy| policy.document))
    }

    pub(crate) async fn boundary_of(&self, owner: Uin, uin: Uin) -> Result<Option<PolicyId>, Error> {
        let found = self.record::<BoundaryRecord>(&keys::boundary(owner, uin)).await?;
        Ok(found.map(|found| found.record.policy))
    }

    async fn bounding_policy(&self, owner: Uin, uin: Uin) -> Result<Option<AnyPolicy>, Error> {
        let Some(id) = self.boundary_of(owner, uin).await? else {
            return Ok(None);
        };
        let policy = self.policy(owner, id).await?;
        policy
            .map(Some)
            .ok_or_else(|| fault::inconsistent("the policy of a boundary is missing"))
    }
}
