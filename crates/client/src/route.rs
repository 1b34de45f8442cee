//! The way to a server: straight, or through an HTTP proxy.
//!
//! A request over HTTP is handed to the proxy as it is, with the whole address; for HTTPS the proxy opens a tunnel, and
//! sees nothing of what passes.

use std::fmt;
use std::io;
use std::pin::Pin;
use std::str::FromStr;
use std::task::{Context, Poll};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use futures_util::future::{BoxFuture, FutureExt};
use http::{HeaderValue, Uri};
use hyper::rt::{Read, ReadBufCursor, Write};
use hyper_util::client::legacy::connect::proxy::Tunnel;
use hyper_util::client::legacy::connect::{Connected, Connection, HttpConnector};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;
use tower_service::Service;

type Failure = Box<dyn std::error::Error + Send + Sync>;

/// An HTTP proxy, `http://[<user>:<password>@]<host>:<port>`. The password is hidden in `Debug`.
#[derive(Clone, PartialEq, Eq)]
pub struct Proxy {
    address: Uri,
    authorization: Option<HeaderValue>,
}

/// A text that names no proxy.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a proxy has the form `http://[<user>:<password>@]<host>:<port>`")]
pub struct ProxyError;

impl Proxy {
    /// What the proxy is shown with each request that it is handed.
    pub(crate) fn authorization(&self) -> Option<&HeaderValue> {
        self.authorization.as_ref()
    }
}

impl FromStr for Proxy {
    type Err = ProxyError;

    fn from_str(text: &str) -> Result<Self, ProxyError> {
        let rest = text.strip_prefix("http://").ok_or(ProxyError)?;
        let rest = rest.strip_suffix('/').unwrap_or(rest);
        let (user, host) = match rest.rsplit_once('@') {
            Some((user, host)) => (Some(user), host),
            None => (None, rest),
        };
        let address: Uri = format!("http://{host}").parse().map_err(|_| ProxyError)?;
        if address.port_u16().is_none_or(|port| port == 0)
            || address.path() != "/"
            || address.query().is_some()
        {
            return Err(ProxyError);
        }
        let authorization =
            user.map(|user| HeaderValue::from_str(&format!("Basic {}", STANDARD.encode(user))));
        let mut authorization = authorization.transpose().map_err(|_| ProxyError)?;
        if let Some(value) = &mut authorization {
            value.set_sensitive(true);
        }
        Ok(Self {
            address,
            authorization,
        })
    }
}

impl fmt::Debug for Proxy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Proxy({})", self.address)
    }
}

/// How connections to one server are made.
#[derive(Clone)]
pub(crate) enum Route {
    Straight(HttpConnector),
    /// Requests are handed to a proxy.
    Handed(HttpConnector, Uri),
    /// Through a proxy to the server.
    Tunnelled(Tunnel<HttpConnector>),
}

impl Route {
    pub(crate) fn new(connector: HttpConnector, proxy: Option<&Proxy>, is_secure: bool) -> Self {
        let Some(proxy) = proxy else {
            return Self::Straight(connector);
        };
        if !is_secure {
            return Self::Handed(connector, proxy.address.clone());
        }
        let tunnel = Tunnel::new(proxy.address.clone(), connector);
        Self::Tunnelled(match &proxy.authorization {
            Some(authorization) => tunnel.with_auth(authorization.clone()),
            None => tunnel,
        })
    }
}

impl Service<Uri> for Route {
    type Response = Hop;
    type Error = Failure;
    type Future = BoxFuture<'static, Result<Hop, Failure>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Failure>> {
        match self {
            Self::Straight(connector) | Self::Handed(connector, _) => {
                connector.poll_ready(cx).map_err(Into::into)
            }
            Self::Tunnelled(tunnel) => tunnel.poll_ready(cx).map_err(Into::into),
        }
    }

    fn call(&mut self, server: Uri) -> Self::Future {
        let hop = |is_handed| move |stream| Hop { stream, is_handed };
        match self {
            Self::Straight(connector) => connector
                .call(server)
                .map(move |made| made.map(hop(false)).map_err(Into::into))
                .boxed(),
            Self::Handed(connector, proxy) => connector
                .call(proxy.clone())
                .map(move |made| made.map(hop(true)).map_err(Into::into))
                .boxed(),
            Self::Tunnelled(tunnel) => tunnel
                .call(server)
                .map(move |made| made.map(hop(false)).map_err(Into::into))
                .boxed(),
        }
    }
}

/// A connection, and whether at its other end stands a proxy that must be told the whole address.
pub(crate) struct Hop {
    stream: TokioIo<TcpStream>,
    is_handed: bool,
}

impl Connection for Hop {
    fn connected(&self) -> Connected {
        self.stream.connected().proxy(self.is_handed)
    }
}

impl Read for Hop {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: ReadBufCursor<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(cx, buffer)
    }
}

impl Write for Hop {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(cx, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        pieces: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write_vectored(cx, pieces)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn proxies() {
        let check = |text: &str, expected: Option<(&str, Option<&str>)>| {
            let proxy = text.parse::<Proxy>().ok();
            let found = proxy.map(|proxy| {
                let shown = proxy
                    .authorization()
                    .map(|value| value.to_str().unwrap().to_owned());
                (proxy.address.to_string(), shown)
            });
            let expected = expected.map(|(address, shown)| (address.to_owned(), shown.map(str::to_owned)));
            assert_eq!(found, expected, "{text}");
        };
        check("http://127.0.0.1:3128", Some(("http://127.0.0.1:3128/", None)));
        check(
            "http://ann:a@b@proxy.example:80/",
            Some(("http://proxy.example:80/", Some("Basic YW5uOmFAYg=="))),
        );
        for text in [
            "proxy:80",
            "https://p:80",
            "http://p",
            "http://p:0",
            "http://p:80/x",
            "http://p:80?x",
        ] {
            check(text, None);
        }
        let proxy: Proxy = "http://ann:secret@p:80".parse().unwrap();
        assert_eq!(format!("{proxy:?}"), "Proxy(http://p:80/)");
    }
}
