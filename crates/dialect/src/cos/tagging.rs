//! Tags, in a header of uploads and in documents.

use std::borrow::Cow;

use daypass_api::tags::{MAX_TAG_KEY_LENGTH, MAX_TAG_VALUE_LENGTH, Tags};
use daypass_api::{Error, ErrorCode};

use super::document::Document;
use super::element::{Element, malformed};
use super::percent;
use super::request_head::RequestHead;

/// Largest document that is read, in bytes: several times what 50 tags need.
const MAX_BODY_BYTES: usize = 256 * 1024;

/// The tags in the header of an upload, at most so many: `key=value`, percent-encoded, joined by `&`.
pub(super) fn in_header(request: &RequestHead<'_>, most: usize) -> Result<Tags, Error> {
    let text = request.header("x-cos-tagging")?.unwrap_or_default();
    let pair = |pair: &str| {
        let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
        let decoded = |text| percent::decode_query(text).map(Cow::into_owned);
        let pair = decoded(key).zip(decoded(value));
        pair.ok_or_else(|| invalid("a tag has a broken escape"))
    };
    let pairs = text.split('&').filter(|pair| !pair.is_empty()).map(pair);
    checked(pairs.collect::<Result<_, _>>()?, most)
}

/// Reads a document of at most so many tags; without any it removes those that are there.
pub(super) fn read_document(body: &[u8], most: usize) -> Result<Tags, Error> {
    tags(&Element::parse(body, MAX_BODY_BYTES)?, most)
}

/// Reads the tags of a document, as it was given and as it is shown.
pub(super) fn tags(root: &Element, most: usize) -> Result<Tags, Error> {
    let set = match root.children.as_slice() {
        [set] if root.name == "Tagging" && set.name == "TagSet" => set,
        _ => return Err(malformed("the document is not a Tagging with one TagSet")),
    };
    checked(set.children.iter().map(tag).collect::<Result<_, _>>()?, most)
}

fn tag(element: &Element) -> Result<(String, String), Error> {
    let text = |name| element.text_of(name).map(str::to_owned);
    match (
        element.name.as_str(),
        element.children.len(),
        text("Key"),
        text("Value"),
    ) {
        ("Tag", 2, Some(key), Some(value)) => Ok((key, value)),
        _ => Err(malformed("a tag does not have one Key and one Value")),
    }
}

fn checked(tags: Tags, most: usize) -> Result<Tags, Error> {
    if tags.len() > most {
        return Err(invalid("there are too many tags"));
    }
    for (place, (key, value)) in tags.iter().enumerate() {
        if key.is_empty() || key.chars().count() > MAX_TAG_KEY_LENGTH {
            return Err(invalid("the key of a tag is not 1 to 128 characters long"));
        }
        if value.chars().count() > MAX_TAG_VALUE_LENGTH {
            return Err(invalid("the value of a tag is longer than 256 characters"));
        }
        if key.chars().chain(value.chars()).any(char::is_control) {
            return Err(invalid("a tag has a control character"));
        }
        if tags.iter().skip(place + 1).any(|(other, _)| other == key) {
            return Err(invalid("a key stands twice"));
        }
    }
    Ok(tags)
}

/// Writes tags as a document.
pub(super) fn write_document(mut document: Document, tags: &Tags) -> Document {
    document.element("Tagging", |document| {
        document.element("TagSet", |document| {
            for (key, value) in tags {
                document.element("Tag", |document| {
                    document.leaf("Key", key);
                    document.leaf("Value", value);
                });
            }
        });
    });
    document
}

/// Writes tags as a header.
pub(super) fn header(tags: &Tags) -> String {
    let encode = percent::encode_component;
    let pairs = tags
        .iter()
        .map(|(key, value)| format!("{}={}", encode(key), encode(value)));
    pairs.collect::<Vec<_>>().join("&")
}

fn invalid(message: &'static str) -> Error {
    Error::with_message(ErrorCode::InvalidTag, message)
}

#[cfg(test)]
mod tests {
    use http::{HeaderMap, HeaderValue};
    use proptest::prelude::*;

    use super::*;

