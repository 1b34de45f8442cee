//! `daypass sign`: what a signature is made of, and why one does not match. Nothing is sent.
//!
//! `request` and `curl` read the request, one file for each scheme computes with `daypass_signature`, `answer` reads the
//! texts that a server or another signer made, and `shown` prints. The secret is never printed; SignKey is.

mod answer;
mod cos;
mod curl;
mod post_policy;
mod request;
mod shown;
mod tc3;
mod v1;

use std::fmt;
use std::fs::File;
use std::io::{Read, stdin};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context, Result, bail};
use clap::{Args, Subcommand};
use daypass_api::Timestamp;
use daypass_client::{Clock, Credentials, SystemClock};
use daypass_signature::SecretKey;

use crate::connection::KeyArguments;
use crate::report::Misuse;

pub use self::request::Request;

/// Most that is read of a request or an answer, in bytes.
const MAX_BYTES: u64 = 4 * 1024 * 1024;

/// What a signature is made of, and why one does not match.
#[derive(Subcommand, Debug)]
pub enum Command {
    /// Of the object service: q-sign-algorithm=sha1
    Cos(cos::Arguments),
    /// Of the JSON API: TC3-HMAC-SHA256
    Tc3(tc3::Arguments),
    /// Of the API with parameters: HmacSHA1 and HmacSHA256
    V1(v1::Arguments),
    /// Of a form that uploads: the signature of its policy
    PostPolicy(post_policy::Arguments),
}

/// The request, and what it is compared with.
#[derive(Args)]
pub(crate) struct RequestArguments {
    /// File with the request as it went over the wire, or as a command line of curl; `-` is standard input
    #[arg(long, value_name = "FILE", required_unless_present = "url")]
    request: Option<PathBuf>,
    /// The method of the request that is put together here
    #[arg(long, conflicts_with = "request", default_value = "GET")]
    method: String,
    /// Its URL, encoded as on the wire
    #[arg(long, conflicts_with = "request")]
    url: Option<String>,
    /// A header of it
    #[arg(long = "header", value_name = "NAME: VALUE", conflicts_with = "request")]
    headers: Vec<String>,
    /// File with its body
    #[arg(long, value_name = "FILE", conflicts_with = "request")]
    body: Option<PathBuf>,
    /// Another name of the server, which clients may have signed
    #[arg(long = "known-host", value_name = "HOST")]
    known_hosts: Vec<String>,
    /// File with the texts that the server answered or another signer made: the XML or JSON of a refusal, of
    /// `daypass explain --json`, or the bare text
    #[arg(long, value_name = "FILE")]
    answer: Option<PathBuf>,
    /// One line of JSON
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    key: KeyArguments,
}

/// Its URL and headers may carry a signature and a token.
impl fmt::Debug for RequestArguments {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RequestArguments")
            .field("request", &self.request)
            .field("method", &self.method)
            .finish_non_exhaustive()
    }
}

/// What all schemes work on.
struct Work {
    request: Request,
    known_hosts: Vec<String>,
    answer: Option<Vec<answer::Text>>,
    json: bool,
    key: Key,
    now: Timestamp,
}

/// The key in use.
struct Key {
    id: String,
    secret: SecretKey,
    token: Option<String>,
}

impl Key {
    async fn of(arguments: &KeyArguments, now: Timestamp) -> Result<Self> {
        let credentials: Arc<Credentials> = arguments.credentials(now).await?;
        Ok(Self {
            id: credentials.secret_id.to_string(),
            secret: SecretKey::new(credentials.secret_key.expose().to_owned()),
            token: credentials.token.as_ref().map(|token| token.expose().to_owned()),
        })
    }
}

impl RequestArguments {
    async fn work(self) -> Result<Work> {
        let now = SystemClock.now();
        let answer = self.answer.as_deref().map(read).transpose()?;
        Ok(Work {
            request: self.request()?,
            answer: answer.map(|bytes| answer::texts(&bytes)).transpose()?,
            known_hosts: self.known_hosts,
            json: self.json,
            key: Key::of(&self.key, now).await?,
            now,
        })
    }

