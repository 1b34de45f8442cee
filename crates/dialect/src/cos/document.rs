//! Writes XML documents: elements in the order of the calls, attributes only where a client asks for them, an empty element closes itself.
//!
//! No white space stands between elements, since one SDK would take it for the text of an empty container.

use std::fmt::Write;

use super::element::escape_into;

/// A document in the making.
#[derive(Debug)]
pub(super) struct Document {
    text: String,
}

impl Document {
    /// An empty document.
    pub(super) fn new() -> Self {
        Self {
            text: "<?xml version='1.0' encoding='utf-8' ?>\n".to_owned(),
        }
    }

    /// An element without a declaration before it, as requests are written.
    pub(super) fn bare() -> Self {
        Self { text: String::new() }
    }

    /// An element with others in it; without content it closes itself.
    pub(super) fn element(&mut self, name: &str, content: impl FnOnce(&mut Self)) {
        self.element_in("", name, content);
    }

    /// The same, in a default namespace when that is not empty.
    pub(super) fn element_in(&mut self, namespace: &str, name: &str, content: impl FnOnce(&mut Self)) {
        let attributes = [("xmlns", namespace)];
        self.element_with(
            name,
            attributes
                .get(usize::from(namespace.is_empty())..)
                .unwrap_or_default(),
            content,
        );
    }

    /// The same, with attributes whose values need no escape.
    pub(super) fn element_with(
        &mut self,
        name: &str,
        attributes: &[(&str, &str)],
        content: impl FnOnce(&mut Self),
    ) {
        self.push(&["<", name]);
        for (attribute, value) in attributes {
            self.push(&[" ", attribute, "=\"", value, "\""]);
        }
        let end_of_tag = self.text.len();
        self.text.push('>');
        content(self);
        if self.text.len() == end_of_tag + 1 {
            self.text.truncate(end_of_tag);
            self.text.push_str("/>");
        } else {
            self.push(&["</", name, ">"]);
        }
    }

    /// An element with a text.
    pub(super) fn leaf(&mut self, name: &str, text: &str) {
        self.element(name, |document| escape_into(&mut document.text, text));
    }

    /// An element with a number or a truth value.
    pub(super) fn value(&mut self, name: &str, value: impl std::fmt::Display) {
        // Writing to a String cannot fail.
        self.element(name, |document| {
            let _ = write!(Escaping(&mut document.text), "{value}");
        });
    }

    /// The finished text.
    pub(super) fn into_text(self) -> String {
        self.text
    }

    fn push(&mut self, pieces: &[&str]) {
        self.text.extend(pieces.iter().copied());
    }
}

/// Escapes what is written to it.
struct Escaping<'a>(&'a mut String);

impl Write for Escaping<'_> {
    fn write_str(&mut self, text: &str) -> std::fmt::Result {
        escape_into(self.0, text);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn elements() {
        let mut document = Document::new();
        document.element_in("urn:x", "A", |document| {
            document.leaf("B", "<\"\u{1}>");
            document.leaf("C", "");
            document.element("D", |document| document.value("E", false));
            document.element("F", |_| {});
        });
        let expected = "<?xml version='1.0' encoding='utf-8' ?>\n<A xmlns=\"urn:x\">\
            <B>&lt;&quot;&#1;&gt;</B><C/><D><E>false</E></D><F/></A>";
        assert_eq!(document.into_text(), expected);
    }
}
