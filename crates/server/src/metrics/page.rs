//! The text format of Prometheus, version 0.0.4: a head for each family, then its samples.
//!
//! The format is that of "Exposition formats" of the Prometheus documentation.

use std::fmt::{Display, Write};

use super::catalogue::Family;
use super::cell::Durations;

/// What the format calls itself.
pub(crate) const CONTENT_TYPE: &str = "text/plain; version=0.0.4; charset=utf-8";

/// A page of figures, as far as it is written.
#[derive(Default)]
pub(super) struct Page {
    text: String,
}

impl Page {
    /// Begins a family.
    pub(super) fn family(&mut self, family: &'static Family) -> Samples<'_> {
        self.text.push_str("# HELP ");
        self.text.push_str(family.name);
        self.text.push(' ');
        escape(&mut self.text, family.help, false);
        self.text.push_str("\n# TYPE ");
        self.text.push_str(family.name);
        self.text.push(' ');
        self.text.push_str(family.kind.name());
        self.text.push('\n');
        Samples {
            text: &mut self.text,
            family,
        }
    }

    /// The whole page.
    pub(super) fn finish(self) -> String {
        self.text
    }
}

/// The samples of one family.
pub(super) struct Samples<'p> {
    text: &'p mut String,
    family: &'static Family,
}

impl Samples<'_> {
    /// Adds a sample; `labels` are the values of the family's labels, in their order.
    pub(super) fn add(&mut self, labels: &[&str], value: impl Display) {
        self.line("", labels, None, value);
    }

    /// Adds the samples of a histogram.
    pub(super) fn add_durations(&mut self, labels: &[&str], durations: &Durations) {
        let (classes, count) = durations.cumulative();
        self.add_classes(
            labels,
            classes.iter().map(|(bound, count)| (*bound, *count)),
            count,
        );
        self.line("_sum", labels, None, durations.seconds());
        self.line("_count", labels, None, count);
    }

    /// Adds the samples of a histogram that was counted elsewhere.
    pub(super) fn add_histogram(&mut self, classes: &[(String, u64)], count: u64, sum: u64) {
        let classes = classes.iter().map(|(bound, count)| (bound.as_str(), *count));
        self.add_classes(&[], classes, count);
        self.line("_sum", &[], None, sum);
        self.line("_count", &[], None, count);
    }

    fn add_classes<'b>(
        &mut self,
        labels: &[&str],
        classes: impl Iterator<Item = (&'b str, u64)>,
        count: u64,
    ) {
        for (bound, count) in classes.chain([("+Inf", count)]) {
            self.line("_bucket", labels, Some(bound), count);
        }
    }

    fn line(&mut self, suffix: &str, labels: &[&str], bound: Option<&str>, value: impl Display) {
        self.text.push_str(self.family.name);
        self.text.push_str(suffix);
        let labels = self
            .family
            .labels
            .iter()
            .map(|label| label.name)
            .zip(labels.iter().copied());
        let mut open = '{';
        for (name, value) in labels.chain(bound.map(|bound| ("le", bound))) {
            self.text.push(open);
            self.text.push_str(name);
            self.text.push_str("=\"");
            escape(self.text, value, true);
            self.text.push('"');
            open = ',';
        }
        if open == ',' {
            self.text.push('}');
        }
        // Writing to a string does not fail.
        let _ = writeln!(self.text, " {value}");
    }
}

/// Writes text so that it stays on its line and, as the value of a label, inside its quotes.
fn escape(text: &mut String, raw: &str, quoted: bool) {
    for letter in raw.chars() {
        match letter {
            '\\' => text.push_str("\\\\"),
            '\n' => text.push_str("\\n"),
            '"' if quoted => text.push_str("\\\""),
            _ => text.push(letter),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::super::catalogue::{Kind, Label};
    use super::*;

    static ODD: Family = Family {
        name: "odd",
        kind: Kind::Gauge,
        help: "one \\ and\ntwo \"lines\"",
        labels: &[Label { name: "a", means: "" }, Label { name: "b", means: "" }],
    };
    static TIMES: Family = Family {
        name: "times",
        kind: Kind::Histogram,
        help: "",
        labels: &[Label { name: "a", means: "" }],
    };

    #[test]
    fn everything_is_escaped_where_it_must_be() {
        let mut page = Page::default();
        page.family(&ODD).add(&["\\\"\n", "plain"], 1.5);
        assert_eq!(
            page.finish(),
            "# HELP odd one \\\\ and\\ntwo \"lines\"\n# TYPE odd gauge\nodd{a=\"\\\\\\\"\\n\",b=\"plain\"} 1.5\n"
        );
    }

    #[test]
    fn a_histogram_is_cumulative() {
        let durations = Durations::default();
        for millis in [1, 40_000] {
            durations.record(Duration::from_millis(millis));
        }
        let mut page = Page::default();
        page.family(&TIMES).add_durations(&["x"], &durations);
        let text = page.finish();
        for line in [
            "times_bucket{a=\"x\",le=\"0.0005\"} 0",
            "times_bucket{a=\"x\",le=\"0.001\"} 1",
            "times_bucket{a=\"x\",le=\"30\"} 1",
            "times_bucket{a=\"x\",le=\"+Inf\"} 2",
            "times_sum{a=\"x\"} 40.001",
            "times_count{a=\"x\"} 2",
        ] {
            assert!(text.lines().any(|got| got == line), "{line} is not in {text}");
        }
    }
}
