//! Why there is no key, as a caller hears it. What went wrong behind the broker is told by its log and not here.

use http::StatusCode;
use serde_json::{Value, json};

use crate::callers::Unknown;

/// Why there is no key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Refusal {
    pub(crate) status: StatusCode,
    /// A word for programs; also the reason in the figures.
    pub(crate) word: &'static str,
    pub(crate) message: String,
    /// After how many seconds it may be otherwise.
    pub(crate) retry_after: Option<u32>,
}

/// The number that the sample servers of the vendor give to a scope that is not allowed.
const SCOPE_CODE: u16 = 10_000;

impl Refusal {
    pub(crate) fn new(status: StatusCode, word: &'static str, message: impl Into<String>) -> Self {
        Self {
            status,
            word,
            message: message.into(),
            retry_after: None,
        }
    }

    pub(crate) fn request(message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "BadRequest", message)
    }

    /// Status 200, as the SDKs' glue code expects it.
    pub(crate) fn scope(message: impl Into<String>) -> Self {
        Self::new(StatusCode::OK, "ScopeNotAllowed", message)
    }

    pub(crate) fn unavailable(message: impl Into<String>) -> Self {
        Self {
            retry_after: Some(1),
            ..Self::new(StatusCode::SERVICE_UNAVAILABLE, "ServiceUnavailable", message)
        }
    }

    pub(crate) fn too_many(seconds: u32) -> Self {
        Self {
            retry_after: Some(seconds),
            ..Self::new(
                StatusCode::TOO_MANY_REQUESTS,
                "TooManyRequests",
                format!("too many keys in a minute; ask again in {seconds} seconds"),
            )
        }
    }

    /// The document. The mobile SDKs take a `code` above 0 for a refusal.
    pub(crate) fn document(&self, request_id: &str) -> Value {
        let code = match self.status {
            StatusCode::OK => SCOPE_CODE,
            status => status.as_u16(),
        };
        json!({ "code": code, "codeDesc": self.word, "message": self.message, "requestId": request_id })
    }
}

impl From<Unknown> for Refusal {
    fn from(unknown: Unknown) -> Self {
        let message = unknown.to_string();
        match unknown {
            Unknown::Nothing | Unknown::Refused(_) => {
                Self::new(StatusCode::UNAUTHORIZED, "Unauthorized", message)
            }
            Unknown::Forbidden(_) => Self::new(StatusCode::FORBIDDEN, "Forbidden", message),
            Unknown::Name(_) => Self::new(StatusCode::FORBIDDEN, "UserNameNotAllowed", message),
            Unknown::Unavailable(_) => Self::unavailable(message),
        }
    }
}

/// What the token service did not give.
impl From<daypass_client::Error> for Refusal {
    fn from(error: daypass_client::Error) -> Self {
        let refused = error.refusal().filter(|refusal| !refusal.is_server_fault());
        match refused {
            Some(refusal) => {
                tracing::error!(code = %refusal.code, message = %refusal.message, "the token service refuses a key");
                let message = "the token service gives this server no such key; its log says why";
                Self::new(StatusCode::BAD_GATEWAY, "TokenServiceRefused", message)
            }
            None => {
                tracing::warn!(error = %error.why(), "the token service gives no key");
                Self::unavailable("the token service cannot be reached")
            }
        }
    }
}
