//! Several gateways over one store, and the keys above the keys: a key ring that one of them replaces counts at none of
//! the others from the next request on; a master key that one of them exchanges shuts the others out, loudly, until they
//! have it.

use std::sync::Arc;

use daypass_kv::faulty::{CommitFault, FaultyKv};
use daypass_server::{Engines, StartError};
use daypass_testkit::TestServer;
use serde_json::{Value, json};
use tokio::net::TcpStream;

use crate::kit::{Key, act, call, code, expect, mint, policy, send_bytes, user};
use crate::one_store::{MASTER_KEY, engines, gateway, master_key, put_master_key, told};
use crate::wire::Wire;

async fn status(server: &TestServer, key: &Key) -> u16 {
    act(server, key, "GET", "/", b"").await.status
}

async fn does(server: &TestServer, action: &str) -> Value {
    let answer = call(server, &Key::root(), action, json!({})).await;
    assert_eq!(code(&answer), "", "{action}: {answer}");
    answer
}

/// What the probe says.
async fn ready(server: &TestServer) -> u16 {
    let head = format!(
        "GET /_daypass/ready HTTP/1.1\r\nHost: {}\r\n\r\n",
        server.address()
    );
    send_bytes(server, head.as_bytes()).await.status
}

/// Whether its figures say that the key ring opens.
async fn is_open(server: &TestServer) -> bool {
    let address = server.console_address().unwrap();
    let mut wire = Wire::over(TcpStream::connect(address).await.unwrap());
    wire.send(format!("GET /metrics HTTP/1.1\r\nHost: {address}\r\n\r\n"))
        .await;
    let page = String::from_utf8(wire.receive().await.unwrap().body).unwrap();
    let figure = page
        .lines()
        .find_map(|line| line.strip_prefix("daypass_key_ring_open "));
    figure.unwrap() == "1"
}

/// Answers nothing that is signed, says so to the probe and in its figures, and still knows those who sign nothing.
async fn assert_shut_out(server: &TestServer, keys: &[&Key]) {
    for key in keys {
        expect(
            &act(server, key, "GET", "/", b"").await,
            503,
            "ServiceUnavailable",
        );
        let answer = call(server, key, "GetCallerIdentity", json!({})).await;
        assert_eq!(code(&answer), "ServiceUnavailable", "{answer}");
    }
    assert_eq!(ready(server).await, 503);
    assert!(!is_open(server).await);
    let host = format!("photos-1250000000.localhost:{}", server.address().port());
    let unsigned = format!("GET / HTTP/1.1\r\nHost: {host}\r\n\r\n");
    expect(
        &send_bytes(server, unsigned.as_bytes()).await,
        403,
        "AccessDenied",
    );
}

#[tokio::test]
async fn the_end_of_all_sessions_at_one_gateway_counts_at_every_other_from_the_next_request_on() {
    let engines = engines();
    let gateways = [
        gateway(&engines).await,
        gateway(&engines).await,
        gateway(&engines).await,
    ];
    for ending in &gateways {
        let mut sessions = Vec::new();
        for by in &gateways {
            sessions.push(mint(by, &Key::root(), None, 1800).await);
        }
        for (server, key) in gateways
            .iter()
            .flat_map(|server| sessions.iter().map(move |key| (server, key)))
        {
            assert_eq!(status(server, key).await, 404);
        }
        does(ending, "EndAllSessions").await;
        // Acknowledged: the very next request at each of the others, and at itself.
        for (server, key) in gateways
            .iter()
            .flat_map(|server| sessions.iter().map(move |key| (server, key)))
        {
            expect(&act(server, key, "GET", "/", b"").await, 403, "AccessDenied");
        }
        let made = mint(&gateways[0], &Key::root(), None, 1800).await;
        for server in &gateways {
            assert_eq!(status(server, &made).await, 404);
        }
    }
}

#[tokio::test]
async fn gateways_that_end_all_sessions_at_once_end_them_all() {
    let engines = engines();
    let gateways = [
        gateway(&engines).await,
        gateway(&engines).await,
        gateway(&engines).await,
    ];
    let session = mint(&gateways[0], &Key::root(), None, 1800).await;
    let [one, two, three] = &gateways;
    tokio::join!(
        does(one, "EndAllSessions"),
        does(two, "RotateKeyRing"),
        does(three, "EndAllSessions")
    );
    for server in &gateways {
        assert_eq!(status(server, &session).await, 403);
    }
    let rings: Vec<_> = [
        does(one, "DescribeKeyRing").await,
        does(two, "DescribeKeyRing").await,
        does(three, "DescribeKeyRing").await,
    ]
    .map(|ring| ring["Epochs"].to_string())
    .into();
    assert!(rings.iter().all(|ring| *ring == rings[0]), "{rings:?}");
}

