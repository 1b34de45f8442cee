//! The stage of the demo: a store on a fresh folder, a bucket, a sub-account with a narrow A, and a user server that
//! holds the sub-account's key.

use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use daypass_api::names::{
    Account, AppId, BucketName, ObjectKey, PolicyName, Region, SessionName, Uin, UserName,
};
use daypass_api::operation::{Contact, CreateUser, GetFederationToken, NewPolicy};
use daypass_api::outcome::TemporaryKey;
use daypass_broker::{Broker, Settings};
use daypass_client::{ActionClient, Connection, Credentials, Endpoint, ObjectClient, Refusal, request};
use daypass_server::{AuditConfig, Config, EdgeLimits, ExplainConfig, RootSeed, Server};
use tempfile::TempDir;

use super::{held, policies};
use crate::settings::{DEFAULT_APPID, DEFAULT_OWNER_UIN};

pub(super) const REGION: &str = "ap-guangzhou";

pub(super) struct Stage {
    server: Server,
    data: TempDir,
    endpoint: Endpoint,
    pub(super) root: Credentials,
    pub(super) uploader: Credentials,
    pub(super) uploader_uin: Uin,
    pub(super) bucket: BucketName,
    pub(super) user_server: Broker,
    broker_settings: Settings,
    /// The key by which the user server knows alice.
    pub(super) alices_key: String,
}

impl Stage {
    /// Sets everything up.
    pub(super) async fn set() -> Result<Self> {
        let data = tempfile::tempdir().context("no temporary folder")?;
        let server = Server::start(config(&data)?).await?;
        let endpoint: Endpoint = format!("http://{}", server.address()).parse()?;
        let root = read_root(&data)?;
        let owner = Connection::new(endpoint.clone(), Some(root.clone()));
        let bucket = BucketName::parse(&format!("photos-{DEFAULT_APPID}"))?;
        ObjectClient::new(owner.clone()).create_bucket(&bucket).await?;
        let cam = ActionClient::new(owner, Region::parse(REGION)?);
        let (uploader_uin, uploader) = make_uploader(&cam, &bucket).await?;
        let (alices_key, digest) = daypass_broker::new_key().context("no randomness for a key")?;
        let broker_settings = broker_settings(&endpoint, &bucket, &digest, &data)?;
        let user_server = Broker::start(&broker_settings, uploader.clone())
            .await
            .context("the user server does not start")?;
        Ok(Self {
            server,
            data,
            endpoint,
            root,
            uploader,
            uploader_uin,
            bucket,
            user_server,
            broker_settings,
            alices_key,
        })
    }

    /// A connection to the store with this key.
    pub(super) fn store(&self, credentials: Option<Credentials>) -> Connection {
        Connection::new(self.endpoint.clone(), credentials)
    }

    /// B: what the user server narrows alice's keys to.
    pub(super) fn alices_policy(&self) -> Result<String> {
        let policies = Broker::policies(&self.broker_settings, "alice")?;
        let (_, policy) = policies.into_iter().next().context("no template is for alice")?;
        Ok(policy)
    }

    pub(super) fn introduction(&self) -> String {
        format!(
            "Direct upload with a temporary key: what it may do is A ∩ B.\n\n  \
             store        http://{}, bucket {}\n  \
             user server  http://{}, `daypass broker` with the key of the sub-account `uploader`\n  \
             A            `uploader` may put and get objects below users/\n  \
             B            a key for alice may put and get objects below users/alice/\n",
            self.server.address(),
            self.bucket,
            self.user_server.address(),
        )
    }

    pub(super) fn invitation(&self) -> String {
        format!(
            "\nThe store stays up. In another terminal, with the key of its root account:\n\n  \
             export DAYPASS_ENDPOINT=http://{}\n  \
             # DAYPASS_SECRET_ID and DAYPASS_SECRET_KEY from {}\n  \
             daypass ls cos://{}/\n\n\
             The same key signs in to the console, in a browser on this machine:\n\n  {}\n\nCtrl-C ends it.",
            self.server.address(),
            self.data.path().join("data/root-credentials.json").display(),
            self.bucket,
            self.server
                .console_address()
                .map_or_else(String::new, |address| format!("http://{address}/")),
        )
    }

    /// Outside A: a key whose B allows everything may still do no more than its owner.
    pub(super) async fn exceed_the_account(&self) -> Result<()> {
        let key = self.mint(1800).await?;
        let object = ObjectKey::parse(b"users/alice/cat.jpg")?;
        let store = ObjectClient::new(self.store(Some(key.into())));
        refused(
            store.delete_object(&self.bucket, &object).await,
            403,
            "AccessDenied",
        )?;
        held(
            "DELETE users/alice/cat.jpg, B allows all",
            "refused, 403 AccessDenied: outside A",
        )
    }

    /// After expiry.
    pub(super) async fn outlive_the_key(&self) -> Result<()> {
        let key = self.mint(1).await?;
        let object = ObjectKey::parse(b"users/alice/cat.jpg")?;
        let store = ObjectClient::new(self.store(Some(key.into())));
        // The key ends with a whole second, at most two from now.
        tokio::time::sleep(Duration::from_millis(2100)).await;
        refused(
            store
                .get_object(request::read_object(&self.bucket, &object))
                .await,
            400,
            "ExpiredToken",
        )?;
        held(
            "GET with a key that lived one second",
            "refused, 400 ExpiredToken",
        )
    }

