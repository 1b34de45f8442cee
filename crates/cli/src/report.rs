//! How a failure is told: one line with the causes, a hint where one is known, and an exit code; to scripts as JSON.
//!
//! Standard error is one for the whole process, and so is the way in which it is spoken to.

use std::io::{IsTerminal, Write};
use std::process::ExitCode;
use std::sync::atomic::{AtomicBool, Ordering};

use daypass_client::{Distrust, Error, Refusal};
use serde_json::json;

use crate::connection::MissingCredentials;
use crate::failure;
use crate::output::{self, printable, printable_lines};
use crate::sts_exec::NotStarted;

/// What the exit codes mean: the end of `daypass --help`.
pub const EXIT_CODES: &str = "\
Exit codes:
    0  done
    1  failed in any other way, or the answer is no (`policy lint`, `policy compare`, `policy explain`, `sign`)
    2  the command line or the settings make no sense
    3  the server refused
    4  what was named is not there
    5  the server was not reached or not to be trusted, or the connection broke
    6  damage was found (`check`, `audit verify`)
    7  it cannot be known (`policy compare`, `policy effective`)
  126  the command of `sts exec` could not be started; 127 there is none of this name
  130  interrupted; the same command goes on where it ended";

/// Whether a script reads standard error.
static TO_SCRIPTS: AtomicBool = AtomicBool::new(false);

/// What shells take for the end by an interrupt.
const INTERRUPTED: u8 = 130;

/// Something that was asked for makes no sense; what the argument parser could not see.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub(crate) struct Misuse(pub(crate) String);

/// What was named is not there, as the verb itself found out.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub(crate) struct NotThere(pub(crate) String);

/// What was asked can be answered neither way.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub(crate) struct Undecided(pub(crate) String);

/// What was asked was answered, and the answer is no.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub(crate) struct No(pub(crate) String);

/// Somebody stopped a copy, and it can go on.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("interrupted")]
pub(crate) struct Interrupted;

/// From now on standard error is for scripts: each line of it is an object of JSON.
pub fn speak_json() {
    TO_SCRIPTS.store(true, Ordering::Relaxed);
}

fn is_for_scripts() -> bool {
    TO_SCRIPTS.load(Ordering::Relaxed)
}

/// Tells that the command line makes no sense, and gives the exit code for it.
pub fn misused(why: &str) -> ExitCode {
    report(&Misuse(why.to_owned()).into())
}

/// Prints a failure to standard error, and gives the exit code for it.
///
/// [`EXIT_CODES`] says what each means.
pub fn report(error: &anyhow::Error) -> ExitCode {
    // When standard error is gone there is nobody left to tell.
    let _ = std::io::stderr()
        .lock()
        .write_all(text(error, is_for_scripts()).as_bytes());
    ExitCode::from(code(error))
}

/// Prints a failure that does not end the verb to standard error.
pub(crate) fn one_of_many(error: &anyhow::Error) {
    // As above.
    let _ = std::io::stderr()
        .lock()
        .write_all(line(error, is_for_scripts()).as_bytes());
}

/// Prints something that is worth knowing and no failure to standard error.
pub(crate) fn note(text: &str) {
    // As above.
    let _ = match is_for_scripts() {
        true => writeln!(std::io::stderr().lock(), "{}", json!({ "note": text })),
        false => writeln!(std::io::stderr().lock(), "note: {}", printable(text)),
    };
}

/// Prints lines beside the answer to standard error.
pub(crate) fn say(lines: &str) {
    // As above.
    let _ = std::io::stderr()
        .lock()
        .write_all(printable_lines(lines).as_bytes());
}

/// Prints something to standard error when a person reads it.
pub(crate) fn for_people(text: &str) {
    let mut error = std::io::stderr().lock();
    if error.is_terminal() {
        // As above.
        let _ = writeln!(error, "{}", printable(text));
    }
}

/// Whether somebody stopped it.
pub(crate) fn is_interruption(error: &anyhow::Error) -> bool {
    matches!(found::<Error>(error).map(Error::why), Some(Error::Stopped))
}

/// Whether nothing else that is asked of the server would go better: it is out of reach, or is not to be believed.
pub(crate) fn is_hopeless(error: &anyhow::Error) -> bool {
    matches!(
        found::<Error>(error).map(Error::why),
        Some(
            Error::Unreachable { .. }
                | Error::Untrusted { .. }
                | Error::Handshake { .. }
                | Error::NotHttp { .. }
        )
    ) || output::reader_has_left(error)
}

