//! Every call of this client is the request that the vendor's SDK makes of the same wish.
//!
//! `tests/vectors/requests.json` has what the vendor's Python SDKs sent (`tests/sdk-python/record_requests.py` made it).
//! The same calls are made here, towards the same hosts, at the same time and with the same key, and what arrives is
//! compared: the request line, the headers, what is signed, and bodies as the trees that they are. What is not the same
//! stands in one table, each with its reason, and the table has nothing that is the same.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test may fail by panicking"
)]

mod actions;
mod comparison;
mod objects;
mod reasons;
mod recorder;

use std::collections::{BTreeMap, BTreeSet};
use std::pin::Pin;
use std::sync::Arc;

use daypass_api::Timestamp;
use daypass_api::names::{AccessKeyId, Region};
use daypass_api::outcome::SessionToken;
use daypass_api::secret::SecretKey;
use daypass_client::scope::{Reach, Scope};
use daypass_client::{ActionClient, Clock, Connection, Credentials, Error, ObjectClient, request, scope};
use daypass_dialect::api3;
use serde_json::Value as Json;

use comparison::differences;
use recorder::{Recorder, Request};

const DOCUMENT: &str =
    r#"{"version":"2.0","statement":[{"effect":"allow","action":["name/cos:GetObject"],"resource":["*"]}]}"#;

/// A call by the name under which it was recorded; how it ends does not matter.
type Call<'a> = (
    &'static str,
    Pin<Box<dyn Future<Output = Result<(), Error>> + 'a>>,
);

fn call<'a, T>(name: &'static str, work: impl Future<Output = Result<T, Error>> + 'a) -> Call<'a> {
    (name, Box::pin(async { work.await.map(drop) }))
}

struct Standing;

impl Clock for Standing {
    fn now(&self) -> Timestamp {
        Timestamp::from_unix_seconds(vectors()["now"].as_i64().unwrap())
    }
}

fn vectors() -> Json {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/vectors/requests.json");
    serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
}

fn credentials() -> Credentials {
    let key = &vectors()["key"];
    let text = |name: &str| key[name].as_str().unwrap().to_owned();
    Credentials {
        secret_id: AccessKeyId::parse(&text("id")).unwrap(),
        secret_key: SecretKey::new(text("secret")),
        token: Some(SessionToken::new(text("token"))),
    }
}

fn region() -> Region {
    Region::parse("ap-guangzhou").unwrap()
}

fn connection(host: &str, recorder: &Recorder) -> Connection {
    Connection::new(format!("http://{host}").parse().unwrap(), Some(credentials()))
        .with_clock(Arc::new(Standing))
        .with_proxy(recorder.url().parse().unwrap())
}

fn object_client(recorder: &Recorder) -> ObjectClient {
    ObjectClient::new(connection("cos.ap-guangzhou.myqcloud.com", recorder))
}

fn action_clients(recorder: &Recorder) -> [ActionClient; 2] {
    ["sts.tencentcloudapi.com", "cam.tencentcloudapi.com"]
        .map(|host| ActionClient::new(connection(host, recorder), region()))
}

/// The requests of one part of the file, by call.
fn recorded(part: &str) -> BTreeMap<String, Request> {
    let request = |entry: &Json| {
        let text = |name: &str| entry[name].as_str().unwrap().to_owned();
        let headers = serde_json::from_value(entry["headers"].clone()).unwrap();
        let request = Request {
            method: text("method"),
            host: text("host"),
            path: text("path"),
            query: text("query"),
            headers,
            body: text("body"),
        };
        (text("call"), request)
    };
    vectors()[part].as_array().unwrap().iter().map(request).collect()
}

/// Makes the calls, and tells how each differs from the recorded one of its name.
async fn compared(
    calls: Vec<Call<'_>>,
    part: &str,
    recorder: &Recorder,
) -> BTreeMap<&'static str, BTreeSet<String>> {
    let mut recorded = recorded(part);
    let mut found = BTreeMap::new();
    for (name, work) in calls {
        let outcome = work.await;
        assert!(matches!(outcome, Err(Error::Refused(_))), "{name}: {outcome:?}");
        let sent = recorder.take();
        let [sent] = &sent[..] else {
            panic!("{name} is not one request: {sent:?}")
        };
        let expected = recorded.remove(name);
        let expected = expected.unwrap_or_else(|| panic!("{name} was not recorded"));
        found.insert(name, differences(&expected, sent, &credentials()));
    }
    assert!(recorded.is_empty(), "not called: {:?}", recorded.keys());
    found
}

