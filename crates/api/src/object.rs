//! What is known about an object beside its bytes: stored headers, digests, ranges and preconditions.

use crate::Timestamp;

/// Most parts of one upload, and the highest part number.
pub const MAX_PARTS: u32 = 10_000;
/// Smallest part that is not the last, in bytes.
pub const MIN_PART_BYTES: u64 = 1024 * 1024;
/// Largest object that one request may carry, and the largest part, in bytes.
pub const MAX_SINGLE_UPLOAD_BYTES: u64 = 5 * 1024 * 1024 * 1024;
/// Most bytes of user metadata, names and values together.
pub const MAX_USER_METADATA_BYTES: usize = 2048;

/// How an object is kept; here a label, since one engine keeps them all.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Default)]
pub enum StorageClass {
    /// Read often.
    #[default]
    Standard,
    /// Read seldom.
    StandardIa,
    /// Moved between tiers by use.
    IntelligentTiering,
    /// As `Standard`, in several zones.
    MazStandard,
    /// As `StandardIa`, in several zones.
    MazStandardIa,
    /// As `IntelligentTiering`, in several zones.
    MazIntelligentTiering,
}

impl StorageClass {
    /// Every class with its name.
    pub const NAMES: [(Self, &'static str); 6] = [
        (Self::Standard, "STANDARD"),
        (Self::StandardIa, "STANDARD_IA"),
        (Self::IntelligentTiering, "INTELLIGENT_TIERING"),
        (Self::MazStandard, "MAZ_STANDARD"),
        (Self::MazStandardIa, "MAZ_STANDARD_IA"),
        (Self::MazIntelligentTiering, "MAZ_INTELLIGENT_TIERING"),
    ];

    /// The class's name.
    pub fn name(self) -> &'static str {
        Self::NAMES
            .iter()
            .find(|(class, _)| *class == self)
            .map_or("STANDARD", |(_, name)| name)
    }

    /// The class of this name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::NAMES
            .iter()
            .find(|(_, known)| *known == name)
            .map(|(class, _)| *class)
    }
}

/// The headers that an upload gives and a download returns.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct ObjectHeaders {
    /// `Cache-Control`.
    pub cache_control: Option<String>,
    /// `Content-Disposition`.
    pub content_disposition: Option<String>,
    /// `Content-Encoding`.
    pub content_encoding: Option<String>,
    /// `Content-Language`.
    pub content_language: Option<String>,
    /// `Content-Type`.
    pub content_type: Option<String>,
    /// `Expires`.
    pub expires: Option<String>,
    /// The storage class.
    pub storage_class: StorageClass,
    /// `x-cos-meta-*`: name after the prefix in lower case, and value.
    pub user_metadata: Vec<(String, String)>,
}

/// An entity tag without its quotes: the MD5 of the bytes in hex, or for a multipart object
/// 32 hex digits, `-` and the number of parts.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct ETag(String);

impl ETag {
    /// The tag of bytes with this MD5.
    pub fn from_md5(md5: [u8; 16]) -> Self {
        Self(format!("{:032x}", u128::from_be_bytes(md5)))
    }

    /// The tag of an object of several parts: the MD5 of the parts' MD5s, and how many there are.
    pub fn of_parts(md5_of_md5s: [u8; 16], parts: usize) -> Self {
        Self(format!("{:032x}-{parts}", u128::from_be_bytes(md5_of_md5s)))
    }

    /// From text with or without quotes, as clients send it and as records keep it.
    pub fn from_text(text: &str) -> Self {
        Self(text.trim().trim_matches('"').to_ascii_lowercase())
    }

    /// The tag without quotes.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The tag in quotes, as headers and documents show it.
    pub fn quoted(&self) -> String {
        format!("\"{}\"", self.0)
    }
}

/// Everything about one stored object but its bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ObjectInfo {
    /// Length in bytes.
    pub length: u64,
    /// Entity tag.
    pub etag: ETag,
    /// CRC-64/XZ of the whole object.
    pub crc64: u64,
    /// When it was written.
    pub last_modified: Timestamp,
    /// Headers given at the upload.
    pub headers: ObjectHeaders,
}

/// The part of an object that a `Range` header asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ByteRange {
    /// From the first offset to the second, both included; open at the end when there is none.
    From(u64, Option<u64>),
    /// The last so many bytes.
    Suffix(u64),
}

/// A stretch of bytes: where it starts and how long it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Span {
    /// Offset of the first byte.
    pub start: u64,
    /// Number of bytes.
    pub length: u64,
}

impl ByteRange {
    /// The bytes of an object of this length that the range names; `None` when it names none.
    pub fn resolve(self, total: u64) -> Option<Span> {
        match self {
            Self::From(first, _) if first >= total => None,
            Self::From(first, last) => {
                let end = last.unwrap_or(u64::MAX).min(total - 1);
                (end >= first).then(|| Span {
                    start: first,
                    length: end - first + 1,
                })
            }
            Self::Suffix(0) => None,
            Self::Suffix(_) if total == 0 => None,
            Self::Suffix(count) => {
                let length = count.min(total);
                Some(Span {
                    start: total - length,
                    length,
                })
            }
        }
    }
}

/// Which entity tags a conditional header names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ETagMatch {
    /// `*`: any existing object.
    Any,
    /// One of these.
    OneOf(Vec<ETag>),
}

impl ETagMatch {
    /// Whether an object with this tag is meant.
    pub fn matches(&self, etag: &ETag) -> bool {
        match self {
            Self::Any => true,
            Self::OneOf(tags) => tags.contains(etag),
        }
    }
}

