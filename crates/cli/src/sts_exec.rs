//! `daypass sts exec`
//!
//! The command takes the place of this process instead of becoming its child: it has the terminal, gets each signal and
//! gives its own exit code as if it had been called directly, and the permanent key is gone with the memory that held it.
//! The temporary key is on no command line and on no disk.

use std::convert::Infallible;
use std::ffi::{OsStr, OsString};
use std::io;
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context, Result};
use clap::Args;
use daypass_api::names::{RoleName, SessionName, Uin};
use daypass_api::operation::{AssumeRole, GetFederationToken, RoleRef};
use daypass_api::outcome::TemporaryKey;
use daypass_client::ActionClient;

use crate::connection::ServiceArguments;
use crate::environment::{PROFILE, SECRET_ID, SECRET_KEY, SECRETS, THEIR_KEYS, TOKEN};
use crate::{document, names};

/// Run a command with a temporary key in its environment, in place of the key in use.
///
/// The command finds DAYPASS_SECRET_ID, DAYPASS_SECRET_KEY and DAYPASS_TOKEN there, and the same under the names that
/// Tencent Cloud's own tools read: TENCENTCLOUD_SECRET_ID, TENCENTCLOUD_SECRET_KEY, TENCENTCLOUD_SESSION_TOKEN,
/// TENCENTCLOUD_SECURITY_TOKEN and TENCENTCLOUD_TOKEN. Every other key that the environment holds under a name that
/// `daypass` knows is taken out, and so is DAYPASS_PROFILE.
#[derive(Args, Debug)]
#[command(after_long_help = "\
The exit code is the command's own: signals reach it directly. 126 and 127 say that it could not be started, and that \
there is no such command. When no key can be made nothing is started, and the exit codes are the usual ones.

A profile file can still be read by the command; to keep a permanent key from it, keep the key where the command cannot \
read it.

Examples:
  daypass sts exec --policy upload.json -- ./upload.sh
  daypass sts exec --policy upload.json --duration-seconds 900 -- daypass cp a.txt cos://photos-1250000000/2026/
  daypass sts exec --role uploader -- env")]
pub struct Arguments {
    /// The name that the session carries
    #[arg(long, value_parser = names::role_session, default_value = "exec")]
    name: SessionName,
    /// File with the policy, or `-` for standard input; without it the key may do all that the key in use, or the role,
    /// may
    #[arg(long, value_name = "FILE")]
    policy: Option<PathBuf>,
    /// Act as this role
    #[arg(long, value_parser = names::role)]
    role: Option<RoleName>,
    /// The number of the root account that the role is in; that of whoever asks unless given
    #[arg(long, value_name = "UIN", requires = "role")]
    account: Option<Uin>,
    /// How long the key shall live; 1800 unless given, and of a role 7200 or what it allows
    #[arg(long, value_name = "N", allow_negative_numbers = true, value_parser = clap::value_parser!(i64).range(1..))]
    duration_seconds: Option<i64>,
    #[command(flatten)]
    service: ServiceArguments,
    /// The command and its arguments, after `--`
    #[arg(required = true, last = true, value_name = "COMMAND")]
    command: Vec<OsString>,
}

/// The command could not be started.
#[derive(Debug, thiserror::Error)]
#[error("`{command}` cannot be started")]
pub(crate) struct NotStarted {
    command: String,
    source: io::Error,
}

impl NotStarted {
    /// The exit code that shells give for this.
    pub(crate) fn code(&self) -> u8 {
        match self.source.kind() {
            io::ErrorKind::NotFound => 127,
            _ => 126,
        }
    }
}

pub(crate) async fn run(arguments: Arguments) -> Result<()> {
    let command = arguments.command.clone();
    let key = mint(arguments).await?;
    match become_command(&command, &key)? {}
}

