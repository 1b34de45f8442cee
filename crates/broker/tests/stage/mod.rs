//! A store, an account that may put and get below `uploads/` and `file/`, and a broker with its key.

// Each test uses its part of this.
#![allow(dead_code, reason = "each of the test programs uses its part")]

pub(crate) mod neighbours;

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use bytes::Bytes;
use daypass_api::Timestamp;
use daypass_api::names::{AccessKeyId, BucketName, PolicyName, Region, UserName};
use daypass_api::operation::{Contact, CreateUser, NewPolicy};
use daypass_api::outcome::SessionToken;
use daypass_api::secret::SecretKey;
use daypass_broker::{Broker, Settings};
use daypass_client::{ActionClient, Clock, Connection, Credentials, ObjectClient, SystemClock};
use daypass_testkit::{ROOT_SECRET_ID, ROOT_SECRET_KEY, TestServer};
use http::{Request, Response};
use http_body_util::{BodyExt, Full};
use hyper_util::client::legacy::Client;
use hyper_util::rt::TokioExecutor;
use serde_json::{Value, json};

pub(crate) const BUCKET: &str = "photos-1250000000";
pub(crate) const REGION: &str = "ap-guangzhou";

/// A clock that the test moves on.
pub(crate) struct TestClock(AtomicI64);

impl Clock for TestClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_unix_millis(self.0.load(Ordering::SeqCst))
    }
}

pub(crate) struct Stage {
    pub(crate) store: TestServer,
    pub(crate) key: Credentials,
    pub(crate) clock: Arc<TestClock>,
}

impl Stage {
    pub(crate) async fn set() -> Self {
        let store = TestServer::start().await;
        let root = Credentials {
            secret_id: AccessKeyId::parse(ROOT_SECRET_ID).unwrap(),
            secret_key: SecretKey::new(ROOT_SECRET_KEY.to_owned()),
            token: None,
        };
        let owner = Connection::new(format!("http://{}", store.address()).parse().unwrap(), Some(root));
        ObjectClient::new(owner.clone())
            .create_bucket(&bucket())
            .await
            .unwrap();
        let cam = ActionClient::new(owner, Region::parse(REGION).unwrap());
        let user = CreateUser {
            name: UserName::parse("broker").unwrap(),
            remark: String::new(),
            contact: Contact::default(),
            with_access_key: true,
        };
        let (user, key) = cam.add_user(user).await.unwrap();
        let resource = |folder: &str| format!("qcs::cos:{REGION}:uid/1250000000:{BUCKET}/{folder}/*");
        let policy = NewPolicy {
            name: PolicyName::parse("uploads").unwrap(),
            document: json!({ "version": "2.0", "statement": [{
                "effect": "allow", "action": "name/cos:*", "resource": [resource("uploads"), resource("file")],
            }] })
            .to_string(),
            description: String::new(),
            tags: Vec::new(),
        };
        let policy = cam.create_policy(policy).await.unwrap();
        cam.attach_user_policy(user.uin, policy).await.unwrap();
        Self {
            store,
            key: key.unwrap().into(),
            clock: Arc::new(TestClock(AtomicI64::new(SystemClock.now().unix_millis()))),
        }
    }

    /// Settings over this store, with more of them.
    pub(crate) fn settings(&self, before: &str, after: &str) -> Settings {
        settings(&format!("http://{}", self.store.address()), before, after)
    }

    pub(crate) async fn broker(&self, settings: &Settings) -> Broker {
        let clock = Arc::clone(&self.clock) as Arc<dyn Clock>;
        Broker::start_by(settings, self.key.clone(), clock).await.unwrap()
    }

    /// Moves both clocks on.
    pub(crate) fn advance(&self, seconds: i64) {
        self.clock.0.fetch_add(seconds * 1000, Ordering::SeqCst);
        self.store.clock.advance_seconds(seconds);
    }

    /// The objects, as whoever has this key sees them.
    pub(crate) fn objects(&self, key: Credentials) -> ObjectClient {
        let endpoint = format!("http://{}", self.store.address()).parse().unwrap();
        ObjectClient::new(Connection::new(endpoint, Some(key)))
    }
}

pub(crate) fn settings(endpoint: &str, before: &str, after: &str) -> Settings {
    let text = format!(
        "listen = '127.0.0.1:0'\n{before}\n[store]\nendpoint = '{endpoint}'\nregion = '{REGION}'\nbucket = '{BUCKET}'\n\
         key = {{ id_env = 'ID', secret_env = 'SECRET' }}\n{after}"
    );
    Settings::parse(&text).unwrap()
}

pub(crate) fn bucket() -> BucketName {
    BucketName::parse(BUCKET).unwrap()
}

/// A key for each of these users, and the settings that know them.
pub(crate) fn api_keys(users: &[&str]) -> (Vec<String>, String) {
    let made: Vec<_> = users.iter().map(|_| daypass_broker::new_key().unwrap()).collect();
    let entry = |(user, (_, sha256)): (&&str, &(String, String))| {
        format!("{{ user = '{user}', sha256 = '{sha256}' }}")
    };
    let entries: Vec<_> = users.iter().zip(&made).map(entry).collect();
    let text = format!(
        "[[callers]]\nkind = 'api_keys'\nkeys = [{}]\n",
        entries.join(", ")
    );
    (made.into_iter().map(|(key, _)| key).collect(), text)
}

pub(crate) async fn send(broker: &Broker, request: Request<Full<Bytes>>) -> Response<Bytes> {
    let client = Client::builder(TokioExecutor::new()).build_http::<Full<Bytes>>();
    let (mut head, body) = request.into_parts();
    head.uri = format!("http://{}{}", broker.address(), head.uri)
        .parse()
        .unwrap();
    let answer = client.request(Request::from_parts(head, body)).await.unwrap();
    let (head, body) = answer.into_parts();
    Response::from_parts(head, body.collect().await.unwrap().to_bytes())
}

pub(crate) async fn get(broker: &Broker, path: &str, key: &str) -> (u16, Value) {
    let request = Request::get(path).header("authorization", format!("Bearer {key}"));
    read(send(broker, request.body(Full::default()).unwrap()).await)
}

pub(crate) fn read(answer: Response<Bytes>) -> (u16, Value) {
    let document = serde_json::from_slice(answer.body()).unwrap_or_default();
    (answer.status().as_u16(), document)
}

pub(crate) fn credentials(document: &Value) -> Credentials {
    let text = |name: &str| document["credentials"][name].as_str().unwrap().to_owned();
    Credentials {
        secret_id: AccessKeyId::parse(&text("tmpSecretId")).unwrap(),
        secret_key: SecretKey::new(text("tmpSecretKey")),
        token: Some(SessionToken::new(text("sessionToken"))),
    }
}

/// The text at this path.
pub(crate) async fn fetch(address: std::net::SocketAddr, path: &str) -> String {
    let client = Client::builder(TokioExecutor::new()).build_http::<Full<Bytes>>();
    let answer = client
        .get(format!("http://{address}{path}").parse().unwrap())
        .await
        .unwrap();
    let body = answer.into_body().collect().await.unwrap().to_bytes();
    String::from_utf8(body.to_vec()).unwrap()
}
