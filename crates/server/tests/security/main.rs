//! The promise, attacked from outside: a whole server, and a client that says whatever an attacker would.
//!
//! `scene` plays the life of temporary keys, `one_gate` walks every operation, `attacks` replays how others were
//! broken, `conditions` holds docs/conditions.md, `roles` plays the life of roles and their sessions, `revocations` ends sessions, `gateways` does so at several doors of one store,
//! `foreign_roles` brings roles of one account to the buckets of another, `trail_sessions` finds
//! what sessions say of themselves in the audit trail, `trail_loss` takes the trail's disk away, `logs` looks for secrets in what is written down.

#![expect(
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test may fail by panicking"
)]

#[path = "../wire/mod.rs"]
mod wire;

mod attacks;
mod bucket_policy;
mod conditions;
mod cross_account;
mod foreign_roles;
mod gateways;
mod identities;
mod issuer;
mod key_ring;
mod kit;
mod logs;
mod one_gate;
mod revocations;
mod roles;
mod scene;
mod trail;
mod trail_loss;
mod trail_sessions;
mod trail_web_identity;
mod web_identity;
