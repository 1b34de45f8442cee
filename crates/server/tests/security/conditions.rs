//! Every condition key, by real requests: where its condition holds, an allow allows and a deny denies, where it does not
//! or the key is missing, neither. docs/conditions.md is held to what the code knows and to what is tried here.

use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use daypass_api::Timestamp;
use daypass_api::names::Region;
use daypass_policy::ConditionKey;
use daypass_server::tls::Authority;
use daypass_server::{Clock, SystemClock};
use daypass_testkit::TestServer;
use daypass_tls::TlsConfig;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::version::{TLS12, TLS13};
use rustls::{ClientConfig, RootCertStore, SupportedProtocolVersion};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::net::{TcpSocket, TcpStream};
use tokio_rustls::TlsConnector;

use crate::acting::{TRUSTS_ROOT, role};
use crate::kit::{Key, Request, act, call, code, encode, expect, host_of, mint};
use crate::wire::{Answer, BUCKET, Wire};

const TAGGED_OTHERWISE: &str = "otherwise-1250000000";
const BARE: &str = "bare-1250000000";
/// The proxy that the server trusts; this machine's other addresses are strangers.
const PROXY: [u8; 4] = [127, 0, 0, 1];
const STRANGER: [u8; 4] = [127, 0, 0, 2];

/// How a request comes.
#[derive(Clone, Copy)]
enum Way {
    Proxy,
    Stranger,
    Tls(&'static SupportedProtocolVersion),
}

/// What is asked.
#[derive(Clone)]
enum Ask {
    Object {
        way: Way,
        bucket: &'static str,
        method: &'static str,
        target: &'static str,
        headers: Vec<(&'static str, &'static str)>,
        body: &'static str,
        later: i64,
    },
    /// To act as a role, with this external id.
    Role(Option<&'static str>),
}

fn ask(method: &'static str, target: &'static str) -> Ask {
    Ask::Object {
        way: Way::Proxy,
        bucket: BUCKET,
        method,
        target,
        headers: Vec::new(),
        body: if method == "PUT" { "12345" } else { "" },
        later: 0,
    }
}

fn read() -> Ask {
    ask("GET", "/k")
}

fn store() -> Ask {
    ask("PUT", "/k")
}

impl Ask {
    fn with(mut self, name: &'static str, value: &'static str) -> Self {
        if let Self::Object { headers, .. } = &mut self {
            headers.push((name, value));
        }
        self
    }

    fn by(mut self, new: Way) -> Self {
        if let Self::Object { way, .. } = &mut self {
            *way = new;
        }
        self
    }

    fn of(mut self, new: &'static str) -> Self {
        if let Self::Object { bucket, .. } = &mut self {
            *bucket = new;
        }
        self
    }

    fn saying(mut self, new: &'static str) -> Self {
        if let Self::Object { body, .. } = &mut self {
            *body = new;
        }
        self
    }

