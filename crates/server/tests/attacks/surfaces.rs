//! Secrets, planes beside the API, and headers that come in and go out.

use daypass_api::secret::SecretKey;
use serde_json::json;

use crate::kit::{
    Key, Request, act, action_request, call, code, expect, host_of, mint, policy, response, send_bytes,
    server, user,
};
use crate::wire::BUCKET;

const NOTHING: (&str, &[&str], &[&str]) = ("allow", &["cos:NoSuchAction"], &["*"]);
const DENIED: &str = "AuthFailure.UnauthorizedOperation";

#[tokio::test]
async fn m51_nothing_answers_without_a_signature() {
    let server = server().await;
    let probe = format!(
        "GET /_daypass/ready HTTP/1.1\r\nHost: {}\r\n\r\n",
        server.address()
    );
    expect(&send_bytes(&server, probe.as_bytes()).await, 200, "");
    for path in [
        "/_daypass",
        "/_daypass/",
        "/_daypass/config",
        "/_daypass/metrics",
        "/_daypass/live/",
        "/debug/pprof",
        "/metrics",
        "/minio/bootstrap/v1/verify",
        "/_daypass/../",
        "/_daypass/ready?x=1",
    ] {
        let text = format!("GET {path} HTTP/1.1\r\nHost: {}\r\n\r\n", server.address());
        let answer = send_bytes(&server, text.as_bytes()).await;
        let text = String::from_utf8(answer.body.clone()).unwrap();
        assert!(answer.status >= 400 || text == "ready\n", "{path}: {text}");
        assert!(
            !text.contains(&Key::root().id) && !text.contains("n5XkQ0dT"),
            "{path}: {text}"
        );
    }
    server.stop().await;
}

#[tokio::test]
async fn m52_no_server_starts_with_a_secret_that_others_know() {
    let with_secret = async |secret: &str| {
        daypass_testkit::TestServer::with(|config| {
            config.root.secret_key = Some(SecretKey::new(secret.to_owned()));
        })
        .await
    };
    for known in [
        "",
        "admin",
        "password",
        "minioadmin",
        "rustfsadmin",
        "changeme12345678",
        "aaaaaaaaaaaaaaaaaaaaaaaa",
        "1234567812345678",
        daypass_testkit::ROOT_SECRET_ID,
    ] {
        assert!(with_secret(known).await.is_err(), "{known}");
    }
    // What is not given is made, and never twice the same.
    let data = tempfile::tempdir().unwrap();
    let mut made = Vec::new();
    for name in ["one", "two"] {
        let folder = data.path().join(name);
        let server = daypass_testkit::TestServer::with(|config| {
            config.data.clone_from(&folder);
            config.root.secret_id = None;
            config.root.secret_key = None;
        });
        server.await.unwrap().stop().await;
        for file in ["root-credentials.json", "master.key"] {
            made.push(std::fs::read(folder.join(file)).unwrap());
        }
    }
    assert_ne!(made[0], made[2]);
    assert_ne!(made[1], made[3]);
    let server = with_secret("kT7pQ2vXn9LdR4sWz8Yb").await.unwrap();
    server.stop().await;
}

#[tokio::test]
async fn m53_no_action_is_called_without_a_signature() {
    let server = server().await;
    let root = Key::root();
    let before = call(&server, &root, "GetAccountSummary", json!({})).await;
    // The one that brings a proof of another kind instead is tried in `web_identity`.
    let signed = daypass_dialect::api3::Action::ALL.iter();
    for action in signed.filter(|action| !action.is_unsigned()) {
        let unsigned = action_request(&server, &root, action.name(), "{}").instead("Authorization", None);
        let answer = response(&unsigned.clone().send(&server).await);
        assert!(
            code(&answer).starts_with("AuthFailure."),
            "{}: {answer}",
            action.name()
        );
        let named = format!("/?Action={}&SecretId={}", action.name(), root.id);
        let answer = unsigned.method("GET").target(&named).instead("X-TC-Action", None);
        let answer = answer
            .instead("Content-Length", None)
            .instead("Content-Type", None);
        let mut answer = answer;
        answer.body.clear();
        let answer = response(&answer.send(&server).await);
        assert_ne!(code(&answer), "", "{}: {answer}", action.name());
    }
    assert_eq!(
        call(&server, &root, "GetAccountSummary", json!({})).await["Policies"],
        before["Policies"]
    );
    server.stop().await;
}

