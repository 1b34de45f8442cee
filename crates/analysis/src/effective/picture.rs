//! The picture of A ∩ B: two regions that overlap, with the patterns written into them. A boundary is a third one, which
//! covers what they have in common and goes on below.
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

const STYLE: &str = "svg{--bg:#fff;--fg:#1b1f24;--dim:#57606a;--a:#0969da;--b:#bc4c00;--c:#1a7f37;--no:#cf222e}\
@media(prefers-color-scheme:dark){svg{--bg:#0d1117;--fg:#e6edf3;--dim:#8d96a0;--a:#4493f8;--b:#e3863a;--c:#3fb950;--no:#ff7b72}}\
text{font:12px ui-monospace,Menlo,Consolas,'DejaVu Sans Mono',monospace;fill:var(--fg);white-space:pre}\
.h{font:600 15px system-ui,sans-serif}.d{fill:var(--dim)}.n{fill:var(--no)}\
.a{fill:var(--a);fill-opacity:.1;stroke:var(--a);stroke-width:2}\
.b{fill:var(--b);fill-opacity:.1;stroke:var(--b);stroke-width:2}\
.c{fill:var(--c);fill-opacity:.1;stroke:var(--c);stroke-width:2;stroke-dasharray:7 5}";

/// One line of a column, and how it is drawn.
struct Line {
    class: &'static str,
    text: String,
}

/// An SVG picture of two layers and of what both allow.
///
/// The first two layers stand side by side, with what all allow between them; a third is given as `below`.
pub fn picture(
    left: &LayerDocuments<'_>,
    right: &LayerDocuments<'_>,
    below: Option<&LayerDocuments<'_>>,
    rows: &[Row],
) -> String {
    let columns = [of_layer(left, rows), of_rows(rows), of_layer(right, rows)];
    let longest = columns.iter().map(Vec::len).max().unwrap_or_default();
    let region = longest * LINE_HEIGHT + 84;
    let deeper = below.map(|layer| (layer, of_layer(layer, rows)));
    let depth = deeper
        .as_ref()
        .map_or(0, |(_, lines)| lines.len() * LINE_HEIGHT + 64);
    let (width, height) = (3 * COLUMN + 80, region + depth + 80);
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
    if let Some((layer, lines)) = &deeper {
        let (x, y, across) = (COLUMN + 36, 46, COLUMN + 8);
        let down = region + depth;
        put(
            &mut svg,
            &format!(
                "<rect class=\"c\" x=\"{x}\" y=\"{y}\" width=\"{across}\" height=\"{down}\" rx=\"30\"/>"
            ),
        );
        let head = region + 72;
        text(&mut svg, "h", COLUMN + 50, head, layer.name);
        for (line, y) in lines.iter().zip((head + 24..).step_by(LINE_HEIGHT)) {
            text(&mut svg, line.class, COLUMN + 50, y, &line.text);
        }
    }
    let names: Vec<&str> = [left]
        .into_iter()
        .chain(below)
        .chain([right])
        .map(|layer| layer.name)
        .collect();
    let both = names.join(" ∩ ");
    let heads = [left.name, both.as_str(), right.name];
    for (place, (head, lines)) in heads.into_iter().zip(&columns).enumerate() {
        let x = 40 + place * (COLUMN + 12);
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

/// Breaks a text into lines; those after the first stand a little to the right of it.
fn wrap(lines: &mut Vec<Line>, class: &'static str, indent: &str, text: &str) {
    let margin = indent.len() - indent.trim_start().len() + 2;
    let mut rest: Vec<char> = text.chars().collect();
    let mut lead = indent.to_owned();
    loop {
        let end = line_end(&rest, LINE - lead.len());
        let tail = rest.split_off(end);
        let line: String = rest.iter().collect();
        lines.push(Line {
            class,
            text: format!("{lead}{}", line.trim_end()),
        });
        if tail.is_empty() {
            return;
        }
        rest = tail;
        lead = " ".repeat(margin);
    }
}

/// How many of these letters stand in one line: up to the last place where a reader expects a break, if that is not
/// too far to the left.
fn line_end(letters: &[char], room: usize) -> usize {
    let mut width = 0;
    let fits = |letter: &&char| {
        // Letters of Chinese, Japanese and Korean take the room of two.
        width += if **letter >= '\u{1100}' { 2 } else { 1 };
        width <= room
    };
    let most = letters.iter().take_while(fits).count().max(1);
    if most >= letters.len() {
        return letters.len();
    }
    let is_break = |letter: &char| matches!(letter, '/' | ' ' | ',' | ':');
    let line = letters.get(..most).unwrap_or_default();
    let last = line.iter().rposition(is_break).map(|place| place + 1);
    last.filter(|end| end * 2 >= most).unwrap_or(most)
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_break_where_a_reader_expects_it() {
        let check = |indent: &str, text: &str, expected: &[&str]| {
            let mut lines = Vec::new();
            wrap(&mut lines, "", indent, text);
            let texts: Vec<&str> = lines.iter().map(|line| line.text.as_str()).collect();
            assert_eq!(texts, expected);
        };
        check("", "", &[""]);
        check("  ", "cos:GetObject", &["  cos:GetObject"]);
        let pattern = "qcs::cos:ap-guangzhou:uid/1250000000:photos-1250000000/ann/*";
        let expected = [
            "  qcs::cos:ap-guangzhou:uid/1250000000:",
            "    photos-1250000000/ann/*",
        ];
        check("  ", pattern, &expected);
        check("", &"a".repeat(LINE), &[&"a".repeat(LINE)]);
        let rest = format!("  {}", "a".repeat(5));
        check("", &"a".repeat(LINE + 5), &[&"a".repeat(LINE), &rest]);
        let wide = "照".repeat(LINE / 2);
        check("", &format!("{wide}片"), &[&wide, "  片"]);
    }
}
