//! TC3-HMAC-SHA256, the signature of the JSON API.
//!
//! [`claim`] reads the Authorization header and the `X-TC-*` headers that belong to it, [`Claim::verify`] checks it,
//! [`sign`] makes one. The texts in between are public for tools that explain a signature: [`canonical_request`],
//! [`string_to_sign`], [`DerivedKeys`].
//!
//! Wire facts follow the vendor page "Signature Method v3" and what the official SDKs send. Where these disagree
//! (which host, which service, lower-cased values or not) the verifier tries each of them.

mod canonical;
mod claim;
mod verify;

pub use canonical::{
    DerivedKeys, HeaderValues, canonical_request, credential_scope, hashed_payload, string_to_sign, utc_date,
};
pub use claim::{Claim, claim};
pub use verify::sign;
