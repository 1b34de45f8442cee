//! Request signatures of Tencent Cloud, both halves: what a client computes and what a server checks.
//!
//! Three schemes live here: [`cos`] (`q-sign-algorithm=sha1`, the object service), [`tc3`] (TC3-HMAC-SHA256, the
//! JSON API) and [`v1`] (HmacSHA1 and HmacSHA256 over form parameters, the API of the COS STS SDKs).
//! Each one reads a *claim* out of a request (who says so, for how long, over what) and can then verify it
//! against a secret key, or sign a request of our own.
//!
//! Looking up the secret, reading the clock and answering HTTP are left to the callers: everything here is a
//! function of its arguments. Signer and verifier share the code that builds the canonical text, and the server
//! reads parameters and headers through the same [`RequestView`], so that the signed and the performed request
//! cannot differ.

pub mod anatomy;
pub mod cos;
pub mod tc3;
pub mod v1;

mod claim_error;
mod encoding;
mod hosts;
mod mac;
mod request;
mod secret;
mod window;

pub use claim_error::ClaimError;
pub use encoding::{decode_path, encode};
pub use hosts::public_names;
pub use request::{
    MAX_HEADERS, MAX_PARAMETERS, Parameter, RequestError, RequestView, conflicting_header,
    conflicting_parameter, parameters,
};
pub use secret::{SecretKey, SentToken};
pub use window::{API_CLOCK_TOLERANCE, COS_CLOCK_TOLERANCE, Window, WindowError, WindowVerdict};

/// The longest key id that any scheme accepts, in bytes; the vendor's bound for temporary ids.
pub const MAX_KEY_ID_BYTES: usize = 1024;

/// The longest session token that any scheme accepts, in bytes; the vendor's bound.
pub const MAX_TOKEN_BYTES: usize = 4096;

/// The longest Authorization text, or value of one signature parameter, in bytes.
pub const MAX_AUTHORIZATION_BYTES: usize = 8192;

/// The most names that one list of signed headers or parameters may hold.
pub const MAX_SIGNED_NAMES: usize = 100;
