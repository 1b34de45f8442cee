//! What the numbers are held against: the goals that bind, and aims beyond them. One long list.
//!
//! Ratios are taken within a pass, so that they compare what was measured within the same seconds; what decides is the
//! median over the passes.

use crate::results::{Measured, Results, Spread};

/// One goal.
pub(crate) struct Goal {
    /// What it is about.
    pub(crate) text: &'static str,
    /// Which way, and how far.
    pub(crate) bound: Bound,
    /// Whether it binds; an aim shows where to go next.
    pub(crate) binds: bool,
    /// What was measured; nothing when its rows were not run.
    measured: fn(&Results) -> Option<Spread>,
}

/// What a number may be.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Bound {
    AtMost(f64, &'static str),
    AtLeast(f64, &'static str),
}

impl Bound {
    /// Whether a number keeps to it.
    pub(crate) fn holds(self, value: f64) -> bool {
        match self {
            Self::AtMost(bound, _) => value <= bound,
            Self::AtLeast(bound, _) => value >= bound,
        }
    }

    /// The unit of the number.
    pub(crate) fn unit(self) -> &'static str {
        match self {
            Self::AtMost(_, unit) | Self::AtLeast(_, unit) => unit,
        }
    }
}

impl Goal {
    /// What was measured; nothing when its rows were not run.
    pub(crate) fn measured(&self, results: &Results) -> Option<Spread> {
        (self.measured)(results)
    }
}

use Bound::{AtLeast, AtMost};

const fn goal(text: &'static str, bound: Bound, measured: fn(&Results) -> Option<Spread>) -> Goal {
    Goal {
        text,
        bound,
        binds: true,
        measured,
    }
}

const fn aim(text: &'static str, bound: Bound, measured: fn(&Results) -> Option<Spread>) -> Goal {
    Goal {
        text,
        bound,
        binds: false,
        measured,
    }
}