#[tokio::test]
async fn m55_a_signature_is_no_permission() {
    let server = server().await;
    let user = user(&server, "signer", &policy(&[NOTHING])).await;
    for (action, parameters) in [
        ("ListUsers", json!({})),
        ("ListPolicies", json!({})),
        ("GetPolicy", json!({ "PolicyId": 1 })),
        ("ListAccessKeys", json!({})),
        ("ListAccessKeys", json!({ "TargetUin": 100_000_000_001_u64 })),
        // Those of the operator alone, who needs no right for them and gives none away.
        ("ListRootAccounts", json!({})),
    ] {
        let answer = call(&server, &Key::root(), action, parameters.clone()).await;
        assert_eq!(code(&answer), "", "{action}: {answer}");
        let answer = call(&server, &user.key, action, parameters).await;
        assert_eq!(code(&answer), DENIED, "{action}: {answer}");
    }
    for action in [
        "DescribeKeyRing",
        "EndAllSessions",
        "RotateKeyRing",
        "RotateMasterKey",
    ] {
        let answer = call(&server, &user.key, action, json!({})).await;
        assert_eq!(code(&answer), "UnauthorizedOperation", "{action}: {answer}");
    }
    server.stop().await;
}

#[tokio::test]
async fn m56_nothing_that_a_request_names_is_visited() {
    let server = server().await;
    let root = Key::root();
    expect(&act(&server, &root, "PUT", "/k", b"value").await, 200, "");
    let trap = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = trap.local_addr().unwrap();
    let copied = |source: String| {
        Request::new(&server, "PUT", "/copy")
            .header("x-cos-copy-source", &source)
            .header("Origin", &format!("http://{address}"))
            .header("X-Forwarded-Host", &address.to_string())
            .body(b"")
            .sign(&server, &root)
    };
    // The host in a source says nothing but the bucket.
    expect(
        &copied(format!("{BUCKET}.{address}/k")).send(&server).await,
        200,
        "",
    );
    let called =
        copied(format!("{BUCKET}.{address}/k")).header("x-cos-callback", &format!("http://{address}/"));
    expect(&called.send(&server).await, 501, "NotImplemented");
    for source in [
        format!("{address}/k"),
        format!("http://{address}/k"),
        format!("//{address}/k"),
    ] {
        assert!(copied(source).send(&server).await.status >= 400);
    }
    for target in [
        format!("http://{address}/k"),
        format!("http://{BUCKET}.{address}/k"),
    ] {
        let request = Request::new(&server, "GET", &target).sign(&server, &root);
        assert!(request.send(&server).await.status >= 400);
    }
    let came = tokio::time::timeout(std::time::Duration::from_millis(300), trap.accept()).await;
    assert!(came.is_err(), "somebody was sent to the address in the request");
    server.stop().await;
}

#[tokio::test]
async fn m57_no_header_says_where_a_request_comes_from() {
    let server = server().await;
    let from = |network: &str| {
        json!({ "version": "2.0", "statement": [{
            "effect": "allow", "action": "*", "resource": "*",
            "condition": { "ip_equal": { "qcs:ip": network } },
        }]})
        .to_string()
    };
    let here = mint(&server, &Key::root(), Some(&from("127.0.0.0/8")), 1800).await;
    let there = mint(&server, &Key::root(), Some(&from("10.0.0.0/8")), 1800).await;
    expect(&act(&server, &here, "GET", "/", b"").await, 200, "");
    for header in [
        "X-Forwarded-For",
        "Forwarded",
        "X-Real-IP",
        "True-Client-IP",
        "CF-Connecting-IP",
        "X-Client-IP",
    ] {
        for value in ["10.0.0.1", "for=10.0.0.1"] {
            let request = Request::new(&server, "GET", "/").header(header, value);
            expect(
                &request.sign(&server, &there).send(&server).await,
                403,
                "AccessDenied",
            );
        }
    }
    server.stop().await;
}

