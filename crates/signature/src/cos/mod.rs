//! The object service's signature, `q-sign-algorithm=sha1`.
//!
//! A server reads a [`Claim`] with [`claim`], fetches the key, asks [`Claim::window`] and [`Claim::verify`], and
//! refuses what [`unsigned_meaning`] finds. A client calls [`sign`] or [`presign`]. The canonical texts in between
//! are public as well, for tools that explain a signature: [`http_string`], [`string_to_sign`], [`sign_key`].
//! The signature of POST policies ([`post_policy_signature`]) shares the key derivation.
//!
//! Wire facts follow the vendor page "Request Signature" and what the five official SDKs send.

mod canonical;
mod claim;
mod meaning;
mod names;
mod post_policy;
mod sign;
mod verify;

pub use canonical::{SignKey, http_string, sign_key, signature, string_to_sign};
pub use claim::{Claim, Location, claim, claim_in_form, sent_token};
pub use meaning::{
    COMPANION_PARAMETERS, MeaningKind, OPERATION_PARAMETERS, UnsignedMeaning, is_operation_parameter,
    unsigned_meaning,
};
pub use names::NameList;
pub use post_policy::{
    PostClaim, PostFields, post_policy_signature, post_policy_string_to_sign, verify_post_policy,
};
pub use sign::{SIGNED_HEADERS, Selection, SignOptions, presign, sign};
