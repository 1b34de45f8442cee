//! `daypass check`: a data directory held against itself, while no server uses it.

use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context, Result};
use clap::Args;
use daypass_api::secret::SecretText;
use daypass_check::directory::{Places, check_directory, require_there};
use daypass_check::{Finding, Listener, Options, Severity, Stage, Summary};
use daypass_server::{DataDirectory, GivenKeys, StartError};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use serde_json::{Map, Value as Json, json};

use crate::environment;

/// The exit code of a directory that is damaged.
const DAMAGED: u8 = 6;

const UNCOUNTED: &str = "{spinner} {msg}";
const COUNTED: &str = "{spinner} {msg} {human_pos}";
const BYTES: &str = "{msg} {bar:30} {bytes} of {total_bytes}  {bytes_per_sec}  {eta}";

/// Verify a data directory: every record, every relation between records, every blob.
#[derive(Args, Debug)]
#[command(after_long_help = "\
No server may be using the directory, and none can start on it meanwhile. Nothing in the directory is changed, not \
even after a crash. The files must be writable all the same, since taking the lock needs that.

What is found goes to standard error, or with --json to standard output: one line of JSON for each finding, with kind, \
severity, where, expected, found and hint, and at the end one with the summary. All kinds are described in \
docs/check.md. A note is worth knowing, damage is something lost or contradictory.

Secrets are opened under the key in master.key, or DAYPASS_MASTER_KEY with DAYPASS_PREVIOUS_MASTER_KEY.

Exit codes: 0 sound (there may be notes), 1 could not be checked, 2 the command line makes no sense, 6 damage found.

Examples:
  daypass check
  daypass check --data /srv/daypass --json
  daypass check --quick")]
pub(crate) struct CheckArguments {
    /// Data directory to look at
    #[arg(long, value_name = "DIR", default_value = "./daypass-data")]
    data: PathBuf,
    /// Leave out the bytes of blobs and the checksums of the key-value file; headers and lengths are looked at
    #[arg(long)]
    quick: bool,
    /// Print findings and summary as lines of JSON
    #[arg(long)]
    json: bool,
}

/// Runs the verb.
pub(crate) async fn run(arguments: CheckArguments) -> Result<ExitCode> {
    let directory = DataDirectory::new(&arguments.data);
    let places = Places {
        metadata: directory.metadata(),
        blobs: directory.blobs(),
        leftovers: Vec::new(),
        unfinished_exchange: None,
    };
    require_there(directory.path(), &places)?;
    let places = Places {
        leftovers: directory
            .leftovers()
            .context("the data directory cannot be read")?,
        unfinished_exchange: directory.unfinished_exchange(),
        ..places
    };
    let given = environment::text(environment::MASTER_KEY)?.map(SecretText::new);
    let previous = environment::text(environment::PREVIOUS_MASTER_KEY)?.map(SecretText::new);
    let given = GivenKeys {
        current: given.as_ref().map(SecretText::expose),
        previous: previous.as_ref().map(SecretText::expose),
    };
    let master = match directory.master_keys(given) {
        Ok(master) => Some(master),
        // A finding, unless nothing is wrapped.
        Err(StartError::MasterKeyMissing(_)) => None,
        Err(error) => return Err(error.into()),
    };
    let options = Options {
        quick: arguments.quick,
        ..Options::default()
    };
    let mut teller = Teller {
        json: arguments.json,
        progress: ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr()),
        failure: None,
    };
    let checked = check_directory(&places, master.as_ref(), options, &mut teller).await;
    teller.progress.finish_and_clear();
    let summary = checked?;
    teller.tell_summary(&summary, arguments.quick);
    match teller.failure {
        Some(error) => Err(error).context("the findings could not be written"),
        None if summary.is_sound() => Ok(ExitCode::SUCCESS),
        None => Ok(ExitCode::from(DAMAGED)),
    }
}

/// Tells what is found as it is found.
struct Teller {
    json: bool,
    progress: ProgressBar,
    failure: Option<std::io::Error>,
}

impl Teller {
    fn tell_summary(&mut self, summary: &Summary, quick: bool) {
        if self.json {
            return self.line(&summary_json(summary, quick));
        }
        self.text(&summary_text(summary, quick));
    }

    fn line(&mut self, json: &Json) {
        let mut out = std::io::stdout().lock();
        let written = writeln!(out, "{json}").and_then(|()| out.flush());
        self.failure = self.failure.take().or(written.err());
    }

    fn text(&mut self, text: &str) {
        let written = writeln!(std::io::stderr().lock(), "{text}");
        self.failure = self.failure.take().or(written.err());
    }
}

impl Listener for Teller {
    fn found(&mut self, finding: Finding) {
        let progress = self.progress.clone();
        progress.suspend(|| match self.json {
            true => self.line(&finding_json(&finding)),
            false => self.text(&finding_text(&finding)),
        });
    }

