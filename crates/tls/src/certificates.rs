//! The certificate as it is now, shown to whoever connects, and exchanged when its files change.
//!
//! The files are looked at from time to time instead of watched: that works on every file system, for files that are
//! replaced, rewritten or reached through links. What cannot be used is logged and not shown; the last good one stays.

use std::fmt;
use std::fs::Metadata;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::Duration;

use daypass_api::Timestamp;
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;
use tokio::sync::watch;

use crate::identity::Identity;
use crate::{TlsConfig, TlsError};

/// The certificate that is shown, and where it comes from.
pub struct Certificates {
    certificate: PathBuf,
    key: PathBuf,
    shown: RwLock<Arc<CertifiedKey>>,
    seen: Mutex<Stamps>,
}

/// What tells that a file is another one than before: inode, size, and time of the last change to the nanosecond.
type Stamp = Option<(u64, u64, i64, i64)>;

/// Those of the certificate and of its key.
type Stamps = (Stamp, Stamp);

impl Certificates {
    /// Reads the files for the first time.
    pub fn open(config: &TlsConfig, now: Timestamp) -> Result<Self, TlsError> {
        let TlsConfig { certificate, key, .. } = config;
        // Before the files: whatever is written from here on is seen as a change.
        let seen = (stamp(certificate), stamp(key));
        let identity = Identity::load(certificate, key)?;
        identity.tell(certificate, now);
        Ok(Self {
            certificate: certificate.clone(),
            key: key.clone(),
            shown: RwLock::new(identity.shown),
            seen: Mutex::new(seen),
        })
    }

    /// Looks at the files again and again until `stop` turns true; `now` tells the time.
    pub async fn watch(
        self: Arc<Self>,
        every: Duration,
        now: impl Fn() -> Timestamp + Send,
        mut stop: watch::Receiver<bool>,
    ) {
        loop {
            tokio::select! {
                _ = stop.wait_for(|stop| *stop) => return,
                () = tokio::time::sleep(every) => {}
            }
            let (certificates, now) = (Arc::clone(&self), now());
            if let Err(error) = tokio::task::spawn_blocking(move || certificates.refresh(now)).await {
                tracing::error!(%error, "the TLS certificate could not be looked at");
            }
        }
    }

    /// Takes over what the files hold now, if they have changed and it can be used.
    fn refresh(&self, now: Timestamp) {
        let stamps = (stamp(&self.certificate), stamp(&self.key));
        {
            let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
            if *seen == stamps {
                return;
            }
            *seen = stamps;
        }
        match Identity::load(&self.certificate, &self.key) {
            Ok(identity) => {
                identity.tell(&self.certificate, now);
                *self.shown.write().unwrap_or_else(PoisonError::into_inner) = identity.shown;
            }
            Err(error) => {
                let cause = std::error::Error::source(&error).map(ToString::to_string);
                tracing::warn!(%error, cause, "the new TLS certificate cannot be used, the old one stays");
            }
        }
    }
}

impl ResolvesServerCert for Certificates {
    fn resolve(&self, _hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(Arc::clone(
            &self.shown.read().unwrap_or_else(PoisonError::into_inner),
        ))
    }
}

impl fmt::Debug for Certificates {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Certificates")
            .field("certificate", &self.certificate)
            .finish_non_exhaustive()
    }
}

fn stamp(path: &Path) -> Stamp {
    let stamp = |file: Metadata| (file.ino(), file.size(), file.mtime(), file.mtime_nsec());
    std::fs::metadata(path).ok().map(stamp)
}
