//! Parameters in a query or form: split, decoded once, no name twice; dotted names gathered into lists.
//!
//! The decoded pairs are what a v1 signature covers, and the parameters that are acted on are made of the same
//! pairs: signed and performed cannot differ.

use std::collections::{BTreeMap, HashSet};

use daypass_api::{Error, ErrorCode};

use super::fields::{Parameters, Value};

/// The most parameters of one call, entries of lists counted singly.
const MAX_PARAMETERS: usize = 256;

/// Reads `a=1&b=2`.
pub(super) fn read(text: &[u8]) -> Result<Vec<(String, String)>, Error> {
    let mut pairs = Vec::new();
    let mut names = HashSet::new();
    for pair in text.split(|byte| *byte == b'&').filter(|pair| !pair.is_empty()) {
        if pairs.len() == MAX_PARAMETERS {
            return Err(invalid("there are more than 256 parameters"));
        }
        let mut halves = pair.splitn(2, |byte| *byte == b'=');
        let name = decode(halves.next().unwrap_or_default())?;
        let value = decode(halves.next().unwrap_or_default())?;
        if !names.insert(name.clone()) {
            return Err(invalid("a parameter is given more than once"));
        }
        pairs.push((name, value));
    }
    Ok(pairs)
}

fn decode(text: &[u8]) -> Result<String, Error> {
    decode_percent(text).ok_or_else(|| invalid("a parameter is not percent-encoded UTF-8"))
}

/// Undoes percent-encoding with `+` for a blank; `None` when a `%` stands alone or the result is not UTF-8.
pub(super) fn decode_percent(text: &[u8]) -> Option<String> {
    let mut decoded = Vec::with_capacity(text.len());
    let mut rest = text.iter();
    while let Some(byte) = rest.next() {
        decoded.push(match byte {
            b'+' => b' ',
            b'%' => hex_digit(*rest.next()?)? << 4 | hex_digit(*rest.next()?)?,
            plain => *plain,
        });
    }
    String::from_utf8(decoded).ok()
}

fn hex_digit(byte: u8) -> Option<u8> {
    let digit = char::from(byte).to_digit(16)?;
    u8::try_from(digit).ok()
}

/// Gathers `X.0=a&X.1=b` into one list `X`, and `X.0.Key=a&X.0.Value=b` into a list of one object.
pub(super) fn unflatten(pairs: Vec<(String, String)>) -> Result<Parameters, Error> {
    let mut parameters = Parameters::new();
    let mut lists: BTreeMap<String, BTreeMap<usize, Value>> = BTreeMap::new();
    for (name, value) in pairs {
        let Some((list, entry)) = name.split_once('.') else {
            parameters.push((name, Value::Text(value)));
            continue;
        };
        let (index, member) = match entry.split_once('.') {
            None => (entry, None),
            Some((index, member)) => (index, Some(member)),
        };
        let index = index.parse().map_err(|_| bad_index())?;
        add_entry(lists.entry(list.to_owned()).or_default(), index, member, value)?;
    }
    for (name, entries) in lists {
        let taken = parameters.iter().any(|(given, _)| *given == name);
        if taken || !entries.keys().copied().eq(0..entries.len()) {
            return Err(bad_index());
        }
        parameters.push((name, Value::List(entries.into_values().collect())));
    }
    Ok(parameters)
}

/// Several names within one entry are usual, anything else names the same entry twice.
fn add_entry(
    entries: &mut BTreeMap<usize, Value>,
    index: usize,
    member: Option<&str>,
    value: String,
) -> Result<(), Error> {
    let Some(member) = member else {
        let clash = entries.insert(index, Value::Text(value));
        return if clash.is_some() { Err(bad_index()) } else { Ok(()) };
    };
    // No offered action takes anything nested deeper.
    let value = if member.contains('.') {
        Value::Other
    } else {
        Value::Text(value)
    };
    match entries
        .entry(index)
        .or_insert_with(|| Value::Object(Parameters::new()))
    {
        Value::Object(members) if members.iter().all(|(name, _)| name != member) => {
            members.push((member.to_owned(), value));
            Ok(())
        }
        _ => Err(bad_index()),
    }
}

fn bad_index() -> Error {
    invalid("the entries of a list are not numbered from 0")
}

fn invalid(message: &'static str) -> Error {
    Error::with_message(ErrorCode::InvalidParameter, message)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expected: Option<&[(&str, &str)]>) {
        let read = read(text.as_bytes()).ok();
        let pairs = expected.map(|pairs| {
            let owned = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
            pairs.iter().map(owned).collect::<Vec<_>>()
        });
        assert_eq!(read, pairs, "{text}");
    }

    #[test]
    fn pairs_are_decoded_once() {
        check("", Some(&[]));
        check("a=1&b=2", Some(&[("a", "1"), ("b", "2")]));
        check("&a&&b=&", Some(&[("a", ""), ("b", "")]));
        check("a=x+y%20z%2B=", Some(&[("a", "x y z+=")]));
        check("a=%257B", Some(&[("a", "%7B")]));
        check("%61=%E4%BD%A0", Some(&[("a", "你")]));
        for bad in ["a=1&a=1", "a=1&%61=2", "a=%", "a=%4", "a=%zz", "a=%+1", "a=%ff"] {
            check(bad, None);
        }
    }

    #[test]
    fn the_number_of_parameters_is_bounded() {
        let form = |count| (0..count).map(|n| format!("p{n}=1&")).collect::<String>();
        assert_eq!(
            read(form(MAX_PARAMETERS).as_bytes()).unwrap().len(),
            MAX_PARAMETERS
        );
        assert!(read(form(MAX_PARAMETERS + 1).as_bytes()).is_err());
    }

    fn check_list(text: &str, expected: Option<Value>) {
        let parameters = unflatten(read(text.as_bytes()).unwrap()).ok();
        let expected = expected.map(|value| vec![("X".to_owned(), value)]);
        assert_eq!(parameters, expected, "{text}");
    }

    #[test]
    fn dotted_names_are_lists() {
        let text = |text: &str| Value::Text(text.to_owned());
        check_list("X=1", Some(text("1")));
        check_list("X.0=1", Some(Value::List(vec![text("1")])));
        check_list("X.1=b&X.0=a", Some(Value::List(vec![text("a"), text("b")])));
        let object = |members: &[(&str, Value)]| {
            let own = |(name, value): &(&str, Value)| ((*name).to_owned(), value.clone());
            Value::Object(members.iter().map(own).collect())
        };
        let tag = object(&[("Key", text("a")), ("Value", text("b"))]);
        check_list("X.0.Key=a&X.0.Value=b", Some(Value::List(vec![tag])));
        let deep = object(&[("a.b", Value::Other)]);
        check_list("X.0.a.b=1", Some(Value::List(vec![deep])));
        for bad in [
            "X.=1",
            "X.a=1",
            "X.-1=1",
            "X.1=1",
            "X.0=1&X.2=1",
            "X.0=1&X=1",
            "X.0=1&X.00=1",
            "X.0=1&X.0.Key=1",
            "X.0.Key=1&X.0=1",
            "X.0.Key=1&X.00.Key=1",
            "X.99999999999999999999999=1",
        ] {
            check_list(bad, None);
        }
    }
}
