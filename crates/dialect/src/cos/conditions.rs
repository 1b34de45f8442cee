//! Conditional headers and ranges, read as RFC 9110 says: a date or a range that makes no sense is as good as none.

use daypass_api::object::{ByteRange, ETag, ETagMatch, Preconditions};
use daypass_api::{Error, ErrorCode, Timestamp};

use super::request_head::{RequestHead, decimal, invalid_argument};

/// Most entity tags in one conditional header.
const MAX_TAGS: usize = 100;

/// The conditions of a read.
pub(super) fn read_conditions(request: &RequestHead<'_>) -> Result<Preconditions, Error> {
    Ok(Preconditions {
        if_modified_since: date(request, "if-modified-since")?,
        ..write_conditions(request)?
    })
}

/// The conditions of a write; `If-Modified-Since` means nothing there.
pub(super) fn write_conditions(request: &RequestHead<'_>) -> Result<Preconditions, Error> {
    Ok(Preconditions {
        if_match: tags(request, "if-match", Comparison::Strong)?,
        if_none_match: tags(request, "if-none-match", Comparison::Weak)?,
        if_modified_since: None,
        if_unmodified_since: date(request, "if-unmodified-since")?,
    })
}

/// The conditions on the source of a copy.
pub(super) fn source_conditions(request: &RequestHead<'_>) -> Result<Preconditions, Error> {
    Ok(Preconditions {
        if_match: tags(request, "x-cos-copy-source-if-match", Comparison::Strong)?,
        if_none_match: tags(request, "x-cos-copy-source-if-none-match", Comparison::Weak)?,
        if_modified_since: date(request, "x-cos-copy-source-if-modified-since")?,
        if_unmodified_since: date(request, "x-cos-copy-source-if-unmodified-since")?,
    })
}

/// Refuses conditions on an operation that could not keep them: ignored, they would let through what the client
/// meant to prevent.
pub(super) fn refuse_conditions(request: &RequestHead<'_>) -> Result<(), Error> {
    for name in ["if-match", "if-none-match", "if-unmodified-since"] {
        if request.header(name)?.is_some() {
            return Err(Error::with_message(
                ErrorCode::NotImplemented,
                format!("header `{name}` is not offered for this operation"),
            ));
        }
    }
    Ok(())
}

/// The range of a GET. Several ranges, another unit, a malformed range, or one that hangs on `If-Range` (which is
/// not judged here) give the whole object, as HTTP permits.
pub(super) fn range(request: &RequestHead<'_>) -> Result<Option<ByteRange>, Error> {
    if request.header("if-range")?.is_some() {
        return Ok(None);
    }
    Ok(request.header("range")?.and_then(parse_range))
}

fn parse_range(text: &str) -> Option<ByteRange> {
    let (unit, set) = text.split_once('=')?;
    if !unit.trim().eq_ignore_ascii_case("bytes") {
        return None;
    }
    let (first, last) = set.trim().split_once('-')?;
    if first.is_empty() {
        return decimal(last).map(ByteRange::Suffix);
    }
    // A number that does not fit reads as the largest one: beyond the end of any object.
    let first = decimal(first)?;
    if last.is_empty() {
        return Some(ByteRange::From(first, None));
    }
    let last = decimal(last)?;
    (first <= last).then_some(ByteRange::From(first, Some(last)))
}

/// How RFC 9110 compares tags: a weak tag never matches strongly. All tags of the service are strong.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Comparison {
    Strong,
    Weak,
}

fn tags(
    request: &RequestHead<'_>,
    name: &'static str,
    comparison: Comparison,
) -> Result<Option<ETagMatch>, Error> {
    let Some(text) = request.header(name)? else {
        return Ok(None);
    };
    if text == "*" {
        return Ok(Some(ETagMatch::Any));
    }
    let mut tags = Vec::new();
    for tag in text.split(',').map(str::trim).filter(|tag| !tag.is_empty()) {
        if tags.len() == MAX_TAGS {
            return Err(invalid_argument(format!(
                "header `{name}` has more than 100 tags"
            )));
        }
        match tag.strip_prefix("W/") {
            Some(_) if comparison == Comparison::Strong => {}
            Some(weak) => tags.push(ETag::from_text(weak)),
            None => tags.push(ETag::from_text(tag)),
        }
    }
    Ok(Some(ETagMatch::OneOf(tags)))
}