#[tokio::test]
async fn a_rotation_at_one_gateway_seals_at_the_other_and_opens_at_the_third() {
    let engines = engines();
    let [one, two, three] = [
        gateway(&engines).await,
        gateway(&engines).await,
        gateway(&engines).await,
    ];
    let old = mint(&two, &Key::root(), None, 1800).await;
    for epoch in 2..5 {
        does(&one, "RotateKeyRing").await;
        let fresh = mint(&two, &Key::root(), None, 1800).await;
        let ring = does(&three, "DescribeKeyRing").await;
        assert_eq!(ring["Epochs"][0]["Id"], epoch);
        for key in [&old, &fresh] {
            assert_eq!(status(&three, key).await, 404);
        }
    }
}

#[tokio::test]
async fn a_master_key_that_one_gateway_exchanges_shuts_the_others_out_until_they_have_it() {
    let engines = engines();
    let [one, two] = [gateway(&engines).await, gateway(&engines).await];
    let three = told(&engines, MASTER_KEY).await.unwrap();
    let ann = user(&one, "ann", &policy(&[("allow", &["*"], &["*"])])).await.key;
    let root = Key::root();
    let session = mint(&two, &ann, None, 1800).await;
    let keys = [&root, &ann, &session];
    for server in [&one, &two, &three] {
        assert_eq!((status(server, &session).await, ready(server).await), (404, 200));
    }
    does(&one, "RotateMasterKey").await;
    for key in keys {
        assert_eq!(status(&one, key).await, 404);
    }
    for server in [&two, &three] {
        assert_shut_out(server, &keys).await;
    }
    // A key that is not the right one, and one that others can read, change nothing.
    put_master_key(&two.data(), &"11".repeat(32));
    assert_shut_out(&two, &[&root]).await;
    put_master_key(&two.data(), &master_key(&one));
    let path = two.data().join("master.key");
    std::fs::set_permissions(&path, std::os::unix::fs::PermissionsExt::from_mode(0o644)).unwrap();
    assert_shut_out(&two, &[&root]).await;
    // The right one counts at the next request.
    put_master_key(&two.data(), &master_key(&one));
    for key in keys {
        assert_eq!(status(&two, key).await, 404);
    }
    assert_eq!(ready(&two).await, 200);
    assert!(is_open(&two).await && is_open(&one).await);
    // What it wraps from now on opens at the other, and all sessions that it ends are ended there.
    let bob = user(&two, "bob", &policy(&[("allow", &["*"], &["*"])])).await.key;
    assert_eq!(status(&one, &bob).await, 404);
    does(&two, "EndAllSessions").await;
    assert_eq!(status(&one, &session).await, 403);
    // One that was told its key is started again with the new one, and not with the old one.
    assert_shut_out(&three, &keys).await;
    let refused = told(&engines, MASTER_KEY).await.map(drop);
    assert!(matches!(refused, Err(StartError::MasterKeyWrong)));
    let three = told(&engines, &master_key(&one)).await.unwrap();
    assert_eq!(status(&three, &bob).await, 404);
    // And the next exchange may be made at the one that followed.
    does(&two, "RotateMasterKey").await;
    assert_eq!(status(&two, &bob).await, 404);
    assert_shut_out(&one, &[&root, &bob]).await;
    put_master_key(&one.data(), &master_key(&two));
    assert_eq!(status(&one, &bob).await, 404);
}

#[tokio::test]
async fn a_gateway_that_cannot_read_the_store_answers_nothing_that_is_signed() {
    let shared = engines();
    let kv = FaultyKv::new(Arc::clone(&shared.kv));
    let cut = Engines {
        kv: Arc::new(kv.clone()),
        ..shared.clone()
    };
    let (here, there) = (gateway(&shared).await, gateway(&cut).await);
    let session = mint(&there, &Key::root(), None, 1800).await;
    assert_eq!((status(&there, &session).await, ready(&there).await), (404, 200));
    kv.fail_commit(kv.commits_seen() + 1, CommitFault::Crash { applied: false });
    let made = call(&there, &Key::root(), "AddUser", json!({ "Name": "ann" })).await;
    assert_ne!(code(&made), "", "{made}");
    assert!(kv.is_down());
    for key in [&Key::root(), &session] {
        assert!(status(&there, key).await >= 500);
    }
    assert_eq!(ready(&there).await, 503);
    does(&here, "EndAllSessions").await;
    kv.restart();
    assert_eq!((status(&there, &session).await, ready(&there).await), (403, 200));
    assert_eq!(status(&there, &Key::root()).await, 404);
}
