//! The encoding of records: one version byte, then the fields in order, each with a length where it needs one.
//!
//! Numbers are big-endian and of fixed width, texts and byte strings carry a length of four bytes, lists a
//! count of four bytes, options one byte. Decoding reads bytes from a disk that may be damaged, so it never
//! panics, never allocates more than the input could fill, and refuses bytes that are left over.

use bytes::Bytes;
use daypass_kv::Batch;

/// Why stored bytes are not a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DecodeError {
    /// The bytes end within a field, or before the version.
    #[error("the record ends early")]
    Truncated,
    /// Bytes follow the last field.
    #[error("the record has bytes after its last field")]
    TrailingBytes,
    /// A version that this program does not know; a newer one may have written it.
    #[error("the record has the unknown version {0}")]
    UnknownVersion(u8),
    /// A field whose value its type does not allow.
    #[error("a field of the record is malformed: {0}")]
    Malformed(&'static str),
}

/// Something that is stored as one value.
///
/// A change of shape raises `VERSION`; `read_older` then reads what earlier versions wrote. Nothing is rewritten
/// in bulk: a record is stored in the newest version when it is next written.
pub trait Record: Sized {
    /// What the record is called in messages and in the description of the format.
    const NAME: &'static str;
    /// The version that is written.
    const VERSION: u8;

    /// Appends the fields of the newest version.
    fn write_fields(&self, encoder: &mut Encoder);

    /// Reads the fields of the newest version.
    fn read_fields(decoder: &mut Decoder<'_>) -> Result<Self, DecodeError>;

    /// Reads the fields of an earlier version.
    fn read_older(version: u8, _decoder: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        Err(DecodeError::UnknownVersion(version))
    }

    /// The record as it is stored.
    fn encode(&self) -> Bytes {
        let mut encoder = Encoder(vec![Self::VERSION]);
        self.write_fields(&mut encoder);
        Bytes::from(encoder.0)
    }

    /// The record that these bytes are.
    fn decode(bytes: &[u8]) -> Result<Self, DecodeError> {
        let mut decoder = Decoder(bytes);
        let version = u8::read(&mut decoder)?;
        let record = if version == Self::VERSION {
            Self::read_fields(&mut decoder)?
        } else {
            Self::read_older(version, &mut decoder)?
        };
        decoder.finish()?;
        Ok(record)
    }
}

/// A record together with the bytes it was read from, so that a batch can require that it is still so.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found<R> {
    /// The record.
    pub record: R,
    /// Its stored bytes, of whichever version.
    pub bytes: Bytes,
}

impl<R: Record> Found<R> {
    /// Decodes stored bytes and keeps them.
    pub fn decode(bytes: Bytes) -> Result<Self, DecodeError> {
        Ok(Self {
            record: R::decode(&bytes)?,
            bytes,
        })
    }
}

/// A record whose key says all there is to say; the value is only a version.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MarkRecord;

impl Record for MarkRecord {
    const NAME: &'static str = "mark";
    const VERSION: u8 = 1;

    fn write_fields(&self, _encoder: &mut Encoder) {}

    fn read_fields(_decoder: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        Ok(Self)
    }
}

/// Requires that what lies under a key is still what was read there.
pub(crate) fn require<R>(batch: Batch, key: &Bytes, found: Option<&Found<R>>) -> Batch {
    match found {
        Some(found) => batch.require_equals(key.clone(), found.bytes.clone()),
        None => batch.require_absent(key.clone()),
    }
}

/// Gathers the bytes of a record.
#[derive(Debug, Default)]
pub struct Encoder(Vec<u8>);

impl Encoder {
    /// Appends bytes as they are.
    pub fn raw(&mut self, bytes: &[u8]) {
        self.0.extend_from_slice(bytes);
    }

    /// Appends a length of four bytes. What is stored is bounded far below four gibibytes by the limits of the
    /// key-value seam, and a longer one would be refused there.
    pub(crate) fn count(&mut self, count: usize) {
        self.raw(&u32::try_from(count).unwrap_or(u32::MAX).to_be_bytes());
    }
}

