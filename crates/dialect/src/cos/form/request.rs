//! A form as the request that it stands for: its fields as headers, and the operation that they ask for.

use daypass_api::names::{BucketName, ObjectKey};
use daypass_api::operation::{ObjectOperation, PostObject};
use daypass_api::{Error, ErrorCode};
use http::header::{CACHE_CONTROL, CONTENT_LENGTH, CONTENT_TYPE, EXPECT, TRANSFER_ENCODING};
use http::{HeaderMap, HeaderName, HeaderValue};

use super::fields::Form;
use crate::cos::query::Query;
use crate::cos::read::{Read, read_post};
use crate::cos::request_head::{RequestHead, invalid_argument};
use crate::cos::route::{BucketRoute, bucket_route};
use crate::cos::target::{Target, target};
use crate::site::Site;

/// Fields that are headers, beside those that begin with `x-cos-`.
const HEADERS: [&str; 10] = [
    "cache-control",
    "content-disposition",
    "content-encoding",
    "content-language",
    "content-md5",
    "content-type",
    "expires",
    "pic-operations",
    "x-ci-security-token",
    // The one that a form names shorter than a header.
    "acl",
];
const TOKENS: [&str; 2] = ["x-cos-security-token", "x-ci-security-token"];

/// Whether a request is the upload of a form.
pub fn is_form_upload(request: &RequestHead<'_>, site: &Site) -> bool {
    request.method == "POST"
        && matches!(target(request, site), Ok(Target::Bucket(_)))
        && Query::parse(request.query)
            .is_ok_and(|query| matches!(bucket_route(request, &query), Ok(BucketRoute::Form)))
}

impl Form {
    /// The headers of the request that the form stands for: its own ones, and its fields.
    ///
    /// What the request's own headers say of its body is said of the form and not of the file in it, and how long a
    /// browser may keep an answer is no wish of the form's; these are left out. Of the others none may contradict a field.
    pub fn headers(&self, own: &HeaderMap) -> Result<HeaderMap, Error> {
        let mut headers = own.clone();
        for name in [
            CONTENT_TYPE,
            CONTENT_LENGTH,
            TRANSFER_ENCODING,
            EXPECT,
            CACHE_CONTROL,
        ] {
            headers.remove(name);
        }
        for (field, value) in self.fields().filter(|(_, value)| !value.is_empty()) {
            if !HEADERS.contains(&field) && !field.starts_with("x-cos-") {
                continue;
            }
            let name = if field == "acl" { "x-cos-acl" } else { field };
            add(&mut headers, name, value)?;
        }
        Ok(headers)
    }

    /// The bucket that a form was sent to.
    pub fn bucket(request: &RequestHead<'_>, site: &Site) -> Result<BucketName, Error> {
        match target(request, site)? {
            Target::Bucket(bucket) => Ok(bucket),
            Target::Service | Target::Object(..) => Err(Error::new(ErrorCode::MethodNotAllowed)),
        }
    }

    /// Under which key its file shall be stored.
    pub fn object_key(&self) -> Result<ObjectKey, Error> {
        ObjectKey::parse(self.key()?.as_bytes())
    }

    /// What the form asks for. The head is that of its request, with the headers of [`Form::headers`].
    pub fn read(&self, request: &RequestHead<'_>, bucket: BucketName) -> Result<Read, Error> {
        if self
            .filled("bucket")
            .is_some_and(|named| named != bucket.as_str())
        {
            let text = "the form names another bucket than the one that it was sent to";
            return Err(Error::with_message(ErrorCode::InvalidRequest, text));
        }
        let key = self.object_key()?;
        let copies = |name: &HeaderName| name.as_str().starts_with("x-cos-copy-source");
        if request.headers.keys().any(copies) {
            return Err(invalid_argument("a form has its own file and copies none"));
        }
        let answer = self.answer()?;
        // The file ends where its delimiter says.
        let mut headers = request.headers.clone();
        headers.insert(TRANSFER_ENCODING, HeaderValue::from_static("chunked"));
        let request = RequestHead {
            headers: &headers,
            ..*request
        };
        read_post(&request, bucket, key, |put| {
            ObjectOperation::PostObject(PostObject { put, answer })
        })
    }
}

fn add(headers: &mut HeaderMap, name: &str, value: &str) -> Result<(), Error> {
    let header = HeaderName::from_bytes(name.as_bytes())
        .map_err(|_| invalid_argument(format!("the field `{name}` has no name of a header")))?;
    let value = HeaderValue::from_bytes(value.as_bytes())
        .map_err(|_| invalid_argument(format!("the field `{name}` has a control character")))?;
    let said = |said: &&HeaderValue| said.as_bytes().trim_ascii() == value.as_bytes().trim_ascii();
    let contradicted = headers
        .get_all(&header)
        .iter()
        .filter(|said| !said.as_bytes().trim_ascii().is_empty())
        .any(|other| !said(&other));
    if contradicted && TOKENS.contains(&name) {
        return Err(Error::new(ErrorCode::TokenInvalid));
    }
    if contradicted {
        let text = format!("`{name}` is given more than once with different values");
        return Err(invalid_argument(text));
    }
    headers.insert(header, value);
    Ok(())
}
