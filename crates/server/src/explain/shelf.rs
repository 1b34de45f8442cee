//! Where explanations are kept: files of lines, bounded in bytes and in age.
//!
//! This is no audit trail: it is written behind the answers, many lines at once, not synced, and the oldest of it goes when
//! there is too much.
//! A line holds the id of its request before everything else, so that a look-up parses one line; and since an id tells the
//! second of its request, a look-up reads the files of that time alone.

use std::fs::{self, File, OpenOptions};
use std::io::{self, BufRead, BufReader, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::private_file::PRIVATE;

/// As large as a file grows before the next one is begun: an eighth of all, so that what is lost at once is little.
const FILES: u64 = 8;

/// Longest line that is kept.
pub(super) const MAX_LINE_BYTES: usize = 256 * 1024;

/// How far the clock may have gone back between two records of one file.
const CLOCK_SLACK_SECONDS: i64 = 600;

/// Files of explanations, the newest one open.
pub(super) struct Shelf {
    directory: PathBuf,
    max_bytes: u64,
    max_age_seconds: i64,
    files: Vec<Segment>,
    open: Option<File>,
    /// Lines of the open file that are not written yet.
    unwritten: Vec<u8>,
}

/// One file, named by its number; its times are those of the first and the last record that were put in.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Segment {
    number: u64,
    first: i64,
    last: i64,
    bytes: u64,
}

impl Shelf {
    /// Finds what is there already.
    pub(super) fn open(directory: PathBuf, max_bytes: u64, max_age_days: u64) -> io::Result<Self> {
        fs::DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(&directory)?;
        let mut files = Vec::new();
        for entry in fs::read_dir(&directory)? {
            let path = entry?.path();
            if let Some(number) = number_of(&path) {
                files.extend(Segment::read(number, &path)?);
            }
        }
        files.sort_by_key(|segment| segment.number);
        Ok(Self {
            directory,
            max_bytes,
            max_age_seconds: i64::try_from(max_age_days.saturating_mul(86_400)).unwrap_or(i64::MAX),
            files,
            open: None,
            unwritten: Vec::new(),
        })
    }

    /// Puts one line in, to be written by [`Shelf::flush`]; `seconds` is the time of its request.
    pub(super) fn put(&mut self, request_id: &str, seconds: i64, json: &str) -> io::Result<()> {
        let line = format!("{request_id}\t{seconds}\t{json}\n");
        let bytes = line.len() as u64;
        self.make_room(seconds, bytes)?;
        if self.open.is_none() {
            self.begin(seconds)?;
        }
        self.unwritten.extend_from_slice(line.as_bytes());
        if let Some(segment) = self.files.last_mut() {
            segment.first = segment.first.min(seconds);
            segment.last = segment.last.max(seconds);
            segment.bytes = segment.bytes.saturating_add(bytes);
        }
        Ok(())
    }

    fn begin(&mut self, seconds: i64) -> io::Result<()> {
        let last = self.files.last();
        let number = last.map_or(1, |segment| segment.number.saturating_add(1));
        let mut options = OpenOptions::new();
        let options = options.create_new(true).append(true).mode(PRIVATE);
        self.open = Some(options.open(path_of(&self.directory, number))?);
        self.files.push(Segment {
            number,
            first: seconds,
            last: seconds,
            bytes: 0,
        });
        Ok(())
    }

    /// Writes what was put in. What cannot be written is lost.
    pub(super) fn flush(&mut self) -> io::Result<()> {
        let written = match &mut self.open {
            Some(file) => file.write_all(&self.unwritten),
            None => Ok(()),
        };
        if written.is_err() {
            // What is half written ends this file.
            self.open = None;
        }
        self.unwritten.clear();
        written
    }

