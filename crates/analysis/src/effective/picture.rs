//! The picture of A ∩ B: two regions that overlap, with the patterns written into them.
//!
//! What is written comes from documents, and is escaped. The picture needs no font but the reader's own, and follows
//! the reader's choice of light or dark. Text is wrapped by its number of letters, since nothing can be measured here.

use std::fmt::Write;

use super::{LayerDocuments, Row, grants, in_words};

/// Letters in a line of a column.
const LINE: usize = 46;
/// The most lines in a column.
const MAX_LINES: usize = 400;
const COLUMN: usize = 360;
const LINE_HEIGHT: usize = 18;
const TOP: usize = 96;

const STYLE: &str = "svg{--bg:#fff;--fg:#1b1f24;--dim:#57606a;--a:#0969da;--b:#bc4c00;--no:#cf222e}\
@media(prefers-color-scheme:dark){svg{--bg:#0d1117;--fg:#e6edf3;--dim:#8d96a0;--a:#4493f8;--b:#e3863a;--no:#ff7b72}}\
text{font:12px ui-monospace,Menlo,Consolas,'DejaVu Sans Mono',monospace;fill:var(--fg);white-space:pre}\
.h{font:600 15px system-ui,sans-serif}.d{fill:var(--dim)}.n{fill:var(--no)}\
.a{fill:var(--a);fill-opacity:.12;stroke:var(--a);stroke-width:2}\
.b{fill:var(--b);fill-opacity:.12;stroke:var(--b);stroke-width:2}";

/// One line of a column, and how it is drawn.
struct Line {
    class: &'static str,
    text: String,
}

/// An SVG picture of two layers and of what both allow.
pub fn picture(left: &LayerDocuments<'_>, right: &LayerDocuments<'_>, rows: &[Row]) -> String {
    let columns = [of_layer(left, rows), of_rows(rows), of_layer(right, rows)];
    let longest = columns.iter().map(Vec::len).max().unwrap_or_default();
    let region = longest * LINE_HEIGHT + 84;
    let (width, height) = (3 * COLUMN + 80, region + 60);
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width} {height}\" width=\"{width}\" \
         height=\"{height}\" role=\"img\">\n<title>What {} and {} both allow</title>\n<style>{STYLE}</style>\n\
         <rect width=\"100%\" height=\"100%\" style=\"fill:var(--bg)\"/>\n",
        escaped(left.name),
        escaped(right.name),
    );
    let across = 2 * COLUMN + 30;
    for (class, x) in [("a", 20), ("b", COLUMN + 30)] {
        put(
            &mut svg,
            &format!(
                "<rect class=\"{class}\" x=\"{x}\" y=\"40\" width=\"{across}\" height=\"{region}\" rx=\"36\"/>"
            ),
        );
    }
    let both = format!("{} ∩ {}", left.name, right.name);
    let heads = [left.name, both.as_str(), right.name];
    for (place, (head, lines)) in heads.into_iter().zip(&columns).enumerate() {
        let x = 40 + place * (COLUMN + 10);
        text(&mut svg, "h", x, 72, head);
        for (line, y) in lines.iter().zip((TOP..).step_by(LINE_HEIGHT)) {
            text(&mut svg, line.class, x, y, &line.text);
        }
    }
    svg.push_str("</svg>\n");
    svg
}

fn text(svg: &mut String, class: &str, x: usize, y: usize, text: &str) {
    put(
        svg,
        &format!(
            "<text class=\"{class}\" x=\"{x}\" y=\"{y}\">{}</text>",
            escaped(text)
        ),
    );
}

fn put(svg: &mut String, line: &str) {
    // Writing to a text does not fail.
    let _ = writeln!(svg, "{line}");
}

/// What a layer allows beyond what both do.
fn of_layer(layer: &LayerDocuments<'_>, rows: &[Row]) -> Vec<Line> {
    let mut lines = Vec::new();
    for grant in grants(layer) {
        let row = grant.into_row(Vec::new());
        let is_whole = rows
            .iter()
            .any(|both| both.actions == row.actions && both.resources == row.resources);
        if !is_whole {
            write_row(&mut lines, &row);
        }
    }
    let denies = super::statements(layer, daypass_policy::Effect::Deny);
    for (policy, statement, _) in denies {
        let actions = super::meeting::actions(statement);
        let resources = super::meeting::resources(policy, statement);
        let texts = |list: Vec<String>| list.join(", ");
        wrap(
            &mut lines,
            "n",
            "denied: ",
            &texts(actions.iter().map(super::Meet::text).collect()),
        );
        wrap(
            &mut lines,
            "n",
            "  ",
            &texts(resources.iter().map(super::Meet::text).collect()),
        );
        for condition in in_words(statement.conditions().iter()) {
            wrap(&mut lines, "d", "  if ", &condition);
        }
    }
    bounded(lines)
}

fn of_rows(rows: &[Row]) -> Vec<Line> {
    let mut lines = Vec::new();
    if rows.is_empty() {
        wrap(&mut lines, "n", "", "nothing");
    }
    for row in rows {
        write_row(&mut lines, row);
    }
    bounded(lines)
}

fn write_row(lines: &mut Vec<Line>, row: &Row) {
    for action in &row.actions {
        wrap(lines, "", "", &action.join(" and "));
    }
    for resource in &row.resources {
        wrap(lines, "", "  ", &resource.join(" and "));
    }
    for condition in &row.conditions {
        wrap(lines, "d", "  if ", condition);
    }
    for exception in &row.exceptions {
        let what = [exception.actions.join(", "), exception.resources.join(", ")].join(" on ");
        wrap(lines, "n", "  but not ", &what);
        for condition in &exception.conditions {
            wrap(lines, "n", "    if ", condition);
        }
    }
    if row.at_most {
        wrap(lines, "d", "  ", "at most");
    }
    wrap(lines, "", "", " ");
}

fn wrap(lines: &mut Vec<Line>, class: &'static str, indent: &str, text: &str) {
    let letters: Vec<char> = text.chars().collect();
    let room = LINE - indent.len();
    for (place, chunk) in letters.chunks(room).enumerate() {
        let lead = if place == 0 {
            indent.to_owned()
        } else {
            " ".repeat(indent.len())
        };
        let text = format!("{lead}{}", chunk.iter().collect::<String>());
        lines.push(Line { class, text });
    }
}

fn bounded(mut lines: Vec<Line>) -> Vec<Line> {
    if let Some(more) = lines.len().checked_sub(MAX_LINES).filter(|more| *more > 0) {
        lines.truncate(MAX_LINES);
        wrap(&mut lines, "d", "", &format!("… and {more} lines more"));
    }
    lines
}

/// Text as it stands in XML; what XML cannot carry becomes a question mark.
fn escaped(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '"' => safe.push_str("&quot;"),
            '\'' => safe.push_str("&#39;"),
            letter if letter.is_control() || matches!(letter, '\u{fffe}' | '\u{ffff}') => safe.push('?'),
            letter => safe.push(letter),
        }
    }
    safe
}
