//! Reads an XML document into a small tree of elements and texts.
//!
//! Everything is bounded: bytes, depth, number of elements. A document type declaration, and any entity that XML
//! itself does not define, is refused, so that no text can grow. Namespaces and attributes are skipped; texts are
//! kept to the last space, since keys stand in them.

use std::fmt::Write as _;

use daypass_api::{Error, ErrorCode};
use quick_xml::Reader;
use quick_xml::events::{BytesStart, Event};

/// Deepest nesting of elements.
const MAX_DEPTH: usize = 16;
/// Most elements of one document: 10,000 parts of three elements each, and some more.
const MAX_ELEMENTS: usize = 40_000;

/// One element.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Element {
    /// Its name without a namespace prefix.
    pub(super) name: String,
    /// All text directly in it.
    pub(super) text: String,
    /// The elements in it.
    pub(super) children: Vec<Element>,
}

impl Element {
    /// Reads a document of at most `max_bytes` bytes.
    pub(super) fn parse(document: &[u8], max_bytes: usize) -> Result<Self, Error> {
        if document.len() > max_bytes {
            return Err(too_large());
        }
        let text = std::str::from_utf8(document).map_err(|_| malformed("the document is not UTF-8"))?;
        let mut builder = Builder::default();
        let mut reader = Reader::from_str(text.trim_start_matches('\u{feff}'));
        loop {
            let event = reader
                .read_event()
                .map_err(|_| malformed("the document is not well-formed"))?;
            if matches!(event, Event::Eof) {
                return builder.finish();
            }
            builder.add(&event)?;
        }
    }

    /// The elements of this name in it.
    pub(super) fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a Self> {
        self.children.iter().filter(move |child| child.name == name)
    }

    /// The text of the first element of this name in it.
    pub(super) fn text_of(&self, name: &str) -> Option<&str> {
        self.children
            .iter()
            .find(|child| child.name == name)
            .map(|child| child.text.as_str())
    }
}

#[derive(Default)]
struct Builder {
    /// From the root to the innermost element that is still open.
    open: Vec<Element>,
    root: Option<Element>,
    elements: usize,
}

impl Builder {
    fn add(&mut self, event: &Event<'_>) -> Result<(), Error> {
        match event {
            Event::Start(start) => self.start(start),
            Event::Empty(start) => {
                self.start(start)?;
                self.end()
            }
            Event::End(_) => self.end(),
            Event::Text(text) => self.text(&text.xml10_content()),
            Event::CData(text) => self.text(&text.xml10_content()),
            Event::GeneralRef(reference) => {
                let character = resolve(reference).ok_or_else(|| malformed("an entity is not defined"))?;
                self.text(character.encode_utf8(&mut [0; 4]))
            }
            Event::DocType(_) => Err(malformed("a document type is not accepted")),
            Event::PI(_) => Err(malformed("a processing instruction is not accepted")),
            Event::Comment(_) | Event::Decl(_) | Event::Eof => Ok(()),
        }
    }

    fn start(&mut self, start: &BytesStart<'_>) -> Result<(), Error> {
        if self.root.is_some() {
            return Err(malformed("the document has two roots"));
        }
        if self.open.len() == MAX_DEPTH {
            return Err(malformed("the document is nested too deeply"));
        }
        self.elements += 1;
        if self.elements > MAX_ELEMENTS {
            return Err(too_large());
        }
        self.open.push(Element {
            name: start.local_name().into_inner().to_owned(),
            ..Element::default()
        });
        Ok(())
    }

    fn end(&mut self) -> Result<(), Error> {
        let element = self
            .open
            .pop()
            .ok_or_else(|| malformed("the document is not well-formed"))?;
        match self.open.last_mut() {
            Some(parent) => parent.children.push(element),
            None => self.root = Some(element),
        }
        Ok(())
    }

    fn text(&mut self, text: &str) -> Result<(), Error> {
        match self.open.last_mut() {
            Some(element) => element.text.push_str(text),
            None if text.trim().is_empty() => {}
            None => return Err(malformed("the document has text outside its root")),
        }
        Ok(())
    }

    fn finish(self) -> Result<Element, Error> {
        match self.root {
            Some(root) if self.open.is_empty() => Ok(root),
            _ => Err(malformed("the document ends early")),
        }
    }
}

/// The character that a reference stands for: one of XML's own five names, or a number.
///
/// Numbers may name characters that XML 1.0 does not allow, since keys may hold them and have no other spelling.
fn resolve(reference: &str) -> Option<char> {
    match reference {
        "amp" => return Some('&'),
        "lt" => return Some('<'),
        "gt" => return Some('>'),
        "quot" => return Some('"'),
        "apos" => return Some('\''),
        _ => {}
    }
    let number = reference.strip_prefix('#')?;
    let (digits, radix) = number.strip_prefix('x').map_or((number, 10), |hex| (hex, 16));
    let plain = digits.chars().all(|digit| digit.is_digit(radix));
    let value = u32::from_str_radix(digits, radix).ok().filter(|_| plain)?;
    char::from_u32(value)
}

