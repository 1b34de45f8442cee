//! The console listener, seen from the wire: the page of figures, read strictly, the probes, and nothing else.

#![expect(
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test may fail by panicking"
)]

#[path = "../wire/mod.rs"]
mod wire;

mod exposition;
mod pages;

use std::collections::BTreeMap;
use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use daypass_server::{Clock, EdgeLimits};
use daypass_signature::{RequestView, SecretKey, tc3};
use daypass_testkit::{ROOT_SECRET_ID, ROOT_SECRET_KEY, TestServer};
use exposition::{Family, parse};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use wire::{Answer, BUCKET, Wire, ask, head, head_by};

async fn server() -> TestServer {
    with_limits(EdgeLimits::default()).await
}

async fn with_limits(limits: EdgeLimits) -> TestServer {
    let started = TestServer::with(|config| {
        config.console_listen = Some(SocketAddr::from((Ipv4Addr::LOCALHOST, 0)));
        config.limits = limits;
    });
    started.await.unwrap()
}

async fn look(server: &TestServer, method: &str, target: &str) -> Answer {
    let address = server.console_address().unwrap();
    let mut wire = Wire::over(TcpStream::connect(address).await.unwrap());
    wire.send(format!("{method} {target} HTTP/1.1\r\nHost: {address}\r\n\r\n"))
        .await;
    wire.receive().await.unwrap()
}

async fn figures(server: &TestServer) -> BTreeMap<String, Family> {
    let page = look(server, "GET", "/metrics").await;
    assert_eq!(page.status, 200);
    assert_eq!(
        page.header("content-type"),
        Some("text/plain; version=0.0.4; charset=utf-8")
    );
    parse(std::str::from_utf8(&page.body).unwrap())
}

/// The sum of all samples whose labels have these values.
fn sum(figures: &BTreeMap<String, Family>, name: &str, labels: &[(&str, &str)]) -> f64 {
    let has = |sample: &&exposition::Sample| {
        labels
            .iter()
            .all(|(label, value)| sample.labels.get(*label).is_some_and(|got| got == value))
    };
    let family = name.strip_suffix("_count").unwrap_or(name);
    let family = figures
        .get(family)
        .unwrap_or_else(|| panic!("{name} is not there"));
    let samples = family.samples.iter().filter(|sample| sample.name == name);
    samples.filter(has).map(|sample| sample.value).sum()
}

#[tokio::test]
async fn what_was_done_is_counted() {
    let server = server().await;
    let large = vec![7_u8; 300_000];
    assert_eq!(ask(&server, "PUT", "/", &[], b"").await.status, 200);
    assert_eq!(ask(&server, "PUT", "/large", &[], &large).await.status, 200);
    assert_eq!(ask(&server, "GET", "/large", &[], b"").await.body, large);
    assert_eq!(ask(&server, "GET", "/gone", &[], b"").await.code(), "NoSuchKey");
    let wrong = head_by(
        (ROOT_SECRET_ID, "another-secret-than-its-own"),
        &server,
        "GET",
        "/large",
        &[],
    );
    assert_eq!(send(&server, &wrong).await.status, 403);
    let host = format!("{BUCKET}.localhost:{}", server.address().port());
    let unsigned = format!("GET /large HTTP/1.1\r\nHost: {host}\r\n\r\n");
    assert_eq!(send(&server, &unsigned).await.status, 403);
    assert_eq!(mint(&server).await, 200);

    let seen = figures(&server).await;
    let check = |name: &str, labels: &[(&str, &str)], expected: f64| {
        assert_eq!(sum(&seen, name, labels), expected, "{name} {labels:?}");
    };
    check(
        "daypass_build_info",
        &[("version", env!("CARGO_PKG_VERSION"))],
        1.0,
    );
    let get = ("action", "GetObject");
    check(
        "daypass_requests_total",
        &[("family", "cos"), get, ("method", "GET"), ("status", "2xx")],
        1.0,
    );
    check("daypass_requests_total", &[get, ("status", "4xx")], 2.0);
    check(
        "daypass_requests_total",
        &[("action", "unread"), ("status", "4xx")],
        1.0,
    );
    check(
        "daypass_requests_total",
        &[("family", "sts"), ("action", "GetFederationToken")],
        1.0,
    );
    check("daypass_requests_total", &[], 7.0);
    check("daypass_request_duration_seconds_count", &[], 7.0);
    check(
        "daypass_request_errors_total",
        &[("family", "cos"), ("code", "NoSuchKey")],
        1.0,
    );
    check("daypass_signature_failures_total", &[("reason", "mismatch")], 1.0);
    check("daypass_signature_failures_total", &[], 1.0);
    check("daypass_tokens_refused_total", &[], 0.0);
    check("daypass_decisions_total", &[("outcome", "refused")], 1.0);
    check("daypass_decisions_total", &[("outcome", "allowed")], 5.0);
    check("daypass_temporary_keys_minted_total", &[], 1.0);
    check("daypass_blob_writes_total", &[], 1.0);
    check("daypass_blob_written_bytes_total", &[], 300_000.0);
    check("daypass_blob_reads_total", &[], 1.0);
    check("daypass_blob_read_bytes_total", &[], 300_000.0);
    check("daypass_blob_checksum_failures_total", &[], 0.0);
    check("daypass_connections_accepted_total", &[("listener", "http")], 7.0);
    check(
        "daypass_connections_accepted_total",
        &[("listener", "console")],
        1.0,
    );
    check("daypass_connections_open", &[("listener", "console")], 1.0);
    check(
        "daypass_cache_lookups_total",
        &[("cache", "identity"), ("result", "miss")],
        1.0,
    );
    let least = |name: &str, labels: &[(&str, &str)], least: f64| {
        let got = sum(&seen, name, labels);
        assert!(got >= least, "{name} {labels:?}: {got}");
    };
    least(
        "daypass_network_receive_bytes_total",
        &[("listener", "http")],
        300_000.0,
    );
    least(
        "daypass_network_transmit_bytes_total",
        &[("listener", "http")],
        300_000.0,
    );
    least(
        "daypass_cache_lookups_total",
        &[("cache", "identity"), ("result", "hit")],
        1.0,
    );
    least("daypass_kv_batches_total", &[], 3.0);
    least("daypass_kv_flushes_total", &[], 3.0);
    least("process_start_time_seconds", &[], 1.7e9);
    server.stop().await;
}