#[tokio::test]
async fn m57_a_trusted_proxy_tells_and_its_client_does_not() {
    let proxied = |config: &mut daypass_server::Config| {
        config.trusted_proxies = vec!["127.0.0.0/8".parse().unwrap()];
    };
    let server = daypass_testkit::TestServer::with(proxied).await.unwrap();
    expect(&act(&server, &Key::root(), "PUT", "/", b"").await, 200, "");
    let document = json!({ "version": "2.0", "statement": [{
        "effect": "allow", "action": "*", "resource": "*",
        "condition": { "ip_equal": { "qcs:ip": "10.0.0.0/8" } },
    }]});
    let inside = mint(&server, &Key::root(), Some(&document.to_string()), 1800).await;
    let check = async |lines: &[(&str, &str)], status, code| {
        let mut request = Request::new(&server, "GET", "/");
        for (name, value) in lines {
            request = request.header(name, value);
        }
        expect(&request.sign(&server, &inside).send(&server).await, status, code);
    };
    check(&[], 403, "AccessDenied").await;
    check(&[("X-Forwarded-For", "10.0.0.1")], 200, "").await;
    check(&[("Forwarded", "for=10.0.0.1")], 200, "").await;
    // What the client wrote stands to the left of what the proxy did, or in the header that the proxy does not write.
    check(&[("X-Forwarded-For", "10.0.0.1, 192.0.2.1")], 403, "AccessDenied").await;
    check(
        &[("X-Forwarded-For", "10.0.0.1"), ("X-Forwarded-For", "192.0.2.1")],
        403,
        "AccessDenied",
    )
    .await;
    check(
        &[("Forwarded", "for=10.0.0.1"), ("X-Forwarded-For", "192.0.2.1")],
        400,
        "InvalidArgument",
    )
    .await;
    check(&[("X-Real-IP", "10.0.0.1")], 403, "AccessDenied").await;
    server.stop().await;
}

#[tokio::test]
async fn m58_an_answer_s_headers_are_chosen_by_who_signs() {
    let server = server().await;
    let root = Key::root();
    let put = Request::new(&server, "PUT", "/page")
        .header("x-cos-acl", "public-read")
        .body(b"<script>");
    expect(&put.sign(&server, &root).send(&server).await, 200, "");
    expect(
        &Request::new(&server, "GET", "/page").send(&server).await,
        200,
        "",
    );
    for name in [
        "content-type",
        "content-disposition",
        "cache-control",
        "expires",
        "content-language",
        "content-encoding",
    ] {
        let target = format!("/page?response-{name}=x");
        expect(
            &Request::new(&server, "GET", &target).send(&server).await,
            403,
            "AccessDenied",
        );
        for broken in ["a%0d%0aSet-Cookie:%20x=1", "a%0ab", "a%00b", "a%7fb"] {
            let target = format!("/page?response-{name}={broken}");
            let answer = act(&server, &root, "GET", &target, b"").await;
            expect(&answer, 400, "InvalidArgument");
        }
    }
    let answer = act(
        &server,
        &root,
        "GET",
        "/page?response-content-type=text/plain",
        b"",
    )
    .await;
    assert_eq!(answer.header("Content-Type"), Some("text/plain"));
    server.stop().await;
}