    fn later(mut self, seconds: i64) -> Self {
        if let Self::Object { later, .. } = &mut self {
            *later = seconds;
        }
        self
    }
}

/// A condition, and requests: those for which it holds, those for which it does not, and those that lack the key.
struct Case {
    key: &'static str,
    condition: Value,
    holds: Vec<Ask>,
    fails: Vec<Ask>,
    missing: Vec<Ask>,
}

fn case(
    key: &'static str,
    operator: &str,
    value: impl Into<Value>,
    holds: Vec<Ask>,
    fails: Vec<Ask>,
    missing: Vec<Ask>,
) -> Case {
    let value = value.into();
    Case {
        key,
        condition: json!({ operator: { key: value } }),
        holds,
        fails,
        missing,
    }
}

fn tags(value: &'static str) -> Ask {
    ask("PUT", "/?tagging").of(BARE_TO_TAG).saying(value)
}

const BARE_TO_TAG: &str = "totag-1250000000";
const TEAM_A: &str = "<Tagging><TagSet><Tag><Key>team</Key><Value>a</Value></Tag><Tag><Key>x</Key><Value>y</Value></Tag></TagSet></Tagging>";
const TEAM_B: &str = "<Tagging><TagSet><Tag><Key>team</Key><Value>b</Value></Tag></TagSet></Tagging>";

/// Every key that a request can have.
fn cases(server: &TestServer) -> Vec<Case> {
    let soon = Timestamp::from_unix_seconds(server.clock.now().unix_seconds() + 300).iso_seconds();
    let from = |address| read().with("X-Forwarded-For", address);
    let in_bucket = |bucket| ask("GET", "/").of(bucket);
    vec![
        case(
            "qcs:current_time",
            "date_less_than",
            soon,
            vec![read()],
            vec![read().later(600)],
            vec![],
        ),
        case(
            "qcs:ip",
            "ip_equal",
            json!(["192.0.2.0/24", "2001:db8::/32"]),
            vec![
                from("192.0.2.7"),
                from("198.51.100.9, 192.0.2.7"),
                from("2001:db8::1"),
                read().with("Forwarded", "for=192.0.2.7"),
            ],
            vec![
                from("198.51.100.9"),
                from("192.0.2.7, 198.51.100.9"),
                from("192.0.2.7").by(Way::Stranger),
                read().with("Forwarded", "for=192.0.2.7").by(Way::Stranger),
                read(),
            ],
            vec![],
        ),
        case(
            "qcs:ip",
            "ip_not_equal",
            "127.0.0.2",
            vec![read()],
            vec![read().by(Way::Stranger)],
            vec![],
        ),
        case(
            "qcs:request_tag",
            "for_any_value:string_equal",
            "team&a",
            vec![tags(TEAM_A)],
            vec![tags(TEAM_B)],
            vec![ask("GET", "/").of(BARE_TO_TAG), store()],
        ),
        case(
            "qcs:request_tag",
            "for_all_value:string_equal",
            "team&b",
            vec![tags(TEAM_B)],
            vec![tags(TEAM_A)],
            vec![read()],
        ),
        case(
            "qcs:resource_tag",
            "for_any_value:string_equal",
            "team&a",
            vec![in_bucket(BUCKET), read(), store()],
            vec![in_bucket(TAGGED_OTHERWISE)],
            vec![in_bucket(BARE)],
        ),
        case(
            "qcs:tag/team",
            "string_equal",
            "a",
            vec![in_bucket(BUCKET), read()],
            vec![in_bucket(TAGGED_OTHERWISE)],
            vec![in_bucket(BARE)],
        ),
        case(
            "cos:secure-transport",
            "bool_equal",
            "true",
            vec![read().by(Way::Tls(&TLS12)), read().by(Way::Tls(&TLS13))],
            vec![read(), read().with("X-Forwarded-Proto", "https")],
            vec![],
        ),
        case(
            "cos:tls-version",
            "numeric_less_than",
            1.3,
            vec![read().by(Way::Tls(&TLS12))],
            vec![read().by(Way::Tls(&TLS13))],
            vec![read()],
        ),
        case(
            "cos:host",
            "string_equal",
            host_of(server, BUCKET),
            vec![read()],
            vec![in_bucket(BARE)],
            vec![Ask::Role(None)],
        ),
        case(
            "cos:x-cos-storage-class",
            "string_equal",
            "STANDARD_IA",
            vec![store().with("x-cos-storage-class", "STANDARD_IA")],
            vec![store().with("x-cos-storage-class", "STANDARD")],
            vec![store()],
        ),
        case(
            "cos:versionid",
            "string_equal",
            "null",
            vec![ask("GET", "/k?versionId=null")],
            vec![ask("GET", "/k?versionId=")],
            vec![read()],
        ),
        case(
            "cos:prefix",
            "string_equal",
            "a%2Fb",
            vec![
                ask("GET", "/?prefix=a%2fb"),
                ask("GET", "/?prefix=a%2Fb&max-keys=3"),
            ],
            vec![ask("GET", "/?prefix=a%2F"), ask("GET", "/?prefix=")],
            vec![ask("GET", "/"), read()],
        ),
        case(
            "cos:prefix",
            "string_like",
            "a/*",
            vec![ask("GET", "/?prefix=a%2Fb")],
            vec![ask("GET", "/?prefix=b")],
            vec![ask("GET", "/?max-keys=3")],
        ),
        case(
            "cos:x-cos-acl",
            "string_equal",
            "private",
            vec![store().with("x-cos-acl", "private")],
            vec![store().with("x-cos-acl", "default")],
            vec![store()],
        ),
        case(
            "cos:x-cos-forbid-overwrite",
            "string_equal",
            "true",
            vec![store().with("x-cos-forbid-overwrite", "true")],
            vec![store().with("x-cos-forbid-overwrite", "false")],
            vec![store()],
        ),
        case(
            "cos:content-length",
            "numeric_less_than_equal",
            5,
            vec![store(), store().saying("")],
            vec![store().saying("123456")],
            vec![read(), store().with("Transfer-Encoding", "chunked")],
        ),
        case(
            "cos:content-type",
            "string_like",
            "image/*",
            vec![store().with("Content-Type", "image/png")],
            vec![store().with("Content-Type", "text/html")],
            vec![store(), read()],
        ),
        case(
            "cos:response-content-type",
            "string_equal",
            "image%2Fpng",
            vec![ask("GET", "/k?response-content-type=image%2Fpng")],
            vec![ask("GET", "/k?response-content-type=text%2Fhtml")],
            vec![read()],
        ),
        case(
            "sts:external_id",
            "string_equal",
            "42",
            vec![Ask::Role(Some("42"))],
            vec![Ask::Role(Some("43"))],
            vec![Ask::Role(None), read()],
        ),
    ]
}

/// A server that listens for HTTPS, trusts a proxy, and has buckets and a role.
struct Stage {
    server: TestServer,
    folder: TempDir,
}

impl Stage {
    async fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let authority = Authority::in_folder(folder.path().to_owned());
        let region = Region::parse("ap-guangzhou").unwrap();
        authority.init(&region, &[], SystemClock.now()).unwrap();
        let tls = TlsConfig {
            listen: SocketAddr::from((PROXY, 0)),
            certificate: authority.certificate(),
            key: authority.key(),
            reload_every: Duration::from_secs(60),
        };
        let server = TestServer::with(|config| {
            config.tls = Some(tls);
            config.trusted_proxies = vec!["127.0.0.1".parse().unwrap()];
        });
        let stage = Self {
            server: server.await.unwrap(),
            folder,
        };
        let root = Key::root();
        for bucket in [BUCKET, TAGGED_OTHERWISE, BARE, BARE_TO_TAG] {
            let made = stage.answer(&root, &ask("PUT", "/").of(bucket).saying("")).await;
            expect(&made, 200, "");
        }
        for (bucket, tags) in [(BUCKET, TEAM_A), (TAGGED_OTHERWISE, TEAM_B)] {
            let tagging = ask("PUT", "/?tagging").of(bucket).saying(tags);
            expect(&stage.answer(&root, &tagging).await, 204, "");
        }
        expect(&act(&stage.server, &root, "PUT", "/k", b"v").await, 200, "");
        let nothing = crate::kit::policy(&[("allow", &["cos:NoSuchAction"], &["*"])]);
        role(&stage.server, "deputy", TRUSTS_ROOT, &nothing).await;
        stage
    }

