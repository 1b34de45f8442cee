//! Every figure that the server tells, with its text: the list that the page is written from, and docs/metrics.md too.

/// Figures of one name.
#[derive(Debug)]
pub(super) struct Family {
    pub(super) name: &'static str,
    pub(super) kind: Kind,
    pub(super) help: &'static str,
    pub(super) labels: &'static [Label],
}

/// How figures of a family behave.
#[derive(Clone, Copy, Debug)]
pub(super) enum Kind {
    /// It only grows, until a restart.
    Counter,
    /// It goes up and down.
    Gauge,
    /// Counts by size, with their sum.
    Histogram,
}

impl Kind {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Counter => "counter",
            Self::Gauge => "gauge",
            Self::Histogram => "histogram",
        }
    }
}

/// What tells the samples of a family apart.
#[derive(Debug)]
pub(super) struct Label {
    pub(super) name: &'static str,
    #[cfg_attr(not(test), expect(dead_code, reason = "the documentation is made from it"))]
    pub(super) means: &'static str,
}

macro_rules! families {
    ($($constant:ident = $name:literal, $kind:ident, $help:literal, [$($label:expr),*];)+) => {
        $(pub(super) static $constant: Family = Family {
            name: $name,
            kind: Kind::$kind,
            help: $help,
            labels: &[$($label),*],
        };)+

        /// All of them, in the order of the page.
        #[cfg(test)]
        static ALL: &[&Family] = &[$(&$constant),+];
    };
}

const LISTENER: Label = Label {
    name: "listener",
    means: "`http`, `https` or `console`",
};
const FAMILY: Label = Label {
    name: "family",
    means: "`cos` (object store), `sts`, `cam`, `api` (a call of STS or CAM that was refused before it was read), `probe`",
};
const ACTION: Label = Label {
    name: "action",
    means: "what was asked, as policies name it; `unread` when the request was refused before that was known",
};
const METHOD: Label = Label {
    name: "method",
    means: "the HTTP method; `other` for unusual ones",
};
const STATUS: Label = Label {
    name: "status",
    means: "`1xx` to `5xx`",
};
const CODE: Label = Label {
    name: "code",
    means: "the name of the error in `crates/api/src/error.rs`",
};
const LAYER: Label = Label {
    name: "layer",
    means: "the layer of permissions: `root`, `identity`, `session`, `bucket_policy`, `acl`, `public`, …; `none` when nothing spoke",
};
const OUTCOME: Label = Label {
    name: "outcome",
    means: "`allowed`, or `refused`, also for some items of a batch only",
};
const REASON_SIG: Label = Label {
    name: "reason",
    means: "what was wrong",
};
const REASON_TOK: Label = Label {
    name: "reason",
    means: "`invalid`, `expired` or `revoked`",
};
const REASON_CONN: Label = Label {
    name: "reason",
    means: "`address_limit`: its address had as many as one may have; `failed`: the system could not accept it",
};
const CACHE: Label = Label {
    name: "cache",
    means: "`identity` (access keys with their policies), `policy` (compiled policies) or `token` (opened tokens)",
};
const RESULT: Label = Label {
    name: "result",
    means: "`hit` or `miss`",
};
const JUDGED: Label = Label {
    name: "result",
    means: "`known` (judged before), `made`, or `skipped`: not judged, because there was too much to do and it was for the audit trail alone",
};
const VERSION: Label = Label {
    name: "version",
    means: "of the program",
};

