//! Names and numbers that identify things: accounts, buckets, keys, regions, uploads, users, policies, roles.
//!
//! Each type parses once, at the edge; inside the program a value of the type is proof that the rule held.
//! Rules come from "Bucket Overview", "Object Overview" and the CAM API reference.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use crate::error::{Error, ErrorCode};

/// Longest object key, in bytes of UTF-8.
pub const MAX_KEY_BYTES: usize = 850;
/// Longest bucket name with its APPID, in characters.
pub const MAX_BUCKET_NAME_LENGTH: usize = 60;

macro_rules! number {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(pub u64);

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }

        impl FromStr for $name {
            type Err = std::num::ParseIntError;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                text.parse().map(Self)
            }
        }
    };
}

number!(
    /// The number of one root account that stands in bucket names and in resources as `uid/<APPID>`.
    AppId
);
number!(
    /// The number of one identity: a root account (then also called OwnerUin) or a sub-account.
    Uin
);
number!(
    /// The number of a policy in the access-management service.
    PolicyId
);
number!(
    /// The number of a version of one policy, from 1.
    VersionId
);
number!(
    /// The number of a user group.
    GroupId
);

number!(
    /// The number of a role. It is never given to another one, unlike a name.
    RoleId
);

impl RoleId {
    /// Parses a role's number in its one spelling; what cannot be one names no role, hence `RoleNotExist`.
    pub fn parse(text: &str) -> Result<Self, Error> {
        let canonical = !text.is_empty() && is_canonical_number(text);
        let number = canonical.then(|| text.parse().ok()).flatten();
        number.map(Self).ok_or(Error::new(ErrorCode::RoleNotExist))
    }
}

number!(
    /// The number of an identity provider. It is never given to another one, unlike a name.
    ProviderId
);

/// One root account: the owner of buckets, users and policies.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Account {
    /// The number in bucket names.
    pub app_id: AppId,
    /// The number of the root identity.
    pub owner_uin: Uin,
}