#[tokio::test]
async fn the_object_stores_calls_are_those_of_the_vendors_sdk() {
    let recorder = Recorder::start().await;
    let client = object_client(&recorder);
    let found = compared(objects::calls(&client), "objects", &recorder).await;
    reasons::check(reasons::OBJECTS, &found);
}

#[tokio::test]
async fn the_actions_are_those_of_the_vendors_sdk() {
    let recorder = Recorder::start().await;
    let [sts, cam] = action_clients(&recorder);
    let found = compared(actions::calls(&sts, &cam), "actions", &recorder).await;
    reasons::check(reasons::ACTIONS, &found);
}

#[tokio::test]
async fn links_are_those_of_the_vendors_sdk() {
    let recorder = Recorder::start().await;
    let client = object_client(&recorder);
    let (bucket, key) = (objects::bucket(), objects::key());
    let mut read = request::read_object(&bucket, &key);
    let get = client.presign_get(read.clone(), 600).await.unwrap();
    read.overrides.content_disposition = Some("attachment".to_owned());
    let overridden = client.presign_get(read, 600).await.unwrap();
    let put = client.presign_put(&bucket, &key, 600).await.unwrap();
    let signed = client
        .sign_put(&bucket, &key, Some("text/plain"), 600)
        .await
        .unwrap();
    let made = [
        ("presign_get", get.expose()),
        ("presign_get:overrides", overridden.expose()),
        ("presign_put", put.expose()),
        ("sign_put", signed.expose_authorization()),
    ];
    // The order of a query's parameters says nothing.
    let parts = |text: &str| -> BTreeSet<String> { text.split(['?', '&']).map(str::to_owned).collect() };
    let vectors = vectors();
    let links = vectors["links"].as_array().unwrap();
    assert_eq!(links.len(), made.len());
    for (link, (name, text)) in links.iter().zip(made) {
        assert_eq!(link["call"], name);
        assert_eq!(parts(text), parts(link["text"].as_str().unwrap()), "{name}");
    }
    assert!(
        recorder.take().is_empty(),
        "a link is made without asking anybody"
    );
}

#[test]
fn the_policy_of_scopes_is_that_of_the_cos_sts_sdk() {
    let scope = |action: &str| Scope {
        actions: vec![action.to_owned()],
        bucket: objects::bucket(),
        region: region(),
        reach: vec![Reach::Folder("users/ann/".to_owned())],
    };
    let made = scope::policy(&[scope("name/cos:PutObject"), scope("name/cos:GetObject")]).unwrap();
    let made: Json = serde_json::from_str(&made).unwrap();
    assert_eq!(made, vectors()["cos_sts"]["policy"]);
}

#[test]
fn every_action_that_the_service_has_was_recorded() {
    let recorded: BTreeSet<String> = recorded("actions").into_keys().collect();
    let service = |action: &&api3::Action| action.version() == action.service().version();
    let offered: BTreeSet<String> = api3::Action::ALL
        .iter()
        .filter(service)
        .map(|action| action.name().to_owned())
        .filter(|name| !reasons::ONLY_HERE.contains(&name.as_str()))
        .collect();
    assert_eq!(recorded, offered);
}

#[test]
fn every_call_of_the_object_store_was_recorded() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/src/objects");
    let sources = std::fs::read_dir(folder).unwrap();
    let source: String = sources
        .map(|entry| std::fs::read_to_string(entry.unwrap().path()).unwrap())
        .collect();
    let offered: BTreeSet<&str> = source
        .lines()
        .filter_map(|line| line.strip_prefix("    pub async fn "))
        .map(|line| line.split(['(', '<']).next().unwrap())
        .filter(|name| !reasons::MADE_OF_OTHERS.iter().any(|(other, _)| other == name))
        .collect();
    let vectors = vectors();
    let names = ["objects", "links"].map(|part| vectors[part].as_array().unwrap());
    let recorded: BTreeSet<&str> = names
        .into_iter()
        .flatten()
        .map(|entry| entry["call"].as_str().unwrap().split(':').next().unwrap())
        .collect();
    assert_eq!(recorded, offered);
}
