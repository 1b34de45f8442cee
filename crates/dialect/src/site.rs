//! Whose request it is, told from the Host header: a bucket's, or the service's.
//!
//! A name of one bucket label before a known suffix is always that bucket; every other name is a service host,
//! where path style and the APIs of tokens and access management live. What the path then means is decided by
//! the family that the request belongs to. Nothing here resolves a name: the header is text from the client.

use std::net::{IpAddr, Ipv4Addr};

use daypass_api::names::{BucketName, Region};

/// Regions whose hosts carry no `cos.` label.
const LEGACY_REGIONS: [&str; 5] = ["cn-north", "cn-south", "cn-east", "cn-southwest", "sg"];
/// The host that names buckets of every region.
const ACCELERATE_HOST: &str = "cos.accelerate.myqcloud.com";
/// The vendor's hosts of one region: what stands before and after the region's name.
const REGION_HOSTS: [(&str, &str); 3] = [
    ("cos.", ".myqcloud.com"),
    ("cos.", ".tencentcos.cn"),
    ("cos-internal.", ".tencentcos.cn"),
];

/// The names under which the server is reached.
#[derive(Clone, Debug)]
pub struct SiteConfig {
    region: Region,
    suffixes: Vec<String>,
    any_address: bool,
}

/// Whose request it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Site {
    /// One bucket's.
    Bucket(BucketName),
    /// One bucket's, addressed in a region that this server does not serve.
    WrongRegion(BucketName),
    /// The label stands where a bucket's name stands and is not one.
    BadBucket,
    /// The service's.
    Service(Service),
}

/// Which of the service's hosts was addressed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Service {
    /// One that stands for all regions, or any unknown name.
    EveryRegion,
    /// The host of this server's region.
    ThisRegion(Region),
    /// The host of a region that this server does not serve.
    OtherRegion(Region),
    /// A host of the token service (`sts.*`) or of access management (`cam.*`).
    Api,
}

/// The region that a suffix speaks of.
enum Place {
    Anywhere,
    In(Region),
}

impl SiteConfig {
    /// A server of `region` that listens on these addresses and is also known by these names.
    ///
    /// Names may carry a port, which is ignored; an empty name is no name. When an address is the unspecified
    /// one, the server is reached by any IPv4 address.
    pub fn new(region: Region, listen: &[IpAddr], configured: &[String]) -> Self {
        let mut suffixes = vec!["localhost".to_owned()];
        suffixes.extend(listen.iter().map(IpAddr::to_string));
        suffixes.extend(configured.iter().map(|name| host_name(name)));
        suffixes.retain(|suffix| !suffix.is_empty());
        Self {
            region,
            suffixes,
            any_address: listen.iter().any(IpAddr::is_unspecified),
        }
    }

    /// The region that the server serves.
    pub fn region(&self) -> &Region {
        &self.region
    }

    fn place(&self, suffix: &str) -> Option<Place> {
        let known = self.suffixes.iter().any(|known| known == suffix)
            || (self.any_address && suffix.parse::<Ipv4Addr>().is_ok());
        if known {
            return Some(Place::Anywhere);
        }
        vendor_place(suffix)
    }
}

/// Tells whose request it is from its Host header, with or without a port; the header's case does not matter.
pub fn resolve(host: &str, config: &SiteConfig) -> Site {
    let host = host_name(host);
    if let Some((label, suffix)) = host.split_once('.')
        && is_bucket_label(label)
        && let Some(place) = config.place(suffix)
    {
        return bucket_site(label, &place, config);
    }
    Site::Service(service(&host, config))
}

fn bucket_site(label: &str, place: &Place, config: &SiteConfig) -> Site {
    let Ok(bucket) = BucketName::parse(label) else {
        return Site::BadBucket;
    };
    match place {
        Place::In(region) if *region != config.region => Site::WrongRegion(bucket),
        Place::In(_) | Place::Anywhere => Site::Bucket(bucket),
    }
}

fn service(host: &str, config: &SiteConfig) -> Service {
    if host.starts_with("sts.") || host.starts_with("cam.") {
        return Service::Api;
    }
    match vendor_place(host) {
        Some(Place::In(region)) if region == config.region => Service::ThisRegion(region),
        Some(Place::In(region)) => Service::OtherRegion(region),
        Some(Place::Anywhere) | None => Service::EveryRegion,
    }
}

/// The place that a host name of the vendor's speaks of.
fn vendor_place(name: &str) -> Option<Place> {
    if name == ACCELERATE_HOST {
        return Some(Place::Anywhere);
    }
    let region = REGION_HOSTS
        .iter()
        .find_map(|(before, after)| name.strip_prefix(before)?.strip_suffix(after))
        .or_else(|| {
            name.strip_suffix(".myqcloud.com")
                .filter(|region| LEGACY_REGIONS.contains(region))
        })?;
    Region::parse(region).ok().map(Place::In)
}

