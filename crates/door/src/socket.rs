//! A socket that listens, and what it shows of itself when it speaks TLS.

use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use daypass_api::Timestamp;
use daypass_tls::{Certificates, TlsConfig, TlsError};
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio_rustls::TlsAcceptor;

/// A socket that listens.
pub struct Socket {
    pub(crate) listener: TcpListener,
    address: SocketAddr,
    secure: Option<Secure>,
}

/// What makes a socket one of TLS.
struct Secure {
    acceptor: TlsAcceptor,
    certificates: Arc<Certificates>,
    reload_every: Duration,
}

/// Why a socket cannot be had.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// Somebody else listens there, or it is no address of this machine.
    #[error("`{address}` could not be listened on")]
    Listen {
        /// Where.
        address: SocketAddr,
        /// Why not.
        source: io::Error,
    },
    /// The certificate cannot be shown.
    #[error("HTTPS could not be set up")]
    Tls(#[from] TlsError),
    /// The TLS library refused its settings.
    #[error("the TLS library did not start")]
    TlsLibrary(#[source] rustls::Error),
}

impl Socket {
    /// Listens for plain HTTP; port 0 takes a free one.
    pub async fn plain(address: SocketAddr) -> Result<Self, OpenError> {
        let failed = |source| OpenError::Listen { address, source };
        let listener = TcpListener::bind(address).await.map_err(failed)?;
        Ok(Self {
            address: listener.local_addr().map_err(failed)?,
            listener,
            secure: None,
        })
    }

    /// Listens for HTTPS. The certificate is read first: one that cannot be shown opens nothing.
    pub async fn secure(config: &TlsConfig, now: Timestamp) -> Result<Self, OpenError> {
        let certificates = Arc::new(Certificates::open(config, now)?);
        let acceptor = daypass_tls::acceptor(Arc::clone(&certificates)).map_err(OpenError::TlsLibrary)?;
        let mut socket = Self::plain(config.listen).await?;
        socket.secure = Some(Secure {
            acceptor,
            certificates,
            reload_every: config.reload_every,
        });
        Ok(socket)
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// What shakes hands with those who come; none for plain HTTP.
    pub(crate) fn acceptor(&self) -> Option<TlsAcceptor> {
        Some(self.secure.as_ref()?.acceptor.clone())
    }

    /// Shows the certificate's files as they change, until `stop` turns true; none for plain HTTP.
    pub fn watch<N: Fn() -> Timestamp + Send + 'static>(
        &self,
        now: N,
        stop: watch::Receiver<bool>,
    ) -> Option<impl Future<Output = ()> + Send + use<N>> {
        let secure = self.secure.as_ref()?;
        Some(Arc::clone(&secure.certificates).watch(secure.reload_every, now, stop))
    }
}
