//! From the figures to the page: each family of the catalogue, in its order.

use daypass_api::{ErrorCode, Timestamp};

use super::page::Page;
use super::process::Process;
use super::requests::{CLASSES, METHODS, RequestMeter};
use super::{CacheMeter, ListenerMeter, Metrics, catalogue};
use crate::service::Service;

/// Refusals of a signature, by error.
const SIGNATURE_FAILURES: [(&str, ErrorCode); 7] = [
    ("missing", ErrorCode::SignatureMissing),
    ("malformed", ErrorCode::AuthorizationMalformed),
    ("expired", ErrorCode::SignatureExpired),
    ("skewed", ErrorCode::RequestTimeTooSkewed),
    ("mismatch", ErrorCode::SignatureDoesNotMatch),
    ("unknown_key", ErrorCode::UnknownAccessKey),
    ("meaning_not_signed", ErrorCode::MeaningNotSigned),
];
/// Refusals of a token, by error.
const TOKENS_REFUSED: [(&str, ErrorCode); 3] = [
    ("invalid", ErrorCode::TokenInvalid),
    ("expired", ErrorCode::TokenExpired),
    ("revoked", ErrorCode::SessionRevoked),
];

impl Service {
    /// All figures, in the text format. It reads of the process from the system, so it may block for a moment.
    pub(crate) fn metrics_page(&self) -> String {
        let mut page = Page::default();
        let metrics = &self.metrics;
        page.family(&catalogue::BUILD)
            .add(&[env!("CARGO_PKG_VERSION")], 1);
        requests(&mut page, &metrics.requests);
        self.identities_and_keys(&mut page);
        connections(&mut page, metrics);
        engines(&mut page, metrics);
        sweep(&mut page, metrics);
        self.audit(&mut page);
        self.explanations(&mut page);
        self.judgements(&mut page);
        process(&mut page, metrics);
        page.finish()
    }

    fn audit(&self, page: &mut Page) {
        let figures = self.audit.figures();
        page.family(&catalogue::AUDIT_WRITTEN).add(&[], figures.written());
        page.family(&catalogue::AUDIT_LOST).add(&[], figures.lost());
        page.family(&catalogue::AUDIT_FAILURES)
            .add(&[], figures.failures());
        page.family(&catalogue::AUDIT_WAITING).add(&[], figures.waiting());
        page.family(&catalogue::AUDIT_WRITABLE)
            .add(&[], u8::from(figures.is_writable()));
    }

    fn explanations(&self, page: &mut Page) {
        let figures = &self.explanations.meter;
        page.family(&catalogue::EXPLAIN_KEPT)
            .add(&[], figures.kept.value());
        page.family(&catalogue::EXPLAIN_DROPPED)
            .add(&[], figures.dropped.value());
        page.family(&catalogue::EXPLAIN_FAILED)
            .add(&[], figures.failed.value());
    }

    fn judgements(&self, page: &mut Page) {
        let figures = &self.judgements.meter;
        let mut judged = page.family(&catalogue::JUDGEMENTS);
        judged.add(&["known"], figures.known.value());
        judged.add(&["made"], figures.made.value());
        judged.add(&["skipped"], figures.skipped.value());
        page.family(&catalogue::POLICIES_REFUSED)
            .add(&[], figures.refused.value());
    }

    fn identities_and_keys(&self, page: &mut Page) {
        let minted = self.metrics.requests.keys_minted.value();
        page.family(&catalogue::KEYS_MINTED).add(&[], minted);
        let created = self.ring().ring.current_since();
        let age = self
            .clock
            .now()
            .unix_millis()
            .saturating_sub(created.unix_millis());
        page.family(&catalogue::EPOCH_AGE).add(&[], age as f64 / 1e3);
        page.family(&catalogue::KEY_RING_OPEN)
            .add(&[], u8::from(self.key_ring.is_open()));
        let mut lookups = page.family(&catalogue::CACHE_LOOKUPS);
        let caches: [(&str, &CacheMeter); 3] = [
            ("identity", &self.identities.meter),
            ("policy", &self.policies.meter),
            ("token", &self.metrics.opened_tokens),
        ];
        for (name, CacheMeter { hits, misses }) in caches {
            lookups.add(&[name, "hit"], hits.value());
            lookups.add(&[name, "miss"], misses.value());
        }
    }
}

fn requests(page: &mut Page, meter: &RequestMeter) {
    let actions: Vec<_> = meter.actions.sorted();
    let split = |name: &'static str| name.split_once(':').unwrap_or(("other", name));
    let mut samples = page.family(&catalogue::REQUESTS);
    for (name, action) in &actions {
        let (family, name) = split(name);
        for (method, answers) in METHODS.iter().zip(&action.answers) {
            for (class, count) in CLASSES.iter().zip(answers) {
                if count.value() > 0 {
                    samples.add(&[family, name, method, class], count.value());
                }
            }
        }
    }
    errors(page, meter);
    let mut samples = page.family(&catalogue::DURATIONS);
    for (name, action) in &actions {
        let (family, name) = split(name);
        if action.durations.cumulative().1 > 0 {
            samples.add_durations(&[family, name], &action.durations);
        }
    }
    decisions(page, meter);
}

fn errors(page: &mut Page, meter: &RequestMeter) {
    let mut samples = page.family(&catalogue::ERRORS);
    for (family, errors) in [("cos", &meter.cos_errors), ("api", &meter.api_errors)] {
        for code in ErrorCode::ALL {
            if errors.of(*code) > 0 {
                samples.add(&[family, code.name()], errors.of(*code));
            }
        }
    }
}

