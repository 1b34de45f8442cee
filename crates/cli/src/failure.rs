//! A failure as a script reads it: one line of JSON, with a code that stays the same when its words change.
//!
//! The codes of the server are passed on; those of our own are here, and docs/cli.md lists them. What to do and which
//! exit code it gives is `report`'s to say.

use daypass_client::{Error, Refusal};
use serde_json::{Value as Json, json};

use crate::connection::MissingCredentials;
use crate::report::{Interrupted, Misuse, No, NotThere, Partial, Undecided, found};
use crate::sts_exec::NotStarted;

/// What became of something, as the value of one field. Every field is always there.
pub(crate) fn json(error: &anyhow::Error, hint: Option<String>, exit_code: u8) -> Json {
    let causes: Vec<String> = error.chain().map(ToString::to_string).collect();
    let refusal = refusal(error);
    json!({
        "code": one_word(code(error)),
        "message": causes.join(": "),
        "status": refusal.map(|refusal| refusal.status),
        "request_id": refusal.map(|refusal| refusal.request_id.as_str()).filter(|id| !id.is_empty()),
        "hint": hint,
        "exit_code": exit_code,
    })
}

/// Where a server may send no body, the client has the words of the status for a code: `Not Found`.
fn one_word(code: &str) -> String {
    code.split_whitespace().collect()
}

fn refusal(error: &anyhow::Error) -> Option<&Refusal> {
    match found::<Error>(error)?.why() {
        Error::Refused(refusal) => Some(refusal),
        _ => None,
    }
}

/// The server's code where it refused, and else one of ours.
fn code(error: &anyhow::Error) -> &str {
    type IsOne = fn(&anyhow::Error) -> bool;
    let ours: [(&str, IsOne); 8] = [
        ("InvalidArguments", |error| found::<Misuse>(error).is_some()),
        ("NoCredentials", |error| {
            found::<MissingCredentials>(error).is_some()
        }),
        ("NotFound", |error| found::<NotThere>(error).is_some()),
        ("Interrupted", |error| found::<Interrupted>(error).is_some()),
        ("Undecided", |error| found::<Undecided>(error).is_some()),
        ("AnswerIsNo", |error| found::<No>(error).is_some()),
        ("SomeFailed", |error| found::<Partial>(error).is_some()),
        ("CommandNotStarted", |error| found::<NotStarted>(error).is_some()),
    ];
    let known = ours.iter().find(|(_, is_one)| is_one(error));
    match (known, found::<Error>(error)) {
        (Some((code, _)), _) => code,
        (None, Some(error)) => of_the_client(error.why()),
        (None, None) => "Failed",
    }
}

fn of_the_client(error: &Error) -> &str {
    match error {
        Error::Refused(refusal) => &refusal.code,
        Error::NotModified => "NotModified",
        Error::NoCredentials { .. } => "NoCredentials",
        Error::Unreachable { .. } => "Unreachable",
        Error::Untrusted { .. } => "CertificateNotTrusted",
        Error::Handshake { .. } => "HandshakeFailed",
        Error::NotHttp { .. } => "NotHttp",
        Error::Interrupted { .. } => "ConnectionBroken",
        Error::Timeout(_) => "TimedOut",
        Error::Malformed(_) => "MalformedAnswer",
        Error::Integrity { .. } => "BytesDamaged",
        Error::Source(_) => "SourceUnreadable",
        Error::Target(_) => "TargetUnwritable",
        Error::ObjectChanged => "ObjectChanged",
        Error::Checkpoint(_) => "CheckpointUnwritable",
        Error::Stopped => "Interrupted",
        // `why` has looked behind it.
        Error::LeftBehind { .. } => "Failed",
        Error::Request(_) => "InvalidRequest",
    }
}

#[cfg(test)]
mod tests {
    use anyhow::anyhow;

    use super::*;

    #[test]
    fn every_field_is_there() {
        let refusal = Refusal {
            status: 403,
            code: "AccessDenied".to_owned(),
            message: "No.".to_owned(),
            resource: String::new(),
            request_id: "r1".to_owned(),
        };
        let left = Error::LeftBehind {
            upload_id: "u".to_owned(),
            source: Box::new(Error::Refused(refusal)),
        };
        let told = json(&anyhow::Error::from(left), Some("ask".to_owned()), 3);
        assert_eq!(
            told.to_string(),
            r#"{"code":"AccessDenied","exit_code":3,"hint":"ask","message":"the parts of the upload `u` are left behind: the server refused with `AccessDenied` (403): No","request_id":"r1","status":403}"#
        );
        let told = json(&anyhow!("b\n").context("a"), None, 1);
        assert_eq!(
            told.to_string(),
            r#"{"code":"Failed","exit_code":1,"hint":null,"message":"a: b\n","request_id":null,"status":null}"#
        );
    }

    #[test]
    fn a_code_is_one_word() {
        assert_eq!(one_word("Not Found"), "NotFound");
        assert_eq!(one_word("AuthFailure.TokenFailure"), "AuthFailure.TokenFailure");
    }

    #[test]
    fn codes_of_our_own() {
        let check = |error: anyhow::Error, expected: &str| assert_eq!(code(&error), expected, "{error:#}");
        check(Misuse("x".to_owned()).into(), "InvalidArguments");
        check(MissingCredentials("x").into(), "NoCredentials");
        check(NotThere("x".to_owned()).into(), "NotFound");
        check(Interrupted.into(), "Interrupted");
        check(Undecided("x".to_owned()).into(), "Undecided");
        check(No("x".to_owned()).into(), "AnswerIsNo");
        check(anyhow::Error::from(Error::Stopped).context("x"), "Interrupted");
        check(Error::ObjectChanged.into(), "ObjectChanged");
        check(Error::Malformed("x".to_owned()).into(), "MalformedAnswer");
    }
}
