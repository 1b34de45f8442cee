//! What was measured: plain data that goes to JSON and comes back, and its few statistics.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::{Context, Result};
use serde::{Deserialize, Serialize};

use crate::machine::Machine;

/// Everything that one run, or several parts of one, found out.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct Results {
    /// What it ran on.
    pub(crate) machine: Machine,
    /// Commit of the sources, with a mark when they were changed.
    pub(crate) commit: String,
    /// When it began, UTC.
    pub(crate) date: String,
    /// The command lines.
    pub(crate) commands: Vec<String>,
    /// nginx's version, when it took part.
    pub(crate) nginx: Option<String>,
    /// One for each time that something was measured.
    pub(crate) samples: Vec<Sample>,
    /// Single numbers by name, one for each time that they were taken.
    pub(crate) facts: BTreeMap<String, Vec<f64>>,
}

/// One subject in one pass of one row.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Sample {
    /// The row's id.
    pub(crate) row: String,
    /// Who was measured.
    pub(crate) subject: String,
    /// In which pass, or in which pair.
    pub(crate) pass: usize,
    /// What came out.
    pub(crate) measured: Measured,
}

/// What a closed loop came to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Measured {
    /// Operations in the window.
    pub(crate) operations: u64,
    /// Operations in a second.
    pub(crate) rate: f64,
    /// Half of the operations took no longer.
    pub(crate) p50_ms: f64,
    /// All but one in a hundred took no longer.
    pub(crate) p99_ms: f64,
    /// The longest.
    pub(crate) max_ms: f64,
    /// Operations that took about 40 ms.
    pub(crate) stalled: u64,
    /// Processor time of the server for each operation.
    pub(crate) server_cpu_us: Option<f64>,
    /// Highest memory of the server meanwhile, in MiB, where the kernel tells.
    #[serde(default)]
    pub(crate) server_peak_mib: Option<f64>,
    /// Processor time of the driver for each operation.
    pub(crate) driver_cpu_us: f64,
}

/// One number out of several passes.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Spread {
    pub(crate) median: f64,
    pub(crate) lowest: f64,
    pub(crate) highest: f64,
}

impl Results {
    /// Reads what `run --json` wrote.
    pub(crate) fn read(file: &Path) -> Result<Self> {
        let text =
            std::fs::read_to_string(file).with_context(|| format!("`{}` cannot be read", file.display()))?;
        serde_json::from_str(&text).with_context(|| format!("`{}` is no result of a run", file.display()))
    }

    /// Adds a part that was run after this one; machine and commit stay those of the first.
    pub(crate) fn append(&mut self, part: Self) {
        self.commands.extend(part.commands);
        self.nginx = self.nginx.take().or(part.nginx);
        self.samples.extend(part.samples);
        for (name, values) in part.facts {
            self.facts.entry(name).or_default().extend(values);
        }
    }

    /// Notes a single number.
    pub(crate) fn note(&mut self, name: &str, value: f64) {
        self.facts.entry(name.to_owned()).or_default().push(value);
    }

    /// A value of a row's subject over the passes.
    pub(crate) fn spread(
        &self,
        row: &str,
        subject: &str,
        value: impl Fn(&Measured) -> Option<f64>,
    ) -> Option<Spread> {
        let of_subject = |sample: &&Sample| sample.row == row && sample.subject == subject;
        spread(
            self.samples
                .iter()
                .filter(of_subject)
                .filter_map(|sample| value(&sample.measured)),
        )
    }

    /// The ratio of a value between two row-and-subjects, taken pass by pass.
    pub(crate) fn ratio(
        &self,
        over: (&str, &str),
        under: (&str, &str),
        value: impl Fn(&Measured) -> Option<f64>,
    ) -> Option<Spread> {
        let all = |(row, subject)| {
            let of_subject = move |sample: &&Sample| sample.row == row && sample.subject == subject;
            self.samples.iter().filter(of_subject)
        };
        let ratios = all(over).filter_map(|sample| {
            let other = all(under).find(|other| other.pass == sample.pass)?;
            let divisor = value(&other.measured).filter(|divisor| *divisor > 0.0)?;
            Some(value(&sample.measured)? / divisor)
        });
        spread(ratios)
    }

