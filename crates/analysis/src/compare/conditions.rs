//! What follows from a condition: that another holds as well, or that it cannot hold. Only rules that are always
//! right are here; that none applies means that nothing is known.

use daypass_policy::{Comparison, Condition, ConditionKey, ConditionValue, Test};

use super::globs::contains;

/// Whether all of `then` hold whenever all of `when` do.
pub(super) fn implies(when: &[Condition], then: &[Condition]) -> bool {
    then.iter()
        .all(|then| when.iter().any(|when| entails(when, then)))
}

/// Whether the conditions of a deny cannot hold when those of an allow do.
pub(super) fn excludes(allow: &[Condition], deny: &[Condition]) -> bool {
    let refutes = |when: &Condition| deny.iter().any(|then| refutes(when, then));
    allow.iter().any(refutes)
}

fn entails(when: &Condition, then: &Condition) -> bool {
    if when == then {
        return true;
    }
    if when.key() != then.key() {
        return false;
    }
    if then.operator().test == Test::Null {
        return !holds_absent(when) && wants(then, false);
    }
    // With the key absent the first must fail, or the second hold.
    if when.operator().test == Test::Null || (holds_absent(when) && !holds_absent(then)) {
        return false;
    }
    counts_alike(when, then) && value_entails(when, then)
}

/// Whether it is enough to look at one value of the request.
fn counts_alike(when: &Condition, then: &Condition) -> bool {
    use daypass_policy::Quantifier::AllValues;
    let is_all = |condition: &Condition| condition.operator().quantifier == Some(AllValues);
    is_single(when.key()) || is_all(when) || !is_all(then)
}

fn value_entails(when: &Condition, then: &Condition) -> bool {
    let (one, other) = (when.operator(), then.operator());
    let (inner, outer) = if one.negated { (then, when) } else { (when, then) };
    if one.negated == other.negated {
        return each(inner, outer, |inner_value, outer_value| {
            one.test == other.test && is_same(inner_value, outer_value)
                || lies_in(inner, inner_value, outer, outer_value)
        });
    }
    !one.negated && other.negated && none_meets(when, then)
}

/// Whether a deny's condition fails whenever an allow's holds.
fn refutes(allow: &Condition, deny: &Condition) -> bool {
    if allow.key() != deny.key() || (holds_absent(allow) && holds_absent(deny)) {
        return false;
    }
    let (one, other) = (allow.operator(), deny.operator());
    match (one.test, other.test) {
        (Test::Null, Test::Null) => {
            wants(allow, true) && wants(deny, false) || wants(allow, false) && wants(deny, true)
        }
        (Test::Null, _) => wants(allow, true),
        (_, Test::Null) => wants(deny, true),
        _ if !is_single(allow.key()) => false,
        _ if !one.negated && !other.negated => none_meets(allow, deny),
        _ if one.negated && other.negated => false,
        _ => {
            let (inner, outer) = if one.negated { (deny, allow) } else { (allow, deny) };
            each(inner, outer, |inner_value, outer_value| {
                one.test == other.test && is_same(inner_value, outer_value)
                    || lies_in(inner, inner_value, outer, outer_value)
            })
        }
    }
}

/// Whether each value of the inner condition stands so to some value of the outer.
fn each(
    inner: &Condition,
    outer: &Condition,
    stands: impl Fn(&ConditionValue, &ConditionValue) -> bool,
) -> bool {
    let has_outer = |value: &ConditionValue| outer.values().iter().any(|other| stands(value, other));
    inner.values().iter().all(has_outer)
}

/// The same value, with variables filled alike.
fn is_same(one: &ConditionValue, other: &ConditionValue) -> bool {
    one == other
}

