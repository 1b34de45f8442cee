//! The edge, seen from the wire: spelling of headers, bounds on slowness, refusals that arrive, uploads that break
//! off, and stopping in good order.

mod wire;

use std::time::Duration;

use daypass_server::EdgeLimits;
use daypass_testkit::TestServer;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use wire::{Wire, ask, head};

fn quick() -> EdgeLimits {
    EdgeLimits {
        head_timeout: Duration::from_millis(300),
        body_timeout: Duration::from_millis(300),
        ..EdgeLimits::default()
    }
}

/// A server with the bucket of these tests in it.
async fn with_bucket(limits: EdgeLimits) -> TestServer {
    let server = TestServer::with_limits(limits).await;
    assert_eq!(ask(&server, "PUT", "/", &[], b"").await.status, 200);
    server
}

#[tokio::test]
async fn header_names_have_their_exact_spelling() {
    let server = with_bucket(EdgeLimits::default()).await;
    let put = ask(
        &server,
        "PUT",
        "/a.txt",
        &[("x-cos-meta-Colour", "blue")],
        b"hello world",
    )
    .await;
    assert_eq!(put.status, 200);
    assert_eq!(put.header("ETag"), Some("\"5eb63bbbe01eeed093cb22bb8f5acdc3\""));
    assert_eq!(put.header("x-cos-hash-crc64ecma"), Some("5981764153023615706"));
    for name in ["x-cos-request-id", "Date", "Server", "Content-Length"] {
        assert!(put.header(name).is_some(), "{name} is not in {:?}", put.headers);
    }
    let get = ask(&server, "GET", "/a.txt", &[], b"").await;
    assert_eq!(get.body, b"hello world");
    assert_eq!(get.header("x-cos-meta-colour"), Some("blue"));
    for name in [
        "ETag",
        "Content-Type",
        "Last-Modified",
        "Accept-Ranges",
        "x-cos-hash-crc64ecma",
    ] {
        assert!(get.header(name).is_some(), "{name} is not in {:?}", get.headers);
    }
    server.stop().await;
}

#[tokio::test]
async fn every_answer_has_a_request_id() {
    let server = TestServer::start().await;
    for (target, headers) in [
        ("/", vec![]),
        ("/a?acl", vec![("Authorization", "nonsense")]),
        ("/%ff", vec![]),
    ] {
        let answer = ask(&server, "GET", target, &headers, b"").await;
        assert!(answer.status >= 400, "{target}: {}", answer.status);
        assert!(
            answer.header("x-cos-request-id").is_some_and(|id| !id.is_empty()),
            "{target}"
        );
    }
    server.stop().await;
}

#[tokio::test]
async fn a_body_that_stops_coming_is_given_up() {
    let server = with_bucket(quick()).await;
    let mut wire = Wire::open(&server).await;
    wire.send(head(&server, "PUT", "/slow", &[("Content-Length", "100")]))
        .await;
    wire.send(b"only this").await;
    let answer = wire.receive().await.unwrap();
    assert_eq!((answer.status, answer.code()), (400, "RequestTimeout"));
    assert_eq!(ask(&server, "GET", "/slow", &[], b"").await.status, 404);
    server.stop().await;
}

#[tokio::test]
async fn a_head_that_never_ends_is_given_up() {
    let server = with_bucket(quick()).await;
    let mut wire = Wire::open(&server).await;
    wire.send(b"GET / HTTP/1.1\r\nHost: localhost\r\nX-Slow: ").await;
    let given_up = tokio::time::timeout(Duration::from_secs(10), wire.receive())
        .await
        .unwrap();
    assert!(
        given_up.is_none_or(|answer| answer.status == 408),
        "the connection ends"
    );
    server.stop().await;
}

#[tokio::test]
async fn an_upload_that_breaks_off_leaves_nothing() {
    let server = with_bucket(EdgeLimits::default()).await;
    for (key, length) in [("/small", 1000), ("/large", 1_000_000)] {
        let mut wire = Wire::open(&server).await;
        wire.send(head(
            &server,
            "PUT",
            key,
            &[("Content-Length", &length.to_string())],
        ))
        .await;
        wire.send(vec![b'x'; length / 2]).await;
        wire.stream.shutdown().await.unwrap();
        if let Some(answer) = wire.receive().await {
            assert_eq!((answer.status, answer.code()), (400, "IncompleteBody"), "{key}");
        }
        assert_eq!(ask(&server, "GET", key, &[], b"").await.status, 404, "{key}");
    }
    server.stop().await;
}

