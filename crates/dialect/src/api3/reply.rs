//! The fields of an answer, as the client takes them out, and what can be wrong with an answer.

use daypass_api::Timestamp;
use daypass_api::outcome::Page;
use serde_json::Value as Json;

/// Why an answer holds no outcome.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AnswerError {
    /// The service refused the call.
    #[error("{code}: {message} (request id `{request_id}`)")]
    Refused {
        /// The service's code.
        code: String,
        /// Its text, which is no contract.
        message: String,
        /// Joins the answer with the service's log.
        request_id: String,
    },
    /// It is not the answer to that call.
    #[error("the answer is malformed at `{field}`")]
    Malformed {
        /// The field that is missing or has a bad value.
        field: &'static str,
    },
}

/// One object of an answer. Fields that nobody asks for are left alone: the real service adds some with time.
#[derive(Clone, Copy)]
pub(super) struct Reply<'a>(pub(super) &'a Json);

impl<'a> Reply<'a> {
    pub(super) fn object(self, field: &'static str) -> Result<Reply<'a>, AnswerError> {
        match self.0.get(field) {
            Some(value) if value.is_object() => Ok(Reply(value)),
            _ => Err(malformed(field)),
        }
    }

    pub(super) fn text(self, field: &'static str) -> Result<&'a str, AnswerError> {
        self.optional_text(field)?.ok_or_else(|| malformed(field))
    }

    /// A text that may be missing or null.
    pub(super) fn optional_text(self, field: &'static str) -> Result<Option<&'a str>, AnswerError> {
        match self.0.get(field) {
            None | Some(Json::Null) => Ok(None),
            Some(value) => value.as_str().map(Some).ok_or_else(|| malformed(field)),
        }
    }

    /// A text that must be something.
    pub(super) fn parsed<T, E>(
        self,
        field: &'static str,
        parse: impl FnOnce(&str) -> Result<T, E>,
    ) -> Result<T, AnswerError> {
        parse(self.text(field)?).map_err(|_| malformed(field))
    }

    /// Whether there is nothing, or null.
    pub(super) fn is_null(self, field: &'static str) -> bool {
        self.0.get(field).is_none_or(Json::is_null)
    }

    pub(super) fn number(self, field: &'static str) -> Result<u64, AnswerError> {
        let number = self.0.get(field).and_then(Json::as_u64);
        number.ok_or_else(|| malformed(field))
    }

    pub(super) fn signed(self, field: &'static str) -> Result<i64, AnswerError> {
        let number = self.0.get(field).and_then(Json::as_i64);
        number.ok_or_else(|| malformed(field))
    }

    pub(super) fn time(self, field: &'static str) -> Result<Timestamp, AnswerError> {
        self.parsed(field, |text| Timestamp::parse_cam_time(text).ok_or(()))
    }

    pub(super) fn list<T>(
        self,
        field: &'static str,
        read: impl FnMut(Reply<'a>) -> Result<T, AnswerError>,
    ) -> Result<Vec<T>, AnswerError> {
        let entries = self.0.get(field).and_then(Json::as_array);
        let entries = entries.ok_or_else(|| malformed(field))?;
        entries.iter().map(Reply).map(read).collect()
    }

    /// `TotalNum`, and the list of this name.
    pub(super) fn page<T>(
        self,
        field: &'static str,
        read: impl FnMut(Reply<'a>) -> Result<T, AnswerError>,
    ) -> Result<Page<T>, AnswerError> {
        let total = usize::try_from(self.number("TotalNum")?);
        Ok(Page {
            total: total.map_err(|_| malformed("TotalNum"))?,
            entries: self.list(field, read)?,
        })
    }
}

pub(super) fn malformed(field: &'static str) -> AnswerError {
    AnswerError::Malformed { field }
}
