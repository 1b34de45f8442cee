//! Where connections come in, plain ones and those inside TLS: how many there may be, how much of a request is read and
//! how long it may take, and an end in good order. What is answered is the desk's.

use std::convert::Infallible;
use std::io;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use http::{Request, StatusCode};
use http_body_util::{BodyExt, LengthLimitError, Limited};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Semaphore, watch};
use tokio::task::JoinSet;
use tokio::time::timeout;
use tokio_rustls::TlsAcceptor;

use crate::desk::{Answer, Received};
use crate::patient::PatientStream;
use crate::refusal::Refusal;

/// Largest body of a request: scopes.
const MAX_BODY_BYTES: usize = 64 * 1024;
/// Most bytes of a request's head, its first line among them; a token of a provider may have 16 KiB. The HTTP library
/// takes at most 100 headers by itself.
const MAX_HEAD_BYTES: usize = 32 * 1024;
/// Longest wait for requests in flight at the end.
const LAST_WAIT: Duration = Duration::from_secs(10);

/// A place where connections come in.
pub(crate) struct Door {
    pub(crate) listener: TcpListener,
    /// What shakes hands with those who come; none for plain HTTP.
    pub(crate) tls: Option<TlsAcceptor>,
    /// One slot for each connection; doors may share them.
    pub(crate) slots: Arc<Semaphore>,
    /// Longest wait for a handshake, a head, a body, or whoever does not take his answer.
    pub(crate) patience: Duration,
}

/// Serves connections until told to stop, then lets those in flight finish.
pub(crate) async fn serve<H, F>(door: Door, mut stop: watch::Receiver<bool>, handle: H)
where
    H: Fn(Request<Incoming>, SocketAddr) -> F + Clone + Send + Sync + 'static,
    F: Future<Output = Answer> + Send + 'static,
{
    let mut open = JoinSet::new();
    loop {
        let accepted = tokio::select! {
            () = stopped(&mut stop) => break,
            Some(_) = open.join_next() => continue,
            accepted = door.listener.accept() => accepted,
        };
        let (stream, peer) = match accepted {
            Ok(accepted) => accepted,
            Err(error) => {
                tracing::warn!(%error, "a connection could not be accepted");
                // Out of file descriptors, most likely: give others time to end.
                tokio::time::sleep(Duration::from_millis(50)).await;
                continue;
            }
        };
        // Only with a connection in hand, or a door where nobody comes would hold a slot that the other one lacks.
        let slot = tokio::select! {
            () = stopped(&mut stop) => break,
            slot = Arc::clone(&door.slots).acquire_owned() => slot,
        };
        let connection = Connection {
            peer,
            patience: door.patience,
            stop: stop.clone(),
            handle: handle.clone(),
        };
        let tls = door.tls.clone();
        open.spawn(async move {
            if let Err(error) = connection.run(stream, tls).await {
                tracing::debug!(%error, %peer, "a connection ended early");
            }
            drop(slot);
        });
    }
    drop(door.listener);
    let finished = async { while open.join_next().await.is_some() {} };
    if timeout(LAST_WAIT, finished).await.is_err() {
        tracing::warn!("requests still in flight were cut off at the end");
    }
}

/// The whole of a request, in bounds of size and time.
pub(crate) async fn receive(request: Request<Incoming>, peer: SocketAddr, patience: Duration) -> Received {
    let (head, body) = request.into_parts();
    let body = match timeout(patience, Limited::new(body, MAX_BODY_BYTES).collect()).await {
        Ok(Ok(body)) => Ok(body.to_bytes()),
        Ok(Err(error)) if error.is::<LengthLimitError>() => Err(Refusal::new(
            StatusCode::PAYLOAD_TOO_LARGE,
            "BodyTooLarge",
            "the body is larger than 64 KiB",
        )),
        Ok(Err(_)) => Err(Refusal::request("the body breaks off")),
        Err(_) => Err(Refusal::new(
            StatusCode::REQUEST_TIMEOUT,
            "RequestTimeout",
            "the body does not come",
        )),
    };
    Received { head, body, peer }
}

/// One connection, from its first byte to its end.
struct Connection<H> {
    peer: SocketAddr,
    patience: Duration,
    stop: watch::Receiver<bool>,
    handle: H,
}

/// What ended a connection early.
type Early = Box<dyn std::error::Error + Send + Sync>;

impl<H, F> Connection<H>
where
    H: Fn(Request<Incoming>, SocketAddr) -> F + Send + Sync + 'static,
    F: Future<Output = Answer> + Send + 'static,
{
    async fn run(mut self, stream: TcpStream, tls: Option<TlsAcceptor>) -> Result<(), Early> {
        // Small answers must not wait for the acknowledgement of earlier ones.
        stream.set_nodelay(true)?;
        let stream = PatientStream::new(stream, self.patience);
        let Some(tls) = tls else {
            return self.speak(stream).await;
        };
        let shaken = tokio::select! {
            () = stopped(&mut self.stop) => return Err(io::Error::from(io::ErrorKind::ConnectionAborted).into()),
            shaken = timeout(self.patience, tls.accept(stream)) => shaken??,
        };
        self.speak(shaken).await
    }

    /// Answers the requests that come over the stream, one after the other.
    async fn speak<S>(mut self, stream: S) -> Result<(), Early>
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let (handle, peer) = (self.handle, self.peer);
        let service = service_fn(move |request| {
            let answer = handle(request, peer);
            async move { Ok::<_, Infallible>(answer.await) }
        });
        // The patience for a head counts from the end of the answer before it, and so ends idle connections.
        let mut builder = http1::Builder::new();
        builder
            .timer(TokioTimer::new())
            .header_read_timeout(self.patience)
            .max_header_size(MAX_HEAD_BYTES);
        let mut served = pin!(builder.serve_connection(TokioIo::new(stream), service));
        tokio::select! {
            outcome = served.as_mut() => outcome?,
            () = stopped(&mut self.stop) => {
                served.as_mut().graceful_shutdown();
                served.await?;
            }
        }
        Ok(())
    }
}

/// A sender that is gone means that the broker is gone: stop, too.
async fn stopped(stop: &mut watch::Receiver<bool>) {
    let _ = stop.wait_for(|stop| *stop).await;
}
