//! Everything that requests share.

use std::sync::Arc;

use daypass_api::names::{AccessKeyId, Account, Region, RoleId, Uin};
use daypass_audit::writer::Writer;
use daypass_dialect::site::SiteConfig;
use daypass_store::Store;

use crate::bootstrap::StoredRing;
use crate::clock::{Clock, SystemRandom};
use crate::compiled::CompiledPolicies;
use crate::console_origin::ConsoleOrigin;
use crate::edge::allowance::Patience;
use crate::edge::header_case::HeaderCase;
use crate::explain::Explanations;
use crate::identify::{IdentityCache, Known};
use crate::judgements::Judgements;
use crate::key_ring::KeyRingKeeper;
use crate::last_uses::LastUses;
use crate::master_key::Masters;
use crate::metrics::Metrics;
use crate::proxies::TrustedProxy;
use crate::rate::{Asker, RateLimit};
use crate::revocations::Revocations;
use crate::roles::KnownRole;
use crate::trail_reader::TrailReader;
use crate::web_identity::Federation;

/// What a request needs beside itself.
pub(crate) struct Service {
    pub(crate) audit: Writer,
    /// What lists of sessions, and searches, are read from.
    pub(crate) trail: TrailReader,
    pub(crate) explanations: Explanations,
    /// Where the console's pages are from; none when there is no console.
    pub(crate) console: Option<ConsoleOrigin>,
    pub(crate) store: Store,
    pub(crate) masters: Arc<Masters>,
    pub(crate) key_ring: Arc<KeyRingKeeper>,
    pub(crate) last_uses: LastUses,
    pub(crate) identities: IdentityCache<AccessKeyId, Known>,
    pub(crate) roles: IdentityCache<(Uin, RoleId), KnownRole>,
    pub(crate) revocations: Revocations,
    pub(crate) policies: CompiledPolicies,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) random: SystemRandom,
    pub(crate) region: Region,
    /// Proxies whose word on where a request comes from is believed.
    pub(crate) trusted_proxies: Vec<TrustedProxy>,
    /// The account that operates the store.
    pub(crate) operator: Account,
    pub(crate) sites: SiteConfig,
    /// Names under which clients may have signed the host.
    pub(crate) names: Vec<String>,
    pub(crate) header_case: HeaderCase,
    pub(crate) patience: Patience,
    pub(crate) metrics: Metrics,
    pub(crate) min_session_seconds: i64,
    pub(crate) judgements: Judgements,
    pub(crate) sts_rate: RateLimit<Asker>,
    pub(crate) federation: Federation,
}

impl Service {
    /// The key ring as it is now.
    pub(crate) fn ring(&self) -> Arc<StoredRing> {
        self.key_ring.current()
    }
}