fn date(request: &RequestHead<'_>, name: &str) -> Result<Option<Timestamp>, Error> {
    Ok(request.header(name)?.and_then(Timestamp::parse_http_date))
}

#[cfg(test)]
mod tests {
    use http::{HeaderMap, HeaderValue};

    use super::*;

    fn with_headers<T>(headers: &[(&'static str, &str)], ask: impl Fn(&RequestHead<'_>) -> T) -> T {
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            map.insert(*name, HeaderValue::from_str(value).unwrap());
        }
        ask(&RequestHead {
            method: "GET",
            path: "/a",
            query: "",
            headers: &map,
        })
    }

    #[test]
    fn ranges() {
        let check = |text: &str, expected| {
            assert_eq!(with_headers(&[("range", text)], range), Ok(expected), "{text}");
        };
        check("bytes=0-9", Some(ByteRange::From(0, Some(9))));
        check("Bytes = 0-9", Some(ByteRange::From(0, Some(9))));
        check("bytes=5-", Some(ByteRange::From(5, None)));
        check("bytes=-5", Some(ByteRange::Suffix(5)));
        check("bytes=-0", Some(ByteRange::Suffix(0)));
        check(
            "bytes=99999999999999999999-",
            Some(ByteRange::From(u64::MAX, None)),
        );
        for ignored in [
            "",
            "bytes",
            "bytes=",
            "bytes=-",
            "bytes=9-0",
            "bytes=a-b",
            "bytes=+1-2",
            "bytes=0-1,3-4",
            "items=0-1",
            "0-1",
            "bytes=0--1",
        ] {
            check(ignored, None);
        }
        let conditional = [("range", "bytes=0-9"), ("if-range", "\"aa\"")];
        assert_eq!(with_headers(&conditional, range), Ok(None));
    }

    #[test]
    fn entity_tags() {
        let check = |name, text: &str, expected: &[&str]| {
            let conditions = with_headers(&[(name, text)], read_conditions).unwrap();
            let tags = conditions.if_match.or(conditions.if_none_match);
            let expected = expected.iter().map(|tag| ETag::from_text(tag)).collect();
            assert_eq!(tags, Some(ETagMatch::OneOf(expected)), "{text}");
        };
        check("if-match", "\"aa\"", &["aa"]);
        check("if-match", "aa", &["aa"]);
        check("if-match", "\"aa\", W/\"bb\",, \"cc-2\"", &["aa", "cc-2"]);
        check("if-none-match", "\"aa\",W/\"bb\"", &["aa", "bb"]);
        let any = with_headers(&[("if-none-match", "*")], write_conditions).unwrap();
        assert_eq!(any.if_none_match, Some(ETagMatch::Any));
        let most = with_headers(&[("if-match", &"a,".repeat(100))], read_conditions);
        assert!(most.is_ok());
        let too_many = with_headers(&[("if-match", &"a,".repeat(101))], read_conditions);
        assert_eq!(too_many.unwrap_err().code, ErrorCode::InvalidArgument);
    }

    #[test]
    fn dates() {
        let date = "Thu, 10 Dec 2020 03:37:30 GMT";
        let moment = Timestamp::parse_http_date(date);
        assert!(moment.is_some());
        let headers = [("if-modified-since", date), ("if-unmodified-since", date)];
        let read = with_headers(&headers, read_conditions).unwrap();
        assert_eq!(
            (read.if_modified_since, read.if_unmodified_since),
            (moment, moment)
        );
        let write = with_headers(&headers, write_conditions).unwrap();
        assert_eq!(
            (write.if_modified_since, write.if_unmodified_since),
            (None, moment)
        );
        let nonsense = with_headers(&[("if-modified-since", "yesterday")], read_conditions);
        assert!(nonsense.unwrap().is_empty());
    }

    #[test]
    fn conditions_are_never_dropped_silently() {
        for name in ["if-match", "if-none-match", "if-unmodified-since"] {
            let refused = with_headers(&[(name, "x")], refuse_conditions);
            assert_eq!(refused.unwrap_err().code, ErrorCode::NotImplemented, "{name}");
        }
        assert_eq!(
            with_headers(&[("if-modified-since", "x")], refuse_conditions),
            Ok(())
        );
    }
}
