//! What a connection may do to a broker: how much it may send, how slow it may be, how many there may be, and what
//! becomes of it at the end. Each bound is tried from both sides.

#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test may fail by panicking"
)]

mod stage;

use std::net::SocketAddr;
use std::time::Duration;

use daypass_api::names::AccessKeyId;
use daypass_api::secret::SecretKey;
use daypass_broker::Broker;
use daypass_client::Credentials;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpSocket, TcpStream};
use tokio::time::{Instant, timeout};

use stage::{api_keys, settings};

const TEMPLATE: &str =
    "[[templates]]\nname = 't'\nendpoints = ['sts']\nprefix = 'uploads/${user}/'\nactions = ['upload']\n";
/// Long enough for anything to happen, on any machine.
const ENOUGH: Duration = Duration::from_secs(20);
/// What `QUICK` says.
const PATIENCE: Duration = Duration::from_secs(1);
const QUICK: &str = "limits = { patience_seconds = 1 }\n";
const LIVE: &str = "GET /_broker/live HTTP/1.1\r\nhost: x\r\n\r\n";

/// A broker whose token service is nowhere, and a key of ann's.
async fn broker(before: &str) -> (Broker, String) {
    let (keys, callers) = api_keys(&["ann"]);
    let settings = settings("http://127.0.0.1:1", before, &format!("{callers}{TEMPLATE}"));
    let own = Credentials {
        secret_id: AccessKeyId::parse("AKIDa").unwrap(),
        secret_key: SecretKey::new("secret".to_owned()),
        token: None,
    };
    let broker = Broker::start(&settings, own).await.unwrap();
    (broker, keys[0].clone())
}

async fn connect(address: SocketAddr, said: &str) -> TcpStream {
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.write_all(said.as_bytes()).await.unwrap();
    stream
}

/// The first answer, as far as it has come in one piece.
async fn answer(stream: &mut TcpStream) -> String {
    let mut piece = vec![0; 4096];
    let length = timeout(ENOUGH, stream.read(&mut piece)).await.unwrap().unwrap();
    String::from_utf8_lossy(&piece[..length]).into_owned()
}

/// What still comes until the other end hangs up, and how long that took.
async fn rest(stream: &mut TcpStream) -> (String, Duration) {
    let begun = Instant::now();
    let mut bytes = Vec::new();
    // A connection that is cut has ended, too.
    let _ = timeout(ENOUGH, stream.read_to_end(&mut bytes))
        .await
        .expect("the connection ends");
    (String::from_utf8_lossy(&bytes).into_owned(), begun.elapsed())
}

async fn status(address: SocketAddr, said: &str) -> String {
    let mut stream = connect(address, said).await;
    let answer = answer(&mut stream).await;
    answer.split(' ').nth(1).unwrap_or("none").to_owned()
}

#[tokio::test]
async fn a_head_may_have_32_kib_and_no_byte_more() {
    let (broker, _) = broker("").await;
    let head = |length: usize| {
        let before = "GET /_broker/live HTTP/1.1\r\nhost: x\r\nx: ";
        format!("{before}{}\r\n\r\n", "a".repeat(length - before.len() - 4))
    };
    assert_eq!(head(100).len(), 100);
    assert_eq!(status(broker.address(), &head(32 * 1024)).await, "200");
    assert_eq!(status(broker.address(), &head(32 * 1024 + 1)).await, "431");
    assert_eq!(status(broker.address(), &head(1024 * 1024)).await, "431");
}

#[tokio::test]
async fn a_head_may_have_100_headers_and_not_one_more() {
    let (broker, _) = broker("").await;
    let head = |count: usize| {
        let headers: String = (1..count).map(|one| format!("x{one}: a\r\n")).collect();
        format!("GET /_broker/live HTTP/1.1\r\nhost: x\r\n{headers}\r\n")
    };
    assert_eq!(status(broker.address(), &head(100)).await, "200");
    assert_eq!(status(broker.address(), &head(101)).await, "431");
}

#[tokio::test]
async fn a_body_may_have_64_kib_however_it_comes() {
    let (broker, _) = broker("").await;
    let plain = |length: usize| {
        let head = format!("POST /sts HTTP/1.1\r\nhost: x\r\ncontent-length: {length}\r\n\r\n");
        format!("{head}{}", "a".repeat(length))
    };
    let chunked = |length: usize| {
        let head = "POST /sts HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n";
        format!("{head}{length:x}\r\n{}\r\n0\r\n\r\n", "a".repeat(length))
    };
    for body in [plain, chunked] {
        assert_eq!(status(broker.address(), &body(64 * 1024)).await, "401");
        assert_eq!(status(broker.address(), &body(64 * 1024 + 1)).await, "413");
    }
}

