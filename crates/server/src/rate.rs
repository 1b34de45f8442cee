//! How often somebody may ask the token service: a bucket of tokens for each, in memory.
//!
//! Accounts are counted once their caller is proven, so that nobody uses up another's; addresses and identity providers
//! before anybody is. A request that is then refused counts too.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::Mutex;

use daypass_access::Identity;
use daypass_api::names::Uin;
use daypass_api::{Error, ErrorCode, Timestamp};

/// Most of them that are counted at once. Beyond it those that have not asked lately are forgotten first.
const MAX_COUNTED: usize = 10_000;

/// Who is counted together. Temporary keys are in the hands of strangers, who must not keep the permanent keys of the
/// account from minting.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Asker {
    /// The permanent keys of an account.
    Permanent(Uin),
    /// Its temporary keys.
    Temporary(Uin),
}

impl Asker {
    pub(crate) fn of(identity: &Identity) -> Self {
        let owner = identity.account.owner_uin;
        match identity.session {
            None => Self::Permanent(owner),
            Some(_) => Self::Temporary(owner),
        }
    }
}

/// Requests that each may make in one second, and at once.
pub(crate) struct RateLimit<K> {
    per_second: u32,
    counted: Mutex<HashMap<K, Allowance>>,
}

/// What one may still ask.
#[derive(Clone, Copy)]
struct Allowance {
    /// In thousandths of a request, so that one millisecond brings as many as there are requests in a second.
    thousandths: i64,
    as_of: Timestamp,
}

impl<K: Clone + Eq + Hash> RateLimit<K> {
    pub(crate) fn new(per_second: u32) -> Self {
        Self {
            per_second,
            counted: Mutex::default(),
        }
    }

    /// Counts one request of this one, or refuses it.
    pub(crate) fn count(&self, who: &K, now: Timestamp) -> Result<(), Error> {
        let mut counted = self
            .counted
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner);
        let full = self.full(now);
        if counted.len() >= MAX_COUNTED && !counted.contains_key(who) {
            counted.retain(|_, allowance| self.refilled(*allowance, now).thousandths < full.thousandths);
            if counted.len() >= MAX_COUNTED {
                counted.clear();
            }
        }
        let allowance = counted.entry(who.clone()).or_insert(full);
        *allowance = self.refilled(*allowance, now);
        if allowance.thousandths < 1000 {
            return Err(ErrorCode::RequestLimitExceeded.into());
        }
        allowance.thousandths -= 1000;
        Ok(())
    }

    fn full(&self, now: Timestamp) -> Allowance {
        Allowance {
            thousandths: i64::from(self.per_second).saturating_mul(1000),
            as_of: now,
        }
    }

    /// A clock that is turned back brings nothing and takes nothing.
    fn refilled(&self, allowance: Allowance, now: Timestamp) -> Allowance {
        let passed = now
            .unix_millis()
            .saturating_sub(allowance.as_of.unix_millis())
            .max(0);
        let fresh = passed.saturating_mul(i64::from(self.per_second));
        let thousandths = allowance.thousandths.saturating_add(fresh);
        Allowance {
            thousandths: thousandths.min(self.full(now).thousandths),
            as_of: now,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(millis: i64) -> Timestamp {
        Timestamp::from_unix_millis(1_700_000_000_000 + millis)
    }

    #[test]
    fn as_many_as_in_a_second_and_then_no_faster() {
        let limit = RateLimit::new(3);
        let counted = |account, millis| limit.count(&Uin(account), at(millis)).is_ok();
        assert!([0, 0, 0].iter().all(|now| counted(1, *now)));
        assert!(!counted(1, 0));
        assert!(counted(2, 0), "another account is not touched");
        assert!(!counted(1, 333));
        assert!(counted(1, 334));
        assert!(!counted(1, 335));
        assert!(!counted(1, 300), "a clock that goes back brings nothing");
        assert!([9000, 9000, 9000].iter().all(|now| counted(1, *now)));
        assert!(!counted(1, 9000), "a long wait does not save up");
    }

    #[test]
    fn what_is_remembered_is_bounded() {
        let limit = RateLimit::new(1);
        for account in 0..=MAX_COUNTED as u64 {
            assert!(limit.count(&Uin(account), at(0)).is_ok());
        }
        assert!(limit.counted.lock().unwrap().len() <= MAX_COUNTED);
    }
}
