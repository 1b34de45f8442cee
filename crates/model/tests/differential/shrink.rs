//! Makes a case smaller as long as it stays interesting: removes list entries and fields, one after the other.

use serde_json::Value;

/// The smallest case found from this one that is still interesting.
pub(crate) fn shrink(case: Value, interesting: &dyn Fn(&Value) -> bool) -> Value {
    let mut smallest = case;
    while let Some(smaller) = smaller(&smallest).into_iter().find(|case| interesting(case)) {
        smallest = smaller;
    }
    smallest
}

/// Every value that is this one with one thing less.
fn smaller(value: &Value) -> Vec<Value> {
    let mut all = Vec::new();
    match value {
        Value::Array(entries) => {
            for index in 0..entries.len() {
                let mut fewer = entries.clone();
                fewer.remove(index);
                all.push(Value::Array(fewer));
            }
            for (index, entry) in entries.iter().enumerate() {
                for less in smaller(entry) {
                    let mut changed = entries.clone();
                    changed[index] = less;
                    all.push(Value::Array(changed));
                }
            }
        }
        Value::Object(fields) => {
            for name in fields.keys().filter(|name| !NEEDED.contains(&name.as_str())) {
                let mut fewer = fields.clone();
                fewer.remove(name);
                all.push(Value::Object(fewer));
            }
            for (name, field) in fields.iter().filter(|(name, _)| *name != "now") {
                for less in smaller(field) {
                    let mut changed = fields.clone();
                    changed.insert(name.clone(), less);
                    all.push(Value::Object(changed));
                }
            }
        }
        _ => {}
    }
    all
}

/// Without these a case says nothing.
const NEEDED: [&str; 11] = [
    "caller",
    "account",
    "is",
    "request",
    "operation",
    "key",
    "ip",
    "now",
    "effect",
    "action",
    "statement",
];
