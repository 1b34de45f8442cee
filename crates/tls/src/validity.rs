//! When a certificate begins and ends to hold.
//!
//! The TLS library judges other people's certificates but tells nothing about our own, so the two dates are read here:
//! they stand at a fixed place of every certificate (RFC 5280, "Basic Certificate Fields"). Nothing relies on them but
//! warnings and the life of what we issue.

use daypass_api::Timestamp;
use time::macros::format_description;
use time::{PrimitiveDateTime, format_description::BorrowedFormatItem};

const INTEGER: u8 = 0x02;
const UTC_TIME: u8 = 0x17;
const GENERALIZED_TIME: u8 = 0x18;
const SEQUENCE: u8 = 0x30;
const VERSION: u8 = 0xa0;

const CALENDAR: &[BorrowedFormatItem<'static>] =
    format_description!("[year][month][day][hour][minute][second]Z");

/// The life of a certificate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Validity {
    /// From when on it holds.
    pub begins: Timestamp,
    /// Until when it holds.
    pub ends: Timestamp,
}

impl Validity {
    /// Reads it from a certificate in DER; none when that is not one.
    pub fn of(certificate: &[u8]) -> Option<Self> {
        let (certificate, _) = element(certificate, SEQUENCE)?;
        let (fields, _) = element(certificate, SEQUENCE)?;
        // Only the very first version of certificates does not say its version.
        let fields = element(fields, VERSION).map_or(fields, |(_, rest)| rest);
        let (_serial, fields) = element(fields, INTEGER)?;
        let (_algorithm, fields) = element(fields, SEQUENCE)?;
        let (_issuer, fields) = element(fields, SEQUENCE)?;
        let (validity, _) = element(fields, SEQUENCE)?;
        let (begins, rest) = moment(validity)?;
        let (ends, _) = moment(rest)?;
        Some(Self { begins, ends })
    }
}

/// The contents of the first element, which must be of this kind, and what follows it.
fn element(der: &[u8], kind: u8) -> Option<(&[u8], &[u8])> {
    let [tag, first, rest @ ..] = der else {
        return None;
    };
    if *tag != kind {
        return None;
    }
    let (length, rest) = match usize::from(*first) {
        short @ 0..=0x7f => (short, rest),
        // The long form: how many bytes of length follow.
        long @ 0x81..=0x84 => {
            let (bytes, rest) = rest.split_at_checked(long - 0x80)?;
            let length = bytes
                .iter()
                .fold(0_usize, |length, byte| length << 8 | usize::from(*byte));
            (length, rest)
        }
        _ => return None,
    };
    rest.split_at_checked(length)
}

fn moment(der: &[u8]) -> Option<(Timestamp, &[u8])> {
    let (text, rest) = match element(der, UTC_TIME) {
        Some((digits, rest)) => {
            let digits = std::str::from_utf8(digits).ok()?;
            // Two digits of a year are of 1950 to 2049.
            let century = if digits.get(..2)? < "50" { "20" } else { "19" };
            (format!("{century}{digits}"), rest)
        }
        None => {
            let (digits, rest) = element(der, GENERALIZED_TIME)?;
            (std::str::from_utf8(digits).ok()?.to_owned(), rest)
        }
    };
    let moment = PrimitiveDateTime::parse(&text, CALENDAR).ok()?.assume_utc();
    Some((Timestamp::from_unix_seconds(moment.unix_timestamp()), rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wrapped(kind: u8, contents: &[u8]) -> Vec<u8> {
        let length = u8::try_from(contents.len()).unwrap();
        let mut der = if length < 0x80 {
            vec![kind, length]
        } else {
            vec![kind, 0x81, length]
        };
        der.extend_from_slice(contents);
        der
    }

    fn certificate(begins: (u8, &str), ends: (u8, &str)) -> Vec<u8> {
        let times = [
            wrapped(begins.0, begins.1.as_bytes()),
            wrapped(ends.0, ends.1.as_bytes()),
        ]
        .concat();
        let fields = [
            wrapped(VERSION, &[INTEGER, 1, 2]),
            wrapped(INTEGER, &[1]),
            wrapped(SEQUENCE, &[]),
            wrapped(SEQUENCE, &[0; 130]),
            wrapped(SEQUENCE, &times),
        ]
        .concat();
        wrapped(SEQUENCE, &wrapped(SEQUENCE, &fields))
    }

    fn check(begins: (u8, &str), ends: (u8, &str), expected: Option<(&str, &str)>) {
        let read = Validity::of(&certificate(begins, ends));
        let read = read.map(|validity| (validity.begins.iso_seconds(), validity.ends.iso_seconds()));
        let read = read
            .as_ref()
            .map(|(begins, ends)| (begins.as_str(), ends.as_str()));
        assert_eq!(read, expected, "{begins:?} {ends:?}");
    }

    #[test]
    fn both_spellings_of_time() {
        let (utc, long) = (UTC_TIME, GENERALIZED_TIME);
        check(
            (utc, "261122000000Z"),
            (long, "20501231235959Z"),
            Some(("2026-11-22T00:00:00Z", "2050-12-31T23:59:59Z")),
        );
        check(
            (utc, "500101000000Z"),
            (utc, "491231235959Z"),
            Some(("1950-01-01T00:00:00Z", "2049-12-31T23:59:59Z")),
        );
        check((utc, "261322000000Z"), (utc, "491231235959Z"), None);
        check((utc, "2"), (utc, "491231235959Z"), None);
        check((utc, "é61122000000Z"), (utc, "491231235959Z"), None);
    }

    #[test]
    fn what_is_cut_short_has_no_dates() {
        let whole = certificate((UTC_TIME, "261122000000Z"), (UTC_TIME, "271122000000Z"));
        assert!(Validity::of(&whole).is_some());
        for length in 0..whole.len() {
            assert_eq!(Validity::of(&whole[..length]), None, "{length}");
        }
    }
}
