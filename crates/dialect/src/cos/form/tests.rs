//! Forms read from pieces of every size, and what is wrong with those that are refused.

use bytes::Bytes;
use daypass_api::names::BucketName;
use daypass_api::operation::{ObjectOperation, PostAnswer};
use daypass_api::{Error, ErrorCode};
use http::{HeaderMap, HeaderValue};
use proptest::prelude::*;

use super::*;
use crate::cos::RequestHead;
use crate::site::Site;

fn headers(pairs: &[(&'static str, &str)]) -> HeaderMap {
    let mut headers = HeaderMap::new();
    for (name, value) in pairs {
        headers.append(*name, HeaderValue::from_str(value).unwrap());
    }
    headers
}

fn head<'a>(headers: &'a HeaderMap) -> RequestHead<'a> {
    RequestHead {
        method: "POST",
        path: "/",
        query: "",
        headers,
    }
}

/// Reads a form that comes in pieces of this size: it, and the bytes of its file.
fn read(body: &[u8], size: usize) -> Result<(Form, Vec<u8>), Error> {
    let headers = headers(&[("content-type", "multipart/form-data; boundary=x")]);
    let mut reader = FormReader::new(&head(&headers))?;
    let mut pieces = body.chunks(size);
    let (form, mut file) = loop {
        let piece = pieces.next().ok_or_else(|| reader.unfinished())?;
        if let Some(read) = reader.push(Bytes::copy_from_slice(piece))? {
            break read;
        }
    };
    let mut bytes = Vec::new();
    loop {
        while let Some(piece) = file.next_bytes() {
            bytes.extend_from_slice(&piece);
        }
        match pieces.next() {
            Some(piece) => file.push(Bytes::copy_from_slice(piece))?,
            None => break,
        }
    }
    file.finish()?;
    Ok((form, bytes))
}

fn field(name: &str, value: &str) -> String {
    format!("--x\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n")
}

fn file(bytes: &str) -> String {
    format!(
        "--x\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a.txt\"\r\nContent-Type: text/plain\r\n\r\n{bytes}\r\n"
    )
}

/// Reads it whole and byte by byte, which must come to the same.
#[track_caller]
fn check(body: &str, expected: Result<&str, ErrorCode>) {
    for size in [1, 2, 7, body.len().max(1)] {
        let found = read(body.as_bytes(), size).map(|(_, file)| String::from_utf8(file).unwrap());
        let found = found.map_err(|error| error.code);
        assert_eq!(
            found,
            expected.map(str::to_owned),
            "in pieces of {size}: {body:.300}"
        );
    }
}

const MALFORMED: Result<&str, ErrorCode> = Err(ErrorCode::MalformedPostRequest);
const FILES: Result<&str, ErrorCode> = Err(ErrorCode::IncorrectNumberOfFiles);

#[test]
fn forms_and_their_files() {
    let key = field("key", "k");
    for bytes in [
        "",
        "value",
        "\r\n",
        "\r",
        "\r\n--",
        "\r\n--y\r\n--\r\n-x",
        "--x",
        "\n--x--",
        "\r\r\n--\r\n",
    ] {
        check(&format!("{key}{}--x--\r\n", file(bytes)), Ok(bytes));
    }
    check(&format!("{key}{}--x--", file("v")), Ok("v"));
    check(&format!("{key}{}--x--\r\nepilogue", file("v")), Ok("v"));
    // What follows the file has no meaning.
    check(
        &format!(
            "{key}{}{}{}--x--",
            file("v"),
            field("key", "l"),
            field("key", "m")
        ),
        Ok("v"),
    );
    let (form, _) = read(
        format!("{key}{}{}--x--", field("ACL", "private"), file("v")).as_bytes(),
        3,
    )
    .unwrap();
    assert_eq!(
        (form.field("key"), form.field("acl")),
        (Some("k"), Some("private"))
    );
}

