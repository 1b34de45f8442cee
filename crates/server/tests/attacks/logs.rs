//! Secrets and whatever the server tells: at the most talkative level, no secret, token, signature or key of keys is in the
//! log, the audit trail, the figures, or an answer that was not asked for it, whichever dialect it is in.

use std::io;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use daypass_api::names::AccessKeyId;
use daypass_api::secret::SecretText;
use daypass_server::{Config, Engines, Ground};
use daypass_store::{Store, StoreOptions};
use daypass_testkit::TestServer;
use daypass_token::{KeyRing, MasterKey};
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tracing_subscriber::fmt::MakeWriter;

use crate::kit::{Key, Request, act, action_request, call, mint, policy, user};
use crate::one_store::engines;
use crate::spellings::{holds, spellings};
use crate::wire::Answer;

const MASTER_KEY: &str = "5a3c0102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e";

/// Keeps what is logged.
#[derive(Clone, Default)]
struct Kept(Arc<Mutex<Vec<u8>>>);

impl io::Write for Kept {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        kept.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl<'w> MakeWriter<'w> for Kept {
    type Writer = Self;

    fn make_writer(&'w self) -> Self {
        self.clone()
    }
}

/// What must not be found: the value and, for those that travel encoded, its other spelling.
fn canaries(key: &Key) -> Vec<String> {
    let mut all = vec![key.secret.clone()];
    if let Some(token) = &key.token {
        all.extend([token.clone(), token[..40].to_owned()]);
    }
    all
}

/// Requests of other kinds than those of the object store: good ones, forged ones, ones with secrets where none belong.
fn in_every_dialect(server: &TestServer, key: &Key) -> Vec<Request> {
    let token = key.token.clone().unwrap_or_default();
    let host = server.address().to_string();
    let form = |target: &str, body: String| {
        Request::new(server, "POST", target)
            .instead("Host", Some(&host))
            .header("Content-Type", "application/x-www-form-urlencoded")
            .body(body.as_bytes())
    };
    let v1 = |more: &str| {
        format!(
            "Action=GetFederationToken&Nonce=1&Timestamp=1&SecretId={}&Token={token}&{more}Signature={}",
            key.id, key.secret
        )
    };
    let multipart = format!(
        "--b\r\nContent-Disposition: form-data; name=\"key\"\r\n\r\nk\r\n--b\r\n\
         Content-Disposition: form-data; name=\"Signature\"\r\n\r\n{}\r\n--b\r\n\
         Content-Disposition: form-data; name=\"x-cos-security-token\"\r\n\r\n{token}\r\n--b--\r\n",
        key.secret
    );
    let tc3 = format!(
        "TC3-HMAC-SHA256 Credential={}/2026-01-01/sts/tc3_request, SignedHeaders=host, Signature={}",
        key.id, key.secret
    );
    vec![
        form("/", v1("Version=2018-08-13&")),
        form("/", v1("Version=2018-08-13&SecretKey=x&SecretKey=y&")),
        form("/v2/index.php", v1("")),
        form("/v2/index.php", v1("%zz&")),
        form("/", format!("Action=CreateUser&{}={}", key.secret, token)),
        Request::new(server, "POST", "/")
            .header("Content-Type", "multipart/form-data; boundary=b")
            .body(multipart.as_bytes()),
        action_request(server, key, "GetCallerIdentity", "{}").instead("Authorization", Some(&tc3)),
        action_request(
            server,
            key,
            "GetUser",
            &format!(r#"{{"Name":"x","SecretKey":"{}"}}"#, key.secret),
        ),
        action_request(
            server,
            key,
            "AddUser",
            &format!(r#"{{"Name":["{}"]}}"#, key.secret),
        ),
        action_request(server, key, "NoSuchAction", &format!(r#"{{"a":"{token}""#)),
        Request::new(server, "GET", "/k")
            .header("x-cos-security-token", &key.secret)
            .sign(server, key),
        Request::new(server, "PUT", "/?policy")
            .body(key.secret.as_bytes())
            .sign(server, key),
        Request::new(server, "PUT", "/?tagging")
            .body(key.secret.as_bytes())
            .sign(server, key),
        Request::new(server, "POST", "/?delete")
            .body(key.secret.as_bytes())
            .sign(server, key),
        Request::new(server, "GET", "/k")
            .header("Range", &key.secret)
            .sign(server, key),
        Request::new(server, "PUT", "/k")
            .header("Content-MD5", &key.secret)
            .body(b"x")
            .sign(server, key),
    ]
}

/// All spellings of all keys above the keys: master key, ring, and what a session's token is sealed under.
async fn keys_of_keys(engines: &Engines, session: &Key) -> Vec<Vec<u8>> {
    use daypass_token::testing::{bytes_of_master, key_of_token, keys_of_ring};
    let store = Store::open(
        Arc::clone(&engines.kv),
        Arc::clone(&engines.blobs),
        StoreOptions::default(),
    );
    let view = store.await.unwrap().view().await.unwrap();
    let wrapped = view.key_ring().await.unwrap().unwrap().wrapped;
    let master = MasterKey::parse(MASTER_KEY).unwrap();
    let ring = KeyRing::unwrap(&master, &wrapped).unwrap();
    let id = AccessKeyId::parse(&session.id).unwrap();
    let token = session.token.as_ref().unwrap();
    let mut keys = keys_of_ring(&ring);
    assert_eq!(keys.len(), 3, "one for each epoch");
    keys.push(bytes_of_master(&master));
    keys.push(key_of_token(&ring, &id, token).unwrap());
    keys.iter().flat_map(|key| spellings(&key[..])).collect()
}

async fn page(address: std::net::SocketAddr, path: &str) -> Vec<u8> {
    let mut stream = tokio::net::TcpStream::connect(address).await.unwrap();
    let head = format!("GET {path} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
    stream.write_all(head.as_bytes()).await.unwrap();
    let mut text = Vec::new();
    stream.read_to_end(&mut text).await.unwrap();
    text
}

fn note(said: &mut Vec<u8>, answer: Answer) {
    said.extend(format!("{:?}", answer.headers).bytes());
    // Whoever may read the object is shown it.
    if answer.body != b"canary body bytes" {
        said.extend(answer.body);
    }
}

fn trail(data: &std::path::Path) -> Vec<u8> {
    let files = std::fs::read_dir(data.join("audit")).unwrap();
    files
        .flat_map(|file| std::fs::read(file.unwrap().path()).unwrap())
        .collect()
}

#[tokio::test]
async fn m54_no_secret_reaches_a_log() {
    let kept = Kept::default();
    // For the whole process, since the engines have threads of their own.
    let logging = tracing_subscriber::fmt()
        .with_max_level(tracing_subscriber::filter::LevelFilter::TRACE)
        .with_writer(kept.clone())
        .try_init();
    assert!(logging.is_ok());

    let engines = engines();
    let start = async || {
        let change = |config: &mut Config| {
            config.master_key = Some(SecretText::new(MASTER_KEY.to_owned()));
            config.console_listen = Some((std::net::Ipv4Addr::LOCALHOST, 0).into());
        };
        let ground = Ground {
            engines: Some(engines.clone()),
            ..Ground::default()
        };
        TestServer::on(change, ground).await.unwrap()
    };
    let server = start().await;
    assert_eq!(crate::wire::ask(&server, "PUT", "/", &[], b"").await.status, 200);
    let mut said: Vec<u8> = Vec::new();
    let root = Key::root();
    let user = user(&server, "canary", &policy(&[("allow", &["*"], &["*"])])).await;
    let session = mint(
        &server,
        &user.key,
        Some(&policy(&[("allow", &["cos:*"], &["*"])])),
        1800,
    )
    .await;
    let mut forbidden: Vec<String> = [&root, &user.key, &session]
        .into_iter()
        .flat_map(canaries)
        .collect();

    for _ in 0..2 {
        call(&server, &root, "RotateKeyRing", json!({})).await;
    }
    for key in [&root, &user.key, &session] {
        for request in in_every_dialect(&server, key) {
            note(&mut said, request.send(&server).await);
        }
        act(&server, key, "PUT", "/k", b"canary body bytes").await;
        let requests = [
            Request::new(&server, "GET", "/k").sign(&server, key),
            Request::new(&server, "GET", "/k").presign(&server, key),
            Request::new(&server, "GET", "/?policy").presign(&server, key),
            // Refused in every way there is.
            Request::new(&server, "GET", "/k")
                .sign(&server, key)
                .target("/other"),
            Request::new(&server, "GET", "/k")
                .window(-100, -50)
                .presign(&server, key),
            Request::new(&server, "GET", "/%zz").presign(&server, key),
            action_request(&server, key, "GetCallerIdentity", "{}"),
            action_request(
                &server,
                key,
                "GetUser",
                r#"{"Name":"x","Password":"canary password"}"#,
            ),
            action_request(&server, key, "CreateAccessKey", "{"),
        ];
        for request in requests {
            note(&mut said, request.send(&server).await);
            let signature = |text: &str| {
                let (_, rest) = text.split_once("ignature=")?;
                Some(rest.chars().take(40).collect::<String>())
            };
            let authorization = request.headers.iter().find(|(name, _)| name == "Authorization");
            let texts = authorization
                .map(|(_, value)| value)
                .into_iter()
                .chain([&request.target]);
            forbidden.extend(texts.filter_map(|text| signature(text)));
        }
    }
    // Secrets where they do not belong.
    for text in [format!("Bearer {}", root.secret), root.secret.clone()] {
        Request::new(&server, "GET", "/k")
            .header("Authorization", &text)
            .send(&server)
            .await;
    }
    let made = call(
        &server,
        &root,
        "CreateAccessKey",
        json!({ "TargetUin": user.uin }),
    )
    .await;
    forbidden.push(made["AccessKey"]["SecretAccessKey"].as_str().unwrap().to_owned());
    forbidden.extend(["canary password".to_owned(), "canary body bytes".to_owned()]);
    let mut forbidden: Vec<Vec<u8>> = forbidden.into_iter().map(String::into_bytes).collect();
    forbidden.extend(keys_of_keys(&engines, &session).await);
    said.extend(page(server.console_address().unwrap(), "/metrics").await);
    said.extend(page(server.console_address().unwrap(), &format!("/{}", root.secret)).await);
    let data = server.data();
    let started_again = start().await;
    started_again.stop().await;

    // It is written within milliseconds, and to its end when the server stops; then its directory goes.
    let last = made["AccessKey"]["AccessKeyId"].as_str().unwrap();
    let written = async {
        while !holds(&trail(&data), last.as_bytes()) {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    let written = tokio::time::timeout(Duration::from_secs(5), written).await;
    assert!(written.is_ok(), "the trail has the last call");
    let trail = trail(&data);
    server.stop().await;
    let log = kept.0.lock().unwrap_or_else(PoisonError::into_inner).clone();
    let text = String::from_utf8_lossy(&log);
    assert!(
        text.contains("daypass::audit") && text.contains(r#"path="/k""#),
        "something was logged"
    );
    assert!(text.contains(&root.id), "keys are named by their ids");
    assert!(holds(&said, b"SignatureFailure") && holds(&said, b"daypass_") && holds(&said, b"<Code>"));
    for canary in forbidden {
        assert!(canary.len() >= 15);
        for (place, text) in [("log", &log), ("trail", &trail), ("answers", &said)] {
            let shown = String::from_utf8_lossy(&canary);
            assert!(!holds(text, &canary), "{shown} is in the {place}");
        }
    }
}
