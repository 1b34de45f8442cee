//! Reading JSON from a stranger: bounded before it is parsed, and without repeated names.
//!
//! The usual readers keep the last of two equal names, so that two parties may read two policies out of
//! one text; here a repeated name is an error. Length and depth are settled by one pass over the text
//! before anything is built from it.

use std::collections::HashSet;
use std::fmt;

use serde::de::{Deserialize, Deserializer, Error as _, MapAccess, SeqAccess, Visitor};
use serde_json::error::Category;

use crate::error::{PolicyError, PolicyErrorKind};

/// Deepest nesting of objects and lists that is read. A legal document needs six.
pub const MAX_DEPTH: usize = 16;

/// Longest text that is looked at, blanks included.
pub const MAX_RAW_BYTES: usize = 128 * 1024;

/// A JSON value with the members of objects in the order written.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Json {
    Null,
    Bool(bool),
    /// The number as text, since it is compared as a decimal and never as floating point.
    Number(String),
    Text(String),
    List(Vec<Json>),
    Object(Fields),
}

/// The members of a JSON object, taken out one by one.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Fields(Vec<(String, Json)>);

/// How the length of a document is counted, blanks outside of strings not included.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Limit {
    Characters(usize),
    Bytes(usize),
}

/// Reads a document within its bounds.
pub(crate) fn read(text: &str, limit: Limit) -> Result<Json, PolicyError> {
    check_bounds(text, limit)?;
    serde_json::from_str(text).map_err(|error| {
        let kind = match error.classify() {
            // INVARIANT: the only error our own visitor raises is the repeated name.
            Category::Data => PolicyErrorKind::DuplicateElement,
            Category::Io | Category::Syntax | Category::Eof => PolicyErrorKind::NotJson,
        };
        PolicyError::new(kind, &error.to_string())
    })
}

impl Fields {
    /// Takes out a keyword of the language, written in lower case or with its first letter in upper case.
    pub(crate) fn take(&mut self, keyword: &str) -> Result<Option<Json>, PolicyError> {
        let mut found = self.0.extract_if(.., |(name, _)| is_keyword(name, keyword));
        let first = found.next();
        match found.next() {
            Some((name, _)) => Err(PolicyError::new(PolicyErrorKind::DuplicateElement, &name)),
            None => Ok(first.map(|(_, value)| value)),
        }
    }

    /// Takes out a member by its one spelling.
    pub(crate) fn take_exact(&mut self, name: &str) -> Option<Json> {
        self.0
            .extract_if(.., |(other, _)| other == name)
            .next()
            .map(|(_, value)| value)
    }

    /// The name of a member that nobody took.
    pub(crate) fn leftover(&self) -> Option<&str> {
        self.0.first().map(|(name, _)| name.as_str())
    }

    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }
}

impl IntoIterator for Fields {
    type Item = (String, Json);
    type IntoIter = std::vec::IntoIter<(String, Json)>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.into_iter()
    }
}

fn is_keyword(name: &str, keyword: &str) -> bool {
    let (Some((first, rest)), Some((initial, tail))) =
        (name.split_at_checked(1), keyword.split_at_checked(1))
    else {
        return false;
    };
    rest == tail && first.eq_ignore_ascii_case(initial)
}

fn check_bounds(text: &str, limit: Limit) -> Result<(), PolicyError> {
    if text.len() > MAX_RAW_BYTES {
        return Err(PolicyErrorKind::TooLong.into());
    }
    let (mut characters, mut bytes) = (0, 0);
    let (mut depth, mut deepest) = (0_usize, 0);
    let (mut in_string, mut escaped) = (false, false);
    for character in text.chars() {
        if in_string {
            in_string = escaped || character != '"';
            escaped = !escaped && character == '\\';
        } else {
            match character {
                ' ' | '\t' | '\n' | '\r' => continue,
                '"' => in_string = true,
                '{' | '[' => depth += 1,
                '}' | ']' => depth = depth.saturating_sub(1),
                _ => {}
            }
            deepest = deepest.max(depth);
        }
        characters += 1;
        bytes += character.len_utf8();
    }
    let too_long = match limit {
        Limit::Characters(most) => characters > most,
        Limit::Bytes(most) => bytes > most,
    };
    match () {
        () if too_long => Err(PolicyErrorKind::TooLong.into()),
        () if deepest > MAX_DEPTH => Err(PolicyErrorKind::TooDeep.into()),
        () => Ok(()),
    }
}

impl<'de> Deserialize<'de> for Json {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(JsonVisitor)
    }
}

struct JsonVisitor;

