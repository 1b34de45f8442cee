//! What the server is told: one structure, built once by the program, handed down by parts.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;

use daypass_api::names::{Account, Region};
use daypass_api::secret::{SecretKey, SecretText};
pub use daypass_audit::writer::OnLoss;
use daypass_audit::writer::Pace;
use daypass_audit::{Disk, SystemDisk};
use daypass_blob::Blobs;
use daypass_kv::Kv;
use daypass_kv::redb::RedbOptions;
use daypass_tls::TlsConfig;

pub use crate::edge::limits::EdgeLimits;
use crate::host_name::HostName;
use crate::origin::Origin;
use crate::proxies::TrustedProxy;

/// Requests to the token service in a second that an account may make unless told otherwise: more than one machine
/// answers, so that only what has run wild meets it. The original allows 600.
pub const DEFAULT_STS_REQUESTS_PER_SECOND: u32 = 100_000;

/// Requests for keys on the word of identity providers in a second that an address may make unless told otherwise;
/// about one provider it is ten times as many from all addresses together.
pub const DEFAULT_WEB_IDENTITY_REQUESTS_PER_SECOND: u32 = 100;

/// Settings of a server.
#[derive(Clone, Debug)]
pub struct Config {
    /// The data directory; made when it is not there.
    pub data: PathBuf,
    /// Where to listen for HTTP; port 0 picks a free one.
    pub listen: SocketAddr,
    /// HTTPS; none when only HTTP is served.
    pub tls: Option<TlsConfig>,
    /// Where to listen for whoever operates the server: the console, figures and probes; none when it does not.
    pub console_listen: Option<SocketAddr>,
    /// Origins that the console is opened from, beside that of the address that it listens on.
    pub console_origins: Vec<Origin>,
    /// Where the console's pages find the store; otherwise where it listens.
    pub console_api: Option<Origin>,
    /// Host names beside those that are always known; buckets stand before each of them.
    pub hosts: Vec<HostName>,
    /// Proxies whose word on where a request comes from is believed.
    pub trusted_proxies: Vec<TrustedProxy>,
    /// The region that the server's buckets are in.
    pub region: Region,
    /// Shortest life of a temporary key that may be asked for, in seconds.
    pub min_session_seconds: i64,
    /// Whether a temporary key is refused when a finding of severity E is made about its policy.
    pub strict_policies: bool,
    /// Requests to the token service that one account may make in a second.
    pub sts_requests_per_second: u32,
    /// Requests for keys on the word of identity providers that one address may make in a second.
    pub web_identity_requests_per_second: u32,
    /// Whether the issuers of identity providers may be at private addresses, and without HTTPS.
    pub federation_allow_private: bool,
    /// The master key as text; without it the file in the data directory counts, made when it is not there.
    pub master_key: Option<SecretText>,
    /// The master key that `master_key` takes the place of: everything is wrapped anew before requests are answered.
    pub previous_master_key: Option<SecretText>,
    /// The root account to make on an empty data directory.
    pub root: RootSeed,
    /// The audit trail.
    pub audit: AuditConfig,
    /// What is kept of refused requests, to explain them.
    pub explain: ExplainConfig,
    /// Bounds of the edge.
    pub limits: EdgeLimits,
    /// The memory for pages of the metadata.
    pub metadata_cache_bytes: usize,
}

impl Config {
    /// The memory for pages of the metadata where nobody says how much.
    pub const METADATA_CACHE_BYTES: usize = RedbOptions::CACHE_BYTES;
}

/// Where the audit trail is, how long it is kept, and what counts more: the trail or the service.
#[derive(Clone, Debug)]
pub struct AuditConfig {
    /// Its directory; without one, `audit` in the data directory.
    pub directory: Option<PathBuf>,
    /// Most bytes of it; the oldest segments are removed.
    pub max_bytes: u64,
    /// Days after which a segment is removed.
    pub max_age_days: u64,
    /// What happens to requests while it cannot be written.
    pub on_loss: OnLoss,
}

impl Default for AuditConfig {
    fn default() -> Self {
        Self {
            directory: None,
            max_bytes: 10 * 1024 * 1024 * 1024,
            max_age_days: 180,
            on_loss: OnLoss::Refuse,
        }
    }
}

/// How long it is kept why requests were refused, and what else is kept.
#[derive(Clone, Debug)]
pub struct ExplainConfig {
    /// Most bytes of it; the oldest goes first.
    pub max_bytes: u64,
    /// Days after which it is removed.
    pub max_age_days: u64,
    /// Whether requests that were allowed are kept, too.
    pub record_allowed: bool,
    /// Whether whoever is refused is told why, at once: for development, on loopback addresses only.
    pub danger_on_wire: bool,
}

impl Default for ExplainConfig {
    fn default() -> Self {
        Self {
            max_bytes: 64 * 1024 * 1024,
            max_age_days: 7,
            record_allowed: false,
            danger_on_wire: false,
        }
    }
}

/// What a server stands on beside its settings. A test's disk can fail, and its engines can carry several servers.
pub struct Ground {
    /// What the audit trail is written to.
    pub audit_disk: Box<dyn Disk>,
    /// What waits for it; there is always room for every request in flight, and as many records.
    pub audit_pace: Pace,
    /// The engines; without them, those in the data directory.
    pub engines: Option<Engines>,
}

/// Engines that are open. Whoever opened them may give them to several servers, each a gateway to the same store.
#[derive(Clone)]
pub struct Engines {
    /// What keeps the metadata.
    pub kv: Arc<dyn Kv>,
    /// What keeps the bytes of objects.
    pub blobs: Arc<dyn Blobs>,
}

impl Default for Ground {
    fn default() -> Self {
        Self {
            audit_disk: Box::new(SystemDisk),
            audit_pace: Pace::default(),
            engines: None,
        }
    }
}

/// The root account of a new data directory. On one that is not new it is not looked at.
#[derive(Clone, Debug)]
pub struct RootSeed {
    /// Its numbers.
    pub account: Account,
    /// Its key id; generated when there is none.
    pub secret_id: Option<String>,
    /// Its secret; generated when there is none.
    pub secret_key: Option<SecretKey>,
}

#[cfg(test)]
mod tests {
    use daypass_api::names::{AppId, Uin};

    use super::*;

    #[test]
    fn a_root_to_make_shows_no_secret() {
        let seed = RootSeed {
            account: Account {
                app_id: AppId(1),
                owner_uin: Uin(2),
            },
            secret_id: None,
            secret_key: Some(SecretKey::new("canary".to_owned())),
        };
        assert!(!format!("{seed:?}").contains("canary"));
    }
}
