//! Test support: a whole server on a free port, over a fresh data directory, by a clock that the test sets.
//!
//! For tests only; no crate depends on it otherwise. What fails here fails the test, by panicking.

#![expect(clippy::expect_used, reason = "a test may fail by panicking")]

use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use daypass_api::Timestamp;
use daypass_api::names::{Account, AppId, Region, Uin};
use daypass_api::secret::SecretKey;
use daypass_server::{
    AuditConfig, Clock, Config, EdgeLimits, ExplainConfig, Ground, RootSeed, Server, StartError,
};
use daypass_tls::TlsConfig;
use tempfile::TempDir;

/// Key id of the test server's root account.
pub const ROOT_SECRET_ID: &str = "AKIDtestkitROOT0123456789abcdefghijk";
/// Secret of the test server's root account.
pub const ROOT_SECRET_KEY: &str = "n5XkQ0dTz8VwLr2mB7cYpA4sHg9uEj1f";

/// A clock that stands where the test puts it.
#[derive(Debug)]
pub struct SetClock(AtomicI64);

impl SetClock {
    /// A clock that stands at this moment.
    pub fn at(now: Timestamp) -> Self {
        Self(AtomicI64::new(now.unix_millis()))
    }

    /// Moves the clock on.
    pub fn advance_seconds(&self, seconds: i64) {
        self.0.fetch_add(seconds * 1000, Ordering::SeqCst);
    }
}

impl Clock for SetClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_unix_millis(self.0.load(Ordering::SeqCst))
    }
}

/// A running server with a data directory of its own.
pub struct TestServer {
    server: Server,
    /// Its clock, which starts at the present.
    pub clock: Arc<SetClock>,
    data: TempDir,
}

impl TestServer {
    /// Starts a server with usual limits.
    pub async fn start() -> Self {
        Self::with_limits(EdgeLimits::default()).await
    }

    /// Starts a server with these limits.
    pub async fn with_limits(limits: EdgeLimits) -> Self {
        let started = Self::with(|config| config.limits = limits).await;
        started.expect("the server starts")
    }

    /// Starts a server whose settings the test changes first.
    pub async fn with(change: impl FnOnce(&mut Config)) -> Result<Self, StartError> {
        Self::on(change, Ground::default()).await
    }

    /// As [`TestServer::with`], on this ground.
    pub async fn on(change: impl FnOnce(&mut Config), ground: Ground) -> Result<Self, StartError> {
        let data = tempfile::tempdir().expect("a temporary directory can be made");
        let clock = Arc::new(SetClock::at(daypass_server::SystemClock.now()));
        let mut config = config(&data, EdgeLimits::default());
        change(&mut config);
        let server = Server::start_on(config, Arc::clone(&clock) as Arc<dyn Clock>, ground).await?;
        Ok(Self { server, clock, data })
    }

    /// Starts a server that also listens for HTTPS, with the certificate and the key in these files.
    pub async fn with_tls(certificate: PathBuf, key: PathBuf) -> Self {
        let started = Self::with(|config| {
            config.tls = Some(TlsConfig {
                listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
                certificate,
                key,
                reload_every: TlsConfig::RELOAD_EVERY,
            });
        });
        started.await.expect("the server starts")
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.server.address()
    }

    /// Where it listens for HTTPS, if it was told to.
    pub fn tls_address(&self) -> Option<SocketAddr> {
        self.server.tls_address()
    }

    /// Where it listens for its operator, if it was told to.
    pub fn console_address(&self) -> Option<SocketAddr> {
        self.server.console_address()
    }

    /// Its data directory.
    pub fn data(&self) -> PathBuf {
        self.data.path().join("data")
    }

    /// Stops it and starts it again on the same data.
    pub async fn restart(self) -> Self {
        let Self { server, clock, data } = self;
        server.stop().await.expect("the server stops");
        let config = config(&data, EdgeLimits::default());
        let server = Server::start_at(config, Arc::clone(&clock) as Arc<dyn Clock>).await;
        Self {
            server: server.expect("the server starts again"),
            clock,
            data,
        }
    }

    /// Stops it in good order.
    pub async fn stop(self) {
        self.server.stop().await.expect("the server stops");
    }
}

fn config(data: &TempDir, limits: EdgeLimits) -> Config {
    Config {
        data: data.path().join("data"),
        listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
        tls: None,
        console_listen: None,
        console_origins: Vec::new(),
        console_api: None,
        hosts: Vec::new(),
        trusted_proxies: Vec::new(),
        region: Region::parse("ap-guangzhou").expect("it is a region"),
        min_session_seconds: 1800,
        web_identity_requests_per_second: daypass_server::DEFAULT_WEB_IDENTITY_REQUESTS_PER_SECOND,
        federation_allow_private: true,
        strict_policies: false,
        sts_requests_per_second: 1_000_000,
        master_key: None,
        previous_master_key: None,
        root: RootSeed {
            account: Account {
                app_id: AppId(1_250_000_000),
                owner_uin: Uin(100_000_000_001),
            },
            secret_id: Some(ROOT_SECRET_ID.to_owned()),
            secret_key: Some(SecretKey::new(ROOT_SECRET_KEY.to_owned())),
        },
        audit: AuditConfig::default(),
        explain: ExplainConfig::default(),
        limits,
        metadata_cache_bytes: Config::METADATA_CACHE_BYTES,
    }
}
