//! Accepts connections, plain ones and those inside TLS, bounds their number and that of each client, and ends them in
//! good order.

use std::convert::Infallible;
use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Semaphore, watch};
use tokio::task::JoinSet;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

use super::body::ResponseBody;
use super::crowd::Crowd;
use super::patience::PatientStream;
use crate::metrics::ListenerMeter;

/// Bounds of the edge.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EdgeLimits {
    /// Most connections at once, plain and TLS together; more wait.
    pub connections: usize,
    /// Most connections at once of one address, or of one /64 of IPv6; more are closed. 0: any number.
    pub connections_per_address: usize,
    /// Longest time that a TLS handshake may take.
    pub handshake_timeout: Duration,
    /// Longest wait for a request's head.
    pub head_timeout: Duration,
    /// Longest wait for the next piece of a body, in either direction, and for the whole of a document.
    pub body_timeout: Duration,
    /// Least rate of an upload over time, in bytes a second; one that stays below is given up. 0: any rate.
    pub body_bytes_per_second: u64,
    /// Longest wait for requests in flight when the server stops.
    pub shutdown_timeout: Duration,
}

impl Default for EdgeLimits {
    fn default() -> Self {
        Self {
            connections: 4096,
            connections_per_address: 1024,
            handshake_timeout: Duration::from_secs(10),
            head_timeout: Duration::from_secs(60),
            body_timeout: Duration::from_secs(30),
            body_bytes_per_second: 1024,
            shutdown_timeout: Duration::from_secs(30),
        }
    }
}

/// Most bytes of a request's line and headers together. The HTTP library's own bound is that of its buffer.
pub(crate) const MAX_HEAD_BYTES: usize = 64 * 1024;

/// Most headers of a request.
const MAX_HEADERS: usize = 200;

/// A place where connections come in.
pub(crate) struct Door {
    pub(crate) listener: TcpListener,
    /// What shakes hands with those who come; none for plain HTTP.
    pub(crate) tls: Option<TlsAcceptor>,
    /// One slot for each connection; doors may share them.
    pub(crate) slots: Arc<Semaphore>,
    /// Who is here already; doors may share it, too.
    pub(crate) crowd: Arc<Crowd>,
    pub(crate) meter: Arc<ListenerMeter>,
}

/// Who is at the other end of a connection, and how.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Peer {
    pub(crate) address: SocketAddr,
    /// The version of TLS, none on a plain connection.
    pub(crate) tls_version: Option<&'static str>,
}

/// Serves connections with `handle` until `stop` turns true, then lets those in flight finish.
pub(crate) async fn serve<H, F>(door: Door, limits: EdgeLimits, mut stop: watch::Receiver<bool>, handle: H)
where
    H: Fn(http::Request<Incoming>, Peer) -> F + Clone + Send + Sync + 'static,
    F: Future<Output = http::Response<ResponseBody>> + Send + 'static,
{
    let Door {
        listener,
        tls,
        slots,
        crowd,
        meter,
    } = door;
    let mut connections = JoinSet::new();
    loop {
        let accepted = tokio::select! {
            () = stopped(&mut stop) => break,
            Some(_) = connections.join_next() => continue,
            accepted = listener.accept() => accepted,
        };
        let (stream, address) = match accepted {
            Ok(accepted) => accepted,
            Err(error) => {
                meter.failed.one();
                tracing::warn!(%error, "a connection could not be accepted");
                // Out of file descriptors, most likely: give others time to end.
                tokio::time::sleep(Duration::from_millis(50)).await;
                continue;
            }
        };
        let Some(place) = crowd.admit(address.ip()) else {
            meter.over_address_limit.one();
            tracing::debug!(peer = %address, "an address has as many connections as it may");
            continue;
        };
        // Only with a connection in hand, or a door where nobody comes would hold a slot that the other one lacks.
        let slot = tokio::select! {
            () = stopped(&mut stop) => break,
            slot = Arc::clone(&slots).acquire_owned() => slot,
        };
        let connection = Connection {
            address,
            limits,
            stop: stop.clone(),
            handle: handle.clone(),
            meter: Arc::clone(&meter),
        };
        let tls = tls.clone();
        connections.spawn(async move {
            let meter = Arc::clone(&connection.meter);
            meter.accepted.one();
            let open = meter.open.hold();
            connection.run(stream, tls).await;
            drop((open, slot, place));
        });
    }
    drop(listener);
    let finished = async { while connections.join_next().await.is_some() {} };
    if tokio::time::timeout(limits.shutdown_timeout, finished)
        .await
        .is_err()
    {
        tracing::warn!("requests still in flight were cut off at shutdown");
    }
}