    /// Ends a file that is large enough, and removes the oldest ones that are too old or too many.
    fn make_room(&mut self, now: i64, bytes: u64) -> io::Result<()> {
        let full = self.max_bytes / FILES;
        // So that what is kept longer than it should be is little, too.
        let span = self.max_age_seconds / FILES.cast_signed();
        let is_full = |segment: &Segment| {
            segment.bytes.saturating_add(bytes) > full || now.saturating_sub(segment.first) > span
        };
        if self.open.is_some() && self.files.last().is_some_and(is_full) {
            self.flush()?;
            self.open = None;
        }
        self.forget(now)?;
        while self
            .files
            .iter()
            .map(|segment| segment.bytes)
            .sum::<u64>()
            .saturating_add(bytes)
            > self.max_bytes
        {
            if !self.remove_first()? {
                break;
            }
        }
        Ok(())
    }

    /// Removes what is too old.
    pub(super) fn forget(&mut self, now: i64) -> io::Result<()> {
        let oldest = now.saturating_sub(self.max_age_seconds);
        while self.files.first().is_some_and(|segment| segment.last < oldest) {
            if !self.remove_first()? {
                break;
            }
        }
        Ok(())
    }

    fn remove_first(&mut self) -> io::Result<bool> {
        if self.files.is_empty() {
            return Ok(false);
        }
        let segment = self.files.remove(0);
        if self.files.is_empty() {
            self.open = None;
            self.unwritten.clear();
        }
        match fs::remove_file(path_of(&self.directory, segment.number)) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
            _ => Ok(true),
        }
    }

    /// What was put in under an id, if it is still there.
    pub(super) fn find(&self, request_id: &str, now: i64) -> io::Result<Option<String>> {
        let oldest = now.saturating_sub(self.max_age_seconds);
        let Some(seconds) = seconds_of(request_id).filter(|seconds| *seconds >= oldest) else {
            return Ok(None);
        };
        let of_then = |segment: &&Segment| {
            (segment.first.saturating_sub(CLOCK_SLACK_SECONDS)
                ..=segment.last.saturating_add(CLOCK_SLACK_SECONDS))
                .contains(&seconds)
        };
        for segment in self.files.iter().rev().filter(of_then) {
            let mut lines = BufReader::new(File::open(path_of(&self.directory, segment.number))?);
            let mut line = Vec::new();
            while lines.read_until(b'\n', &mut line)? > 0 {
                if let Some(found) = matching(&line, request_id) {
                    return Ok(Some(found));
                }
                line.clear();
            }
        }
        Ok(None)
    }
}

impl Segment {
    /// A file as an earlier run left it; its records are trusted to be in the order of time, as they were put in.
    fn read(number: u64, path: &Path) -> io::Result<Option<Self>> {
        let bytes = fs::metadata(path)?.len();
        let mut lines = BufReader::new(File::open(path)?);
        let (mut line, mut times) = (Vec::new(), None::<(i64, i64)>);
        while lines.read_until(b'\n', &mut line)? > 0 {
            if let Some(seconds) = time_of(&line) {
                let (first, last) = times.unwrap_or((seconds, seconds));
                times = Some((first.min(seconds), last.max(seconds)));
            }
            line.clear();
        }
        Ok(Some(Self {
            number,
            // A file without a record is the first to go.
            first: times.map_or(0, |times| times.0),
            last: times.map_or(0, |times| times.1),
            bytes,
        }))
    }
}

fn time_of(line: &[u8]) -> Option<i64> {
    let mut fields = line.split(|byte| *byte == b'\t');
    str::from_utf8(fields.nth(1)?).ok()?.parse().ok()
}

fn matching(line: &[u8], request_id: &str) -> Option<String> {
    let rest = line.strip_prefix(request_id.as_bytes())?.strip_prefix(b"\t")?;
    let json = rest.splitn(2, |byte| *byte == b'\t').nth(1)?;
    // A line without its end was not written whole.
    let json = json.strip_suffix(b"\n")?;
    String::from_utf8(json.to_vec()).ok()
}

/// The second in which a request came, as its id tells.
fn seconds_of(request_id: &str) -> Option<i64> {
    let text = String::from_utf8(STANDARD.decode(request_id).ok()?).ok()?;
    i64::from_str_radix(text.split('_').next()?, 16).ok()
}