#[test]
fn broken_forms() {
    let key = field("key", "k");
    let whole = format!("{key}{}--x--\r\n", file("value"));
    for end in 0..whole.len() - 2 {
        check(&whole[..end], MALFORMED);
    }
    check("", MALFORMED);
    check("key=k", MALFORMED);
    check(&format!("\r\n{whole}"), MALFORMED);
    check(&whole.replacen("--x\r\n", "--y\r\n", 1), MALFORMED);
    check(&whole.replacen("--x\r\n", "--x \r\n", 1), MALFORMED);
    check(&whole.replacen("--x\r\n", "--xx\r\n", 1), MALFORMED);
    check(
        &whole.replacen("Content-Disposition: form-data; name=\"key\"", "", 1),
        MALFORMED,
    );
    check(&format!("{key}{}--xx", file("v")), MALFORMED);
    check(
        &format!("{key}{}--x--{}", file("v"), "e".repeat(MAX_FORM_BYTES)),
        MALFORMED,
    );
    check(
        &whole.replace("text/plain", "multipart/mixed; boundary=y"),
        MALFORMED,
    );
    check("--x--\r\n", FILES);
    check(&format!("{key}--x--\r\n"), FILES);
    check(&format!("{key}{}{}--x--", file("v"), file("w")), FILES);
    check(&format!("{key}{}{}--x--", file("v"), field("FILE", "w")), FILES);
    check(
        &format!(
            "{}{}--x--",
            key.replace("\"key\"", "\"key\"; filename=\"a\""),
            file("v")
        ),
        FILES,
    );
    check(
        &format!("{key}{key}{}--x--", file("v")),
        Err(ErrorCode::InvalidArgument),
    );
    check(
        &format!("{key}{}{}--x--", field("KEY", "k"), file("v")),
        Err(ErrorCode::InvalidArgument),
    );
    let no_text = [
        field("key", "?").into_bytes(),
        file("v").into_bytes(),
        b"--x--".to_vec(),
    ]
    .concat();
    let no_text: Vec<u8> = no_text
        .iter()
        .map(|byte| if *byte == b'?' { 0xff } else { *byte })
        .collect();
    assert_eq!(read(&no_text, 9).unwrap_err().code, ErrorCode::InvalidArgument);
}

#[test]
fn bounds() {
    let check = |fields: &str, fits: bool| {
        let body = format!("{fields}{}--x--", file("v"));
        let found = read(body.as_bytes(), 1000)
            .map(|(_, file)| file)
            .map_err(|error| error.code);
        let expected = if fits {
            Ok(b"v".to_vec())
        } else {
            Err(ErrorCode::MalformedPostRequest)
        };
        assert_eq!(found, expected, "{fields:.60}");
    };
    let fields = |count: usize| (0..count).map(|n| field(&n.to_string(), "v")).collect::<String>();
    check(&fields(MAX_FIELDS), true);
    check(&fields(MAX_FIELDS + 1), false);
    check(&field("a", &"v".repeat(MAX_FIELD_BYTES)), true);
    check(&field("a", &"v".repeat(MAX_FIELD_BYTES + 1)), false);
    let name = |length: usize| "n".repeat(length - "\r\nContent-Disposition: form-data; name=\"\"".len());
    check(&field(&name(MAX_PART_HEAD_BYTES), "v"), true);
    check(&field(&name(MAX_PART_HEAD_BYTES + 1), "v"), false);
    let large = field("a", &"v".repeat(MAX_FIELD_BYTES));
    check(
        &format!("{large}{}", field("b", &"v".repeat(MAX_FIELD_BYTES - 300))),
        true,
    );
    check(
        &format!("{large}{}", field("b", &"v".repeat(MAX_FIELD_BYTES - 100))),
        false,
    );
    // What never ends is not collected.
    let endless = [b"--x\r\n".to_vec(), vec![b'a'; 2 * MAX_FORM_BYTES]].concat();
    assert_eq!(
        read(&endless, 100).unwrap_err().code,
        ErrorCode::MalformedPostRequest
    );
}

