//! One request as it came: its head, where it came from, when, and the id it is answered under.

use std::net::IpAddr;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use daypass_api::Timestamp;
use daypass_api::{Error, ErrorCode};
use daypass_dialect::cos::RequestHead;
use daypass_door::Peer;
use daypass_signature::RequestView;
use http::Method;
use http::header::{HOST, HeaderValue, TRANSFER_ENCODING};
use http::request::Parts;

use crate::edge::limits::MAX_HEAD_BYTES;
use crate::proxies::{self, TrustedProxy};

/// The head of a request, with what the edge adds to it.
pub(crate) struct Received {
    pub(crate) method: Method,
    pub(crate) path: String,
    pub(crate) query: String,
    pub(crate) host: String,
    pub(crate) headers: http::HeaderMap,
    pub(crate) ip: IpAddr,
    /// Whether a proxy in between told unmistakably where it came from.
    origin_is_told: bool,
    /// The version of TLS that it came in, none when it came in the clear.
    pub(crate) tls_version: Option<&'static str>,
    pub(crate) now: Timestamp,
    pub(crate) request_id: String,
}

impl Received {
    pub(crate) fn new(
        parts: Parts,
        peer: Peer,
        proxies: &[TrustedProxy],
        now: Timestamp,
        random: [u8; 12],
    ) -> Self {
        let mut headers = parts.headers;
        // A target in absolute form, as proxies send it, names the host itself, and outweighs the header (RFC 9112,
        // "absolute-form"). INVARIANT: routing and signature see one host, or a signed request could be sent elsewhere.
        if let Some(Ok(host)) = parts
            .uri
            .authority()
            .map(|host| HeaderValue::from_str(host.as_str()))
        {
            headers.insert(HOST, host);
        }
        let host = headers
            .get(HOST)
            .and_then(|host| host.to_str().ok())
            .unwrap_or_default()
            .to_owned();
        let client = proxies::client_address(proxies, peer.address.ip(), &headers);
        Self {
            method: parts.method,
            path: parts.uri.path().to_owned(),
            query: parts.uri.query().unwrap_or_default().to_owned(),
            host,
            headers,
            ip: client.unwrap_or(peer.address.ip()),
            origin_is_told: client.is_some(),
            tls_version: peer.tls_version,
            now,
            request_id: request_id(now, random),
        }
    }

    /// Refuses a head that is too large, one that does not tell where it comes from, one with several hosts, of which
    /// others on the way may have read another than we do, and a body in a coding that nobody here would take off again.
    ///
    /// A length that comes beside chunks is not here any more: the HTTP library drops it and ends the connection.
    pub(crate) fn check_head(&self) -> Result<(), Error> {
        if !self.origin_is_told {
            let text = "the proxy does not tell unmistakably where the request comes from";
            return Err(Error::with_message(ErrorCode::InvalidArgument, text));
        }
        if self.headers.get_all(HOST).iter().count() > 1 {
            let text = "`host` is given more than once";
            return Err(Error::with_message(ErrorCode::InvalidArgument, text));
        }
        let line = self.method.as_str().len() + self.path.len() + self.query.len();
        let headers = self.headers.iter();
        let lengths = headers.map(|(name, value)| name.as_str().len() + value.len());
        if lengths.sum::<usize>() + line > MAX_HEAD_BYTES {
            return Err(Error::new(ErrorCode::HeadersTooLarge));
        }
        let mut codings = self.headers.get_all(TRANSFER_ENCODING).iter();
        if codings.all(|coding| coding.as_bytes().eq_ignore_ascii_case(b"chunked")) {
            Ok(())
        } else {
            let text = "a transfer coding beside `chunked` is not offered";
            Err(Error::with_message(ErrorCode::NotImplemented, text))
        }
    }

    /// The scheme of its URL.
    pub(crate) fn scheme(&self) -> &'static str {
        match self.tls_version {
            Some(_) => "https",
            None => "http",
        }
    }

    /// Its head, as the dialect of the object store reads it.
    pub(crate) fn head(&self) -> RequestHead<'_> {
        RequestHead {
            method: self.method.as_str(),
            path: &self.path,
            query: &self.query,
            headers: &self.headers,
        }
    }

    /// The text of one header.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    /// Names and values as the verifier wants them.
    pub(crate) fn header_pairs(&self) -> Vec<(&str, &[u8])> {
        pairs(&self.headers)
    }

    /// The request as signatures see it, over the pairs of [`Received::header_pairs`].
    pub(crate) fn view<'a>(&'a self, pairs: &'a [(&'a str, &'a [u8])]) -> Result<RequestView<'a>, Error> {
        RequestView::new(self.method.as_str(), &self.path, &self.query, pairs)
            .map_err(|error| Error::with_message(ErrorCode::InvalidArgument, error.to_string()))
    }

    /// The announced length of the body: none for a chunked one.
    pub(crate) fn body_length(&self) -> Option<u64> {
        if self.headers.contains_key(TRANSFER_ENCODING) {
            return None;
        }
        let announced = self.header("content-length");
        announced.map_or(Some(0), |length| length.parse().ok())
    }

    /// Whether the client waits for leave before it sends its body.
    pub(crate) fn expects_leave(&self) -> bool {
        self.header("expect")
            .is_some_and(|expect| expect.eq_ignore_ascii_case("100-continue"))
    }

    /// Host and path, as error documents name what they are about.
    pub(crate) fn resource(&self) -> String {
        format!("{}{}", self.host, self.path)
    }
}

/// Names and values of headers, as the verifier wants them.
pub(crate) fn pairs(headers: &http::HeaderMap) -> Vec<(&str, &[u8])> {
    headers
        .iter()
        .map(|(name, value)| (name.as_str(), value.as_bytes()))
        .collect()
}

/// Text that names one request: the second it came in, and random bits.
fn request_id(now: Timestamp, random: [u8; 12]) -> String {
    let [a, b, c, d, rest @ ..] = random;
    let low = rest.iter().fold(0_u64, |low, byte| low << 8 | u64::from(*byte));
    STANDARD.encode(format!(
        "{:08x}_{:08x}_{low:x}",
        now.unix_seconds(),
        u32::from_be_bytes([a, b, c, d])
    ))
}
