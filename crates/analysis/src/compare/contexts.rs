//! Facts that a request may bring, made from what conditions ask for: each value itself, its neighbours, something
//! else, and nothing.

use std::net::IpAddr;

use daypass_policy::{Condition, ConditionKey, Test};

use crate::witness::{Fact, Subject, Witness};

/// Most requests that are made from one.
const MAX_REQUESTS: usize = 2048;

/// Most facts that are tried for one key.
const MAX_FACTS: usize = 24;

const NANOS: i128 = 1_000_000_000;

/// The request with every choice of facts for the keys of the conditions, up to a bound.
pub(super) fn requests(request: &Witness, conditions: &[&Condition]) -> impl Iterator<Item = Witness> {
    let mut keys: Vec<&ConditionKey> = conditions.iter().map(|condition| condition.key()).collect();
    keys.dedup();
    let mut distinct: Vec<&ConditionKey> = Vec::new();
    for key in keys {
        if !distinct.contains(&key) {
            distinct.push(key);
        }
    }
    let choices: Vec<(ConditionKey, Vec<Option<Fact>>)> = distinct
        .into_iter()
        .map(|key| (key.clone(), facts(key, conditions, &request.subject)))
        .collect();
    let count = choices
        .iter()
        .map(|(_, facts)| facts.len())
        .product::<usize>()
        .min(MAX_REQUESTS);
    let request = request.clone();
    (0..count).map(move |number| with_choice(&request, &choices, number))
}

/// The request with the facts that a number chooses, as its digits do.
fn with_choice(
    request: &Witness,
    choices: &[(ConditionKey, Vec<Option<Fact>>)],
    mut number: usize,
) -> Witness {
    let mut request = request.clone();
    for (key, facts) in choices {
        let digit = number.checked_rem(facts.len()).unwrap_or_default();
        number = number.checked_div(facts.len()).unwrap_or_default();
        if let Some(Some(fact)) = facts.get(digit) {
            request.facts.push((key.clone(), fact.clone()));
        }
    }
    settle_prefix(&mut request);
    request
}

/// The prefix of a listing is what its condition key shows.
fn settle_prefix(request: &mut Witness) {
    let Subject::Listing(_, prefix) = &mut request.subject else {
        return;
    };
    let chosen = request.facts.iter().find(|(key, _)| *key == ConditionKey::Prefix);
    if let Some((_, Fact::Query { decoded, .. })) = chosen {
        prefix.clone_from(decoded);
    } else if !prefix.is_empty() {
        let fact = query(prefix);
        request.facts.push((ConditionKey::Prefix, fact));
    }
}

/// What may be tried for a key. The network of the vendor's cloud is never known.
fn facts(key: &ConditionKey, conditions: &[&Condition], subject: &Subject) -> Vec<Option<Fact>> {
    let is_listing = matches!(subject, Subject::Listing(..));
    let never = matches!(key, ConditionKey::RequesterVpc | ConditionKey::Vpc)
        || (*key == ConditionKey::Prefix && !is_listing);
    let mut facts = Vec::new();
    if !never {
        for condition in conditions.iter().filter(|condition| condition.key() == key) {
            for value in condition.values() {
                facts.extend(near(key, condition.operator().test, value.text(), value.nanos()));
            }
        }
        if matches!(key, ConditionKey::RequestTag | ConditionKey::ResourceTag) {
            let all: Vec<(String, String)> = facts.iter().flat_map(tags).collect();
            facts.push(Fact::Tags(all));
        }
        facts.extend(other(key));
    }
    let mut distinct: Vec<Option<Fact>> = Vec::new();
    for fact in facts {
        if distinct.len() < MAX_FACTS && !distinct.contains(&Some(fact.clone())) {
            distinct.push(Some(fact));
        }
    }
    distinct.push(None);
    distinct
}

fn tags(fact: &Fact) -> Vec<(String, String)> {
    match fact {
        Fact::Tags(tags) => tags.clone(),
        _ => Vec::new(),
    }
}

