//! Those whom a broker asks, as a test wants them: an identity provider, an application that knows its users, and a
//! token service that counts, waits or is gone.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

/// Answers each connection's one request with what `answer` makes of its head; says nothing for ever where that is none.
pub(crate) async fn answering(
    answer: impl Fn(&str) -> Option<(u16, String)> + Send + Sync + 'static,
) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let answer = Arc::new(answer);
    tokio::spawn(async move {
        loop {
            let (mut stream, _) = listener.accept().await.unwrap();
            let answer = Arc::clone(&answer);
            tokio::spawn(async move {
                let mut head = vec![0; 32 * 1024];
                let length = stream.read(&mut head).await.unwrap();
                match answer(&String::from_utf8_lossy(&head[..length])) {
                    Some((status, body)) => {
                        let text = format!(
                            "HTTP/1.1 {status} x\r\nconnection: close\r\ncontent-length: {}\r\n\r\n{body}",
                            body.len()
                        );
                        // Who has heard enough hangs up.
                        let _ = stream.write_all(text.as_bytes()).await;
                    }
                    None => std::future::pending().await,
                }
            });
        }
    });
    url
}

/// An identity provider with one key.
pub(crate) struct Provider {
    pub(crate) issuer: String,
    pair: Arc<Ed25519KeyPair>,
}

impl Provider {
    pub(crate) async fn start() -> Self {
        let pair = Arc::new(Ed25519KeyPair::generate().unwrap());
        let (own, public) = (Arc::new(Mutex::new(String::new())), Arc::clone(&pair));
        let known = Arc::clone(&own);
        let issuer = answering(move |head| {
            let base = known.lock().unwrap().clone();
            let document = if head.starts_with("GET /.well-known/openid-configuration ") {
                json!({ "issuer": base, "jwks_uri": format!("{base}/keys") })
            } else {
                let x = URL_SAFE_NO_PAD.encode(public.public_key().as_ref());
                json!({ "keys": [{ "kty": "OKP", "crv": "Ed25519", "x": x, "kid": "k", "alg": "EdDSA" }] })
            };
            Some((200, document.to_string()))
        })
        .await;
        own.lock().unwrap().clone_from(&issuer);
        Self { issuer, pair }
    }

    /// A token of this provider with these claims in place of the good ones.
    pub(crate) fn token(&self, now: i64, changed: &Value) -> String {
        self.token_by(&self.pair, &json!({ "alg": "EdDSA", "kid": "k" }), now, changed)
    }

    pub(crate) fn token_by(
        &self,
        pair: &Ed25519KeyPair,
        header: &Value,
        now: i64,
        changed: &Value,
    ) -> String {
        let mut claims = json!({
            "iss": self.issuer, "sub": "ann", "aud": "app", "iat": now, "exp": now + 600,
        });
        for (name, value) in changed.as_object().unwrap() {
            claims[name] = value.clone();
        }
        let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
        let signed = format!("{}.{}", part(header), part(&claims));
        let signature = URL_SAFE_NO_PAD.encode(pair.sign(signed.as_bytes()));
        format!("{signed}.{signature}")
    }
}

/// A door before the token service: counts who goes through, can make them wait, and can be shut.
pub(crate) struct Door {
    pub(crate) url: String,
    pub(crate) passed: Arc<AtomicUsize>,
    pub(crate) is_shut: Arc<AtomicBool>,
}

impl Door {
    pub(crate) async fn before(server: std::net::SocketAddr) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let (passed, is_shut) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicBool::new(false)));
        let (counted, shut) = (Arc::clone(&passed), Arc::clone(&is_shut));
        tokio::spawn(async move {
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                let (counted, shut) = (Arc::clone(&counted), Arc::clone(&shut));
                tokio::spawn(async move { pass(stream, server, &counted, &shut).await });
            }
        });
        Self { url, passed, is_shut }
    }
}

/// Passes on what comes, request by request: a small request comes in one piece.
async fn pass(mut client: TcpStream, server: std::net::SocketAddr, counted: &AtomicUsize, shut: &AtomicBool) {
    let mut server = TcpStream::connect(server).await.unwrap();
    let (mut up, mut down) = (vec![0; 64 * 1024], vec![0; 64 * 1024]);
    loop {
        tokio::select! {
            read = client.read(&mut up) => {
                let length = read.unwrap_or(0);
                if length == 0 || shut.load(Ordering::SeqCst) {
                    return;
                }
                if up.starts_with(b"POST ") {
                    counted.fetch_add(1, Ordering::SeqCst);
                    // Long enough that those who ask at the same time are all there.
                    tokio::time::sleep(Duration::from_millis(100)).await;
                }
                server.write_all(&up[..length]).await.unwrap();
            }
            read = server.read(&mut down) => {
                let length = read.unwrap_or(0);
                if length == 0 || client.write_all(&down[..length]).await.is_err() {
                    return;
                }
            }
        }
    }
}
