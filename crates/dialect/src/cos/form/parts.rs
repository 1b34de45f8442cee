//! The parts of a form outside of its file, from bytes in pieces of any size.
//!
//! All that was taken in counts against one bound. What was searched is not searched again, so that a form that comes
//! byte by byte costs no more than one that comes at once.

use bytes::{Buf as _, Bytes, BytesMut};
use daypass_api::Error;

use super::part_head::{self, PartHead};
use super::{MAX_FIELD_BYTES, MAX_FIELDS, MAX_FORM_BYTES, MAX_PART_HEAD_BYTES, malformed};

/// The end of the head of a part.
const HEAD_END: &[u8] = b"\r\n\r\n";

/// Reads parts until a file begins or the form ends.
pub(super) struct Parts {
    delimiter: Vec<u8>,
    buffer: BytesMut,
    /// How much of the buffer does not hold what is looked for.
    searched: usize,
    /// How much may still be taken in.
    room: usize,
    fields: usize,
    state: State,
}

enum State {
    /// Nothing was read yet.
    Opening,
    AfterDelimiter,
    Head,
    Value(PartHead),
    /// The buffer begins with the bytes of a file, or the form has ended.
    Left,
}

/// What was read.
pub(super) enum Found {
    /// A field and its value.
    Field(PartHead, BytesMut),
    /// The head of a file.
    File(PartHead),
    /// The end of the form.
    End,
}

impl Parts {
    /// Those from the beginning of the body on.
    pub(super) fn before_file(delimiter: Vec<u8>) -> Self {
        Self::new(delimiter, State::Opening)
    }

    /// Those after the file and the delimiter that ended it.
    pub(super) fn after_file(delimiter: Vec<u8>) -> Self {
        Self::new(delimiter, State::AfterDelimiter)
    }

    fn new(delimiter: Vec<u8>, state: State) -> Self {
        Self {
            delimiter,
            buffer: BytesMut::new(),
            searched: 0,
            room: MAX_FORM_BYTES,
            fields: 0,
            state,
        }
    }

    /// Takes in as much of a piece as there is room for.
    pub(super) fn absorb(&mut self, piece: &mut Bytes) -> Result<(), Error> {
        let taken = piece.split_to(piece.len().min(self.room));
        if taken.is_empty() && !piece.is_empty() {
            return Err(malformed("there are more than 32768 bytes beside the file"));
        }
        self.room -= taken.len();
        self.buffer.extend_from_slice(&taken);
        Ok(())
    }

    /// How many bytes were understood.
    pub(super) fn consumed(&self) -> usize {
        MAX_FORM_BYTES - self.room - self.buffer.len()
    }

    /// How many more bytes may be taken in.
    pub(super) fn room(&self) -> usize {
        self.room
    }

    /// What was taken in and belongs to the file, and the delimiter that will end it.
    pub(super) fn into_file(self) -> (Vec<u8>, Bytes) {
        (self.delimiter, self.buffer.freeze())
    }

    /// The next thing, as soon as all of it is there.
    pub(super) fn next(&mut self) -> Result<Option<Found>, Error> {
        loop {
            let more = match &self.state {
                State::Opening => self.open()?,
                State::AfterDelimiter => match self.after_delimiter()? {
                    Some(true) => return Ok(Some(Found::End)),
                    Some(false) => true,
                    None => false,
                },
                State::Head => match self.head()? {
                    Some(head) if head.name == "file" => return Ok(Some(Found::File(head))),
                    Some(head) => {
                        self.state = State::Value(head);
                        true
                    }
                    None => false,
                },
                State::Value(head) => {
                    let head = head.clone();
                    return Ok(self.value()?.map(|value| Found::Field(head, value)));
                }
                State::Left => false,
            };
            if !more {
                return Ok(None);
            }
        }
    }

    /// The body begins with the boundary, with nothing before it.
    fn open(&mut self) -> Result<bool, Error> {
        let opening = self.delimiter.get(2..).unwrap_or_default();
        let there = self.buffer.len().min(opening.len());
        if self.buffer.get(..there) != opening.get(..there) {
            return Err(malformed("it does not begin with its boundary"));
        }
        if there < opening.len() {
            return Ok(false);
        }
        self.buffer.advance(there);
        self.state = State::AfterDelimiter;
        Ok(true)
    }

    /// Whether the form ends at this delimiter.
    fn after_delimiter(&mut self) -> Result<Option<bool>, Error> {
        let Some(two) = self.buffer.first_chunk::<2>() else {
            return Ok(None);
        };
        let ends = match two {
            b"--" => true,
            b"\r\n" => false,
            _ => {
                return Err(malformed(
                    "a boundary is followed by something else than a line feed",
                ));
            }
        };
        // The line feed stays: the head's own end begins with one, be the head empty.
        if ends {
            self.buffer.advance(2);
        }
        self.state = if ends { State::Left } else { State::Head };
        Ok(Some(ends))
    }

    fn head(&mut self) -> Result<Option<PartHead>, Error> {
        let found = self.find(HEAD_END);
        if found.unwrap_or(self.searched) > MAX_PART_HEAD_BYTES {
            return Err(malformed("the head of a part is longer than 4096 bytes"));
        }
        let Some(end) = found else {
            return Ok(None);
        };
        if end == 0 {
            return Err(malformed("a part has no head"));
        }
        let mut head = self.buffer.split_to(end);
        self.buffer.advance(HEAD_END.len());
        head.advance(2);
        self.searched = 0;
        self.state = State::Left;
        part_head::read(&head).map(Some)
    }

    fn value(&mut self) -> Result<Option<BytesMut>, Error> {
        let delimiter = std::mem::take(&mut self.delimiter);
        let found = self.find(&delimiter);
        self.delimiter = delimiter;
        if found.unwrap_or(self.searched) > MAX_FIELD_BYTES {
            return Err(malformed("the value of a field is longer than 16384 bytes"));
        }
        let Some(end) = found else {
            return Ok(None);
        };
        self.fields += 1;
        if self.fields > MAX_FIELDS {
            return Err(malformed("there are more than 100 fields"));
        }
        let value = self.buffer.split_to(end);
        self.buffer.advance(self.delimiter.len());
        self.searched = 0;
        self.state = State::AfterDelimiter;
        Ok(Some(value))
    }

    /// Where a text begins in the buffer, if all of it is there.
    fn find(&mut self, text: &[u8]) -> Option<usize> {
        let rest = self.buffer.get(self.searched..).unwrap_or_default();
        let found = memchr::memmem::find(rest, text).map(|at| self.searched + at);
        if found.is_none() {
            self.searched = self
                .searched
                .max((self.buffer.len() + 1).saturating_sub(text.len()));
        }
        found
    }
}
