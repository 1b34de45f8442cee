//! A policy document in words, for people. What it means is the server's to judge; here it is only said differently, and
//! what is not known is shown as it stands.

use serde_json::Value as Json;

/// Operators of conditions, without what goes before and after them.
const OPERATORS: [(&str, &str); 23] = [
    ("string_equal", "is"),
    ("string_not_equal", "is not"),
    ("string_equal_ignore_case", "is, in whatever case,"),
    ("string_not_equal_ignore_case", "is not, in whatever case,"),
    ("string_like", "is like"),
    ("string_not_like", "is not like"),
    ("numeric_equal", "="),
    ("numeric_not_equal", "≠"),
    ("numeric_less_than", "<"),
    ("numeric_less_than_equal", "≤"),
    ("numeric_greater_than", ">"),
    ("numeric_greater_than_equal", "≥"),
    ("date_equal", "is at"),
    ("date_not_equal", "is not at"),
    ("date_less_than", "is before"),
    ("date_less_than_equal", "is not after"),
    ("date_greater_than", "is after"),
    ("date_greater_than_equal", "is not before"),
    ("bool_equal", "is"),
    ("ip_equal", "is in"),
    ("ip_not_equal", "is not in"),
    ("null_equal", "is missing:"),
    ("binary_equal", "is, in Base64,"),
];

/// The statements of a document, a few lines each.
pub(crate) fn in_words(document: &Json) -> String {
    let statements = list(&document["statement"]);
    let words = statements
        .iter()
        .enumerate()
        .map(|(index, one)| statement(index + 1, one));
    words.collect()
}

fn statement(number: usize, statement: &Json) -> String {
    let effect = match text(&statement["effect"]).to_ascii_lowercase().as_str() {
        "allow" => "allows".to_owned(),
        "deny" => "denies".to_owned(),
        other => format!("has the effect `{other}` on"),
    };
    let name = match &statement["sid"] {
        Json::String(sid) => format!(" ({sid})"),
        _ => String::new(),
    };
    let mut words = format!("Statement {number}{name} {effect}\n");
    for action in list(&statement["action"]) {
        words.push_str(&format!("    {}\n", action_in_words(&text(action))));
    }
    if let Some(principal) = statement.get("principal") {
        words.push_str(&format!("  for\n    {}\n", text(principal)));
    }
    let resources = list(&statement["resource"]);
    if !resources.is_empty() {
        words.push_str("  on\n");
    }
    for resource in resources {
        words.push_str(&format!("    {}\n", resource_in_words(&text(resource))));
    }
    let conditions = conditions(&statement["condition"]);
    if !conditions.is_empty() {
        words.push_str(&format!("  if\n    {}\n", conditions.join("\n    and ")));
    }
    words
}

fn action_in_words(action: &str) -> String {
    match action.strip_prefix("name/").unwrap_or(action) {
        "*" | "*:*" => "everything".to_owned(),
        "cos:*" => "everything in the object store".to_owned(),
        "cam:*" => "everything in access management".to_owned(),
        "sts:*" => "everything in the token service".to_owned(),
        other => other.to_owned(),
    }
}

/// `qcs::cos:<region>:uid/<appid>:<bucket>/<key>`
fn resource_in_words(resource: &str) -> String {
    if resource == "*" {
        return "everything".to_owned();
    }
    let parts: Vec<&str> = resource.splitn(6, ':').collect();
    let ["qcs", _, "cos", region, _, path] = parts[..] else {
        return resource.to_owned();
    };
    let region = match region {
        "" | "*" => String::new(),
        region => format!(", in {region}"),
    };
    match path.split_once('/') {
        _ if path == "*" => format!("every bucket and object{region}"),
        None => format!("the bucket {path}{region}"),
        Some((bucket, "")) => format!("the bucket {bucket}{region}"),
        Some((bucket, "*")) => format!("the bucket {bucket} and all its objects{region}"),
        Some((bucket, key)) => format!("objects {key} of the bucket {bucket}{region}"),
    }
}

fn conditions(condition: &Json) -> Vec<String> {
    let Json::Object(operators) = condition else {
        return Vec::new();
    };
    let tests = operators
        .iter()
        .filter_map(|(operator, keys)| Some((operator, keys.as_object()?)));
    let tests = tests.flat_map(|(operator, keys)| {
        keys.iter().map(move |(key, values)| {
            let values: Vec<String> = list(values).iter().map(|value| text(value)).collect();
            format!("{key} {} {}", operator_in_words(operator), values.join(" or "))
        })
    });
    tests.collect()
}

fn operator_in_words(operator: &str) -> String {
    let (quantifier, bare) = match operator.split_once(':') {
        Some(("for_any_value", bare)) => ("any of them ", bare),
        Some(("for_all_value", bare)) => ("each of them ", bare),
        _ => ("", operator),
    };
    let (bare, if_exist) = match bare.strip_suffix("_if_exist") {
        Some(bare) => (bare, "where it is there, "),
        None => (bare, ""),
    };
    match OPERATORS.iter().find(|(name, _)| *name == bare) {
        Some((_, words)) => format!("{if_exist}{quantifier}{words}"),
        None => operator.to_owned(),
    }
}

/// One thing or several.
fn list(json: &Json) -> Vec<&Json> {
    match json {
        Json::Null => Vec::new(),
        Json::Array(several) => several.iter().collect(),
        one => vec![one],
    }
}

fn text(json: &Json) -> String {
    match json {
        Json::String(text) => text.clone(),
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_document() {
        let document = json!({ "version": "2.0", "statement": [
            { "effect": "allow", "action": ["name/cos:PutObject", "cos:*"], "resource": [
                "qcs::cos:ap-guangzhou:uid/1250000000:photos-1250000000/2026/*",
                "qcs::cos::uid/1250000000:photos-1250000000/*",
            ] },
            { "sid": "office", "effect": "deny", "action": "*", "resource": "*", "condition": {
                "ip_not_equal": { "qcs:ip": ["10.0.0.0/8", "::1"] },
                "numeric_greater_than_if_exist": { "cos:max-keys": 10 },
            } },
        ] });
        let expected = "\
Statement 1 allows
    cos:PutObject
    everything in the object store
  on
    objects 2026/* of the bucket photos-1250000000, in ap-guangzhou
    the bucket photos-1250000000 and all its objects
Statement 2 (office) denies
    everything
  on
    everything
  if
    qcs:ip is not in 10.0.0.0/8 or ::1
    and cos:max-keys where it is there, > 10
";
        assert_eq!(in_words(&document), expected);
    }

    #[test]
    fn what_is_not_known_is_shown() {
        let one = json!({ "statement": { "effect": "x", "action": 1, "resource": {}, "condition": { "o": { "k": null } } } });
        let expected = "Statement 1 has the effect `x` on\n    1\n  on\n    {}\n  if\n    k o \n";
        assert_eq!(in_words(&one), expected);
        for strange in [json!(null), json!([]), json!({ "statement": null }), json!("x")] {
            assert_eq!(in_words(&strange), "", "{strange}");
        }
    }
}
