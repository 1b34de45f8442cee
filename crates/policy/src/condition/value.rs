//! The values in a condition, compiled for their operator, and the comparison with a request's value.
//!
//! Comparisons answer `None` when the request's value is not of the operator's type, or a variable cannot
//! be filled; what that means depends on the effect of the statement and is settled above.

use std::net::IpAddr;

use time::format_description::well_known::Rfc3339;
use time::macros::format_description;
use time::{OffsetDateTime, PrimitiveDateTime};

use super::context::Value;
use super::key::ConditionKey;
use super::operator::Test;
use crate::document::OwnerAccount;
use crate::error::{PolicyError, PolicyErrorKind};
use crate::escapes::{percent_decode, upper_case_escapes};
use crate::glob::Glob;
use crate::json::Json;

/// Digits after the point that numbers may have.
const DECIMALS: usize = 9;

/// Digits before the point that numbers may have.
const WHOLE_DIGITS: usize = 20;

/// One value of a condition.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConditionValue {
    /// As written; a number or truth value as its text.
    text: String,
    compiled: Compiled,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Compiled {
    Text(TextForms),
    Number(i128),
    /// Nanoseconds since 1970.
    Time(i128),
    Bool(bool),
    Network(Network),
}

/// A text in the forms in which a request may present it.
///
/// Values of query parameters are URL-encoded in policies, as they are on the wire. A client is free to
/// encode less or more than usual, so the meaning is compared as well: whoever denies `secret%2F` denies
/// `secret/` too.
#[derive(Debug, Clone, PartialEq, Eq)]
struct TextForms {
    written: Glob,
    /// For query parameters: the decoded form, where there is one.
    decoded: Option<Glob>,
    /// For query parameters: as written, with the escapes in upper case.
    escaped: Option<Glob>,
}

/// An address range; addresses of both families are kept as 128 bits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Network {
    base: u128,
    mask: u128,
    is_v4: bool,
}

impl ConditionValue {
    pub(crate) fn parse(
        value: Json,
        test: Test,
        key: &ConditionKey,
        owner: &OwnerAccount,
    ) -> Result<Self, PolicyError> {
        let text = match value {
            Json::Text(text) | Json::Number(text) => text,
            Json::Bool(value) => value.to_string(),
            Json::Null | Json::List(_) | Json::Object(_) => {
                return Err(PolicyError::new(PolicyErrorKind::ConditionValue, key.name()));
            }
        };
        let compiled = match test {
            Test::String | Test::StringIgnoreCase | Test::Binary => Some(Compiled::Text(TextForms::new(
                Glob::text_template(&text, owner),
                key,
            ))),
            Test::StringLike => Some(Compiled::Text(TextForms::new(Glob::template(&text, owner), key))),
            Test::Numeric(_) => parse_number(&text).map(Compiled::Number),
            Test::Date(_) => parse_time(&text).map(Compiled::Time),
            Test::Bool | Test::Null => parse_bool(&text).map(Compiled::Bool),
            Test::Ip => Network::parse(&text).map(Compiled::Network),
        };
        match compiled {
            Some(compiled) => Ok(ConditionValue { text, compiled }),
            None => Err(PolicyError::new(PolicyErrorKind::ConditionValue, &text)),
        }
    }

    /// The value as written; a number or truth value as its text.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The number that the value stands for, or the point in time since 1970, in units of 1e-9; `None` for
    /// values of other operators.
    pub fn nanos(&self) -> Option<i128> {
        match self.compiled {
            Compiled::Number(nanos) | Compiled::Time(nanos) => Some(nanos),
            Compiled::Text(_) | Compiled::Bool(_) | Compiled::Network(_) => None,
        }
    }

    /// For `null_equal`: whether it wants the key to be absent.
    pub fn wants_absent(&self) -> Option<bool> {
        match self.compiled {
            Compiled::Bool(absent) => Some(absent),
            _ => None,
        }
    }

    /// Whether the request's value, spelled for comparison, passes the test, not negated, against this value.
    pub(crate) fn matches(&self, test: Test, found: &Value<'_>, caller: Option<u64>) -> Option<bool> {
        match (&self.compiled, test) {
            (Compiled::Text(forms), _) => forms.matches(found, &mut |glob, text| match test {
                Test::StringLike => glob.matches(text, caller),
                Test::StringIgnoreCase => glob.compare(caller, |value| same_ignoring_case(value, text)),
                _ => glob.compare(caller, |value| value == text),
            }),
            (Compiled::Number(number), Test::Numeric(comparison)) => {
                Some(comparison.accepts(parse_number(plain_text(found)?)?.cmp(number)))
            }
            (Compiled::Time(time), Test::Date(comparison)) => match found {
                Value::Time(now) => Some(comparison.accepts((i128::from(*now) * NANOS).cmp(time))),
                _ => None,
            },
            (Compiled::Bool(value), _) => match found {
                Value::Bool(found) => Some(found == value),
                _ => Some(parse_bool(plain_text(found)?)? == *value),
            },
            (Compiled::Network(network), _) => match found {
                Value::Ip(address) => Some(network.contains(*address)),
                _ => None,
            },
            (Compiled::Number(_) | Compiled::Time(_), _) => None,
        }
    }
}

