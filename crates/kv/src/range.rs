//! Ranges of keys, and the two directions to walk them.
//!
//! The arithmetic on prefixes lives here once: the end of all keys with a prefix is the prefix with its last
//! byte raised, after bytes of 255 are dropped, or there is no end at all.

use std::ops::Bound;

use bytes::Bytes;

/// The keys between two bounds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyRange {
    /// Where the range begins, in byte order.
    pub start: Bound<Bytes>,
    /// Where it ends.
    pub end: Bound<Bytes>,
}

/// The order in which the pairs of a range are returned.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Direction {
    /// From the first key of the range upwards.
    Forward,
    /// From the last key of the range downwards.
    Backward,
}

impl KeyRange {
    /// Every key.
    pub fn all() -> Self {
        Self {
            start: Bound::Unbounded,
            end: Bound::Unbounded,
        }
    }

    /// The keys from `start` up to but not including `end`.
    pub fn between(start: impl Into<Bytes>, end: impl Into<Bytes>) -> Self {
        Self {
            start: Bound::Included(start.into()),
            end: Bound::Excluded(end.into()),
        }
    }

    /// The keys that begin with `prefix`.
    pub fn prefix(prefix: impl Into<Bytes>) -> Self {
        let prefix = prefix.into();
        Self {
            end: end_of_prefix(&prefix),
            start: Bound::Included(prefix),
        }
    }

    /// The same range without `key` and what comes before it; to go on after a page.
    pub fn after(mut self, key: impl Into<Bytes>) -> Self {
        self.start = later_start(self.start, Bound::Excluded(key.into()));
        self
    }

    /// The same range without `key` and what comes after it; to go on after a page of the other direction.
    pub fn before(mut self, key: impl Into<Bytes>) -> Self {
        let key = key.into();
        let keeps_end = match &self.end {
            Bound::Included(end) => *end < key,
            Bound::Excluded(end) => *end <= key,
            Bound::Unbounded => false,
        };
        if !keeps_end {
            self.end = Bound::Excluded(key);
        }
        self
    }

    /// Whether a key lies in the range.
    pub fn contains(&self, key: &[u8]) -> bool {
        let starts = match &self.start {
            Bound::Included(start) => key >= start,
            Bound::Excluded(start) => key > start,
            Bound::Unbounded => true,
        };
        starts
            && match &self.end {
                Bound::Included(end) => key <= end,
                Bound::Excluded(end) => key < end,
                Bound::Unbounded => true,
            }
    }

    /// Whether no key can lie in the range because its end is before its start.
    ///
    /// Ordered maps panic or fail on such bounds, so engines ask before they pass them on.
    pub fn is_inverted(&self) -> bool {
        match (&self.start, &self.end) {
            (Bound::Unbounded, _) | (_, Bound::Unbounded) => false,
            (Bound::Included(start), Bound::Included(end)) => start > end,
            (
                Bound::Included(start) | Bound::Excluded(start),
                Bound::Included(end) | Bound::Excluded(end),
            ) => start >= end,
        }
    }

    /// The keys that bound the range, so at most two.
    pub(crate) fn bounds(&self) -> impl Iterator<Item = &Bytes> {
        [&self.start, &self.end]
            .into_iter()
            .filter_map(|bound| match bound {
                Bound::Included(key) | Bound::Excluded(key) => Some(key),
                Bound::Unbounded => None,
            })
    }

    /// The bounds as slices, as ordered maps take them.
    pub(crate) fn as_slices(&self) -> (Bound<&[u8]>, Bound<&[u8]>) {
        (
            self.start.as_ref().map(AsRef::as_ref),
            self.end.as_ref().map(AsRef::as_ref),
        )
    }
}

/// Of two starts, the one that leaves fewer keys.
pub(crate) fn later_start(one: Bound<Bytes>, other: Bound<Bytes>) -> Bound<Bytes> {
    match (&one, &other) {
        (_, Bound::Unbounded) => one,
        (Bound::Unbounded, _) => other,
        (Bound::Excluded(first), Bound::Included(second) | Bound::Excluded(second)) if first >= second => one,
        (Bound::Included(first), Bound::Included(second) | Bound::Excluded(second)) if first > second => one,
        _ => other,
    }
}

/// The bound right after all keys that begin with `prefix`.
pub(crate) fn end_of_prefix(prefix: &[u8]) -> Bound<Bytes> {
    let kept = prefix
        .iter()
        .rposition(|byte| *byte != u8::MAX)
        .map(|last| prefix.split_at(last));
    let Some((head, [last, ..])) = kept else {
        return Bound::Unbounded;
    };
    let mut end = Vec::with_capacity(head.len().saturating_add(1));
    end.extend_from_slice(head);
    end.push(last.saturating_add(1));
    Bound::Excluded(end.into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn prefixes_end_where_they_should() {
        let check = |prefix: &[u8], expected: Option<&[u8]>| {
            let expected = expected.map_or(Bound::Unbounded, |end| {
                Bound::Excluded(Bytes::copy_from_slice(end))
            });
            assert_eq!(end_of_prefix(prefix), expected, "{prefix:?}");
        };
        check(b"", None);
        check(b"a", Some(b"b"));
        check(b"a/", Some(b"a0"));
        check(b"a\xfe", Some(b"a\xff"));
        check(b"a\xff", Some(b"b"));
        check(b"a\xff\xff", Some(b"b"));
        check(b"\xff\xff", None);
    }

    fn bound() -> impl Strategy<Value = Bound<Bytes>> {
        let key = || proptest::collection::vec(prop_oneof![Just(0u8), Just(97), Just(255)], 0..3);
        prop_oneof![
            Just(Bound::Unbounded),
            key().prop_map(|key| Bound::Included(key.into())),
            key().prop_map(|key| Bound::Excluded(key.into())),
        ]
    }

    proptest! {
        #[test]
        fn a_prefix_range_holds_exactly_the_keys_with_the_prefix(
            prefix in proptest::collection::vec(prop_oneof![Just(0u8), Just(97), Just(255)], 0..3),
            key in proptest::collection::vec(prop_oneof![Just(0u8), Just(97), Just(98), Just(255)], 0..4),
        ) {
            let starts = key.starts_with(&prefix);
            prop_assert_eq!(KeyRange::prefix(prefix).contains(&key), starts);
        }

        #[test]
        fn narrowing_keeps_what_is_on_the_right_side(
            start in bound(), end in bound(),
            cut in proptest::collection::vec(prop_oneof![Just(0u8), Just(97), Just(255)], 0..3),
            key in proptest::collection::vec(prop_oneof![Just(0u8), Just(97), Just(255)], 0..3),
        ) {
            let range = KeyRange { start, end };
            let inside = range.contains(&key);
            prop_assert_eq!(range.clone().after(cut.clone()).contains(&key), inside && key > cut);
            prop_assert_eq!(range.clone().before(cut.clone()).contains(&key), inside && key < cut);
            prop_assert!(!(inside && range.is_inverted()));
        }
    }
}