/// What has become of many things.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Tally {
    pub(crate) done: u64,
    pub(crate) failed: u64,
    pub(crate) skipped: u64,
    pub(crate) bytes: u64,
    /// What the target had already, and what it had beyond the source: of `sync`.
    pub(crate) same: u64,
    pub(crate) removed: u64,
    code: Option<u8>,
}

/// Some of many things failed; each was told when it did.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("{failed} of {all} could not be {verb}")]
pub(crate) struct Partial {
    failed: u64,
    all: u64,
    verb: &'static str,
    code: u8,
}

impl Tally {
    /// One more failed.
    pub(crate) fn fail(&mut self, error: &anyhow::Error) {
        let code = code(error);
        self.failed += 1;
        self.code = match self.code {
            None => Some(code),
            Some(same) if same == code => Some(code),
            Some(_) => Some(1),
        };
    }

    /// All that failed elsewhere failed here, too.
    pub(crate) fn fail_with(&mut self, other: &Self) {
        self.failed += other.failed;
        self.code = match (self.code, other.code) {
            (code, None) | (None, code) => code,
            (Some(one), Some(other)) if one == other => Some(one),
            _ => Some(1),
        };
    }

    /// A failure if there was one. Its exit code is that of each, when all failed alike.
    pub(crate) fn outcome(&self, verb: &'static str) -> anyhow::Result<()> {
        match self.code {
            None => Ok(()),
            Some(code) => Err(Partial {
                failed: self.failed,
                all: self.done + self.failed,
                verb,
                code,
            }
            .into()),
        }
    }
}

/// One of many things that failed; what is to be done about it is said once, at the end.
fn line(error: &anyhow::Error, to_scripts: bool) -> String {
    if to_scripts {
        let failed = failure::json(error, hint(error), code(error));
        return output::json_line(&json!({ "failed": failed }));
    }
    let causes: Vec<String> = error.chain().map(ToString::to_string).collect();
    format!("error: {}\n", printable(&causes.join(": ")))
}

fn text(error: &anyhow::Error, to_scripts: bool) -> String {
    let hint = hint(error);
    if to_scripts {
        return output::json_line(&json!({ "error": failure::json(error, hint, code(error)) }));
    }
    let mut text = line(error, false);
    if let Some(hint) = hint {
        text.push_str(&format!("hint: {}\n", printable(&hint)));
    }
    text
}

fn code(error: &anyhow::Error) -> u8 {
    if found::<Misuse>(error).is_some() || found::<MissingCredentials>(error).is_some() {
        return 2;
    }
    if found::<NotThere>(error).is_some() {
        return 4;
    }
    if found::<Interrupted>(error).is_some() {
        return INTERRUPTED;
    }
    if found::<Undecided>(error).is_some() {
        return 7;
    }
    if let Some(partial) = found::<Partial>(error) {
        return partial.code;
    }
    if let Some(failure) = found::<NotStarted>(error) {
        return failure.code();
    }
    match found::<Error>(error).map(Error::why) {
        Some(Error::Stopped) => INTERRUPTED,
        Some(Error::Refused(refusal)) if refusal.is_not_found() => 4,
        Some(Error::Refused(refusal)) if !refusal.is_server_fault() => 3,
        Some(
            Error::Unreachable { .. }
            | Error::Untrusted { .. }
            | Error::Handshake { .. }
            | Error::NotHttp { .. }
            | Error::Interrupted { .. }
            | Error::Timeout(_),
        ) => 5,
        Some(_) | None => 1,
    }
}

fn hint(error: &anyhow::Error) -> Option<String> {
    if found::<MissingCredentials>(error).is_some() {
        let hint = "set DAYPASS_SECRET_ID and DAYPASS_SECRET_KEY, and DAYPASS_TOKEN for a temporary key, or write a \
            profile: `daypass ls --help`";
        return Some(hint.to_owned());
    }
    if found::<Interrupted>(error).is_some() {
        return Some("the same command goes on with large files where this one ended".to_owned());
    }
    match found::<Error>(error)?.why() {
        Error::Refused(refusal) => refusal_hint(refusal),
        Error::Unreachable { .. } => {
            let hint = "is the server running? `daypass serve` starts one; DAYPASS_ENDPOINT or --endpoint says where";
            Some(hint.to_owned())
        }
        Error::Untrusted { reason, .. } => distrust_hint(reason).map(str::to_owned),
        Error::Handshake { .. } => {
            let hint =
                "does the server speak HTTPS there? An endpoint that begins with `http://` may be meant";
            Some(hint.to_owned())
        }
        Error::NotHttp { .. } => {
            let hint =
                "does the server speak HTTPS there? An endpoint that begins with `https://` may be meant";
            Some(hint.to_owned())
        }
        _ => None,
    }
}

