//! One condition of a statement: an operator with its modifiers, a key, and the values that the policy names.
//!
//! A condition is parsed from its three texts and asked about the values that the request has for that key. A key that
//! is missing makes every operator false, the negated ones too, unless the operator ends in `_if_exist`.

use std::cmp::Ordering;

use crate::pattern::{Variables, wildcard, wildcard_of};
use crate::value::{address, compare_numbers, contains, moment, network, number, truth};

/// One value of a key in a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Given {
    /// The value, decoded.
    pub text: String,
    /// For a query parameter: the value as it was sent. Policies spell such values as they are sent.
    pub raw: Option<String>,
}

/// How values are compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Comparison {
    Text,
    TextIgnoreCase,
    Like,
    /// As numbers, in one of these orders.
    Number(&'static [Ordering]),
    /// As times, in one of these orders.
    Date(&'static [Ordering]),
    Bool,
    Ip,
}

/// What the prefix of the operator says about keys with several values.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Quantifier {
    Any,
    All,
}

/// A condition on one key.
#[derive(Debug, Clone, PartialEq)]
pub struct Condition {
    /// The key that is asked for.
    pub key: String,
    test: Test,
    values: Vec<String>,
}

#[derive(Debug, Clone, PartialEq)]
enum Test {
    /// Whether the key is absent.
    Null,
    Compare {
        comparison: Comparison,
        negated: bool,
        quantifier: Quantifier,
        if_exist: bool,
    },
}

impl Condition {
    /// Reads a condition, or nothing if the language has no such operator, key or value.
    #[must_use]
    pub fn parse(operator: &str, key: &str, values: Vec<String>) -> Option<Self> {
        let key = key.trim().to_owned();
        if !known_key(&key) || values.is_empty() {
            return None;
        }
        let test = Test::parse(operator)?;
        let well_formed = match &test {
            Test::Null => values.iter().all(|value| truth(value).is_some()),
            Test::Compare { comparison, .. } => values.iter().all(|value| comparison.accepts(value)),
        };
        well_formed.then_some(Self { key, test, values })
    }

    /// Whether a request with these values of the key fulfils the condition. What cannot be compared, such as a text
    /// where a number belongs, is `unknown`: false where it would grant, true where it would deny.
    #[must_use]
    pub fn holds(&self, present: &[Given], variables: &Variables, unknown: bool) -> bool {
        let Test::Compare {
            comparison,
            negated,
            quantifier,
            if_exist,
        } = &self.test
        else {
            let absent = present.is_empty();
            return self.values.iter().any(|value| truth(value) == Some(absent));
        };
        if present.is_empty() {
            return *if_exist;
        }
        let element = |given: &Given| {
            let compare = |value: &String| comparison.matches(given, &variables.expand(value)?);
            let answers: Vec<Option<bool>> = self.values.iter().map(compare).collect();
            if answers.contains(&Some(true)) {
                !negated
            } else if answers.contains(&None) {
                unknown
            } else {
                *negated
            }
        };
        match quantifier {
            Quantifier::Any => present.iter().any(element),
            Quantifier::All => present.iter().all(element),
        }
    }
}

impl Test {
    fn parse(operator: &str) -> Option<Self> {
        if operator == "null_equal" {
            return Some(Self::Null);
        }
        let (quantifier, rest) = match operator.split_once(':') {
            Some(("for_any_value", rest)) => (Quantifier::Any, rest),
            Some(("for_all_value", rest)) => (Quantifier::All, rest),
            Some(_) => return None,
            None => (Quantifier::Any, operator),
        };
        let (name, if_exist) = match rest.strip_suffix("_if_exist") {
            Some(name) => (name, true),
            None => (rest, false),
        };
        let (comparison, negated) = comparison(name)?;
        Some(Self::Compare {
            comparison,
            negated,
            quantifier,
            if_exist,
        })
    }
}

/// The operators of the language: how each compares, and whether it is the opposite.
fn comparison(name: &str) -> Option<(Comparison, bool)> {
    use Comparison::{Bool, Ip, Like, Text, TextIgnoreCase};
    Some(match name {
        "string_equal" | "binary_equal" => (Text, false),
        "string_not_equal" => (Text, true),
        "string_equal_ignore_case" => (TextIgnoreCase, false),
        "string_not_equal_ignore_case" => (TextIgnoreCase, true),
        "string_like" => (Like, false),
        "string_not_like" => (Like, true),
        "bool_equal" => (Bool, false),
        "ip_equal" => (Ip, false),
        "ip_not_equal" => (Ip, true),
        _ => return ordered(name),
    })
}

