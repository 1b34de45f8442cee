//! `daypass serve`: the server in the foreground, until it is told to stop.

use std::io::{IsTerminal, Write};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use clap::Args;
use daypass_api::names::{Account, AppId, Region, Uin};
use daypass_server::tls::{Authority, TlsConfig};
use daypass_server::{Config, EdgeLimits, RootSeed, Server};
use serde::Serialize;
use tokio::signal::unix::{SignalKind, signal};
use tracing_subscriber::EnvFilter;

use crate::{environment, tls};

/// APPID of the root account when none is given.
pub(crate) const DEFAULT_APPID: u64 = 1_250_000_000;
/// Uin of the root account when none is given.
pub(crate) const DEFAULT_OWNER_UIN: u64 = 100_000_000_001;

/// Run the object store, the token service and the access-management service.
#[derive(Args, Debug)]
#[command(after_long_help = "\
When it is ready, one line of JSON goes to standard output; logs go to standard error. SIGTERM and SIGINT let the \
requests in flight finish, and end with 0.

On an empty data directory a root account is made from DAYPASS_ROOT_SECRET_ID, DAYPASS_ROOT_SECRET_KEY, DAYPASS_APPID \
and DAYPASS_OWNER_UIN, where they are set. A secret that is not given is generated and written to \
root-credentials.json in the data directory, readable by its owner only. DAYPASS_MASTER_KEY replaces the file \
master.key. DAYPASS_LOG sets what is logged: error, warn, info, debug.

With --tls-listen HTTPS is served beside HTTP, TLS 1.2 and 1.3. Without a certificate of its own it is that in the \
folder tls of the data directory, which `daypass tls init` makes. When the files change, new connections get the new \
certificate; one that cannot be used is logged, and the old one stays.

Examples:
  daypass serve
  daypass serve --data /srv/daypass --listen 127.0.0.1:9000 --region ap-shanghai
  daypass serve --tls-listen 127.0.0.1:9443
  daypass serve --tls-listen [::]:443 --tls-cert fullchain.pem --tls-key privkey.pem")]
pub(crate) struct ServeArguments {
    /// Directory of everything that is stored; made when it is not there
    #[arg(long, value_name = "DIR", default_value = "./daypass-data")]
    data: PathBuf,
    /// Address to listen on for HTTP; port 0 picks a free one
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:9000")]
    listen: SocketAddr,
    /// Address to listen on for HTTPS; the certificate is the one given, or that of `daypass tls init`
    #[arg(long, value_name = "ADDR")]
    tls_listen: Option<SocketAddr>,
    /// Certificate for HTTPS, with those between it and its root, PEM
    #[arg(long, value_name = "FILE", requires = "tls_key", requires = "tls_listen")]
    tls_cert: Option<PathBuf>,
    /// Private key of the certificate, PEM
    #[arg(long, value_name = "FILE", requires = "tls_cert", requires = "tls_listen")]
    tls_key: Option<PathBuf>,
    /// Region that the buckets are in
    #[arg(long, value_name = "NAME", default_value = "ap-guangzhou", value_parser = region)]
    region: Region,
    /// Shortest life of a temporary key that may be asked for, in seconds; the documented one is 1800
    #[arg(long, value_name = "N", default_value_t = 1800, value_parser = clap::value_parser!(i64).range(1..=7200))]
    min_session_seconds: i64,
}

pub(crate) fn region(text: &str) -> Result<Region, String> {
    Region::parse(text).map_err(|_| "a region is 1 to 32 lower-case letters, digits and `-`".to_owned())
}

/// Runs the server until a signal comes.
pub(crate) async fn run(arguments: ServeArguments) -> Result<()> {
    start_logging()?;
    // The handlers are there before the ready line: whoever has read it may send the signal.
    let mut terminate = signal(SignalKind::terminate()).context("SIGTERM cannot be handled")?;
    let mut interrupt = signal(SignalKind::interrupt()).context("SIGINT cannot be handled")?;
    let server = Server::start(config(arguments)?).await?;
    announce(&server)?;
    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
    }
    tracing::info!("stopping");
    server.stop().await.context("the server did not stop cleanly")
}

fn config(arguments: ServeArguments) -> Result<Config> {
    let account = Account {
        app_id: AppId(environment::number(environment::APPID)?.unwrap_or(DEFAULT_APPID)),
        owner_uin: Uin(environment::number(environment::OWNER_UIN)?.unwrap_or(DEFAULT_OWNER_UIN)),
    };
    let root = RootSeed {
        account,
        secret_id: environment::text(environment::ROOT_SECRET_ID)?,
        secret_key: environment::text(environment::ROOT_SECRET_KEY)?,
    };
    Ok(Config {
        tls: tls_config(&arguments)?,
        data: arguments.data,
        listen: arguments.listen,
        region: arguments.region,
        min_session_seconds: arguments.min_session_seconds,
        sts_requests_per_second: daypass_server::DEFAULT_STS_REQUESTS_PER_SECOND,
        master_key: environment::text(environment::MASTER_KEY)?,
        root,
        limits: EdgeLimits::default(),
    })
}

/// HTTPS with the certificate that was given, or the one in the data directory.
fn tls_config(arguments: &ServeArguments) -> Result<Option<TlsConfig>> {
    let Some(listen) = arguments.tls_listen else {
        return Ok(None);
    };
    let (certificate, key) = match (&arguments.tls_cert, &arguments.tls_key) {
        (Some(certificate), Some(key)) => (certificate.clone(), key.clone()),
        _ => made_certificate(&arguments.data)?,
    };
    Ok(Some(TlsConfig {
        listen,
        certificate,
        key,
        reload_every: TlsConfig::RELOAD_EVERY,
    }))
}

fn made_certificate(data: &Path) -> Result<(PathBuf, PathBuf)> {
    let authority = Authority::in_folder(tls::folder(data));
    let (certificate, key) = (authority.certificate(), authority.key());
    if !certificate.exists() || !key.exists() {
        bail!(
            "there is no certificate in `{}`: make one with `daypass tls init --data {}`, or give yours with \
             `--tls-cert` and `--tls-key`",
            tls::folder(data).display(),
            data.display(),
        );
    }
    Ok((certificate, key))
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
        console: None,
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
fn start_logging() -> Result<()> {
    let filter = environment::text(environment::LOG)?.unwrap_or_else(|| "info".to_owned());
    let filter = EnvFilter::try_new(filter).context("`DAYPASS_LOG` is not a log filter")?;
    let builder = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr);
    if std::io::stderr().is_terminal() {
        builder.init()
    } else {
        builder.json().flatten_event(true).init()
    }
    Ok(())
}
