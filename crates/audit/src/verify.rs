//! A trail held against itself: every line, the chain through all segments, its beginning, and the indexes.
//!
//! A finding names the record it is about. After damage the walk goes on at the next line that can be read, so that one
//! edit is one finding and what is behind it is still vouched for.

use std::io;
use std::path::{Path, PathBuf};

use serde::de::IgnoredAny;

use crate::index::{self, Builder};
use crate::line::{Chain, Line};
use crate::log::VERSION;
use crate::record::{Abandoned, Anchor, Gap, Repaired, Request, SegmentBegun, SegmentClosed, Stopped};
use crate::segment::{self, Lines, Unread};

/// Something about a trail that its reader should know.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// What.
    pub kind: Kind,
    /// In which segment file.
    pub segment: String,
    /// Which record it is about: the first of them, where there are several.
    pub record: u64,
    /// Where in the file.
    pub offset: u64,
    /// In words.
    pub text: String,
}

macro_rules! kinds {
    ($($(#[$doc:meta])* $kind:ident = $name:literal, $damage:literal;)*) => {
        /// A kind of finding.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum Kind {
            $($(#[$doc])* $kind,)*
        }

        impl Kind {
            /// All of them.
            pub const ALL: &[Self] = &[$(Self::$kind),*];

            /// Its name for scripts.
            pub fn name(self) -> &'static str {
                match self { $(Self::$kind => $name,)* }
            }

            /// Whether the trail is not what was written.
            pub fn is_damage(self) -> bool {
                match self { $(Self::$kind => $damage,)* }
            }
        }
    };
}

kinds! {
    /// The record's bytes are not those that were chained.
    Edited = "edited", true;
    /// Bytes that are no record.
    NotARecord = "not_a_record", true;
    /// Records are not there.
    Missing = "missing", true;
    /// A record stands where another belongs.
    OutOfOrder = "out_of_order", true;
    /// A segment ends before its end.
    Truncated = "truncated", true;
    /// A segment does not begin as it should.
    WrongBeginning = "wrong_beginning", true;
    /// The beginning of the trail is gone, and nothing says that it was removed for its age or size.
    BeginningMissing = "beginning_missing", true;
    /// A segment ended and none follows: the newest is gone, unless a crash came in that very moment.
    EndMissing = "end_missing", true;
    /// The trail does not hold the record that it is known to have had.
    HeadMissing = "head_missing", true;
    /// An index is not that of its segment.
    IndexWrong = "index_wrong", true;
    /// A closed segment has no index.
    IndexMissing = "index_missing", false;
    /// The last line is torn: the server was cut off, or is writing.
    TornTail = "torn_tail", false;
    /// A torn last line was taken away when the server started.
    Repaired = "repaired", false;
    /// A damaged segment was left as it is.
    Abandoned = "abandoned", false;
    /// Records could not be written, which the trail itself says.
    Gap = "gap", false;
    /// What stood before was removed because of its age or size, which the trail itself says.
    Retention = "retention", false;
}

/// How a trail ends.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum End {
    /// Without a word: it is being written, or its writer was cut off. What was cut off behind it cannot be told.
    #[default]
    Open,
    /// In good order.
    Stopped,
}

/// What a verification saw.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Summary {
    /// Findings that are damage.
    pub damage: u64,
    /// Findings that are not.
    pub notes: u64,
    /// Segments.
    pub segments: u64,
    /// Records of any kind.
    pub records: u64,
    /// Requests among them.
    pub requests: u64,
    /// Bytes of the segments.
    pub bytes: u64,
    /// The first record that is there.
    pub first: u64,
    /// The last one.
    pub last: u64,
    /// Where the chain stands after it: to be noted elsewhere.
    pub head: Chain,
    /// How it ends.
    pub end: End,
}

impl Summary {
    /// Whether nothing is damaged.
    pub fn is_sound(&self) -> bool {
        self.damage == 0
    }
}

/// Is told what is found, and how far it is.
pub trait Listener {
    /// Something was found.
    fn found(&mut self, finding: Finding);
    /// So many bytes are to be read.
    fn begin(&mut self, bytes: u64);
    /// So many more were.
    fn advance(&mut self, bytes: u64);
}

