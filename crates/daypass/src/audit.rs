//! `daypass audit`: the audit trail verified and asked, from its files alone.

use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use clap::{Args, Subcommand};
use daypass_api::Timestamp;
use daypass_audit::query::{Found, Query, Trail};
use daypass_audit::record::{JudgedRule, Request, Tag};
use daypass_audit::verify::{End, Finding, Listener, Summary, verify};
use daypass_audit::{Chain, index};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use serde_json::{Value as Json, json};

/// The exit code of a trail that is damaged.
const DAMAGED: u8 = 6;
/// The exit code when what was asked for is not in the trail.
const NOT_FOUND: u8 = 4;

/// Verify and ask the audit trail.
#[derive(Args, Debug)]
#[command(after_long_help = "\
All verbs read the files of a trail and need no server, key or master key; a trail may be read while a server writes it. \
docs/audit.md describes the records.

Examples:
  daypass audit verify --dir /srv/daypass/audit
  daypass audit query --bucket photos-1250000000 --refused
  daypass audit who AKIDtmpAAECAwQFBgcICQoLDA0ODw
  daypass audit scope AKIDtmpAAECAwQFBgcICQoLDA0ODw
  daypass audit explain NmIwMzZkZTJfNjJmODM4ZmQ=")]
pub(crate) struct AuditArguments {
    #[command(subcommand)]
    command: AuditCommand,
}

#[derive(Subcommand, Debug)]
enum AuditCommand {
    Verify(VerifyArguments),
    Query(QueryArguments),
    /// Who minted a key or session: each request of the chain, the nearest first
    #[command(after_long_help = "\
Begins with the request that minted or made the key, goes on with the one that minted or made the key which signed that \
one, and ends with a key that the trail does not know to have been made, such as the root's.

Exit codes: 0 found, 1 could not be read, 2 the command line makes no sense, 4 the trail has not seen it come to be.

Examples:
  daypass audit who AKIDtmpAAECAwQFBgcICQoLDA0ODw
  daypass audit who 000102030405060708090a0b0c0d0e0f --json
  daypass audit who AKIDtmpAAECAwQFBgcICQoLDA0ODw --dir gateway-1/audit --dir gateway-2/audit")]
    Who(AboutArguments),
    /// What a session could touch: the policies of each step of minting, all of which bind it
    #[command(after_long_help = "\
Whatever these policies say, it could do no more than the identity that it acted as, at the time of each request. Whom it \
acts for and its tags are told as well.

Exit codes: 0 found, 1 could not be read, 2 the command line makes no sense, 4 the trail has not seen it come to be.

Examples:
  daypass audit scope AKIDtmpAAECAwQFBgcICQoLDA0ODw
  daypass audit scope 000102030405060708090a0b0c0d0e0f --json")]
    Scope(AboutArguments),
    /// Why a request was allowed or refused
    #[command(after_long_help = "\
The id of a request is in its answer: the header x-cos-request-id, or RequestId. What decided is told by its layer, and \
where there are policies by the place of the document and of the statement, counted from 0.

Exit codes: 0 found, 1 could not be read, 2 the command line makes no sense, 4 the trail does not have the request.

Examples:
  daypass audit explain NmIwMzZkZTJfNjJmODM4ZmQ=
  daypass audit explain NmIwMzZkZTJfNjJmODM4ZmQ= --json")]
    Explain(RequestArguments),
    /// Make the missing or wrong indexes of closed segments again
    Reindex(ReindexArguments),
}

#[derive(Args, Debug)]
struct Sources {
    /// Directory of a trail; may be given several times, and all are read as one
    #[arg(long = "dir", value_name = "DIR", default_value = "./daypass-data/audit")]
    directories: Vec<PathBuf>,
    /// Print lines of JSON
    #[arg(long)]
    json: bool,
}

/// Verify that nothing was changed, removed, added or reordered.
#[derive(Args, Debug)]
#[command(after_long_help = "\
What is found goes to standard error, or with --json to standard output, one line for each finding and one with the \
summary, whose `head` is the last record and where the chain stands after it. Note it elsewhere: with --holds it is \
looked for, and so the end of the trail cannot be cut off unseen. docs/audit.md describes all kinds of findings.

Exit codes: 0 sound (there may be notes), 1 could not be read, 2 the command line makes no sense, 6 damage found.

Examples:
  daypass audit verify
  daypass audit verify --dir /srv/daypass/audit --json
  daypass audit verify --holds 4711:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08")]
struct VerifyArguments {
    /// Directory of the trail
    #[arg(long = "dir", value_name = "DIR", default_value = "./daypass-data/audit")]
    directory: PathBuf,
    /// A record that the trail is known to have: its number and its chain
    #[arg(long, value_name = "RECORD:CHAIN", value_parser = head)]
    holds: Option<(u64, Chain)>,
    /// Print findings and summary as lines of JSON
    #[arg(long)]
    json: bool,
}

