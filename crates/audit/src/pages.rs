//! Requests of a trail, the newest first, a page at a time.
//!
//! One call looks at so many records and no more, whatever is asked: it then says where to go on. A closed segment is
//! asked by its index where the question has a name in it; the open one, and one whose index is missing, is read from end
//! to end.

use std::io;
use std::ops::ControlFlow;
use std::path::Path;

use crate::index::{Index, Term};
use crate::line::Line;
use crate::query::{Query, candidates, read};
use crate::record::Request;
use crate::segment::{self, Lines};

/// Most records that one call looks at.
const MOST_LOOKED_AT: usize = 10_000;
/// After so many bytes of segments that are read from end to end, a call ends with the segment.
const MOST_SCANNED_BYTES: u64 = 64 * 1024 * 1024;

/// A part of what was asked for, and where to go on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Page<T> {
    /// The entries, the newest first.
    pub entries: Vec<T>,
    /// Before which record to go on, when there may be more.
    pub next: Option<u64>,
}

/// Which records a page is made of.
pub(crate) struct Asked<'a> {
    /// The names that a record must have.
    pub(crate) terms: Vec<Term<'a>>,
    /// Whether anything between these two moments may be asked for.
    pub(crate) touches: &'a dyn Fn((i64, i64)) -> bool,
    /// What a line must have in it, where no index says that it is wanted.
    pub(crate) mark: &'a [u8],
    /// In records before this one.
    pub(crate) before: Option<u64>,
    /// At most so many.
    pub(crate) limit: usize,
}

/// A page of the requests in this directory that a query and a closer look accept.
pub fn requests(
    directory: &Path,
    query: &Query,
    before: Option<u64>,
    limit: usize,
    accepts: impl Fn(&Request) -> bool,
) -> io::Result<Page<(u64, Request)>> {
    let asked = Asked {
        terms: query.terms(),
        touches: &|span| query.touches(span),
        mark: b"",
        before,
        limit,
    };
    page(directory, &asked, |record, request| {
        let wanted = query.accepts(&request) && accepts(&request);
        wanted.then_some((record, request))
    })
}

/// A page of what is made of the records that are asked for.
pub(crate) fn page<T>(
    directory: &Path,
    asked: &Asked<'_>,
    accept: impl FnMut(u64, Request) -> Option<T>,
) -> io::Result<Page<T>> {
    let mut segments = segment::list(directory)?;
    segments.retain(|first| asked.before.is_none_or(|before| *first < before));
    let mut search = Search {
        asked,
        accept,
        entries: Vec::new(),
        next: None,
        looked_at: 0,
        scanned: 0,
    };
    while let Some(first) = segments.pop() {
        let path = segment::path(directory, first);
        match search.segment(&path) {
            // Removed for its age since the directory was read: so is all that is older.
            Err(error) if error.kind() == io::ErrorKind::NotFound => break,
            Err(error) => return Err(error),
            Ok(ControlFlow::Break(())) => break,
            Ok(ControlFlow::Continue(())) if search.is_spent() && !segments.is_empty() => {
                search.next = Some(first);
                break;
            }
            Ok(ControlFlow::Continue(())) => {}
        }
    }
    Ok(Page {
        entries: search.entries,
        next: search.next,
    })
}

struct Search<'a, T, A> {
    asked: &'a Asked<'a>,
    accept: A,
    entries: Vec<T>,
    next: Option<u64>,
    looked_at: usize,
    scanned: u64,
}

impl<T, A: FnMut(u64, Request) -> Option<T>> Search<'_, T, A> {
    fn is_spent(&self) -> bool {
        self.looked_at >= MOST_LOOKED_AT || self.scanned >= MOST_SCANNED_BYTES
    }

    /// Takes what a segment has, the newest first, until the page is full.
    fn segment(&mut self, path: &Path) -> io::Result<ControlFlow<()>> {
        let starts = match Index::open(path)? {
            Some(index) if !(self.asked.touches)(index.span) => return Ok(ControlFlow::Continue(())),
            // An index that cannot be read is as good as none.
            Some(index) if !self.asked.terms.is_empty() => candidates(&index, &self.asked.terms).ok(),
            _ => None,
        };
        let starts = match starts {
            Some(starts) => starts,
            None => self.scan(path)?,
        };
        if starts.is_empty() {
            return Ok(ControlFlow::Continue(()));
        }
        let mut lines = Lines::open(path)?;
        for start in starts.into_iter().rev() {
            lines.seek(start)?;
            let Some((record, request)) = lines.read()?.ok().and_then(read) else {
                continue;
            };
            if self.asked.before.is_some_and(|before| record >= before) {
                continue;
            }
            if self.entries.len() >= self.asked.limit || self.looked_at >= MOST_LOOKED_AT {
                self.next = Some(record.saturating_add(1));
                return Ok(ControlFlow::Break(()));
            }
            self.looked_at = self.looked_at.saturating_add(1);
            self.entries.extend((self.accept)(record, request));
        }
        Ok(ControlFlow::Continue(()))
    }

    /// Where in a segment the lines begin that may be wanted, when no index says so.
    fn scan(&mut self, path: &Path) -> io::Result<Vec<u64>> {
        let mark = self.asked.mark;
        let mut lines = Lines::open(path)?;
        let mut starts = Vec::new();
        while let Ok(bytes) = lines.read()? {
            let has_mark = mark.is_empty() || bytes.windows(mark.len()).any(|window| window == mark);
            if has_mark && Line::parse(bytes).is_some_and(|line| line.kind == Request::KIND) {
                starts.push(lines.start());
            }
        }
        self.scanned = self.scanned.saturating_add(lines.end());
        Ok(starts)
    }
}
