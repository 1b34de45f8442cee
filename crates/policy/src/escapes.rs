//! Percent-escapes in condition values: policies write query parameters encoded, decoded, and in either case of digits.

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

    #[test]
    fn escapes_decode_or_are_broken() {
        assert_eq!(percent_decode("a%2Fb+%e4%B8%ad").as_deref(), Some("a/b+\u{4e2d}"));
        for broken in ["%", "%7", "%zz", "%+1", "%FF", "%7B%"] {
            assert_eq!(percent_decode(broken), None, "{broken}");
        }
    }

    #[test]
    fn escapes_in_upper_case() {
        let upper = |text: &str| upper_case_escapes(text).collect::<String>();
        assert_eq!(upper("a%2fb%c3%"), "a%2Fb%C3%");
        assert_eq!(upper("%%aab%g0a"), "%%AAb%g0a");
    }
}
