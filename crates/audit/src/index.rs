//! The index of a closed segment: for each name that is asked for, where the records are that have it.
//!
//! It is made from the segment alone, so that it can be made again and compared byte by byte. It is not trusted: what it
//! points to is looked at, an index of another state of the segment counts as none, and verifying a trail makes each
//! anew. Its bytes stand in docs/format.md.

use std::fs::File;
use std::io::{self, ErrorKind};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

use crate::disk::{Disk, SystemDisk};
use crate::line::{Chain, Line};
use crate::record::{Request, Who};
use crate::segment::{self, Lines};

const MAGIC: &[u8; 8] = b"DPAUDIX2";
/// How indexes began that had no entries of [`Term::Made`]. They count as none.
const EARLIER_MAGIC: &[u8; 8] = b"DPAUDIX1";
const HEAD_LENGTH: usize = 80;
const ENTRY_LENGTH: u64 = 16;
/// Most postings that are taken from one entry: more than a segment can have records.
const MAX_POSTINGS_BYTES: u64 = 1 << 30;

/// A name that records are found by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Term<'t> {
    /// An access key: one that signed, began a chain, was minted or was made.
    Key(&'t str),
    /// A session, an ancestor or one that was minted.
    Session(&'t str),
    /// A session's name.
    Name(&'t str),
    /// An identity: who asked, or began the chain.
    Principal(u64),
    /// A bucket.
    Bucket(&'t str),
    /// A request's id.
    Request(&'t str),
    /// An account: a temporary key of it was minted.
    MintedIn(u64),
    /// An identity: a temporary key with its rights was minted, or in a chain that it answers for.
    MintedFor(u64),
    /// An access key or a session that was minted or made, so that a busy key's beginning is found among all its requests.
    Made(&'t str),
}

impl Term<'_> {
    /// FNV-1a; whoever makes two names meet makes a query read more, not find more.
    fn hash(&self) -> u64 {
        let mut hash = 0xcbf2_9ce4_8422_2325_u64;
        let mut add = |bytes: &[u8]| {
            for byte in bytes {
                hash = (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3);
            }
        };
        match self {
            Self::Key(text) => [b"k", text.as_bytes()].map(add),
            Self::Session(text) => [b"s", text.as_bytes()].map(add),
            Self::Name(text) => [b"n", text.as_bytes()].map(add),
            Self::Principal(uin) => [&b"p"[..], &uin.to_be_bytes()].map(&mut add),
            Self::Bucket(text) => [b"b", text.as_bytes()].map(add),
            Self::Request(text) => [b"r", text.as_bytes()].map(add),
            Self::MintedIn(uin) => [&b"m"[..], &uin.to_be_bytes()].map(&mut add),
            Self::MintedFor(uin) => [&b"f"[..], &uin.to_be_bytes()].map(&mut add),
            Self::Made(text) => [b"o", text.as_bytes()].map(add),
        };
        hash
    }

    /// Whether a record has the name.
    pub fn matches(&self, record: &Request) -> bool {
        let mut found = false;
        terms(record, |term| found |= term == *self);
        found
    }
}

/// All names of a record.
fn terms<'r>(record: &'r Request, mut tell: impl FnMut(Term<'r>)) {
    tell(Term::Request(&record.request_id));
    if let Some(bucket) = &record.bucket {
        tell(Term::Bucket(bucket));
    }
    if let Some(who) = &record.who {
        terms_of(who, &mut tell);
    }
    if let Some(minted) = &record.minted {
        tell(Term::Key(&minted.access_key_id));
        tell(Term::Session(&minted.session_id));
        tell(Term::Made(&minted.access_key_id));
        tell(Term::Made(&minted.session_id));
        tell(Term::Name(&minted.name));
        if let Some(standing) = &minted.standing {
            tell(Term::MintedIn(standing.link.owner_uin));
            tell(Term::MintedFor(standing.link.uin));
            tell(Term::MintedFor(standing.responsible_uin));
            if let Some(key) = &standing.origin_access_key_id {
                tell(Term::Key(key));
            }
        }
    }
    if let Some(key) = &record.made_access_key_id {
        tell(Term::Key(key));
        tell(Term::Made(key));
    }
}

/// The names of who asked.
fn terms_of<'r>(who: &'r Who, mut tell: impl FnMut(Term<'r>)) {
    tell(Term::Key(&who.access_key_id));
    tell(Term::Principal(who.uin));
    if let Some(session) = &who.session {
        tell(Term::Session(&session.session_id));
        tell(Term::Name(&session.session_name));
        tell(Term::Key(&session.original_access_key_id));
        tell(Term::Principal(session.original_uin));
        for ancestor in &session.ancestors {
            tell(Term::Session(ancestor));
        }
    }
}

/// The hashes of all names of a record.
pub(crate) fn hashes(record: &Request, mut tell: impl FnMut(u64)) {
    terms(record, |term| tell(term.hash()));
}

/// The hashes of the names of who asked.
pub(crate) fn hashes_of(who: &Who, mut tell: impl FnMut(u64)) {
    terms_of(who, |term| tell(term.hash()));
}

/// Collects the names of a segment's records while they are written.
#[derive(Debug, Default)]
pub(crate) struct Builder {
    postings: Vec<(u64, u32)>,
    records: u64,
    span: Option<(i64, i64)>,
}

impl Builder {
    /// Adds a record, whose line begins here.
    pub(crate) fn add(&mut self, record: &Request, start: u64) {
        if let Some(start) = self.count(record.time, start) {
            hashes(record, |hash| self.postings.push((hash, start)));
        }
    }

    /// Adds a record by the hashes of its names.
    pub(crate) fn add_hashes(&mut self, time: i64, hashes: &[u64], start: u64) {
        if let Some(start) = self.count(time, start) {
            self.postings.extend(hashes.iter().map(|hash| (*hash, start)));
        }
    }

    /// Takes over what another one collected of the same segment.
    pub(crate) fn join(&mut self, other: Self) {
        self.postings.extend(other.postings);
        self.records += other.records;
        self.span = match (self.span, other.span) {
            (Some(one), Some(other)) => Some((one.0.min(other.0), one.1.max(other.1))),
            (one, other) => one.or(other),
        };
    }

    fn count(&mut self, time: i64, start: u64) -> Option<u32> {
        let start = u32::try_from(start).ok()?;
        self.records += 1;
        let (first, last) = self.span.unwrap_or((time, time));
        self.span = Some((first.min(time), last.max(time)));
        Some(start)
    }

    /// The index, of a segment of so many bytes that ends with this place of the chain.
    pub(crate) fn finish(mut self, length: u64, chain: &Chain) -> Vec<u8> {
        self.postings.sort_unstable();
        self.postings.dedup();
        let (first, last) = self.span.unwrap_or_default();
        let (mut entries, mut bytes) = (Vec::new(), Vec::new());
        let mut terms = 0_u64;
        for group in self.postings.chunk_by(|one, other| one.0 == other.0) {
            let Some((hash, _)) = group.first() else { continue };
            terms += 1;
            entries.extend_from_slice(&hash.to_be_bytes());
            entries.extend_from_slice(&short(bytes.len()).to_be_bytes());
            entries.extend_from_slice(&short(group.len()).to_be_bytes());
            let mut before = 0;
            for (_, start) in group {
                varint(&mut bytes, start - before);
                before = *start;
            }
        }
        let mut out = MAGIC.to_vec();
        out.extend_from_slice(chain.bytes());
        for number in [
            length,
            self.records,
            first.cast_unsigned(),
            last.cast_unsigned(),
            terms,
        ] {
            out.extend_from_slice(&number.to_be_bytes());
        }
        out.append(&mut entries);
        out.append(&mut bytes);
        let digest = Sha256::digest(&out);
        out.extend_from_slice(&digest);
        out
    }
}

/// INVARIANT: a segment is shorter than 4 GiB, and so are its postings and their number.
fn short(length: usize) -> u32 {
    u32::try_from(length).unwrap_or(u32::MAX)
}

fn varint(out: &mut Vec<u8>, mut number: u32) {
    while number >= 0x80 {
        out.push(number.to_le_bytes()[0] | 0x80);
        number >>= 7;
    }
    out.push(number.to_le_bytes()[0]);
}

/// The file of the index of a segment.
pub(crate) fn path(segment: &Path) -> PathBuf {
    segment.with_extension("index")
}

/// Whether these are bytes of an index as an earlier version made it.
pub(crate) fn is_earlier(bytes: &[u8]) -> bool {
    bytes.starts_with(EARLIER_MAGIC)
}

/// The index of a segment as it should be; none when a line of the segment cannot be read.
pub fn build(segment: &Path) -> io::Result<Option<Vec<u8>>> {
    let length = std::fs::metadata(segment)?.len();
    let collected = collect(segment, length)?;
    Ok(collected.map(|(builder, chain, end)| builder.finish(end, &chain)))
}

/// The names of the records in so many bytes of a segment, where the chain stands behind them, and where they end; none
/// when a line cannot be read.
pub(crate) fn collect(segment: &Path, length: u64) -> io::Result<Option<(Builder, Chain, u64)>> {
    let mut lines = Lines::open(segment)?;
    let (mut builder, mut chain) = (Builder::default(), Chain::default());
    while lines.end() < length {
        let Ok(bytes) = lines.read()? else { break };
        let Some(line) = Line::parse(bytes) else {
            return Ok(None);
        };
        chain = line.chain;
        if line.kind == Request::KIND {
            let Some(record) = segment::fields(bytes) else {
                return Ok(None);
            };
            builder.add(&record, lines.start());
        }
    }
    Ok(Some((builder, chain, lines.end())))
}

/// Makes the indexes of closed segments that are missing or not as they should be; how many there were. The last segment
/// is left alone: it is being written.
pub fn rebuild(directory: &Path) -> io::Result<u64> {
    let mut made = 0;
    let mut segments = segment::list(directory)?;
    segments.pop();
    for first in segments {
        let segment = segment::path(directory, first);
        let path = path(&segment);
        let Some(bytes) = build(&segment)? else { continue };
        if std::fs::read(&path).ok().as_ref() != Some(&bytes) {
            let file = SystemDisk.create(&path)?;
            file.write_at(0, &bytes)?;
            file.flush()?;
            made += 1;
        }
    }
    Ok(made)
}

/// An index that fits its segment.
#[derive(Debug)]
pub(crate) struct Index {
    file: File,
    terms: u64,
    length: u64,
    /// Times of the first and the last record.
    pub(crate) span: (i64, i64),
}

impl Index {
    /// Opens the index of a segment; none when there is none, or one of another state of the segment.
    pub(crate) fn open(segment: &Path) -> io::Result<Option<Self>> {
        let file = match File::open(path(segment)) {
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
            other => other?,
        };
        let length = file.metadata()?.len();
        let mut head = [0; HEAD_LENGTH];
        if length < HEAD_LENGTH as u64 {
            return Ok(None);
        }
        file.read_exact_at(&mut head, 0)?;
        let number = |place: usize| {
            let bytes = head.get(place..place + 8).and_then(|bytes| bytes.try_into().ok());
            u64::from_be_bytes(bytes.unwrap_or_default())
        };
        let fits = head.starts_with(MAGIC)
            && last_chain(segment, number(40))?.is_some_and(|chain| head.get(8..40) == Some(chain.bytes()));
        Ok(fits.then(|| Self {
            terms: number(72),
            length,
            span: (number(56).cast_signed(), number(64).cast_signed()),
            file,
        }))
    }

    /// Where the lines begin that may have the name, in their order.
    pub(crate) fn find(&self, term: &Term<'_>) -> io::Result<Vec<u64>> {
        let wanted = term.hash();
        let (mut low, mut high) = (0, self.terms);
        while low < high {
            let middle = low + (high - low) / 2;
            let (hash, start, count) = self.entry(middle)?;
            match hash.cmp(&wanted) {
                std::cmp::Ordering::Less => low = middle + 1,
                std::cmp::Ordering::Greater => high = middle,
                std::cmp::Ordering::Equal => return self.postings(middle, start, count),
            }
        }
        Ok(Vec::new())
    }

    fn entry(&self, place: u64) -> io::Result<(u64, u32, u32)> {
        let mut bytes = [0; ENTRY_LENGTH as usize];
        let at = place
            .checked_mul(ENTRY_LENGTH)
            .and_then(|at| at.checked_add(HEAD_LENGTH as u64));
        self.file
            .read_exact_at(&mut bytes, at.ok_or(ErrorKind::InvalidData)?)?;
        let [a, b, c, d, e, f, g, h, s0, s1, s2, s3, c0, c1, c2, c3] = bytes;
        Ok((
            u64::from_be_bytes([a, b, c, d, e, f, g, h]),
            u32::from_be_bytes([s0, s1, s2, s3]),
            u32::from_be_bytes([c0, c1, c2, c3]),
        ))
    }

    fn postings(&self, place: u64, start: u32, count: u32) -> io::Result<Vec<u64>> {
        let invalid = || io::Error::from(ErrorKind::InvalidData);
        let base = self
            .terms
            .checked_mul(ENTRY_LENGTH)
            .and_then(|size| size.checked_add(HEAD_LENGTH as u64));
        let base = base.ok_or_else(invalid)?;
        let end = match place + 1 < self.terms {
            true => base.saturating_add(u64::from(self.entry(place + 1)?.1)),
            false => self.length.saturating_sub(32),
        };
        let begin = base.saturating_add(u64::from(start));
        let length = end
            .checked_sub(begin)
            .filter(|length| end <= self.length && *length <= MAX_POSTINGS_BYTES);
        let mut bytes = vec![0; usize::try_from(length.ok_or_else(invalid)?).map_err(|_| invalid())?];
        self.file.read_exact_at(&mut bytes, begin)?;
        let (mut found, mut at, mut number, mut shift) = (Vec::new(), 0_u64, 0_u64, 0_u32);
        for byte in bytes {
            number |= u64::from(byte & 0x7f) << shift;
            shift += 7;
            if shift > 35 {
                return Err(invalid());
            }
            if byte < 0x80 {
                at = at.saturating_add(number);
                found.push(at);
                (number, shift) = (0, 0);
            }
        }
        if found.len() == count as usize {
            Ok(found)
        } else {
            Err(invalid())
        }
    }
}

/// Where the chain stands at the end of a segment, if it has this length.
fn last_chain(segment: &Path, length: u64) -> io::Result<Option<Chain>> {
    /// The hex digits and what is behind them.
    const END: usize = 64 + 3;
    let file = File::open(segment)?;
    if file.metadata()?.len() != length || length < END as u64 {
        return Ok(None);
    }
    let mut bytes = [0; END];
    file.read_exact_at(&mut bytes, length - END as u64)?;
    Ok(std::str::from_utf8(&bytes)
        .ok()
        .and_then(|text| Chain::parse(text.get(..64)?)))
}
