//! An issuer that the test starts and that behaves as it is told.

use std::sync::atomic::{AtomicUsize, Ordering};

use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

use super::*;

const NOW: i64 = 1_700_000_000;

/// What an issuer does.
#[derive(Clone)]
enum Manner {
    /// Answers well.
    Well,
    Redirects,
    Fails,
    Silent,
    /// Says that it is somebody else.
    Impostor,
    Huge,
    /// A head without end.
    LongHead,
}

struct Provider {
    issuer: Issuer,
    manner: StdMutex<Manner>,
    keys: StdMutex<Vec<(String, Arc<Ed25519KeyPair>)>>,
    asked: AtomicUsize,
}

impl Provider {
    async fn start() -> Arc<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let issuer = format!("http://{}", listener.local_addr().unwrap());
        let provider = Arc::new(Self {
            issuer: Issuer::parse(&issuer).unwrap(),
            manner: StdMutex::new(Manner::Well),
            keys: StdMutex::default(),
            asked: AtomicUsize::new(0),
        });
        provider.rotate("first");
        let serving = Arc::clone(&provider);
        tokio::spawn(async move {
            loop {
                let (mut stream, _) = listener.accept().await.unwrap();
                let serving = Arc::clone(&serving);
                tokio::spawn(async move {
                    let mut head = [0; 4096];
                    let length = stream.read(&mut head).await.unwrap();
                    let head = String::from_utf8_lossy(&head[..length]).into_owned();
                    if let Some(answer) = serving.answer(&head) {
                        // Who has heard enough hangs up.
                        let _ = stream.write_all(answer.as_bytes()).await;
                    } else {
                        std::future::pending::<()>().await;
                    }
                });
            }
        });
        provider
    }

    fn rotate(&self, id: &str) {
        *self.keys.lock().unwrap() = vec![(id.to_owned(), Arc::new(Ed25519KeyPair::generate().unwrap()))];
    }

    fn behave(&self, manner: Manner) {
        *self.manner.lock().unwrap() = manner;
    }

    fn answer(&self, head: &str) -> Option<String> {
        let is_discovery = head.starts_with("GET /.well-known/openid-configuration HTTP/1.1\r\n");
        if is_discovery {
            self.asked.fetch_add(1, Ordering::SeqCst);
        }
        let base = self.issuer.as_str();
        let mut body = if is_discovery {
            json!({"issuer": base, "jwks_uri": format!("{base}/keys")})
        } else {
            self.key_set()
        };
        match self.manner.lock().unwrap().clone() {
            Manner::Well => {}
            Manner::Redirects => {
                return Some(format!(
                    "HTTP/1.1 302 Found\r\nlocation: {base}/keys\r\ncontent-length: 0\r\n\r\n"
                ));
            }
            Manner::Fails => return Some("HTTP/1.1 500 Oh\r\ncontent-length: 0\r\n\r\n".to_owned()),
            Manner::Silent => return None,
            Manner::Impostor => body["issuer"] = json!("https://id.example"),
            Manner::Huge => body["x"] = json!("a".repeat(1024 * 1024)),
            Manner::LongHead => return Some(format!("HTTP/1.1 200 OK\r\nx: {}", "a".repeat(1024 * 1024))),
        }
        let body = body.to_string();
        Some(format!(
            "HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n{body}",
            body.len()
        ))
    }

    fn key_set(&self) -> serde_json::Value {
        let keys = self.keys.lock().unwrap();
        let keys = keys.iter().map(|(id, pair)| {
            let x = URL_SAFE_NO_PAD.encode(pair.public_key().as_ref());
            json!({"kty": "OKP", "crv": "Ed25519", "kid": id, "x": x})
        });
        json!({ "keys": keys.collect::<Vec<_>>() })
    }

    fn token(&self, now: i64) -> String {
        let (id, pair) = self.keys.lock().unwrap()[0].clone();
        self.signed(now, &id, &pair)
    }

    fn signed(&self, now: i64, id: &str, pair: &Ed25519KeyPair) -> String {
        let header = json!({"alg": "EdDSA", "kid": id}).to_string();
        let claims =
            json!({"iss": self.issuer.as_str(), "sub": "alice", "aud": "app", "iat": now, "exp": now + 60});
        let signed = format!(
            "{}.{}",
            URL_SAFE_NO_PAD.encode(header),
            URL_SAFE_NO_PAD.encode(claims.to_string())
        );
        let signature = URL_SAFE_NO_PAD.encode(pair.sign(signed.as_bytes()).as_ref());
        format!("{signed}.{signature}")
    }

    fn asked(&self) -> usize {
        self.asked.load(Ordering::SeqCst)
    }
}

