//! Laws that hold for every policy: what a deny does, what order and printing do not do, what never happens.

#![cfg(test)]

use daypass_policy::{
    Context, CosTarget, DocumentKind, MAX_RAW_BYTES, OwnerAccount, Policy, Principal, QueryText, Request,
    Resource, Standing, Tag, Verdict, parse,
};
use proptest::prelude::*;
use proptest::sample::{select, subsequence};

const OWNER: OwnerAccount = OwnerAccount {
    app_id: 125,
    owner_uin: 900,
};

const ACTIONS: [&str; 6] = [
    "cos:GetObject",
    "name/cos:Get*",
    "cos:Put*",
    "*",
    "cos:GetBucket",
    "cam:*",
];

const RESOURCES: [&str; 9] = [
    "*",
    "qcs::cos:::*",
    "qcs::cos:r-1:uid/125:b-125/*",
    "qcs::cos:r-*::b-125/a*",
    "qcs::cos::uid/125:prefix//125/b/a/*",
    "qcs::cos:::b-125/",
    "qcs::cos:::b*/a",
    "qcs::*:::*",
    "qcs::cam:::uin/${uin}",
];

const PRINCIPALS: [&str; 6] = [
    r#""*""#,
    r#"{"qcs":["qcs::cam::uin/900:root"]}"#,
    r#"{"qcs":["qcs::cam::uin/900:uin/901","qcs::cam::anonymous:anonymous"]}"#,
    r#"{"qcs":"qcs::cam::uin/900:uin/*","service":["a.b"]}"#,
    r#"{"qcs":["qcs::cam::uin/900:role/5","qcs::cam::uin/900:roleName/dev"]}"#,
    r#"{"qcs":"qcs::cam::anyone:anyone"}"#,
];

const CONDITIONS: [&str; 10] = [
    r#""string_equal":{"cos:prefix":"a%2F"}"#,
    r#""string_like_if_exist":{"cos:prefix":["a*","${uin}"]}"#,
    r#""string_not_equal":{"cos:content-type":["a","b"]}"#,
    r#""numeric_less_than_equal":{"cos:content-length":5}"#,
    r#""numeric_not_equal_if_exist":{"cos:content-length":"5.0"}"#,
    r#""ip_not_equal":{"qcs:ip":["10.0.0.0/8","::1"]}"#,
    r#""bool_equal":{"cos:secure-transport":true}"#,
    r#""null_equal":{"cos:content-type":"true","qcs:ip":false}"#,
    r#""for_all_value:string_equal":{"qcs:request_tag":["a&b","c&d"],"qcs:tag/a ":"b"}"#,
    r#""date_greater_than":{"qcs:current_time":"2023-11-14 22:13:20"}"#,
];

