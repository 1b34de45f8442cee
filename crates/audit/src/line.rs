//! One line of the trail and the chain through all of them.
//!
//! A line is `{"seq":N,"kind":"…",…,"chain":"…"}`. Its last field is SHA-256 over the chain before it and all of the
//! line that stands before that field, so that every byte is covered: by the digest, or by the exact form around it.

use std::fmt;

use serde::Serialize;
use sha2::{Digest, Sha256};

/// Longest line that is read, its end included; far more than a record can have.
pub const MAX_LINE_BYTES: usize = 4 * 1024 * 1024;

const HEX_LENGTH: usize = 64;
const BEGINNING: &str = r#"{"seq":"#;
const KIND: &str = r#","kind":""#;
const CHAIN: &str = r#","chain":""#;
const END: &str = r#""}"#;
const TAIL_LENGTH: usize = CHAIN.len() + HEX_LENGTH + END.len();

/// Where the chain stands after a record.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Chain([u8; 32]);

impl Chain {
    /// Reads 64 lower-case hex digits.
    pub fn parse(text: &str) -> Option<Self> {
        let digit = |byte: u8| match byte {
            b'0'..=b'9' => Some(byte - b'0'),
            b'a'..=b'f' => Some(byte - b'a' + 10),
            _ => None,
        };
        if text.len() != HEX_LENGTH {
            return None;
        }
        let mut bytes = [0; 32];
        for (byte, pair) in bytes.iter_mut().zip(text.as_bytes().chunks_exact(2)) {
            let [high, low] = pair else { return None };
            *byte = digit(*high)? << 4 | digit(*low)?;
        }
        Some(Self(bytes))
    }

    /// Its bytes.
    pub(crate) fn bytes(&self) -> &[u8; 32] {
        &self.0
    }

    fn hex(&self) -> [u8; HEX_LENGTH] {
        let mut digits = [0; HEX_LENGTH];
        for (pair, byte) in digits.chunks_exact_mut(2).zip(self.0) {
            pair.copy_from_slice(&[hex_digit(byte >> 4), hex_digit(byte & 15)]);
        }
        digits
    }

    fn after(&self, body: &[u8]) -> Self {
        let digest = Sha256::new().chain_update(self.0).chain_update(body);
        Self(digest.finalize().into())
    }
}

impl fmt::Display for Chain {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(std::str::from_utf8(&self.hex()).unwrap_or_default())
    }
}

fn hex_digit(value: u8) -> u8 {
    match value {
        0..=9 => b'0' + value,
        _ => b'a' + (value - 10),
    }
}

/// Adds fields to `out` as a line has them, between its kind and its chain. When it fails, nothing was added.
pub(crate) fn spell<T: Serialize>(out: &mut Vec<u8>, fields: &T) -> Result<(), serde_json::Error> {
    let comma = out.len();
    if let Err(error) = serde_json::to_writer(&mut *out, fields) {
        out.truncate(comma);
        return Err(error);
    }
    // The fields come as an object of their own: its first brace becomes the comma, its last one goes.
    if let Some(brace) = out.get_mut(comma) {
        *brace = b',';
    }
    out.pop();
    Ok(())
}

/// Adds a line with fields that are spelled already, and tells where the chain stands after it.
pub(crate) fn encode_spelled(
    out: &mut Vec<u8>,
    sequence: u64,
    kind: &str,
    fields: &[u8],
    chain: &Chain,
) -> Chain {
    let start = out.len();
    out.extend_from_slice(BEGINNING.as_bytes());
    decimal(out, sequence);
    for piece in [KIND.as_bytes(), kind.as_bytes(), b"\"", fields] {
        out.extend_from_slice(piece);
    }
    let next = chain.after(out.get(start..).unwrap_or_default());
    for piece in [CHAIN.as_bytes(), &next.hex(), END.as_bytes(), b"\n"] {
        out.extend_from_slice(piece);
    }
    next
}

fn decimal(out: &mut Vec<u8>, mut number: u64) {
    let start = out.len();
    loop {
        out.push(b'0' + (number % 10).to_le_bytes()[0]);
        number /= 10;
        if number == 0 {
            break;
        }
    }
    out.get_mut(start..).unwrap_or_default().reverse();
}

