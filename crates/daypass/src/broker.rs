//! `daypass broker`: the user server in the foreground, until it is told to stop.
//!
//! The crate `daypass-broker` does the work; here are its flags, its file, where its key is from, and its ready line.

use std::fs::File;
use std::io::{Read, Write};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use clap::{Args, Subcommand};
use daypass_api::names::AccessKeyId;
use daypass_api::secret::SecretKey;
use daypass_broker::{Broker, KeyFrom, Settings};
use daypass_client::Credentials;
use serde::{Deserialize, Serialize};
use tokio::signal::unix::{SignalKind, signal};
use tracing_subscriber::EnvFilter;
use zeroize::Zeroizing;

use crate::demo::say;
use crate::environment;
use crate::serve::start_logging;

/// Largest file that is read: thousands of users' keys.
const MAX_BYTES: u64 = 4 * 1024 * 1024;

/// Run the user server: it knows your users and hands each of them temporary keys.
#[derive(Args, Debug)]
#[command(
    args_conflicts_with_subcommands = true,
    after_long_help = "\
Pages and apps ask it for a key, and upload straight to the store with that. It speaks HTTP on 127.0.0.1:9080, or where \
`listen` or --listen says, and HTTPS where `tls_listen` or --tls-listen says, with the certificate in `tls_cert` and \
`tls_key`, which is exchanged within seconds when its files change. When it is ready, one line of JSON goes to standard output; logs, and the audit trail where it \
has no file, go to standard error. SIGTERM and SIGINT let the requests in flight finish, and end with 0.