/// Whether whatever passes the inner test, not negated, also passes the outer.
fn lies_in(
    inner: &Condition,
    inner_value: &ConditionValue,
    outer: &Condition,
    outer_value: &ConditionValue,
) -> bool {
    let tests = (inner.operator().test, outer.operator().test);
    match tests {
        (Test::Numeric(one), Test::Numeric(other)) | (Test::Date(one), Test::Date(other)) => {
            match (Range::of(one, inner_value), Range::of(other, outer_value)) {
                (Some(inner), Some(outer)) => inner.lies_in(outer),
                _ => false,
            }
        }
        (Test::String, Test::StringLike) => {
            is_plain(inner.key(), inner_value, outer_value)
                && !inner_value.text().contains('*')
                && contains(outer_value.text(), inner_value.text())
        }
        (Test::StringLike, Test::StringLike) => {
            is_plain(inner.key(), inner_value, outer_value)
                && contains(outer_value.text(), inner_value.text())
        }
        _ => false,
    }
}

/// Whether no value of the request passes both tests, neither negated.
fn none_meets(one: &Condition, other: &Condition) -> bool {
    let apart = |value: &ConditionValue| {
        other
            .values()
            .iter()
            .all(|against| is_apart(one, value, other, against))
    };
    one.values().iter().all(apart)
}

fn is_apart(one: &Condition, value: &ConditionValue, other: &Condition, against: &ConditionValue) -> bool {
    let plain = is_plain(one.key(), value, against);
    match (one.operator().test, other.operator().test) {
        (Test::Numeric(first), Test::Numeric(second)) | (Test::Date(first), Test::Date(second)) => {
            match (Range::of(first, value), Range::of(second, against)) {
                (Some(first), Some(second)) => first.is_apart(second),
                _ => false,
            }
        }
        (Test::String, Test::String) => plain && value.text() != against.text(),
        (Test::String, Test::StringLike) => {
            plain && !value.text().contains('*') && !contains(against.text(), value.text())
        }
        (Test::StringLike, Test::String) => {
            plain && !against.text().contains('*') && !contains(value.text(), against.text())
        }
        (Test::Bool, Test::Bool) => !value.text().eq_ignore_ascii_case(against.text()),
        _ => false,
    }
}

/// Whether two texts mean what they say: no variables, and no second form as in a query.
fn is_plain(key: &ConditionKey, one: &ConditionValue, other: &ConditionValue) -> bool {
    let has_variable = |value: &ConditionValue| value.text().contains("${");
    !key.is_query_parameter() && !has_variable(one) && !has_variable(other)
}

/// Whether a request has at most one value for the key.
fn is_single(key: &ConditionKey) -> bool {
    !matches!(
        key,
        ConditionKey::RequestTag | ConditionKey::ResourceTag | ConditionKey::Tag(_)
    )
}

/// Whether the condition holds for a request without the key.
fn holds_absent(condition: &Condition) -> bool {
    match condition.operator().test {
        Test::Null => condition
            .values()
            .iter()
            .any(|value| value.wants_absent() == Some(true)),
        _ => condition.operator().if_exist,
    }
}

/// Whether a `null_equal` holds for the key being absent (`true`) or present (`false`), and for nothing else.
fn wants(condition: &Condition, absent: bool) -> bool {
    condition.operator().test == Test::Null
        && condition
            .values()
            .iter()
            .all(|value| value.wants_absent() == Some(absent))
}

/// The numbers that pass a comparison, in units of 1e-9: neither policies nor requests have finer ones.
#[derive(Clone, Copy)]
struct Range {
    first: i128,
    last: i128,
}

impl Range {
    fn of(comparison: Comparison, value: &ConditionValue) -> Option<Self> {
        let bound = value.nanos()?;
        let (first, last) = match comparison {
            Comparison::Equal => (bound, bound),
            Comparison::Less => (i128::MIN, bound - 1),
            Comparison::LessEqual => (i128::MIN, bound),
            Comparison::Greater => (bound + 1, i128::MAX),
            Comparison::GreaterEqual => (bound, i128::MAX),
        };
        Some(Range { first, last })
    }

    fn lies_in(self, outer: Self) -> bool {
        outer.first <= self.first && self.last <= outer.last
    }

    fn is_apart(self, other: Self) -> bool {
        self.last < other.first || other.last < self.first
    }
}
