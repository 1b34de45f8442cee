//! The head of one part: which field it is, and the name of the file in it.

use daypass_api::{Error, ErrorCode};

use super::malformed;

/// The head of one part.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct PartHead {
    /// The field's name, in lower case.
    pub(super) name: String,
    /// What the file in it is called.
    pub(super) file_name: Option<String>,
}

/// Reads the lines of a head, without the empty one that ends it.
pub(super) fn read(head: &[u8]) -> Result<PartHead, Error> {
    let text = std::str::from_utf8(head).map_err(|_| malformed("the head of a part is not UTF-8"))?;
    let mut disposition = None;
    for line in text.split("\r\n") {
        if line.contains(['\r', '\n', '\0']) || line.starts_with([' ', '\t']) {
            return Err(malformed("the head of a part has a broken line"));
        }
        let (name, value) = line
            .split_once(':')
            .ok_or_else(|| malformed("the head of a part has a line without a colon"))?;
        let value = value.trim_matches([' ', '\t']);
        match name.to_ascii_lowercase().as_str() {
            "content-disposition" if disposition.replace(value).is_some() => {
                return Err(malformed("a part has two content dispositions"));
            }
            "content-type" => refuse_nested(value)?,
            "content-transfer-encoding" => refuse_encoded(value)?,
            _ => {}
        }
    }
    read_disposition(disposition.ok_or_else(|| malformed("a part has no content disposition"))?)
}

/// Several files under one name were once sent as a form in the form.
fn refuse_nested(content_type: &str) -> Result<(), Error> {
    let (family, _) = content_type.split_once('/').unwrap_or_default();
    if family.trim().eq_ignore_ascii_case("multipart") {
        return Err(malformed("a part has parts of its own"));
    }
    Ok(())
}

/// Nobody takes an encoding off, so that something else would be stored than was meant.
fn refuse_encoded(encoding: &str) -> Result<(), Error> {
    let plain = ["7bit", "8bit", "binary"];
    if plain.iter().any(|plain| encoding.eq_ignore_ascii_case(plain)) {
        return Ok(());
    }
    let text = "a transfer encoding of a part is not offered";
    Err(Error::with_message(ErrorCode::NotImplemented, text))
}

fn read_disposition(text: &str) -> Result<PartHead, Error> {
    let broken = || malformed("a content disposition cannot be read");
    let (kind, mut rest) = text.split_once(';').ok_or_else(broken)?;
    if !kind.trim().eq_ignore_ascii_case("form-data") {
        return Err(malformed("a part is no form data"));
    }
    let (mut name, mut file_name) = (None, None);
    while !rest.trim().is_empty() {
        let (parameter, after) = rest.split_once('=').ok_or_else(broken)?;
        let (value, after) = parameter_value(after.trim_start()).ok_or_else(broken)?;
        let slot = match parameter.trim().to_ascii_lowercase().as_str() {
            "name" => Some(&mut name),
            "filename" => Some(&mut file_name),
            _ => None,
        };
        if slot.is_some_and(|slot| slot.replace(value).is_some()) {
            return Err(malformed("a content disposition says one thing twice"));
        }
        rest = after;
    }
    let name = name.filter(|name| !name.is_empty()).ok_or_else(broken)?;
    Ok(PartHead {
        name: name.to_ascii_lowercase(),
        file_name,
    })
}