/// Walks the bytes of a record.
#[derive(Clone, Copy, Debug)]
pub struct Decoder<'a>(&'a [u8]);

impl<'a> Decoder<'a> {
    /// Takes the next so many bytes.
    pub fn raw(&mut self, length: usize) -> Result<&'a [u8], DecodeError> {
        let (taken, rest) = self.0.split_at_checked(length).ok_or(DecodeError::Truncated)?;
        self.0 = rest;
        Ok(taken)
    }

    /// Takes a fixed number of bytes.
    pub(crate) fn array<const N: usize>(&mut self) -> Result<[u8; N], DecodeError> {
        let (taken, rest) = self.0.split_first_chunk().ok_or(DecodeError::Truncated)?;
        self.0 = rest;
        Ok(*taken)
    }

    /// Takes a count. Each item has at least one byte, so a count beyond the rest of the input is refused
    /// before anything is allocated for it.
    pub(crate) fn count(&mut self) -> Result<usize, DecodeError> {
        let count = usize::try_from(u32::from_be_bytes(self.array()?)).map_err(|_| DecodeError::Truncated)?;
        if count > self.0.len() {
            Err(DecodeError::Truncated)
        } else {
            Ok(count)
        }
    }

    fn finish(self) -> Result<(), DecodeError> {
        if self.0.is_empty() {
            Ok(())
        } else {
            Err(DecodeError::TrailingBytes)
        }
    }
}

/// Something that can be a field of a record. Every field takes at least one byte.
pub trait Field: Sized {
    /// Appends the field.
    fn write(&self, encoder: &mut Encoder);

    /// Reads the field.
    fn read(decoder: &mut Decoder<'_>) -> Result<Self, DecodeError>;
}

/// Implements [`Record`] for a struct whose fields are all stored, in the given order.
macro_rules! record {
    ($name:ident, $label:literal, version $version:literal, { $($field:ident),+ $(,)? }) => {
        impl $crate::codec::Record for $name {
            const NAME: &'static str = $label;
            const VERSION: u8 = $version;

            fn write_fields(&self, encoder: &mut $crate::codec::Encoder) {
                $($crate::codec::Field::write(&self.$field, encoder);)+
            }

            fn read_fields(
                decoder: &mut $crate::codec::Decoder<'_>,
            ) -> Result<Self, $crate::codec::DecodeError> {
                Ok(Self { $($field: $crate::codec::Field::read(decoder)?),+ })
            }
        }
    };
}

/// The same for a record of version 2, whose last fields version 1 did not have; they read as their defaults there.
macro_rules! record_since_2 {
    ($name:ident, $label:literal, { $($field:ident),+ $(,)? }, added { $($added:ident),+ $(,)? }) => {
        impl $crate::codec::Record for $name {
            const NAME: &'static str = $label;
            const VERSION: u8 = 2;

            fn write_fields(&self, encoder: &mut $crate::codec::Encoder) {
                $($crate::codec::Field::write(&self.$field, encoder);)+
                $($crate::codec::Field::write(&self.$added, encoder);)+
            }

            fn read_fields(
                decoder: &mut $crate::codec::Decoder<'_>,
            ) -> Result<Self, $crate::codec::DecodeError> {
                Ok(Self {
                    $($field: $crate::codec::Field::read(decoder)?,)+
                    $($added: $crate::codec::Field::read(decoder)?,)+
                })
            }

            fn read_older(
                version: u8,
                decoder: &mut $crate::codec::Decoder<'_>,
            ) -> Result<Self, $crate::codec::DecodeError> {
                match version {
                    1 => Ok(Self {
                        $($field: $crate::codec::Field::read(decoder)?,)+
                        $($added: Default::default(),)+
                    }),
                    other => Err($crate::codec::DecodeError::UnknownVersion(other)),
                }
            }
        }
    };
}

/// Implements [`Field`] for a struct, as [`record!`] does for a record, without a version of its own.
macro_rules! field {
    ($name:ident { $($field:ident),+ $(,)? }) => {
        impl $crate::codec::Field for $name {
            fn write(&self, encoder: &mut $crate::codec::Encoder) {
                $($crate::codec::Field::write(&self.$field, encoder);)+
            }

            fn read(decoder: &mut $crate::codec::Decoder<'_>) -> Result<Self, $crate::codec::DecodeError> {
                Ok(Self { $($field: $crate::codec::Field::read(decoder)?),+ })
            }
        }
    };
}

pub(crate) use {field, record, record_since_2};

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[derive(Debug, PartialEq)]
    struct Sample {
        number: u64,
        text: String,
        list: Vec<Option<u32>>,
    }

