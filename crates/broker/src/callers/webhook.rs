//! Users known by somebody else, who is asked with what the caller showed.
//!
//! The answer is bounded in time and in length. Whatever is not a clear yes or no, from a redirect to a document that is
//! no JSON, is trouble of the one who was asked and never a yes.

use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, Request, StatusCode, Uri, header};
use http_body_util::{BodyExt, Empty, Limited};
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use rustls::{ClientConfig, RootCertStore};
use serde_json::Value;

use super::{Said, Unknown};
use crate::settings::SettingsError;

/// Longest answer, in bytes.
const MAX_ANSWER_BYTES: usize = 16 * 1024;
/// Longest wait that may be asked for, in milliseconds.
const MAX_TIMEOUT_MS: u64 = 60_000;

/// Somebody who is asked.
pub(crate) struct Webhook {
    url: Uri,
    timeout: Duration,
    client: Client<HttpsConnector<HttpConnector>, Empty<Bytes>>,
}

impl Webhook {
    pub(crate) fn new(url: &str, timeout_ms: u64) -> Result<Self, SettingsError> {
        let parsed: Option<Uri> = url.parse().ok();
        let parsed = parsed.filter(|url| {
            let is_http = matches!(url.scheme_str(), Some("http" | "https"));
            is_http
                && url
                    .authority()
                    .is_some_and(|authority| !authority.as_str().contains('@'))
        });
        let parsed = parsed.ok_or_else(|| {
            SettingsError::value(
                "callers.url",
                "it is no address such as `https://app.example/whoami`",
            )
        })?;
        if !(1..=MAX_TIMEOUT_MS).contains(&timeout_ms) {
            return Err(SettingsError::value(
                "callers.timeout_ms",
                "it is not from 1 to 60000",
            ));
        }
        Ok(Self {
            url: parsed,
            timeout: Duration::from_millis(timeout_ms),
            client: Client::builder(TokioExecutor::new()).build(connector()?),
        })
    }

    pub(crate) async fn know(&self, headers: &HeaderMap) -> Said {
        let mut request = Request::get(self.url.clone());
        let mut shown = false;
        for name in [header::AUTHORIZATION, header::COOKIE] {
            for value in headers.get_all(&name) {
                request = request.header(&name, value);
                shown = true;
            }
        }
        if !shown {
            return None;
        }
        let request = request
            .header(header::ACCEPT, "application/json")
            .body(Empty::new());
        let Ok(request) = request else {
            return Some(Err(trouble("cannot be asked")));
        };
        let asked = tokio::time::timeout(self.timeout, self.ask(request)).await;
        Some(asked.unwrap_or_else(|_| Err(trouble("does not answer in time"))))
    }

    async fn ask(&self, request: Request<Empty<Bytes>>) -> Result<String, Unknown> {
        let answer = self.client.request(request).await;
        let answer = answer.map_err(|_| trouble("cannot be reached"))?;
        match answer.status() {
            StatusCode::OK => {}
            StatusCode::UNAUTHORIZED => {
                return Err(Unknown::Refused("the application does not know you".to_owned()));
            }
            StatusCode::FORBIDDEN => {
                return Err(Unknown::Forbidden("the application gives you no key".to_owned()));
            }
            other => return Err(trouble(&format!("answers with status {}", other.as_u16()))),
        }
        let body = Limited::new(answer.into_body(), MAX_ANSWER_BYTES).collect().await;
        let body = body.map_err(|_| trouble("breaks off, or answers more than 16 KiB"))?;
        let document: Option<Value> = serde_json::from_slice(&body.to_bytes()).ok();
        let user = document
            .as_ref()
            .and_then(|document| document.get("user")?.as_str());
        let user = user.ok_or_else(|| trouble("answers 200 without a text `user` in JSON"))?;
        Ok(user.to_owned())
    }
}

fn trouble(what: &str) -> Unknown {
    Unknown::Unavailable(format!("the application that knows its users {what}"))
}

fn connector() -> Result<HttpsConnector<HttpConnector>, SettingsError> {
    let mut roots = RootCertStore::empty();
    roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    let provider = std::sync::Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_protocol_versions(&[&rustls::version::TLS13, &rustls::version::TLS12])
        .map_err(|error| SettingsError::value("callers.url", error))?
        .with_root_certificates(roots)
        .with_no_client_auth();
    Ok(HttpsConnectorBuilder::new()
        .with_tls_config(config)
        .https_or_http()
        .enable_http1()
        .build())
}