const NANOS: i128 = 1_000_000_000;

impl TextForms {
    fn new(written: Glob, key: &ConditionKey) -> Self {
        let (decoded, escaped) = if key.is_query_parameter() {
            let escaped = written.map(|text| Some(upper_case_escapes(text).collect()));
            (written.map(percent_decode), escaped)
        } else {
            (None, None)
        };
        TextForms {
            written,
            decoded,
            escaped,
        }
    }

    fn matches(&self, found: &Value<'_>, test: &mut dyn FnMut(&Glob, &str) -> Option<bool>) -> Option<bool> {
        match found {
            Value::Text(text) => test(&self.written, text),
            Value::Bool(value) => test(&self.written, if *value { "true" } else { "false" }),
            Value::Query(query) => {
                let forms = [
                    (Some(&self.written), query.decoded),
                    (self.decoded.as_ref(), query.decoded),
                    (self.escaped.as_ref(), query.raw),
                ];
                let present = forms.into_iter().filter_map(|(glob, text)| Some((glob?, text)));
                any_known(present.map(|(glob, text)| test(glob, text)))
            }
            Value::Tag(_) | Value::Time(_) | Value::Ip(_) => None,
        }
    }
}

/// True when one is true; unknown when none is true and one is unknown.
fn any_known(answers: impl Iterator<Item = Option<bool>>) -> Option<bool> {
    let mut sum = Some(false);
    for answer in answers {
        match answer {
            Some(true) => return answer,
            Some(false) => {}
            None => sum = None,
        }
    }
    sum
}

impl Network {
    fn parse(text: &str) -> Option<Self> {
        let (address, length) = match text.split_once('/') {
            Some((address, length)) => (address, Some(parse_length(length)?)),
            None => (text, None),
        };
        let (base, is_v4) = bits(address.parse().ok()?);
        // A range of mapped addresses, `::ffff:a.b.c.d/n`, is given in the longer count.
        let is_mapped = is_v4 && address.contains(':');
        let (width, offset) = if is_v4 && !is_mapped { (32, 96) } else { (128, 0) };
        let length = length.unwrap_or(width);
        let is_legal = length <= width && (!is_mapped || length >= 96);
        let host_bits = 128 - (length + offset).min(128);
        let mask = u128::MAX.checked_shl(host_bits).unwrap_or(0);
        is_legal.then_some(Network {
            base: base & mask,
            mask,
            is_v4,
        })
    }

    fn contains(self, address: IpAddr) -> bool {
        let (bits, is_v4) = bits(address);
        is_v4 == self.is_v4 && bits & self.mask == self.base
    }
}

/// The address as 128 bits, and whether it is one of the older family, mapped or not.
fn bits(address: IpAddr) -> (u128, bool) {
    match address.to_canonical() {
        IpAddr::V4(v4) => (v4.to_ipv6_mapped().to_bits(), true),
        IpAddr::V6(v6) => (v6.to_bits(), false),
    }
}

fn parse_length(text: &str) -> Option<u32> {
    let is_plain = !text.is_empty() && text.len() <= 3 && text.bytes().all(|byte| byte.is_ascii_digit());
    if is_plain { text.parse().ok() } else { None }
}

fn plain_text<'a>(found: &Value<'a>) -> Option<&'a str> {
    match *found {
        Value::Text(text) => Some(text),
        Value::Query(query) => Some(query.decoded),
        Value::Tag(_) | Value::Time(_) | Value::Ip(_) | Value::Bool(_) => None,
    }
}

fn parse_bool(text: &str) -> Option<bool> {
    match text {
        _ if text.eq_ignore_ascii_case("true") => Some(true),
        _ if text.eq_ignore_ascii_case("false") => Some(false),
        _ => None,
    }
}

