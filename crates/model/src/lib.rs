//! The whole decision as an executable model: policy language 2.0 and the five layers that say who may do what.
//!
//! It is written from the reference of the language and from the design, never from the engine, and shares no code with
//! it: where the two disagree, one of them is wrong, and the reference says which. It is meant to be read beside that
//! reference: small, slow, no index, no compilation, no cache. Only tests use it. It leaves out who the caller is and
//! how keys are minted; whoever asks hands in the identity and the documents as they are.
//! Left to the engine's own tests: duplicate JSON keys, limits of size, and the explanation of a decision.

pub mod condition;
pub mod decision;
pub mod document;
pub mod pattern;
mod value;
