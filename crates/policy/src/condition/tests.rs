//! Every operator with every modifier against the documented tables.

use super::*;
use crate::document::DocumentKind;
use crate::json;

const OWNER: OwnerAccount = OwnerAccount {
    app_id: 1250000000,
    owner_uin: 100000000001,
};

fn read(condition: &str) -> Result<Vec<Condition>, PolicyError> {
    parse(json::read(condition, DocumentKind::Identity.limit())?, &OWNER)
}

fn holds_for(condition: &str, context: &Context<'_>, caller: Option<u64>, effect: Effect) -> bool {
    let conditions = read(condition).unwrap_or_else(|error| panic!("{condition}: {error}"));
    conditions
        .iter()
        .all(|condition| condition.holds(context, caller, effect))
}

/// Checks a condition whose answer does not hang on the effect.
fn check(condition: &str, context: &Context<'_>, expected: bool) {
    for effect in [Effect::Allow, Effect::Deny] {
        assert_eq!(
            holds_for(condition, context, None, effect),
            expected,
            "{condition} {context:?} {effect:?}"
        );
    }
}

/// Checks that a condition cannot be decided: false for an allow, true for a deny.
fn check_undecided(condition: &str, context: &Context<'_>) {
    assert!(
        !holds_for(condition, context, None, Effect::Allow),
        "{condition} {context:?}"
    );
    assert!(
        holds_for(condition, context, None, Effect::Deny),
        "{condition} {context:?}"
    );
}

fn check_error(condition: &str, expected: PolicyErrorKind) {
    assert_eq!(
        read(condition).map(|_| ()).map_err(|error| error.kind),
        Err(expected),
        "{condition}"
    );
}

fn context<'a>(key: &str, value: &'a str) -> Context<'a> {
    let mut context = Context::default();
    match key {
        "qcs:current_time" => context.current_time = value.parse().ok(),
        "qcs:ip" => context.ip = value.parse().ok(),
        "cos:secure-transport" => context.secure_transport = value.parse().ok(),
        "cos:tls-version" => context.tls_version = Some(value),
        "cos:host" => context.host = Some(value),
        "cos:x-cos-storage-class" => context.storage_class = Some(value),
        "cos:versionid" => context.version_id = Some(QueryText::plain(value)),
        "cos:prefix" => context.prefix = Some(QueryText::plain(value)),
        "cos:x-cos-acl" => context.acl = Some(value),
        "cos:x-cos-forbid-overwrite" => context.forbid_overwrite = Some(value),
        "cos:content-length" => context.content_length = Some(value),
        "cos:content-type" => context.content_type = Some(value),
        "cos:response-content-type" => context.response_content_type = Some(QueryText::plain(value)),
        "qcs:create_uin" => context.create_uin = Some(value),
        "sts:external_id" => context.external_id = Some(value),
        "saml:aud" => context.saml_audience = Some(value),
        "saml:iss" => context.saml_issuer = Some(value),
        "saml:sub" => context.saml_subject = Some(value),
        "oidc:aud" => context.oidc_audience = Some(value),
        "oidc:iss" => context.oidc_issuer = Some(value),
        "oidc:sub" => context.oidc_subject = Some(value),
        "saml:sub_type" => context.saml_subject_type = Some(value),
        _ => panic!("{key}"),
    }
    context
}

const QUANTIFIERS: [&str; 3] = ["", "for_any_value:", "for_all_value:"];

