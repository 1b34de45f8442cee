//! Copies: the source that a header names, what of it is wanted, and the documents that answer.
//!
//! A source is written as a URL without its scheme. Only its first label counts, which is the bucket: clients write
//! the vendor's host there, whatever server they talk to, and no name is ever looked up.

use daypass_api::names::{BucketName, ObjectKey};
use daypass_api::object::{ETag, Span};
use daypass_api::operation::CopySource;
use daypass_api::outcome::Copied;
use daypass_api::{Error, ErrorCode, Timestamp};

use super::document::Document;
use super::element::Element;
use super::query::Query;
use super::request_head::{RequestHead, decimal, invalid_argument};
use super::{conditions, percent};

const SOURCE: &str = "x-cos-copy-source";
const RANGE: &str = "x-cos-copy-source-range";

/// The source of a copy.
pub(super) fn source(request: &RequestHead<'_>) -> Result<CopySource, Error> {
    let text = request.header(SOURCE)?.unwrap_or_default();
    let text = text.strip_prefix('/').unwrap_or(text);
    let (path, query) = text.split_once('?').unwrap_or((text, ""));
    let (host, key) = path.split_once('/').ok_or_else(|| invalid("it has no key"))?;
    let label = host.split('.').next().unwrap_or_default();
    let key = percent::decode(key).ok_or_else(|| invalid("its key has a broken escape"))?;
    let query = Query::parse(query)?;
    if query.names().any(|name| name != "versionid") {
        return Err(invalid("it has an unknown parameter"));
    }
    Ok(CopySource {
        bucket: BucketName::parse(label).map_err(|_| invalid("it begins with no bucket"))?,
        key: ObjectKey::parse(&key).map_err(|_| invalid("its key is not one"))?,
        version_id: query.value("versionid"),
        preconditions: conditions::source_conditions(request)?,
    })
}

/// The bytes of the source that a part shall have; all of them when nothing is said.
pub(super) fn span(request: &RequestHead<'_>) -> Result<Option<Span>, Error> {
    let Some(text) = request.header(RANGE)? else {
        return Ok(None);
    };
    let parse = || {
        let (first, last) = text.strip_prefix("bytes=")?.split_once('-')?;
        let (start, last) = (decimal(first)?, decimal(last)?);
        let length = last.checked_sub(start)?.checked_add(1)?;
        Some(Span { start, length })
    };
    let span = parse().ok_or_else(|| invalid_argument("x-cos-copy-source-range is not bytes=first-last"))?;
    Ok(Some(span))
}

/// Whether the headers of the request take the place of the source's.
pub(super) fn replaces_headers(request: &RequestHead<'_>) -> Result<bool, Error> {
    directive(request, "x-cos-metadata-directive")
}

/// Whether the tags of the request take the place of the source's.
pub(super) fn replaces_tags(request: &RequestHead<'_>) -> Result<bool, Error> {
    directive(request, "x-cos-tagging-directive")
}

fn directive(request: &RequestHead<'_>, name: &str) -> Result<bool, Error> {
    let text = request.header(name)?.unwrap_or("copy").to_ascii_lowercase();
    match text.as_str() {
        "copy" => Ok(false),
        "replaced" | "replace" => Ok(true),
        _ => Err(invalid_argument(format!("{name} is neither Copy nor Replaced"))),
    }
}

/// A body beside a source would be thrown away; its sender means something else.
pub(super) fn refuse_body(request: &RequestHead<'_>) -> Result<(), Error> {
    let length = request.header("content-length")?.unwrap_or("0");
    if decimal(length) == Some(0) && !request.headers.contains_key("transfer-encoding") {
        return Ok(());
    }
    let text = "a request with x-cos-copy-source has no body";
    Err(Error::with_message(ErrorCode::InvalidRequest, text))
}

/// Writes what a copy made.
pub(super) fn write_answer(name: &str, copied: &Copied) -> Document {
    let mut document = Document::new();
    document.element(name, |document| {
        document.leaf("ETag", &copied.etag.quoted());
        document.value("CRC64", copied.crc64);
        document.leaf("LastModified", &copied.last_modified.iso_seconds());
    });
    document
}

/// Reads what a copy made; `None` when the document does not tell.
pub(super) fn read_answer(root: &Element) -> Option<Copied> {
    Some(Copied {
        etag: ETag::from_text(root.text_of("ETag")?),
        crc64: root.text_of("CRC64")?.parse().ok()?,
        last_modified: Timestamp::parse_iso(root.text_of("LastModified")?)?,
    })
}