/// The conditional headers of a request.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Preconditions {
    /// `If-Match`.
    pub if_match: Option<ETagMatch>,
    /// `If-None-Match`.
    pub if_none_match: Option<ETagMatch>,
    /// `If-Modified-Since`.
    pub if_modified_since: Option<Timestamp>,
    /// `If-Unmodified-Since`.
    pub if_unmodified_since: Option<Timestamp>,
}

/// What the conditional headers say about a read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReadVerdict {
    /// Serve it.
    Proceed,
    /// The client has it already.
    NotModified,
    /// The client wanted another state.
    Failed,
}

impl Preconditions {
    /// Judges a read in the order of RFC 7232 §6; dates compare in whole seconds, as the header shows them.
    pub fn judge_read(&self, etag: &ETag, last_modified: Timestamp) -> ReadVerdict {
        let modified = last_modified.unix_seconds();
        let wanted = match (&self.if_match, self.if_unmodified_since) {
            (Some(tags), _) => tags.matches(etag),
            (None, Some(since)) => modified <= since.unix_seconds(),
            (None, None) => true,
        };
        if !wanted {
            return ReadVerdict::Failed;
        }
        let fresh = match (&self.if_none_match, self.if_modified_since) {
            (Some(tags), _) => tags.matches(etag),
            (None, Some(since)) => modified <= since.unix_seconds(),
            (None, None) => false,
        };
        if fresh {
            ReadVerdict::NotModified
        } else {
            ReadVerdict::Proceed
        }
    }

    /// Whether a write may replace what is there (`None`: nothing is).
    pub fn allow_write(&self, current: Option<(&ETag, Timestamp)>) -> bool {
        match current {
            None => self.if_match.is_none(),
            Some((etag, last_modified)) => self.judge_read(etag, last_modified) == ReadVerdict::Proceed,
        }
    }

    /// Whether no conditional header was sent.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_resolve_as_http_says() {
        let check = |range: ByteRange, total, expected: Option<(u64, u64)>| {
            let span = range.resolve(total).map(|span| (span.start, span.length));
            assert_eq!(span, expected, "{range:?} of {total}");
        };
        check(ByteRange::From(0, Some(9)), 100, Some((0, 10)));
        check(ByteRange::From(0, Some(999)), 100, Some((0, 100)));
        check(ByteRange::From(99, None), 100, Some((99, 1)));
        check(ByteRange::From(100, None), 100, None);
        check(ByteRange::From(5, Some(4)), 100, None);
        check(ByteRange::From(0, None), 0, None);
        check(ByteRange::From(u64::MAX, Some(u64::MAX)), 100, None);
        check(ByteRange::Suffix(10), 100, Some((90, 10)));
        check(ByteRange::Suffix(1000), 100, Some((0, 100)));
        check(ByteRange::Suffix(0), 100, None);
        check(ByteRange::Suffix(1), 0, None);
    }

    #[test]
    fn preconditions_follow_rfc_7232() {
        let etag = ETag::from_text("\"AA\"");
        let other = ETagMatch::OneOf(vec![ETag::from_text("bb")]);
        let same = ETagMatch::OneOf(vec![etag.clone()]);
        let at = Timestamp::from_unix_millis(10_500);
        let second = |seconds| Some(Timestamp::from_unix_seconds(seconds));
        let check =
            |preconditions: Preconditions, verdict| assert_eq!(preconditions.judge_read(&etag, at), verdict);
        check(Preconditions::default(), ReadVerdict::Proceed);
        check(
            Preconditions {
                if_match: Some(same.clone()),
                ..Default::default()
            },
            ReadVerdict::Proceed,
        );
        check(
            Preconditions {
                if_match: Some(other.clone()),
                ..Default::default()
            },
            ReadVerdict::Failed,
        );
        check(
            Preconditions {
                if_none_match: Some(same.clone()),
                ..Default::default()
            },
            ReadVerdict::NotModified,
        );
        check(
            Preconditions {
                if_none_match: Some(other.clone()),
                ..Default::default()
            },
            ReadVerdict::Proceed,
        );
        check(
            Preconditions {
                if_modified_since: second(10),
                ..Default::default()
            },
            ReadVerdict::NotModified,
        );
        check(
            Preconditions {
                if_modified_since: second(9),
                ..Default::default()
            },
            ReadVerdict::Proceed,
        );
        check(
            Preconditions {
                if_unmodified_since: second(10),
                ..Default::default()
            },
            ReadVerdict::Proceed,
        );
        check(
            Preconditions {
                if_unmodified_since: second(9),
                ..Default::default()
            },
            ReadVerdict::Failed,
        );
        // The tag outweighs the date.
        let both = Preconditions {
            if_match: Some(same),
            if_unmodified_since: second(1),
            ..Default::default()
        };
        check(both, ReadVerdict::Proceed);
        let both = Preconditions {
            if_none_match: Some(other),
            if_modified_since: second(99),
            ..Default::default()
        };
        check(both, ReadVerdict::Proceed);
    }

    #[test]
    fn write_preconditions() {
        let etag = ETag::from_text("aa");
        let at = Timestamp::from_unix_seconds(10);
        let none = Preconditions {
            if_none_match: Some(ETagMatch::Any),
            ..Default::default()
        };
        assert!(none.allow_write(None));
        assert!(!none.allow_write(Some((&etag, at))));
        let some = Preconditions {
            if_match: Some(ETagMatch::Any),
            ..Default::default()
        };
        assert!(!some.allow_write(None));
        assert!(some.allow_write(Some((&etag, at))));
    }
}
