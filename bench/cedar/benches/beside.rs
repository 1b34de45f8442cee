//! Deciding over policies that allow reading what lies under a prefix: this engine, and Cedar beside it.
//!
//! Both get their request ready made and their policies compiled, and only the last policy matches. Cedar's policies
//! say with `like` on an attribute of the request what a resource says here; its actions are listed likewise. What
//! stays different: Cedar holds any number of policies in one set, and here a document holds 6,144 characters, so that
//! many statements are several documents, each of which is asked by itself; and Cedar gathers the reasons and errors
//! of all policies in new memory, where a verdict here borrows the first deciding statement.
//!
//! Run with `cargo bench` in this folder; nothing else builds it.

use std::hint::black_box;

use cedar_policy::{Authorizer, Decision, Entities, PolicySet, RestrictedExpression};
use criterion::{BenchmarkId, Criterion, criterion_group, criterion_main};
use daypass_policy::{
    Context, CosTarget, DocumentKind, OwnerAccount, Policy, Principal, Request, Resource, parse,
};

const OWNER: OwnerAccount = OwnerAccount {
    app_id: 1_250_000_000,
    owner_uin: 100_000_000_001,
};
const KEY: &str = "photos/2026/11/22/one.jpg";
/// As many as one document holds.
const EACH: usize = 40;
const COUNTS: [usize; 5] = [1, 2, 10, 100, 1000];

criterion_group!(beside, ours, cedar);
criterion_main!(beside);

fn path(index: usize, count: usize) -> String {
    match index + 1 == count {
        true => "photos/*".to_owned(),
        false => format!("elsewhere/{index}/*"),
    }
}

fn ours(criterion: &mut Criterion) {
    let context = Context::default();
    let request = Request {
        action: "cos:GetObject",
        resource: Resource::Cos {
            region: "ap-guangzhou",
            app_id: OWNER.app_id,
            bucket: "bench-1250000000",
            target: CosTarget::Object { key: KEY },
        },
        principal: Principal::Account {
            owner_uin: OWNER.owner_uin,
            uin: OWNER.owner_uin,
        },
        context: &context,
    };
    let mut group = criterion.benchmark_group("daypass");
    for count in COUNTS {
        let statement = |index| {
            let path = path(index, count);
            format!(
                r#"{{"effect":"allow","action":["cos:GetObject","cos:HeadObject"],"resource":"qcs::cos::uid/1250000000:bench-1250000000/{path}"}}"#
            )
        };
        let statements: Vec<String> = (0..count).map(statement).collect();
        let documents: Vec<Policy> = statements
            .chunks(EACH)
            .map(|some| {
                let text = format!(r#"{{"version":"2.0","statement":[{}]}}"#, some.join(","));
                parse(&text, DocumentKind::Identity, &OWNER).unwrap()
            })
            .collect();
        let decide = || {
            documents
                .iter()
                .filter(|policy| policy.evaluate(black_box(&request)).allow.is_some())
                .count()
        };
        assert_eq!(decide(), 1);
        group.bench_function(BenchmarkId::from_parameter(count), |bencher| bencher.iter(decide));
    }
}

fn cedar(criterion: &mut Criterion) {
    let name = |text: &str| text.parse().unwrap();
    let resource = format!("bench-1250000000/{KEY}");
    let context = cedar_policy::Context::from_pairs([
        (
            "account".to_owned(),
            RestrictedExpression::new_long(1_250_000_000),
        ),
        ("path".to_owned(), RestrictedExpression::new_string(resource)),
    ]);
    let request = cedar_policy::Request::new(
        name(r#"User::"root""#),
        name(r#"Action::"GetObject""#),
        name(r#"Object::"one""#),
        context.unwrap(),
        None,
    )
    .unwrap();
    let (authorizer, entities) = (Authorizer::new(), Entities::empty());
    let mut group = criterion.benchmark_group("cedar");
    for count in COUNTS {
        let policy = |index| {
            let path = path(index, count);
            format!(
                r#"permit(principal, action in [Action::"GetObject", Action::"HeadObject"], resource) when {{ context.account == 1250000000 && context.path like "bench-1250000000/{path}" }};"#
            )
        };
        let policies: PolicySet = (0..count).map(policy).collect::<String>().parse().unwrap();
        let decide = || {
            authorizer
                .is_authorized(black_box(&request), &policies, &entities)
                .decision()
        };
        assert_eq!(decide(), Decision::Allow);
        group.bench_function(BenchmarkId::from_parameter(count), |bencher| bencher.iter(decide));
    }
}
