//! Where a request comes from when a proxy stands in between: what forwarded headers say is believed only of proxies
//! that the operator trusts, and read from the right, where the nearest of them wrote.
//!
//! INVARIANT: what a client writes into these headers itself never decides. The walk ends at the first address that
//! no trusted proxy has; whatever stands to its left is not looked at. Both headers together are refused, since a
//! proxy that writes one passes a forged other one on.

use std::fmt;
use std::net::{IpAddr, Ipv6Addr};
use std::str::FromStr;

use http::HeaderMap;

const X_FORWARDED_FOR: &str = "x-forwarded-for";
const FORWARDED: &str = "forwarded";

/// A network of proxies that are trusted: `address/bits`, or one address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TrustedProxy {
    address: IpAddr,
    bits: u8,
}

/// A text that is not a network.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a network, as in `10.0.0.0/8` or `2001:db8::1`")]
pub struct BadTrustedProxy(String);

impl FromStr for TrustedProxy {
    type Err = BadTrustedProxy;

    fn from_str(text: &str) -> Result<Self, BadTrustedProxy> {
        let bad = || BadTrustedProxy(text.to_owned());
        let (address, bits) = text
            .split_once('/')
            .map_or((text, None), |(address, bits)| (address, Some(bits)));
        let address: IpAddr = address.parse().map_err(|_| bad())?;
        let most = if address.is_ipv4() { 32 } else { 128 };
        let bits = match bits {
            None => most,
            Some(bits) if bits.bytes().all(|byte| byte.is_ascii_digit()) => {
                bits.parse().map_err(|_| bad())?
            }
            Some(_) => return Err(bad()),
        };
        if bits > most {
            return Err(bad());
        }
        Ok(Self { address, bits })
    }
}

impl fmt::Display for TrustedProxy {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}/{}", self.address, self.bits)
    }
}

impl TrustedProxy {
    fn holds(&self, address: IpAddr) -> bool {
        let differing = match (self.address, address) {
            (IpAddr::V4(network), IpAddr::V4(address)) => {
                (u32::from(network) ^ u32::from(address)).leading_zeros()
            }
            (IpAddr::V6(network), IpAddr::V6(address)) => {
                (u128::from(network) ^ u128::from(address)).leading_zeros()
            }
            _ => return false,
        };
        differing >= u32::from(self.bits)
    }
}

/// The address that a request comes from, by its connection and its headers; none when a trusted proxy does not tell
/// it unmistakably.
pub(crate) fn client_address(proxies: &[TrustedProxy], peer: IpAddr, headers: &HeaderMap) -> Option<IpAddr> {
    let is_trusted = |address: IpAddr| proxies.iter().any(|proxy| proxy.holds(address));
    let mut nearest = peer.to_canonical();
    if !is_trusted(nearest) {
        return Some(nearest);
    }
    let hops = match (
        headers.contains_key(X_FORWARDED_FOR),
        headers.contains_key(FORWARDED),
    ) {
        (true, true) => return None,
        (_, false) => hops(headers, X_FORWARDED_FOR, node_address)?,
        (false, true) => hops(headers, FORWARDED, forwarded_for)?,
    };
    for hop in hops.into_iter().rev() {
        nearest = hop?;
        if !is_trusted(nearest) {
            break;
        }
    }
    Some(nearest)
}

/// The hops of all lines of a header, from far to near, each read or unreadable; none if a line is no text.
fn hops(headers: &HeaderMap, name: &str, read: fn(&str) -> Option<IpAddr>) -> Option<Vec<Option<IpAddr>>> {
    let mut hops = Vec::new();
    for line in headers.get_all(name) {
        // Commas within quotes split as well: an address has none, so that nothing can reach over a hop.
        hops.extend(line.to_str().ok()?.split(',').map(read));
    }
    Some(hops)
}

/// The `for` of one element of `Forwarded` (RFC 7239), which must stand there once.
fn forwarded_for(element: &str) -> Option<IpAddr> {
    let pairs = element.split(';').filter_map(|pair| pair.split_once('='));
    let mut found = pairs.filter(|(name, _)| name.trim().eq_ignore_ascii_case("for"));
    match (found.next(), found.next()) {
        (Some((_, node)), None) => {
            let node = node.trim();
            let quoted = node.strip_prefix('"').and_then(|node| node.strip_suffix('"'));
            node_address(quoted.unwrap_or(node))
        }
        _ => None,
    }
}

/// An address, with or without a port; one of version 6 stands in brackets when there is a port.
fn node_address(text: &str) -> Option<IpAddr> {
    let text = text.trim();
    let address = if let Some(bracketed) = text.strip_prefix('[') {
        let (address, port) = bracketed.split_once(']')?;
        is_port(port).then_some(())?;
        IpAddr::V6(address.parse::<Ipv6Addr>().ok()?)
    } else if let Ok(address) = text.parse() {
        address
    } else {
        let (address, _) = text.split_once(':')?;
        is_port(text.strip_prefix(address)?).then_some(())?;
        IpAddr::V4(address.parse().ok()?)
    };
    Some(address.to_canonical())
}

