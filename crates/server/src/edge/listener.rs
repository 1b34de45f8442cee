//! Accepts connections, bounds their number, and ends them in good order.

use std::convert::Infallible;
use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Semaphore, watch};
use tokio::task::JoinSet;

use super::body::ResponseBody;
use super::patience::PatientStream;

/// Bounds of the edge.
#[derive(Clone, Copy, Debug)]
pub struct EdgeLimits {
    /// Most connections at once; more wait to be accepted.
    pub connections: usize,
    /// Longest wait for a request's head.
    pub head_timeout: Duration,
    /// Longest wait for the next piece of a body, in either direction, and for the whole of a document.
    pub body_timeout: Duration,
    /// Longest wait for requests in flight when the server stops.
    pub shutdown_timeout: Duration,
}

impl Default for EdgeLimits {
    fn default() -> Self {
        Self {
            connections: 4096,
            head_timeout: Duration::from_secs(60),
            body_timeout: Duration::from_secs(30),
            shutdown_timeout: Duration::from_secs(30),
        }
    }
}

/// Most bytes of a request's line and headers together. The HTTP library's own bound is that of its buffer.
pub(crate) const MAX_HEAD_BYTES: usize = 64 * 1024;

/// Most headers of a request.
const MAX_HEADERS: usize = 200;

/// Serves connections with `handle` until `stop` turns true, then lets those in flight finish.
pub(crate) async fn serve<H, F>(
    listener: TcpListener,
    limits: EdgeLimits,
    mut stop: watch::Receiver<bool>,
    handle: H,
) where
    H: Fn(http::Request<Incoming>, SocketAddr) -> F + Clone + Send + Sync + 'static,
    F: Future<Output = http::Response<ResponseBody>> + Send + 'static,
{
    let slots = Arc::new(Semaphore::new(limits.connections));
    let mut connections = JoinSet::new();
    loop {
        let slot = Arc::clone(&slots).acquire_owned();
        let accepted = async {
            let slot = slot.await.ok();
            (slot, listener.accept().await)
        };
        tokio::select! {
            () = stopped(&mut stop) => break,
            Some(_) = connections.join_next() => {}
            (slot, accepted) = accepted => match accepted {
                Ok((stream, peer)) => {
                    let connection = connection(stream, peer, limits, stop.clone(), handle.clone());
                    connections.spawn(async move {
                        connection.await;
                        drop(slot);
                    });
                }
                Err(error) => {
                    tracing::warn!(%error, "a connection could not be accepted");
                    // Out of file descriptors, most likely: give others time to end.
                    tokio::time::sleep(Duration::from_millis(50)).await;
                }
            },
        }
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

async fn connection<H, F>(
    stream: TcpStream,
    peer: SocketAddr,
    limits: EdgeLimits,
    mut stop: watch::Receiver<bool>,
    handle: H,
) where
    H: Fn(http::Request<Incoming>, SocketAddr) -> F + Clone + Send + 'static,
    F: Future<Output = http::Response<ResponseBody>> + Send + 'static,
{
    if let Err(error) = prepare(&stream) {
        tracing::debug!(%error, "a connection ended before it began");
        return;
    }
    let service = service_fn(move |request| {
        let response = handle(request, peer);
        async move { Ok::<_, Infallible>(response.await) }
    });
    let mut builder = http1::Builder::new();
    builder
        .preserve_header_case(true)
        .max_headers(MAX_HEADERS)
        .max_buf_size(READ_BUFFER_BYTES)
        .timer(TokioTimer::new())
        .header_read_timeout(limits.head_timeout);
    let stream = PatientStream::new(stream, limits.body_timeout);
    let mut served = pin!(builder.serve_connection(TokioIo::new(stream), service));
    let outcome = tokio::select! {
        outcome = served.as_mut() => outcome,
        () = stopped(&mut stop) => {
            served.as_mut().graceful_shutdown();
            served.await
        }
    };
    if let Err(error) = outcome {
        tracing::debug!(%error, %peer, "a connection ended early");
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
