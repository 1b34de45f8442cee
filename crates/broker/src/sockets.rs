//! The sockets of a broker, plain, with TLS and for metrics: opened together, so that one that cannot be had stops the
//! start, and served together.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use daypass_api::Timestamp;
use daypass_client::Clock;
use daypass_tls::{Certificates, TlsConfig};
use http::{HeaderValue, Method, Request, Response, StatusCode, header};
use http_body_util::Full;
use hyper::body::Incoming;
use tokio::net::TcpListener;
use tokio::sync::{Semaphore, watch};
use tokio::task::JoinSet;
use tokio_rustls::TlsAcceptor;

use crate::StartError;
use crate::desk::{Answer, Desk};
use crate::door::{self, Door};
use crate::settings::{LimitSettings, Settings};

/// Most connections of the metrics listener.
const METRICS_CONNECTIONS: usize = 16;

/// Where a broker listens.
#[derive(Clone, Copy)]
pub(crate) struct Addresses {
    pub(crate) plain: SocketAddr,
    pub(crate) secure: Option<SocketAddr>,
    pub(crate) metrics: Option<SocketAddr>,
}

/// All sockets of a broker, before anybody is served.
pub(crate) struct Listeners {
    plain: TcpListener,
    secure: Option<Secure>,
    metrics: Option<TcpListener>,
    addresses: Addresses,
}

/// A listener with TLS.
struct Secure {
    listener: TcpListener,
    acceptor: TlsAcceptor,
    certificates: Arc<Certificates>,
    reload_every: Duration,
}

impl Listeners {
    pub(crate) async fn open(settings: &Settings, now: Timestamp) -> Result<Self, StartError> {
        let (plain, plain_address) = bind(settings.listen).await?;
        let (secure, secure_address) = match settings.tls()? {
            Some(config) => Secure::open(&config, now).await.map(some)?,
            None => (None, None),
        };
        let (metrics, metrics_address) = match settings.metrics_listen {
            Some(address) => bind(address).await.map(some)?,
            None => (None, None),
        };
        let addresses = Addresses {
            plain: plain_address,
            secure: secure_address,
            metrics: metrics_address,
        };
        Ok(Self {
            plain,
            secure,
            metrics,
            addresses,
        })
    }

    pub(crate) fn addresses(&self) -> Addresses {
        self.addresses
    }

    /// Serves all of them until `stopped` turns true.
    pub(crate) fn serve(
        self,
        desk: &Arc<Desk>,
        limits: &LimitSettings,
        clock: &Arc<dyn Clock>,
        stopped: &watch::Receiver<bool>,
    ) -> JoinSet<()> {
        let patience = Duration::from_secs(limits.patience_seconds);
        let door = |listener, tls, slots: &Arc<Semaphore>| Door {
            listener,
            tls,
            slots: Arc::clone(slots),
            patience,
        };
        let answering = Arc::clone(desk);
        let answer = move |request, peer| {
            let desk = Arc::clone(&answering);
            async move { desk.answer(door::receive(request, peer, patience).await).await }
        };
        let slots = Arc::new(Semaphore::new(limits.connections));
        let mut serving = JoinSet::new();
        let plain = door(self.plain, None, &slots);
        serving.spawn(door::serve(plain, stopped.clone(), answer.clone()));
        if let Some(secure) = self.secure {
            let clock = Arc::clone(clock);
            let door = door(secure.listener, Some(secure.acceptor), &slots);
            serving.spawn(door::serve(door, stopped.clone(), answer));
            let certificates = secure.certificates;
            serving.spawn(certificates.watch(secure.reload_every, move || clock.now(), stopped.clone()));
        }
        if let Some(metrics) = self.metrics {
            let desk = Arc::clone(desk);
            let tell = move |request: Request<Incoming>, _| std::future::ready(figures(&desk, &request));
            let slots = Arc::new(Semaphore::new(METRICS_CONNECTIONS));
            serving.spawn(door::serve(door(metrics, None, &slots), stopped.clone(), tell));
        }
        serving
    }
}

impl Secure {
    async fn open(config: &TlsConfig, now: Timestamp) -> Result<(Self, SocketAddr), StartError> {
        let certificates = Arc::new(Certificates::open(config, now)?);
        let acceptor = daypass_tls::acceptor(Arc::clone(&certificates)).map_err(StartError::TlsLibrary)?;
        let (listener, address) = bind(config.listen).await?;
        let secure = Self {
            listener,
            acceptor,
            certificates,
            reload_every: config.reload_every,
        };
        Ok((secure, address))
    }
}

fn some<A, B>((first, second): (A, B)) -> (Option<A>, Option<B>) {
    (Some(first), Some(second))
}

async fn bind(address: SocketAddr) -> Result<(TcpListener, SocketAddr), StartError> {
    let failed = |source| StartError::Listen { address, source };
    let listener = TcpListener::bind(address).await.map_err(failed)?;
    let taken = listener.local_addr().map_err(failed)?;
    Ok((listener, taken))
}

fn figures(desk: &Desk, request: &Request<Incoming>) -> Answer {
    let is_asked = request.method() == Method::GET && request.uri().path() == "/_broker/metrics";
    let mut answer = Response::new(Full::new(match is_asked {
        true => Bytes::from(desk.figures()),
        false => Bytes::new(),
    }));
    if !is_asked {
        *answer.status_mut() = StatusCode::NOT_FOUND;
    }
    let kind = HeaderValue::from_static("text/plain; version=0.0.4");
    answer.headers_mut().insert(header::CONTENT_TYPE, kind);
    answer
}
