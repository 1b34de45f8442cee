//! Segments as files: their names, which of them a directory has, and the lines in one.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

use serde::Deserialize;

use crate::line::{Line, MAX_LINE_BYTES};
use crate::record::{SegmentBegun, Stopped};

const EXTENSION: &str = "jsonl";
/// Digits of a file name: as many as the largest sequence number has.
const DIGITS: usize = 20;
/// More than a record of kind `stopped` has, with the end of the line before it.
const STOPPED_BYTES: u64 = 1024;

/// The file of the segment that begins with this record.
pub(crate) fn path(directory: &Path, first: u64) -> PathBuf {
    directory.join(format!("{first:0DIGITS$}.{EXTENSION}"))
}

/// The first record of a segment, by the name of its file.
pub(crate) fn first_of(name: &str) -> Option<u64> {
    let digits = name.strip_suffix(".jsonl")?;
    let well_formed = digits.len() == DIGITS && digits.bytes().all(|byte| byte.is_ascii_digit());
    if well_formed { digits.parse().ok() } else { None }
}

/// The first records of all segments in a directory, in their order.
pub(crate) fn list(directory: &Path) -> io::Result<Vec<u64>> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(directory)? {
        found.extend(entry?.file_name().to_str().and_then(first_of));
    }
    found.sort_unstable();
    Ok(found)
}

/// Why the next line of a segment is none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Unread {
    /// The file ends.
    End,
    /// The file ends before the line does.
    Torn,
    /// The line is longer than any that is written.
    TooLong,
}

/// Reads a segment line by line.
pub(crate) struct Lines {
    file: BufReader<File>,
    buffer: Vec<u8>,
    /// Where the line begins that was read last.
    start: u64,
    next: u64,
}

impl Lines {
    pub(crate) fn open(path: &Path) -> io::Result<Self> {
        Ok(Self {
            file: BufReader::with_capacity(256 * 1024, File::open(path)?),
            buffer: Vec::new(),
            start: 0,
            next: 0,
        })
    }

    /// The next line, without its line feed.
    pub(crate) fn read(&mut self) -> io::Result<Result<&[u8], Unread>> {
        self.buffer.clear();
        self.start = self.next;
        let most = MAX_LINE_BYTES as u64;
        let read = (&mut self.file).take(most).read_until(b'\n', &mut self.buffer)?;
        self.next = self.start.saturating_add(read as u64);
        Ok(match self.buffer.split_last() {
            None => Err(Unread::End),
            Some((b'\n', line)) => Ok(line),
            Some(_) if read as u64 == most => Err(Unread::TooLong),
            Some(_) => Err(Unread::Torn),
        })
    }

    /// Where the line begins that was read last.
    pub(crate) fn start(&self) -> u64 {
        self.start
    }

    /// Where it ends.
    pub(crate) fn end(&self) -> u64 {
        self.next
    }

    /// Reads on from here.
    pub(crate) fn seek(&mut self, offset: u64) -> io::Result<()> {
        self.next = offset;
        self.file.seek(SeekFrom::Start(offset)).map(drop)
    }
}

/// What the first line of a segment says, if it can be read.
pub(crate) fn beginning(path: &Path) -> io::Result<Option<SegmentBegun>> {
    let mut lines = Lines::open(path)?;
    Ok(lines.read()?.ok().and_then(|bytes| {
        let line = Line::parse(bytes)?;
        (line.kind == SegmentBegun::KIND).then(|| fields(bytes)).flatten()
    }))
}

/// Whether a segment ends with the record of a writer that stopped in good order.
pub(crate) fn ends_with_a_stop(path: &Path) -> io::Result<bool> {
    let mut file = File::open(path)?;
    let start = file.metadata()?.len().saturating_sub(STOPPED_BYTES);
    file.seek(SeekFrom::Start(start))?;
    let mut end = Vec::new();
    file.take(STOPPED_BYTES).read_to_end(&mut end)?;
    let last = end
        .strip_suffix(b"\n")
        .and_then(|lines| lines.rsplit(|&byte| byte == b'\n').next());
    Ok(last
        .and_then(Line::parse)
        .is_some_and(|line| line.kind == Stopped::KIND))
}

/// The fields of a line.
pub(crate) fn fields<'l, T: Deserialize<'l>>(line: &'l [u8]) -> Option<T> {
    serde_json::from_slice(line).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names() {
        let check = |name: &str, first: Option<u64>| assert_eq!(first_of(name), first, "{name}");
        check("00000000000000000001.jsonl", Some(1));
        check("18446744073709551615.jsonl", Some(u64::MAX));
        check("18446744073709551616.jsonl", None);
        check("1.jsonl", None);
        check("+0000000000000000001.jsonl", None);
        check("00000000000000000001.index", None);
        let path = path(Path::new("/a"), 17);
        assert_eq!(path.file_name().unwrap(), "00000000000000000017.jsonl");
    }

    #[test]
    fn lines_of_a_file() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x");
        std::fs::write(&path, "one\n\nthree").unwrap();
        let mut lines = Lines::open(&path).unwrap();
        assert_eq!(lines.read().unwrap(), Ok(&b"one"[..]));
        assert_eq!((lines.start(), lines.end()), (0, 4));
        assert_eq!(lines.read().unwrap(), Ok(&b""[..]));
        assert_eq!(lines.read().unwrap(), Err(Unread::Torn));
        assert_eq!(lines.read().unwrap(), Err(Unread::End));
        lines.seek(0).unwrap();
        assert_eq!(lines.read().unwrap(), Ok(&b"one"[..]));
        let mut long = vec![b'x'; MAX_LINE_BYTES - 1];
        for (more, expected) in [(&b"\n"[..], true), (&b"x\n"[..], false)] {
            long.truncate(MAX_LINE_BYTES - 1);
            long.extend_from_slice(more);
            std::fs::write(&path, &long).unwrap();
            let mut lines = Lines::open(&path).unwrap();
            assert_eq!(lines.read().unwrap().is_ok(), expected);
        }
    }
}