/// Facts that pass a test against a value, or only just do not.
fn near(key: &ConditionKey, test: Test, text: &str, nanos: Option<i128>) -> Vec<Fact> {
    let texts = match test {
        Test::Numeric(_) => numbers(nanos.unwrap_or_default()),
        Test::Date(_) => {
            let seconds = nanos.unwrap_or_default() / NANOS;
            let around = [seconds, seconds - 1, seconds + 1].into_iter();
            return around
                .filter_map(|at| i64::try_from(at).ok())
                .map(Fact::Time)
                .collect();
        }
        Test::StringLike => vec![text.replace('*', "x"), text.replace('*', ""), format!("{text}x")],
        Test::Null => Vec::new(),
        Test::Ip => {
            return address(text.split('/').next().unwrap_or_default())
                .into_iter()
                .collect();
        }
        _ => vec![text.to_owned(), format!("{text}x")],
    };
    texts.into_iter().filter_map(|text| fact(key, text)).collect()
}

/// Facts that are probably none of those that conditions name.
fn other(key: &ConditionKey) -> Vec<Fact> {
    match key {
        ConditionKey::SecureTransport => vec![Fact::Bool(true), Fact::Bool(false)],
        ConditionKey::CurrentTime => [1_800_000_000, 0].map(Fact::Time).into(),
        ConditionKey::Ip => ["203.0.113.77", "2001:db8::77", "10.9.8.7"]
            .iter()
            .filter_map(|text| address(text))
            .collect(),
        ConditionKey::ContentLength => vec![Fact::Text("1".to_owned()), Fact::Text("9999999999".to_owned())],
        _ => fact(key, "other".to_owned()).into_iter().collect(),
    }
}

/// A text as the kind of fact that a key has.
fn fact(key: &ConditionKey, text: String) -> Option<Fact> {
    match key {
        ConditionKey::CurrentTime | ConditionKey::Ip => None,
        ConditionKey::SecureTransport => match text.to_ascii_lowercase().as_str() {
            "true" => Some(Fact::Bool(true)),
            "false" => Some(Fact::Bool(false)),
            _ => None,
        },
        ConditionKey::RequestTag | ConditionKey::ResourceTag => {
            let (name, value) = text.split_once('&')?;
            Some(Fact::Tags(vec![(name.to_owned(), value.to_owned())]))
        }
        ConditionKey::Tag(name) => Some(Fact::Tags(vec![(name.clone(), text)])),
        _ if key.is_query_parameter() => Some(query(&decode(&text).unwrap_or(text))),
        _ => Some(Fact::Text(text)),
    }
}

fn address(text: &str) -> Option<Fact> {
    text.parse::<IpAddr>().ok().map(Fact::Ip)
}

/// A number and its neighbours, whole ones where it is whole.
fn numbers(nanos: i128) -> Vec<String> {
    let around = [nanos, nanos - NANOS, nanos + NANOS];
    around.map(decimal).into()
}

fn decimal(nanos: i128) -> String {
    let sign = if nanos < 0 { "-" } else { "" };
    let (whole, fraction) = (
        nanos.unsigned_abs() / NANOS.unsigned_abs(),
        nanos.unsigned_abs() % NANOS.unsigned_abs(),
    );
    match fraction {
        0 => format!("{sign}{whole}"),
        _ => format!("{sign}{whole}.{fraction:09}"),
    }
}

/// A parameter as a client sends it.
fn query(decoded: &str) -> Fact {
    let mut raw = String::new();
    for byte in decoded.bytes() {
        if byte.is_ascii_alphanumeric() || b"-_.~".contains(&byte) {
            raw.push(char::from(byte));
        } else {
            raw.push_str(&format!("%{byte:02X}"));
        }
    }
    Fact::Query {
        raw,
        decoded: decoded.to_owned(),
    }
}

/// Decodes escapes; `None` when one is broken.
fn decode(text: &str) -> Option<String> {
    let mut bytes = text.bytes();
    let mut decoded = Vec::with_capacity(text.len());
    while let Some(byte) = bytes.next() {
        if byte == b'%' {
            let digits = [bytes.next()?, bytes.next()?].map(|digit| char::from(digit).to_digit(16));
            let [high, low] = digits;
            decoded.push(u8::try_from(high? * 16 + low?).ok()?);
        } else {
            decoded.push(byte);
        }
    }
    String::from_utf8(decoded).ok()
}
