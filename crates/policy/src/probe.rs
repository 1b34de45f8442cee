//! How near each statement of a document comes to a request, for whoever has to explain a decision.
//!
//! [`Policy::evaluate`] says which statement decides and stops at the first thing that does not fit; here everything is
//! asked of every statement, and what the request has for each condition key is written down. It allocates, and is
//! no part of deciding. A property test holds the two together.

use crate::action::ActionName;
use crate::condition::{Condition, Context};
use crate::document::{Effect, Policy, Statement};
use crate::request::Request;
use crate::resource::Subject;

/// How near one statement comes to a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Probe<'p> {
    /// The index of the statement in the document.
    pub index: usize,
    /// The statement.
    pub statement: &'p Statement,
    /// Whether it names the caller; true where statements are about their holder.
    pub principal: bool,
    /// Whether it names the action.
    pub action: bool,
    /// Whether it names the resource.
    pub resource: bool,
    /// Its conditions, each with its answer.
    pub conditions: Vec<Tested<'p>>,
}

/// One condition, put to a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tested<'p> {
    /// The condition.
    pub condition: &'p Condition,
    /// Whether it holds.
    pub holds: bool,
    /// What the request has for the condition's key, as it came; empty when it has nothing.
    pub found: Vec<String>,
}

impl Probe<'_> {
    /// Whether the statement matches the request.
    pub fn matches(&self) -> bool {
        self.principal && self.action && self.resource && self.conditions.iter().all(|tested| tested.holds)
    }
}

impl Policy {
    /// Puts a request to every statement, in the order of the document.
    pub fn probe(&self, request: &Request<'_>) -> Vec<Probe<'_>> {
        let action = ActionName::new(request.action);
        let spelling = request.resource.spell();
        let subject = Subject {
            resource: &request.resource,
            names: spelling.names(),
            caller: request.principal.caller(),
        };
        let statements = self.statements().iter().enumerate();
        statements
            .map(|(index, statement)| self.probe_one(index, statement, request, &action, &subject))
            .collect()
    }

    fn probe_one<'p>(
        &'p self,
        index: usize,
        statement: &'p Statement,
        request: &Request<'_>,
        action: &ActionName,
        subject: &Subject<'_>,
    ) -> Probe<'p> {
        let named = |principals: &[crate::PrincipalPattern]| {
            let mut principals = principals.iter();
            principals.any(|principal| principal.standing(&request.principal).is_some())
        };
        let tested = |condition| test(condition, request.context, subject.caller, statement.effect());
        Probe {
            index,
            statement,
            principal: statement.principals().is_none_or(named),
            action: statement.actions().iter().any(|pattern| pattern.matches(action)),
            resource: self.covers(statement, subject),
            conditions: statement.conditions().iter().map(tested).collect(),
        }
    }
}