#[test]
fn the_likely_length_of_a_file() {
    let check = |end: &str, expected: u64| {
        let body = format!("{}{}{end}", field("key", "k"), file("12345"));
        let (form, _) = read(body.as_bytes(), 10).unwrap();
        assert_eq!(form.likely_file_length(body.len() as u64), expected, "{end}");
    };
    check("--x--\r\n", 5);
    check("--x--", 3);
    check(
        &format!("{}--x--\r\n", field("a", "b")),
        5 + field("a", "b").len() as u64,
    );
}

fn asked(fields: &[(&str, &str)], own: &[(&'static str, &str)]) -> Result<crate::cos::Read, ErrorCode> {
    let body: String = fields.iter().map(|(name, value)| field(name, value)).collect();
    let body = format!("{body}{}--x--\r\n", file("v"));
    let own = headers(own);
    let read = || {
        let (form, _) = read(body.as_bytes(), 100)?;
        let headers = form.headers(&own)?;
        form.read(&head(&headers), BucketName::parse("b-1").unwrap())
    };
    read().map_err(|error| error.code)
}

#[test]
fn fields_are_headers() {
    let own = [
        ("content-type", "multipart/form-data; boundary=x"),
        ("content-length", "1000"),
        ("cache-control", "max-age=0"),
        ("x-cos-forbid-overwrite", "true"),
    ];
    let fields = [
        ("key", "up/${filename}"),
        ("bucket", "b-1"),
        ("acl", "public-read"),
        ("Content-Type", "image/png"),
        ("x-cos-meta-Who", "me"),
        ("x-cos-storage-class", "STANDARD_IA"),
        ("success_action_status", "201"),
        ("policy", "no header"),
    ];
    let read = asked(&fields, &own).unwrap();
    let ObjectOperation::PostObject(post) = &read.operation else {
        panic!("{read:?}")
    };
    assert_eq!(
        (post.put.key.as_str(), post.put.bucket.as_str()),
        ("up/a.txt", "b-1")
    );
    assert_eq!(post.answer, PostAnswer::Created);
    assert_eq!(post.put.headers.content_type.as_deref(), Some("image/png"));
    assert_eq!(post.put.headers.cache_control, None);
    assert_eq!(
        post.put.headers.user_metadata,
        [("who".to_owned(), "me".to_owned())]
    );
    assert!(post.put.forbid_overwrite);
    assert_eq!(post.put.body.length, None);
    let attributes = &read.attributes;
    assert_eq!(attributes.acl.as_deref(), Some("public-read"));
    assert_eq!(attributes.content_type.as_deref(), Some("image/png"));
    assert_eq!(attributes.storage_class.as_deref(), Some("STANDARD_IA"));
    assert_eq!(attributes.content_length, None);
}

#[test]
fn what_a_form_may_not_say() {
    let check = |fields: &[(&str, &str)], own: &[(&'static str, &str)], expected| {
        let fields = [&[("key", "k")], fields].concat();
        assert_eq!(asked(&fields, own).map(|_| ()), expected, "{fields:?} {own:?}");
    };
    check(&[], &[], Ok(()));
    check(&[("bucket", "other-1")], &[], Err(ErrorCode::InvalidRequest));
    check(&[("acl", "private")], &[("x-cos-acl", "private")], Ok(()));
    check(&[("acl", "")], &[("x-cos-acl", "private")], Ok(()));
    check(
        &[("acl", "private")],
        &[("x-cos-acl", "public-read")],
        Err(ErrorCode::InvalidArgument),
    );
    check(
        &[("acl", "private"), ("x-cos-acl", "public-read")],
        &[],
        Err(ErrorCode::InvalidArgument),
    );
    check(
        &[("expires", "a")],
        &[("expires", "b")],
        Err(ErrorCode::InvalidArgument),
    );
    check(
        &[("x-cos-security-token", "a")],
        &[("x-cos-security-token", "a")],
        Ok(()),
    );
    check(
        &[("x-cos-security-token", "a")],
        &[("x-cos-security-token", "b")],
        Err(ErrorCode::TokenInvalid),
    );
    check(
        &[("cache-control", "no-store")],
        &[("cache-control", "max-age=0")],
        Ok(()),
    );
    check(
        &[("x-cos-meta-a", "a\r\nx: y")],
        &[],
        Err(ErrorCode::InvalidArgument),
    );
    check(
        &[("x-cos-meta-\u{e9}", "a")],
        &[],
        Err(ErrorCode::InvalidArgument),
    );
    check(
        &[("x-cos-storage-class", "NONE")],
        &[],
        Err(ErrorCode::StorageClassNotSupported),
    );
    check(
        &[("x-cos-server-side-encryption", "AES256")],
        &[],
        Err(ErrorCode::NotImplemented),
    );
    check(
        &[("x-cos-copy-source", "b-1.localhost/a")],
        &[],
        Err(ErrorCode::InvalidArgument),
    );
    check(
        &[],
        &[("x-cos-copy-source", "b-1.localhost/a")],
        Err(ErrorCode::InvalidArgument),
    );
    check(&[("content-md5", "no")], &[], Err(ErrorCode::InvalidDigest));
    check(
        &[("success_action_status", "302")],
        &[],
        Err(ErrorCode::InvalidArgument),
    );
    assert_eq!(asked(&[], &[]).map(|_| ()), Err(ErrorCode::InvalidArgument));
    assert_eq!(
        asked(&[("key", "")], &[]).map(|_| ()),
        Err(ErrorCode::InvalidObjectName)
    );
    assert_eq!(
        asked(&[("key", &"k".repeat(851))], &[]).map(|_| ()),
        Err(ErrorCode::KeyTooLong)
    );
}

#[test]
fn which_requests_are_forms() {
    let site = Site::Bucket(BucketName::parse("b-1").unwrap());
    let check = |method, path, query, content_type, expected| {
        let headers = headers(&[("content-type", content_type)]);
        let request = RequestHead {
            method,
            path,
            query,
            headers: &headers,
        };
        assert_eq!(
            is_form_upload(&request, &site),
            expected,
            "{method} {path}?{query} {content_type}"
        );
    };
    check("POST", "/", "", "multipart/form-data; boundary=x", true);
    check("POST", "/", "", "Multipart/Form-Data", true);
    check("POST", "/", "a=b", "multipart/form-data; boundary=x", true);
    check("POST", "/k", "", "multipart/form-data; boundary=x", false);
    check("POST", "/", "delete", "multipart/form-data; boundary=x", false);
    check("PUT", "/", "", "multipart/form-data; boundary=x", false);
    check("POST", "/", "", "application/xml", false);
}

proptest! {
    /// Any bytes but the delimiter itself come out of a form as they went in, however it is cut.
    #[test]
    fn a_file_is_let_past_as_it_is(
        parts in prop::collection::vec(prop_oneof![
            Just(b"\r\n--".to_vec()), Just(b"\r\n".to_vec()), Just(b"--x".to_vec()), prop::collection::vec(any::<u8>(), 0..40),
        ], 0..20),
        size in 1_usize..50,
    ) {
        let bytes = parts.concat();
        prop_assume!(memchr::memmem::find(&[&bytes[..], b"\r\n--x"].concat(), b"\r\n--x") == Some(bytes.len()));
        let begin = format!("{}{}", field("key", "k"), file(""));
        let begin = begin.strip_suffix("\r\n").unwrap();
        let body = [begin.as_bytes(), &bytes, b"\r\n--x--\r\n"].concat();
        let (form, found) = read(&body, size).unwrap();
        prop_assert_eq!(&found, &bytes);
        prop_assert_eq!(form.likely_file_length(body.len() as u64), bytes.len() as u64);
    }

    /// Whatever comes is read or refused, and never more than was sent.
    #[test]
    fn any_bytes_are_a_form_or_none(body in prop::collection::vec(any::<u8>(), 0..300), size in 1_usize..50) {
        let body = [b"--x\r\nContent-Disposition: form-data; name=file\r\n\r\n".as_slice(), &body].concat();
        if let Ok((_, file)) = read(&body, size) {
            prop_assert!(file.len() < body.len());
        }
    }
}
