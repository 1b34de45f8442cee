//! The same document as other authors write it: keywords with capitals, single texts and objects in place of lists,
//! numbers and truth values in place of texts, blanks around keys, empty conditions.

use serde_json::{Map, Value, json};

use crate::random::Random;

/// Spells every document of a situation anew.
pub(crate) fn respell(random: &mut Random, case: &mut Value) {
    for (list, session) in [("policies", false), ("boundary", false), ("sessions", true)] {
        for document in case[list].as_array_mut().into_iter().flatten() {
            respell_document(random, document, session);
        }
    }
    respell_document(random, &mut case["bucket_policy"], false);
}

fn respell_document(random: &mut Random, document: &mut Value, session: bool) {
    let Some(fields) = document.as_object_mut() else {
        return;
    };
    if session && random.percent(30) {
        fields.remove("version");
    }
    let statements = fields["statement"].as_array_mut().unwrap();
    let mut shared = None;
    if statements.len() == 1 && random.percent(30) {
        shared = statements[0].as_object_mut().unwrap().remove("principal");
    }
    for statement in statements.iter_mut() {
        respell_statement(random, statement, session);
    }
    if statements.len() == 1 && random.percent(30) {
        let only = statements.remove(0);
        fields.insert("statement".to_owned(), only);
    }
    if let Some(mut principal) = shared {
        respell_principal(random, &mut principal, session);
        fields.insert("principal".to_owned(), principal);
    }
    capitalise(random, fields);
}

fn respell_statement(random: &mut Random, statement: &mut Value, session: bool) {
    let fields = statement.as_object_mut().unwrap();
    for name in ["action", "resource"] {
        single(random, &mut fields[name]);
    }
    if random.percent(10) {
        fields.insert("sid".to_owned(), json!("a"));
    }
    if session && random.percent(20) {
        let everybody = [json!("*"), json!({"qcs": "*"}), json!({"qcs": ["*"]})];
        fields.insert("principal".to_owned(), random.pick(&everybody).clone());
    }
    if let Some(principal) = fields.get_mut("principal") {
        respell_principal(random, principal, session);
    }
    match fields.get_mut("condition") {
        Some(conditions) => respell_conditions(random, conditions),
        None if random.percent(10) => drop(fields.insert("condition".to_owned(), json!({}))),
        None => {}
    }
    capitalise(random, fields);
}

fn respell_principal(random: &mut Random, principal: &mut Value, session: bool) {
    if *principal == json!({"qcs": ["*"]}) && random.percent(50) {
        *principal = json!("*");
    } else if principal.is_object() {
        single(random, &mut principal["qcs"]);
        if !session && random.percent(10) {
            principal["service"] = json!("a.b");
        }
    }
}

fn respell_conditions(random: &mut Random, conditions: &mut Value) {
    for keys in conditions.as_object_mut().unwrap().values_mut() {
        let keys = keys.as_object_mut().unwrap();
        for values in keys.values_mut() {
            for value in values.as_array_mut().into_iter().flatten() {
                respell_scalar(random, value);
            }
            single(random, values);
        }
        if random.percent(20) {
            let blank = |(name, values): (String, Value)| (format!(" {name}\t"), values);
            *keys = std::mem::take(keys).into_iter().map(blank).collect();
        }
    }
}

/// A number or a truth value in place of its text, where it is written in the same letters.
fn respell_scalar(random: &mut Random, value: &mut Value) {
    let text = value.as_str().unwrap_or_default();
    let same_letters = |plain: &Value| {
        let spelled = plain.to_string();
        !plain.is_object() && spelled == text
    };
    let plain: Option<Value> = serde_json::from_str(text).ok().filter(same_letters);
    if let Some(plain) = plain
        && random.percent(40)
    {
        *value = plain;
    }
}

/// The only entry of a list in place of the list.
fn single(random: &mut Random, list: &mut Value) {
    if let Some([only]) = list.as_array().map(Vec::as_slice)
        && random.percent(40)
    {
        *list = only.clone();
    }
}

/// Some keywords with a capital.
fn capitalise(random: &mut Random, fields: &mut Map<String, Value>) {
    let mut spell = |(name, value): (String, Value)| match random.percent(15) {
        true => (name[..1].to_uppercase() + &name[1..], value),
        false => (name, value),
    };
    *fields = std::mem::take(fields).into_iter().map(&mut spell).collect();
}