/// Nothing, or a colon and digits.
fn is_port(text: &str) -> bool {
    text.is_empty()
        || text
            .strip_prefix(':')
            .is_some_and(|port| port.parse::<u16>().is_ok())
}

#[cfg(test)]
mod tests {
    use http::{HeaderName, HeaderValue};

    use super::*;

    #[test]
    fn networks() {
        let check = |text: &str, expected: Option<&str>| {
            let read = text.parse::<TrustedProxy>().ok();
            assert_eq!(read.map(|proxy| proxy.to_string()).as_deref(), expected, "{text}");
        };
        check("10.0.0.0/8", Some("10.0.0.0/8"));
        check("10.0.0.1", Some("10.0.0.1/32"));
        check("::1", Some("::1/128"));
        check("0.0.0.0/0", Some("0.0.0.0/0"));
        for bad in [
            "",
            "10.0.0.0/33",
            "::/129",
            "10.0.0.0/",
            "10.0.0.0/+8",
            "10.0.0/8",
            "proxy",
            "*",
        ] {
            check(bad, None);
        }
        let holds = |network: &str, address: &str, expected: bool| {
            let network: TrustedProxy = network.parse().unwrap();
            assert_eq!(
                network.holds(address.parse().unwrap()),
                expected,
                "{network} {address}"
            );
        };
        holds("10.1.2.3/8", "10.255.0.1", true);
        holds("10.1.2.3/8", "11.0.0.1", false);
        holds("10.1.2.3", "10.1.2.3", true);
        holds("10.1.2.3", "10.1.2.2", false);
        holds("0.0.0.0/0", "255.255.255.255", true);
        holds("0.0.0.0/0", "::1", false);
        holds("2001:db8::/32", "2001:db8:ffff::1", true);
    }

    #[test]
    fn where_requests_come_from() {
        let proxies: Vec<TrustedProxy> = ["10.0.0.0/8", "2001:db8::/32"]
            .iter()
            .map(|text| text.parse().unwrap())
            .collect();
        let check = |peer: &str, lines: &[(&str, &str)], expected: Option<&str>| {
            let mut headers = HeaderMap::new();
            for (name, value) in lines {
                let name = HeaderName::try_from(*name).unwrap();
                headers.append(name, HeaderValue::from_str(value).unwrap());
            }
            let found = client_address(&proxies, peer.parse().unwrap(), &headers);
            assert_eq!(
                found,
                expected.map(|text| text.parse().unwrap()),
                "{peer} {lines:?}"
            );
        };
        let x = "X-Forwarded-For";
        // A stranger's headers say nothing, however many.
        check("192.0.2.1", &[(x, "10.0.0.1")], Some("192.0.2.1"));
        check(
            "192.0.2.1",
            &[(x, "10.0.0.1"), ("Forwarded", "for=10.0.0.1")],
            Some("192.0.2.1"),
        );
        check("10.0.0.1", &[], Some("10.0.0.1"));
        check("::ffff:10.0.0.1", &[(x, "192.0.2.1")], Some("192.0.2.1"));
        check("10.0.0.1", &[(x, "192.0.2.1:80")], Some("192.0.2.1"));
        check("10.0.0.1", &[(x, "::ffff:192.0.2.1")], Some("192.0.2.1"));
        // From the right, past what is trusted, and no further.
        check(
            "10.0.0.1",
            &[(x, "10.9.9.9, 192.0.2.1, 10.0.0.2")],
            Some("192.0.2.1"),
        );
        check("10.0.0.1", &[(x, "nonsense, 192.0.2.1")], Some("192.0.2.1"));
        check(
            "10.0.0.1",
            &[(x, "10.9.9.9"), (x, "192.0.2.1")],
            Some("192.0.2.1"),
        );
        check("10.0.0.1", &[(x, "10.0.0.3, 10.0.0.2")], Some("10.0.0.3"));
        check("10.0.0.1", &[(x, "192.0.2.1, nonsense")], None);
        check("10.0.0.1", &[(x, "192.0.2.1, ")], None);
        check("10.0.0.1", &[(x, "")], None);
        let forwarded = |text, expected| check("10.0.0.1", &[("Forwarded", text)], expected);
        forwarded("for=192.0.2.1", Some("192.0.2.1"));
        forwarded(
            "For=\"[2001:dead::1]:4711\";proto=https, for=10.0.0.2;by=10.0.0.1",
            Some("2001:dead::1"),
        );
        forwarded("for=\"10.9.9.9, for=192.0.2.1", Some("192.0.2.1"));
        forwarded("for=unknown", None);
        forwarded("for=_hidden", None);
        forwarded("proto=https", None);
        forwarded("for=192.0.2.1;for=10.0.0.1", None);
        // A proxy writes one of them; the other one is its client's.
        check(
            "10.0.0.1",
            &[(x, "192.0.2.1"), ("Forwarded", "for=10.9.9.9")],
            None,
        );
    }
}