// Names are handed from the edge to the decision and to the store: their text is shared, not copied.
macro_rules! text {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(Arc<str>);

        impl $name {
            /// The text as it was given.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    };
}

text!(
    /// A bucket's full name, `<name>-<APPID>`: lower-case letters, digits and `-`, neither first nor last.
    BucketName
);

impl BucketName {
    /// Parses a full bucket name; refuses with `InvalidBucketName`.
    pub fn parse(text: &str) -> Result<Self, Error> {
        let (name, app_id) = text.rsplit_once('-').ok_or_else(invalid_bucket_name)?;
        let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
        let well_formed = text.len() <= MAX_BUCKET_NAME_LENGTH
            && !name.is_empty()
            && name.bytes().all(plain)
            && !name.starts_with('-')
            && !name.ends_with('-')
            && is_canonical_number(app_id);
        if !well_formed {
            return Err(invalid_bucket_name());
        }
        Ok(Self(text.into()))
    }

    /// The account number at the end of the name.
    pub fn app_id(&self) -> AppId {
        let digits = self.0.rsplit_once('-').map_or("", |(_, digits)| digits);
        AppId(digits.parse().unwrap_or(0))
    }

    /// The name without the account number.
    pub fn short_name(&self) -> &str {
        self.0.rsplit_once('-').map_or("", |(name, _)| name)
    }
}

/// One spelling per number, so that two bucket names cannot mean the same account: no leading zero, fits 64 bits.
fn is_canonical_number(digits: &str) -> bool {
    digits.bytes().all(|byte| byte.is_ascii_digit())
        && !digits.starts_with('0')
        && digits.parse::<u64>().is_ok()
}

fn invalid_bucket_name() -> Error {
    Error::new(ErrorCode::InvalidBucketName)
}

text!(
    /// An object's key: 1 to 850 bytes of UTF-8, decoded once at the edge. It is data, never a path: policy,
    /// storage and listing all see this same value.
    ObjectKey
);

impl ObjectKey {
    /// Parses a decoded key; refuses with `KeyTooLong` or `InvalidObjectName`.
    pub fn parse(bytes: &[u8]) -> Result<Self, Error> {
        if bytes.len() > MAX_KEY_BYTES {
            return Err(Error::new(ErrorCode::KeyTooLong));
        }
        let text = std::str::from_utf8(bytes).map_err(|_| Error::new(ErrorCode::InvalidObjectName))?;
        // The control bytes that "Object Overview" names as not allowed.
        let forbidden = |byte: u8| (0x18..=0x1b).contains(&byte);
        if text.is_empty() || text.bytes().any(forbidden) {
            return Err(Error::new(ErrorCode::InvalidObjectName));
        }
        Ok(Self(text.into()))
    }
}

text!(
    /// A region such as `ap-guangzhou`.
    Region
);

impl Region {
    /// Parses a region name: 1 to 32 lower-case letters, digits and `-`.
    pub fn parse(text: &str) -> Result<Self, Error> {
        let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
        if text.is_empty() || text.len() > 32 || !text.bytes().all(plain) {
            return Err(Error::new(ErrorCode::InvalidRegionName));
        }
        Ok(Self(text.into()))
    }
}

text!(
    /// The id of a multipart upload: lower-case letters and digits, as one SDK's fallback parser demands.
    UploadId
);

impl UploadId {
    /// Parses an upload id; what cannot be one names no upload, hence `NoSuchUpload`.
    pub fn parse(text: &str) -> Result<Self, Error> {
        let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
        if text.is_empty() || text.len() > 128 || !text.bytes().all(plain) {
            return Err(Error::new(ErrorCode::NoSuchUpload));
        }
        Ok(Self(text.into()))
    }

    /// An upload id from 128 random bits, after the time it was made so that ids sort by age.
    pub fn from_random(now: crate::Timestamp, random: [u8; 16]) -> Self {
        let seconds = now.unix_millis() / 1000;
        Self(format!("{seconds:010}{:032x}", u128::from_be_bytes(random)).into())
    }
}

text!(
    /// The id of an access key, permanent (36 characters) or temporary.
    AccessKeyId
);

impl AccessKeyId {
    /// Longest key id that is looked at.
    pub const MAX_LENGTH: usize = 1024;

    /// Parses a key id. What cannot be one is an unknown key.
    pub fn parse(text: &str) -> Result<Self, Error> {
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
        if text.is_empty() || text.len() > Self::MAX_LENGTH || !text.bytes().all(plain) {
            return Err(Error::new(ErrorCode::UnknownAccessKey));
        }
        Ok(Self(text.into()))
    }
}

text!(
    /// A sub-account's name, unique in its account.
    UserName
);

impl UserName {
    /// Parses a user name: 1 to 64 of letters, digits and `+=,.@_-`; refuses with `UserNameIllegal`.
    pub fn parse(text: &str) -> Result<Self, Error> {
        parse_cam_name(text, 64)
            .map(Self)
            .ok_or_else(|| Error::new(ErrorCode::UserNameIllegal))
    }
}

text!(
    /// A policy's name, unique in its account.
    PolicyName
);

impl PolicyName {
    /// Parses a policy name: 1 to 128 of letters, digits and `+=,.@_-`; refuses with `PolicyNameError`.
    pub fn parse(text: &str) -> Result<Self, Error> {
        parse_cam_name(text, 128)
            .map(Self)
            .ok_or_else(|| Error::new(ErrorCode::PolicyNameError))
    }
}

text!(
    /// A user group's name, unique in its account.
    GroupName
);

impl GroupName {
    /// Parses a group name: 1 to 64 characters of any script, none of them a control character; refuses with
    /// `ParamError`.
    pub fn parse(text: &str) -> Result<Self, Error> {
        let length = text.chars().count();
        if !(1..=64).contains(&length) || text.chars().any(char::is_control) {
            return Err(Error::with_message(
                ErrorCode::ParamError,
                "the group name is not 1 to 64 characters without control characters",
            ));
        }
        Ok(Self(text.into()))
    }
}

text!(
    /// The name that a federation session carries.
    SessionName
);

impl SessionName {
    /// Parses a session name: 1 to 128 of letters, digits and `_=,.@+-`; refuses with `ParamError`.
    pub fn parse(text: &str) -> Result<Self, Error> {
        parse_cam_name(text, 128).map(Self).ok_or_else(|| {
            Error::with_message(
                ErrorCode::ParamError,
                "Name is not 1 to 128 of letters, digits and _=,.@+-",
            )
        })
    }
}

impl SessionName {
    /// Parses the name of a role session, which has two characters at least; refuses with `ParamError`.
    pub fn parse_of_role(text: &str) -> Result<Self, Error> {
        parse_cam_name(text, 128)
            .filter(|text| text.len() > 1)
            .map(Self)
            .ok_or_else(|| {
                Error::with_message(
                    ErrorCode::ParamError,
                    "RoleSessionName is not 2 to 128 of letters, digits and _=,.@+-",
                )
            })
    }
}

text!(
    /// A role's name, unique in its account.
    RoleName
);

impl RoleName {
    /// Parses a role name: 1 to 128 of letters, digits and `+=,.@_-`; refuses with `RoleNameError`.
    pub fn parse(text: &str) -> Result<Self, Error> {
        parse_cam_name(text, 128)
            .map(Self)
            .ok_or_else(|| Error::new(ErrorCode::RoleNameError))
    }
}

text!(
    /// An identity provider's name, unique in its account.
    ProviderName
);

impl ProviderName {
    /// Parses a provider's name: 1 to 128 of letters, digits and `+=,.@_-`; refuses with `ProviderNameError`.
    pub fn parse(text: &str) -> Result<Self, Error> {
        parse_cam_name(text, 128)
            .map(Self)
            .ok_or_else(|| Error::new(ErrorCode::ProviderNameError))
    }
}

text!(
    /// What a role's owner and those who may act as it have agreed upon, so that nobody else's request for the
    /// same role can pass for theirs.
    ExternalId
);

impl ExternalId {
    /// Parses an external id: 2 to 128 of letters, digits and `_+=,.@:/-`; refuses with `ParamError`.
    pub fn parse(text: &str) -> Result<Self, Error> {
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"_+=,.@:/-".contains(&byte);
        if !(2..=128).contains(&text.len()) || !text.bytes().all(plain) {
            return Err(Error::with_message(
                ErrorCode::ParamError,
                "ExternalId is not 2 to 128 of letters, digits and _+=,.@:/-",
            ));
        }
        Ok(Self(text.into()))
    }
}

/// The alphabet that names of the access-management service share.
fn parse_cam_name(text: &str, longest: usize) -> Option<Arc<str>> {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"+=,.@_-".contains(&byte);
    let well_formed = !text.is_empty() && text.len() <= longest && text.bytes().all(plain);
    well_formed.then(|| Arc::from(text))
}

/// The 128-bit id of one session; it stands in the temporary key's id.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SessionId(pub [u8; 16]);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bucket_names() {
        let check = |text: &str, good: bool| assert_eq!(BucketName::parse(text).is_ok(), good, "{text}");
        check("examplebucket-1250000000", true);
        check("a-b-1", true);
        check("9-1", true);
        check(&format!("{}-1", "a".repeat(58)), true);
        check(&format!("{}-1", "a".repeat(59)), false);
        for bad in [
            "",
            "-",
            "-1",
            "a",
            "a-",
            "a--1",
            "-a-1",
            "A-1",
            "a_b-1",
            "a.b-1",
            "a-01",
            "a-1x",
            "a-99999999999999999999",
        ] {
            check(bad, false);
        }
    }

    #[test]
    fn a_bucket_name_has_two_parts() {
        let name = BucketName::parse("my-photos-1250000000").unwrap();
        assert_eq!(name.app_id(), AppId(1_250_000_000));
        assert_eq!(name.short_name(), "my-photos");
    }

    #[test]
    fn object_keys() {
        let check = |bytes: &[u8], code: Option<ErrorCode>| {
            assert_eq!(
                ObjectKey::parse(bytes).err().map(|error| error.code),
                code,
                "{bytes:?}"
            );
        };
        check(b"a", None);
        check(b"../a//./\0b/", None);
        check(&[b'k'; MAX_KEY_BYTES], None);
        check(&[b'k'; MAX_KEY_BYTES + 1], Some(ErrorCode::KeyTooLong));
        check(b"", Some(ErrorCode::InvalidObjectName));
        check(b"\xff", Some(ErrorCode::InvalidObjectName));
        check(b"a\x17b\x1cc", None);
        for control in 0x18..=0x1b {
            check(&[b'a', control], Some(ErrorCode::InvalidObjectName));
        }
    }

    #[test]
    fn group_names() {
        let check = |text: &str, good: bool| assert_eq!(GroupName::parse(text).is_ok(), good, "{text}");
        check("a", true);
        check("开发 组", true);
        check(&"组".repeat(64), true);
        check(&"组".repeat(65), false);
        for bad in ["", "a\nb", "\u{1b}[2J"] {
            check(bad, false);
        }
    }

    #[test]
    fn names_around_roles_at_their_bounds() {
        let check = |good: bool, expected: bool, what: &str| assert_eq!(good, expected, "{what}");
        for (length, name, session, external) in [
            (0, false, false, false),
            (1, true, false, false),
            (2, true, true, true),
            (128, true, true, true),
            (129, false, false, false),
        ] {
            let text = "a".repeat(length);
            check(RoleName::parse(&text).is_ok(), name, &text);
            check(SessionName::parse_of_role(&text).is_ok(), session, &text);
            check(ExternalId::parse(&text).is_ok(), external, &text);
        }
        check(ExternalId::parse("a:/b").is_ok(), true, "a:/b");
        check(RoleName::parse("a:/b").is_ok(), false, "a:/b");
        for bad in ["a b", "ä-ä", "a\0b", "a*b"] {
            check(ExternalId::parse(bad).is_ok(), false, bad);
            check(RoleName::parse(bad).is_ok(), false, bad);
        }
    }

    #[test]
    fn a_role_number_has_one_spelling() {
        assert_eq!(
            RoleId::parse("4611686018427397919").unwrap(),
            RoleId(4_611_686_018_427_397_919)
        );
        for bad in ["", "0", "01", "+1", "-1", "1x", "99999999999999999999999"] {
            assert!(RoleId::parse(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn upload_ids_sort_by_time_and_read_back() {
        let early = UploadId::from_random(crate::Timestamp::from_unix_millis(1_700_000_000_000), [0xff; 16]);
        let late = UploadId::from_random(crate::Timestamp::from_unix_millis(1_700_000_001_000), [0; 16]);
        assert!(early < late);
        assert_eq!(UploadId::parse(early.as_str()).unwrap(), early);
        assert!(UploadId::parse("ABC").is_err());
    }
}