families! {
    BUILD = "daypass_build_info", Gauge, "Always 1; the label tells the version.", [VERSION];
    REQUESTS = "daypass_requests_total", Counter, "Requests that were answered.", [FAMILY, ACTION, METHOD, STATUS];
    ERRORS = "daypass_request_errors_total", Counter, "Requests that were refused or failed, by error.", [FAMILY, CODE];
    DURATIONS = "daypass_request_duration_seconds", Histogram, "Time from the head of a request to the head of its answer, the body of an upload included.", [FAMILY, ACTION];
    DECISIONS = "daypass_decisions_total", Counter, "Decisions, by the layer that decided: the first that allowed, or the one that refused.", [OUTCOME, LAYER];
    SIGNATURE_FAILURES = "daypass_signature_failures_total", Counter, "Requests whose signature was refused.", [REASON_SIG];
    TOKENS_REFUSED = "daypass_tokens_refused_total", Counter, "Requests with a session token that was refused.", [REASON_TOK];
    KEYS_MINTED = "daypass_temporary_keys_minted_total", Counter, "Temporary keys that were issued.", [];
    EPOCH_AGE = "daypass_key_ring_epoch_age_seconds", Gauge, "Age of the key that seals session tokens; a new one comes every day.", [];
    KEY_RING_OPEN = "daypass_key_ring_open", Gauge, "1 while the stored key ring opens under a master key that this gateway has, else 0: then it refuses every signed request.", [];
    CACHE_LOOKUPS = "daypass_cache_lookups_total", Counter, "Look-ups in the caches of the request path.", [CACHE, RESULT];
    CONNECTIONS_LIMIT = "daypass_connections_limit", Gauge, "Most connections at once, HTTP and HTTPS together.", [];
    CONNECTIONS_OPEN = "daypass_connections_open", Gauge, "Connections that are open.", [LISTENER];
    CONNECTIONS_ACCEPTED = "daypass_connections_accepted_total", Counter, "Connections that were accepted and served.", [LISTENER];
    CONNECTIONS_REFUSED = "daypass_connections_refused_total", Counter, "Connections that were closed before a byte was read, or could not be accepted.", [LISTENER, REASON_CONN];
    HANDSHAKES_FAILED = "daypass_tls_handshakes_failed_total", Counter, "TLS handshakes that did not succeed, or took too long.", [LISTENER];
    HEADS_UNREADABLE = "daypass_unreadable_heads_total", Counter, "Requests whose head is not HTTP/1 or is too large; they have no request id.", [LISTENER];
    RECEIVED = "daypass_network_receive_bytes_total", Counter, "Bytes received on connections, inside TLS as sent.", [LISTENER];
    SENT = "daypass_network_transmit_bytes_total", Counter, "Bytes sent on connections, inside TLS as sent.", [LISTENER];
    KV_BATCHES = "daypass_kv_batches_total", Counter, "Batches that the key-value engine was given.", [];
    KV_FLUSHES = "daypass_kv_flushes_total", Counter, "Transactions that the key-value engine made durable.", [];
    KV_GROUPS = "daypass_kv_batches_per_group", Histogram, "Batches that one transaction of the key-value engine took together.", [];
    BLOB_WRITES = "daypass_blob_writes_total", Counter, "Blobs that were written and made durable.", [];
    BLOB_WRITTEN = "daypass_blob_written_bytes_total", Counter, "Bytes of these blobs.", [];
    BLOB_READS = "daypass_blob_reads_total", Counter, "Reads of a range of a blob that were begun.", [];
    BLOB_READ = "daypass_blob_read_bytes_total", Counter, "Verified bytes that these reads gave.", [];
    BLOB_CHECKSUM_FAILURES = "daypass_blob_checksum_failures_total", Counter, "Reads that met bytes on disk that are not what was written.", [];
    SWEEP_LAST = "daypass_sweep_last_run_timestamp_seconds", Gauge, "When the last sweep ended; 0 before the first.", [];
    SWEEP_DURATION = "daypass_sweep_last_duration_seconds", Gauge, "How long the last sweep took.", [];
    SWEEPS_FAILED = "daypass_sweeps_failed_total", Counter, "Sweeps that ended early.", [];
    SWEEP_STEP_FAILURES = "daypass_sweep_step_failures_total", Counter, "Single steps of sweeps that failed and will be tried again.", [];
    SWEEP_INTENTS = "daypass_sweep_stale_intents_total", Counter, "Uploads that were taken for dead because they neither finished nor failed in time.", [];
    SWEEP_RELEASED = "daypass_sweep_references_released_total", Counter, "Batches of references of replaced or aborted contents that were removed.", [];
    SWEEP_MARKED = "daypass_sweep_blobs_marked_total", Counter, "Blobs that were marked dead because nothing refers to them.", [];
    SWEEP_REMOVED = "daypass_sweep_blobs_removed_total", Counter, "Dead blobs that were removed from the disk.", [];
    SWEEP_FREED = "daypass_sweep_freed_bytes_total", Counter, "Bytes of the removed blobs.", [];
    AUDIT_WRITTEN = "daypass_audit_records_written_total", Counter, "Records of requests that the audit trail's disk has taken.", [];
    AUDIT_LOST = "daypass_audit_records_lost_total", Counter, "Records of requests that could not be written; the trail says so where they are missing.", [];
    AUDIT_FAILURES = "daypass_audit_failures_total", Counter, "Attempts to write the audit trail, to flush it or to remove what is old that failed.", [];
    AUDIT_WAITING = "daypass_audit_queue_records", Gauge, "Records that wait to be written.", [];
    AUDIT_WRITABLE = "daypass_audit_writable", Gauge, "1 while the audit trail can be written, else 0.", [];
    EXPLAIN_KEPT = "daypass_explanations_kept_total", Counter, "Requests of which it is kept why they were answered so.", [];
    EXPLAIN_DROPPED = "daypass_explanations_dropped_total", Counter, "Refused requests that stay unexplained, because too many came at once or there was too much to tell.", [];
    EXPLAIN_FAILED = "daypass_explanations_failed_total", Counter, "Explanations that could not be written to the disk.", [];
    JUDGEMENTS = "daypass_policy_judgements_total", Counter, "Policies of temporary keys that were to be judged when the keys were minted.", [JUDGED];
    POLICIES_REFUSED = "daypass_policies_refused_total", Counter, "Temporary keys that were refused for their policies, with `--strict-policies`.", [];
    START = "process_start_time_seconds", Gauge, "When the server started, in seconds since 1970.", [];
    MEMORY = "process_resident_memory_bytes", Gauge, "Memory of the process that is in RAM.", [];
    OPEN_FDS = "process_open_fds", Gauge, "File descriptors that are open.", [];
    MAX_FDS = "process_max_fds", Gauge, "File descriptors that may be open.", [];
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// The names of all families, in their order, with those of their labels.
    pub(in crate::metrics) fn names() -> Vec<(&'static str, &'static str, Vec<&'static str>)> {
        let labels = |family: &Family| family.labels.iter().map(|label| label.name).collect();
        ALL.iter()
            .map(|family| (family.name, family.kind.name(), labels(family)))
            .collect()
    }

    /// docs/metrics.md as it should be.
    fn documentation() -> String {
        let mut text = String::from(INTRODUCTION);
        for family in ALL {
            let Family { name, kind, help, .. } = family;
            text.push_str(&format!("\n### `{name}`\n\n{}. {help}\n", kind.name()));
            if !family.labels.is_empty() {
                text.push('\n');
            }
            for label in family.labels {
                text.push_str(&format!("- `{}`: {}\n", label.name, label.means));
            }
        }
        text
    }

    const INTRODUCTION: &str = "\
# Metrics

`daypass serve --console-listen 127.0.0.1:9090` serves `GET /metrics` in the text format of Prometheus, version 0.0.4.
No label ever carries the name of a bucket, an object, a key or a user, so the number of series is bounded by the
program. A series appears when there is something to tell of it. Counters begin at 0 with the process.

Worth an alert: `daypass_blob_checksum_failures_total` above 0, `daypass_sweep_last_run_timestamp_seconds` older than
minutes, `daypass_key_ring_epoch_age_seconds` above two days, `daypass_key_ring_open` at 0, `daypass_connections_open` near
`daypass_connections_limit`, requests with the status `5xx`.

<!-- Made from crates/server/src/metrics/catalogue.rs, whose test prints this page when it is not current. -->

## What is there
";

    #[test]
    fn the_documentation_is_current() {
        let written = include_str!("../../../../docs/metrics.md");
        let made = documentation();
        assert!(written == made, "docs/metrics.md should be:\n{made}");
    }

    #[test]
    fn names_follow_the_conventions() {
        let is_name = |text: &str| {
            text.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_') && !text.starts_with('_')
        };
        for family in ALL {
            let Family { name, kind, help, .. } = family;
            assert!(is_name(name) && !help.is_empty(), "{name}");
            assert_eq!(name.ends_with("_total"), matches!(kind, Kind::Counter), "{name}");
            for label in family.labels {
                assert!(is_name(label.name) && !label.means.is_empty(), "{name}");
                assert!(!["le", "quantile"].contains(&label.name), "{name}");
            }
        }
        let mut names: Vec<_> = names().iter().map(|(name, ..)| *name).collect();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), ALL.len());
    }
}