async fn mint(arguments: Arguments) -> Result<TemporaryKey> {
    let policy = arguments.policy.as_deref().map(document::read).transpose()?;
    let client = arguments.service.actions()?;
    let Some(role) = arguments.role else {
        let get = GetFederationToken {
            name: arguments.name,
            policy,
            duration_seconds: arguments.duration_seconds,
        };
        let key = client.get_federation_token(get).await;
        return key.context("cannot make a temporary key");
    };
    let assume = AssumeRole {
        owner: owner(&client, arguments.account).await?,
        role: RoleRef::Name(role.clone()),
        name: arguments.name,
        duration_seconds: arguments.duration_seconds,
        policy,
        external_id: None,
        tags: Vec::new(),
        source_identity: None,
    };
    let key = client.assume_role(assume).await;
    key.with_context(|| format!("cannot act as the role `{role}`"))
}

/// The account that a role is in when nothing says so: that of whoever asks.
pub(crate) async fn owner(client: &ActionClient, account: Option<Uin>) -> Result<Uin> {
    match account {
        Some(owner) => Ok(owner),
        None => {
            let who = client.get_caller_identity().await;
            Ok(who.context("cannot ask which account this is")?.owner_uin)
        }
    }
}

/// Comes back only when it failed.
fn become_command(command: &[OsString], key: &TemporaryKey) -> Result<Infallible> {
    let (program, rest) = command
        .split_first()
        .map_or((OsStr::new(""), &[][..]), |(program, rest)| (program, rest));
    let source = with_key(Command::new(program), key).args(rest).exec();
    Err(NotStarted {
        command: program.to_string_lossy().into_owned(),
        source,
    }
    .into())
}

/// The command with this key in its environment, and with no other.
fn with_key(mut command: Command, key: &TemporaryKey) -> Command {
    for name in SECRETS {
        command.env_remove(name);
    }
    command.env_remove(PROFILE);
    let [their_id, their_secret, their_tokens @ ..] = THEIR_KEYS;
    let id = key.access_key_id.as_str();
    let (secret, token) = (key.secret_key.expose(), key.token.expose());
    command.env(SECRET_ID, id).env(their_id, id);
    command.env(SECRET_KEY, secret).env(their_secret, secret);
    for name in [TOKEN].into_iter().chain(their_tokens) {
        command.env(name, token);
    }
    command
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use daypass_api::Timestamp;
    use daypass_api::names::AccessKeyId;
    use daypass_api::outcome::SessionToken;
    use daypass_api::secret::SecretKey;

    use super::*;

    #[test]
    fn the_key_stands_under_each_name_and_no_other_key_does() {
        let key = TemporaryKey {
            access_key_id: AccessKeyId::parse("AKIDtmp").unwrap(),
            secret_key: SecretKey::new("s".to_owned()),
            token: SessionToken::new("t".to_owned()),
            expires: Timestamp::default(),
            judgement: None,
        };
        let mut command = Command::new("true");
        command.env("COS_SECRET_KEY", "permanent");
        let command = with_key(command, &key);
        let environment: BTreeMap<_, _> = command.get_envs().collect();
        let check = |name: &str, expected: Option<&str>| {
            let found = environment.get(OsStr::new(name)).copied();
            assert_eq!(found, Some(expected.map(OsStr::new)), "{name}");
        };
        for name in ["DAYPASS_SECRET_ID", "TENCENTCLOUD_SECRET_ID"] {
            check(name, Some("AKIDtmp"));
        }
        for name in ["DAYPASS_SECRET_KEY", "TENCENTCLOUD_SECRET_KEY"] {
            check(name, Some("s"));
        }
        for name in [
            "DAYPASS_TOKEN",
            "TENCENTCLOUD_SESSION_TOKEN",
            "TENCENTCLOUD_TOKEN",
        ] {
            check(name, Some("t"));
        }
        for name in [
            "COS_SECRET_KEY",
            "DAYPASS_ROOT_SECRET_KEY",
            "DAYPASS_MASTER_KEY",
            "DAYPASS_PROFILE",
        ] {
            check(name, None);
        }
    }

    #[test]
    fn what_cannot_be_started_has_the_codes_of_shells() {
        let check = |kind: io::ErrorKind, expected| {
            let error = NotStarted {
                command: "x".to_owned(),
                source: kind.into(),
            };
            assert_eq!(error.code(), expected);
        };
        check(io::ErrorKind::NotFound, 127);
        check(io::ErrorKind::PermissionDenied, 126);
    }
}
