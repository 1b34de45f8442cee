//! How a failure is told: one line with the causes, a hint where one is known, and an exit code.

use std::io::Write;
use std::process::ExitCode;

use daypass_client::{Distrust, Error, Refusal};

use crate::connection::MissingCredentials;
use crate::output::printable;

/// Something that was asked for makes no sense; what the argument parser could not see.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub(crate) struct Misuse(pub(crate) String);

/// Prints a failure to standard error, and gives the exit code for it.
///
/// | code | meaning |
/// | --- | --- |
/// | 0 | done |
/// | 1 | failed in any other way |
/// | 2 | the command line makes no sense |
/// | 3 | the server refused |
/// | 4 | what was named is not there |
/// | 5 | the server was not reached, or the connection broke |
pub fn report(error: &anyhow::Error) -> ExitCode {
    // When standard error is gone there is nobody left to tell.
    let _ = std::io::stderr().lock().write_all(text(error).as_bytes());
    ExitCode::from(code(error))
}

fn text(error: &anyhow::Error) -> String {
    let causes: Vec<String> = error.chain().map(ToString::to_string).collect();
    let causes = causes.join(": ");
    let mut text = format!("error: {}\n", printable(&causes));
    if let Some(hint) = hint(error) {
        text.push_str(&format!("hint: {}\n", printable(&hint)));
    }
    text
}

fn code(error: &anyhow::Error) -> u8 {
    if found::<Misuse>(error).is_some() || found::<MissingCredentials>(error).is_some() {
        return 2;
    }
    match found::<Error>(error) {
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
    match found::<Error>(error)? {
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
    let known = match refusal.code.as_str() {
        "InvalidAccessKeyId" | "AuthFailure.SecretIdNotFound" => {
            Some("the server knows no such key, or it is disabled: check DAYPASS_SECRET_ID")
        }
        "SignatureDoesNotMatch" | "AuthFailure.SignatureFailure" => Some("check DAYPASS_SECRET_KEY"),
        "RequestTimeTooSkewed" | "AuthFailure.SignatureExpire" => {
            Some("the clocks of this machine and of the server differ")
        }
        "ExpiredToken" | "AuthFailure.TokenFailure" => Some(
            "the temporary key has ended, or DAYPASS_TOKEN is not its token: `daypass sts token` makes a new one",
        ),
        "NoSuchBucket" => Some("`daypass ls` shows the buckets, `daypass mb` makes one"),
        "BucketNotEmpty" => Some("`daypass ls --recursive` shows what is in it, `daypass rm` removes it"),
        _ => None,
    };
    let id = Some(refusal.request_id.as_str()).filter(|id| !id.is_empty());
    let log = id.map(|id| format!("the server's log tells more under the request id {id}"));
    match (known, log) {
        (Some(known), Some(log)) => Some(format!("{known}; {log}")),
        (known, log) => known.map(str::to_owned).or(log),
    }
}

/// The first cause of this type.
fn found<E: std::error::Error + 'static>(error: &anyhow::Error) -> Option<&E> {
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
        check(refused(200, "ResourceNotFound.UserNotExist", ""), 4);
        check(refused(500, "InternalError", ""), 1);
        check(Error::Timeout(std::time::Duration::from_secs(1)).into(), 5);
        check(Error::Malformed("x".to_owned()).into(), 1);
        let local = std::io::Error::from(std::io::ErrorKind::NotFound);
        check(anyhow::Error::from(local), 1);
    }

    #[test]
    fn texts() {
        let check = |error: anyhow::Error, expected: &str| assert_eq!(text(&error), expected);
        check(
            Err::<(), _>(anyhow!("b\u{1b}[2J")).context("a").unwrap_err(),
            "error: a: b\\u{1b}[2J\n",
        );
        check(
            refused(403, "AccessDenied", "r1"),
            "error: cannot copy: the server refused with `AccessDenied` (403): No\n\
            hint: the server's log tells more under the request id r1\n",
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