async fn send(server: &TestServer, head: &str) -> Answer {
    let mut wire = Wire::open(server).await;
    wire.send(head).await;
    wire.receive().await.unwrap()
}

/// Asks for a temporary key.
async fn mint(server: &TestServer) -> u16 {
    let body = r#"{"Name":"metrics","Policy":"{\"version\":\"2.0\",\"statement\":[{\"effect\":\"allow\",\"action\":\"*\",\"resource\":\"*\"}]}","DurationSeconds":1800}"#;
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
    let headers = headers
        .map(|(name, value)| format!("{name}: {value}\r\n"))
        .concat();
    send(
        server,
        &format!("POST / HTTP/1.1\r\n{headers}Authorization: {signed}\r\n\r\n{body}"),
    )
    .await
    .status
}

#[tokio::test]
async fn no_name_that_a_client_chose_becomes_a_label() {
    let server = server().await;
    ask(&server, "PUT", "/", &[], b"").await;
    ask(&server, "PUT", "/canary-key", &[], b"x").await;
    ask(&server, "GET", "/canary-key?canary-parameter", &[], b"").await;
    ask(&server, "CANARYMETHOD", "/canary-key", &[], b"").await;
    let page = look(&server, "GET", "/metrics").await;
    let text = String::from_utf8(page.body).unwrap();
    let lower = text.to_ascii_lowercase();
    for canary in ["canary", BUCKET, ROOT_SECRET_ID, ROOT_SECRET_KEY, "1250000000"] {
        assert!(!lower.contains(&canary.to_ascii_lowercase()), "{canary}: {text}");
    }
    assert!(text.contains("method=\"other\""), "{text}");
    server.stop().await;
}

#[tokio::test]
async fn every_documented_family_is_there_with_its_labels() {
    let server = server().await;
    ask(&server, "PUT", "/", &[], b"").await;
    ask(&server, "GET", "/gone", &[], b"").await;
    let seen = figures(&server).await;
    let documentation = include_str!("../../../../docs/metrics.md");
    let (_, list) = documentation.split_once("## What is there").unwrap();
    let mut documented = 0;
    for section in list.split("### `").skip(1) {
        let (name, text) = section.split_once('`').unwrap();
        let family = seen.get(name).unwrap_or_else(|| panic!("{name} is not told"));
        assert!(text.trim_start().starts_with(&family.kind), "{name}");
        let labels: Vec<_> = text
            .split("\n- `")
            .skip(1)
            .map(|line| line.split('`').next().unwrap())
            .collect();
        for sample in &family.samples {
            let mut expected: Vec<_> = labels.clone();
            expected.extend(sample.name.ends_with("_bucket").then_some("le"));
            expected.sort_unstable();
            assert_eq!(sample.labels.keys().collect::<Vec<_>>(), expected, "{name}");
        }
        assert!(!family.samples.is_empty(), "{name} has no sample");
        documented += 1;
    }
    assert_eq!(documented, seen.len());
    server.stop().await;
}

