//! The rules of lint: for each a document that it finds something in, and a near miss in which it does not.

#![cfg(test)]

use daypass_analysis::{Audience, Finding, LintContext, RULES, Severity, lint};
use daypass_policy::{DocumentKind, OwnerAccount, Policy, parse};

const OWNER: OwnerAccount = OwnerAccount {
    app_id: 1_250_000_000,
    owner_uin: 100_000_000_001,
};

const PARTS: &str = r#""cos:InitiateMultipartUpload","cos:UploadPart","cos:CompleteMultipartUpload","cos:ListParts","cos:ListMultipartUploads""#;

fn context() -> LintContext<'static> {
    LintContext {
        audience: Audience::FrontEnd,
        owner: OWNER,
        duration_seconds: Some(1800),
        by_root: false,
        bucket_region: Some("ap-guangzhou"),
        end_user: None,
        permissions: None,
    }
}

/// A resource in the bucket of the examples.
fn of(key: &str) -> String {
    format!(r#""qcs::cos:ap-guangzhou:uid/1250000000:photos-1250000000/{key}""#)
}

fn statement(actions: &str, resources: &str, rest: &str) -> String {
    format!(r#"{{"effect":"allow","action":[{actions}],"resource":[{resources}]{rest}}}"#)
}

fn document(statements: &[String]) -> String {
    format!(r#"{{"version":"2.0","statement":[{}]}}"#, statements.join(","))
}

fn with(condition: &str) -> String {
    format!(r#","condition":{{{condition}}}"#)
}

/// A document of one allow.
fn allow(actions: &str, resources: &str, condition: &str) -> String {
    let rest = if condition.is_empty() {
        String::new()
    } else {
        with(condition)
    };
    document(&[statement(actions, resources, &rest)])
}

fn has(findings: &[Finding], rule: &str) -> bool {
    findings.iter().any(|finding| finding.rule == rule)
}

/// The rule finds something in the first document and nothing in the second.
fn check_in(rule: &str, context: &LintContext<'_>, fires: &str, near_miss: &str) {
    let findings = lint(Some(fires), context);
    assert!(has(&findings, rule), "{rule} {fires} {findings:?}");
    let findings = lint(Some(near_miss), context);
    assert!(!has(&findings, rule), "{rule} {near_miss} {findings:?}");
}

fn check(rule: &str, fires: &str, near_miss: &str) {
    check_in(rule, &context(), fires, near_miss);
}

const GET: &str = r#""cos:GetObject""#;
const PUT: &str = r#""cos:PutObject""#;

#[test]
fn l01_whole_buckets() {
    let folder = allow(GET, &of("ann/*"), "");
    for whole in [
        r#""*""#.to_owned(),
        r#""qcs::cos:ap-guangzhou:uid/1250000000:*""#.to_owned(),
        r#""qcs::cos:ap-guangzhou:uid/1250000000:prefix//1250000000/*""#.to_owned(),
        r#""qcs::cos:ap-guangzhou:uid/1250000000:ph*/ann/*""#.to_owned(),
        of("*"),
        of("**"),
        of(""),
    ] {
        check("L01", &allow(GET, &whole, ""), &folder);
    }
}

#[test]
fn l02_shared_folders() {
    let context = LintContext {
        end_user: Some("ann"),
        ..context()
    };
    let near = allow(GET, &of("users/ann/*"), "");
    check_in("L02", &context, &allow(GET, &of("users/*"), ""), &near);
    check_in(
        "L02",
        &context,
        &allow(GET, &of("users/anna/*"), ""),
        &allow(GET, &of("users/a.jpg"), ""),
    );
}

#[test]
fn l03_and_l04_wildcards_in_actions() {
    let named = allow(GET, &of("ann/*"), "");
    for all in [r#""*""#, r#""cos:*""#, r#""name/cos:*""#] {
        check(
            "L03",
            &allow(all, &of("ann/*"), ""),
            &allow(r#""cos:Get*""#, &of("ann/*"), ""),
        );
    }
    check("L04", &allow(r#""cos:Get*""#, &of("ann/*"), ""), &named);
    check(
        "L04",
        &allow(r#""cos:Get*""#, &of("ann/*"), ""),
        &allow(r#""cos:*""#, &of("ann/*"), ""),
    );
}

#[test]
fn l05_what_is_no_business_of_a_front_end() {
    let upload = allow(
        r#""cos:PutObject","cos:AbortMultipartUpload","cos:HeadObject""#,
        &of("ann/*"),
        "",
    );
    for action in [
        "cos:DeleteObject",
        "cos:PutBucketPolicy",
        "cos:PutObjectACL",
        "cos:Put*",
        "cos:GetService",
    ] {
        check(
            "L05",
            &allow(&format!(r#""{action}""#), &of("ann/*"), ""),
            &upload,
        );
    }
    check("L05", &allow(r#""cam:ListUsers""#, r#""*""#, ""), &upload);
}

#[test]
fn l06_mixtures() {
    let both = r#""cos:GetObject","cos:PutObject""#;
    let two = [of("a/*"), of("b/*")].join(",");
    check("L06", &allow(both, &two, ""), &allow(both, &of("a/*"), ""));
    check(
        "L06",
        &allow(both, &two, ""),
        &allow(r#""cos:GetObject","cos:HeadObject""#, &two, ""),
    );
}

#[test]
fn l07_to_l10_bounds() {
    let length = r#""numeric_less_than_equal":{"cos:content-length":5242880}"#;
    let kind = r#""string_like":{"cos:content-type":"image/*"}"#;
    let plain = allow(PUT, &of("ann/a.jpg"), "");
    check("L07", &plain, &allow(PUT, &of("ann/a.jpg"), length));
    check(
        "L07",
        &allow(
            PUT,
            &of("a"),
            r#""numeric_greater_than":{"cos:content-length":1}"#,
        ),
        &allow(GET, &of("a"), ""),
    );
    check("L08", &plain, &allow(PUT, &of("ann/a.jpg"), kind));
    check(
        "L08",
        &allow(PUT, &of("a"), r#""string_like":{"cos:content-type":"*"}"#),
        &allow(GET, &of("a"), ""),
    );
    let loose = r#""numeric_less_than_equal_if_exist":{"cos:content-length":5242880}"#;
    check("L09", &allow(PUT, &of("a"), loose), &allow(PUT, &of("a"), length));
    check(
        "L09",
        &allow(PUT, &of("a"), loose),
        &allow(PUT, &of("a"), &format!("{loose},{length}")),
    );
    let put_and_part = r#""cos:PutObject","cos:UploadPart""#;
    check(
        "L10",
        &allow(put_and_part, &of("a"), length),
        &allow(PUT, &of("a"), length),
    );
}

#[test]
fn a_deny_bounds_when_it_also_refuses_what_lacks_the_header() {
    let with_deny = |operator: &str| {
        let deny = statement(
            PUT,
            r#""*""#,
            &with(&format!(r#""{operator}":{{"cos:content-length":5}}"#)),
        )
        .replace("allow", "deny");
        document(&[statement(PUT, &of("a"), ""), deny])
    };
    check(
        "L07",
        &with_deny("numeric_greater_than"),
        &with_deny("numeric_greater_than_if_exist"),
    );
}

#[test]
fn l11_and_l24_keys_that_requests_lack() {
    let kind = r#""string_equal":{"cos:response-content-type":"image%2Fpng"}"#;
    check(
        "L11",
        &allow(r#""cos:HeadObject""#, &of("a"), kind),
        &allow(GET, &of("a"), kind),
    );
    check(
        "L11",
        &allow(r#""cos:*""#, &of("a"), kind),
        &allow(r#""cos:*""#, &of("a"), r#""ip_equal":{"qcs:ip":"10.0.0.0/8"}"#),
    );
    let acl = |operator: &str| with(&format!(r#""{operator}":{{"cos:x-cos-acl":"private"}}"#));
    let deny = |action: &str, operator: &str| {
        document(&[statement(action, r#""*""#, &acl(operator)).replace("allow", "deny")])
    };
    check(
        "L24",
        &deny(r#""cos:*""#, "string_not_equal_if_exist"),
        &deny(r#""cos:*""#, "string_not_equal"),
    );
    check(
        "L24",
        &deny(r#""cos:Put*""#, "string_equal_if_exist"),
        &deny(PUT, "string_equal_if_exist"),
    );
}

#[test]
fn l12_conditions_that_are_not_what_they_seem() {
    let good = allow(
        r#""cos:GetBucket""#,
        &of("doc/*"),
        r#""string_like":{"cos:prefix":"doc%2F*"}"#,
    );
    check(
        "L12",
        &allow(
            r#""cos:GetBucket""#,
            &of("doc/*"),
            r#""string_like":{"cos:prefix":"doc/*"}"#,
        ),
        &good,
    );
    check(
        "L12",
        &allow(GET, &of("a"), r#""string_equals":{"cos:host":"a"}"#),
        &good,
    );
    check(
        "L12",
        &allow(GET, &of("a"), r#""string_equal":{"cos:delimiter":"a"}"#),
        &good,
    );
}

#[test]
fn l13_to_l15_the_key_that_is_asked_for() {
    let document = allow(GET, &of("ann/a.jpg"), "");
    let asked = |seconds, by_root| {
        let context = LintContext {
            duration_seconds: Some(seconds),
            by_root,
            ..context()
        };
        let findings = lint(Some(&document), &context);
        findings
            .into_iter()
            .find(|finding| finding.rule == "L13")
            .map(|finding| finding.severity)
    };
    assert_eq!(asked(7200, false), None);
    assert_eq!(asked(7201, false), Some(Severity::Warning));
    assert_eq!(asked(129_600, false), Some(Severity::Warning));
    assert_eq!(asked(129_601, false), Some(Severity::Error));
    assert_eq!(asked(7201, true), Some(Severity::Error));
    let by_root = LintContext {
        by_root: true,
        ..context()
    };
    assert!(has(&lint(Some(&document), &by_root), "L14") && !has(&lint(Some(&document), &context()), "L14"));
    assert!(has(&lint(None, &by_root), "L15") && !has(&lint(Some(&document), &by_root), "L15"));
    assert!(lint(None, &context()).is_empty());
}

fn user(document: &str) -> Policy {
    parse(document, DocumentKind::Identity, &OWNER).unwrap()
}

#[test]
fn l16_more_than_the_caller_has() {
    let permissions = user(&allow(r#""cos:*""#, &of("ann/*"), ""));
    let context = LintContext {
        permissions: Some(&permissions),
        ..context()
    };
    check_in(
        "L16",
        &context,
        &allow(GET, &of("an*"), ""),
        &allow(GET, &of("ann/b/*"), ""),
    );
    check_in(
        "L16",
        &context,
        &allow(r#""sts:AssumeRole""#, r#""*""#, ""),
        &allow(GET, &of("ann/*"), ""),
    );
    let findings = lint(Some(&allow(GET, &of("bob/*"), "")), &context);
    let finding = findings.iter().find(|finding| finding.rule == "L16").unwrap();
    let expected = "for example `cos:GetObject` on the object \
                    `qcs::cos:ap-guangzhou:uid/1250000000:photos-1250000000/bob/`";
    assert_eq!(finding.what, expected);
    assert_eq!(finding.statement, Some(0));
}

#[test]
fn l17_resources_of_nobody() {
    let good = allow(GET, &of("ann/*"), "");
    for resource in [
        "qcs::cos:ap-guangzhou:uid/1250000000:photos/ann/*",
        "qcs::cos:ap-guangzhou:uid/1250000001:photos-1250000001/ann/*",
        "qcs::cos:ap-guangzhou:uid/1250000000:photos-1250000001/ann/*",
        "qcs::cos:ap-guangzhou:uin/1250000000:photos-1250000000/ann/*",
    ] {
        check("L17", &allow(GET, &format!(r#""{resource}""#), ""), &good);
    }
}

#[test]
fn l18_and_l19_old_habits() {
    let good = allow(GET, &of("ann/*"), "");
    check(
        "L18",
        &document(&[statement(GET, &of("ann/*"), r#","principal":{"qcs":"*"}"#)]),
        &good,
    );
    check("L18", &good.replacen('{', r#"{"Principal":"*","#, 1), &good);
    let legacy = r#""qcs::cos:ap-guangzhou:uid/1250000000:prefix//1250000000/photos/ann/*""#;
    check("L19", &allow(GET, legacy, ""), &allow(GET, &of("prefix//a"), ""));
}

#[test]
fn l20_regions() {
    let here = allow(GET, &of("ann/*"), "");
    for region in ["", "*", "ap-*", "ap-beijing"] {
        check("L20", &here.replace("ap-guangzhou", region), &here);
    }
    let anywhere = LintContext {
        bucket_region: None,
        ..context()
    };
    check_in(
        "L20",
        &anywhere,
        &here.replace("ap-guangzhou", ""),
        &here.replace("ap-guangzhou", "ap-beijing"),
    );
}

#[test]
fn l21_statements_that_never_match() {
    let good = allow(r#""cos:GetBucket""#, &of(""), "");
    check("L21", &allow(GET, &of(""), ""), &good);
    check(
        "L21",
        &allow(r#""cos:PutBucketCORS""#, &of("ann/*"), ""),
        &allow(r#""cos:PutBucketCORS""#, &of("*"), ""),
    );
    check(
        "L21",
        &allow(r#""cos:GetService""#, &of("*"), ""),
        &allow(r#""cos:GetService""#, r#""*""#, ""),
    );
    check(
        "L21",
        &allow(GET, &of("${uin}/*"), ""),
        &allow(r#""cos:GetBucket""#, &of("ann/*"), ""),
    );
    check(
        "L21",
        &allow(r#""cam:ListUsers""#, &of("*"), ""),
        &allow(r#""c*:*""#, &of("*"), ""),
    );
    check("L21", &allow("", &of("ann/*"), ""), &good);
    check("L21", &allow(GET, "", ""), &good);
}

#[test]
fn l22_keys_that_the_client_chooses() {
    let new_only = r#""string_equal":{"cos:x-cos-forbid-overwrite":"true"}"#;
    check(
        "L22",
        &allow(PUT, &of("ann/*"), ""),
        &allow(PUT, &of("ann/a.jpg"), ""),
    );
    check(
        "L22",
        &allow(PUT, &of("ann/*"), ""),
        &allow(PUT, &of("ann/*"), new_only),
    );
    let loose = r#""string_equal_if_exist":{"cos:x-cos-forbid-overwrite":"true"}"#;
    check(
        "L22",
        &allow(PUT, &of("ann/*"), loose),
        &allow(GET, &of("ann/*"), ""),
    );
}

#[test]
fn l23_and_l25_everybody() {
    let bucket = LintContext {
        audience: Audience::Bucket,
        ..context()
    };
    let for_whom =
        |action: &str, who: &str| document(&[statement(action, &of("*"), &format!(r#","principal":{who}"#))]);
    let ann = r#"{"qcs":"qcs::cam::uin/100000000001:uin/100000000002"}"#;
    let anonymous = r#"{"qcs":"qcs::cam::anonymous:anonymous"}"#;
    check_in("L23", &bucket, &for_whom(PUT, r#""*""#), &for_whom(PUT, ann));
    check_in(
        "L23",
        &bucket,
        &for_whom(PUT, anonymous),
        &for_whom(GET, anonymous),
    );
    let acl = |value: &str| {
        allow(
            PUT,
            &of("a"),
            &format!(r#""string_equal":{{"cos:x-cos-acl":"{value}"}}"#),
        )
    };
    check("L23", &acl("public-read-write"), &acl("private"));
    let deny = |who: &str| for_whom(GET, who).replace("allow", "deny");
    check_in("L25", &bucket, &deny(r#""*""#), &deny(ann));
    check_in("L25", &bucket, &deny(r#""*""#), &for_whom(GET, r#""*""#));
}

#[test]
fn l26_what_is_uploaded_can_be_published() {
    let acl = |condition: &str| allow(PUT, &of("a"), condition);
    check(
        "L26",
        &acl(""),
        &acl(r#""string_equal_if_exist":{"cos:x-cos-acl":["private","default"]}"#),
    );
    check(
        "L26",
        &acl(r#""string_equal":{"cos:x-cos-acl":"public-read"}"#),
        &acl(r#""null_equal":{"cos:x-cos-acl":"true"}"#),
    );
    let with_deny = |condition: &str| {
        let deny = statement(r#""cos:*""#, &of("a"), &with(condition)).replace("allow", "deny");
        document(&[statement(PUT, &of("a"), ""), deny])
    };
    check(
        "L26",
        &with_deny(r#""string_equal":{"cos:x-cos-acl":"public-read"}"#),
        &with_deny(r#""string_like":{"cos:x-cos-acl":"public*"}"#),
    );
    check(
        "L26",
        &with_deny(r#""null_equal":{"cos:x-cos-acl":"true"}"#),
        &with_deny(r#""string_not_equal":{"cos:x-cos-acl":"private"}"#),
    );
}

#[test]
fn l27_parts_forgotten() {
    let all = format!("{PUT},{PARTS}");
    let one_less = all.replace(r#","cos:ListParts""#, "");
    check(
        "L27",
        &allow(&one_less, &of("ann/*"), ""),
        &allow(&all, &of("ann/*"), ""),
    );
    let apart = document(&[
        statement(PUT, &of("ann/*"), ""),
        statement(PARTS, &of("ann/*"), ""),
    ]);
    check("L27", &allow(PUT, &of("ann/*"), ""), &apart);
    let small = r#""numeric_less_than_equal":{"cos:content-length":1000}"#;
    check(
        "L27",
        &allow(PUT, &of("ann/*"), ""),
        &allow(PUT, &of("ann/*"), small),
    );
}

#[test]
fn l28_siblings() {
    check(
        "L28",
        &allow(GET, &of("user1*"), ""),
        &allow(GET, &of("user1/*"), ""),
    );
    check(
        "L28",
        &allow(GET, &of("a/user1**"), ""),
        &allow(GET, &of("*.jpg"), ""),
    );
}

#[test]
fn l29_and_l30_mistakes() {
    let good = allow(GET, &of("ann/*"), "");
    check("L29", &allow(r#""cos:GetObjects""#, &of("ann/*"), ""), &good);
    check(
        "L29",
        &allow(r#""cos:Gett*""#, &of("ann/*"), ""),
        &allow(r#""name/cos:getobjectacl""#, &of("ann/*"), ""),
    );
    for broken in ["", "[]", r#"{"version":"1.0","statement":[]}"#] {
        check("L30", broken, &good);
    }
    check("L30", &good.replace("2.0", "2"), &good);
    check("L30", &good.replace("allow", "permit"), &good);
}

#[test]
fn policies_as_the_guide_wants_them_are_clean() {
    let bounds = with(
        r#""numeric_less_than_equal":{"cos:content-length":5242880},"string_like":{"cos:content-type":"image/*"},
        "string_equal_if_exist":{"cos:x-cos-acl":["private","default"]}"#,
    );
    let upload = statement(
        r#""name/cos:PutObject","name/cos:PostObject""#,
        &of("ann/1.jpg"),
        &bounds,
    );
    let download = statement(r#""name/cos:GetObject","name/cos:HeadObject""#, &of("ann/*"), "");
    let list = statement(r#""name/cos:GetBucket""#, &of("ann/*"), "");
    for clean in [
        vec![upload.clone()],
        vec![download.clone()],
        vec![list.clone(), download, upload],
    ] {
        let context = LintContext {
            end_user: Some("ann"),
            ..context()
        };
        assert_eq!(lint(Some(&document(&clean)), &context), []);
    }
    let elsewhere = |audience, text: &str| {
        assert_eq!(
            lint(
                Some(text),
                &LintContext {
                    audience,
                    ..context()
                }
            ),
            []
        );
    };
    elsewhere(
        Audience::User,
        r#"{"version":"2.0","statement":[{"effect":"allow","action":"*","resource":"*"}]}"#,
    );
    elsewhere(
        Audience::Trust,
        r#"{"version":"2.0","statement":[{"effect":"allow","action":"name/sts:AssumeRole","principal":{"qcs":["qcs::cam::uin/100000000001:root"]}}]}"#,
    );
    let reader = format!(
        r#"{{"version":"2.0","statement":[{{"effect":"allow","action":"name/cos:GetObject","resource":{},"principal":{{"qcs":["qcs::cam::uin/100000000001:uin/100000000002"]}}}}]}}"#,
        of("*")
    );
    elsewhere(Audience::Bucket, &reader);
}

#[test]
fn the_preset_policies_have_no_faults() {
    for preset in daypass_policy::preset::PRESETS {
        let context = LintContext {
            audience: Audience::User,
            ..context()
        };
        let findings = lint(Some(preset.document), &context);
        assert!(
            findings
                .iter()
                .all(|finding| finding.severity == Severity::Warning),
            "{} {findings:?}",
            preset.name
        );
    }
}

#[test]
fn the_table_has_every_rule_of_the_guide_and_ours() {
    let numbers: Vec<String> = (1..=31).map(|number| format!("L{number:02}")).collect();
    assert_eq!(RULES.iter().map(|rule| rule.id).collect::<Vec<_>>(), numbers);
    let errors: Vec<&str> = RULES
        .iter()
        .filter(|rule| rule.severity == Severity::Error)
        .map(|rule| rule.id)
        .collect();
    assert_eq!(errors, ["L01", "L03", "L05", "L12", "L15", "L17", "L30"]);
    for rule in &RULES {
        assert!(
            [rule.title, rule.why, rule.mend]
                .iter()
                .all(|text| !text.is_empty() && !text.ends_with('.'))
        );
    }
}

#[test]
fn findings_as_json() {
    let named = document(&[statement(GET, &of("*"), r#","sid":"all""#)]);
    let findings = lint(Some(&named), &context());
    let json = serde_json::to_value(&findings).unwrap();
    assert_eq!(json[0]["rule"], "L01");
    assert_eq!(json[0]["severity"], "E");
    assert_eq!(
        (&json[0]["statement"], &json[0]["sid"]),
        (&0.into(), &"all".into())
    );
}
