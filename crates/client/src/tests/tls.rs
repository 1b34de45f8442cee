//! HTTPS with the real server, and every reason not to trust one.

use std::path::{Path, PathBuf};
use std::time::Duration;

use bytes::Bytes;
use daypass_api::names::AccessKeyId;
use daypass_api::secret::SecretKey;
use daypass_testkit::{ROOT_SECRET_ID, ROOT_SECRET_KEY, TestServer};
use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
use tempfile::TempDir;
use time::OffsetDateTime;

use super::{bucket, key};
use crate::{Connection, Credentials, Distrust, Error, ObjectClient, Patience, Trust, request};

/// An authority, and a certificate of it, in files.
pub(super) struct Certificates {
    folder: TempDir,
}

impl Certificates {
    /// For this host, from so many days to so many days from now.
    pub(super) fn new(host: &str, days: (i64, i64)) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut authority = CertificateParams::default();
        authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let authority_key = KeyPair::generate().unwrap();
        let root = authority.self_signed(&authority_key).unwrap();
        let mut params = CertificateParams::new(vec![host.to_owned()]).unwrap();
        let now = OffsetDateTime::from_unix_timestamp(super::now_seconds()).unwrap();
        params.not_before = now + time::Duration::days(days.0);
        params.not_after = now + time::Duration::days(days.1);
        let key = KeyPair::generate().unwrap();
        let issuer = Issuer::new(authority, authority_key);
        let certificate = params.signed_by(&key, &issuer).unwrap();
        let write = |name: &str, text: String| std::fs::write(folder.path().join(name), text).unwrap();
        write("ca.pem", root.pem());
        write("cert.pem", certificate.pem());
        write("key.pem", key.serialize_pem());
        Self { folder }
    }

    pub(super) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(super) async fn server(&self) -> TestServer {
        TestServer::with_tls(self.path("cert.pem"), self.path("key.pem")).await
    }
}

fn client(endpoint: &str, authority: Option<&Path>) -> ObjectClient {
    let credentials = Credentials {
        secret_id: AccessKeyId::parse(ROOT_SECRET_ID).unwrap(),
        secret_key: SecretKey::new(ROOT_SECRET_KEY.to_owned()),
        token: None,
    };
    let patience = Patience {
        first_delay: Duration::from_millis(1),
        ..Patience::default()
    };
    let connection = Connection::new(endpoint.parse().unwrap(), Some(credentials)).with_patience(patience);
    ObjectClient::new(match authority {
        Some(path) => connection.with_trust(Trust::file(path).unwrap()),
        None => connection,
    })
}

fn https(server: &TestServer) -> String {
    format!("https://{}", server.tls_address().unwrap())
}

#[tokio::test]
async fn objects_go_both_ways() {
    let certificates = Certificates::new("127.0.0.1", (-1, 1));
    let server = certificates.server().await;
    let client = client(&https(&server), Some(&certificates.path("ca.pem")));
    client.create_bucket(&bucket()).await.unwrap();
    let put = request::put_object(&bucket(), &key());
    client
        .put_object(put, Bytes::from_static(b"hello world").into())
        .await
        .unwrap();
    let read = client.get_object(request::read_object(&bucket(), &key())).await;
    assert_eq!(read.unwrap().bytes().await.unwrap(), "hello world");
    let link = client.presign_put(&bucket(), &key(), 60).await.unwrap();
    assert!(link.expose().starts_with(&https(&server)), "{}", link.expose());
    server.stop().await;
}

async fn distrust(certificates: &Certificates, authority: Option<&Path>) -> Distrust {
    let server = certificates.server().await;
    let outcome = client(&https(&server), authority).list_buckets().await;
    server.stop().await;
    match outcome {
        Err(Error::Untrusted { reason, .. }) => reason,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn servers_that_are_not_trusted() {
    let good = Certificates::new("127.0.0.1", (-1, 1));
    let other = Certificates::new("127.0.0.1", (-1, 1));
    assert_eq!(distrust(&good, None).await, Distrust::UnknownIssuer);
    // The two authorities have the same name, and so it is the signature that tells them apart.
    let foreign = distrust(&good, Some(&other.path("ca.pem"))).await;
    assert!(
        matches!(foreign, Distrust::Other(_) | Distrust::UnknownIssuer),
        "{foreign:?}"
    );
    let check = async |host: &str, days, expected| {
        let certificates = Certificates::new(host, days);
        let authority = certificates.path("ca.pem");
        assert_eq!(distrust(&certificates, Some(&authority)).await, expected);
    };
    check("store.example.org", (-1, 1), Distrust::WrongName).await;
    check("127.0.0.1", (-3, -2), Distrust::Expired).await;
    check("127.0.0.1", (2, 3), Distrust::NotYetValid).await;
}

#[tokio::test]
async fn the_wrong_scheme() {
    let certificates = Certificates::new("127.0.0.1", (-1, 1));
    let server = certificates.server().await;
    let authority = certificates.path("ca.pem");
    let at_http = client(&format!("https://{}", server.address()), Some(&authority));
    let error = at_http.list_buckets().await.unwrap_err();
    assert!(matches!(error, Error::Handshake { .. }), "{error:?}");
    let at_https = client(&format!("http://{}", server.tls_address().unwrap()), None);
    let error = at_https.list_buckets().await.unwrap_err();
    assert!(
        matches!(error, Error::NotHttp { .. } | Error::Interrupted { .. }),
        "{error:?}"
    );
    server.stop().await;
}
