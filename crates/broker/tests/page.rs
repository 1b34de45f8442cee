//! `docs/broker.md` says what the settings are: its table is made from the schema, and its examples are settings that are
//! taken.

#![allow(
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test may fail by panicking"
)]

use daypass_broker::{Broker, Settings};
use serde_json::Value;

const PAGE: &str = include_str!("../../../docs/broker.md");

/// The keys of a table of the file, with what each means.
fn rows(table: &str, schema: &Value, rows: &mut Vec<String>) {
    let required = schema["required"].as_array().cloned().unwrap_or_default();
    let Some(properties) = schema["properties"].as_object() else {
        return;
    };
    for (name, property) in properties {
        if property.get("const").is_some() {
            continue;
        }
        let meaning = property["description"]
            .as_str()
            .unwrap_or_default()
            .replace('\n', " ");
        let default = match property.get("default") {
            Some(Value::Object(_)) => String::new(),
            Some(Value::Null) | None if required.contains(&Value::from(name.as_str())) => {
                "must be there".to_owned()
            }
            Some(Value::Null) | None => "left out".to_owned(),
            Some(value) => format!("`{value}`"),
        };
        rows.push(format!("| `{table}{name}` | {meaning} | {default} |"));
    }
}

fn table() -> String {
    let schema = daypass_broker::schema();
    let mut lines = vec![
        "| key | what it says | default |".to_owned(),
        "| --- | --- | --- |".to_owned(),
    ];
    rows("", &schema, &mut lines);
    for (prefix, name) in [
        ("store.", "StoreSettings"),
        ("cors.", "CorsSettings"),
        ("cache.", "CacheSettings"),
        ("limits.", "LimitSettings"),
        ("audit.", "AuditSettings"),
    ] {
        rows(prefix, &schema["$defs"][name], &mut lines);
    }
    for kind in schema["$defs"]["CallerSettings"]["oneOf"].as_array().unwrap() {
        let name = kind["properties"]["kind"]["const"].as_str().unwrap();
        rows(&format!("callers, {name}: "), kind, &mut lines);
    }
    rows(
        "callers, api_keys: keys.",
        &schema["$defs"]["ApiKeySettings"],
        &mut lines,
    );
    rows("templates.", &schema["$defs"]["TemplateSettings"], &mut lines);
    lines.join("\n")
}

#[test]
fn the_page_lists_every_key() {
    let (_, after) = PAGE.split_once("<!-- made from the schema -->\n").unwrap();
    let (found, _) = after.split_once("\n<!-- until here -->").unwrap();
    let expected = table();
    assert!(found == expected, "the table must be:\n{expected}");
}

#[test]
fn the_examples_are_taken() {
    let examples: Vec<&str> = PAGE
        .split("```toml\n")
        .skip(1)
        .map(|rest| rest.split_once("```").unwrap().0)
        .collect();
    assert!(examples.len() >= 2, "{}", examples.len());
    let whole = examples[0];
    for example in examples {
        // Parts of a file are shown, too.
        let example = if example.contains("[store]") {
            example.to_owned()
        } else {
            format!("{example}\n{whole}")
        };
        let settings = Settings::parse(&example).unwrap_or_else(|error| panic!("{error} in\n{example}"));
        Broker::check(&settings).unwrap_or_else(|error| panic!("{error} in\n{example}"));
    }
}
