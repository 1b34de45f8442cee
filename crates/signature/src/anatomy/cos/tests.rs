use super::*;
use crate::cos::{claim, sign_key as derive};

const TIME: (i64, i64) = (1_700_000_000, 1_700_000_900);

/// Signs as a client does that puts these together, and looks what is found in the request as it is received.
struct Case<'c> {
    method: &'c str,
    path: &'c str,
    query: &'c str,
    headers: &'c [(&'c str, &'c str)],
    header_list: &'c str,
    parameter_list: &'c str,
}

const RECEIVED: Case<'_> = Case {
    method: "GET",
    path: "/a%20b/%E4%B8%AD+",
    query: "prefix=x%2Fy%20(1)&acl",
    headers: &[
        ("Host", "b-1.cos.ap-guangzhou.h:9000"),
        ("Content-Type", "text/plain"),
        ("x-cos-meta-b", "a b"),
    ],
    header_list: "content-type;host;x-cos-meta-b",
    parameter_list: "acl;prefix",
};

fn window() -> Window {
    Window::new(TIME.0, TIME.1).unwrap()
}

fn secret() -> SecretKey {
    SecretKey::new("secret".to_owned())
}

/// A client's text and signature, made with what `text` is given and gives.
fn diagnosis(header_list: &str, signed_text: &[u8], sign: impl Fn(&str) -> String) -> Diagnosis {
    let signature = sign(&string_to_sign(window(), signed_text));
    let time = window().to_string();
    let authorization = format!(
        "q-sign-algorithm=sha1&q-ak=AKIDx&q-sign-time={time}&q-key-time={time}&q-header-list={header_list}\
        &q-url-param-list={}&q-signature={signature}",
        RECEIVED.parameter_list,
    );
    let mut headers: Vec<(&str, &[u8])> = RECEIVED
        .headers
        .iter()
        .map(|(name, value)| (*name, value.as_bytes()))
        .collect();
    headers.push(("Authorization", authorization.as_bytes()));
    let view = RequestView::new(RECEIVED.method, RECEIVED.path, RECEIVED.query, &headers).unwrap();
    let claim = claim(&view).unwrap().unwrap();
    diagnose_cos(&view, &claim, &secret(), &[])
}

fn usual(text: &str) -> String {
    signature(&derive(&secret(), window()), text)
}

fn causes(diagnosis: &Diagnosis) -> Option<Vec<&str>> {
    let causes = diagnosis.causes.as_ref()?;
    Some(causes.iter().map(|cause| cause.cause.as_str()).collect())
}

const GOOD: &str = "get\n/a b/中+\nacl=&prefix=x%2Fy%20%281%29\n\
    content-type=text%2Fplain&host=b-1.cos.ap-guangzhou.h%3A9000&x-cos-meta-b=a%20b\n";

/// The client signed `GOOD` with this replaced.
fn check(from: &str, to: &str, expected: &[&str]) {
    let text = GOOD.replacen(from, to, 1);
    assert!(from == to || text != GOOD, "{from}");
    let found = diagnosis(RECEIVED.header_list, text.as_bytes(), usual);
    assert_eq!(causes(&found).as_deref(), Some(expected), "{from} {to}");
    assert_eq!(String::from_utf8_lossy(&found.expected), GOOD);
    assert_eq!(
        found.signed.as_deref().map(String::from_utf8_lossy).as_deref(),
        Some(text.as_str())
    );
}

#[test]
fn each_mistake_in_the_text_is_found() {
    check("", "", &[]);
    check("get", "GET", &["the method was signed in upper case"]);
    check("get", "put", &["the method was signed as `put`"]);
    check(
        "%3A9000",
        "",
        &["the host was signed as `b-1.cos.ap-guangzhou.h`"],
    );
    check(
        "%3A9000",
        "%3A80",
        &["the host was signed as `b-1.cos.ap-guangzhou.h:80`"],
    );
    check(
        "/a b/中+",
        "/a%20b/%E4%B8%AD+",
        &["the path was signed as it is on the wire, encoded"],
    );
    check(
        "/a b/中+",
        "/a%20b/%E4%B8%AD%2B",
        &["the path was signed encoded"],
    );
    check("/a b/中+", "/a+b/中+", &["a blank of the path was signed as `+`"]);
    check(
        "/a b/中+",
        "a b/中+",
        &["the path was signed without the `/` before it"],
    );
    check(
        "/a b/中+",
        "/b-1/a b/中+",
        &["the path was signed with the bucket before the key"],
    );
    check(
        "%20%281%29",
        "%20(1)",
        &["one of `! ' ( ) *` was not encoded in the values"],
    );
    check(
        "text%2Fplain",
        "",
        &["the header `content-type` was signed as empty, or was not there when it was signed"],
    );
    check(
        "text%2Fplain",
        "text%2Fplain%3B%20charset%3Dutf-8",
        &["the header `content-type` was signed as `text/plain; charset=utf-8`"],
    );
    check(
        "acl=&prefix=x%2Fy%20%281%29",
        "",
        &["no parameter was signed, and yet some are listed"],
    );
}

