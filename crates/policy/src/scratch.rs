//! Room on the stack for the short texts put together while matching.
//!
//! Matching must not allocate for requests of legal size, yet must be right for any size; what does not
//! fit the array moves to the heap.

use std::fmt;

/// Text under construction: up to `N` bytes in place, more on the heap.
pub(crate) struct Scratch<const N: usize> {
    inline: [u8; N],
    length: usize,
    /// Holds the whole text once it has outgrown `inline`.
    spill: Option<String>,
}

impl<const N: usize> Scratch<N> {
    pub(crate) fn new() -> Self {
        Scratch {
            inline: [0; N],
            length: 0,
            spill: None,
        }
    }

    pub(crate) fn push(&mut self, text: &str) {
        if let Some(spill) = &mut self.spill {
            spill.push_str(text);
            return;
        }
        let end = self.length + text.len();
        if let Some(room) = self.inline.get_mut(self.length..end) {
            room.copy_from_slice(text.as_bytes());
            self.length = end;
        } else {
            self.spill = Some([self.as_str(), text].concat());
        }
    }

    pub(crate) fn extend(&mut self, characters: impl Iterator<Item = char>) {
        for character in characters {
            self.push(character.encode_utf8(&mut [0; 4]));
        }
    }

    pub(crate) fn make_ascii_lowercase(&mut self) {
        match &mut self.spill {
            Some(spill) => spill.make_ascii_lowercase(),
            None => self.inline.make_ascii_lowercase(),
        }
    }

    pub(crate) fn len(&self) -> usize {
        self.as_str().len()
    }

    pub(crate) fn as_str(&self) -> &str {
        if let Some(spill) = &self.spill {
            return spill;
        }
        // INVARIANT: `inline[..length]` holds whole `str`s one after the other, so the default is never taken.
        let bytes = self.inline.get(..self.length).unwrap_or_default();
        std::str::from_utf8(bytes).unwrap_or_default()
    }
}

impl<const N: usize> fmt::Write for Scratch<N> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        self.push(text);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn holds_text_at_and_beyond_its_size() {
        let mut scratch = Scratch::<4>::new();
        assert_eq!(scratch.as_str(), "");
        scratch.push("ab");
        scratch.extend("\u{e9}".chars());
        assert_eq!((scratch.as_str(), scratch.spill.is_none()), ("ab\u{e9}", true));
        scratch.push("");
        assert!(scratch.spill.is_none());
        scratch.push("\u{6587}");
        scratch.push("!");
        assert_eq!((scratch.as_str(), scratch.len()), ("ab\u{e9}\u{6587}!", 8));
    }

    #[test]
    fn lower_case_in_place_and_beyond() {
        for text in ["AB", "AB\u{c9}CD"] {
            let mut scratch = Scratch::<4>::new();
            scratch.push(text);
            scratch.make_ascii_lowercase();
            assert_eq!(scratch.as_str(), text.to_ascii_lowercase());
        }
    }
}
