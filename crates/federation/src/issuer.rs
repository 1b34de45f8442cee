//! The name of an issuer, which is also where its keys are found.
//!
//! `https://host[:port][/path]`, with nothing else in it: the text is compared with what tokens say to the letter, and
//! must mean the same to everybody who reads it. Plain HTTP is for issuers on private addresses, where those are
//! allowed. Whoever trusts an issuer may say where its keys are instead, and then nothing is looked for.

use std::net::IpAddr;

use http::Uri;
use http::uri::{Authority, PathAndQuery, Scheme};

/// Longest name, in bytes.
const MAX_BYTES: usize = 512;

/// The name of an issuer.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Issuer(String);

/// Why a text is no issuer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("an issuer is `https://host[:port][/path]` of at most {MAX_BYTES} bytes")]
pub struct IssuerError;

impl Issuer {
    /// Reads the name of an issuer.
    pub fn parse(text: &str) -> Result<Self, IssuerError> {
        let place = Place::parse(text).ok_or(IssuerError)?;
        if text.len() > MAX_BYTES || place.path.as_str().contains('?') {
            return Err(IssuerError);
        }
        Ok(Self(text.to_owned()))
    }

    /// As it was written.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Where it says about itself.
    pub(crate) fn discovery(&self) -> Option<Place> {
        let base = self.0.strip_suffix('/').unwrap_or(&self.0);
        Place::parse(&format!("{base}/.well-known/openid-configuration"))
    }
}

/// Where an issuer's keys are, as somebody says who trusts it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyAddress(pub(crate) Place);

/// Why a text is no address of keys.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("keys are at `https://host[:port]/path`, or at `http://` on this machine itself")]
pub struct KeyAddressError;

impl KeyAddress {
    /// Reads an address.
    pub fn parse(text: &str) -> Result<Self, KeyAddressError> {
        let place = Place::parse(text).filter(|place| place.encrypted || place.is_this_machine());
        place.map(Self).ok_or(KeyAddressError)
    }
}

/// A place that can be asked over HTTP.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Place {
    pub(crate) encrypted: bool,
    pub(crate) authority: Authority,
    pub(crate) path: PathAndQuery,
}

impl Place {
    pub(crate) fn parse(text: &str) -> Option<Self> {
        if text.len() > 2 * MAX_BYTES || text.contains(['#', '\\', '@']) {
            return None;
        }
        let parts = text.parse::<Uri>().ok()?.into_parts();
        let encrypted = match parts.scheme? {
            scheme if scheme == Scheme::HTTPS => true,
            scheme if scheme == Scheme::HTTP => false,
            _ => return None,
        };
        let authority = parts.authority.filter(|authority| !authority.host().is_empty())?;
        // What follows the host is a port or nothing: a reader that takes no more digits than fit would drop one.
        let port = authority.as_str().strip_prefix(authority.host())?;
        if !port.is_empty() && port.strip_prefix(':')?.parse::<u16>().ok()? == 0 {
            return None;
        }
        Some(Self {
            encrypted,
            authority,
            path: parts.path_and_query.unwrap_or(PathAndQuery::from_static("/")),
        })
    }

    pub(crate) fn port(&self) -> u16 {
        let usual = if self.encrypted { 443 } else { 80 };
        self.authority.port_u16().unwrap_or(usual)
    }

    /// The host without the brackets of an IPv6 address.
    pub(crate) fn host(&self) -> &str {
        let host = self.authority.host();
        let inner = host.strip_prefix('[').and_then(|host| host.strip_suffix(']'));
        inner.unwrap_or(host)
    }

    fn is_this_machine(&self) -> bool {
        let address = self.host().parse::<IpAddr>();
        self.host() == "localhost" || address.is_ok_and(|address| address.to_canonical().is_loopback())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_of_keys() {
        let check = |text: &str, expected: bool| {
            assert_eq!(KeyAddress::parse(text).is_ok(), expected, "{text}");
        };
        for good in [
            "https://id.example/keys",
            "https://id.example/keys?tenant=a",
            "https://10.0.0.1:8443/keys",
            "http://127.0.0.1:8080/keys",
            "http://[::1]/keys",
            "http://localhost/keys",
        ] {
            check(good, true);
        }
        for bad in [
            "",
            "/keys",
            "file:///etc/keys",
            "http://id.example/keys",
            "http://10.0.0.1/keys",
            "http://localhost.example/keys",
            "https://u:p@id.example/keys",
            "https://id.example/keys#k",
        ] {
            check(bad, false);
        }
        let longest = format!("https://id.example/{}", "a".repeat(2 * MAX_BYTES - 19));
        check(&longest, true);
        check(&format!("{longest}a"), false);
    }

    #[test]
    fn names_of_issuers() {
        let check = |text: &str, expected: Option<&str>| {
            let found = Issuer::parse(text).ok().and_then(|issuer| issuer.discovery());
            let path = found.as_ref().map(|place| place.path.as_str().to_owned());
            assert_eq!(path.as_deref(), expected, "{text}");
        };
        let usual = Some("/.well-known/openid-configuration");
        check("https://id.example", usual);
        check("https://id.example/", usual);
        check("https://id.example:8443", usual);
        check("http://127.0.0.1:1", usual);
        check(
            "https://id.example/realms/a",
            Some("/realms/a/.well-known/openid-configuration"),
        );
        for bad in [
            "",
            "id.example",
            "//id.example",
            "ftp://id.example",
            "https://",
            "https://:443",
            "https://u:p@id.example",
            "https://id.example?x",
            "https://id.example/#f",
            "https://id.example\\@evil.example",
            "https://id.example:0",
            "https://id.example:99999",
            "https://id example",
            &format!("https://id.example/{}", "a".repeat(2000)),
        ] {
            check(bad, None);
        }
    }
}
