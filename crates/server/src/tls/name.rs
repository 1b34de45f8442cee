//! Names that a certificate is issued for.

use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;

/// An address, or a DNS name whose first label may be `*`, in lower case.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SubjectName {
    /// An address.
    Address(IpAddr),
    /// A name.
    Dns(String),
}

/// A text that no certificate can be issued for.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is neither an IP address nor a host name in ASCII, without scheme and port")]
pub struct BadName(String);

/// Most bytes of a DNS name.
const MAX_NAME: usize = 253;
/// Most bytes of one of its labels.
const MAX_LABEL: usize = 63;

impl SubjectName {
    /// The name that stands for all names one label below this one; none for addresses and wildcards.
    pub(super) fn wildcard(&self) -> Option<Self> {
        match self {
            Self::Dns(name) if !name.starts_with("*.") && name.len() + 2 <= MAX_NAME => {
                Some(Self::Dns(format!("*.{name}")))
            }
            Self::Dns(_) | Self::Address(_) => None,
        }
    }
}

impl FromStr for SubjectName {
    type Err = BadName;

    fn from_str(text: &str) -> Result<Self, BadName> {
        if let Ok(address) = text.trim_start_matches('[').trim_end_matches(']').parse() {
            return Ok(Self::Address(address));
        }
        let labels = text.strip_prefix("*.").unwrap_or(text);
        let good = text.len() <= MAX_NAME && labels.split('.').all(is_label) && !ends_in_number(labels);
        if good {
            Ok(Self::Dns(text.to_ascii_lowercase()))
        } else {
            Err(BadName(text.to_owned()))
        }
    }
}

impl fmt::Display for SubjectName {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Address(address) => address.fmt(formatter),
            Self::Dns(name) => name.fmt(formatter),
        }
    }
}

fn is_label(label: &str) -> bool {
    (1..=MAX_LABEL).contains(&label.len())
        && label
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
        && !label.starts_with('-')
        && !label.ends_with('-')
}

/// `127.0.0.256` is a mistyped address, not a name.
fn ends_in_number(name: &str) -> bool {
    let last = name.rsplit('.').next().unwrap_or_default();
    last.bytes().all(|byte| byte.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expected: Option<&str>) {
        let read = text.parse::<SubjectName>().ok().map(|name| name.to_string());
        assert_eq!(read.as_deref(), expected, "{text}");
    }

    #[test]
    fn names() {
        for good in [
            "localhost",
            "store.example.org",
            "*.store.example.org",
            "127.0.0.1",
            "::1",
            "a--b.c",
        ] {
            check(good, Some(good));
        }
        check("Store.Example.ORG", Some("store.example.org"));
        check("[::1]", Some("::1"));
        for bad in [
            "",
            "*",
            "*.",
            ".",
            "a.",
            ".a",
            "a..b",
            "-a",
            "a-",
            "a_b",
            "a b",
            "a.*.b",
            "w*.b",
            "é.example",
            "127.0.0.256",
            "store:9000",
            "https://store",
            "a\nb",
        ] {
            check(bad, None);
        }
        check(&"a".repeat(63), Some(&"a".repeat(63)));
        check(&"a".repeat(64), None);
        let long = format!("{}.{}", vec!["a".repeat(62); 3].join("."), "b".repeat(63));
        assert_eq!(long.len(), 252);
        check(&long, Some(&long));
        check(&format!("{long}.bb"), None);
    }

    #[test]
    fn wildcards() {
        let check = |text: &str, expected: Option<&str>| {
            let wildcard = text.parse::<SubjectName>().unwrap().wildcard();
            assert_eq!(
                wildcard.map(|name| name.to_string()).as_deref(),
                expected,
                "{text}"
            );
        };
        check("store.example.org", Some("*.store.example.org"));
        check("*.example.org", None);
        check("10.0.0.1", None);
    }
}
