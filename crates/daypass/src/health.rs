//! `daypass health`: asks a server whether it is ready, for container probes and for scripts that wait for it.

use std::time::Duration;

use anyhow::{Context, Result, bail};
use clap::Args;
use http::{Request, Uri, header};
use http_body_util::Empty;
use hyper::body::Bytes;
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;
use tokio::time::{Instant, sleep, timeout};

/// How long one question may take.
const PATIENCE: Duration = Duration::from_secs(5);
/// How long to wait between two questions.
const PAUSE: Duration = Duration::from_millis(100);

/// Ask a server whether it is ready
#[derive(Args, Debug)]
#[command(after_long_help = "\
Ends with 0 when the server is ready, and with 1 when it is not or does not answer. No key is needed. With --wait it asks \
again until the server is ready or the time is over.

Examples:
  daypass health
  daypass health 127.0.0.1:9080 --wait 30")]
pub(crate) struct HealthArguments {
    /// Where the server listens for HTTP
    #[arg(default_value = "127.0.0.1:9000", value_name = "ADDR")]
    address: String,
    /// Seconds to wait for it to become ready
    #[arg(long, default_value_t = 0, value_name = "N", value_parser = clap::value_parser!(u64).range(0..=86_400))]
    wait: u64,
}

/// Runs the verb.
pub(crate) async fn run(arguments: HealthArguments) -> Result<()> {
    let end = Instant::now() + Duration::from_secs(arguments.wait);
    loop {
        let answered = timeout(PATIENCE, ask(&arguments.address)).await;
        let answered = answered.unwrap_or_else(|_| bail!("it does not answer"));
        match answered {
            Ok(()) => return Ok(()),
            Err(_) if Instant::now() < end => sleep(PAUSE).await,
            Err(error) => {
                return Err(error.context(format!("the server at {} is not ready", arguments.address)));
            }
        }
    }
}

async fn ask(address: &str) -> Result<()> {
    let stream = TcpStream::connect(address).await?;
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await?;
    let connection = tokio::spawn(connection);
    let request = Request::get(Uri::from_static("/_daypass/ready"))
        .header(header::HOST, address)
        .body(Empty::<Bytes>::new())
        .context("there is no such address")?;
    let answer = sender.send_request(request).await;
    connection.abort();
    let status = answer?.status();
    if !status.is_success() {
        bail!("it says {status}");
    }
    Ok(())
}
