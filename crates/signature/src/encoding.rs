//! Percent-coding as the signature schemes use it: RFC 3986 unreserved characters stay, everything else becomes
//! upper-case `%XX`.
//!
//! Decoding happens exactly once, and to bytes: object keys and values need not be valid UTF-8 to be signed.
//! A `%` that is not followed by two hex digits stands for itself.

use std::borrow::Cow;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode, percent_decode_str, percent_encode};

const ESCAPED: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'_')
    .remove(b'.')
    .remove(b'~');

/// Encodes a value for a query or a canonical text; also escapes `/ ! ' ( ) *`, and space as `%20`.
pub fn encode(value: impl AsRef<[u8]>) -> String {
    percent_encode(value.as_ref(), ESCAPED).to_string()
}

/// Decodes a request path, in which `+` is a plus.
pub fn decode_path(path: &str) -> Cow<'_, [u8]> {
    percent_decode_str(path).into()
}

/// Decodes a name or value of a query or form, in which `+` is a space.
pub(crate) fn decode_form(text: &str) -> Cow<'_, [u8]> {
    // Most texts are not coded at all, and this test is much faster than decoding.
    if memchr::memchr2(b'%', b'+', text.as_bytes()).is_none() {
        return Cow::Borrowed(text.as_bytes());
    }
    if !text.contains('+') {
        return percent_decode_str(text).into();
    }
    // The plus signs go first: a `%2B` must come out as a plus.
    percent_decode(text.replace('+', " ").as_bytes())
        .collect::<Vec<u8>>()
        .into()
}

/// Appends the encoded value to a canonical text.
pub(crate) fn encode_into(out: &mut Vec<u8>, value: &[u8]) {
    // Most values, and the longest one, the session token, need no escape; this test is much faster than encoding.
    if is_unreserved(value) {
        out.extend_from_slice(value);
        return;
    }
    for piece in percent_encode(value, ESCAPED) {
        out.extend_from_slice(piece.as_bytes());
    }
}

/// Looks at every byte, without a branch, so that the compiler can look at many at once.
fn is_unreserved(value: &[u8]) -> bool {
    let unreserved = |byte: u8| byte.is_ascii_alphanumeric() | matches!(byte, b'-' | b'_' | b'.' | b'~');
    value.iter().fold(true, |all, byte| all & unreserved(*byte))
}

/// Encodes a header or parameter name as it stands in a list of signed names: encoded, then lower-cased whole.
pub(crate) fn encode_name(name: &[u8]) -> String {
    percent_encode(name, ESCAPED).to_string().to_ascii_lowercase()
}

/// Tells whether `listed`, an entry of a list of signed names, is the encoded form of `name`.
pub(crate) fn is_encoded_name(listed: &str, name: &[u8]) -> bool {
    // An escape makes the name longer, so that equal lengths mean equal texts.
    if listed.len() == name.len() {
        return listed.as_bytes().eq_ignore_ascii_case(name) && is_unreserved(name);
    }
    listed.len() > name.len() && listed.contains('%') && listed.eq_ignore_ascii_case(&encode_name(name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn encodes_all_but_unreserved() {
        let check = |input: &str, expected: &str| assert_eq!(encode(input), expected);
        check("aZ09-_.~", "aZ09-_.~");
        check("/ !'()*+%;=&", "%2F%20%21%27%28%29%2A%2B%25%3B%3D%26");
        check("中", "%E4%B8%AD");
        assert_eq!(encode(b"\xff\x00"), "%FF%00");
        for byte in 0..=u8::MAX {
            let mut out = Vec::new();
            encode_into(&mut out, &[b'a', byte]);
            assert_eq!(out, encode([b'a', byte]).into_bytes());
        }
    }

    #[test]
    fn decodes_a_path_once_and_keeps_plus() {
        let check = |input: &str, expected: &[u8]| assert_eq!(decode_path(input).as_ref(), expected);
        check("/a+b%2Bc%20d", b"/a+b+c d");
        check("/%2541", b"/%41");
        check("/x.%2Fy//z/", b"/x./y//z/");
        check("/%FF%00", b"/\xff\x00");
        check("/100%/%zz%4", b"/100%/%zz%4");
    }

    #[test]
    fn decodes_a_form_value_with_plus_as_space() {
        let check = |input: &str, expected: &[u8]| assert_eq!(decode_form(input).as_ref(), expected);
        check("a+b%2Bc%20d", b"a b+c d");
        check("plain", b"plain");
        check("%2B", b"+");
        check("+", b" ");
        check("", b"");
    }

    #[test]
    fn compares_names_with_their_listed_form() {
        let check = |listed: &str, name: &str, expected: bool| {
            assert_eq!(
                is_encoded_name(listed, name.as_bytes()),
                expected,
                "{listed} {name}"
            );
            assert_eq!(
                encode_name(name.as_bytes()) == listed,
                expected,
                "{listed} {name}"
            );
        };
        check("versionid", "versionId", true);
        check("x%2fy", "x/y", true);
        check("x%2fy", "X/Y", true);
        check("x/y", "x/y", false);
        check("x%2dy", "x-y", false);
        check("acl", "acls", false);
        check("acls", "acl", false);
        check("", "", true);
        check("%2f", "/", true);
        check("%2f", "%2f", false);
        check("%252f", "%2f", true);
        check("a%2fb", "a/bcd", false);
    }
}
