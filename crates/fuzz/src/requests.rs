//! Heads of requests: signatures of every scheme, queries, ranges.
//!
//! Their laws: a claim printed again reads the same, a canonical query is its own canonical form, and a range
//! lies within the object.

use daypass_api::names::BucketName;
use daypass_api::operation::ObjectOperation;
use daypass_dialect::api3;
use daypass_dialect::cos::{self, RequestHead};
use daypass_dialect::site::Site;
use daypass_signature::{MAX_AUTHORIZATION_BYTES, RequestView, encode, parameters, tc3, v1};
use http::{HeaderMap, HeaderValue, Method};

use crate::{Target, texts};

pub(crate) const AUTHORIZATION: Target = Target {
    name: "authorization",
    run: authorization,
    seeds: || {
        texts(&[
            "q-sign-algorithm=sha1&q-ak=AKIDx&q-sign-time=1700000000;1700000900&q-key-time=1700000000;1700000900&q-header-list=content-length;host&q-url-param-list=prefix;x%2fy&q-signature=0123456789abcdef0123456789abcdef01234567",
        ])
    },
    words: &[
        "&",
        "=",
        ";",
        "%2f",
        "%",
        "q-ak=",
        "q-header-list=",
        "9223372036854775808",
        "-1",
        "sign=",
        "+1",
    ],
};

fn authorization(bytes: &[u8]) -> bool {
    let headers = [("Authorization", bytes)];
    let Ok(view) = RequestView::new("GET", "/", "", &headers) else {
        return false;
    };
    let Ok(Some(claim)) = daypass_signature::cos::claim(&view) else {
        return false;
    };
    let window = |window: daypass_signature::Window| format!("{};{}", window.start(), window.end());
    let printed = format!(
        "q-sign-algorithm=sha1&q-ak={}&q-sign-time={}&q-key-time={}&q-header-list={}&q-url-param-list={}&q-signature={}&end",
        claim.key_id,
        window(claim.sign_time),
        window(claim.key_time),
        claim.header_list,
        claim.parameter_list,
        claim.signature,
    );
    if printed.len() <= MAX_AUTHORIZATION_BYTES {
        let headers = [("Authorization", printed.as_bytes())];
        let view = RequestView::new("GET", "/", "", &headers);
        let again = view.map(|view| daypass_signature::cos::claim(&view));
        assert_eq!(again, Ok(Ok(Some(claim))), "{printed}");
    }
    true
}

pub(crate) const QUERY: Target = Target {
    name: "query",
    run: query,
    seeds: || {
        texts(&[
            "prefix=a%2Fb&delimiter=%2F&marker=&max-keys=1000&encoding-type=url",
            "uploads&uploads=&key-marker=a&upload-id-marker=b",
            "uploadId=15851308210123456789abcdef&partNumber=1",
            "response-content-type=a%20b&versionId=null&acl",
            "sign=q-sign-algorithm%3Dsha1%26q-ak%3Da&x-cos-security-token=t",
        ])
    },
    words: &[
        "&",
        "=",
        "%",
        "%00",
        "%ff",
        "%2B",
        "+",
        ";",
        "acl",
        "tagging",
        "policy",
        "cors",
        "max-keys=",
        "-1",
    ],
};

fn query(bytes: &[u8]) -> bool {
    let Ok(text) = str::from_utf8(bytes) else {
        return false;
    };
    let headers = HeaderMap::new();
    let mut understood = false;
    for (method, path) in [
        ("GET", "/"),
        ("GET", "/a"),
        ("PUT", "/a"),
        ("POST", "/a"),
        ("DELETE", "/a"),
    ] {
        understood |= read(method, path, text, &headers).is_some();
    }
    if let Ok(view) = RequestView::new("GET", "/", text, &[]) {
        let _ = daypass_signature::cos::claim(&view);
    }
    let Ok(pairs) = parameters(text) else {
        assert!(
            !understood,
            "an operation was read from a query that has no parameters"
        );
        return false;
    };
    let spelled: Vec<String> = pairs
        .iter()
        .map(|pair| format!("{}={}", encode(&pair.name), encode(&pair.value)))
        .collect();
    let spelled = spelled.join("&");
    assert_eq!(parameters(&spelled), Ok(pairs), "{spelled}");
    understood
}

fn read(method: &str, path: &str, query: &str, headers: &HeaderMap) -> Option<ObjectOperation> {
    let site = Site::Bucket(BucketName::parse("b-125").ok()?);
    let head = RequestHead {
        method,
        path,
        query,
        headers,
    };
    cos::read(&head, &site).ok().map(|read| read.operation)
}

pub(crate) const RANGE: Target = Target {
    name: "range",
    run: range,
    seeds: || {
        texts(&[
            "bytes=0-9",
            "bytes=5-",
            "bytes=-3",
            "bytes=0-18446744073709551615",
        ])
    },
    words: &[
        "bytes=",
        "-",
        ",",
        "18446744073709551615",
        "18446744073709551616",
        "0",
        " ",
        "+1",
    ],
};