#[tokio::test]
async fn the_sweep_tells_when_it_ran() {
    let server = server().await;
    let begin = server.clock.now().unix_seconds() as f64;
    // The first one begins with the server.
    for _ in 0..200 {
        let last = sum(
            &figures(&server).await,
            "daypass_sweep_last_run_timestamp_seconds",
            &[],
        );
        if last >= begin {
            return server.stop().await;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    panic!("no sweep was told");
}

#[tokio::test]
async fn the_console_serves_its_pages_and_nothing_else() {
    let server = server().await;
    assert_eq!(ask(&server, "PUT", "/", &[], b"").await.status, 200);
    let check = async |method: &str, target: &str, expected: u16| {
        let answer = look(&server, method, target).await;
        assert_eq!(answer.status, expected, "{method} {target}");
        assert_eq!(answer.header("x-content-type-options"), Some("nosniff"));
        let keeping = if target == "/" { "no-cache" } else { "no-store" };
        assert_eq!(answer.header("cache-control"), Some(keeping));
        let policy = answer.header("content-security-policy");
        assert!(policy.is_some_and(|policy| policy.contains("default-src 'none'")));
        answer
    };
    let index = check("GET", "/", 200).await;
    assert!(String::from_utf8(index.body).unwrap().contains("/js/main.js"));
    assert_eq!(check("GET", "/_daypass/live", 200).await.body, b"live\n");
    assert_eq!(check("GET", "/_daypass/ready?x=1", 200).await.body, b"ready\n");
    for target in [
        "/metrics/",
        "/Metrics",
        "/metrics%2f",
        "//metrics",
        "/photos-1250000000/a",
        "/_daypass",
    ] {
        check("GET", target, 404).await;
    }
    for method in ["POST", "PUT", "DELETE", "OPTIONS", "PATCH"] {
        let answer = check(method, "/metrics", 405).await;
        assert_eq!(answer.header("allow"), Some("GET, HEAD"));
        check(method, "/photos-1250000000/a", 404).await;
    }
    server.stop().await;
}

#[tokio::test]
async fn head_has_no_body() {
    let server = server().await;
    let address = server.console_address().unwrap();
    let mut stream = TcpStream::connect(address).await.unwrap();
    let request = format!("HEAD /_daypass/live HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut text = String::new();
    stream.read_to_string(&mut text).await.unwrap();
    assert!(text.starts_with("HTTP/1.1 200 "), "{text}");
    assert!(text.ends_with("\r\n\r\n"), "{text}");
    server.stop().await;
}

#[tokio::test]
async fn figures_are_told_on_the_console_only() {
    let server = server().await;
    let host = server.address().to_string();
    let answer = send(&server, &format!("GET /metrics HTTP/1.1\r\nHost: {host}\r\n\r\n")).await;
    // Read as the name of a bucket, which it cannot be.
    assert!(answer.status >= 400, "{}", answer.status);
    assert!(!String::from_utf8_lossy(&answer.body).contains("daypass_build_info"));
    server.stop().await;
}

#[tokio::test]
async fn one_address_has_as_many_connections_as_it_may() {
    let server = with_limits(EdgeLimits {
        connections_per_address: 2,
        ..EdgeLimits::default()
    })
    .await;
    assert_eq!(ask(&server, "PUT", "/", &[], b"").await.status, 200);
    let mut first = Wire::open(&server).await;
    let mut second = Wire::open(&server).await;
    for wire in [&mut first, &mut second] {
        // The connection of the bucket may not have been seen to end yet.
        wire.send(head(&server, "GET", "/gone", &[])).await;
        assert_eq!(wire.receive().await.unwrap().status, 404);
    }
    let mut third = Wire::open(&server).await;
    // It may be closed before a byte of this is taken.
    let _ = third
        .stream
        .write_all(head(&server, "GET", "/gone", &[]).as_bytes())
        .await;
    assert!(third.receive().await.is_none(), "the third is closed");
    // The console is not bound by it, and tells.
    let seen = figures(&server).await;
    let refused = [("listener", "http"), ("reason", "address_limit")];
    assert_eq!(sum(&seen, "daypass_connections_refused_total", &refused), 1.0);
    assert_eq!(
        sum(&seen, "daypass_connections_open", &[("listener", "http")]),
        2.0
    );
    drop(first);
    let mut freed = false;
    for _ in 0..200 {
        let mut wire = Wire::open(&server).await;
        let sent = wire
            .stream
            .write_all(head(&server, "GET", "/gone", &[]).as_bytes())
            .await;
        freed = sent.is_ok() && wire.receive().await.is_some_and(|answer| answer.status == 404);
        if freed {
            break;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    assert!(freed, "a place that was given back is free");
    drop(second);
    server.stop().await;
}

#[tokio::test]
async fn a_head_that_is_not_http_is_counted() {
    let server = server().await;
    let mut wire = Wire::open(&server).await;
    wire.send("nonsense\r\n\r\n").await;
    assert_eq!(wire.receive().await.unwrap().status, 400);
    drop(wire);
    for _ in 0..200 {
        if sum(
            &figures(&server).await,
            "daypass_unreadable_heads_total",
            &[("listener", "http")],
        ) > 0.0
        {
            return server.stop().await;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("it was not counted");
}
