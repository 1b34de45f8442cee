//! Origins: where a page is from, and where calls go.

use std::fmt;
use std::net::SocketAddr;
use std::str::FromStr;

use http::Uri;
use http::uri::Scheme;

/// A scheme, a host and, where it is not the scheme's own, a port: `https://console.example.org`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Origin(String);

/// A text that is not an origin.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{0}` is not an origin, as in `https://console.example.org`: a scheme, a host, maybe a port, and nothing after it"
)]
pub struct BadOrigin(String);

impl Origin {
    /// Its text, as a browser writes it.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Those under which a browser on this machine, or elsewhere, knows what listens at an address without TLS.
    pub(crate) fn all_of(address: SocketAddr) -> Vec<Self> {
        let port = address.port();
        let ip = address.ip();
        if !ip.is_loopback() && !ip.is_unspecified() {
            return vec![Self::plain(&address.to_string())];
        }
        ["127.0.0.1", "localhost", "[::1]"]
            .iter()
            .map(|host| Self::plain(&format!("{host}:{port}")))
            .collect()
    }

    /// The one that a browser on this machine, or elsewhere, reaches an address by. One that stands for every address is
    /// reached by the loopback one.
    pub(crate) fn of(address: SocketAddr) -> Self {
        match address.ip().is_unspecified() {
            true => Self::plain(&format!("127.0.0.1:{}", address.port())),
            false => Self::plain(&address.to_string()),
        }
    }

    // A browser leaves the port out where it is the scheme's own.
    fn plain(authority: &str) -> Self {
        Self(format!(
            "http://{}",
            authority.strip_suffix(":80").unwrap_or(authority)
        ))
    }
}

impl FromStr for Origin {
    type Err = BadOrigin;

    fn from_str(text: &str) -> Result<Self, BadOrigin> {
        let bad = || BadOrigin(text.to_owned());
        let uri: Uri = text.parse().map_err(|_| bad())?;
        let is_web = uri.scheme() == Some(&Scheme::HTTP) || uri.scheme() == Some(&Scheme::HTTPS);
        let authority = uri.authority().ok_or_else(bad)?;
        let scheme = uri.scheme_str().ok_or_else(bad)?;
        let is_bare = !authority.host().is_empty() && !authority.as_str().contains('@');
        // What is said must be what a browser would say, letter by letter, or it would never be equal.
        let written = format!("{scheme}://{authority}");
        if !is_web || !is_bare || written != text || text != text.to_ascii_lowercase() {
            return Err(bad());
        }
        let own_port = if scheme == "http" { ":80" } else { ":443" };
        if text.ends_with(own_port) || text.contains(['\'', '"', ';', ',', '*']) {
            return Err(bad());
        }
        Ok(Self(written))
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_an_origin() {
        for good in [
            "https://console.example.org",
            "http://localhost:9001",
            "http://127.0.0.1:9001",
            "http://[::1]:9001",
        ] {
            assert_eq!(
                good.parse::<Origin>().map(|origin| origin.to_string()),
                Ok(good.to_owned())
            );
        }
        for bad in [
            "",
            "null",
            "*",
            "console.example.org",
            "https://",
            "https://a/",
            "https://a/b",
            "https://a?b",
            "https://A.example",
            "https://a:443",
            "http://a:80",
            "https://user@a",
            "ftp://a",
            "https://a;b",
            "https://*.a",
            "https://a b",
        ] {
            assert_eq!(bad.parse::<Origin>(), Err(BadOrigin(bad.to_owned())), "{bad}");
        }
    }

    #[test]
    fn origins_of_addresses() {
        let all = |address: &str| -> Vec<String> {
            let all = Origin::all_of(address.parse().unwrap());
            all.iter().map(ToString::to_string).collect()
        };
        let here = [
            "http://127.0.0.1:9001",
            "http://localhost:9001",
            "http://[::1]:9001",
        ];
        assert_eq!(all("127.0.0.1:9001"), here);
        assert_eq!(all("0.0.0.0:9001"), here);
        assert_eq!(all("192.0.2.7:9001"), ["http://192.0.2.7:9001"]);
        assert_eq!(all("192.0.2.7:80"), ["http://192.0.2.7"]);
        let one = |address: &str| Origin::of(address.parse().unwrap()).to_string();
        assert_eq!(one("0.0.0.0:9000"), "http://127.0.0.1:9000");
        assert_eq!(one("[::1]:9000"), "http://[::1]:9000");
    }
}
