//! The names of all headers that an answer of the object API may carry, in their exact spelling.
//!
//! One SDK hands its caller the names as they were sent and then looks for `ETag`, not `etag`; so the spelling is
//! part of the contract, and a server that writes lower-case names by default needs the whole list beforehand.

macro_rules! header_names {
    ($($name:ident = $text:literal),+ $(,)?) => {
        $(pub(super) const $name: &str = $text;)+

        /// Every header name that an answer may carry, spelled as clients expect it. `x-cos-meta-*` is not listed:
        /// those names are lower case.
        pub const HEADER_NAMES: &[&str] = &[$($text),+, "Connection", "Transfer-Encoding"];
    };
}

header_names! {
    ACCEPT_RANGES = "Accept-Ranges",
    ALLOW_CREDENTIALS = "Access-Control-Allow-Credentials",
    ALLOW_HEADERS = "Access-Control-Allow-Headers",
    ALLOW_METHODS = "Access-Control-Allow-Methods",
    ALLOW_ORIGIN = "Access-Control-Allow-Origin",
    EXPOSE_HEADERS = "Access-Control-Expose-Headers",
    MAX_AGE = "Access-Control-Max-Age",
    CACHE_CONTROL = "Cache-Control",
    CONTENT_DISPOSITION = "Content-Disposition",
    CONTENT_ENCODING = "Content-Encoding",
    CONTENT_LANGUAGE = "Content-Language",
    CONTENT_LENGTH = "Content-Length",
    CONTENT_RANGE = "Content-Range",
    CONTENT_SECURITY_POLICY = "Content-Security-Policy",
    CONTENT_TYPE = "Content-Type",
    CONTENT_TYPE_OPTIONS = "X-Content-Type-Options",
    DATE = "Date",
    ETAG = "ETag",
    EXPIRES = "Expires",
    LAST_MODIFIED = "Last-Modified",
    LOCATION = "Location",
    SERVER = "Server",
    VARY = "Vary",
    ACL = "x-cos-acl",
    BUCKET_REGION = "x-cos-bucket-region",
    CRC64 = "x-cos-hash-crc64ecma",
    OBJECT_TYPE = "x-cos-object-type",
    REQUEST_ID = "x-cos-request-id",
    STORAGE_CLASS = "x-cos-storage-class",
    TRACE_ID = "x-cos-trace-id",
}

/// What user metadata begins with.
pub(super) const USER_METADATA_PREFIX: &str = "x-cos-meta-";
