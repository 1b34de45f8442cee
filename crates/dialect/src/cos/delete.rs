//! The documents of DELETE Multiple Objects: what to remove, and what became of each.
//!
//! What is removed cannot be brought back, so a document with anything in it that is not known here is refused.

use std::borrow::Cow;

use daypass_api::names::ObjectKey;
use daypass_api::operation::{DeleteEntry, DeleteObjects, MAX_DELETED_AT_ONCE};
use daypass_api::outcome::{DeleteReport, DeletedEntry};
use daypass_api::{Error, ErrorCode};

use super::document::Document;
use super::element::{Element, malformed};
use super::error;

/// Largest document that is read, in bytes.
const MAX_BODY_BYTES: usize = 2 * 1024 * 1024;

/// Reads what to remove: 1 to 1,000 objects.
pub(super) fn read_request(body: &[u8], delete: &mut DeleteObjects) -> Result<(), Error> {
    let root = Element::parse(body, MAX_BODY_BYTES)?;
    let known = |child: &Element| matches!(child.name.as_str(), "Object" | "Quiet");
    if root.name != "Delete" || !root.children.iter().all(known) {
        return Err(malformed("the document is not a list of objects"));
    }
    delete.quiet = quiet(&root)?;
    delete.entries = root.all("Object").map(entry).collect::<Result<_, _>>()?;
    match delete.entries.len() {
        0 => Err(malformed("the list of objects is empty")),
        1..=MAX_DELETED_AT_ONCE => Ok(()),
        _ => Err(malformed("the list has more than 1000 objects")),
    }
}

fn quiet(root: &Element) -> Result<bool, Error> {
    let mut found = root.all("Quiet").map(|element| element.text.trim());
    let text = found.next().unwrap_or("false");
    match found.next() {
        None if text.eq_ignore_ascii_case("true") => Ok(true),
        None if text.eq_ignore_ascii_case("false") => Ok(false),
        _ => Err(malformed("Quiet is neither true nor false")),
    }
}

fn entry(object: &Element) -> Result<DeleteEntry, Error> {
    let (mut key, mut version_id) = (None, None);
    for child in &object.children {
        let place = match child.name.as_str() {
            "Key" => &mut key,
            "VersionId" => &mut version_id,
            _ => return Err(malformed("an object has an unknown element")),
        };
        if place.replace(child.text.as_str()).is_some() {
            return Err(malformed("an object has two keys or two versions"));
        }
    }
    let key = key
        .filter(|key| !key.is_empty())
        .ok_or_else(|| malformed("an object has no key"))?;
    Ok(DeleteEntry {
        key: ObjectKey::parse(key.as_bytes())?,
        version_id: version_id
            .map(str::to_owned)
            .filter(|version| !version.is_empty()),
    })
}

/// Writes what to remove.
pub(super) fn write_request(delete: &DeleteObjects) -> String {
    let mut document = Document::bare();
    document.element("Delete", |document| {
        document.value("Quiet", delete.quiet);
        for entry in &delete.entries {
            document.element("Object", |document| name(document, entry));
        }
    });
    document.into_text()
}

/// Writes what became of each.
pub(super) fn write_answer(report: &DeleteReport) -> Document {
    let mut document = Document::new();
    document.element("DeleteResult", |document| {
        for DeletedEntry { entry, error } in &report.entries {
            match error {
                Some(error) => document.element("Error", |document| {
                    name(document, entry);
                    let (code, message) = error::code_and_message(error);
                    document.leaf("Code", code);
                    document.leaf("Message", message);
                }),
                None if report.quiet => {}
                None => document.element("Deleted", |document| name(document, entry)),
            }
        }
    });
    document
}

fn name(document: &mut Document, entry: &DeleteEntry) {
    document.leaf("Key", entry.key.as_str());
    if let Some(version_id) = &entry.version_id {
        document.leaf("VersionId", version_id);
    }
}

/// Reads what became of each; `None` when the document does not tell.
pub(super) fn read_answer(root: &Element, quiet: bool) -> Option<DeleteReport> {
    let read = |child: &Element| {
        let entry = DeleteEntry {
            key: ObjectKey::parse(child.text_of("Key")?.as_bytes()).ok()?,
            version_id: child.text_of("VersionId").map(str::to_owned),
        };
        let error = match child.name.as_str() {
            "Deleted" => None,
            "Error" => Some(refusal(child)?),
            _ => return None,
        };
        Some(DeletedEntry { entry, error })
    };
    let entries = root.children.iter().map(read).collect::<Option<_>>()?;
    Some(DeleteReport { quiet, entries })
}