    /// The highest memory that our server had in rows whose ids hold this text, or with 64 MiB on many connections.
    pub(crate) fn highest_memory(&self, row: &str) -> Option<Spread> {
        let ours = |sample: &&Sample| sample.subject != "nginx" && sample.row.contains(row);
        let samples = self.samples.iter().filter(ours);
        let peaks = samples.filter_map(|sample| sample.measured.server_peak_mib);
        let large = self.facts.get("peak_large_mib").into_iter().flatten().copied();
        let highest = peaks.chain(large).max_by(f64::total_cmp)?;
        spread([highest].into_iter())
    }

    /// A single number over the times that it was taken.
    pub(crate) fn fact(&self, name: &str) -> Option<Spread> {
        spread(self.facts.get(name)?.iter().copied())
    }
}

fn spread(values: impl Iterator<Item = f64>) -> Option<Spread> {
    let mut values: Vec<f64> = values.collect();
    values.sort_unstable_by(f64::total_cmp);
    let middle = values.len() / 2;
    let upper = *values.get(middle)?;
    let lower = match values.len() % 2 {
        0 => *values.get(middle.checked_sub(1)?)?,
        _ => upper,
    };
    Some(Spread {
        median: (lower + upper) / 2.0,
        lowest: *values.first()?,
        highest: *values.last()?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rate(measured: &Measured) -> Option<f64> {
        Some(measured.rate)
    }

    fn results(rates: &[(&str, &str, usize, f64)]) -> Results {
        let sample = |(row, subject, pass, rate): &(&str, &str, usize, f64)| Sample {
            row: (*row).to_owned(),
            subject: (*subject).to_owned(),
            pass: *pass,
            measured: Measured {
                rate: *rate,
                ..Measured::default()
            },
        };
        Results {
            samples: rates.iter().map(sample).collect(),
            ..Results::default()
        }
    }

    #[test]
    fn the_median_is_in_the_middle() {
        let check = |values: &[f64], expected| {
            let median = spread(values.iter().copied()).map(|spread| spread.median);
            assert_eq!(median, expected, "{values:?}");
        };
        check(&[], None);
        check(&[3.0], Some(3.0));
        check(&[9.0, 1.0, 2.0], Some(2.0));
        check(&[4.0, 1.0, 2.0, 9.0], Some(3.0));
    }

    #[test]
    fn ratios_are_taken_within_a_pass() {
        let results = results(&[
            ("get", "ours", 0, 10.0),
            ("get", "nginx", 0, 20.0),
            ("get", "ours", 1, 90.0),
            ("get", "nginx", 1, 100.0),
            ("get", "ours", 2, 8.0),
        ]);
        let ratio = results.ratio(("get", "ours"), ("get", "nginx"), rate).unwrap();
        assert_eq!((ratio.lowest, ratio.highest), (0.5, 0.9));
        assert_eq!(results.ratio(("get", "ours"), ("put", "nginx"), rate), None);
        assert_eq!(results.spread("get", "ours", rate).unwrap().median, 10.0);
    }

    #[test]
    fn the_highest_memory_is_that_of_our_server() {
        let mut results = results(&[
            ("put-4k", "daypass", 0, 1.0),
            ("get-64m", "daypass", 0, 1.0),
            ("get-64m", "nginx", 0, 1.0),
        ]);
        for (sample, peak) in results.samples.iter_mut().zip([300.0, 90.0, 900.0]) {
            sample.measured.server_peak_mib = Some(peak);
        }
        let check = |results: &Results, row, expected| {
            assert_eq!(
                results.highest_memory(row).map(|highest| highest.median),
                expected,
                "{row}"
            );
        };
        check(&results, "64m", Some(90.0));
        check(&results, "", Some(300.0));
        check(&Results::default(), "", None);
        results.note("peak_large_mib", 110.0);
        check(&results, "64m", Some(110.0));
    }

    #[test]
    fn parts_are_joined() {
        let mut whole = results(&[("a", "ours", 0, 1.0)]);
        let mut part = results(&[("b", "ours", 0, 2.0)]);
        whole.note("idle", 5.0);
        part.note("idle", 7.0);
        whole.append(part);
        assert_eq!(whole.samples.len(), 2);
        assert_eq!(whole.fact("idle").unwrap().median, 6.0);
    }
}
