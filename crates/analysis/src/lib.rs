//! What policies mean, told before anybody asks for anything.
//!
//! [`lint`] finds what is dangerous, useless or mistaken in a document; [`compare`] says whether one document
//! allows only what another allows too, with a request that proves the contrary; [`explain`] says why one request was
//! decided as it was, and what would have it allowed. All are pure: nothing is
//! looked up, and the evaluator of `daypass-policy` has the last word on every request that is named here.

mod actions;
mod compare;
pub mod explain;
mod lint;
mod witness;

pub use compare::{Containment, Doubt, compare};
pub use lint::{Audience, Finding, LintContext, RULES, Rule, Severity, lint};
pub use witness::Witness;
