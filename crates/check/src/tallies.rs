//! What is kept about how many there are, against what was seen: of each kind in an account, and of those who have a
//! policy.
//!
//! What was counted is held in memory: two numbers for each policy that somebody has, five for each account. A store
//! that an earlier version of the program wrote may lack the records; then it had neither groups nor boundaries.

use std::collections::BTreeMap;
use std::fmt::Debug;

use daypass_api::names::{PolicyId, Uin};
use daypass_metadata::Record;
use daypass_metadata::identity::{AccountTallyRecord, PolicyTallyRecord};
use daypass_metadata::keys::{self, StoredKey};

use crate::records::place_of_record;
use crate::walk::Walk;
use crate::{Check, CheckError, Kind};

/// What was counted.
#[derive(Default)]
pub(crate) struct Tallies {
    accounts: BTreeMap<Uin, AccountTallyRecord>,
    policies: BTreeMap<(Uin, PolicyId), PolicyTallyRecord>,
    /// Whether a record that may have told of a boundary could not be read.
    boundaries_torn: bool,
}

impl Tallies {
    /// Counts what lies under a key, whether it can be read or not.
    pub(crate) fn note(&mut self, key: &StoredKey) {
        let raise = |count: &mut u64| *count = count.saturating_add(1);
        match key {
            StoredKey::User(owner, _) => raise(&mut self.account(*owner).users),
            StoredKey::Policy(owner, _) => raise(&mut self.account(*owner).policies),
            StoredKey::Group(owner, _) => raise(&mut self.account(*owner).groups),
            StoredKey::Member(owner, ..) => raise(&mut self.account(*owner).memberships),
            StoredKey::Role(owner, _) => raise(&mut self.account(*owner).roles),
            StoredKey::Attachment(owner, _, policy) => {
                raise(&mut self.policies.entry((*owner, *policy)).or_default().attachments);
            }
            _ => {}
        }
    }

    fn account(&mut self, owner: Uin) -> &mut AccountTallyRecord {
        self.accounts.entry(owner).or_default()
    }

    /// Counts one who is bounded by a policy.
    pub(crate) fn note_boundary(&mut self, owner: Uin, policy: PolicyId) {
        let count = &mut self.policies.entry((owner, policy)).or_default().boundaries;
        *count = count.saturating_add(1);
    }

    /// Remembers that a record could not be read.
    pub(crate) fn note_torn(&mut self, key: &StoredKey) {
        self.boundaries_torn |= matches!(key, StoredKey::Role(..) | StoredKey::Boundary(..));
    }
}

impl Check<'_> {
    /// Everything that is kept against everything that was counted.
    pub(crate) async fn tallies(&mut self) -> Result<(), CheckError> {
        let counted = std::mem::take(&mut self.tallies);
        self.tallies_of_accounts(counted.accounts).await?;
        self.tallies_of_policies(counted.policies, counted.boundaries_torn)
            .await
    }

    async fn tallies_of_accounts(
        &mut self,
        mut counted: BTreeMap<Uin, AccountTallyRecord>,
    ) -> Result<(), CheckError> {
        let mut walk = Walk::of_prefix(self.subject.snapshot, keys::account_tallies());
        while let Some((key, value)) = walk.next().await? {
            let Some(key @ StoredKey::AccountTally(owner)) = StoredKey::parse(&key) else {
                continue;
            };
            let counted = counted.remove(&owner).unwrap_or_default();
            // One that cannot be read is told with the other records.
            let kept = AccountTallyRecord::decode(&value).unwrap_or(counted);
            self.compare(&key, &counted, &kept);
        }
        for (owner, counted) in counted {
            let kept = AccountTallyRecord {
                groups: 0,
                memberships: 0,
                ..counted
            };
            self.compare(&StoredKey::AccountTally(owner), &counted, &kept);
        }
        Ok(())
    }

    async fn tallies_of_policies(
        &mut self,
        mut counted: BTreeMap<(Uin, PolicyId), PolicyTallyRecord>,
        boundaries_torn: bool,
    ) -> Result<(), CheckError> {
        let mut walk = Walk::of_prefix(self.subject.snapshot, keys::policy_tallies());
        while let Some((key, value)) = walk.next().await? {
            let Some(key @ StoredKey::PolicyTally(owner, policy)) = StoredKey::parse(&key) else {
                continue;
            };
            let mut counted = counted.remove(&(owner, policy)).unwrap_or_default();
            let kept = PolicyTallyRecord::decode(&value).unwrap_or(counted);
            if boundaries_torn {
                counted.boundaries = kept.boundaries;
            }
            self.compare(&key, &counted, &kept);
        }
        for ((owner, policy), counted) in counted {
            let kept = PolicyTallyRecord {
                boundaries: 0,
                ..counted
            };
            self.compare(&StoredKey::PolicyTally(owner, policy), &counted, &kept);
        }
        Ok(())
    }

    fn compare<T: PartialEq + Debug>(&mut self, key: &StoredKey, counted: &T, kept: &T) {
        if counted != kept {
            let place = place_of_record(key);
            self.report(
                Kind::CounterWrong,
                place,
                format!("{counted:?}"),
                format!("{kept:?}"),
            );
        }
    }
}
