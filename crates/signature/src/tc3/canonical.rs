//! The canonical texts of TC3 and the keys derived on the way.

use std::fmt;

use time::OffsetDateTime;
use zeroize::Zeroizing;

use crate::{RequestView, SecretKey, mac};

pub(super) const ALGORITHM: &str = "TC3-HMAC-SHA256";

/// How header values enter the canonical request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HeaderValues {
    /// Lower-cased, as documented.
    Lowered,
    /// As sent, as the SDKs do.
    AsSent,
}

/// The three keys derived from a secret for one day and service: raw bytes, as secret as the SecretKey itself.
#[derive(Clone)]
pub struct DerivedKeys {
    date: Zeroizing<[u8; 32]>,
    service: Zeroizing<[u8; 32]>,
    signing: Zeroizing<[u8; 32]>,
}

impl DerivedKeys {
    /// Derives the keys for a UTC date (`YYYY-MM-DD`) and a service.
    pub fn new(secret: &SecretKey, date: &str, service: &str) -> Self {
        let start = Zeroizing::new([b"TC3", secret.as_bytes()].concat());
        let date = Zeroizing::new(mac::hmac_sha256(&start, date.as_bytes()));
        let service = Zeroizing::new(mac::hmac_sha256(date.as_slice(), service.as_bytes()));
        let signing = Zeroizing::new(mac::hmac_sha256(service.as_slice(), b"tc3_request"));
        Self {
            date,
            service,
            signing,
        }
    }

    /// The hex texts of SecretDate, SecretService and SecretSigning. Each use is a place where they may leak.
    pub fn expose(&self) -> [Zeroizing<String>; 3] {
        [&self.date, &self.service, &self.signing].map(|key| Zeroizing::new(mac::hex(key.as_slice())))
    }

    /// Signs a string to sign: 64 lower-case hex digits.
    pub fn signature(&self, string_to_sign: &str) -> String {
        mac::hex(&mac::hmac_sha256(
            self.signing.as_slice(),
            string_to_sign.as_bytes(),
        ))
    }
}

impl fmt::Debug for DerivedKeys {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("DerivedKeys(..)")
    }
}

/// The UTC date of a timestamp as `YYYY-MM-DD`; `None` beyond the year 9999.
pub fn utc_date(timestamp: i64) -> Option<String> {
    let date = OffsetDateTime::from_unix_timestamp(timestamp).ok()?.date();
    (date.year() >= 0).then(|| {
        format!(
            "{:04}-{:02}-{:02}",
            date.year(),
            u8::from(date.month()),
            date.day()
        )
    })
}

/// The scope that stands in the credential and in the string to sign.
pub fn credential_scope(date: &str, service: &str) -> String {
    format!("{date}/{service}/tc3_request")
}

/// The hash of what counts as payload: nothing for a GET, a fixed text if the client declares the body unsigned.
pub fn hashed_payload(view: &RequestView<'_>, body: &[u8]) -> String {
    const UNSIGNED: &[u8] = b"UNSIGNED-PAYLOAD";
    if view.header("x-tc-content-sha256") == Some(UNSIGNED) {
        mac::sha256_hex(UNSIGNED)
    } else if view.method() == "GET" {
        mac::sha256_hex(b"")
    } else {
        mac::sha256_hex(body)
    }
}

/// The canonical request. The path is always `/`; the query is the raw text of a GET and empty otherwise, so a
/// server must not read parameters from the query of a POST.
///
/// `signed_headers` is the lower-case list as sent, joined by semicolons; a header that is absent counts as empty.
pub fn canonical_request(
    view: &RequestView<'_>,
    signed_headers: &str,
    hashed_payload: &str,
    values: HeaderValues,
) -> Vec<u8> {
    canonical_request_for_host(view, signed_headers, hashed_payload, values, None)
}