fn ordered(name: &str) -> Option<(Comparison, bool)> {
    use Ordering::{Equal, Greater, Less};
    let (of, relation) = name.split_once('_')?;
    let (orders, negated): (&'static [Ordering], bool) = match relation {
        "equal" => (&[Equal], false),
        "not_equal" => (&[Equal], true),
        "less_than" => (&[Less], false),
        "less_than_equal" => (&[Less, Equal], false),
        "greater_than" => (&[Greater], false),
        "greater_than_equal" => (&[Greater, Equal], false),
        _ => return None,
    };
    match of {
        "numeric" => Some((Comparison::Number(orders), negated)),
        "date" => Some((Comparison::Date(orders), negated)),
        _ => None,
    }
}

impl Comparison {
    fn accepts(self, value: &str) -> bool {
        match self {
            Self::Text | Self::TextIgnoreCase | Self::Like => true,
            Self::Number(_) => number(value).is_some(),
            Self::Date(_) => moment(value).is_some(),
            Self::Bool => truth(value).is_some(),
            Self::Ip => network(value).is_some(),
        }
    }

    /// Whether the value of a request matches one of the policy, or nothing if they cannot be compared.
    fn matches(self, given: &Given, wanted: &str) -> Option<bool> {
        let actual = given.text.as_str();
        match self {
            Self::Text => Some(spelled(given, wanted, |actual, wanted| actual == wanted)),
            Self::TextIgnoreCase => Some(spelled(given, wanted, |actual, wanted| {
                lower(actual) == lower(wanted)
            })),
            Self::Like => Some(spelled_like(given, wanted)),
            Self::Number(orders) => {
                Some(orders.contains(&compare_numbers(&number(actual)?, &number(wanted)?)))
            }
            Self::Date(orders) => Some(orders.contains(&moment(actual)?.cmp(&moment(wanted)?))),
            Self::Bool => Some(truth(actual)? == truth(wanted)?),
            Self::Ip => Some(contains(&network(wanted)?, &address(actual)?)),
        }
    }
}

/// Whether texts are alike. A query parameter may be like the policy's text as it was sent, or decoded, or because
/// both mean the same once decoded.
fn spelled(given: &Given, wanted: &str, alike: impl Fn(&str, &str) -> bool) -> bool {
    let decoded = || percent_decoded(wanted).is_some_and(|wanted| alike(&given.text, &wanted));
    let as_sent = |raw: &String| alike(&hex_in_capitals(raw), &hex_in_capitals(wanted));
    alike(&given.text, wanted) || given.raw.as_ref().is_some_and(|raw| as_sent(raw) || decoded())
}

/// The same for a text with wildcards. A star that is encoded is a star to be found, and no wildcard.
fn spelled_like(given: &Given, wanted: &str) -> bool {
    let decoded = || wanted.split('*').map(percent_decoded).collect::<Option<Vec<_>>>();
    let as_sent = |raw: &String| wildcard(&hex_in_capitals(wanted), &hex_in_capitals(raw));
    wildcard(wanted, &given.text)
        || given.raw.as_ref().is_some_and(|raw| {
            as_sent(raw) || decoded().is_some_and(|parts| wildcard_of(&parts, &given.text))
        })
}

/// Letter by letter, so that no letter depends on where it stands.
fn lower(text: &str) -> String {
    text.chars().flat_map(char::to_lowercase).collect()
}

/// Every percent-encoded byte decoded, or nothing if one is broken.
fn percent_decoded(text: &str) -> Option<String> {
    let mut parts = text.split('%');
    let mut bytes = parts.next().unwrap_or_default().as_bytes().to_vec();
    for part in parts {
        let code = part
            .get(..2)
            .filter(|code| code.bytes().all(|byte| byte.is_ascii_hexdigit()))?;
        bytes.push(u8::from_str_radix(code, 16).ok()?);
        bytes.extend(part.bytes().skip(2));
    }
    String::from_utf8(bytes).ok()
}

/// The keys that exist.
fn known_key(key: &str) -> bool {
    let named = [
        "qcs:current_time",
        "qcs:ip",
        "qcs:resource_tag",
        "qcs:request_tag",
        "qcs:create_uin",
        "vpc:requester_vpc",
        "qcs:vpc",
        "cos:secure-transport",
        "cos:tls-version",
        "cos:host",
        "cos:x-cos-storage-class",
        "cos:versionid",
        "cos:prefix",
        "cos:x-cos-acl",
        "cos:x-cos-forbid-overwrite",
        "cos:content-length",
        "cos:content-type",
        "cos:response-content-type",
    ];
    named.contains(&key) || key.strip_prefix("qcs:tag/").is_some_and(|name| !name.is_empty())
}

/// The text with the letters of percent-encoded bytes in capitals.
fn hex_in_capitals(text: &str) -> String {
    let mut since_percent = 3;
    let capital = |letter: char| {
        since_percent = if letter == '%' { 0 } else { since_percent + 1 };
        match since_percent {
            1 | 2 if letter.is_ascii_hexdigit() => letter.to_ascii_uppercase(),
            _ => letter,
        }
    };
    text.chars().map(capital).collect()
}
