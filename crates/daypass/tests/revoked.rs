//! What was revoked stays revoked, as an attacker with ten thousand temporary keys meets it: the built program, under
//! load, killed in between.

#![expect(clippy::unwrap_used, reason = "a test may fail by panicking")]

use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use daypass_api::names::{AccessKeyId, Region, SessionName};
use daypass_api::operation::{GetFederationToken, KeyRingOperation, RevokeSession, RevokedTarget};
use daypass_api::outcome::TemporaryKey;
use daypass_api::secret::SecretKey;
use daypass_client::{ActionClient, Connection, Credentials};
use daypass_testkit::{ROOT_SECRET_ID, ROOT_SECRET_KEY};

const SESSIONS: usize = 10_000;
const WORKERS: usize = 8;
const AT_ONCE: usize = 25;

struct Server {
    process: Child,
    address: SocketAddr,
}

impl Server {
    fn start(data: &Path) -> Self {
        let config = data.join("daypass.toml");
        std::fs::write(&config, "[limits]\nsts_requests_per_second = 1000000\n").unwrap();
        let mut process = Command::new(env!("CARGO_BIN_EXE_daypass"))
            .env_clear()
            .env("DAYPASS_ROOT_SECRET_ID", ROOT_SECRET_ID)
            .env("DAYPASS_ROOT_SECRET_KEY", ROOT_SECRET_KEY)
            .args(["serve", "--listen", "127.0.0.1:0", "--data"])
            .arg(data.join("data"))
            .arg("--config")
            .arg(&config)
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(process.stdout.take().unwrap())
            .read_line(&mut line)
            .unwrap();
        let ready: serde_json::Value = serde_json::from_str(&line).unwrap();
        let address = ready.get("http").unwrap().as_str().unwrap().parse().unwrap();
        Self { process, address }
    }

    fn client(&self, credentials: Credentials) -> ActionClient {
        let endpoint = format!("http://{}", self.address).parse().unwrap();
        let connection = Connection::new(endpoint, Some(credentials));
        ActionClient::new(connection, Region::parse("ap-guangzhou").unwrap())
    }

    fn root(&self) -> ActionClient {
        self.client(Credentials {
            secret_id: AccessKeyId::parse(ROOT_SECRET_ID).unwrap(),
            secret_key: SecretKey::new(ROOT_SECRET_KEY.to_owned()),
            token: None,
        })
    }

    async fn lives(&self, key: &TemporaryKey) -> bool {
        let client = self.client(Credentials {
            secret_id: key.access_key_id.clone(),
            secret_key: key.secret_key.clone(),
            token: Some(key.token.clone()),
        });
        client.get_caller_identity().await.is_ok()
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

async fn mint(server: &Arc<Server>) -> Vec<TemporaryKey> {
    let mint = |_| {
        let server = Arc::clone(server);
        tokio::spawn(async move {
            let (client, mut keys) = (server.root(), Vec::new());
            for _ in 0..SESSIONS / WORKERS {
                let name = SessionName::parse("load").unwrap();
                let get = GetFederationToken {
                    name,
                    policy: None,
                    duration_seconds: None,
                };
                keys.push(client.get_federation_token(get).await.unwrap());
            }
            keys
        })
    };
    let tasks: Vec<_> = (0..WORKERS).map(mint).collect();
    let mut keys = Vec::new();
    for task in tasks {
        keys.extend(task.await.unwrap());
    }
    keys
}

/// Revokes some at a time until the server is gone; how many were acknowledged. Each acknowledgement holds at once.
async fn revoke(server: Arc<Server>, keys: Vec<TemporaryKey>, done: Arc<AtomicBool>) -> usize {
    let root = server.root();
    let mut acknowledged = 0;
    for some in keys.chunks(AT_ONCE) {
        let ids = some.iter().map(|key| key.access_key_id.clone()).collect();
        let revoke = RevokeSession {
            target: RevokedTarget::Sessions(ids),
            issued_before: None,
        };
        if done.load(Ordering::SeqCst) || root.revoke_session(revoke).await.is_err() {
            return acknowledged;
        }
        acknowledged += some.len();
        assert!(!server.lives(some.last().unwrap()).await);
    }
    acknowledged
}

#[tokio::test(flavor = "multi_thread")]
async fn no_acknowledged_revocation_is_forgotten() {
    let data = tempfile::tempdir().unwrap();
    let mut server = Arc::new(Server::start(data.path()));
    let mut keys = mint(&server).await;
    assert!(server.lives(keys.last().unwrap()).await);
    let mut ended: Vec<TemporaryKey> = Vec::new();
    for round in 0..3 {
        let done = Arc::new(AtomicBool::new(false));
        let each = keys.len().div_ceil(WORKERS).max(1);
        let shares: Vec<_> = keys.chunks(each).map(<[_]>::to_vec).collect();
        let task =
            |share: &Vec<_>| tokio::spawn(revoke(Arc::clone(&server), share.clone(), Arc::clone(&done)));
        let tasks: Vec<_> = shares.iter().map(task).collect();
        if round < 2 {
            tokio::time::sleep(std::time::Duration::from_millis(300)).await;
            let pid = server.process.id().to_string();
            assert!(
                Command::new("kill")
                    .args(["-9", &pid])
                    .status()
                    .unwrap()
                    .success()
            );
            done.store(true, Ordering::SeqCst);
        }
        keys.clear();
        for (share, task) in shares.iter().zip(tasks) {
            let (acknowledged, rest) = share.split_at(task.await.unwrap());
            ended.extend_from_slice(acknowledged);
            keys.extend_from_slice(rest);
        }
        if round < 2 {
            Arc::get_mut(&mut server).unwrap().kill();
            server = Arc::new(Server::start(data.path()));
        }
        // At last each of them is tried.
        let step = if round < 2 { 7 } else { 1 };
        for key in ended.iter().step_by(step) {
            assert!(!server.lives(key).await, "round {round}");
        }
    }
    assert_eq!((ended.len(), keys.len()), (SESSIONS, 0));
}

/// Killed as soon as the end of all sessions is acknowledged, again and again: none of them comes back, and whoever asks for a
/// new one gets one that is good.
#[tokio::test(flavor = "multi_thread")]
async fn the_end_of_all_sessions_outlives_the_process() {
    let data = tempfile::tempdir().unwrap();
    let get = || GetFederationToken {
        name: SessionName::parse("all").unwrap(),
        policy: None,
        duration_seconds: None,
    };
    let mut ended = Vec::new();
    for round in 1..=3 {
        let mut server = Server::start(data.path());
        for key in &ended {
            assert!(!server.lives(key).await, "round {round}");
        }
        let before = server.root().get_federation_token(get()).await.unwrap();
        assert!(server.lives(&before).await);
        let left = server.root().key_ring(KeyRingOperation::EndAll).await.unwrap();
        server.kill();
        assert_eq!(left.len(), 1);
        assert_eq!(left.first().unwrap().id, round + 1);
        ended.push(before);
    }
}
