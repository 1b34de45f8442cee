//! The digests of bytes on their way: MD5 for entity tags, CRC-64/XZ for the checksum header, and SHA-1 when a
//! request announced one.

use crc_fast::CrcAlgorithm::Crc64Xz;
use daypass_api::operation::BodyClaims;
use daypass_api::{Error, ErrorCode};
use md5::Md5;
use sha1::{Digest, Sha1};

/// Digests of everything so far.
pub(crate) struct Digests {
    md5: Md5,
    sha1: Option<Sha1>,
    crc64: crc_fast::Digest,
}

impl Digests {
    /// Begins, with those that the claims make necessary.
    pub(crate) fn new(claims: &BodyClaims) -> Self {
        Self {
            md5: Md5::new(),
            sha1: claims.sha1.map(|_| Sha1::new()),
            crc64: crc_fast::Digest::new(Crc64Xz),
        }
    }

    pub(crate) fn update(&mut self, bytes: &[u8]) {
        self.md5.update(bytes);
        self.crc64.update(bytes);
        if let Some(sha1) = &mut self.sha1 {
            sha1.update(bytes);
        }
    }

    /// Ends: MD5 and CRC-64, if they and the SHA-1 are what was announced.
    pub(crate) fn finish(self, claims: &BodyClaims) -> Result<([u8; 16], u64), Error> {
        let md5: [u8; 16] = self.md5.finalize().into();
        if claims.md5.is_some_and(|claimed| claimed != md5) {
            return Err(ErrorCode::BadDigest.into());
        }
        let sha1 = self.sha1.map(|sha1| <[u8; 20]>::from(sha1.finalize()));
        if claims.sha1 != sha1 {
            return Err(ErrorCode::InvalidSha1Digest.into());
        }
        Ok((md5, self.crc64.finalize()))
    }
}

/// CRC-64/XZ of bytes.
pub(crate) fn crc64(bytes: &[u8]) -> u64 {
    crc_fast::checksum(Crc64Xz, bytes)
}

/// CRC-64/XZ of two pieces one after the other.
pub(crate) fn combine_crc64(first: u64, second: u64, second_length: u64) -> u64 {
    crc_fast::checksum_combine(Crc64Xz, first, second, second_length)
}

/// MD5 of the MD5s of parts.
pub(crate) fn md5_of_md5s<'a>(md5s: impl Iterator<Item = &'a [u8; 16]>) -> [u8; 16] {
    let mut md5 = Md5::new();
    md5s.for_each(|part| md5.update(part));
    md5.finalize().into()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The table of the object API's reference, "CRC-64".
    #[test]
    fn published_values() {
        let check = |text: &str, expected_crc64: u64, expected_md5: &str| {
            let claims = BodyClaims::default();
            let mut digests = Digests::new(&claims);
            digests.update(text.as_bytes());
            let (md5, crc) = digests.finish(&claims).unwrap();
            assert_eq!(
                (crc, crc64(text.as_bytes())),
                (expected_crc64, expected_crc64),
                "{text}"
            );
            assert_eq!(
                daypass_api::object::ETag::from_md5(md5).as_str(),
                expected_md5,
                "{text}"
            );
        };
        check("", 0, "d41d8cd98f00b204e9800998ecf8427e");
        check("a", 3_675_645_893_302_102_789, "0cc175b9c0f1b6a831c399e269772661");
        check(
            "123456789",
            11_051_210_869_376_104_954,
            "25f9e794323b453885f5181f1b624d0b",
        );
        check(
            "[Object Content]",
            16_749_565_679_157_681_890,
            "ee8de918d05640145b18f70f4c3aa602",
        );
    }

    #[test]
    fn checksums_combine() {
        let check = |first: &str, second: &str| {
            let whole = crc64(format!("{first}{second}").as_bytes());
            let combined = combine_crc64(
                crc64(first.as_bytes()),
                crc64(second.as_bytes()),
                second.len() as u64,
            );
            assert_eq!(combined, whole, "{first} {second}");
        };
        check("hello ", "world");
        check("", "world");
        check("hello", "");
        check("", "");
    }
}