/// Adds a line to `out`, and tells where the chain stands after it. When it fails, nothing was added.
pub(crate) fn encode<T: Serialize>(
    out: &mut Vec<u8>,
    sequence: u64,
    kind: &str,
    fields: &T,
    chain: &Chain,
) -> Result<Chain, serde_json::Error> {
    let mut spelled = Vec::new();
    spell(&mut spelled, fields)?;
    Ok(encode_spelled(out, sequence, kind, &spelled, chain))
}

/// A line of the right form; whether its chain is right is asked of it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Line<'l> {
    pub(crate) sequence: u64,
    pub(crate) kind: &'l str,
    pub(crate) chain: Chain,
    body: &'l [u8],
}

impl<'l> Line<'l> {
    /// Reads a line without its line feed.
    pub(crate) fn parse(bytes: &'l [u8]) -> Option<Self> {
        let (body, tail) = bytes.split_at_checked(bytes.len().checked_sub(TAIL_LENGTH)?)?;
        let chain = std::str::from_utf8(tail).ok()?;
        let chain = chain.strip_prefix(CHAIN)?.strip_suffix(END)?;
        let head = body.strip_prefix(BEGINNING.as_bytes())?;
        let digits = head.iter().take_while(|byte| byte.is_ascii_digit()).count();
        let (number, rest) = head.split_at_checked(digits)?;
        let rest = rest.strip_prefix(KIND.as_bytes())?;
        let length = rest.iter().position(|byte| *byte == b'"')?;
        Some(Self {
            sequence: std::str::from_utf8(number).ok()?.parse().ok()?,
            kind: std::str::from_utf8(rest.get(..length)?).ok()?,
            chain: Chain::parse(chain)?,
            body,
        })
    }

    /// Whether it is what was written after this place of the chain.
    pub(crate) fn follows(&self, before: &Chain) -> bool {
        self.continued(before) == self.chain
    }

    /// Where the chain stands after these bytes, whatever the line says.
    pub(crate) fn continued(&self, before: &Chain) -> Chain {
        before.after(self.body)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn line(sequence: u64, text: &str, chain: &Chain) -> (Vec<u8>, Chain) {
        let mut out = Vec::new();
        let next = encode(
            &mut out,
            sequence,
            "request",
            &serde_json::json!({ "text": text }),
            chain,
        );
        assert_eq!(out.pop(), Some(b'\n'));
        (out, next.unwrap())
    }

    #[test]
    fn a_line_as_it_stands_in_the_file() {
        let (bytes, chain) = line(7, "a\n\"b", &Chain::default());
        let expected = format!(r#"{{"seq":7,"kind":"request","text":"a\n\"b","chain":"{chain}"}}"#);
        assert_eq!(String::from_utf8(bytes.clone()).unwrap(), expected);
        let read = Line::parse(&bytes).unwrap();
        assert_eq!((read.sequence, read.kind, read.chain), (7, "request", chain));
        assert!(read.follows(&Chain::default()) && !read.follows(&chain));
        assert_eq!(Chain::parse(&chain.to_string()), Some(chain));
    }

    #[test]
    fn what_is_no_line() {
        let (bytes, _) = line(7, "x", &Chain::default());
        let text = String::from_utf8(bytes).unwrap();
        let check = |text: String| assert!(Line::parse(text.as_bytes()).is_none(), "{text}");
        for cut in 1..text.len() {
            check(text[cut..].to_owned());
        }
        check(text.replace("\"seq\":7", "\"seq\":-7"));
        check(text.replace("\"seq\":7", "\"seq\":"));
        check(text.replace("\"seq\":7", "\"seq\":99999999999999999999"));
        check(text.to_uppercase());
        check(String::new());
    }

    proptest! {
        #[test]
        fn every_changed_byte_is_seen(text in ".{0,40}", at in any::<prop::sample::Index>(), to in any::<u8>()) {
            let (bytes, _) = line(12, &text, &Chain::default());
            let mut changed = bytes.clone();
            *at.get_mut(&mut changed) = to;
            let sound = Line::parse(&changed).is_some_and(|line| line.follows(&Chain::default()));
            prop_assert_eq!(sound, changed == bytes);
        }

        #[test]
        fn any_bytes_are_read_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
            Line::parse(&bytes);
        }
    }
}