impl<'de> Visitor<'de> for JsonVisitor {
    type Value = Json;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_unit<E>(self) -> Result<Json, E> {
        Ok(Json::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Json, E> {
        Ok(Json::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Json, E> {
        Ok(Json::Number(value.to_string()))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Json, E> {
        Ok(Json::Number(value.to_string()))
    }

    // Keeps the nought of `1.0`: an operator on texts compares it with the `1.0` that a request says. Numbers too
    // large for an integer arrive here as well; their text then has an exponent, and is refused as a number.
    fn visit_f64<E>(self, value: f64) -> Result<Json, E> {
        Ok(Json::Number(format!("{value:?}")))
    }

    fn visit_str<E>(self, value: &str) -> Result<Json, E> {
        Ok(Json::Text(value.to_owned()))
    }

    fn visit_string<E>(self, value: String) -> Result<Json, E> {
        Ok(Json::Text(value))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut access: A) -> Result<Json, A::Error> {
        let mut items = Vec::new();
        while let Some(item) = access.next_element()? {
            items.push(item);
        }
        Ok(Json::List(items))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut access: A) -> Result<Json, A::Error> {
        let mut members: Vec<(String, Json)> = Vec::new();
        let mut names = HashSet::new();
        while let Some((name, value)) = access.next_entry::<String, Json>()? {
            if !names.insert(name.clone()) {
                return Err(A::Error::custom(format_args!("{name} given twice")));
            }
            members.push((name, value));
        }
        Ok(Json::Object(Fields(members)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kind(text: &str, limit: usize) -> Result<(), PolicyErrorKind> {
        read(text, Limit::Characters(limit))
            .map(|_| ())
            .map_err(|error| error.kind)
    }

    #[test]
    fn counts_what_is_not_blank() {
        assert_eq!(kind("[ 1 ,\n\t2 ]", 5), Ok(()));
        assert_eq!(kind("[ 1 ,\n\t2 ]", 4), Err(PolicyErrorKind::TooLong));
        assert_eq!(kind("[\"a  b\"]", 8), Ok(()));
        assert_eq!(kind("[\"a  b\"]", 7), Err(PolicyErrorKind::TooLong));
        assert_eq!(kind(r#"["\" "]"#, 7), Ok(()));
        assert_eq!(kind(r#"["\" "]"#, 6), Err(PolicyErrorKind::TooLong));
        assert_eq!(kind("[\"\u{6587}\"]", 5), Ok(()));
        assert!(read("[\"\u{6587}\"]", Limit::Bytes(7)).is_ok());
        assert!(read("[\"\u{6587}\"]", Limit::Bytes(6)).is_err());
    }

    #[test]
    fn refuses_beyond_the_bounds_and_not_before() {
        let nested = |depth: usize| format!("{}{}", "[".repeat(depth), "]".repeat(depth));
        assert_eq!(kind(&nested(MAX_DEPTH), 1000), Ok(()));
        assert_eq!(kind(&nested(MAX_DEPTH + 1), 1000), Err(PolicyErrorKind::TooDeep));
        assert_eq!(
            kind(&"[".repeat(100_000), usize::MAX),
            Err(PolicyErrorKind::TooDeep)
        );
        let blanks = |bytes: usize| format!("[]{}", " ".repeat(bytes - 2));
        assert_eq!(kind(&blanks(MAX_RAW_BYTES), 2), Ok(()));
        assert_eq!(kind(&blanks(MAX_RAW_BYTES + 1), 2), Err(PolicyErrorKind::TooLong));
    }

    #[test]
    fn refuses_repeated_names_and_broken_text() {
        assert_eq!(
            kind(r#"{"a":1,"a":1}"#, 100),
            Err(PolicyErrorKind::DuplicateElement)
        );
        assert_eq!(
            kind(r#"{"a":1,"\u0061":1}"#, 100),
            Err(PolicyErrorKind::DuplicateElement)
        );
        for text in [
            "",
            "{",
            "{}}",
            "{}x",
            "{'a':1}",
            "// c\n{}",
            "[1,]",
            "\u{0}",
            "nul",
            "\"\u{1}\"",
            "\u{feff}{}",
        ] {
            assert_eq!(kind(text, 100), Err(PolicyErrorKind::NotJson), "{text:?}");
        }
    }

    #[test]
    fn keeps_numbers_as_decimals() {
        let number = |text: &str| match read(text, Limit::Characters(100)) {
            Ok(Json::Number(number)) => number,
            other => panic!("{other:?}"),
        };
        assert_eq!(number("5242880"), "5242880");
        assert_eq!(number("-3"), "-3");
        assert_eq!(number("1.2"), "1.2");
        assert_eq!(number("1.0"), "1.0");
        assert_eq!(number("-0.0"), "-0.0");
        assert_eq!(number("1e300"), "1e300");
        assert_eq!(number("20000000000000000001"), "2e19");
    }

    #[test]
    fn takes_keywords_in_two_spellings_but_not_both() {
        let fields = |text: &str| match read(text, Limit::Characters(100)) {
            Ok(Json::Object(fields)) => fields,
            other => panic!("{other:?}"),
        };
        assert_eq!(
            fields(r#"{"Effect":1}"#).take("effect"),
            Ok(Some(Json::Number("1".into())))
        );
        assert_eq!(fields(r#"{"EFFECT":1}"#).take("effect"), Ok(None));
        assert_eq!(fields(r#"{"\u00c9ffect":1,"":2}"#).take("effect"), Ok(None));
        let both = fields(r#"{"Effect":1,"effect":1}"#).take("effect");
        assert_eq!(
            both.map_err(|error| error.kind),
            Err(PolicyErrorKind::DuplicateElement)
        );
    }
}