#[test]
fn two_mistakes_at_once_are_found() {
    let text = GOOD.replace("get", "GET").replace("%3A9000", "");
    let found = diagnosis(RECEIVED.header_list, text.as_bytes(), usual);
    let expected = [
        "the host was signed as `b-1.cos.ap-guangzhou.h`",
        "the method was signed in upper case",
    ];
    assert_eq!(causes(&found).as_deref(), Some(&expected[..]));
    assert!(!found.is_accepted);
}

#[test]
fn values_and_line_breaks() {
    let check = |change: &dyn Fn(&str) -> String, expected: &str| {
        let found = diagnosis(RECEIVED.header_list, change(GOOD).as_bytes(), usual);
        assert_eq!(causes(&found).as_deref(), Some(&[expected][..]));
    };
    check(
        &|text| {
            let (head, tail) = text.split_at(GOOD.find("acl").unwrap());
            let tail = [
                ("%2F", "/"),
                ("%20", " "),
                ("%28", "("),
                ("%29", ")"),
                ("%3A", ":"),
            ]
            .iter()
            .fold(tail.to_owned(), |tail, (from, to)| tail.replace(from, to));
            format!("{head}{tail}")
        },
        "the values were signed as they are, not encoded",
    );
    check(
        &|text| text.replace("%2F", "%2f").replace("%3A", "%3a"),
        "the values were signed encoded in lower case",
    );
    check(
        &|text| text.replace("%20", "+"),
        "a blank was signed as `+` instead of `%20`",
    );
    check(
        &|text| text.replace("%2F", "/"),
        "`/` was not encoded in the values",
    );
    check(
        &|text| text.trim_end().to_owned(),
        "HttpString was signed without the line break after its last line",
    );
}

#[test]
fn keys_that_are_made_wrong_are_found() {
    let check = |sign: &dyn Fn(&str) -> String, expected: Option<&str>| {
        let found = diagnosis(RECEIVED.header_list, GOOD.as_bytes(), sign);
        let expected: Option<Vec<&str>> = expected.map(|cause| vec![cause]);
        assert_eq!(causes(&found), expected);
    };
    let with =
        |secret: &str, text: &str| signature(&derive(&SecretKey::new(secret.to_owned()), window()), text);
    check(
        &|text| with("secret\n", text),
        Some("the secret was used with a line break after it"),
    );
    check(
        &|text| {
            mac::hex(&mac::hmac_sha1(
                &mac::hmac_sha1(b"secret", window().to_string().as_bytes()),
                text.as_bytes(),
            ))
        },
        Some("the bytes of SignKey were used, not its hex text"),
    );
    check(
        &|text| usual(text).to_uppercase(),
        Some("the signature was sent in upper case"),
    );
    check(
        &|text| usual(text.trim_end()),
        Some("StringToSign was signed without the line break after its last line"),
    );
    check(&|text| with("other", text), None);
}

#[test]
fn a_list_in_another_order_is_found() {
    let found = diagnosis("host;content-type;x-cos-meta-b", GOOD.as_bytes(), usual);
    let expected = "the headers were signed sorted, and listed in another order";
    assert_eq!(causes(&found).as_deref(), Some(&[expected][..]));
}

#[test]
fn what_a_server_takes_is_said_to_be_taken() {
    assert!(diagnosis(RECEIVED.header_list, GOOD.as_bytes(), usual).is_accepted);
    let without_port = GOOD.replace("%3A9000", "");
    assert!(diagnosis(RECEIVED.header_list, without_port.as_bytes(), usual).is_accepted);
}
