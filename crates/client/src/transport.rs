//! One request over HTTP, and its answer.
//!
//! The HTTP library keeps connections open and pools them. Here its errors become ours, and waiting becomes
//! bounded: not by a total, since an object may be of any size, but by how long nothing moves. Redirects are not
//! followed: a signature is for one host. Over HTTPS the server's certificate is verified before a byte is sent.

use std::future::Future;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use daypass_api::Timestamp;
use daypass_dialect::cos::answer::MAX_DOCUMENT_BYTES;
use http::header::{DATE, PROXY_AUTHORIZATION};
use http::{HeaderMap, HeaderName, HeaderValue, Method, Request, Uri, response};
use http_body_util::BodyExt;
use hyper::body::Incoming;
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::{TokioExecutor, TokioTimer};

use crate::endpoint::Endpoint;
use crate::error::{Cause, Error};
use crate::payload::{SendBody, Sent};
use crate::retry::Patience;
use crate::route::{Proxy, Route};
use crate::trust::{self, Trust};

/// How long a connection that nobody uses is kept; shorter than servers keep theirs.
const IDLE: Duration = Duration::from_secs(30);

/// A request without its body, signed and ready to go.
pub(crate) struct Head {
    pub(crate) method: &'static str,
    /// Path and query, percent-encoded.
    pub(crate) target: String,
    /// All headers, Host among them.
    pub(crate) headers: Vec<(String, String)>,
}

/// What to do with the body of an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum AnswerBody {
    /// It is a document, to be read whole.
    Document,
    /// It is an object, to be left to the caller, unless the answer is a refusal.
    Object,
}

/// An answer.
pub(crate) struct Answer {
    pub(crate) parts: response::Parts,
    /// Its document; empty when the body is an object.
    pub(crate) document: Bytes,
    /// The object, still on its way.
    pub(crate) object: Option<ReceivedBody>,
    /// What left with the request.
    pub(crate) sent: Arc<Sent>,
}

impl Answer {
    /// The time on the server's clock when it answered, if it tells.
    pub(crate) fn date(&self) -> Option<Timestamp> {
        let date = self.parts.headers.get(DATE)?.to_str().ok()?;
        Timestamp::parse_http_date(date)
    }
}

/// The body of an answer on its way.
pub(crate) struct ReceivedBody {
    incoming: Incoming,
    stall: Duration,
}

/// Open connections, and how to make more.
#[derive(Clone)]
pub(crate) struct Transport {
    client: Client<HttpsConnector<Route>, SendBody>,
    stall: Duration,
    /// What a proxy is shown that is handed requests.
    proxy_authorization: Option<HeaderValue>,
}

impl Transport {
    /// Without trust there is no server to speak HTTPS with.
    pub(crate) fn new(
        patience: Patience,
        trust: Option<&Trust>,
        proxy: Option<&Proxy>,
        is_secure: bool,
    ) -> Self {
        let mut connector = HttpConnector::new();
        connector.set_nodelay(true);
        connector.set_connect_timeout(Some(patience.connect));
        connector.enforce_http(false);
        let connector = HttpsConnectorBuilder::new()
            .with_tls_config(trust.map_or_else(trust::in_nobody, Trust::config))
            .https_or_http()
            .enable_http1()
            .wrap_connector(Route::new(connector, proxy, is_secure));
        let client = Client::builder(TokioExecutor::new())
            .pool_timer(TokioTimer::new())
            .pool_idle_timeout(IDLE)
            .build(connector);
        Self {
            client,
            stall: patience.stall,
            proxy_authorization: proxy
                .filter(|_| !is_secure)
                .and_then(Proxy::authorization)
                .cloned(),
        }
    }

    /// Sends one request and waits for its answer.
    pub(crate) async fn send(
        &self,
        endpoint: &Endpoint,
        head: Head,
        body: SendBody,
        sent: Arc<Sent>,
        answer_body: AnswerBody,
    ) -> Result<Answer, Error> {
        let mut request = head.into_request(endpoint, body)?;
        if let Some(authorization) = &self.proxy_authorization {
            request
                .headers_mut()
                .insert(PROXY_AUTHORIZATION, authorization.clone());
        }
        let answer = while_it_moves(self.stall, &sent, self.client.request(request)).await?;
        let (parts, incoming) = match answer {
            Ok(answer) => answer.into_parts(),
            Err(error) => return Err(sending_failed(&error, endpoint, &sent)),
        };
        let body = ReceivedBody {
            incoming,
            stall: self.stall,
        };
        let (document, object) = match answer_body {
            AnswerBody::Object if parts.status.is_success() => (Bytes::new(), Some(body)),
            AnswerBody::Object | AnswerBody::Document => (body.whole().await?, None),
        };
        Ok(Answer {
            parts,
            document,
            object,
            sent,
        })
    }
}

