//! Tests of reading COS claims: where they stand, what is refused, what is anonymous.

use super::*;
use crate::{MAX_KEY_ID_BYTES, MAX_TOKEN_BYTES, encode};

const GOOD: &str = "q-sign-algorithm=sha1&q-ak=AKID&q-sign-time=10;20&q-key-time=5;30&q-header-list=host&\
                    q-url-param-list=acl;x%2fy&q-signature=00ff";

fn expected(location: Location, token: Option<&str>) -> Claim {
    Claim {
        key_id: "AKID".to_owned(),
        sign_time: Window::new(10, 20).unwrap(),
        key_time: Window::new(5, 30).unwrap(),
        header_list: NameList::of(["host"]),
        parameter_list: NameList::of(["acl", "x/y"]),
        signature: "00ff".to_owned(),
        location,
        token: token.map(|text| SentToken::new(text.to_owned())),
    }
}

fn read(query: &str, headers: &[(&str, &str)]) -> Result<Option<Claim>, ClaimError> {
    let headers: Vec<(&str, &[u8])> = headers
        .iter()
        .map(|(name, value)| (*name, value.as_bytes()))
        .collect();
    claim(&RequestView::new("GET", "/", query, &headers).unwrap())
}

fn read_text(text: &str) -> Result<Option<Claim>, ClaimError> {
    read("", &[("Authorization", text)])
}

/// The same fields as separate parameters, each value encoded.
fn as_query(text: &str) -> String {
    let encoded = |pair: &str| {
        let (name, value) = pair.split_once('=').unwrap();
        format!("{name}={}", encode(value))
    };
    text.split('&').map(encoded).collect::<Vec<_>>().join("&")
}

#[test]
fn reads_the_header() {
    assert_eq!(read_text(GOOD), Ok(Some(expected(Location::Header, None))));
    assert_eq!(read_text(&format!("  {GOOD} ")), read_text(GOOD));
}

#[test]
fn reads_names_in_any_order_and_skips_unknown_ones() {
    let mut pairs: Vec<&str> = GOOD.split('&').collect();
    pairs.reverse();
    assert_eq!(read_text(&pairs.join("&")), read_text(GOOD));
    assert_eq!(read_text(&format!("x=1&{GOOD}&y")), read_text(GOOD));
}

#[test]
fn reads_separate_parameters() {
    let claimed = Ok(Some(expected(Location::Query, None)));
    assert_eq!(read(&as_query(GOOD), &[]), claimed);
    assert_eq!(read(&format!("acl&{}&x%2Fy=1", as_query(GOOD)), &[]), claimed);
    // The Node SDK leaves the semicolons raw and escapes in lower case.
    let node = "q-sign-algorithm=sha1&q-ak=AKID&q-sign-time=10;20&q-key-time=5;30&q-header-list=host&\
                q-url-param-list=acl%3bx%252fy&q-signature=00ff";
    assert_eq!(read(node, &[]), claimed);
}

#[test]
fn reads_one_sign_parameter() {
    assert_eq!(
        read(&format!("a=1&sign={}", encode(GOOD)), &[]),
        Ok(Some(expected(Location::SignParameter, None)))
    );
}

#[test]
fn a_sign_parameter_about_something_else_is_no_claim() {
    assert_eq!(read("sign=1700000000-5-0-d41d8cd98f00b204", &[]), Ok(None));
    assert_eq!(read("sign=", &[]), Ok(None));
}

#[test]
fn reads_a_form_field() {
    assert_eq!(claim_in_form(GOOD, None), Ok(expected(Location::Form, None)));
    let token = Some(SentToken::new("tok".to_owned()));
    assert_eq!(
        claim_in_form(GOOD, token),
        Ok(expected(Location::Form, Some("tok")))
    );
    assert_eq!(
        claim_in_form("", None),
        Err(ClaimError::Missing("q-sign-algorithm"))
    );
}

#[test]
fn anonymous_requests() {
    assert_eq!(read("", &[]), Ok(None));
    assert_eq!(read_text(""), Ok(None));
    assert_eq!(read_text("  "), Ok(None));
    assert_eq!(
        read("acl&prefix=q-ak", &[("x-cos-security-token", "tok")]),
        Ok(None)
    );
    assert_eq!(read("Q-AK=x", &[]), Ok(None));
}

#[test]
fn the_header_wins_unless_empty() {
    let other = as_query(&GOOD.replace("AKID", "OTHER"));
    assert_eq!(
        read(&other, &[("authorization", GOOD)]),
        Ok(Some(expected(Location::Header, None)))
    );
    assert_eq!(
        read(&as_query(GOOD), &[("authorization", "")]),
        Ok(Some(expected(Location::Query, None)))
    );
}

#[test]
fn both_lists_may_be_empty() {
    let text = GOOD.replace("=host", "=").replace("=acl;x%2fy", "=");
    let claim = read_text(&text).unwrap().unwrap();
    assert_eq!(
        (claim.header_list.as_str(), claim.parameter_list.as_str()),
        ("", "")
    );
}

