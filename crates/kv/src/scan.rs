//! Listing with folded groups, written once for all engines that can seek.
//!
//! An engine hands in a function that opens an iterator over a range; everything else, above all where to
//! seek after a group, is decided here. An engine that runs the listing elsewhere, as one query on a server,
//! brings its own and is held to the same model by the conformance suite.

use std::ops::Bound;

use bytes::Bytes;

use crate::range::{end_of_prefix, later_start};
use crate::{KeyRange, KvError, Pair};

/// One page of a listing.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ScanPage {
    /// Keys and folded prefixes, in byte order.
    pub entries: Vec<Entry>,
    /// Whether there is at least one more entry after these.
    pub more: bool,
}

/// One line of a listing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Entry {
    /// A key that is listed by itself, with its value.
    Key(Bytes, Bytes),
    /// What a group of keys has in common, up to and including the delimiter.
    Prefix(Bytes),
}

impl Entry {
    /// The key or the folded prefix; excluded, it starts the next page.
    pub fn name(&self) -> &Bytes {
        match self {
            Self::Key(key, _) => key,
            Self::Prefix(prefix) => prefix,
        }
    }
}

/// What an engine's iterator yields: a pair whose value is not copied unless it is asked for.
pub(crate) trait FoundPair {
    fn key(&self) -> &[u8];
    fn into_pair(self) -> Pair;
}

/// The question of one listing.
pub(crate) struct Grouping<'a> {
    pub(crate) prefix: &'a [u8],
    pub(crate) delimiter: &'a [u8],
    pub(crate) start: Bound<&'a [u8]>,
    pub(crate) limit: usize,
}

impl Grouping<'_> {
    /// Walks the keys, calling `seek` at the start and after each folded group.
    pub(crate) fn page<Found, Pairs>(
        &self,
        seek: impl Fn(&KeyRange) -> Result<Pairs, KvError>,
    ) -> Result<ScanPage, KvError>
    where
        Found: FoundPair,
        Pairs: Iterator<Item = Result<Found, KvError>>,
    {
        let mut page = ScanPage::default();
        let Some(mut range) = self.first_range() else {
            return Ok(page);
        };
        let mut pairs = seek(&range)?;
        while let Some(found) = pairs.next().transpose()? {
            if page.entries.len() >= self.limit {
                page.more = true;
                break;
            }
            let Some(group) = self.group_of(found.key()) else {
                let (key, value) = found.into_pair();
                page.entries.push(Entry::Key(key, value));
                continue;
            };
            let group = Bytes::copy_from_slice(group);
            let next = start_after_group(&group);
            page.entries.push(Entry::Prefix(group));
            let Some(next) = next else { break };
            range.start = next;
            pairs = seek(&range)?;
        }
        Ok(page)
    }

    /// Where the walk begins; nothing if the start passes over every key there could be.
    fn first_range(&self) -> Option<KeyRange> {
        let KeyRange { start, end } = KeyRange::prefix(Bytes::copy_from_slice(self.prefix));
        let asked = match self.start {
            Bound::Excluded(name) if self.group_of(name) == Some(name) => start_after_group(name)?,
            bound => bound.map(Bytes::copy_from_slice),
        };
        Some(KeyRange {
            start: later_start(start, asked),
            end,
        })
    }

    /// The part of a key that stands for its group, if the key is folded.
    fn group_of<'k>(&self, key: &'k [u8]) -> Option<&'k [u8]> {
        if self.delimiter.is_empty() {
            return None;
        }
        let rest = key.strip_prefix(self.prefix)?;
        let position = rest
            .windows(self.delimiter.len())
            .position(|window| window == self.delimiter)?;
        let length = self
            .prefix
            .len()
            .saturating_add(position)
            .saturating_add(self.delimiter.len());
        key.get(..length)
    }
}

fn start_after_group(group: &[u8]) -> Option<Bound<Bytes>> {
    match end_of_prefix(group) {
        Bound::Included(end) | Bound::Excluded(end) => Some(Bound::Included(end)),
        Bound::Unbounded => None,
    }
}