#[tokio::test]
async fn m58_cors_rules_write_no_header_and_reflect_no_stranger() {
    let server = server().await;
    let root = Key::root();
    let put = async |rule: &str| {
        let document = format!("<CORSConfiguration><CORSRule>{rule}</CORSRule></CORSConfiguration>");
        act(&server, &root, "PUT", "/?cors", document.as_bytes()).await
    };
    let rule = "<AllowedOrigin>http://good.test</AllowedOrigin><AllowedMethod>GET</AllowedMethod>";
    for injected in [
        "a&#10;Set-Cookie: x=1",
        "a&#13;&#10;X-Evil: 1",
        "a\nX-Evil: 1",
        "a&#0;",
    ] {
        for name in ["ExposeHeader", "AllowedHeader"] {
            let answer = put(&format!("{rule}<{name}>{injected}</{name}>")).await;
            assert!(
                (400..500).contains(&answer.status),
                "{name} {injected:?}: {answer:?}"
            );
        }
    }
    expect(
        &put(&format!("{rule}<ExposeHeader>ETag</ExposeHeader>")).await,
        200,
        "",
    );
    expect(&act(&server, &root, "PUT", "/k", b"x").await, 200, "");
    let ask = async |origin: &str| {
        let request = Request::new(&server, "GET", "/k").header("Origin", origin);
        request.sign(&server, &root).send(&server).await
    };
    let allowed = |answer: &crate::wire::Answer| {
        let header = answer.header("Access-Control-Allow-Origin");
        header.map(str::to_owned)
    };
    assert_eq!(
        allowed(&ask("http://good.test").await).as_deref(),
        Some("http://good.test")
    );
    for stranger in [
        "http://evil.test",
        "null",
        "http://good.test.evil.test",
        "https://good.test",
        "*",
    ] {
        assert_eq!(allowed(&ask(stranger).await), None, "{stranger}");
    }
    // Where every origin is allowed, none is named back with leave to send cookies along.
    let any = "<AllowedOrigin>*</AllowedOrigin><AllowedMethod>GET</AllowedMethod>";
    expect(&put(any).await, 200, "");
    let answer = ask("http://evil.test").await;
    assert_eq!(answer.header("Access-Control-Allow-Credentials"), None);
    assert_eq!(allowed(&answer).as_deref(), Some("*"));
    server.stop().await;
}

#[tokio::test]
async fn m59_metadata_of_one_s_own_stays_one_s_own() {
    let server = server().await;
    let root = Key::root();
    let put = Request::new(&server, "PUT", "/k")
        .header("x-cos-meta-x-cos-hash-crc64ecma", "1")
        .header("x-cos-hash-crc64ecma", "1")
        .header("x-cos-version-id", "1")
        .header("x-cos-request-id", "chosen")
        .header("x-amz-meta-a", "b")
        .header("ETag", "chosen")
        .header("Last-Modified", "Thu, 10 Dec 2020 03:37:30 GMT")
        .body(b"123456789");
    expect(&put.sign(&server, &root).send(&server).await, 200, "");
    let got = act(&server, &root, "GET", "/k", b"").await;
    assert_eq!(got.header("x-cos-hash-crc64ecma"), Some("11051210869376104954"));
    assert_eq!(got.header("ETag"), Some("\"25f9e794323b453885f5181f1b624d0b\""));
    assert_ne!(got.header("x-cos-request-id"), Some("chosen"));
    for absent in ["x-cos-version-id", "x-amz-meta-a"] {
        assert_eq!(got.header(absent), None, "{absent}");
    }
    assert!(!got.header("Last-Modified").unwrap().contains("2020"));
    server.stop().await;
}

#[tokio::test]
async fn m60_no_object_is_a_page_of_the_console_or_of_the_service() {
    let server = daypass_testkit::TestServer::with(|config| {
        config.console_listen = Some(std::net::SocketAddr::from(([127, 0, 0, 1], 0)));
    });
    let server = server.await.unwrap();
    let root = Key::root();
    expect(&act(&server, &root, "PUT", "/", b"").await, 200, "");
    let page = Request::new(&server, "PUT", "/page.html")
        .header("Content-Type", "text/html")
        .header("x-cos-acl", "public-read")
        .body(b"<script>marked</script>");
    expect(&page.sign(&server, &root).send(&server).await, 200, "");
    // The console knows no objects, by whatever name.
    let console = server.console_address().unwrap();
    for target in [
        "/page.html",
        &format!("/{BUCKET}/page.html"),
        "//page.html",
        "/../page.html",
    ] {
        for host in [console.to_string(), host_of(&server, BUCKET)] {
            let stream = tokio::net::TcpStream::connect(console).await.unwrap();
            let mut wire = crate::wire::Wire::over(stream);
            wire.send(format!("GET {target} HTTP/1.1\r\nHost: {host}\r\n\r\n"))
                .await;
            let answer = wire.receive().await.unwrap();
            assert!(answer.status >= 400, "{target}: {answer:?}");
            assert!(!String::from_utf8_lossy(&answer.body).contains("marked"));
        }
    }
    // By the address of the service, whose origin all buckets share, a page runs nothing.
    let by_path = Request::new(&server, "GET", &format!("/{BUCKET}/page.html"))
        .instead("Host", Some(&server.address().to_string()));
    let answer = by_path.send(&server).await;
    expect(&answer, 200, "");
    assert_eq!(answer.header("Content-Security-Policy"), Some("sandbox"));
    assert_eq!(answer.header("X-Content-Type-Options"), Some("nosniff"));
    let by_host = Request::new(&server, "GET", "/page.html").send(&server).await;
    assert_eq!(by_host.body, b"<script>marked</script>");
    server.stop().await;
}

