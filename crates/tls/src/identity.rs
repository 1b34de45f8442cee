//! The certificate and its key, from their files: read with a bound, and checked to belong together.

use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use daypass_api::Timestamp;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::sign::CertifiedKey;

use crate::provider;
use crate::validity::Validity;

/// Largest file that is read: a chain of certificates is a few kilobytes.
const MAX_FILE_BYTES: u64 = 1024 * 1024;

/// Why a certificate cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    /// A file cannot be read.
    #[error("`{path}` could not be read", path = path.display())]
    File {
        /// Which.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// A file is not what it should be.
    #[error("`{path}` is larger than a certificate can be", path = .0.display())]
    TooLarge(PathBuf),
    /// There is no certificate in the file.
    #[error("`{path}` holds no certificate in PEM form", path = .0.display())]
    NoCertificate(PathBuf),
    /// There is no key in the file.
    #[error("`{path}` holds no private key in PEM form, or one that is locked by a passphrase", path = .0.display())]
    NoKey(PathBuf),
    /// The two do not belong together.
    #[error("the key in `{key}` is not that of the certificate in `{certificate}`", key = key.display(), certificate = certificate.display())]
    Mismatch {
        /// The certificate's file.
        certificate: PathBuf,
        /// The key's file.
        key: PathBuf,
    },
    /// Certificate or key are of a kind that cannot be used, or damaged.
    #[error("the certificate in `{certificate}` and its key could not be used", certificate = certificate.display())]
    Unusable {
        /// The certificate's file.
        certificate: PathBuf,
        /// Why.
        source: rustls::Error,
    },
}

/// A certificate that can be shown.
pub(crate) struct Identity {
    pub(crate) shown: Arc<CertifiedKey>,
    validity: Option<Validity>,
}

impl Identity {
    /// Reads both files.
    pub(crate) fn load(certificate: &Path, key: &Path) -> Result<Self, TlsError> {
        let chain = chain(certificate)?;
        let private = PrivateKeyDer::from_pem_slice(&read(key)?);
        let private = private.map_err(|_| TlsError::NoKey(key.to_owned()))?;
        let validity = chain.first().and_then(|first| Validity::of(first));
        match CertifiedKey::from_der(chain, private, &provider()) {
            Ok(shown) => Ok(Self {
                shown: Arc::new(shown),
                validity,
            }),
            Err(rustls::Error::InconsistentKeys(_)) => Err(TlsError::Mismatch {
                certificate: certificate.to_owned(),
                key: key.to_owned(),
            }),
            Err(source) => Err(TlsError::Unusable {
                certificate: certificate.to_owned(),
                source,
            }),
        }
    }

    /// Logs what clients will think of it. It is shown all the same: a client may not mind, and no answer at all
    /// would hide the cause.
    pub(crate) fn tell(&self, path: &Path, now: Timestamp) {
        let path = path.display();
        let Some(Validity { begins, ends }) = self.validity else {
            return tracing::warn!(%path, "the dates of the TLS certificate cannot be read");
        };
        let (begins_at, ends_at) = (begins.iso_seconds(), ends.iso_seconds());
        if ends < now {
            tracing::warn!(%path, ends = ends_at, "the TLS certificate has expired: clients will refuse it");
        } else if now < begins {
            tracing::warn!(%path, begins = begins_at, "the TLS certificate is not valid yet: clients will refuse it");
        } else {
            tracing::info!(%path, ends = ends_at, "using the TLS certificate");
        }
    }
}

fn chain(path: &Path) -> Result<Vec<CertificateDer<'static>>, TlsError> {
    let text = read(path)?;
    let chain: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&text).collect();
    match chain {
        Ok(chain) if !chain.is_empty() => Ok(chain),
        Ok(_) | Err(_) => Err(TlsError::NoCertificate(path.to_owned())),
    }
}

/// The whole of a file of PEM, which must not be longer than a chain or a key can be.
pub fn read(path: &Path) -> Result<Vec<u8>, TlsError> {
    let failed = |source| TlsError::File {
        path: path.to_owned(),
        source,
    };
    let file = File::open(path).map_err(failed)?;
    let mut bytes = Vec::new();
    file.take(MAX_FILE_BYTES + 1)
        .read_to_end(&mut bytes)
        .map_err(failed)?;
    if bytes.len() as u64 > MAX_FILE_BYTES {
        return Err(TlsError::TooLarge(path.to_owned()));
    }
    Ok(bytes)
}
