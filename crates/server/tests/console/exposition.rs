//! A reader of the text format of Prometheus 0.0.4 that puts up with nothing that the format does not say.

use std::collections::{BTreeMap, BTreeSet};

/// The figures of one name.
#[derive(Debug)]
pub(crate) struct Family {
    pub(crate) kind: String,
    pub(crate) samples: Vec<Sample>,
}

/// One figure.
#[derive(Debug)]
pub(crate) struct Sample {
    pub(crate) name: String,
    pub(crate) labels: BTreeMap<String, String>,
    pub(crate) value: f64,
}

/// Reads a page; panics with what is wrong about it.
pub(crate) fn parse(page: &str) -> BTreeMap<String, Family> {
    assert!(
        page.ends_with('\n') && !page.contains('\r'),
        "lines end in a line feed"
    );
    let mut families = BTreeMap::new();
    let mut series = BTreeSet::new();
    let mut lines = page.lines().peekable();
    while let Some(line) = lines.next() {
        let (name, help) = head(line, "# HELP ");
        check_escapes(help, "\\n");
        let (typed, kind) = head(lines.next().unwrap(), "# TYPE ");
        assert_eq!(name, typed, "HELP and TYPE go together");
        assert!(["counter", "gauge", "histogram"].contains(&kind), "{kind}");
        let mut samples = Vec::new();
        while let Some(line) = lines.next_if(|line| !line.starts_with('#')) {
            let sample = sample(line);
            assert!(
                suffixes(kind)
                    .iter()
                    .any(|suffix| sample.name == format!("{name}{suffix}")),
                "{line}"
            );
            assert!(
                sample.value.is_finite() && (kind == "gauge" || sample.value >= 0.0),
                "{line}"
            );
            assert!(
                series.insert((sample.name.clone(), sample.labels.clone())),
                "twice: {line}"
            );
            samples.push(sample);
        }
        if kind == "histogram" {
            check_histogram(name, &samples);
        }
        let kind = kind.to_owned();
        assert!(
            families
                .insert(name.to_owned(), Family { kind, samples })
                .is_none(),
            "{name} twice"
        );
    }
    families
}

fn head<'l>(line: &'l str, begin: &str) -> (&'l str, &'l str) {
    let rest = line
        .strip_prefix(begin)
        .unwrap_or_else(|| panic!("{begin} expected: {line}"));
    let (name, text) = rest.split_once(' ').unwrap();
    check_name(name);
    assert!(!text.is_empty() && text.trim() == text, "{line}");
    (name, text)
}

fn suffixes(kind: &str) -> &'static [&'static str] {
    match kind {
        "histogram" => &["_bucket", "_sum", "_count"],
        _ => &[""],
    }
}

fn sample(line: &str) -> Sample {
    let end = line.find(['{', ' ']).unwrap();
    let (name, mut rest) = line.split_at(end);
    check_name(name);
    let mut labels = BTreeMap::new();
    if let Some(inside) = rest.strip_prefix('{') {
        rest = inside;
        loop {
            let (label, after) = rest.split_once("=\"").unwrap();
            check_name(label);
            let (value, after) = quoted(after);
            assert!(labels.insert(label.to_owned(), value).is_none(), "{line}");
            match after.split_at(1) {
                (",", after) => rest = after,
                ("}", after) => break rest = after,
                _ => panic!("{line}"),
            }
        }
    }
    let value = rest.strip_prefix(' ').unwrap();
    assert!(!value.contains(' '), "no timestamps: {line}");
    Sample {
        name: name.to_owned(),
        labels,
        value: value.parse().unwrap(),
    }
}

/// The value up to its closing quote, without its escapes.
fn quoted(text: &str) -> (String, &str) {
    let mut value = String::new();
    let mut letters = text.char_indices();
    while let Some((place, letter)) = letters.next() {
        match letter {
            '"' => return (value, &text[place + 1..]),
            '\\' => match letters.next().unwrap().1 {
                'n' => value.push('\n'),
                letter @ ('"' | '\\') => value.push(letter),
                other => panic!("no such escape: {other}"),
            },
            _ => value.push(letter),
        }
    }
    panic!("the quote does not end: {text}")
}

fn check_escapes(text: &str, allowed: &str) {
    let mut letters = text.chars();
    while let Some(letter) = letters.next() {
        assert!(
            letter != '\\' || allowed.contains(letters.next().unwrap()),
            "{text}"
        );
    }
}

fn check_name(name: &str) {
    let good = |letter: char| letter.is_ascii_alphanumeric() || letter == '_';
    assert!(
        !name.is_empty() && name.chars().all(good) && !name.starts_with(|l: char| l.is_ascii_digit()),
        "{name}"
    );
}

/// The classes of each series grow, end in all, and agree with the count.
fn check_histogram(name: &str, samples: &[Sample]) {
    let mut series: BTreeMap<BTreeMap<String, String>, Vec<&Sample>> = BTreeMap::new();
    for sample in samples {
        let mut labels = sample.labels.clone();
        let bound = labels.remove("le");
        assert_eq!(bound.is_some(), sample.name.ends_with("_bucket"), "{sample:?}");
        series.entry(labels).or_default().push(sample);
    }
    for samples in series.into_values() {
        let (classes, rest): (Vec<_>, Vec<_>) =
            samples.into_iter().partition(|s| s.name.ends_with("_bucket"));
        let bounds = classes.iter().map(|class| match class.labels["le"].as_str() {
            "+Inf" => f64::INFINITY,
            bound => bound.parse().unwrap(),
        });
        assert!(bounds.is_sorted_by(|a, b| a < b), "{name}");
        assert!(classes.iter().map(|class| class.value).is_sorted(), "{name}");
        let last = classes.last().unwrap();
        assert_eq!(last.labels["le"], "+Inf");
        let names: Vec<_> = rest.iter().map(|sample| sample.name.as_str()).collect();
        assert_eq!(names, [format!("{name}_sum"), format!("{name}_count")]);
        assert_eq!(rest[1].value, last.value, "{name}");
    }
}

#[test]
fn what_is_wrong_is_found() {
    let good = "# HELP a_total b\n# TYPE a_total counter\na_total{x=\"\\\"\\n\\\\\"} 1\n";
    assert_eq!(parse(good)["a_total"].samples[0].labels["x"], "\"\n\\");
    let check = |bad: &str| {
        let page = format!("# HELP a b\n# TYPE a counter\n{bad}\n");
        assert!(std::panic::catch_unwind(|| parse(&page)).is_err(), "{bad}");
    };
    for bad in [
        "b 1",
        "a",
        "a x",
        "a -1",
        "a NaN",
        "a 1 2",
        "a{x=\"1} 1",
        "a{x=\"1\",x=\"2\"} 1",
        "a{x=\"\\t\"} 1",
        "a{x=\"1\"}1",
        "a{} 1",
        "a 1\na 2",
        "# TYPE a counter",
        "# HELP a b\n# TYPE a counter",
        "",
    ] {
        check(bad);
    }
}
