//! How many there are, as it is kept. Stores that earlier versions of the program wrote have no such records: there it
//! is counted, until the next change writes them.

use std::collections::BTreeMap;

use daypass_api::Error;
use daypass_api::names::{Account, PolicyId, Uin};
use daypass_api::outcome::AccountSummary;
use daypass_kv::Batch;
use daypass_metadata::identity::{self, AccountTallyRecord, Holder, PolicyTallyRecord};
use daypass_metadata::keys;

use super::Change;
use crate::{Store, View};

impl Store {
    /// How many identities of each kind an account has.
    pub async fn account_summary(&self, view: &View, owner: Account) -> Result<AccountSummary, Error> {
        let tally = view.account_tally(owner.owner_uin).await?;
        Ok(AccountSummary {
            policies: tally.policies,
            users: tally.users,
            groups: tally.groups,
            memberships: tally.memberships,
            roles: tally.roles,
            identity_providers: 0,
        })
    }
}

impl Change {
    /// Takes every policy from somebody who is about to go, and the boundary if there is one. The same policy may be
    /// both, so that each tally is changed for all at once.
    pub(super) async fn detach_all(
        &self,
        mut batch: Batch,
        owner: Uin,
        holder: Holder,
        boundary: Option<PolicyId>,
    ) -> Result<Batch, Error> {
        let mut tallies = BTreeMap::new();
        for (policy, _) in self.view.attachments(owner, holder).await? {
            let mut tally = self.view.policy_tally(owner, policy).await?;
            tally.attachments = tally.attachments.saturating_sub(1);
            tallies.insert(policy, tally);
            batch = identity::detach(batch, owner, holder, policy);
        }
        if let Some(policy) = boundary {
            let mut tally = match tallies.remove(&policy) {
                Some(tally) => tally,
                None => self.view.policy_tally(owner, policy).await?,
            };
            tally.boundaries = tally.boundaries.saturating_sub(1);
            tallies.insert(policy, tally);
        }
        Ok(tallies.iter().fold(batch, |batch, (policy, tally)| {
            identity::put_policy_tally(batch, owner, *policy, tally)
        }))
    }
}

impl View {
    pub(crate) async fn account_tally(&self, owner: Uin) -> Result<AccountTallyRecord, Error> {
        if let Some(found) = self
            .record::<AccountTallyRecord>(&keys::account_tally(owner))
            .await?
        {
            return Ok(found.record);
        }
        Ok(AccountTallyRecord {
            users: self.count(keys::users(owner)).await?,
            policies: self.count(keys::policies(owner)).await?,
            roles: self.count(keys::roles(owner)).await?,
            groups: 0,
            memberships: 0,
        })
    }

    pub(crate) async fn policy_tally(
        &self,
        owner: Uin,
        policy: PolicyId,
    ) -> Result<PolicyTallyRecord, Error> {
        if let Some(found) = self
            .record::<PolicyTallyRecord>(&keys::policy_tally(owner, policy))
            .await?
        {
            return Ok(found.record);
        }
        Ok(PolicyTallyRecord {
            attachments: self.holders(owner, policy).await?.len() as u64,
            boundaries: 0,
        })
    }

    async fn count(&self, prefix: bytes::Bytes) -> Result<u64, Error> {
        Ok(self.all(prefix).await?.len() as u64)
    }
}