    async fn mint(&self, seconds: i64) -> Result<TemporaryKey> {
        let sts = ActionClient::new(self.store(Some(self.uploader.clone())), Region::parse(REGION)?);
        let policy = policies::everything(REGION, DEFAULT_APPID, self.bucket.as_str());
        let ask = GetFederationToken {
            name: SessionName::parse("demo")?,
            policy: Some(policy),
            duration_seconds: Some(seconds),
        };
        Ok(sts.get_federation_token(ask).await?)
    }

    /// Stops the store; its folder goes with it.
    pub(super) async fn clear(self) -> Result<()> {
        self.user_server.stop().await;
        self.server.stop().await.context("the store did not stop cleanly")
    }
}

/// Whether a call was refused with exactly this; anything else ends the demo.
pub(super) fn refused<T>(outcome: Result<T, daypass_client::Error>, status: u16, code: &str) -> Result<()> {
    match outcome {
        Ok(_) => bail!("the store allowed what it must refuse with {status} {code}"),
        Err(error) => match error.refusal() {
            Some(Refusal {
                status: got,
                code: said,
                ..
            }) => {
                ensure!(
                    (*got, said.as_str()) == (status, code),
                    "refused with {got} {said}, not with {status} {code}"
                );
                Ok(())
            }
            None => Err(error.into()),
        },
    }
}

fn config(data: &TempDir) -> Result<Config> {
    Ok(Config {
        data: data.path().join("data"),
        listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
        tls: None,
        console_listen: Some(SocketAddr::from((Ipv4Addr::LOCALHOST, 0))),
        console_origins: Vec::new(),
        console_api: None,
        audit: AuditConfig::default(),
        explain: ExplainConfig::default(),
        hosts: Vec::new(),
        trusted_proxies: Vec::new(),
        region: Region::parse(REGION)?,
        // The documented least is half an hour; the demo shows an expiry.
        min_session_seconds: 1,
        sts_requests_per_second: daypass_server::DEFAULT_STS_REQUESTS_PER_SECOND,
        web_identity_requests_per_second: daypass_server::DEFAULT_WEB_IDENTITY_REQUESTS_PER_SECOND,
        federation_allow_private: false,
        strict_policies: false,
        master_key: None,
        previous_master_key: None,
        root: RootSeed {
            account: Account {
                app_id: AppId(DEFAULT_APPID),
                owner_uin: Uin(DEFAULT_OWNER_UIN),
            },
            secret_id: None,
            secret_key: None,
        },
        limits: EdgeLimits::default(),
        metadata_cache_bytes: Config::METADATA_CACHE_BYTES,
    })
}

/// A user server that knows alice by a key, and gives everybody a folder below `users/`.
fn broker_settings(
    endpoint: &Endpoint,
    bucket: &BucketName,
    digest: &str,
    data: &TempDir,
) -> Result<Settings> {
    let audit = data.path().join("user-server.jsonl");
    let text = format!(
        r#"
listen = "127.0.0.1:0"
audit = {{ file = {audit:?} }}

[store]
endpoint = "{endpoint}"
region = "{REGION}"
bucket = "{bucket}"
key = {{ id_env = "DAYPASS_SECRET_ID", secret_env = "DAYPASS_SECRET_KEY" }}

[[callers]]
kind = "api_keys"
keys = [{{ user = "alice", sha256 = "{digest}" }}]

[[templates]]
name = "own-folder"
endpoints = ["sts"]
prefix = "users/${{user}}/"
actions = ["name/cos:PutObject", "name/cos:GetObject"]
"#
    );
    Ok(Settings::parse(&text)?)
}

/// The root's credentials, from the file that the server wrote them to.
fn read_root(data: &TempDir) -> Result<Credentials> {
    let text =
        std::fs::read(data.path().join("data/root-credentials.json")).context("no root credentials")?;
    let file: serde_json::Value = serde_json::from_slice(&text)?;
    let field = |name: &str| {
        file.get(name)
            .and_then(serde_json::Value::as_str)
            .unwrap_or_default()
            .to_owned()
    };
    Ok(Credentials {
        secret_id: daypass_api::names::AccessKeyId::parse(&field("secretId"))?,
        secret_key: daypass_api::secret::SecretKey::new(field("secretKey")),
        token: None,
    })
}

/// A sub-account with a key and a policy of its own: A.
async fn make_uploader(cam: &ActionClient, bucket: &BucketName) -> Result<(Uin, Credentials)> {
    let user = CreateUser {
        name: UserName::parse("uploader")?,
        remark: String::new(),
        contact: Contact::default(),
        with_access_key: true,
    };
    let (user, key) = cam.add_user(user).await?;
    let policy = NewPolicy {
        name: PolicyName::parse("uploader-below-users")?,
        document: policies::uploader(REGION, DEFAULT_APPID, bucket.as_str()),
        description: String::new(),
        tags: Vec::new(),
    };
    let policy = cam.create_policy(policy).await?;
    cam.attach_user_policy(user.uin, policy).await?;
    let key = key.context("the sub-account was made without a key")?;
    Ok((user.uin, key.into()))
}
