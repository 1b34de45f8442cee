//! From the beginning of the body to the file in it.

use bytes::Bytes;
use daypass_api::{Error, ErrorCode};

use super::fields::Form;
use super::file::FileReader;
use super::parts::{Found, Parts};
use super::{boundary, malformed};
use crate::cos::request_head::{RequestHead, invalid_argument};

/// Collects the fields before the file.
pub struct FormReader {
    parts: Parts,
    delimiter_bytes: usize,
    fields: Vec<(String, String)>,
}

impl FormReader {
    /// Begins a form with the head of its request.
    pub fn new(request: &RequestHead<'_>) -> Result<Self, Error> {
        let content_type = request.header("content-type")?.unwrap_or_default();
        let delimiter = boundary::delimiter(content_type)?;
        Ok(Self {
            delimiter_bytes: delimiter.len(),
            parts: Parts::before_file(delimiter),
            fields: Vec::new(),
        })
    }

    /// Takes the next piece of the body; the form and the reader of its file, as soon as that begins.
    pub fn push(&mut self, mut piece: Bytes) -> Result<Option<(Form, FileReader)>, Error> {
        loop {
            match self.parts.next()? {
                Some(Found::Field(head, _)) if head.file_name.is_some() => {
                    let text = "A file is in another field than `file`";
                    return Err(Error::with_message(ErrorCode::IncorrectNumberOfFiles, text));
                }
                Some(Found::Field(head, value)) => self.add(head.name, &value)?,
                Some(Found::File(head)) => {
                    let parts = std::mem::replace(&mut self.parts, Parts::before_file(Vec::new()));
                    let around = parts.consumed() + ending_bytes(self.delimiter_bytes);
                    let form = Form::new(std::mem::take(&mut self.fields), head.file_name, around)?;
                    let (delimiter, first) = parts.into_file();
                    return Ok(Some((form, FileReader::new(delimiter, [first, piece])?)));
                }
                Some(Found::End) => return Err(Error::new(ErrorCode::IncorrectNumberOfFiles)),
                None if piece.is_empty() => return Ok(None),
                None => self.parts.absorb(&mut piece)?,
            }
        }
    }

    /// What is wrong with a body that ended before its file began.
    pub fn unfinished(&self) -> Error {
        malformed("it ends before its file begins")
    }

    fn add(&mut self, name: String, value: &[u8]) -> Result<(), Error> {
        if self.fields.iter().any(|(other, _)| *other == name) {
            return Err(invalid_argument(format!(
                "the form has more than one field `{name}`"
            )));
        }
        let value = std::str::from_utf8(value)
            .map_err(|_| invalid_argument(format!("the field `{name}` is not UTF-8")))?;
        self.fields.push((name, value.to_owned()));
        Ok(())
    }
}

/// What follows the file where nothing else does: its delimiter, two dashes and a line feed.
fn ending_bytes(delimiter_bytes: usize) -> usize {
    delimiter_bytes + 4
}
