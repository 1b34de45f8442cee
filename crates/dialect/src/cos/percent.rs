//! Percent-encoding as the object API uses it: keys in paths, values in queries, names in lists.
//!
//! Decoding is strict, since a name that can be read in two ways could be judged as one and stored as the other.

use std::borrow::Cow;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

/// All but the unreserved characters of RFC 3986.
const COMPONENT: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'_')
    .remove(b'.')
    .remove(b'~');
/// The same, with `/` left as it is.
const PATH: &AsciiSet = &COMPONENT.remove(b'/');

/// Encodes one value of a query.
pub(super) fn encode_component(text: &str) -> String {
    utf8_percent_encode(text, COMPONENT).to_string()
}

/// Encodes a key in a path or a name in a list: `/` stays, a space is `%20`, a plus is `%2B`.
pub(super) fn encode_path(text: &str) -> String {
    utf8_percent_encode(text, PATH).to_string()
}

/// Decodes a path, in which `+` is a plus; `None` when an escape is broken.
pub(super) fn decode(text: &str) -> Option<Vec<u8>> {
    let mut decoded = Vec::with_capacity(text.len());
    let mut bytes = text.bytes();
    while let Some(byte) = bytes.next() {
        if byte == b'%' {
            let high = hex_digit(bytes.next()?)?;
            let low = hex_digit(bytes.next()?)?;
            decoded.push(high << 4 | low);
        } else {
            decoded.push(byte);
        }
    }
    Some(decoded)
}

/// Decodes a name or value of a query, in which `+` is a space; `None` when an escape is broken or the result is
/// not UTF-8.
pub(super) fn decode_query(text: &str) -> Option<Cow<'_, str>> {
    if memchr::memchr2(b'%', b'+', text.as_bytes()).is_none() {
        return Some(Cow::Borrowed(text));
    }
    let decoded = decode(&text.replace('+', " "))?;
    String::from_utf8(decoded).ok().map(Cow::Owned)
}

/// The value of a hexadecimal digit of either case.
pub(super) fn hex_digit(byte: u8) -> Option<u8> {
    let value = char::from(byte).to_digit(16)?;
    u8::try_from(value).ok()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn decoding_is_strict() {
        let check =
            |text: &str, expected: Option<&[u8]>| assert_eq!(decode(text).as_deref(), expected, "{text}");
        check("a%2Fb+c", Some(b"a/b+c"));
        check("%252F", Some(b"%2F"));
        check("%ff%FF", Some(b"\xff\xff"));
        for broken in ["%", "%2", "%2x", "%x2", "a%", "%+1", "% 1"] {
            check(broken, None);
        }
        assert_eq!(decode_query("a+b%2Bc").as_deref(), Some("a b+c"));
        assert_eq!(decode_query("%ff"), None);
    }

    #[test]
    fn lists_keep_slashes_and_escape_plus_and_space() {
        assert_eq!(encode_path("a/b c+d~*"), "a/b%20c%2Bd~%2A");
        assert_eq!(encode_component("a/b"), "a%2Fb");
    }

    proptest! {
        #[test]
        fn decoding_undoes_encoding(text in any::<String>()) {
            prop_assert_eq!(decode(&encode_path(&text)), Some(text.clone().into_bytes()));
            let encoded = encode_component(&text);
            prop_assert_eq!(decode_query(&encoded), Some(Cow::from(&text)));
        }
    }
}
