//! The values of conditions that are more than texts: numbers, times, addresses and truth.
//!
//! Each is read from its text or is nothing; a number is kept by its digits and a time by its calendar, so that nothing
//! is rounded.

use std::cmp::Ordering;
use std::net::{IpAddr, Ipv6Addr};

/// A decimal number: whether it is below zero, and its digits before and after the point without needless zeros.
pub(crate) type Number = (bool, String, String);

/// Most digits that a number is written with before its point, and after it. Longer ones are no numbers.
const MOST_DIGITS: (usize, usize) = (20, 9);

/// Seconds from 1970 as a day and the second in it, and the digits of a fraction of a second.
pub(crate) type Moment = (i64, i64, String);

/// A network: the bits of its addresses that count, whether they are the older ones.
pub(crate) type Network = (bool, String);

pub(crate) fn truth(text: &str) -> Option<bool> {
    match text.to_ascii_lowercase().as_str() {
        "true" => Some(true),
        "false" => Some(false),
        _ => None,
    }
}

pub(crate) fn number(text: &str) -> Option<Number> {
    let (negative, digits) = match text.strip_prefix('-') {
        Some(digits) => (true, digits),
        None => (false, text),
    };
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, "0"));
    if whole.len() > MOST_DIGITS.0 || fraction.len() > MOST_DIGITS.1 {
        return None;
    }
    if !is_digits(whole) || !is_digits(fraction) {
        return None;
    }
    let whole = whole.trim_start_matches('0').to_owned();
    let fraction = fraction.trim_end_matches('0').to_owned();
    let zero = whole.is_empty() && fraction.is_empty();
    Some((negative && !zero, whole, fraction))
}

pub(crate) fn compare_numbers(left: &Number, right: &Number) -> Ordering {
    let size = |number: &Number| (number.1.len(), number.1.clone(), number.2.clone());
    match (left.0, right.0) {
        (false, true) => Ordering::Greater,
        (true, false) => Ordering::Less,
        (false, false) => size(left).cmp(&size(right)),
        (true, true) => size(right).cmp(&size(left)),
    }
}

fn is_digits(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// `2016-06-01T00:01:00Z`, perhaps with a fraction or an offset, or `2016-06-01 00:01:00`, which is UTC.
pub(crate) fn moment(text: &str) -> Option<Moment> {
    let (date, rest) = (text.get(..10)?, text.get(11..)?);
    let (clock, rest) = (rest.get(..8)?, rest.get(8..)?);
    let parted_by = text.get(10..11)?;
    let (fraction, zone) = match rest.strip_prefix('.') {
        Some(rest) => rest.split_at(rest.find(|letter: char| !letter.is_ascii_digit())?),
        None => ("0", rest),
    };
    let ahead = match (parted_by, zone) {
        (" ", "") if !rest.starts_with('.') => 0,
        ("T", "Z") => 0,
        ("T", zone) => offset(zone)?,
        _ => return None,
    };
    if !is_digits(fraction) {
        return None;
    }
    let second = seconds(&[clock.get(..2)?, clock.get(3..5)?, clock.get(6..)?])?;
    let marks = (clock.get(2..3)?, clock.get(5..6)?);
    let total = day(date)? * 86_400 + second - ahead;
    let fraction = fraction.trim_end_matches('0').to_owned();
    (marks == (":", ":")).then_some((total.div_euclid(86_400), total.rem_euclid(86_400), fraction))
}

/// `+08:00`, in seconds.
fn offset(zone: &str) -> Option<i64> {
    let sign = match zone.get(..1)? {
        "+" => 1,
        "-" => -1,
        _ => return None,
    };
    let (hours, minutes) = zone.get(1..)?.split_once(':')?;
    Some(sign * seconds(&[hours, minutes, "00"])?)
}

/// Hours, minutes and seconds, each of two digits and within its bound.
fn seconds(parts: &[&str; 3]) -> Option<i64> {
    let mut total = 0;
    for (part, bound) in parts.iter().zip([24, 60, 60]) {
        let value: i64 = part.parse().ok()?;
        if !is_digits(part) || part.len() != 2 || value >= bound {
            return None;
        }
        total = total * 60 + value;
    }
    Some(total)
}

/// `2016-06-01` as the number of days since 1970, counted year by year and month by month.
fn day(date: &str) -> Option<i64> {
    let parts: Vec<&str> = date.split('-').collect();
    let [year, month, day] = parts.as_slice() else {
        return None;
    };
    if (year.len(), month.len(), day.len()) != (4, 2, 2) || !parts.iter().all(|part| is_digits(part)) {
        return None;
    }
    let (year, month, day): (i64, i64, i64) = (year.parse().ok()?, month.parse().ok()?, day.parse().ok()?);
    let leaps = |year: i64| i64::from(year % 4 == 0 && (year % 100 != 0 || year % 400 == 0));
    let length = |month: i64| match month {
        2 => 28 + leaps(year),
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    };
    if !(1..=12).contains(&month) || !(1..=length(month)).contains(&day) {
        return None;
    }
    let years: i64 = match year >= 1970 {
        true => (1970..year).map(|year| 365 + leaps(year)).sum(),
        false => -(year..1970).map(|year| 365 + leaps(year)).sum::<i64>(),
    };
    Some(years + (1..month).map(length).sum::<i64>() + day - 1)
}

/// An address as its bits; one of the older kind written as one of the newer is the older one.
pub(crate) fn address(text: &str) -> Option<Network> {
    let address: IpAddr = text.parse().ok()?;
    Some(match address.to_canonical() {
        IpAddr::V4(address) => (true, bits(&address.octets())),
        IpAddr::V6(address) => (false, bits(&address.octets())),
    })
}

/// `10.0.0.0/8`, `2001:db8::/32`, one address, or `::ffff:10.0.0.0/104`, which is the first of them.
pub(crate) fn network(text: &str) -> Option<Network> {
    let (name, length) = match text.split_once('/') {
        Some((name, length)) => (name, Some(length)),
        None => (text, None),
    };
    let (older, mut bits) = address(name)?;
    if let Some(length) = length {
        let mapped = older && name.parse::<Ipv6Addr>().is_ok();
        let length: usize = length.parse().ok().filter(|_| is_digits(length))?;
        let counted = if mapped { length.checked_sub(96)? } else { length };
        if counted > bits.len() {
            return None;
        }
        bits.truncate(counted);
    }
    Some((older, bits))
}

fn bits(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:08b}")).collect()
}

pub(crate) fn contains(network: &Network, address: &Network) -> bool {
    network.0 == address.0 && address.1.starts_with(&network.1)
}