/// One connection, from its first byte to its end.
struct Connection<H> {
    address: SocketAddr,
    limits: EdgeLimits,
    stop: watch::Receiver<bool>,
    handle: H,
    meter: Arc<ListenerMeter>,
}

impl<H, F> Connection<H>
where
    H: Fn(http::Request<Incoming>, Peer) -> F + Clone + Send + Sync + 'static,
    F: Future<Output = http::Response<ResponseBody>> + Send + 'static,
{
    async fn run(mut self, stream: TcpStream, tls: Option<TlsAcceptor>) {
        if let Err(error) = prepare(&stream) {
            tracing::debug!(%error, "a connection ended before it began");
            return;
        }
        let stream = PatientStream::new(stream, self.limits.body_timeout, Arc::clone(&self.meter));
        let Some(tls) = tls else {
            return self.speak(stream, None).await;
        };
        match self.shake_hands(stream, &tls).await {
            Ok(stream) => {
                let version = stream.get_ref().1.protocol_version();
                self.speak(stream, version.and_then(daypass_tls::version_name))
                    .await;
            }
            Err(error) => {
                self.meter.handshakes_failed.one();
                tracing::debug!(%error, peer = %self.address, "a TLS handshake failed");
            }
        }
    }

    async fn shake_hands(
        &mut self,
        stream: PatientStream,
        tls: &TlsAcceptor,
    ) -> io::Result<TlsStream<PatientStream>> {
        tokio::select! {
            () = stopped(&mut self.stop) => Err(io::ErrorKind::ConnectionAborted.into()),
            shaken = tokio::time::timeout(self.limits.handshake_timeout, tls.accept(stream)) => shaken?,
        }
    }

    /// Answers the requests that come over the stream.
    async fn speak<S>(mut self, stream: S, tls_version: Option<&'static str>)
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let address = self.address;
        let peer = Peer { address, tls_version };
        let handle = self.handle;
        let service = service_fn(move |request| {
            // An async block around it would hold the large future twice.
            handle(request, peer).map(Ok::<_, Infallible>)
        });
        let mut builder = http1::Builder::new();
        builder
            .preserve_header_case(true)
            .max_headers(MAX_HEADERS)
            .max_buf_size(READ_BUFFER_BYTES)
            .timer(TokioTimer::new())
            .header_read_timeout(self.limits.head_timeout);
        let mut served = pin!(builder.serve_connection(TokioIo::new(stream), service));
        let outcome = tokio::select! {
            outcome = served.as_mut() => outcome,
            () = stopped(&mut self.stop) => {
                served.as_mut().graceful_shutdown();
                served.await
            }
        };
        if let Err(error) = outcome {
            if error.is_parse() {
                self.meter.heads_unreadable.one();
            }
            tracing::debug!(%error, peer = %address, "a connection ended early");
        }
    }
}

/// Large enough that a big upload is read in few pieces.
const READ_BUFFER_BYTES: usize = 256 * 1024;

/// Small answers must not wait for the client's acknowledgement of earlier ones.
fn prepare(stream: &TcpStream) -> io::Result<()> {
    stream.set_nodelay(true)
}

async fn stopped(stop: &mut watch::Receiver<bool>) {
    // A sender that is gone means the server is gone: stop, too.
    let _ = stop.wait_for(|stop| *stop).await;
}