The smallest useful file, for users who each have a key of the application:

  [store]
  endpoint = \"http://127.0.0.1:9000\"
  region = \"ap-guangzhou\"
  bucket = \"photos-1250000000\"
  key = { id_env = \"DAYPASS_SECRET_ID\", secret_env = \"DAYPASS_SECRET_KEY\" }

  [cors]
  origins = [\"https://app.example\"]

  [[callers]]
  kind = \"api_keys\"
  keys = [{ user = \"ann\", sha256 = \"<what `daypass broker new-key` prints>\" }]

  [[templates]]
  name = \"own-folder\"
  endpoints = [\"sts\"]
  prefix = \"uploads/${user}/\"
  actions = [\"upload\", \"download\"]

docs/broker.md has every key, and the endpoints with what they answer.

Examples:
  daypass broker new-key
  daypass broker --config broker.toml --check
  daypass broker policy ann --config broker.toml
  daypass broker --config broker.toml
  daypass broker --config broker.toml --tls-listen [::]:9443
  curl -H 'Authorization: Bearer dpk_...' http://127.0.0.1:9080/sts"
)]
pub(crate) struct BrokerArguments {
    /// File of settings, TOML
    #[arg(long, value_name = "FILE", default_value = "broker.toml")]
    config: PathBuf,
    /// Where to listen, instead of what the file says; port 0 takes a free one
    #[arg(long, value_name = "ADDR")]
    listen: Option<SocketAddr>,
    /// Where to listen for HTTPS, instead of what the file says; the certificate is the file's
    #[arg(long, value_name = "ADDR")]
    tls_listen: Option<SocketAddr>,
    /// Only look at the file, and tell what is wrong with it
    #[arg(long)]
    check: bool,
    /// What is logged, such as `info` or `debug`
    #[arg(long, value_name = "LEVEL", default_value = "info")]
    log: String,
    #[command(subcommand)]
    command: Option<BrokerCommand>,
}

#[derive(Subcommand, Debug)]
enum BrokerCommand {
    /// Print the JSON schema of the file
    #[command(after_long_help = "Example:\n  daypass broker schema > broker.schema.json")]
    Schema,
    /// Make a key for a user, and the digest that the file has of it
    #[command(after_long_help = "Example:\n  daypass broker new-key")]
    NewKey,
    /// Print what a user's keys are narrowed to, one line of JSON for each template of a folder
    #[command(after_long_help = "Example:\n  daypass broker policy alice --config broker.toml")]
    Policy {
        /// The user
        user: String,
        /// File of settings, TOML
        #[arg(long, value_name = "FILE", default_value = "broker.toml")]
        config: PathBuf,
    },
}

/// Runs the verb.
pub(crate) async fn run(arguments: BrokerArguments) -> Result<()> {
    match arguments.command {
        Some(BrokerCommand::Schema) => say(&format!("{:#}", daypass_broker::schema())),
        Some(BrokerCommand::NewKey) => new_key(),
        Some(BrokerCommand::Policy { user, config }) => policy(&config, &user),
        None => serve(arguments).await,
    }
}

fn new_key() -> Result<()> {
    let (key, sha256) = daypass_broker::new_key().context("there is no randomness to make a key of")?;
    let document = serde_json::json!({ "key": key, "sha256": sha256 });
    say(&document.to_string())
}

fn policy(path: &Path, user: &str) -> Result<()> {
    let settings = read(path)?;
    for (template, policy) in Broker::policies(&settings, user)? {
        let policy: serde_json::Value = serde_json::from_str(&policy).context("the policy is no JSON")?;
        say(&serde_json::json!({ "template": template, "policy": policy }).to_string())?;
    }
    Ok(())
}

async fn serve(arguments: BrokerArguments) -> Result<()> {
    let path = arguments.config;
    let mut settings = read(&path)?;
    if let Some(listen) = arguments.listen {
        settings.listen = listen;
    }
    settings.tls_listen = arguments.tls_listen.or(settings.tls_listen);
    let in_file = || format!("`{}` cannot be used", path.display());
    if arguments.check {
        let warnings = Broker::check(&settings).with_context(in_file)?;
        for warning in &warnings {
            say(&format!("warning: {warning}"))?;
        }
        return say(&format!("`{}` is in order", path.display()));
    }
    let filter = EnvFilter::try_new(&arguments.log);
    start_logging(filter.with_context(|| format!("`{}` is no level of logging", arguments.log))?);
    let credentials = credentials(&settings.store.key)?;
    // The handlers are there before the ready line: whoever has read it may send the signal.
    let mut terminate = signal(SignalKind::terminate()).context("SIGTERM cannot be handled")?;
    let mut interrupt = signal(SignalKind::interrupt()).context("SIGINT cannot be handled")?;
    let broker = Broker::start(&settings, credentials)
        .await
        .with_context(in_file)?;
    announce(&broker)?;
    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
        () = warn_of_vain_grants(&broker) => {}
    }
    tracing::info!("stopping");
    broker.stop().await;
    Ok(())
}

/// Looks once, and then is never done.
async fn warn_of_vain_grants(broker: &Broker) {
    match broker.beyond().await {
        Ok(found) => found.iter().for_each(|warning| tracing::warn!("{warning}")),
        Err(error) => tracing::warn!("what the broker's own key may do cannot be asked: {error}"),
    }
    std::future::pending().await
}

fn read(path: &Path) -> Result<Settings> {
    let text = text(path)?;
    Settings::parse(&text).with_context(|| format!("`{}` cannot be used", path.display()))
}

fn text(path: &Path) -> Result<Zeroizing<String>> {
    let unreadable = || format!("`{}` cannot be read", path.display());
    let file = File::open(path).with_context(unreadable)?;
    let mut text = Zeroizing::new(String::new());
    file.take(MAX_BYTES + 1)
        .read_to_string(&mut text)
        .with_context(unreadable)?;
    if text.len() as u64 > MAX_BYTES {
        bail!("`{}` is larger than 4 MiB", path.display());
    }
    Ok(text)
}

/// A file of a key, as the server writes it for the root account.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct KeyFile {
    secret_id: String,
    secret_key: String,
}

fn credentials(from: &KeyFrom) -> Result<Credentials> {
    let (id, secret) = match from {
        KeyFrom::Environment { id_env, secret_env } => {
            let variable = |name: &str| {
                environment::text(name)?
                    .with_context(|| format!("`store.key` names the variable {name}, which is not set"))
            };
            (variable(id_env)?, variable(secret_env)?)
        }
        KeyFrom::File { file } => {
            let text = text(file)?;
            let key: KeyFile = serde_json::from_str(&text).map_err(|_| {
                anyhow::anyhow!(
                    "`{}` is not of the form {{\"secretId\": \"...\", \"secretKey\": \"...\"}}",
                    file.display()
                )
            })?;
            (key.secret_id, key.secret_key)
        }
    };
    Ok(Credentials {
        secret_id: AccessKeyId::parse(&id).context("the id of the key in `store.key` is none")?,
        secret_key: SecretKey::new(secret),
        token: None,
    })
}

/// The one line that scripts wait for, in the order in which it is documented.
#[derive(Serialize)]
struct Ready {
    ready: bool,
    http: String,
    https: Option<String>,
    metrics: Option<String>,
}

fn announce(broker: &Broker) -> Result<()> {
    let ready = Ready {
        ready: true,
        http: broker.address().to_string(),
        https: broker.tls_address().map(|address| address.to_string()),
        metrics: broker.metrics_address().map(|address| address.to_string()),
    };
    let line = serde_json::to_string(&ready).context("the ready line could not be written")?;
    let mut out = std::io::stdout();
    writeln!(out, "{line}")
        .and_then(|()| out.flush())
        .context("the ready line could not be written")
}
