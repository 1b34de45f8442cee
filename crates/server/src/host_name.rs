//! Host names that the server is told it is reached by.

use std::fmt;
use std::str::FromStr;

use crate::tls::SubjectName;

/// A host name in lower case: no address, no wildcard, no port.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HostName(String);

/// A text that is not a host name.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a host name, as in `store.example.org`: no IP address, scheme, port or `*`")]
pub struct BadHostName(String);

impl HostName {
    /// Its text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for HostName {
    type Err = BadHostName;

    fn from_str(text: &str) -> Result<Self, BadHostName> {
        match text.parse() {
            Ok(SubjectName::Dns(name)) if !name.starts_with('*') => Ok(Self(name)),
            _ => Err(BadHostName(text.to_owned())),
        }
    }
}

impl fmt::Display for HostName {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn host_names() {
        let check = |text: &str, expected: Option<&str>| {
            let name = text.parse::<HostName>().ok();
            assert_eq!(name.as_ref().map(HostName::as_str), expected, "{text}");
        };
        check("store.example.org", Some("store.example.org"));
        check("Store.Example.ORG", Some("store.example.org"));
        check("store", Some("store"));
        for bad in [
            "",
            ".",
            "store.",
            ".store",
            "a..b",
            "*.store.example.org",
            "store.example.org:9000",
            "http://store.example.org",
            "store.example.org/",
            "192.0.2.1",
            "192.0.2.256",
            "[::1]",
            "::1",
            "-a.example",
            "a_b.example",
            "störe.example",
            "a b",
        ] {
            check(bad, None);
        }
        check(&"a".repeat(64), None);
        check(&format!("{}.example", "a.".repeat(125)), None);
    }
}
