//! HTTPS of a broker: the same answers with a certificate, which is exchanged while it runs, in the same bounds.

#![allow(
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test may fail by panicking"
)]

mod stage;

use std::error::Error as _;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use daypass_broker::{Broker, Settings};
use rcgen::{CertifiedKey, generate_simple_self_signed};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use serde_json::Value;
use tempfile::TempDir;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::{Instant, timeout};
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use stage::{Stage, api_keys, credentials, settings};

const TEMPLATE: &str =
    "[[templates]]\nname = 't'\nendpoints = ['sts']\nprefix = 'uploads/${user}/'\nactions = ['upload']\n";
/// Long enough for anything to happen, on any machine.
const ENOUGH: Duration = Duration::from_secs(20);

/// A folder with a certificate for `localhost`.
struct Made(TempDir);

impl Made {
    fn new() -> Self {
        let made = Self(tempfile::tempdir().unwrap());
        made.renew();
        made
    }

    fn renew(&self) {
        let CertifiedKey { cert, signing_key } =
            generate_simple_self_signed(vec!["localhost".to_owned()]).unwrap();
        std::fs::write(self.path("key.pem"), signing_key.serialize_pem()).unwrap();
        std::fs::write(self.path("cert.pem"), cert.pem()).unwrap();
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn settings(&self) -> String {
        format!(
            "tls_listen = '127.0.0.1:0'\ntls_cert = '{}'\ntls_key = '{}'\n",
            self.path("cert.pem").display(),
            self.path("key.pem").display(),
        )
    }

    /// Shakes hands as a client that trusts the certificate which is in the folder now, and no other.
    async fn connect(&self, broker: &Broker) -> std::io::Result<TlsStream<TcpStream>> {
        let mut roots = RootCertStore::empty();
        roots
            .add(CertificateDer::from_pem_file(self.path("cert.pem")).unwrap())
            .unwrap();
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let config = ClientConfig::builder_with_provider(provider)
            .with_protocol_versions(&[&rustls::version::TLS13, &rustls::version::TLS12])
            .unwrap()
            .with_root_certificates(roots)
            .with_no_client_auth();
        let stream = TcpStream::connect(broker.tls_address().unwrap()).await.unwrap();
        let name = ServerName::try_from("localhost").unwrap();
        TlsConnector::from(Arc::new(config)).connect(name, stream).await
    }
}

async fn ask(mut stream: impl AsyncRead + AsyncWrite + Unpin, path: &str, key: &str) -> String {
    let said =
        format!("GET {path} HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {key}\r\nconnection: close\r\n\r\n");
    stream.write_all(said.as_bytes()).await.unwrap();
    let mut bytes = Vec::new();
    let _ = timeout(ENOUGH, stream.read_to_end(&mut bytes)).await.unwrap();
    String::from_utf8(bytes).unwrap()
}

#[tokio::test]
async fn a_key_is_handed_out_over_https_and_still_over_http() {
    let (stage, made) = (Stage::set().await, Made::new());
    let (keys, callers) = api_keys(&["ann"]);
    let settings = stage.settings(&made.settings(), &format!("{callers}{TEMPLATE}"));
    let broker = stage.broker(&settings).await;
    let secure = ask(made.connect(&broker).await.unwrap(), "/sts", &keys[0]).await;
    let plain = TcpStream::connect(broker.address()).await.unwrap();
    let plain = ask(plain, "/sts", &keys[0]).await;
    let key = |answer: &str| {
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        assert!(head.starts_with("HTTP/1.1 200"), "{answer}");
        let document: Value = serde_json::from_str(body).unwrap();
        credentials(&document).secret_id
    };
    assert_eq!(key(&secure), key(&plain), "both doors lead to the same desk");
    broker.stop().await;
}

#[tokio::test]
async fn a_new_certificate_is_shown_without_a_restart() {
    let made = Made::new();
    let (_, callers) = api_keys(&["ann"]);
    let (stage, settings) = (
        Stage::set().await,
        settings(
            "http://127.0.0.1:1",
            &made.settings(),
            &format!("{callers}{TEMPLATE}"),
        ),
    );
    let broker = stage.broker(&settings).await;
    assert!(made.connect(&broker).await.is_ok());
    made.renew();
    let begun = Instant::now();
    while made.connect(&broker).await.is_err() {
        assert!(begun.elapsed() < ENOUGH, "the new certificate is not shown");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

#[tokio::test]
async fn a_handshake_that_does_not_come_is_given_up_and_holds_nobody_up() {
    let (stage, made) = (Stage::set().await, Made::new());
    let (_, callers) = api_keys(&["ann"]);
    let before = format!(
        "{}limits = {{ connections = 1, patience_seconds = 1 }}\n",
        made.settings()
    );
    let broker = stage
        .broker(&stage.settings(&before, &format!("{callers}{TEMPLATE}")))
        .await;
    for said in ["", "GET /_broker/live HTTP/1.1\r\nhost: x\r\n\r\n"] {
        let mut silent = TcpStream::connect(broker.tls_address().unwrap()).await.unwrap();
        silent.write_all(said.as_bytes()).await.unwrap();
        let mut bytes = Vec::new();
        let _ = timeout(ENOUGH, silent.read_to_end(&mut bytes)).await.unwrap();
        assert!(!bytes.starts_with(b"HTTP"), "plain HTTP is no request here");
    }
    // The one connection is free again, for either door.
    let live = ask(made.connect(&broker).await.unwrap(), "/_broker/live", "").await;
    assert!(live.starts_with("HTTP/1.1 200"), "{live}");
    let plain = TcpStream::connect(broker.address()).await.unwrap();
    assert!(ask(plain, "/_broker/live", "").await.starts_with("HTTP/1.1 200"));
}

#[tokio::test]
async fn certificates_that_cannot_be_shown_stop_the_start() {
    let (stage, made, other) = (Stage::set().await, Made::new(), Made::new());
    let (_, callers) = api_keys(&["ann"]);
    let check = async |before: &str, expected: &str| {
        let settings = stage.settings(before, &format!("{callers}{TEMPLATE}"));
        let started = Broker::start(&settings, stage.key.clone()).await;
        let error = started.map(drop).unwrap_err();
        let cause = error.source().unwrap().to_string();
        assert!(cause.contains(expected), "{error}: {cause}");
    };
    let good = made.settings();
    check(&good.replace("cert.pem", "none.pem"), "could not be read").await;
    check(&good.replace("cert.pem", "key.pem"), "holds no certificate").await;
    check(&good.replace("key.pem", "cert.pem"), "holds no private key").await;
    let (own, others) = (made.path("key.pem"), other.path("key.pem"));
    let mixed = good.replace(&own.display().to_string(), &others.display().to_string());
    check(&mixed, "is not that of the certificate").await;
    for line in good.lines() {
        let settings: Settings = stage.settings(&good.replace(line, ""), &format!("{callers}{TEMPLATE}"));
        let error = Broker::check(&settings).unwrap_err().to_string();
        assert!(error.contains("needs all three of `tls_listen`"), "{error}");
    }
}
