//! The sizes an engine accepts, checked in front of every engine.
//!
//! One set of limits serves all engines, chosen so that the narrowest one planned can hold them: an index of
//! PostgreSQL takes rows of at most 2,704 bytes. An object's key of 850 bytes fits with ample room for what
//! goes around it, and so does a batch that completes an upload of 10,000 parts.

use bytes::Bytes;

use crate::{Batch, Precondition, Write};

/// The largest sizes that are accepted, each inclusive.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// The bytes of one key, also where it bounds a range in a precondition.
    pub key_bytes: usize,
    /// The bytes of one value, also where it is compared with.
    pub value_bytes: usize,
    /// The preconditions and writes of one batch together.
    pub batch_operations: usize,
    /// The bytes of all keys and values of one batch together.
    pub batch_bytes: usize,
}

/// A batch goes beyond one of the limits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the batch has {what} of {size}, more than the {limit} that are accepted")]
pub struct LimitExceeded {
    /// What is too large.
    pub what: Measure,
    /// How large it is.
    pub size: usize,
    /// How large it may be.
    pub limit: usize,
}

/// What a limit measures.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Measure {
    /// The bytes of one key.
    KeyBytes,
    /// The bytes of one value.
    ValueBytes,
    /// The number of preconditions and writes.
    Operations,
    /// The bytes of all keys and values.
    Bytes,
}

impl std::fmt::Display for Measure {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(match self {
            Self::KeyBytes => "a key size",
            Self::ValueBytes => "a value size",
            Self::Operations => "an operation count",
            Self::Bytes => "a total size",
        })
    }
}

impl Limits {
    /// The limits of every engine in this crate.
    pub const STANDARD: Self = Self {
        key_bytes: 2048,
        value_bytes: 2 * 1024 * 1024,
        batch_operations: 65_536,
        batch_bytes: 32 * 1024 * 1024,
    };

    /// Refuses a batch that goes beyond a limit.
    pub fn check(&self, batch: &Batch) -> Result<(), LimitExceeded> {
        at_most(Measure::Operations, batch.operations(), self.batch_operations)?;
        for precondition in &batch.preconditions {
            self.check_precondition(precondition)?;
        }
        for write in &batch.writes {
            self.check_write(write)?;
        }
        at_most(Measure::Bytes, batch.bytes(), self.batch_bytes)
    }

    fn check_precondition(&self, precondition: &Precondition) -> Result<(), LimitExceeded> {
        match precondition {
            Precondition::Equals { key, value } => self.check_key(key).and_then(|()| self.check_value(value)),
            Precondition::Absent { key } | Precondition::Present { key } => self.check_key(key),
            Precondition::RangeEmpty { range } => range.bounds().try_for_each(|key| self.check_key(key)),
        }
    }

    fn check_write(&self, write: &Write) -> Result<(), LimitExceeded> {
        match write {
            Write::Put { key, value } => self.check_key(key).and_then(|()| self.check_value(value)),
            Write::Delete { key } => self.check_key(key),
        }
    }

    fn check_key(&self, key: &Bytes) -> Result<(), LimitExceeded> {
        at_most(Measure::KeyBytes, key.len(), self.key_bytes)
    }

    fn check_value(&self, value: &Bytes) -> Result<(), LimitExceeded> {
        at_most(Measure::ValueBytes, value.len(), self.value_bytes)
    }
}

fn at_most(what: Measure, size: usize, limit: usize) -> Result<(), LimitExceeded> {
    if size > limit {
        Err(LimitExceeded { what, size, limit })
    } else {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::KeyRange;

    const SMALL: Limits = Limits {
        key_bytes: 3,
        value_bytes: 5,
        batch_operations: 2,
        batch_bytes: 10,
    };

    #[test]
    fn each_limit_holds_exactly_at_its_bound() {
        let check = |batch: Batch, expected: Option<Measure>| {
            assert_eq!(
                SMALL.check(&batch).err().map(|error| error.what),
                expected,
                "{batch:?}"
            );
        };
        let new = Batch::new;
        check(new().put("abc", "12345"), None);
        check(new().put("abcd", ""), Some(Measure::KeyBytes));
        check(new().put("", "123456"), Some(Measure::ValueBytes));
        check(new().delete("abc"), None);
        check(new().delete("abcd"), Some(Measure::KeyBytes));
        check(new().require_equals("abc", "12345"), None);
        check(new().require_equals("abcd", ""), Some(Measure::KeyBytes));
        check(new().require_equals("abc", "123456"), Some(Measure::ValueBytes));
        check(new().require_absent("abcd"), Some(Measure::KeyBytes));
        check(new().require_present("abcd"), Some(Measure::KeyBytes));
        check(new().require_range_empty(KeyRange::prefix("abc")), None);
        check(
            new().require_range_empty(KeyRange::prefix("abcd")),
            Some(Measure::KeyBytes),
        );
        check(new().put("abc", "12").put("abc", "12"), None);
        check(new().put("abc", "12").put("abc", "123"), Some(Measure::Bytes));
        check(new().delete("a").delete("b"), None);
        check(
            new().delete("a").delete("b").require_absent("c"),
            Some(Measure::Operations),
        );
    }
}
