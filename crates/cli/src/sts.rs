//! `daypass sts`

use std::path::PathBuf;

use anyhow::{Context, Result};
use clap::{Args, Subcommand, ValueEnum};
use daypass_api::names::SessionName;
use daypass_api::operation::GetFederationToken;
use daypass_api::outcome::{CallerIdentity, JudgedFinding, Judgement, TemporaryKey, Within};
use daypass_client::ActionClient;
use serde_json::{Value as Json, json};

use crate::connection::ServiceArguments;
use crate::shell_exports::{Syntax, exports};
use crate::{assume_role, document, names, output, report, sts_exec};

/// Temporary keys, and who one is.
#[derive(Subcommand, Debug)]
pub enum Command {
    /// Make a temporary key that may do at most what a policy says
    Token(TokenArguments),
    /// Make a temporary key with the rights of a role
    AssumeRole(assume_role::Arguments),
    /// Run a command with a temporary key in its environment
    Exec(sts_exec::Arguments),
    /// Show whose key the calls are signed with
    Whoami(WhoamiArguments),
}

/// Make a temporary key with the rights of the key in use, narrowed by a policy. Nothing else can widen them.
#[derive(Args, Debug)]
#[command(after_long_help = "\
Examples:
  eval \"$(daypass sts token --name upload --policy upload.json)\"
  daypass sts token --name upload --policy upload.json --format fish | source
  daypass sts token --name upload --policy upload.json --format powershell | Out-String | Invoke-Expression
  daypass sts token --name upload --policy - --duration-seconds 3600 --format json < upload.json
  daypass sts token --name upload --policy upload.json --judge

A policy that lets its key read and write below one prefix, and nothing else:
  {\"version\": \"2.0\", \"statement\": [{\"effect\": \"allow\",
    \"action\": [\"name/cos:PutObject\", \"name/cos:GetObject\"],
    \"resource\": [\"qcs::cos:ap-guangzhou:uid/1250000000:photos-1250000000/2026/*\"]}]}")]
pub struct TokenArguments {
    /// The name that the session carries
    #[arg(long, value_parser = names::session)]
    name: SessionName,
    /// File with the policy, or `-` for standard input; without it the key may do all that the key in use may
    #[arg(long, value_name = "FILE")]
    policy: Option<PathBuf>,
    /// How long the key shall live; 1800 unless given
    #[arg(long, value_name = "N", allow_negative_numbers = true, value_parser = clap::value_parser!(i64).range(1..))]
    duration_seconds: Option<i64>,
    /// How to print the key
    #[arg(long, value_enum, default_value_t = Format::Env)]
    format: Format,
    /// Tell what the server finds about the policy: on standard error, or in the JSON
    #[arg(long)]
    judge: bool,
    #[command(flatten)]
    service: ServiceArguments,
}

/// Show whose key the calls are signed with.
#[derive(Args, Debug)]
#[command(after_long_help = "\
Example:
  daypass sts whoami --json")]
pub struct WhoamiArguments {
    /// One line of JSON
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    service: ServiceArguments,
}

/// How a key is printed.
#[derive(ValueEnum, Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Format {
    /// Lines for `sh`, and all shells like it, to evaluate
    Env,
    /// Lines for `fish` to evaluate
    Fish,
    /// Lines for PowerShell to evaluate
    Powershell,
    /// One line of JSON
    Json,
}

pub(crate) async fn run(command: Command) -> Result<()> {
    match command {
        Command::Token(arguments) => token(arguments).await,
        Command::AssumeRole(arguments) => assume_role::run(arguments).await,
        Command::Exec(arguments) => sts_exec::run(arguments).await,
        Command::Whoami(arguments) => whoami(arguments).await,
    }
}

async fn token(arguments: TokenArguments) -> Result<()> {
    let policy = arguments.policy.as_deref().map(document::read).transpose()?;
    let client = asking(arguments.service.actions()?, arguments.judge);
    let get = GetFederationToken {
        name: arguments.name,
        policy,
        duration_seconds: arguments.duration_seconds,
    };
    let key = client
        .get_federation_token(get)
        .await
        .context("cannot make a temporary key")?;
    print(&key, arguments.format, arguments.judge)
}

/// The client, asking for judgements if the command line does.
pub(crate) fn asking(client: ActionClient, judge: bool) -> ActionClient {
    if judge { client.judging() } else { client }
}

/// Prints a temporary key, and what was found about its policy if that was asked for.
pub(crate) fn print(key: &TemporaryKey, format: Format, judge: bool) -> Result<()> {
    match (&key.judgement, judge) {
        (Some(judgement), _) if format != Format::Json => report::say(&found(judgement)),
        (None, true) => report::note("the server does not tell what it finds about policies"),
        _ => {}
    }
    let text = match format {
        Format::Env => exports(key, Syntax::Posix),
        Format::Fish => exports(key, Syntax::Fish),
        Format::Powershell => exports(key, Syntax::PowerShell),
        Format::Json => output::json_line(&key_json(key)),
    };
    output::write(text.as_bytes())
}

