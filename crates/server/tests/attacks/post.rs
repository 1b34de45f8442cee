//! Forms that upload a file: built field by field, signed in either way, and bent after that.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use daypass_api::Timestamp;
use daypass_signature::cos::post_policy_signature;
use daypass_signature::{SecretKey, Window};
use daypass_testkit::TestServer;
use serde_json::{Value, json};

use crate::kit::{Key, Request, now, send_bytes};
use crate::wire::Answer;

/// A form with a small file, to the bucket of these tests.
#[derive(Clone)]
pub(crate) struct Post {
    pub(crate) fields: Vec<(String, String)>,
    pub(crate) file_name: String,
    pub(crate) file: Vec<u8>,
    /// Fields that stand after the file.
    pub(crate) after: Vec<(String, String)>,
    /// The head that it is sent with.
    pub(crate) head: Request,
}

impl Post {
    pub(crate) fn new(server: &TestServer, key: &str) -> Self {
        let head = Request::new(server, "POST", "/");
        Self {
            fields: vec![("key".to_owned(), key.to_owned())],
            file_name: "a.txt".to_owned(),
            file: b"value".to_vec(),
            after: Vec::new(),
            head: head.header("Content-Type", "multipart/form-data; boundary=----form"),
        }
    }

    pub(crate) fn field(mut self, name: &str, value: &str) -> Self {
        self.fields.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Takes a field's place, or takes it away.
    pub(crate) fn instead(mut self, name: &str, value: Option<&str>) -> Self {
        self.fields.retain(|(other, _)| other != name);
        match value {
            Some(value) => self.field(name, value),
            None => self,
        }
    }

    pub(crate) fn header(mut self, name: &str, value: &str) -> Self {
        self.head = self.head.header(name, value);
        self
    }

    pub(crate) fn file(mut self, bytes: &[u8]) -> Self {
        self.file = bytes.to_vec();
        self
    }

    /// Signs a policy that says of every field so far what it is.
    pub(crate) fn sign(self, server: &TestServer, key: &Key) -> Self {
        let conditions = self
            .fields
            .iter()
            .map(|(name, value)| json!({ name.as_str(): value }));
        let conditions: Vec<Value> = conditions.collect();
        self.sign_policy(server, key, &conditions)
    }

    /// Signs a policy of these conditions, and those that every policy must have.
    pub(crate) fn sign_policy(self, server: &TestServer, key: &Key, conditions: &[Value]) -> Self {
        self.sign_until(server, key, conditions, 600)
    }

    /// The same, which ends in so many seconds.
    pub(crate) fn sign_until(
        self,
        server: &TestServer,
        key: &Key,
        conditions: &[Value],
        seconds: i64,
    ) -> Self {
        let window = Window::new(now(server) - 60, now(server) + 600).unwrap();
        let mut all = vec![
            json!({ "q-sign-algorithm": "sha1" }),
            json!({ "q-ak": key.id }),
            json!({ "q-sign-time": window.to_string() }),
        ];
        all.extend_from_slice(conditions);
        let end = Timestamp::from_unix_seconds(now(server) + seconds).iso_millis();
        let policy = json!({ "expiration": end, "conditions": all }).to_string();
        let secret = SecretKey::new(key.secret.clone());
        let signature = post_policy_signature(policy.as_bytes(), window, &secret);
        self.field("q-sign-algorithm", "sha1")
            .field("q-ak", &key.id)
            .field("q-key-time", &window.to_string())
            .field("q-signature", &signature)
            .field("policy", &STANDARD.encode(policy))
            .token(key)
    }

    /// Signs the request as the mini-program SDK does: the signature stands in the form and beside it.
    pub(crate) fn sign_request(mut self, server: &TestServer, key: &Key) -> Self {
        let mut bare = self.head.clone().instead("Content-Type", None);
        if let Some((_, value)) = self.fields.iter().find(|(name, _)| name == "Content-Type") {
            bare = bare.header("Content-Type", value);
        }
        let unsigned_token = Key {
            token: None,
            ..key.clone()
        };
        let signed = bare.sign(server, &unsigned_token);
        let (_, text) = signed
            .headers
            .iter()
            .find(|(name, _)| name == "Authorization")
            .unwrap();
        self = self.header("Authorization", text).field("Signature", text);
        if let Some(token) = &key.token {
            self = self.header("x-cos-security-token", token);
        }
        self.token(key)
    }

    fn token(self, key: &Key) -> Self {
        match &key.token {
            Some(token) => self.field("x-cos-security-token", token),
            None => self,
        }
    }

    pub(crate) fn body(&self) -> Vec<u8> {
        let part = |name: &str, value: &str| {
            format!("------form\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n")
        };
        let parts = |fields: &[(String, String)]| {
            fields
                .iter()
                .map(|(name, value)| part(name, value))
                .collect::<String>()
        };
        let file = format!(
            "------form\r\nContent-Disposition: form-data; name=\"file\"; filename=\"{}\"\r\n\
             Content-Type: text/html\r\n\r\n",
            self.file_name
        );
        let before = format!("{}{file}", parts(&self.fields));
        let after = format!("\r\n{}------form--\r\n", parts(&self.after));
        [before.as_bytes(), &self.file, after.as_bytes()].concat()
    }

    pub(crate) async fn send(&self, server: &TestServer) -> Answer {
        self.head.clone().body(&self.body()).send(server).await
    }

    /// Sends it with another body than it would have.
    pub(crate) async fn send_body(&self, server: &TestServer, body: &[u8]) -> Answer {
        send_bytes(server, &self.head.clone().body(body).bytes()).await
    }
}
