//! HTTPS, seen from outside: what it tells the decision, certificates that change under way, handshakes that do not
//! come, and certificates that cannot be used.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test may fail by panicking"
)]

mod wire;

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use daypass_api::Timestamp;
use daypass_api::names::Region;
use daypass_server::tls::Authority;
use daypass_server::{Clock, Config, EdgeLimits, StartError, SystemClock};
use daypass_signature::{RequestView, SecretKey, tc3};
use daypass_testkit::{ROOT_SECRET_ID, ROOT_SECRET_KEY, TestServer};
use daypass_tls::TlsConfig;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::version::{TLS12, TLS13};
use rustls::{ClientConfig, RootCertStore, SupportedProtocolVersion};
use tempfile::TempDir;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use wire::{Wire, ask, head, head_by};

/// Long enough for anything to happen, on any machine.
const PATIENCE: Duration = Duration::from_secs(20);

/// An authority with a certificate of its own.
struct Made {
    authority: Authority,
    folder: TempDir,
}

impl Made {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let authority = Authority::in_folder(folder.path().to_owned());
        authority.init(&region(), &[], SystemClock.now()).unwrap();
        Self { authority, folder }
    }

    fn renew(&self) {
        self.authority.renew(&region(), &[], SystemClock.now()).unwrap();
    }

    fn config(&self) -> TlsConfig {
        TlsConfig {
            listen: SocketAddr::from(([127, 0, 0, 1], 0)),
            certificate: self.authority.certificate(),
            key: self.authority.key(),
            reload_every: Duration::from_millis(20),
        }
    }

    async fn serve(&self, limits: EdgeLimits) -> TestServer {
        let tls = Some(self.config());
        let set = |config: &mut Config| {
            config.tls = tls;
            config.limits = limits;
        };
        TestServer::with(set).await.unwrap()
    }

    /// A client that trusts the authority, and speaks these.
    fn client(&self, version: &'static SupportedProtocolVersion, protocol: Option<&str>) -> TlsConnector {
        let mut roots = RootCertStore::empty();
        let root = CertificateDer::from_pem_file(self.folder.path().join("ca.pem")).unwrap();
        roots.add(root).unwrap();
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let mut config = ClientConfig::builder_with_provider(provider)
            .with_protocol_versions(&[version])
            .unwrap()
            .with_root_certificates(roots)
            .with_no_client_auth();
        config.alpn_protocols = protocol.map(Vec::from).into_iter().collect();
        TlsConnector::from(Arc::new(config))
    }

    async fn connect(
        &self,
        server: &TestServer,
        version: &'static SupportedProtocolVersion,
    ) -> TlsStream<TcpStream> {
        shake_hands(server, &self.client(version, None), "localhost")
            .await
            .unwrap()
    }

    /// The certificate that a new connection is shown.
    async fn shown(&self, server: &TestServer) -> Vec<u8> {
        let stream = self.connect(server, &TLS13).await;
        stream.get_ref().1.peer_certificates().unwrap()[0].to_vec()
    }

    fn on_disk(&self) -> Vec<u8> {
        let certificate = CertificateDer::from_pem_file(self.authority.certificate());
        certificate.unwrap().to_vec()
    }
}

fn region() -> Region {
    Region::parse("ap-guangzhou").unwrap()
}

async fn reach(server: &TestServer) -> TcpStream {
    TcpStream::connect(server.tls_address().unwrap()).await.unwrap()
}

async fn shake_hands(
    server: &TestServer,
    client: &TlsConnector,
    name: &'static str,
) -> std::io::Result<TlsStream<TcpStream>> {
    client
        .connect(ServerName::try_from(name).unwrap(), reach(server).await)
        .await
}

/// A temporary key: its id, its secret, its token.
struct Temporary(String, String, String);

