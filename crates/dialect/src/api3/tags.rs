//! Tags in parameters and answers: a list of objects with `Key` and `Value`.

use daypass_api::tags::{MAX_TAG_KEY_LENGTH, MAX_TAG_VALUE_LENGTH, Tags};
use daypass_api::{Error, ErrorCode};
use serde_json::{Value as Json, json};

use super::fields::{Fields, missing};
use super::reply::{AnswerError, Reply};

/// `Tags`: at most so many, each key once; none if they are not given.
pub(super) fn read(fields: &mut Fields<'_>, most: usize) -> Result<Tags, Error> {
    read_given(fields, most).map(Option::unwrap_or_default)
}

/// The same, where they must be given.
pub(super) fn read_required(fields: &mut Fields<'_>, most: usize) -> Result<Tags, Error> {
    read_given(fields, most)?.ok_or_else(|| missing("Tags"))
}

fn read_given(fields: &mut Fields<'_>, most: usize) -> Result<Option<Tags>, Error> {
    let tag = |fields: &mut Fields<'_>| {
        let key = fields.text("Key")?.ok_or_else(|| missing("Key"))?;
        let value = fields.text("Value")?.ok_or_else(|| missing("Value"))?;
        let key_fits = (1..=MAX_TAG_KEY_LENGTH).contains(&key.chars().count());
        if !key_fits || value.chars().count() > MAX_TAG_VALUE_LENGTH {
            return Err(ErrorCode::TagParamError.into());
        }
        Ok((key.to_owned(), value.to_owned()))
    };
    let Some(tags) = fields.objects("Tags", tag)? else {
        return Ok(None);
    };
    if tags.len() > most {
        return Err(ErrorCode::TagLimitExceeded.into());
    }
    for (place, (key, _)) in tags.iter().enumerate() {
        if tags.iter().take(place).any(|(other, _)| other == key) {
            return Err(ErrorCode::TagParamError.into());
        }
    }
    Ok(Some(tags))
}

pub(super) fn write(tags: &Tags) -> Json {
    let one = |(key, value): &(String, String)| json!({ "Key": key, "Value": value });
    tags.iter().map(one).collect()
}

/// The service may leave them out.
pub(super) fn read_answer(reply: Reply<'_>) -> Result<Tags, AnswerError> {
    let tag = |reply: Reply<'_>| Ok((reply.text("Key")?.to_owned(), reply.text("Value")?.to_owned()));
    if reply.is_null("Tags") {
        return Ok(Tags::new());
    }
    reply.list("Tags", tag)
}
