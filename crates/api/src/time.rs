//! Moments in time, and the few spellings of them that the wire knows.
//!
//! A moment is an argument everywhere below the server: nothing in this crate reads a clock.

use time::format_description::BorrowedFormatItem;
use time::format_description::well_known::{Rfc2822, Rfc3339};
use time::macros::{format_description, offset};
use time::{OffsetDateTime, PrimitiveDateTime};

/// A moment: milliseconds since the start of 1970, UTC.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Timestamp(i64);

const ISO_MILLIS: &[BorrowedFormatItem<'static>] =
    format_description!("[year]-[month]-[day]T[hour]:[minute]:[second].[subsecond digits:3]Z");
const ISO_SECONDS: &[BorrowedFormatItem<'static>] =
    format_description!("[year]-[month]-[day]T[hour]:[minute]:[second]Z");
const HTTP_DATE: &[BorrowedFormatItem<'static>] =
    format_description!("[weekday repr:short], [day] [month repr:short] [year] [hour]:[minute]:[second] GMT");
const CAM_TIME: &[BorrowedFormatItem<'static>] =
    format_description!("[year]-[month]-[day] [hour]:[minute]:[second]");

impl Timestamp {
    /// From milliseconds since 1970.
    pub const fn from_unix_millis(millis: i64) -> Self {
        Self(millis)
    }

    /// From whole seconds since 1970; saturates far beyond any calendar.
    pub const fn from_unix_seconds(seconds: i64) -> Self {
        Self(seconds.saturating_mul(1000))
    }

    /// Milliseconds since 1970.
    pub const fn unix_millis(self) -> i64 {
        self.0
    }

    /// Whole seconds since 1970, rounded down.
    pub const fn unix_seconds(self) -> i64 {
        self.0.div_euclid(1000)
    }

    /// This moment moved by a number of seconds.
    #[must_use]
    pub const fn plus_seconds(self, seconds: i64) -> Self {
        Self(self.0.saturating_add(seconds.saturating_mul(1000)))
    }

    /// `2020-12-10T03:37:30.000Z`, as list results spell it.
    pub fn iso_millis(self) -> String {
        let moment = self.calendar();
        let Ok(year @ ..=9999) = u32::try_from(moment.year()) else {
            return self.format(ISO_MILLIS);
        };
        // A listing has a thousand of them; a general formatter takes several times as long.
        let mut text = String::with_capacity(24);
        push_digits(&mut text, year, 4, '-');
        push_digits(&mut text, u8::from(moment.month()).into(), 2, '-');
        push_digits(&mut text, moment.day().into(), 2, 'T');
        push_digits(&mut text, moment.hour().into(), 2, ':');
        push_digits(&mut text, moment.minute().into(), 2, ':');
        push_digits(&mut text, moment.second().into(), 2, '.');
        push_digits(&mut text, moment.millisecond().into(), 3, 'Z');
        text
    }

    /// `2020-12-10T03:37:30Z`, as everything else spells it.
    pub fn iso_seconds(self) -> String {
        self.format(ISO_SECONDS)
    }

    /// `Thu, 10 Dec 2020 03:37:30 GMT`, as HTTP headers spell it.
    pub fn http_date(self) -> String {
        self.format(HTTP_DATE)
    }

    /// `2020-12-10 11:37:30`, Beijing time, as the access-management service spells it.
    pub fn cam_time(self) -> String {
        let local = self.calendar().checked_to_offset(offset!(+8));
        local
            .and_then(|local| local.format(CAM_TIME).ok())
            .unwrap_or_default()
    }

    /// Reads what [`cam_time`](Self::cam_time) writes; `None` when it is not that.
    pub fn parse_cam_time(text: &str) -> Option<Self> {
        let local = PrimitiveDateTime::parse(text, CAM_TIME).ok()?;
        Some(Self::from_unix_seconds(
            local.assume_offset(offset!(+8)).unix_timestamp(),
        ))
    }

    /// Reads an HTTP date; `None` when it is not one.
    pub fn parse_http_date(text: &str) -> Option<Self> {
        let moment = OffsetDateTime::parse(text, &Rfc2822).ok()?;
        Some(Self::from_unix_seconds(moment.unix_timestamp()))
    }

    /// Reads an ISO 8601 date with a zone; `None` when it is not one.
    pub fn parse_iso(text: &str) -> Option<Self> {
        let moment = OffsetDateTime::parse(text, &Rfc3339).ok()?;
        i64::try_from(moment.unix_timestamp_nanos() / 1_000_000)
            .ok()
            .map(Self)
    }

    fn format(self, format: &[BorrowedFormatItem<'static>]) -> String {
        self.calendar().format(format).unwrap_or_default()
    }

    /// The calendar ends in the year 9999; a moment beyond it is nobody's data and reads as the epoch.
    fn calendar(self) -> OffsetDateTime {
        let millis = u16::try_from(self.0.rem_euclid(1000)).unwrap_or_default();
        OffsetDateTime::from_unix_timestamp(self.unix_seconds())
            .and_then(|moment| moment.replace_millisecond(millis))
            .unwrap_or(OffsetDateTime::UNIX_EPOCH)
    }
}

/// Appends a number of so many digits, and what stands after it.
fn push_digits(text: &mut String, number: u32, digits: u32, after: char) {
    for place in (0..digits).rev() {
        let digit = number / 10_u32.pow(place) % 10;
        text.extend(char::from_digit(digit, 10));
    }
    text.push(after);
}

#[cfg(test)]
mod tests {
    use super::*;

    const MOMENT: Timestamp = Timestamp::from_unix_millis(1_607_571_450_042);

    #[test]
    fn spellings() {
        assert_eq!(MOMENT.iso_millis(), "2020-12-10T03:37:30.042Z");
        assert_eq!(MOMENT.iso_seconds(), "2020-12-10T03:37:30Z");
        assert_eq!(MOMENT.http_date(), "Thu, 10 Dec 2020 03:37:30 GMT");
        assert_eq!(MOMENT.cam_time(), "2020-12-10 11:37:30");
    }

    #[test]
    fn milliseconds_are_spelled_as_the_general_formatter_does() {
        let millis = [
            i64::MIN,
            -62_167_219_200_001,
            -62_167_219_200_000,
            -1,
            0,
            999,
            951_782_400_000,
        ];
        let later = [253_402_300_799_999, 253_402_300_800_000, i64::MAX, MOMENT.0];
        for moment in millis.into_iter().chain(later).map(Timestamp) {
            assert_eq!(moment.iso_millis(), moment.format(ISO_MILLIS));
        }
    }

    #[test]
    fn reads_what_it_writes() {
        let seconds = Timestamp::from_unix_seconds(MOMENT.unix_seconds());
        assert_eq!(Timestamp::parse_http_date(&MOMENT.http_date()), Some(seconds));
        assert_eq!(Timestamp::parse_iso(&MOMENT.iso_millis()), Some(MOMENT));
        assert_eq!(
            Timestamp::parse_iso("2018-01-01T00:00:00+08:00").map(Timestamp::unix_seconds),
            Some(1_514_736_000)
        );
        assert_eq!(Timestamp::parse_http_date("yesterday"), None);
        assert_eq!(Timestamp::parse_cam_time(&MOMENT.cam_time()), Some(seconds));
        assert_eq!(Timestamp::parse_cam_time("2020-12-10"), None);
    }

    #[test]
    fn moments_outside_the_calendar_do_not_panic() {
        for millis in [i64::MIN, i64::MAX] {
            assert!(!Timestamp::from_unix_millis(millis).iso_seconds().is_empty());
        }
        assert_eq!(Timestamp::from_unix_seconds(i64::MAX).unix_millis(), i64::MAX);
        // The last hours of the calendar have no Beijing time.
        let end = Timestamp::from_unix_seconds(253_402_300_799);
        assert_eq!(end.iso_seconds(), "9999-12-31T23:59:59Z");
        assert_eq!(end.cam_time(), "");
    }
}