/// The text of a statement.
fn statement(kind: DocumentKind, effects: &'static [&'static str]) -> impl Strategy<Value = String> {
    let parts = (
        select(effects),
        subsequence(&ACTIONS[..], 1..=2),
        subsequence(&RESOURCES[..], 1..=2),
        select(&PRINCIPALS[..]),
        subsequence(&CONDITIONS[..], 0..=2),
    );
    parts.prop_map(move |(effect, actions, resources, principal, conditions)| {
        let principal = match kind {
            DocumentKind::Identity | DocumentKind::Session => String::new(),
            DocumentKind::Bucket | DocumentKind::Trust => format!(r#""principal":{principal},"#),
        };
        let condition = format!(r#""condition":{{{}}}"#, conditions.join(","));
        format!(
            r#"{{{principal}"effect":"{effect}","action":{actions:?},"resource":{resources:?},{condition}}}"#
        )
    })
}

fn policy(kind: DocumentKind, statements: &[String]) -> Policy {
    let text = format!(r#"{{"version":"2.0","statement":[{}]}}"#, statements.join(","));
    parse(&text, kind, &OWNER).unwrap_or_else(|error| panic!("{text}: {error}"))
}

fn kind() -> impl Strategy<Value = DocumentKind> {
    select(vec![
        DocumentKind::Identity,
        DocumentKind::Session,
        DocumentKind::Bucket,
    ])
}

fn document() -> impl Strategy<Value = (DocumentKind, Vec<String>)> {
    kind().prop_flat_map(|kind| {
        (
            Just(kind),
            prop::collection::vec(statement(kind, &["allow", "Deny"]), 1..5),
        )
    })
}

/// The parts of a request, picked by number so that they shrink.
#[derive(Debug, Clone)]
struct Asked {
    action: &'static str,
    resource: Resource<'static>,
    principal: Principal<'static>,
    context: Context<'static>,
}

fn asked() -> impl Strategy<Value = Asked> {
    let cos = |app_id, target| Resource::Cos {
        region: "r-1",
        app_id,
        bucket: "b-125",
        target,
    };
    let resources = vec![
        Resource::Operation,
        cos(125, CosTarget::Bucket),
        cos(125, CosTarget::Object { key: "a" }),
        cos(125, CosTarget::Object { key: "a/b" }),
        cos(125, CosTarget::Object { key: "c" }),
        cos(125, CosTarget::Listing { prefix: "a/" }),
        cos(126, CosTarget::Object { key: "a" }),
        Resource::Cam {
            owner_uin: 900,
            path: "uin/901",
        },
        Resource::Role {
            owner_uin: 900,
            id: "5",
            name: "dev",
        },
    ];
    let principals = vec![
        Principal::Anonymous,
        Principal::Account {
            owner_uin: 900,
            uin: 900,
        },
        Principal::Account {
            owner_uin: 900,
            uin: 901,
        },
        Principal::Account {
            owner_uin: 800,
            uin: 801,
        },
        Principal::Role {
            owner_uin: 900,
            id: "5",
            name: "dev",
            caller_uin: None,
        },
        Principal::Service("a.b"),
    ];
    const TAGS: &[Tag<'static>] = &[Tag { key: "a", value: "b" }, Tag { key: "e", value: "f" }];
    let context = (
        select(vec![None, Some("a%2F"), Some("901"), Some("zz")]),
        select(vec![None, Some("a"), Some("x")]),
        select(vec![None, Some("5"), Some("6"), Some("x")]),
        select(vec![None, Some("10.1.1.1"), Some("8.8.8.8")]),
        (
            any::<Option<bool>>(),
            select(vec![None, Some(1_700_000_000), Some(1_800_000_000)]),
            0..=2_usize,
        ),
    )
        .prop_map(
            |(prefix, content_type, content_length, ip, (secure_transport, current_time, tags))| Context {
                prefix: prefix.map(|raw| QueryText {
                    raw,
                    decoded: if raw == "a%2F" { "a/" } else { raw },
                }),
                content_type,
                content_length,
                ip: ip.and_then(|ip| ip.parse().ok()),
                secure_transport,
                current_time,
                request_tags: &TAGS[..tags],
                resource_tags: &TAGS[..tags],
                ..Context::default()
            },
        );
    let action = select(vec![
        "cos:GetObject",
        "cos:PutObject",
        "cos:GetBucket",
        "cam:GetUser",
        "unheard-of",
    ]);
    (action, select(resources), select(principals), context).prop_map(
        |(action, resource, principal, context)| Asked {
            action,
            resource,
            principal,
            context,
        },
    )
}

fn evaluate<'p>(policy: &'p Policy, asked: &Asked) -> Verdict<'p> {
    let Asked {
        action,
        resource,
        principal,
        ref context,
    } = *asked;
    policy.evaluate(&Request {
        action,
        resource,
        principal,
        context,
    })
}

/// What decides: how closely the strongest deny and allow name the caller.
fn standings(verdict: &Verdict<'_>) -> [Option<Standing>; 2] {
    [
        verdict.deny.map(|found| found.standing),
        verdict.allow.map(|found| found.standing),
    ]
}

/// Of two findings the one that is worth more.
fn stronger<W: Ord>(
    one: Option<Standing>,
    other: Option<Standing>,
    worth: fn(Standing) -> W,
) -> Option<Standing> {
    one.into_iter()
        .chain(other)
        .max_by_key(|standing| worth(*standing))
}

/// What an allow is worth: a grant to everyone needs nothing else, while one to the account needs the caller's own
/// policies.
fn grants(standing: Standing) -> (bool, Standing) {
    (standing != Standing::Account, standing)
}

fn allows(verdict: &Verdict<'_>) -> bool {
    verdict.deny.is_none() && verdict.allow.is_some()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1024))]

    #[test]
    fn a_deny_never_allows_more(
        (kind, statements, deny) in document().prop_flat_map(|(kind, statements)| {
            (Just(kind), Just(statements), statement(kind, &["deny"]))
        }),
        asked in asked(),
    ) {
        let before = policy(kind, &statements);
        let after = policy(kind, &[statements, vec![deny]].concat());
        let (before, after) = (evaluate(&before, &asked), evaluate(&after, &asked));
        prop_assert!(allows(&before) || !allows(&after));
        prop_assert_eq!(before.allow, after.allow);
    }

    #[test]
    fn an_allow_never_lifts_a_deny(
        (kind, statements, allow) in document().prop_flat_map(|(kind, statements)| {
            (Just(kind), Just(statements), statement(kind, &["allow"]))
        }),
        asked in asked(),
    ) {
        let before = policy(kind, &statements);
        let after = policy(kind, &[statements, vec![allow]].concat());
        prop_assert_eq!(evaluate(&before, &asked).deny, evaluate(&after, &asked).deny);
    }

    #[test]
    fn order_has_no_meaning(
        (kind, statements, shuffled) in document().prop_flat_map(|(kind, statements)| {
            (Just(kind), Just(statements.clone()), Just(statements).prop_shuffle())
        }),
        asked in asked(),
    ) {
        let (one, other) = (policy(kind, &statements), policy(kind, &shuffled));
        prop_assert_eq!(standings(&evaluate(&one, &asked)), standings(&evaluate(&other, &asked)));
    }

    #[test]
    fn each_statement_decides_alone((kind, statements) in document(), asked in asked()) {
        let whole = policy(kind, &statements);
        let mut expected = [None, None];
        for statement in &statements {
            let alone = policy(kind, std::slice::from_ref(statement));
            let alone = standings(&evaluate(&alone, &asked));
            expected = [
                stronger(expected[0], alone[0], |standing| standing),
                stronger(expected[1], alone[1], grants),
            ];
        }
        prop_assert_eq!(standings(&evaluate(&whole, &asked)), expected);
    }

    #[test]
    fn printing_and_reading_change_nothing((kind, statements) in document()) {
        let policy = policy(kind, &statements);
        let printed = policy.to_string();
        let again = parse(&printed, kind, &OWNER);
        prop_assert_eq!(again.as_ref(), Ok(&policy), "{}", printed);
        prop_assert_eq!(again.map(|policy| policy.to_string()), Ok(printed));
    }

    #[test]
    fn no_text_makes_it_panic(text in ".{0,200}", kind in kind()) {
        let _ = parse(&text, kind, &OWNER);
    }

    #[test]
    fn no_mutilated_document_makes_it_panic(
        (kind, statements) in document(),
        at in any::<prop::sample::Index>(),
        junk in "[\\[\\]{}\":,\\\\*/%$0-9a-z\u{0}\u{e9}]{0,3}",
    ) {
        let mut text: Vec<char> = policy(kind, &statements).to_string().chars().collect();
        let at = at.index(text.len());
        text.splice(at..text.len().min(at + 2), junk.chars());
        let text: String = text.into_iter().collect();
        if let Ok(policy) = parse(&text, kind, &OWNER) {
            prop_assert_eq!(parse(&policy.to_string(), kind, &OWNER), Ok(policy));
        }
    }
}