fn path_of(directory: &Path, number: u64) -> PathBuf {
    directory.join(format!("{number:016}.explain"))
}

fn number_of(path: &Path) -> Option<u64> {
    let name = path.file_name()?.to_str()?.strip_suffix(".explain")?;
    name.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(seconds: i64, number: u32) -> String {
        STANDARD.encode(format!("{seconds:08x}_{number:08x}_1"))
    }

    fn put(shelf: &mut Shelf, request_id: &str, seconds: i64, json: &str) {
        shelf.put(request_id, seconds, json).unwrap();
        shelf.flush().unwrap();
    }

    fn files(directory: &Path) -> usize {
        fs::read_dir(directory).unwrap().count()
    }

    #[test]
    fn what_is_put_in_is_found_again_also_after_a_restart() {
        let folder = tempfile::tempdir().unwrap();
        let directory = folder.path().join("explain");
        let mut shelf = Shelf::open(directory.clone(), 10_000, 1).unwrap();
        for number in 0..5 {
            put(
                &mut shelf,
                &id(1000, number),
                1000,
                &format!("{{\"n\":{number}}}"),
            );
        }
        let again = Shelf::open(directory, 10_000, 1).unwrap();
        for shelf in [&shelf, &again] {
            assert_eq!(
                shelf.find(&id(1000, 3), 1000).unwrap().as_deref(),
                Some("{\"n\":3}")
            );
            for unknown in [
                id(1000, 5),
                id(9_999_999, 3),
                "nonsense".to_owned(),
                String::new(),
            ] {
                assert_eq!(shelf.find(&unknown, 1000).unwrap(), None, "{unknown}");
            }
        }
        assert_eq!(again.files, shelf.files);
    }

    #[test]
    fn bytes_are_bounded_and_the_oldest_go_first() {
        let folder = tempfile::tempdir().unwrap();
        let mut shelf = Shelf::open(folder.path().to_owned(), 8000, 1).unwrap();
        for number in 0..200 {
            put(&mut shelf, &id(1000, number), 1000, &"x".repeat(100));
            let kept: u64 = fs::read_dir(folder.path())
                .unwrap()
                .map(|entry| entry.unwrap().metadata().unwrap().len())
                .sum();
            assert!(kept <= 8000, "{kept}");
        }
        assert_eq!(shelf.find(&id(1000, 0), 1000).unwrap(), None);
        assert!(shelf.find(&id(1000, 199), 1000).unwrap().is_some());
        assert!(shelf.find(&id(1000, 160), 1000).unwrap().is_some());
        assert!(files(folder.path()) > 4);
    }

    #[test]
    fn what_is_too_old_goes() {
        let folder = tempfile::tempdir().unwrap();
        let mut shelf = Shelf::open(folder.path().to_owned(), 8000, 1).unwrap();
        put(&mut shelf, &id(1000, 1), 1000, "{}");
        shelf.forget(1000 + 86_400).unwrap();
        assert!(shelf.find(&id(1000, 1), 1000).unwrap().is_some());
        shelf.forget(1001 + 86_400).unwrap();
        assert_eq!(
            (shelf.find(&id(1000, 1), 1000).unwrap(), files(folder.path())),
            (None, 0)
        );
        // It goes on after the last one is gone.
        put(&mut shelf, &id(90_000, 2), 90_000, "{}");
        assert!(shelf.find(&id(90_000, 2), 90_000).unwrap().is_some());
    }

    #[test]
    fn a_line_that_was_cut_off_is_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let whole = format!("{}\t1000\t{{}}\n{}\t1000\t{{\"a", id(1000, 1), id(1000, 2));
        fs::write(folder.path().join("0000000000000001.explain"), whole).unwrap();
        fs::write(folder.path().join("notes.txt"), "mine").unwrap();
        let shelf = Shelf::open(folder.path().to_owned(), 8000, 1).unwrap();
        assert!(shelf.find(&id(1000, 1), 1000).unwrap().is_some());
        assert_eq!(shelf.find(&id(1000, 2), 1000).unwrap(), None);
    }
}
