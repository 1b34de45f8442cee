//! The conditional batch, the only way to write.
//!
//! A batch is plain data and is submitted as one message: what must hold, and what to write if it does.
//! It says nothing about how an engine holds the conditions. Sizes are checked in `limits`.

use bytes::Bytes;

use crate::KeyRange;

/// Preconditions and writes that are applied together or not at all.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Batch {
    /// What must hold right before the batch, judged in this order.
    pub preconditions: Vec<Precondition>,
    /// What is written, in this order.
    pub writes: Vec<Write>,
    /// Whether the batch may use the space that an engine keeps in reserve for making room.
    pub reclaiming: bool,
}

/// A statement about the state right before a batch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Precondition {
    /// The key is present with exactly this value.
    Equals {
        /// The key looked at.
        key: Bytes,
        /// The value it must have.
        value: Bytes,
    },
    /// The key is absent.
    Absent {
        /// The key looked at.
        key: Bytes,
    },
    /// The key is present, with whatever value.
    Present {
        /// The key looked at.
        key: Bytes,
    },
    /// No key lies in the range.
    RangeEmpty {
        /// The range looked at.
        range: KeyRange,
    },
}

/// One change of one key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Write {
    /// Stores the value under the key, whether or not it was present.
    Put {
        /// The key written.
        key: Bytes,
        /// Its new value.
        value: Bytes,
    },
    /// Removes the key; removing an absent key is no failure.
    Delete {
        /// The key removed.
        key: Bytes,
    },
}

impl Batch {
    /// A batch without preconditions and writes.
    pub fn new() -> Self {
        Self::default()
    }

    /// Requires that `key` has exactly `value`.
    pub fn require_equals(mut self, key: impl Into<Bytes>, value: impl Into<Bytes>) -> Self {
        self.preconditions.push(Precondition::Equals {
            key: key.into(),
            value: value.into(),
        });
        self
    }

    /// Requires that `key` is absent.
    pub fn require_absent(mut self, key: impl Into<Bytes>) -> Self {
        self.preconditions.push(Precondition::Absent { key: key.into() });
        self
    }

    /// Requires that `key` is present.
    pub fn require_present(mut self, key: impl Into<Bytes>) -> Self {
        self.preconditions.push(Precondition::Present { key: key.into() });
        self
    }

    /// Requires that no key lies in `range`.
    pub fn require_range_empty(mut self, range: KeyRange) -> Self {
        self.preconditions.push(Precondition::RangeEmpty { range });
        self
    }

    /// Stores `value` under `key`.
    pub fn put(mut self, key: impl Into<Bytes>, value: impl Into<Bytes>) -> Self {
        self.writes.push(Write::Put {
            key: key.into(),
            value: value.into(),
        });
        self
    }

    /// Removes `key`.
    pub fn delete(mut self, key: impl Into<Bytes>) -> Self {
        self.writes.push(Write::Delete { key: key.into() });
        self
    }

    /// Marks the batch as one that makes room in the end, such as a deletion with its bookkeeping.
    ///
    /// An engine that is short of space still takes it from its reserve, so that a full store can be emptied.
    pub fn reclaiming(mut self) -> Self {
        self.reclaiming = true;
        self
    }

    /// Whether there is nothing to check and nothing to write.
    pub fn is_empty(&self) -> bool {
        self.preconditions.is_empty() && self.writes.is_empty()
    }

    /// The number of preconditions and writes.
    pub fn operations(&self) -> usize {
        self.preconditions.len().saturating_add(self.writes.len())
    }

    /// The bytes of all keys and values in the batch.
    pub fn bytes(&self) -> usize {
        let preconditions = self.preconditions.iter().map(Precondition::bytes);
        preconditions
            .chain(self.writes.iter().map(Write::bytes))
            .fold(0, usize::saturating_add)
    }
}

impl Precondition {
    fn bytes(&self) -> usize {
        match self {
            Self::Equals { key, value } => key.len().saturating_add(value.len()),
            Self::Absent { key } | Self::Present { key } => key.len(),
            Self::RangeEmpty { range } => range.bounds().map(Bytes::len).sum(),
        }
    }
}

impl Write {
    /// The key that is changed.
    pub fn key(&self) -> &Bytes {
        match self {
            Self::Put { key, .. } | Self::Delete { key } => key,
        }
    }

    fn bytes(&self) -> usize {
        match self {
            Self::Put { key, value } => key.len().saturating_add(value.len()),
            Self::Delete { key } => key.len(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_operations_and_bytes() {
        let check = |batch: Batch, operations, bytes| {
            assert_eq!(
                (batch.operations(), batch.bytes()),
                (operations, bytes),
                "{batch:?}"
            );
            assert_eq!(batch.is_empty(), operations == 0);
        };
        check(Batch::new(), 0, 0);
        check(Batch::new().reclaiming(), 0, 0);
        check(Batch::new().put("ab", "cde"), 1, 5);
        check(Batch::new().delete("ab"), 1, 2);
        check(
            Batch::new()
                .require_equals("ab", "cde")
                .require_absent("f")
                .require_present("gh"),
            3,
            8,
        );
        check(Batch::new().require_range_empty(KeyRange::prefix("ab")), 1, 4);
        check(Batch::new().require_range_empty(KeyRange::all()), 1, 0);
    }
}