/// Print requests: the last ones that have all that is said.
#[derive(Args, Debug)]
#[command(after_long_help = "\
The oldest of them comes first. A time is written as 2026-01-31T12:00:00Z. With --json each line has the trail's directory, \
the number of the record, and the request with all its fields.

Exit codes: 0 done, also when nothing was found, 1 could not be read, 2 the command line makes no sense.

Examples:
  daypass audit query --key AKIDtmpAAECAwQFBgcICQoLDA0ODw
  daypass audit query --bucket photos-1250000000 --refused --from 2026-01-01T00:00:00Z
  daypass audit query --dir gateway-1/audit --dir gateway-2/audit --name user-7 --json")]
struct QueryArguments {
    #[command(flatten)]
    sources: Sources,
    /// By this key, in sessions that it began, or that minted or made it
    #[arg(long, value_name = "ID")]
    key: Option<String>,
    /// By this session or those minted from it
    #[arg(long, value_name = "ID")]
    session: Option<String>,
    /// By this identity, or in sessions that it began
    #[arg(long, value_name = "UIN")]
    principal: Option<u64>,
    /// By sessions of this name
    #[arg(long, value_name = "NAME")]
    name: Option<String>,
    /// On this bucket
    #[arg(long, value_name = "BUCKET")]
    bucket: Option<String>,
    /// Not before this time
    #[arg(long, value_name = "TIME", value_parser = time)]
    from: Option<i64>,
    /// Before this time
    #[arg(long, value_name = "TIME", value_parser = time)]
    to: Option<i64>,
    /// Answered with this status
    #[arg(long, value_name = "N")]
    status: Option<u16>,
    /// Refused, all or some of it
    #[arg(long)]
    refused: bool,
    /// Print at most so many
    #[arg(long, value_name = "N", default_value_t = 1000)]
    limit: usize,
}

#[derive(Args, Debug)]
struct AboutArguments {
    /// The id of a key, or of a session in hex digits
    #[arg(value_name = "ID")]
    id: String,
    #[command(flatten)]
    sources: Sources,
}

#[derive(Args, Debug)]
struct RequestArguments {
    /// The id of the request
    #[arg(value_name = "REQUEST")]
    id: String,
    #[command(flatten)]
    sources: Sources,
}

#[derive(Args, Debug)]
#[command(after_long_help = "\
Indexes make queries quick and say nothing of their own; `verify` tells whether one is missing or wrong. The records are \
not touched.

Exit codes: 0 done, 1 could not be done, 2 the command line makes no sense.

Examples:
  daypass audit reindex
  daypass audit reindex --dir /srv/daypass/audit")]
struct ReindexArguments {
    /// Directory of the trail
    #[arg(long = "dir", value_name = "DIR", default_value = "./daypass-data/audit")]
    directory: PathBuf,
}

fn head(text: &str) -> Result<(u64, Chain), String> {
    let parts = text
        .split_once(':')
        .and_then(|(record, chain)| Some((record.parse().ok()?, Chain::parse(chain)?)));
    parts.ok_or_else(|| "it is a record's number, `:`, and 64 hex digits".to_owned())
}

fn time(text: &str) -> Result<i64, String> {
    let time = Timestamp::parse_iso(text).map(Timestamp::unix_millis);
    time.ok_or_else(|| "a time is written as 2026-01-31T12:00:00Z".to_owned())
}

/// Runs the verb.
pub(crate) fn run(arguments: AuditArguments) -> Result<ExitCode> {
    match arguments.command {
        AuditCommand::Verify(arguments) => run_verify(&arguments),
        AuditCommand::Query(arguments) => run_query(arguments),
        AuditCommand::Who(about) => print_lineage(&about, false),
        AuditCommand::Scope(about) => print_lineage(&about, true),
        AuditCommand::Explain(about) => explain(&about),
        AuditCommand::Reindex(arguments) => reindex(&arguments),
    }
}

fn run_query(arguments: QueryArguments) -> Result<ExitCode> {
    let QueryArguments {
        sources,
        key,
        session,
        principal,
        name,
        bucket,
        from,
        to,
        status,
        refused,
        limit,
    } = arguments;
    let query = Query {
        key,
        session,
        made: None,
        principal,
        name,
        bucket,
        request_id: None,
        from,
        to,
        status,
        refused,
    };
    let found = trail(&sources).ask(&query, limit).context(UNREADABLE)?;
    for found in &found {
        print(&sources, found, &line(&found.request))?;
    }
    Ok(ExitCode::SUCCESS)
}

const UNREADABLE: &str = "the audit trail could not be read";

/// How long a server may take to hand a record to the system once the request is answered: a few milliseconds, and as much
/// as a busy processor makes of them.
const ON_ITS_WAY: Duration = Duration::from_millis(50);