/// The canonical request with another value for `host`.
pub(super) fn canonical_request_for_host(
    view: &RequestView<'_>,
    signed_headers: &str,
    hashed_payload: &str,
    values: HeaderValues,
    host: Option<&str>,
) -> Vec<u8> {
    let query = if view.method() == "GET" { view.query() } else { "" };
    let mut out = Vec::with_capacity(query.len() + 512);
    for line in [view.method(), "/", query] {
        append_line(&mut out, line.as_bytes());
    }
    for name in signed_headers.split(';') {
        let instead = host.filter(|_| name == "host").map(str::as_bytes);
        let value = instead.or_else(|| view.header(name)).unwrap_or_default();
        out.extend_from_slice(name.as_bytes());
        out.push(b':');
        match values {
            HeaderValues::Lowered => append_line(&mut out, &value.to_ascii_lowercase()),
            HeaderValues::AsSent => append_line(&mut out, value),
        }
    }
    append_line(&mut out, b"");
    append_line(&mut out, signed_headers.as_bytes());
    out.extend_from_slice(hashed_payload.as_bytes());
    out
}

/// The text that the derived key signs.
pub fn string_to_sign(timestamp: i64, scope: &str, canonical_request: &[u8]) -> String {
    format!(
        "{ALGORITHM}\n{timestamp}\n{scope}\n{}",
        mac::sha256_hex(canonical_request)
    )
}

fn append_line(out: &mut Vec<u8>, line: &[u8]) {
    out.extend_from_slice(line);
    out.push(b'\n');
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_are_utc_and_padded() {
        let check =
            |timestamp: i64, expected: Option<&str>| assert_eq!(utc_date(timestamp).as_deref(), expected);
        check(0, Some("1970-01-01"));
        check(1_700_000_000, Some("2023-11-14"));
        check(1_700_006_399, Some("2023-11-14"));
        check(1_700_006_400, Some("2023-11-15"));
        check(253_402_300_799, Some("9999-12-31"));
        check(253_402_300_800, None);
        check(i64::MAX, None);
    }

    #[test]
    fn payload_depends_on_method_and_header() {
        let empty = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
        let unsigned = mac::sha256_hex(b"UNSIGNED-PAYLOAD");
        let check = |method: &str, headers: &[(&str, &[u8])], body: &[u8], expected: &str| {
            let view = RequestView::new(method, "/", "", headers).unwrap();
            assert_eq!(hashed_payload(&view, body), expected);
        };
        check("GET", &[], b"body", empty);
        check("POST", &[], b"", empty);
        check("POST", &[], b"body", &mac::sha256_hex(b"body"));
        check(
            "POST",
            &[("X-TC-Content-SHA256", b"UNSIGNED-PAYLOAD")],
            b"body",
            &unsigned,
        );
        check(
            "POST",
            &[("X-TC-Content-SHA256", b"unsigned-payload")],
            b"body",
            &mac::sha256_hex(b"body"),
        );
    }

    #[test]
    fn canonical_text() {
        let headers: [(&str, &[u8]); 2] = [("Host", b" H.x:1 "), ("Content-Type", b"A/B")];
        let check = |method: &str, values: HeaderValues, host: Option<&str>, expected: &str| {
            let view = RequestView::new(method, "/", "b=2&a=%2f", &headers).unwrap();
            let text = canonical_request_for_host(&view, "content-type;host;x-tc-a", "hash", values, host);
            assert_eq!(String::from_utf8(text).unwrap(), expected);
        };
        let tail = "\n\ncontent-type;host;x-tc-a\nhash";
        let lowered = |host: &str| format!("content-type:a/b\nhost:{host}\nx-tc-a:");
        check(
            "GET",
            HeaderValues::Lowered,
            None,
            &format!("GET\n/\nb=2&a=%2f\n{}{tail}", lowered("h.x:1")),
        );
        check(
            "POST",
            HeaderValues::Lowered,
            Some("e"),
            &format!("POST\n/\n\n{}{tail}", lowered("e")),
        );
        check(
            "POST",
            HeaderValues::AsSent,
            None,
            &format!("POST\n/\n\ncontent-type:A/B\nhost:H.x:1\nx-tc-a:{tail}"),
        );
    }

    #[test]
    fn debug_hides_the_keys() {
        let keys = DerivedKeys::new(&SecretKey::new("s".to_owned()), "2023-11-14", "sts");
        assert_eq!(format!("{keys:?}"), "DerivedKeys(..)");
    }
}