async fn verify(
    source: &KeySource,
    provider: &Provider,
    token: &str,
    now: i64,
) -> Result<Result<Verified, Refusal>, FetchError> {
    let token = Token::read(token).unwrap();
    let now = Timestamp::from_unix_seconds(now);
    source
        .verify(&provider.issuer, &token, &["app".to_owned()], now)
        .await
}

#[tokio::test]
async fn keys_are_fetched_once_and_again_when_they_rotate() {
    let provider = Provider::start().await;
    let source = KeySource::new(true);
    let good = |now: i64| {
        let token = provider.token(now);
        let (source, provider) = (&source, &provider);
        async move { verify(source, provider, &token, now).await.unwrap().is_ok() }
    };
    assert!(good(NOW).await && good(NOW + 1).await && good(NOW + FRESH - 1).await);
    assert_eq!(provider.asked(), 1);
    let before = provider.token(NOW + FRESH);
    provider.rotate("second");
    assert!(
        good(NOW + FRESH - 1).await,
        "an unknown key makes the issuer be asked"
    );
    assert_eq!(provider.asked(), 2);
    let old = verify(&source, &provider, &before, NOW + FRESH).await;
    assert_eq!(
        old,
        Ok(Err(Refusal::UnknownKey)),
        "a key that is withdrawn is believed no more"
    );
    // A key of the same name that is another key: believed once what is known is no longer fresh.
    provider.rotate("second");
    assert!(!good(NOW + FRESH).await);
    assert!(good(NOW + 3 * FRESH).await);
}

#[tokio::test]
async fn tokens_cannot_make_an_issuer_be_asked_often() {
    let provider = Provider::start().await;
    let source = KeySource::new(true);
    let stranger = Ed25519KeyPair::generate().unwrap();
    for n in 0..20 {
        let token = provider.signed(NOW, &format!("k{n}"), &stranger);
        assert_eq!(
            verify(&source, &provider, &token, NOW).await,
            Ok(Err(Refusal::UnknownKey))
        );
    }
    assert_eq!(provider.asked(), 1);
    let forged = provider.signed(NOW, "first", &stranger);
    assert_eq!(
        verify(&source, &provider, &forged, NOW + GAP).await,
        Ok(Err(Refusal::Signature))
    );
    assert_eq!(provider.asked(), 1);
    // Many at once, and one question.
    let provider = Provider::start().await;
    let token = provider.token(NOW);
    let all = futures(&source, &provider, &token).await;
    assert!(all.into_iter().all(|one| one.unwrap().is_ok()));
    assert_eq!(provider.asked(), 1);
    // What could never count asks nobody.
    let other = Provider::start().await;
    let late = other.token(NOW - 3600);
    assert_eq!(
        verify(&source, &other, &late, NOW).await,
        Ok(Err(Refusal::Expired))
    );
    assert_eq!(other.asked(), 0);
}

async fn futures(
    source: &KeySource,
    provider: &Provider,
    token: &str,
) -> [Result<Result<Verified, Refusal>, FetchError>; 3] {
    let one = || verify(source, provider, token, NOW);
    let (first, second, third) = tokio::join!(one(), one(), one());
    [first, second, third]
}

