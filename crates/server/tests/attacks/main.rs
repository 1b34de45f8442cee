//! How others were broken, tried here against a running server.
//!
//! Each test is named after its number in the table of SECURITY.md, "How others were broken": `m25_…` tries what the
//! row 25 tells. An attack is only worth its refusal if the legitimate request next to it succeeds, so that every test
//! has such a control. `table` holds names and table to each other.

#![expect(
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test may fail by panicking"
)]

#[path = "../security/acting.rs"]
mod acting;
#[path = "../security/kit.rs"]
mod kit;
#[allow(dead_code, reason = "attacks need less of it")]
#[path = "../security/one_store.rs"]
mod one_store;
#[path = "../security/spellings.rs"]
mod spellings;
#[path = "../wire/mod.rs"]
mod wire;

mod availability;
mod bending;
mod copies;
mod escalation;
mod forms;
mod intersection;
mod issuer;
mod logs;
mod moments;
mod one_gate;
mod paths;
mod post;
mod signatures;
mod strangers;
mod surfaces;
mod table;
mod trail_web_identity;
mod web_identity;
