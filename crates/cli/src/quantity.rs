//! Sizes and spans of time on the command line: a number and perhaps a unit.

use daypass_api::object::{ByteRange, MAX_SINGLE_UPLOAD_BYTES, MIN_PART_BYTES};

/// Longest life of a link, in seconds.
const MAX_LINK_SECONDS: u64 = 365 * 24 * 3600;

/// A size: `100`, `5M`, `1G`.
pub(crate) fn bytes(text: &str) -> Result<u64, &'static str> {
    let units = [("", 1), ("K", 1 << 10), ("M", 1 << 20), ("G", 1 << 30)];
    with_unit(text, &units).ok_or("a size is a number with K, M or G, as in 16M")
}

/// The length of a part: `16M`, `1G`.
pub(crate) fn part_bytes(text: &str) -> Result<u64, &'static str> {
    let bytes = bytes(text)?;
    match (MIN_PART_BYTES..=MAX_SINGLE_UPLOAD_BYTES).contains(&bytes) {
        true => Ok(bytes),
        false => Err("a part is 1M to 5G long"),
    }
}

/// How long a link is good: `90`, `15m`, `2h`, `7d`.
pub(crate) fn link_seconds(text: &str) -> Result<u32, &'static str> {
    let units = [("", 1), ("s", 1), ("m", 60), ("h", 3600), ("d", 24 * 3600)];
    let seconds = with_unit(text, &units).ok_or("a time is a number with s, m, h or d, as in 15m")?;
    let seconds = u32::try_from(seconds)
        .ok()
        .filter(|_| (1..=MAX_LINK_SECONDS).contains(&seconds));
    seconds.ok_or("a link is good for 1 second to 365 days")
}

/// Bytes of an object: `0-99`, `100-`, or the last ones, `-100`.
pub(crate) fn range(text: &str) -> Result<ByteRange, &'static str> {
    const FORM: &str = "a range is FIRST-LAST, FIRST- or -COUNT, in bytes from 0";
    let (first, last) = text.split_once('-').ok_or(FORM)?;
    let number = |text: &str| digits(text).ok_or(FORM);
    match (first, last) {
        ("", count) => Ok(ByteRange::Suffix(number(count)?)),
        (first, "") => Ok(ByteRange::From(number(first)?, None)),
        (first, last) => {
            let (first, last) = (number(first)?, number(last)?);
            match first <= last {
                true => Ok(ByteRange::From(first, Some(last))),
                false => Err("the range ends before it begins"),
            }
        }
    }
}

/// A number of bytes for people.
pub(crate) fn shown_bytes(bytes: u64) -> String {
    indicatif::BinaryBytes(bytes).to_string()
}

fn with_unit(text: &str, units: &[(&str, u64)]) -> Option<u64> {
    let end = text
        .find(|char: char| !char.is_ascii_digit())
        .unwrap_or(text.len());
    let (number, unit) = text.split_at_checked(end)?;
    let (_, factor) = units.iter().find(|(name, _)| name.eq_ignore_ascii_case(unit))?;
    digits(number)?.checked_mul(*factor)
}

fn digits(text: &str) -> Option<u64> {
    text.bytes()
        .all(|byte| byte.is_ascii_digit())
        .then(|| text.parse().ok())?
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_of_parts() {
        let check = |text: &str, expected: Option<u64>| assert_eq!(part_bytes(text).ok(), expected, "{text}");
        check("16M", Some(16 << 20));
        check("1024k", Some(1 << 20));
        check("5G", Some(5 << 30));
        check("1048576", Some(1 << 20));
        for text in [
            "",
            "M",
            "1048575",
            "5368709121",
            "6G",
            "-1M",
            "+1M",
            "1.5M",
            "16MB",
            "99999999999999999999G",
            "1 M",
        ] {
            check(text, None);
        }
    }

    #[test]
    fn times() {
        let check =
            |text: &str, expected: Option<u32>| assert_eq!(link_seconds(text).ok(), expected, "{text}");
        check("90", Some(90));
        check("15m", Some(900));
        check("365d", Some(31_536_000));
        for text in [
            "",
            "0",
            "366d",
            "31536001",
            "-1",
            "1w",
            "4294967297",
            "18446744073709551615d",
        ] {
            check(text, None);
        }
    }

    #[test]
    fn ranges() {
        let check =
            |text: &str, expected: Option<ByteRange>| assert_eq!(range(text).ok(), expected, "{text}");
        check("0-99", Some(ByteRange::From(0, Some(99))));
        check("100-", Some(ByteRange::From(100, None)));
        check("-100", Some(ByteRange::Suffix(100)));
        for text in [
            "",
            "-",
            "5",
            "9-5",
            "a-b",
            "0-1-2",
            "+1-2",
            "0-99999999999999999999",
        ] {
            check(text, None);
        }
    }
}
