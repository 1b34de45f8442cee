//! Why a call has no outcome, told apart by what the caller can do about it.

use std::io;
use std::time::Duration;

use daypass_dialect::api3::AnswerError;
use daypass_dialect::cos::answer::{self, Failure};

use crate::trust::Distrust;

/// Why a call has no outcome.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The server refused.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// The object is as the preconditions of the read said, so that nothing was sent.
    #[error("the object has not changed")]
    NotModified,
    /// There is no key to sign with. Nothing was sent.
    #[error("no key could be had to sign with")]
    NoCredentials {
        /// Why not.
        source: Cause,
    },
    /// There is no connection.
    #[error("cannot connect to `{endpoint}`")]
    Unreachable {
        /// Where to.
        endpoint: String,
        /// Why not.
        source: Cause,
    },
    /// The server could not show that it is the one that is meant. Nothing was sent.
    #[error("the certificate of `{endpoint}` is not trusted: {reason}")]
    Untrusted {
        /// Where to.
        endpoint: String,
        /// Why not.
        reason: Distrust,
    },
    /// There is a server, and no way to speak TLS with it. Nothing was sent.
    #[error("cannot speak TLS with `{endpoint}`")]
    Handshake {
        /// Where to.
        endpoint: String,
        /// Why not.
        source: Cause,
    },
    /// What answers there does not speak HTTP.
    #[error("what answers at `{endpoint}` does not speak HTTP")]
    NotHttp {
        /// Where to.
        endpoint: String,
        /// How that shows.
        source: Cause,
    },
    /// The connection broke while the request was under way: it may have been performed or not.
    #[error("the connection broke")]
    Interrupted {
        /// How.
        source: Cause,
    },
    /// Neither side made any progress: the request may have been performed or not.
    #[error("the server did nothing for {} seconds", .0.as_secs())]
    Timeout(Duration),
    /// The answer is not one to this request.
    #[error("the answer makes no sense: {0}")]
    Malformed(String),
    /// The bytes at one end are not those at the other.
    #[error("the bytes were damaged on their way: their CRC-64 is {got} and not {expected}")]
    Integrity {
        /// What the sender had.
        expected: u64,
        /// What arrived.
        got: u64,
    },
    /// The bytes to send could not be had.
    #[error("the bytes to send cannot be read")]
    Source(#[source] io::Error),
    /// What arrived cannot be written.
    #[error("what arrived cannot be written")]
    Target(#[source] io::Error),
    /// The object was replaced or removed while it was being read.
    #[error("the object has changed meanwhile")]
    ObjectChanged,
    /// What is done of a transfer cannot be kept.
    #[error("what is done cannot be kept for the next time")]
    Checkpoint(#[source] io::Error),
    /// Somebody stopped it.
    #[error("interrupted")]
    Stopped,
    /// An upload failed and could not be aborted: its parts stay until somebody does.
    #[error("the parts of the upload `{upload_id}` are left behind")]
    LeftBehind {
        /// Which upload.
        upload_id: String,
        /// Why it failed.
        source: Box<Error>,
    },
    /// The request cannot be written: a value fits no header, or the operation is not offered.
    #[error("the request cannot be made")]
    Request(#[source] daypass_api::Error),
}

impl Error {
    /// What the server said, when it refused.
    pub fn refusal(&self) -> Option<&Refusal> {
        match self {
            Self::Refused(refusal) => Some(refusal),
            _ => None,
        }
    }

    /// What went wrong in the first place, where something else did so after it.
    pub fn why(&self) -> &Self {
        match self {
            Self::LeftBehind { source, .. } => source.why(),
            error => error,
        }
    }

    /// Whether the same transfer may succeed another time, from where it ended: not where what is moved is not what it
    /// was, or makes no sense.
    pub(crate) fn may_go_better(&self) -> bool {
        match self {
            Self::Refused(refusal) => {
                refusal.is_server_fault() || refusal.status == 403 || refusal.is_spent_key()
            }
            Self::NoCredentials { .. }
            | Self::Unreachable { .. }
            | Self::Untrusted { .. }
            | Self::Handshake { .. }
            | Self::NotHttp { .. }
            | Self::Interrupted { .. }
            | Self::Timeout(_)
            | Self::Target(_)
            | Self::Checkpoint(_)
            | Self::Stopped => true,
            Self::NotModified
            | Self::Malformed(_)
            | Self::Integrity { .. }
            | Self::Source(_)
            | Self::ObjectChanged
            | Self::LeftBehind { .. }
            | Self::Request(_) => false,
        }
    }

    pub(crate) fn malformed(what: impl Into<String>) -> Self {
        Self::Malformed(what.into())
    }

    /// For an outcome that is not the one of the operation; the dialect never makes such a pair.
    pub(crate) fn other_outcome() -> Self {
        Self::malformed("it is the answer to another operation")
    }
}

impl From<Failure> for Error {
    fn from(failure: Failure) -> Self {
        match failure {
            Failure::Refused(refused) => Self::Refused(refused.into()),
            Failure::Unreadable(what) => Self::malformed(what),
        }
    }
}

impl From<answer::Refusal> for Refusal {
    fn from(refused: answer::Refusal) -> Self {
        Self {
            status: refused.status,
            code: refused.code,
            message: refused.message,
            resource: refused.resource,
            request_id: refused.request_id,
        }
    }
}

impl From<AnswerError> for Error {
    fn from(error: AnswerError) -> Self {
        match error {
            AnswerError::Refused {
                code,
                message,
                request_id,
            } => Self::Refused(Refusal {
                status: 200,
                code,
                message,
                resource: String::new(),
                request_id,
            }),
            AnswerError::Malformed { field } => Self::malformed(format!("field `{field}`")),
        }
    }
}

/// What the server said when it refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the server refused with `{code}`{}", explanation(.status, .message))]
pub struct Refusal {
    /// The status; always 200 from the token and access-management services.
    pub status: u16,
    /// The code; the status in words when the answer had none.
    pub code: String,
    /// The text for people; may be empty.
    pub message: String,
    /// What the request was aimed at; may be empty.
    pub resource: String,
    /// The request's id, which joins the answer with the server's log; may be empty.
    pub request_id: String,
}

impl Refusal {
    /// Whether something that the request named is not there.
    pub fn is_not_found(&self) -> bool {
        self.status == 404 || self.code.starts_with("ResourceNotFound")
    }

    /// Whether it is the server's trouble and not the request's fault.
    pub fn is_server_fault(&self) -> bool {
        self.status >= 500 || self.was_not_looked_at() || self.code.starts_with("InternalError")
    }

    /// Whether the temporary key's time is over, or its token is not good any more.
    pub fn is_spent_key(&self) -> bool {
        ["ExpiredToken", "AuthFailure.TokenFailure"].contains(&self.code.as_str())
    }

    /// Whether the time of the signature is what the server minds: the clock on one side may be off.
    pub fn is_about_the_clock(&self) -> bool {
        let expired = self.code == "AccessDenied" && self.message.starts_with("Request has expired");
        expired || ["RequestTimeTooSkewed", "AuthFailure.SignatureExpire"].contains(&self.code.as_str())
    }

    /// Whether the server turned the request away before doing anything.
    pub(crate) fn was_not_looked_at(&self) -> bool {
        self.status == 503 || ["RequestLimitExceeded", "ServiceUnavailable"].contains(&self.code.as_str())
    }
}

fn explanation(status: &u16, message: &str) -> String {
    let status = if *status == 200 {
        String::new()
    } else {
        format!(" ({status})")
    };
    match message.trim_end_matches('.') {
        "" => status,
        message => format!("{status}: {message}"),
    }
}

/// What went wrong below, in the words of whoever noticed it.
///
/// Only the words are kept, so that the HTTP library does not show through.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Cause(String);

impl Cause {
    /// The innermost cause: what is around it only says which layer passed it on.
    pub(crate) fn of(error: &(dyn std::error::Error + 'static)) -> Self {
        let mut innermost = error;
        while let Some(source) = innermost.source() {
            innermost = source;
        }
        Self(innermost.to_string())
    }

    /// A cause that has no more to say than its words.
    pub(crate) fn in_words(words: String) -> Self {
        Self(words)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(status: u16, code: &str, message: &str) -> Refusal {
        Refusal {
            status,
            code: code.to_owned(),
            message: message.to_owned(),
            resource: String::new(),
            request_id: String::new(),
        }
    }

    #[test]
    fn refusals_in_words() {
        let check = |status, code, message, expected: &str| {
            assert_eq!(refusal(status, code, message).to_string(), expected);
        };
        check(
            403,
            "AccessDenied",
            "Access Denied.",
            "the server refused with `AccessDenied` (403): Access Denied",
        );
        check(404, "Not Found", "", "the server refused with `Not Found` (404)");
        check(
            200,
            "InvalidAction",
            "no",
            "the server refused with `InvalidAction`: no",
        );
    }

    #[test]
    fn whose_fault() {
        let check = |status, code, not_found, server_fault| {
            let refusal = refusal(status, code, "");
            assert_eq!(
                (refusal.is_not_found(), refusal.is_server_fault()),
                (not_found, server_fault),
                "{code}"
            );
        };
        check(404, "NoSuchKey", true, false);
        check(200, "ResourceNotFound.UserNotExist", true, false);
        check(403, "AccessDenied", false, false);
        check(500, "InternalError", false, true);
        check(503, "SlowDown", false, true);
        check(200, "InternalError.SystemError", false, true);
        check(200, "RequestLimitExceeded", false, true);
    }

    #[test]
    fn what_another_key_or_the_right_time_would_mend() {
        let check = |code, message, spent, clock| {
            let refusal = refusal(403, code, message);
            let found = (refusal.is_spent_key(), refusal.is_about_the_clock());
            assert_eq!(found, (spent, clock), "{code}");
        };
        check("ExpiredToken", "The provided token has expired.", true, false);
        check("AuthFailure.TokenFailure", "", true, false);
        check("RequestTimeTooSkewed", "", false, true);
        check("AuthFailure.SignatureExpire", "", false, true);
        check("AccessDenied", "Request has expired", false, true);
        check("AccessDenied", "Access Denied.", false, false);
        check("SignatureDoesNotMatch", "", false, false);
    }
}
