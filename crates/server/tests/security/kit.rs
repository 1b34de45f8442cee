//! Keys, signed requests that can be bent after signing, and calls to the token and access-management services.

#![allow(dead_code, reason = "each test binary uses a part")]

use std::collections::BTreeMap;

use daypass_server::Clock;
use daypass_signature::cos::{Selection, SignOptions, presign, sign};
use daypass_signature::{RequestView, SecretKey, Window, tc3};
use daypass_testkit::{ROOT_SECRET_ID, ROOT_SECRET_KEY, TestServer};
use serde_json::{Value, json};
use tokio::io::AsyncReadExt;

use crate::wire::{Answer, BUCKET, Wire};

/// A key of either kind.
#[derive(Clone, Debug)]
pub(crate) struct Key {
    pub(crate) id: String,
    pub(crate) secret: String,
    pub(crate) token: Option<String>,
}

impl Key {
    pub(crate) fn root() -> Self {
        Self::permanent(ROOT_SECRET_ID, ROOT_SECRET_KEY)
    }

    pub(crate) fn permanent(id: &str, secret: &str) -> Self {
        Self {
            id: id.to_owned(),
            secret: secret.to_owned(),
            token: None,
        }
    }

    fn secret(&self) -> SecretKey {
        SecretKey::new(self.secret.clone())
    }
}

/// The server's time, in seconds.
pub(crate) fn now(server: &TestServer) -> i64 {
    server.clock.now().unix_seconds()
}

/// The host that names a bucket.
pub(crate) fn host_of(server: &TestServer, bucket: &str) -> String {
    format!("{bucket}.localhost:{}", server.address().port())
}

/// A request to the object store. What is said before signing is signed as the official SDKs do, what is said after
/// it is not.
#[derive(Clone)]
pub(crate) struct Request {
    pub(crate) method: String,
    pub(crate) target: String,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
    window: Option<(i64, i64)>,
    only: Option<(Vec<String>, Vec<String>)>,
}

impl Request {
    /// To the bucket of these tests.
    pub(crate) fn new(server: &TestServer, method: &str, target: &str) -> Self {
        let headers = vec![("Host".to_owned(), host_of(server, BUCKET))];
        Self {
            method: method.to_owned(),
            target: target.to_owned(),
            headers,
            body: Vec::new(),
            window: None,
            only: None,
        }
    }

    pub(crate) fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Takes a header's place, or takes it away.
    pub(crate) fn instead(mut self, name: &str, value: Option<&str>) -> Self {
        self.headers
            .retain(|(other, _)| !other.eq_ignore_ascii_case(name));
        match value {
            Some(value) => self.header(name, value),
            None => self,
        }
    }

    pub(crate) fn body(mut self, body: &[u8]) -> Self {
        self.body = body.to_vec();
        self.header("Content-Length", &body.len().to_string())
    }

    pub(crate) fn target(mut self, target: &str) -> Self {
        target.clone_into(&mut self.target);
        self
    }

    pub(crate) fn method(mut self, method: &str) -> Self {
        method.clone_into(&mut self.method);
        self
    }

    /// From when until when the signature holds, in seconds from now.
    pub(crate) fn window(mut self, start: i64, end: i64) -> Self {
        self.window = Some((start, end));
        self
    }

    /// Signs these headers and parameters only.
    pub(crate) fn covering(mut self, headers: &[&str], parameters: &[&str]) -> Self {
        let owned = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
        self.only = Some((owned(headers), owned(parameters)));
        self
    }

    /// Signs in the `Authorization` header, the token beside it.
    pub(crate) fn sign(self, server: &TestServer, key: &Key) -> Self {
        let with_token = match &key.token {
            Some(token) => self.header("x-cos-security-token", token),
            None => self,
        };
        let text = with_token.signed(server, |view, options| {
            sign(view, &key.id, &key.secret(), options)
        });
        with_token.header("Authorization", &text)
    }

    /// Signs in the query, the token in it.
    pub(crate) fn presign(self, server: &TestServer, key: &Key) -> Self {
        let addition = self.signed(server, |view, options| {
            presign(view, &key.id, &key.secret(), key.token.as_deref(), options).unwrap()
        });
        let separator = if self.target.contains('?') { '&' } else { '?' };
        let target = format!("{}{separator}{addition}", self.target);
        self.target(&target)
    }

