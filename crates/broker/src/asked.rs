//! What a request says beside who asks: which endpoint, and the few parameters of its query.

use percent_encoding::percent_decode_str;

use crate::refusal::Refusal;
use crate::settings::EndpointName;
use crate::shape::Shape;

/// Most parameters that are looked at.
const MAX_PARAMETERS: usize = 16;
/// Longest name of a file of which the extension is taken.
const MAX_FILENAME_BYTES: usize = 1024;

/// What a request says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Asked {
    pub(crate) template: Option<String>,
    pub(crate) shape: Shape,
    ext: Option<String>,
    filename: Option<String>,
    pub(crate) content_type: Option<String>,
}

/// The endpoint of a path.
pub(crate) fn endpoint(path: &str) -> Option<EndpointName> {
    Some(match path {
        "/sts" => EndpointName::Sts,
        "/sts-scope" => EndpointName::StsScope,
        "/getKeyAndCredentials" => EndpointName::Key,
        "/put-sign" => EndpointName::PutSign,
        "/post-policy" => EndpointName::PostPolicy,
        _ => return None,
    })
}

impl Asked {
    /// Reads a query. Parameters that mean nothing here are let be: pages add some against caches.
    pub(crate) fn read(query: &str) -> Result<Self, Refusal> {
        let mut asked = Self::default();
        for (index, parameter) in query.split('&').filter(|part| !part.is_empty()).enumerate() {
            if index >= MAX_PARAMETERS {
                return Err(Refusal::request("the query has more than 16 parameters"));
            }
            let (name, value) = parameter.split_once('=').unwrap_or((parameter, ""));
            let value = value.replace('+', " ");
            let decoded = percent_decode_str(&value).decode_utf8();
            let value = decoded
                .map_err(|_| Refusal::request("the query is no text"))?
                .into_owned();
            let place = match name {
                "template" => &mut asked.template,
                "ext" => &mut asked.ext,
                "filename" => &mut asked.filename,
                "content_type" => &mut asked.content_type,
                "shape" => {
                    let shape = Shape::named(&value);
                    asked.shape = shape.ok_or_else(|| {
                        Refusal::request("`shape` is none of sts, android-v2, android-v3, legacy, flutter")
                    })?;
                    continue;
                }
                _ => continue,
            };
            if place.replace(value).is_some() {
                return Err(Refusal::request(format!("`{name}` stands twice")));
            }
        }
        Ok(asked)
    }

    /// The extension that is asked for, of those that are allowed; in small letters.
    pub(crate) fn extension<'a>(&self, allowed: &'a [String]) -> Result<&'a str, Refusal> {
        let (ext, filename) = (self.ext.as_deref(), self.filename.as_deref());
        if allowed.is_empty() {
            return Ok("");
        }
        let of_file = filename.filter(|name| name.len() <= MAX_FILENAME_BYTES);
        let of_file = of_file.and_then(|name| name.rsplit_once('.')).map(|(_, ext)| ext);
        let Some(ext) = ext.or(of_file) else {
            return Err(Refusal::request(
                "`ext` or `filename` must say which kind of file it is",
            ));
        };
        let found = allowed.iter().find(|own| own.eq_ignore_ascii_case(ext));
        let found = found.map(String::as_str);
        found.ok_or_else(|| {
            let list = allowed.join(", ");
            Refusal::new(
                http::StatusCode::FORBIDDEN,
                "ExtensionNotAllowed",
                format!("only {list} may be uploaded"),
            )
        })
    }

    /// The content type that goes with an upload, of those that are allowed; none where any is.
    pub(crate) fn content_type<'a>(&self, allowed: &'a [String]) -> Result<Option<&'a str>, Refusal> {
        match (self.content_type.as_deref(), allowed) {
            (_, []) => Ok(None),
            (None, [only]) => Ok(Some(only)),
            (None, _) => Err(Refusal::request(
                "`content_type` must say which type the file has",
            )),
            (Some(asked), _) => {
                let found = allowed.iter().find(|own| own.as_str() == asked);
                found.map(|own| Some(own.as_str())).ok_or_else(|| {
                    let list = allowed.join(", ");
                    let message = format!("only {list} may be uploaded");
                    Refusal::new(http::StatusCode::FORBIDDEN, "ContentTypeNotAllowed", message)
                })
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn extensions_are_those_of_the_template() {
        let allowed = ["jpg".to_owned(), "png".to_owned()];
        let check = |query: &str, expected: Result<&str, &str>| {
            let asked = Asked::read(query).unwrap();
            let found = asked.extension(&allowed).map_err(|refusal| refusal.word);
            assert_eq!(found, expected, "{query}");
        };
        check("ext=jpg", Ok("jpg"));
        check("ext=JPG", Ok("jpg"));
        check("filename=a.b%2Ec.png", Ok("png"));
        check("ext=jpg&filename=a.exe", Ok("jpg"));
        check("ext=exe", Err("ExtensionNotAllowed"));
        check("ext=jpg/../x", Err("ExtensionNotAllowed"));
        check("ext=", Err("ExtensionNotAllowed"));
        check("filename=a", Err("BadRequest"));
        check("", Err("BadRequest"));
        assert_eq!(Asked::read("ext=x").unwrap().extension(&[]), Ok(""));
    }

    #[test]
    fn queries_that_make_no_sense() {
        for bad in ["ext=%FF", "ext=a&ext=b", "shape=xml", &"a&".repeat(17)] {
            assert!(Asked::read(bad).is_err(), "{bad}");
        }
        assert!(Asked::read(&"a&".repeat(16)).is_ok());
        let asked = Asked::read("_=123&shape=flutter&template=a%20b").unwrap();
        assert_eq!(
            (asked.shape, asked.template.as_deref()),
            (Shape::Flutter, Some("a b"))
        );
    }

    #[test]
    fn content_types_are_those_of_the_template() {
        let (one, two) = (["a/b".to_owned()], ["a/b".to_owned(), "c/d".to_owned()]);
        let check = |query: &str, allowed: &[String], expected: Result<Option<&str>, &str>| {
            let asked = Asked::read(query).unwrap();
            assert_eq!(
                asked.content_type(allowed).map_err(|refusal| refusal.word),
                expected,
                "{query}"
            );
        };
        check("", &[], Ok(None));
        check("content_type=x/y", &[], Ok(None));
        check("", &one, Ok(Some("a/b")));
        check("", &two, Err("BadRequest"));
        check("content_type=c/d", &two, Ok(Some("c/d")));
        check("content_type=x/y", &two, Err("ContentTypeNotAllowed"));
    }
}
