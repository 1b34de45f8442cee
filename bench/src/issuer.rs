//! An identity provider for a run: its discovery document and its keys on the loopback interface, and a token of it.
//!
//! The server asks once and keeps the keys, so that what is measured is verifying, not asking. One token serves all
//! requests, as with a client that asks for keys as long as its token holds.

use std::io::{ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::thread;

use anyhow::{Context, Result};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::KeySize;
use aws_lc_rs::signature::{KeyPair, RSA_PKCS1_SHA256, RsaKeyPair};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};

use crate::request::unix_seconds;

/// For whom the tokens are issued.
pub(crate) const AUDIENCE: &str = "bench";
/// Whom they are about.
pub(crate) const SUBJECT: &str = "repo:bench/bench:ref:refs/heads/main";
/// How long a token holds; longer than any row takes.
const TOKEN_SECONDS: i64 = 3600;
/// Longest head of a request, in bytes.
const MAX_HEAD_BYTES: u64 = 4096;
/// Name of the only key.
const KEY_NAME: &str = "bench";

/// The identity provider, which ends with the process.
#[derive(Debug)]
pub(crate) struct Issuer {
    address: SocketAddr,
    key: RsaKeyPair,
}

impl Issuer {
    /// Begins to answer.
    pub(crate) fn start() -> Result<Self> {
        let key = RsaKeyPair::generate(KeySize::Rsa2048).context("no RSA key can be made")?;
        let listener = TcpListener::bind("127.0.0.1:0").context("the issuer cannot listen")?;
        let issuer = Self {
            address: listener.local_addr()?,
            key,
        };
        let (about, keys) = (issuer.about().to_string(), issuer.keys().to_string());
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                // Whoever asked sees that no answer came.
                answer(stream, &about, &keys).ok();
            }
        });
        Ok(issuer)
    }

    /// Its name.
    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// A token that holds from now on.
    pub(crate) fn token(&self) -> Result<String> {
        let now = unix_seconds()?;
        let head = json!({ "alg": "RS256", "typ": "JWT", "kid": KEY_NAME });
        let claims = json!({
            "iss": self.url(), "sub": SUBJECT, "aud": AUDIENCE, "iat": now, "exp": now + TOKEN_SECONDS,
        });
        let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
        let signed = format!("{}.{}", part(&head), part(&claims));
        let mut signature = vec![0; self.key.public_modulus_len()];
        self.key
            .sign(
                &RSA_PKCS1_SHA256,
                &SystemRandom::new(),
                signed.as_bytes(),
                &mut signature,
            )
            .context("the token cannot be signed")?;
        Ok(format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature)))
    }

    fn about(&self) -> Value {
        json!({ "issuer": self.url(), "jwks_uri": format!("{}/keys", self.url()) })
    }

    fn keys(&self) -> Value {
        // A sequence of two numbers, each behind its framing: 256 bytes of modulus and three of exponent.
        let key = self.key.public_key().as_ref();
        let number = |place| URL_SAFE_NO_PAD.encode(key.get(place).unwrap_or_default());
        json!({ "keys": [{
            "kty": "RSA", "use": "sig", "alg": "RS256", "kid": KEY_NAME,
            "n": number(9..265),
            "e": number(267..270),
        }] })
    }
}

fn answer(mut stream: TcpStream, about: &str, keys: &str) -> std::io::Result<()> {
    let mut head = Vec::new();
    let mut bytes = Read::bytes((&stream).take(MAX_HEAD_BYTES));
    while !head.ends_with(b"\r\n\r\n") {
        head.push(bytes.next().unwrap_or(Err(ErrorKind::UnexpectedEof.into()))?);
    }
    let body = match head.starts_with(b"GET /keys ") {
        true => keys,
        false => about,
    };
    write!(
        stream,
        "HTTP/1.1 200 OK\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}",
        body.len()
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ask(issuer: &Issuer, path: &str) -> Value {
        let mut stream = TcpStream::connect(issuer.address).unwrap();
        write!(stream, "GET {path} HTTP/1.1\r\nHost: issuer\r\n\r\n").unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        let (_, body) = answer.split_once("\r\n\r\n").unwrap();
        serde_json::from_str(body).unwrap()
    }

    #[test]
    fn it_tells_where_its_keys_are_and_signs_with_them() {
        let issuer = Issuer::start().unwrap();
        let about = ask(&issuer, "/.well-known/openid-configuration");
        assert_eq!(about["issuer"], issuer.url());
        let place = about["jwks_uri"].as_str().unwrap();
        let keys = ask(&issuer, place.strip_prefix(&issuer.url()).unwrap());
        let bytes = |name: &str| {
            let text = keys["keys"][0][name].as_str().unwrap();
            URL_SAFE_NO_PAD.decode(text).unwrap()
        };
        let token = issuer.token().unwrap();
        let (signed, signature) = token.rsplit_once('.').unwrap();
        let signature = URL_SAFE_NO_PAD.decode(signature).unwrap();
        let key = aws_lc_rs::signature::RsaPublicKeyComponents {
            n: bytes("n"),
            e: bytes("e"),
        };
        let scheme = &aws_lc_rs::signature::RSA_PKCS1_2048_8192_SHA256;
        assert!(key.verify(scheme, signed.as_bytes(), &signature).is_ok());
    }
}