    /// Whether it is allowed; what is asked for need not be there.
    async fn allows(&self, key: &Key, ask: &Ask) -> bool {
        let Ask::Role(external_id) = ask else {
            let answer = self.answer(key, ask).await;
            let told = (answer.status, answer.code());
            assert!(
                matches!(told, (200 | 204, "") | (403, "AccessDenied") | (409, _)),
                "{told:?}"
            );
            return answer.status != 403;
        };
        let mut parameters = json!({
            "RoleArn": "qcs::cam::uin/100000000001:roleName/deputy",
            "RoleSessionName": "session",
        });
        if let Some(id) = external_id {
            parameters["ExternalId"] = json!(id);
        }
        let answer = call(&self.server, key, "AssumeRole", parameters).await;
        assert!(["", "UnauthorizedOperation"].contains(&code(&answer)), "{answer}");
        code(&answer).is_empty()
    }

    async fn answer(&self, key: &Key, ask: &Ask) -> Answer {
        let Ask::Object {
            way,
            bucket,
            method,
            target,
            headers,
            body,
            later,
        } = ask
        else {
            panic!("it is no request to the object store");
        };
        let server = &self.server;
        server.clock.advance_seconds(*later);
        let mut request =
            Request::new(server, method, target).instead("Host", Some(&host_of(server, bucket)));
        for (name, value) in headers {
            request = request.header(name, value);
        }
        let chunked = headers.iter().any(|(name, _)| *name == "Transfer-Encoding");
        if chunked {
            request.body = format!("{:x}\r\n{body}\r\n0\r\n\r\n", body.len()).into_bytes();
        } else if *method == "PUT" {
            request = request.body(body.as_bytes());
        }
        let bytes = request.sign(server, key).bytes();
        let answer = match way {
            Way::Proxy => exchange(self.connect(PROXY).await, &bytes).await,
            Way::Stranger => exchange(self.connect(STRANGER).await, &bytes).await,
            Way::Tls(version) => exchange(self.shake_hands(version).await, &bytes).await,
        };
        server.clock.advance_seconds(-later);
        answer
    }

