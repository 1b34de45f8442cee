//! The policy of a form: what its signer lets the form say.
//!
//! Two rules make it hold. Every condition must be met by the form, whatever it is about; and every field that has a
//! part in what is stored, under which key, and for whom, must have a condition, or a form could say what its signer
//! never saw. Fields that mean nothing here, that only narrow, or that are held by something else (a token is bound to
//! its key) need none. The second rule is stricter than the vendor's documents, which recommend what it demands.

use std::fmt;

use daypass_api::{Error, ErrorCode, Timestamp};
use http::HeaderMap;
use serde::Deserialize;
use serde::de::{Deserializer, MapAccess, Visitor};

use super::fields::Form;

/// Most conditions of one policy.
const MAX_CONDITIONS: usize = 100;
/// Most of a value that a refusal repeats.
const MAX_SHOWN: usize = 200;

/// Fields about the signature, of which a policy must say what they are.
const REQUIRED: [&str; 3] = ["q-sign-algorithm", "q-ak", "q-sign-time"];
/// Fields with a meaning that is no header's.
const GOVERNED_FIELDS: [&str; 3] = ["acl", "key", "success_action_redirect"];
/// Headers that are stored or decide how, beside those that begin with [`GOVERNED_PREFIX`].
const GOVERNED_HEADERS: [&str; 7] = [
    "cache-control",
    "content-disposition",
    "content-encoding",
    "content-language",
    "content-type",
    "expires",
    "pic-operations",
];
const GOVERNED_PREFIX: &str = "x-cos-";
/// Those of them that only narrow what happens, are noise, or are bound otherwise.
const FREE: [&str; 8] = [
    "x-cos-content-sha1",
    "x-cos-forbid-overwrite",
    "x-cos-mfa",
    "x-cos-mime-limit",
    "x-cos-return-body",
    "x-cos-sdk-retry",
    "x-cos-security-token",
    "x-cos-traffic-limit",
];
/// What the request says for itself, whatever the form says.
const OF_REQUEST: [&str; 2] = ["cache-control", "content-type"];