#[tokio::test]
async fn kept_keys_count_while_an_issuer_is_down_and_not_for_ever() {
    let provider = Provider::start().await;
    let source = KeySource::new(true);
    let at = |now: i64| {
        let token = provider.token(now);
        let (source, provider) = (&source, &provider);
        async move { verify(source, provider, &token, now).await }
    };
    assert!(at(NOW).await.unwrap().is_ok());
    provider.behave(Manner::Fails);
    assert!(at(NOW + FRESH).await.unwrap().is_ok());
    assert!(at(NOW + STALE - 1).await.unwrap().is_ok());
    assert_eq!(at(NOW + STALE).await, Err(FetchError::Status(500)));
    provider.behave(Manner::Well);
    assert_eq!(
        at(NOW + STALE + 1).await,
        Err(FetchError::Status(500)),
        "not sooner than the gap"
    );
    assert!(at(NOW + STALE + GAP).await.unwrap().is_ok());
}

#[tokio::test]
async fn issuers_that_misbehave() {
    let source = KeySource::new(true);
    for (manner, expected) in [
        (Manner::Redirects, FetchError::Status(302)),
        (Manner::Fails, FetchError::Status(500)),
        (Manner::Impostor, FetchError::Document),
        (Manner::Huge, FetchError::TooLong),
        (Manner::LongHead, FetchError::Unreachable),
    ] {
        let provider = Provider::start().await;
        provider.behave(manner);
        let token = provider.token(NOW);
        assert_eq!(verify(&source, &provider, &token, NOW).await, Err(expected));
    }
}

#[tokio::test]
async fn a_silent_issuer_is_given_up() {
    let provider = Provider::start().await;
    provider.behave(Manner::Silent);
    let source = KeySource::new(true);
    let token = provider.token(NOW);
    let begun = tokio::time::Instant::now();
    assert_eq!(
        verify(&source, &provider, &token, NOW).await,
        Err(FetchError::Unreachable)
    );
    assert!(begun.elapsed() < std::time::Duration::from_secs(8));
}

#[tokio::test]
async fn private_addresses_only_where_they_are_allowed() {
    let provider = Provider::start().await;
    let source = KeySource::new(false);
    let token = provider.token(NOW);
    assert_eq!(
        verify(&source, &provider, &token, NOW).await,
        Err(FetchError::Forbidden)
    );
    assert_eq!(provider.asked(), 0);
    // By name, over HTTPS, all the same.
    let fetcher = Fetcher::new(Reach::Public);
    for place in [
        "https://localhost:1/",
        "https://127.0.0.1:1/",
        "https://[::1]:1/",
        "https://169.254.169.254/",
    ] {
        let place = Place::parse(place).unwrap();
        assert_eq!(fetcher.get(&place).await, Err(FetchError::Forbidden), "{place:?}");
    }
}

#[tokio::test]
async fn keys_at_an_address_that_is_said_are_had_without_discovery_in_the_same_bounds() {
    let provider = Provider::start().await;
    let address = KeyAddress::parse(&format!("{}/keys", provider.issuer.as_str())).unwrap();
    let fresh = || KeySource::at(address.clone(), false);
    let token = provider.token(NOW);
    let source = fresh();
    assert!(verify(&source, &provider, &token, NOW).await.unwrap().is_ok());
    assert_eq!(provider.asked(), 0);
    let forged = provider.signed(NOW, "first", &Ed25519KeyPair::generate().unwrap());
    assert_eq!(
        verify(&source, &provider, &forged, NOW).await,
        Ok(Err(Refusal::Signature))
    );
    for (manner, expected) in [
        (Manner::Redirects, FetchError::Status(302)),
        (Manner::Huge, FetchError::TooLong),
        (Manner::LongHead, FetchError::Unreachable),
    ] {
        provider.behave(manner);
        assert_eq!(verify(&fresh(), &provider, &token, NOW).await, Err(expected));
    }
}
