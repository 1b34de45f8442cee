//! What a broker does with callers who are not what they say, with names that would reach further, and with neighbours
//! that hang or are gone: the built program over a real store.

#![expect(
    clippy::indexing_slicing,
    clippy::unwrap_used,
    reason = "a test may fail by panicking"
)]

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use daypass_api::names::{AccessKeyId, BucketName, ObjectKey};
use daypass_api::outcome::SessionToken;
use daypass_api::secret::SecretKey;
use daypass_client::{Connection, Credentials, ObjectClient, request};
use daypass_testkit::{ROOT_SECRET_ID, ROOT_SECRET_KEY, TestServer};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::runtime::Runtime;

const BUCKET: &str = "photos-1250000000";
const ISSUER: &str = "https://id.example";
/// What the template of all these brokers says.
const TEMPLATE: &str = "[[templates]]\nname = 't'\nendpoints = ['sts']\nprefix = 'uploads/${user}/'\n\
    actions = ['upload']\nkeys_per_minute = 1000\n";
/// Ann's key: its digest is that of `anns-key`.
const ANN: &str = "[[callers]]\nkind = 'api_keys'\nkeys = [{ user = 'ann', \
    sha256 = '7cd8145681af72fc74f4fec2f3b2a0431d26f79d97e1b3aaa5630863e71a3d0a' }]\n";

/// A store with a bucket, and a broker over it.
struct Stage {
    runtime: Runtime,
    store: Option<TestServer>,
    endpoint: String,
    broker: Child,
    address: String,
    _folder: TempDir,
}

impl Stage {
    fn set(before: &str, callers: &str) -> Self {
        let runtime = Runtime::new().unwrap();
        let store = runtime.block_on(TestServer::start());
        let endpoint = format!("http://{}", store.address());
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("broker.toml");
        std::fs::write(&file, settings(&endpoint, before, callers)).unwrap();
        let mut broker = Command::new(env!("CARGO_BIN_EXE_daypass"))
            .args(["broker", "--listen", "127.0.0.1:0", "--config"])
            .arg(&file)
            .env("BROKER_ID", ROOT_SECRET_ID)
            .env("BROKER_SECRET", ROOT_SECRET_KEY)
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut line = String::new();
        let mut out = BufReader::new(broker.stdout.take().unwrap());
        out.read_line(&mut line).unwrap();
        let ready: Value = serde_json::from_str(&line).unwrap();
        let stage = Self {
            runtime,
            store: Some(store),
            endpoint,
            broker,
            address: ready["http"].as_str().unwrap().to_owned(),
            _folder: folder,
        };
        let root = Credentials {
            secret_id: AccessKeyId::parse(ROOT_SECRET_ID).unwrap(),
            secret_key: SecretKey::new(ROOT_SECRET_KEY.to_owned()),
            token: None,
        };
        let made = stage.objects(root);
        stage.runtime.block_on(made.create_bucket(&bucket())).unwrap();
        stage
    }

    /// What the broker answers to whoever sends this header.
    fn ask(&self, header: &str) -> (u16, Value) {
        let mut stream = TcpStream::connect(&self.address).unwrap();
        write!(
            stream,
            "GET /sts HTTP/1.1\r\nhost: x\r\n{header}\r\nconnection: close\r\n\r\n"
        )
        .unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        let status = head.split(' ').nth(1).unwrap().parse().unwrap();
        (status, serde_json::from_str(body).unwrap())
    }

    /// Whoever sends this header gets no key, and hears why.
    fn refuses(&self, header: &str, status: u16, words: &str) {
        let (answered, document) = self.ask(header);
        assert_eq!(answered, status, "{header}: {document}");
        assert!(document.to_string().contains(words), "{words} in {document}");
        assert!(document.get("credentials").is_none(), "{document}");
    }

    fn objects(&self, key: Credentials) -> ObjectClient {
        ObjectClient::new(Connection::new(self.endpoint.parse().unwrap(), Some(key)))
    }