/// A temporary key of the root account that may read objects under this condition.
async fn mint(server: &TestServer, condition: &str) -> Temporary {
    let policy = format!(
        r#"{{"version":"2.0","statement":[{{"effect":"allow","action":"name/cos:GetObject","resource":"*","condition":{condition}}}]}}"#
    );
    let body = format!(
        r#"{{"Name":"tls","Policy":"{}","DurationSeconds":1800}}"#,
        policy.replace('"', "\\\"")
    );
    let now = server.clock.now().unix_seconds();
    let (stamp, length) = (now.to_string(), body.len().to_string());
    let host = server.address().to_string();
    let headers = [
        ("Host", host.as_str()),
        ("Content-Type", "application/json"),
        ("X-TC-Action", "GetFederationToken"),
        ("X-TC-Version", "2018-08-13"),
        ("X-TC-Region", "ap-guangzhou"),
        ("X-TC-Timestamp", &stamp),
        ("Content-Length", &length),
    ];
    let pairs = headers.map(|(name, value)| (name, value.as_bytes()));
    let view = RequestView::new("POST", "/", "", &pairs).unwrap();
    let secret = SecretKey::new(ROOT_SECRET_KEY.to_owned());
    let signed = tc3::sign(&view, body.as_bytes(), ROOT_SECRET_ID, &secret, "sts", now).unwrap();
    let mut text = "POST / HTTP/1.1\r\n".to_owned();
    for (name, value) in headers {
        text.push_str(&format!("{name}: {value}\r\n"));
    }
    let mut wire = Wire::open(server).await;
    wire.send(format!("{text}Authorization: {signed}\r\n\r\n{body}"))
        .await;
    let answer = String::from_utf8(wire.receive().await.unwrap().body).unwrap();
    let field = |name: &str| {
        let found = answer
            .split_once(&format!("\"{name}\":\""))
            .and_then(|(_, rest)| rest.split_once('"'));
        found.unwrap_or_else(|| panic!("{answer}")).0.to_owned()
    };
    Temporary(field("TmpSecretId"), field("TmpSecretKey"), field("Token"))
}

async fn get(server: &TestServer, key: &Temporary, stream: impl AsyncReadWrite) -> (u16, String) {
    let Temporary(id, secret, token) = key;
    let token = [("x-cos-security-token", token.as_str())];
    let mut wire = Wire::over(stream);
    wire.send(head_by((id, secret), server, "GET", "/k", &token))
        .await;
    let answer = wire.receive().await.unwrap();
    (answer.status, answer.code().to_owned())
}

trait AsyncReadWrite: tokio::io::AsyncRead + tokio::io::AsyncWrite + Unpin {}
impl<S: tokio::io::AsyncRead + tokio::io::AsyncWrite + Unpin> AsyncReadWrite for S {}

#[tokio::test]
async fn the_version_of_tls_reaches_the_decision() {
    let made = Made::new();
    let server = made.serve(EdgeLimits::default()).await;
    assert_eq!(ask(&server, "PUT", "/", &[], b"").await.status, 200);
    assert_eq!(ask(&server, "PUT", "/k", &[], b"v").await.status, 200);
    // The condition; whether it holds in the clear, over TLS 1.2, and over TLS 1.3.
    let cases = [
        (
            r#"{"bool_equal":{"cos:secure-transport":"true"}}"#,
            [false, true, true],
        ),
        (
            r#"{"bool_equal":{"cos:secure-transport":"false"}}"#,
            [true, false, false],
        ),
        (
            r#"{"numeric_equal":{"cos:tls-version":1.2}}"#,
            [false, true, false],
        ),
        (
            r#"{"numeric_equal":{"cos:tls-version":1.3}}"#,
            [false, false, true],
        ),
        (
            r#"{"numeric_greater_than_equal":{"cos:tls-version":1.2}}"#,
            [false, true, true],
        ),
        (
            r#"{"numeric_less_than":{"cos:tls-version":1.2}}"#,
            [false, false, false],
        ),
    ];
    for (condition, expected) in cases {
        let key = mint(&server, condition).await;
        let plain = TcpStream::connect(server.address()).await.unwrap();
        let got = [
            get(&server, &key, plain).await,
            get(&server, &key, made.connect(&server, &TLS12).await).await,
            get(&server, &key, made.connect(&server, &TLS13).await).await,
        ];
        let expected = expected.map(|allowed| match allowed {
            true => (200, String::new()),
            false => (403, "AccessDenied".to_owned()),
        });
        assert_eq!(got, expected, "{condition}");
    }
    server.stop().await;
}

