//! What an explanation proposes is put to the engine: with it a refused request is allowed, and where none is proposed
//! nothing would help.

#![expect(
    clippy::indexing_slicing,
    clippy::unwrap_used,
    reason = "a test may fail by panicking"
)]

use std::net::IpAddr;
use std::sync::Arc;

use daypass_access::{
    BucketFacts, Caller, Environment, Facts, Identity, Layers, Origin, Principal, Question, StoredPolicy,
};
use daypass_api::Timestamp;
use daypass_api::acl::Acl;
use daypass_api::attributes::Attributes;
use daypass_api::names::{AccessKeyId, Account, AppId, BucketName, ObjectKey, Region, RoleId, RoleName, Uin};
use daypass_api::requirement::{Access, Need, Requirement, Requirements, Resource, Values};
use daypass_explain::{Explanation, Mend, Reasons, Verdict, in_words, reasons};
use daypass_policy::{DocumentKind, OwnerAccount, parse};
use proptest::prelude::*;
use serde_json::{Value, json};

const OWN: Account = Account {
    app_id: AppId(1_250_000_000),
    owner_uin: Uin(900),
};
const FOREIGN: Account = Account {
    app_id: AppId(1_250_000_008),
    owner_uin: Uin(800),
};

/// One request and the documents it is judged by, as texts: `Value::Null` where there is none.
#[derive(Clone, Debug)]
struct Case {
    who: Option<u8>,
    foreign_bucket: bool,
    action: &'static str,
    key: &'static str,
    identity: Vec<Value>,
    boundary: Value,
    sessions: Vec<Value>,
    bucket_policy: Value,
}

impl Case {
    fn owner(&self) -> Account {
        if self.foreign_bucket { FOREIGN } else { OWN }
    }

    fn bucket(&self) -> BucketName {
        BucketName::parse(&format!("b-{}", self.owner().app_id.0)).unwrap()
    }

    fn caller(&self) -> Caller {
        let Some(who) = self.who else {
            return Caller::Anonymous;
        };
        Caller::Identified(Identity {
            account: OWN,
            principal: match who {
                0 => Principal::User(OWN.owner_uin),
                1 => Principal::User(Uin(901)),
                _ => Principal::Role {
                    id: RoleId(46),
                    name: RoleName::parse("dev").unwrap(),
                },
            },
            origin: Origin::Key {
                caller: Uin(901),
                key: AccessKeyId::parse("AKID0123456789").unwrap(),
            },
            session: None,
        })
    }

    fn requirements(&self) -> Requirements {
        let access = Access {
            action: self.action,
            resource: Resource::Object(self.bucket(), ObjectKey::parse(self.key.as_bytes()).unwrap()),
        };
        Requirements::All(vec![Requirement {
            any_of: vec![access],
            need: Need::Allowed,
            values: Values::Request,
        }])
    }

