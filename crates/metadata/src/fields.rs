//! How values are stored inside records: plain ones first, then the words of `api`.
//!
//! A name that was stored is parsed again when it is read, so that a damaged record cannot become a name that
//! breaks the rules. Variants of enums have numbers of their own here, which never change meaning.

use bytes::Bytes;
use daypass_api::acl::{Acl, Grant, Grantee, ObjectAcl, Permission};
use daypass_api::cors::CorsMethod;
use daypass_api::names::{
    AccessKeyId, Account, AppId, BucketName, GroupId, GroupName, ObjectKey, PolicyId, PolicyName, ProviderId,
    ProviderName, Region, RoleId, RoleName, Uin, UserName, VersionId,
};
use daypass_api::object::{ETag, ObjectHeaders, StorageClass};
use daypass_api::operation::{AccessKeyStatus, Contact};
use daypass_api::outcome::Ownership;
use daypass_api::{Error, Timestamp};

use crate::codec::{DecodeError, Decoder, Encoder, Field, field};

macro_rules! number {
    ($($type:ty),+) => {$(
        impl Field for $type {
            fn write(&self, encoder: &mut Encoder) {
                encoder.raw(&self.to_be_bytes());
            }

            fn read(decoder: &mut Decoder<'_>) -> Result<Self, DecodeError> {
                decoder.array().map(Self::from_be_bytes)
            }
        }
    )+};
}

number!(u8, u32, u64, i64);

impl Field for bool {
    fn write(&self, encoder: &mut Encoder) {
        u8::from(*self).write(encoder);
    }

    fn read(decoder: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        match u8::read(decoder)? {
            0 => Ok(false),
            1 => Ok(true),
            _ => Err(DecodeError::Malformed("flag is neither 0 nor 1")),
        }
    }
}

impl<const N: usize> Field for [u8; N] {
    fn write(&self, encoder: &mut Encoder) {
        encoder.raw(self);
    }

    fn read(decoder: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        decoder.array()
    }
}

impl Field for String {
    fn write(&self, encoder: &mut Encoder) {
        write_text(self, encoder);
    }

    fn read(decoder: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        read_text(decoder).map(str::to_owned)
    }
}

impl Field for Bytes {
    fn write(&self, encoder: &mut Encoder) {
        encoder.count(self.len());
        encoder.raw(self);
    }

    fn read(decoder: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        let length = decoder.count()?;
        decoder.raw(length).map(Self::copy_from_slice)
    }
}

fn write_text(text: &str, encoder: &mut Encoder) {
    encoder.count(text.len());
    encoder.raw(text.as_bytes());
}

fn read_text<'a>(decoder: &mut Decoder<'a>) -> Result<&'a str, DecodeError> {
    let length = decoder.count()?;
    let bytes = decoder.raw(length)?;
    std::str::from_utf8(bytes).map_err(|_| DecodeError::Malformed("text is not UTF-8"))
}

impl<T: Field> Field for Vec<T> {
    fn write(&self, encoder: &mut Encoder) {
        encoder.count(self.len());
        self.iter().for_each(|item| item.write(encoder));
    }

    fn read(decoder: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        let count = decoder.count()?;
        (0..count).map(|_| T::read(decoder)).collect()
    }
}

impl<T: Field> Field for Option<T> {
    fn write(&self, encoder: &mut Encoder) {
        self.is_some().write(encoder);
        self.iter().for_each(|item| item.write(encoder));
    }

    fn read(decoder: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        bool::read(decoder)?.then(|| T::read(decoder)).transpose()
    }
}

impl<A: Field, B: Field> Field for (A, B) {
    fn write(&self, encoder: &mut Encoder) {
        self.0.write(encoder);
        self.1.write(encoder);
    }

    fn read(decoder: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        Ok((A::read(decoder)?, B::read(decoder)?))
    }
}

impl Field for Timestamp {
    fn write(&self, encoder: &mut Encoder) {
        self.unix_millis().write(encoder);
    }

    fn read(decoder: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        i64::read(decoder).map(Self::from_unix_millis)
    }
}

macro_rules! numbered {
    ($($type:ident),+) => {$(
        impl Field for $type {
            fn write(&self, encoder: &mut Encoder) {
                self.0.write(encoder);
            }

            fn read(decoder: &mut Decoder<'_>) -> Result<Self, DecodeError> {
                u64::read(decoder).map(Self)
            }
        }
    )+};
}

numbered!(AppId, Uin, PolicyId, ProviderId, VersionId, GroupId, RoleId);

