//! Which policies are read, and which forms meet them.

use http::HeaderValue;
use proptest::prelude::*;

use super::*;

const BUCKET: &str = "photos-1250000000";
const NOW: Timestamp = Timestamp::from_unix_seconds(1_700_000_000);
/// What every policy must say, and its form.
const SIGNED: &str = r#"{"q-sign-algorithm":"sha1"},{"q-ak":"AKIDx"},{"q-sign-time":"1;2"}"#;
const SIGNED_FIELDS: [(&str, &str); 3] = [
    ("q-sign-algorithm", "sha1"),
    ("q-ak", "AKIDx"),
    ("q-key-time", "1;2"),
];

fn with(conditions: &str) -> String {
    let comma = if conditions.is_empty() { "" } else { "," };
    format!(r#"{{"expiration":"2023-11-14T22:13:21.000Z","conditions":[{SIGNED}{comma}{conditions}]}}"#)
}

fn form(fields: &[(&str, &str)]) -> Form {
    let all = SIGNED_FIELDS.iter().chain(fields);
    let owned = all.map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
    Form::new(owned.collect(), Some("a.txt".to_owned()), 0).unwrap()
}

fn judge(
    policy: &str,
    form: &Form,
    headers: &[(&'static str, &'static str)],
    now: Timestamp,
) -> Result<(), ErrorCode> {
    let policy = PostPolicy::read(policy.as_bytes()).map_err(|error| error.code)?;
    let mut all = HeaderMap::new();
    for (name, value) in headers {
        all.insert(*name, HeaderValue::from_static(value));
    }
    policy.judge(form, BUCKET, &all, now).map_err(|error| error.code)
}

#[track_caller]
fn check(conditions: &str, fields: &[(&str, &str)], expected: Result<(), ErrorCode>) {
    let found = judge(&with(conditions), &form(fields), &[], NOW);
    assert_eq!(found, expected, "{conditions} {fields:?}");
}

const NOT_MET: Result<(), ErrorCode> = Err(ErrorCode::PostPolicyNotMet);
const NOT_SIGNED: Result<(), ErrorCode> = Err(ErrorCode::MeaningNotSigned);

#[test]
fn every_condition_is_held() {
    check(r#"{"key":"k"}"#, &[("key", "k")], Ok(()));
    check(r#"{"key":"k"}"#, &[("key", "K")], NOT_MET);
    check(r#"{"key":"k"}"#, &[], NOT_MET);
    check(r#"["eq","$key","k"]"#, &[("key", "k")], Ok(()));
    check(r#"["eq","$Key","k"]"#, &[("key", "kk")], NOT_MET);
    check(r#"["starts-with","$key","up/"]"#, &[("key", "up/a")], Ok(()));
    check(r#"["starts-with","$key","up/"]"#, &[("key", "up")], NOT_MET);
    check(r#"["starts-with","$key",""]"#, &[("key", "anything")], Ok(()));
    check(
        r#"["starts-with","$key","up/"]"#,
        &[("key", "up/${filename}")],
        Ok(()),
    );
    check(r#"{"key":"up/a.txt"}"#, &[("key", "up/${filename}")], Ok(()));
    check(
        r#"{"key":"up/${filename}"}"#,
        &[("key", "up/${filename}")],
        NOT_MET,
    );
    // Both of two conditions about one name.
    check(
        r#"["starts-with","$key","a"],{"key":"ab"}"#,
        &[("key", "ac")],
        NOT_MET,
    );
    check(r#"{"key":"a","key":"b"}"#, &[("key", "a")], NOT_MET);
    check(
        r#"{"key":"k"},{"bucket":"photos-1250000000"}"#,
        &[("key", "k")],
        Ok(()),
    );
    check(
        r#"{"key":"k"},{"bucket":"other-1250000000"}"#,
        &[("key", "k"), ("bucket", "other-1250000000")],
        NOT_MET,
    );
    // Also about names without a meaning.
    check(r#"{"key":"k"},{"x":"1"}"#, &[("key", "k")], NOT_MET);
    check(r#"{"key":"k"},{"x":"1"}"#, &[("key", "k"), ("x", "2")], NOT_MET);
    check(
        r#"{"key":"k"},{"x-cos-security-token":"t"}"#,
        &[("key", "k"), ("x-cos-security-token", "u")],
        NOT_MET,
    );
}

#[test]
fn whatever_has_a_meaning_has_a_condition() {
    let beside = |name, value| [("key", "k"), (name, value)];
    check("", &[("key", "k")], NOT_SIGNED);
    for name in [
        "acl",
        "cache-control",
        "content-disposition",
        "content-encoding",
        "content-language",
        "content-type",
        "expires",
        "pic-operations",
        "success_action_redirect",
        "x-cos-acl",
        "x-cos-grant-read",
        "x-cos-meta-a",
        "x-cos-server-side-encryption",
        "x-cos-storage-class",
        "x-cos-tagging",
        "x-cos-whatever-comes",
    ] {
        check(r#"{"key":"k"}"#, &beside(name, "v"), NOT_SIGNED);
        check(r#"{"key":"k"}"#, &beside(name, ""), Ok(()));
        check(
            &format!(r#"{{"key":"k"}},{{"{name}":"v"}}"#),
            &beside(name, "v"),
            Ok(()),
        );
        check(
            &format!(r#"{{"key":"k"}},{{"{name}":"v"}}"#),
            &beside(name, "w"),
            NOT_MET,
        );
    }
    for name in [
        "success_action_status",
        "content-md5",
        "x-cos-security-token",
        "x-cos-forbid-overwrite",
        "submit",
    ] {
        check(r#"{"key":"k"}"#, &beside(name, "v"), Ok(()));
    }
}

#[test]
fn headers_beside_the_form_are_no_way_around_it() {
    let key = r#"{"key":"k"}"#;
    let check = |conditions: &str, fields: &[(&str, &str)], header, expected| {
        let fields = [&[("key", "k")], fields].concat();
        let found = judge(&with(conditions), &form(&fields), &[header], NOW);
        assert_eq!(found, expected, "{conditions} {header:?}");
    };
    check(key, &[], ("x-cos-acl", "public-read"), NOT_SIGNED);
    check(key, &[], ("x-cos-meta-a", "v"), NOT_SIGNED);
    check(key, &[], ("expires", "never"), NOT_SIGNED);
    check(key, &[], ("x-cos-acl", ""), Ok(()));
    check(key, &[], ("x-cos-forbid-overwrite", "true"), Ok(()));
    check(key, &[], ("accept", "*/*"), Ok(()));
    let acl = r#"{"key":"k"},{"acl":"private"}"#;
    check(acl, &[("acl", "private")], ("x-cos-acl", "private"), Ok(()));
    check(acl, &[], ("x-cos-acl", "private"), NOT_MET);
}

#[test]
fn a_policy_ends() {
    let policy = with(r#"{"key":"k"}"#);
    let form = form(&[("key", "k")]);
    assert_eq!(judge(&policy, &form, &[], NOW), Ok(()));
    let end = NOW.plus_seconds(1);
    assert_eq!(judge(&policy, &form, &[], end), NOT_MET);
    let read = PostPolicy::read(policy.as_bytes()).unwrap();
    let error = read.judge(&form, BUCKET, &HeaderMap::new(), end).unwrap_err();
    let text =
        "You post object request has been expired, expiration time: 1700000001 but the time now : 1700000001";
    assert_eq!(error.message.as_deref(), Some(text));
}

#[test]
fn lengths_are_those_that_all_ranges_allow() {
    let check = |conditions: &str, expected| {
        let policy = PostPolicy::read(with(conditions).as_bytes());
        assert_eq!(
            policy.map(|policy| policy.length()).ok(),
            expected,
            "{conditions}"
        );
    };
    check("", Some((0, u64::MAX)));
    check(r#"["content-length-range",1,10]"#, Some((1, 10)));
    check(r#"["content-length-range",0,0]"#, Some((0, 0)));
    check(
        r#"["content-length-range",1,10],["content-length-range",5,20]"#,
        Some((5, 10)),
    );
    check(r#"["content-length-range",2,1]"#, None);
    check(r#"["content-length-range",-1,1]"#, None);
    check(r#"["content-length-range",0,1.5]"#, None);
    check(r#"["content-length-range",0,"1"]"#, None);
    check(r#"["content-length-range",0]"#, None);
    check(r#"["length-range",0,1]"#, None);
}

#[test]
fn what_is_no_policy() {
    let check = |text: &str| {
        let found = PostPolicy::read(text.as_bytes()).map_err(|error| error.code);
        assert_eq!(found, Err(ErrorCode::InvalidPolicyDocument), "{text}");
    };
    let date = r#""expiration":"2023-11-14T22:13:21.000Z""#;
    check("");
    check("{}");
    check("[]");
    check("\u{feff}{}");
    check(&format!("{{{date}}}"));
    check(&format!(r#"{{{date},"conditions":[]}}"#));
    check(&format!(r#"{{{date},{date},"conditions":[{SIGNED}]}}"#));
    check(&format!(
        r#"{{{date},"conditions":[{SIGNED}],"conditions":[{SIGNED}]}}"#
    ));
    check(&format!(r#"{{{date},"conditions":[{SIGNED}],"more":1}}"#));
    check(&format!(r#"{{"expiration":"tomorrow","conditions":[{SIGNED}]}}"#));
    check(&format!(r#"{{"expiration":1700000001,"conditions":[{SIGNED}]}}"#));
    for left_out in ["q-sign-algorithm", "q-ak", "q-sign-time"] {
        check(&with("").replace(left_out, "other"));
    }
    for condition in [
        "{}",
        "[]",
        "1",
        "\"key\"",
        r#"{"key":1}"#,
        r#"{"key":["k"]}"#,
        r#"["eq","key","k"]"#,
        r#"["eq","$key"]"#,
        r#"["eq","$key","k","l"]"#,
        r#"["EQ","$key","k"]"#,
        r#"["contains","$key","k"]"#,
        r#"["starts-with","$bucket",""]"#,
        r#"["starts-with","$q-ak",""]"#,
        r#"["starts-with","$success_action_status",""]"#,
        r#"["starts-with","$x-cos-storage-class",""]"#,
        r#"["starts-with","$x-cos-security-token",""]"#,
    ] {
        check(&with(condition));
    }
    check(&with(&vec![r#"{"a":"b"}"#; MAX_CONDITIONS - 2].join(",")));
    assert!(PostPolicy::read(with(&vec![r#"{"a":"b"}"#; MAX_CONDITIONS - 3].join(",")).as_bytes()).is_ok());
    assert!(PostPolicy::read(with(r#"["starts-with","$x-cos-meta-a",""]"#).as_bytes()).is_ok());
}

#[test]
fn a_refusal_says_which_condition() {
    let policy = PostPolicy::read(with(r#"{"key":"k"}"#).as_bytes()).unwrap();
    let error = policy
        .judge(&form(&[("key", "l")]), BUCKET, &HeaderMap::new(), NOW)
        .unwrap_err();
    assert_eq!(
        error.message.as_deref(),
        Some("Condition key key doesn't match the value k")
    );
}

proptest! {
    /// A form meets the policy that names all its fields, and no longer when one is left out, changed or added.
    #[test]
    fn a_form_that_differs_from_what_was_signed_is_refused(
        values in prop::collection::btree_map("x-cos-meta-[a-z]{1,8}", "[ -~]{1,12}", 1..6),
        pick in any::<prop::sample::Index>(),
        other in "[ -~]{1,12}",
    ) {
        let conditions: Vec<_> = values
            .iter()
            .map(|(name, value)| serde_json::json!({ name.as_str(): value }).to_string())
            .collect();
        let policy = with(&format!(r#"{{"key":"k"}},{}"#, conditions.join(",")));
        let judged = |fields: &[(&str, &str)]| judge(&policy, &form(&[&[("key", "k")], fields].concat()), &[], NOW);
        let fields: Vec<_> = values.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        prop_assert_eq!(judged(&fields), Ok(()));
        let index = pick.index(fields.len());
        let mut without = fields.clone();
        without.remove(index);
        prop_assert_eq!(judged(&without), NOT_MET);
        let mut changed = fields.clone();
        changed[index].1 = &other;
        prop_assert_eq!(judged(&changed).is_ok(), other == fields[index].1);
        let added = [&fields[..], &[("x-cos-meta-more9", "v")]].concat();
        prop_assert_eq!(judged(&added), NOT_SIGNED);
    }
}