fn distrust_hint(reason: &Distrust) -> Option<&'static str> {
    match reason {
        Distrust::UnknownIssuer => Some(
            "name the file of its authority with --ca-file or DAYPASS_CA_FILE: ca.pem, where `daypass tls init` made one",
        ),
        Distrust::WrongName => Some(
            "name the server as its certificate does, or make a new one with `daypass tls init --renew --name HOST`",
        ),
        Distrust::Expired => Some(
            "the server needs a new certificate: `daypass tls init --renew` makes one of its own authority",
        ),
        Distrust::NotYetValid => Some("the clock of this machine may be behind"),
        Distrust::Other(_) => None,
    }
}

fn refusal_hint(refusal: &Refusal) -> Option<String> {
    let id = Some(refusal.request_id.as_str()).filter(|id| !id.is_empty());
    let known = known_hint(refusal.code.as_str());
    let more = id.map(|id| {
        if is_explained(&refusal.code) {
            format!("`daypass explain {id}` tells why, to whoever may ask")
        } else {
            format!("the server's log tells more under the request id {id}")
        }
    });
    match (known, more) {
        (Some(known), Some(more)) => Some(format!("{known}; {more}")),
        (known, more) => known.map(str::to_owned).or(more),
    }
}

/// Whether the server keeps why it refused with this code.
fn is_explained(code: &str) -> bool {
    let of_objects = [
        "AccessDenied",
        "ExpiredToken",
        "InvalidAccessKeyId",
        "RequestTimeTooSkewed",
        "SignatureDoesNotMatch",
        "UnauthorizedOperation",
    ];
    code.starts_with("AuthFailure.") || of_objects.contains(&code)
}

/// What to do about a refusal with this code, whatever was asked.
fn known_hint(code: &str) -> Option<&'static str> {
    let hint = match code {
        "InvalidAccessKeyId" | "AuthFailure.SecretIdNotFound" => {
            "the server knows no such key, or it is disabled, or what a temporary key rests on is: check DAYPASS_SECRET_ID"
        }
        "SignatureDoesNotMatch" | "AuthFailure.SignatureFailure" => "check DAYPASS_SECRET_KEY",
        "RequestTimeTooSkewed" | "AuthFailure.SignatureExpire" => {
            "the clocks of this machine and of the server differ: set this one by a time server"
        }
        "ExpiredToken" | "AuthFailure.TokenFailure" => {
            "the temporary key has ended, or DAYPASS_TOKEN is not its token: `daypass sts token` makes a new one"
        }
        "NoSuchBucket" => {
            "`daypass ls` shows the buckets, `daypass mb` makes one; is it the right server, and the right `-<appid>`?"
        }
        "BucketNotEmpty" => "`daypass ls --recursive` shows what is in it, `daypass rm` removes it",
        _ => return None,
    };
    Some(hint)
}

/// The first cause of this type.
pub(crate) fn found<E: std::error::Error + 'static>(error: &anyhow::Error) -> Option<&E> {
    error.chain().find_map(|cause| cause.downcast_ref())
}

#[cfg(test)]
mod tests {
    use anyhow::{Context, anyhow};

    use super::*;

    fn refused(status: u16, name: &str, request_id: &str) -> anyhow::Error {
        let refusal = Refusal {
            status,
            code: name.to_owned(),
            message: "No.".to_owned(),
            resource: String::new(),
            request_id: request_id.to_owned(),
        };
        anyhow::Error::from(Error::Refused(refusal)).context("cannot copy")
    }

    #[test]
    fn exit_codes() {
        let check = |error: anyhow::Error, expected| assert_eq!(code(&error), expected, "{error:#}");
        check(anyhow!("x"), 1);
        check(Misuse("x".to_owned()).into(), 2);
        check(MissingCredentials("x").into(), 2);
        check(refused(403, "AccessDenied", ""), 3);
        check(refused(200, "InvalidAction", ""), 3);
        check(refused(404, "NoSuchKey", ""), 4);
        check(NotThere("x".to_owned()).into(), 4);
        check(Undecided("x".to_owned()).into(), 7);
        check(Interrupted.into(), 130);
        check(Error::Stopped.into(), 130);
        check(refused(200, "ResourceNotFound.UserNotExist", ""), 4);
        check(refused(500, "InternalError", ""), 1);
        check(Error::Timeout(std::time::Duration::from_secs(1)).into(), 5);
        check(Error::Malformed("x".to_owned()).into(), 1);
        let local = std::io::Error::from(std::io::ErrorKind::NotFound);
        check(anyhow::Error::from(local), 1);
    }

