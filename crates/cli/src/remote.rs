//! What stands in the store, as the command line names it: `cos://<bucket>-<appid>[/<key>]`.
//!
//! The key is everything after the slash, as it is: nothing is decoded, and no `..` means anything.

use std::fmt;
use std::str::FromStr;

use daypass_api::names::{BucketName, MAX_KEY_BYTES, ObjectKey};

/// How such names begin.
pub(crate) const SCHEME: &str = "cos://";

/// A bucket, and the text after it: a key, a prefix, or nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Remote {
    pub(crate) bucket: BucketName,
    pub(crate) path: String,
}

/// A bucket and nothing more.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct RemoteBucket(pub(crate) BucketName);

/// An object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct RemoteObject {
    pub(crate) bucket: BucketName,
    pub(crate) key: ObjectKey,
}

/// A text that names nothing in the store.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum RemoteError {
    #[error("it does not begin with `cos://`")]
    Scheme,
    #[error("the bucket is missing, as in cos://photos-1250000000/key")]
    NoBucket,
    #[error(
        "`{0}` is not a bucket name: lower-case letters, digits and `-`, ending with `-<APPID>`, at most 60 \
        characters, as in photos-1250000000"
    )]
    BadBucket(String),
    #[error("a bucket is expected here, without a key")]
    UnexpectedKey,
    #[error("the key is missing, as in cos://photos-1250000000/key")]
    NoKey,
    #[error("the key is longer than {MAX_KEY_BYTES} bytes")]
    LongKey,
    #[error("the key holds control characters that no key may hold")]
    BadKey,
}

impl FromStr for Remote {
    type Err = RemoteError;

    fn from_str(text: &str) -> Result<Self, RemoteError> {
        let rest = text.strip_prefix(SCHEME).ok_or(RemoteError::Scheme)?;
        let (bucket, path) = rest.split_once('/').unwrap_or((rest, ""));
        if bucket.is_empty() {
            return Err(RemoteError::NoBucket);
        }
        if path.len() > MAX_KEY_BYTES {
            return Err(RemoteError::LongKey);
        }
        Ok(Self {
            bucket: BucketName::parse(bucket).map_err(|_| RemoteError::BadBucket(bucket.to_owned()))?,
            path: path.to_owned(),
        })
    }
}

impl fmt::Display for RemoteObject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{SCHEME}{}/{}", self.bucket, self.key)
    }
}

impl FromStr for RemoteBucket {
    type Err = RemoteError;

    fn from_str(text: &str) -> Result<Self, RemoteError> {
        let Remote { bucket, path } = text.parse()?;
        if path.is_empty() {
            Ok(Self(bucket))
        } else {
            Err(RemoteError::UnexpectedKey)
        }
    }
}

impl FromStr for RemoteObject {
    type Err = RemoteError;

    fn from_str(text: &str) -> Result<Self, RemoteError> {
        text.parse::<Remote>()?.object()
    }
}

impl Remote {
    /// Everything below this name: a name that does not end with `/` is meant as if it did.
    pub(crate) fn folder(self) -> Self {
        let path = match self.path.as_str() {
            "" => self.path,
            path if path.ends_with('/') => self.path,
            path => format!("{path}/"),
        };
        Self { path, ..self }
    }

    /// The object of this name.
    pub(crate) fn object(self) -> Result<RemoteObject, RemoteError> {
        if self.path.is_empty() {
            return Err(RemoteError::NoKey);
        }
        if self.path.len() > MAX_KEY_BYTES {
            return Err(RemoteError::LongKey);
        }
        let key = ObjectKey::parse(self.path.as_bytes()).map_err(|_| RemoteError::BadKey)?;
        Ok(RemoteObject {
            bucket: self.bucket,
            key,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expected: Result<(&str, &str), RemoteError>) {
        let outcome = text.parse::<Remote>();
        let expected = expected.map(|(bucket, path)| Remote {
            bucket: BucketName::parse(bucket).unwrap(),
            path: path.to_owned(),
        });
        assert_eq!(outcome, expected, "{text}");
    }

    #[test]
    fn names() {
        check("cos://photos-1250000000", Ok(("photos-1250000000", "")));
        check("cos://photos-1250000000/", Ok(("photos-1250000000", "")));
        check(
            "cos://photos-1250000000/a//../b%20 c?d",
            Ok(("photos-1250000000", "a//../b%20 c?d")),
        );
        check("cos://photos-1250000000//a", Ok(("photos-1250000000", "/a")));
        check("photos-1250000000/a", Err(RemoteError::Scheme));
        check("cos://", Err(RemoteError::NoBucket));
        check("cos:///a", Err(RemoteError::NoBucket));
        check("cos://photos", Err(RemoteError::BadBucket("photos".to_owned())));
        check(
            "cos://Photos-1250000000",
            Err(RemoteError::BadBucket("Photos-1250000000".to_owned())),
        );
        check(
            &format!("cos://photos-1250000000/{}", "k".repeat(851)),
            Err(RemoteError::LongKey),
        );
    }

    #[test]
    fn buckets_and_objects() {
        let bucket = |text: &str| text.parse::<RemoteBucket>();
        assert!(bucket("cos://photos-1250000000/").is_ok());
        assert_eq!(
            bucket("cos://photos-1250000000/a"),
            Err(RemoteError::UnexpectedKey)
        );
        let object = |text: &str| {
            text.parse::<RemoteObject>()
                .map(|object| object.key.as_str().len())
        };
        assert_eq!(
            object(&format!("cos://photos-1250000000/{}", "k".repeat(850))),
            Ok(850)
        );
        assert_eq!(object("cos://photos-1250000000/"), Err(RemoteError::NoKey));
        assert_eq!(
            object("cos://photos-1250000000/\u{1b}[2J"),
            Err(RemoteError::BadKey)
        );
    }
}
