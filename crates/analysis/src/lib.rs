//! What policies mean, told before anybody asks for anything.
//!
//! [`lint`] finds what is dangerous, useless or mistaken in a document; [`compare`] says whether one document
//! allows only what another allows too, with a request that proves the contrary; [`effective`] tells what remains of several layers; [`judge`]
//! looks at the policy of a temporary key in all these ways. All are pure: nothing is looked up, and the evaluator of
//! `daypass-policy` has the last word on every request that is named here.

mod actions;
mod compare;
mod effective;
mod judge;
mod lint;
mod witness;

pub use compare::{Containment, Doubt, compare, compare_all};
pub use effective::{Exception, LayerDocuments, Origin, Row, TooLarge, effective, picture};
pub use judge::{Judgement, Minting, Verdict, judge};
pub use lint::{Audience, Finding, LintContext, RULES, Rule, Severity, lint};
pub use witness::Witness;
