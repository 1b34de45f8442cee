//! The boundary between the parts of a form, read from its `Content-Type`.

use daypass_api::Error;

use super::malformed;

/// Longest boundary (RFC 2046, "Common Syntax").
const MAX_BYTES: usize = 70;

/// What stands before every part but the first, and after the last: a line feed, two dashes and the boundary.
pub(super) fn delimiter(content_type: &str) -> Result<Vec<u8>, Error> {
    let mut boundary = None;
    for parameter in content_type.split(';').skip(1) {
        let Some((name, value)) = parameter.split_once('=') else {
            continue;
        };
        if !name.trim().eq_ignore_ascii_case("boundary") {
            continue;
        }
        if boundary.replace(unquoted(value.trim())).is_some() {
            return Err(malformed("the boundary is given more than once"));
        }
    }
    let boundary = boundary.ok_or_else(|| malformed("it has no boundary"))?;
    // INVARIANT: no line feed is in it, so that a delimiter has one at its beginning alone.
    let well_formed = (1..=MAX_BYTES).contains(&boundary.len())
        && !boundary.ends_with(' ')
        && boundary.bytes().all(is_boundary_character);
    if !well_formed {
        return Err(malformed(
            "the boundary is not 1 to 70 of the characters that it may have",
        ));
    }
    Ok([b"\r\n--", boundary.as_bytes()].concat())
}

/// A quoted boundary that holds a `;` was cut there, has no second quotation mark, and is no boundary any more.
fn unquoted(value: &str) -> &str {
    let inner = value.strip_prefix('"').and_then(|value| value.strip_suffix('"'));
    inner.unwrap_or(value)
}

fn is_boundary_character(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"'()+_,-./:=? ".contains(&byte)
}

#[cfg(test)]
mod tests {
    use daypass_api::ErrorCode;

    use super::*;

    #[test]
    fn boundaries() {
        let check = |content_type: &str, expected: Option<&str>| {
            let found = delimiter(content_type).map_err(|error| error.code);
            let expected = expected.map(|boundary| format!("\r\n--{boundary}").into_bytes());
            assert_eq!(
                found,
                expected.ok_or(ErrorCode::MalformedPostRequest),
                "{content_type}"
            );
        };
        check("multipart/form-data; boundary=x", Some("x"));
        check("multipart/form-data;BOUNDARY=\"a b\"", Some("a b"));
        check(
            "multipart/form-data; charset=utf-8; boundary=----WebKitFormBoundary7MA4",
            Some("----WebKitFormBoundary7MA4"),
        );
        check(
            &format!("multipart/form-data; boundary={}", "b".repeat(70)),
            Some(&"b".repeat(70)),
        );
        check(&format!("multipart/form-data; boundary={}", "b".repeat(71)), None);
        check("multipart/form-data", None);
        check("multipart/form-data; boundary", None);
        check("multipart/form-data; boundary=", None);
        check("multipart/form-data; boundary=\"a \"", None);
        check("multipart/form-data; boundary=\"a;b\"", None);
        check("multipart/form-data; boundary=a\u{e9}", None);
        check("multipart/form-data; boundary=a\"", None);
        check("multipart/form-data; boundary=a; boundary=a", None);
    }
}
