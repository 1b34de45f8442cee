//! The JSON schema of the file, made from the types that read it.

use schemars::schema_for;
use serde_json::{Value, json};

use super::Settings;
use super::layers::flatten;

/// The schema, with the defaults in it.
pub(crate) fn schema() -> Value {
    let mut schema = schema_for!(Settings).to_value();
    without_null(&mut schema);
    for (key, value) in flatten(&Settings::defaults()).unwrap_or_default() {
        let default = serde_json::to_value(value).unwrap_or_default();
        if let Some(property) = property(&mut schema, &key) {
            property.insert("default".to_owned(), default);
        }
    }
    if let Some(limits) = schema
        .pointer_mut("/properties/limits")
        .and_then(Value::as_object_mut)
    {
        limits.insert("default".to_owned(), json!({}));
    }
    schema
}

/// The keys of the file, those of a table after its name and a dot.
pub(crate) fn keys() -> Vec<String> {
    let schema = schema();
    let names = |place: &str| -> Vec<String> {
        let properties = schema.pointer(place).and_then(Value::as_object);
        properties.map_or_else(Vec::new, |properties| properties.keys().cloned().collect())
    };
    let mut keys = names("/properties");
    keys.retain(|key| key != "limits");
    keys.extend(
        names("/$defs/Limits/properties")
            .iter()
            .map(|key| format!("limits.{key}")),
    );
    keys
}

fn property<'s>(schema: &'s mut Value, key: &str) -> Option<&'s mut serde_json::Map<String, Value>> {
    let place = match key.split_once('.') {
        Some((_, inner)) => format!("/$defs/Limits/properties/{inner}"),
        None => format!("/properties/{key}"),
    };
    schema.pointer_mut(&place)?.as_object_mut()
}

/// The file has no word for nothing: a key that is not wanted is left out.
fn without_null(value: &mut Value) {
    match value {
        Value::Object(members) => {
            if let Some(Value::Array(types)) = members.get_mut("type") {
                types.retain(|name| name != "null");
                if let [one] = types.as_slice() {
                    let one = one.clone();
                    members.insert("type".to_owned(), one);
                }
            }
            members.values_mut().for_each(without_null);
            // A type that may be null is spelled as a choice where it has members of its own.
            if let Some(Value::Array(choices)) = members.get_mut("anyOf") {
                choices.retain(|choice| choice.get("type") != Some(&json!("null")));
                if let [Value::Object(one)] = choices.as_mut_slice() {
                    let mut one = std::mem::take(one);
                    members.remove("anyOf");
                    members.append(&mut one);
                }
            }
        }
        Value::Array(values) => values.iter_mut().for_each(without_null),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_schema_says_what_is_taken() {
        let schema = schema();
        let check = |place: &str, expected: Value| {
            assert_eq!(schema.pointer(place), Some(&expected), "{place} in {schema:#}");
        };
        check("/additionalProperties", json!(false));
        check("/$defs/Limits/additionalProperties", json!(false));
        check("/properties/data/type", json!("string"));
        check("/properties/data/default", json!("./daypass-data"));
        check("/properties/min_session_seconds/minimum", json!(1));
        check("/properties/min_session_seconds/maximum", json!(7200));
        check("/properties/min_session_seconds/default", json!(1800));
        check("/properties/hosts/type", json!("array"));
        check("/properties/hosts/items/type", json!("string"));
        check("/$defs/Limits/properties/connections/default", json!(4096));
        assert!(!schema.to_string().contains("null"), "{schema:#}");
        assert!(schema.get("required").is_none());
    }
}