/// A decimal number, in units of its last possible digit; exact, unlike floating point.
fn parse_number(text: &str) -> Option<i128> {
    let (sign, digits) = match text.strip_prefix('-') {
        Some(digits) => (-1, digits),
        None => (1, text),
    };
    let (whole, fraction) = match digits.split_once('.') {
        Some((_, "")) => return None,
        Some(parts) => parts,
        None => (digits, ""),
    };
    let is_legal = (1..=WHOLE_DIGITS).contains(&whole.len()) && fraction.len() <= DECIMALS;
    if !is_legal
        || !whole
            .bytes()
            .chain(fraction.bytes())
            .all(|byte| byte.is_ascii_digit())
    {
        return None;
    }
    let mut units: i128 = whole.parse().ok()?;
    for digit in fraction.bytes().chain(std::iter::repeat(b'0')).take(DECIMALS) {
        units = units * 10 + i128::from(digit - b'0');
    }
    Some(sign * units)
}

/// `2016-06-01T00:01:00Z`, with an offset or a fraction if need be, or `2022-05-31 00:00:00` as UTC.
fn parse_time(text: &str) -> Option<i128> {
    let plain = format_description!("[year]-[month]-[day] [hour]:[minute]:[second]");
    let time = OffsetDateTime::parse(text, &Rfc3339)
        .or_else(|_| PrimitiveDateTime::parse(text, plain).map(PrimitiveDateTime::assume_utc));
    Some(time.ok()?.unix_timestamp_nanos())
}

fn same_ignoring_case(one: &str, other: &str) -> bool {
    one.chars()
        .flat_map(char::to_lowercase)
        .eq(other.chars().flat_map(char::to_lowercase))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers() {
        let check = |text: &str, expected: Option<i128>| assert_eq!(parse_number(text), expected, "{text}");
        check("0", Some(0));
        check("5242880", Some(5242880 * NANOS));
        check("1.2", Some(1_200_000_000));
        check("-1.25", Some(-1_250_000_000));
        check("007", Some(7 * NANOS));
        check(&"9".repeat(WHOLE_DIGITS), Some((10_i128.pow(20) - 1) * NANOS));
        check(&"9".repeat(WHOLE_DIGITS + 1), None);
        check("0.123456789", Some(123_456_789));
        check("0.1234567890", None);
        for text in [
            "", "-", ".", "1.", ".5", "+1", "1e3", "0x1", " 1", "1 ", "1,5", "\u{661}", "--1", "NaN",
        ] {
            check(text, None);
        }
    }

    #[test]
    fn times() {
        let check = |text: &str, expected: Option<i128>| {
            assert_eq!(
                parse_time(text),
                expected.map(|seconds| seconds * NANOS),
                "{text}"
            );
        };
        check("2023-11-14T22:13:20Z", Some(1_700_000_000));
        check("2023-11-15T06:13:20+08:00", Some(1_700_000_000));
        check("2023-11-14 22:13:20", Some(1_700_000_000));
        assert_eq!(parse_time("1970-01-01T00:00:00.500Z"), Some(NANOS / 2));
        for text in [
            "",
            "2023-11-14",
            "2023-13-14T22:13:20Z",
            "2023-11-14T22:13:20",
            "1700000000",
        ] {
            check(text, None);
        }
    }

    #[test]
    fn networks() {
        let check = |network: &str, address: &str, expected: bool| {
            let contains = Network::parse(network)
                .unwrap()
                .contains(address.parse().unwrap());
            assert_eq!(contains, expected, "{network} {address}");
        };
        check("10.217.182.3/24", "10.217.182.200", true);
        check("10.217.182.3/24", "10.217.183.1", false);
        check("10.0.0.1", "10.0.0.1", true);
        check("10.0.0.1", "10.0.0.2", false);
        check("10.0.0.1/32", "10.0.0.0", false);
        check("10.0.0.1/31", "10.0.0.0", true);
        check("0.0.0.0/0", "255.1.2.3", true);
        check("0.0.0.0/0", "::1", false);
        check("::/0", "2001:db8::1", true);
        check("::/0", "10.0.0.1", false);
        check("2001:db8::ffff/32", "2001:db8:1::1", true);
        check("2001:db8::/32", "2001:db9::1", false);
        check("::1", "::1", true);
        check("10.0.0.0/8", "::ffff:10.1.2.3", true);
        check("::ffff:10.0.0.0/104", "10.1.2.3", true);
        check("::ffff:10.0.0.1", "10.0.0.1", true);
        for text in [
            "",
            "10.0.0",
            "10.0.0.1/",
            "10.0.0.1/33",
            "::/129",
            "10.0.0.1/+8",
            "10.0.0.1/8/8",
            "*",
            "::ffff:1.2.3.4/95",
        ] {
            assert_eq!(Network::parse(text), None, "{text}");
        }
    }

    #[test]
    fn case_is_ignored_beyond_ascii() {
        assert!(same_ignoring_case("\u{c9}a", "\u{e9}A"));
        assert!(!same_ignoring_case("a", "ab"));
    }
}
