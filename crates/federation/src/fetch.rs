//! One GET of a small document, from somebody who may be slow, large or hostile.
//!
//! The name is resolved here and the connection is made to an address that was checked, so that a name which answers
//! differently the second time gains nothing. A redirect is not followed: it is an answer like any other that is not
//! 200. The whole takes a bounded time, and the answer a bounded memory.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::{Request, StatusCode, header};
use http_body_util::{BodyExt, Empty, Limited};
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use rustls::pki_types::ServerName;
use rustls::{ClientConfig, RootCertStore};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

use crate::address::Reach;
use crate::issuer::Place;
use crate::keys::MAX_KEY_SET_BYTES;

/// How long one document may take, from the name of its host to its last byte.
pub(crate) const PATIENCE: Duration = Duration::from_secs(5);
/// Longest head of an answer, in bytes.
const MAX_HEAD_BYTES: usize = 16 * 1024;

/// Why a document could not be had.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FetchError {
    /// The place is not one that may be asked.
    #[error("the issuer is at an address that is not allowed, or does not use HTTPS")]
    Forbidden,
    /// Nobody answered, or not in time, or not in HTTP.
    #[error("the issuer cannot be reached")]
    Unreachable,
    /// The answer is not a document.
    #[error("the issuer answered with status {0}")]
    Status(u16),
    /// The answer is too long.
    #[error("the issuer's answer is longer than {MAX_KEY_SET_BYTES} bytes")]
    TooLong,
    /// The document says something else than it should.
    #[error("the issuer's document is malformed, or that of another issuer")]
    Document,
    /// The keys cannot be used.
    #[error(transparent)]
    Keys(#[from] crate::KeySetError),
}

/// Asks for documents.
pub(crate) struct Fetcher {
    tls: TlsConnector,
    reach: Reach,
}

impl Fetcher {
    /// Trusts the authorities that the machine trusts.
    pub(crate) fn new(reach: Reach) -> Self {
        let mut roots = RootCertStore::empty();
        roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        #[expect(
            clippy::expect_used,
            reason = "the provider is the one that rustls was built with, and has suites for both versions"
        )]
        let config = ClientConfig::builder_with_provider(provider)
            .with_protocol_versions(&[&rustls::version::TLS13, &rustls::version::TLS12])
            .expect("the provider offers both versions")
            .with_root_certificates(roots)
            .with_no_client_auth();
        Self {
            tls: TlsConnector::from(Arc::new(config)),
            reach,
        }
    }

    /// The document at this place.
    pub(crate) async fn get(&self, place: &Place) -> Result<Bytes, FetchError> {
        let asked = tokio::time::timeout(PATIENCE, self.ask(place));
        asked.await.unwrap_or(Err(FetchError::Unreachable))
    }

    async fn ask(&self, place: &Place) -> Result<Bytes, FetchError> {
        if !place.encrypted && self.reach == Reach::Public {
            return Err(FetchError::Forbidden);
        }
        let stream = self.connect(place).await?;
        if !place.encrypted {
            return exchange(stream, place).await;
        }
        let name = ServerName::try_from(place.host().to_owned()).map_err(|_| FetchError::Forbidden)?;
        let stream = self
            .tls
            .connect(name, stream)
            .await
            .map_err(|_| FetchError::Unreachable)?;
        exchange(stream, place).await
    }

    async fn connect(&self, place: &Place) -> Result<TcpStream, FetchError> {
        let addresses = tokio::net::lookup_host((place.host(), place.port())).await;
        let addresses = addresses.map_err(|_| FetchError::Unreachable)?;
        let mut last = FetchError::Forbidden;
        for address in addresses.filter(|one| self.reach.allows(one.ip(), place.encrypted)) {
            match TcpStream::connect(address).await {
                Ok(stream) => return Ok(stream),
                Err(_) => last = FetchError::Unreachable,
            }
        }
        Err(last)
    }
}

async fn exchange<S>(stream: S, place: &Place) -> Result<Bytes, FetchError>
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let unreachable = |_: hyper::Error| FetchError::Unreachable;
    let handshake = http1::Builder::new()
        .max_buf_size(MAX_HEAD_BYTES)
        .handshake(TokioIo::new(stream));
    let (mut sender, connection) = handshake.await.map_err(unreachable)?;
    let request = Request::get(place.path.as_str())
        .header(header::HOST, place.authority.as_str())
        .header(header::ACCEPT, "application/json")
        .body(Empty::<Bytes>::new())
        .map_err(|_| FetchError::Forbidden)?;
    let answer = async {
        let answer = sender.send_request(request).await.map_err(unreachable)?;
        if answer.status() != StatusCode::OK {
            return Err(FetchError::Status(answer.status().as_u16()));
        }
        let body = Limited::new(answer.into_body(), MAX_KEY_SET_BYTES);
        let whole =
            body.collect()
                .await
                .map_err(|error| match error.is::<http_body_util::LengthLimitError>() {
                    true => FetchError::TooLong,
                    false => FetchError::Unreachable,
                })?;
        Ok(whole.to_bytes())
    };
    // The connection lives as long as its one exchange: whichever ends first, nothing is left running.
    tokio::pin!(answer);
    tokio::select! {
        biased;
        answer = &mut answer => answer,
        _ = connection => answer.await,
    }
}
