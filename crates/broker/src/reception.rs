//! What the broker puts up with from those who come: how much of a request is read, and how long it may take. What is
//! answered is the desk's.

use std::net::SocketAddr;
use std::time::Duration;

use daypass_door::Manners;
use http::{Request, StatusCode};
use http_body_util::{BodyExt, LengthLimitError, Limited};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use tokio::time::timeout;

use crate::desk::Received;
use crate::refusal::Refusal;

/// Largest body of a request: scopes.
const MAX_BODY_BYTES: usize = 64 * 1024;
/// Most bytes of a request's head, its first line among them; a token of a provider may have 16 KiB. The HTTP library
/// takes at most 100 headers by itself.
const MAX_HEAD_BYTES: usize = 32 * 1024;
/// Longest wait for requests in flight at the end.
const LAST_WAIT: Duration = Duration::from_secs(10);

/// The same patience with a handshake, with a head and with whoever does not take his answer.
pub(crate) fn manners(patience: Duration) -> Manners {
    let mut http = http1::Builder::new();
    http.max_header_size(MAX_HEAD_BYTES);
    Manners {
        http,
        handshake: patience,
        head: patience,
        answer: patience,
        end: LAST_WAIT,
    }
}

/// The whole of a request, in bounds of size and time.
pub(crate) async fn receive(request: Request<Incoming>, peer: SocketAddr, patience: Duration) -> Received {
    let (head, body) = request.into_parts();
    let body = match timeout(patience, Limited::new(body, MAX_BODY_BYTES).collect()).await {
        Ok(Ok(body)) => Ok(body.to_bytes()),
        Ok(Err(error)) if error.is::<LengthLimitError>() => Err(Refusal::new(
            StatusCode::PAYLOAD_TOO_LARGE,
            "BodyTooLarge",
            "the body is larger than 64 KiB",
        )),
        Ok(Err(_)) => Err(Refusal::request("the body breaks off")),
        Err(_) => Err(Refusal::new(
            StatusCode::REQUEST_TIMEOUT,
            "RequestTimeout",
            "the body does not come",
        )),
    };
    Received { head, body, peer }
}
