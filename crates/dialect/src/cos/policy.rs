//! The policy of a bucket, which travels as the JSON text that it is stored as.
//!
//! Only its size and encoding are looked at here; what it says is read where policies are understood.

use daypass_api::{Error, ErrorCode};

use super::headers;
use super::write::Answer;

/// Longest text, in bytes, with the blanks between its elements; the policy without them may have 20 KB.
const MAX_BODY_BYTES: usize = 64 * 1024;
const JSON_TYPE: &str = "application/json";

/// Reads the text of a policy.
pub(super) fn read_document(body: &[u8]) -> Result<String, Error> {
    if body.len() > MAX_BODY_BYTES {
        return Err(malformed("the document is larger than 64 KiB"));
    }
    let text = std::str::from_utf8(body).map_err(|_| malformed("the document is not UTF-8"))?;
    Ok(text.to_owned())
}

/// Writes the text of a policy.
pub(super) fn with_document(mut answer: Answer, text: &str) -> Answer {
    answer.body = text.to_owned().into();
    answer.add(headers::CONTENT_TYPE, JSON_TYPE);
    answer.add(headers::CONTENT_LENGTH, answer.body.len().to_string());
    answer
}

/// Reads the text back.
pub(super) fn read_answer(body: &[u8]) -> Option<String> {
    std::str::from_utf8(body).ok().map(str::to_owned)
}

fn malformed(message: &'static str) -> Error {
    Error::with_message(ErrorCode::MalformedPolicy, message)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts() {
        let check = |body: &[u8], is_read: bool| {
            let read = read_document(body);
            assert_eq!(read.is_ok(), is_read, "{} bytes", body.len());
            assert!(read.is_ok_and(|text| text.as_bytes() == body) == is_read);
        };
        check(b"{}", true);
        check("{\"\u{4f60}\":1}".as_bytes(), true);
        check(b"", true);
        check(b"\xff", false);
        check(&vec![b' '; MAX_BODY_BYTES], true);
        check(&vec![b' '; MAX_BODY_BYTES + 1], false);
    }
}