/// The trails that are asked, with what was answered before the question.
fn trail(sources: &Sources) -> Trail {
    let trail = Trail::new(sources.directories.clone());
    if trail.may_be_written() {
        std::thread::sleep(ON_ITS_WAY);
    }
    trail
}

fn print(sources: &Sources, found: &Found, text: &str) -> Result<()> {
    let line = match sources.json {
        true => {
            let directory = sources
                .directories
                .get(found.source)
                .map(|path| path.display().to_string());
            json!({ "directory": directory, "record": found.record, "request": found.request }).to_string()
        }
        false => printable(text),
    };
    writeln!(std::io::stdout().lock(), "{line}").context("the answer could not be written")
}

fn print_lineage(about: &AboutArguments, scope: bool) -> Result<ExitCode> {
    let steps = trail(&about.sources).lineage(&about.id).context(UNREADABLE)?;
    if steps.is_empty() {
        return not_found(&about.id);
    }
    for found in &steps {
        match &found.request.minted {
            Some(_) if scope => print(&about.sources, found, &scope_of(&found.request))?,
            None if scope => {}
            _ => print(&about.sources, found, &origin(&found.request))?,
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn not_found(id: &str) -> Result<ExitCode> {
    writeln!(
        std::io::stderr().lock(),
        "the trail does not know how `{}` came to be, or has not seen it",
        printable(id)
    )?;
    Ok(ExitCode::from(NOT_FOUND))
}

fn explain(about: &RequestArguments) -> Result<ExitCode> {
    let Some(found) = trail(&about.sources).request(&about.id).context(UNREADABLE)? else {
        return not_found(&about.id);
    };
    print(&about.sources, &found, &reasons(&found.request))?;
    Ok(ExitCode::SUCCESS)
}

fn moment(millis: i64) -> String {
    Timestamp::from_unix_millis(millis).iso_millis()
}

fn who(request: &Request) -> String {
    let Some(who) = &request.who else {
        return "nobody".to_owned();
    };
    let claimed = if who.proven { "" } else { " (not proven)" };
    let session = who.session.as_ref().map(|session| {
        format!(
            " session {} `{}` begun by {}",
            session.session_id, session.session_name, session.original_access_key_id
        )
    });
    format!(
        "{} {:?} {}{}{claimed}",
        who.access_key_id,
        who.principal,
        who.uin,
        session.unwrap_or_default()
    )
}

fn what(request: &Request) -> String {
    let operation = request.operation.as_deref().unwrap_or(&request.method);
    let place = match (&request.bucket, &request.key) {
        (Some(bucket), Some(key)) => format!("cos://{bucket}/{key}"),
        (Some(bucket), None) => format!("cos://{bucket}"),
        _ if !request.about.is_empty() => request.about.join(" "),
        _ => request.path.clone().unwrap_or_default(),
    };
    format!("{operation} {place}")
}

fn line(request: &Request) -> String {
    let code = request.code.as_deref().unwrap_or_default();
    format!(
        "{}  {}  {}  {} {code}  {}{}",
        moment(request.time),
        request.request_id,
        what(request),
        request.status,
        who(request),
        judged(request)
    )
}

/// What was found about the policy of a temporary key: rules with their weights, and how often when more than once.
fn judged(request: &Request) -> String {
    let Some(judgement) = &request.judgement else {
        return String::new();
    };
    let one = |found: &JudgedRule| match found.count {
        1 => format!("{} {}", found.severity, found.rule),
        count => format!("{} {} {count} times", found.severity, found.rule),
    };
    let mut words: Vec<String> = judgement.findings.iter().map(one).collect();
    if judgement.omitted > 0 {
        words.push(format!("{} more", judgement.omitted));
    }
    words.extend(judgement.unjudged.iter().map(|why| format!("not judged: {why}")));
    format!("  policy: {}", words.join(", "))
}

fn origin(request: &Request) -> String {
    let made = match (&request.minted, &request.made_access_key_id) {
        (Some(minted), _) => format!(
            "{} session {} `{}` until {}",
            minted.access_key_id,
            minted.session_id,
            minted.name,
            moment(minted.expires)
        ),
        (None, Some(key)) => key.clone(),
        (None, None) => String::new(),
    };
    format!(
        "{}  {made}\n  by {}\n  from {}, request {}",
        moment(request.time),
        who(request),
        request.ip,
        request.request_id
    )
}

fn scope_of(request: &Request) -> String {
    let mut lines = vec![origin(request)];
    if let Some(minted) = &request.minted {
        let tag = |tag: &Tag| format!("tag {}={}", tag.key, tag.value);
        let source = minted.source_identity.iter();
        lines.extend(source.map(|name| format!("acts for `{name}`")));
        lines.extend(minted.tags.iter().map(tag));
        match minted.policies.is_empty() {
            true => lines.push("narrowed by no policy".to_owned()),
            false => lines.extend_from_slice(&minted.policies),
        }
    }
    lines.join("\n  ")
}

fn reasons(request: &Request) -> String {
    let decision = match &request.decision {
        None => "refused before anything was decided".to_owned(),
        Some(decision) => {
            let verdict = if decision.allowed { "allowed" } else { "refused" };
            let text = |text: &Option<String>| text.clone().unwrap_or_else(|| "none".to_owned());
            let number = |name: &str, place: Option<u64>| {
                place.map(|place| format!(", {name} {place}")).unwrap_or_default()
            };
            format!(
                "{verdict}: layer {}{}{} {} for {}",
                text(&decision.layer),
                number("document", decision.document),
                number("statement", decision.statement),
                text(&decision.opinion),
                text(&decision.action),
            )
        }
    };
    format!("{}\n  {decision}", line(request))
}

/// Clients choose names; a terminal shall not obey them.
fn printable(text: &str) -> String {
    let shown = |character: char| match character {
        '\n' => "\n".to_owned(),
        control if control.is_control() => control.escape_default().to_string(),
        other => other.to_string(),
    };
    text.chars().map(shown).collect()
}

fn reindex(arguments: &ReindexArguments) -> Result<ExitCode> {
    let made = index::rebuild(&arguments.directory).context("the indexes could not be made")?;
    writeln!(std::io::stderr().lock(), "{made} indexes were made")?;
    Ok(ExitCode::SUCCESS)
}

fn run_verify(arguments: &VerifyArguments) -> Result<ExitCode> {
    let mut teller = Teller {
        json: arguments.json,
        progress: ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr()),
        failure: None,
    };
    let summary = verify(&arguments.directory, arguments.holds, &mut teller).context(UNREADABLE)?;
    teller.progress.finish_and_clear();
    if summary.segments == 0 {
        bail!("there is no audit trail in `{}`", arguments.directory.display());
    }
    teller.tell(&summary_json(&summary), &summary_text(&summary));
    match teller.failure {
        Some(error) => Err(error).context("the findings could not be written"),
        None if summary.is_sound() => Ok(ExitCode::SUCCESS),
        None => Ok(ExitCode::from(DAMAGED)),
    }
}

struct Teller {
    json: bool,
    progress: ProgressBar,
    failure: Option<std::io::Error>,
}

impl Teller {
    fn tell(&mut self, json: &Json, text: &str) {
        let written = match self.json {
            true => writeln!(std::io::stdout().lock(), "{json}"),
            false => writeln!(std::io::stderr().lock(), "{}", printable(text)),
        };
        self.failure = self.failure.take().or(written.err());
    }
}

impl Listener for Teller {
    fn found(&mut self, finding: Finding) {
        let what = if finding.kind.is_damage() {
            "damage"
        } else {
            "note"
        };
        let Finding {
            kind,
            segment,
            record,
            offset,
            text,
        } = finding;
        let kind = kind.name();
        let words = format!("{what}: {kind}: record {record} in `{segment}` at byte {offset}: {text}");
        let json = json!({ "kind": kind, "severity": what, "segment": segment, "record": record, "offset": offset, "text": text });
        let progress = self.progress.clone();
        progress.suspend(|| self.tell(&json, &words));
    }

    fn begin(&mut self, bytes: u64) {
        let style = ProgressStyle::with_template("{bar:30} {bytes} of {total_bytes}  {bytes_per_sec}  {eta}");
        self.progress
            .set_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
        self.progress.set_length(bytes);
    }

    fn advance(&mut self, bytes: u64) {
        self.progress.inc(bytes);
    }
}

fn end(summary: &Summary) -> &'static str {
    match summary.end {
        End::Open => "open",
        End::Stopped => "stopped",
    }
}

fn summary_json(summary: &Summary) -> Json {
    json!({"summary": {
        "sound": summary.is_sound(),
        "damage": summary.damage,
        "notes": summary.notes,
        "segments": summary.segments,
        "records": summary.records,
        "requests": summary.requests,
        "bytes": summary.bytes,
        "first": summary.first,
        "last": summary.last,
        "head": format!("{}:{}", summary.last, summary.head),
        "end": end(summary),
    }})
}

fn summary_text(summary: &Summary) -> String {
    let verdict = match summary.is_sound() {
        true => "sound".to_owned(),
        false => format!("{} damaged", summary.damage),
    };
    format!(
        "{verdict}, {} notes: {} requests in {} records, {} to {}, {} segments, {} bytes; {}\nhead {}:{}",
        summary.notes,
        summary.requests,
        summary.records,
        summary.first,
        summary.last,
        summary.segments,
        summary.bytes,
        end(summary),
        summary.last,
        summary.head,
    )
}
