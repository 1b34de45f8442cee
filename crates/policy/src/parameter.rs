//! The `Policy` parameter of the token service: JSON, plain or URL-encoded once more.
//!
//! The official SDKs disagree (Java and .NET send plain JSON, the others encode it), and plain JSON may
//! hold `%` and `+` of its own, so the first character decides.

use std::borrow::Cow;

use crate::error::{PolicyError, PolicyErrorKind};
use crate::json::MAX_RAW_BYTES;

/// Undoes the SDK's own encoding of a policy, after the transport's has been undone.
///
/// Text that begins with `{` after blanks is plain and comes back unchanged. Anything else is decoded once,
/// `%XX` and `+` for a blank; a broken escape or a result that is not UTF-8 is [`PolicyErrorKind::NotJson`].
pub fn decode_parameter(raw: &str) -> Result<Cow<'_, str>, PolicyError> {
    if raw.len() > 3 * MAX_RAW_BYTES {
        return Err(PolicyErrorKind::TooLong.into());
    }
    if raw.trim_start().starts_with('{') {
        return Ok(Cow::Borrowed(raw));
    }
    let blanks = raw.replace('+', " ");
    match percent_decode(&blanks) {
        Some(text) => Ok(Cow::Owned(text)),
        None => Err(PolicyError::new(PolicyErrorKind::NotJson, raw)),
    }
}

/// Decodes every `%XX`; `None` when an escape is broken or the result is not UTF-8.
pub(crate) fn percent_decode(text: &str) -> Option<String> {
    let mut bytes = text.bytes();
    let mut decoded = Vec::with_capacity(text.len());
    while let Some(byte) = bytes.next() {
        if byte == b'%' {
            let high = char::from(bytes.next()?).to_digit(16)?;
            let low = char::from(bytes.next()?).to_digit(16)?;
            decoded.push(u8::try_from(high * 16 + low).ok()?);
        } else {
            decoded.push(byte);
        }
    }
    String::from_utf8(decoded).ok()
}

/// The two hexadecimal digits after a `%` in upper case, the rest as it is.
pub(crate) fn upper_case_escapes(text: &str) -> impl Iterator<Item = char> {
    let mut digits_left = 0;
    text.chars().map(move |character| {
        if character == '%' {
            digits_left = 2;
            character
        } else if digits_left > 0 && character.is_ascii_hexdigit() {
            digits_left -= 1;
            character.to_ascii_uppercase()
        } else {
            digits_left = 0;
            character
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(raw: &str, expected: Result<&str, PolicyErrorKind>) {
        let decoded = decode_parameter(raw);
        assert_eq!(
            decoded.as_deref().map_err(|error| error.kind),
            expected,
            "{raw:?}"
        );
    }

    #[test]
    fn t2_encoded_or_plain() {
        check("%7B%22a%22%3A+1%20%7D", Ok("{\"a\": 1 }"));
        check("{\"a\":\"b+c%2Fd\"}", Ok("{\"a\":\"b+c%2Fd\"}"));
        check("\n {\"a\":\"%\"}", Ok("\n {\"a\":\"%\"}"));
        check("%257B", Ok("%7B"));
        check("undefined", Ok("undefined"));
        check("", Ok(""));
        for broken in ["%", "%7", "%zz", "%+1", "%FF", "%7B%"] {
            check(broken, Err(PolicyErrorKind::NotJson));
        }
    }

    #[test]
    fn bounded() {
        assert!(decode_parameter(&"x".repeat(3 * MAX_RAW_BYTES)).is_ok());
        check(&"x".repeat(3 * MAX_RAW_BYTES + 1), Err(PolicyErrorKind::TooLong));
    }

    #[test]
    fn escapes_in_upper_case() {
        let upper = |text: &str| upper_case_escapes(text).collect::<String>();
        assert_eq!(upper("a%2fb%c3%"), "a%2Fb%C3%");
        assert_eq!(upper("%%aab%g0a"), "%%AAb%g0a");
    }
}