    record!(Sample, "sample", version 1, { number, text, list });

    /// As [`Sample`] after a change: the text is gone and a flag came.
    #[derive(Debug, PartialEq)]
    struct NewerSample {
        number: u64,
        flag: bool,
    }

    impl Record for NewerSample {
        const NAME: &'static str = "sample";
        const VERSION: u8 = 2;

        fn write_fields(&self, encoder: &mut Encoder) {
            self.number.write(encoder);
            self.flag.write(encoder);
        }

        fn read_fields(decoder: &mut Decoder<'_>) -> Result<Self, DecodeError> {
            Ok(Self {
                number: u64::read(decoder)?,
                flag: bool::read(decoder)?,
            })
        }

        fn read_older(version: u8, decoder: &mut Decoder<'_>) -> Result<Self, DecodeError> {
            match version {
                1 => Sample::read_fields(decoder).map(|old| Self {
                    number: old.number,
                    flag: false,
                }),
                _ => Err(DecodeError::UnknownVersion(version)),
            }
        }
    }

    #[test]
    fn the_bytes_are_as_described() {
        let sample = Sample {
            number: 258,
            text: "ab".to_owned(),
            list: vec![None, Some(7)],
        };
        let expected = [
            &[1][..],
            &[0, 0, 0, 0, 0, 0, 1, 2],
            &[0, 0, 0, 2],
            b"ab",
            &[0, 0, 0, 2],
            &[0],
            &[1, 0, 0, 0, 7],
        ];
        assert_eq!(sample.encode(), expected.concat());
    }

    #[test]
    fn an_older_version_is_read_and_a_newer_refused() {
        let old = Sample {
            number: 5,
            text: "gone".to_owned(),
            list: Vec::new(),
        };
        assert_eq!(
            NewerSample::decode(&old.encode()),
            Ok(NewerSample {
                number: 5,
                flag: false
            })
        );
        let new = NewerSample {
            number: 5,
            flag: true,
        };
        assert_eq!(
            NewerSample::decode(&new.encode()),
            Ok(NewerSample {
                number: 5,
                flag: true
            })
        );
        assert_eq!(Sample::decode(&new.encode()), Err(DecodeError::UnknownVersion(2)));
    }

    #[test]
    fn damaged_bytes_are_refused() {
        let check = |bytes: &[u8], expected| assert_eq!(Sample::decode(bytes), Err(expected), "{bytes:?}");
        let whole = Sample {
            number: 1,
            text: "é".to_owned(),
            list: Vec::new(),
        }
        .encode();
        for length in 0..whole.len() {
            check(&whole[..length], DecodeError::Truncated);
        }
        check(&[&whole[..], &[0]].concat(), DecodeError::TrailingBytes);
        let mut broken = whole.to_vec();
        broken[13] = 0xff;
        check(&broken, DecodeError::Malformed("text is not UTF-8"));
        let mut huge = whole.to_vec();
        huge[9] = 0xff;
        check(&huge, DecodeError::Truncated);
    }

    proptest! {
        #[test]
        fn what_is_written_is_read(number: u64, text: String, list: Vec<Option<u32>>) {
            let sample = Sample { number, text, list };
            prop_assert_eq!(Sample::decode(&sample.encode()), Ok(sample));
        }
    }
}
