//! One request as it came: its head, where it came from, when, and the id it is answered under.

use std::net::{IpAddr, SocketAddr};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use daypass_api::Timestamp;
use http::request::Parts;

/// The head of a request, with what the edge adds to it.
pub(crate) struct Received {
    pub(crate) method: String,
    pub(crate) path: String,
    pub(crate) query: String,
    pub(crate) host: String,
    pub(crate) headers: http::HeaderMap,
    pub(crate) ip: IpAddr,
    pub(crate) now: Timestamp,
    pub(crate) request_id: String,
}

impl Received {
    pub(crate) fn new(parts: Parts, peer: SocketAddr, now: Timestamp, random: [u8; 12]) -> Self {
        let header_host = parts.headers.get(http::header::HOST).and_then(|host| host.to_str().ok());
        // A target in absolute form, as proxies send it, names the host itself.
        let host = parts.uri.authority().map(http::uri::Authority::as_str).or(header_host).unwrap_or_default().to_owned();
        Self {
            method: parts.method.as_str().to_owned(),
            path: parts.uri.path().to_owned(),
            query: parts.uri.query().unwrap_or_default().to_owned(),
            host,
            headers: parts.headers,
            ip: peer.ip(),
            now,
            request_id: request_id(now, random),
        }
    }

    /// The text of one header.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    /// Names and values as the verifier wants them.
    pub(crate) fn header_pairs(&self) -> Vec<(&str, &[u8])> {
        self.headers.iter().map(|(name, value)| (name.as_str(), value.as_bytes())).collect()
    }

    /// Whether the client waits for leave before it sends its body.
    pub(crate) fn expects_leave(&self) -> bool {
        self.header("expect").is_some_and(|expect| expect.eq_ignore_ascii_case("100-continue"))
    }

    /// Host and path, as error documents name what they are about.
    pub(crate) fn resource(&self) -> String {
        format!("{}{}", self.host, self.path)
    }
}

/// Text that names one request: the second it came in, and random bits.
fn request_id(now: Timestamp, random: [u8; 12]) -> String {
    let [a, b, c, d, rest @ ..] = random;
    let low = rest.iter().fold(0_u64, |low, byte| low << 8 | u64::from(*byte));
    STANDARD.encode(format!("{:08x}_{:08x}_{low:x}", now.unix_seconds(), u32::from_be_bytes([a, b, c, d])))
}
