//! What `serve` can be told, once: the same structure is read from the command line, the environment and the file.
//!
//! A field is a flag, a key of the file, and a property of the schema, with one text for all three; its defaults stand
//! below. `value` holds what checks itself, `file` reads the file, `layers` says which place wins, `settle` makes the
//! server's configuration of it.

pub(crate) mod file;
pub(crate) mod layers;
mod schema;
pub(crate) mod secret;
mod settle;
mod value;

use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;

use clap::Args;
use daypass_api::names::Region;
use daypass_server::{
    Config, DEFAULT_STS_REQUESTS_PER_SECOND, DEFAULT_WEB_IDENTITY_REQUESTS_PER_SECOND, EdgeLimits, HostName,
    Origin, TrustedProxy,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

#[cfg(test)]
pub(crate) use layers::{flag_of, flatten};
pub(crate) use schema::{keys, schema};
pub(crate) use settle::{check_together, settle};
pub(crate) use value::Meaning;
use value::{Bounded, LogFilter, OnLoss, Text};

/// APPID of the root account when none is given.
pub(crate) const DEFAULT_APPID: u64 = 1_250_000_000;
/// Uin of the root account when none is given.
pub(crate) const DEFAULT_OWNER_UIN: u64 = 100_000_000_001;

/// As large as a number in the file can be.
const MOST: u64 = i64::MAX as u64;
const DAY: u64 = 86_400;
const MIB: u64 = 1024 * 1024;

/// Settings of `daypass serve`.
#[derive(Args, Clone, Debug, Default, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Settings {
    /// Directory of everything that is stored; made when it is not there [default: ./daypass-data]
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
    /// Address to listen on for HTTP; port 0 picks a free one [default: 127.0.0.1:9000]
    #[arg(long, value_name = "ADDR")]
    listen: Option<SocketAddr>,
    /// Address to listen on for HTTPS; the certificate is the one given, or that of `daypass tls init`
    #[arg(long, value_name = "ADDR")]
    tls_listen: Option<SocketAddr>,
    /// Certificate for HTTPS, with those between it and its root, PEM
    #[arg(long, value_name = "FILE")]
    tls_cert: Option<PathBuf>,
    /// Private key of the certificate, PEM
    #[arg(long, value_name = "FILE")]
    tls_key: Option<PathBuf>,
    /// Address to listen on for whoever operates the server: the console, and metrics and probes without a password
    #[arg(long, value_name = "ADDR")]
    console_listen: Option<SocketAddr>,
    /// Origin that the console is opened from beside that address, such as that of a proxy; may be given several times
    #[arg(long = "console-origin", value_name = "ORIGIN")]
    console_origins: Option<Vec<Text<Origin>>>,
    /// Origin at which the console's pages find the APIs, if it is not where the server listens
    #[arg(long, value_name = "ORIGIN")]
    console_api_url: Option<Text<Origin>>,
    /// Host name that the server is reached by, with the buckets before it; may be given several times
    #[arg(long = "host", value_name = "NAME")]
    hosts: Option<Vec<Text<HostName>>>,
    /// Network of proxies whose X-Forwarded-For or Forwarded is believed; may be given several times
    #[arg(long = "trusted-proxy", value_name = "CIDR")]
    trusted_proxies: Option<Vec<Text<TrustedProxy>>>,
    /// Region that the buckets are in [default: ap-guangzhou]
    #[arg(long, value_name = "NAME")]
    region: Option<Text<Region>>,
    /// Shortest life of a temporary key that may be asked for, in seconds; the documented one is 1800 [default: 1800]
    #[arg(long, value_name = "N")]
    min_session_seconds: Option<Bounded<1, 7200>>,
    /// Refuse temporary keys about whose policy docs/lint.md has a finding of severity E: true or false [default: false]
    #[arg(long, value_name = "BOOL", num_args = 0..=1, default_missing_value = "true")]
    strict_policies: Option<bool>,
    /// Whether issuers of identity providers may be at private addresses, and without HTTPS: true or false [default: false]
    #[arg(long, value_name = "WHETHER", num_args = 0..=1, default_missing_value = "true")]
    federation_allow_private: Option<bool>,
    /// What is logged: error, warn, info, debug, or levels for parts [default: info]
    #[arg(long, value_name = "FILTER")]
    pub(crate) log: Option<Text<LogFilter>>,
    /// APPID of the root account, on an empty data directory [default: 1250000000]
    #[arg(long, value_name = "N")]
    pub(crate) appid: Option<Bounded<1, MOST>>,
    /// Uin of the root account, on an empty data directory [default: 100000000001]
    #[arg(long, value_name = "N")]
    pub(crate) owner_uin: Option<Bounded<1, MOST>>,
    /// Key id of the root account, on an empty data directory; generated when there is none
    #[arg(long, value_name = "ID")]
    pub(crate) root_secret_id: Option<String>,
    /// File that holds the secret of the root account, on an empty data directory; generated when there is none
    #[arg(long, value_name = "FILE")]
    root_secret_key_file: Option<PathBuf>,
    /// File that holds the master key, instead of the one in the data directory
    #[arg(long, value_name = "FILE")]
    master_key_file: Option<PathBuf>,
    /// File that holds the master key that the given one takes the place of
    #[arg(long, value_name = "FILE")]
    previous_master_key_file: Option<PathBuf>,
    /// Directory of the audit trail; without one, `audit` in the data directory
    #[arg(long, value_name = "DIR")]
    audit_dir: Option<PathBuf>,
    /// Most bytes of the audit trail; the oldest records are removed [default: 10737418240]
    #[arg(long, value_name = "N")]
    audit_max_bytes: Option<Bounded<16_777_216, MOST>>,
    /// Days that records of the audit trail are kept at most [default: 180]
    #[arg(long, value_name = "N")]
    audit_max_age_days: Option<Bounded<1, 36_500>>,
    /// What happens to requests while the audit trail cannot be written: refuse or continue [default: refuse]
    #[arg(long, value_name = "WHAT")]
    audit_on_loss: Option<Text<OnLoss>>,
    /// Most bytes that are kept of why requests were refused; the oldest go first [default: 67108864]
    #[arg(long, value_name = "N")]
    explain_max_bytes: Option<Bounded<1_048_576, MOST>>,
    /// Days that it is kept at most why requests were refused [default: 7]
    #[arg(long, value_name = "N")]
    explain_max_age_days: Option<Bounded<1, 36_500>>,
    /// Keep of allowed requests, too, why they were allowed: true or false [default: false]
    #[arg(long, value_name = "BOOL", num_args = 0..=1, default_missing_value = "true")]
    explain_allowed: Option<bool>,
    /// Tell whoever is refused why, at once: true or false, for development on loopback addresses only [default: false]
    #[arg(long, value_name = "BOOL", num_args = 0..=1, default_missing_value = "true")]
    danger_explain_denials: Option<bool>,
    /// Bounds, for much larger or smaller machines.
    #[command(flatten)]
    #[serde(default)]
    limits: Limits,
}