    fn begin(&mut self, stage: Stage, total: Option<u64>) {
        let (message, template) = match (stage, total) {
            (Stage::Checksums, _) => ("opening the key-value file", UNCOUNTED),
            (Stage::Records, _) => ("records", COUNTED),
            (Stage::Blobs, Some(_)) => ("blobs", BYTES),
            (Stage::Blobs, None) => ("blobs", UNCOUNTED),
        };
        let style = ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar());
        self.progress.set_style(style);
        self.progress.set_message(message);
        match total {
            Some(total) => self.progress.set_length(total),
            None => self.progress.unset_length(),
        }
        self.progress.set_position(0);
    }

    fn advance(&mut self, done: u64) {
        self.progress.inc(done);
    }
}

fn finding_json(finding: &Finding) -> Json {
    let place: Map<String, Json> = finding
        .place
        .names()
        .map(|(label, name)| (label.to_owned(), Json::from(name)))
        .collect();
    json!({
        "kind": finding.kind.name(),
        "severity": finding.kind.severity().name(),
        "where": place,
        "expected": finding.expected,
        "found": finding.found,
        "hint": finding.kind.hint(),
    })
}

fn finding_text(finding: &Finding) -> String {
    let what = match finding.kind.severity() {
        Severity::Damage => "damage",
        Severity::Note => "note",
    };
    let text = format!(
        "{what}: {}: {}: expected {}, found {}\n  hint: {}",
        finding.kind.name().replace('_', " "),
        finding.place,
        finding.expected,
        finding.found,
        finding.kind.hint(),
    );
    printable(&text)
}

/// Object keys may hold anything; a terminal shall not obey them.
fn printable(text: &str) -> String {
    let shown = |character: char| match character {
        '\n' => "\n".to_owned(),
        control if control.is_control() => control.escape_default().to_string(),
        other => other.to_string(),
    };
    text.chars().map(shown).collect()
}

fn summary_json(summary: &Summary, quick: bool) -> Json {
    json!({"summary": {
        "sound": summary.is_sound(),
        "quick": quick,
        "damage": summary.damage,
        "notes": summary.notes,
        "records": summary.records,
        "buckets": summary.buckets,
        "objects": summary.objects,
        "uploads": summary.uploads,
        "inline": summary.inline,
        "blobs": summary.blobs,
        "blobBytesRead": summary.blob_bytes_read,
        "users": summary.users,
        "accessKeys": summary.access_keys,
        "waitingForSweep": summary.waiting_for_sweep,
        "passes": summary.passes,
    }})
}

fn summary_text(summary: &Summary, quick: bool) -> String {
    let verdict = match (summary.is_sound(), quick) {
        (true, false) => "sound".to_owned(),
        (true, true) => "sound, as far as a quick check looks".to_owned(),
        (false, _) => format!("{} damaged", summary.damage),
    };
    let notes = match summary.notes {
        0 => String::new(),
        1 => ", 1 note".to_owned(),
        notes => format!(", {notes} notes"),
    };
    format!(
        "{verdict}{notes}: {} records, {} buckets, {} objects, {} uploads in progress, {} blobs ({} bytes read), \
         {} users, {} access keys",
        summary.records,
        summary.buckets,
        summary.objects,
        summary.uploads,
        summary.blobs,
        summary.blob_bytes_read,
        summary.users,
        summary.access_keys,
    )
}

#[cfg(test)]
mod tests {
    use daypass_check::{Kind, Place};

    use super::*;

    fn finding() -> Finding {
        Finding {
            kind: Kind::BlobMissing,
            place: Place::new().with("bucket", "photos-1").with("key", "a\u{1b}[2J"),
            expected: "a blob of 5 bytes".to_owned(),
            found: "nothing".to_owned(),
        }
    }

    #[test]
    fn a_finding_in_words_does_not_reach_the_terminal() {
        let text = finding_text(&finding());
        assert_eq!(
            text,
            "damage: blob missing: bucket `photos-1`, key `a\\u{1b}[2J`: expected a blob of 5 bytes, found nothing\n  \
             hint: restore the object from a backup, or delete it"
        );
    }

    #[test]
    fn a_finding_as_a_line_of_json() {
        let expected = json!({
            "kind": "blob_missing", "severity": "damage",
            "where": {"bucket": "photos-1", "key": "a\u{1b}[2J"},
            "expected": "a blob of 5 bytes", "found": "nothing",
            "hint": "restore the object from a backup, or delete it",
        });
        assert_eq!(finding_json(&finding()), expected);
    }

    #[test]
    fn the_templates_are_templates() {
        for template in [UNCOUNTED, COUNTED, BYTES] {
            ProgressStyle::with_template(template).unwrap();
        }
    }
}
