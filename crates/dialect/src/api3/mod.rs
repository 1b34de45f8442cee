//! The APIs of the token service (STS, 2018-08-13) and of access management (CAM, 2019-01-16): "API 3.0", and
//! the older "API 2.0" of the token service.
//!
//! [`read()`] turns the head and the whole body of a request into a [`Call`], whose transport is settled and whose
//! parameters are not yet judged; [`Call::operation`] turns that into an operation once the caller is known.
//! [`write()`] and [`write_error`] spell the answer, always with status 200 as the SDKs demand. [`request()`] and
//! [`answer()`] are the client's half. Signatures are verified elsewhere, over [`Call::v1_parameters`] or over the
//! request itself.

mod action;
mod analysis;
mod audit;
mod call;
mod read;

mod fields;
mod form;
mod json;

mod access_keys;
mod accounts;
mod assume;
mod attachments;
mod boundaries;
mod explain;
mod groups;
mod judgement;
mod key_ring;
mod own_account;
mod policies;
mod providers;
mod revocations;
mod role_policies;
mod roles;
mod sessions;
mod sts;
mod tags;
mod users;
mod versions;
mod web_identity;

mod client;
mod envelope;
mod error;
mod object;
mod reply;

pub use action::{Action, Service};
pub use call::{Call, Edition, Scheme, Spelling};
pub use client::{Request, answer, request};
pub use envelope::{Answer, write, write_error};
pub use judgement::{JUDGE_HEADER, asks_for_judgement};
pub use read::{MAX_BODY_BYTES, MAX_QUERY_BYTES, is_action_request, read};
pub use reply::AnswerError;
