//! Laws of the decision, on the engine alone: what minting, a deny, an allow, order and printing may and may not do.
//!
//! Each is tried on random situations; a chain of minting is a situation to which session policies are added one by one.

use daypass_policy::{DocumentKind, OwnerAccount, parse};
use serde_json::{Value, json};

use crate::generate::{self, Kind};
use crate::random::Random;
use crate::situation::Situation;
use crate::{SEED, setting};

/// Situations that each law is tried on.
const SITUATIONS: u64 = 4_000;
/// Requests put to each.
const REQUESTS: usize = 12;
/// Most mintings in a chain.
const LONGEST_CHAIN: usize = 4;

/// Tries a law on random situations, each with a generator for whatever else it needs.
fn try_law(law: impl Fn(&mut Random, Value, &[Value])) {
    let seed = setting("DAYPASS_MODEL_SEED", SEED);
    for index in 0..SITUATIONS {
        let mut random = Random(seed.wrapping_add(index));
        let mut random = Random(random.number());
        let case = generate::situation(&mut random);
        let requests: Vec<Value> = (0..REQUESTS).map(|_| generate::request(&mut random)).collect();
        law(&mut random, case, &requests);
    }
}

/// What the engine says to each request, item by item.
fn decided(case: &Value, requests: &[Value]) -> Vec<Vec<bool>> {
    let situation = Situation::read(case).unwrap();
    requests
        .iter()
        .map(|request| situation.ask(request).engine)
        .collect()
}

/// Whatever is allowed in `less` is allowed in `more`.
pub(crate) fn assert_within(less: &Value, more: &Value, requests: &[Value]) {
    let (small, large) = (decided(less, requests), decided(more, requests));
    for ((small, large), request) in small.iter().zip(&large).zip(requests) {
        let within = small.iter().zip(large).all(|(small, large)| !small || *large);
        assert!(within, "{request}\nis allowed in {less}\nbut not in {more}");
    }
}

fn is_foreign(case: &Value) -> bool {
    case["caller"]["account"] == "other"
}

#[test]
fn a_child_may_do_nothing_that_its_parent_may_not() {
    try_law(|random, mut parent, requests| {
        for _ in 0..random.within(1..=LONGEST_CHAIN) {
            let mut child = parent.clone();
            let narrowing = generate::document(random, Kind::Session, is_foreign(&parent));
            child["sessions"].as_array_mut().unwrap().push(narrowing);
            assert_within(&child, &parent, requests);
            parent = child;
        }
    });
}

#[test]
fn what_is_allowed_is_in_a_and_in_every_b_or_is_public() {
    try_law(|random, mut case, requests| {
        for _ in 0..random.within(0..=LONGEST_CHAIN) {
            let narrowing = generate::document(random, Kind::Session, is_foreign(&case));
            case["sessions"].as_array_mut().unwrap().push(narrowing);
        }
        let without = |name: &str, value: Value| {
            let mut other = case.clone();
            other[name] = value;
            other
        };
        let together = decided(&case, requests);
        let unsigned = decided(&without("caller", Value::Null), requests);
        let of_a = decided(&without("sessions", json!([])), requests);
        let sessions = case["sessions"].as_array().unwrap().clone();
        // Each B alone, as the only policy of the user: what is allowed then, B allows. It must not be asked as a
        // session's policy, or a gate that forgets those would agree with itself.
        let user = json!({"account": "own", "is": "user"});
        let each_b: Vec<_> = sessions
            .iter()
            .filter(|_| case["caller"]["account"] == "own" && case["caller"]["is"] == "user")
            .map(|session| {
                let alone = json!({"caller": user, "policies": [session], "tags": case["tags"]});
                decided(&alone, requests)
            })
            .collect();
        for (index, answers) in together.iter().enumerate() {
            for (item, allowed) in answers.iter().enumerate() {
                let in_every_b = each_b.iter().all(|decided| decided[index][item]);
                let promised = (of_a[index][item] && in_every_b) || unsigned[index][item];
                // A copy may have one half from each: its requirements are judged one by one.
                let is_copy = ["CopyObject", "UploadPartCopy"]
                    .contains(&requests[index]["operation"].as_str().unwrap());
                assert!(!allowed || promised || is_copy, "{} in {case}", requests[index]);
            }
        }
    });
}

/// Every place in a situation where a document is, with the kind of document.
fn documents(case: &Value) -> Vec<(String, Kind)> {
    let mut places = Vec::new();
    for (name, kind) in [
        ("policies", Kind::Identity),
        ("boundary", Kind::Identity),
        ("sessions", Kind::Session),
    ] {
        for index in 0..case[name].as_array().unwrap().len() {
            places.push((format!("/{name}/{index}"), kind));
        }
    }
    if !case["bucket_policy"].is_null() {
        places.push(("/bucket_policy".to_owned(), Kind::Bucket));
    }
    places.retain(|(place, _)| case.pointer(place).unwrap().is_object());
    places
}

/// The situation with a statement of this effect added to one of its documents.
fn with_statement(random: &mut Random, case: &Value, effect: &str) -> Option<Value> {
    let places = documents(case);
    let (place, kind) = places.get(random.below(places.len().max(1)))?;
    let foreign = *kind != Kind::Bucket && is_foreign(case);
    let statement = generate::statement(random, *kind, foreign, Some(effect));
    let mut changed = case.clone();
    let statements = changed.pointer_mut(place)?["statement"].as_array_mut()?;
    statements.insert(random.within(0..=statements.len()), statement);
    Some(changed)
}

#[test]
fn a_deny_more_allows_nothing_more() {
    try_law(|random, case, requests| {
        if let Some(stricter) = with_statement(random, &case, "deny") {
            assert_within(&stricter, &case, requests);
        }
    });
}

#[test]
fn an_allow_more_denies_nothing_more() {
    try_law(|random, case, requests| {
        if let Some(wider) = with_statement(random, &case, "allow") {
            assert_within(&case, &wider, requests);
        }
    });
}

#[test]
fn the_order_of_statements_and_of_documents_means_nothing() {
    try_law(|_, case, requests| {
        let mut reversed = case.clone();
        for (place, _) in documents(&case) {
            reversed.pointer_mut(&place).unwrap()["statement"]
                .as_array_mut()
                .unwrap()
                .reverse();
        }
        for name in ["policies", "sessions"] {
            reversed[name].as_array_mut().unwrap().reverse();
        }
        assert_eq!(decided(&case, requests), decided(&reversed, requests), "{case}");
    });
}

#[test]
fn a_printed_policy_reads_as_itself() {
    let owner = OwnerAccount {
        app_id: 125,
        owner_uin: 900,
    };
    try_law(|random, _, _| {
        for (kind, document_kind) in [
            (Kind::Identity, DocumentKind::Identity),
            (Kind::Session, DocumentKind::Session),
            (Kind::Bucket, DocumentKind::Bucket),
        ] {
            let document = generate::document(random, kind, false);
            if let Ok(policy) = parse(&document.to_string(), document_kind, &owner) {
                let printed = policy.to_string();
                assert_eq!(
                    parse(&printed, document_kind, &owner).as_ref(),
                    Ok(&policy),
                    "{printed}"
                );
            }
        }
    });
}
