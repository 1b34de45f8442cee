//! The judgement of a temporary key's policy: the header that asks for it, and the field of the answer that it comes in.
//! Both are of our own making; an SDK that does not know the field leaves it alone.

use daypass_api::outcome::{JudgedFinding, JudgedSeverity, Judgement, Within};
use daypass_api::{Error, ErrorCode};
use http::HeaderMap;
use serde_json::{Value as Json, json};

use super::object::with_some;
use super::reply::{AnswerError, Reply, malformed};

/// The header with which a call for a temporary key asks what is found about its policy: `1`.
pub const JUDGE_HEADER: &str = "x-daypass-judge";

/// Whether a call asks for a judgement. What is neither left out nor plainly asked for is refused.
pub fn asks_for_judgement(headers: &HeaderMap) -> Result<bool, Error> {
    let mut values = headers.get_all(JUDGE_HEADER).iter();
    match (values.next(), values.next()) {
        (None, _) => Ok(false),
        (Some(value), None) if value.as_bytes() == b"1" => Ok(true),
        _ => {
            let text = format!("the header `{JUDGE_HEADER}` is `1` or left out");
            Err(Error::with_message(ErrorCode::InvalidParameterValue, text))
        }
    }
}

pub(super) fn write(judgement: &Judgement) -> Json {
    json!({
        "Within": judgement.within.word(),
        "Findings": judgement.findings.iter().map(write_finding).collect::<Json>(),
        "Omitted": judgement.omitted,
    })
}

pub(super) fn write_finding(finding: &JudgedFinding) -> Json {
    let json = json!({
        "Rule": finding.rule,
        "Severity": finding.severity.word(),
        "Message": finding.message,
        "Hint": finding.hint,
    });
    let json = with_some(json, "Statement", finding.statement);
    with_some(json, "Witness", finding.witness.as_deref())
}

/// The judgement in an answer, where it has one.
pub(super) fn read(reply: Reply<'_>) -> Result<Option<Box<Judgement>>, AnswerError> {
    if reply.is_null("Judgement") {
        return Ok(None);
    }
    let judgement = reply.object("Judgement")?;
    let within = judgement.parsed("Within", |word| Within::of_word(word).ok_or(()))?;
    Ok(Some(Box::new(Judgement {
        within,
        findings: judgement.list("Findings", read_finding)?,
        omitted: judgement.number("Omitted")?,
    })))
}

pub(super) fn read_finding(reply: Reply<'_>) -> Result<JudgedFinding, AnswerError> {
    let statement = match reply.is_null("Statement") {
        true => None,
        false => Some(reply.number("Statement")?),
    };
    Ok(JudgedFinding {
        rule: reply.text("Rule")?.to_owned(),
        severity: JudgedSeverity::of_word(reply.text("Severity")?).ok_or(malformed("Severity"))?,
        statement,
        message: reply.text("Message")?.to_owned(),
        hint: reply.text("Hint")?.to_owned(),
        witness: reply.optional_text("Witness")?.map(str::to_owned),
    })
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    #[test]
    fn what_asks_for_a_judgement() {
        let check = |values: &[&[u8]], expected: Option<bool>| {
            let mut headers = HeaderMap::new();
            for value in values {
                headers.append(JUDGE_HEADER, HeaderValue::from_bytes(value).unwrap());
            }
            let asks = asks_for_judgement(&headers);
            assert_eq!(asks.as_ref().ok().copied(), expected, "{values:?}");
            if let Err(error) = asks {
                assert_eq!(error.code, ErrorCode::InvalidParameterValue);
            }
        };
        check(&[], Some(false));
        check(&[b"1"], Some(true));
        for bad in [&b"0"[..], b"", b"true", b"11", b"1 ", b"\xff"] {
            check(&[bad], None);
        }
        check(&[b"1", b"1"], None);
    }
}