/// `^[a-z0-9][a-z0-9-]*-[0-9]+$`
fn is_bucket_label(label: &str) -> bool {
    let Some((name, number)) = label.rsplit_once('-') else {
        return false;
    };
    let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    !name.is_empty()
        && !name.starts_with('-')
        && name.bytes().all(plain)
        && !number.is_empty()
        && number.bytes().all(|byte| byte.is_ascii_digit())
}

/// The name without its port, in lower case, without the dot that ends a fully qualified name.
fn host_name(host: &str) -> String {
    let name = match host.rsplit_once(':') {
        // In `[::1]` the last colon stands inside the brackets.
        Some((name, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => name,
        _ => host,
    };
    name.strip_suffix('.').unwrap_or(name).to_ascii_lowercase()
}

#[cfg(test)]
mod tests {
    use std::net::Ipv6Addr;

    use super::*;

    fn region(name: &str) -> Region {
        Region::parse(name).unwrap()
    }

    fn bucket() -> BucketName {
        BucketName::parse("examplebucket-1250000000").unwrap()
    }

    fn config() -> SiteConfig {
        let configured = ["Store.Example.org:9000".to_owned(), String::new()];
        let listen = [IpAddr::V4(Ipv4Addr::LOCALHOST), IpAddr::V6(Ipv6Addr::LOCALHOST)];
        SiteConfig::new(region("ap-guangzhou"), &listen, &configured)
    }

    fn check(host: &str, expected: Site) {
        assert_eq!(resolve(host, &config()), expected, "{host}");
    }

    #[test]
    fn bucket_hosts() {
        for suffix in [
            "localhost",
            "localhost:9000",
            "localhost.",
            "LocalHost:1",
            "127.0.0.1",
            "127.0.0.1:9000",
            "store.example.org",
            "store.example.org:443",
            "cos.ap-guangzhou.myqcloud.com",
            "cos.ap-guangzhou.myqcloud.com:80",
            "cos.ap-guangzhou.tencentcos.cn",
            "cos-internal.ap-guangzhou.tencentcos.cn",
            "cos.accelerate.myqcloud.com",
        ] {
            check(
                &format!("examplebucket-1250000000.{suffix}"),
                Site::Bucket(bucket()),
            );
            check(
                &format!("ExampleBucket-1250000000.{suffix}"),
                Site::Bucket(bucket()),
            );
        }
    }

    #[test]
    fn buckets_of_other_regions() {
        check(
            "examplebucket-1250000000.cos.ap-beijing.myqcloud.com",
            Site::WrongRegion(bucket()),
        );
        check(
            "examplebucket-1250000000.cn-north.myqcloud.com",
            Site::WrongRegion(bucket()),
        );
        let north = SiteConfig::new(region("cn-north"), &[], &[]);
        assert_eq!(
            resolve("examplebucket-1250000000.cn-north.myqcloud.com", &north),
            Site::Bucket(bucket())
        );
    }

    #[test]
    fn labels_that_are_no_bucket() {
        check("a-01.localhost", Site::BadBucket);
        check("a--1.localhost", Site::BadBucket);
        check(&format!("{}-1.localhost", "a".repeat(59)), Site::BadBucket);
    }

    #[test]
    fn service_hosts() {
        let every = Site::Service(Service::EveryRegion);
        for host in [
            "",
            ":",
            "localhost",
            "localhost:9000",
            "127.0.0.1:9000",
            "[::1]",
            "[::1]:9000",
            "service.cos.myqcloud.com",
            "cos.accelerate.myqcloud.com",
            "elsewhere.example.org",
            "examplebucket-1250000000",
            "examplebucket-1250000000.elsewhere.example.org",
            "examplebucket-1250000000.10.0.0.1:9000",
            "examplebucket-1250000000.x.localhost",
            "x.examplebucket-1250000000.localhost",
            "-a-1.localhost",
            "a-.localhost",
            "a_b-1.localhost",
            "examplebucket-1250000000.localhost:port",
            "cos.a_b.myqcloud.com",
            "ап-1.localhost",
        ] {
            check(host, every.clone());
        }
        check(
            "cos.ap-guangzhou.myqcloud.com:80",
            Site::Service(Service::ThisRegion(region("ap-guangzhou"))),
        );
        check(
            "cos.ap-beijing.myqcloud.com",
            Site::Service(Service::OtherRegion(region("ap-beijing"))),
        );
        check("sts.tencentcloudapi.com", Site::Service(Service::Api));
        check(
            "STS.ap-guangzhou.tencentcloudapi.com:443",
            Site::Service(Service::Api),
        );
        check("cam.localhost:9000", Site::Service(Service::Api));
    }

    #[test]
    fn a_server_on_every_address_knows_them_all() {
        let config = SiteConfig::new(region("ap-guangzhou"), &[IpAddr::V4(Ipv4Addr::UNSPECIFIED)], &[]);
        let host = "examplebucket-1250000000.10.0.0.1:9000";
        assert_eq!(resolve(host, &config), Site::Bucket(bucket()));
        assert_eq!(config.region().as_str(), "ap-guangzhou");
    }
}
