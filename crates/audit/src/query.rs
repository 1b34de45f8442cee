//! Asking a trail: which requests there were, and where a key came from.
//!
//! Several directories are read as one, by time, so that the trails of several servers can be asked together. A segment with
//! an index is asked by it where the question has a name in it; one without is read from end to end, with the same answer.
//! Nothing here vouches that the trail is sound: that is [`crate::verify`]'s.

use std::io;
use std::path::{Path, PathBuf};

use crate::index::{Index, Term};
use crate::line::Line;
use crate::record::Request;
use crate::segment::{self, Lines};

/// Longest chain of keys that is followed.
const MAX_STEPS: usize = 64;

/// Which requests are asked for: those that have all that is said here.
#[derive(Clone, Debug, Default)]
pub struct Query {
    /// By this key, in a session that it began, or that minted or made it.
    pub key: Option<String>,
    /// By this session or those minted from it, or that minted it.
    pub session: Option<String>,
    /// By this identity, or in a chain of sessions that it began.
    pub principal: Option<u64>,
    /// That minted or made this key, or minted this session.
    pub made: Option<String>,
    /// By sessions of this name, or that minted one.
    pub name: Option<String>,
    /// On this bucket.
    pub bucket: Option<String>,
    /// With this id.
    pub request_id: Option<String>,
    /// Not before, in milliseconds since 1970.
    pub from: Option<i64>,
    /// Before, in milliseconds since 1970.
    pub to: Option<i64>,
    /// Answered with this status.
    pub status: Option<u16>,
    /// Refused, all or some of it.
    pub refused: bool,
}

impl Query {
    pub(crate) fn terms(&self) -> Vec<Term<'_>> {
        let terms = [
            self.request_id.as_deref().map(Term::Request),
            self.session.as_deref().map(Term::Session),
            self.key.as_deref().map(Term::Key),
            self.made.as_deref().map(Term::Made),
            self.name.as_deref().map(Term::Name),
            self.principal.map(Term::Principal),
            self.bucket.as_deref().map(Term::Bucket),
        ];
        terms.into_iter().flatten().collect()
    }

    pub(crate) fn accepts(&self, record: &Request) -> bool {
        let in_time =
            self.from.is_none_or(|from| record.time >= from) && self.to.is_none_or(|to| record.time < to);
        in_time
            && self.status.is_none_or(|status| record.status == status)
            && (!self.refused || was_refused(record))
            && self.terms().iter().all(|term| term.matches(record))
    }

    pub(crate) fn touches(&self, (first, last): (i64, i64)) -> bool {
        self.from.is_none_or(|from| last >= from) && self.to.is_none_or(|to| first < to)
    }
}

/// Whether a request was refused, all or some of it.
pub fn was_refused(record: &Request) -> bool {
    let decided = || record.decision.as_ref().is_some_and(|decision| !decision.allowed);
    decided() || matches!(record.status, 401 | 403)
}

/// A request that was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    /// In which of the directories, by their order.
    pub source: usize,
    /// Its number there.
    pub record: u64,
    /// What it says.
    pub request: Request,
}

/// From which end records are looked for.
#[derive(Clone, Copy, PartialEq, Eq)]
enum From {
    Oldest,
    Newest,
}

/// Trails that are asked together.
#[derive(Clone, Debug)]
pub struct Trail {
    directories: Vec<PathBuf>,
}

impl Trail {
    /// The trails in these directories.
    pub fn new(directories: Vec<PathBuf>) -> Self {
        Self { directories }
    }

    /// Whether a server may be writing one of these trails: it does not end with the server's stop.
    pub fn may_be_written(&self) -> bool {
        let may_be_written = |directory: &PathBuf| {
            let last = segment::list(directory).ok()?.pop()?;
            segment::ends_with_a_stop(&segment::path(directory, last))
                .ok()
                .map(|stopped| !stopped)
        };
        self.directories
            .iter()
            .any(|directory| may_be_written(directory).unwrap_or(false))
    }

    /// The last requests that a query accepts, at most so many, in the order of their times.
    pub fn ask(&self, query: &Query, limit: usize) -> io::Result<Vec<Found>> {
        let mut found = self.search(query, From::Newest, limit)?;
        found.sort_by_key(|found| (found.request.time, found.source, found.record));
        let surplus = found.len().saturating_sub(limit);
        Ok(found.split_off(surplus))
    }

    /// One request by its id.
    pub fn request(&self, id: &str) -> io::Result<Option<Found>> {
        let query = Query {
            request_id: Some(id.to_owned()),
            ..Query::default()
        };
        Ok(self.search(&query, From::Newest, 1)?.into_iter().next())
    }

