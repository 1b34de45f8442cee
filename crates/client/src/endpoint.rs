//! Where the server is, and how requests name their bucket there.
//!
//! The server takes a bucket in the path under every name it is reached by, but before the host only under names
//! that it knows: its own, `localhost` and the vendor's. The vendor's own service, on the other hand, wants newer
//! buckets before the host. So the bucket goes before the host where that is certain to be understood, and into
//! the path everywhere else: IP addresses, and names that the server may never have been told of.

use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;

use http::Uri;
use http::uri::Authority;

/// Suffixes of the vendor's hosts, and the host with each that knows the buckets of all regions.
const VENDOR_SUFFIXES: [(&str, &str); 2] = [
    (".myqcloud.com", "service.cos.myqcloud.com"),
    (".tencentcos.cn", "service.cos.tencentcos.cn"),
];

/// The address of a server: `http://<host>[:<port>]`, or with `https`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Endpoint {
    is_secure: bool,
    authority: Authority,
}

/// A text that is no endpoint.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EndpointError {
    /// It has another scheme than `http` and `https`.
    #[error("the scheme `{0}` is not supported, an endpoint begins with `http://` or `https://`")]
    Scheme(String),
    /// It has no scheme, or is no address at all.
    #[error("an endpoint has the form `http://<host>[:<port>]` or `https://<host>[:<port>]`")]
    Form,
    /// It has a path, a query or a user.
    #[error("an endpoint has nothing beside its host and port")]
    Surplus,
}

impl Endpoint {
    /// Whether the connection is encrypted, and the server shows who it is.
    pub fn is_secure(&self) -> bool {
        self.is_secure
    }

    /// `http` or `https`.
    pub fn scheme(&self) -> &'static str {
        if self.is_secure { "https" } else { "http" }
    }

    /// Host and port, as the Host header has them.
    pub fn authority(&self) -> &str {
        self.authority.as_str()
    }

    /// Whether the bucket goes into the path.
    pub fn uses_path_style(&self) -> bool {
        let host = self.authority.host();
        let is_address = host.trim_matches(['[', ']']).parse::<IpAddr>().is_ok();
        let understood = host == "localhost" || self.host_of_all_regions().is_some();
        is_address || !understood
    }

    /// The vendor's host that lists the buckets of all regions; each other one lists those of its own only.
    pub(crate) fn host_of_all_regions(&self) -> Option<&'static str> {
        let host = self.authority.host();
        let found = VENDOR_SUFFIXES.iter().find(|(suffix, _)| host.ends_with(suffix));
        found.map(|(_, service)| *service)
    }

    /// Where to connect for a request to this host. The vendor's hosts are found by their names, each where its region
    /// is; everything else is at one place, whatever name stands before it.
    pub(crate) fn authority_for<'a>(&'a self, host: &'a str) -> &'a str {
        match self.host_of_all_regions() {
            Some(_) => host,
            None => self.authority(),
        }
    }

    pub(crate) fn for_dialect(&self) -> daypass_dialect::cos::request::Endpoint {
        daypass_dialect::cos::request::Endpoint {
            host: self.authority().to_owned(),
            path_style: self.uses_path_style(),
        }
    }
}

impl FromStr for Endpoint {
    type Err = EndpointError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (scheme, rest) = text.split_once("://").ok_or(EndpointError::Form)?;
        let is_secure = scheme.eq_ignore_ascii_case("https");
        if !is_secure && !scheme.eq_ignore_ascii_case("http") {
            return Err(EndpointError::Scheme(scheme.to_owned()));
        }
        let lowered = format!("http://{rest}").to_ascii_lowercase();
        let uri: Uri = lowered.parse().map_err(|_| EndpointError::Form)?;
        let authority = uri.authority().ok_or(EndpointError::Form)?.clone();
        let has_more =
            !matches!(uri.path(), "" | "/") || uri.query().is_some() || rest.contains(['@', '#', '?']);
        if has_more {
            return Err(EndpointError::Surplus);
        }
        // A port that is no number, or too large a one, is text after the host all the same.
        let port_is_good = match authority.port_u16() {
            Some(port) => port != 0,
            None => authority.as_str() == authority.host(),
        };
        if authority.host().is_empty() || !port_is_good {
            return Err(EndpointError::Form);
        }
        Ok(Self { is_secure, authority })
    }
}

impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}://{}", self.scheme(), self.authority)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expected: Result<&str, EndpointError>) {
        let parsed = Endpoint::from_str(text).map(|endpoint| endpoint.to_string());
        assert_eq!(parsed, expected.map(str::to_owned), "{text}");
    }

    #[test]
    fn endpoints() {
        check("http://127.0.0.1:9000", Ok("http://127.0.0.1:9000"));
        check("HTTP://LocalHost:9000/", Ok("http://localhost:9000"));
        check("http://[::1]:9000", Ok("http://[::1]:9000"));
        check("http://store.example", Ok("http://store.example"));
        check("HTTPS://Store.example:9443/", Ok("https://store.example:9443"));
    }

    #[test]
    fn texts_that_are_none() {
        check("httpss://h", Err(EndpointError::Scheme("httpss".to_owned())));
        check("ftp://localhost", Err(EndpointError::Scheme("ftp".to_owned())));
        for text in [
            "",
            "localhost:9000",
            "http://",
            "http:// x",
            "http://h:",
            "http://h:0",
            "http://h:65536",
        ] {
            check(text, Err(EndpointError::Form));
        }
        for text in [
            "http://h/x",
            "http://h?x=1",
            "http://u:p@h",
            "http://h/#x",
            "http://h?",
        ] {
            check(text, Err(EndpointError::Surplus));
        }
    }

    #[test]
    fn where_the_bucket_goes() {
        let check = |text: &str, path_style: bool| {
            assert_eq!(
                Endpoint::from_str(text).unwrap().uses_path_style(),
                path_style,
                "{text}"
            );
        };
        check("http://127.0.0.1:9000", true);
        check("http://[::1]:9000", true);
        check("http://daypass:9000", true);
        check("http://store.example", true);
        check("http://localhost:9000", false);
        check("http://cos.ap-guangzhou.myqcloud.com", false);
    }

    #[test]
    fn where_to_connect() {
        let check = |text: &str, host: &str, expected: &str| {
            let endpoint = Endpoint::from_str(text).unwrap();
            assert_eq!(endpoint.authority_for(host), expected, "{text}");
        };
        let of_bucket = "b-1250000000.cos.ap-guangzhou.myqcloud.com";
        check("https://cos.ap-guangzhou.myqcloud.com", of_bucket, of_bucket);
        check(
            "http://localhost:9000",
            "b-1250000000.localhost:9000",
            "localhost:9000",
        );
        check("http://127.0.0.1:9000", "127.0.0.1:9000", "127.0.0.1:9000");
    }
}