fn get(resource: Resource<'_>, policy: &Policy) -> bool {
    let context = Context::default();
    let principal = Principal::Account {
        owner_uin: 900,
        uin: 901,
    };
    allows(&policy.evaluate(&Request {
        action: "cos:GetObject",
        resource,
        principal,
        context: &context,
    }))
}

#[test]
fn a_changed_policy_changes_the_decision() {
    let object = |key| Resource::Cos {
        region: "r",
        app_id: 125,
        bucket: "b-125",
        target: CosTarget::Object { key },
    };
    let check = |effect: &str, action: &str, path: &str, expected: bool| {
        let statement =
            format!(r#"{{"effect":"{effect}","action":"{action}","resource":"qcs::cos:::{path}"}}"#);
        assert_eq!(
            get(object("doc/a"), &policy(DocumentKind::Identity, &[statement])),
            expected
        );
    };
    check("allow", "cos:GetObject", "b-125/doc/*", true);
    check("deny", "cos:GetObject", "b-125/doc/*", false);
    check("allow", "cos:PutObject", "b-125/doc/*", false);
    check("allow", "cos:GetObject", "b-125/dog/*", false);
    check("allow", "cos:GetObject", "c-125/doc/*", false);
}

#[test]
fn matching_a_hostile_policy_is_quick() {
    // The worst that fits: many stars, or many patterns, on the longest texts a request can carry.
    let key = "a".repeat(850);
    let object = Resource::Cos {
        region: "r",
        app_id: 125,
        bucket: "b-125",
        target: CosTarget::Object { key: &key },
    };
    let stars = format!(
        r#"{{"effect":"allow","action":"*","resource":"qcs::cos:::b-125/{}b"}}"#,
        "*a".repeat(2900)
    );
    assert!(!get(object, &policy(DocumentKind::Identity, &[stars])));
    let patterns = vec![r#""qcs::cos:::b*b""#; 330].join(",");
    let many = format!(r#"{{"effect":"allow","action":"*","resource":[{patterns}]}}"#);
    assert!(!get(object, &policy(DocumentKind::Identity, &[many])));
    let long = "a".repeat(MAX_RAW_BYTES);
    let longer = Resource::Cos {
        region: "r",
        app_id: 125,
        bucket: "b-125",
        target: CosTarget::Object { key: &long },
    };
    let inside = r#"{"effect":"allow","action":"*","resource":"qcs::cos:::b-125/*aaab*"}"#.to_owned();
    assert!(!get(longer, &policy(DocumentKind::Identity, &[inside])));
}
