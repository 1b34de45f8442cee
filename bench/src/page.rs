//! The page of results: what was measured, on what, and what was hoped for, as Markdown.
//!
//! The page is written anew by every full run, but for what stands between two marks, which people write.

use std::fmt::Write;
use std::path::Path;

use anyhow::{Context, Result};

use crate::crowd;
use crate::goals::{Bound, GOALS};
use crate::results::{Measured, Results, Spread};
use crate::rows::{PAIRS, ROWS};

const BEGIN: &str = "<!-- written by hand: begin -->";
const END: &str = "<!-- written by hand: end -->";
const NOTHING_YET: &str = "\n## What we learned\n\nNothing is written here yet.\n\n";

/// Writes the page, and keeps what people wrote on it.
pub(crate) fn write(results: &Results, file: &Path) -> Result<()> {
    let old = std::fs::read_to_string(file).unwrap_or_default();
    let by_hand = written_by_hand(&old).unwrap_or(NOTHING_YET);
    let page = format!("{}{BEGIN}{by_hand}{END}\n\n{}", head(results), tables(results));
    std::fs::write(file, page).with_context(|| format!("`{}` cannot be written", file.display()))
}

fn written_by_hand(page: &str) -> Option<&str> {
    let (_, rest) = page.split_once(BEGIN)?;
    let (text, _) = rest.split_once(END)?;
    Some(text)
}

fn head(results: &Results) -> String {
    let machine = &results.machine;
    let mut text = String::from("# Results of the bench\n\n");
    let mut line = |name: &str, value: &str| {
        text.push_str(&format!("- {name}: {value}\n"));
    };
    line("commit", &results.commit);
    line("date", &results.date);
    line(
        "machine",
        &format!(
            "{} cores, {}, {:.0} GiB of memory; driver and server share the cores",
            machine.cores, machine.processor, machine.memory_gib
        ),
    );
    line("kernel", &format!("Linux {}", machine.kernel));
    line(
        "disk",
        &format!(
            "{}; what is written is synced before it is answered",
            machine.file_system
        ),
    );
    line("load average at the start", &machine.load);
    line("nginx", results.nginx.as_deref().unwrap_or("not measured"));
    for command in &results.commands {
        line("command", &format!("`{command}`"));
    }
    text.push_str(
        "\nClosed loop, one connection for each worker, kept; every request signed anew, also those to nginx, which \
does not look. Bodies are not signed. The server logs as shipped, to nowhere. Cells are the median over the passes, \
with the lowest and highest in brackets. CPU is processor time for each operation: the server's, and the driver's \
own; memory is the server's highest in the row. Ratios are taken within a pass.\n\n",
    );
    text
}

/// All tables.
pub(crate) fn tables(results: &Results) -> String {
    [
        goals(results),
        rows(results),
        pairs(results),
        crowd(results),
        facts(results),
        pieces(results),
    ]
    .concat()
}

fn goals(results: &Results) -> String {
    let mut text = String::new();
    for (binds, title) in [(true, "Goals"), (false, "Aims beyond the goals")] {
        let mut lines = String::new();
        for goal in GOALS.iter().filter(|goal| goal.binds == binds) {
            let Some(measured) = goal.measured(results) else {
                continue;
            };
            let verdict = if goal.bound.holds(measured.median) {
                "reached"
            } else {
                "**missed**"
            };
            lines.push_str(&format!(
                "| {} | {} | {} | {verdict} |\n",
                goal.text,
                bound(goal.bound),
                with_unit(measured, goal.bound.unit()),
            ));
        }
        text.push_str(&table(
            title,
            "| what | goal | measured | |\n|---|---|---|---|\n",
            &lines,
        ));
    }
    text
}

fn bound(bound: Bound) -> String {
    let (sign, number) = match bound {
        Bound::AtMost(number, _) => ("≤", number),
        Bound::AtLeast(number, _) => ("≥", number),
    };
    let number = if number >= 1000.0 {
        self::number(number)
    } else {
        number.to_string()
    };
    format!("{sign} {number} {}", bound.unit()).trim_end().to_owned()
}

fn with_unit(spread: Spread, unit: &str) -> String {
    let range = format!(" ({}–{})", number(spread.lowest), number(spread.highest));
    let range = if spread.lowest == spread.highest {
        ""
    } else {
        range.as_str()
    };
    let unit = if unit.is_empty() { "" } else { &format!(" {unit}") };
    format!("{}{unit}{range}", number(spread.median))
}

