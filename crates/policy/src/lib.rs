//! The CAM policy language 2.0: parse a document, check it, and decide requests against it.
//!
//! A document is compiled once by [`parse`] into a [`Policy`]; [`Policy::evaluate`] then matches a
//! [`Request`] in time linear in pattern and request, whatever the wildcards, and without allocating for
//! texts of legal length. The crate looks nothing up: account numbers, addresses, the time and tags are
//! handed in, and how several documents combine into one decision is the caller's business.
//!
//! Whatever cannot be decided (a header that is no number under a numeric operator, a variable nobody can
//! fill) never helps the caller of the request: it fails an allow and fulfils a deny.

mod action;
mod condition;
mod document;
mod error;
mod escapes;
mod evaluate;
mod glob;
mod index;
mod json;
mod parse;
pub mod preset;
mod principal;
mod print;
mod probe;
mod request;
mod resource;
mod scratch;

pub use action::ActionPattern;
pub use condition::{
    Comparison, Condition, ConditionKey, ConditionValue, Context, Operator, Quantifier, QueryText, Tag, Test,
};
pub use document::{DocumentKind, Effect, OwnerAccount, Policy, Statement};
pub use error::{PolicyError, PolicyErrorKind};
pub use evaluate::{Match, Verdict};
pub use json::{MAX_DEPTH, MAX_RAW_BYTES};
pub use parse::{MAX_LIST, MAX_STATEMENTS, parse};
pub use principal::{PrincipalPattern, Standing};
pub use probe::{Probe, Tested};
pub use request::{CosTarget, Principal, Request, Resource};
pub use resource::{ResourcePattern, Service};
