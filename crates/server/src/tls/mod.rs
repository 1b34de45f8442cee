//! HTTPS: the certificate that the server shows, its replacement while the server runs, and the making of one.
//!
//! The cryptography is rustls's with aws-lc-rs. What happens on a connection after its handshake is the edge's, and
//! the same as on a plain one; what the version of TLS means for a request is the decision's.

mod authority;
mod certificates;
mod identity;
mod name;
mod validity;

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use rustls::crypto::CryptoProvider;
use rustls::crypto::aws_lc_rs;
use rustls::{ProtocolVersion, ServerConfig};
use tokio_rustls::TlsAcceptor;

pub use authority::{Authority, InitError, Issued};
pub use identity::TlsError;
pub use name::{BadName, SubjectName};

pub(crate) use certificates::Certificates;

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

/// The one place where the cryptography is chosen.
fn provider() -> Arc<CryptoProvider> {
    Arc::new(aws_lc_rs::default_provider())
}

/// What shakes hands with TLS 1.2 or 1.3, showing the certificate as it is at that moment.
pub(crate) fn acceptor(certificates: Arc<Certificates>) -> Result<TlsAcceptor, rustls::Error> {
    let mut config = ServerConfig::builder_with_provider(provider())
        .with_protocol_versions(&[&rustls::version::TLS13, &rustls::version::TLS12])?
        .with_no_client_auth()
        .with_cert_resolver(certificates);
    config.alpn_protocols = vec![PROTOCOL.to_vec()];
    Ok(TlsAcceptor::from(Arc::new(config)))
}

/// The version as policies name it.
pub(crate) fn version_name(version: ProtocolVersion) -> Option<&'static str> {
    match version {
        ProtocolVersion::TLSv1_2 => Some("1.2"),
        ProtocolVersion::TLSv1_3 => Some("1.3"),
        _ => None,
    }
}
