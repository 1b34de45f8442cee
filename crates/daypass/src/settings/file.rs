//! Reading the file: what is wrong is told with its line, and a key that is not known with the one that was meant.

use std::borrow::Cow;
use std::fs::File;
use std::io::Read;
use std::ops::Range;
use std::path::{Path, PathBuf};

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::{Settings, keys};

/// Far more than all settings with all their comments.
const MAX_BYTES: u64 = 1024 * 1024;

/// Keys at least this much alike are taken for a slip of the pen.
const LIKENESS: f64 = 0.75;

/// What is wrong with a file of settings.
#[derive(Debug, thiserror::Error)]
pub(crate) enum FileError {
    /// It cannot be read.
    #[error("`{path}` could not be read", path = .0.display())]
    Unreadable(PathBuf, #[source] std::io::Error),
    /// It is too large.
    #[error("`{path}` is larger than a mebibyte", path = .0.display())]
    TooLarge(PathBuf),
    /// A line of it is wrong.
    #[error("`{path}` line {line}: {problem}", path = .path.display())]
    Line {
        /// Which file.
        path: PathBuf,
        /// Which line, from 1 on.
        line: usize,
        /// What is wrong.
        problem: String,
    },
}

/// Something wrong at a place in a text.
struct Problem {
    place: usize,
    text: String,
}

/// Reads a file of settings.
pub(crate) fn read(path: &Path) -> Result<Settings, FileError> {
    let unreadable = |error| FileError::Unreadable(path.to_owned(), error);
    let mut bytes = Vec::new();
    let file = File::open(path).map_err(unreadable)?;
    file.take(MAX_BYTES + 1)
        .read_to_end(&mut bytes)
        .map_err(unreadable)?;
    if bytes.len() as u64 > MAX_BYTES {
        return Err(FileError::TooLarge(path.to_owned()));
    }
    parse(&bytes).map_err(|problem| FileError::Line {
        path: path.to_owned(),
        line: line_of(&bytes, problem.place),
        problem: problem.text,
    })
}

fn parse(bytes: &[u8]) -> Result<Settings, Problem> {
    let text = std::str::from_utf8(bytes).map_err(|error| Problem {
        place: error.valid_up_to(),
        text: "the text is not UTF-8".to_owned(),
    })?;
    let table = DeTable::parse(text).map_err(problem)?;
    check_keys(table.get_ref(), "")?;
    toml::from_str(text).map_err(problem)
}

fn problem(error: toml::de::Error) -> Problem {
    Problem {
        place: error.span().map_or(0, |Range { start, .. }| start),
        text: error.message().replace('\n', ", "),
    }
}

/// Refuses a key that no setting has.
fn check_keys(table: &DeTable<'_>, prefix: &str) -> Result<(), Problem> {
    let known = keys();
    let mut found: Vec<(&Spanned<Cow<'_, str>>, &Spanned<DeValue<'_>>)> = table.iter().collect();
    found.sort_by_key(|(key, _)| key.span().start);
    for (key, value) in found {
        let name = format!("{prefix}{}", key.get_ref());
        let inside = format!("{name}.");
        if let DeValue::Table(inner) = value.get_ref()
            && known.iter().any(|known| known.starts_with(&inside))
        {
            check_keys(inner, &inside)?;
        } else if !known.contains(&name) && !known.iter().any(|known| known.starts_with(&inside)) {
            return Err(Problem {
                place: key.span().start,
                text: unknown(&name, &known),
            });
        }
    }
    Ok(())
}

fn unknown(name: &str, known: &[String]) -> String {
    let last = |key: &str| key.rsplit('.').next().unwrap_or_default().to_owned();
    let likeness = |key: &String| strsim::jaro_winkler(&last(key), &last(name).replace('-', "_"));
    let nearest = known
        .iter()
        .max_by(|one, other| likeness(one).total_cmp(&likeness(other)));
    let hint = match nearest.filter(|key| likeness(key) >= LIKENESS) {
        Some(meant) => match meant.split_once('.') {
            Some((table, key)) if !name.starts_with(&format!("{table}.")) => {
                format!("did you mean `{key}` below `[{table}]`?")
            }
            Some((_, key)) => format!("did you mean `{key}`?"),
            None if name.contains('.') => format!("did you mean `{meant}`, before any `[…]`?"),
            None => format!("did you mean `{meant}`?"),
        },
        None => "`daypass config schema` lists what there is".to_owned(),
    };
    format!("unknown key `{name}`; {hint}")
}

fn line_of(bytes: &[u8], place: usize) -> usize {
    let before = bytes.iter().take(place);
    before.filter(|byte| **byte == b'\n').count().saturating_add(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: impl AsRef<[u8]>, line: usize, expected: &str) {
        let text = text.as_ref();
        let Err(problem) = parse(text) else {
            panic!("taken: {}", String::from_utf8_lossy(text));
        };
        assert_eq!(line_of(text, problem.place), line, "{}", problem.text);
        assert!(
            problem.text.contains(expected),
            "{expected} is not in {}",
            problem.text
        );
        assert!(!problem.text.contains('\n'), "{}", problem.text);
    }

    #[test]
    fn unknown_keys() {
        check(
            "\nlisten = '[::1]:1'\ntls-listen = '[::1]:2'\n",
            3,
            "unknown key `tls-listen`; did you mean `tls_listen`?",
        );
        check("datta = 'a'", 1, "did you mean `data`?");
        check("regoin = 'a'", 1, "did you mean `region`?");
        check("host = ['a']", 1, "did you mean `hosts`?");
        check(
            "connections = 1",
            1,
            "did you mean `connections` below `[limits]`?",
        );
        check(
            "[limits]\n# one\nconections = 1",
            3,
            "unknown key `limits.conections`; did you mean `connections`?",
        );
        check(
            "[limits]\nlisten = '[::1]:1'",
            2,
            "did you mean `listen`, before any",
        );
        check("[limit]\nconnections = 1", 1, "unknown key `limit`");
        check("zzz = 1", 1, "`daypass config schema` lists");
        check("limits.zzz = 1", 1, "unknown key `limits.zzz`");
        check("[limits.more]\nx = 1", 1, "unknown key `limits.more`");
        // Secrets have no key, only the files that hold them.
        check("master_key = 'aa'", 1, "did you mean `master_key_file`?");
        check(
            "root_secret_key = 'aa'",
            1,
            "did you mean `root_secret_key_file`?",
        );
    }

    #[test]
    fn values_that_are_not_what_they_should_be() {
        check("data = 1", 1, "expected");
        check("\n\nlisten = 9000", 3, "expected");
        check("listen = 'localhost'", 1, "socket address");
        check("listen = '127.0.0.1'", 1, "socket address");
        check("hosts = 'a.example'", 1, "expected a sequence");
        check(
            "hosts = ['a.example', '192.0.2.1']",
            1,
            "`192.0.2.1` is not a host name",
        );
        check("hosts = ['']", 1, "is not a host name");
        check("trusted_proxies = ['10.0.0.0/33']", 1, "is not a network");
        check("region = 'Ap Guangzhou'", 1, "a region is");
        check("log = 'x=loud'", 1, "is not a log filter");
        check("limits = 1", 1, "expected");
        check("data = 'a'\nmin_session_seconds = 0", 2, "0 is not in 1 to 7200");
        check("min_session_seconds = 7201", 1, "7201 is not in 1 to 7200");
        check("min_session_seconds = -1", 1, "-1");
        check("min_session_seconds = 1.5", 1, "expected");
        check("min_session_seconds = '1800'", 1, "expected");
        check("[limits]\nconnections = 0", 2, "0 is not in 1 to");
        check("[limits]\nconnections = 1000001", 2, "1000001 is not in");
        check("appid = 99999999999999999999", 1, "");
    }

    #[test]
    fn texts_that_are_not_toml() {
        check("data = 'a'\ndata = 'b'", 2, "duplicate key");
        check("[limits]\n[limits]", 2, "duplicate key");
        check("data", 1, "");
        check("data = 'a", 1, "");
        check("\n= 1", 2, "");
        check(b"# \xff\n", 1, "not UTF-8");
        check(b"data = 'a'\nregion = '\xc3\x28'", 2, "not UTF-8");
        check("data = 'a\0'", 1, "");
    }

    #[test]
    fn files_that_cannot_be_read() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("daypass.toml");
        let check = |path: &Path, expected: &str| {
            let problem = read(path).unwrap_err().to_string();
            assert!(problem.contains(expected), "{problem}");
        };
        check(&path, "could not be read");
        check(folder.path(), "could not be read");
        std::fs::write(&path, "#".repeat(1024 * 1024)).unwrap();
        assert_eq!(read(&path).unwrap(), Settings::default());
        std::fs::write(&path, "#".repeat(1024 * 1024 + 1)).unwrap();
        check(&path, "larger than a mebibyte");
        std::fs::write(&path, "\n\nlisten = 1\n").unwrap();
        check(&path, "daypass.toml` line 3: ");
        std::fs::write(&path, "").unwrap();
        assert_eq!(read(&path).unwrap(), Settings::default());
    }

    #[test]
    fn the_sample_is_current() {
        let sample = include_str!("../../../../docs/daypass.toml");
        assert_eq!(
            parse(sample.as_bytes()).map_err(|problem| problem.text).unwrap(),
            Settings::default()
        );
        // What stands behind a `#` is what counts without it, and everything stands there.
        let mut settings = String::new();
        for line in sample.lines() {
            let shown = line.strip_prefix('#').unwrap_or(line);
            if !shown.starts_with(' ') {
                settings.push_str(shown);
            }
            settings.push('\n');
        }
        let parsed = parse(settings.as_bytes())
            .map_err(|problem| problem.text)
            .unwrap();
        let told = super::super::layers::flatten(&parsed).unwrap();
        let defaults = super::super::layers::flatten(&Settings::defaults()).unwrap();
        for (key, value) in defaults {
            assert!(told.contains(&(key.clone(), value)), "{key} is told differently");
        }
        let mut told: Vec<_> = told.into_iter().map(|(key, _)| key).collect();
        let mut known = keys();
        told.sort_unstable();
        known.sort_unstable();
        assert_eq!(told, known);
    }
}