impl Head {
    fn into_request(self, endpoint: &Endpoint, body: SendBody) -> Result<Request<SendBody>, Error> {
        let unsendable = |what: &'static str| {
            let error = daypass_api::Error::with_message(daypass_api::ErrorCode::InvalidArgument, what);
            Error::Request(error)
        };
        let host = self.headers.iter().find(|(name, _)| name == "host");
        let authority = host.map_or(endpoint.authority(), |(_, host)| endpoint.authority_for(host));
        let uri = Uri::builder()
            .scheme(endpoint.scheme())
            .authority(authority)
            .path_and_query(self.target)
            .build()
            .map_err(|_| unsendable("the path or the query is too long"))?;
        let mut request = Request::new(body);
        *request.method_mut() =
            Method::from_bytes(self.method.as_bytes()).map_err(|_| unsendable("the method is not one"))?;
        *request.uri_mut() = uri;
        *request.headers_mut() =
            header_map(&self.headers).ok_or_else(|| unsendable("a header is not one"))?;
        Ok(request)
    }
}

fn header_map(headers: &[(String, String)]) -> Option<HeaderMap> {
    let mut map = HeaderMap::with_capacity(headers.len());
    for (name, value) in headers {
        let name = HeaderName::from_bytes(name.as_bytes()).ok()?;
        // From bytes and not from text, which would allow ASCII only.
        map.append(name, HeaderValue::from_bytes(value.as_bytes()).ok()?);
    }
    Some(map)
}

fn sending_failed(error: &hyper_util::client::legacy::Error, endpoint: &Endpoint, sent: &Sent) -> Error {
    if let Some(failure) = sent.take_failure() {
        return Error::Source(failure);
    }
    let source = Cause::of(error);
    let endpoint = endpoint.to_string();
    if let Some(error) = trust::tls_error(error) {
        return match trust::distrust(error) {
            Some(reason) => Error::Untrusted { endpoint, reason },
            None => Error::Handshake {
                endpoint,
                source: Cause::of(error),
            },
        };
    }
    if error.is_connect() {
        return Error::Unreachable { endpoint, source };
    }
    let is_no_http = std::error::Error::source(error)
        .and_then(|cause| cause.downcast_ref::<hyper::Error>())
        .is_some_and(hyper::Error::is_parse);
    if is_no_http {
        return Error::NotHttp { endpoint, source };
    }
    Error::Interrupted { source }
}

/// Waits as long as bytes leave.
async fn while_it_moves<T>(
    stall: Duration,
    sent: &Sent,
    future: impl Future<Output = T>,
) -> Result<T, Error> {
    let mut future = pin!(future);
    let mut seen = sent.bytes();
    loop {
        if let Ok(output) = tokio::time::timeout(stall, &mut future).await {
            return Ok(output);
        }
        let now = sent.bytes();
        if now == seen {
            return Err(Error::Timeout(stall));
        }
        seen = now;
    }
}

impl ReceivedBody {
    /// All of it, which must be no more than a document can be.
    async fn whole(mut self) -> Result<Bytes, Error> {
        let mut whole = BytesMut::new();
        while let Some(bytes) = self.next().await? {
            if whole.len() + bytes.len() > MAX_DOCUMENT_BYTES {
                return Err(Error::malformed("its document is too large"));
            }
            whole.extend_from_slice(&bytes);
        }
        Ok(whole.freeze())
    }

    /// The next piece; none at the end.
    pub(crate) async fn next(&mut self) -> Result<Option<Bytes>, Error> {
        loop {
            let frame = tokio::time::timeout(self.stall, self.incoming.frame())
                .await
                .map_err(|_| Error::Timeout(self.stall))?;
            let frame = match frame {
                None => return Ok(None),
                Some(Ok(frame)) => frame,
                Some(Err(error)) => {
                    return Err(Error::Interrupted {
                        source: Cause::of(&error),
                    });
                }
            };
            // Trailers carry nothing that anybody asked for.
            if let Ok(bytes) = frame.into_data()
                && !bytes.is_empty()
            {
                return Ok(Some(bytes));
            }
        }
    }
}