#[tokio::test]
async fn a_document_that_dribbles_is_given_up() {
    let server = with_bucket(quick()).await;
    let head = format!(
        "POST / HTTP/1.1\r\nHost: {}\r\nContent-Type: application/x-www-form-urlencoded\r\n\
         Content-Length: 1000\r\n\r\n",
        server.address()
    );
    let mut wire = Wire::open(&server).await;
    wire.send(head).await;
    // Each byte comes in time; the document as a whole never would.
    let dribbled = async {
        while wire.stream.write_all(b"a").await.is_ok() {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    let _ = tokio::time::timeout(Duration::from_secs(1), dribbled).await;
    let answer = wire.receive().await.unwrap();
    assert_eq!(answer.status, 200);
    assert!(String::from_utf8_lossy(&answer.body).contains("\"Error\""));
    server.stop().await;
}

#[tokio::test]
async fn an_answer_that_nobody_reads_is_given_up() {
    let server = with_bucket(quick()).await;
    let large = vec![7; 32 * 1024 * 1024];
    assert_eq!(ask(&server, "PUT", "/large", &[], &large).await.status, 200);
    let mut wire = Wire::open(&server).await;
    wire.send(head(&server, "GET", "/large", &[])).await;
    tokio::time::sleep(Duration::from_millis(1500)).await;
    // What the two machines hold between them still comes, and then the end.
    let mut received = Vec::new();
    let _ = wire.stream.read_to_end(&mut received).await;
    assert!(received.len() < large.len(), "all of it came");
    server.stop().await;
}

#[tokio::test]
async fn a_connection_that_asks_nothing_more_is_closed() {
    let server = with_bucket(quick()).await;
    let mut wire = Wire::open(&server).await;
    wire.send(head(&server, "GET", "/none", &[])).await;
    assert_eq!(wire.receive().await.unwrap().status, 404);
    let closed = tokio::time::timeout(Duration::from_secs(5), wire.receive()).await;
    assert!(closed.is_ok_and(|answer| answer.is_none()));
    server.stop().await;
}

#[tokio::test]
async fn a_head_is_bounded() {
    let server = with_bucket(EdgeLimits::default()).await;
    let largest = "a".repeat(60 * 1024);
    let answer = ask(&server, "GET", "/none", &[("X-Long", &largest)], b"").await;
    assert_eq!((answer.status, answer.code()), (404, "NoSuchKey"));
    let too_large = "a".repeat(65 * 1024);
    let answer = ask(&server, "GET", "/none", &[("X-Long", &too_large)], b"").await;
    assert_eq!((answer.status, answer.code()), (400, "InvalidRequest"));
    let mut wire = Wire::open(&server).await;
    wire.send(format!(
        "GET / HTTP/1.1\r\nX-Long: {}\r\n\r\n",
        "a".repeat(600 * 1024)
    ))
    .await;
    assert_eq!(wire.receive().await.unwrap().status, 431);
    server.stop().await;
}

/// docs/compatibility.md, "Addresses, regions, names": what the HTTP library answers by itself.
#[tokio::test]
async fn heads_that_cannot_be_read_are_answered_without_a_document() {
    let server = with_bucket(EdgeLimits::default()).await;
    let with_headers = |count: usize| {
        let headers: String = (1..count).map(|number| format!("X-{number}: a\r\n")).collect();
        format!(
            "GET /_daypass/live HTTP/1.1\r\nHost: {}\r\n{headers}\r\n",
            server.address()
        )
    };
    let with_target = |length: usize| format!("GET /{} HTTP/1.1\r\nHost: a\r\n\r\n", "a".repeat(length - 1));
    // A buffer of 256 KiB is full before the head ends.
    let endless = format!("GET / HTTP/1.1\r\nX-Long: {}", "a".repeat(256 * 1024));
    let check = async |sent: &str, expected: u16| {
        let mut wire = Wire::open(&server).await;
        wire.send(sent).await;
        let shown = sent.get(..40).unwrap_or(sent);
        let answer = wire.receive().await.unwrap();
        assert_eq!(answer.status, expected, "{shown}");
        if expected != 200 {
            let mut names: Vec<_> = answer.headers.iter().map(|(name, _)| name.as_str()).collect();
            names.sort_unstable();
            assert_eq!(names, ["connection", "content-length", "date"], "{shown}");
            assert!(
                answer.body.is_empty() && wire.receive().await.is_none(),
                "{shown}"
            );
        }
    };
    check(&with_headers(200), 200).await;
    check(&with_headers(201), 431).await;
    check(&endless, 431).await;
    check(&with_target(65_535), 414).await;
    check("GET / HTTP/1.1\r\nno colon\r\n\r\n", 400).await;
    check("GET /a b HTTP/1.1\r\n\r\n", 400).await;
    check("\u{16}\u{3}\u{1}\r\n\r\n", 400).await;
    let mut wire = Wire::open(&server).await;
    wire.send("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n").await;
    assert!(wire.receive().await.is_none());
    server.stop().await;
}

#[tokio::test]
async fn bytes_beyond_the_announced_length_are_not_stored() {
    let server = with_bucket(EdgeLimits::default()).await;
    let mut wire = Wire::open(&server).await;
    wire.send(head(&server, "PUT", "/exact", &[("Content-Length", "5")]))
        .await;
    wire.send(b"12345 and more").await;
    assert_eq!(wire.receive().await.unwrap().status, 200);
    // The rest cannot be the head of a request.
    assert!(wire.receive().await.is_none_or(|answer| answer.status == 400));
    assert_eq!(ask(&server, "GET", "/exact", &[], b"").await.body, b"12345");
    server.stop().await;
}

#[tokio::test]
async fn a_refused_upload_sees_its_answer() {
    let server = with_bucket(EdgeLimits::default()).await;
    let length = 256 * 1024 * 1024;
    let mut wire = Wire::open(&server).await;
    let forged = head(
        &server,
        "PUT",
        "/huge",
        &[("Content-Length", &length.to_string())],
    )
    .replace("q-signature=", "q-signature=0");
    wire.send(forged).await;
    // A client that sends all it has before it reads, as most do.
    let piece = vec![b'x'; 1024 * 1024];
    for _ in 0..256 {
        if wire.stream.write_all(&piece).await.is_err() {
            break;
        }
    }
    let answer = wire.receive().await.unwrap();
    assert_eq!((answer.status, answer.code()), (403, "SignatureDoesNotMatch"));
    assert_eq!(
        answer.header("Connection").or(answer.header("connection")),
        Some("close")
    );
    server.stop().await;
}

#[tokio::test]
async fn a_refused_upload_that_waits_for_leave_gets_none() {
    let server = with_bucket(EdgeLimits::default()).await;
    let expecting = [("Content-Length", "1000000"), ("Expect", "100-continue")];
    let mut wire = Wire::open(&server).await;
    wire.send(head(&server, "PUT", "/k", &expecting).replace("q-signature=", "q-signature=0"))
        .await;
    assert_eq!(wire.receive().await.unwrap().status, 403);
    let mut wire = Wire::open(&server).await;
    wire.send(head(&server, "PUT", "/k", &expecting)).await;
    assert_eq!(wire.receive().await.unwrap().status, 100);
    wire.send(vec![b'x'; 1_000_000]).await;
    assert_eq!(wire.receive().await.unwrap().status, 200);
    server.stop().await;
}

#[tokio::test]
async fn what_is_in_flight_is_finished_before_the_end() {
    let server = with_bucket(EdgeLimits::default()).await;
    let mut wire = Wire::open(&server).await;
    wire.send(head(&server, "PUT", "/late", &[("Content-Length", "10")]))
        .await;
    wire.send(b"01234").await;
    // Give the server the head before it is told to stop.
    tokio::time::sleep(Duration::from_millis(100)).await;
    let finish = async {
        tokio::time::sleep(Duration::from_millis(200)).await;
        wire.send(b"56789").await;
        wire.receive().await.unwrap().status
    };
    let (server, status) = tokio::join!(server.restart(), finish);
    assert_eq!(status, 200);
    assert_eq!(ask(&server, "GET", "/late", &[], b"").await.body, b"0123456789");
    server.stop().await;
}

#[tokio::test]
async fn probes_answer_on_service_hosts_only() {
    let server = with_bucket(EdgeLimits::default()).await;
    let mut wire = Wire::open(&server).await;
    wire.send(b"GET /_daypass/live HTTP/1.1\r\nHost: localhost\r\n\r\n")
        .await;
    let answer = wire.receive().await.unwrap();
    assert_eq!((answer.status, answer.body.as_slice()), (200, &b"live\n"[..]));
    assert_eq!(
        ask(&server, "GET", "/_daypass/live", &[], b"").await.code(),
        "NoSuchKey"
    );
    server.stop().await;
}

#[tokio::test]
async fn a_signed_request_cannot_be_sent_to_another_host() {
    let server = with_bucket(EdgeLimits::default()).await;
    assert_eq!(ask(&server, "PUT", "/k", &[], b"x").await.status, 200);
    let port = server.address().port();
    // In absolute form the target names the host, whatever the header says.
    let signed = head(&server, "GET", "/k", &[]);
    let moved = signed.replacen(
        "GET /k",
        &format!("GET http://other-1250000000.localhost:{port}/k"),
        1,
    );
    let same = signed.replacen(
        "GET /k",
        &format!("GET http://{}.localhost:{port}/k", wire::BUCKET),
        1,
    );
    for (text, status, code) in [(moved, 403, "SignatureDoesNotMatch"), (same, 200, "")] {
        let mut wire = Wire::open(&server).await;
        wire.send(text).await;
        let answer = wire.receive().await.unwrap();
        assert_eq!((answer.status, answer.code()), (status, code));
    }
    // A signature made for the service's own address holds for no bucket.
    let service = head(&server, "GET", "/", &[("Host", &format!("127.0.0.1:{port}"))]);
    let bucket_line = format!("Host: {}.localhost:{port}\r\n", wire::BUCKET);
    for (text, status) in [
        (service.replace(&bucket_line, ""), 200),
        (service.replace(&format!("Host: 127.0.0.1:{port}\r\n"), ""), 403),
    ] {
        let mut wire = Wire::open(&server).await;
        wire.send(text).await;
        assert_eq!(wire.receive().await.unwrap().status, status);
    }
    server.stop().await;
}

#[tokio::test]
async fn a_body_that_comes_in_drops_is_given_up() {
    let server = with_bucket(EdgeLimits {
        body_timeout: Duration::from_millis(500),
        body_bytes_per_second: 1000,
        ..EdgeLimits::default()
    })
    .await;
    let mut wire = Wire::open(&server).await;
    wire.send(head(&server, "PUT", "/drops", &[("Content-Length", "1000")]))
        .await;
    // Never silent for as long as the server waits for a piece, and too slow for ever.
    for _ in 0..20 {
        let _ = wire.stream.write_all(b"x").await;
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    let answer = wire.receive().await.unwrap();
    assert_eq!((answer.status, answer.code()), (400, "RequestTimeout"));
    server.stop().await;
}

#[tokio::test]
async fn a_body_that_comes_steadily_is_taken() {
    let server = with_bucket(EdgeLimits {
        body_timeout: Duration::from_millis(500),
        body_bytes_per_second: 1000,
        ..EdgeLimits::default()
    })
    .await;
    let mut wire = Wire::open(&server).await;
    wire.send(head(&server, "PUT", "/steady", &[("Content-Length", "6000")]))
        .await;
    for _ in 0..10 {
        wire.send([b'x'; 600]).await;
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    assert_eq!(wire.receive().await.unwrap().status, 200);
    server.stop().await;
}

#[tokio::test]
async fn buckets_stand_before_configured_hosts() {
    let server = TestServer::with(|config| config.hosts = vec!["Store.Example.org".parse().unwrap()]);
    let server = server.await.unwrap();
    assert_eq!(ask(&server, "PUT", "/", &[], b"").await.status, 200);
    let check = async |host: &str, expected: (u16, &str)| {
        let mut wire = Wire::open(&server).await;
        wire.send(format!("GET /gone HTTP/1.1\r\nHost: {host}\r\n\r\n"))
            .await;
        let answer = wire.receive().await.unwrap();
        assert_eq!((answer.status, answer.code()), expected, "{host}");
    };
    let of_the_bucket = (403, "AccessDenied");
    check("photos-1250000000.localhost", of_the_bucket).await;
    check("photos-1250000000.store.example.org", of_the_bucket).await;
    check("photos-1250000000.STORE.example.org:8443", of_the_bucket).await;
    // On a host that nobody named, the first part of the path is the bucket.
    check("photos-1250000000.other.example.org", (400, "InvalidBucketName")).await;
    server.stop().await;
}
