//! The parameters of one call, taken by name and type, and the refusal of every one that nobody took.
//!
//! A parameter that is not acted on must not be accepted: an unknown name is an error, and a documented name
//! whose effect is not offered is accepted only with the value that asks for nothing.

use std::str::FromStr;

use daypass_api::names::{GroupId, PolicyId, Uin, VersionId};
use daypass_api::operation::{Paging, Subject, UserRef};
use daypass_api::{Error, ErrorCode};

/// Parameters by name, in the order sent; no name twice.
pub(super) type Parameters = Vec<(String, Value)>;

/// The value of a parameter, as far as the offered actions tell values apart.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Value {
    /// The same as no value.
    Null,
    /// A whole number.
    Integer(i128),
    /// A text; also a number, when it came in a query or form.
    Text(String),
    /// A list.
    List(Vec<Value>),
    /// A truth value.
    Flag(bool),
    /// An object.
    Object(Parameters),
    /// What no offered action takes: a fraction, or in a form something nested deeper.
    Other,
}

/// The highest page, and the most entries on one.
const MAX_PAGING: u32 = 200;
const DEFAULT_PAGE_SIZE: u32 = 20;
/// The longest text to search names for, in bytes; no policy's name is longer.
const MAX_KEYWORD_BYTES: usize = 128;
/// The longest name that is repeated to the caller.
const MAX_NAME_SHOWN: usize = 64;

/// Parameters being taken.
pub(super) struct Fields<'a> {
    parameters: &'a Parameters,
    asked: Vec<&'static str>,
}

impl<'a> Fields<'a> {
    pub(super) fn new(parameters: &'a Parameters) -> Self {
        Self {
            parameters,
            asked: Vec::new(),
        }
    }

    /// Refuses what was not asked for.
    pub(super) fn finish(self) -> Result<(), Error> {
        let unknown = |(name, _): &&(String, Value)| !self.asked.contains(&name.as_str());
        match self.parameters.iter().find(unknown) {
            None => Ok(()),
            Some((name, _)) => {
                let shown: String = name.chars().take(MAX_NAME_SHOWN).collect();
                Err(Error::with_message(
                    ErrorCode::UnknownParameter,
                    format!("the parameter `{}` is not recognized", shown.escape_debug()),
                ))
            }
        }
    }