/// Bounds of the edge and of memory.
#[derive(Args, Clone, Debug, Default, Deserialize, JsonSchema, PartialEq, Serialize)]
#[command(next_help_heading = "Limits")]
#[serde(deny_unknown_fields)]
pub(crate) struct Limits {
    /// Most connections at once, HTTP and HTTPS together; more wait [default: 4096]
    #[arg(long, value_name = "N")]
    connections: Option<Bounded<1, 1_000_000>>,
    /// Most connections at once of one address, or of one /64 of IPv6; 0 for any number, as behind a proxy [default: 1024]
    #[arg(long, value_name = "N")]
    connections_per_address: Option<Bounded<0, 1_000_000>>,
    /// Longest time that a TLS handshake may take [default: 10]
    #[arg(long, value_name = "N")]
    handshake_timeout_seconds: Option<Bounded<1, DAY>>,
    /// Longest wait for the head of a request, and for the next one on a connection [default: 60]
    #[arg(long, value_name = "N")]
    head_timeout_seconds: Option<Bounded<1, DAY>>,
    /// Longest wait for the next piece of a body, in either direction [default: 30]
    #[arg(long, value_name = "N")]
    body_timeout_seconds: Option<Bounded<1, DAY>>,
    /// Least rate of an upload over time, in bytes a second; 0 for any rate [default: 1024]
    #[arg(long, value_name = "N")]
    body_bytes_per_second: Option<Bounded<0, 1_000_000_000>>,
    /// Requests to the token service that one account may make in a second, and at once [default: 100000]
    #[arg(long, value_name = "N")]
    sts_requests_per_second: Option<Bounded<1, 1_000_000>>,
    /// Requests for keys on the word of identity providers that one address may make in a second [default: 100]
    #[arg(long, value_name = "N")]
    web_identity_requests_per_second: Option<Bounded<1, 100_000>>,
    /// Longest wait for requests in flight when the server stops [default: 30]
    #[arg(long, value_name = "N")]
    shutdown_timeout_seconds: Option<Bounded<1, DAY>>,
    /// Memory for pages of the metadata, in MiB [default: 64]
    #[arg(long, value_name = "N")]
    metadata_cache_mib: Option<Bounded<8, 1_048_576>>,
}

