//! The server: listener, request path, configuration, clock and randomness, background work.
//!
//! Rules that can be tested without a socket live in the crates below; here they are joined. Open `path.rs` first: it
//! holds the way of a request as one function.

mod analyses;
mod audit;
mod audit_search;
mod background;
mod batch_delete;
mod bootstrap;
mod bounded;
mod clock;
mod compiled;
mod config;
mod console;
mod console_origin;
mod cross_origin;
mod data_directory;
mod descriptors;
mod document;
mod edge;
mod explain;
mod family;
mod form;
mod gather;
mod health;
mod host_name;
mod identify;
mod judgements;
mod key_ring;
mod last_uses;
mod master_key;
mod metrics;
mod opened_tokens;
mod origin;
mod path;
mod perform;
mod perform_identity;
mod private_file;
mod proxies;
mod rate;
mod received;
mod reply;
mod revocations;
mod roles;
mod secrets_at_rest;
mod service;
mod sessions;
mod start_error;
pub mod tls;
mod trail_reader;
mod web_identity;

use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;
use std::sync::Arc;

use daypass_api::names::{Account, Region};
use daypass_audit::writer::{Pace, Setup, Writer};
use daypass_audit::{AuditError, Disk, Options};
use daypass_dialect::cos;
use daypass_dialect::site::SiteConfig;
use daypass_door::{Crowd, Door, Socket};
use tokio::sync::{Semaphore, watch};
use tokio::task::JoinHandle;

pub use clock::{Clock, SystemClock};
pub use config::{
    AuditConfig, Config, DEFAULT_STS_REQUESTS_PER_SECOND, DEFAULT_WEB_IDENTITY_REQUESTS_PER_SECOND,
    EdgeLimits, Engines, ExplainConfig, Ground, OnLoss, RootSeed,
};
pub use data_directory::DataDirectory;
pub use host_name::{BadHostName, HostName};
pub use origin::{BadOrigin, Origin};
pub use proxies::{BadTrustedProxy, TrustedProxy};
pub use secrets_at_rest::GivenKeys;
pub use start_error::StartError;

use clock::SystemRandom;
use console_origin::ConsoleOrigin;
use edge::allowance::Patience;
use edge::header_case::HeaderCase;
use explain::Explanations;
use judgements::Judgements;
use key_ring::KeyRingKeeper;
use metrics::{ListenerMeter, Metrics};
use rate::RateLimit;
use service::Service;
use trail_reader::TrailReader;
use web_identity::Federation;

/// A running server.
pub struct Server {
    service: Arc<Service>,
    account: Account,
    address: SocketAddr,
    tls_address: Option<SocketAddr>,
    console_address: Option<SocketAddr>,
    stop: watch::Sender<bool>,
    tasks: Vec<JoinHandle<()>>,
}

impl Server {
    /// Opens the data directory and serves it; returns when requests are answered.
    pub async fn start(config: Config) -> Result<Self, StartError> {
        Self::start_at(config, Arc::new(SystemClock)).await
    }

    /// As [`Server::start`], by this clock.
    pub async fn start_at(config: Config, clock: Arc<dyn Clock>) -> Result<Self, StartError> {
        Self::start_on(config, clock, Ground::default()).await
    }

