//! Figures for Prometheus: how many keys were made or handed out again, how many were refused and why, and how long
//! answers took.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use daypass_door::Meter;

use crate::keys::Origin;

/// Upper bounds of the classes of time, in microseconds.
const CLASSES: [u64; 10] = [
    250, 500, 1_000, 2_500, 5_000, 10_000, 50_000, 250_000, 1_000_000, 5_000_000,
];

/// The figures.
#[derive(Default)]
pub(crate) struct Figures {
    minted: AtomicU64,
    cached: AtomicU64,
    /// By the word of the refusal; all are texts of the program, so there are few.
    refused: Mutex<BTreeMap<&'static str, u64>>,
    connections: AtomicU64,
    /// Closed at once, because their address has too many.
    turned_away: AtomicU64,
    classes: [AtomicU64; CLASSES.len()],
    answers: AtomicU64,
    micros: AtomicU64,
}

impl Meter for Figures {
    fn opened(&self) {
        self.connections.fetch_add(1, Ordering::Relaxed);
    }

    fn closed(&self) {
        self.connections.fetch_sub(1, Ordering::Relaxed);
    }

    fn over_address_limit(&self) {
        self.turned_away.fetch_add(1, Ordering::Relaxed);
    }
}

impl Figures {
    pub(crate) fn handed_out(&self, origin: Origin) {
        let counter = match origin {
            Origin::Minted => &self.minted,
            Origin::Cached => &self.cached,
        };
        counter.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn refused(&self, reason: &'static str) {
        let mut refused = self.refused.lock().unwrap_or_else(PoisonError::into_inner);
        *refused.entry(reason).or_default() += 1;
    }

    pub(crate) fn took(&self, time: Duration) {
        let micros = u64::try_from(time.as_micros()).unwrap_or(u64::MAX);
        self.answers.fetch_add(1, Ordering::Relaxed);
        self.micros.fetch_add(micros, Ordering::Relaxed);
        let class = CLASSES
            .iter()
            .zip(&self.classes)
            .find(|(bound, _)| micros <= **bound);
        if let Some((_, counter)) = class {
            counter.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// All figures in the text format.
    pub(crate) fn text(&self, kept: usize) -> String {
        let load = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        let mut text = String::from(
            "# HELP daypass_broker_keys_total Keys handed out.\n# TYPE daypass_broker_keys_total counter\n",
        );
        for (origin, counter) in [("minted", &self.minted), ("cached", &self.cached)] {
            // Writing to a text does not fail.
            let _ = writeln!(
                text,
                "daypass_broker_keys_total{{origin=\"{origin}\"}} {}",
                load(counter)
            );
        }
        text.push_str("# HELP daypass_broker_refused_total Requests that got no key.\n# TYPE daypass_broker_refused_total counter\n");
        for (reason, count) in self.refused.lock().unwrap_or_else(PoisonError::into_inner).iter() {
            let _ = writeln!(
                text,
                "daypass_broker_refused_total{{reason=\"{reason}\"}} {count}"
            );
        }
        text.push_str("# HELP daypass_broker_kept_keys Keys that may be handed out again.\n# TYPE daypass_broker_kept_keys gauge\n");
        let _ = writeln!(text, "daypass_broker_kept_keys {kept}");
        let name = "daypass_broker_connections";
        let _ = writeln!(
            text,
            "# HELP {name} Connections that are open.\n# TYPE {name} gauge\n{name} {}",
            load(&self.connections)
        );
        let name = "daypass_broker_connections_refused_total";
        let _ = writeln!(
            text,
            "# HELP {name} Connections closed at once, because their address had as many as it may.\n\
             # TYPE {name} counter\n{name} {}",
            load(&self.turned_away)
        );
        let name = "daypass_broker_answer_seconds";
        let _ = writeln!(
            text,
            "# HELP {name} Time from a request's head to its answer.\n# TYPE {name} histogram"
        );
        let mut below = 0;
        for (bound, counter) in CLASSES.iter().zip(&self.classes) {
            below += load(counter);
            let _ = writeln!(text, "{name}_bucket{{le=\"{}\"}} {below}", seconds(*bound));
        }
        let answers = load(&self.answers);
        let _ = writeln!(text, "{name}_bucket{{le=\"+Inf\"}} {answers}");
        let _ = writeln!(
            text,
            "{name}_sum {}\n{name}_count {answers}",
            seconds(load(&self.micros))
        );
        text
    }
}

fn seconds(micros: u64) -> f64 {
    Duration::from_micros(micros).as_secs_f64()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_text_has_every_figure() {
        let figures = Figures::default();
        figures.handed_out(Origin::Minted);
        figures.handed_out(Origin::Cached);
        figures.handed_out(Origin::Cached);
        figures.refused("Unauthorized");
        figures.took(Duration::from_micros(300));
        figures.took(Duration::from_secs(9));
        figures.opened();
        figures.opened();
        figures.closed();
        figures.over_address_limit();
        let text = figures.text(7);
        for line in [
            "daypass_broker_keys_total{origin=\"minted\"} 1",
            "daypass_broker_keys_total{origin=\"cached\"} 2",
            "daypass_broker_refused_total{reason=\"Unauthorized\"} 1",
            "daypass_broker_kept_keys 7",
            "daypass_broker_connections 1",
            "daypass_broker_connections_refused_total 1",
            "daypass_broker_answer_seconds_bucket{le=\"0.00025\"} 0",
            "daypass_broker_answer_seconds_bucket{le=\"0.0005\"} 1",
            "daypass_broker_answer_seconds_bucket{le=\"5\"} 1",
            "daypass_broker_answer_seconds_bucket{le=\"+Inf\"} 2",
            "daypass_broker_answer_seconds_sum 9.0003",
            "daypass_broker_answer_seconds_count 2",
        ] {
            assert!(text.lines().any(|own| own == line), "{line} in\n{text}");
        }
    }
}