/// The value at the beginning of a text, and what follows its semicolon. A backslash stands for itself, as in the
/// paths that some browsers send, but before a quotation mark or another one.
fn parameter_value(text: &str) -> Option<(String, &str)> {
    let Some(quoted) = text.strip_prefix('"') else {
        let (value, rest) = text.split_once(';').unwrap_or((text, ""));
        return Some((value.trim_end().to_owned(), rest));
    };
    let mut value = String::new();
    let mut characters = quoted.char_indices().peekable();
    while let Some((index, character)) = characters.next() {
        match character {
            '"' => {
                let rest = quoted.get(index + 1..)?.trim_start();
                return match rest.strip_prefix(';') {
                    Some(rest) => Some((value, rest)),
                    None => rest.is_empty().then_some((value, rest)),
                };
            }
            '\\' => match characters.next_if(|(_, next)| matches!(next, '"' | '\\')) {
                Some((_, escaped)) => value.push(escaped),
                None => value.push('\\'),
            },
            other => value.push(other),
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(head: &str, expected: Result<(&str, Option<&str>), ErrorCode>) {
        let found = read(head.as_bytes()).map_err(|error| error.code);
        let expected = expected.map(|(name, file_name)| PartHead {
            name: name.to_owned(),
            file_name: file_name.map(str::to_owned),
        });
        assert_eq!(found, expected, "{head}");
    }

    const MALFORMED: Result<(&str, Option<&str>), ErrorCode> = Err(ErrorCode::MalformedPostRequest);

    #[test]
    fn names_and_file_names() {
        let file = |name: &'static str| Ok(("file", Some(name)));
        check("Content-Disposition: form-data; name=\"key\"", Ok(("key", None)));
        check("content-disposition:form-data;name=Key", Ok(("key", None)));
        check("Content-Disposition: FORM-DATA ; Name = \"a\" ;", Ok(("a", None)));
        check(
            "Content-Disposition: form-data; name=\"file\"; filename=\"a b.txt\"\r\nContent-Type: text/plain",
            file("a b.txt"),
        );
        check(
            "Content-Disposition: form-data; name=\"file\"; filename=\"\"",
            file(""),
        );
        check(
            "Content-Disposition: form-data; name=\"file\"; filename=\"a;b=c\"",
            file("a;b=c"),
        );
        check(
            r#"Content-Disposition: form-data; name="file"; filename="say \"a\".txt""#,
            file("say \"a\".txt"),
        );
        check(
            r#"Content-Disposition: form-data; name="file"; filename="C:\dir\a.txt""#,
            file(r"C:\dir\a.txt"),
        );
        check(
            "Content-Disposition: form-data; name=\"file\"; filename=\"你.txt\"",
            file("你.txt"),
        );
        // An old spelling of names that RFC 7578 forbids is passed over.
        check(
            "Content-Disposition: form-data; name=\"file\"; filename*=utf-8''a",
            Ok(("file", None)),
        );
        check(
            "Content-Disposition: form-data; name=\"file\"\r\nContent-Transfer-Encoding: Binary",
            Ok(("file", None)),
        );
    }

    #[test]
    fn bad_heads() {
        check("Content-Type: text/plain", MALFORMED);
        check("Content-Disposition: form-data", MALFORMED);
        check("Content-Disposition: attachment; name=\"a\"", MALFORMED);
        check("Content-Disposition: form-data; name=\"\"", MALFORMED);
        check("Content-Disposition: form-data; filename=\"a\"", MALFORMED);
        check("Content-Disposition: form-data; name=\"a", MALFORMED);
        check("Content-Disposition: form-data; name=\"a\"b", MALFORMED);
        check("Content-Disposition: form-data; name", MALFORMED);
        check(
            "Content-Disposition: form-data; name=\"a\"; name=\"b\"",
            MALFORMED,
        );
        check(
            "Content-Disposition: form-data; name=\"a\"\r\nContent-Disposition: form-data; name=\"b\"",
            MALFORMED,
        );
        check(
            "Content-Disposition: form-data; name=\"file\"; filename=\"a\r\nx-cos-acl: public-read\"",
            MALFORMED,
        );
        check("Content-Disposition: form-data; name=\"a\nb\"", MALFORMED);
        check("Content-Disposition: form-data;\r\n name=\"a\"", MALFORMED);
        check("no colon", MALFORMED);
        check(
            "Content-Disposition: form-data; name=\"a\"\r\nContent-Type: Multipart/mixed; boundary=y",
            MALFORMED,
        );
        check(
            "Content-Disposition: form-data; name=\"a\"\r\nContent-Transfer-Encoding: base64",
            Err(ErrorCode::NotImplemented),
        );
        assert!(read(b"Content-Disposition: form-data; name=\"\xff\"").is_err());
    }
}