    /// How a key or session came to be: the request that minted it, the one that minted or made the key which signed
    /// that, and so on. It ends where the trail knows no more, with a key that is older than it.
    pub fn lineage(&self, key_or_session: &str) -> io::Result<Vec<Found>> {
        let mut steps: Vec<Found> = Vec::new();
        let mut wanted = key_or_session.to_owned();
        while steps.len() < MAX_STEPS {
            let Some(step) = self.origin(&wanted)? else { break };
            let signer = step.request.who.as_ref().map(|who| who.access_key_id.clone());
            steps.push(step);
            match signer {
                Some(signer) if signer != wanted => wanted = signer,
                _ => break,
            }
        }
        Ok(steps)
    }

    fn origin(&self, wanted: &str) -> io::Result<Option<Found>> {
        let made = Query {
            made: Some(wanted.to_owned()),
            ..Query::default()
        };
        Ok(self.search(&made, From::Oldest, 1)?.into_iter().next())
    }

    /// At most so many of each directory.
    fn search(&self, query: &Query, from: From, limit: usize) -> io::Result<Vec<Found>> {
        let mut all = Vec::new();
        for (source, directory) in self.directories.iter().enumerate() {
            let mut segments = segment::list(directory)?;
            if from == From::Newest {
                segments.reverse();
            }
            let mut left = limit;
            for first in segments {
                if left == 0 {
                    break;
                }
                let path = segment::path(directory, first);
                let found = search_segment(&path, query, from, left)?;
                left = left.saturating_sub(found.len());
                all.extend(found.into_iter().map(|(record, request)| Found {
                    source,
                    record,
                    request,
                }));
            }
        }
        Ok(all)
    }
}

fn search_segment(path: &Path, query: &Query, from: From, limit: usize) -> io::Result<Vec<(u64, Request)>> {
    let terms = query.terms();
    let accepts = |record: &Request| query.accepts(record);
    let Some(index) = Index::open(path)? else {
        return scan(path, from, limit, accepts);
    };
    if !query.touches(index.span) {
        return Ok(Vec::new());
    }
    if terms.is_empty() {
        return scan(path, from, limit, accepts);
    }
    // An index that cannot be read is as good as none.
    match candidates(&index, &terms) {
        Ok(starts) => pick(path, starts, from, limit, accepts),
        Err(_) => scan(path, from, limit, accepts),
    }
}

/// Where the lines begin that may have all names.
pub(crate) fn candidates(index: &Index, terms: &[Term<'_>]) -> io::Result<Vec<u64>> {
    let mut common: Option<Vec<u64>> = None;
    for term in terms {
        let starts = index.find(term)?;
        let starts = match common {
            None => starts,
            Some(mut common) => {
                common.retain(|start| starts.binary_search(start).is_ok());
                common
            }
        };
        if starts.is_empty() {
            return Ok(starts);
        }
        common = Some(starts);
    }
    Ok(common.unwrap_or_default())
}

fn pick(
    path: &Path,
    mut starts: Vec<u64>,
    from: From,
    limit: usize,
    accepts: impl Fn(&Request) -> bool,
) -> io::Result<Vec<(u64, Request)>> {
    let mut found = Vec::new();
    if starts.is_empty() {
        return Ok(found);
    }
    if from == From::Newest {
        starts.reverse();
    }
    let mut lines = Lines::open(path)?;
    for start in starts {
        if found.len() >= limit {
            break;
        }
        lines.seek(start)?;
        found.extend(
            lines
                .read()?
                .ok()
                .and_then(read)
                .filter(|(_, request)| accepts(request)),
        );
    }
    Ok(found)
}

/// All lines of a segment; one that is no record is passed over.
fn scan(
    path: &Path,
    from: From,
    limit: usize,
    accepts: impl Fn(&Request) -> bool,
) -> io::Result<Vec<(u64, Request)>> {
    let mut lines = Lines::open(path)?;
    let mut found = Vec::new();
    while let Ok(bytes) = lines.read()? {
        found.extend(read(bytes).filter(|(_, request)| accepts(request)));
        if from == From::Oldest && found.len() >= limit {
            break;
        }
    }
    if from == From::Newest {
        found.reverse();
    }
    found.truncate(limit);
    Ok(found)
}

/// The request in a line, if it is one.
pub(crate) fn read(bytes: &[u8]) -> Option<(u64, Request)> {
    let line = Line::parse(bytes)?;
    if line.kind != Request::KIND {
        return None;
    }
    segment::fields(bytes).map(|request| (line.sequence, request))
}
