//! TLS for whatever listens: the certificate that is shown, and its replacement while the program runs.
//!
//! The server and the broker show theirs in the same way, so it stands here and knows neither. The cryptography is
//! rustls's with aws-lc-rs. Making certificates is the server's; what happens on a connection after its handshake is
//! for whoever listens.

mod certificates;
mod identity;
mod validity;

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use rustls::crypto::CryptoProvider;
use rustls::crypto::aws_lc_rs;
use rustls::{ProtocolVersion, ServerConfig};
use tokio_rustls::TlsAcceptor;

pub use certificates::Certificates;
pub use identity::{TlsError, read};
pub use validity::Validity;

/// What is spoken inside; offered to clients that ask by ALPN.
const PROTOCOL: &[u8] = b"http/1.1";

/// Settings of HTTPS.
#[derive(Clone, Debug)]
pub struct TlsConfig {
    /// Where to listen; port 0 picks a free one.
    pub listen: SocketAddr,
    /// File of the certificate and those between it and its root, PEM.
    pub certificate: PathBuf,
    /// File of its private key, PEM.
    pub key: PathBuf,
    /// How often the two files are looked at.
    pub reload_every: Duration,
}

impl TlsConfig {
    /// Time between two looks at the files, unless something else is wanted.
    pub const RELOAD_EVERY: Duration = Duration::from_secs(5);
}

/// The one place where the cryptography of listeners is chosen.
pub fn provider() -> Arc<CryptoProvider> {
    Arc::new(aws_lc_rs::default_provider())
}

/// What shakes hands with TLS 1.2 or 1.3, showing the certificate as it is at that moment.
pub fn acceptor(certificates: Arc<Certificates>) -> Result<TlsAcceptor, rustls::Error> {
    let mut config = ServerConfig::builder_with_provider(provider())
        .with_protocol_versions(&[&rustls::version::TLS13, &rustls::version::TLS12])?
        .with_no_client_auth()
        .with_cert_resolver(certificates);
    config.alpn_protocols = vec![PROTOCOL.to_vec()];
    Ok(TlsAcceptor::from(Arc::new(config)))
}

/// The version as policies name it.
pub fn version_name(version: ProtocolVersion) -> Option<&'static str> {
    match version {
        ProtocolVersion::TLSv1_2 => Some("1.2"),
        ProtocolVersion::TLSv1_3 => Some("1.3"),
        _ => None,
    }
}
