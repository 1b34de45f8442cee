//! How often a user may ask: a bucket of tokens for each user of each template, in bounded memory.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use daypass_api::Timestamp;

use crate::user::User;

/// Most users that are counted. Beyond it those who have all their tokens are forgotten, and then everybody.
const MAX_COUNTED: usize = 100_000;
/// A key's worth, in what one millisecond brings at one key in a minute.
const WORTH: i64 = 60_000;

/// What users have left.
#[derive(Default)]
pub(crate) struct RateLimit(Mutex<HashMap<(usize, User), Allowance>>);

#[derive(Clone, Copy)]
struct Allowance {
    left: i64,
    as_of: Timestamp,
    per_minute: i64,
}

impl RateLimit {
    /// Counts one key of a user of a template; refuses it with the seconds after which there is one again.
    pub(crate) fn count(
        &self,
        template: usize,
        per_minute: u32,
        user: &User,
        now: Timestamp,
    ) -> Result<(), u32> {
        let mut counted = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let per_minute = i64::from(per_minute);
        let who = (template, user.clone());
        if counted.len() >= MAX_COUNTED && !counted.contains_key(&who) {
            counted.retain(|_, allowance| allowance.refilled(now).left < allowance.full());
            if counted.len() >= MAX_COUNTED {
                counted.clear();
            }
        }
        let fresh = Allowance {
            left: per_minute.saturating_mul(WORTH),
            as_of: now,
            per_minute,
        };
        let allowance = counted.entry(who).or_insert(fresh);
        *allowance = allowance.refilled(now);
        if allowance.left < WORTH {
            let missing = (WORTH - allowance.left).saturating_add(per_minute - 1) / per_minute;
            return Err(u32::try_from(missing.saturating_add(999) / 1000).unwrap_or(u32::MAX));
        }
        allowance.left -= WORTH;
        Ok(())
    }
}

impl Allowance {
    fn full(self) -> i64 {
        self.per_minute.saturating_mul(WORTH)
    }

    /// A clock that is turned back brings nothing and takes nothing.
    fn refilled(self, now: Timestamp) -> Self {
        let passed = now.unix_millis().saturating_sub(self.as_of.unix_millis()).max(0);
        let brought = passed.saturating_mul(self.per_minute);
        Self {
            left: self.left.saturating_add(brought).min(self.full()),
            as_of: now,
            ..self
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::user::Names;

    fn at(millis: i64) -> Timestamp {
        Timestamp::from_unix_millis(1_700_000_000_000 + millis)
    }

    fn user(name: &str) -> User {
        User::parse(name, Names::Refuse).unwrap()
    }

    #[test]
    fn as_many_as_in_a_minute_and_then_no_faster() {
        let limit = RateLimit::default();
        let count = |template, name, millis| limit.count(template, 2, &user(name), at(millis));
        assert_eq!((count(0, "ann", 0), count(0, "ann", 0)), (Ok(()), Ok(())));
        assert_eq!(count(0, "ann", 0), Err(30));
        assert_eq!(count(0, "ann", 29_500), Err(1));
        assert_eq!(count(0, "ann", 30_000), Ok(()));
        assert_eq!(count(0, "bob", 0), Ok(()), "another user is not touched");
        assert_eq!(count(1, "ann", 0), Ok(()), "nor another template");
        assert_eq!(
            count(0, "ann", 0),
            Err(30),
            "a clock that goes back brings nothing"
        );
    }

    #[test]
    fn what_is_remembered_is_bounded() {
        let limit = RateLimit::default();
        for index in 0..=MAX_COUNTED {
            assert!(limit.count(0, 1, &user(&index.to_string()), at(0)).is_ok());
        }
        assert!(limit.0.lock().unwrap().len() <= MAX_COUNTED);
    }
}
