//! The headers of an object: what is known about its bytes, and what its upload asked to be told.

use daypass_api::object::{ObjectInfo, Span, StorageClass};
use daypass_api::operation::ResponseOverrides;

use super::Answer;
use crate::cos::headers::{self, USER_METADATA_PREFIX};

/// The type of an object whose upload named none.
const DEFAULT_CONTENT_TYPE: &str = "application/octet-stream";

/// Adds the headers of an object, or of a span of it. The checksum is that of the whole object in both cases.
pub(super) fn with_headers(
    mut answer: Answer,
    info: &ObjectInfo,
    span: Option<Span>,
    overrides: &ResponseOverrides,
    path_style: bool,
) -> Answer {
    let length = span.map_or(info.length, |span| span.length);
    answer.add(headers::CONTENT_LENGTH, length.to_string());
    if let Some(span) = span {
        answer.add(headers::CONTENT_RANGE, content_range(span, info.length));
    }
    answer.add(headers::ACCEPT_RANGES, "bytes");
    answer.add(headers::ETAG, info.etag.quoted());
    answer.add(headers::LAST_MODIFIED, info.last_modified.http_date());
    answer.add(headers::CRC64, info.crc64.to_string());
    answer.add(headers::OBJECT_TYPE, "normal");
    if info.headers.storage_class != StorageClass::Standard {
        answer.add(headers::STORAGE_CLASS, info.headers.storage_class.name());
    }
    add_stored(&mut answer, info, overrides);
    if path_style {
        answer.add(headers::CONTENT_SECURITY_POLICY, "sandbox");
        answer.add(headers::CONTENT_TYPE_OPTIONS, "nosniff");
    }
    answer
}

fn content_range(span: Span, total: u64) -> String {
    let last = span.start.saturating_add(span.length).saturating_sub(1);
    format!("bytes {}-{last}/{total}", span.start)
}

fn add_stored(answer: &mut Answer, info: &ObjectInfo, overrides: &ResponseOverrides) {
    let stored = &info.headers;
    let content_type = overrides.content_type.as_ref().or(stored.content_type.as_ref());
    answer.add(
        headers::CONTENT_TYPE,
        content_type.map_or(DEFAULT_CONTENT_TYPE, String::as_str),
    );
    for (name, instead, given) in [
        (
            headers::CACHE_CONTROL,
            &overrides.cache_control,
            &stored.cache_control,
        ),
        (
            headers::CONTENT_DISPOSITION,
            &overrides.content_disposition,
            &stored.content_disposition,
        ),
        (
            headers::CONTENT_ENCODING,
            &overrides.content_encoding,
            &stored.content_encoding,
        ),
        (
            headers::CONTENT_LANGUAGE,
            &overrides.content_language,
            &stored.content_language,
        ),
        (headers::EXPIRES, &overrides.expires, &stored.expires),
    ] {
        if let Some(value) = instead.as_ref().or(given.as_ref()) {
            answer.add(name, value.as_str());
        }
    }
    for (name, value) in &stored.user_metadata {
        answer.add(format!("{USER_METADATA_PREFIX}{name}"), value.as_str());
    }
}