    fn with_header(text: &str, most: usize) -> Result<Tags, ErrorCode> {
        let mut headers = HeaderMap::new();
        headers.insert("x-cos-tagging", HeaderValue::from_bytes(text.as_bytes()).unwrap());
        let request = RequestHead {
            method: "PUT",
            path: "/a",
            query: "",
            headers: &headers,
        };
        in_header(&request, most).map_err(|error| error.code)
    }

    fn pairs(tags: &[(&str, &str)]) -> Tags {
        let owned = |(key, value): &(&str, &str)| ((*key).to_owned(), (*value).to_owned());
        tags.iter().map(owned).collect()
    }

    #[test]
    fn headers() {
        let check = |text: &str, expected: &[(&str, &str)]| {
            assert_eq!(with_header(text, 10), Ok(pairs(expected)), "{text}");
        };
        check("", &[]);
        check("a=1&b=", &[("a", "1"), ("b", "")]);
        check("a&", &[("a", "")]);
        check("a%20b+c=d%26e%3D", &[("a b c", "d&e=")]);
        let refused = |text: &str| assert_eq!(with_header(text, 10), Err(ErrorCode::InvalidTag), "{text}");
        refused("=1");
        refused("a=%zz");
        refused("a=%ff");
        refused("a=%0a");
        refused("a=1&a=2");
    }

    fn document(tags: &[(String, String)]) -> String {
        let tag =
            |(key, value): &(String, String)| format!("<Tag><Key>{key}</Key><Value>{value}</Value></Tag>");
        let tags: String = tags.iter().map(tag).collect();
        format!("<Tagging><TagSet>{tags}</TagSet></Tagging>")
    }

    #[test]
    fn bounds() {
        let many = |count: usize| {
            (0..count)
                .map(|key| (key.to_string(), String::new()))
                .collect::<Vec<_>>()
        };
        let check = |tags: Vec<(String, String)>, most, fits: bool| {
            let read = read_document(document(&tags).as_bytes(), most).map_err(|error| error.code);
            let expected = if fits {
                Ok(tags)
            } else {
                Err(ErrorCode::InvalidTag)
            };
            assert_eq!(read, expected);
        };
        check(many(10), 10, true);
        check(many(11), 10, false);
        check(many(50), 50, true);
        check(many(51), 50, false);
        let long = |key: usize, value: usize| vec![("é".repeat(key), "é".repeat(value))];
        check(long(128, 256), 10, true);
        check(long(129, 1), 10, false);
        check(long(1, 257), 10, false);
        check(long(0, 1), 10, false);
        check(vec![], 10, true);
    }

    #[test]
    fn documents_that_are_refused() {
        let check = |body: &str, code| {
            let refused = read_document(body.as_bytes(), 10).unwrap_err();
            assert_eq!(refused.code, code, "{body:.100}");
        };
        check("", ErrorCode::MalformedXml);
        check("<Tagging/>", ErrorCode::MalformedXml);
        check("<TagSet/>", ErrorCode::MalformedXml);
        check("<Tagging><TagSet/><TagSet/></Tagging>", ErrorCode::MalformedXml);
        let with = |tag: &str| format!("<Tagging><TagSet>{tag}</TagSet></Tagging>");
        check(&with("<Tag/>"), ErrorCode::MalformedXml);
        check(&with("<Tag><Key>a</Key></Tag>"), ErrorCode::MalformedXml);
        check(
            &with("<Tag><Key>a</Key><Key>b</Key></Tag>"),
            ErrorCode::MalformedXml,
        );
        check(
            &with("<Other><Key>a</Key><Value/></Other>"),
            ErrorCode::MalformedXml,
        );
        check(
            &with("<Tag><Key>a&#10;</Key><Value/></Tag>"),
            ErrorCode::InvalidTag,
        );
        check(&" ".repeat(MAX_BODY_BYTES + 1), ErrorCode::XmlTooLarge);
    }

    proptest! {
        #[test]
        fn a_header_comes_back(tags in proptest::collection::btree_map("\\PC{1,9}", "\\PC{0,9}", 0..9)) {
            let tags: Tags = tags.into_iter().collect();
            prop_assert_eq!(with_header(&header(&tags), 10), Ok(tags));
        }

        #[test]
        fn nothing_is_too_strange(body in any::<Vec<u8>>(), text in "[ -~]{0,60}") {
            let _ = read_document(&body, 10);
            let _ = with_header(&text, 10);
        }
    }
}
