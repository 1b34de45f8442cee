//! Holds the table of SECURITY.md to these tests: every number has one row, every row names tests that are there or
//! says why there are none, and every test stands in the row of its number. The tests of
//! the user server stand with it.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

/// How many mechanisms there are.
const LAST: u32 = 65;

/// What a row says in its last column.
enum Held {
    /// By these tests.
    By(BTreeSet<String>),
    /// By nothing here: it cannot be tried, or not yet, for a reason.
    Not,
}

/// The rows of the table, by their numbers.
fn rows() -> BTreeMap<u32, Held> {
    let page = include_str!("../../../../SECURITY.md");
    let (_, rest) = page.split_once("## How others were broken\n").unwrap();
    let section = rest.split_once("\n## ").map_or(rest, |(section, _)| section);
    let mut rows = BTreeMap::new();
    for line in section.lines().filter(|line| line.starts_with("| ")) {
        let cells: Vec<_> = line.trim_matches('|').split(" | ").map(str::trim).collect();
        let Ok(number) = cells[0].parse() else {
            continue;
        };
        assert_eq!(cells.len(), 3, "{line}");
        assert!(
            rows.insert(number, held(cells[2])).is_none(),
            "two rows for {number}"
        );
    }
    rows
}

fn held(cell: &str) -> Held {
    for word in ["not applicable: ", "later: "] {
        if let Some(reason) = cell.strip_prefix(word) {
            assert!(reason.len() > 20, "a reason: {cell}");
            return Held::Not;
        }
    }
    let names = cell
        .split('`')
        .skip(1)
        .step_by(2)
        .filter(|name| number_of(name).is_some());
    Held::By(names.map(str::to_owned).collect())
}

/// The number in the name of a test.
fn number_of(name: &str) -> Option<u32> {
    let (number, rest) = name.strip_prefix('m')?.split_once('_')?;
    (number.len() == 2 && !rest.is_empty()).then(|| number.parse().ok())?
}

/// The names of all tests that bear a number, here and at the user server.
fn tests() -> BTreeSet<String> {
    let folders = ["tests/attacks", "../broker/tests"];
    let files = folders.iter().flat_map(|folder| {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join(folder);
        let entries = std::fs::read_dir(folder).unwrap();
        entries.map(|entry| entry.unwrap().path())
    });
    let mut names = BTreeSet::new();
    for file in files.filter(|path| path.is_file()) {
        let text = std::fs::read_to_string(file).unwrap();
        let mut lines = text.lines().peekable();
        while let Some(line) = lines.next() {
            if !matches!(line, "#[test]" | "#[tokio::test]") {
                continue;
            }
            let declared = lines.peek().unwrap().trim_start_matches("async ");
            let name = declared.trim_start_matches("fn ").split('(').next().unwrap();
            if number_of(name).is_some() {
                names.insert(name.to_owned());
            }
        }
    }
    names
}

#[test]
fn every_mechanism_has_a_row_and_every_row_its_tests() {
    let rows = rows();
    let numbers: Vec<u32> = rows.keys().copied().collect();
    assert_eq!(numbers, (1..=LAST).collect::<Vec<_>>());
    let mut named = BTreeSet::new();
    for (number, held) in &rows {
        let Held::By(names) = held else {
            continue;
        };
        assert!(
            !names.is_empty(),
            "row {number} names no test and gives no reason"
        );
        for name in names {
            assert_eq!(number_of(name), Some(*number), "{name} stands in row {number}");
        }
        named.extend(names.clone());
    }
    assert_eq!(named, tests(), "what the page names, and what there is");
}