#[tokio::test]
async fn urls_in_answers_have_the_scheme_of_the_request() {
    let made = Made::new();
    let server = made.serve(EdgeLimits::default()).await;
    assert_eq!(ask(&server, "PUT", "/", &[], b"").await.status, 200);
    let mut wire = Wire::over(made.connect(&server, &TLS13).await);
    let started = {
        wire.send(head(&server, "POST", "/k?uploads", &[("Content-Length", "0")]))
            .await;
        String::from_utf8(wire.receive().await.unwrap().body).unwrap()
    };
    let upload = started
        .split_once("<UploadId>")
        .and_then(|(_, rest)| rest.split_once("</UploadId>"))
        .unwrap()
        .0;
    let target = format!("/k?partNumber=1&uploadId={upload}");
    wire.send(head(&server, "PUT", &target, &[("Content-Length", "1")]) + "x")
        .await;
    let part = wire.receive().await.unwrap();
    let parts = format!(
        "<CompleteMultipartUpload><Part><PartNumber>1</PartNumber><ETag>{}</ETag></Part></CompleteMultipartUpload>",
        part.header("ETag").unwrap()
    );
    let length = parts.len().to_string();
    let target = format!("/k?uploadId={upload}");
    wire.send(head(&server, "POST", &target, &[("Content-Length", &length)]) + &parts)
        .await;
    let completed = String::from_utf8(wire.receive().await.unwrap().body).unwrap();
    assert!(
        completed.contains(&format!("<Location>https://{}.localhost", wire::BUCKET)),
        "{completed}"
    );
    server.stop().await;
}

#[tokio::test]
async fn a_refused_upload_sees_its_answer() {
    let made = Made::new();
    let server = made.serve(EdgeLimits::default()).await;
    let length = 32 * 1024 * 1024;
    for version in [&TLS12, &TLS13] {
        let mut wire = Wire::over(made.connect(&server, version).await);
        let head = head(
            &server,
            "PUT",
            "/huge",
            &[("Content-Length", &length.to_string())],
        );
        wire.send(head.replace("q-signature=", "q-signature=0")).await;
        // A client that sends all it has before it reads, as most do.
        let piece = vec![b'x'; 1024 * 1024];
        for _ in 0..32 {
            if wire.stream.write_all(&piece).await.is_err() {
                break;
            }
        }
        let answer = wire.receive().await.unwrap();
        assert_eq!((answer.status, answer.code()), (403, "SignatureDoesNotMatch"));
    }
    server.stop().await;
}

#[tokio::test]
async fn a_certificate_is_exchanged_while_the_server_runs() {
    let made = Made::new();
    let server = made.serve(EdgeLimits::default()).await;
    let first = made.on_disk();
    assert_eq!(made.shown(&server).await, first);
    let mut before = Wire::over(made.connect(&server, &TLS13).await);
    made.renew();
    let second = made.on_disk();
    assert_ne!(first, second);
    until_shown(&made, &server, &second).await;
    before.send(head(&server, "GET", "/", &[])).await;
    assert_eq!(
        before.receive().await.unwrap().status,
        404,
        "connections that are there go on"
    );
    server.stop().await;
}