/// Verifies the trail in a directory. `known` is a record with its chain, noted at an earlier time.
pub fn verify(
    directory: &Path,
    known: Option<(u64, Chain)>,
    listener: &mut dyn Listener,
) -> io::Result<Summary> {
    let segments = segment::list(directory)?;
    let paths: Vec<PathBuf> = segments
        .iter()
        .map(|first| segment::path(directory, *first))
        .collect();
    let mut bytes = 0_u64;
    for path in &paths {
        bytes = bytes.saturating_add(std::fs::metadata(path)?.len());
    }
    listener.begin(bytes);
    let mut walk = Walk {
        listener,
        summary: Summary {
            bytes,
            segments: segments.len() as u64,
            ..Summary::default()
        },
        next: None,
        chains: Vec::new(),
        trail: None,
        anchor: None,
        known,
        known_seen: known.is_none(),
        here: Here::default(),
        beginning: Chain::default(),
    };
    let last = segments.len().saturating_sub(1);
    for (place, (first, path)) in segments.iter().zip(&paths).enumerate() {
        walk.segment(*first, path, place == last)?;
    }
    walk.finish(segments.first().copied());
    Ok(walk.summary)
}

/// Where the walk is.
#[derive(Default)]
struct Here {
    segment: String,
    offset: u64,
    closed: bool,
}

struct Walk<'l> {
    listener: &'l mut dyn Listener,
    summary: Summary,
    /// The number that the next record should have.
    next: Option<u64>,
    /// Where the chain may stand: as the last line says, and as its bytes say. Empty when that is not known.
    chains: Vec<Chain>,
    trail: Option<String>,
    anchor: Option<Anchor>,
    known: Option<(u64, Chain)>,
    known_seen: bool,
    here: Here,
    /// Where the chain stood before the first segment, as that says.
    beginning: Chain,
}

