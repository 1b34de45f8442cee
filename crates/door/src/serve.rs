//! Accepts connections, plain ones and those inside TLS, bounds their number and that of each client, and ends them in
//! good order.

use std::convert::Infallible;
use std::error::Error;
use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt;
use hyper::body::{Body, Incoming};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::sync::{Semaphore, watch};
use tokio::task::JoinSet;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

use crate::crowd::Crowd;
use crate::meter::Meter;
use crate::patience::PatientStream;
use crate::socket::Socket;

/// A place where connections come in.
pub struct Door<M> {
    /// Where they come.
    pub socket: Socket,
    /// One slot for each connection; more wait. Doors may share them.
    pub slots: Arc<Semaphore>,
    /// Who is here already; doors may share it, too.
    pub crowd: Arc<Crowd>,
    /// Who counts what happens.
    pub meter: Arc<M>,
    /// How those who come are dealt with.
    pub manners: Manners,
}

/// How a door deals with those who come.
#[derive(Clone, Debug)]
pub struct Manners {
    /// How HTTP is read: the bounds of a head, and how it is spelled. The door tells it the time.
    pub http: http1::Builder,
    /// Longest time that a TLS handshake may take.
    pub handshake: Duration,
    /// Longest wait for a request's head; that for the next one counts from the end of the answer before it, and so ends
    /// idle connections.
    pub head: Duration,
    /// Longest wait for whoever takes nothing of his answer.
    pub answer: Duration,
    /// Longest wait for requests in flight at the end.
    pub end: Duration,
}

/// Who is at the other end of a connection, and how.
#[derive(Clone, Copy, Debug)]
pub struct Peer {
    /// Where from.
    pub address: SocketAddr,
    /// The version of TLS as policies name it, none on a plain connection.
    pub tls_version: Option<&'static str>,
}

/// Serves connections with `handle` until `stop` turns true, then lets those in flight finish.
pub async fn serve<M, H, F, B>(door: Door<M>, mut stop: watch::Receiver<bool>, handle: H)
where
    M: Meter,
    H: Fn(http::Request<Incoming>, Peer) -> F + Clone + Send + Sync + 'static,
    F: Future<Output = http::Response<B>> + Send + 'static,
    B: Body<Data: Send, Error: Into<Box<dyn Error + Send + Sync>>> + Send + 'static,
{
    let Door {
        socket,
        slots,
        crowd,
        meter,
        mut manners,
    } = door;
    manners
        .http
        .timer(TokioTimer::new())
        .header_read_timeout(manners.head);
    let last_wait = manners.end;
    let (manners, tls) = (Arc::new(manners), socket.acceptor());
    let mut connections = JoinSet::new();
    loop {
        let accepted = tokio::select! {
            () = stopped(&mut stop) => break,
            Some(_) = connections.join_next() => continue,
            accepted = socket.listener.accept() => accepted,
        };
        let (stream, address) = match accepted {
            Ok(accepted) => accepted,
            Err(error) => {
                meter.not_accepted();
                tracing::warn!(%error, "a connection could not be accepted");
                // Out of file descriptors, most likely: give others time to end.
                tokio::time::sleep(Duration::from_millis(50)).await;
                continue;
            }
        };
        let Some(place) = crowd.admit(address.ip()) else {
            meter.over_address_limit();
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
            manners: Arc::clone(&manners),
            stop: stop.clone(),
            handle: handle.clone(),
            meter: Arc::clone(&meter),
        };
        let tls = tls.clone();
        connections.spawn(async move {
            let open = Open::new(Arc::clone(&connection.meter));
            connection.run(stream, tls).await;
            drop((open, slot, place));
        });
    }
    drop(socket);
    let finished = async { while connections.join_next().await.is_some() {} };
    if tokio::time::timeout(last_wait, finished).await.is_err() {
        tracing::warn!("requests still in flight were cut off at the end");
    }
}

/// A connection that is counted as open until this is dropped, however it ends.
struct Open<M: Meter>(Arc<M>);

impl<M: Meter> Open<M> {
    fn new(meter: Arc<M>) -> Self {
        meter.opened();
        Self(meter)
    }
}

impl<M: Meter> Drop for Open<M> {
    fn drop(&mut self) {
        self.0.closed();
    }
}

/// One connection, from its first byte to its end.
struct Connection<M, H> {
    address: SocketAddr,
    manners: Arc<Manners>,
    stop: watch::Receiver<bool>,
    handle: H,
    meter: Arc<M>,
}

impl<M, H, F, B> Connection<M, H>
where
    M: Meter,
    H: Fn(http::Request<Incoming>, Peer) -> F + Clone + Send + Sync + 'static,
    F: Future<Output = http::Response<B>> + Send + 'static,
    B: Body<Data: Send, Error: Into<Box<dyn Error + Send + Sync>>> + Send + 'static,
{
    async fn run(mut self, stream: TcpStream, tls: Option<TlsAcceptor>) {
        // Small answers must not wait for the client's acknowledgement of earlier ones.
        if let Err(error) = stream.set_nodelay(true) {
            tracing::debug!(%error, "a connection ended before it began");
            return;
        }
        let stream = PatientStream::new(stream, self.manners.answer, Arc::clone(&self.meter));
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
                self.meter.handshake_failed();
                tracing::debug!(%error, peer = %self.address, "a TLS handshake failed");
            }
        }
    }

    async fn shake_hands(
        &mut self,
        stream: PatientStream<TcpStream, M>,
        tls: &TlsAcceptor,
    ) -> io::Result<TlsStream<PatientStream<TcpStream, M>>> {
        tokio::select! {
            () = stopped(&mut self.stop) => Err(io::ErrorKind::ConnectionAborted.into()),
            shaken = tokio::time::timeout(self.manners.handshake, tls.accept(stream)) => shaken?,
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
        let mut served = pin!(self.manners.http.serve_connection(TokioIo::new(stream), service));
        let outcome = tokio::select! {
            outcome = served.as_mut() => outcome,
            () = stopped(&mut self.stop) => {
                served.as_mut().graceful_shutdown();
                served.await
            }
        };
        if let Err(error) = outcome {
            if error.is_parse() {
                self.meter.head_unreadable();
            }
            tracing::debug!(%error, peer = %address, "a connection ended early");
        }
    }
}

async fn stopped(stop: &mut watch::Receiver<bool>) {
    // A sender that is gone means that whoever opened the door is gone: stop, too.
    let _ = stop.wait_for(|stop| *stop).await;
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicI64, Ordering};

    use super::*;

    #[derive(Default)]
    struct Here(AtomicI64);

    impl Meter for Here {
        fn opened(&self) {
            self.0.fetch_add(1, Ordering::Relaxed);
        }

        fn closed(&self) {
            self.0.fetch_sub(1, Ordering::Relaxed);
        }
    }

    #[tokio::test]
    async fn a_connection_that_panics_is_closed_all_the_same() {
        let here = Arc::new(Here::default());
        let open = Open::new(Arc::clone(&here));
        assert_eq!(here.0.load(Ordering::Relaxed), 1);
        let task = tokio::spawn(async move {
            let _open = open;
            std::panic::resume_unwind(Box::new("as a request might"));
        });
        assert!(task.await.is_err());
        assert_eq!(here.0.load(Ordering::Relaxed), 0);
    }
}