/// Names a source, as [`source`] reads it.
pub(super) fn write_source(source: &CopySource, host: &str) -> String {
    let key = percent::encode_path(source.key.as_str());
    let version = source.version_id.as_ref();
    let version = version.map_or_else(String::new, |version| format!("?versionId={}", version.raw));
    format!("{}.{host}/{key}{version}", source.bucket)
}

/// Names a range, as [`span`] reads it.
pub(super) fn write_span(span: Span) -> String {
    let last = span.start.saturating_add(span.length).saturating_sub(1);
    format!("bytes={}-{last}", span.start)
}

fn invalid(message: &'static str) -> Error {
    Error::with_message(
        ErrorCode::InvalidCopySource,
        format!("the copy source is not valid: {message}"),
    )
}

#[cfg(test)]
mod tests {
    use http::{HeaderMap, HeaderValue};

    use super::*;

    fn with<T>(
        name: &'static str,
        value: &str,
        ask: impl Fn(&RequestHead<'_>) -> Result<T, Error>,
    ) -> Result<T, ErrorCode> {
        let mut headers = HeaderMap::new();
        headers.insert(name, HeaderValue::from_bytes(value.as_bytes()).unwrap());
        let request = RequestHead {
            method: "PUT",
            path: "/a",
            query: "",
            headers: &headers,
        };
        ask(&request).map_err(|error| error.code)
    }

    #[test]
    fn sources() {
        let check = |text: &str, bucket: &str, key: &str, version: Option<&str>| {
            let source = with(SOURCE, text, source).unwrap();
            let found = source.version_id.as_ref().map(|version| version.decoded.as_str());
            assert_eq!(
                (source.bucket.as_str(), source.key.as_str(), found),
                (bucket, key, version),
                "{text}"
            );
        };
        check("b-1.cos.ap-guangzhou.myqcloud.com/a", "b-1", "a", None);
        check("/b-1.cos.ap-guangzhou.myqcloud.com/a/b", "b-1", "a/b", None);
        check("b-1.localhost:9000/a%2Fb%20c+d", "b-1", "a/b c+d", None);
        check("b-1.x/a%252F", "b-1", "a%2F", None);
        check("b-1.x//../a", "b-1", "/../a", None);
        check("b-1.x/%E4%BD%A0?versionId=MTg0", "b-1", "你", Some("MTg0"));
        check("b-1.x/你?VersionId=", "b-1", "你", Some(""));
        check("b-1/a", "b-1", "a", None);
    }

    #[test]
    fn sources_that_are_refused() {
        let check = |text: &str| {
            let refused = with(SOURCE, text, source).map(|source| source.key);
            assert_eq!(refused, Err(ErrorCode::InvalidCopySource), "{text}");
        };
        check("b-1.x");
        check("b-1.x/");
        check("bucket.x/a");
        check("B-1.x/a");
        check("http://b-1.x/a");
        check("b-1.x/%");
        check("b-1.x/%ff");
        check("b-1.x/a?acl");
        check(&format!("b-1.x/{}", "k".repeat(851)));
    }

    #[test]
    fn ranges_are_strict() {
        let check = |text: &str, expected: Result<Option<(u64, u64)>, ErrorCode>| {
            let found = with(RANGE, text, span).map(|span| span.map(|span| (span.start, span.length)));
            assert_eq!(found, expected, "{text}");
        };
        check("", Ok(None));
        check("bytes=0-9", Ok(Some((0, 10))));
        check("bytes=5-5", Ok(Some((5, 1))));
        for refused in [
            "bytes=5-4",
            "bytes=5-",
            "bytes=-5",
            "0-9",
            "bytes=0-9,11-12",
            "bytes=a-b",
        ] {
            check(refused, Err(ErrorCode::InvalidArgument));
        }
        check("bytes=0-18446744073709551615", Err(ErrorCode::InvalidArgument));
    }

    #[test]
    fn directives_and_bodies() {
        let directive = |text: &str| with("x-cos-metadata-directive", text, replaces_headers);
        assert_eq!(directive(""), Ok(false));
        assert_eq!(directive("Copy"), Ok(false));
        assert_eq!(directive("Replaced"), Ok(true));
        assert_eq!(directive("REPLACE"), Ok(true));
        assert_eq!(directive("Both"), Err(ErrorCode::InvalidArgument));
        assert_eq!(with("content-length", "0", refuse_body), Ok(()));
        assert_eq!(
            with("content-length", "1", refuse_body),
            Err(ErrorCode::InvalidRequest)
        );
        assert_eq!(
            with("transfer-encoding", "chunked", refuse_body),
            Err(ErrorCode::InvalidRequest)
        );
    }
}