/// All goals, those that bind first.
pub(crate) const GOALS: &[Goal] = &[
    goal(
        "GET 4 KiB with a temporary key and a policy of 1 statement: server CPU, of the permanent key's",
        AtMost(1.10, "×"),
        |all| pair(all, "pair-token-1"),
    ),
    goal("… of 13 statements", AtMost(1.10, "×"), |all| {
        pair(all, "pair-token-13")
    }),
    goal(
        "decision over a policy of 10 statements",
        AtMost(2.0, "µs"),
        |all| all.fact("piece:decision/10"),
    ),
    goal(
        "GetFederationToken with a policy ×8",
        AtLeast(10_000.0, "/s"),
        |all| all.spread("mint-8", "daypass", rate),
    ),
    goal("GET 4 KiB ×32, of nginx's rate", AtLeast(0.25, "×"), |all| {
        beside(all, "get-4k-32", "nginx", rate)
    }),
    goal(
        "GET 4 KiB ×1: requests that stalled for 40 ms, of 1,000",
        AtMost(0.5, ""),
        |all| all.spread("get-4k-1", "daypass", stalls),
    ),
    goal(
        "durable PUT 4 KiB ×32, of the rate of one connection",
        AtLeast(4.0, "×"),
        |all| all.ratio(("put-4k-32", "daypass"), ("put-4k-1", "daypass"), rate),
    ),
    goal(
        "durable PUT 4 KiB ×32, of the rate of durable files by 32 threads",
        AtLeast(0.8, "×"),
        |all| beside(all, "put-4k-32", "files", rate),
    ),
    goal(
        "highest memory with 64 MiB objects",
        AtMost(200.0, "MiB"),
        |all| all.highest_memory("64m"),
    ),
    goal(
        "start to first answered request, 100,000 objects",
        AtMost(300.0, "ms"),
        |all| all.fact("start_ms"),
    ),
    goal(
        "GetFederationToken ×8: an empty server's rate, of that beside a large installation",
        AtMost(1.2, "×"),
        |all| crowd(all, "crowd-federation"),
    ),
    goal("AssumeRole ×8, likewise", AtMost(1.2, "×"), |all| {
        crowd(all, "crowd-assume")
    }),
    goal(
        "AssumeRoleWithWebIdentity ×8, likewise",
        AtMost(1.2, "×"),
        |all| crowd(all, "crowd-web-identity"),
    ),
    goal(
        "start of the large installation to the first key minted",
        AtMost(5000.0, "ms"),
        |all| all.fact("start_crowd_ms"),
    ),
    goal("memory for each ended session", AtMost(64.0, "bytes"), |all| {
        all.fact("ended_session_bytes")
    }),
    goal(
        "the user server ×32, keys handed out again",
        AtLeast(5_000.0, "/s"),
        |all| all.spread("broker-again-32", "broker", rate),
    ),
    goal(
        "the user server ×32, new keys, its account with a policy of its own",
        AtLeast(2_000.0, "/s"),
        |all| all.spread("broker-new-32", "broker", rate),
    ),
    aim(
        "PUT 4 KiB ×32, of durable files by 32 threads",
        AtLeast(1.2, "×"),
        |all| beside(all, "put-4k-32", "files", rate),
    ),
    aim("PUT 4 KiB ×32, server CPU", AtMost(250.0, "µs"), |all| {
        all.spread("put-4k-32", "daypass", processor)
    }),
    aim(
        "PUT 4 KiB ×1, of durable files by one thread",
        AtLeast(0.8, "×"),
        |all| beside(all, "put-4k-1", "files", rate),
    ),
    aim(
        "PUT 1 MiB ×32, of durable files by 32 threads",
        AtLeast(0.8, "×"),
        |all| beside(all, "put-1m-32", "files", rate),
    ),
    aim(
        "PUT 1 MiB ×32, server CPU, of MD5 on one core",
        AtMost(2.0, "×"),
        digests,
    ),
    aim("GET 4 KiB ×32, of nginx's rate", AtLeast(0.4, "×"), |all| {
        beside(all, "get-4k-32", "nginx", rate)
    }),
    aim(
        "GET 4 KiB ×32, server CPU, of nginx's",
        AtMost(3.5, "×"),
        |all| beside(all, "get-4k-32", "nginx", processor),
    ),
    aim("GET 4 KiB ×1, p99, of nginx's", AtMost(5.0, "×"), |all| {
        beside(all, "get-4k-1", "nginx", p99)
    }),
    aim("GET 1 MiB ×32, of nginx's rate", AtLeast(0.7, "×"), |all| {
        beside(all, "get-1m-32", "nginx", rate)
    }),
    aim("GET 64 MiB ×1, of nginx's rate", AtLeast(0.7, "×"), |all| {
        beside(all, "get-64m-1", "nginx", rate)
    }),
    aim("HEAD ×32, of nginx's rate", AtLeast(0.5, "×"), |all| {
        beside(all, "head-4k-32", "nginx", rate)
    }),
    aim(
        "LIST of 1,000 ×1, server CPU for each key",
        AtMost(1.2, "µs"),
        |all| all.spread("list-1", "daypass", for_each_key),
    ),
    aim(
        "GetFederationToken with a policy ×8",
        AtLeast(15_000.0, "/s"),
        |all| all.spread("mint-8", "daypass", rate),
    ),
    aim(
        "temporary key with 1 statement: server CPU, of the permanent key's",
        AtMost(1.05, "×"),
        |all| pair(all, "pair-token-1"),
    ),
    aim(
        "refusal by the policy: server CPU, of the same GET allowed",
        AtMost(1.0, "×"),
        |all| {
            all.ratio(
                ("pair-refused", "refused"),
                ("pair-refused", "temporary"),
                processor,
            )
        },
    ),
    aim("memory when idle", AtMost(15.0, "MiB"), |all| {
        all.fact("idle_mib")
    }),
    aim("highest memory in any row", AtMost(120.0, "MiB"), |all| {
        all.highest_memory("")
    }),
    aim(
        "start to first answered request, 100,000 objects",
        AtMost(100.0, "ms"),
        |all| all.fact("start_ms"),
    ),
];

