//! Bounds of connections: how many, how slow, and how large a head may be.

use std::time::Duration;

use daypass_door::Manners;
use hyper::server::conn::http1;

/// Bounds of the edge.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EdgeLimits {
    /// Most connections at once, plain and TLS together; more wait.
    pub connections: usize,
    /// Most connections at once of one address, or of one /64 of IPv6; more are closed. 0: any number.
    pub connections_per_address: usize,
    /// Longest time that a TLS handshake may take.
    pub handshake_timeout: Duration,
    /// Longest wait for a request's head.
    pub head_timeout: Duration,
    /// Longest wait for the next piece of a body, in either direction, and for the whole of a document.
    pub body_timeout: Duration,
    /// Least rate of an upload over time, in bytes a second; one that stays below is given up. 0: any rate.
    pub body_bytes_per_second: u64,
    /// Longest wait for requests in flight when the server stops.
    pub shutdown_timeout: Duration,
}

impl Default for EdgeLimits {
    fn default() -> Self {
        Self {
            connections: 4096,
            connections_per_address: 1024,
            handshake_timeout: Duration::from_secs(10),
            head_timeout: Duration::from_secs(60),
            body_timeout: Duration::from_secs(30),
            body_bytes_per_second: 1024,
            shutdown_timeout: Duration::from_secs(30),
        }
    }
}

/// Most bytes of a request's line and headers together. The HTTP library's own bound is that of its buffer.
pub(crate) const MAX_HEAD_BYTES: usize = 64 * 1024;

/// Most headers of a request.
const MAX_HEADERS: usize = 200;

/// Large enough that a big upload is read in few pieces.
const READ_BUFFER_BYTES: usize = 256 * 1024;

impl EdgeLimits {
    /// What they mean at a door.
    pub(crate) fn manners(&self) -> Manners {
        let mut http = http1::Builder::new();
        http.preserve_header_case(true)
            .max_headers(MAX_HEADERS)
            .max_buf_size(READ_BUFFER_BYTES);
        Manners {
            http,
            handshake: self.handshake_timeout,
            head: self.head_timeout,
            answer: self.body_timeout,
            end: self.shutdown_timeout,
        }
    }
}