    fn ask<R>(&self, ask: impl FnOnce(&Question<'_>) -> R) -> R {
        let policy = |text: &Value, kind, account: Account| -> StoredPolicy {
            let owner = OwnerAccount {
                app_id: account.app_id.0,
                owner_uin: account.owner_uin.0,
            };
            Some(Arc::new(parse(&text.to_string(), kind, &owner).unwrap()))
        };
        let some = |text: &Value, kind, account| (!text.is_null()).then(|| policy(text, kind, account));
        let layers = Layers {
            identity: self
                .identity
                .iter()
                .map(|text| policy(text, DocumentKind::Identity, OWN))
                .collect(),
            boundary: some(&self.boundary, DocumentKind::Identity, OWN),
            session: self
                .sessions
                .iter()
                .map(|text| policy(text, DocumentKind::Session, OWN))
                .collect(),
        };
        let facts = Facts {
            buckets: vec![BucketFacts {
                name: self.bucket(),
                owner: self.owner(),
                region: Region::parse("ap-guangzhou").unwrap(),
                acl: Acl::default(),
                policy: some(&self.bucket_policy, DocumentKind::Bucket, self.owner()),
                tags: vec![("team".to_owned(), "a".to_owned())],
                objects: Vec::new(),
            }],
            ..Facts::default()
        };
        let attributes = Attributes {
            content_length: Some("5".to_owned()),
            ..Attributes::default()
        };
        let environment = Environment {
            ip: "10.0.0.1".parse::<IpAddr>().unwrap(),
            tls_version: None,
            now: Timestamp::from_unix_seconds(1_700_000_000),
        };
        ask(&Question {
            caller: &self.caller(),
            layers: &layers,
            facts: &facts,
            attributes: &attributes,
            environment: &environment,
        })
    }

    fn allowed(&self) -> bool {
        self.ask(|question| question.settle(&self.requirements()).allowed)
    }

    fn reasons(&self) -> Reasons {
        let requirements = self.requirements();
        self.ask(|question| reasons(&requirements, question, &question.settle(&requirements)))
    }

    /// The documents with one statement more in a layer, put there by hand.
    fn add(&mut self, layer: &str, document: Option<usize>, statement: &Value) {
        let append = |document: &mut Value| {
            if document.is_null() {
                *document = json!({ "version": "2.0", "statement": [] });
            }
            document["statement"]
                .as_array_mut()
                .unwrap()
                .push(statement.clone());
        };
        match layer {
            "identity" => self
                .identity
                .push(json!({ "version": "2.0", "statement": [statement] })),
            "boundary" => append(&mut self.boundary),
            "session" => append(&mut self.sessions[document.unwrap()]),
            "bucket_policy" => append(&mut self.bucket_policy),
            other => assert_eq!(other, "a layer that takes statements"),
        }
    }

    fn words(&self) -> String {
        in_words(&Explanation {
            operation: Some(self.action.to_owned()),
            reasons: Some(self.reasons()),
            ..Explanation::default()
        })
    }
}

fn document(statements: Vec<Value>) -> Value {
    json!({ "version": "2.0", "statement": statements })
}

fn statement(
    effect: &str,
    action: &str,
    resource: &str,
    condition: Value,
    principal: Option<Value>,
) -> Value {
    let mut statement = json!({ "effect": effect, "action": [action], "resource": [resource] });
    if !condition.is_null() {
        statement["condition"] = condition;
    }
    if let Some(principal) = principal {
        statement["principal"] = principal;
    }
    statement
}

fn statements(account: Account, principals: bool) -> impl Strategy<Value = Value> {
    let bucket = format!("qcs::cos::uid/{}:b-{}", account.app_id.0, account.app_id.0);
    let resources = [
        format!("{bucket}/*"),
        format!("{bucket}/a/*"),
        format!("{bucket}/other"),
    ];
    let one = (
        prop::sample::select(vec!["allow", "allow", "allow", "deny"]),
        prop::sample::select(vec!["cos:GetObject", "cos:PutObject", "cos:*"]),
        prop::sample::select(resources.to_vec()),
        prop::sample::select(vec![
            Value::Null,
            Value::Null,
            json!({ "ip_equal": { "qcs:ip": "10.0.0.0/8" } }),
            json!({ "ip_equal": { "qcs:ip": "192.0.2.1" } }),
            json!({ "string_equal": { "qcs:tag/team": "b" } }),
            json!({ "numeric_greater_than": { "cos:content-length": 10 } }),
        ]),
        prop::sample::select(vec![
            json!("*"),
            json!({ "qcs": ["qcs::cam::uin/900:root"] }),
            json!({ "qcs": ["qcs::cam::uin/900:uin/901"] }),
            json!({ "qcs": ["qcs::cam::uin/900:uin/902"] }),
        ]),
    );
    let written = one.prop_map(move |(effect, action, resource, condition, principal)| {
        statement(
            effect,
            action,
            &resource,
            condition,
            principals.then_some(principal),
        )
    });
    prop::collection::vec(written, 1..4).prop_map(document)
}

fn cases() -> impl Strategy<Value = Case> {
    any::<bool>().prop_flat_map(|foreign_bucket| {
        let owner = if foreign_bucket { FOREIGN } else { OWN };
        let maybe =
            |document: BoxedStrategy<Value>| prop::option::of(document).prop_map(Option::unwrap_or_default);
        (
            prop::option::weighted(0.9, 0..3_u8),
            prop::sample::select(vec!["cos:GetObject", "cos:PutObject"]),
            prop::sample::select(vec!["a/x", "b", "a/${uin}*", "??"]),
            prop::collection::vec(statements(owner, false), 0..3),
            maybe(statements(owner, false).boxed()),
            prop::collection::vec(statements(OWN, false), 0..3),
            maybe(statements(owner, true).boxed()),
        )
            .prop_map(
                move |(who, action, key, identity, boundary, sessions, bucket_policy)| Case {
                    who,
                    foreign_bucket,
                    action,
                    key,
                    identity: if who.is_some() { identity } else { Vec::new() },
                    boundary: if who.is_some() { boundary } else { Value::Null },
                    // A session's documents may only name what is its own account's.
                    sessions: if who.is_some() && !foreign_bucket {
                        sessions
                    } else {
                        Vec::new()
                    },
                    bucket_policy,
                },
            )
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(600))]

    /// Adding what is proposed makes the engine allow; where nothing is, allowing everything everywhere changes nothing.
    #[test]
    fn what_is_proposed_helps(case in cases()) {
        let reasons = case.reasons();
        prop_assert_eq!(reasons.allowed, case.allowed());
        match &reasons.mend {
            Mend::NotNeeded => prop_assert!(reasons.allowed),
            Mend::Statements { steps } => {
                prop_assert!(!reasons.allowed && !steps.is_empty());
                let mut mended = case.clone();
                for step in steps {
                    mended.add(&step.layer, step.document, &step.statement);
                }
                prop_assert!(mended.allowed(), "{:?}", steps);
                // None of them is more than is needed.
                for spared in 0..steps.len() {
                    let mut without = case.clone();
                    for (place, step) in steps.iter().enumerate() {
                        if place != spared {
                            without.add(&step.layer, step.document, &step.statement);
                        }
                    }
                    prop_assert!(!without.allowed(), "{:?} without {}", steps, spared);
                }
            }
            Mend::Denied { denials } => {
                prop_assert!(!denials.is_empty());
                let mut open = case.clone();
                let all = |principal| statement("allow", "*", "*", Value::Null, principal);
                open.add("identity", None, &all(None));
                if !open.boundary.is_null() {
                    open.add("boundary", None, &all(None));
                }
                for place in 0..open.sessions.len() {
                    open.add("session", Some(place), &all(None));
                }
                open.add("bucket_policy", None, &all(Some(json!("*"))));
                prop_assert!(!open.allowed());
            }
            other => prop_assert!(false, "{:?}", other),
        }
        // Whatever is said can be said in words and kept.
        let _ = case.words();
        let kept: Reasons = serde_json::from_str(&serde_json::to_string(&reasons).unwrap()).unwrap();
        prop_assert_eq!(kept, reasons);
    }
}

fn case() -> Case {
    Case {
        who: Some(1),
        foreign_bucket: false,
        action: "cos:PutObject",
        key: "a/x",
        identity: Vec::new(),
        boundary: Value::Null,
        sessions: Vec::new(),
        bucket_policy: Value::Null,
    }
}

const OBJECTS: &str = "qcs::cos:ap-guangzhou:uid/1250000000:b-1250000000/a/*";

fn only(effect: &str, action: &str, resource: &str, condition: Value) -> Value {
    document(vec![statement(effect, action, resource, condition, None)])
}

#[test]
fn a_missing_right_is_named_with_the_statement_that_came_closest() {
    let condition = json!({ "numeric_greater_than": { "cos:content-length": 10 } });
    let case = Case {
        identity: vec![
            only("allow", "cos:GetObject", OBJECTS, Value::Null),
            only("allow", "cos:PutObject", OBJECTS, condition),
        ],
        ..case()
    };
    let expected = "\
cos:PutObject is not allowed
by nobody: the request is not signed
cos:PutObject on qcs::cos:ap-guangzhou:uid/1250000000:b-1250000000/a/x: not allowed
  the identity's policies: says nothing, which is not enough
    closest is statement 1 of document 2, but
      its condition fails: cos:content-length numeric_greater_than `10`; the request has `5`
hint: add to the identity's policies:
  {\"action\":[\"cos:PutObject\"],\"effect\":\"allow\",\"resource\":[\"qcs::cos:ap-guangzhou:uid/1250000000:b-1250000000/a/x\"]}
";
    assert_eq!(case.words(), expected);
}

#[test]
fn a_session_is_told_to_ask_when_it_is_minted() {
    let case = Case {
        who: Some(0),
        sessions: vec![only("allow", "cos:GetObject", OBJECTS, Value::Null)],
        ..case()
    };
    let words = case.words();
    assert!(
        words.contains("its action is `cos:GetObject`, not cos:PutObject"),
        "{words}"
    );
    assert!(
        words.contains("hint: add to the session policy 1 (fixed at minting: ask for it there):"),
        "{words}"
    );
}

#[test]
fn a_denial_cannot_be_mended() {
    let condition = json!({ "ip_equal": { "qcs:ip": "10.0.0.0/8" } });
    let case = Case {
        identity: vec![
            only("allow", "*", "*", Value::Null),
            only("deny", "cos:*", OBJECTS, condition),
        ],
        ..case()
    };
    let reasons = case.reasons();
    let denies = |layer: &&daypass_explain::LayerReport| layer.verdict == Verdict::Denies;
    let denial = reasons.judgements[0].layers.iter().find(denies).unwrap();
    assert_eq!(
        denial.deciding.as_ref().unwrap().conditions[0].actual,
        ["10.0.0.1"]
    );
    let words = case.words();
    assert!(
        words.contains("held: qcs:ip ip_equal `10.0.0.0/8`; the request has `10.0.0.1`"),
        "{words}"
    );
    assert!(
        words.contains("hint: no allow can mend this: statement 1 of the identity's policy 2 denies"),
        "{words}"
    );
}

#[test]
fn another_accounts_bucket_takes_both_sides() {
    let case = Case {
        foreign_bucket: true,
        ..case()
    };
    let Mend::Statements { steps } = case.reasons().mend else {
        unreachable!("{:?}", case.reasons());
    };
    let places: Vec<_> = steps
        .iter()
        .map(|step| (step.layer.as_str(), step.owner_uin))
        .collect();
    assert_eq!(places, [("identity", 900), ("bucket_policy", 800)]);
}

#[test]
fn a_bucket_that_is_nobodys_is_said_so() {
    let case = case();
    let requirements = case.requirements();
    let reasons = case.ask(|question| {
        let facts = Facts::default();
        let question = Question {
            facts: &facts,
            ..*question
        };
        reasons(&requirements, &question, &question.settle(&requirements))
    });
    assert_eq!(reasons.mend, Mend::Never);
    assert_eq!(reasons.judgements[0].layers[0].layer, "unowned");
}
