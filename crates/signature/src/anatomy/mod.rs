//! Why a signature does not match: what its maker has signed instead.
//!
//! A signature says only that something differs. But the mistakes that people make are few, and their effects are known:
//! so each known mistake is made here, alone and in pairs, until the signature comes out that was sent. Then the text that
//! was signed is known to the byte. What a signature is made of is computed by the same code that signs and verifies.
//!
//! This is for tools that explain; a server neither needs it nor should offer it.

mod change;
mod cos;
mod tc3;
mod v1;

pub use change::Cause;
pub use cos::diagnose_cos;
pub use tc3::diagnose_tc3;
pub use v1::diagnose_v1;

/// What became of the attempt to explain a signature.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Diagnosis {
    /// The text that the request, as it is, asks to be signed.
    pub expected: Vec<u8>,
    /// What the signature's maker did otherwise, if that was found; empty when nothing.
    pub causes: Option<Vec<Cause>>,
    /// The text that was signed, where it is known.
    pub signed: Option<Vec<u8>>,
    /// Whether a server that follows this crate's rules takes the signature for good, as far as texts and secret go.
    pub is_accepted: bool,
}

/// A place in a text, each counted from 1 but for the offset.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place {
    /// Bytes before it.
    pub offset: usize,
    /// Its line.
    pub line: usize,
    /// The byte within the line.
    pub column: usize,
}

/// Where two texts differ first; the end of the shorter one where it is the beginning of the other.
pub fn first_difference(one: &[u8], other: &[u8]) -> Option<Place> {
    if one == other {
        return None;
    }
    let offset = one
        .iter()
        .zip(other)
        .take_while(|(one, other)| one == other)
        .count();
    let before = one.get(..offset).unwrap_or_default();
    let in_line = before.rsplit(|byte| *byte == b'\n').next().map_or(0, <[u8]>::len);
    Some(Place {
        offset,
        line: before.iter().filter(|byte| **byte == b'\n').count() + 1,
        column: in_line + 1,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_difference() {
        let check = |one: &str, other: &str, expected: Option<(usize, usize, usize)>| {
            let found = first_difference(one.as_bytes(), other.as_bytes());
            let found = found.map(|place| (place.offset, place.line, place.column));
            assert_eq!(found, expected, "{one:?} {other:?}");
        };
        check("", "", None);
        check("a\nb", "a\nb", None);
        check("a", "", Some((0, 1, 1)));
        check("a\nbc", "a\nbd", Some((3, 2, 2)));
        check("a\n", "a", Some((1, 1, 2)));
        check("a", "a\nb", Some((1, 1, 2)));
        check("a\n\nx", "a\n\ny", Some((3, 3, 1)));
    }
}
