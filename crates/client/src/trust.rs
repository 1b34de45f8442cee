//! Whose word is taken for who a server is, and why it was not.
//!
//! Over HTTPS a server shows a certificate; it counts when an authority that is trusted here stands behind it, and when
//! it is made out to the host that was asked for. Which authorities are trusted is settled once, for a connection.
//! There is no way to trust just anybody.

use std::error::Error as StdError;
use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use rustls::{CertificateError, ClientConfig, RootCertStore};

use crate::error::Cause;

/// Largest file of certificates that is read, in bytes; the lists of whole systems are smaller.
const MAX_BYTES: u64 = 4 * 1024 * 1024;

/// The authorities that are trusted.
#[derive(Clone)]
pub struct Trust(RootCertStore);

/// Why a file names no authority.
#[derive(Debug, thiserror::Error)]
pub enum TrustError {
    /// It cannot be read.
    #[error("the certificates in `{}` cannot be read", .path.display())]
    Read {
        /// Which file.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
    /// It is larger than any list of certificates.
    #[error("`{}` is larger than 4 MiB, which is no list of certificates", .0.display())]
    TooLarge(PathBuf),
    /// There is no certificate in it that can stand behind others.
    #[error("`{}` holds no certificate of an authority in PEM", .0.display())]
    NoCertificate(PathBuf),
}

/// Why a server's certificate is not trusted.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Distrust {
    /// No authority that is trusted stands behind it.
    #[error("no authority that is trusted here issued it")]
    UnknownIssuer,
    /// It is made out to other hosts.
    #[error("it is made out to another host")]
    WrongName,
    /// Its time is over.
    #[error("it has expired")]
    Expired,
    /// Its time has not come.
    #[error("it is not valid yet")]
    NotYetValid,
    /// Something else.
    #[error(transparent)]
    Other(Cause),
}

impl Trust {
    /// The authorities that this machine trusts. Where it trusts none, no server is believed.
    pub fn of_the_machine() -> Self {
        let mut roots = RootCertStore::empty();
        roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
        Self(roots)
    }

    /// The authorities in a file, and no others.
    pub fn file(path: &Path) -> Result<Self, TrustError> {
        let unreadable = |source| TrustError::Read {
            path: path.to_owned(),
            source,
        };
        let mut bytes = Vec::new();
        File::open(path)
            .and_then(|file| file.take(MAX_BYTES + 1).read_to_end(&mut bytes))
            .map_err(unreadable)?;
        if bytes.len() as u64 > MAX_BYTES {
            return Err(TrustError::TooLarge(path.to_owned()));
        }
        Self::pem(&bytes).ok_or_else(|| TrustError::NoCertificate(path.to_owned()))
    }

    fn pem(bytes: &[u8]) -> Option<Self> {
        let certificates: Vec<_> = CertificateDer::pem_slice_iter(bytes)
            .collect::<Result<_, _>>()
            .ok()?;
        let mut roots = RootCertStore::empty();
        let (added, _) = roots.add_parsable_certificates(certificates);
        (added > 0).then_some(Self(roots))
    }

    pub(crate) fn config(&self) -> ClientConfig {
        config(self.0.clone())
    }
}

/// For connections that are not encrypted.
pub(crate) fn in_nobody() -> ClientConfig {
    config(RootCertStore::empty())
}

fn config(roots: RootCertStore) -> ClientConfig {
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    #[expect(
        clippy::expect_used,
        reason = "the provider is the one that rustls was built with, and has suites for both versions"
    )]
    ClientConfig::builder_with_provider(provider)
        .with_protocol_versions(&[&rustls::version::TLS13, &rustls::version::TLS12])
        .expect("the provider offers both versions")
        .with_root_certificates(roots)
        .with_no_client_auth()
}

/// What the TLS library said, if it was the one that failed. It travels inside errors of input and output, which name
/// what they carry not as their source.
pub(crate) fn tls_error<'a>(error: &'a (dyn StdError + 'static)) -> Option<&'a rustls::Error> {
    let mut next = Some(error);
    while let Some(error) = next {
        let carried = error
            .downcast_ref::<io::Error>()
            .and_then(io::Error::get_ref)
            .map(|carried| carried as &(dyn StdError + 'static));
        let found = |error: &'a (dyn StdError + 'static)| error.downcast_ref::<rustls::Error>();
        if let Some(error) = found(error).or_else(|| carried.and_then(found)) {
            return Some(error);
        }
        next = carried.or_else(|| error.source());
    }
    None
}

/// Why the server's certificate is not trusted, if that was it.
pub(crate) fn distrust(error: &rustls::Error) -> Option<Distrust> {
    let rustls::Error::InvalidCertificate(error) = error else {
        return None;
    };
    Some(match error {
        CertificateError::UnknownIssuer => Distrust::UnknownIssuer,
        CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => {
            Distrust::WrongName
        }
        CertificateError::Expired | CertificateError::ExpiredContext { .. } => Distrust::Expired,
        CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => Distrust::NotYetValid,
        other => Distrust::Other(Cause::in_words(other.to_string())),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_that_name_no_authority() {
        let folder = tempfile::tempdir().unwrap();
        let check = |content: &[u8], expected: &str| {
            let path = folder.path().join("ca.pem");
            std::fs::write(&path, content).unwrap();
            let text = Trust::file(&path).err().unwrap().to_string();
            assert!(text.contains(expected), "{text}");
        };
        check(b"", "holds no certificate");
        check(b"\xff\xfe", "holds no certificate");
        check(
            b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
            "holds no certificate",
        );
        check(
            b"-----BEGIN CERTIFICATE-----\n####\n-----END CERTIFICATE-----\n",
            "holds no certificate",
        );
        check(&vec![b' '; MAX_BYTES as usize], "holds no certificate");
        check(&vec![b' '; MAX_BYTES as usize + 1], "larger than 4 MiB");
        let missing = Trust::file(&folder.path().join("missing")).err().unwrap();
        assert!(missing.to_string().contains("cannot be read"), "{missing}");
    }

    #[test]
    fn tls_errors_are_found_inside_others() {
        let tls = || rustls::Error::DecryptError;
        let nested = io::Error::other(io::Error::other(tls()));
        assert_eq!(tls_error(&nested), Some(&tls()));
        assert_eq!(tls_error(&tls()), Some(&tls()));
        assert_eq!(tls_error(&io::Error::other("reset")), None);
        assert_eq!(distrust(&tls()), None);
        let expired = rustls::Error::InvalidCertificate(CertificateError::Expired);
        assert_eq!(distrust(&expired), Some(Distrust::Expired));
    }
}