    fn signed(
        &self,
        server: &TestServer,
        with: impl FnOnce(&RequestView<'_>, &SignOptions<'_>) -> String,
    ) -> String {
        let (path, query) = self.target.split_once('?').unwrap_or((&self.target, ""));
        let pairs: Vec<(&str, &[u8])> = self
            .headers
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_bytes()))
            .collect();
        let view = RequestView::new(&self.method, path, query, &pairs).unwrap();
        let (start, end) = self.window.unwrap_or((-60, 600));
        let now = now(server);
        let mut options = SignOptions::standard(Window::new(now + start, now + end).unwrap());
        let (headers, parameters) = self.only.clone().unwrap_or_default();
        let (headers, parameters) = (borrowed(&headers), borrowed(&parameters));
        if self.only.is_some() {
            options.headers = Selection::Only(&headers);
            options.parameters = Selection::Only(&parameters);
        }
        with(&view, &options)
    }

    /// The bytes of it.
    pub(crate) fn bytes(&self) -> Vec<u8> {
        let mut text = format!("{} {} HTTP/1.1\r\n", self.method, self.target);
        for (name, value) in &self.headers {
            text.push_str(&format!("{name}: {value}\r\n"));
        }
        text.push_str("\r\n");
        [text.as_bytes(), &self.body].concat()
    }

    /// Sends it on a connection of its own.
    pub(crate) async fn send(&self, server: &TestServer) -> Answer {
        if self.method == "HEAD" {
            return self.send_head(server).await;
        }
        send_bytes(server, &self.bytes()).await
    }

    /// The answer to HEAD announces a body that does not come, so that its end is that of the connection.
    async fn send_head(&self, server: &TestServer) -> Answer {
        let mut wire = Wire::open(server).await;
        wire.send(self.clone().header("Connection", "close").bytes())
            .await;
        let mut text = String::new();
        wire.stream.read_to_string(&mut text).await.unwrap();
        let headers = text.lines().filter_map(|line| line.split_once(": "));
        Answer {
            status: text.split(' ').nth(1).unwrap().parse().unwrap(),
            headers: headers
                .map(|(name, value)| (name.to_owned(), value.to_owned()))
                .collect(),
            body: Vec::new(),
        }
    }
}

fn borrowed(names: &[String]) -> Vec<&str> {
    names.iter().map(String::as_str).collect()
}

/// Sends these bytes on a connection of their own.
pub(crate) async fn send_bytes(server: &TestServer, bytes: &[u8]) -> Answer {
    let mut wire = Wire::open(server).await;
    wire.send(bytes).await;
    wire.receive().await.unwrap()
}

/// A signed request as the SDKs make it, answered.
pub(crate) async fn act(server: &TestServer, key: &Key, method: &str, target: &str, body: &[u8]) -> Answer {
    let request = Request::new(server, method, target);
    let has_body = !body.is_empty() || matches!(method, "PUT" | "POST");
    let request = if has_body { request.body(body) } else { request };
    request.sign(server, key).send(server).await
}

/// Fails unless the answer has this status and, if it is an error, this code.
#[track_caller]
pub(crate) fn expect(answer: &Answer, status: u16, code: &str) {
    let got = (answer.status, answer.code());
    let body = String::from_utf8_lossy(&answer.body);
    assert_eq!(got, (status, code), "{body}");
}

/// Calls an action with these parameters; the answer is what stands in `Response`.
pub(crate) async fn call(server: &TestServer, key: &Key, action: &str, parameters: Value) -> Value {
    let body = parameters.to_string();
    let request = action_request(server, key, action, &body);
    let answer = request.send(server).await;
    response(&answer)
}

pub(crate) fn response(answer: &Answer) -> Value {
    assert_eq!(answer.status, 200);
    let mut document: Value = serde_json::from_slice(&answer.body).unwrap();
    document["Response"].take()
}

/// Calls an action as the root, and fails if it is refused.
pub(crate) async fn done(server: &TestServer, action: &str, parameters: Value) -> Value {
    let answer = call(server, &Key::root(), action, parameters).await;
    assert_eq!(code(&answer), "", "{action}: {answer}");
    answer
}

/// A policy of the root's account; its number.
pub(crate) async fn policy_of(server: &TestServer, name: &str, document: &str) -> u64 {
    let parameters = json!({ "PolicyName": name, "PolicyDocument": document });
    let made = done(server, "CreatePolicy", parameters).await;
    made["PolicyId"].as_u64().unwrap()
}

/// Gives a user a policy.
pub(crate) async fn attach(server: &TestServer, uin: u64, policy: u64) {
    let parameters = json!({ "AttachUin": uin, "PolicyId": policy });
    done(server, "AttachUserPolicy", parameters).await;
}

/// Begins an upload in parts; its id.
pub(crate) async fn upload(server: &TestServer, key: &Key, target: &str) -> String {
    let started = act(server, key, "POST", &format!("{target}?uploads"), b"").await;
    let text = String::from_utf8(started.body).unwrap();
    let (_, rest) = text.split_once("<UploadId>").unwrap();
    rest.split_once("</UploadId>").unwrap().0.to_owned()
}

