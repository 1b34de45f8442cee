//! The listener for whoever operates the server: the console's pages, figures and probes, on an address of their own.
//!
//! It is never the objects' origin, so that nothing that somebody stored can be served from here. It asks nobody who
//! they are: it is meant for the loopback interface or a network of the operator's. The pages are the same for everybody;
//! what they show comes from the APIs, which ask as they ask everybody.

use std::sync::Arc;

use bytes::Bytes;
use daypass_console::Page;
use http::header::{
    ALLOW, CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, ETAG, HeaderName, HeaderValue,
    IF_NONE_MATCH, REFERRER_POLICY, X_CONTENT_TYPE_OPTIONS,
};
use http::{HeaderMap, Method, Request, Response, StatusCode};
use hyper::body::Incoming;
use serde_json::json;

use crate::edge::body::ResponseBody;
use crate::health::Probe;
use crate::metrics;
use crate::service::Service;

/// Most connections of the console at once.
pub(crate) const MAX_CONNECTIONS: usize = 64;

const PLAIN: &str = "text/plain; charset=utf-8";
const JSON: &str = "application/json";
/// What the pages may not do, whatever is in them: run or show anything from elsewhere, be shown by others, send a form.
const PAGE_POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; \
                           form-action 'none'; base-uri 'none'; frame-ancestors 'none'; connect-src 'self'";
const NO_PAGE_POLICY: &str = "default-src 'none'; frame-ancestors 'none'";
/// Told with every answer.
const ALWAYS: [(HeaderName, HeaderValue); 5] = [
    (X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
    (REFERRER_POLICY, HeaderValue::from_static("no-referrer")),
    (
        HeaderName::from_static("cross-origin-opener-policy"),
        HeaderValue::from_static("same-origin"),
    ),
    (
        HeaderName::from_static("cross-origin-resource-policy"),
        HeaderValue::from_static("same-origin"),
    ),
    (
        HeaderName::from_static("permissions-policy"),
        HeaderValue::from_static("camera=(), geolocation=(), microphone=(), payment=(), usb=()"),
    ),
];

/// An answer before it is spelled.
struct Answer {
    status: StatusCode,
    content_type: &'static str,
    text: Bytes,
    /// Of a page, which may be kept as long as it is asked after.
    tag: Option<String>,
}

impl Answer {
    fn plain(status: StatusCode, text: &'static str) -> Self {
        Self {
            status,
            content_type: PLAIN,
            text: Bytes::from_static(text.as_bytes()),
            tag: None,
        }
    }

    fn page(page: &Page, asked: &HeaderMap) -> Self {
        let tag = tag_of(page.bytes);
        let is_known = asked
            .get(IF_NONE_MATCH)
            .is_some_and(|known| known.as_bytes() == tag.as_bytes());
        let (status, bytes) = match is_known {
            true => (StatusCode::NOT_MODIFIED, &[][..]),
            false => (StatusCode::OK, page.bytes),
        };
        Self {
            status,
            content_type: page.content_type,
            text: Bytes::from_static(bytes),
            tag: Some(tag),
        }
    }
}

/// Answers one request to the console.
pub(crate) async fn answer(service: Arc<Service>, request: Request<Incoming>) -> Response<ResponseBody> {
    let policy = service
        .console
        .as_ref()
        .map(|console| format!("{PAGE_POLICY} {}", console.api()));
    let answer = answer_to(service, &request).await;
    let mut response = Response::new(ResponseBody::Whole(answer.text));
    *response.status_mut() = answer.status;
    let headers = response.headers_mut();
    headers.extend(ALWAYS);
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(answer.content_type));
    let (tag, policy) = (
        answer.tag.and_then(|tag| HeaderValue::try_from(tag).ok()),
        policy.and_then(|policy| HeaderValue::try_from(policy).ok()),
    );
    let (keeping, policy) = match (tag, policy) {
        (Some(tag), Some(policy)) => {
            headers.insert(ETAG, tag);
            ("no-cache", policy)
        }
        _ => ("no-store", HeaderValue::from_static(NO_PAGE_POLICY)),
    };
    headers.insert(CACHE_CONTROL, HeaderValue::from_static(keeping));
    headers.insert(CONTENT_SECURITY_POLICY, policy);
    if answer.status == StatusCode::METHOD_NOT_ALLOWED {
        headers.insert(ALLOW, HeaderValue::from_static("GET, HEAD"));
    }
    response
}

async fn answer_to(service: Arc<Service>, request: &Request<Incoming>) -> Answer {
    let path = request.uri().path();
    let page = daypass_console::page(path);
    let is_other = matches!(
        path,
        "/config.json" | "/metrics" | "/_daypass/live" | "/_daypass/ready"
    );
    if page.is_none() && !is_other {
        return Answer::plain(StatusCode::NOT_FOUND, "not found\n");
    }
    if !matches!(*request.method(), Method::GET | Method::HEAD) {
        return Answer::plain(StatusCode::METHOD_NOT_ALLOWED, "only GET and HEAD\n");
    }
    if let Some(page) = page {
        return Answer::page(page, request.headers());
    }
    if let Some(probe) = Probe::of_path(path) {
        let (status, text) = service.health(probe).await;
        let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        return Answer::plain(status, text);
    }
    match path {
        "/metrics" => figures(service).await,
        _ => place(&service),
    }
}

/// What the pages must know to find the store. Whoever reaches the console may know it.
fn place(service: &Service) -> Answer {
    let api = service.console.as_ref().map(|console| console.api().as_str());
    let text = json!({
        "version": env!("CARGO_PKG_VERSION"),
        "region": service.region.as_str(),
        "appid": service.operator.app_id.0,
        "api_endpoint": api,
        "object_endpoint": api,
    });
    Answer {
        status: StatusCode::OK,
        content_type: JSON,
        text: Bytes::from(text.to_string()),
        tag: None,
    }
}

/// What tells one state of a file from another: FNV-1a, since nobody gains by making two files alike that are ours.
fn tag_of(bytes: &[u8]) -> String {
    let step = |hash: u64, byte: &u8| (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3);
    let hash = bytes.iter().fold(0xcbf2_9ce4_8422_2325, step);
    format!("\"{hash:016x}\"")
}

/// Written aside, since it asks the operating system, too.
async fn figures(service: Arc<Service>) -> Answer {
    match tokio::task::spawn_blocking(move || service.metrics_page()).await {
        Ok(text) => Answer {
            status: StatusCode::OK,
            content_type: metrics::CONTENT_TYPE,
            text: Bytes::from(text),
            tag: None,
        },
        Err(error) => {
            tracing::error!(%error, "the figures could not be written");
            Answer::plain(StatusCode::INTERNAL_SERVER_ERROR, "failed\n")
        }
    }
}
