//! The lists of signed names, `q-header-list` and `q-url-param-list`.
//!
//! A list is kept as its lower-cased text, so that reading one costs one allocation however many names it has.
//!
//! INVARIANT: an entry consists of unreserved characters and `%`. The canonical text joins names and values with
//! `=`, `&` and line breaks; an entry that could contain these would let one signature stand for two requests.

use std::fmt;

use crate::{
    ClaimError, MAX_AUTHORIZATION_BYTES,
    claim_error::{bounded, bounded_list},
    encoding::{encode_name, is_encoded_name},
};

/// The names that a signature covers, in the order they were signed; encoded and lower-case.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct NameList {
    text: String,
}

impl NameList {
    /// Reads a list joined by semicolons; the empty text is the empty list.
    pub(super) fn parse(field: &'static str, text: &str) -> Result<Self, ClaimError> {
        if text.is_empty() {
            return Ok(Self::default());
        }
        bounded(field, text, MAX_AUTHORIZATION_BYTES)?;
        bounded_list(field, text.split(';').count())?;
        if !text.split(';').all(is_entry) {
            return Err(ClaimError::Malformed(field));
        }
        Ok(Self {
            text: text.to_ascii_lowercase(),
        })
    }

    /// Lists plain names: encodes, sorts, and leaves out repetitions and empty names.
    pub fn of<N: AsRef<[u8]>>(names: impl IntoIterator<Item = N>) -> Self {
        let mut encoded: Vec<String> = names.into_iter().map(|name| encode_name(name.as_ref())).collect();
        encoded.retain(|name| !name.is_empty());
        encoded.sort_unstable();
        encoded.dedup();
        Self {
            text: encoded.join(";"),
        }
    }

    /// The entries in order.
    pub fn iter(&self) -> impl Iterator<Item = &str> {
        self.text.split(';').filter(|entry| !entry.is_empty())
    }

    /// Tells whether the list covers a header or parameter of this plain name, whatever its case.
    pub fn covers(&self, name: impl AsRef<[u8]>) -> bool {
        self.iter().any(|entry| is_encoded_name(entry, name.as_ref()))
    }

    /// The list as it stands in an Authorization text.
    pub fn as_str(&self) -> &str {
        &self.text
    }
}

impl fmt::Display for NameList {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.text)
    }
}

fn is_entry(entry: &str) -> bool {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.~%".contains(&byte);
    !entry.is_empty() && entry.bytes().all(allowed)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::MAX_SIGNED_NAMES;

    fn parse(text: &str) -> Result<NameList, ClaimError> {
        NameList::parse("q-header-list", text)
    }

    #[test]
    fn reads_lists() {
        let check = |input: &str, expected: &[&str]| {
            assert_eq!(
                parse(input).unwrap().iter().collect::<Vec<_>>(),
                expected,
                "{input}"
            );
        };
        check("", &[]);
        check("host", &["host"]);
        check("Host;x-COS-acl", &["host", "x-cos-acl"]);
        check("x%2Fy;b;a;a", &["x%2fy", "b", "a", "a"]);
    }

    #[test]
    fn refuses_what_could_blur_the_canonical_text() {
        for malformed in [
            ";", "a;", ";a", "a;;b", "a=1&b", "a b", "a\n", "a&b", "a=", "a/b", "ä", "a,b",
        ] {
            assert_eq!(
                parse(malformed),
                Err(ClaimError::Malformed("q-header-list")),
                "{malformed}"
            );
        }
    }

    #[test]
    fn counts_names_at_the_bound() {
        let list = |count: usize| vec!["a"; count].join(";");
        assert_eq!(
            parse(&list(MAX_SIGNED_NAMES)).unwrap().iter().count(),
            MAX_SIGNED_NAMES
        );
        let too_many = ClaimError::TooMany {
            field: "q-header-list",
            limit: MAX_SIGNED_NAMES,
        };
        assert_eq!(parse(&list(MAX_SIGNED_NAMES + 1)), Err(too_many));
    }

    #[test]
    fn measures_the_text_at_the_bound() {
        assert!(parse(&"a".repeat(MAX_AUTHORIZATION_BYTES)).is_ok());
        let too_long = ClaimError::TooLong {
            field: "q-header-list",
            limit: MAX_AUTHORIZATION_BYTES,
        };
        assert_eq!(parse(&"a".repeat(MAX_AUTHORIZATION_BYTES + 1)), Err(too_long));
    }

    #[test]
    fn lists_plain_names_sorted_by_their_encoded_form() {
        assert_eq!(
            NameList::of(["x/y", "versionId", "Host", "host", "x-y"]).as_str(),
            "host;versionid;x%2fy;x-y"
        );
        assert_eq!(NameList::of(["", "a"]).as_str(), "a");
        assert_eq!(NameList::of::<&str>([]), NameList::default());
    }

    #[test]
    fn covers_plain_names() {
        let list = parse("acl;x%2fy;versionid").unwrap();
        for covered in ["acl", "ACL", "x/y", "versionId"] {
            assert!(list.covers(covered), "{covered}");
        }
        for uncovered in ["", "ac", "acls", "x%2fy", "acl;x", "host"] {
            assert!(!list.covers(uncovered), "{uncovered}");
        }
        assert!(!NameList::default().covers(""));
    }
}
