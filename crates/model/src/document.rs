//! A policy document: parsed from JSON, and asked what its statements say about a request.
//!
//! Every keyword may begin with a capital, every list may be a single text. What the language does not have is refused,
//! because a part that is silently ignored means something else than its author thinks.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value};

use crate::condition::{Condition, Given};
use crate::pattern::{self, Resource, Variables};

/// Where a document is attached; principals belong into the policies of buckets only.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// To a user, a group or a role, or as a boundary.
    Identity,
    /// To a temporary key, when it was minted.
    Session,
    /// To a bucket.
    Bucket,
}

/// What a statement does when it matches.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Effect {
    /// It grants.
    Allow,
    /// It refuses, whatever grants.
    Deny,
}

/// A parsed policy.
#[derive(Debug, Clone, PartialEq)]
pub struct Document {
    /// In the order of the text, which has no meaning.
    pub statements: Vec<Statement>,
}

/// One statement.
#[derive(Debug, Clone, PartialEq)]
pub struct Statement {
    /// What it does when it matches.
    pub effect: Effect,
    /// The texts that name whom it is about; empty outside the policies of buckets.
    pub principals: Vec<String>,
    actions: Vec<String>,
    resources: Vec<String>,
    conditions: Vec<Condition>,
}

/// One thing that a request asks for.
#[derive(Debug, Clone, PartialEq)]
pub struct Question {
    /// Such as `cos:PutObject`.
    pub action: String,
    /// What it is done to.
    pub resource: Resource,
    /// The condition keys that the request has, with their values.
    pub context: BTreeMap<String, Vec<Given>>,
}

impl Statement {
    /// Whether the statement is about this question.
    #[must_use]
    pub fn matches(&self, variables: &Variables, question: &Question) -> bool {
        // Whatever cannot be known denies.
        let unknown = self.effect == Effect::Deny;
        let covers = |name: &String| pattern::resource(name, variables, &question.resource, unknown);
        let holds = |condition: &Condition| {
            let given = question
                .context
                .get(&condition.key)
                .map_or(&[][..], Vec::as_slice);
            condition.holds(given, variables, unknown)
        };
        let acts = |name: &String| pattern::action(name, &question.action);
        self.actions.iter().any(acts)
            && self.resources.iter().any(covers)
            && self.conditions.iter().all(holds)
    }

    /// Whether the statement says so of this question even when its resource belongs to another account: a right to
    /// something of another account must name that account, and `*` names none.
    #[must_use]
    pub fn names_account(&self, variables: &Variables, question: &Question) -> bool {
        let resources = self
            .resources
            .iter()
            .filter(|name| *name != "*")
            .cloned()
            .collect();
        let narrower = Self {
            resources,
            ..self.clone()
        };
        narrower.matches(variables, question)
    }
}

impl Document {
    /// Reads a document, or nothing if it is not one.
    #[must_use]
    pub fn parse(text: &str, place: Place) -> Option<Self> {
        let document: Value = serde_json::from_str(text).ok()?;
        let fields = keywords(&document, &["version", "principal", "statement"])?;
        match fields.get("version") {
            Some(version) if *version == "2.0" => {}
            None if place == Place::Session => {}
            _ => return None,
        }
        let shared = fields.get("principal").copied();
        if shared.is_some() && place != Place::Bucket {
            return None;
        }
        let statements = match fields.get("statement")? {
            Value::Array(list) if list.is_empty() => return None,
            Value::Array(list) => list.iter().collect(),
            single => vec![*single],
        };
        let statements = statements
            .into_iter()
            .map(|statement| Statement::parse(statement, place, shared))
            .collect::<Option<_>>()?;
        Some(Self { statements })
    }
}

impl Statement {
    fn parse(statement: &Value, place: Place, shared: Option<&Value>) -> Option<Self> {
        let known = ["effect", "action", "resource", "principal", "condition", "sid"];
        let fields = keywords(statement, &known)?;
        let effect = match fields.get("effect")?.as_str()?.to_ascii_lowercase().as_str() {
            "allow" => Effect::Allow,
            "deny" => Effect::Deny,
            _ => return None,
        };
        let principals = match (place, fields.get("principal").copied()) {
            (Place::Bucket, Some(_)) if shared.is_some() => return None,
            (Place::Bucket, own) => principals(own.or(shared)?)?,
            (Place::Identity, None) | (Place::Session, None) => Vec::new(),
            (Place::Identity, Some(_)) => return None,
            // SDKs write a principal that means everybody, which says nothing here.
            (Place::Session, Some(value)) => means_everybody(value).then(Vec::new)?,
        };
        if fields.get("sid").is_some_and(|sid| !sid.is_string()) {
            return None;
        }
        let conditions = fields
            .get("condition")
            .map_or(Some(Vec::new()), |value| conditions(value))?;
        Some(Self {
            effect,
            principals,
            actions: texts(fields.get("action")?)?,
            resources: texts(fields.get("resource")?)?,
            conditions,
        })
    }
}

/// The fields of an object, each under its keyword in small letters; nothing if one is unknown or there twice.
fn keywords<'a>(value: &'a Value, known: &[&str]) -> Option<BTreeMap<String, &'a Value>> {
    let mut fields = BTreeMap::new();
    for (name, value) in value.as_object()? {
        let keyword = known
            .iter()
            .find(|keyword| name == *keyword || *name == capitalised(keyword))?;
        if fields.insert((*keyword).to_owned(), value).is_some() {
            return None;
        }
    }
    Some(fields)
}

fn capitalised(word: &str) -> String {
    let first = word.get(..1).unwrap_or_default().to_ascii_uppercase();
    first + word.get(1..).unwrap_or_default()
}

/// One text or a list with at least one.
fn texts(value: &Value) -> Option<Vec<String>> {
    let texts: Vec<String> = match value {
        Value::String(text) => vec![text.clone()],
        Value::Array(list) => list
            .iter()
            .map(|text| text.as_str().map(str::to_owned))
            .collect::<Option<_>>()?,
        _ => return None,
    };
    (!texts.is_empty()).then_some(texts)
}

fn means_everybody(value: &Value) -> bool {
    let names = principals(value);
    let to_services = value.get("service").is_some();
    !to_services
        && names.is_some_and(|names| {
            names
                .iter()
                .all(|name| name == "*" || name == "qcs::cam::anyone:anyone")
        })
}

fn principals(value: &Value) -> Option<Vec<String>> {
    if value == "*" {
        return Some(vec!["*".to_owned()]);
    }
    let by_kind: &Map<String, Value> = value.as_object()?;
    let mut names = Vec::new();
    for (kind, value) in by_kind {
        match kind.as_str() {
            "qcs" => names.extend(texts(value)?),
            "service" => drop(texts(value)?),
            _ => return None,
        }
    }
    (!by_kind.is_empty()).then_some(names)
}

fn conditions(value: &Value) -> Option<Vec<Condition>> {
    let mut conditions = Vec::new();
    for (operator, keys) in value.as_object()? {
        let keys = keys.as_object().filter(|keys| !keys.is_empty())?;
        let names: BTreeSet<&str> = keys.keys().map(|name| name.trim()).collect();
        if names.len() != keys.len() {
            return None;
        }
        for (key, values) in keys {
            let values = match values {
                Value::Array(list) => list.iter().map(scalar).collect::<Option<_>>()?,
                single => vec![scalar(single)?],
            };
            conditions.push(Condition::parse(operator, key, values)?);
        }
    }
    Some(conditions)
}

fn scalar(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(truth) => Some(truth.to_string()),
        _ => None,
    }
}