/// An error of a document in our own words; one that has no word here is the server's fault.
fn refusal(element: &Element) -> Option<Error> {
    let (spelled, message) = (element.text_of("Code")?, element.text_of("Message")?);
    let code = ErrorCode::ALL
        .iter()
        .copied()
        .find(|code| error::code_and_message(&Error::new(*code)).0 == spelled);
    let known = Error::new(code.unwrap_or(ErrorCode::InternalError));
    let fixed = code.is_some() && error::code_and_message(&known).1 == message;
    Some(Error {
        message: (!fixed).then(|| Cow::Owned(message.to_owned())),
        ..known
    })
}

#[cfg(test)]
mod tests {
    use daypass_api::names::BucketName;
    use proptest::prelude::*;

    use super::*;

    fn read(body: &str) -> Result<DeleteObjects, ErrorCode> {
        let mut delete = DeleteObjects {
            bucket: BucketName::parse("b-1").unwrap(),
            quiet: false,
            entries: Vec::new(),
        };
        read_request(body.as_bytes(), &mut delete).map_err(|error| error.code)?;
        Ok(delete)
    }

    fn keys(count: usize) -> String {
        let objects = (0..count).map(|number| format!("<Object><Key>k{number}</Key></Object>"));
        format!("<Delete>{}</Delete>", objects.collect::<String>())
    }

    #[test]
    fn lists_of_objects() {
        let check = |body: &str, quiet: bool, expected: &[(&str, Option<&str>)]| {
            let delete = read(body).unwrap();
            let entries: Vec<_> = delete
                .entries
                .iter()
                .map(|entry| (entry.key.as_str(), entry.version_id.as_deref()))
                .collect();
            assert_eq!((delete.quiet, &entries[..]), (quiet, expected), "{body}");
        };
        check(
            "<Delete><Object><Key> a </Key></Object></Delete>",
            false,
            &[(" a ", None)],
        );
        check(
            "<Delete><Object><VersionId>null</VersionId><Key>a</Key></Object><Quiet>TRUE</Quiet></Delete>",
            true,
            &[("a", Some("null"))],
        );
        check(
            "<Delete><Quiet>False</Quiet><Object><Key>a&amp;b</Key><VersionId/></Object></Delete>",
            false,
            &[("a&b", None)],
        );
        assert_eq!(read(&keys(1000)).map(|delete| delete.entries.len()), Ok(1000));
    }

    #[test]
    fn lists_that_are_refused() {
        let check = |body: &str, code| assert_eq!(read(body), Err(code), "{body:.100}");
        check("", ErrorCode::MalformedXml);
        check("<Delete/>", ErrorCode::MalformedXml);
        check("<Delete><Quiet>true</Quiet></Delete>", ErrorCode::MalformedXml);
        check(
            "<Other><Object><Key>a</Key></Object></Other>",
            ErrorCode::MalformedXml,
        );
        check(&keys(1001), ErrorCode::MalformedXml);
        let with = |inner: &str| format!("<Delete><Object>{inner}</Object></Delete>");
        check(&with(""), ErrorCode::MalformedXml);
        check(&with("<Key/>"), ErrorCode::MalformedXml);
        check(&with("<Key>a</Key><Key>b</Key>"), ErrorCode::MalformedXml);
        check(&with("<Key>a</Key><ETag>b</ETag>"), ErrorCode::MalformedXml);
        check(
            &with(&format!("<Key>{}</Key>", "k".repeat(851))),
            ErrorCode::KeyTooLong,
        );
        let one = "<Object><Key>a</Key></Object>";
        check(
            &format!("<Delete>{one}<Quiet>1</Quiet></Delete>"),
            ErrorCode::MalformedXml,
        );
        check(
            &format!("<Delete>{one}<Other/></Delete>"),
            ErrorCode::MalformedXml,
        );
        check(&" ".repeat(MAX_BODY_BYTES + 1), ErrorCode::XmlTooLarge);
    }

    #[test]
    fn answers() {
        let entry = |key: &str, error| DeletedEntry {
            entry: DeleteEntry {
                key: ObjectKey::parse(key.as_bytes()).unwrap(),
                version_id: None,
            },
            error,
        };
        let denied = Some(Error::new(ErrorCode::AccessDenied));
        let mut report = DeleteReport {
            quiet: false,
            entries: vec![entry("a", None), entry("b", denied)],
        };
        let error = "<Error><Key>b</Key><Code>AccessDenied</Code><Message>Access Denied.</Message></Error>";
        let text = write_answer(&report).into_text();
        assert!(text.ends_with(&format!(
            "<DeleteResult><Deleted><Key>a</Key></Deleted>{error}</DeleteResult>"
        )));
        report.quiet = true;
        assert!(
            write_answer(&report)
                .into_text()
                .ends_with(&format!("<DeleteResult>{error}</DeleteResult>"))
        );
        report.entries.truncate(1);
        assert!(write_answer(&report).into_text().ends_with("<DeleteResult/>"));
    }

    proptest! {
        #[test]
        fn no_body_is_too_strange(body in any::<String>()) {
            let _ = read(&body);
        }
    }
}