    /// Whether a key that the broker gave may put this object.
    fn may_put(&self, document: &Value, object: &str) -> bool {
        let text = |name: &str| document["credentials"][name].as_str().unwrap().to_owned();
        let key = Credentials {
            secret_id: AccessKeyId::parse(&text("tmpSecretId")).unwrap(),
            secret_key: SecretKey::new(text("tmpSecretKey")),
            token: Some(SessionToken::new(text("sessionToken"))),
        };
        let put = request::put_object(&bucket(), &ObjectKey::parse(object.as_bytes()).unwrap());
        let client = self.objects(key);
        let stored = client.put_object(put, bytes("a"));
        match self.runtime.block_on(stored) {
            Ok(_) => true,
            Err(error) => {
                assert_eq!(error.refusal().unwrap().status, 403, "{object}: {error}");
                false
            }
        }
    }
}

impl Drop for Stage {
    fn drop(&mut self) {
        // A broker that has ended already cannot be ended again.
        let _ = self.broker.kill();
        let _ = self.broker.wait();
    }
}

fn bytes(text: &'static str) -> daypass_client::Payload {
    bytes::Bytes::from(text).into()
}

fn bucket() -> BucketName {
    BucketName::parse(BUCKET).unwrap()
}

fn settings(endpoint: &str, before: &str, callers: &str) -> String {
    format!(
        "{before}\n[store]\nendpoint = '{endpoint}'\nregion = 'ap-guangzhou'\nbucket = '{BUCKET}'\n\
         key = {{ id_env = 'BROKER_ID', secret_env = 'BROKER_SECRET' }}\n{callers}{TEMPLATE}"
    )
}

/// Somebody on this machine who answers each request by its head; with nothing he hangs.
fn neighbour(answer: impl Fn(&str) -> Option<String> + Send + Sync + 'static) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let answer = Arc::new(answer);
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let (mut stream, answer) = (stream.unwrap(), Arc::clone(&answer));
            std::thread::spawn(move || {
                let mut head = [0; 8192];
                let length = stream.read(&mut head).unwrap();
                match answer(&String::from_utf8_lossy(&head[..length])) {
                    Some(body) => {
                        let length = body.len();
                        let said = format!(
                            "HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: {length}\r\n\r\n{body}"
                        );
                        // Who has heard enough hangs up.
                        let _ = stream.write_all(said.as_bytes());
                    }
                    None => std::thread::sleep(Duration::from_secs(60)),
                }
            });
        }
    });
    url
}

/// A provider's key, and the settings of a broker that believes it.
struct Provider {
    pair: Ed25519KeyPair,
    callers: String,
}

impl Provider {
    fn new() -> Self {
        let pair = Ed25519KeyPair::generate().unwrap();
        let x = URL_SAFE_NO_PAD.encode(pair.public_key().as_ref());
        let keys =
            json!({ "keys": [{ "kty": "OKP", "crv": "Ed25519", "x": x, "kid": "k", "alg": "EdDSA" }] });
        let url = neighbour(move |_| Some(keys.to_string()));
        let callers = format!(
            "[[callers]]\nkind = 'oidc'\nissuer = '{ISSUER}'\njwks_url = '{url}/keys'\naudiences = ['app']\n"
        );
        Self { pair, callers }
    }

    /// A good token but for these claims, as the header that shows it.
    fn token(&self, changed: &Value) -> String {
        token_by(&self.pair, &json!({ "alg": "EdDSA", "kid": "k" }), changed)
    }
}

fn token_by(pair: &Ed25519KeyPair, header: &Value, changed: &Value) -> String {
    let now = now();
    let mut claims = json!({ "iss": ISSUER, "sub": "ann", "aud": "app", "iat": now, "exp": now + 600 });
    for (name, value) in changed.as_object().unwrap() {
        claims[name] = value.clone();
    }
    let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
    let signed = format!("{}.{}", part(header), part(&claims));
    let signature = URL_SAFE_NO_PAD.encode(pair.sign(signed.as_bytes()));
    format!("authorization: Bearer {signed}.{signature}")
}