    fn request(&self) -> Result<Request> {
        let request = match (&self.request, &self.url) {
            (Some(file), _) => Request::parse(&read(file)?),
            (None, url) => {
                let headers = self.headers.iter().map(|header| request::header(header));
                let body = self.body.as_deref().map(read).transpose()?.unwrap_or_default();
                let url = url.as_deref().unwrap_or_default();
                headers
                    .collect::<Result<_>>()
                    .and_then(|headers| Request::of(&self.method, url, headers, body))
            }
        };
        request.map_err(|error| Misuse(format!("the request cannot be read: {error:#}")).into())
    }
}

impl Work {
    fn known_hosts(&self) -> Vec<&str> {
        self.known_hosts.iter().map(String::as_str).collect()
    }
}

pub(crate) async fn run(command: Command) -> Result<()> {
    match command {
        Command::Cos(arguments) => cos::run(arguments).await,
        Command::Tc3(arguments) => tc3::run(arguments).await,
        Command::V1(arguments) => v1::run(arguments).await,
        Command::PostPolicy(arguments) => post_policy::run(arguments).await,
    }
}

fn read(path: &Path) -> Result<Vec<u8>> {
    let bytes = if path.as_os_str() == "-" {
        take(stdin().lock())
    } else {
        File::open(path).map_err(anyhow::Error::from).and_then(take)
    };
    bytes.with_context(|| format!("cannot read `{}`", path.display()))
}

fn take(from: impl Read) -> Result<Vec<u8>> {
    let mut bytes = Vec::new();
    from.take(MAX_BYTES + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > MAX_BYTES {
        bail!("it is larger than 4 MiB");
    }
    Ok(bytes)
}

/// The request cannot be looked at, for what it says about its signature.
fn unreadable(error: impl std::fmt::Display) -> anyhow::Error {
    Misuse(format!("the signature of the request cannot be read: {error}")).into()
}

/// The headers as the signature wants them.
fn borrowed(headers: &[(String, String)]) -> Vec<(&str, &[u8])> {
    headers
        .iter()
        .map(|(name, value)| (name.as_str(), value.as_bytes()))
        .collect()
}

#[cfg(test)]
mod tests {
    use std::io::repeat;

    use serde_json::Value as Json;

    use super::*;

    /// The vectors of this kind.
    pub(super) fn vectors(kind: &str) -> Vec<Json> {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/vectors/vectors.json");
        let all: Json = serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap();
        let all = all["vectors"].as_array().unwrap();
        all.iter()
            .filter(|vector| vector["kind"] == kind)
            .cloned()
            .collect()
    }

    pub(super) fn text<'v>(vector: &'v Json, pointer: &str) -> &'v str {
        vector
            .pointer(pointer)
            .and_then(Json::as_str)
            .unwrap_or_else(|| panic!("{pointer}"))
    }

    pub(super) fn key(vector: &Json) -> Key {
        Key {
            id: vector["inputs"]["secret_id"]
                .as_str()
                .unwrap_or_default()
                .to_owned(),
            secret: SecretKey::new(text(vector, "/inputs/secret_key").to_owned()),
            token: None,
        }
    }

    /// The request of a vector, as `inputs` or on the `wire`, at the time at which it holds.
    pub(super) fn work(vector: &Json, part: &str) -> Work {
        let part = &vector[part];
        let headers = part["headers"].as_array().cloned().unwrap_or_default();
        let headers = headers
            .iter()
            .map(|pair| {
                (
                    pair[0].as_str().unwrap().to_owned(),
                    pair[1].as_str().unwrap().to_owned(),
                )
            })
            .collect();
        let body = part["body"].as_str().unwrap_or_default().as_bytes().to_vec();
        let (method, url) = (part["method"].as_str().unwrap(), part["url"].as_str().unwrap());
        let now = vector["inputs"]["valid_at"].as_i64().unwrap_or_default();
        Work {
            request: Request::of(method, url, headers, body).unwrap(),
            known_hosts: Vec::new(),
            answer: None,
            json: false,
            key: key(vector),
            now: Timestamp::from_unix_seconds(now),
        }
    }

    #[test]
    fn what_is_read_is_bounded() {
        assert_eq!(
            take(repeat(b'a').take(MAX_BYTES)).unwrap().len() as u64,
            MAX_BYTES
        );
        assert!(take(repeat(b'a').take(MAX_BYTES + 1)).is_err());
    }
}
