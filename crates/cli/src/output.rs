//! What goes to standard output, and how names from outside are shown on a terminal.

use std::borrow::Cow;
use std::io::{self, Write};

use anyhow::{Error, Result};
use daypass_api::Timestamp;
use serde_json::Value as Json;

/// Standard output cannot be written.
#[derive(Debug, thiserror::Error)]
#[error("standard output cannot be written")]
struct OutputError(#[source] io::Error);

/// Writes bytes to standard output, now.
pub(crate) fn write(bytes: &[u8]) -> Result<()> {
    let mut out = io::stdout().lock();
    Ok(out
        .write_all(bytes)
        .and_then(|()| out.flush())
        .map_err(OutputError)?)
}

/// Whether a verb failed because whoever reads its output has read enough.
pub(crate) fn reader_has_left(error: &Error) -> bool {
    let output = error.downcast_ref::<OutputError>();
    output.is_some_and(|OutputError(error)| error.kind() == io::ErrorKind::BrokenPipe)
}

/// Writes things as lines of JSON, or else as a table.
pub(crate) fn list<T>(
    things: &[T],
    as_json: bool,
    json: impl Fn(&T) -> Json,
    head: &[&str],
    row: impl Fn(&T) -> Vec<String>,
) -> Result<()> {
    let text = if as_json {
        things.iter().map(|thing| json_line(&json(thing))).collect()
    } else {
        table(head, things.iter().map(row))
    };
    write(text.as_bytes())
}

/// Writes one thing as a line of JSON, or else as a line for each field.
pub(crate) fn one(json: &Json, as_json: bool, fields: &[(&str, String)]) -> Result<()> {
    let text = if as_json {
        json_line(json)
    } else {
        field_lines(fields)
    };
    write(text.as_bytes())
}

/// A line of JSON.
pub(crate) fn json_line(json: &Json) -> String {
    format!("{json}\n")
}

/// Columns as wide as their widest cell, two blanks apart; the last one ends where it ends.
fn table(head: &[&str], rows: impl Iterator<Item = Vec<String>>) -> String {
    let head = head.iter().map(|&name| name.to_owned()).collect();
    let rows: Vec<Vec<String>> = std::iter::once(head)
        .chain(rows)
        .map(|row: Vec<String>| row.iter().map(|cell| printable(cell).into_owned()).collect())
        .collect();
    let columns = rows.iter().map(Vec::len).max().unwrap_or(0);
    let width = |column: usize| {
        let cells = rows.iter().filter_map(|row| row.get(column));
        cells.map(|cell| cell.chars().count()).max().unwrap_or(0)
    };
    let widths: Vec<usize> = (0..columns).map(width).collect();
    let line = |row: &Vec<String>| {
        let cells: String = row
            .iter()
            .zip(&widths)
            .map(|(cell, &width)| format!("{cell:width$}  "))
            .collect();
        format!("{}\n", cells.trim_end())
    };
    rows.iter().map(line).collect()
}

/// A line for each field, names in a column.
pub(crate) fn field_lines(fields: &[(&str, String)]) -> String {
    let width = fields
        .iter()
        .map(|(name, _)| name.chars().count())
        .max()
        .unwrap_or(0);
    fields
        .iter()
        .map(|(name, value)| {
            format!(
                "{}\n",
                format!("{:width$}  {}", printable(name), printable(value)).trim_end()
            )
        })
        .collect()
}

/// A text whose control characters are spelled out. Names come from whoever may write to the bucket, and must
/// neither break a line nor command the terminal.
pub(crate) fn printable(text: &str) -> Cow<'_, str> {
    if !text.chars().any(char::is_control) {
        return Cow::Borrowed(text);
    }
    let spell = |char: char| {
        if char.is_control() {
            char.escape_default().to_string()
        } else {
            char.to_string()
        }
    };
    text.chars().map(spell).collect()
}

/// A text of several lines, each of them printable and ended; a tab is four blanks.
pub(crate) fn printable_lines(text: &str) -> String {
    text.lines()
        .map(|line| format!("{}\n", printable(&line.replace('\t', "    "))))
        .collect()
}

/// A moment, if it is known: where the service tells none, it is the start of 1970.
pub(crate) fn moment(time: Timestamp) -> Option<String> {
    (time != Timestamp::default()).then(|| time.iso_seconds())
}

/// A moment for people.
pub(crate) fn shown_moment(time: Timestamp) -> String {
    moment(time).unwrap_or_else(|| "-".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tables_are_aligned() {
        let rows = [["1", "ann", ""], ["100", "bo\u{1b}[2J", "你 b"]];
        let rows = rows
            .iter()
            .map(|row| row.iter().map(|&cell| cell.to_owned()).collect());
        let expected = "UIN  NAME         REMARK\n1    ann\n100  bo\\u{1b}[2J  你 b\n";
        assert_eq!(table(&["UIN", "NAME", "REMARK"], rows), expected);
        assert_eq!(table(&["UIN"], std::iter::empty()), "UIN\n");
    }

    #[test]
    fn fields_are_aligned() {
        let fields = [("key", "a\nb".to_owned()), ("remark", String::new())];
        assert_eq!(field_lines(&fields), "key     a\\nb\nremark\n");
    }

    #[test]
    fn lines_stay_lines() {
        assert_eq!(
            printable_lines("{\r\n\t\"a\u{1b}\": 1\n}"),
            "{\n    \"a\\u{1b}\": 1\n}\n"
        );
    }

    #[test]
    fn moments() {
        assert_eq!(shown_moment(Timestamp::default()), "-");
        assert_eq!(
            shown_moment(Timestamp::from_unix_seconds(1_700_000_000)),
            "2023-11-14T22:13:20Z"
        );
    }

    #[test]
    fn only_a_broken_pipe_is_no_error() {
        let check = |error: Error, expected| assert_eq!(reader_has_left(&error), expected);
        let broken = || io::Error::from(io::ErrorKind::BrokenPipe);
        check(OutputError(broken()).into(), true);
        check(
            OutputError(io::Error::from(io::ErrorKind::StorageFull)).into(),
            false,
        );
        check(broken().into(), false);
    }
}
