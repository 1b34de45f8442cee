//! The server: listener, request path, configuration, clock and randomness, background work.
//!
//! Rules that can be tested without a socket live in the crates below; here they are joined. Open `path.rs` first: it
//! holds the way of a request as one function.

mod audit;
mod background;
mod batch_delete;
mod bootstrap;
mod clock;
mod config;
mod cross_origin;
mod document;
mod edge;
mod family;
mod gather;
mod health;
mod identify;
mod path;
mod perform;
mod received;
mod reply;
mod secrets_at_rest;
mod service;
mod start_error;

use std::net::SocketAddr;
use std::sync::{Arc, RwLock};

use daypass_api::names::{Account, Region};
use daypass_dialect::cos;
use daypass_dialect::site::SiteConfig;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinHandle;

pub use clock::{Clock, SystemClock};
pub use config::{Config, EdgeLimits, RootSeed};
pub use start_error::StartError;

use clock::SystemRandom;
use edge::header_case::HeaderCase;
use service::Service;

/// A running server.
pub struct Server {
    service: Arc<Service>,
    account: Account,
    address: SocketAddr,
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
        let random = SystemRandom;
        let listen_error = |source| StartError::Listen {
            address: config.listen,
            source,
        };
        let foundation = bootstrap::open(&config, clock.now(), random).await?;
        let listener = TcpListener::bind(config.listen).await.map_err(listen_error)?;
        let address = listener.local_addr().map_err(listen_error)?;
        let service = Arc::new(Service {
            store: foundation.store,
            master: foundation.master,
            ring: RwLock::new(Arc::new(foundation.ring)),
            identities: Default::default(),
            session_policies: Default::default(),
            clock,
            random,
            sites: SiteConfig::new(config.region.clone(), &[address.ip()], &[]),
            region: config.region,
            names: vec![address.to_string()],
            header_case: HeaderCase::learn(cos::HEADER_NAMES)
                .await
                .map_err(StartError::Http)?,
            body_timeout: config.limits.body_timeout,
            min_session_seconds: config.min_session_seconds,
        });
        let (stop, stopped) = watch::channel(false);
        let answering = Arc::clone(&service);
        let answer = move |request, peer| {
            let service = Arc::clone(&answering);
            async move { service.answer(request, peer).await }
        };
        let tasks = vec![
            tokio::spawn(edge::listener::serve(
                listener,
                config.limits,
                stopped.clone(),
                answer,
            )),
            tokio::spawn(background::run(Arc::clone(&service), stopped)),
        ];
        Ok(Self {
            service,
            account: foundation.account,
            address,
            stop,
            tasks,
        })
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
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
        self.service.store.close().await.map_err(StartError::Store)
    }
}
