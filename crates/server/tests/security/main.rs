//! The promise, attacked from outside: a whole server, and a client that says whatever an attacker would.
//!
//! `scene` plays the life of temporary keys, `one_gate` walks every operation, `attacks` replays how others were
//! broken, `roles` plays the life of roles and their sessions, `revocations` ends sessions, `logs` looks for secrets in what is written down.

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
mod cross_account;
mod identities;
mod key_ring;
mod kit;
mod logs;
mod one_gate;
mod revocations;
mod roles;
mod scene;
mod trail;
