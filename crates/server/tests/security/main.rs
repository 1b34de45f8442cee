//! The promise, attacked from outside: a whole server, and a client that says whatever an attacker would.
//!
//! How others were broken is replayed in `tests/attacks`. Here `scene` plays the life of temporary keys, `conditions`
//! holds docs/conditions.md, `roles` plays the life of roles and their sessions, `revocations` ends sessions, `gateways`
//! and `gateway_keys` have several doors to one store, `explain` asks why it refused, `foreign_roles` brings roles of one
//! account to the buckets of another, `trail_sessions` finds what sessions say of themselves in the audit trail,
//! `analyses` asks what policies mean, `judgements` looks at what is found about the policies of temporary keys, `trail_loss` takes the trail's disk away.

#![expect(
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test may fail by panicking"
)]

#[path = "../wire/mod.rs"]
mod wire;

mod acting;
mod analyses;
mod audit_search;
mod bucket_policy;
mod conditions;
mod cross_account;
mod explain;
mod foreign_roles;
mod gateway_keys;
mod gateways;
mod identities;
mod judgements;
mod key_ring;
mod kit;
mod one_store;
mod revocations;
mod roles;
mod scene;
mod session_lists;
mod shown;
mod spellings;
mod trail;
mod trail_loss;
mod trail_sessions;