#[test]
fn refuses_malformed_texts() {
    let check = |from: &str, to: &str, expected: ClaimError| {
        let text = GOOD.replacen(from, to, 1);
        assert_ne!(text, GOOD);
        assert_eq!(read_text(&text), Err(expected.clone()), "{text}");
        assert_eq!(claim_in_form(&text, None), Err(expected), "{text}");
    };
    let repeated = |name: &str| ClaimError::Repeated(name.to_owned());
    check("sha1", "sha256", ClaimError::UnknownAlgorithm);
    check("sha1", "", ClaimError::UnknownAlgorithm);
    check("sha1", "SHA1", ClaimError::UnknownAlgorithm);
    check(
        GOOD,
        "AWS4-HMAC-SHA256 Credential=x",
        ClaimError::Missing("q-sign-algorithm"),
    );
    check(GOOD, "Bearer x", ClaimError::Missing("q-sign-algorithm"));
    check(
        "q-sign-algorithm=sha1&",
        "",
        ClaimError::Missing("q-sign-algorithm"),
    );
    check("q-ak=AKID&", "", ClaimError::Missing("q-ak"));
    check("q-ak=AKID", "q-ak=", ClaimError::Missing("q-ak"));
    check("q-ak=AKID", "q-ak=AK ID", ClaimError::Malformed("q-ak"));
    check("q-ak=AKID", "q-ak=ÄKID", ClaimError::Malformed("q-ak"));
    check("q-ak=AKID", "q-ak=AKID&q-ak=AKID", repeated("q-ak"));
    check("q-sign-time=10;20&", "", ClaimError::Missing("q-sign-time"));
    check("q-key-time=5;30&", "", ClaimError::Missing("q-key-time"));
    check("q-header-list=host&", "", ClaimError::Missing("q-header-list"));
    check(
        "q-url-param-list=acl;x%2fy&",
        "",
        ClaimError::Missing("q-url-param-list"),
    );
    check("&q-signature=00ff", "", ClaimError::Missing("q-signature"));
    check(
        "q-signature=00ff",
        "q-signature=",
        ClaimError::Missing("q-signature"),
    );
    check(
        "q-signature=00ff",
        "q-signature=00ff&q-signature=00fe",
        repeated("q-signature"),
    );
    check(
        "q-header-list=host",
        "q-header-list=host;",
        ClaimError::Malformed("q-header-list"),
    );
    check("acl;x%2fy", "acl;x/y", ClaimError::Malformed("q-url-param-list"));
    for time in [
        "",
        "10",
        "10;",
        ";20",
        "20;10",
        "10,20",
        "010;20",
        "-1;20",
        "10;20;30",
        "10;99999999999999999999",
    ] {
        check(
            "q-sign-time=10;20",
            &format!("q-sign-time={time}"),
            ClaimError::Malformed("q-sign-time"),
        );
        check(
            "q-key-time=5;30",
            &format!("q-key-time={time}"),
            ClaimError::Malformed("q-key-time"),
        );
    }
}

#[test]
fn refuses_ambiguous_places() {
    let repeated = |name: &str| Err(ClaimError::Repeated(name.to_owned()));
    let query = as_query(GOOD);
    assert_eq!(read(&format!("{query}&q-ak=AKID"), &[]), repeated("q-ak"));
    assert_eq!(
        read(&format!("{query}&sign={}", encode(GOOD)), &[]),
        repeated("sign")
    );
    assert_eq!(
        read(&format!("sign={0}&sign={0}", encode(GOOD)), &[]),
        repeated("sign")
    );
    let other = GOOD.replace("AKID", "OTHER");
    assert_eq!(
        read("", &[("authorization", GOOD), ("Authorization", &other)]),
        repeated("Authorization")
    );
    assert_eq!(
        read("", &[("authorization", GOOD), ("Authorization", "")]),
        repeated("Authorization")
    );
    assert!(read("", &[("authorization", GOOD), ("Authorization", GOOD)]).is_ok());
}

#[test]
fn a_part_of_a_claim_is_a_broken_claim() {
    assert_eq!(
        read("q-signature=00ff", &[]),
        Err(ClaimError::Missing("q-sign-algorithm"))
    );
    assert_eq!(
        read("q-ak=AKID", &[]),
        Err(ClaimError::Missing("q-sign-algorithm"))
    );
    assert_eq!(
        read("q-sign-algorithm=%FF", &[]),
        Err(ClaimError::Malformed("q-sign-algorithm"))
    );
}

