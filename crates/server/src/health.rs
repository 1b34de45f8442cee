//! The two probes: is the process alive, is it ready to serve. They answer on service hosts only, so that no bucket
//! loses a key to them.

use daypass_dialect::site::Site;
use http::Method;

use crate::family::Family;
use crate::received::Received;

/// The answer to a probe; none when the request is not one.
pub(crate) fn probe(received: &Received, family: &Family) -> Option<&'static str> {
    let on_service = matches!(family, Family::Object(Site::Service(_)));
    if !on_service || !matches!(received.method, Method::GET | Method::HEAD) {
        return None;
    }
    match received.path.as_str() {
        "/_daypass/live" => Some("live\n"),
        // Whoever gets an answer has been accepted, and connections are accepted only once the store is open.
        "/_daypass/ready" => Some("ready\n"),
        _ => None,
    }
}
