//! The audit trail of the built program that is killed under load: it stays sound, and lacks at most what was answered
//! in the last moments.

#![expect(clippy::unwrap_used, reason = "a test may fail by panicking")]

use std::collections::HashSet;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use daypass_api::names::{AccessKeyId, Region, SessionName, UserName};
use daypass_api::operation::{Contact, CreateUser, GetFederationToken};
use daypass_api::secret::SecretKey;
use daypass_audit::query::{Query, Trail};
use daypass_audit::record::Request;
use daypass_client::{ActionClient, Connection, Credentials};
use daypass_testkit::{ROOT_SECRET_ID, ROOT_SECRET_KEY};
use serde_json::Value;
use tokio::time::Instant;

const WORKERS: usize = 6;
/// What docs/audit.md calls moments, with much room for a machine that does other things, too.
const MOMENTS: Duration = Duration::from_secs(1);
/// How long the server works before it is killed.
const UNDER_LOAD: Duration = Duration::from_millis(1500);

struct Server {
    process: Child,
    endpoint: String,
}

impl Server {
    fn start(data: &Path) -> Self {
        let mut process = program()
            .env("DAYPASS_ROOT_SECRET_ID", ROOT_SECRET_ID)
            .env("DAYPASS_ROOT_SECRET_KEY", ROOT_SECRET_KEY)
            .args(["serve", "--listen", "127.0.0.1:0", "--data"])
            .arg(data)
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut line = String::new();
        let mut output = BufReader::new(process.stdout.take().unwrap());
        output.read_line(&mut line).unwrap();
        let ready: Value = serde_json::from_str(&line).unwrap();
        let address = ready.get("http").unwrap().as_str().unwrap();
        let endpoint = format!("http://{address}");
        Self { process, endpoint }
    }

    fn client(&self) -> ActionClient {
        let credentials = Credentials {
            secret_id: AccessKeyId::parse(ROOT_SECRET_ID).unwrap(),
            secret_key: SecretKey::new(ROOT_SECRET_KEY.to_owned()),
            token: None,
        };
        let connection = Connection::new(self.endpoint.parse().unwrap(), Some(credentials));
        ActionClient::new(connection, Region::parse("ap-guangzhou").unwrap())
    }

    fn kill(&mut self) {
        self.process.kill().unwrap();
        self.process.wait().unwrap();
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It may have been killed already.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn program() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_daypass"));
    command.env_clear();
    command
}

/// The keys that one worker was given, each of them a change that was acknowledged, and when.
type Acknowledged = Vec<(AccessKeyId, Instant)>;

/// Makes users with a key, and temporary keys, in turn, until the server is gone.
async fn change(client: ActionClient, worker: String) -> Acknowledged {
    let mut acknowledged = Vec::new();
    for number in 0.. {
        let create = CreateUser {
            name: UserName::parse(&format!("{worker}-{number}")).unwrap(),
            remark: String::new(),
            contact: Contact::default(),
            with_access_key: true,
        };
        let Ok((_, Some(made))) = client.add_user(create).await else {
            break;
        };
        acknowledged.push((made.access_key.id, Instant::now()));
        let get = GetFederationToken {
            name: SessionName::parse(&worker).unwrap(),
            policy: None,
            duration_seconds: None,
        };
        let Ok(minted) = client.get_federation_token(get).await else {
            break;
        };
        acknowledged.push((minted.access_key_id, Instant::now()));
    }
    acknowledged
}

/// Fails unless the program finds the trail sound.
fn verify(trail: &Path) {
    let output = program()
        .args(["audit", "verify", "--dir"])
        .arg(trail)
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}");
}

/// The keys that the trail says were given.
fn given(trail: &Path) -> HashSet<String> {
    let trail = Trail::new(vec![trail.to_owned()]);
    let found = trail.ask(&Query::default(), usize::MAX).unwrap().into_iter();
    let key = |request: Request| {
        let minted = request.minted.map(|minted| minted.access_key_id);
        minted.or(request.made_access_key_id)
    };
    found.filter_map(|found| key(found.request)).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_trail_that_is_killed_under_load_lacks_the_last_moments_at_most() {
    let folder = tempfile::tempdir().unwrap();
    let (data, trail) = (folder.path().join("data"), folder.path().join("data/audit"));
    let mut rounds = Vec::new();
    for round in 0..3 {
        let mut server = Server::start(&data);
        let work = |worker| tokio::spawn(change(server.client(), format!("u{round}-{worker}")));
        let workers: Vec<_> = (0..WORKERS).map(work).collect();
        tokio::time::sleep(UNDER_LOAD).await;
        let killed = Instant::now();
        server.kill();
        for worker in workers {
            rounds.push((killed, worker.await.unwrap()));
        }
        // As the end of the process left it, before anybody repairs anything.
        verify(&trail);
    }
    drop(Server::start(&data));
    verify(&trail);
    let given = given(&trail);
    let (mut told, mut missing) = (0, 0);
    for (killed, acknowledged) in rounds {
        let known = |(key, _): &(AccessKeyId, Instant)| given.contains(key.as_str());
        let beginning = acknowledged.iter().take_while(|change| known(change)).count();
        let (there, end) = acknowledged.split_at(beginning);
        told += there.len();
        missing += end.len();
        for change in end {
            let before = killed.saturating_duration_since(change.1);
            assert!(before < MOMENTS, "a record is missing {before:?} before the end");
            assert!(!known(change), "a record is missing before one that is there");
        }
    }
    assert!(told > WORKERS, "{told} told, {missing} missing");
}
