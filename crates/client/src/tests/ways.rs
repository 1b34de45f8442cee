//! Ways to a server and ways to a key: proxies, user servers, and the builder that puts them together.

use std::sync::Arc;

use tokio::io::{AsyncReadExt, AsyncWriteExt, copy_bidirectional};
use tokio::net::{TcpListener, TcpStream};

use daypass_api::names::AccessKeyId;
use daypass_api::secret::SecretKey;
use daypass_testkit::{ROOT_SECRET_ID, ROOT_SECRET_KEY};

use super::server::{Server, answer};
use super::tls::Certificates;
use super::transfers::store;
use super::{bucket, credentials, key};
use crate::{
    Client, Connection, Credentials, Error, ObjectClient, Patience, Refreshing, Trust, UserServerKeys,
    request,
};

const KEY: &str = r#"{"credentials": {"tmpSecretId": "AKIDown", "tmpSecretKey": "s", "sessionToken": "t"},
    "expiredTime": 4000000000, "startTime": 1}"#;

fn root() -> Credentials {
    Credentials {
        secret_id: AccessKeyId::parse(ROOT_SECRET_ID).unwrap(),
        secret_key: SecretKey::new(ROOT_SECRET_KEY.to_owned()),
        token: None,
    }
}

#[tokio::test]
async fn over_http_a_proxy_is_handed_the_whole_address() {
    let proxy = Server::start(vec![answer(204, &[], "")]).await;
    let way = format!("http://ann:pw@{}", proxy.authority());
    let connection = Connection::new("http://store.example:9000".parse().unwrap(), Some(credentials()));
    let client = ObjectClient::new(connection.with_proxy(way.parse().unwrap()));
    client.delete_object(&bucket(), &key()).await.unwrap();
    let received = proxy.only_received();
    assert!(
        received
            .target
            .starts_with("http://store.example:9000/photos-1250000000/dir//"),
        "{}",
        received.target
    );
    assert_eq!(received.header("host"), Some("store.example:9000"));
    assert_eq!(received.header("proxy-authorization"), Some("Basic YW5uOnB3"));
}

/// A proxy that lets one tunnel through, or answers otherwise; gives what it was asked.
async fn tunnel(answer: &'static str) -> (u16, tokio::task::JoinHandle<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let asked = tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            head.push(stream.read_u8().await.unwrap());
        }
        let head = String::from_utf8(head).unwrap();
        stream.write_all(answer.as_bytes()).await.unwrap();
        if answer.contains("200") {
            let server = head.split(' ').nth(1).unwrap();
            let mut server = TcpStream::connect(server).await.unwrap();
            tokio::spawn(async move { copy_bidirectional(&mut stream, &mut server).await });
        }
        head
    });
    (port, asked)
}

#[tokio::test]
async fn over_https_a_proxy_sees_a_tunnel() {
    let certificates = Certificates::new("127.0.0.1", (-1, 1));
    let server = certificates.server().await;
    let endpoint = format!("https://{}", server.tls_address().unwrap());
    let build = |port: u16| {
        Client::builder()
            .region("ap-guangzhou")
            .endpoint(&endpoint)
            .credentials(root())
            .trust(Trust::file(&certificates.path("ca.pem")).unwrap())
            .patience(Patience {
                retries: 0,
                ..Patience::default()
            })
            .proxy(&format!("http://ann:pw@127.0.0.1:{port}"))
            .build()
            .unwrap()
    };
    let (port, asked) = tunnel("HTTP/1.1 200 Connection established\r\n\r\n").await;
    build(port).objects().create_bucket(&bucket()).await.unwrap();
    let head = asked.await.unwrap();
    assert!(
        head.starts_with(&format!("CONNECT {} HTTP/1.1\r\n", server.tls_address().unwrap())),
        "{head}"
    );
    assert!(head.contains("Basic YW5uOnB3"), "{head}");

    let (port, _asked) = tunnel("HTTP/1.1 407 Proxy Authentication Required\r\n\r\n").await;
    let error = build(port).objects().create_bucket(&bucket()).await.unwrap_err();
    assert!(matches!(error, Error::Unreachable { .. }), "{error:?}");
    server.stop().await;
}

#[tokio::test]
async fn a_user_server_gives_keys() {
    let users = Server::start(vec![answer(200, &[], KEY)]).await;
    let server = Server::start(vec![answer(204, &[], ""), answer(204, &[], "")]).await;
    let keys = UserServerKeys::new(&format!("{}/sts?template=uploads", users.endpoint()));
    let keys = keys.unwrap().with_bearer("who I am");
    let connection = Connection::new(server.endpoint().parse().unwrap(), None);
    let client = ObjectClient::new(connection.with_provider(Arc::new(Refreshing::new(keys))));
    for _ in 0..2 {
        client.delete_object(&bucket(), &key()).await.unwrap();
    }
    let asked = users.only_received();
    assert_eq!(
        (asked.method.as_str(), asked.target.as_str()),
        ("GET", "/sts?template=uploads")
    );
    assert_eq!(asked.header("authorization"), Some("Bearer who I am"));
    for received in server.received() {
        assert_eq!(received.header("x-cos-security-token"), Some("t"));
        assert!(received.header("authorization").unwrap().contains("q-ak=AKIDown"));
    }
}

#[tokio::test]
async fn a_user_server_that_refuses_is_quoted() {
    let refusal = r#"{"code": "-1", "message": "nobody is signed in"}"#;
    let users = Server::start(vec![answer(401, &[], refusal)]).await;
    let keys = UserServerKeys::new(&users.endpoint()).unwrap();
    let connection = Connection::new("http://127.0.0.1:1".parse().unwrap(), None);
    let client = ObjectClient::new(connection.with_provider(Arc::new(Refreshing::new(keys))));
    let error = client.delete_object(&bucket(), &key()).await.unwrap_err();
    let told = format!("{:#}", error);
    assert!(matches!(error, Error::NoCredentials { .. }));
    assert!(
        told.contains("nobody is signed in") || format!("{error:?}").contains("nobody is signed in"),
        "{told}"
    );
    assert_eq!(users.received().len(), 1);
}

#[tokio::test]
async fn one_builder_makes_all_three_clients() {
    let (server, _) = store().await;
    let client = Client::builder()
        .region("ap-guangzhou")
        .endpoint(&format!("http://{}", server.address()))
        .credentials(root())
        .build()
        .unwrap();
    let put = request::put_object(&bucket(), &key());
    client
        .objects()
        .put_object(put, bytes::Bytes::from_static(b"a").into())
        .await
        .unwrap();
    assert_eq!(
        client.sts().get_caller_identity().await.unwrap().owner_uin.0,
        100_000_000_001
    );
    server.stop().await;
}