fn now() -> u64 {
    #[expect(
        clippy::disallowed_methods,
        reason = "the program goes by the machine's clock"
    )]
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
    now.unwrap().as_secs()
}

#[test]
fn a_good_token_gets_a_key() {
    let provider = Provider::new();
    let stage = Stage::set("", &provider.callers);
    let (status, document) = stage.ask(&provider.token(&json!({})));
    assert_eq!(status, 200, "{document}");
    assert!(stage.may_put(&document, "uploads/ann/a"));
    assert!(!stage.may_put(&document, "uploads/bob/a"));
}

#[test]
fn a_forged_token_gets_no_key() {
    let provider = Provider::new();
    let stage = Stage::set("", &provider.callers);
    let forger = Ed25519KeyPair::generate().unwrap();
    let forged = |header: Value| token_by(&forger, &header, &json!({}));
    stage.refuses(
        &forged(json!({ "alg": "EdDSA", "kid": "k" })),
        401,
        "signature is wrong",
    );
    stage.refuses(&forged(json!({ "alg": "none" })), 401, "algorithm");
    stage.refuses(&forged(json!({ "alg": "HS256", "kid": "k" })), 401, "algorithm");
    let good = provider.token(&json!({}));
    let (head, signature) = good.rsplit_once('.').unwrap();
    stage.refuses(&format!("{head}."), 401, "Unauthorized");
    let (first, claims) = head.split_once('.').unwrap();
    let other = URL_SAFE_NO_PAD.decode(claims).unwrap();
    let other = String::from_utf8(other).unwrap().replace("ann", "bob");
    let swapped = URL_SAFE_NO_PAD.encode(other);
    stage.refuses(
        &format!("{first}.{swapped}.{signature}"),
        401,
        "signature is wrong",
    );
}

#[test]
fn an_expired_token_gets_no_key() {
    let provider = Provider::new();
    let stage = Stage::set("", &provider.callers);
    let expired = json!({ "iat": now() - 1200, "exp": now() - 600 });
    stage.refuses(&provider.token(&expired), 401, "expired");
}

#[test]
fn a_token_for_another_audience_gets_no_key() {
    let provider = Provider::new();
    let stage = Stage::set("", &provider.callers);
    for audience in [json!("other"), json!(["other", "app2"]), json!("")] {
        stage.refuses(&provider.token(&json!({ "aud": audience })), 401, "audience");
    }
}

#[test]
fn an_unknown_user_gets_no_key() {
    let url = neighbour(|_| Some("{}".to_owned()));
    let callers = format!("{ANN}[[callers]]\nkind = 'webhook'\nurl = '{url}'\n");
    let only_keys = Stage::set("", ANN);
    only_keys.refuses("x: y", 401, "nothing says who asks");
    only_keys.refuses("authorization: Bearer bobs-key", 401, "Unauthorized");
    only_keys.refuses("authorization: Basic YW5uOmFubg==", 401, "Unauthorized");
    // An application that says yes and names nobody has not said who.
    let stage = Stage::set("", &callers);
    stage.refuses("cookie: session=1", 503, "without a text `user`");
    let provider = Provider::new();
    let stage = Stage::set("", &provider.callers);
    stage.refuses(&provider.token(&json!({ "sub": 7 })), 401, "Unauthorized");
}

/// Names that would mean something else in a path, in a policy, or in a template.
const NAMES: [&str; 8] = [
    "a/b",
    "*",
    "?",
    "..",
    "../bob",
    "bob/",
    "${user}",
    "${cos:prefix}",
];