async fn until_shown(made: &Made, server: &TestServer, certificate: &[u8]) {
    let wait = async {
        while made.shown(server).await != certificate {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    tokio::time::timeout(PATIENCE, wait)
        .await
        .expect("the new certificate is shown");
}

#[tokio::test]
async fn a_broken_certificate_is_not_taken_over() {
    let (made, other) = (Made::new(), Made::new());
    let server = made.serve(EdgeLimits::default()).await;
    let first = made.on_disk();
    let foreign_key = std::fs::read(other.authority.key()).unwrap();
    let good_key = std::fs::read(made.authority.key()).unwrap();
    let spoil: [(PathBuf, Option<&[u8]>); 5] = [
        (made.authority.certificate(), Some(b"")),
        (made.authority.certificate(), Some(b"not a certificate")),
        (made.authority.certificate(), None),
        (made.authority.key(), Some(&foreign_key)),
        (made.authority.key(), Some(b"-----BEGIN")),
    ];
    for (path, contents) in spoil {
        let good = std::fs::read(&path).unwrap();
        match contents {
            Some(contents) => std::fs::write(&path, contents).unwrap(),
            None => std::fs::remove_file(&path).unwrap(),
        }
        // Several looks at the files.
        tokio::time::sleep(Duration::from_millis(150)).await;
        assert_eq!(
            made.shown(&server).await,
            first,
            "{} {contents:?}",
            path.display()
        );
        std::fs::write(&path, good).unwrap();
    }
    std::fs::write(made.authority.key(), good_key).unwrap();
    made.renew();
    until_shown(&made, &server, &made.on_disk()).await;
    server.stop().await;
}

#[tokio::test]
async fn a_handshake_that_does_not_come_is_given_up() {
    let made = Made::new();
    let limits = EdgeLimits {
        handshake_timeout: Duration::from_millis(200),
        ..EdgeLimits::default()
    };
    let server = made.serve(limits).await;
    // The start of a record of TLS that announces more than comes.
    for sent in [&b""[..], b"\x16\x03\x01\x02\x00\x01"] {
        let mut stream = reach(&server).await;
        stream.write_all(sent).await.unwrap();
        let ended = tokio::time::timeout(PATIENCE, stream.read(&mut [0; 64])).await;
        assert!(matches!(ended.unwrap(), Ok(0) | Err(_)), "{sent:?}");
    }
    made.connect(&server, &TLS13).await;
    server.stop().await;
}

#[tokio::test]
async fn plain_http_to_the_tls_port_is_no_request() {
    let made = Made::new();
    let server = made.serve(EdgeLimits::default()).await;
    let mut stream = reach(&server).await;
    let request = head(&server, "PUT", "/", &[("Content-Length", "0")]);
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = Vec::new();
    // An alert of TLS may come; the connection may also just end.
    let _ = tokio::time::timeout(PATIENCE, stream.read_to_end(&mut answer))
        .await
        .unwrap();
    assert!(!answer.starts_with(b"HTTP"), "{answer:?}");
    assert_eq!(ask(&server, "GET", "/", &[], b"").await.status, 404);
    server.stop().await;
}

#[tokio::test]
async fn tls_to_the_plain_port_is_no_request() {
    let made = Made::new();
    let server = made.serve(EdgeLimits::default()).await;
    let stream = TcpStream::connect(server.address()).await.unwrap();
    let name = ServerName::try_from("localhost").unwrap();
    let client = made.client(&TLS13, None);
    let shaken = tokio::time::timeout(PATIENCE, client.connect(name, stream)).await;
    assert!(shaken.unwrap().is_err());
    server.stop().await;
}

#[tokio::test]
async fn both_doors_share_their_connections() {
    let made = Made::new();
    let limits = EdgeLimits {
        connections: 1,
        ..EdgeLimits::default()
    };
    let server = made.serve(limits).await;
    let mut plain = Wire::open(&server).await;
    plain.send(head(&server, "GET", "/", &[])).await;
    assert_eq!(plain.receive().await.unwrap().status, 404);
    let client = made.client(&TLS13, None);
    let mut waiting = Box::pin(shake_hands(&server, &client, "localhost"));
    let early = tokio::time::timeout(Duration::from_millis(300), waiting.as_mut()).await;
    assert!(early.is_err(), "the only slot is taken");
    drop(plain);
    let shaken = tokio::time::timeout(PATIENCE, waiting).await.unwrap();
    drop(shaken.unwrap());
    // And the other way: nobody at the one door keeps those at the other out.
    let answer = tokio::time::timeout(PATIENCE, ask(&server, "GET", "/", &[], b"")).await;
    assert_eq!(answer.unwrap().status, 404);
    server.stop().await;
}

#[tokio::test]
async fn only_http_1_is_spoken() {
    let made = Made::new();
    let server = made.serve(EdgeLimits::default()).await;
    let agreed = |protocol| {
        let (client, server) = (made.client(&TLS13, Some(protocol)), &server);
        async move {
            let stream = shake_hands(server, &client, "localhost").await.ok()?;
            stream.get_ref().1.alpn_protocol().map(<[u8]>::to_vec)
        }
    };
    assert_eq!(agreed("http/1.1").await.as_deref(), Some(&b"http/1.1"[..]));
    assert_eq!(agreed("h2").await, None);
    server.stop().await;
}

#[tokio::test]
async fn the_certificate_is_good_for_its_names_and_no_others() {
    let made = Made::new();
    let server = made.serve(EdgeLimits::default()).await;
    let client = made.client(&TLS13, None);
    for (name, good) in [
        ("localhost", true),
        ("127.0.0.1", true),
        ("::1", true),
        // The name is there as `*.localhost`; this client, like most, takes no wildcard above a single label.
        ("photos-1250000000.localhost", false),
        ("photos-1250000000.cos.ap-guangzhou.myqcloud.com", true),
        ("cos.ap-guangzhou.myqcloud.com", true),
        ("service.cos.myqcloud.com", true),
        ("sts.tencentcloudapi.com", true),
        ("sts.ap-guangzhou.tencentcloudapi.com", true),
        ("cam.tencentcloudapi.com", true),
        ("photos-1250000000.cos.ap-beijing.myqcloud.com", false),
        ("store.example.org", false),
        ("127.0.0.2", false),
    ] {
        assert_eq!(shake_hands(&server, &client, name).await.is_ok(), good, "{name}");
    }
    server.stop().await;
}

#[tokio::test]
async fn stopping_does_not_wait_for_handshakes() {
    let made = Made::new();
    let server = made.serve(EdgeLimits::default()).await;
    let silent = reach(&server).await;
    let idle = made.connect(&server, &TLS13).await;
    tokio::time::timeout(Duration::from_secs(5), server.stop())
        .await
        .expect("it stops at once");
    drop((silent, idle));
}

/// The error's own line, and that of its cause.
fn told(error: StartError) -> String {
    let cause = std::error::Error::source(&error).map(ToString::to_string);
    format!("{error}: {}", cause.unwrap_or_default())
}

async fn refusal(tls: TlsConfig) -> String {
    match TestServer::with(|config| config.tls = Some(tls)).await {
        Ok(_) => panic!("the server started"),
        Err(error) => told(error),
    }
}

#[tokio::test]
async fn certificates_that_cannot_be_used() {
    let (made, other) = (Made::new(), Made::new());
    let odd = |name: &str, contents: &[u8]| {
        let path = made.folder.path().join(name);
        std::fs::write(&path, contents).unwrap();
        path
    };
    let good = made.config();
    let cases = [
        (odd("empty", b""), good.key.clone(), "holds no certificate"),
        (odd("text", b"hello"), good.key.clone(), "holds no certificate"),
        (good.key.clone(), good.key.clone(), "holds no certificate"),
        (
            odd("gone", b"").with_file_name("missing"),
            good.key.clone(),
            "could not be read",
        ),
        (
            made.folder.path().to_owned(),
            good.key.clone(),
            "could not be read",
        ),
        (
            odd("large", &vec![b'x'; 1024 * 1024 + 1]),
            good.key.clone(),
            "larger than",
        ),
        (
            odd(
                "damaged",
                b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
            ),
            good.key.clone(),
            "could not be used",
        ),
        (
            good.certificate.clone(),
            odd("empty-key", b""),
            "holds no private key",
        ),
        (
            good.certificate.clone(),
            good.certificate.clone(),
            "holds no private key",
        ),
        (
            good.certificate.clone(),
            odd(
                "locked",
                b"-----BEGIN ENCRYPTED PRIVATE KEY-----\nAAAA\n-----END ENCRYPTED PRIVATE KEY-----\n",
            ),
            "holds no private key",
        ),
        (
            good.certificate.clone(),
            odd(
                "damaged-key",
                b"-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n",
            ),
            "could not be used",
        ),
        (
            good.certificate.clone(),
            other.authority.key(),
            "is not that of the certificate",
        ),
    ];
    for (certificate, key, expected) in cases {
        let shown = format!("{} {}", file_name(&certificate), file_name(&key));
        let refusal = refusal(TlsConfig {
            certificate,
            key,
            ..made.config()
        })
        .await;
        assert!(refusal.contains(expected), "{shown}: {refusal}");
    }
}

fn file_name(path: &Path) -> String {
    path.file_name()
        .unwrap_or_default()
        .to_string_lossy()
        .into_owned()
}

#[tokio::test]
async fn an_address_in_use_is_named() {
    let made = Made::new();
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let listen = taken.local_addr().unwrap();
    let refusal = refusal(TlsConfig {
        listen,
        ..made.config()
    })
    .await;
    assert!(
        refusal.starts_with(&format!("`{listen}` could not be listened on")),
        "{refusal}"
    );
}

#[tokio::test]
async fn an_expired_certificate_is_shown_all_the_same() {
    let folder = tempfile::tempdir().unwrap();
    let authority = Authority::in_folder(folder.path().to_owned());
    let long_ago = Timestamp::from_unix_seconds(1_500_000_000);
    authority.init(&region(), &[], long_ago).unwrap();
    let made = Made { authority, folder };
    let server = made.serve(EdgeLimits::default()).await;
    let refused = shake_hands(&server, &made.client(&TLS13, None), "localhost").await;
    let refused = refused.unwrap_err().to_string();
    assert!(refused.contains("xpired"), "{refused}");
    server.stop().await;
}
