//! Form uploads: `POST /` on a bucket with `multipart/form-data`, as browsers and the mini-program SDK send them.
//!
//! [`FormReader`] collects the fields that stand before the file, within bounds; [`FileReader`] then lets the bytes of
//! the file past without keeping them. What the fields mean is told by [`Form`]: those that have the meaning of a header
//! become one ([`Form::headers`]), so that a form is judged and stored by the same code as a PUT, and the policy that
//! its signature covers is held against it ([`PostPolicy`]). Nothing here waits for bytes or knows the time.
//!
//! Wire facts follow the vendor page "POST Object". Where a form could be read in two ways it is refused.

mod boundary;
mod fields;
mod file;
mod part_head;
mod parts;
mod policy;
mod reader;
mod request;

use daypass_api::{Error, ErrorCode};

pub use fields::Form;
pub use file::FileReader;
pub use policy::PostPolicy;
pub use reader::FormReader;
pub use request::is_form_upload;

/// Most bytes before the file, boundaries and the heads of the parts included; as many again may follow it.
pub const MAX_FORM_BYTES: usize = 32 * 1024;
/// Longest value of one field.
pub const MAX_FIELD_BYTES: usize = 16 * 1024;
/// Most fields before the file.
pub const MAX_FIELDS: usize = 100;
/// Longest head of one part.
pub const MAX_PART_HEAD_BYTES: usize = 4 * 1024;

fn malformed(text: &'static str) -> Error {
    Error::with_message(
        ErrorCode::MalformedPostRequest,
        format!("The body of your POST request is not well-formed multipart/form-data: {text}."),
    )
}

#[cfg(test)]
mod tests;
