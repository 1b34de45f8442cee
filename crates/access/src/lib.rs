//! Who is asking, and may they.
//!
//! Three steps, each a pure function over records that are handed in: [`credential`] turns a claimed key (and
//! token) into a secret and a [`caller::Caller`]; [`verify`] checks that the request was signed with that secret
//! and in time; [`decide()`] puts every requirement of an operation to every layer of permissions. [`issue`] mints
//! temporary keys. Nothing here looks anything up, reads a clock or knows a dialect's words.

mod acl;
pub mod caller;
pub mod credential;
pub mod decide;
pub mod decision;
pub mod facts;
pub mod issue;
pub mod issue_role;
pub mod revoked;
pub mod trust;
pub mod verify;
pub mod vouched;

/// What is behind an identity; a field of it.
pub use daypass_token::Origin;

pub use caller::{Caller, Identity, Principal, Session};
pub use decide::{Question, decide};
pub use decision::{Decision, Finding, Layer, Opinion};
pub use facts::{BucketFacts, Environment, Facts, Layers, RoleFacts, StoredPolicy};
pub use vouched::Vouched;
