//! What changed between two runs, row by row.
//!
//! Two runs of one hour on one machine, at best: what the disk and the neighbours did in between is not known here.

use std::collections::BTreeSet;

use crate::page::number;
use crate::results::{Measured, Results, Spread};

/// The table of changes. A change within the spread of both runs is shown in brackets.
pub(crate) fn table(before: &Results, after: &Results) -> String {
    let mut text = format!(
        "before: {}, {}\nafter:  {}, {}\nchanges in brackets lie within the spread of the passes\n\n",
        before.commit, before.date, after.commit, after.date
    );
    let subjects: BTreeSet<(&str, &str)> = after
        .samples
        .iter()
        .map(|sample| (sample.row.as_str(), sample.subject.as_str()))
        .collect();
    for (row, subject) in subjects {
        let both = |value: fn(&Measured) -> Option<f64>| {
            change(
                before.spread(row, subject, value)?,
                after.spread(row, subject, value)?,
            )
        };
        let rate = both(|measured| Some(measured.rate));
        let processor = both(|measured| measured.server_cpu_us);
        if let Some(rate) = rate {
            let processor = processor.map_or(String::new(), |change| format!("   server CPU µs {change}"));
            text.push_str(&format!(
                "{row:<14} {subject:<10} operations/s {rate}{processor}\n"
            ));
        }
    }
    for (name, _) in after
        .facts
        .iter()
        .filter(|(name, _)| before.facts.contains_key(*name))
    {
        let facts = before.fact(name).zip(after.fact(name));
        if let Some(change) = facts.and_then(|(before, after)| change(before, after)) {
            text.push_str(&format!("{name}: {change}\n"));
        }
    }
    text
}

fn change(before: Spread, after: Spread) -> Option<String> {
    if before.median == 0.0 {
        return None;
    }
    let percent = format!("{:+.1} %", (after.median / before.median - 1.0) * 100.0);
    let overlap = after.lowest <= before.highest && before.lowest <= after.highest;
    let percent = if overlap { format!("({percent})") } else { percent };
    Some(format!(
        "{} -> {} {percent}",
        number(before.median),
        number(after.median)
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spread(lowest: f64, median: f64, highest: f64) -> Spread {
        Spread {
            median,
            lowest,
            highest,
        }
    }

    #[test]
    fn a_change_within_the_spread_is_marked() {
        let check = |before, after, expected: &str| assert_eq!(change(before, after).unwrap(), expected);
        check(
            spread(90.0, 100.0, 110.0),
            spread(115.0, 120.0, 125.0),
            "100 -> 120 +20.0 %",
        );
        check(
            spread(90.0, 100.0, 118.0),
            spread(115.0, 120.0, 125.0),
            "100 -> 120 (+20.0 %)",
        );
        assert_eq!(change(spread(0.0, 0.0, 0.0), spread(1.0, 1.0, 1.0)), None);
    }
}
