//! Revocations of sessions: added in whole batches, read from a place on, and forgotten when they end nothing any
//! more. They have a turn and a condition of their own: a revocation neither waits for other changes of identities
//! nor makes gateways read identities anew.

use daypass_api::names::{AccessKeyId, Account, RoleId, Uin};
use daypass_api::operation::RoleRef;
use daypass_api::outcome::{Revocation, RevocationList};
use daypass_api::{Error, ErrorCode, Outcome, Timestamp};
use daypass_kv::{Batch, KeyRange};
use daypass_metadata::bucket::CounterRecord;
use daypass_metadata::identity::{self, RevocationRecord};
use daypass_metadata::keys;

use crate::view::decoded;
use crate::{Attempts, Store, View};

/// How many are read at once.
const PAGE: usize = 4096;
/// Most that one listing looks at, whosever they are.
const MOST_LOOKED_AT: usize = 10_000;

impl Store {
    /// Adds revocations to the log; they are on stable storage when this returns.
    pub async fn revoke(&self, records: &[RevocationRecord]) -> Result<Outcome, Error> {
        let _turn = self.revocation_turn.lock().await;
        let mut attempts = Attempts::default();
        loop {
            attempts.another().await?;
            let view = self.view().await?;
            let log = view.record::<CounterRecord>(&keys::revocation_log()).await?;
            let batch = identity::revoke(log.as_ref(), records).ok_or(ErrorCode::InternalError)?;
            if self.commit(batch).await? {
                return Ok(Outcome::Done);
            }
        }
    }

    /// A part of an account's revocations, in the order in which they were made.
    pub async fn list_revocations(
        &self,
        view: &View,
        owner: Account,
        after: u64,
        limit: usize,
    ) -> Result<Outcome, Error> {
        let (mut entries, mut last, mut looked_at) = (Vec::new(), after, 0);
        let mut next = None;
        'pages: loop {
            let page = view.revocations_after(last).await?;
            if page.is_empty() {
                break;
            }
            for (sequence, record) in page {
                if entries.len() >= limit || looked_at >= MOST_LOOKED_AT {
                    next = Some(last);
                    break 'pages;
                }
                (last, looked_at) = (sequence, looked_at.saturating_add(1));
                if record.owner == owner.owner_uin {
                    entries.push(told(sequence, record));
                }
            }
        }
        Ok(Outcome::Revocations(RevocationList { entries, next }))
    }

    /// Forgets revocations of sessions that would have ended before now anyway, at most `limit`; how many they were.
    pub async fn forget_revocations(&self, now: Timestamp, limit: usize) -> Result<usize, Error> {
        let view = self.view().await?;
        let range = KeyRange::between(keys::revocation_ends(), keys::revocation_end(now, 0));
        let pairs = view.first(range, limit).await?;
        let ended: Vec<_> = pairs
            .iter()
            .filter_map(|(key, _)| keys::expiry_of_revocation_end(key))
            .collect();
        for some in ended.chunks(PAGE) {
            let batch = some
                .iter()
                .fold(Batch::new().reclaiming(), |batch, (expires, sequence)| {
                    identity::forget_revocation(batch, *expires, *sequence)
                });
            self.commit(batch).await?;
        }
        Ok(ended.len())
    }
}

impl View {
    /// The next revocations after a place, with their places; none when there are no more.
    pub async fn revocations_after(&self, sequence: u64) -> Result<Vec<(u64, RevocationRecord)>, Error> {
        let range = KeyRange::prefix(keys::revocations()).after(keys::revocation(sequence));
        let pairs = self.first(range, PAGE).await?;
        let one = |(key, value): (bytes::Bytes, bytes::Bytes)| {
            let sequence = keys::sequence_of_revocation(&key).ok_or(ErrorCode::InternalError)?;
            decoded::<RevocationRecord>(&value).map(|record| (sequence, record))
        };
        pairs.into_iter().map(one).collect()
    }

    /// What a role's sessions are ended by; it must be one of the account.
    pub async fn ended_role(&self, owner: Account, role: &RoleRef) -> Result<RoleId, Error> {
        let found = self.role(owner.owner_uin, role).await?;
        found
            .map(|found| found.role.id)
            .ok_or(ErrorCode::RoleNotExist.into())
    }

    /// That a user is one of the account; otherwise nothing of the user's is the account's to end.
    pub async fn require_own_user(&self, owner: Account, uin: Uin) -> Result<(), Error> {
        let own = uin == owner.owner_uin || self.user(owner.owner_uin, uin).await?.is_some();
        own.then_some(()).ok_or(ErrorCode::UserNotExist.into())
    }

    /// That an access key is one of the account.
    pub async fn require_own_key(&self, owner: Account, id: &AccessKeyId) -> Result<(), Error> {
        let key = self.access_key(id).await?;
        let own = key.is_some_and(|key| key.account == owner);
        own.then_some(()).ok_or(ErrorCode::AccessKeyNotExist.into())
    }
}

fn told(sequence: u64, record: RevocationRecord) -> Revocation {
    let RevocationRecord {
        ended,
        issued_before,
        expires,
        made,
        by,
        ..
    } = record;
    Revocation {
        sequence,
        ended,
        issued_before,
        expires,
        made,
        by,
    }
}
