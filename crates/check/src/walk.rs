//! Walking ranges of keys page by page, so that the memory does not depend on how much there is.

use std::collections::VecDeque;

use bytes::Bytes;
use daypass_kv::{Direction, KeyRange, KvError, Pair, Snapshot};
use daypass_metadata::{DecodeError, Record};

/// Pairs of one page. Values are up to two mebibytes, usually far below.
const PAGE: usize = 64;

/// The pairs of a range, in order.
pub(crate) struct Walk<'a> {
    snapshot: &'a dyn Snapshot,
    range: KeyRange,
    page: VecDeque<Pair>,
    more: bool,
}

impl<'a> Walk<'a> {
    pub(crate) fn new(snapshot: &'a dyn Snapshot, range: KeyRange) -> Self {
        Self {
            snapshot,
            range,
            page: VecDeque::new(),
            more: true,
        }
    }

    pub(crate) fn of_prefix(snapshot: &'a dyn Snapshot, prefix: Bytes) -> Self {
        Self::new(snapshot, KeyRange::prefix(prefix))
    }

    pub(crate) async fn next(&mut self) -> Result<Option<Pair>, KvError> {
        if self.page.is_empty() && self.more {
            let page = self
                .snapshot
                .range(self.range.clone(), Direction::Forward, PAGE)
                .await?;
            self.more = page.len() >= PAGE;
            self.page = page.into();
            if let Some((last, _)) = self.page.back() {
                self.range = self.range.clone().after(last.clone());
            }
        }
        Ok(self.page.pop_front())
    }
}

/// What lies under a key.
pub(crate) enum Looked<R> {
    Absent,
    /// Something that cannot be decoded, which is reported where it lies.
    Torn,
    Found(R),
}

impl<R> Looked<R> {
    /// The same with what was found made into something else.
    pub(crate) fn map<T>(self, change: impl FnOnce(R) -> T) -> Looked<T> {
        match self {
            Self::Absent => Looked::Absent,
            Self::Torn => Looked::Torn,
            Self::Found(found) => Looked::Found(change(found)),
        }
    }

    /// Whether there is nothing, not even something unreadable.
    pub(crate) fn is_absent(&self) -> bool {
        matches!(self, Self::Absent)
    }
}

/// Looks up one record.
pub(crate) async fn look<R: Record>(snapshot: &dyn Snapshot, key: Bytes) -> Result<Looked<R>, KvError> {
    Ok(match snapshot.get(&key).await? {
        None => Looked::Absent,
        Some(value) => R::decode(&value).map_or(Looked::Torn, Looked::Found),
    })
}

/// How a record that does not decode is told.
pub(crate) fn undecodable<R: Record>(error: DecodeError) -> (String, String) {
    (
        format!("a record `{}` of version {} or earlier", R::NAME, R::VERSION),
        error.to_string(),
    )
}
