//! The exact spelling of header names in answers.
//!
//! One official SDK hands its users the answer's headers as a plain dictionary, so `etag` instead of `ETag` breaks
//! programs. The HTTP library keeps names in lower case, but it can reproduce the spelling of a request that it
//! parsed. So one synthetic request that carries every name is parsed once, and what the library remembers of
//! its spelling is put beside each answer.

use std::io;
use std::sync::Mutex;

use bytes::Bytes;
use http::Extensions;
use http_body_util::Empty;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

/// What makes the HTTP library spell the names as they were given.
pub(crate) struct HeaderCase(Extensions);

impl HeaderCase {
    /// Learns the spelling of these names.
    pub(crate) async fn learn(names: &[&str]) -> io::Result<Self> {
        let learned = Mutex::new(None);
        let remember = |request: http::Request<Incoming>| {
            if let Ok(mut learned) = learned.lock() {
                *learned = Some(request.extensions().clone());
            }
            async { Ok::<_, std::convert::Infallible>(http::Response::new(Empty::<Bytes>::new())) }
        };
        let (mut client, server) = tokio::io::duplex(64 * 1024);
        client.write_all(request_with(names).as_bytes()).await?;
        let mut parser = http1::Builder::new();
        parser
            .preserve_header_case(true)
            .keep_alive(false)
            .max_headers(names.len() + 2);
        parser
            .serve_connection(TokioIo::new(server), service_fn(remember))
            .await
            .map_err(io::Error::other)?;
        client.read_to_end(&mut Vec::new()).await?;
        let learned = learned.into_inner().ok().flatten();
        learned
            .map(Self)
            .ok_or_else(|| io::Error::other("header names could not be learned"))
    }

    /// Makes this answer's headers be spelled as learned; other names stay in lower case.
    pub(crate) fn apply<B>(&self, response: &mut http::Response<B>) {
        *response.extensions_mut() = self.0.clone();
    }
}

fn request_with(names: &[&str]) -> String {
    let mut text = String::from("GET / HTTP/1.1\r\nHost: localhost\r\n");
    // A length would announce a body; its spelling is the one header that must not be taught with a value of its own.
    // A name in lower case comes out in lower case anyway, and what is learned is copied for each answer.
    let spelled = names.iter().filter(|name| **name != name.to_ascii_lowercase());
    for name in spelled {
        let value = if name.eq_ignore_ascii_case("content-length") {
            "0"
        } else {
            "-"
        };
        if name.eq_ignore_ascii_case("transfer-encoding") || name.eq_ignore_ascii_case("connection") {
            continue;
        }
        text.push_str(&format!("{name}: {value}\r\n"));
    }
    text.push_str("\r\n");
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn names_come_out_as_learned() {
        let case = HeaderCase::learn(&["ETag", "Content-Length", "x-cos-Request-ID"])
            .await
            .unwrap();
        let answer = |_| {
            let mut response = http::Response::new(Empty::<Bytes>::new());
            for name in ["etag", "x-cos-request-id", "x-cos-meta-a"] {
                response
                    .headers_mut()
                    .insert(name, http::HeaderValue::from_static("1"));
            }
            response
                .headers_mut()
                .insert("content-length", http::HeaderValue::from_static("0"));
            case.apply(&mut response);
            async { Ok::<_, std::convert::Infallible>(response) }
        };
        let (mut client, server) = tokio::io::duplex(4096);
        client
            .write_all(b"GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
            .await
            .unwrap();
        let mut builder = http1::Builder::new();
        builder.preserve_header_case(true);
        builder
            .serve_connection(TokioIo::new(server), service_fn(answer))
            .await
            .unwrap();
        let mut text = String::new();
        client.read_to_string(&mut text).await.unwrap();
        for line in [
            "ETag: 1",
            "x-cos-Request-ID: 1",
            "x-cos-meta-a: 1",
            "Content-Length: 0",
        ] {
            assert!(text.lines().any(|got| got == line), "{line} is not in {text}");
        }
    }
}