fn rows(results: &Results) -> String {
    let mut lines = String::new();
    for row in ROWS {
        let first = row.subjects.first().map_or("", |subject| subject.name());
        for subject in row.subjects {
            let name = subject.name();
            let cell = |value: fn(&Measured) -> Option<f64>| cell(results.spread(row.id, name, value));
            if results.spread(row.id, name, rate).is_none() {
                continue;
            }
            let ratio = |value: fn(&Measured) -> Option<f64>| match name == first {
                true => String::new(),
                false => results
                    .ratio((row.id, first), (row.id, name), value)
                    .map_or_else(String::new, |ratio| number(ratio.median)),
            };
            lines.push_str(&format!(
                "| {} ×{} | {name} | {} | {} | {} | {} | {} | {} | {} | {} | {} |\n",
                row.title,
                row.workers,
                cell(rate),
                cell(|measured| measured.server_cpu_us),
                cell(|measured| Some(measured.driver_cpu_us)),
                highest(results.spread(row.id, name, |measured| measured.server_peak_mib)),
                cell(|measured| Some(measured.p50_ms)),
                cell(|measured| Some(measured.p99_ms)),
                highest(results.spread(row.id, name, |measured| Some(measured.max_ms))),
                ratio(rate),
                ratio(|measured| measured.server_cpu_us),
            ));
        }
    }
    table(
        "Rows",
        "| work | who | operations/s | server CPU µs | driver CPU µs | memory MiB | p50 ms | p99 ms | longest ms | our rate, of \
this | our CPU, of this |\n|---|---|---|---|---|---|---|---|---|---|---|\n",
        &lines,
    )
}

fn pairs(results: &Results) -> String {
    let mut lines = String::new();
    for pair in PAIRS {
        let [under, over] = pair.sides.map(|side| side.name());
        let processor = |measured: &Measured| measured.server_cpu_us;
        let Some(ratio) = results.ratio((pair.id, over), (pair.id, under), processor) else {
            continue;
        };
        let count = results
            .samples
            .iter()
            .filter(|sample| sample.row == pair.id)
            .count()
            / 2;
        lines.push_str(&format!(
            "| {} | {} | {} | {} | {count} |\n",
            pair.title,
            cell(results.spread(pair.id, over, processor)),
            cell(results.spread(pair.id, under, processor)),
            with_unit(ratio, "×"),
        ));
    }
    table(
        "Pairs: GET 4 KiB ×32, server CPU µs for each request",
        "| what | it | beside | ratio | pairs |\n|---|---|---|---|---|\n",
        &lines,
    )
}

fn crowd(results: &Results) -> String {
    let [empty, crowded] = crowd::SIDES;
    let mut lines = String::new();
    for (row, title, _) in crowd::COMPARED {
        let Some(ratio) = results.ratio((row, empty), (row, crowded), rate) else {
            continue;
        };
        for subject in crowd::SIDES {
            let cell = |value: fn(&Measured) -> Option<f64>| cell(results.spread(row, subject, value));
            lines.push_str(&format!(
                "| {title} | {subject} | {} | {} | {} | {} | {} |\n",
                cell(rate),
                cell(|measured| measured.server_cpu_us),
                cell(|measured| Some(measured.p50_ms)),
                cell(|measured| Some(measured.p99_ms)),
                if subject == crowded {
                    with_unit(ratio, "×")
                } else {
                    String::new()
                },
            ));
        }
    }
    table(
        "Beside a large installation, ×8",
        "| what | server | operations/s | server CPU µs | p50 ms | p99 ms | rate of the empty one, of this |\n\
|---|---|---|---|---|---|---|\n",
        &lines,
    )
}

/// Names of single numbers, and what they are called on the page.
const FACTS: &[(&str, &str)] = &[
    ("idle_mib", "memory when idle, nothing stored, MiB"),
    (
        "peak_large_mib",
        "highest memory with PUTs, then GETs, of 64 MiB on many connections, MiB",
    ),
    ("large_connections", "… on so many connections"),
    ("start_ms", "start to first answered request, ms"),
    (
        "start_after_kill_ms",
        "… after the server was killed right after writes, ms",
    ),
    ("start_objects", "… with so many objects"),
    ("crowd_users", "users in the large installation"),
    ("crowd_roles", "roles in it"),
    ("crowd_ended", "ended sessions in it"),
    ("start_crowd_ms", "its start to the first key minted, ms"),
    ("ended_session_bytes", "memory for each ended session, bytes"),
];