    fn value(&mut self, name: &'static str) -> Option<&'a Value> {
        self.asked.push(name);
        let (_, value) = self.parameters.iter().find(|(given, _)| given == name)?;
        (*value != Value::Null).then_some(value)
    }

    /// A text, if given.
    pub(super) fn text(&mut self, name: &'static str) -> Result<Option<&'a str>, Error> {
        match self.value(name) {
            None => Ok(None),
            Some(Value::Text(text)) => Ok(Some(text)),
            Some(_) => Err(wrong_type(name, "a text")),
        }
    }

    /// A text that must be given, though it may be empty.
    pub(super) fn required_text(&mut self, name: &'static str) -> Result<&'a str, Error> {
        self.text(name)?.ok_or_else(|| missing(name))
    }

    /// A whole number, if given.
    pub(super) fn integer(&mut self, name: &'static str) -> Result<Option<i128>, Error> {
        self.value(name).map(|value| integer(name, value)).transpose()
    }

    /// `0` or `1`; `0` when not given.
    pub(super) fn flag(&mut self, name: &'static str) -> Result<bool, Error> {
        match self.integer(name)? {
            None | Some(0) => Ok(false),
            Some(1) => Ok(true),
            Some(_) => Err(Error::with_message(
                ErrorCode::InvalidParameterValue,
                format!("`{name}` is neither 0 nor 1"),
            )),
        }
    }

    /// A documented parameter whose effect is not offered: only a value that asks for nothing is accepted.
    pub(super) fn refuse(&mut self, name: &'static str) -> Result<(), Error> {
        let asks_nothing = match self.value(name) {
            None | Some(Value::Integer(0) | Value::Flag(false)) => true,
            Some(Value::Text(text)) => text.is_empty() || text == "0",
            Some(Value::List(entries)) => entries.is_empty(),
            Some(Value::Null | Value::Integer(_) | Value::Flag(true) | Value::Object(_) | Value::Other) => {
                false
            }
        };
        if asks_nothing {
            return Ok(());
        }
        Err(Error::with_message(
            ErrorCode::NotImplemented,
            format!("the parameter `{name}` is not offered by this server"),
        ))
    }

    /// A truth value that must be given, or `0` or `1`, or in a form its name.
    pub(super) fn required_truth(&mut self, name: &'static str) -> Result<bool, Error> {
        match self.value(name) {
            None => Err(missing(name)),
            Some(Value::Flag(truth)) => Ok(*truth),
            Some(Value::Integer(0)) => Ok(false),
            Some(Value::Integer(1)) => Ok(true),
            Some(Value::Text(text)) => match text.as_str() {
                "0" | "false" | "False" => Ok(false),
                "1" | "true" | "True" => Ok(true),
                _ => Err(wrong_type(name, "a truth value")),
            },
            Some(_) => Err(wrong_type(name, "a truth value")),
        }
    }

    /// A text of at most so many bytes, if given.
    pub(super) fn note(&mut self, name: &'static str, most: usize) -> Result<Option<String>, Error> {
        match self.text(name)? {
            Some(text) if text.len() > most => Err(Error::with_message(
                ErrorCode::ParamError,
                format!("`{name}` is longer than {most} bytes"),
            )),
            text => Ok(text.map(str::to_owned)),
        }
    }

    /// What to look for in names, if anything.
    pub(super) fn keyword(&mut self) -> Result<Option<String>, Error> {
        let keyword = self.text("Keyword")?.unwrap_or_default();
        if keyword.len() > MAX_KEYWORD_BYTES {
            return Err(ErrorCode::KeywordError.into());
        }
        Ok((!keyword.is_empty()).then(|| keyword.to_owned()))
    }

    /// A list of objects, if given; each is read like the parameters of a call.
    pub(super) fn objects<T>(
        &mut self,
        name: &'static str,
        mut read: impl FnMut(&mut Fields<'a>) -> Result<T, Error>,
    ) -> Result<Option<Vec<T>>, Error> {
        let mut read_one = |entry: &'a Value| match entry {
            Value::Object(members) => {
                let mut fields = Fields::new(members);
                let read = read(&mut fields)?;
                fields.finish()?;
                Ok(read)
            }
            _ => Err(wrong_type(name, "a list of objects")),
        };
        match self.value(name) {
            None => Ok(None),
            Some(Value::List(entries)) => entries
                .iter()
                .map(&mut read_one)
                .collect::<Result<_, _>>()
                .map(Some),
            Some(_) => Err(wrong_type(name, "a list of objects")),
        }
    }

    /// A list of whole numbers that must be given and hold 1 to `most` of them. An empty list would be a call that
    /// needs no permission.
    pub(super) fn numbers(
        &mut self,
        name: &'static str,
        most: usize,
        too_many: ErrorCode,
    ) -> Result<Vec<i128>, Error> {
        let entries = self.required_list(name, most, too_many)?;
        entries.iter().map(|entry| integer(name, entry)).collect()
    }

    /// A list of texts that must be given and hold 1 to `most` of them.
    pub(super) fn required_texts(
        &mut self,
        name: &'static str,
        most: usize,
        too_many: ErrorCode,
    ) -> Result<Vec<&'a str>, Error> {
        texts_of(name, self.required_list(name, most, too_many)?)
    }

    /// A list of texts, if given; how many it may hold is for the action to say.
    pub(super) fn texts(&mut self, name: &'static str) -> Result<Option<Vec<&'a str>>, Error> {
        match self.value(name) {
            None => Ok(None),
            Some(Value::List(entries)) => texts_of(name, entries).map(Some),
            Some(_) => Err(wrong_type(name, "a list of texts")),
        }
    }

    fn required_list(
        &mut self,
        name: &'static str,
        most: usize,
        too_many: ErrorCode,
    ) -> Result<&'a [Value], Error> {
        match self.value(name) {
            None => Err(missing(name)),
            Some(Value::List(entries)) if entries.is_empty() => Err(missing(name)),
            Some(Value::List(entries)) if entries.len() > most => Err(Error::with_message(
                too_many,
                format!("`{name}` has more than {most} entries"),
            )),
            Some(Value::List(entries)) => Ok(entries),
            Some(_) => Err(wrong_type(name, "a list")),
        }
    }

    /// The number of an identity, if given.
    pub(super) fn uin(&mut self, name: &'static str) -> Result<Option<Uin>, Error> {
        let number = self.integer(name)?.map(u64::try_from).transpose();
        number
            .map(|number| number.map(Uin))
            .map_err(|_| Error::with_message(ErrorCode::ParamError, format!("`{name}` is not a UIN")))
    }

    /// The number of an identity that must be given.
    pub(super) fn required_uin(&mut self, name: &'static str) -> Result<Uin, Error> {
        self.uin(name)?.ok_or_else(|| missing(name))
    }

    /// `Before` and `Limit` of a list that is told newest first: before which entry to go on, and how many of them.
    pub(super) fn newest_first(&mut self, usual: usize, most: usize) -> Result<(Option<u64>, usize), Error> {
        let before = self.integer("Before")?.map(u64::try_from).transpose().ok();
        let limit = self.integer("Limit")?.map_or(Ok(usual), usize::try_from).ok();
        match (before, limit.filter(|limit| (1..=most).contains(limit))) {
            (Some(before), Some(limit)) => Ok((before, limit)),
            _ => {
                let text = format!("`Before` is negative or `Limit` not between 1 and {most}");
                Err(Error::with_message(ErrorCode::InvalidParameterValue, text))
            }
        }
    }

    /// `TargetUin`, by default the caller.
    pub(super) fn subject(&mut self) -> Result<Subject, Error> {
        Ok(self.uin("TargetUin")?.map_or(Subject::Caller, Subject::Uin))
    }

    /// `PolicyId` as one number.
    pub(super) fn policy_id(&mut self) -> Result<PolicyId, Error> {
        let number = self.integer(POLICY_ID)?.ok_or_else(|| missing(POLICY_ID))?;
        policy_id(number)
    }

    /// `PolicyId` as a list of at least one number.
    pub(super) fn policy_ids(&mut self) -> Result<Vec<PolicyId>, Error> {
        let numbers = self.numbers(POLICY_ID, MAX_PAGING as usize, ErrorCode::PolicyIdError)?;
        numbers.into_iter().map(policy_id).collect()
    }

    /// The number of a group that must be given. What cannot be one names no group.
    pub(super) fn group_id(&mut self, name: &'static str) -> Result<GroupId, Error> {
        let number = self.integer(name)?.ok_or_else(|| missing(name))?;
        let number = u64::try_from(number).map_err(|_| ErrorCode::GroupNotFound)?;
        Ok(GroupId(number))
    }

    /// A sub-account, named by the number under which it receives messages, by that of its identity, or by both.
    pub(super) fn user_ref(&mut self, uin: &'static str) -> Result<UserRef, Error> {
        let uid = self.integer("Uid")?.map(u64::try_from).transpose();
        let uid = uid.map_err(|_| Error::with_message(ErrorCode::ParamError, "`Uid` is not a UID"))?;
        match (self.uin(uin)?, uid) {
            (Some(uin), Some(uid)) => Ok(UserRef::Both(uin, uid)),
            (Some(uin), None) => Ok(UserRef::Uin(uin)),
            (None, Some(uid)) => Ok(UserRef::Uid(uid)),
            (None, None) => Err(ErrorCode::UserNotNamed.into()),
        }
    }

    /// A text that is something, if given: the empty one is the same as none.
    pub(super) fn some_text(&mut self, name: &'static str) -> Result<Option<&'a str>, Error> {
        Ok(self.text(name)?.filter(|text| !text.is_empty()))
    }

    /// A number that some actions write as a text and others as a number.
    pub(super) fn digits(&mut self, name: &'static str) -> Result<Option<String>, Error> {
        match self.value(name) {
            None => Ok(None),
            Some(Value::Text(text)) => Ok(Some(text.clone()).filter(|text| !text.is_empty())),
            Some(Value::Integer(number)) => Ok(Some(number.to_string())),
            Some(_) => Err(wrong_type(name, "a number in a text")),
        }
    }

    /// `Page` and `Rp`, where both must be given.
    pub(super) fn required_paging(&mut self) -> Result<Paging, Error> {
        for name in ["Page", "Rp"] {
            self.integer(name)?.ok_or_else(|| missing(name))?;
        }
        self.paging()
    }

    /// `Page` and `Rp`.
    pub(super) fn paging(&mut self) -> Result<Paging, Error> {
        Ok(Paging {
            page: self.paging_number("Page", 1)?,
            page_size: self.paging_number("Rp", DEFAULT_PAGE_SIZE)?,
        })
    }

    fn paging_number(&mut self, name: &'static str, default: u32) -> Result<u32, Error> {
        let number = self.integer(name)?.unwrap_or(default.into());
        match u32::try_from(number) {
            Ok(number) if (1..=MAX_PAGING).contains(&number) => Ok(number),
            _ => Err(Error::with_message(
                ErrorCode::ParamError,
                format!("`{name}` is not between 1 and {MAX_PAGING}"),
            )),
        }
    }
}

const POLICY_ID: &str = "PolicyId";

/// The number of a policy.
fn texts_of<'a>(name: &'static str, entries: &'a [Value]) -> Result<Vec<&'a str>, Error> {
    let text = |entry: &'a Value| match entry {
        Value::Text(text) => Ok(text.as_str()),
        _ => Err(wrong_type(name, "a list of texts")),
    };
    entries.iter().map(text).collect()
}

pub(super) fn policy_id(number: i128) -> Result<PolicyId, Error> {
    let number = u64::try_from(number).map_err(|_| ErrorCode::PolicyIdError)?;
    Ok(PolicyId(number))
}

fn integer(name: &'static str, value: &Value) -> Result<i128, Error> {
    let number = match value {
        Value::Integer(number) => Some(*number),
        Value::Text(text) => parse_integer(text),
        Value::Null | Value::List(_) | Value::Flag(_) | Value::Object(_) | Value::Other => None,
    };
    number.ok_or_else(|| wrong_type(name, "a whole number"))
}

/// Digits, perhaps after a minus. A number of any length is one: it saturates, and is out of range wherever it
/// is used.
fn parse_integer(text: &str) -> Option<i128> {
    let digits = text.strip_prefix('-').unwrap_or(text);
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let limit = if text.starts_with('-') {
        i128::MIN
    } else {
        i128::MAX
    };
    Some(i128::from_str(text).unwrap_or(limit))
}

/// The number of a version of a policy. What cannot be one names none.
pub(super) fn version_id(number: i128) -> Result<VersionId, Error> {
    let number = u64::try_from(number).map_err(|_| ErrorCode::PolicyVersionNotExist)?;
    Ok(VersionId(number))
}

/// A required parameter is not there.
pub(super) fn missing(name: &str) -> Error {
    Error::with_message(
        ErrorCode::MissingParameter,
        format!("the required parameter `{name}` is missing"),
    )
}

fn wrong_type(name: &str, wanted: &str) -> Error {
    Error::with_message(
        ErrorCode::InvalidParameter,
        format!("the parameter `{name}` is not {wanted}"),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn integers_in_text() {
        let check = |text: &str, expected: Option<i128>| assert_eq!(parse_integer(text), expected, "{text}");
        check("0", Some(0));
        check("-1", Some(-1));
        check("1800", Some(1800));
        check(&"9".repeat(1000), Some(i128::MAX));
        check(&format!("-{}", "9".repeat(1000)), Some(i128::MIN));
        for bad in ["", "-", "+1", " 1", "1 ", "1.0", "1e3", "0x1", "１"] {
            check(bad, None);
        }
    }

    #[test]
    fn a_shown_name_is_short_and_plain() {
        let parameters = vec![("\n".repeat(1000), Value::Null)];
        let error = Fields::new(&parameters).finish().unwrap_err();
        let message = error.message.unwrap();
        assert!(message.len() < 200 && !message.contains('\n'), "{message}");
    }
}
