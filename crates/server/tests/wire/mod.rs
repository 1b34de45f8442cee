//! A client that says exactly what it is told to, byte for byte, and reads what comes back.

#![allow(dead_code, reason = "each test binary uses a part")]
#![expect(clippy::unwrap_used, reason = "a test may fail by panicking")]

use daypass_signature::cos::{SignOptions, sign};
use daypass_signature::{RequestView, SecretKey, Window};
use daypass_testkit::{ROOT_SECRET_ID, ROOT_SECRET_KEY, TestServer};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpStream;

/// The bucket of these tests.
pub(crate) const BUCKET: &str = "photos-1250000000";

/// An answer as it stood on the wire.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    /// Names in the spelling that was sent.
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
}

impl Answer {
    /// A header by its exact spelling.
    pub(crate) fn header(&self, exact: &str) -> Option<&str> {
        self.headers
            .iter()
            .find(|(name, _)| name == exact)
            .map(|(_, value)| value.as_str())
    }

    /// The code of an error document.
    pub(crate) fn code(&self) -> &str {
        let text = std::str::from_utf8(&self.body).unwrap();
        text.split_once("<Code>")
            .and_then(|(_, rest)| rest.split_once("</Code>"))
            .map_or("", |(code, _)| code)
    }
}

/// The head of a request, signed by the root account unless it brings an `Authorization` of its own.
pub(crate) fn head(server: &TestServer, method: &str, target: &str, headers: &[(&str, &str)]) -> String {
    head_by((ROOT_SECRET_ID, ROOT_SECRET_KEY), server, method, target, headers)
}

/// As [`head`], signed with this key id and secret.
pub(crate) fn head_by(
    key: (&str, &str),
    server: &TestServer,
    method: &str,
    target: &str,
    headers: &[(&str, &str)],
) -> String {
    let host = format!("{BUCKET}.localhost:{}", server.address().port());
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    let mut all = vec![("Host", host.as_str())];
    all.extend_from_slice(headers);
    // A host of the caller's own is the one that is signed.
    all.sort_by_key(|(name, value)| (*name == "Host" && *value == host.as_str()) as u8);
    let pairs: Vec<(&str, &[u8])> = all
        .iter()
        .map(|(name, value)| (*name, value.as_bytes()))
        .collect();
    let view = RequestView::new(method, path, query, &pairs).unwrap();
    let now = daypass_server::Clock::now(&*server.clock).unix_seconds();
    let options = SignOptions::standard(Window::new(now - 60, now + 600).unwrap());
    let signature = sign(&view, key.0, &SecretKey::new(key.1.to_owned()), &options);
    let mut text = format!("{method} {target} HTTP/1.1\r\n");
    for (name, value) in &all {
        text.push_str(&format!("{name}: {value}\r\n"));
    }
    if !headers
        .iter()
        .any(|(name, _)| name.eq_ignore_ascii_case("authorization"))
    {
        text.push_str(&format!("Authorization: {signature}\r\n"));
    }
    text.push_str("\r\n");
    text
}

/// One connection.
pub(crate) struct Wire<S = TcpStream> {
    pub(crate) stream: S,
    pending: Vec<u8>,
}

impl Wire {
    pub(crate) async fn open(server: &TestServer) -> Self {
        Self::over(TcpStream::connect(server.address()).await.unwrap())
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> Wire<S> {
    pub(crate) fn over(stream: S) -> Self {
        Self {
            stream,
            pending: Vec::new(),
        }
    }

    pub(crate) async fn send(&mut self, bytes: impl AsRef<[u8]>) {
        self.stream.write_all(bytes.as_ref()).await.unwrap();
    }

    /// Reads one answer; `None` when the connection ends instead.
    pub(crate) async fn receive(&mut self) -> Option<Answer> {
        let end = loop {
            if let Some(end) = find(&self.pending, b"\r\n\r\n") {
                break end;
            }
            if !self.read_more().await {
                return None;
            }
        };
        let head = String::from_utf8(self.pending.drain(..end + 4).collect()).unwrap();
        let mut lines = head.lines();
        let status = lines.next()?.split(' ').nth(1)?.parse().ok()?;
        let split = |line: &str| {
            line.split_once(": ")
                .map(|(name, value)| (name.to_owned(), value.to_owned()))
        };
        let headers: Vec<_> = lines.filter_map(split).collect();
        let length = headers
            .iter()
            .find(|(name, _)| name.eq_ignore_ascii_case("content-length"));
        let length: usize = length.map_or(0, |(_, value)| value.parse().unwrap());
        while self.pending.len() < length {
            assert!(
                self.read_more().await,
                "the connection ended in the middle of a body"
            );
        }
        let body = self.pending.drain(..length).collect();
        Some(Answer {
            status,
            headers,
            body,
        })
    }

    async fn read_more(&mut self) -> bool {
        let mut buffer = [0; 16 * 1024];
        match self.stream.read(&mut buffer).await {
            Ok(0) | Err(_) => false,
            Ok(count) => {
                self.pending.extend(buffer.iter().take(count));
                true
            }
        }
    }
}

fn find(text: &[u8], wanted: &[u8]) -> Option<usize> {
    text.windows(wanted.len()).position(|window| window == wanted)
}

/// Sends one request on a connection of its own.
pub(crate) async fn ask(
    server: &TestServer,
    method: &str,
    target: &str,
    headers: &[(&str, &str)],
    body: &[u8],
) -> Answer {
    let length = body.len().to_string();
    let mut all = headers.to_vec();
    if !body.is_empty() || method == "PUT" || method == "POST" {
        all.push(("Content-Length", &length));
    }
    let mut wire = Wire::open(server).await;
    wire.send(head(server, method, target, &all)).await;
    wire.send(body).await;
    // The answer to HEAD announces a body that does not come.
    if method == "HEAD" {
        wire.stream.shutdown().await.unwrap();
        let mut text = String::new();
        wire.stream.read_to_string(&mut text).await.unwrap();
        let status = text.split(' ').nth(1).unwrap().parse().unwrap();
        return Answer {
            status,
            headers: Vec::new(),
            body: Vec::new(),
        };
    }
    wire.receive().await.unwrap()
}
