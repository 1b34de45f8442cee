//! `daypass serve`: the server in the foreground, until it is told to stop.

use std::io::{IsTerminal, Write};
use std::path::PathBuf;

use anyhow::{Context, Result};
use clap::Args;
use daypass_api::names::Region;
use daypass_server::Server;
use serde::Serialize;
use tokio::signal::unix::{SignalKind, signal};
use tracing_subscriber::EnvFilter;

use crate::environment;
use crate::settings::layers::{Layered, Layers};
use crate::settings::{Meaning, Settings, file, settle};
use crate::supervisor;

/// Run the object store, the token service and the access-management service.
#[derive(Args, Debug)]
#[command(after_long_help = "\
When it is ready, one line of JSON goes to standard output; logs go to standard error. SIGTERM and SIGINT let the \
requests in flight finish, and end with 0.

On an empty data directory a root account is made from DAYPASS_ROOT_SECRET_ID, DAYPASS_ROOT_SECRET_KEY, DAYPASS_APPID \
and DAYPASS_OWNER_UIN, where they are set. A secret that is not given is generated and written to \
root-credentials.json in the data directory, readable by its owner only. DAYPASS_MASTER_KEY replaces the file \
master.key. DAYPASS_LOG says what --log says.

With --tls-listen HTTPS is served beside HTTP, TLS 1.2 and 1.3. Without a certificate of its own it is that in the \
folder tls of the data directory, which `daypass tls init` makes. When the files change, new connections get the new \
certificate; one that cannot be used is logged, and the old one stays.

--config names a file with the same settings: every flag is a key, with `_` for `-`. A flag outweighs the environment, \
the environment the file, the file the default. `daypass config show` tells what counts and where it was said. Paths \
mean the same wherever they are said: they begin where the program was started.

With --console-listen metrics for Prometheus are served on /metrics, and probes on /_daypass/live and /_daypass/ready. \
Nobody is asked for a password there.

Examples:
  daypass serve
  daypass serve --config /etc/daypass.toml
  daypass serve --data /srv/daypass --listen 127.0.0.1:9000 --region ap-shanghai
  daypass serve --tls-listen 127.0.0.1:9443 --host store.example.org
  daypass serve --tls-listen [::]:443 --tls-cert fullchain.pem --tls-key privkey.pem")]
pub(crate) struct ServeArguments {
    /// File of settings, TOML; flags and the environment outweigh it
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    #[command(flatten)]
    settings: Settings,
}

impl ServeArguments {
    /// Everything that was said, wherever, with what counts.
    pub(crate) fn layered(self) -> Result<Layered> {
        let layers = Layers {
            file: self
                .config
                .as_deref()
                .map_or_else(|| Ok(Settings::default()), file::read)?,
            environment: environment::settings()?,
            flags: self.settings,
        };
        layers.merge()
    }
}

pub(crate) fn region(text: &str) -> Result<Region, String> {
    Meaning::read(text)
}

/// Runs the server until a signal comes.
pub(crate) async fn run(arguments: ServeArguments) -> Result<()> {
    let (config, filter) = settle(arguments.layered()?)?;
    start_logging(filter);
    // The handlers are there before the ready line: whoever has read it may send the signal.
    let mut terminate = signal(SignalKind::terminate()).context("SIGTERM cannot be handled")?;
    let mut interrupt = signal(SignalKind::interrupt()).context("SIGINT cannot be handled")?;
    let server = Server::start(config).await?;
    announce(&server)?;
    if let Some(console) = server.console_address() {
        tracing::info!("the console is at http://{console}/");
    }
    supervisor::tell_ready()?;
    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
    }
    tracing::info!("stopping");
    if let Err(error) = supervisor::tell_stopping() {
        tracing::warn!("{error:#}");
    }
    server.stop().await.context("the server did not stop cleanly")
}

/// The one line that scripts wait for, in the order in which it is documented.
#[derive(Serialize)]
struct Ready<'a> {
    ready: bool,
    http: String,
    https: Option<String>,
    console: Option<String>,
    appid: u64,
    region: &'a str,
}

fn announce(server: &Server) -> Result<()> {
    let ready = Ready {
        ready: true,
        http: server.address().to_string(),
        https: server.tls_address().map(|address| address.to_string()),
        console: server.console_address().map(|address| address.to_string()),
        appid: server.account().app_id.0,
        region: server.region().as_str(),
    };
    let line = serde_json::to_string(&ready).context("the ready line could not be written")?;
    let mut out = std::io::stdout();
    writeln!(out, "{line}")
        .and_then(|()| out.flush())
        .context("the ready line could not be written")
}

/// Text for a person, one JSON object a line for everything else.
pub(crate) fn start_logging(filter: EnvFilter) {
    let builder = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr);
    if std::io::stderr().is_terminal() {
        builder.init()
    } else {
        builder.json().flatten_event(true).init()
    }
}
