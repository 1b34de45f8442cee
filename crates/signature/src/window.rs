//! From when until when a signature holds.
//!
//! A [`Window`] is the `start;end` text of the COS signature. It accepts only the canonical decimal form, because
//! the text itself is signed: what was parsed can then be rendered again without keeping the original.
//! The clock is the caller's; the tolerances are here.

use std::{fmt, time::Duration};

/// How far in the future the start of a COS signature may lie (cos-api "Validity and failures").
pub const COS_CLOCK_TOLERANCE: Duration = Duration::from_secs(15 * 60);

/// How far the timestamp of an API 3.0 request may differ from our clock, either way.
pub const API_CLOCK_TOLERANCE: Duration = Duration::from_secs(5 * 60);

/// What the clock says about a signature.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WindowVerdict {
    /// Now lies inside.
    Valid,
    /// Now lies after the end.
    Expired,
    /// The start lies further in the future than the tolerance: the clocks differ too much.
    NotYetValid,
}

/// A span of seconds since 1970, both ends included. Neither end is negative, and the start is not after the end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Window {
    start: i64,
    end: i64,
}

/// A text that is no window.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum WindowError {
    /// Not two decimal numbers joined by a semicolon.
    #[error("time window is not of the form `start;end` in whole seconds")]
    Form,
    /// The end lies before the start.
    #[error("time window ends before it starts")]
    Inverted,
}

impl Window {
    /// Joins two moments, in seconds since 1970.
    pub fn new(start: i64, end: i64) -> Result<Self, WindowError> {
        if start < 0 {
            return Err(WindowError::Form);
        }
        if end < start {
            return Err(WindowError::Inverted);
        }
        Ok(Self { start, end })
    }

    /// Reads `start;end`.
    pub fn parse(text: &str) -> Result<Self, WindowError> {
        let (start, end) = text.split_once(';').ok_or(WindowError::Form)?;
        let moment = |text| seconds(text).ok_or(WindowError::Form);
        Self::new(moment(start)?, moment(end)?)
    }

    /// The first second inside.
    pub fn start(self) -> i64 {
        self.start
    }

    /// The last second inside.
    pub fn end(self) -> i64 {
        self.end
    }

    /// Judges a moment, tolerating a start that lies a little in the future.
    pub fn verdict(self, now_unix_seconds: i64, tolerance: Duration) -> WindowVerdict {
        if now_unix_seconds > self.end {
            return WindowVerdict::Expired;
        }
        let ahead = self.start.saturating_sub(now_unix_seconds);
        if u64::try_from(ahead).is_ok_and(|ahead| ahead > tolerance.as_secs()) {
            return WindowVerdict::NotYetValid;
        }
        WindowVerdict::Valid
    }
}

impl fmt::Display for Window {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{};{}", self.start, self.end)
    }
}

/// Judges a single timestamp, tolerating a difference either way.
pub(crate) fn timestamp_verdict(timestamp: i64, now_unix_seconds: i64) -> WindowVerdict {
    if timestamp.abs_diff(now_unix_seconds) <= API_CLOCK_TOLERANCE.as_secs() {
        WindowVerdict::Valid
    } else if timestamp < now_unix_seconds {
        WindowVerdict::Expired
    } else {
        WindowVerdict::NotYetValid
    }
}

/// Reads a canonical decimal number: digits only, no leading zero.
pub(crate) fn seconds(text: &str) -> Option<i64> {
    let canonical = text.bytes().all(|byte| byte.is_ascii_digit()) && (text == "0" || !text.starts_with('0'));
    text.parse().ok().filter(|_| canonical)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_only_the_canonical_form() {
        let check = |input: &str, expected: Result<(i64, i64), WindowError>| {
            assert_eq!(
                Window::parse(input).map(|window| (window.start(), window.end())),
                expected,
                "{input}"
            );
        };
        check("1700000000;1700000600", Ok((1_700_000_000, 1_700_000_600)));
        check("0;0", Ok((0, 0)));
        check("0;9223372036854775807", Ok((0, i64::MAX)));
        check("0;9223372036854775808", Err(WindowError::Form));
        check("0;99999999999999999999999999", Err(WindowError::Form));
        check("2;1", Err(WindowError::Inverted));
        for malformed in [
            "", ";", "1;", ";1", "1", "1,2", "1;2;3", "01;2", "+1;2", "-1;2", "1.0;2", " 1;2", "1;2 ",
            "1;0x2", "1;2\n",
        ] {
            check(malformed, Err(WindowError::Form));
        }
    }

    #[test]
    fn renders_what_it_read() {
        for text in ["0;0", "1;2", "1700000000;1700000600", "0;9223372036854775807"] {
            assert_eq!(Window::parse(text).unwrap().to_string(), text);
        }
    }

    #[test]
    fn new_refuses_what_parse_refuses() {
        assert_eq!(Window::new(-1, 1), Err(WindowError::Form));
        assert_eq!(Window::new(2, 1), Err(WindowError::Inverted));
        assert_eq!(Window::new(i64::MIN, i64::MAX), Err(WindowError::Form));
    }

    #[test]
    fn verdict_at_both_edges() {
        let window = Window::new(10_000, 20_000).unwrap();
        let check = |now: i64, expected: WindowVerdict| {
            assert_eq!(window.verdict(now, COS_CLOCK_TOLERANCE), expected, "{now}");
        };
        check(10_000, WindowVerdict::Valid);
        check(9_999, WindowVerdict::Valid);
        check(9_100, WindowVerdict::Valid);
        check(9_099, WindowVerdict::NotYetValid);
        check(20_000, WindowVerdict::Valid);
        check(20_001, WindowVerdict::Expired);
        check(i64::MAX, WindowVerdict::Expired);
        check(i64::MIN, WindowVerdict::NotYetValid);
    }

    #[test]
    fn verdict_of_extreme_windows() {
        let end_of_time = Window::new(i64::MAX, i64::MAX).unwrap();
        assert_eq!(
            end_of_time.verdict(0, COS_CLOCK_TOLERANCE),
            WindowVerdict::NotYetValid
        );
        assert_eq!(
            end_of_time.verdict(i64::MIN, COS_CLOCK_TOLERANCE),
            WindowVerdict::NotYetValid
        );
        assert_eq!(
            end_of_time.verdict(i64::MAX, COS_CLOCK_TOLERANCE),
            WindowVerdict::Valid
        );
        let instant = Window::new(5, 5).unwrap();
        assert_eq!(instant.verdict(5, Duration::ZERO), WindowVerdict::Valid);
        assert_eq!(instant.verdict(4, Duration::ZERO), WindowVerdict::NotYetValid);
        assert_eq!(instant.verdict(6, Duration::ZERO), WindowVerdict::Expired);
    }

    #[test]
    fn timestamp_at_both_edges() {
        let check =
            |now: i64, expected: WindowVerdict| assert_eq!(timestamp_verdict(1_000, now), expected, "{now}");
        check(1_000, WindowVerdict::Valid);
        check(1_300, WindowVerdict::Valid);
        check(1_301, WindowVerdict::Expired);
        check(700, WindowVerdict::Valid);
        check(699, WindowVerdict::NotYetValid);
        check(i64::MAX, WindowVerdict::Expired);
        check(i64::MIN, WindowVerdict::NotYetValid);
    }
}