#[test]
fn finds_the_token_wherever_it_stands() {
    let token_of = |query: &str, headers: &[(&str, &str)]| {
        let headers = [&[("authorization", GOOD)], headers].concat();
        read(query, &headers).map(|claim| claim.unwrap().token)
    };
    let check = |query: &str, headers: &[(&str, &str)], expected: Option<&str>| {
        assert_eq!(
            token_of(query, headers),
            Ok(expected.map(|text| SentToken::new(text.to_owned()))),
            "{query} {headers:?}"
        );
    };
    check("", &[], None);
    check("", &[("X-Cos-Security-Token", "tok")], Some("tok"));
    check("", &[("x-ci-security-token", "tok")], Some("tok"));
    check("x-cos-security-token=tok%2F", &[], Some("tok/"));
    check("X-COS-Security-Token=tok", &[], Some("tok"));
    check(
        "x-cos-security-token=tok",
        &[("x-cos-security-token", "tok")],
        Some("tok"),
    );
    check(
        "x-cos-security-token=tok&x-cos-security-token=tok",
        &[],
        Some("tok"),
    );
    check(
        "x-cos-security-token=",
        &[("x-cos-security-token", "tok")],
        Some("tok"),
    );
    check("x-cos-security-token=", &[("x-cos-security-token", "")], None);
    for (query, headers) in [
        ("x-cos-security-token=a", vec![("x-cos-security-token", "b")]),
        ("x-cos-security-token=a&x-cos-security-token=b", vec![]),
        ("x-cos-security-token=a", vec![("x-ci-security-token", "b")]),
        (
            "",
            vec![("x-cos-security-token", "a"), ("x-cos-security-token", "b")],
        ),
        (
            "",
            vec![("x-cos-security-token", "a"), ("x-ci-security-token", "b")],
        ),
    ] {
        assert_eq!(
            token_of(query, &headers),
            Err(ClaimError::TokenMismatch),
            "{query} {headers:?}"
        );
    }
    assert_eq!(
        token_of("x-cos-security-token=%FF", &[]),
        Err(ClaimError::Malformed("x-cos-security-token"))
    );
}

#[test]
fn bounds() {
    let too_long = |field, limit| Err(ClaimError::TooLong { field, limit });
    let padded = |length: usize| format!("{GOOD}{}", "0".repeat(length - GOOD.len()));
    assert!(read_text(&padded(MAX_AUTHORIZATION_BYTES)).is_ok());
    let refused = too_long("Authorization", MAX_AUTHORIZATION_BYTES);
    assert_eq!(read_text(&padded(MAX_AUTHORIZATION_BYTES + 1)), refused);
    assert!(claim_in_form(&padded(MAX_AUTHORIZATION_BYTES), None).is_ok());
    assert!(claim_in_form(&padded(MAX_AUTHORIZATION_BYTES + 1), None).is_err());
    assert!(read(&format!("sign={}", encode(padded(MAX_AUTHORIZATION_BYTES))), &[]).is_ok());
    let refused = too_long("sign", MAX_AUTHORIZATION_BYTES);
    assert_eq!(
        read(
            &format!("sign={}", encode(padded(MAX_AUTHORIZATION_BYTES + 1))),
            &[]
        ),
        refused
    );

    let query = |length: usize| as_query(&GOOD.replace("00ff", &"0".repeat(length)));
    assert!(read(&query(MAX_AUTHORIZATION_BYTES), &[]).is_ok());
    let refused = too_long("q-signature", MAX_AUTHORIZATION_BYTES);
    assert_eq!(read(&query(MAX_AUTHORIZATION_BYTES + 1), &[]), refused);

    let with_key = |length: usize| read_text(&GOOD.replace("AKID", &"k".repeat(length)));
    assert!(with_key(MAX_KEY_ID_BYTES).is_ok());
    assert_eq!(with_key(MAX_KEY_ID_BYTES + 1), too_long("q-ak", MAX_KEY_ID_BYTES));

    let with_token = |length: usize| {
        read(
            "",
            &[
                ("authorization", GOOD),
                ("x-cos-security-token", &"t".repeat(length)),
            ],
        )
    };
    assert!(with_token(MAX_TOKEN_BYTES).is_ok());
    assert_eq!(
        with_token(MAX_TOKEN_BYTES + 1),
        too_long("x-cos-security-token", MAX_TOKEN_BYTES)
    );
}

#[test]
fn both_windows_must_hold() {
    let judge = |sign_time: (i64, i64), key_time: (i64, i64), now: i64| {
        let window = |(start, end)| Window::new(start, end).unwrap();
        let (sign_time, key_time) = (window(sign_time), window(key_time));
        Claim {
            sign_time,
            key_time,
            ..expected(Location::Header, None)
        }
        .window(now)
    };
    let (inner, outer) = ((10_000, 20_000), (5_000, 30_000));
    for (sign_time, key_time) in [(inner, outer), (outer, inner)] {
        assert_eq!(judge(sign_time, key_time, 15_000), WindowVerdict::Valid);
        assert_eq!(judge(sign_time, key_time, 20_000), WindowVerdict::Valid);
        assert_eq!(judge(sign_time, key_time, 20_001), WindowVerdict::Expired);
        assert_eq!(judge(sign_time, key_time, 9_100), WindowVerdict::Valid);
        assert_eq!(judge(sign_time, key_time, 9_099), WindowVerdict::NotYetValid);
    }
    assert_eq!(judge((0, 1), (90_000, 90_001), 100), WindowVerdict::Expired);
    assert_eq!(judge((90_000, 90_001), (0, 1), 100), WindowVerdict::Expired);
}

#[test]
fn debug_hides_token_and_signature() {
    let text = format!("{:?}", expected(Location::Header, Some("topsecret")));
    assert!(!text.contains("topsecret") && !text.contains("00ff"), "{text}");
}