/// A sub-account, as a policy names it.
pub(crate) fn user_resource(uin: u64) -> String {
    format!("qcs::cam::uin/100000000001:uin/{uin}")
}

/// The code of a refused call; empty for one that was not refused.
pub(crate) fn code(response: &Value) -> &str {
    response["Error"]["Code"].as_str().unwrap_or_default()
}

/// A call signed with TC3.
pub(crate) fn action_request(server: &TestServer, key: &Key, action: &str, body: &str) -> Request {
    use daypass_dialect::api3::{Action, Service};
    let (service, version) = match Action::parse(action) {
        Ok(action) => (action.service().name(), action.version()),
        Err(_) => (Service::Cam.name(), Service::Cam.version()),
    };
    let timestamp = now(server);
    let mut request = Request::new(server, "POST", "/")
        .instead("Host", Some(&server.address().to_string()))
        .header("Content-Type", "application/json")
        .header("X-TC-Action", action)
        .header("X-TC-Version", version)
        .header("X-TC-Timestamp", &timestamp.to_string())
        .body(body.as_bytes());
    if let Some(token) = &key.token {
        request = request.header("X-TC-Token", token);
    }
    let pairs: Vec<(&str, &[u8])> = request
        .headers
        .iter()
        .map(|(name, value)| (name.as_str(), value.as_bytes()))
        .collect();
    let view = RequestView::new("POST", "/", "", &pairs).unwrap();
    let text = tc3::sign(&view, body.as_bytes(), &key.id, &key.secret(), service, timestamp);
    request.header("Authorization", &text.unwrap())
}

/// A policy of statements `(effect, actions, resources)`; `*` and whole names are taken as they are.
pub(crate) fn policy(statements: &[(&str, &[&str], &[&str])]) -> String {
    let statement = |(effect, actions, resources): &(&str, &[&str], &[&str])| json!({ "effect": effect, "action": actions, "resource": resources });
    let statements: Vec<Value> = statements.iter().map(statement).collect();
    json!({ "version": "2.0", "statement": statements }).to_string()
}

/// The name of what is in the bucket of these tests.
pub(crate) fn object_resource(key: &str) -> String {
    format!("qcs::cos:ap-guangzhou:uid/1250000000:{BUCKET}/{key}")
}

/// A temporary key, minted with this one.
pub(crate) async fn mint(server: &TestServer, by: &Key, policy: Option<&str>, seconds: i64) -> Key {
    let mut parameters = BTreeMap::from([("Name", json!("tests")), ("DurationSeconds", json!(seconds))]);
    if let Some(policy) = policy {
        parameters.insert("Policy", json!(encode(policy)));
    }
    let response = call(server, by, "GetFederationToken", json!(parameters)).await;
    key_of(&response)
}

/// The temporary key in an answer.
pub(crate) fn key_of(response: &Value) -> Key {
    let credentials = &response["Credentials"];
    let text = |name: &str| {
        credentials[name]
            .as_str()
            .unwrap_or_else(|| panic!("{response}"))
            .to_owned()
    };
    Key {
        id: text("TmpSecretId"),
        secret: text("TmpSecretKey"),
        token: Some(text("Token")),
    }
}

/// Policies travel encoded once more.
pub(crate) fn encode(policy: &str) -> String {
    daypass_signature::encode(policy)
}

/// A sub-account with a key of its own and these permissions.
pub(crate) struct User {
    pub(crate) name: String,
    pub(crate) uin: u64,
    pub(crate) key: Key,
    /// The number of its one policy.
    pub(crate) policy: u64,
}

pub(crate) async fn user(server: &TestServer, name: &str, document: &str) -> User {
    let root = Key::root();
    let made = call(server, &root, "AddUser", json!({ "Name": name, "UseApi": 1 })).await;
    let uin = made["Uin"].as_u64().unwrap_or_else(|| panic!("{made}"));
    let key = Key::permanent(
        made["SecretId"].as_str().unwrap(),
        made["SecretKey"].as_str().unwrap(),
    );
    let parameters = json!({ "PolicyName": format!("of-{name}"), "PolicyDocument": document });
    let made = call(server, &root, "CreatePolicy", parameters).await;
    let policy = made["PolicyId"].as_u64().unwrap_or_else(|| panic!("{made}"));
    let attached = call(
        server,
        &root,
        "AttachUserPolicy",
        json!({ "AttachUin": uin, "PolicyId": policy }),
    )
    .await;
    assert_eq!(code(&attached), "", "{attached}");
    User {
        name: name.to_owned(),
        uin,
        key,
        policy,
    }
}

/// A server with the bucket of these tests in it.
pub(crate) async fn server() -> TestServer {
    let server = daypass_testkit::TestServer::start().await;
    let made = crate::wire::ask(&server, "PUT", "/", &[], b"").await;
    assert_eq!(made.status, 200);
    server
}
