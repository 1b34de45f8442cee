//! Every pair of a user's policy and a session's, of up to two statements over three actions, three resources and both
//! effects, and every request over them.

use serde_json::{Value, json};

use crate::situation::Situation;

const ACTIONS: [&str; 3] = ["cos:GetObject", "cos:PutObject", "cos:*"];
const RESOURCES: [&str; 3] = ["*", "qcs::cos:::b-125/a", "qcs::cos:r-1:uid/125:b-125/a*"];
const OPERATIONS: [&str; 3] = ["GetObject", "PutObject", "DeleteObject"];
const KEYS: [&str; 3] = ["a", "ab", "b"];

fn statements() -> Vec<Value> {
    let mut all = Vec::new();
    for effect in ["allow", "deny"] {
        for action in ACTIONS {
            for resource in RESOURCES {
                all.push(json!({"effect": effect, "action": action, "resource": resource}));
            }
        }
    }
    all
}

/// All lists of one or two statements, and both orders of two.
fn documents() -> Vec<Value> {
    let statements = statements();
    let single = statements.iter().map(|statement| vec![statement]);
    let pairs = statements
        .iter()
        .flat_map(|first| statements.iter().map(move |second| vec![first, second]));
    single
        .chain(pairs)
        .map(|statements| json!({"version": "2.0", "statement": statements}))
        .collect()
}

fn situation(policies: &[&Value], sessions: &[&Value]) -> Situation {
    let caller = json!({"account": "own", "is": "user", "temporary": true});
    Situation::read(&json!({"caller": caller, "policies": policies, "sessions": sessions})).unwrap()
}

fn requests() -> Vec<Value> {
    let mut all = Vec::new();
    for operation in OPERATIONS {
        for key in KEYS {
            all.push(
                json!({"operation": operation, "key": key, "ip": "::1", "now": [0, "1970-01-01T00:00:00Z"]}),
            );
        }
    }
    all
}

#[test]
fn engine_and_model_agree_on_every_small_case() {
    let (documents, requests) = (documents(), requests());
    let users: Vec<Situation> = documents.iter().map(|policy| situation(&[policy], &[])).collect();
    let sessions: Vec<Situation> = documents.iter().map(|policy| situation(&[], &[policy])).collect();
    let mut cases = 0_u64;
    let mut check = |situation: &Situation, what: &dyn Fn() -> String| {
        for request in &requests {
            let answers = situation.ask(request);
            assert_eq!(answers.engine, answers.model, "{} {request}", what());
            cases += 1;
        }
    };
    for (mut user, policy) in users.into_iter().zip(&documents) {
        check(&user, &|| policy.to_string());
        // Order within one document is exhausted by the policies; the sessions go through each set once.
        for (session, narrowing) in sessions
            .iter()
            .zip(&documents)
            .filter(|(_, text)| is_sorted(text))
        {
            user.narrowed_as(session);
            check(&user, &|| format!("{policy} within {narrowing}"));
        }
    }
    assert_eq!(cases, 342 * 9 + 342 * 189 * 9);
}

fn is_sorted(document: &Value) -> bool {
    let statements = document["statement"].as_array().unwrap();
    let texts: Vec<String> = statements.iter().map(Value::to_string).collect();
    texts.is_sorted()
}
