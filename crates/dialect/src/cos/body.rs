//! The documents that requests carry: the list of parts that completes an upload, and a new bucket's wishes.

use daypass_api::object::{ETag, MAX_PARTS};
use daypass_api::operation::PartEntry;
use daypass_api::{Error, ErrorCode};

use super::document::Document;
use super::element::{Element, malformed};
use super::not_offered::not_implemented;
use super::request_head::invalid_argument;

/// Largest list of parts, in bytes: more than twice what 10,000 parts need.
pub(super) const MAX_COMPLETE_BODY_BYTES: usize = 2 * 1024 * 1024;
/// Largest document of a new bucket, in bytes.
pub(super) const MAX_CREATE_BUCKET_BODY_BYTES: usize = 64 * 1024;

/// Reads the list of parts that completes an upload: 1 to 10,000 parts in ascending order.
pub(super) fn read_complete_body(body: &[u8]) -> Result<Vec<PartEntry>, Error> {
    let root = Element::parse(body, MAX_COMPLETE_BODY_BYTES)?;
    if root.name != "CompleteMultipartUpload" || root.children.iter().any(|child| child.name != "Part") {
        return Err(malformed("the document is not a list of parts"));
    }
    if root.children.is_empty() {
        return Err(malformed("the list of parts is empty"));
    }
    if root.children.len() > MAX_PARTS as usize {
        return Err(malformed("the list has more than 10000 parts"));
    }
    let parts = root.children.iter().map(part).collect::<Result<Vec<_>, _>>()?;
    let ascending = parts
        .iter()
        .zip(parts.iter().skip(1))
        .all(|(part, next)| part.part_number < next.part_number);
    if !ascending {
        return Err(Error::new(ErrorCode::InvalidPartOrder));
    }
    Ok(parts)
}

/// Reads the document of a new bucket, which may be empty: nothing that it could ask for is offered.
pub(super) fn read_create_bucket_body(body: &[u8]) -> Result<(), Error> {
    if body.is_empty() {
        return Ok(());
    }
    let root = Element::parse(body, MAX_CREATE_BUCKET_BODY_BYTES)?;
    if root.name != "CreateBucketConfiguration" {
        return Err(malformed("the document is not a CreateBucketConfiguration"));
    }
    match root.children.first().map(|child| child.name.as_str()) {
        None => Ok(()),
        Some("BucketAZConfig") => Err(not_implemented("BucketAZConfig is not offered")),
        Some("BucketArchConfig") => Err(not_implemented("BucketArchConfig is not offered")),
        Some(_) => Err(malformed("the document has an unknown element")),
    }
}

/// Writes the list of parts that completes an upload.
pub(super) fn write_complete_body(parts: &[PartEntry]) -> String {
    let mut document = Document::bare();
    document.element("CompleteMultipartUpload", |document| {
        for part in parts {
            document.element("Part", |document| {
                document.value("PartNumber", part.part_number);
                document.leaf("ETag", &part.etag.quoted());
            });
        }
    });
    document.into_text()
}

/// One part; its elements come in any order, and those that are not known here are skipped.
fn part(element: &Element) -> Result<PartEntry, Error> {
    let number = only(element, "PartNumber")?;
    let digits = number.bytes().all(|byte| byte.is_ascii_digit());
    if !digits {
        return Err(malformed("a PartNumber is not a number"));
    }
    // A number that does not fit is out of range as well.
    let part_number = number.parse().unwrap_or(0);
    if !(1..=MAX_PARTS).contains(&part_number) {
        return Err(invalid_argument("PartNumber is not 1 to 10000"));
    }
    Ok(PartEntry {
        part_number,
        etag: ETag::from_text(only(element, "ETag")?),
    })
}

