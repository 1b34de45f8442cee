//! The sockets of a broker, plain, with TLS and for metrics: opened together, so that one that cannot be had stops the
//! start, and served together.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use daypass_api::Timestamp;
use daypass_client::Clock;
use daypass_door::{Crowd, Door, Peer, Socket};
use http::{HeaderValue, Method, Request, Response, StatusCode, header};
use http_body_util::Full;
use hyper::body::Incoming;
use tokio::sync::{Semaphore, watch};
use tokio::task::JoinSet;

use crate::StartError;
use crate::desk::{Answer, Desk};
use crate::reception;
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
    plain: Socket,
    secure: Option<Socket>,
    metrics: Option<Socket>,
}

impl Listeners {
    pub(crate) async fn open(settings: &Settings, now: Timestamp) -> Result<Self, StartError> {
        Ok(Self {
            plain: Socket::plain(settings.listen).await?,
            secure: match settings.tls()? {
                Some(config) => Some(Socket::secure(&config, now).await?),
                None => None,
            },
            metrics: match settings.metrics_listen {
                Some(address) => Some(Socket::plain(address).await?),
                None => None,
            },
        })
    }

    pub(crate) fn addresses(&self) -> Addresses {
        Addresses {
            plain: self.plain.address(),
            secure: self.secure.as_ref().map(Socket::address),
            metrics: self.metrics.as_ref().map(Socket::address),
        }
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
        let slots = Arc::new(Semaphore::new(limits.connections));
        let crowd = Crowd::new(limits.connections_per_address);
        let mut serving = JoinSet::new();
        if let Some(secure) = &self.secure {
            let clock = Arc::clone(clock);
            let watched = secure.watch(move || clock.now(), stopped.clone());
            watched.map(|watched| serving.spawn(watched));
        }
        for socket in [Some(self.plain), self.secure].into_iter().flatten() {
            let door = Door {
                socket,
                slots: Arc::clone(&slots),
                crowd: Arc::clone(&crowd),
                meter: Arc::clone(&desk.figures),
                manners: reception::manners(patience),
            };
            let desk = Arc::clone(desk);
            let answer = move |request, peer: Peer| {
                let desk = Arc::clone(&desk);
                async move {
                    desk.answer(reception::receive(request, peer.address, patience).await)
                        .await
                }
            };
            serving.spawn(daypass_door::serve(door, stopped.clone(), answer));
        }
        if let Some(socket) = self.metrics {
            let door = Door {
                socket,
                slots: Arc::new(Semaphore::new(METRICS_CONNECTIONS)),
                crowd: Crowd::new(0),
                meter: Arc::new(()),
                manners: reception::manners(patience),
            };
            let desk = Arc::clone(desk);
            let tell = move |request: Request<Incoming>, _| std::future::ready(figures(&desk, &request));
            serving.spawn(daypass_door::serve(door, stopped.clone(), tell));
        }
        serving
    }
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