/// Writes a text with every character escaped that would not come back as itself.
pub(super) fn escape_into(document: &mut String, text: &str) {
    let mut rest = text;
    // INVARIANT: only first bytes of characters may stand for one to escape, so that the text is cut between two.
    while let Some((plain, found)) = rest
        .bytes()
        .position(may_need_escape)
        .and_then(|place| rest.split_at_checked(place))
    {
        document.push_str(plain);
        let mut characters = found.chars();
        if let Some(character) = characters.next() {
            escape_character(document, character);
        }
        rest = characters.as_str();
    }
    document.push_str(rest);
}

/// Tells quickly of most characters that they stay as they are.
fn may_need_escape(byte: u8) -> bool {
    const FIRST_OF_NONCHARACTERS: u8 = 0xef;
    byte < b' ' || matches!(byte, b'&' | b'<' | b'>' | b'"' | FIRST_OF_NONCHARACTERS)
}

fn escape_character(document: &mut String, character: char) {
    match character {
        '&' => document.push_str("&amp;"),
        '<' => document.push_str("&lt;"),
        '>' => document.push_str("&gt;"),
        '"' => document.push_str("&quot;"),
        '\n' | '\t' => document.push(character),
        // A carriage return would come back as a line feed; the other control characters are not XML at all.
        '\u{fffe}' | '\u{ffff}' => escape_number(document, character),
        control if control < ' ' => escape_number(document, control),
        other => document.push(other),
    }
}

fn escape_number(document: &mut String, character: char) {
    // Writing to a String cannot fail.
    let _ = write!(document, "&#{};", u32::from(character));
}

pub(super) fn malformed(message: &'static str) -> Error {
    Error::with_message(ErrorCode::MalformedXml, message)
}

fn too_large() -> Error {
    Error::new(ErrorCode::XmlTooLarge)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn code(document: &str) -> Option<ErrorCode> {
        Element::parse(document.as_bytes(), 1 << 20)
            .err()
            .map(|error| error.code)
    }

    #[test]
    fn trees() {
        let document = "\u{feff}<?xml version='1.0' encoding='utf-8' ?>\n<!-- a --><x:A xmlns:x=\"y\">\
            <B> b &amp;<![CDATA[<c>]]>&#x41;&#0;</B><B/></x:A>\n";
        let root = Element::parse(document.as_bytes(), 1000).unwrap();
        assert_eq!(root.name, "A");
        assert_eq!(root.text_of("B"), Some(" b &<c>A\0"));
        assert_eq!(root.all("B").count(), 2);
        assert_eq!(root.text_of("C"), None);
    }

    #[test]
    fn documents_that_are_refused() {
        let check = |document: &str| assert_eq!(code(document), Some(ErrorCode::MalformedXml), "{document}");
        check("");
        check(" ");
        check("text");
        check("<a>");
        check("<a></b>");
        check("</a>");
        check("<a/><b/>");
        check("<a/>text");
        check("<a");
        check("<a>&unknown;</a>");
        check("<a>&#x110000;</a>");
        check("<a>&#+65;</a>");
        check("<a>&</a>");
        check("<!DOCTYPE a [<!ENTITY b \"c\">]><a>&b;</a>");
        check("<!DOCTYPE a SYSTEM \"file:///etc/passwd\"><a/>");
        check("<?php x?><a/>");
        assert!(Element::parse(b"<a>\xff</a>", 100).is_err());
    }

    #[test]
    fn bounds() {
        let nested = |depth| format!("{}{}", "<a>".repeat(depth), "</a>".repeat(depth));
        assert_eq!(code(&nested(MAX_DEPTH)), None);
        assert_eq!(code(&nested(MAX_DEPTH + 1)), Some(ErrorCode::MalformedXml));
        let wide = |count| format!("<a>{}</a>", "<b/>".repeat(count));
        assert_eq!(code(&wide(MAX_ELEMENTS - 1)), None);
        assert_eq!(code(&wide(MAX_ELEMENTS)), Some(ErrorCode::XmlTooLarge));
        assert!(Element::parse(b"<a/>", 4).is_ok());
        let error = Element::parse(b"<a/>", 3).unwrap_err();
        assert_eq!(error.code, ErrorCode::XmlTooLarge);
    }

    #[test]
    fn what_xml_does_not_allow_is_written_as_a_number() {
        for code in 0_u8..0x20 {
            let mut document = String::new();
            escape_into(&mut document, &char::from(code).to_string());
            let raw = matches!(code, b'\n' | b'\t');
            let expected = if raw {
                char::from(code).to_string()
            } else {
                format!("&#{code};")
            };
            assert_eq!(document, expected);
        }
        let mut document = String::new();
        escape_into(&mut document, "\u{7f}\u{fffe}\u{ffff}'你");
        assert_eq!(document, "\u{7f}&#65534;&#65535;'你");
    }

    proptest! {
        #[test]
        fn any_text_comes_back(text in any::<String>()) {
            let mut document = "<a>".to_owned();
            escape_into(&mut document, &text);
            document.push_str("</a>");
            prop_assert_eq!(Element::parse(document.as_bytes(), 1 << 20).unwrap().text, text);
        }

        #[test]
        fn no_bytes_are_too_strange(bytes in any::<Vec<u8>>(), markup in "[<>/&#;!\\[\\]?a-c\"' =-]{0,80}") {
            let _ = Element::parse(&bytes, 1 << 20);
            let _ = Element::parse(markup.as_bytes(), 1 << 20);
        }
    }
}
