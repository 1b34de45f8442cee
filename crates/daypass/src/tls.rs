//! `daypass tls init`: an authority of one's own and a certificate for the server, for where no public one serves.

use std::path::{Path, PathBuf};

use anyhow::Result;
use clap::{Args, Subcommand};
use daypass_api::names::Region;
use daypass_server::tls::{Authority, Issued, SubjectName};
use daypass_server::{Clock, SystemClock};

use crate::demo::say;
use crate::serve::region;

/// Certificates for HTTPS.
#[derive(Args, Debug)]
pub(crate) struct TlsArguments {
    #[command(subcommand)]
    command: TlsCommand,
}

#[derive(Subcommand, Debug)]
enum TlsCommand {
    Init(InitArguments),
}

/// Make a local authority and a certificate for this server, signed by it.
#[derive(Args, Debug)]
#[command(after_long_help = "\
Four files are made: ca.pem, which clients are told to trust; ca-key.pem, which signs, and which you keep to yourself; \
cert.pem and key.pem, which `daypass serve --tls-listen` uses by itself when they lie in tls/ of its data directory. \
The authority holds for ten years, the certificate for 397 days.

The certificate is good for localhost, 127.0.0.1, ::1, the hosts of the original's object store in the region and of \
its STS and CAM, every bucket below these, and the names that are given, each with its wildcard. Many clients refuse \
the wildcard *.localhost, as they refuse that of any name of one label: let them send the original's host names, or \
name the buckets, as in --name photos-1250000000.localhost.

--renew issues a new certificate by the authority that is there, so that clients need not be told; give the same \
names again. A running server takes it over within seconds.

Examples:
  daypass tls init
  daypass tls init --data /srv/daypass --name store.example.org --name 192.0.2.7
  daypass tls init --renew
  NODE_EXTRA_CA_CERTS=daypass-data/tls/ca.pem node upload.js")]
struct InitArguments {
    /// Data directory of the server; the files go into its folder tls
    #[arg(long, value_name = "DIR", default_value = "./daypass-data")]
    data: PathBuf,
    /// Folder for the files, instead of the data directory's
    #[arg(long, value_name = "DIR", conflicts_with = "data")]
    dir: Option<PathBuf>,
    /// Region whose host names the certificate is good for
    #[arg(long, value_name = "NAME", default_value = "ap-guangzhou", value_parser = region)]
    region: Region,
    /// Another host name or IP address that the server is reached by; may be given several times
    #[arg(long = "name", value_name = "NAME")]
    names: Vec<SubjectName>,
    /// Issue a new certificate by the authority that is there
    #[arg(long)]
    renew: bool,
}

/// The folder of certificates in a data directory.
pub(crate) fn folder(data: &Path) -> PathBuf {
    data.join("tls")
}

/// Runs the verb.
pub(crate) fn run(arguments: TlsArguments) -> Result<()> {
    let TlsCommand::Init(arguments) = arguments.command;
    let authority = Authority::in_folder(arguments.dir.unwrap_or_else(|| folder(&arguments.data)));
    let now = SystemClock.now();
    let issued = if arguments.renew {
        authority.renew(&arguments.region, &arguments.names, now)?
    } else {
        authority.init(&arguments.region, &arguments.names, now)?
    };
    say(&told(&issued))
}

fn told(issued: &Issued) -> String {
    let names: Vec<String> = issued.names.iter().map(ToString::to_string).collect();
    format!(
        "authority    {}  (clients trust this)\ncertificate  {}  (until {})\nkey          {}\nnames        {}",
        issued.authority.display(),
        issued.certificate.display(),
        issued.ends.iso_seconds(),
        issued.key.display(),
        names.join(", "),
    )
}