    async fn connect(&self, from: [u8; 4]) -> TcpStream {
        let socket = TcpSocket::new_v4().unwrap();
        socket.bind(SocketAddr::from((from, 0))).unwrap();
        socket.connect(self.server.address()).await.unwrap()
    }

    async fn shake_hands(
        &self,
        version: &'static SupportedProtocolVersion,
    ) -> tokio_rustls::client::TlsStream<TcpStream> {
        let mut roots = RootCertStore::empty();
        let root = CertificateDer::from_pem_file(self.folder.path().join("ca.pem")).unwrap();
        roots.add(root).unwrap();
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let config = ClientConfig::builder_with_provider(provider)
            .with_protocol_versions(&[version])
            .unwrap()
            .with_root_certificates(roots)
            .with_no_client_auth();
        let stream = TcpStream::connect(self.server.tls_address().unwrap()).await;
        TlsConnector::from(Arc::new(config))
            .connect(ServerName::try_from("localhost").unwrap(), stream.unwrap())
            .await
            .unwrap()
    }

    /// Fails unless, under this condition, these are allowed by an allow and refused by a deny, or the other way round.
    async fn check(&self, condition: &Value, asks: &[Ask], holds: bool) {
        let granting = self.session(&[("allow", condition)]).await;
        let denying = self.session(&[("allow", &json!({})), ("deny", condition)]).await;
        for (place, ask) in asks.iter().enumerate() {
            let got = [
                self.allows(&granting, ask).await,
                self.allows(&denying, ask).await,
            ];
            assert_eq!(got, [holds, !holds], "{condition}: request {place}");
        }
    }

