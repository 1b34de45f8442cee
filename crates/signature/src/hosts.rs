//! Under which names a client may have signed the host it talks to.
//!
//! SDKs disagree about the port, about upper case, and some sign the vendor's public name whatever they are pointed
//! at. The host only binds a signature to a service, so trying several names costs a few digests and no security.

/// The names to try when the Host header as received did not verify: without its port, lower-cased, configured.
pub(crate) fn alternatives(received: &str, configured: &[&str]) -> Vec<String> {
    let mut names: Vec<String> = Vec::new();
    let mut add = |name: String| {
        if name != received && !names.contains(&name) {
            names.push(name);
        }
    };
    let bare = without_port(received);
    add(bare.to_owned());
    add(bare.to_ascii_lowercase());
    add(received.to_ascii_lowercase());
    for name in configured {
        add((*name).to_owned());
    }
    names
}

/// The vendor's own public names of an API service; some SDKs sign one of these whatever server they talk to.
pub fn public_names(service: &str, region: Option<&str>) -> Vec<String> {
    let mut names = vec![format!("{service}.tencentcloudapi.com")];
    if let Some(region) = region.filter(|region| !region.is_empty()) {
        names.push(format!("{service}.{region}.tencentcloudapi.com"));
    }
    names.push(format!("{service}.internal.tencentcloudapi.com"));
    names.push(format!("{service}.intl.tencentcloudapi.com"));
    names.push(format!("{service}.api.qcloud.com"));
    names
}

/// Drops a trailing `:digits`; the colons inside an IPv6 address are no port.
pub(crate) fn without_port(host: &str) -> &str {
    match host.rsplit_once(':') {
        Some((name, port))
            if port.bytes().all(|byte| byte.is_ascii_digit())
                && (name.ends_with(']') || !name.contains(':')) =>
        {
            name
        }
        _ => host,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn drops_only_a_port() {
        let check = |input: &str, expected: &str| assert_eq!(without_port(input), expected);
        check("h:9000", "h");
        check("127.0.0.1:9000", "127.0.0.1");
        check("h", "h");
        check("h:", "h");
        check("h:x", "h:x");
        check("[::1]:9000", "[::1]");
        check("[::1]", "[::1]");
        check("::1", "::1");
        check("", "");
    }

    #[test]
    fn alternatives_leave_out_what_was_received() {
        let check = |received: &str, configured: &[&str], expected: &[&str]| {
            assert_eq!(alternatives(received, configured), expected, "{received}");
        };
        check("h", &[], &[]);
        check("h:1", &[], &["h"]);
        check("H:1", &[], &["H", "h", "h:1"]);
        check("h:1", &["h", "h:1", "e"], &["h", "e"]);
    }

    #[test]
    fn public_names_with_and_without_a_region() {
        assert_eq!(
            public_names("sts", Some("ap-guangzhou")),
            [
                "sts.tencentcloudapi.com",
                "sts.ap-guangzhou.tencentcloudapi.com",
                "sts.internal.tencentcloudapi.com",
                "sts.intl.tencentcloudapi.com",
                "sts.api.qcloud.com",
            ]
        );
        assert_eq!(public_names("cam", None).len(), 4);
        assert_eq!(public_names("cam", Some("")).len(), 4);
    }
}
