//! The answer to the upload of a form: a status that the form chose, or a way on.

use daypass_api::Error;
use daypass_api::operation::PostAnswer;
use daypass_api::outcome::Posted;

use super::{Answer, AnswerContext, document, without_body};
use crate::cos::document::Document;
use crate::cos::headers;
use crate::cos::percent::{encode_component, encode_path};

/// Writes it.
pub(super) fn write(posted: &Posted, context: &AnswerContext<'_>) -> Result<Answer, Error> {
    let location = location(posted, context);
    let answer = |status| Answer::new(status, context.request_id, context.now);
    let mut answer = match &posted.answer {
        PostAnswer::NoContent => answer(204),
        PostAnswer::Ok => without_body(answer(200)),
        PostAnswer::Created => document(answer(201), created(posted, &location)),
        PostAnswer::Redirect(url) => {
            let mut answer = without_body(answer(303));
            answer.add(headers::LOCATION, onward(url, posted));
            answer
        }
    };
    if !matches!(posted.answer, PostAnswer::Redirect(_)) {
        answer.add(headers::LOCATION, location);
    }
    answer.add(headers::ETAG, posted.etag.quoted());
    answer.add(headers::CRC64, posted.crc64.to_string());
    Ok(answer)
}

/// Where the object is; in path style the form was sent to the bucket's own path.
fn location(posted: &Posted, context: &AnswerContext<'_>) -> String {
    let AnswerContext { scheme, host, .. } = context;
    let bucket = match context.path_style {
        true => format!("/{}", posted.bucket),
        false => String::new(),
    };
    format!("{scheme}://{host}{bucket}/{}", encode_path(posted.key.as_str()))
}

/// The URL to go on at, with what was stored in its query, before its fragment.
fn onward(url: &str, posted: &Posted) -> String {
    let (page, fragment) = match url.split_once('#') {
        Some((page, fragment)) => (page, format!("#{fragment}")),
        None => (url, String::new()),
    };
    let separator = if page.contains('?') { '&' } else { '?' };
    format!(
        "{page}{separator}bucket={}&key={}&etag={}{fragment}",
        posted.bucket,
        encode_component(posted.key.as_str()),
        encode_component(&posted.etag.quoted())
    )
}

fn created(posted: &Posted, location: &str) -> Document {
    let mut document = Document::new();
    document.element("PostResponse", |document| {
        document.leaf("Location", location);
        document.leaf("Bucket", posted.bucket.as_str());
        document.leaf("Key", posted.key.as_str());
        document.leaf("ETag", &posted.etag.quoted());
    });
    document
}

#[cfg(test)]
mod tests {
    use daypass_api::Timestamp;
    use daypass_api::names::{BucketName, ObjectKey};
    use daypass_api::object::ETag;

    use super::*;

    fn answer(answer: PostAnswer, path_style: bool) -> Answer {
        let posted = Posted {
            bucket: BucketName::parse("b-1").unwrap(),
            key: ObjectKey::parse("up/a b&c".as_bytes()).unwrap(),
            etag: ETag::from_text("d41d8cd98f00b204e9800998ecf8427e"),
            crc64: 7,
            answer,
        };
        let context = AnswerContext {
            request_id: "id",
            now: Timestamp::from_unix_seconds(0),
            scheme: "https",
            host: "h.test:1",
            path: "/",
            path_style,
        };
        write(&posted, &context).unwrap()
    }

    fn check(asked: PostAnswer, path_style: bool, status: u16, location: &str) {
        let answer = answer(asked, path_style);
        let header = |name| {
            answer
                .headers
                .iter()
                .find(|(other, _)| other == name)
                .map(|(_, value)| value.as_str())
        };
        assert_eq!((answer.status, header("Location")), (status, Some(location)));
        assert_eq!(header("ETag"), Some("\"d41d8cd98f00b204e9800998ecf8427e\""));
        assert_eq!(header("x-cos-hash-crc64ecma"), Some("7"));
    }

    #[test]
    fn statuses_and_places() {
        let here = "https://h.test:1/up/a%20b%26c";
        check(PostAnswer::NoContent, false, 204, here);
        check(PostAnswer::Ok, false, 200, here);
        check(PostAnswer::Created, false, 201, here);
        check(
            PostAnswer::NoContent,
            true,
            204,
            "https://h.test:1/b-1/up/a%20b%26c",
        );
        let query = "bucket=b-1&key=up%2Fa%20b%26c&etag=%22d41d8cd98f00b204e9800998ecf8427e%22";
        let redirect = |url: &str| PostAnswer::Redirect(url.to_owned());
        check(
            redirect("http://a.test/p"),
            false,
            303,
            &format!("http://a.test/p?{query}"),
        );
        check(
            redirect("http://a.test/?x=1#f?g"),
            false,
            303,
            &format!("http://a.test/?x=1&{query}#f?g"),
        );
    }

    #[test]
    fn the_document_of_what_was_created() {
        let body = answer(PostAnswer::Created, false).body;
        let text = std::str::from_utf8(&body).unwrap();
        assert!(
            text.contains("<PostResponse><Location>https://h.test:1/up/a%20b%26c</Location>"),
            "{text}"
        );
        assert!(
            text.contains("<Bucket>b-1</Bucket><Key>up/a b&amp;c</Key><ETag>&quot;d41d"),
            "{text}"
        );
        assert!(answer(PostAnswer::Ok, false).body.is_empty());
    }
}