impl Settings {
    /// What counts where nobody says anything.
    pub(crate) fn defaults() -> Self {
        Self {
            data: Some(PathBuf::from("./daypass-data")),
            listen: Some(SocketAddr::from((Ipv4Addr::LOCALHOST, 9000))),
            region: "ap-guangzhou".parse().ok(),
            min_session_seconds: Some(Bounded::constant(1800)),
            strict_policies: Some(false),
            federation_allow_private: Some(false),
            log: "info".parse().ok(),
            appid: Some(Bounded::constant(DEFAULT_APPID)),
            owner_uin: Some(Bounded::constant(DEFAULT_OWNER_UIN)),
            audit_max_bytes: Some(Bounded::constant(10_737_418_240)),
            audit_max_age_days: Some(Bounded::constant(180)),
            audit_on_loss: "refuse".parse().ok(),
            explain_max_bytes: Some(Bounded::constant(67_108_864)),
            explain_max_age_days: Some(Bounded::constant(7)),
            explain_allowed: Some(false),
            danger_explain_denials: Some(false),
            limits: Limits::defaults(),
            ..Self::default()
        }
    }
}

impl Limits {
    /// Those of the server.
    fn defaults() -> Self {
        let limits = EdgeLimits::default();
        Self {
            connections: Some(Bounded::constant(limits.connections as u64)),
            connections_per_address: Some(Bounded::constant(limits.connections_per_address as u64)),
            handshake_timeout_seconds: Some(Bounded::constant(limits.handshake_timeout.as_secs())),
            head_timeout_seconds: Some(Bounded::constant(limits.head_timeout.as_secs())),
            body_timeout_seconds: Some(Bounded::constant(limits.body_timeout.as_secs())),
            body_bytes_per_second: Some(Bounded::constant(limits.body_bytes_per_second)),
            sts_requests_per_second: Some(Bounded::constant(u64::from(DEFAULT_STS_REQUESTS_PER_SECOND))),
            web_identity_requests_per_second: Some(Bounded::constant(u64::from(
                DEFAULT_WEB_IDENTITY_REQUESTS_PER_SECOND,
            ))),
            shutdown_timeout_seconds: Some(Bounded::constant(limits.shutdown_timeout.as_secs())),
            metadata_cache_mib: Some(Bounded::constant(Config::METADATA_CACHE_BYTES as u64 / MIB)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::layers::{flag_of, flatten};
    use super::*;

    #[derive(clap::Parser)]
    struct Line {
        #[command(flatten)]
        settings: Settings,
    }

    fn command() -> clap::Command {
        <Line as clap::CommandFactory>::command()
    }

    #[test]
    fn every_flag_has_its_key_and_every_key_its_flag() {
        let mut flags: Vec<_> = command()
            .get_arguments()
            .filter_map(|argument| argument.get_long().map(|long| format!("--{long}")))
            .filter(|flag| flag != "--help")
            .collect();
        let mut of_keys: Vec<_> = keys().iter().map(|key| flag_of(key)).collect();
        flags.sort_unstable();
        of_keys.sort_unstable();
        assert_eq!(flags, of_keys);
        assert!(flags.len() > 20);
    }

    #[test]
    fn defaults_are_as_the_help_tells() {
        let defaults = flatten(&Settings::defaults()).unwrap();
        for argument in command().get_arguments() {
            let Some(long) = argument.get_long().filter(|long| *long != "help") else {
                continue;
            };
            let help = argument.get_help().map(ToString::to_string).unwrap_or_default();
            let told = help
                .split_once("[default: ")
                .map(|(_, rest)| rest.trim_end_matches(']'));
            let default = defaults
                .iter()
                .find(|(key, _)| flag_of(key) == format!("--{long}"))
                .map(|(_, value)| value.to_string().trim_matches('"').to_owned());
            assert_eq!(told.map(str::to_owned), default, "--{long}");
        }
    }
}