fn range(bytes: &[u8]) -> bool {
    let Ok(value) = HeaderValue::from_bytes(bytes) else {
        return false;
    };
    let mut headers = HeaderMap::new();
    headers.insert("range", value);
    let Some(ObjectOperation::GetObject(get)) = read("GET", "/a", "", &headers) else {
        return false;
    };
    let Some(range) = get.range else { return false };
    for total in [0, 1, 10, u64::MAX - 1, u64::MAX] {
        let Some(span) = range.resolve(total) else {
            continue;
        };
        let end = span.start.checked_add(span.length);
        assert!(
            span.length > 0 && end.is_some_and(|end| end <= total),
            "{range:?} of {total}: {span:?}"
        );
    }
    true
}

pub(crate) const TC3: Target = Target {
    name: "tc3",
    run: tc3,
    seeds: || {
        texts(&[
            "TC3-HMAC-SHA256 Credential=AKIDx/2023-11-14/sts/tc3_request, SignedHeaders=content-type;host, Signature=0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef\n{\"Name\":\"a\",\"Policy\":\"%7B%7D\",\"DurationSeconds\":1800}",
        ])
    },
    words: &[
        "/",
        ",",
        ", ",
        "=",
        ";",
        "Credential=",
        "SKIP",
        "{",
        "[",
        "\"",
        "\\ud800",
        "1e99",
        "null",
        "\"Policy\":",
    ],
};

/// The first line is the Authorization text, the rest the body.
fn tc3(bytes: &[u8]) -> bool {
    let mut halves = bytes.splitn(2, |byte| *byte == b'\n');
    let (line, body) = (
        halves.next().unwrap_or_default(),
        halves.next().unwrap_or_default(),
    );
    let claim = |text: &[u8]| {
        let headers = [
            ("authorization", text),
            ("x-tc-timestamp", b"1700000000".as_slice()),
        ];
        RequestView::new("POST", "/", "", &headers)
            .ok()
            .and_then(|view| tc3::claim(&view).ok().flatten())
    };
    let signed = claim(line);
    if let Some(one) = &signed {
        let printed = format!(
            "TC3-HMAC-SHA256 Credential={}/{}/{}/tc3_request, SignedHeaders={}, Signature={}",
            one.key_id, one.date, one.service, one.signed_headers, one.signature,
        );
        if printed.len() <= MAX_AUTHORIZATION_BYTES {
            assert!(
                claim(printed.as_bytes()).as_ref() == Some(one),
                "{printed} reads differently"
            );
        }
    }
    let mut understood = false;
    for (action, version) in [
        ("GetFederationToken", "2018-08-13"),
        ("CreatePolicy", "2019-01-16"),
    ] {
        understood |= call(action, version, line, body);
    }
    understood && signed.is_some()
}

fn call(action: &'static str, version: &'static str, line: &[u8], body: &[u8]) -> bool {
    let mut headers = HeaderMap::new();
    headers.insert("content-type", HeaderValue::from_static("application/json"));
    headers.insert("x-tc-action", HeaderValue::from_static(action));
    headers.insert("x-tc-version", HeaderValue::from_static(version));
    headers.insert("x-tc-timestamp", HeaderValue::from_static("1700000000"));
    if let Ok(line) = HeaderValue::from_bytes(line) {
        headers.insert("authorization", line);
    }
    api3::read(&Method::POST, "/", "", &headers, body).is_ok_and(|call| call.operation().is_ok())
}

pub(crate) const V1: Target = Target {
    name: "v1",
    run: v1,
    seeds: || {
        texts(&[
            "Action=GetFederationToken&Version=2018-08-13&SecretId=AKIDx&Nonce=1&Timestamp=1700000000&Region=&SignatureMethod=HmacSHA256&Name=a&Policy=%257B%257D&DurationSeconds=1800&Signature=a%2Bb%3D",
            "Action=GetFederationToken&SecretId=AKIDx&Nonce=1&Timestamp=1700000000&Region=&SignatureMethod=HmacSHA256&name=a&policy=%257B%257D&durationSeconds=1800&Signature=a%2Bb%3D",
        ])
    },
    words: &[
        "&",
        "=",
        "%",
        "%2B",
        "+",
        "Action=",
        "Signature=",
        "Timestamp=",
        "Name.0=",
        "Tags.0.Key=",
        "-1",
    ],
};

fn v1(bytes: &[u8]) -> bool {
    let Ok(text) = str::from_utf8(bytes) else {
        return false;
    };
    let mut headers = HeaderMap::new();
    headers.insert(
        "content-type",
        HeaderValue::from_static("application/x-www-form-urlencoded"),
    );
    let call = |path| api3::read(&Method::POST, path, "", &headers, bytes);
    let paths = ["/", "/v2/index.php"];
    let understood = paths.map(|path| call(path).is_ok_and(|call| call.operation().is_ok()));
    let Ok(pairs) = v1::form_parameters(text) else {
        return false;
    };
    let signed = v1::claim(&pairs);
    let spelled: Vec<String> = pairs
        .iter()
        .map(|(name, value)| format!("{}={}", encode(name), encode(value)))
        .collect();
    let spelled = spelled.join("&");
    assert_eq!(
        v1::form_parameters(&spelled).ok().as_ref(),
        Some(&pairs),
        "{spelled}"
    );
    understood.contains(&true) && signed.is_ok()
}