    /// A session whose policy has statements of this effect under this condition.
    async fn session(&self, statements: &[(&str, &Value)]) -> Key {
        let statement = |(effect, condition): &(&str, &Value)| {
            let mut statement = json!({ "effect": effect, "action": "*", "resource": "*" });
            if condition.as_object().is_some_and(|tests| !tests.is_empty()) {
                statement["condition"] = (*condition).clone();
            }
            statement
        };
        let statements: Vec<Value> = statements.iter().map(statement).collect();
        let document = json!({ "version": "2.0", "statement": statements }).to_string();
        mint(&self.server, &Key::root(), Some(&document), 7200).await
    }
}

async fn exchange(stream: impl tokio::io::AsyncRead + tokio::io::AsyncWrite + Unpin, bytes: &[u8]) -> Answer {
    let mut wire = Wire::over(stream);
    wire.send(bytes).await;
    wire.receive().await.unwrap()
}

/// The same condition, which a missing key does not make false.
fn if_exist(condition: &Value) -> Value {
    let tests = condition.as_object().unwrap().iter();
    let tests = tests.map(|(operator, keys)| (format!("{operator}_if_exist"), keys.clone()));
    Value::Object(tests.collect())
}

#[tokio::test]
async fn every_key_allows_and_refuses() {
    let stage = Stage::new().await;
    for case in cases(&stage.server) {
        let Case {
            key,
            condition,
            holds,
            fails,
            missing,
        } = case;
        assert!(!holds.is_empty() && !fails.is_empty(), "{key}");
        for condition in [&condition, &if_exist(&condition)] {
            stage.check(condition, &holds, true).await;
            stage.check(condition, &fails, false).await;
        }
        stage.check(&condition, &missing, false).await;
        stage.check(&if_exist(&condition), &missing, true).await;
        let is_missing = json!({ "null_equal": { key: "true" } });
        stage.check(&is_missing, &missing, true).await;
        stage.check(&is_missing, &holds, false).await;
    }
    stage.server.stop().await;
}

#[tokio::test]
async fn keys_that_are_always_missing_are_missing() {
    let stage = Stage::new().await;
    let asks = [read(), store(), ask("GET", "/?prefix=a"), Ask::Role(Some("42"))];
    for key in keys_of("## Keys that are always missing") {
        for operator in ["string_equal", "string_not_equal"] {
            let condition = json!({ operator: { key.as_str(): "vpc-1" } });
            stage.check(&condition, &asks, false).await;
            stage.check(&if_exist(&condition), &asks, true).await;
        }
        let is_missing = json!({ "null_equal": { key.as_str(): "true" } });
        stage.check(&is_missing, &asks, true).await;
    }
    stage.server.stop().await;
}

#[tokio::test]
async fn other_keys_are_refused() {
    let server = TestServer::start().await;
    let root = Key::root();
    act(&server, &root, "PUT", "/", b"").await;
    let refused = keys_of("## Keys that are refused");
    assert!(refused.len() > 5);
    for key in refused {
        let mut statement = json!({
            "effect": "deny", "action": "*", "resource": "*",
            "condition": { "string_equal": { key.as_str(): "x" } },
        });
        let document = json!({ "version": "2.0", "statement": [statement] }).to_string();
        let minted = json!({ "Name": "tests", "Policy": encode(&document) });
        let minted = call(&server, &root, "GetFederationToken", minted).await;
        assert_eq!(code(&minted), "InvalidParameter.StrategyInvalid", "{key}");
        let made = json!({ "PolicyName": "p", "PolicyDocument": document });
        let made = call(&server, &root, "CreatePolicy", made).await;
        assert_eq!(code(&made), "InvalidParameter.ConditionError", "{key}");
        statement["principal"] = json!({ "qcs": ["qcs::cam::anyone:anyone"] });
        let document = json!({ "version": "2.0", "statement": [statement] }).to_string();
        let put = act(&server, &root, "PUT", "/?policy", document.as_bytes()).await;
        assert_eq!(put.status, 400, "{key}");
    }
    server.stop().await;
}

/// The keys in the table below this heading.
fn keys_of(heading: &str) -> BTreeSet<String> {
    let page = include_str!("../../../../docs/conditions.md");
    let (_, rest) = page.split_once(&format!("{heading}\n")).unwrap();
    let section = rest.split_once("\n## ").map_or(rest, |(section, _)| section);
    let rows = section.lines().filter_map(|line| line.strip_prefix("| `"));
    rows.filter_map(|row| row.split_once('`'))
        .map(|(key, _)| key.to_owned())
        .collect()
}

#[tokio::test]
async fn the_page_the_code_and_these_tests_know_the_same_keys() {
    let server = TestServer::start().await;
    let told = keys_of("## Keys");
    let missing = keys_of("## Keys that are always missing");
    let known: BTreeSet<String> = ConditionKey::names().map(str::to_owned).collect();
    // What these do is in `tests/attacks/web_identity.rs`.
    let vouched = keys_of("## Keys of web identity tokens");
    assert_eq!(&(&told | &missing) | &vouched, known);
    assert!(told.is_disjoint(&missing));
    let family = |key: &'static str| match key.strip_prefix("qcs:tag/") {
        Some(_) => "qcs:tag/".to_owned(),
        None => key.to_owned(),
    };
    let tried: BTreeSet<String> = cases(&server).into_iter().map(|case| family(case.key)).collect();
    assert_eq!(tried, told);
    server.stop().await;
}