/// A policy that was read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PostPolicy {
    expiration: Timestamp,
    conditions: Vec<Condition>,
    /// The fewest and the most bytes that the file may have.
    length: (u64, u64),
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Condition {
    name: String,
    matches: Match,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Match {
    Whole(String),
    Beginning(String),
}

impl PostPolicy {
    /// Reads the text that was signed.
    pub fn read(text: &[u8]) -> Result<Self, Error> {
        let document: Document = serde_json::from_slice(text).map_err(|error| invalid(error.to_string()))?;
        let expiration = Timestamp::parse_iso(&document.expiration)
            .ok_or_else(|| invalid("`expiration` is not a date of ISO 8601"))?;
        let mut policy = Self {
            expiration,
            conditions: Vec::new(),
            length: (0, u64::MAX),
        };
        if document.conditions.is_empty() {
            return Err(invalid(
                "You must provide condition if you specify a policy in post object request.",
            ));
        }
        for stated in document.conditions {
            policy.add(stated)?;
            if policy.conditions.len() > MAX_CONDITIONS {
                return Err(invalid("it has more than 100 conditions"));
            }
        }
        match REQUIRED.iter().find(|name| !policy.mentions(name)) {
            Some(missing) => Err(invalid(format!("it has no condition for `{missing}`"))),
            None => Ok(policy),
        }
    }

    /// The fewest and the most bytes that the file may have.
    pub fn length(&self) -> (u64, u64) {
        self.length
    }

    /// Refuses what the policy does not let a form say that was sent to this bucket, with these headers.
    pub fn judge(&self, form: &Form, bucket: &str, headers: &HeaderMap, now: Timestamp) -> Result<(), Error> {
        if now >= self.expiration {
            let (end, now) = (self.expiration.unix_seconds(), now.unix_seconds());
            return Err(not_met(format!(
                "You post object request has been expired, expiration time: {end} but the time now : {now}"
            )));
        }
        let failing = |condition: &&Condition| !condition.holds(form, bucket);
        if let Some(condition) = self.conditions.iter().find(failing) {
            let value: String = condition.matches.text().chars().take(MAX_SHOWN).collect();
            return Err(not_met(format!(
                "Condition key {} doesn't match the value {value}",
                condition.name
            )));
        }
        match self.uncovered(form, headers) {
            Some(name) => Err(Error::with_message(
                ErrorCode::MeaningNotSigned,
                format!("`{name}` changes what the request does and is not covered by its policy"),
            )),
            None => Ok(()),
        }
    }

    fn add(&mut self, stated: Stated) -> Result<(), Error> {
        match stated {
            Stated::Members(Members(members)) if members.is_empty() => {
                return Err(invalid("it has an empty condition"));
            }
            Stated::Members(Members(members)) => {
                let whole = |(name, value): (String, String)| Condition {
                    name: name.to_ascii_lowercase(),
                    matches: Match::Whole(value),
                };
                self.conditions.extend(members.into_iter().map(whole));
            }
            Stated::Text(operator, name, value) => self.add_operator(&operator, &name, value)?,
            Stated::Length(operator, least, most) => {
                if operator != "content-length-range" || least > most {
                    return Err(invalid("it has a range that is none"));
                }
                self.length = (self.length.0.max(least), self.length.1.min(most));
            }
        }
        Ok(())
    }

    fn add_operator(&mut self, operator: &str, name: &str, value: String) -> Result<(), Error> {
        let name = name
            .strip_prefix('$')
            .ok_or_else(|| invalid("the name in a condition does not begin with `$`"))?
            .to_ascii_lowercase();
        let matches = match operator {
            "eq" => Match::Whole(value),
            "starts-with" if is_matched_by_beginning(&name) => Match::Beginning(value),
            "starts-with" => return Err(invalid(format!("`{name}` is only matched as a whole"))),
            _ => return Err(invalid("it has an unknown operator")),
        };
        self.conditions.push(Condition { name, matches });
        Ok(())
    }

    fn mentions(&self, name: &str) -> bool {
        self.conditions.iter().any(|condition| condition.name == name)
    }

    /// The first thing with a meaning that no condition is about.
    fn uncovered<'a>(&self, form: &'a Form, headers: &'a HeaderMap) -> Option<&'a str> {
        let in_form = form
            .fields()
            .filter(|(name, value)| !value.is_empty() && is_governed(name) && !self.mentions(name))
            .map(|(name, _)| name);
        // A header beside the form says the same as its field, or else there is no such field.
        let beside = headers
            .iter()
            .filter(|(_, value)| !value.as_bytes().trim_ascii().is_empty())
            .map(|(name, _)| name.as_str())
            .filter(|name| is_governed(name) && !OF_REQUEST.contains(name))
            .filter(|name| form.filled(name).is_none() && !is_given_otherwise(form, name));
        in_form.chain(beside).next()
    }
}

impl Condition {
    fn holds(&self, form: &Form, bucket: &str) -> bool {
        let said = match self.name.as_str() {
            "bucket" => Some(bucket),
            "q-sign-time" => form.field("q-key-time"),
            name => form.field(name),
        };
        said.is_some_and(|said| match &self.matches {
            Match::Whole(whole) => said == whole,
            Match::Beginning(beginning) => said.starts_with(beginning.as_str()),
        })
    }
}

impl Match {
    fn text(&self) -> &str {
        let (Self::Whole(text) | Self::Beginning(text)) = self;
        text
    }
}

/// The header says what the field `acl` says.
fn is_given_otherwise(form: &Form, header: &str) -> bool {
    header == "x-cos-acl" && form.filled("acl").is_some()
}

fn is_governed(name: &str) -> bool {
    if FREE.contains(&name) {
        return false;
    }
    GOVERNED_FIELDS.contains(&name) || GOVERNED_HEADERS.contains(&name) || name.starts_with(GOVERNED_PREFIX)
}

fn is_matched_by_beginning(name: &str) -> bool {
    let whole_only = name.starts_with(GOVERNED_PREFIX) && !name.starts_with("x-cos-meta-");
    !whole_only && !name.starts_with("q-") && !matches!(name, "bucket" | "success_action_status")
}

fn invalid(text: impl fmt::Display) -> Error {
    let text = format!("The policy of the form is not valid: {text}");
    Error::with_message(ErrorCode::InvalidPolicyDocument, text)
}

fn not_met(text: String) -> Error {
    Error::with_message(ErrorCode::PostPolicyNotMet, text)
}

/// A name that stands twice is an error of the reader.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Document {
    expiration: String,
    conditions: Vec<Stated>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Stated {
    Members(Members),
    Text(String, String, String),
    Length(String, u64, u64),
}

/// The members of an object, all of them: of two that have one name, both must hold.
struct Members(Vec<(String, String)>);

impl<'de> Deserialize<'de> for Members {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct All;
        impl<'de> Visitor<'de> for All {
            type Value = Members;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object of texts")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Members, A::Error> {
                let mut members = Vec::new();
                while let Some(member) = map.next_entry()? {
                    members.push(member);
                }
                Ok(Members(members))
            }
        }
        deserializer.deserialize_map(All)
    }
}

#[cfg(test)]
mod tests;