macro_rules! named {
    ($($type:ident: $problem:literal),+ $(,)?) => {$(
        impl Field for $type {
            fn write(&self, encoder: &mut Encoder) {
                write_text(self.as_str(), encoder);
            }

            fn read(decoder: &mut Decoder<'_>) -> Result<Self, DecodeError> {
                Self::parse(read_text(decoder)?.as_ref()).map_err(|_: Error| DecodeError::Malformed($problem))
            }
        }
    )+};
}

named! {
    BucketName: "not a bucket name",
    ObjectKey: "not an object key",
    Region: "not a region",
    AccessKeyId: "not an access key id",
    UserName: "not a user name",
    PolicyName: "not a policy name",
    ProviderName: "not a provider name",
    GroupName: "not a group name",
    RoleName: "not a role name",
}

impl Field for ETag {
    fn write(&self, encoder: &mut Encoder) {
        write_text(self.as_str(), encoder);
    }

    fn read(decoder: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        read_text(decoder).map(Self::from_text)
    }
}

impl Field for StorageClass {
    fn write(&self, encoder: &mut Encoder) {
        write_text(self.name(), encoder);
    }

    fn read(decoder: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        Self::from_name(read_text(decoder)?).ok_or(DecodeError::Malformed("not a storage class"))
    }
}

field!(Account { app_id, owner_uin });
field!(Ownership {
    owner_uin,
    initiator_uin
});
field!(Contact {
    phone_number,
    country_code,
    email
});
field!(Grant { grantee, permission });
field!(Acl { grants });
field!(ObjectHeaders {
    cache_control,
    content_disposition,
    content_encoding,
    content_language,
    content_type,
    expires,
    storage_class,
    user_metadata,
});

impl Field for CorsMethod {
    fn write(&self, encoder: &mut Encoder) {
        let number: u8 = match self {
            Self::Get => 0,
            Self::Put => 1,
            Self::Post => 2,
            Self::Delete => 3,
            Self::Head => 4,
        };
        number.write(encoder);
    }

    fn read(decoder: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        Ok(match u8::read(decoder)? {
            0 => Self::Get,
            1 => Self::Put,
            2 => Self::Post,
            3 => Self::Delete,
            4 => Self::Head,
            _ => return Err(DecodeError::Malformed("not a method")),
        })
    }
}

impl Field for Permission {
    fn write(&self, encoder: &mut Encoder) {
        let number: u8 = match self {
            Self::Read => 0,
            Self::Write => 1,
            Self::ReadAcp => 2,
            Self::WriteAcp => 3,
            Self::FullControl => 4,
        };
        number.write(encoder);
    }

    fn read(decoder: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        Ok(match u8::read(decoder)? {
            0 => Self::Read,
            1 => Self::Write,
            2 => Self::ReadAcp,
            3 => Self::WriteAcp,
            4 => Self::FullControl,
            _ => return Err(DecodeError::Malformed("not a permission")),
        })
    }
}

impl Field for Grantee {
    fn write(&self, encoder: &mut Encoder) {
        match self {
            Self::User { owner_uin, uin } => {
                0u8.write(encoder);
                owner_uin.write(encoder);
                uin.write(encoder);
            }
            Self::AllUsers => 1u8.write(encoder),
            Self::AuthenticatedUsers => 2u8.write(encoder),
        }
    }

    fn read(decoder: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        Ok(match u8::read(decoder)? {
            0 => Self::User {
                owner_uin: Uin::read(decoder)?,
                uin: Uin::read(decoder)?,
            },
            1 => Self::AllUsers,
            2 => Self::AuthenticatedUsers,
            _ => return Err(DecodeError::Malformed("not a grantee")),
        })
    }
}

impl Field for ObjectAcl {
    fn write(&self, encoder: &mut Encoder) {
        match self {
            Self::Inherit => 0u8.write(encoder),
            Self::Own(acl) => {
                1u8.write(encoder);
                acl.write(encoder);
            }
        }
    }

    fn read(decoder: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        Ok(match u8::read(decoder)? {
            0 => Self::Inherit,
            1 => Self::Own(Acl::read(decoder)?),
            _ => return Err(DecodeError::Malformed("not an object's access control list")),
        })
    }
}

impl Field for AccessKeyStatus {
    fn write(&self, encoder: &mut Encoder) {
        let number: u8 = match self {
            Self::Active => 0,
            Self::Inactive => 1,
        };
        number.write(encoder);
    }

    fn read(decoder: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        Ok(match u8::read(decoder)? {
            0 => Self::Active,
            1 => Self::Inactive,
            _ => return Err(DecodeError::Malformed("not a status of an access key")),
        })
    }
}