#[tokio::test]
async fn m61_what_is_said_to_be_encrypted_is_so_on_the_disk() {
    let data = tempfile::tempdir().unwrap();
    let folder = data.path().join("data");
    let server = daypass_testkit::TestServer::with(|config| config.data.clone_from(&folder))
        .await
        .unwrap();
    let root = Key::root();
    expect(&act(&server, &root, "PUT", "/", b"").await, 200, "");
    // Objects are not, and no answer says so: whoever asks for it is refused.
    for (name, value) in [
        ("x-cos-server-side-encryption", "AES256"),
        ("x-cos-server-side-encryption", "cos/kms"),
        ("x-cos-server-side-encryption-customer-algorithm", "AES256"),
    ] {
        let put = Request::new(&server, "PUT", "/sealed")
            .header(name, value)
            .body(b"bytes");
        expect(
            &put.sign(&server, &root).send(&server).await,
            501,
            "NotImplemented",
        );
        expect(
            &act(&server, &root, "GET", "/sealed", b"").await,
            404,
            "NoSuchKey",
        );
    }
    // Secrets of keys are.
    let ann = user(&server, "ann", &policy(&[("allow", &["*"], &["*"])])).await;
    let session = mint(&server, &ann.key, None, 1800).await;
    expect(
        &act(&server, &session, "PUT", "/k", b"a marked body").await,
        200,
        "",
    );
    server.stop().await;
    let mut stored = Vec::new();
    let mut folders = vec![folder];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            match path.is_dir() {
                true => folders.push(path),
                false => stored.extend(std::fs::read(path).unwrap()),
            }
        }
    }
    let holds = |text: &str| stored.windows(text.len()).any(|window| window == text.as_bytes());
    assert!(
        holds("a marked body") && holds(&ann.key.id),
        "the right files are looked at"
    );
    for key in [&root, &ann.key, &session] {
        assert!(!holds(&key.secret), "{}", key.id);
    }
}

#[tokio::test]
async fn m62_one_gate_for_both_families() {
    let server = server().await;
    let root = Key::root();
    // A call on a bucket's host is no call, and an object's request on an API host is no request without a policy.
    let call_on_bucket =
        action_request(&server, &root, "ListUsers", "{}").instead("Host", Some(&host_of(&server, BUCKET)));
    let answer = call_on_bucket.send(&server).await;
    assert!(answer.status >= 400, "{answer:?}");
    let narrowed = policy(&[("allow", &["cam:*", "sts:*"], &["*"])]);
    let key = mint(&server, &root, Some(&narrowed), 1800).await;
    assert_eq!(code(&call(&server, &key, "ListUsers", json!({})).await), "");
    for host in [
        "sts.localhost",
        "cam.localhost",
        "sts.tencentcloudapi.com",
        "elsewhere",
    ] {
        for target in [format!("/{BUCKET}/"), format!("/{BUCKET}/k"), "/".to_owned()] {
            let request = Request::new(&server, "GET", &target).instead("Host", Some(host));
            expect(
                &request.sign(&server, &key).send(&server).await,
                403,
                "AccessDenied",
            );
        }
    }
    server.stop().await;
}