fn facts(results: &Results) -> String {
    let mut lines = String::new();
    for (name, title) in FACTS {
        if let Some(fact) = results.fact(name) {
            lines.push_str(&format!("| {title} | {} |\n", cell(Some(fact))));
        }
    }
    table("Memory and start", "| what | measured |\n|---|---|\n", &lines)
}

fn pieces(results: &Results) -> String {
    let mut lines = String::new();
    for name in results.facts.keys() {
        if let (Some(piece), Some(spread)) = (name.strip_prefix("piece:"), results.fact(name)) {
            lines.push_str(&format!("| {piece} | {} |\n", number(spread.median)));
        }
    }
    table("Single functions, median", "| what | µs |\n|---|---|\n", &lines)
}

/// A table with its heading; nothing when it has no lines.
fn table(title: &str, head: &str, lines: &str) -> String {
    if lines.is_empty() {
        return String::new();
    }
    format!("## {title}\n\n{head}{lines}\n")
}

fn rate(measured: &Measured) -> Option<f64> {
    Some(measured.rate)
}

fn cell(spread: Option<Spread>) -> String {
    match spread {
        None => "–".to_owned(),
        Some(one) if one.lowest == one.highest => number(one.median),
        Some(some) => {
            format!(
                "{} ({}–{})",
                number(some.median),
                number(some.lowest),
                number(some.highest)
            )
        }
    }
}

fn highest(spread: Option<Spread>) -> String {
    spread.map_or_else(|| "–".to_owned(), |spread| number(spread.highest))
}

/// Three digits or more, with thousands set apart.
pub(crate) fn number(value: f64) -> String {
    let decimals = match value.abs() {
        size if size >= 100.0 => 0,
        size if size >= 10.0 => 1,
        _ => 2,
    };
    let text = format!("{value:.decimals$}");
    let (whole, rest) = text.split_at(text.find('.').unwrap_or(text.len()));
    let mut grouped = String::new();
    for (index, digit) in whole.chars().enumerate() {
        if index > 0 && digit.is_ascii_digit() && (whole.len() - index) % 3 == 0 {
            grouped.push(',');
        }
        // Writing to a text cannot fail.
        write!(grouped, "{digit}").ok();
    }
    grouped + rest
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::results::Sample;

    #[test]
    fn numbers_are_short() {
        let check = |value, expected| assert_eq!(number(value), expected);
        check(1_234_567.8, "1,234,568");
        check(123.4, "123");
        check(12.34, "12.3");
        check(0.056, "0.06");
        check(999.0, "999");
        check(1000.0, "1,000");
    }

    fn results() -> Results {
        let sample = |subject: &str, rate| Sample {
            row: "get-4k-32".to_owned(),
            subject: subject.to_owned(),
            pass: 0,
            measured: Measured {
                rate,
                operations: 1,
                ..Measured::default()
            },
        };
        Results {
            samples: vec![sample("daypass", 10.0), sample("nginx", 20.0)],
            ..Results::default()
        }
    }

    #[test]
    fn a_goal_is_shown_with_what_was_measured() {
        let tables = tables(&results());
        let line = "| GET 4 KiB ×32, of nginx's rate | ≥ 0.25 × | 0.50 × | reached |";
        assert!(tables.contains(line), "{tables}");
        assert!(!tables.contains("mint"), "{tables}");
    }

    #[test]
    fn what_people_wrote_survives() {
        let file = tempfile::NamedTempFile::new().unwrap();
        write(&results(), file.path()).unwrap();
        let page = std::fs::read_to_string(file.path()).unwrap();
        assert!(page.contains(NOTHING_YET));
        let page = page.replace(NOTHING_YET, "\n## What we learned\n\nPages are patient.\n");
        std::fs::write(file.path(), page.replace("0.50", "9.99")).unwrap();
        write(&results(), file.path()).unwrap();
        let page = std::fs::read_to_string(file.path()).unwrap();
        assert!(
            page.contains("Pages are patient.") && !page.contains("9.99"),
            "{page}"
        );
        assert_eq!(page.matches(BEGIN).count(), 1);
    }
}
