//! The user server, `daypass broker`, over the store: its account, its settings, and what its callers ask.
//!
//! Its account has a policy of its own, as the one of any real user server: each key that is minted for it is judged
//! against that, and leaving it out would make minting look cheaper than it is. Its trail goes to a file.

use std::fmt::Write;
use std::fs;
use std::path::Path;

use anyhow::{Context, Result, ensure};
use aws_lc_rs::digest::{SHA256, digest};
use daypass_signature::SecretKey;
use serde_json::{Value, json};

use crate::administrator::Administrator;
use crate::http::{Connection, Request};
use crate::load::Step;
use crate::request::{Action, BUCKET, Key, REGION};
use crate::server::Server;
use crate::stage::Stage;

/// Users who ask, each with a key of his own; workers take them in turns.
const USERS: usize = 64;
/// The account's name, its policy's, and that of its folder.
const NAME: &str = "user-server";

/// Which keys are asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Handed {
    /// Those of a folder, which are handed out again.
    Again,
    /// Those of one object, which are made for each answer.
    New,
}

/// A running user server.
#[derive(Debug)]
pub(crate) struct UserServer {
    server: Server,
    keys: Vec<String>,
}

impl UserServer {
    /// Starts it over this store, with an account that is made for it.
    pub(crate) fn start(stage: &Stage, store: &Server) -> Result<Self> {
        let own = account(store, &stage.root)?;
        let keys: Vec<String> = (0..USERS).map(|user| format!("bench-key-{user}")).collect();
        let folder = stage.make(NAME)?;
        let file = folder.join("broker.toml");
        fs::write(&file, settings(store, &folder, &keys)?)?;
        let server = Server::start_user_server(stage.binary(), &file, &own)?;
        Ok(Self { server, keys })
    }

    /// Its process.
    pub(crate) fn process(&self) -> u32 {
        self.server.process()
    }

    /// Ends it in good order.
    pub(crate) fn stop(self) -> Result<()> {
        self.server.stop()
    }

    /// One worker's way of asking, over a connection of its own.
    pub(crate) fn step(&self, handed: Handed, worker: usize) -> Result<Step<'_>> {
        let mut connection = Connection::open(self.server.address())?;
        let path = match handed {
            Handed::Again => "/sts",
            Handed::New => "/getKeyAndCredentials?ext=jpg",
        };
        let key = self.keys.get(worker % USERS).context("there are no users")?;
        let head =
            format!("GET {path} HTTP/1.1\r\nHost: keys.example\r\nAuthorization: Bearer {key}\r\n\r\n");
        let (mut answer, mut before) = (Vec::new(), String::new());
        Ok(Box::new(move |count| {
            let request = Request {
                head: head.as_bytes(),
                piece: b"",
                repeats: 0,
                answer_has_body: true,
            };
            let told = connection.exchange(&request, Some(&mut answer))?;
            let text = || String::from_utf8_lossy(&answer);
            ensure!(told.status == 200, "status {}: {}", told.status, text());
            // The first two are looked at: whether a key is new is what sets the rows apart.
            if count < 2 {
                let id = id_of(&answer).with_context(|| format!("no key came: {}", text()))?;
                ensure!(
                    count == 0 || (id == before) == (handed == Handed::Again),
                    "the key is not of the kind that is measured"
                );
                before = id;
            }
            Ok(())
        }))
    }
}

fn id_of(answer: &[u8]) -> Option<String> {
    let document: Value = serde_json::from_slice(answer).ok()?;
    let id = document.pointer("/credentials/tmpSecretId")?;
    id.as_str().map(str::to_owned)
}

/// A user of the store's account, who may put and get below two folders, and his key.
fn account(store: &Server, root: &Key) -> Result<Key> {
    let mut administrator = Administrator::new(store.address(), root.clone())?;
    let user = administrator.ask(Action::ADD_USER, &json!({ "Name": NAME, "UseApi": 1 }))?;
    let text = |name: &str| user.get(name).and_then(Value::as_str).map(str::to_owned);
    let resource = |folder: &str| format!("qcs::cos:{REGION}:uid/1250000000:{BUCKET}/{folder}/*");
    let document = json!({ "version": "2.0", "statement": [{
        "effect": "allow",
        "action": "name/cos:*",
        "resource": [resource("uploads"), resource("file")],
    }] });
    let policy = json!({ "PolicyName": NAME, "PolicyDocument": document.to_string() });
    let policy = administrator.ask(Action::CREATE_POLICY, &policy)?;
    let attached = json!({ "PolicyId": policy.get("PolicyId"), "AttachUin": user.get("Uin") });
    administrator.ask(Action::ATTACH_USER_POLICY, &attached)?;
    Ok(Key {
        id: text("SecretId").context("no key came")?,
        secret: SecretKey::new(text("SecretKey").context("no key came")?),
        token: None,
        presigns: false,
    })
}

fn settings(store: &Server, folder: &Path, keys: &[String]) -> Result<String> {
    let mut text = format!(
        r#"[store]
endpoint = "http://{}"
region = "{REGION}"
bucket = "{BUCKET}"
key = {{ id_env = "BROKER_SECRET_ID", secret_env = "BROKER_SECRET_KEY" }}

[audit]
file = {:?}

[[templates]]
name = "folder"
endpoints = ["sts"]
prefix = "uploads/${{user}}/"
actions = ["upload", "download", "list"]
keys_per_minute = {most}

[[templates]]
name = "object"
endpoints = ["getKeyAndCredentials"]
key = "file/${{user}}/${{random}}.${{ext}}"
actions = ["upload"]
extensions = ["jpg"]
keys_per_minute = {most}

[[callers]]
kind = "api_keys"
"#,
        store.address(),
        folder.join("trail.jsonl"),
        most = u32::MAX,
    );
    text.push_str("keys = [\n");
    for (user, key) in keys.iter().enumerate() {
        let digest = digest(&SHA256, key.as_bytes());
        let digits: String = digest.as_ref().iter().map(|byte| format!("{byte:02x}")).collect();
        writeln!(text, "  {{ user = \"user-{user}\", sha256 = \"{digits}\" }},")?;
    }
    text.push_str("]\n");
    Ok(text)
}
