//! Conditions: `{ operator: { key: values } }`, read and evaluated.
//!
//! One [`Condition`] is one operator on one key; all of a statement's conditions must hold. Two rules differ
//! from a well-known other language and are tested as such: a missing key makes a condition false, the
//! negated operators included, and a negated operator with several values means "none of them".

mod context;
mod key;
mod operator;
mod value;

pub use context::{Context, QueryText, Tag};
pub use key::ConditionKey;
pub use operator::{Comparison, Operator, Quantifier, Test};
pub use value::ConditionValue;

use crate::document::{Effect, OwnerAccount};
use crate::error::{PolicyError, PolicyErrorKind};
use crate::json::{Fields, Json};
use crate::parse::MAX_LIST;
use crate::scratch::Scratch;
use context::Value;

/// One operator on one key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Condition {
    operator: Operator,
    key: ConditionKey,
    values: Vec<ConditionValue>,
}

impl Condition {
    /// The operator with its modifiers.
    pub fn operator(&self) -> Operator {
        self.operator
    }

    /// The key whose value in the request is tested.
    pub fn key(&self) -> &ConditionKey {
        &self.key
    }

    /// The values it is tested against; at least one.
    pub fn values(&self) -> &[ConditionValue] {
        &self.values
    }

    /// Whether the condition holds, for a statement of this effect.
    ///
    /// What cannot be compared (a header that is no number, a variable that cannot be filled) does not
    /// hold for an allow and holds for a deny.
    pub(crate) fn holds(&self, context: &Context<'_>, caller: Option<u64>, effect: Effect) -> bool {
        let mut found = context.values(&self.key).peekable();
        if self.operator.test == Test::Null {
            let absent = found.peek().is_none();
            return self
                .values
                .iter()
                .any(|value| value.wants_absent() == Some(absent));
        }
        if found.peek().is_none() {
            return self.operator.if_exist;
        }
        let mut satisfies = |value| self.satisfies(value, caller).unwrap_or(effect == Effect::Deny);
        match self.operator.quantifier {
            None | Some(Quantifier::AnyValue) => found.any(&mut satisfies),
            Some(Quantifier::AllValues) => found.all(&mut satisfies),
        }
    }

    /// Whether one value of the request passes; `None` when it cannot be compared.
    fn satisfies(&self, found: Value<'_>, caller: Option<u64>) -> Option<bool> {
        let mut room = Scratch::new();
        let found = found.spell(&mut room);
        let mut unknown = false;
        for value in &self.values {
            match value.matches(self.operator.test, &found, caller) {
                Some(true) => return Some(!self.operator.negated),
                Some(false) => {}
                None => unknown = true,
            }
        }
        if unknown {
            None
        } else {
            Some(self.operator.negated)
        }
    }
}

/// Reads the condition element of a statement.
pub(crate) fn parse(condition: Json, owner: &OwnerAccount) -> Result<Vec<Condition>, PolicyError> {
    let Json::Object(operators) = condition else {
        return Err(PolicyErrorKind::Condition.into());
    };
    let mut conditions = Vec::new();
    for (name, keys) in operators {
        let operator = Operator::parse(&name)
            .ok_or_else(|| PolicyError::new(PolicyErrorKind::ConditionOperator, &name))?;
        match keys {
            Json::Object(keys) if keys.len() > 0 => parse_keys(operator, keys, owner, &mut conditions)?,
            _ => return Err(PolicyError::new(PolicyErrorKind::Condition, &name)),
        }
    }
    Ok(conditions)
}

fn parse_keys(
    operator: Operator,
    keys: Fields,
    owner: &OwnerAccount,
    conditions: &mut Vec<Condition>,
) -> Result<(), PolicyError> {
    let first = conditions.len();
    for (name, values) in keys {
        let key = ConditionKey::parse(&name)
            .ok_or_else(|| PolicyError::new(PolicyErrorKind::ConditionKey, &name))?;
        if !key.suits(operator.test) {
            return Err(PolicyError::new(
                PolicyErrorKind::ConditionOperator,
                &operator.name(),
            ));
        }
        // Blanks around a key are ignored, so that two names of a JSON object may be one key.
        if conditions
            .iter()
            .skip(first)
            .any(|condition| condition.key == key)
        {
            return Err(PolicyError::new(PolicyErrorKind::DuplicateElement, &name));
        }
        let values = parse_values(operator, &key, values, owner)?;
        conditions.push(Condition {
            operator,
            key,
            values,
        });
    }
    Ok(())
}

fn parse_values(
    operator: Operator,
    key: &ConditionKey,
    values: Json,
    owner: &OwnerAccount,
) -> Result<Vec<ConditionValue>, PolicyError> {
    let values = match values {
        Json::List(values) => values,
        single => vec![single],
    };
    match values.len() {
        0 => return Err(PolicyError::new(PolicyErrorKind::ConditionValue, key.name())),
        1..=MAX_LIST => {}
        _ => return Err(PolicyError::new(PolicyErrorKind::TooMany, key.name())),
    }
    values
        .into_iter()
        .map(|value| ConditionValue::parse(value, operator.test, key, owner))
        .collect()
}

#[cfg(test)]
mod tests;