    /// As [`Server::start_at`], on this ground.
    pub async fn start_on(config: Config, clock: Arc<dyn Clock>, ground: Ground) -> Result<Self, StartError> {
        let random = SystemRandom;
        check_explanations(&config)?;
        // What is told wrongly is found out before anything is made.
        let secure = match &config.tls {
            Some(tls) => Some(Socket::secure(tls, clock.now()).await?),
            None => None,
        };
        let connections = descriptors::make_room(config.limits.connections);
        let limits = EdgeLimits {
            connections,
            ..config.limits
        };
        let foundation = bootstrap::open(&config, ground.engines, clock.now(), random).await?;
        let plain = Socket::plain(config.listen).await?;
        let address = plain.address();
        let console = match config.console_listen {
            Some(console) => Some(Socket::plain(console).await?),
            None => None,
        };
        let tls_address = secure.as_ref().map(Socket::address);
        let addresses: Vec<SocketAddr> = [Some(address), tls_address].into_iter().flatten().collect();
        let console_address = console.as_ref().map(Socket::address);
        let hosts: Vec<String> = config.hosts.iter().map(ToString::to_string).collect();
        let console_origin = console_address.map(|console| {
            let api = config.console_api.clone().unwrap_or_else(|| Origin::of(address));
            ConsoleOrigin::new(console, &config.console_origins, api)
        });
        let (blobs, kv) = (foundation.blobs, foundation.kv);
        let audit = open_audit(&config, &clock, random, ground.audit_disk, ground.audit_pace)?;
        let masters = Arc::new(foundation.masters);
        let key_ring = KeyRingKeeper::new(
            foundation.store.clone(),
            Arc::clone(&masters),
            random,
            foundation.ring,
        );
        let trail = TrailReader::new(audit_directory(&config));
        let explanations = Explanations::open(config.explain, &DataDirectory::new(&config.data))
            .map_err(StartError::Explain)?;
        let service = Arc::new(Service {
            audit,
            explanations,
            store: foundation.store,
            trail,
            console: console_origin,
            masters,
            key_ring: Arc::new(key_ring),
            identities: Default::default(),
            last_uses: Default::default(),
            roles: Default::default(),
            revocations: Default::default(),
            policies: Default::default(),
            metrics: Metrics::new(blobs, kv, clock.now(), connections),
            sts_rate: RateLimit::new(config.sts_requests_per_second),
            federation: Federation::new(
                config.federation_allow_private,
                config.web_identity_requests_per_second,
            ),
            clock,
            random,
            sites: SiteConfig::new(config.region.clone(), &ips(&addresses), &hosts),
            region: config.region,
            operator: foundation.account,
            trusted_proxies: config.trusted_proxies,
            names: addresses.iter().map(SocketAddr::to_string).chain(hosts).collect(),
            header_case: HeaderCase::learn(cos::HEADER_NAMES)
                .await
                .map_err(StartError::Http)?,
            patience: Patience {
                longest: limits.body_timeout,
                bytes_per_second: limits.body_bytes_per_second,
            },
            min_session_seconds: config.min_session_seconds,
            judgements: Judgements::new(config.strict_policies),
        });
        service.read_revocations().await.map_err(StartError::Store)?;
        let (stop, stopped) = watch::channel(false);
        let doors = Doors {
            plain,
            secure,
            console,
        };
        let tasks = spawn(&service, doors, limits, &stopped);
        Ok(Self {
            service,
            account: foundation.account,
            address,
            tls_address,
            console_address,
            stop,
            tasks,
        })
    }

    /// Where it listens for HTTP.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Where it listens for HTTPS, if it does.
    pub fn tls_address(&self) -> Option<SocketAddr> {
        self.tls_address
    }

    /// Where it listens for its operator, if it does.
    pub fn console_address(&self) -> Option<SocketAddr> {
        self.console_address
    }

    /// Its root account.
    pub fn account(&self) -> Account {
        self.account
    }

    /// The region of its buckets.
    pub fn region(&self) -> &Region {
        &self.service.region
    }

    /// Finishes what is in flight, refuses what is new, and closes the store.
    pub async fn stop(self) -> Result<(), StartError> {
        self.stop.send_replace(true);
        for task in self.tasks {
            if let Err(error) = task.await {
                tracing::error!(%error, "a task of the server did not end well");
            }
        }
        self.service.write_last_uses().await;
        let service = Arc::clone(&self.service);
        let audit = tokio::task::spawn_blocking(move || {
            service.explanations.stop();
            service.audit.stop()
        });
        let audit = audit.await;
        self.service.store.close().await.map_err(StartError::Store)?;
        audit.unwrap_or(Err(AuditError::Gone)).map_err(StartError::Audit)
    }
}

/// Where the audit trail is.
fn audit_directory(config: &Config) -> PathBuf {
    let directory = config.audit.directory.clone();
    directory.unwrap_or_else(|| DataDirectory::new(&config.data).audit())
}