fn rate(measured: &Measured) -> Option<f64> {
    Some(measured.rate)
}

fn processor(measured: &Measured) -> Option<f64> {
    measured.server_cpu_us
}

fn p99(measured: &Measured) -> Option<f64> {
    Some(measured.p99_ms)
}

fn stalls(measured: &Measured) -> Option<f64> {
    Some(measured.stalled as f64 * 1000.0 / measured.operations as f64)
}

fn for_each_key(measured: &Measured) -> Option<f64> {
    Some(measured.server_cpu_us? / crate::work::LISTED_KEYS as f64)
}

/// Ours over another subject of the same row.
fn beside(results: &Results, row: &str, other: &str, value: fn(&Measured) -> Option<f64>) -> Option<Spread> {
    results.ratio((row, "daypass"), (row, other), value)
}

/// What a temporary key costs the server beside the permanent one.
fn pair(results: &Results, row: &str) -> Option<Spread> {
    results.ratio((row, "temporary"), (row, "permanent"), processor)
}

/// How much slower the token service is beside a large installation.
fn crowd(results: &Results, row: &str) -> Option<Spread> {
    let [empty, crowded] = crate::crowd::SIDES;
    results.ratio((row, empty), (row, crowded), rate)
}

/// A digest is made by the driver itself, so that its time is the driver's.
fn digests(results: &Results) -> Option<Spread> {
    let time = |measured: &Measured| measured.server_cpu_us.or(Some(measured.driver_cpu_us));
    results.ratio(("put-1m-32", "daypass"), ("md5", "md5"), time)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::results::Sample;
    use crate::rows::{PAIRS, ROWS};

    #[test]
    fn bounds_hold_at_the_bound() {
        let check =
            |bound: Bound, value, expected| assert_eq!(bound.holds(value), expected, "{bound:?} {value}");
        check(AtMost(1.1, ""), 1.1, true);
        check(AtMost(1.1, ""), 1.11, false);
        check(AtLeast(4.0, ""), 4.0, true);
        check(AtLeast(4.0, ""), 3.9, false);
    }

    /// A result in which everything was measured once, so that a goal without a number names a row that is not there.
    fn complete() -> Results {
        let measured = Measured {
            operations: 1,
            rate: 2.0,
            p99_ms: 1.0,
            server_cpu_us: Some(3.0),
            driver_cpu_us: 3.0,
            ..Measured::default()
        };
        let sample = |row: &str, subject: &str| Sample {
            row: row.to_owned(),
            subject: subject.to_owned(),
            pass: 0,
            measured,
        };
        let rows = ROWS
            .iter()
            .flat_map(|row| row.subjects.iter().map(|subject| (row.id, subject.name())));
        let pairs = PAIRS
            .iter()
            .flat_map(|pair| pair.sides.iter().map(|side| (pair.id, side.name())));
        let crowds = crate::crowd::COMPARED
            .iter()
            .flat_map(|(row, _, _)| crate::crowd::SIDES.map(|side| (*row, side)));
        let mut results = Results {
            samples: rows
                .chain(pairs)
                .chain(crowds)
                .map(|(row, subject)| sample(row, subject))
                .collect(),
            ..Results::default()
        };
        for name in [
            "piece:decision/10",
            "peak_large_mib",
            "start_ms",
            "idle_mib",
            "start_crowd_ms",
            "ended_session_bytes",
        ] {
            results.note(name, 1.0);
        }
        results
    }

    #[test]
    fn every_goal_is_about_something_that_is_measured() {
        let results = complete();
        for goal in GOALS {
            assert!(goal.measured(&results).is_some(), "{}", goal.text);
            assert!(goal.measured(&Results::default()).is_none(), "{}", goal.text);
        }
    }

    #[test]
    fn goals_that_bind_come_first() {
        assert!(GOALS.is_sorted_by_key(|goal| !goal.binds));
    }
}
