//! What a request is aimed at: the service, a bucket, or an object.
//!
//! The key is the percent-decoded path minus one leading `/` (on a service host, minus the bucket's segment too),
//! decoded exactly once and never normalised: `//`, `..` and a trailing `/` are part of it.

use daypass_api::names::{BucketName, ObjectKey};
use daypass_api::{Error, ErrorCode};

use super::percent;
use super::request_head::RequestHead;
use crate::site::{Service, Site};

/// What a request is aimed at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Target {
    /// The service.
    Service,
    /// A bucket.
    Bucket(BucketName),
    /// An object.
    Object(BucketName, ObjectKey),
}

/// Reads what a request is aimed at.
pub fn target(request: &RequestHead<'_>, site: &Site) -> Result<Target, Error> {
    let rest = request
        .path
        .strip_prefix('/')
        .ok_or_else(|| Error::new(ErrorCode::InvalidUri))?;
    match site {
        Site::Bucket(bucket) => in_bucket(bucket.clone(), rest),
        Site::WrongRegion(_) => Err(Error::new(ErrorCode::NoSuchBucket)),
        Site::BadBucket => Err(Error::new(ErrorCode::InvalidBucketName)),
        Site::Service(_) if rest.is_empty() => Ok(Target::Service),
        Site::Service(service) => path_style(service, rest),
    }
}

/// The bucket that a request is aimed at, however bad the rest of it is.
pub fn bucket_of(request: &RequestHead<'_>, site: &Site) -> Option<BucketName> {
    if let Site::Bucket(bucket) = site {
        return Some(bucket.clone());
    }
    match target(request, site) {
        Ok(Target::Bucket(bucket) | Target::Object(bucket, _)) => Some(bucket),
        Ok(Target::Service) | Err(_) => None,
    }
}

/// What an error document calls the target: host and path without a scheme, as they were sent.
pub fn resource(host: &str, path: &str) -> String {
    format!("{host}{path}")
}

fn path_style(service: &Service, rest: &str) -> Result<Target, Error> {
    // The bucket ends at the first raw `/`; an escaped one is not in any bucket's name.
    let (segment, key) = rest.split_once('/').unwrap_or((rest, ""));
    let decoded = percent::decode(segment).ok_or_else(|| Error::new(ErrorCode::InvalidUri))?;
    let name = std::str::from_utf8(&decoded).map_err(|_| Error::new(ErrorCode::InvalidBucketName))?;
    let bucket = BucketName::parse(name)?;
    if matches!(service, Service::OtherRegion(_)) {
        return Err(Error::new(ErrorCode::NoSuchBucket));
    }
    in_bucket(bucket, key)
}

fn in_bucket(bucket: BucketName, raw_key: &str) -> Result<Target, Error> {
    if raw_key.is_empty() {
        return Ok(Target::Bucket(bucket));
    }
    let key = percent::decode(raw_key).ok_or_else(|| Error::new(ErrorCode::InvalidUri))?;
    Ok(Target::Object(bucket, ObjectKey::parse(&key)?))
}

#[cfg(test)]
mod tests {
    use daypass_api::names::{MAX_KEY_BYTES, Region};
    use http::HeaderMap;

    use super::*;

    fn aim(site: &Site, path: &str) -> Result<(Option<String>, Option<String>), ErrorCode> {
        let headers = HeaderMap::new();
        let request = RequestHead {
            method: "GET",
            path,
            query: "",
            headers: &headers,
        };
        match target(&request, site).map_err(|error| error.code)? {
            Target::Service => Ok((None, None)),
            Target::Bucket(bucket) => Ok((Some(bucket.to_string()), None)),
            Target::Object(bucket, key) => Ok((Some(bucket.to_string()), Some(key.to_string()))),
        }
    }

    #[test]
    fn keys_are_decoded_once_and_kept_as_they_are() {
        let site = Site::Bucket(BucketName::parse("b-1").unwrap());
        let check = |path: &str, key: &str| {
            let expected = Ok((Some("b-1".to_owned()), Some(key.to_owned())));
            assert_eq!(aim(&site, path), expected, "{path}");
            let service = Site::Service(Service::EveryRegion);
            assert_eq!(aim(&service, &format!("/b-1{path}")), expected, "{path}");
        };
        check("/a", "a");
        check("//a", "/a");
        check("/a//b/../c/./", "a//b/../c/./");
        check("/a%2Fb", "a/b");
        check("/%2F", "/");
        check("/a%252Fb", "a%2Fb");
        check("/a+b%20c%2B", "a+b c+");
        check("/%E4%BD%A0", "你");
        check("/%00%01", "\0\u{1}");
        check("/..", "..");
        check(
            &format!("/{}", "k".repeat(MAX_KEY_BYTES)),
            &"k".repeat(MAX_KEY_BYTES),
        );
        assert_eq!(aim(&site, "/"), Ok((Some("b-1".to_owned()), None)));
    }

    #[test]
    fn bad_paths() {
        let bucket = Site::Bucket(BucketName::parse("b-1").unwrap());
        let check = |path: &str, code| assert_eq!(aim(&bucket, path), Err(code), "{path}");
        check("", ErrorCode::InvalidUri);
        check("*", ErrorCode::InvalidUri);
        check("/%", ErrorCode::InvalidUri);
        check("/%zz", ErrorCode::InvalidUri);
        check("/%ff", ErrorCode::InvalidObjectName);
        check("/%18", ErrorCode::InvalidObjectName);
        check(
            &format!("/{}", "k".repeat(MAX_KEY_BYTES + 1)),
            ErrorCode::KeyTooLong,
        );
    }

    #[test]
    fn path_style() {
        let service = Site::Service(Service::EveryRegion);
        let check = |path: &str, expected| assert_eq!(aim(&service, path), expected, "{path}");
        check("/", Ok((None, None)));
        check("/b-1", Ok((Some("b-1".to_owned()), None)));
        check("/b-1/", Ok((Some("b-1".to_owned()), None)));
        check("/B-1/", Err(ErrorCode::InvalidBucketName));
        check("/bucket/", Err(ErrorCode::InvalidBucketName));
        check("//b-1", Err(ErrorCode::InvalidBucketName));
        check("/b-1%2Fkey", Err(ErrorCode::InvalidBucketName));
        check("/%ff/", Err(ErrorCode::InvalidBucketName));
        check("/%zz/", Err(ErrorCode::InvalidUri));
    }

    #[test]
    fn other_regions_have_no_buckets() {
        let other = Site::Service(Service::OtherRegion(Region::parse("ap-beijing").unwrap()));
        assert_eq!(aim(&other, "/"), Ok((None, None)));
        assert_eq!(aim(&other, "/b-1/key"), Err(ErrorCode::NoSuchBucket));
        let wrong = Site::WrongRegion(BucketName::parse("b-1").unwrap());
        assert_eq!(aim(&wrong, "/key"), Err(ErrorCode::NoSuchBucket));
        assert_eq!(aim(&Site::BadBucket, "/key"), Err(ErrorCode::InvalidBucketName));
        assert_eq!(
            resource("b-1.localhost:9000", "/a%20b"),
            "b-1.localhost:9000/a%20b"
        );
    }
}