/// What is refused is explained to whoever is refused only where that is the developer himself.
fn check_explanations(config: &Config) -> Result<(), StartError> {
    if !config.explain.danger_on_wire {
        return Ok(());
    }
    let mut addresses = [config.listen]
        .into_iter()
        .chain(config.tls.as_ref().map(|tls| tls.listen));
    if let Some(address) = addresses.find(|address| !address.ip().is_loopback()) {
        return Err(StartError::ExplainsBeyondLoopback(address));
    }
    tracing::warn!(
        "DANGER: every refusal tells its reasons on the wire, policies included (`--danger-explain-denials`): this is for \
         development alone"
    );
    Ok(())
}

fn open_audit(
    config: &Config,
    clock: &Arc<dyn Clock>,
    random: SystemRandom,
    disk: Box<dyn Disk>,
    pace: Pace,
) -> Result<Writer, StartError> {
    let AuditConfig {
        max_bytes,
        max_age_days,
        on_loss,
        ..
    } = config.audit;
    let directory = audit_directory(config);
    let clock = Arc::clone(clock);
    let setup = Setup {
        options: Options::keeping(directory, max_bytes, max_age_days),
        // Each request in flight has a place, and as many records may wait.
        pace: Pace {
            places: pace.places.max(config.limits.connections.saturating_mul(2)),
            ..pace
        },
        on_loss,
        disk,
        fresh: random.bytes(),
        clock: Arc::new(move || clock.now().unix_millis()),
        complain: |error| {
            let cause = std::error::Error::source(error);
            tracing::error!(%error, cause, "the audit trail cannot be written");
        },
    };
    Ok(Writer::start(setup)?)
}

/// Where connections will come in.
struct Doors {
    plain: Socket,
    secure: Option<Socket>,
    console: Option<Socket>,
}

/// Starts everything that runs until the server stops.
fn spawn(
    service: &Arc<Service>,
    doors: Doors,
    limits: EdgeLimits,
    stopped: &watch::Receiver<bool>,
) -> Vec<JoinHandle<()>> {
    let slots = Arc::new(Semaphore::new(limits.connections));
    let crowd = Crowd::new(limits.connections_per_address);
    let meters = &service.metrics.listeners;
    let open = |socket, meter: &Arc<ListenerMeter>| {
        let answering = Arc::clone(service);
        let answer = move |request, peer| {
            let service = Arc::clone(&answering);
            async move { service.answer(request, peer).await }
        };
        let door = Door {
            socket,
            slots: Arc::clone(&slots),
            crowd: Arc::clone(&crowd),
            meter: Arc::clone(meter),
            manners: limits.manners(),
        };
        tokio::spawn(daypass_door::serve(door, stopped.clone(), answer))
    };
    let mut tasks = vec![
        open(doors.plain, &meters.http),
        tokio::spawn(background::run(Arc::clone(service), stopped.clone())),
    ];
    if let Some(socket) = doors.console {
        tasks.push(open_console(service, socket, limits, stopped));
    }
    if let Some(socket) = doors.secure {
        let clock = Arc::clone(&service.clock);
        let watched = socket.watch(move || clock.now(), stopped.clone());
        tasks.extend(watched.map(tokio::spawn));
        tasks.push(open(socket, &meters.https));
    }
    tasks
}

/// The console has connections of its own: however busy the server is, its operator can look at it.
fn open_console(
    service: &Arc<Service>,
    socket: Socket,
    limits: EdgeLimits,
    stopped: &watch::Receiver<bool>,
) -> JoinHandle<()> {
    let door = Door {
        socket,
        slots: Arc::new(Semaphore::new(console::MAX_CONNECTIONS)),
        crowd: Crowd::new(0),
        meter: Arc::clone(&service.metrics.listeners.console),
        manners: limits.manners(),
    };
    let service = Arc::clone(service);
    let answer = move |request, _| console::answer(Arc::clone(&service), request);
    tokio::spawn(daypass_door::serve(door, stopped.clone(), answer))
}

/// The addresses without their ports, each once.
fn ips(addresses: &[SocketAddr]) -> Vec<IpAddr> {
    let mut ips: Vec<IpAddr> = addresses.iter().map(SocketAddr::ip).collect();
    ips.dedup();
    ips
}
