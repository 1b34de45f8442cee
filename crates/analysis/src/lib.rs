//! What policies mean, told before anybody asks for anything.
//!
//! [`lint`] finds what is dangerous, useless or mistaken in a document; [`compare`] says whether one document
//! allows only what another allows too, with a request that proves the contrary. Both are pure: nothing is
//! looked up, and the evaluator of `daypass-policy` has the last word on every request that is named here.

mod actions;
mod compare;
mod lint;
mod witness;

pub use compare::{Containment, Doubt, compare};
pub use lint::{Audience, Finding, LintContext, RULES, Rule, Severity, lint};
pub use witness::Witness;