/// An operator of equality: its key, two values, and requests that equal the first, the second, neither.
struct Equality {
    operator: &'static str,
    key: &'static str,
    values: [&'static str; 2],
    first: &'static str,
    second: &'static str,
    neither: &'static str,
}

const fn equality(
    operator: &'static str,
    key: &'static str,
    values: [&'static str; 2],
    [first, second, neither]: [&'static str; 3],
) -> Equality {
    Equality {
        operator,
        key,
        values,
        first,
        second,
        neither,
    }
}

const TYPE: &str = "cos:content-type";
const LENGTH: &str = "cos:content-length";
const TIME: &str = "qcs:current_time";

const EQUALITIES: [Equality; 15] = [
    equality("string_equal", TYPE, ["\"a\"", "\"b\""], ["a", "b", "A"]),
    equality("string_not_equal", TYPE, ["\"a\"", "\"b\""], ["a", "b", "A"]),
    equality(
        "string_equal_ignore_case",
        TYPE,
        ["\"a\"", "\"b\""],
        ["A", "b", "c"],
    ),
    equality(
        "string_not_equal_ignore_case",
        TYPE,
        ["\"a\"", "\"b\""],
        ["a", "B", "c"],
    ),
    equality(
        "string_like",
        TYPE,
        ["\"image/*\"", "\"*/mp4\""],
        ["image/png", "video/mp4", "Image/png"],
    ),
    equality(
        "string_not_like",
        TYPE,
        ["\"image/*\"", "\"*/mp4\""],
        ["image/png", "video/mp4", "text/plain"],
    ),
    equality("binary_equal", TYPE, ["\"a\"", "\"b\""], ["a", "b", "*"]),
    equality("numeric_equal", LENGTH, ["5", "\"6.50\""], ["5.0", "6.5", "7"]),
    equality("numeric_not_equal", LENGTH, ["5", "\"6.50\""], ["5", "6.5", "7"]),
    equality(
        "date_equal",
        TIME,
        ["\"2023-11-14T22:13:20Z\"", "\"2023-11-14 22:13:21\""],
        ["1700000000", "1700000001", "1700000002"],
    ),
    equality(
        "date_not_equal",
        TIME,
        ["\"2023-11-14T22:13:20Z\"", "\"2023-11-14 22:13:21\""],
        ["1700000000", "1700000001", "1700000002"],
    ),
    equality(
        "ip_equal",
        "qcs:ip",
        ["\"10.0.0.0/8\"", "\"::1\""],
        ["10.1.2.3", "::1", "11.1.2.3"],
    ),
    equality(
        "ip_not_equal",
        "qcs:ip",
        ["\"10.0.0.0/8\"", "\"::1\""],
        ["10.1.2.3", "::1", "::2"],
    ),
    equality(
        "string_equal",
        "cos:secure-transport",
        ["\"true\"", "\"x\""],
        ["true", "true", "false"],
    ),
    equality(
        "numeric_equal",
        "cos:tls-version",
        ["1.2", "\"1.3\""],
        ["1.2", "1.3", "1.1"],
    ),
];

#[test]
fn equality_operators_with_every_modifier() {
    for Equality {
        operator,
        key,
        values: [one, two],
        first,
        second,
        neither,
    } in EQUALITIES
    {
        let negated = operator.contains("_not_");
        for quantifier in QUANTIFIERS {
            for if_exist in ["", "_if_exist"] {
                let condition =
                    |values: &str| format!(r#"{{"{quantifier}{operator}{if_exist}":{{"{key}":{values}}}}}"#);
                let (single, several) = (condition(one), condition(&format!("[{one},{two}]")));
                // T11: a missing key is false for the negated operators as well.
                for condition in [&single, &several] {
                    check(condition, &Context::default(), !if_exist.is_empty());
                }
                check(&single, &context(key, first), !negated);
                check(&single, &context(key, neither), negated);
                check(&several, &context(key, first), !negated);
                check(&several, &context(key, second), !negated);
                check(&several, &context(key, neither), negated);
            }
        }
    }
}

#[test]
fn order_operators_with_every_modifier() {
    let orders = [
        ("less_than", [true, false, false]),
        ("less_than_equal", [true, true, false]),
    ];
    let greater = [
        ("greater_than", [false, false, true]),
        ("greater_than_equal", [false, true, true]),
    ];
    let families = [
        (
            "numeric",
            LENGTH,
            "5242880",
            "\"-1\"",
            ["5242879", "5242880", "5242881"],
        ),
        ("numeric", LENGTH, "1.5", "\"-1\"", ["1.4", "1.5", "1.51"]),
        (
            "date",
            TIME,
            "\"2023-11-14T22:13:20Z\"",
            "\"1969-01-01 00:00:00\"",
            ["1699999999", "1700000000", "1700000001"],
        ),
    ];
    for (family, key, value, smaller, requests) in families {
        for (order, expected) in orders.into_iter().chain(greater) {
            for (quantifier, if_exist) in [
                ("", ""),
                ("", "_if_exist"),
                ("for_any_value:", ""),
                ("for_all_value:", "_if_exist"),
            ] {
                let condition = |values: &str| {
                    format!(r#"{{"{quantifier}{family}_{order}{if_exist}":{{"{key}":{values}}}}}"#)
                };
                check(&condition(value), &Context::default(), !if_exist.is_empty());
                for (request, expected) in requests.into_iter().zip(expected) {
                    check(&condition(value), &context(key, request), expected);
                    // Several values are alternatives: greater than one of them suffices.
                    let several = condition(&format!("[{value},{smaller}]"));
                    check(
                        &several,
                        &context(key, request),
                        expected || order.starts_with("greater"),
                    );
                }
            }
        }
    }
}

#[test]
fn truth_values() {
    let check = |values: &str, request: &str, expected| {
        check(
            &format!(r#"{{"bool_equal":{{"cos:secure-transport":{values}}}}}"#),
            &context("cos:secure-transport", request),
            expected,
        );
    };
    check("\"true\"", "true", true);
    check("true", "true", true);
    check("\"False\"", "false", true);
    check("false", "true", false);
    check("[true,false]", "false", true);
    let absent = Context::default();
    super::tests::check(r#"{"bool_equal":{"cos:secure-transport":true}}"#, &absent, false);
    super::tests::check(
        r#"{"bool_equal_if_exist":{"cos:secure-transport":true}}"#,
        &absent,
        true,
    );
    super::tests::check(
        r#"{"bool_equal":{"cos:x-cos-forbid-overwrite":true}}"#,
        &context("cos:x-cos-forbid-overwrite", "true"),
        true,
    );
}

#[test]
fn null_equal_asks_for_presence() {
    let (absent, present) = (Context::default(), context(TYPE, ""));
    check(r#"{"null_equal":{"cos:content-type":"true"}}"#, &absent, true);
    check(r#"{"null_equal":{"cos:content-type":true}}"#, &present, false);
    check(r#"{"null_equal":{"cos:content-type":"false"}}"#, &absent, false);
    check(r#"{"null_equal":{"cos:content-type":"false"}}"#, &present, true);
    check(
        r#"{"null_equal":{"cos:content-type":["true","false"]}}"#,
        &absent,
        true,
    );
    check(
        r#"{"null_equal":{"vpc:requester_vpc":true,"qcs:vpc":"true","qcs:request_tag":true}}"#,
        &absent,
        true,
    );
    check(
        r#"{"null_equal":{"qcs:ip":false}}"#,
        &context("qcs:ip", "::1"),
        true,
    );
}

#[test]
fn every_key_reaches_its_value() {
    for key in [
        "cos:tls-version",
        "cos:host",
        "cos:x-cos-storage-class",
        "cos:versionid",
        "cos:prefix",
        "cos:x-cos-acl",
        "cos:x-cos-forbid-overwrite",
        "cos:content-length",
        "cos:content-type",
        "cos:response-content-type",
        "qcs:create_uin",
        "sts:external_id",
        "saml:aud",
        "saml:iss",
        "saml:sub",
        "saml:sub_type",
        "oidc:aud",
        "oidc:iss",
        "oidc:sub",
    ] {
        let condition = format!(r#"{{"string_equal":{{"{key}":"7"}}}}"#);
        check(&condition, &context(key, "7"), true);
        check(&condition, &context(key, "77"), false);
        check(&condition, &Context::default(), false);
    }
    for key in ["vpc:requester_vpc", "qcs:vpc"] {
        let full = Context {
            host: Some("7"),
            ..context(TYPE, "7")
        };
        check(&format!(r#"{{"string_equal":{{"{key}":"7"}}}}"#), &full, false);
        check(
            &format!(r#"{{"string_not_equal":{{"{key}":"8"}}}}"#),
            &full,
            false,
        );
        check(
            &format!(r#"{{"string_equal_if_exist":{{"{key}":"8"}}}}"#),
            &full,
            true,
        );
    }
}

#[test]
fn keys_and_operators_must_all_hold() {
    let both = Context {
        ip: "10.0.0.1".parse().ok(),
        ..context(TYPE, "a")
    };
    check(
        r#"{"string_equal":{"cos:content-type":"a"},"ip_equal":{"qcs:ip":"10.0.0.0/8"}}"#,
        &both,
        true,
    );
    check(
        r#"{"string_equal":{"cos:content-type":"b"},"ip_equal":{"qcs:ip":"10.0.0.0/8"}}"#,
        &both,
        false,
    );
    check(
        r#"{"string_equal":{"cos:content-type":"a"},"ip_equal":{"qcs:ip":"11.0.0.0/8"}}"#,
        &both,
        false,
    );
    check(
        r#"{"string_equal":{"cos:content-type":"a","cos:x-cos-acl":"private"}}"#,
        &both,
        false,
    );
    check("{}", &both, true);
}

#[test]
fn sets_of_tags() {
    const A: Tag<'_> = Tag { key: "a", value: "b" };
    const C: Tag<'_> = Tag { key: "c", value: "d" };
    const E: Tag<'_> = Tag { key: "e", value: "f" };
    let check = |operator: &str, tags: &[Tag<'_>], expected| {
        let context = Context {
            request_tags: tags,
            ..Context::default()
        };
        check(
            &format!(r#"{{"{operator}":{{"qcs:request_tag":["a&b","c&d"]}}}}"#),
            &context,
            expected,
        );
    };
    // The documented example.
    check("for_any_value:string_equal", &[A, C, E], true);
    check("for_all_value:string_equal", &[A, C, E], false);
    check("for_any_value:string_equal", &[A], true);
    check("for_all_value:string_equal", &[A], true);
    check("string_equal", &[E, A], true);
    check("string_equal", &[E], false);
    for operator in ["string_equal", "string_not_equal"] {
        for quantifier in QUANTIFIERS {
            check(&format!("{quantifier}{operator}"), &[], false);
            check(&format!("{quantifier}{operator}_if_exist"), &[], true);
        }
    }
    check("for_any_value:string_not_equal", &[A, E], true);
    check("for_any_value:string_not_equal", &[A, C], false);
    check("for_all_value:string_not_equal", &[A, E], false);
    check("for_all_value:string_not_equal", &[E], true);
    check("string_not_equal", &[A, E], true);
    check(
        "for_any_value:string_equal",
        &[Tag {
            key: "a&b",
            value: "",
        }],
        false,
    );
}

#[test]
fn tags_of_the_resource() {
    let tags = [
        Tag {
            key: "team",
            value: "red",
        },
        Tag {
            key: "stage",
            value: "",
        },
    ];
    let context = Context {
        resource_tags: &tags,
        ..Context::default()
    };
    check(
        r#"{"for_any_value:string_equal":{"qcs:resource_tag":"team&red"}}"#,
        &context,
        true,
    );
    check(r#"{"string_like":{"qcs:resource_tag":"team&*"}}"#, &context, true);
    check(
        r#"{"string_equal":{"qcs:request_tag":"team&red"}}"#,
        &context,
        false,
    );
    check(r#"{"string_equal":{"qcs:tag/team":"red"}}"#, &context, true);
    check(r#"{"string_equal":{"qcs:tag/stage":""}}"#, &context, true);
    check(r#"{"string_equal":{"qcs:tag/tea":"red"}}"#, &context, false);
    check(r#"{"null_equal":{"qcs:tag/owner":true}}"#, &context, true);
    check(
        r#"{"string_equal":{"qcs:tag/team":"red","qcs:tag/stage":"x"}}"#,
        &context,
        false,
    );
}

#[test]
fn t6_query_parameters_in_every_spelling() {
    let sent = |raw, decoded| Context {
        prefix: Some(QueryText { raw, decoded }),
        ..Context::default()
    };
    let check_value = |operator: &str, value: &str, raw, decoded, expected| {
        check(
            &format!(r#"{{"{operator}":{{"cos:prefix":"{value}"}}}}"#),
            &sent(raw, decoded),
            expected,
        );
    };
    let equal = |value: &str, raw, decoded, expected| {
        check_value("string_equal", value, raw, decoded, expected);
        check_value("string_like", value, raw, decoded, expected);
        check_value("string_equal_ignore_case", value, raw, decoded, expected);
        check_value("string_not_equal", value, raw, decoded, !expected);
    };
    equal("folder1%2F", "folder1%2F", "folder1/", true);
    equal("folder1%2f", "folder1%2F", "folder1/", true);
    equal("folder1%2F", "folder1%2f", "folder1/", true);
    equal("folder1/", "folder1%2F", "folder1/", true);
    // A client that encodes less, or more, than usual says the same.
    equal("folder1%2F", "folder1/", "folder1/", true);
    equal("folder1%2F", "f%6Flder1%2F", "folder1/", true);
    equal("a+b", "a+b", "a b", true);
    equal("folder1%2F", "folder2%2F", "folder2/", false);
    equal("100%", "100%25", "100%", true);
    equal("", "", "", true);
    check_value("string_like", "folder1%2F*", "folder1%2Fx", "folder1/x", true);
    check_value("string_like", "folder1%2F*", "folder1/x", "folder1/x", true);
    check_value("string_like", "%2A", "abc", "abc", false);
    check_value("string_like", "%2A", "%2A", "*", true);
    // Headers are compared as they are.
    check(
        r#"{"string_equal":{"cos:content-type":"image%2Fpng"}}"#,
        &context(TYPE, "image/png"),
        false,
    );
}

#[test]
fn an_empty_version_id_is_present() {
    let latest = context("cos:versionid", "");
    let old = context("cos:versionid", "MTg0");
    check(r#"{"string_equal_if_exist":{"cos:versionid":""}}"#, &latest, true);
    check(r#"{"string_equal_if_exist":{"cos:versionid":""}}"#, &old, false);
    check(r#"{"string_not_equal":{"cos:versionid":""}}"#, &latest, false);
    check(r#"{"string_not_equal":{"cos:versionid":""}}"#, &old, true);
    check(
        r#"{"string_not_equal":{"cos:versionid":""}}"#,
        &Context::default(),
        false,
    );
}

#[test]
fn what_cannot_be_compared_fails_closed() {
    for text in ["", "abc", "1e3", "5 ", "+5", "99999999999999999999999999999999"] {
        for operator in ["numeric_equal", "numeric_not_equal", "numeric_less_than_if_exist"] {
            check_undecided(
                &format!(r#"{{"{operator}":{{"cos:content-length":5}}}}"#),
                &context(LENGTH, text),
            );
        }
    }
    check_undecided(
        r#"{"bool_equal":{"cos:x-cos-forbid-overwrite":true}}"#,
        &context("cos:x-cos-forbid-overwrite", "yes"),
    );
    let tags = [Tag { key: "a", value: "1" }];
    check_undecided(
        r#"{"numeric_equal":{"qcs:request_tag":1}}"#,
        &Context {
            request_tags: &tags,
            ..Context::default()
        },
    );
    check_undecided(
        r#"{"bool_equal":{"qcs:request_tag":true}}"#,
        &Context {
            request_tags: &tags,
            ..Context::default()
        },
    );
    // Another condition that certainly fails still fails.
    let other = r#"{"numeric_equal":{"cos:content-length":5},"string_equal":{"cos:content-type":"a"}}"#;
    check(other, &context(LENGTH, "abc"), false);
}

#[test]
fn variables() {
    let check = |value: &str, operator: &str, request: &str, caller, allow, deny| {
        let condition = format!(r#"{{"{operator}":{{"cos:prefix":"{value}"}}}}"#);
        let context = context("cos:prefix", request);
        assert_eq!(
            holds_for(&condition, &context, caller, Effect::Allow),
            allow,
            "{condition} {request}"
        );
        assert_eq!(
            holds_for(&condition, &context, caller, Effect::Deny),
            deny,
            "{condition} {request}"
        );
    };
    check("home/${uin}/", "string_equal", "home/77/", Some(77), true, true);
    check("home/${uin}/", "string_equal", "home/78/", Some(77), false, false);
    check("home/${uin}/*", "string_like", "home/77/a", Some(77), true, true);
    check(
        "home/${uin}/*",
        "string_like",
        "home/777/a",
        Some(77),
        false,
        false,
    );
    check(
        "home%2F${uin}%2F*",
        "string_like",
        "home/77/a",
        Some(77),
        true,
        true,
    );
    check(
        "${owner_uin}/${app_id}",
        "string_equal",
        "100000000001/1250000000",
        None,
        true,
        true,
    );
    // Nobody to fill it in with.
    check("home/${uin}/", "string_equal", "home/77/", None, false, true);
    check("home/${uin}/", "string_not_equal", "home/77/", None, false, true);
    check(
        "HOME/${uin}",
        "string_equal_ignore_case",
        "home/5",
        Some(5),
        true,
        true,
    );
}

#[test]
fn t22_documented_sample_for_prefix() {
    // As printed in the documentation this denies the listing of the folder it means to permit.
    let printed = r#"{"string_equal_if_exist":{"cos:prefix":"folder1"}}"#;
    let meant = r#"{"string_not_equal_if_exist":{"cos:prefix":"folder1"}}"#;
    let listing = context("cos:prefix", "folder1");
    assert!(holds_for(printed, &listing, None, Effect::Deny));
    assert!(!holds_for(meant, &listing, None, Effect::Deny));
    assert!(holds_for(meant, &Context::default(), None, Effect::Deny));
}

#[test]
fn refuses_what_could_not_work() {
    use PolicyErrorKind as Kind;
    for shape in [
        "null",
        "[]",
        "\"x\"",
        r#"{"string_equal":{}}"#,
        r#"{"string_equal":[]}"#,
        r#"{"string_equal":"a"}"#,
    ] {
        check_error(shape, Kind::Condition);
    }
    check_error(r#"{"string_equals":{"cos:prefix":"a"}}"#, Kind::ConditionOperator);
    check_error(
        r#"{"null_equal_if_exist":{"cos:prefix":"true"}}"#,
        Kind::ConditionOperator,
    );
    check_error(r#"{"string_equal":{"cos:delimiter":"/"}}"#, Kind::ConditionKey);
    check_error(r#"{"string_equal":{"qcs:sourceip":"/"}}"#, Kind::ConditionKey);
    check_error(
        r#"{"string_equal":{"qcs:ip":"10.0.0.1"}}"#,
        Kind::ConditionOperator,
    );
    check_error(
        r#"{"ip_equal":{"cos:prefix":"10.0.0.1"}}"#,
        Kind::ConditionOperator,
    );
    check_error(
        r#"{"numeric_equal":{"cos:secure-transport":1}}"#,
        Kind::ConditionOperator,
    );
    check_error(
        r#"{"date_equal":{"cos:host":"2016-06-01T00:01:00Z"}}"#,
        Kind::ConditionOperator,
    );
    check_error(
        r#"{"string_equal":{"cos:prefix":"a","cos:prefix ":"b"}}"#,
        Kind::DuplicateElement,
    );
    for value in ["[]", "null", "{}", "[[\"a\"]]", "[null]"] {
        check_error(
            &format!(r#"{{"string_equal":{{"cos:prefix":{value}}}}}"#),
            Kind::ConditionValue,
        );
    }
    for value in [
        "\"a\"",
        "1e300",
        "true",
        "1e-30",
        "123456789012345678901234567890",
        "\"\"",
    ] {
        check_error(
            &format!(r#"{{"numeric_equal":{{"cos:content-length":{value}}}}}"#),
            Kind::ConditionValue,
        );
    }
    check_error(r#"{"ip_equal":{"qcs:ip":"10.0.0.0/33"}}"#, Kind::ConditionValue);
    check_error(
        r#"{"ip_equal":{"qcs:ip":["10.0.0.0/8","office"]}}"#,
        Kind::ConditionValue,
    );
    check_error(
        r#"{"date_equal":{"qcs:current_time":1700000000}}"#,
        Kind::ConditionValue,
    );
    check_error(
        r#"{"bool_equal":{"cos:secure-transport":1}}"#,
        Kind::ConditionValue,
    );
    check_error(r#"{"null_equal":{"cos:prefix":"yes"}}"#, Kind::ConditionValue);
}

#[test]
fn lists_are_bounded() {
    let values = |count: usize| {
        format!(
            r#"{{"string_equal":{{"cos:prefix":[{}]}}}}"#,
            vec!["\"\""; count].join(",")
        )
    };
    assert!(read(&values(MAX_LIST)).is_ok());
    check_error(&values(MAX_LIST + 1), PolicyErrorKind::TooMany);
}
