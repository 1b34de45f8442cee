//! What is kept of one answered request, so that it can be explained later as it was then.
//!
//! INVARIANT: nothing here holds a secret, a token or a signature. Keys are named by their ids; the canonical texts of a
//! signature that does not match have their tokens taken out before they come here.

use serde::{Deserialize, Serialize};

use crate::report::Reasons;

/// Why one request was answered as it was.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct Explanation {
    /// The id that the request was answered under.
    pub request_id: String,
    /// When it came in, in milliseconds since 1970.
    pub time: i64,
    /// The HTTP method.
    pub method: String,
    /// What was asked, as policies name it; none when it was refused before that was known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub operation: Option<String>,
    /// The name of the error; none when it was answered well.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub code: Option<String>,
    /// Who asked; none when nobody signed, or the key is not known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub caller: Option<Who>,
    /// The roots of the accounts that own what was asked for.
    pub owners: Vec<u64>,
    /// What refused the request beside the policies.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cause: Option<Cause>,
    /// What the policies said, where they were asked.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reasons: Option<Reasons>,
    /// Other accounts had a say as well; what they said is theirs.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub withheld: bool,
}

/// Who asked.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct Who {
    /// Whether the signature and the life of the key were in order. If not, somebody only named this key.
    pub proven: bool,
    /// The root of the caller's account.
    pub owner_uin: u64,
    /// The caller, as policies name it.
    pub principal: String,
    /// The key that signed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub access_key_id: Option<String>,
    /// The name of the session, where the key is a temporary one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub session_name: Option<String>,
}

/// What refused a request beside the policies.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct Cause {
    /// Which it is.
    pub kind: CauseKind,
    /// What else is known about it.
    pub facts: Vec<Fact>,
}

/// One thing that is known about a refusal.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Fact {
    /// What it is.
    pub name: String,
    /// Its value, as text.
    pub value: String,
}

/// The refusals that are no policy's.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum CauseKind {
    /// The signature is not that of this request.
    SignatureMismatch,
    /// The signature's time is over.
    SignatureExpired,
    /// The signature's time lies in the future.
    ClockSkew,
    /// The temporary key's time is over.
    TokenExpired,
    /// The token is missing, not genuine, or not this key's.
    TokenInvalid,
    /// There is no such key.
    KeyUnknown,
    /// The key is disabled, or who it belongs to is not there any more.
    KeyDisabled,
    /// The session was ended.
    SessionRevoked,
    /// Something that changes the request's meaning is not covered by its signature.
    MeaningNotSigned,
    /// The request must be signed and is not.
    SignatureMissing,
    /// What is said about the signature cannot be read.
    ClaimUnreadable,
    /// There is no such bucket, or not in this region.
    BucketNotFound,
    /// Another refusal; its facts say which.
    #[default]
    Other,
}

impl Cause {
    /// A cause about which nothing else is known yet.
    pub fn new(kind: CauseKind) -> Self {
        Self {
            kind,
            facts: Vec::new(),
        }
    }

    /// Adds what is known.
    #[must_use]
    pub fn with(mut self, name: &str, value: impl ToString) -> Self {
        self.facts.push(Fact {
            name: name.to_owned(),
            value: value.to_string(),
        });
        self
    }

    /// What is known under a name.
    pub fn fact(&self, name: &str) -> Option<&str> {
        let found = self.facts.iter().find(|fact| fact.name == name);
        found.map(|fact| fact.value.as_str())
    }
}
