//! Tokens of identity providers: whether one is genuine, and the providers' public keys at hand.
//!
//! The centre is pure: [`Token::read`] and [`Token::verify`] take the keys, the time and what is expected as
//! arguments. The edge is thin: [`KeySource`] fetches the keys of an issuer, bounded in size and time, and keeps them.
//! Which provider an account trusts, and what its users may do, is decided elsewhere.

mod json;
mod keys;
mod token;

mod address;
mod fetch;
mod issuer;
mod source;

pub use issuer::{Issuer, IssuerError, KeyAddress, KeyAddressError};
pub use keys::{KeySet, KeySetError, MAX_KEY_SET_BYTES, MAX_KEYS};
pub use source::{FetchError, KeySource};
pub use token::{Expected, MAX_TOKEN_BYTES, Refusal, Token, Verified};
