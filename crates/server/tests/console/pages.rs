//! The console's pages: what a browser may do with them, and what the APIs tell it because it shows them.

use crate::wire::{Answer, BUCKET, Wire};
use crate::{look, server};

/// A request to the APIs with these headers, unsigned.
async fn call(server: &daypass_testkit::TestServer, line: &str, headers: &[(&str, &str)]) -> Answer {
    let stream = tokio::net::TcpStream::connect(server.address()).await.unwrap();
    let mut wire = Wire::over(stream);
    let more: String = headers
        .iter()
        .map(|(name, value)| format!("{name}: {value}\r\n"))
        .collect();
    wire.send(format!(
        "{line} HTTP/1.1\r\nHost: {}\r\n{more}Content-Length: 0\r\n\r\n",
        server.address()
    ))
    .await;
    wire.receive().await.unwrap()
}

#[tokio::test]
async fn pages_run_nothing_from_elsewhere_and_are_asked_after() {
    let server = server().await;
    for path in ["/", "/js/main.js", "/app.css"] {
        let page = look(&server, "GET", path).await;
        assert_eq!(page.status, 200, "{path}");
        let policy = page.header("content-security-policy").unwrap();
        assert!(
            policy.starts_with("default-src 'none'; script-src 'self'; style-src 'self';"),
            "{policy}"
        );
        let api = format!("connect-src 'self' http://{}", server.address());
        assert!(policy.ends_with(&api), "{policy}");
        for (name, value) in [
            ("x-content-type-options", "nosniff"),
            ("referrer-policy", "no-referrer"),
            ("cross-origin-opener-policy", "same-origin"),
            ("cache-control", "no-cache"),
        ] {
            assert_eq!(page.header(name), Some(value), "{path}: {name}");
        }
        let tag = page.header("etag").unwrap().to_owned();
        let address = server.console_address().unwrap();
        let mut wire = Wire::over(tokio::net::TcpStream::connect(address).await.unwrap());
        wire.send(format!(
            "GET {path} HTTP/1.1\r\nHost: {address}\r\nIf-None-Match: {tag}\r\n\r\n"
        ))
        .await;
        assert_eq!(wire.receive().await.unwrap().status, 304, "{path}");
        assert_eq!(look(&server, "POST", path).await.status, 405, "{path}");
    }
    server.stop().await;
}

#[tokio::test]
async fn the_pages_are_told_where_the_store_is() {
    let server = server().await;
    let told = look(&server, "GET", "/config.json").await;
    let told: serde_json::Value = serde_json::from_slice(&told.body).unwrap();
    let api = format!("http://{}", server.address());
    assert_eq!(told["api_endpoint"], api.as_str());
    assert_eq!(told["object_endpoint"], api.as_str());
    assert_eq!(told["region"], "ap-guangzhou");
    assert_eq!(told["appid"], 1_250_000_000);
    server.stop().await;
}

#[tokio::test]
async fn only_pages_of_the_console_read_what_the_apis_answer() {
    let server = server().await;
    let port = server.console_address().unwrap().port();
    let asks = ("Access-Control-Request-Method", "PUT");
    for origin in [
        format!("http://127.0.0.1:{port}"),
        format!("http://localhost:{port}"),
    ] {
        for target in ["/".to_owned(), format!("/{BUCKET}/key")] {
            let leave = call(
                &server,
                &format!("OPTIONS {target}"),
                &[("Origin", &origin), asks],
            )
            .await;
            assert_eq!(leave.status, 204);
            assert_eq!(leave.header("Access-Control-Allow-Origin"), Some(origin.as_str()));
            assert_eq!(leave.header("Access-Control-Allow-Credentials"), None);
            assert!(
                leave
                    .header("Access-Control-Allow-Headers")
                    .unwrap()
                    .contains("x-tc-action")
            );
        }
        // It is refused like everybody, and may read so.
        let calls = [
            ("GET /".to_owned(), None),
            ("POST /".to_owned(), Some(("X-TC-Action", "ListUsers"))),
        ];
        for (line, action) in calls {
            let headers: Vec<_> = [Some(("Origin", origin.as_str())), action]
                .into_iter()
                .flatten()
                .collect();
            let refused = call(&server, &line, &headers).await;
            assert_eq!(
                refused.header("Access-Control-Allow-Origin"),
                Some(origin.as_str()),
                "{line}"
            );
            let text = String::from_utf8(refused.body.clone()).unwrap();
            assert!(text.contains("Error"), "{line}: {text}");
        }
    }
    for foreign in [
        "http://127.0.0.1:1".to_owned(),
        format!("https://127.0.0.1:{port}"),
        format!("http://127.0.0.1:{port}.evil.example"),
        format!("http://127.0.0.1:{port}/"),
        "null".to_owned(),
    ] {
        let leave = call(&server, "OPTIONS /", &[("Origin", &foreign), asks]).await;
        assert_ne!(leave.status, 204, "{foreign}");
        for (line, action) in [("GET /", ("X-A", "b")), ("POST /", ("X-TC-Action", "ListUsers"))] {
            let refused = call(&server, line, &[("Origin", &foreign), action]).await;
            assert_eq!(
                refused.header("Access-Control-Allow-Origin"),
                None,
                "{foreign} {line}"
            );
        }
    }
    server.stop().await;
}
