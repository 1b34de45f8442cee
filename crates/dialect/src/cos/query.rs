//! The query of a request: names without case, values in both spellings.
//!
//! Pairs are split at `&` alone, since one SDK sends a raw `;`. A name that the service gives a meaning to may be
//! repeated only with the same value; other names, signatures among them, are not looked at here.

use std::borrow::Cow;

use daypass_api::attributes::QueryValue;
use daypass_api::{Error, ErrorCode};

use super::percent;
use super::request_head::invalid_argument;
use super::route::is_sub_resource;

/// Most parameters of one query.
const MAX_PARAMETERS: usize = 256;

/// Parameters with a meaning, besides the sub-resources and `response-*`.
const PARAMETERS: [&str; 21] = [
    "create-time",
    "delimiter",
    "encoding-type",
    "id",
    "key-marker",
    "marker",
    "max-keys",
    "max-parts",
    "max-uploads",
    "part-number-marker",
    "partnumber",
    "position",
    "prefix",
    "range",
    "region",
    "tagkey",
    "tagvalue",
    "upload-id-marker",
    "uploadid",
    "versionid",
    "x-cos-traffic-limit",
];

/// A query that has been read. It borrows what needs no decoding: a token in a link is long.
#[derive(Debug, Default)]
pub(super) struct Query<'q> {
    parameters: Vec<Parameter<'q>>,
}

#[derive(Debug)]
struct Parameter<'q> {
    /// In lower case.
    name: Cow<'q, str>,
    raw: &'q str,
    decoded: Cow<'q, str>,
}

impl<'q> Query<'q> {
    /// Reads a raw query.
    pub(super) fn parse(raw: &'q str) -> Result<Self, Error> {
        let mut query = Self::default();
        let mut count = 0_usize;
        for pair in raw.split('&').filter(|pair| !pair.is_empty()) {
            count += 1;
            if count > MAX_PARAMETERS {
                return Err(invalid_argument("the query has more than 256 parameters"));
            }
            query.add(pair)?;
        }
        Ok(query)
    }

    fn add(&mut self, pair: &'q str) -> Result<(), Error> {
        let (name, raw) = pair.split_once('=').unwrap_or((pair, ""));
        let undecodable = || Error::new(ErrorCode::InvalidUri);
        let name = lower(percent::decode_query(name).ok_or_else(undecodable)?);
        let decoded = percent::decode_query(raw).ok_or_else(undecodable)?;
        match self.find(&name) {
            Some(earlier) if earlier.raw == raw => {}
            Some(_) if is_meaningful(&name) => {
                return Err(invalid_argument(format!("parameter `{name}` has two values")));
            }
            Some(_) | None => self.parameters.push(Parameter { name, raw, decoded }),
        }
        Ok(())
    }

    fn find(&self, name: &str) -> Option<&Parameter<'q>> {
        self.parameters.iter().find(|known| known.name == name)
    }

    /// A parameter that was sent, be it empty or not, in both spellings. `name` is in lower case.
    pub(super) fn value(&self, name: &str) -> Option<QueryValue> {
        self.find(name).map(|parameter| QueryValue {
            raw: parameter.raw.to_owned(),
            decoded: parameter.decoded.clone().into_owned(),
        })
    }

    /// A parameter's decoded value; an empty one is as good as none.
    pub(super) fn text(&self, name: &str) -> Option<&str> {
        self.find(name)
            .map(|parameter| &*parameter.decoded)
            .filter(|text| !text.is_empty())
    }

    /// Whether a parameter was sent at all.
    pub(super) fn has(&self, name: &str) -> bool {
        self.find(name).is_some()
    }

    /// All names, in lower case.
    pub(super) fn names(&self) -> impl Iterator<Item = &str> {
        self.parameters.iter().map(|parameter| &*parameter.name)
    }
}

fn lower(name: Cow<'_, str>) -> Cow<'_, str> {
    if name.bytes().any(|byte| byte.is_ascii_uppercase()) {
        Cow::Owned(name.to_ascii_lowercase())
    } else {
        name
    }
}

fn is_meaningful(name: &str) -> bool {
    PARAMETERS.contains(&name) || name.starts_with("response-") || is_sub_resource(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn code(raw: &str) -> Option<ErrorCode> {
        Query::parse(raw).err().map(|error| error.code)
    }

    #[test]
    fn values_keep_both_spellings() {
        let query = Query::parse("Prefix=a%2Bb+c;d&&uploads&x=").unwrap();
        let prefix = query.value("prefix").unwrap();
        assert_eq!(
            (prefix.raw.as_str(), prefix.decoded.as_str()),
            ("a%2Bb+c;d", "a+b c;d")
        );
        assert!(query.has("uploads") && query.has("x") && !query.has("y"));
        assert_eq!(query.text("uploads"), None);
        assert_eq!(query.names().collect::<Vec<_>>(), ["prefix", "uploads", "x"]);
    }

    #[test]
    fn repetitions() {
        let check = |raw: &str, expected: Option<ErrorCode>| assert_eq!(code(raw), expected, "{raw}");
        check("uploads&uploads=", None);
        check("prefix=a&PREFIX=a", None);
        check("prefix=a&prefix=b", Some(ErrorCode::InvalidArgument));
        check("prefix=a&prefix=%61", Some(ErrorCode::InvalidArgument));
        check("prefix=a&prefix", Some(ErrorCode::InvalidArgument));
        check("uploadId=a&uploadid=b", Some(ErrorCode::InvalidArgument));
        check("acl&acl=x", Some(ErrorCode::InvalidArgument));
        check(
            "response-expires=1&response-expires=2",
            Some(ErrorCode::InvalidArgument),
        );
        check("utm=a&utm=b", None);
    }

    #[test]
    fn bounds_and_broken_escapes() {
        assert_eq!(code(&"a&".repeat(256)), None);
        assert_eq!(code(&"a&".repeat(257)), Some(ErrorCode::InvalidArgument));
        assert_eq!(code("prefix=%zz"), Some(ErrorCode::InvalidUri));
        assert_eq!(code("%f=1"), Some(ErrorCode::InvalidUri));
        assert_eq!(code("prefix=%ff"), Some(ErrorCode::InvalidUri));
    }
}
