//! What compare answers, and that it is right: against the evaluator over all small policies, and over random ones.

use daypass_policy::{ConditionKey, DocumentKind, OwnerAccount, Policy, parse};
use proptest::prelude::*;
use proptest::sample::select;

use super::*;
use crate::witness::{Fact, Place, Subject, Who};

const OWNER: OwnerAccount = OwnerAccount {
    app_id: 125,
    owner_uin: 900,
};

fn policy(statements: &str) -> Policy {
    of_kind(statements, DocumentKind::Identity)
}

fn of_kind(statements: &str, kind: DocumentKind) -> Policy {
    let text = format!(r#"{{"version":"2.0","statement":[{statements}]}}"#);
    parse(&text, kind, &OWNER).unwrap_or_else(|error| panic!("{text}: {error}"))
}

/// A statement about the bucket of the examples, or about whatever does not look like a path in it.
fn statement(effect: &str, action: &str, resource: &str, condition: &str) -> String {
    let resource = match resource {
        "*" => "*".to_owned(),
        _ if resource.starts_with("qcs:") => resource.to_owned(),
        path => format!("qcs::cos::uid/125:b-125/{path}"),
    };
    let condition = match condition {
        "" => String::new(),
        _ => format!(r#","condition":{{{condition}}}"#),
    };
    format!(r#"{{"effect":"{effect}","action":"{action}","resource":"{resource}"{condition}}}"#)
}

fn allow(action: &str, resource: &str) -> String {
    statement("allow", action, resource, "")
}

fn deny(action: &str, resource: &str) -> String {
    statement("deny", action, resource, "")
}

/// The answer in one word; a witness has been confirmed once more.
fn answer(wide: &[String], narrow: &[String]) -> &'static str {
    let (wide, narrow) = (policy(&wide.join(",")), policy(&narrow.join(",")));
    word(&wide, &narrow)
}

fn word(wide: &Policy, narrow: &Policy) -> &'static str {
    match compare(wide, narrow) {
        Containment::Contained => "contained",
        Containment::NotContained(witness) => {
            assert!(
                witness.is_allowed_by(narrow) && !witness.is_allowed_by(wide),
                "{witness}"
            );
            "not"
        }
        Containment::Unknown(Doubt::TooLarge) => "too large",
        Containment::Unknown(_) => "unknown",
    }
}

#[test]
fn paths_and_actions() {
    let check = |wide: &[String], narrow: &[String], expected| {
        assert_eq!(answer(wide, narrow), expected, "{wide:?} {narrow:?}");
    };
    let get = |path| allow("cos:GetObject", path);
    check(&[get("*")], &[get("a/*")], "contained");
    check(&[get("a/*")], &[get("*")], "not");
    check(&[get("a/*")], &[get("a*")], "not");
    check(&[get("*a*")], &[get("*xa*y")], "contained");
    check(&[get("*.jpg"), get("*.png")], &[get("a/*.png")], "contained");
    check(&[get("*.jpg"), get("*.png")], &[get("a/*g")], "not");
    check(&[allow("cos:Get*", "*")], &[get("*")], "contained");
    check(&[allow("cos:get*", "*")], &[allow("cos:Get*", "a")], "contained");
    check(&[allow("cos:Get*", "*")], &[allow("cos:*et*", "*")], "not");
    check(
        &[allow("cos:RestoreObject", "*")],
        &[allow("cos:PostObjectRestore", "a")],
        "contained",
    );
    check(&[allow("*", "*")], &[allow("cos:*", "*")], "contained");
    check(&[allow("cos:*", "*")], &[allow("*", "*")], "not");
    check(&[get("a*")], &[allow("cos:GetService", "*")], "not");
    check(
        &[allow("cos:*", "*")],
        &[allow("cos:GetService", "*")],
        "contained",
    );
    // No request with this action is about an object, so that the document allows nothing.
    check(&[get("a")], &[allow("cos:GetBucketCORS", "a")], "contained");
}

#[test]
fn denies() {
    let check = |wide: &[String], narrow: &[String], expected| {
        assert_eq!(answer(wide, narrow), expected, "{wide:?} {narrow:?}");
    };
    let get = |path| allow("cos:GetObject", path);
    let no = |path| deny("cos:GetObject", path);
    check(&[get("*"), no("secret/*")], &[get("*")], "not");
    check(
        &[get("*"), no("secret/*")],
        &[get("*"), no("secret/*")],
        "contained",
    );
    check(&[get("*"), no("secret/*")], &[get("*"), no("s*")], "contained");
    check(&[get("*"), no("s*")], &[get("*"), no("secret/*")], "not");
    check(&[get("a/*"), get("b/*")], &[get("*"), no("b/*")], "not");
    check(&[get("a*"), get("b*")], &[get("*a"), no("x*")], "not");
    check(
        &[get("a/x")],
        &[get("a/*"), no("*y*"), no("a/*x*z"), deny("*", "a/*")],
        "contained",
    );
    check(&[get("*")], &[deny("*", "*")], "contained");
    check(&[get("*"), no("a*")], &[get("b*")], "contained");
}

#[test]
fn regions_accounts_and_listings() {
    let check = |wide: &[&str], narrow: &[&str], expected| {
        let all = |resources: &[&str]| -> Vec<String> {
            resources
                .iter()
                .map(|resource| allow("cos:*", resource))
                .collect()
        };
        assert_eq!(answer(&all(wide), &all(narrow)), expected, "{wide:?} {narrow:?}");
    };
    check(
        &["qcs::cos::uid/125:b-125/*"],
        &["qcs::cos:r-1:uid/125:b-125/*"],
        "contained",
    );
    check(
        &["qcs::cos:r-1:uid/125:b-125/*"],
        &["qcs::cos::uid/125:b-125/*"],
        "not",
    );
    check(
        &["qcs::cos:r-*:uid/125:b-125/*"],
        &["qcs::cos:r-1:uid/125:b-125/*"],
        "contained",
    );
    check(&["*"], &["qcs::cos::uid/126:b-126/*"], "not");
    check(
        &["qcs::cos::uid/126:*"],
        &["qcs::cos::uid/126:b-126/a"],
        "contained",
    );
    check(&["qcs::cos:::*-125/*"], &["qcs::cos:::*"], "contained");
    check(&["qcs::cos:::b-125/*"], &["qcs::cos:::b*/a"], "not");
    check(&["qcs::*:::*"], &["qcs::cam:::*", "qcs::cos:::*"], "contained");
    check(&["qcs::cos:::*"], &["qcs::cam:::uin/5"], "contained");
    let listing = |path: &str| allow("cos:GetBucket", path);
    let list = |wide: &[String], narrow: &[String], expected| {
        assert_eq!(answer(wide, narrow), expected, "{wide:?} {narrow:?}");
    };
    list(&[listing("")], &[listing("a*")], "contained");
    list(&[listing("doc/*")], &[listing("")], "not");
    list(
        &[listing(""), deny("cos:GetBucket", "a*")],
        &[listing("b*")],
        "contained",
    );
    list(
        &[listing("*"), deny("cos:GetBucket", "")],
        &[listing("a*")],
        "not",
    );
}

#[test]
fn identities_roles_and_callers() {
    let check = |wide: &[String], narrow: &[String], expected| {
        assert_eq!(answer(wide, narrow), expected, "{wide:?} {narrow:?}");
    };
    let assume = |path: &str| allow("sts:AssumeRole", &format!("qcs::cam::uin/900:{path}"));
    check(&[assume("roleName/dev*")], &[assume("roleName/dev")], "contained");
    check(&[assume("roleName/dev")], &[assume("roleName/dev*")], "not");
    check(&[assume("roleName/*")], &[assume("role/5")], "contained");
    check(
        &[assume("roleName/d*"), assume("role/1*")],
        &[assume("role/*")],
        "not",
    );
    check(
        &[assume("*"), deny("*", "qcs::cam::uin/900:role/5")],
        &[assume("roleName/dev")],
        "not",
    );
    check(
        &[allow("cam:*", "qcs::cam:::uin/*")],
        &[allow("cam:GetUser", "qcs::cam:::uin/${uin}")],
        "unknown",
    );
    check(
        &[allow("cam:*", "qcs::cam:::uin/1*")],
        &[allow("cam:GetUser", "qcs::cam:::uin/2")],
        "not",
    );
    let for_whom = |effect: &str, who: &str| {
        let statement = statement(effect, "cos:GetObject", "*", "");
        statement.replacen('{', &format!(r#"{{"principal":{who},"#), 1)
    };
    let bucket = |statements: &[String]| of_kind(&statements.join(","), DocumentKind::Bucket);
    let ann = r#"{"qcs":"qcs::cam::uin/900:uin/901"}"#;
    let users = r#"{"qcs":"qcs::cam::uin/900:uin/*"}"#;
    let role = r#"{"qcs":"qcs::cam::uin/900:roleName/dev"}"#;
    let check = |wide: &[String], narrow: &[String], expected| {
        assert_eq!(
            word(&bucket(wide), &bucket(narrow)),
            expected,
            "{wide:?} {narrow:?}"
        );
    };
    check(
        &[for_whom("allow", users)],
        &[for_whom("allow", ann)],
        "contained",
    );
    check(&[for_whom("allow", ann)], &[for_whom("allow", users)], "not");
    check(
        &[for_whom("allow", r#""*""#)],
        &[for_whom("allow", users), for_whom("allow", role)],
        "contained",
    );
    check(
        &[for_whom("allow", r#""*""#), for_whom("deny", ann)],
        &[for_whom("allow", users)],
        "not",
    );
    check(
        &[for_whom("allow", r#""*""#), for_whom("deny", ann)],
        &[for_whom("allow", role)],
        "contained",
    );
}

#[test]
fn conditions() {
    let check = |wide: &str, narrow: &str, expected| {
        let put = |condition| statement("allow", "cos:PutObject", "*", condition);
        assert_eq!(answer(&[put(wide)], &[put(narrow)]), expected, "{wide} {narrow}");
    };
    let small = r#""numeric_less_than_equal":{"cos:content-length":5}"#;
    let smaller = r#""numeric_less_than":{"cos:content-length":"5.0"}"#;
    let small_or_none = r#""numeric_less_than_equal_if_exist":{"cos:content-length":5}"#;
    check("", small, "contained");
    check(small, "", "not");
    check(small, smaller, "contained");
    check(smaller, small, "not");
    check(small_or_none, small, "contained");
    check(small, small_or_none, "not");
    let image = r#""string_like":{"cos:content-type":["image/*","video/*"]}"#;
    let png = r#""string_equal":{"cos:content-type":"image/png"}"#;
    check(image, png, "contained");
    check(png, image, "not");
    check(small, &format!("{png},{smaller}"), "contained");
    check(
        r#""string_not_equal":{"cos:content-type":"text/html"}"#,
        png,
        "contained",
    );
    check(r#""null_equal":{"cos:content-type":"false"}"#, png, "contained");
    check(r#""null_equal":{"cos:content-type":"true"}"#, png, "not");
    check(
        r#""ip_equal":{"qcs:ip":"10.0.0.0/8"}"#,
        r#""ip_equal":{"qcs:ip":["10.0.0.0/8","192.168.0.0/16"]}"#,
        "not",
    );
    // True, but no rule says so and no request says the contrary.
    check(
        r#""ip_equal":{"qcs:ip":"10.0.0.0/8"}"#,
        r#""ip_equal":{"qcs:ip":"10.1.0.0/16"}"#,
        "unknown",
    );
    check(
        r#""date_less_than":{"qcs:current_time":"2027-01-01T00:00:00Z"}"#,
        r#""date_less_than":{"qcs:current_time":"2026-01-01T00:00:00Z"}"#,
        "contained",
    );
    check(
        r#""for_any_value:string_equal":{"qcs:resource_tag":["a&b","c&d"]}"#,
        r#""for_all_value:string_equal":{"qcs:resource_tag":"a&b"}"#,
        "contained",
    );
    check(
        r#""for_all_value:string_equal":{"qcs:resource_tag":"a&b"}"#,
        r#""for_any_value:string_equal":{"qcs:resource_tag":"a&b"}"#,
        "not",
    );
}

#[test]
fn conditions_of_denies() {
    let put = |condition| statement("allow", "cos:PutObject", "*", condition);
    let no = |condition| statement("deny", "cos:*", "*", condition);
    let check = |wide: &[String], narrow: &[String], expected| {
        assert_eq!(answer(wide, narrow), expected, "{wide:?} {narrow:?}");
    };
    let secure = r#""bool_equal":{"cos:secure-transport":"true"}"#;
    let open = r#""bool_equal":{"cos:secure-transport":false}"#;
    check(&[put(""), no(open)], &[put("")], "not");
    check(&[put(""), no(open)], &[put(secure)], "contained");
    check(&[put(""), no(open)], &[put(""), no(open)], "contained");
    check(&[put("")], &[put(""), no(open)], "contained");
    let large = r#""numeric_greater_than_if_exist":{"cos:content-length":5}"#;
    let small = r#""numeric_less_than_equal":{"cos:content-length":5}"#;
    check(&[put(""), no(large)], &[put(small)], "contained");
    check(
        &[put(""), no(large)],
        &[put(r#""numeric_less_than_equal":{"cos:content-length":6}"#)],
        "not",
    );
    let no_image = r#""string_not_like":{"cos:content-type":"image/*"}"#;
    check(
        &[put(""), no(no_image)],
        &[put(
            r#""string_equal":{"cos:content-type":["image/a","image/b"]}"#,
        )],
        "contained",
    );
    check(
        &[put(""), no(no_image)],
        &[put(r#""string_equal":{"cos:content-type":["image/a","text/b"]}"#)],
        "not",
    );
    check(
        &[put(r#""string_equal":{"cos:x-cos-acl":"private"}"#)],
        &[put(""), no("")],
        "contained",
    );
}

#[test]
fn the_prefix_of_a_listing_is_its_condition_key() {
    let list = |path, condition| statement("allow", "cos:GetBucket", path, condition);
    let only_doc = r#""string_equal":{"cos:prefix":"doc%2F"}"#;
    let witness = |wide: &str, narrow: &str| match compare(&policy(wide), &policy(narrow)) {
        Containment::NotContained(witness) => *witness,
        other => panic!("{wide} {narrow} {other:?}"),
    };
    let found = witness(&list("*", only_doc), &list("*", ""));
    assert!(
        matches!(&found.subject, Subject::Listing(_, prefix) if prefix != "doc/"),
        "{found}"
    );
    let found = witness(&list("a*", ""), &list("*", only_doc));
    assert!(
        matches!(&found.subject, Subject::Listing(_, prefix) if prefix == "doc/"),
        "{found}"
    );
}

#[test]
fn what_is_too_large_is_told() {
    let letters: Vec<char> = ('a'..='z').collect();
    // Which of the letters have come, and in which order, is different for each of very many texts.
    let tangle = |end: char| -> Vec<String> {
        let pairs = letters.chunks(2);
        let path = pairs.map(|pair| format!("*{}*{}*{end}", pair[0], pair[pair.len() - 1]));
        path.map(|path| deny("cos:GetObject", &path)).collect()
    };
    let all = || vec![allow("cos:GetObject", "*")];
    let wide = [all(), tangle('0')].concat();
    assert_eq!(answer(&wide, &[all(), tangle('0')].concat()), "too large");
    assert_eq!(answer(&wide, &[all(), tangle('1')].concat()), "not");
    assert_eq!(answer(&all(), &wide), "contained");
}

/// The actions, keys and requests of the small scope.
const ACTIONS: [&str; 3] = ["cos:GetObject", "cos:PutObject", "cos:*"];
const PATHS: [&str; 7] = ["*", "a*", "*a", "a", "ab", "a*b", "*b*"];

/// All keys of up to four letters of three, of which one is named by no pattern.
fn keys() -> Vec<String> {
    let mut words = vec![String::new()];
    let mut all = Vec::new();
    for _ in 0..4 {
        words = words
            .iter()
            .flat_map(|word| ['a', 'b', 'x'].map(|letter| format!("{word}{letter}")))
            .collect();
        all.extend(words.iter().cloned());
    }
    all
}

fn request(action: &str, key: &str) -> Witness {
    Witness {
        action: action.to_owned(),
        statement: None,
        subject: Subject::Object(
            Place {
                region: "r-1".to_owned(),
                app_id: 125,
                bucket: "b-125".to_owned(),
            },
            key.to_owned(),
        ),
        who: Who::Account {
            owner_uin: 900,
            uin: 901,
        },
        facts: Vec::new(),
    }
}

/// What a policy allows, as bits over the requests of the small scope.
fn allowed(policy: &Policy, requests: &[Witness]) -> Vec<bool> {
    requests
        .iter()
        .map(|request| request.is_allowed_by(policy))
        .collect()
}

/// All policies of one or two statements over the actions and paths, with what each allows.
fn small_policies(actions: &[&str], paths: &[&str], requests: &[Witness]) -> Vec<(Policy, Vec<bool>)> {
    let of = |effect, action| paths.iter().map(move |path| statement(effect, action, path, ""));
    let of_effect = |effect| actions.iter().flat_map(move |action| of(effect, action));
    let statements: Vec<String> = ["allow", "deny"].into_iter().flat_map(of_effect).collect();
    let pairs = statements.iter().enumerate().flat_map(|(index, one)| {
        let others = statements.iter().skip(index + 1);
        others.map(move |other| format!("{one},{other}"))
    });
    let texts = statements.iter().cloned().chain(pairs);
    texts
        .map(|text| policy(&text))
        .map(|policy| {
            let allowed = allowed(&policy, requests);
            (policy, allowed)
        })
        .collect()
}

/// Compares pairs of small policies with what the evaluator says to each request, and answers how many there were.
fn check_small(actions: &[&str], paths: &[&str], step: usize) -> usize {
    let keys = keys();
    let asked = ["cos:GetObject", "cos:PutObject", "cos:HeadObject"];
    let requests: Vec<Witness> = asked
        .iter()
        .flat_map(|action| keys.iter().map(|key| request(action, key)))
        .collect();
    let policies = small_policies(actions, paths, &requests);
    let pairs = (0..policies.len() * policies.len()).step_by(step);
    let count = pairs.len();
    for pair in pairs {
        let (wide, narrow) = (&policies[pair / policies.len()], &policies[pair % policies.len()]);
        let is_contained = narrow
            .1
            .iter()
            .zip(&wide.1)
            .all(|(narrow, wide)| !narrow || *wide);
        let expected = if is_contained { "contained" } else { "not" };
        assert_eq!(word(&wide.0, &narrow.0), expected, "{} {}", wide.0, narrow.0);
    }
    count
}

#[test]
fn all_small_policies_agree_with_the_evaluator() {
    let count = check_small(&["cos:GetObject", "cos:*"], &["a*", "*a", "a*b", "*b*"], 1);
    assert_eq!(count, 136 * 136);
}

#[test]
fn a_share_of_larger_ones_agrees_as_well() {
    // The step has no divisor in common with the number of policies.
    let count = check_small(&ACTIONS, &PATHS, 97);
    assert_eq!(count, (903 * 903_usize).div_ceil(97));
}

fn any_statement() -> impl Strategy<Value = String> {
    let condition = select(vec![
        "",
        "",
        "",
        r#""string_equal":{"cos:content-type":"a"}"#,
        r#""string_like_if_exist":{"cos:content-type":["a*","b"]}"#,
        r#""string_not_equal":{"cos:content-type":"a"}"#,
        r#""numeric_less_than_equal":{"cos:content-length":5}"#,
        r#""numeric_greater_than_if_exist":{"cos:content-length":5}"#,
        r#""bool_equal":{"cos:secure-transport":"true"}"#,
        r#""null_equal":{"cos:content-type":"true"}"#,
    ]);
    let effect = select(vec!["allow", "allow", "deny"]);
    (effect, select(&ACTIONS[..]), "[ab*]{0,5}", condition)
        .prop_map(|(effect, action, path, condition)| statement(effect, action, &path, condition))
}

fn any_policy() -> impl Strategy<Value = Policy> {
    prop::collection::vec(any_statement(), 1..5).prop_map(|statements| policy(&statements.join(",")))
}

fn any_facts() -> impl Strategy<Value = Vec<(ConditionKey, Fact)>> {
    let text = |values: &'static [&'static str]| {
        prop::option::of(select(values).prop_map(|text| Fact::Text(text.to_owned())))
    };
    let kind = text(&["a", "ab", "b", "c", ""]);
    let length = text(&["5", "6", "none"]);
    (kind, length, any::<bool>()).prop_map(|(kind, length, secure)| {
        let kind = kind.map(|fact| (ConditionKey::ContentType, fact));
        let length = length.map(|fact| (ConditionKey::ContentLength, fact));
        let secure = (ConditionKey::SecureTransport, Fact::Bool(secure));
        kind.into_iter().chain(length).chain([secure]).collect()
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn no_request_contradicts_what_is_contained(
        wide in any_policy(),
        narrow in any_policy(),
        requests in prop::collection::vec(("cos:(Get|Put)Object", "[abx]{1,5}", any_facts()), 60),
    ) {
        if word(&wide, &narrow) == "contained" {
            for (action, key, facts) in requests {
                let request = Witness { facts, ..request(&action, &key) };
                prop_assert!(!request.is_allowed_by(&narrow) || request.is_allowed_by(&wide), "{request}: {wide} {narrow}");
            }
        }
    }

    #[test]
    fn without_conditions_there_is_always_an_answer(wide in "([ab*]{0,4},){1,4}", narrow in "([ab*]{0,4},){1,4}", denied in "[ab*]{1,4}") {
        let all = |paths: &str| -> Vec<String> {
            paths.trim_end_matches(',').split(',').map(|path| allow("cos:GetObject", path)).collect()
        };
        let narrow = [all(&narrow), vec![deny("cos:*", &denied)]].concat();
        let answer = answer(&all(&wide), &narrow);
        prop_assert!(answer == "contained" || answer == "not");
    }

    #[test]
    fn every_policy_contains_itself_and_more_denies_contain_less(one in any_policy(), deny in any_statement()) {
        prop_assert_eq!(word(&one, &one), "contained");
        let less = parse(&one.to_string().replace(r#""statement":["#, &format!(r#""statement":[{},"#, deny.replace("allow", "deny"))), DocumentKind::Identity, &OWNER).unwrap();
        prop_assert_eq!(word(&one, &less), "contained");
    }
}
