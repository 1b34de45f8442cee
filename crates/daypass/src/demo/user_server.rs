//! The user server of the demo: it holds a permanent key, knows its users, and hands out temporary keys.
//!
//! It answers `GET /sts?user=NAME` with the JSON that the official front-end SDKs expect. How it knows who asks is the
//! business of a real one; here the name in the query is believed.

use std::convert::Infallible;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;

use anyhow::{Context, Result};
use daypass_api::names::SessionName;
use daypass_api::operation::GetFederationToken;
use daypass_api::outcome::TemporaryKey;
use daypass_client::ActionClient;
use http::{Request, Response, StatusCode};
use http_body_util::Full;
use hyper::body::{Bytes, Incoming};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::net::TcpListener;
use tokio::sync::mpsc;
use tokio::task::AbortHandle;

use super::policies;

/// Life of the keys that it hands out, in seconds.
const KEY_SECONDS: i64 = 1800;

/// What the user server did, for the narrator.
pub(super) enum Event {
    /// It asked the token service, with this policy.
    Asked {
        /// The policy's text.
        policy: String,
    },
    /// It got a key.
    Got(TemporaryKey),
}

/// A running user server; it ends when dropped.
pub(super) struct UserServer {
    address: SocketAddr,
    accepting: AbortHandle,
}

struct Desk {
    sts: ActionClient,
    bucket: String,
    appid: u64,
    region: String,
    events: mpsc::UnboundedSender<Event>,
}

impl UserServer {
    /// Starts it on a free port, with the client of a permanent key.
    pub(super) async fn start(
        sts: ActionClient,
        bucket: &str,
        appid: u64,
        region: &str,
    ) -> Result<(Self, mpsc::UnboundedReceiver<Event>)> {
        let (events, narrator) = mpsc::unbounded_channel();
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))
            .await
            .context("no port for the user server")?;
        let address = listener.local_addr()?;
        let (bucket, region) = (bucket.to_owned(), region.to_owned());
        let desk = Arc::new(Desk {
            sts,
            bucket,
            appid,
            region,
            events,
        });
        let accepting = tokio::spawn(accept(listener, desk)).abort_handle();
        Ok((Self { address, accepting }, narrator))
    }

    pub(super) fn address(&self) -> SocketAddr {
        self.address
    }
}

impl Drop for UserServer {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

async fn accept(listener: TcpListener, desk: Arc<Desk>) {
    while let Ok((stream, _)) = listener.accept().await {
        let desk = Arc::clone(&desk);
        let service = service_fn(move |request| {
            let desk = Arc::clone(&desk);
            async move { Ok::<_, Infallible>(desk.answer(&request).await) }
        });
        tokio::spawn(http1::Builder::new().serve_connection(TokioIo::new(stream), service));
    }
}

impl Desk {
    async fn answer(&self, request: &Request<Incoming>) -> Response<Full<Bytes>> {
        let user = request
            .uri()
            .query()
            .and_then(|query| query.strip_prefix("user="));
        let known =
            user.filter(|user| !user.is_empty() && user.bytes().all(|byte| byte.is_ascii_lowercase()));
        let Some(user) = known.filter(|_| request.uri().path() == "/sts") else {
            return json(
                StatusCode::NOT_FOUND,
                &serde_json::json!({ "error": "ask GET /sts?user=NAME" }),
            );
        };
        match self.mint(user).await {
            Ok(key) => json(StatusCode::OK, &for_front_end(&key)),
            Err(error) => json(
                StatusCode::BAD_GATEWAY,
                &serde_json::json!({ "error": error.to_string() }),
            ),
        }
    }

    async fn mint(&self, user: &str) -> Result<TemporaryKey, daypass_client::Error> {
        let policy = policies::own_folder(&self.region, self.appid, &self.bucket, user);
        // The narrator may have left; the key is minted all the same.
        let _ = self.events.send(Event::Asked {
            policy: policy.clone(),
        });
        let name = SessionName::parse(user).map_err(daypass_client::Error::Request)?;
        let ask = GetFederationToken {
            name,
            policy: Some(policy),
            duration_seconds: Some(KEY_SECONDS),
        };
        let key = self.sts.get_federation_token(ask).await?;
        let _ = self.events.send(Event::Got(key.clone()));
        Ok(key)
    }
}

/// A key in the shape that the official front-end SDKs read.
fn for_front_end(key: &TemporaryKey) -> serde_json::Value {
    serde_json::json!({
        "credentials": {
            "tmpSecretId": key.access_key_id.as_str(),
            "tmpSecretKey": key.secret_key.expose(),
            "sessionToken": key.token.expose(),
        },
        "expiredTime": key.expires.unix_seconds(),
        "startTime": key.expires.plus_seconds(-KEY_SECONDS).unix_seconds(),
    })
}

fn json(status: StatusCode, value: &serde_json::Value) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::new(Bytes::from(value.to_string())));
    *response.status_mut() = status;
    let kind = http::HeaderValue::from_static("application/json");
    response.headers_mut().insert(http::header::CONTENT_TYPE, kind);
    response
}
