//! The XML dialect of the object API through its public door: requests read, answers written, and both halves
//! against each other.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test ends where its premise fails"
)]

mod answers;
mod client;
mod read;
mod round_trip;

use daypass_api::names::{BucketName, ObjectKey, Region, UploadId};
use daypass_api::operation::{ObjectOperation, UploadRef};
use daypass_api::{Error, Timestamp};
use daypass_dialect::cos::{self, AnswerContext, Read, RequestHead};
use daypass_dialect::site::Site;
use http::{HeaderMap, HeaderName, HeaderValue};

const NOW: Timestamp = Timestamp::from_unix_millis(1_607_571_450_042);

const CONTEXT: AnswerContext<'_> = AnswerContext {
    request_id: "NWQ2NzgxMzc",
    now: NOW,
    scheme: "http",
    host: "photos-1250000000.localhost:9000",
    path: "/a%20b.jpg",
    path_style: false,
};

fn bucket() -> BucketName {
    BucketName::parse("photos-1250000000").unwrap()
}

fn region() -> Region {
    Region::parse("ap-guangzhou").unwrap()
}

fn key(text: &str) -> ObjectKey {
    ObjectKey::parse(text.as_bytes()).unwrap()
}

fn upload() -> UploadRef {
    UploadRef {
        bucket: bucket(),
        key: key("a b.jpg"),
        upload_id: UploadId::parse("15851308210123456789abcdef").unwrap(),
    }
}

/// Headers as they would have been received.
fn header_map<'a>(headers: impl IntoIterator<Item = (&'a str, &'a str)>) -> HeaderMap {
    let mut map = HeaderMap::new();
    for (name, value) in headers {
        let name = HeaderName::try_from(name).unwrap();
        map.append(name, HeaderValue::from_bytes(value.as_bytes()).unwrap());
    }
    map
}

/// Reads a request to the bucket's own host.
fn read(line: &str, headers: &[(&str, &str)]) -> Result<Read, Error> {
    read_at(&Site::Bucket(bucket()), line, headers)
}

fn read_at(site: &Site, line: &str, headers: &[(&str, &str)]) -> Result<Read, Error> {
    let (method, target) = line.split_once(' ').unwrap();
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    let headers = header_map(headers.iter().copied());
    let request = RequestHead {
        method,
        path,
        query,
        headers: &headers,
    };
    cos::read(&request, site)
}

fn operation(line: &str, headers: &[(&str, &str)]) -> ObjectOperation {
    read(line, headers)
        .unwrap_or_else(|error| panic!("{line}: {error}"))
        .operation
}
