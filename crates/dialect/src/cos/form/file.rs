//! The bytes of the file, let past up to the delimiter that ends them, and what follows it.
//!
//! Pieces are handed on as they came, without a copy. Only when one ends in what may be the beginning of the delimiter,
//! those few bytes wait for the next piece.

use std::collections::VecDeque;

use bytes::Bytes;
use daypass_api::{Error, ErrorCode};
use memchr::{memmem, memrchr};

use super::malformed;
use super::parts::{Found, Parts};

/// Reads a form from the first byte of its file to its end.
pub struct FileReader {
    delimiter: Vec<u8>,
    /// INVARIANT: a beginning of the delimiter, shorter than all of it; empty once the file has ended.
    held: Bytes,
    ready: VecDeque<Bytes>,
    place: Place,
}

enum Place {
    File,
    After(Parts),
    End {
        /// How much more may follow the end and be passed over.
        room: usize,
    },
}

impl FileReader {
    /// Begins with the bytes that were taken in together with the fields.
    pub(super) fn new(delimiter: Vec<u8>, first: [Bytes; 2]) -> Result<Self, Error> {
        let mut reader = Self {
            delimiter,
            held: Bytes::new(),
            ready: VecDeque::new(),
            place: Place::File,
        };
        for piece in first {
            reader.push(piece)?;
        }
        Ok(reader)
    }

    /// Takes the next piece of the body.
    pub fn push(&mut self, piece: Bytes) -> Result<(), Error> {
        match &mut self.place {
            Place::File => match self.in_file(piece) {
                Some(rest) => {
                    self.place = Place::After(Parts::after_file(self.delimiter.clone()));
                    self.push(rest)
                }
                None => Ok(()),
            },
            Place::After(parts) => {
                if let Some(room) = after_file(parts, piece)? {
                    self.place = Place::End { room };
                }
                Ok(())
            }
            Place::End { room } => {
                *room = room
                    .checked_sub(piece.len())
                    .ok_or_else(|| malformed("it goes on after its end"))?;
                Ok(())
            }
        }
    }

    /// The next bytes of the file, as far as they are there.
    pub fn next_bytes(&mut self) -> Option<Bytes> {
        self.ready.pop_front()
    }

    /// Refuses a body that ended before the form did.
    pub fn finish(&self) -> Result<(), Error> {
        match self.place {
            Place::End { .. } => Ok(()),
            Place::File | Place::After(_) => Err(malformed("it ends before its last boundary")),
        }
    }

    /// Lets bytes of the file past; what follows the delimiter, if it was found.
    fn in_file(&mut self, mut piece: Bytes) -> Option<Bytes> {
        if piece.is_empty() {
            return None;
        }
        if !self.held.is_empty() {
            let missing = self.delimiter.get(self.held.len()..).unwrap_or_default();
            let there = missing.len().min(piece.len());
            if piece.get(..there) == missing.get(..there) {
                if there == missing.len() {
                    self.held.clear();
                    return Some(piece.split_off(there));
                }
                self.held = [self.held.as_ref(), &piece].concat().into();
                return None;
            }
            // A delimiter has its one carriage return at its beginning, so that none begins within what was held.
            self.ready.push_back(std::mem::take(&mut self.held));
        }
        if let Some(at) = memmem::find(&piece, &self.delimiter) {
            let rest = piece.split_off(at);
            self.let_past(piece);
            return Some(rest.slice(self.delimiter.len()..));
        }
        let end = piece.len();
        let last = memrchr(b'\r', &piece).filter(|at| {
            let tail = piece.get(*at..).unwrap_or_default();
            self.delimiter.starts_with(tail)
        });
        self.held = piece.split_off(last.unwrap_or(end));
        self.let_past(piece);
        None
    }

    fn let_past(&mut self, bytes: Bytes) {
        if !bytes.is_empty() {
            self.ready.push_back(bytes);
        }
    }
}

/// Passes over what follows the file; how much may follow the end of the form, once that was read.
fn after_file(parts: &mut Parts, mut piece: Bytes) -> Result<Option<usize>, Error> {
    loop {
        match parts.next()? {
            Some(Found::End) => {
                parts.absorb(&mut piece)?;
                return Ok(Some(parts.room()));
            }
            // What follows the file is ignored, as documented, but for another file.
            Some(Found::Field(head, _)) if head.file_name.is_none() => {}
            Some(Found::Field(..) | Found::File(_)) => {
                return Err(Error::new(ErrorCode::IncorrectNumberOfFiles));
            }
            None if piece.is_empty() => return Ok(None),
            None => parts.absorb(&mut piece)?,
        }
    }
}