#[test]
fn names_with_slashes_stars_dots_and_variables_are_refused() {
    let provider = Provider::new();
    let stage = Stage::set("", &provider.callers);
    for name in NAMES {
        stage.refuses(
            &provider.token(&json!({ "sub": name })),
            403,
            "UserNameNotAllowed",
        );
    }
}

#[test]
fn encoded_names_reach_a_folder_of_their_own_and_no_other() {
    let provider = Provider::new();
    let stage = Stage::set("user_names = 'encode'", &provider.callers);
    for (name, folder) in [
        ("a/b", "a=2Fb"),
        ("*", "=2A"),
        ("..", "=2E=2E"),
        ("../bob", "=2E=2E=2Fbob"),
        ("${user}", "=24=7Buser=7D"),
    ] {
        let (status, document) = stage.ask(&provider.token(&json!({ "sub": name })));
        assert_eq!(status, 200, "{name}: {document}");
        assert!(stage.may_put(&document, &format!("uploads/{folder}/x")), "{name}");
        for other in [
            "uploads/bob/x",
            "uploads/a/b/x",
            "bob/x",
            "uploads/*/x",
            "uploads/x",
        ] {
            assert!(!stage.may_put(&document, other), "{name} reaches {other}");
        }
    }
}

#[test]
fn an_application_that_hangs_is_given_up_and_holds_nobody_else_up() {
    let url = neighbour(|head| match head.contains("session=slow") {
        true => None,
        false => Some(json!({ "user": "ann" }).to_string()),
    });
    let callers = format!("[[callers]]\nkind = 'webhook'\nurl = '{url}/whoami'\ntimeout_ms = 1500\n");
    let stage = Stage::set("", &callers);
    std::thread::scope(|scope| {
        let hung = scope.spawn(|| stage.ask("cookie: session=slow"));
        let (status, document) = stage.ask("cookie: session=ann");
        assert_eq!(status, 200, "{document}");
        assert!(!hung.is_finished(), "the other one still waits");
        let (status, document) = hung.join().unwrap();
        assert_eq!(status, 503, "{document}");
        assert!(
            document.to_string().contains("does not answer in time"),
            "{document}"
        );
    });
}

#[test]
fn keys_live_on_while_the_token_service_is_down() {
    let url = neighbour(|head| {
        let user = if head.contains("session=bob") {
            "bob"
        } else {
            "ann"
        };
        Some(json!({ "user": user }).to_string())
    });
    let mut stage = Stage::set("", &format!("[[callers]]\nkind = 'webhook'\nurl = '{url}'\n"));
    let (status, first) = stage.ask("cookie: session=ann");
    assert_eq!(status, 200, "{first}");
    let store = stage.store.take().unwrap();
    stage.runtime.block_on(store.stop());
    let (status, again) = stage.ask("cookie: session=ann");
    assert_eq!((status, &again["credentials"]), (200, &first["credentials"]));
    stage.refuses("cookie: session=bob", 503, "ServiceUnavailable");
}

#[test]
fn settings_with_an_unknown_field_do_not_start() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("broker.toml");
    let check = |before: &str, callers: &str, field: &str| {
        std::fs::write(&file, settings("http://127.0.0.1:1", before, callers)).unwrap();
        let output = Command::new(env!("CARGO_BIN_EXE_daypass"))
            .args(["broker", "--listen", "127.0.0.1:0", "--config"])
            .arg(&file)
            .env("BROKER_ID", "AKIDa")
            .env("BROKER_SECRET", "secret")
            .output()
            .unwrap();
        let said = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(1), "{said}");
        assert!(said.contains(&format!("unknown field `{field}`")), "{said}");
        assert_eq!(output.stdout, b"", "it never was ready");
    };
    check("colour = 1", ANN, "colour");
    check("tls = { listen = 1 }", ANN, "tls");
    check("limits = { body = 1 }", ANN, "body");
    check("", &ANN.replace("sha256", "digest"), "digest");
    check("", &format!("{ANN}names = 1\n"), "names");
}
