//! The listener for whoever operates the server: figures and probes, on an address of their own.
//!
//! It is never the objects' origin, so that nothing that somebody stored can be served from here. It asks nobody who
//! they are: it is meant for the loopback interface or a network of the operator's.

use std::sync::Arc;

use bytes::Bytes;
use http::header::X_CONTENT_TYPE_OPTIONS;
use http::header::{ALLOW, CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, HeaderValue};
use http::{Method, Request, Response, StatusCode};
use hyper::body::Incoming;

use crate::edge::body::ResponseBody;
use crate::health::Probe;
use crate::metrics;
use crate::service::Service;

/// Most connections of the console at once.
pub(crate) const MAX_CONNECTIONS: usize = 64;

const PLAIN: &str = "text/plain; charset=utf-8";
const INDEX: &str = "\
Daypass

/metrics           figures, in the text format of Prometheus
/_daypass/live     whether the process is alive
/_daypass/ready    whether it is ready to serve
";

/// An answer before it is spelled.
struct Answer {
    status: StatusCode,
    content_type: &'static str,
    text: Bytes,
}

impl Answer {
    fn plain(status: StatusCode, text: &'static str) -> Self {
        Self {
            status,
            content_type: PLAIN,
            text: Bytes::from_static(text.as_bytes()),
        }
    }
}

/// Answers one request to the console.
pub(crate) async fn answer(service: Arc<Service>, request: Request<Incoming>) -> Response<ResponseBody> {
    let answer = answer_to(service, request.method(), request.uri().path()).await;
    let mut response = Response::new(ResponseBody::Whole(answer.text));
    *response.status_mut() = answer.status;
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(answer.content_type));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    let policy = HeaderValue::from_static("default-src 'none'; frame-ancestors 'none'");
    headers.insert(CONTENT_SECURITY_POLICY, policy);
    if answer.status == StatusCode::METHOD_NOT_ALLOWED {
        headers.insert(ALLOW, HeaderValue::from_static("GET, HEAD"));
    }
    response
}

async fn answer_to(service: Arc<Service>, method: &Method, path: &str) -> Answer {
    if !matches!(path, "/" | "/metrics" | "/_daypass/live" | "/_daypass/ready") {
        return Answer::plain(StatusCode::NOT_FOUND, "not found\n");
    }
    if !matches!(*method, Method::GET | Method::HEAD) {
        return Answer::plain(StatusCode::METHOD_NOT_ALLOWED, "only GET and HEAD\n");
    }
    if let Some(probe) = Probe::of_path(path) {
        let (status, text) = service.health(probe).await;
        let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        return Answer::plain(status, text);
    }
    match path {
        "/metrics" => figures(service).await,
        _ => Answer::plain(StatusCode::OK, INDEX),
    }
}

/// Written aside, since it asks the operating system, too.
async fn figures(service: Arc<Service>) -> Answer {
    match tokio::task::spawn_blocking(move || service.metrics_page()).await {
        Ok(text) => Answer {
            status: StatusCode::OK,
            content_type: metrics::CONTENT_TYPE,
            text: Bytes::from(text),
        },
        Err(error) => {
            tracing::error!(%error, "the figures could not be written");
            Answer::plain(StatusCode::INTERNAL_SERVER_ERROR, "failed\n")
        }
    }
}