impl Walk<'_> {
    fn tell(&mut self, kind: Kind, record: u64, text: String) {
        match kind.is_damage() {
            true => self.summary.damage += 1,
            false => self.summary.notes += 1,
        }
        let (segment, offset) = (self.here.segment.clone(), self.here.offset);
        self.listener.found(Finding {
            kind,
            segment,
            record,
            offset,
            text,
        });
    }

    fn expected(&self) -> u64 {
        self.next.unwrap_or(1)
    }

    fn segment(&mut self, first: u64, path: &Path, is_last: bool) -> io::Result<()> {
        let name = path
            .file_name()
            .and_then(|name| name.to_str())
            .unwrap_or_default();
        self.here = Here {
            segment: name.to_owned(),
            ..Here::default()
        };
        if self.next.is_none() {
            self.next = Some(first);
            self.summary.first = first;
        }
        let mut lines = Lines::open(path)?;
        let mut builder = Builder::default();
        let mut readable = true;
        let mut is_first = true;
        loop {
            let bytes = lines.read()?;
            let start = self.here.offset;
            match bytes {
                Ok(bytes) => match Line::parse(bytes) {
                    Some(line) => {
                        if is_first {
                            self.begin_segment(first, &line, bytes);
                        }
                        let damage = self.summary.damage;
                        self.line(&line, bytes);
                        let record = match line.kind == Request::KIND {
                            true => segment::fields(bytes).map(|record| builder.add(&record, start)),
                            false => segment::fields::<IgnoredAny>(bytes).map(drop),
                        };
                        if record.is_none() {
                            readable = false;
                            // Whoever changed it was told already.
                            if self.summary.damage == damage {
                                let text = "the record was chained so, and cannot be read".to_owned();
                                self.tell(Kind::NotARecord, line.sequence, text);
                            }
                        }
                    }
                    None => {
                        readable = false;
                        self.no_record();
                    }
                },
                Err(Unread::End) => break,
                Err(Unread::Torn) if is_last => {
                    self.tell(
                        Kind::TornTail,
                        self.expected(),
                        "the last line is torn".to_owned(),
                    );
                    break;
                }
                Err(Unread::Torn | Unread::TooLong) => {
                    readable = false;
                    self.no_record();
                }
            }
            is_first = false;
            self.listener.advance(lines.end().saturating_sub(start));
            self.here.offset = lines.end();
        }
        if !self.here.closed && !is_last {
            self.tell(
                Kind::Truncated,
                self.expected(),
                "the segment has no end".to_owned(),
            );
        }
        if self.here.closed && readable {
            self.index(path, builder)?;
        }
        Ok(())
    }

    fn no_record(&mut self) {
        let record = self.expected();
        self.tell(Kind::NotARecord, record, "these bytes are no record".to_owned());
        self.chains.clear();
        self.next = Some(record.saturating_add(1));
    }

    fn begin_segment(&mut self, first: u64, line: &Line<'_>, bytes: &[u8]) {
        let begun: Option<SegmentBegun> = (line.kind == SegmentBegun::KIND)
            .then(|| segment::fields(bytes))
            .flatten();
        let Some((begun, from)) = begun.and_then(|begun| Chain::parse(&begun.from).map(|from| (begun, from)))
        else {
            return self.tell(
                Kind::WrongBeginning,
                line.sequence,
                "the first record does not begin a segment".to_owned(),
            );
        };
        if line.sequence != first {
            self.tell(
                Kind::WrongBeginning,
                line.sequence,
                format!("the file is named for record {first}"),
            );
        }
        if begun.version != VERSION {
            self.tell(
                Kind::WrongBeginning,
                line.sequence,
                format!("version {} is not known", begun.version),
            );
        }
        if self.next.is_some_and(|next| next > first) {
            // As after a damaged segment that was left: what follows is held against itself.
            let text = format!(
                "the segment before has records up to {}",
                self.expected().saturating_sub(1)
            );
            self.tell(Kind::OutOfOrder, first, text);
            self.next = Some(first);
            self.chains.clear();
        }
        match &self.trail {
            None => {
                self.trail = Some(begun.trail);
                self.beginning = from;
                self.chains = vec![from];
            }
            Some(trail) if *trail != begun.trail => {
                self.tell(
                    Kind::WrongBeginning,
                    line.sequence,
                    "the segment is of another trail".to_owned(),
                );
            }
            Some(_)
                if self.next == Some(first) && !self.chains.is_empty() && !self.chains.contains(&from) =>
            {
                self.tell(
                    Kind::WrongBeginning,
                    line.sequence,
                    "the segment does not follow the one before".to_owned(),
                );
            }
            Some(_) => {}
        }
        if self.next.is_some_and(|next| next != first) || self.chains.is_empty() {
            // Told as missing; what follows is held against itself.
            self.chains = vec![from];
        }
    }

    fn line(&mut self, line: &Line<'_>, bytes: &[u8]) {
        self.summary.records += 1;
        let expected = self.expected();
        if line.sequence < expected {
            return self.tell(
                Kind::OutOfOrder,
                line.sequence,
                format!("record {expected} belongs here"),
            );
        }
        if line.sequence > expected {
            let text = match line.sequence - expected {
                1 => format!("record {expected} is not here"),
                _ => format!("records {expected} to {} are not here", line.sequence - 1),
            };
            self.tell(Kind::Missing, expected, text);
            // Of a later segment the beginning says where the chain stood; else that is not known.
            if line.kind != SegmentBegun::KIND {
                self.chains.clear();
            }
        }
        if self.here.closed {
            self.tell(
                Kind::OutOfOrder,
                line.sequence,
                "the segment had ended".to_owned(),
            );
        }
        let followed = self.chains.iter().any(|chain| line.follows(chain));
        if !followed && !self.chains.is_empty() {
            self.tell(
                Kind::Edited,
                line.sequence,
                "the record is not what was written".to_owned(),
            );
        }
        let computed = self.chains.iter().map(|chain| line.continued(chain));
        self.chains = [line.chain]
            .into_iter()
            .chain(computed.filter(|_| !followed))
            .collect();
        self.next = line.sequence.checked_add(1);
        (self.summary.last, self.summary.head) = (line.sequence, line.chain);
        self.known_seen |= self.known == Some((line.sequence, line.chain));
        self.summary.end = if line.kind == Stopped::KIND {
            End::Stopped
        } else {
            End::Open
        };
        self.content(line, bytes);
    }

    fn content(&mut self, line: &Line<'_>, bytes: &[u8]) {
        let record = line.sequence;
        match line.kind {
            Request::KIND => self.summary.requests += 1,
            SegmentClosed::KIND => self.here.closed = true,
            Repaired::KIND => self.tell(Kind::Repaired, record, "a torn line was taken away".to_owned()),
            Abandoned::KIND => self.tell(Kind::Abandoned, record, "a damaged segment was left".to_owned()),
            Gap::KIND => {
                let lost = segment::fields(bytes).map_or(0, |gap: Gap| gap.lost);
                self.tell(Kind::Gap, record, format!("{lost} records could not be written"));
            }
            Anchor::KIND => self.anchor = segment::fields(bytes).or(self.anchor.take()),
            _ => {}
        }
    }

    fn index(&mut self, path: &Path, builder: Builder) -> io::Result<()> {
        let length = std::fs::metadata(path)?.len();
        let should = builder.finish(length, &self.summary.head);
        match std::fs::read(index::path(path)) {
            Ok(bytes) if bytes == should => {}
            Ok(bytes) if index::is_earlier(&bytes) => self.tell(
                Kind::IndexMissing,
                self.summary.last,
                "the segment has an index of an earlier version only".to_owned(),
            ),
            Ok(_) => self.tell(
                Kind::IndexWrong,
                self.summary.last,
                "the index is not that of the segment".to_owned(),
            ),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                self.tell(
                    Kind::IndexMissing,
                    self.summary.last,
                    "the segment has no index".to_owned(),
                );
            }
            Err(error) => return Err(error),
        }
        Ok(())
    }

    fn finish(&mut self, first: Option<u64>) {
        if self.here.closed {
            self.tell(
                Kind::EndMissing,
                self.expected(),
                "the next segment is not here".to_owned(),
            );
        }
        self.here = Here::default();
        if let Some(first) = first.filter(|first| *first != 1 || self.beginning != Chain::default()) {
            let beginning = self.beginning.to_string();
            match self.anchor.take() {
                Some(anchor)
                    if anchor.before > first || anchor.before == first && anchor.from == beginning =>
                {
                    let text = format!(
                        "records before {} were removed for their age or size",
                        anchor.before
                    );
                    self.tell(Kind::Retention, first, text);
                }
                _ => self.tell(
                    Kind::BeginningMissing,
                    1,
                    format!("the trail begins with record {first}"),
                ),
            }
        }
        if let Some((record, _)) = self
            .known
            .filter(|known| !self.known_seen && first.is_none_or(|first| known.0 >= first))
        {
            self.tell(
                Kind::HeadMissing,
                record,
                "the record that was noted is not here".to_owned(),
            );
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::line::{encode, encode_spelled};

    #[derive(Default)]
    struct Told(Vec<(Kind, u64)>);

    impl Listener for Told {
        fn found(&mut self, finding: Finding) {
            self.0.push((finding.kind, finding.record));
        }

        fn begin(&mut self, _: u64) {}

        fn advance(&mut self, _: u64) {}
    }

    /// What is told of a trail whose second record has these bytes for fields, rightly chained.
    fn check(kind: &str, fields: &str, expected: &[(Kind, u64)]) {
        let folder = tempfile::tempdir().unwrap();
        let begun = SegmentBegun {
            time: 1,
            version: VERSION,
            trail: "t".to_owned(),
            from: Chain::default().to_string(),
        };
        let mut bytes = Vec::new();
        let chain = encode(&mut bytes, 1, SegmentBegun::KIND, &begun, &Chain::default()).unwrap();
        let chain = encode_spelled(&mut bytes, 2, kind, fields.as_bytes(), &chain);
        encode(&mut bytes, 3, Stopped::KIND, &Stopped { time: 2 }, &chain).unwrap();
        std::fs::write(segment::path(folder.path(), 1), bytes).unwrap();
        let mut told = Told::default();
        let summary = verify(folder.path(), None, &mut told).unwrap();
        assert_eq!(told.0, expected, "{kind} {fields}");
        assert_eq!((summary.last, summary.damage), (3, expected.len() as u64));
    }

    #[test]
    fn a_chained_line_that_cannot_be_read_is_damage() {
        let damage = [(Kind::NotARecord, 2)];
        check(Request::KIND, r#","time":1,"requestId":"a","millis":1"#, &[]);
        check(Request::KIND, r#","time":"no number""#, &damage);
        check(Request::KIND, r#","time":"#, &damage);
        check(Stopped::KIND, r#","time":1"#, &[]);
        check(Stopped::KIND, r#","time":oops"#, &damage);
        check("of a later version", r#","what":[1,2]"#, &[]);
        check("of a later version", r#","what":[1,2"#, &damage);
    }
}
