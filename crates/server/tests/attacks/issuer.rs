//! An issuer of web identity tokens, with real keys, that behaves as well or as badly as a test wants.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair};
use aws_lc_rs::{hmac, rsa, signature};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

/// A key with its name.
pub(crate) struct SigningKey {
    pub(crate) name: String,
    pair: EcdsaKeyPair,
}

impl SigningKey {
    pub(crate) fn new(name: &str) -> Self {
        Self {
            name: name.to_owned(),
            pair: EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).unwrap(),
        }
    }

    pub(crate) fn public(&self) -> Value {
        let point = self.pair.public_key().as_ref();
        json!({
            "kty": "EC", "crv": "P-256", "use": "sig", "alg": "ES256", "kid": self.name,
            "x": encode(&point[1..33]), "y": encode(&point[33..]),
        })
    }

    /// A token with this head and these claims.
    pub(crate) fn token(&self, head: &Value, claims: &Value) -> String {
        let signed = unsigned(head, claims);
        let signature = self.pair.sign(&SystemRandom::new(), signed.as_bytes()).unwrap();
        format!("{signed}.{}", encode(signature.as_ref()))
    }

    pub(crate) fn head(&self) -> Value {
        json!({ "alg": "ES256", "typ": "JWT", "kid": self.name })
    }
}

/// An RSA key, with its public half as JSON and as the bytes that some took for a shared secret.
pub(crate) struct RsaKey(signature::RsaKeyPair);

impl RsaKey {
    pub(crate) fn new() -> Self {
        Self(signature::RsaKeyPair::generate(rsa::KeySize::Rsa2048).unwrap())
    }

    pub(crate) fn public(&self) -> Value {
        // A sequence of two numbers: the modulus of 256 bytes stands behind nine bytes of framing.
        let key = self.0.public_key().as_ref();
        let (modulus, exponent) = (&key[9..265], &key[267..270]);
        json!({ "kty": "RSA", "kid": "rsa", "n": encode(modulus), "e": encode(exponent) })
    }

    pub(crate) fn token(&self, claims: &Value) -> String {
        let signed = unsigned(&json!({ "alg": "RS256", "kid": "rsa" }), claims);
        let mut bytes = vec![0; self.0.public_modulus_len()];
        self.0
            .sign(
                &signature::RSA_PKCS1_SHA256,
                &SystemRandom::new(),
                signed.as_bytes(),
                &mut bytes,
            )
            .unwrap();
        format!("{signed}.{}", encode(&bytes))
    }

    /// Signed with the public key as if it were a shared secret.
    pub(crate) fn confused(&self, claims: &Value) -> String {
        let signed = unsigned(&json!({ "alg": "HS256", "kid": "rsa" }), claims);
        let key = hmac::Key::new(hmac::HMAC_SHA256, self.0.public_key().as_ref());
        format!(
            "{signed}.{}",
            encode(hmac::sign(&key, signed.as_bytes()).as_ref())
        )
    }
}

pub(crate) fn unsigned(head: &Value, claims: &Value) -> String {
    format!(
        "{}.{}",
        encode(head.to_string().as_bytes()),
        encode(claims.to_string().as_bytes())
    )
}

fn encode(bytes: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

/// How it answers when it is asked for its keys.
#[derive(Clone)]
pub(crate) enum Manner {
    Keys(Vec<Value>),
    Huge,
    Redirect(String),
    Slow(Duration, Vec<Value>),
    Down,
}

/// The issuer.
pub(crate) struct TestIssuer {
    address: SocketAddr,
    manner: Arc<Mutex<Manner>>,
    asked: Arc<AtomicUsize>,
    task: JoinHandle<()>,
}

impl TestIssuer {
    pub(crate) async fn start(manner: Manner) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let manner = Arc::new(Mutex::new(manner));
        let asked = Arc::new(AtomicUsize::new(0));
        let (shared, counted) = (Arc::clone(&manner), Arc::clone(&asked));
        let task = tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                let (manner, counted) = (Arc::clone(&shared), Arc::clone(&counted));
                tokio::spawn(async move {
                    let mut bytes = vec![0; 4096];
                    let length = stream.read(&mut bytes).await.unwrap_or(0);
                    let is_keys = bytes[..length].starts_with(b"GET /keys ");
                    let manner = manner.lock().unwrap().clone();
                    if is_keys {
                        counted.fetch_add(1, Ordering::SeqCst);
                    }
                    let answer = answer(address, is_keys, manner).await;
                    let _ = stream.write_all(answer.as_bytes()).await;
                });
            }
        });
        Self {
            address,
            manner,
            asked,
            task,
        }
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    pub(crate) fn behave(&self, manner: Manner) {
        *self.manner.lock().unwrap() = manner;
    }

    /// How often it was asked for its keys.
    pub(crate) fn asked(&self) -> usize {
        self.asked.load(Ordering::SeqCst)
    }
}

impl Drop for TestIssuer {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn answer(address: SocketAddr, is_keys: bool, manner: Manner) -> String {
    let document =
        json!({ "issuer": format!("http://{address}"), "jwks_uri": format!("http://{address}/keys") });
    let keys = match manner {
        Manner::Down => return String::new(),
        _ if !is_keys => return spell("200 OK", "", &document.to_string()),
        Manner::Keys(keys) => keys,
        Manner::Huge => return spell("200 OK", "", &format!("{{\"keys\":[]{}}}", " ".repeat(1 << 20))),
        Manner::Redirect(place) => return spell("302 Found", &format!("Location: {place}\r\n"), ""),
        Manner::Slow(time, keys) => {
            tokio::time::sleep(time).await;
            keys
        }
    };
    spell("200 OK", "", &json!({ "keys": keys }).to_string())
}

fn spell(status: &str, more: &str, body: &str) -> String {
    format!(
        "HTTP/1.1 {status}\r\n{more}Content-Length: {}\r\nConnection: close\r\n\r\n{body}",
        body.len()
    )
}
