//! The figures of requests: what was asked, how it ended, who decided, how long it took.

use std::time::Duration;

use daypass_access::{Decision, Opinion};
use daypass_api::{ErrorCode, Outcome};
use http::Method;

use super::cell::{Counter, Durations};
use super::rows::Rows;
use crate::family::Family;

/// Methods that are told apart.
pub(super) const METHODS: [&str; 7] = ["GET", "HEAD", "PUT", "POST", "DELETE", "OPTIONS", "other"];
/// Classes of status codes.
pub(super) const CLASSES: [&str; 5] = ["1xx", "2xx", "3xx", "4xx", "5xx"];

/// What is said of a request when it has been answered.
pub(crate) struct Observed<'r> {
    pub(crate) method: &'r Method,
    pub(crate) family: &'r Family,
    /// The first action that was asked for, when it came that far.
    pub(crate) action: Option<&'static str>,
    pub(crate) status: u16,
    pub(crate) code: Option<ErrorCode>,
    pub(crate) decision: Option<&'r Decision>,
    pub(crate) took: Duration,
}

/// The figures of all requests.
#[derive(Default)]
pub(crate) struct RequestMeter {
    pub(super) actions: Rows<Action>,
    pub(super) cos_errors: Errors,
    pub(super) api_errors: Errors,
    /// By layer: allowed and refused.
    pub(super) decisions: Rows<[Counter; 2]>,
    pub(super) keys_minted: Counter,
}

/// The figures of one action.
#[derive(Default)]
pub(super) struct Action {
    /// By method and by class of status.
    pub(super) answers: [[Counter; CLASSES.len()]; METHODS.len()],
    pub(super) durations: Durations,
}

/// How often each error was the answer.
pub(super) struct Errors(Box<[Counter]>);

impl RequestMeter {
    /// Counts a request.
    pub(crate) fn count(&self, observed: &Observed<'_>) {
        let is_object = matches!(observed.family, Family::Object(_));
        let unread = if is_object { "cos:unread" } else { "api:unread" };
        let action = self.actions.of(observed.action.unwrap_or(unread));
        action.count(observed);
        if let Some(code) = observed.code {
            let errors = if is_object {
                &self.cos_errors
            } else {
                &self.api_errors
            };
            errors.count(code);
        }
        if let Some(decision) = observed.decision {
            self.count_decision(decision);
        }
    }

    /// Counts an answer that asked nothing of the store: to a probe, or to a browser before the console's request.
    pub(crate) fn count_aside(&self, action: &'static str, method: &Method, status: u16) {
        let answers = &self.actions.of(action).answers;
        let class = usize::from(status / 100).saturating_sub(1);
        if let Some(counter) = answers
            .get(method_place(method))
            .and_then(|answers| answers.get(class))
        {
            counter.one();
        }
    }

    /// Counts what an operation brought forth.
    pub(crate) fn count_outcome(&self, outcome: &Outcome) {
        if matches!(outcome, Outcome::TemporaryKey(_)) {
            self.keys_minted.one();
        }
    }

    fn count_decision(&self, decision: &Decision) {
        let is_whole = decision.is_whole();
        let finding = if is_whole {
            let allows = |opinion| matches!(opinion, Opinion::Allows(_));
            decision.findings.iter().find(|finding| allows(finding.opinion))
        } else {
            decision.deciding()
        };
        let [allowed, refused] = self
            .decisions
            .of(finding.map_or("none", |finding| finding.layer.name()));
        if is_whole { allowed } else { refused }.one();
    }
}

impl Action {
    fn count(&self, observed: &Observed<'_>) {
        let class = usize::from(observed.status / 100).saturating_sub(1);
        let answers = self.answers.get(method_place(observed.method));
        if let Some(counter) = answers.and_then(|answers| answers.get(class)) {
            counter.one();
        }
        self.durations.record(observed.took);
    }
}

fn method_place(method: &Method) -> usize {
    let last = METHODS.len() - 1;
    METHODS
        .iter()
        .position(|name| *name == method.as_str())
        .unwrap_or(last)
}

impl Default for Errors {
    fn default() -> Self {
        Self(ErrorCode::ALL.iter().map(|_| Counter::default()).collect())
    }
}

impl Errors {
    fn count(&self, code: ErrorCode) {
        if let Some(counter) = self.0.get(code as usize) {
            counter.one();
        }
    }

    /// How often this was the answer.
    pub(super) fn of(&self, code: ErrorCode) -> u64 {
        self.0.get(code as usize).map_or(0, Counter::value)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_error_has_a_counter_of_its_own() {
        let errors = Errors::default();
        for code in ErrorCode::ALL {
            assert_eq!(errors.of(*code), 0, "{code:?}");
            errors.count(*code);
            assert_eq!(errors.of(*code), 1, "{code:?}");
        }
    }

    #[test]
    fn methods_have_places() {
        let check = |method: &str, expected: &str| {
            let method = Method::from_bytes(method.as_bytes()).unwrap();
            assert_eq!(METHODS[method_place(&method)], expected);
        };
        check("GET", "GET");
        check("OPTIONS", "OPTIONS");
        check("PATCH", "other");
        check("BREW", "other");
        check("get", "other");
    }
}
