//! From grants to the text of a policy B, with the bounds of the template in it.
//!
//! The store can hold one request against a bound, not an object that comes in parts. So a template that bounds the size
//! grants no uploads in parts, and the bounds stand in a statement of their own with the actions that they are about.

use daypass_client::scope;
use serde_json::{Map, Value, json};

use crate::place::Place;

/// Actions that store a whole object in one request: size and type can be held against a bound.
const WHOLE: [&str; 2] = ["name/cos:PutObject", "name/cos:PostObject"];
/// Begin what is stored in several requests, and say its type.
const BEGIN: [&str; 2] = ["name/cos:InitiateMultipartUpload", APPEND];
const APPEND: &str = "name/cos:AppendObject";
/// What uploads in parts.
const PARTS: [&str; 6] = [
    "name/cos:InitiateMultipartUpload",
    "name/cos:ListMultipartUploads",
    "name/cos:ListParts",
    "name/cos:UploadPart",
    "name/cos:CompleteMultipartUpload",
    "name/cos:AbortMultipartUpload",
];
const LIST: &str = "name/cos:GetBucket";
const DELETE: &str = "name/cos:DeleteObject";

/// What an upload is held against.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Bounds {
    pub(crate) max_bytes: Option<u64>,
    pub(crate) content_types: Vec<String>,
}

/// Actions on resources.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Grant {
    pub(crate) actions: Vec<String>,
    pub(crate) resources: Vec<String>,
}

/// The actions that words of the settings name: `upload`, `download`, `list`, `delete`, or an action by its name.
pub(crate) fn actions(words: &[String], bounds: &Bounds) -> Result<Vec<String>, String> {
    let mut actions = Vec::new();
    for word in words {
        let group: &[&str] = match word.as_str() {
            "upload" if bounds.max_bytes.is_some() => &WHOLE,
            "upload" => scope::UPLOAD,
            "download" => scope::DOWNLOAD,
            "list" => &[LIST],
            "delete" => &[DELETE],
            name => {
                actions.push(named(name, bounds)?);
                continue;
            }
        };
        actions.extend(group.iter().map(|action| (*action).to_owned()));
    }
    let mut seen = std::collections::HashSet::new();
    actions.retain(|action| seen.insert(action.clone()));
    Ok(actions)
}

fn named(name: &str, bounds: &Bounds) -> Result<String, String> {
    let full = if name.starts_with("name/") {
        name.to_owned()
    } else {
        format!("name/{name}")
    };
    let is_action = full
        .strip_prefix("name/cos:")
        .is_some_and(|action| !action.is_empty() && action.bytes().all(|byte| byte.is_ascii_alphanumeric()));
    if !is_action {
        return Err(format!(
            "`{name}` is none of `upload`, `download`, `list`, `delete`, and no action such as `name/cos:PutObject`"
        ));
    }
    let in_parts = full == APPEND || PARTS.contains(&full.as_str());
    if bounds.max_bytes.is_some() && in_parts {
        return Err(format!(
            "`{name}` with `max_bytes`: the store holds each request against a size, not what many make together"
        ));
    }
    Ok(full)
}

/// Whether an action only reads.
pub(crate) fn only_reads(action: &str) -> bool {
    scope::DOWNLOAD.contains(&action) || action == LIST
}

/// The policy of these grants.
pub(crate) fn document(grants: &[Grant], bounds: &Bounds) -> String {
    let statements: Vec<Value> = grants
        .iter()
        .flat_map(|grant| statements(grant, bounds))
        .collect();
    json!({ "version": "2.0", "statement": statements }).to_string()
}

fn statements(grant: &Grant, bounds: &Bounds) -> Vec<Value> {
    let mut statements = Vec::new();
    let mut rest = grant.actions.clone();
    let mut take = |actions: &[&str], condition: Map<String, Value>| {
        if condition.is_empty() {
            return;
        }
        let (bounded, others): (Vec<_>, Vec<_>) = rest
            .drain(..)
            .partition(|action| actions.contains(&action.as_str()));
        rest = others;
        if !bounded.is_empty() {
            statements.push(json!({
                "effect": "allow", "action": bounded, "resource": grant.resources, "condition": condition,
            }));
        }
    };
    take(&WHOLE, conditions(bounds.max_bytes, &bounds.content_types));
    take(&BEGIN, conditions(None, &bounds.content_types));
    if !rest.is_empty() {
        statements.push(json!({ "effect": "allow", "action": rest, "resource": grant.resources }));
    }
    statements
}

fn conditions(max_bytes: Option<u64>, content_types: &[String]) -> Map<String, Value> {
    let mut conditions = Map::new();
    if let Some(max_bytes) = max_bytes {
        let value = json!({ "cos:content-length": max_bytes });
        conditions.insert("numeric_less_than_equal".to_owned(), value);
    }
    if !content_types.is_empty() {
        let value = json!({ "cos:content-type": content_types });
        conditions.insert("string_equal".to_owned(), value);
    }
    conditions
}

/// Listing names keys by their beginning; everything else names them whole.
pub(crate) fn resources_of_folder(place: &Place, folder: &str) -> Vec<String> {
    vec![place.resource(&format!("{folder}*"))]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(words: &[&str], max_bytes: Option<u64>, expected: Result<&[&str], ()>) {
        let words: Vec<String> = words.iter().map(|word| (*word).to_owned()).collect();
        let bounds = Bounds {
            max_bytes,
            content_types: Vec::new(),
        };
        let found = actions(&words, &bounds).map_err(drop);
        let expected = expected.map(|names| names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>());
        assert_eq!(found, expected, "{words:?}");
    }

    #[test]
    fn words_for_actions() {
        check(&["upload"], None, Ok(scope::UPLOAD));
        check(&["upload"], Some(1), Ok(&WHOLE));
        check(&["list", "list", "cos:GetBucket"], None, Ok(&[LIST]));
        check(&["name/cos:DeleteObject"], None, Ok(&[DELETE]));
        for bad in ["read", "name/cos:*", "cos:", "name/cam:CreateUser", ""] {
            check(&[bad], None, Err(()));
        }
        check(&["name/cos:UploadPart"], Some(1), Err(()));
        check(&["name/cos:AppendObject"], Some(1), Err(()));
    }

    #[test]
    fn bounds_stand_with_what_they_are_about() {
        let grant = |actions: &[&str]| Grant {
            actions: actions.iter().map(|action| (*action).to_owned()).collect(),
            resources: vec!["r".to_owned()],
        };
        let bounds = Bounds {
            max_bytes: Some(10),
            content_types: vec!["image/png".to_owned()],
        };
        let text = document(&[grant(&["name/cos:PutObject", "name/cos:GetObject"])], &bounds);
        let expected = json!({ "version": "2.0", "statement": [
            { "effect": "allow", "action": ["name/cos:PutObject"], "resource": ["r"], "condition": {
                "numeric_less_than_equal": { "cos:content-length": 10 },
                "string_equal": { "cos:content-type": ["image/png"] },
            } },
            { "effect": "allow", "action": ["name/cos:GetObject"], "resource": ["r"] },
        ] });
        assert_eq!(serde_json::from_str::<Value>(&text).unwrap(), expected);
        let text = document(&[grant(&["name/cos:PutObject"])], &Bounds::default());
        assert!(!text.contains("condition"), "{text}");
    }
}
