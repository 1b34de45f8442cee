//! How long to wait, and when to try again.
//!
//! Only what cannot be done twice by it is repeated: a request that means the same however often it is performed
//! is sent again after a broken connection or a fault of the server, any other only when it is certain that it was
//! not performed. A refusal that is the request's own fault is final.

use std::time::Duration;

use crate::error::Error;

/// How patient a connection is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Patience {
    /// How long to wait for a connection.
    pub connect: Duration,
    /// How long to wait while no byte moves in either direction.
    pub stall: Duration,
    /// How often to try again.
    pub retries: u32,
    /// How long to wait at most before the first retry; each later wait may be twice as long as the one before.
    pub first_delay: Duration,
}

impl Default for Patience {
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(10),
            stall: Duration::from_secs(60),
            retries: 3,
            first_delay: Duration::from_millis(400),
        }
    }
}

impl Patience {
    /// The waits before the retries. Each is between half and the whole of its bound, so that clients that failed
    /// together do not come back together.
    pub(crate) fn delays(self) -> impl Iterator<Item = Duration> + Send {
        (0..self.retries).map(move |retry| {
            let longest = self.first_delay.saturating_mul(2u32.saturating_pow(retry));
            // Without randomness all wait the same time, which is still a wait.
            let random = getrandom::u32().unwrap_or(0);
            longest.mul_f64(0.5 + f64::from(random) / f64::from(u32::MAX) / 2.0)
        })
    }
}

/// What it would do to perform a request a second time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Repetition {
    /// Nothing.
    Harmless,
    /// It would do something again.
    Effective,
}

impl Repetition {
    /// Whether a request that ended so may be sent again.
    pub(crate) fn is_allowed_after(self, error: &Error) -> bool {
        let certainly_not_performed = match error {
            Error::Unreachable { .. } => true,
            Error::Refused(refusal) => refusal.was_not_looked_at(),
            _ => false,
        };
        let perhaps_not_performed = match error {
            Error::Interrupted { .. } | Error::Timeout(_) => true,
            Error::Refused(refusal) => refusal.is_server_fault(),
            _ => false,
        };
        certainly_not_performed || (self == Self::Harmless && perhaps_not_performed)
    }
}

#[cfg(test)]
mod tests {
    use std::io;

    use super::*;
    use crate::error::{Cause, Refusal};

    fn refused(status: u16) -> Error {
        Error::Refused(Refusal {
            status,
            code: String::new(),
            message: String::new(),
            resource: String::new(),
            request_id: String::new(),
        })
    }

    #[test]
    fn what_is_repeated() {
        let check = |error: Error, harmless, effective| {
            assert_eq!(Repetition::Harmless.is_allowed_after(&error), harmless, "{error}");
            assert_eq!(
                Repetition::Effective.is_allowed_after(&error),
                effective,
                "{error}"
            );
        };
        let source = Cause::of(&io::Error::other("reset"));
        let endpoint = String::new();
        check(
            Error::Unreachable {
                endpoint,
                source: source.clone(),
            },
            true,
            true,
        );
        check(Error::Interrupted { source }, true, false);
        check(Error::Timeout(Duration::from_secs(1)), true, false);
        check(refused(503), true, true);
        check(refused(500), true, false);
        for status in [301, 400, 403, 404, 409, 429] {
            check(refused(status), false, false);
        }
        check(Error::malformed("x"), false, false);
        check(Error::Integrity { expected: 1, got: 2 }, false, false);
        check(Error::Source(io::Error::other("x")), false, false);
    }

    #[test]
    fn waits_grow_and_are_bounded() {
        let patience = Patience {
            first_delay: Duration::from_millis(100),
            ..Patience::default()
        };
        let delays: Vec<_> = patience.delays().map(|delay| delay.as_millis()).collect();
        assert_eq!(delays.len(), 3);
        for (delay, longest) in delays.iter().zip([100, 200, 400]) {
            assert!((longest / 2..=longest).contains(delay), "{delay} of {longest}");
        }
    }
}
