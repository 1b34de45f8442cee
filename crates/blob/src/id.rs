//! The name of a blob: sixteen random bytes, written as lower case hexadecimal digits.
//!
//! The caller brings the randomness. Since nothing else ever becomes a file name, no name needs escaping.

use std::fmt;
use std::str::FromStr;

/// Names a blob.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct BlobId([u8; 16]);

/// A text that is not 32 lower case hexadecimal digits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a blob id is written as 32 lower case hexadecimal digits")]
pub struct InvalidBlobId;

impl BlobId {
    /// Takes sixteen bytes, which must be random: equal ids would be the same blob.
    pub const fn from_bytes(bytes: [u8; 16]) -> Self {
        Self(bytes)
    }

    /// The sixteen bytes.
    pub const fn as_bytes(&self) -> &[u8; 16] {
        &self.0
    }
}

impl fmt::Display for BlobId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(formatter, "{byte:02x}"))
    }
}

impl fmt::Debug for BlobId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "BlobId({self})")
    }
}

impl FromStr for BlobId {
    type Err = InvalidBlobId;

    fn from_str(text: &str) -> Result<Self, InvalidBlobId> {
        let (pairs, []) = text.as_bytes().as_chunks::<2>() else {
            return Err(InvalidBlobId);
        };
        let pairs: &[[u8; 2]; 16] = pairs.try_into().map_err(|_| InvalidBlobId)?;
        let mut bytes = [0; 16];
        for (byte, [high, low]) in bytes.iter_mut().zip(pairs) {
            *byte = digit(*high)? << 4 | digit(*low)?;
        }
        Ok(Self(bytes))
    }
}

fn digit(byte: u8) -> Result<u8, InvalidBlobId> {
    match byte {
        b'0'..=b'9' => Ok(byte.wrapping_sub(b'0')),
        b'a'..=b'f' => Ok(byte.wrapping_sub(b'a').wrapping_add(10)),
        _ => Err(InvalidBlobId),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn reads_only_its_own_spelling() {
        let check = |text: &str, expected: Option<[u8; 16]>| {
            assert_eq!(text.parse::<BlobId>().ok(), expected.map(BlobId), "{text}");
        };
        let mut first = [0; 16];
        first[0] = 0xaf;
        check("af000000000000000000000000000000", Some(first));
        check("AF000000000000000000000000000000", None);
        check("af0000000000000000000000000000", None);
        check("af00000000000000000000000000000000", None);
        check("af00000000000000000000000000000", None);
        check("ag000000000000000000000000000000", None);
        check("+f000000000000000000000000000000", None);
        check("é0000000000000000000000000000000", None);
        check("", None);
    }

    proptest! {
        #[test]
        fn what_is_written_is_read(bytes: [u8; 16], other: [u8; 16]) {
            let (id, other) = (BlobId(bytes), BlobId(other));
            prop_assert_eq!(id.to_string().parse(), Ok(id));
            prop_assert_eq!(id.to_string().cmp(&other.to_string()), id.cmp(&other));
        }
    }
}