/// The text of the one element of this name, which must have one.
fn only<'a>(part: &'a Element, name: &'a str) -> Result<&'a str, Error> {
    let mut elements = part.all(name);
    let text = elements.next().map_or("", |element| element.text.trim());
    if text.is_empty() || elements.next().is_some() {
        return Err(malformed("a part does not have one PartNumber and one ETag"));
    }
    Ok(text)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn entry(part_number: u32, etag: &str) -> PartEntry {
        PartEntry {
            part_number,
            etag: ETag::from_text(etag),
        }
    }

    fn list(parts: &[(&str, &str)]) -> String {
        let parts = parts.iter().map(|(number, etag)| {
            format!("<Part><PartNumber>{number}</PartNumber><ETag>{etag}</ETag></Part>")
        });
        format!(
            "<CompleteMultipartUpload>{}</CompleteMultipartUpload>",
            parts.collect::<String>()
        )
    }

    #[test]
    fn lists_of_parts() {
        let check = |body: &str, expected: &[PartEntry]| {
            assert_eq!(read_complete_body(body.as_bytes()).unwrap(), expected, "{body}");
        };
        check(
            &list(&[("1", "\"aa\""), ("3", "bb")]),
            &[entry(1, "aa"), entry(3, "bb")],
        );
        check(&list(&[("10000", " &quot;AA&quot; ")]), &[entry(10_000, "aa")]);
        let other_order = "<?xml version=\"1.0\"?>\n<CompleteMultipartUpload xmlns=\"http://x/\">\n <Part>\n  \
            <ETag>aa</ETag>\n  <Extra/>\n  <PartNumber> 2 </PartNumber>\n </Part>\n</CompleteMultipartUpload>";
        check(other_order, &[entry(2, "aa")]);
    }

    #[test]
    fn lists_that_are_refused() {
        let check = |body: &str, code| {
            let error = read_complete_body(body.as_bytes()).unwrap_err();
            assert_eq!(error.code, code, "{body:.200}");
        };
        check("", ErrorCode::MalformedXml);
        check("<CompleteMultipartUpload/>", ErrorCode::MalformedXml);
        check("<Complete><Part/></Complete>", ErrorCode::MalformedXml);
        check(
            "<CompleteMultipartUpload><Other/></CompleteMultipartUpload>",
            ErrorCode::MalformedXml,
        );
        check(
            "<CompleteMultipartUpload><Part/></CompleteMultipartUpload>",
            ErrorCode::MalformedXml,
        );
        check(&list(&[("", "aa")]), ErrorCode::MalformedXml);
        check(&list(&[("x", "aa")]), ErrorCode::MalformedXml);
        check(&list(&[("+1", "aa")]), ErrorCode::MalformedXml);
        check(&list(&[("-1", "aa")]), ErrorCode::MalformedXml);
        check(&list(&[("1", "")]), ErrorCode::MalformedXml);
        check(&list(&[("1", "aa</ETag><ETag>bb")]), ErrorCode::MalformedXml);
        check(&list(&[("0", "aa")]), ErrorCode::InvalidArgument);
        check(&list(&[("10001", "aa")]), ErrorCode::InvalidArgument);
        check(&list(&[("99999999999", "aa")]), ErrorCode::InvalidArgument);
        check(&list(&[("2", "aa"), ("1", "bb")]), ErrorCode::InvalidPartOrder);
        check(&list(&[("1", "aa"), ("1", "aa")]), ErrorCode::InvalidPartOrder);
        check("<!DOCTYPE a><CompleteMultipartUpload/>", ErrorCode::MalformedXml);
        check(&" ".repeat(MAX_COMPLETE_BODY_BYTES + 1), ErrorCode::XmlTooLarge);
    }

    #[test]
    fn the_largest_list() {
        let parts: Vec<_> = (1..=MAX_PARTS)
            .map(|number| entry(number, &"f".repeat(32)))
            .collect();
        let body = write_complete_body(&parts);
        assert!(body.len() < MAX_COMPLETE_BODY_BYTES);
        assert_eq!(read_complete_body(body.as_bytes()).unwrap(), parts);
        let mut too_many = parts;
        too_many.push(entry(MAX_PARTS + 1, "aa"));
        let error = read_complete_body(write_complete_body(&too_many).as_bytes()).unwrap_err();
        assert_eq!(error.code, ErrorCode::MalformedXml);
    }

    #[test]
    fn new_buckets() {
        let check = |body: &str, code: Option<ErrorCode>| {
            let error = read_create_bucket_body(body.as_bytes()).err();
            assert_eq!(error.map(|error| error.code), code, "{body:.200}");
        };
        let with = |inner: &str| format!("<CreateBucketConfiguration>{inner}</CreateBucketConfiguration>");
        check("", None);
        check("<CreateBucketConfiguration/>", None);
        check(
            &with("<BucketAZConfig>MAZ</BucketAZConfig>"),
            Some(ErrorCode::NotImplemented),
        );
        check(
            &with("<BucketArchConfig>OFS</BucketArchConfig>"),
            Some(ErrorCode::NotImplemented),
        );
        check(&with("<Other/>"), Some(ErrorCode::MalformedXml));
        check("<Other/>", Some(ErrorCode::MalformedXml));
        check("<", Some(ErrorCode::MalformedXml));
        let large = " ".repeat(MAX_CREATE_BUCKET_BODY_BYTES + 1);
        check(&large, Some(ErrorCode::XmlTooLarge));
    }

    proptest! {
        #[test]
        fn no_body_is_too_strange(body in any::<Vec<u8>>()) {
            let _ = read_complete_body(&body);
            let _ = read_create_bucket_body(&body);
        }
    }
}
