//! Forms that upload a file, and the policies that sign them.
//!
//! Their laws: a form is the same in whatever pieces it comes, the length of its file is what it was likely to be where
//! nothing follows it, and a form that meets a policy does not any more when its key is another.

use bytes::Bytes;
use daypass_api::names::BucketName;
use daypass_api::{Error, Timestamp};
use daypass_dialect::cos::{Form, FormReader, PostPolicy, RequestHead};
use http::{HeaderMap, HeaderValue};

use crate::{Target, texts};

const BUCKET: &str = "b-125";

pub(crate) const FORM: Target = Target {
    name: "form",
    run: form,
    seeds: || {
        texts(&[
            "--x\r\nContent-Disposition: form-data; name=\"key\"\r\n\r\nup/${filename}\r\n--x\r\nContent-Disposition: form-data; name=\"acl\"\r\n\r\nprivate\r\n--x\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a.txt\"\r\nContent-Type: text/plain\r\n\r\nvalue\r\n--x--\r\n",
            "--x\r\nContent-Disposition: form-data; name=key\r\n\r\nk\r\n--x\r\ncontent-disposition: form-data; filename=\"a\\\"b\"; name=\"file\"\r\n\r\n\r\n--\r\n-x\r\n--x\r\nContent-Disposition: form-data; name=\"submit\"\r\n\r\nUpload\r\n--x--",
        ])
    },
    words: &[
        "\r\n",
        "\r",
        "--x",
        "\r\n--x",
        "--",
        "\r\n\r\n",
        "; filename=\"",
        "\\\"",
        "name=\"file\"",
        "Content-Disposition: form-data; name=\"x-cos-acl\"\r\n\r\n",
        "Content-Type: multipart/mixed",
        "${filename}",
        "/",
    ],
};

fn form(bytes: &[u8]) -> bool {
    let whole = read(bytes, bytes.len().max(1));
    for size in [1, 3, 8] {
        assert_eq!(read(bytes, size), whole, "in pieces of {size}");
    }
    let Ok((form, file)) = whole else {
        return false;
    };
    let length = u64::try_from(file.len()).unwrap_or(u64::MAX);
    if bytes.ends_with(b"\r\n--x--\r\n") && bytes.len() > file.len() {
        let likely = form.likely_file_length(u64::try_from(bytes.len()).unwrap_or(u64::MAX));
        assert!(length <= likely, "{length} {likely}");
    }
    ask(&form);
    true
}

fn read(bytes: &[u8], size: usize) -> Result<(Form, Vec<u8>), Error> {
    let headers = HeaderMap::from_iter([(
        http::header::CONTENT_TYPE,
        HeaderValue::from_static("multipart/form-data; boundary=x"),
    )]);
    let mut reader = FormReader::new(&head(&headers))?;
    let mut pieces = bytes.chunks(size).map(Bytes::copy_from_slice);
    let (form, mut rest) = loop {
        let piece = pieces.next().ok_or_else(|| reader.unfinished())?;
        if let Some(read) = reader.push(piece)? {
            break read;
        }
    };
    let mut file = Vec::new();
    loop {
        while let Some(piece) = rest.next_bytes() {
            file.extend_from_slice(&piece);
        }
        match pieces.next() {
            Some(piece) => rest.push(piece)?,
            None => break,
        }
    }
    rest.finish()?;
    Ok((form, file))
}

fn head(headers: &HeaderMap) -> RequestHead<'_> {
    RequestHead {
        method: "POST",
        path: "/",
        query: "",
        headers,
    }
}

/// Reads what the form asks for, which any form may be refused.
fn ask(form: &Form) {
    let Ok(headers) = form.headers(&HeaderMap::new()) else {
        return;
    };
    if let Ok(bucket) = BucketName::parse(BUCKET) {
        let _ = form.read(&head(&headers), bucket);
    }
}

pub(crate) const POST_POLICY: Target = Target {
    name: "post-policy",
    run: post_policy,
    seeds: || {
        texts(&[
            r#"{"expiration":"2033-11-15T00:00:00.000Z","conditions":[{"bucket":"b-125"},["starts-with","$key","up/"],["content-length-range",0,1048576],{"q-sign-algorithm":"sha1"},{"q-ak":"AKIDx"},{"q-sign-time":"1;2"}]}"#,
            r#"{"conditions":[["eq","$q-sign-algorithm","sha1"],["eq","$q-ak","AKIDx"],["eq","$q-sign-time","1;2"],{"key":"up/k"}],"expiration":"2033-11-15T00:00:00+08:00"}"#,
        ])
    },
    words: &[
        "{",
        "}",
        "[",
        "]",
        "\"",
        ",",
        "\"eq\"",
        "\"starts-with\"",
        "\"$key\"",
        "\"\"",
        "{\"key\":\"up/k\"}",
        "18446744073709551616",
        "-1",
        "1e3",
        "null",
        "\\u0000",
        "\"conditions\":",
    ],
};

fn post_policy(bytes: &[u8]) -> bool {
    let Ok(policy) = PostPolicy::read(bytes) else {
        return false;
    };
    let now = Timestamp::from_unix_seconds(1_700_000_000);
    let judged = |fields: &str| {
        let body = format!(
            "--x\r\nContent-Disposition: form-data; name=\"q-sign-algorithm\"\r\n\r\nsha1\r\n--x\r\nContent-Disposition: form-data; name=\"q-ak\"\r\n\r\nAKIDx\r\n--x\r\nContent-Disposition: form-data; name=\"q-key-time\"\r\n\r\n1;2\r\n{fields}--x\r\nContent-Disposition: form-data; name=\"file\"\r\n\r\n\r\n--x--\r\n"
        );
        let form = read(body.as_bytes(), body.len()).map(|(form, _)| form);
        form.and_then(|form| policy.judge(&form, BUCKET, &HeaderMap::new(), now))
    };
    let field =
        |name: &str| format!("--x\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\nup/k\r\n");
    if judged(&field("key")).is_ok() {
        let more = format!("{}{}", field("key"), field("x-cos-meta-never-said"));
        assert!(judged(&more).is_err(), "a field that no condition is about");
        assert!(judged("").is_err(), "the key is left out");
    }
    true
}
