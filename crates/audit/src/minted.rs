//! Which temporary keys were minted in an account, the newest first, a page at a time.
//!
//! One call looks at so many records and no more, whatever is asked: it then says where to go on. A closed segment is
//! asked by its index; the open one, and one whose index is missing, is read from end to end. What became of a key is
//! not the trail's to know: who asks holds what is found here against what was revoked.

use std::io;
use std::ops::ControlFlow;
use std::path::Path;

use crate::index::{Index, Term};
use crate::line::Line;
use crate::query::{candidates, read};
use crate::record::{Minted, Request, Standing};
use crate::segment::{self, Lines};

/// Most records that one call looks at.
const MOST_LOOKED_AT: usize = 10_000;
/// After so many bytes of segments without an index, a call ends with the segment.
const MOST_SCANNED_BYTES: u64 = 64 * 1024 * 1024;

/// Which temporary keys are asked for: those that have all that is said here.
#[derive(Clone, Debug, Default)]
pub struct Mintings {
    /// Of this account, by its root.
    pub owner_uin: u64,
    /// With this identity's rights; a role's id, too.
    pub principal: Option<u64>,
    /// With this user's rights, or in a chain that a key of it began.
    pub user: Option<u64>,
    /// In a chain that this permanent key began.
    pub origin: Option<String>,
    /// Of this name.
    pub name: Option<String>,
    /// Not over by then, in milliseconds since 1970.
    pub expire_after: Option<i64>,
    /// Minted not before then. With an index, older segments are not looked at.
    pub minted_from: Option<i64>,
    /// In records before this one.
    pub before: Option<u64>,
    /// At most so many.
    pub limit: usize,
}

/// A temporary key that was minted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Minting {
    /// The number of its record.
    pub record: u64,
    /// The key that signed for it; none where an identity provider vouched.
    pub minted_by: Option<String>,
    /// What was said when it was minted.
    pub minted: Minted,
    /// Whose it is, and what it ends with.
    pub standing: Standing,
}

/// Temporary keys, and where to go on.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Page {
    /// They.
    pub entries: Vec<Minting>,
    /// Before which record to go on, when there may be more.
    pub next: Option<u64>,
}

/// A page of the temporary keys that the trail in this directory knows.
pub fn mintings(directory: &Path, asked: &Mintings) -> io::Result<Page> {
    let mut segments = segment::list(directory)?;
    segments.retain(|first| asked.before.is_none_or(|before| *first < before));
    let mut search = Search {
        asked,
        page: Page::default(),
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
                search.page.next = Some(first);
                break;
            }
            Ok(ControlFlow::Continue(())) => {}
        }
    }
    Ok(search.page)
}

struct Search<'a> {
    asked: &'a Mintings,
    page: Page,
    looked_at: usize,
    scanned: u64,
}

impl Search<'_> {
    fn is_spent(&self) -> bool {
        self.looked_at >= MOST_LOOKED_AT || self.scanned >= MOST_SCANNED_BYTES
    }

    /// Takes what a segment has, the newest first, until the page is full.
    fn segment(&mut self, path: &Path) -> io::Result<ControlFlow<()>> {
        let starts = match Index::open(path)? {
            Some(index) if self.asked.minted_from.is_some_and(|from| index.span.1 < from) => {
                return Ok(ControlFlow::Continue(()));
            }
            // An index that cannot be read is as good as none.
            Some(index) => candidates(&index, &self.asked.terms()).ok(),
            None => None,
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
            if self.page.entries.len() >= self.asked.limit || self.looked_at >= MOST_LOOKED_AT {
                self.page.next = Some(record.saturating_add(1));
                return Ok(ControlFlow::Break(()));
            }
            self.looked_at = self.looked_at.saturating_add(1);
            self.page.entries.extend(self.asked.accept(record, request));
        }
        Ok(ControlFlow::Continue(()))
    }

    /// Where in a segment without an index the lines begin that may tell of a minting.
    fn scan(&mut self, path: &Path) -> io::Result<Vec<u64>> {
        const MINTED: &[u8] = br#""minted":{"#;
        let mut lines = Lines::open(path)?;
        let mut starts = Vec::new();
        while let Ok(bytes) = lines.read()? {
            let is_request = || Line::parse(bytes).is_some_and(|line| line.kind == Request::KIND);
            if bytes.windows(MINTED.len()).any(|window| window == MINTED) && is_request() {
                starts.push(lines.start());
            }
        }
        self.scanned = self.scanned.saturating_add(lines.end());
        Ok(starts)
    }
}

impl Mintings {
    fn terms(&self) -> Vec<Term<'_>> {
        let terms = [
            self.origin.as_deref().map(Term::Key),
            self.name.as_deref().map(Term::Name),
            self.principal.map(Term::MintedFor),
            self.user.map(Term::MintedFor),
            Some(Term::MintedIn(self.owner_uin)),
        ];
        terms.into_iter().flatten().collect()
    }

    /// The key in a record, if it is one that is asked for.
    fn accept(&self, record: u64, request: Request) -> Option<Minting> {
        let minted = request.minted?;
        let standing = minted.standing.clone()?;
        let is_wanted = standing.link.owner_uin == self.owner_uin
            && self.principal.is_none_or(|uin| standing.link.uin == uin)
            && self
                .user
                .is_none_or(|uin| standing.link.uin == uin || standing.responsible_uin == uin)
            && (self.origin.is_none() || standing.origin_access_key_id == self.origin)
            && self.name.as_ref().is_none_or(|name| minted.name == *name)
            && self.expire_after.is_none_or(|moment| minted.expires > moment)
            && self.minted_from.is_none_or(|from| standing.link.issued >= from);
        is_wanted.then(|| Minting {
            record,
            minted_by: request.who.map(|who| who.access_key_id),
            minted,
            standing,
        })
    }
}
