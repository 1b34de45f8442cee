//! The two probes: is the process alive, is it ready to serve. They answer on service hosts only, so that no bucket
//! loses a key to them.

use daypass_dialect::site::Site;
use http::Method;

use crate::family::Family;
use crate::received::Received;
use crate::service::Service;

/// What is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Probe {
    /// Whether the process is alive.
    Live,
    /// Whether it serves.
    Ready,
}

/// What is answered: the status, and a line.
pub(crate) type Health = (u16, &'static str);

impl Probe {
    pub(crate) fn of_path(path: &str) -> Option<Self> {
        match path {
            "/_daypass/live" => Some(Self::Live),
            "/_daypass/ready" => Some(Self::Ready),
            _ => None,
        }
    }
}

/// The probe that a request is, if it is one.
pub(crate) fn probe(received: &Received, family: &Family) -> Option<Probe> {
    let on_service = matches!(family, Family::Object(Site::Service(_)));
    if !on_service || !matches!(received.method, Method::GET | Method::HEAD) {
        return None;
    }
    Probe::of_path(&received.path)
}

impl Service {
    /// Ready is who can read the store and open its key ring: without that no signed request is answered.
    pub(crate) async fn health(&self, probe: Probe) -> Health {
        match probe {
            Probe::Live => (200, "live\n"),
            Probe::Ready => match self.key_ring.follow().await {
                Ok(()) => (200, "ready\n"),
                Err(_) => (503, "not ready\n"),
            },
        }
    }
}
