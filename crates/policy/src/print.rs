//! Printing a compiled document in the policy language.
//!
//! Reading the printed text, for the same kind and owner, gives the same compiled document. It is not the
//! original text: the version is always there, shared principals are repeated, and legacy forms are
//! rewritten, so it may be somewhat longer.

use std::fmt;

use crate::condition::{Condition, ConditionKey};
use crate::document::{Effect, Policy, Statement};
use crate::principal::PrincipalPattern;

impl fmt::Display for Policy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(r#"{"version":"2.0","statement":["#)?;
        separated(f, &self.statements, print_statement)?;
        f.write_str("]}")
    }
}

fn print_statement(f: &mut fmt::Formatter<'_>, statement: &Statement) -> fmt::Result {
    f.write_str("{")?;
    if let Some(sid) = &statement.sid {
        f.write_str(r#""sid":"#)?;
        text(f, sid)?;
        f.write_str(",")?;
    }
    if let Some(principals) = &statement.principals {
        f.write_str(r#""principal":"#)?;
        print_principals(f, principals)?;
        f.write_str(",")?;
    }
    f.write_str(match statement.effect {
        Effect::Allow => r#""effect":"allow","action":"#,
        Effect::Deny => r#""effect":"deny","action":"#,
    })?;
    texts(f, &statement.actions, |action| action.text().to_owned())?;
    if let Some(resources) = &statement.resources {
        f.write_str(r#","resource":"#)?;
        texts(f, resources, |resource| resource.text().to_owned())?;
    }
    if !statement.conditions.is_empty() {
        f.write_str(r#","condition":"#)?;
        print_conditions(f, &statement.conditions)?;
    }
    f.write_str("}")
}

fn print_principals(f: &mut fmt::Formatter<'_>, principals: &[PrincipalPattern]) -> fmt::Result {
    if principals == [PrincipalPattern::Everyone] {
        return text(f, "*");
    }
    let same = |one: &PrincipalPattern, other: &PrincipalPattern| one.element() == other.element();
    let groups: Vec<&[PrincipalPattern]> = principals.chunk_by(same).collect();
    f.write_str("{")?;
    separated(f, &groups, |f, group| {
        text(f, group.first().map_or("", PrincipalPattern::element))?;
        f.write_str(":")?;
        texts(f, group, PrincipalPattern::to_string)
    })?;
    f.write_str("}")
}

fn print_conditions(f: &mut fmt::Formatter<'_>, conditions: &[Condition]) -> fmt::Result {
    let same = |one: &Condition, other: &Condition| one.operator() == other.operator();
    let groups: Vec<&[Condition]> = conditions.chunk_by(same).collect();
    f.write_str("{")?;
    separated(f, &groups, |f, group| {
        text(
            f,
            &group
                .first()
                .map(|condition| condition.operator().name())
                .unwrap_or_default(),
        )?;
        f.write_str(":{")?;
        separated(f, group, print_condition)?;
        f.write_str("}")
    })?;
    f.write_str("}")
}

fn print_condition(f: &mut fmt::Formatter<'_>, condition: &Condition) -> fmt::Result {
    match condition.key() {
        ConditionKey::Tag(tag) => text(f, &[condition.key().name(), tag].concat())?,
        key => text(f, key.name())?,
    }
    f.write_str(":")?;
    texts(f, condition.values(), |value| value.text().to_owned())
}

/// One text, or a list of them.
fn texts<T>(f: &mut fmt::Formatter<'_>, items: &[T], spell: impl Fn(&T) -> String) -> fmt::Result {
    if let [single] = items {
        return text(f, &spell(single));
    }
    f.write_str("[")?;
    separated(f, items, |f, item| text(f, &spell(item)))?;
    f.write_str("]")
}

fn separated<T>(
    f: &mut fmt::Formatter<'_>,
    items: &[T],
    print: impl Fn(&mut fmt::Formatter<'_>, &T) -> fmt::Result,
) -> fmt::Result {
    for (index, item) in items.iter().enumerate() {
        if index > 0 {
            f.write_str(",")?;
        }
        print(f, item)?;
    }
    Ok(())
}

fn text(f: &mut fmt::Formatter<'_>, text: &str) -> fmt::Result {
    let json = serde_json::to_string(text).map_err(|_| fmt::Error)?;
    f.write_str(&json)
}
