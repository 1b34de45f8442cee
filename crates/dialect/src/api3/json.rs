//! Parameters in a JSON body: an object, bounded in depth, without repeated names on any level.
//!
//! The usual readers keep the last of two equal names, so that two parties may read two requests out of one
//! text; here a repeated name is an error. The body's length is bounded before it comes here.

use std::collections::HashSet;
use std::fmt;

use daypass_api::{Error, ErrorCode};
use serde::de::{DeserializeSeed, Deserializer, Error as _, MapAccess, SeqAccess, Visitor};

use super::fields::{Parameters, Value};

/// Deepest nesting of objects and lists, the body itself included.
const MAX_DEPTH: usize = 16;

/// Reads the body of a call.
pub(super) fn read(body: &[u8]) -> Result<Parameters, Error> {
    let mut reader = serde_json::Deserializer::from_slice(body);
    let members = Members { depth: MAX_DEPTH };
    let parameters = members.deserialize(&mut reader).map_err(invalid)?;
    reader.end().map_err(invalid)?;
    Ok(parameters)
}

/// The reader's own text is not passed on, since it may repeat a value of any length.
#[expect(clippy::needless_pass_by_value, reason = "the shape that `map_err` takes")]
fn invalid(error: serde_json::Error) -> Error {
    Error::with_message(
        ErrorCode::InvalidParameter,
        format!(
            "the body is not a JSON object of parameters with unique names: line {}, column {}",
            error.line(),
            error.column()
        ),
    )
}

/// Reads the members of one object; `depth` says how many levels may still open, this one included.
struct Members {
    depth: usize,
}

impl<'de> DeserializeSeed<'de> for Members {
    type Value = Parameters;

    fn deserialize<D: Deserializer<'de>>(self, reader: D) -> Result<Parameters, D::Error> {
        reader.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for Members {
    type Value = Parameters;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Parameters, A::Error> {
        let depth = inner(self.depth)?;
        let mut parameters = Parameters::new();
        let mut names = HashSet::new();
        while let Some(name) = members.next_key::<String>()? {
            if !names.insert(name.clone()) {
                return Err(A::Error::custom("a name is given more than once"));
            }
            parameters.push((name, members.next_value_seed(Any { depth })?));
        }
        Ok(parameters)
    }
}

/// Reads any value; `depth` says how many levels may still open.
struct Any {
    depth: usize,
}

impl<'de> DeserializeSeed<'de> for Any {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, reader: D) -> Result<Value, D::Error> {
        reader.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Any {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, truth: bool) -> Result<Value, E> {
        Ok(Value::Flag(truth))
    }

    fn visit_i64<E>(self, number: i64) -> Result<Value, E> {
        Ok(Value::Integer(number.into()))
    }

    fn visit_u64<E>(self, number: u64) -> Result<Value, E> {
        Ok(Value::Integer(number.into()))
    }

    /// A whole number beyond 64 bits comes as a float. It saturates, and is out of range wherever it is used.
    #[expect(
        clippy::cast_possible_truncation,
        reason = "the cast saturates, which is what is wanted"
    )]
    fn visit_f64<E>(self, number: f64) -> Result<Value, E> {
        let beyond_64_bits = number.abs() >= 18_446_744_073_709_551_616.0;
        Ok(if beyond_64_bits {
            Value::Integer(number as i128)
        } else {
            Value::Other
        })
    }

    fn visit_str<E>(self, text: &str) -> Result<Value, E> {
        Ok(Value::Text(text.to_owned()))
    }

    fn visit_string<E>(self, text: String) -> Result<Value, E> {
        Ok(Value::Text(text))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut entries: A) -> Result<Value, A::Error> {
        let depth = inner(self.depth)?;
        let mut list = Vec::new();
        while let Some(entry) = entries.next_element_seed(Any { depth })? {
            list.push(entry);
        }
        Ok(Value::List(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, members: A) -> Result<Value, A::Error> {
        let members = Members { depth: self.depth }.visit_map(members)?;
        Ok(Value::Object(members))
    }
}

fn inner<E: serde::de::Error>(depth: usize) -> Result<usize, E> {
    depth.checked_sub(1).ok_or_else(|| E::custom("nested too deep"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(body: &str, expected: Option<Value>) {
        let found = read(body.as_bytes()).ok();
        let expected = expected.map(|value| vec![("X".to_owned(), value)]);
        assert_eq!(found, expected, "{body}");
    }

    #[test]
    fn values() {
        check(r#"{"X":null}"#, Some(Value::Null));
        check(r#"{"X":-5}"#, Some(Value::Integer(-5)));
        check(
            r#"{"X":18446744073709551615}"#,
            Some(Value::Integer(u64::MAX.into())),
        );
        check(r#"{"X":1e999}"#, None);
        check(r#"{"X":-1e30}"#, Some(Value::Integer(-1e30 as i128)));
        check(r#"{"X":1.5}"#, Some(Value::Other));
        check(r#"{"X":true}"#, Some(Value::Flag(true)));
        check(
            r#"{"X":{"a":1}}"#,
            Some(Value::Object(vec![("a".to_owned(), Value::Integer(1))])),
        );
        check(r#"{"X":"\u00e9"}"#, Some(Value::Text("é".to_owned())));
        check(
            r#"{"X":["a",1]}"#,
            Some(Value::List(vec![Value::Text("a".to_owned()), Value::Integer(1)])),
        );
    }

    #[test]
    fn what_is_not_one_object_is_refused() {
        for bad in ["", "[]", "null", "1", "{", "{}{}", "{} x", r#"{"X":"\ud800"}"#] {
            check(bad, None);
        }
        assert_eq!(read(b"{\"X\":\"\xff\"}").ok(), None);
    }

    #[test]
    fn repeated_names_are_refused_on_every_level() {
        check(r#"{"X":1,"X":1}"#, None);
        check(r#"{"X":1,"\u0058":1}"#, None);
        check(r#"{"X":[{"a":1,"a":1}]}"#, None);
    }

    #[test]
    fn depth_is_bounded() {
        let nested = |levels: usize| format!(r#"{{"X":{}{}}}"#, "[".repeat(levels), "]".repeat(levels));
        assert!(read(nested(MAX_DEPTH - 1).as_bytes()).is_ok());
        assert!(read(nested(MAX_DEPTH).as_bytes()).is_err());
        assert!(read(nested(100_000).as_bytes()).is_err());
    }
}
