//! The condition operators and their modifiers.

use std::cmp::Ordering;

/// An operator with its modifiers, such as `for_any_value:string_not_equal_if_exist`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Operator {
    /// How several values of the request count; `None` counts as any value.
    pub quantifier: Option<Quantifier>,
    /// What is compared, and how.
    pub test: Test,
    /// Whether the condition wants that no value passes the test.
    pub negated: bool,
    /// Whether the condition holds when the request has no value at all.
    pub if_exist: bool,
}

/// How several values of the request count.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Quantifier {
    /// One of them must pass: `for_any_value:`.
    AnyValue,
    /// All of them must pass: `for_all_value:`.
    AllValues,
}

/// What is compared, and how.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Test {
    /// Text, exactly.
    String,
    /// Text, letters in either case.
    StringIgnoreCase,
    /// Text with `*` as a wildcard.
    StringLike,
    /// Decimal numbers.
    Numeric(Comparison),
    /// Points in time.
    Date(Comparison),
    /// Truth values.
    Bool,
    /// An address in a network.
    Ip,
    /// Whether the request has a value at all.
    Null,
    /// Text, exactly; listed by the documentation without explanation.
    Binary,
}

/// How two numbers or points in time are compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Comparison {
    /// The request's is the same.
    Equal,
    /// The request's is smaller.
    Less,
    /// The request's is smaller or the same.
    LessEqual,
    /// The request's is greater.
    Greater,
    /// The request's is greater or the same.
    GreaterEqual,
}

const ANY_VALUE: &str = "for_any_value:";
const ALL_VALUES: &str = "for_all_value:";
const IF_EXIST: &str = "_if_exist";

/// Every operator without modifiers: its name, its test, and whether it is negated.
const OPERATORS: [(&str, Test, bool); 23] = [
    ("string_equal", Test::String, false),
    ("string_not_equal", Test::String, true),
    ("string_equal_ignore_case", Test::StringIgnoreCase, false),
    ("string_not_equal_ignore_case", Test::StringIgnoreCase, true),
    ("string_like", Test::StringLike, false),
    ("string_not_like", Test::StringLike, true),
    ("numeric_equal", Test::Numeric(Comparison::Equal), false),
    ("numeric_not_equal", Test::Numeric(Comparison::Equal), true),
    ("numeric_less_than", Test::Numeric(Comparison::Less), false),
    (
        "numeric_less_than_equal",
        Test::Numeric(Comparison::LessEqual),
        false,
    ),
    ("numeric_greater_than", Test::Numeric(Comparison::Greater), false),
    (
        "numeric_greater_than_equal",
        Test::Numeric(Comparison::GreaterEqual),
        false,
    ),
    ("date_equal", Test::Date(Comparison::Equal), false),
    ("date_not_equal", Test::Date(Comparison::Equal), true),
    ("date_less_than", Test::Date(Comparison::Less), false),
    ("date_less_than_equal", Test::Date(Comparison::LessEqual), false),
    ("date_greater_than", Test::Date(Comparison::Greater), false),
    (
        "date_greater_than_equal",
        Test::Date(Comparison::GreaterEqual),
        false,
    ),
    ("bool_equal", Test::Bool, false),
    ("ip_equal", Test::Ip, false),
    ("ip_not_equal", Test::Ip, true),
    ("null_equal", Test::Null, false),
    ("binary_equal", Test::Binary, false),
];

impl Operator {
    pub(crate) fn parse(name: &str) -> Option<Self> {
        let (quantifier, rest) = if let Some(rest) = name.strip_prefix(ANY_VALUE) {
            (Some(Quantifier::AnyValue), rest)
        } else if let Some(rest) = name.strip_prefix(ALL_VALUES) {
            (Some(Quantifier::AllValues), rest)
        } else {
            (None, name)
        };
        let bare = rest.strip_suffix(IF_EXIST);
        let if_exist = bare.is_some();
        let bare = bare.unwrap_or(rest);
        let &(_, test, negated) = OPERATORS.iter().find(|(name, ..)| *name == bare)?;
        // Whether a value is there can be asked neither of each value nor only if it is there.
        let is_plain = quantifier.is_none() && !if_exist;
        (test != Test::Null || is_plain).then_some(Operator {
            quantifier,
            test,
            negated,
            if_exist,
        })
    }

    /// The operator as it is written in a policy.
    pub fn name(&self) -> String {
        let quantifier = match self.quantifier {
            None => "",
            Some(Quantifier::AnyValue) => ANY_VALUE,
            Some(Quantifier::AllValues) => ALL_VALUES,
        };
        let same = |&&(_, test, negated): &&(&str, Test, bool)| test == self.test && negated == self.negated;
        let bare = OPERATORS.iter().find(same).map_or("", |(name, ..)| name);
        let if_exist = if self.if_exist { IF_EXIST } else { "" };
        [quantifier, bare, if_exist].concat()
    }
}

impl Comparison {
    /// Whether the request's value, which stands so to the policy's, passes.
    pub(crate) fn accepts(self, ordering: Ordering) -> bool {
        match self {
            Comparison::Equal => ordering.is_eq(),
            Comparison::Less => ordering.is_lt(),
            Comparison::LessEqual => ordering.is_le(),
            Comparison::Greater => ordering.is_gt(),
            Comparison::GreaterEqual => ordering.is_ge(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_operator_with_every_modifier_reads_and_prints() {
        for quantifier in ["", ANY_VALUE, ALL_VALUES] {
            for (bare, test, negated) in OPERATORS {
                for if_exist in ["", IF_EXIST] {
                    let name = format!("{quantifier}{bare}{if_exist}");
                    let operator = Operator::parse(&name);
                    let is_legal = bare != "null_equal" || (quantifier.is_empty() && if_exist.is_empty());
                    assert_eq!(operator.is_some(), is_legal, "{name}");
                    if let Some(operator) = operator {
                        assert_eq!(operator.name(), name);
                        assert_eq!((operator.test, operator.negated), (test, negated));
                        assert_eq!(operator.if_exist, !if_exist.is_empty());
                    }
                }
            }
        }
    }

    #[test]
    fn nothing_else_reads() {
        for name in [
            "",
            "string_equals",
            "String_equal",
            "string_equal_if_exists",
            "_if_exist",
            "for_any_value:",
            "for_any_value:for_all_value:string_equal",
            "for_all_values:string_equal",
            " string_equal",
            "string_equal_if_exist_if_exist",
            "numeric_not_less_than",
            "bool_not_equal",
        ] {
            assert_eq!(Operator::parse(name), None, "{name}");
        }
    }
}