fn decisions(page: &mut Page, meter: &RequestMeter) {
    let mut samples = page.family(&catalogue::DECISIONS);
    for (layer, [allowed, refused]) in meter.decisions.sorted() {
        for (outcome, count) in [("allowed", allowed), ("refused", refused)] {
            if count.value() > 0 {
                samples.add(&[outcome, layer], count.value());
            }
        }
    }
    // Who was refused for this is among the errors already: nothing is counted twice on the way of a request.
    let of = |code| {
        meter
            .cos_errors
            .of(code)
            .saturating_add(meter.api_errors.of(code))
    };
    let mut samples = page.family(&catalogue::SIGNATURE_FAILURES);
    for (reason, code) in SIGNATURE_FAILURES {
        samples.add(&[reason], of(code));
    }
    let mut samples = page.family(&catalogue::TOKENS_REFUSED);
    for (reason, code) in TOKENS_REFUSED {
        samples.add(&[reason], of(code));
    }
}

fn connections(page: &mut Page, metrics: &Metrics) {
    page.family(&catalogue::CONNECTIONS_LIMIT)
        .add(&[], metrics.connections_limit);
    let listeners: [(&str, &ListenerMeter); 3] = [
        ("http", &metrics.listeners.http),
        ("https", &metrics.listeners.https),
        ("console", &metrics.listeners.console),
    ];
    let mut samples = page.family(&catalogue::CONNECTIONS_OPEN);
    for (name, meter) in listeners {
        samples.add(&[name], meter.open.value());
    }
    let mut samples = page.family(&catalogue::CONNECTIONS_ACCEPTED);
    for (name, meter) in listeners {
        samples.add(&[name], meter.accepted.value());
    }
    let mut samples = page.family(&catalogue::CONNECTIONS_REFUSED);
    for (name, meter) in listeners {
        samples.add(&[name, "address_limit"], meter.over_address_limit.value());
        samples.add(&[name, "failed"], meter.failed.value());
    }
    let mut samples = page.family(&catalogue::HANDSHAKES_FAILED);
    samples.add(&["https"], metrics.listeners.https.handshakes_failed.value());
    let mut samples = page.family(&catalogue::HEADS_UNREADABLE);
    for (name, meter) in listeners {
        samples.add(&[name], meter.heads_unreadable.value());
    }
    let mut samples = page.family(&catalogue::RECEIVED);
    for (name, meter) in listeners {
        samples.add(&[name], meter.received.value());
    }
    let mut samples = page.family(&catalogue::SENT);
    for (name, meter) in listeners {
        samples.add(&[name], meter.sent.value());
    }
}

fn engines(page: &mut Page, metrics: &Metrics) {
    let (kv, blobs) = (&metrics.kv, &metrics.blobs);
    page.family(&catalogue::KV_BATCHES).add(&[], kv.batches());
    page.family(&catalogue::KV_FLUSHES).add(&[], kv.flushes());
    let groups = kv.groups();
    let mut sum = 0_u64;
    let classes = groups.iter().filter_map(|(bound, count)| {
        sum = sum.saturating_add(*count);
        bound.map(|bound| (bound.to_string(), sum))
    });
    let classes: Vec<_> = classes.collect();
    page.family(&catalogue::KV_GROUPS)
        .add_histogram(&classes, sum, kv.batches());
    page.family(&catalogue::BLOB_WRITES)
        .add(&[], blobs.writes.value());
    page.family(&catalogue::BLOB_WRITTEN)
        .add(&[], blobs.written_bytes.value());
    page.family(&catalogue::BLOB_READS).add(&[], blobs.reads.value());
    page.family(&catalogue::BLOB_READ)
        .add(&[], blobs.read_bytes.value());
    page.family(&catalogue::BLOB_CHECKSUM_FAILURES)
        .add(&[], blobs.checksum_failures.value());
}

fn sweep(page: &mut Page, metrics: &Metrics) {
    let sweep = &metrics.sweep;
    page.family(&catalogue::SWEEP_LAST)
        .add(&[], sweep.last_millis.value() as f64 / 1e3);
    page.family(&catalogue::SWEEP_DURATION)
        .add(&[], sweep.last_micros.value() as f64 / 1e6);
    for (family, counter) in [
        (&catalogue::SWEEPS_FAILED, &sweep.failed),
        (&catalogue::SWEEP_STEP_FAILURES, &sweep.step_failures),
        (&catalogue::SWEEP_INTENTS, &sweep.intents),
        (&catalogue::SWEEP_RELEASED, &sweep.released),
        (&catalogue::SWEEP_MARKED, &sweep.marked),
        (&catalogue::SWEEP_REMOVED, &sweep.removed),
        (&catalogue::SWEEP_FREED, &sweep.freed_bytes),
    ] {
        page.family(family).add(&[], counter.value());
    }
}

fn process(page: &mut Page, metrics: &Metrics) {
    let Process {
        resident_bytes,
        open_descriptors,
        most_descriptors,
    } = Process::now();
    let seconds = |moment: Timestamp| moment.unix_millis() as f64 / 1e3;
    page.family(&catalogue::START).add(&[], seconds(metrics.started));
    for (family, value) in [
        (&catalogue::MEMORY, resident_bytes),
        (&catalogue::OPEN_FDS, open_descriptors),
        (&catalogue::MAX_FDS, most_descriptors),
    ] {
        let mut samples = page.family(family);
        if let Some(value) = value {
            samples.add(&[], value);
        }
    }
}