async fn whoami(arguments: WhoamiArguments) -> Result<()> {
    let client = arguments.service.actions()?;
    let who = client
        .get_caller_identity()
        .await
        .context("cannot ask who this is")?;
    let CallerIdentity {
        owner_uin,
        uin,
        role,
        session_name,
    } = who;
    let json = json!({
        "owner_uin": owner_uin.0,
        "uin": uin.0,
        "role_id": role.map(|role| role.to_string()),
        "session_name": session_name,
    });
    let role = role.map_or_else(|| "-".to_owned(), |role| role.to_string());
    let session = session_name.unwrap_or_else(|| "-".to_owned());
    let fields = [
        ("owner-uin", owner_uin.to_string()),
        ("uin", uin.to_string()),
        ("role", role),
        ("session", session),
    ];
    output::one(&json, arguments.json, &fields)
}

/// What was found, for people, who count statements from 1.
fn found(judgement: &Judgement) -> String {
    let one = |finding: &JudgedFinding| {
        let place = finding
            .statement
            .map(|index| format!("statement {}: ", index.saturating_add(1)));
        format!(
            "{} {} {}{}\n      mend: {}\n",
            finding.severity.word(),
            finding.rule,
            place.unwrap_or_default(),
            finding.message,
            finding.hint,
        )
    };
    let mut text: String = judgement.findings.iter().map(one).collect();
    if judgement.omitted > 0 {
        text.push_str(&format!("and {} findings more\n", judgement.omitted));
    }
    text.push_str(match judgement.within {
        Within::Contained => "the caller may do all that the policy grants\n",
        Within::NotContained => "the caller may not do all that the policy grants\n",
        Within::Unknown => {
            "whether the caller may do all that the policy grants hangs on a condition or a variable\n"
        }
        Within::TooLarge => {
            "whether the caller may do all that the policy grants was not judged: too large\n"
        }
    });
    text
}

fn judgement_json(judgement: &Judgement) -> Json {
    let one = |finding: &JudgedFinding| {
        json!({
            "rule": finding.rule,
            "severity": finding.severity.word(),
            "statement": finding.statement,
            "message": finding.message,
            "hint": finding.hint,
            "witness": finding.witness,
        })
    };
    json!({
        "within": judgement.within.word(),
        "findings": judgement.findings.iter().map(one).collect::<Json>(),
        "omitted": judgement.omitted,
    })
}

fn key_json(key: &TemporaryKey) -> Json {
    let mut json = json!({
        "secret_id": key.access_key_id.as_str(),
        "secret_key": key.secret_key.expose(),
        "token": key.token.expose(),
        "expires": key.expires.iso_seconds(),
        "expires_unix": key.expires.unix_seconds(),
    });
    if let (Some(members), Some(judgement)) = (json.as_object_mut(), &key.judgement) {
        members.insert("judgement".to_owned(), judgement_json(judgement));
    }
    json
}

#[cfg(test)]
mod tests {
    use daypass_api::Timestamp;
    use daypass_api::names::AccessKeyId;
    use daypass_api::outcome::{JudgedSeverity, SessionToken};
    use daypass_api::secret::SecretKey;

    use super::*;

    fn key() -> TemporaryKey {
        TemporaryKey {
            access_key_id: AccessKeyId::parse("AKIDtmp").unwrap(),
            secret_key: SecretKey::new("s'$(x)".to_owned()),
            token: SessionToken::new("t".to_owned()),
            expires: Timestamp::from_unix_seconds(1_700_001_800),
            judgement: None,
        }
    }

    #[test]
    fn for_a_script() {
        let expected = r#"{"expires":"2023-11-14T22:43:20Z","expires_unix":1700001800,"secret_id":"AKIDtmp","secret_key":"s'$(x)","token":"t"}"#;
        assert_eq!(key_json(&key()).to_string(), expected);
    }

    #[test]
    fn what_was_found() {
        let finding = |statement, rule: &str| JudgedFinding {
            rule: rule.to_owned(),
            severity: JudgedSeverity::Warning,
            statement,
            message: "an upload of any size".to_owned(),
            hint: "bound it".to_owned(),
            witness: None,
        };
        let judgement = Judgement {
            within: Within::TooLarge,
            findings: vec![finding(Some(0), "L07"), finding(None, "L14")],
            omitted: 2,
        };
        let expected = "W L07 statement 1: an upload of any size\n      mend: bound it\n\
            W L14 an upload of any size\n      mend: bound it\nand 2 findings more\n\
            whether the caller may do all that the policy grants was not judged: too large\n";
        assert_eq!(found(&judgement), expected);
        let key = TemporaryKey {
            judgement: Some(Box::new(judgement)),
            ..key()
        };
        let json = key_json(&key);
        assert_eq!(json["judgement"]["findings"][1]["statement"], Json::Null);
        assert_eq!(json["judgement"]["within"], "too-large");
    }
}