#[tokio::test]
async fn a_head_that_does_not_end_is_given_up() {
    let (broker, _) = broker(QUICK).await;
    for said in ["", "GET /sts HTTP/1.1\r\nhost: x\r\n"] {
        let mut stream = connect(broker.address(), said).await;
        let (answer, took) = rest(&mut stream).await;
        assert!(!answer.starts_with("HTTP/1.1 200"), "{answer}");
        assert!(took >= PATIENCE - Duration::from_millis(100), "{took:?}");
    }
    // Drop by drop is not faster.
    let mut stream = connect(broker.address(), "GET /sts HTTP/1.1\r\nx: ").await;
    let begun = Instant::now();
    while stream.write_all(b"a").await.is_ok() {
        assert!(begun.elapsed() < ENOUGH);
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

#[tokio::test]
async fn a_body_that_does_not_come_is_answered_408() {
    let (broker, _) = broker(QUICK).await;
    let said = "POST /sts HTTP/1.1\r\nhost: x\r\ncontent-length: 100\r\n\r\nabc";
    let mut stream = connect(broker.address(), said).await;
    let (answer, took) = rest(&mut stream).await;
    assert!(answer.starts_with("HTTP/1.1 408"), "{answer}");
    assert!(answer.contains("RequestTimeout"), "{answer}");
    assert!(took >= PATIENCE - Duration::from_millis(100), "{took:?}");
}

#[tokio::test]
async fn a_connection_that_asks_nothing_more_is_closed() {
    let (broker, _) = broker(QUICK).await;
    let mut stream = connect(broker.address(), LIVE).await;
    for _ in 0..2 {
        assert!(answer(&mut stream).await.starts_with("HTTP/1.1 200"));
        tokio::time::sleep(PATIENCE / 2).await;
        stream.write_all(LIVE.as_bytes()).await.unwrap();
    }
    assert!(answer(&mut stream).await.starts_with("HTTP/1.1 200"));
    let (more, took) = rest(&mut stream).await;
    assert_eq!(more, "");
    assert!(took >= PATIENCE - Duration::from_millis(100), "{took:?}");
}

#[tokio::test]
async fn who_reads_no_answer_is_given_up() {
    let (broker, _) = broker(QUICK).await;
    let socket = TcpSocket::new_v4().unwrap();
    socket.set_recv_buffer_size(4096).unwrap();
    let mut stream = socket.connect(broker.address()).await.unwrap();
    let many = LIVE.repeat(200);
    let cut_off = async { while stream.write_all(many.as_bytes()).await.is_ok() {} };
    timeout(ENOUGH, cut_off).await.expect("the connection ends");
}

#[tokio::test]
async fn more_connections_than_allowed_wait_for_their_turn() {
    let (broker, _) = broker("limits = { connections = 2 }\n").await;
    let mut both = [
        connect(broker.address(), LIVE).await,
        connect(broker.address(), LIVE).await,
    ];
    for stream in &mut both {
        assert!(answer(stream).await.starts_with("HTTP/1.1 200"));
    }
    let mut third = connect(broker.address(), LIVE).await;
    let early = timeout(Duration::from_millis(300), third.read(&mut [0; 1])).await;
    assert!(early.is_err(), "the third is not answered beside two others");
    drop(both);
    assert!(answer(&mut third).await.starts_with("HTTP/1.1 200"));
}

#[tokio::test]
async fn one_address_has_as_many_connections_as_it_may() {
    let (broker, _) =
        broker("metrics_listen = '127.0.0.1:0'\nlimits = { connections = 8, connections_per_address = 2 }\n")
            .await;
    let mut both = [
        connect(broker.address(), LIVE).await,
        connect(broker.address(), LIVE).await,
    ];
    for stream in &mut both {
        assert!(answer(stream).await.starts_with("HTTP/1.1 200"));
    }
    let mut third = TcpStream::connect(broker.address()).await.unwrap();
    assert_eq!(rest(&mut third).await.0, "", "it is closed, and does not wait");
    let asked = "GET /_broker/metrics HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n";
    let mut metrics = connect(broker.metrics_address().unwrap(), asked).await;
    let (page, _) = rest(&mut metrics).await;
    assert!(page.contains("\ndaypass_broker_connections 2\n"), "{page}");
    assert!(
        page.contains("\ndaypass_broker_connections_refused_total 1\n"),
        "{page}"
    );
    drop(both);
    let is_let_in = async || {
        let mut stream = TcpStream::connect(broker.address()).await.unwrap();
        // Whoever is closed at once may not get so far as to ask.
        let _ = stream.write_all(LIVE.as_bytes()).await;
        stream.read(&mut [0; 1]).await.is_ok_and(|length| length == 1)
    };
    let again = async { while !is_let_in().await {} };
    timeout(ENOUGH, again).await.expect("there is room again");
}

#[tokio::test]
async fn what_is_in_flight_is_finished_before_the_end() {
    let (broker, key) = broker("").await;
    let address = broker.address();
    let mut idle = connect(address, LIVE).await;
    answer(&mut idle).await;
    let head = format!(
        "POST /sts HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {key}\r\ncontent-length: 2\r\n\r\n{{"
    );
    let mut late = connect(address, &head).await;
    // Give the broker the head before it is told to stop.
    tokio::time::sleep(Duration::from_millis(200)).await;
    let stopping = tokio::spawn(broker.stop());
    assert_eq!(rest(&mut idle).await.0, "", "who asks nothing is let go");
    assert!(TcpStream::connect(address).await.is_err(), "nobody is let in");
    assert!(!stopping.is_finished());
    late.write_all(b"}").await.unwrap();
    let (answer, _) = rest(&mut late).await;
    assert!(answer.starts_with("HTTP/1.1 503"), "{answer}");
    assert!(answer.contains("connection: close"), "{answer}");
    timeout(ENOUGH, stopping).await.unwrap().unwrap();
}
