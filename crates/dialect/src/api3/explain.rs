//! ExplainDecision, of our own making: why a request was answered as it was. What the answer holds is described in
//! docs/explain.md; here it passes through as it is.

use daypass_api::operation::{IdentityOperation, RequestId};
use daypass_api::{Error, Outcome};
use serde_json::{Value as Json, json};

use super::fields::Fields;
use super::reply::{AnswerError, Reply};

pub(super) fn read(fields: &mut Fields<'_>) -> Result<IdentityOperation, Error> {
    let id = fields.required_text("RequestId")?;
    RequestId::parse(id).map(IdentityOperation::ExplainDecision)
}

pub(super) fn parameters(id: &RequestId) -> Json {
    json!({ "RequestId": id.as_str() })
}

/// The text is JSON; what is not could not be sent as such, and nothing is sent.
pub(super) fn write(text: &str) -> Json {
    json!({ "Explanation": serde_json::from_str::<Json>(text).unwrap_or_default() })
}

pub(super) fn read_answer(reply: Reply<'_>) -> Result<Outcome, AnswerError> {
    let Reply(explanation) = reply.object("Explanation")?;
    Ok(Outcome::Explanation(explanation.to_string()))
}
