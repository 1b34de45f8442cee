//! Which addresses an issuer may have.
//!
//! Whoever may register a provider says where this server connects to. So that nobody reaches through it what he could
//! not reach himself, only public addresses are connected to, unless the operator allows private ones; link-local
//! addresses, behind which machines keep their credentials, are never connected to.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// What may be asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Reach {
    /// Public addresses, over HTTPS.
    Public,
    /// These, and whatever runs on this machine.
    Machine,
    /// Private addresses, too, and without HTTPS.
    Private,
}

impl Reach {
    /// Whether a connection to this address is allowed.
    pub(crate) fn allows(self, address: IpAddr, encrypted: bool) -> bool {
        match self {
            Self::Private => is_allowed(address, true),
            Self::Machine if address.to_canonical().is_loopback() => true,
            Self::Machine | Self::Public => encrypted && is_allowed(address, false),
        }
    }
}

fn is_allowed(address: IpAddr, private: bool) -> bool {
    match address {
        IpAddr::V4(address) => is_allowed_v4(address, private),
        IpAddr::V6(address) => match address.to_ipv4_mapped() {
            Some(address) => is_allowed_v4(address, private),
            None => is_allowed_v6(address, private),
        },
    }
}

fn is_allowed_v4(address: Ipv4Addr, private: bool) -> bool {
    let [first, second, third, _] = address.octets();
    let is_shared = first == 100 && (64..128).contains(&second);
    if address.is_loopback() || address.is_private() || is_shared {
        return private;
    }
    let is_for_benchmarks = first == 198 && (18..20).contains(&second);
    let is_for_protocols = (first, second, third) == (192, 0, 0);
    !(first == 0
        || first >= 224
        || address.is_link_local()
        || address.is_documentation()
        || is_for_benchmarks
        || is_for_protocols)
}

/// Of what is not private, only global unicast addresses, and of those none that carry another address inside.
fn is_allowed_v6(address: Ipv6Addr, private: bool) -> bool {
    if address.is_loopback() || address.is_unique_local() {
        return private;
    }
    let [first, second, ..] = address.segments();
    let is_global = first & 0xe000 == 0x2000;
    let is_special = first == 0x2002 || (first == 0x2001 && (second < 0x0200 || second == 0x0db8));
    is_global && !is_special
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(address: &str, public: bool, private: bool) {
        let parsed: IpAddr = address.parse().unwrap();
        assert_eq!(Reach::Public.allows(parsed, true), public, "{address}");
        assert_eq!(Reach::Private.allows(parsed, true), private, "{address}");
        assert!(!Reach::Public.allows(parsed, false), "{address}");
    }

    #[test]
    fn this_machine_without_https_and_others_with() {
        let check = |address: &str, plain: bool, encrypted: bool| {
            let parsed: IpAddr = address.parse().unwrap();
            let found = [false, true].map(|encrypted| Reach::Machine.allows(parsed, encrypted));
            assert_eq!(found, [plain, encrypted], "{address}");
        };
        check("127.0.0.1", true, true);
        check("::1", true, true);
        check("::ffff:127.0.0.1", true, true);
        check("1.1.1.1", false, true);
        check("10.0.0.1", false, false);
        check("169.254.169.254", false, false);
    }

    #[test]
    fn public_addresses_unless_allowed() {
        for public in ["1.1.1.1", "193.0.0.1", "2606:4700::1111", "::ffff:1.1.1.1"] {
            check(public, true, true);
        }
        for private in [
            "127.0.0.1",
            "127.8.8.8",
            "10.0.0.1",
            "172.16.0.1",
            "192.168.1.1",
            "100.64.0.1",
            "::1",
            "fd00::1",
            "::ffff:127.0.0.1",
            "::ffff:10.0.0.1",
        ] {
            check(private, false, true);
        }
        for never in [
            "0.0.0.0",
            "169.254.169.254",
            "224.0.0.1",
            "255.255.255.255",
            "192.0.0.1",
            "198.18.0.1",
            "203.0.113.1",
            "::",
            "fe80::1",
            "ff02::1",
            "64:ff9b::7f00:1",
            "2002:7f00:1::",
            "2001::1",
            "::127.0.0.1",
            "::ffff:169.254.169.254",
        ] {
            check(never, false, false);
        }
    }
}