fn test<'p>(
    condition: &'p Condition,
    context: &Context<'_>,
    caller: Option<u64>,
    effect: Effect,
) -> Tested<'p> {
    Tested {
        condition,
        holds: condition.holds(context, caller, effect),
        found: context
            .values(condition.key())
            .map(|value| value.to_string())
            .collect(),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use crate::{
        Context, CosTarget, DocumentKind, Effect, OwnerAccount, Policy, Principal, Request, Resource, Tag,
        parse,
    };

    const OWNER: OwnerAccount = OwnerAccount {
        app_id: 1_250_000_000,
        owner_uin: 900,
    };

    fn policy(text: &str, kind: DocumentKind) -> Policy {
        parse(text, kind, &OWNER).unwrap()
    }

    fn ask<R>(action: &str, key: &str, length: Option<&str>, ask: impl FnOnce(&Request<'_>) -> R) -> R {
        let tags = [Tag {
            key: "team",
            value: "a",
        }];
        let context = Context {
            ip: Some("10.0.0.1".parse().unwrap()),
            content_length: length,
            resource_tags: &tags,
            ..Context::default()
        };
        ask(&Request {
            action,
            resource: Resource::Cos {
                region: "ap-guangzhou",
                app_id: OWNER.app_id,
                bucket: "b-1250000000",
                target: CosTarget::Object { key },
            },
            principal: Principal::Account {
                owner_uin: 900,
                uin: 901,
            },
            context: &context,
        })
    }

    #[test]
    fn every_part_answers_for_itself() {
        let text = r#"{"version":"2.0","statement":[
            {"effect":"allow","action":"cos:Get*","resource":"qcs::cos::uid/1250000000:b-1250000000/a/*"},
            {"effect":"deny","action":"*","resource":"*","condition":{
                "numeric_greater_than":{"cos:content-length":10},
                "ip_equal":{"qcs:ip":"10.0.0.0/8"},
                "string_equal":{"qcs:tag/team":["b"],"cos:host":"h"}}}]}"#;
        let policy = policy(text, DocumentKind::Identity);
        ask("cos:PutObject", "a/x", Some("11"), |request| {
            let probes = policy.probe(request);
            let parts = |place: usize| {
                (
                    probes[place].principal,
                    probes[place].action,
                    probes[place].resource,
                )
            };
            assert_eq!(parts(0), (true, false, true));
            assert_eq!(parts(1), (true, true, true));
            let tested: Vec<_> = probes[1]
                .conditions
                .iter()
                .map(|tested| {
                    (
                        tested.condition.key().name(),
                        tested.holds,
                        tested.found.join(","),
                    )
                })
                .collect();
            let expected = [
                ("cos:content-length", true, "11"),
                ("qcs:ip", true, "10.0.0.1"),
                ("qcs:tag/", false, "a"),
                ("cos:host", false, ""),
            ];
            assert_eq!(
                tested,
                expected.map(|(key, holds, found)| (key, holds, found.to_owned()))
            );
        });
    }

    #[test]
    fn a_bucket_policy_must_name_the_caller() {
        let text = |who: &str| {
            format!(
                r#"{{"version":"2.0","statement":[{{"principal":{{"qcs":["{who}"]}},"effect":"allow","action":"cos:*",
                "resource":"qcs::cos::uid/1250000000:b-1250000000/*"}}]}}"#
            )
        };
        for (who, expected) in [
            ("qcs::cam::uin/900:uin/901", true),
            ("qcs::cam::uin/900:uin/902", false),
        ] {
            let policy = policy(&text(who), DocumentKind::Bucket);
            let named = ask("cos:GetObject", "a", None, |request| {
                policy.probe(request)[0].principal
            });
            assert_eq!(named, expected, "{who}");
        }
    }

    proptest! {
        /// What the probe calls a match is what the evaluator decides by.
        #[test]
        fn probe_and_evaluation_agree(
            statements in prop::collection::vec(
                (any::<bool>(), 0..3_usize, 0..4_usize, 0..4_usize), 1..6),
            action in prop::sample::select(vec!["cos:GetObject", "cos:PutObject", "cam:GetUser"]),
            key in prop::sample::select(vec!["a/x", "b/x", "ab"]),
            length in prop::sample::select(vec![None, Some("5"), Some("50"), Some("five")]),
        ) {
            let actions = ["cos:GetObject", "cos:*", "*"];
            let resources = ["b-1250000000/*", "b-1250000000/a/*", "b-1250000000/ab", "c-1250000000/*"];
            let conditions = [
                "{}".to_owned(),
                r#"{"numeric_less_than":{"cos:content-length":10}}"#.to_owned(),
                r#"{"ip_not_equal":{"qcs:ip":"10.0.0.0/8"}}"#.to_owned(),
                r#"{"string_not_equal":{"cos:host":"h"}}"#.to_owned(),
            ];
            let statements: Vec<String> = statements.iter().map(|&(allow, action, resource, condition)| {
                let condition = match condition { 0 => String::new(), place => format!(r#","condition":{}"#, conditions[place]) };
                format!(
                    r#"{{"effect":"{}","action":"{}","resource":"qcs::cos::uid/1250000000:{}"{condition}}}"#,
                    if allow { "allow" } else { "deny" }, actions[action], resources[resource],
                )
            }).collect();
            let policy = policy(
                &format!(r#"{{"version":"2.0","statement":[{}]}}"#, statements.join(",")),
                DocumentKind::Identity,
            );
            ask(action, key, length, |request| {
                let verdict = policy.evaluate(request);
                let probes = policy.probe(request);
                let first = |effect| {
                    let mut found = probes.iter().filter(|probe| probe.matches());
                    found.find(|probe| probe.statement.effect() == effect).map(|probe| probe.index)
                };
                prop_assert_eq!(verdict.allow.map(|found| found.statement), first(Effect::Allow));
                prop_assert_eq!(verdict.deny.map(|found| found.statement), first(Effect::Deny));
                Ok(())
            })?;
        }
    }
}
