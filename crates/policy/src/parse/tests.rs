//! What documents of each kind may and may not say.

use super::*;
use crate::json::MAX_RAW_BYTES;

const OWNER: OwnerAccount = OwnerAccount {
    app_id: 1250000000,
    owner_uin: 100000000001,
};

use DocumentKind::{Bucket, Identity, Session, Trust};
use PolicyErrorKind as Kind;

fn check(text: &str, kind: DocumentKind, expected: Result<(), PolicyErrorKind>) {
    let result = parse(text, kind, &OWNER);
    assert_eq!(
        result.as_ref().map(|_| ()).map_err(|error| error.kind),
        expected,
        "{kind:?} {text}"
    );
    if let Ok(policy) = result {
        let printed = policy.to_string();
        assert_eq!(parse(&printed, kind, &OWNER), Ok(policy), "{printed}");
    }
}

fn document(statement: &str) -> String {
    format!(r#"{{"version":"2.0","statement":[{statement}]}}"#)
}

/// Checks a statement that is complete for an identity policy but for this text.
fn check_statement(text: &str, kind: DocumentKind, expected: Result<(), PolicyErrorKind>) {
    let statement = format!(r#"{{"effect":"allow","action":"cos:GetObject","resource":"*"{text}}}"#);
    check(&document(&statement), kind, expected);
}

fn check_trust(principal: &str, expected: Result<(), PolicyErrorKind>) {
    let statement = format!(r#"{{"effect":"allow","action":"name/sts:AssumeRole","principal":{principal}}}"#);
    check(&document(&statement), Trust, expected);
}

#[test]
fn the_document_around_the_statements() {
    let statement = r#"{"effect":"allow","action":"*","resource":"*"}"#;
    let check_all = |text: &str, expected| {
        check(text, Identity, expected);
        check(text, Session, expected);
    };
    check_all(&document(statement), Ok(()));
    check_all(&format!(r#"{{"Version":"2.0","Statement":{statement}}}"#), Ok(()));
    check_all(
        &format!(r#"{{"version":"2.0","Statement":[{statement},{statement}]}}"#),
        Ok(()),
    );
    for version in ["\"2\"", "\"1.0\"", "2.0", "null", "\"2.0 \""] {
        check_all(
            &format!(r#"{{"version":{version},"statement":[{statement}]}}"#),
            Err(Kind::Version),
        );
    }
    check(&format!(r#"{{"statement":[{statement}]}}"#), Session, Ok(()));
    check(
        &format!(r#"{{"statement":[{statement}]}}"#),
        Identity,
        Err(Kind::Version),
    );
    for statements in ["[]", "null", "\"\"", "[[]]", "[1]", "[null]"] {
        check_all(
            &format!(r#"{{"version":"2.0","statement":{statements}}}"#),
            Err(Kind::Statement),
        );
    }
    check_all(r#"{"version":"2.0"}"#, Err(Kind::Statement));
    check_all(
        &format!(r#"{{"version":"2.0","statement":[{statement}],"Id":"x"}}"#),
        Err(Kind::UnknownElement),
    );
    check_all(
        &format!(r#"{{"VERSION":"2.0","version":"2.0","statement":[{statement}]}}"#),
        Err(Kind::UnknownElement),
    );
    check_all(
        &format!(r#"{{"version":"2.0","Version":"2.0","statement":[{statement}]}}"#),
        Err(Kind::DuplicateElement),
    );
    for text in ["[]", "\"*\"", "null", "1"] {
        check_all(text, Err(Kind::NotAnObject));
    }
    for text in ["", "undefined", "{", "// all\n{}", "{}{}"] {
        check_all(text, Err(Kind::NotJson));
    }
}

#[test]
fn t12_spellings_of_statements() {
    check(
        &document(r#"{"Effect":"Allow","Action":["name/cos:*"],"Resource":["*"],"Sid":"a"}"#),
        Identity,
        Ok(()),
    );
    check(
        &document(r#"{"effect":"DENY","action":"cos:*","resource":"*","sid":""}"#),
        Identity,
        Ok(()),
    );
    check_statement(r#","Effect":"allow""#, Identity, Err(Kind::DuplicateElement));
    check_statement(r#","effect":"deny""#, Identity, Err(Kind::DuplicateElement));
    check_statement(r#","ACTION":"x""#, Identity, Err(Kind::Statement));
    for name in [
        "notAction",
        "notResource",
        "notPrincipal",
        "NotAction",
        "actions",
        "comment",
        "",
    ] {
        check_statement(&format!(r#","{name}":"x""#), Identity, Err(Kind::Statement));
    }
    check_statement(r#","sid":5"#, Identity, Err(Kind::Statement));
    check_statement(r#","condition":{}"#, Identity, Ok(()));
    check_statement(r#","condition":null"#, Identity, Err(Kind::Condition));
    check_statement(
        r#","condition":{"string_equal":{"cos:prefix":"a"}}"#,
        Identity,
        Ok(()),
    );
}

#[test]
fn effect_and_action() {
    let check = |effect: &str, action: &str, expected| {
        let text = document(&format!(r#"{{{effect}{action}"resource":"*"}}"#));
        check(&text, Identity, expected);
    };
    let (effect, action) = (r#""effect":"allow","#, r#""action":"*","#);
    check(effect, action, Ok(()));
    check("", action, Err(Kind::Effect));
    check(r#""effect":"permit","#, action, Err(Kind::Effect));
    check(r#""effect":["allow"],"#, action, Err(Kind::Effect));
    check(effect, "", Err(Kind::ActionMissing));
    check(effect, r#""action":[],"#, Err(Kind::ActionMissing));
    check(effect, r#""action":null,"#, Err(Kind::Action));
    check(effect, r#""action":[1],"#, Err(Kind::Action));
    check(
        effect,
        r#""action":["cos:GetObject","permid/280655"],"#,
        Err(Kind::Action),
    );
    check(effect, r#""action":["cvm:*"],"#, Err(Kind::ActionService));
    check(effect, r#""action":["cos:SomethingNew"],"#, Ok(()));
}

#[test]
fn t16_resources_are_never_empty() {
    let check = |resource: &str, kind, expected| {
        check(
            &document(&format!(r#"{{"effect":"allow","action":"*"{resource}}}"#)),
            kind,
            expected,
        );
    };
    for kind in [Identity, Session] {
        check(r#","resource":"*""#, kind, Ok(()));
        check(r#","resource":["*"]"#, kind, Ok(()));
        check("", kind, Err(Kind::ResourceMissing));
        check(r#","resource":[]"#, kind, Err(Kind::ResourceMissing));
        check(r#","resource":"""#, kind, Err(Kind::ResourceSyntax));
        check(r#","resource":[""]"#, kind, Err(Kind::ResourceSyntax));
        check(r#","resource":null"#, kind, Err(Kind::ResourceSyntax));
        check(r#","resource":{}"#, kind, Err(Kind::ResourceSyntax));
    }
}

#[test]
fn other_accounts_resources() {
    let check = |resource: &str, kind, expected| {
        check(
            &document(&format!(
                r#"{{"effect":"allow","action":"*","principal":"*","resource":"{resource}"}}"#
            )),
            kind,
            expected,
        );
    };
    let foreign = "qcs::cos:ap-guangzhou:uid/1250000001:b-1250000001/*";
    check(foreign, Session, Err(Kind::ForeignResource));
    check(foreign, Bucket, Err(Kind::ForeignResource));
    check(
        "qcs::cam::uin/100000000002:uin/*",
        Session,
        Err(Kind::ForeignResource),
    );
    check(
        "qcs::cos:ap-guangzhou:uid/1250000000:b-1250000000/*",
        Session,
        Ok(()),
    );
    check("qcs::cos:ap-guangzhou::b-1250000000/*", Session, Ok(()));
    check("*", Session, Ok(()));
    let identity = document(&format!(
        r#"{{"effect":"allow","action":"*","resource":"{foreign}"}}"#
    ));
    self::check(&identity, Identity, Ok(()));
}

#[test]
fn t3_principals_in_identity_and_session_policies() {
    let everybody = [
        "\"*\"",
        r#"{"qcs":"*"}"#,
        r#"{"qcs":["*"]}"#,
        r#"{"qcs":["qcs::cam::anyone:anyone"]}"#,
    ];
    for principal in everybody {
        let element = format!(r#","principal":{principal}"#);
        check_statement(&element, Session, Ok(()));
        check_statement(&element, Identity, Err(Kind::PrincipalForbidden));
        check_statement(&element, Bucket, Ok(()));
    }
    for principal in [
        r#"{"qcs":["qcs::cam::uin/100000000001:root"]}"#,
        r#"{"qcs":["qcs::cam::anonymous:anonymous"]}"#,
        r#"{"qcs":["*","qcs::cam::uin/1:uin/2"]}"#,
        r#"{"service":["a.b"]}"#,
    ] {
        check_statement(
            &format!(r#","principal":{principal}"#),
            Session,
            Err(Kind::PrincipalForbidden),
        );
    }
    let kept =
        r#"{"version":"2.0","principal":"*","statement":{"effect":"allow","action":"*","resource":"*"}}"#;
    check(kept, Session, Ok(()));
    check(kept, Identity, Err(Kind::PrincipalForbidden));
    let policy = parse(kept, Session, &OWNER).unwrap();
    assert_eq!(policy.statements()[0].principals(), None);
}

#[test]
fn principals_of_bucket_policies() {
    let root = r#"{"qcs":["qcs::cam::uin/100000000001:root"],"service":"cls.cloud.tencent.com"}"#;
    check_statement(&format!(r#","principal":{root}"#), Bucket, Ok(()));
    check_statement("", Bucket, Err(Kind::PrincipalMissing));
    for empty in ["{}", r#"{"qcs":[]}"#] {
        check_statement(
            &format!(r#","principal":{empty}"#),
            Bucket,
            Err(Kind::PrincipalMissing),
        );
    }
    for wrong in [
        "[]",
        "null",
        "\"x\"",
        r#"{"qcs":[1]}"#,
        r#"{"federated":["x"]}"#,
        r#"{"QCS":["*"]}"#,
        r#"{"Qcs":["*"]}"#,
    ] {
        check_statement(&format!(r#","principal":{wrong}"#), Bucket, Err(Kind::Principal));
    }
    check_statement(
        r#","principal":{"qcs":["qcs::cam::uin/1:groupid/5"]}"#,
        Bucket,
        Err(Kind::PrincipalQcs),
    );
    check_statement(r#","principal":{"service":["*"]}"#, Bucket, Err(Kind::Principal));
    let shared = |inner: &str| {
        format!(
            r#"{{"Version":"2.0","Principal":{root},"Statement":[{{"Effect":"Deny","Action":"*","Resource":"*"{inner}}}]}}"#
        )
    };
    check(&shared(""), Bucket, Ok(()));
    check(
        &shared(r#","principal":"*""#),
        Bucket,
        Err(Kind::DuplicateElement),
    );
}

#[test]
fn trust_policies() {
    check_trust(r#"{"qcs":["qcs::cam::uin/12345678:root"]}"#, Ok(()));
    check_trust(
        r#"{"qcs":"qcs::cam::uin/1:uin/2","service":["cls.cloud.tencent.com"],"federated":"qcs::cam::uin/1:saml-provider/x"}"#,
        Ok(()),
    );
    check_trust(r#"{"federated":["qcs::cam::uin/1:oidc-provider/x"]}"#, Ok(()));
    check_trust("\"*\"", Err(Kind::PrincipalQcs));
    check_trust(r#"{"qcs":["*"]}"#, Err(Kind::PrincipalQcs));
    check_trust(r#"{"federated":["x"]}"#, Err(Kind::PrincipalQcs));
    check_trust(r#"{"user":["x"]}"#, Err(Kind::Principal));
    let with_resource = r#"{"effect":"allow","action":"sts:AssumeRole","resource":"*","principal":{"qcs":"qcs::cam::uin/1:root"}}"#;
    check(&document(with_resource), Trust, Err(Kind::ResourceForbidden));
    check(
        &document(r#"{"effect":"allow","action":"sts:AssumeRole"}"#),
        Trust,
        Err(Kind::PrincipalMissing),
    );
}

#[test]
fn errors_say_where() {
    let good = r#"{"effect":"allow","action":"*","resource":"*"}"#;
    let text = document(&format!(
        r#"{good},{good},{{"effect":"allow","action":"cos:","resource":"*"}}"#
    ));
    let error = parse(&text, Identity, &OWNER).unwrap_err();
    assert_eq!(error.to_string(), "statement 2: malformed action: `cos:`");
}

/// A document of exactly this many characters, by way of a long `sid`.
fn document_of(length: usize, filler: &str) -> String {
    let document = |sid: &str| {
        document(&format!(
            r#"{{"sid":"{sid}","effect":"allow","action":"*","resource":"*","principal":"*"}}"#
        ))
    };
    let empty = document("").len();
    document(&filler.repeat((length - empty) / filler.len()))
}

#[test]
fn length_at_the_bound() {
    check(&document_of(6144, "x"), Session, Ok(()));
    check(&document_of(6145, "x"), Session, Err(Kind::TooLong));
    let spaced = document_of(6144, "x").replace(',', " ,\n");
    check(&spaced, Session, Ok(()));
    check(&document_of(20 * 1024, "x"), Bucket, Ok(()));
    check(&document_of(20 * 1024 + 1, "x"), Bucket, Err(Kind::TooLong));
    // Characters are counted where the limit is in characters, bytes where it is in bytes.
    check(&document_of(9000, "\u{6587}"), Session, Ok(()));
    check(&document_of(24 * 1024, "\u{6587}"), Bucket, Err(Kind::TooLong));
    check(&" ".repeat(MAX_RAW_BYTES + 1), Session, Err(Kind::TooLong));
}

#[test]
fn counts_at_the_bound() {
    let statement = r#"{"effect":"deny","action":"*","resource":"*"}"#;
    let statements = |count: usize| {
        format!(
            r#"{{"version":"2.0","principal":"*","statement":[{}]}}"#,
            vec![statement; count].join(",")
        )
    };
    let policy = parse(&statements(MAX_STATEMENTS), Bucket, &OWNER).unwrap();
    assert_eq!(policy.statements().len(), MAX_STATEMENTS);
    check(&statements(MAX_STATEMENTS + 1), Bucket, Err(Kind::TooMany));
    check(&statements(10_000), Bucket, Err(Kind::TooLong));
    let list = |count: usize| vec!["\"*\""; count].join(",");
    let actions = |count| {
        document(&format!(
            r#"{{"effect":"deny","action":[{}],"resource":"*"}}"#,
            list(count)
        ))
    };
    check(&actions(MAX_LIST), Identity, Ok(()));
    check(&actions(MAX_LIST + 1), Identity, Err(Kind::TooMany));
    let resources = |count| {
        document(&format!(
            r#"{{"effect":"deny","action":"*","resource":[{}]}}"#,
            list(count)
        ))
    };
    check(&resources(MAX_LIST), Identity, Ok(()));
    check(&resources(MAX_LIST + 1), Identity, Err(Kind::TooMany));
    let principals = |count| {
        document(&format!(
            r#"{{"effect":"deny","action":"*","resource":"*","principal":{{"qcs":[{}]}}}}"#,
            list(count)
        ))
    };
    check(&principals(MAX_LIST), Bucket, Ok(()));
    check(&principals(MAX_LIST + 1), Bucket, Err(Kind::TooMany));
}

#[test]
fn hostile_documents() {
    let deep = |depth: usize| format!("{}{}", "{\"a\":".repeat(depth), "}".repeat(depth));
    check(&deep(17), Identity, Err(Kind::TooDeep));
    check(&deep(1000), Identity, Err(Kind::TooDeep));
    check(&"[".repeat(100_000), Bucket, Err(Kind::TooLong));
    check("\u{0}{}", Identity, Err(Kind::NotJson));
    check_statement(
        r#","condition":{"numeric_equal":{"cos:content-length":1e999}}"#,
        Identity,
        Err(Kind::NotJson),
    );
    check_statement(
        r#","condition":{"numeric_equal":{"cos:content-length":1e99}}"#,
        Identity,
        Err(Kind::ConditionValue),
    );
    check_statement(
        r#","condition":{"numeric_equal":{"cos:content-length":99999999999999999999999999999}}"#,
        Identity,
        Err(Kind::ConditionValue),
    );
    check_statement(r#","sid":"\u0000\ud83d\ude00""#, Identity, Ok(()));
    check_statement(r#","sid":"\ud800""#, Identity, Err(Kind::NotJson));
    let nul = r#"{"effect":"allow","action":"cos:\u0000","resource":"*"}"#;
    check(&document(nul), Identity, Err(Kind::Action));
    let nul = r#"{"effect":"allow","action":"*","resource":"qcs::cos:::b-1250000000/\u0000"}"#;
    check(&document(nul), Identity, Ok(()));
    let repeated = r#"{"effect":"deny","effect":"allow","action":"*","resource":"*"}"#;
    check(&document(repeated), Identity, Err(Kind::DuplicateElement));
}
