//! The object API in its XML dialect.
//!
//! The server's half is [`read()`] with [`Read::with_document`], [`write()`] and [`write_error`]; the client's half is [`request`] and [`answer`]. Both are total: any bytes give a value or an error with a code of
//! the service's own. Who may do what, and what is stored, is decided elsewhere.

mod headers;
mod percent;

mod query;
mod request_head;
mod target;

mod acl;
mod conditions;
mod copy;
mod cors;
mod form;
mod not_offered;
mod policy;
mod read;
mod route;
mod upload;

mod body;
mod delete;
mod element;
mod tagging;

mod document;
mod error;
mod write;

pub mod answer;
pub mod request;

pub use cors::{headers_for_origin, read_document as read_cors_document};
pub use error::{ErrorContext, write_error};
pub use form::{
    FileReader, Form, FormReader, MAX_FIELD_BYTES, MAX_FIELDS, MAX_FORM_BYTES, MAX_PART_HEAD_BYTES,
    PostPolicy, is_form_upload,
};
pub use headers::HEADER_NAMES;
pub use read::{Read, read};
pub use request_head::RequestHead;
pub use target::{Target, bucket_of, resource, target};
pub use write::{Answer, AnswerContext, write};