    #[test]
    fn many_failures_have_one_code() {
        let check = |errors: Vec<anyhow::Error>, expected: Option<u8>| {
            let mut tally = Tally {
                done: 1,
                ..Tally::default()
            };
            errors.iter().for_each(|error| tally.fail(error));
            let found = tally.outcome("copied").err().map(|error| code(&error));
            assert_eq!(found, expected);
        };
        let denied = || refused(403, "AccessDenied", "");
        check(vec![], None);
        check(vec![denied(), denied()], Some(3));
        check(vec![denied(), anyhow!("x"), denied()], Some(1));
        let mut tally = Tally {
            done: 2,
            ..Tally::default()
        };
        tally.fail(&denied());
        assert_eq!(
            tally.outcome("copied").unwrap_err().to_string(),
            "1 of 3 could not be copied"
        );
    }

    #[test]
    fn the_usual_troubles_have_a_hint() {
        let check = |error: anyhow::Error, expected: &str| {
            let hint = hint(&error).unwrap_or_default();
            assert!(hint.contains(expected), "{error:#}: {hint}");
        };
        check(MissingCredentials("x").into(), "set DAYPASS_SECRET_ID");
        check(refused(403, "AccessDenied", "r1"), "`daypass explain r1`");
        check(
            refused(200, "AuthFailure.UnauthorizedOperation", "r1"),
            "`daypass explain r1`",
        );
        check(
            refused(403, "SignatureDoesNotMatch", "r1"),
            "check DAYPASS_SECRET_KEY; `daypass explain r1`",
        );
        check(refused(403, "InvalidAccessKeyId", ""), "check DAYPASS_SECRET_ID");
        check(refused(403, "RequestTimeTooSkewed", ""), "the clocks");
        check(refused(200, "AuthFailure.SignatureExpire", ""), "the clocks");
        check(refused(403, "ExpiredToken", ""), "`daypass sts token`");
        check(refused(404, "NoSuchBucket", ""), "`daypass ls`");
        check(refused(409, "BucketNotEmpty", ""), "`daypass rm`");
        check(refused(500, "InternalError", "r2"), "request id r2");
        check(Interrupted.into(), "the same command");
        let unknown = refused(403, "Unheard", "");
        assert_eq!(hint(&unknown), None);
    }

    #[test]
    fn lines_for_scripts() {
        let denied = || refused(403, "AccessDenied", "r1");
        let check = |line: String, field: &str, hint: &str| {
            assert_eq!(line.matches('\n').count(), 1, "{line}");
            let json: serde_json::Value = serde_json::from_str(&line).unwrap();
            let told = json.get(field).unwrap();
            assert_eq!(json.as_object().unwrap().len(), 1, "{line}");
            assert_eq!(told.get("code").unwrap(), "AccessDenied");
            assert_eq!(told.get("exit_code").unwrap(), 3);
            assert_eq!(told.get("hint").unwrap(), hint);
        };
        let hint = "`daypass explain r1` tells why, to whoever may ask";
        check(text(&denied(), true), "error", hint);
        check(line(&denied(), true), "failed", hint);
    }

    #[test]
    fn texts() {
        let check = |error: anyhow::Error, expected: &str| assert_eq!(text(&error, false), expected);
        check(
            Err::<(), _>(anyhow!("b\u{1b}[2J")).context("a").unwrap_err(),
            "error: a: b\\u{1b}[2J\n",
        );
        check(
            refused(403, "AccessDenied", "r1"),
            "error: cannot copy: the server refused with `AccessDenied` (403): No\n\
            hint: `daypass explain r1` tells why, to whoever may ask\n",
        );
        check(
            refused(403, "SignatureDoesNotMatch", ""),
            "error: cannot copy: the server refused with `SignatureDoesNotMatch` (403): No\n\
            hint: check DAYPASS_SECRET_KEY\n",
        );
        check(
            MissingCredentials("DAYPASS_SECRET_ID").into(),
            "error: `DAYPASS_SECRET_ID` is not set\n\
            hint: set DAYPASS_SECRET_ID and DAYPASS_SECRET_KEY, and DAYPASS_TOKEN for a temporary key, or write a \
            profile: `daypass ls --help`\n",
        );
    }
}
