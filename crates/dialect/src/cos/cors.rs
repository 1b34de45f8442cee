//! Rules for other origins: their document, preflights, and the headers by which browsers are told.
//!
//! What stands in a rule will stand in headers of answers, so that anything in it that is no header's value is refused
//! when the rule is given.

use std::borrow::Cow;

use daypass_api::cors::{CorsGrant, CorsMethod, CorsRule, CorsRules, MAX_CORS_RULES};
use daypass_api::names::BucketName;
use daypass_api::operation::Preflight;
use daypass_api::{Error, ErrorCode};

use super::document::Document;
use super::element::{Element, malformed};
use super::headers;
use super::request_head::{RequestHead, decimal, invalid_argument};

/// Largest document that is read, in bytes.
const MAX_BODY_BYTES: usize = 64 * 1024;
/// Longest name of a rule, in bytes.
const MAX_ID_BYTES: usize = 255;

/// Reads the rules: 1 to 100.
pub fn read_document(body: &[u8]) -> Result<CorsRules, Error> {
    rules(&Element::parse(body, MAX_BODY_BYTES)?)
}

/// Reads the rules of a document, as it was given and as it is shown.
pub(super) fn rules(root: &Element) -> Result<CorsRules, Error> {
    let known = |child: &Element| matches!(child.name.as_str(), "CORSRule" | "ResponseVary");
    if root.name != "CORSConfiguration" || !root.children.iter().all(known) {
        return Err(malformed("the document is not a CORSConfiguration"));
    }
    let rules = root.all("CORSRule").map(rule).collect::<Result<Vec<_>, _>>()?;
    if !(1..=MAX_CORS_RULES).contains(&rules.len()) {
        return Err(malformed("the document does not have 1 to 100 rules"));
    }
    let vary = match at_most_one(root, "ResponseVary")? {
        None => None,
        Some(text) if text.eq_ignore_ascii_case("true") => Some(true),
        Some(text) if text.eq_ignore_ascii_case("false") => Some(false),
        Some(_) => return Err(malformed("ResponseVary is neither true nor false")),
    };
    Ok(CorsRules { rules, vary })
}

fn rule(element: &Element) -> Result<CorsRule, Error> {
    const KNOWN: [&str; 6] = [
        "ID",
        "AllowedOrigin",
        "AllowedMethod",
        "AllowedHeader",
        "ExposeHeader",
        "MaxAgeSeconds",
    ];
    if !element
        .children
        .iter()
        .all(|child| KNOWN.contains(&child.name.as_str()))
    {
        return Err(malformed("a rule has an unknown element"));
    }
    let rule = CorsRule {
        id: at_most_one(element, "ID")?.map(id).transpose()?,
        origins: all(element, "AllowedOrigin", is_origin)?,
        methods: element
            .all("AllowedMethod")
            .map(|method| CorsMethod::from_name(method.text.trim()))
            .collect::<Option<_>>()
            .ok_or_else(|| malformed("an AllowedMethod is not one"))?,
        headers: all(element, "AllowedHeader", |text| {
            is_token(text) && has_one_wildcard(text)
        })?,
        exposed: all(element, "ExposeHeader", |text| {
            is_token(text) && !text.contains('*')
        })?,
        max_age: at_most_one(element, "MaxAgeSeconds")?.map(seconds).transpose()?,
    };
    if rule.origins.is_empty() || rule.methods.is_empty() {
        return Err(malformed("a rule has no AllowedOrigin or no AllowedMethod"));
    }
    Ok(rule)
}

/// The text of the one element of this name, if there is one and it is not empty.
fn at_most_one<'e>(element: &'e Element, name: &'e str) -> Result<Option<&'e str>, Error> {
    let mut found = element.all(name).map(|element| element.text.as_str());
    match (found.next(), found.next()) {
        (_, Some(_)) => Err(malformed("an element stands twice")),
        (text, None) => Ok(text.filter(|text| !text.is_empty())),
    }
}

fn all(element: &Element, name: &str, fits: impl Fn(&str) -> bool) -> Result<Vec<String>, Error> {
    let read = |element: &Element| {
        let text = element.text.trim_matches(' ');
        match fits(text) {
            true => Ok(text.to_owned()),
            false => Err(invalid_argument(format!("an {name} is not one"))),
        }
    };
    element.all(name).map(read).collect()
}

fn id(text: &str) -> Result<String, Error> {
    if text.len() > MAX_ID_BYTES || text.chars().any(char::is_control) {
        return Err(invalid_argument(
            "an ID is longer than 255 bytes or has a control character",
        ));
    }
    Ok(text.to_owned())
}

fn seconds(text: &str) -> Result<u32, Error> {
    let number = decimal(text.trim()).and_then(|number| u32::try_from(number).ok());
    number.ok_or_else(|| malformed("MaxAgeSeconds is not a number"))
}

/// Visible ASCII, as browsers write origins, with at most one wildcard.
fn is_origin(text: &str) -> bool {
    let plain = text.bytes().all(|byte| byte.is_ascii_graphic() && byte != b',');
    !text.is_empty() && plain && has_one_wildcard(text)
}

/// The name of a header: what RFC 9110 calls a token.
fn is_token(text: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte);
    !text.is_empty() && text.bytes().all(plain)
}

fn has_one_wildcard(text: &str) -> bool {
    text.matches('*').count() <= 1
}

/// Writes the rules.
pub(super) fn write_document(mut document: Document, rules: &CorsRules) -> Document {
    document.element("CORSConfiguration", |document| {
        for rule in &rules.rules {
            document.element("CORSRule", |document| write_rule(document, rule));
        }
        if let Some(vary) = rules.vary {
            document.value("ResponseVary", vary);
        }
    });
    document
}

fn write_rule(document: &mut Document, rule: &CorsRule) {
    if let Some(id) = &rule.id {
        document.leaf("ID", id);
    }
    for method in &rule.methods {
        document.leaf("AllowedMethod", method.name());
    }
    for (name, texts) in [
        ("AllowedOrigin", &rule.origins),
        ("AllowedHeader", &rule.headers),
        ("ExposeHeader", &rule.exposed),
    ] {
        for text in texts {
            document.leaf(name, text);
        }
    }
    if let Some(seconds) = rule.max_age {
        document.value("MaxAgeSeconds", seconds);
    }
}

/// What a browser asks beforehand.
pub(super) fn preflight(request: &RequestHead<'_>, bucket: BucketName) -> Result<Preflight, Error> {
    let needed = |name: &str| {
        let missing = || invalid_argument(format!("a preflight needs the header `{name}`"));
        request.header(name)?.map(str::to_owned).ok_or_else(missing)
    };
    let asked = request
        .header("access-control-request-headers")?
        .unwrap_or_default();
    let headers: Vec<_> = asked
        .split(',')
        .map(str::trim)
        .filter(|name| !name.is_empty())
        .map(str::to_owned)
        .collect();
    if !headers.iter().all(|name| is_token(name)) {
        return Err(Error::new(ErrorCode::CorsForbidden));
    }
    Ok(Preflight {
        bucket,
        origin: needed("origin")?,
        method: needed("access-control-request-method")?,
        headers,
    })
}

/// What a browser is told that asked beforehand.
pub(super) fn preflight_headers(grant: &CorsGrant) -> Vec<(Cow<'static, str>, String)> {
    let methods: Vec<_> = grant.methods.iter().map(|method| method.name()).collect();
    let mut told = origin_headers(grant);
    told.push((headers::ALLOW_METHODS.into(), methods.join(",")));
    if !grant.headers.is_empty() {
        told.push((headers::ALLOW_HEADERS.into(), grant.headers.join(",")));
    }
    if let Some(seconds) = grant.max_age {
        told.push((headers::MAX_AGE.into(), seconds.to_string()));
    }
    told
}

/// What a browser is told beside an answer to a page of another origin; without a grant, only that the answer
/// differs by origin.
pub fn headers_for_origin(grant: Option<&CorsGrant>) -> Vec<(Cow<'static, str>, String)> {
    let mut told = grant.map_or_else(Vec::new, origin_headers);
    told.push((headers::VARY.into(), "Origin".to_owned()));
    told
}

fn origin_headers(grant: &CorsGrant) -> Vec<(Cow<'static, str>, String)> {
    let mut told = match &grant.origin {
        None => vec![(headers::ALLOW_ORIGIN.into(), "*".to_owned())],
        Some(origin) => vec![
            (headers::ALLOW_ORIGIN.into(), origin.clone()),
            (headers::ALLOW_CREDENTIALS.into(), "true".to_owned()),
        ],
    };
    if !grant.exposed.is_empty() {
        told.push((headers::EXPOSE_HEADERS.into(), grant.exposed.join(",")));
    }
    told
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn document(rule: &str) -> String {
        format!("<CORSConfiguration><CORSRule>{rule}</CORSRule></CORSConfiguration>")
    }

    const MINIMAL: &str = "<AllowedOrigin>http://a</AllowedOrigin><AllowedMethod>GET</AllowedMethod>";

    #[test]
    fn documents() {
        let body = document(&format!(
            "<ID>x</ID>{MINIMAL}<AllowedOrigin>https://*.b</AllowedOrigin><AllowedHeader>*</AllowedHeader>\
             <ExposeHeader>ETag</ExposeHeader><MaxAgeSeconds>500</MaxAgeSeconds>"
        ));
        let rules = read_document(body.as_bytes()).unwrap();
        let expected = CorsRule {
            id: Some("x".to_owned()),
            origins: vec!["http://a".to_owned(), "https://*.b".to_owned()],
            methods: vec![CorsMethod::Get],
            headers: vec!["*".to_owned()],
            exposed: vec!["ETag".to_owned()],
            max_age: Some(500),
        };
        assert_eq!((rules.rules.as_slice(), rules.vary), (&[expected][..], None));
        let shown = write_document(Document::new(), &rules).into_text();
        assert_eq!(read_document(shown.as_bytes()), Ok(rules));
        let many = |count| {
            let rules = format!("<CORSRule>{MINIMAL}</CORSRule>").repeat(count);
            format!("<CORSConfiguration>{rules}<ResponseVary>true</ResponseVary></CORSConfiguration>")
        };
        assert_eq!(read_document(many(100).as_bytes()).unwrap().vary, Some(true));
        assert_eq!(
            read_document(many(101).as_bytes()).unwrap_err().code,
            ErrorCode::MalformedXml
        );
    }

    #[test]
    fn documents_that_are_refused() {
        let check = |body: &str, code| {
            assert_eq!(
                read_document(body.as_bytes()).unwrap_err().code,
                code,
                "{body:.200}"
            );
        };
        let with = |more: &str, code| check(&document(&format!("{MINIMAL}{more}")), code);
        check("", ErrorCode::MalformedXml);
        check("<CORSConfiguration/>", ErrorCode::MalformedXml);
        check("<Other/>", ErrorCode::MalformedXml);
        check(&document(""), ErrorCode::MalformedXml);
        check(
            &document("<AllowedOrigin>*</AllowedOrigin>"),
            ErrorCode::MalformedXml,
        );
        check(
            &document("<AllowedMethod>GET</AllowedMethod>"),
            ErrorCode::MalformedXml,
        );
        with("<Other/>", ErrorCode::MalformedXml);
        with("<AllowedMethod>get</AllowedMethod>", ErrorCode::MalformedXml);
        with("<AllowedMethod>PATCH</AllowedMethod>", ErrorCode::MalformedXml);
        with("<MaxAgeSeconds>-1</MaxAgeSeconds>", ErrorCode::MalformedXml);
        with(
            "<MaxAgeSeconds>4294967296</MaxAgeSeconds>",
            ErrorCode::MalformedXml,
        );
        with("<ID>a</ID><ID>b</ID>", ErrorCode::MalformedXml);
        for origin in [
            "",
            "http://a*.*",
            "http://a\nb",
            "http://a&#13;",
            "http://a&#10;X-Evil: 1",
            "a b",
            "a,b",
            "你",
        ] {
            with(
                &format!("<AllowedOrigin>{origin}</AllowedOrigin>"),
                ErrorCode::InvalidArgument,
            );
        }
        for header in ["", "x-*-*", "a b", "a:b", "a\nb", "a,b"] {
            with(
                &format!("<AllowedHeader>{header}</AllowedHeader>"),
                ErrorCode::InvalidArgument,
            );
            with(
                &format!("<ExposeHeader>{header}</ExposeHeader>"),
                ErrorCode::InvalidArgument,
            );
        }
        with("<ExposeHeader>*</ExposeHeader>", ErrorCode::InvalidArgument);
        with("<ID>a&#10;b</ID>", ErrorCode::InvalidArgument);
        with(
            &format!("<ID>{}</ID>", "x".repeat(256)),
            ErrorCode::InvalidArgument,
        );
        check(&" ".repeat(MAX_BODY_BYTES + 1), ErrorCode::XmlTooLarge);
    }

    #[test]
    fn what_browsers_are_told() {
        let mut grant = CorsGrant {
            origin: Some("http://a".to_owned()),
            methods: vec![CorsMethod::Get, CorsMethod::Put],
            headers: vec!["x-a".to_owned(), "x-b".to_owned()],
            exposed: vec!["ETag".to_owned()],
            max_age: Some(5),
        };
        let text = |told: Vec<(Cow<'static, str>, String)>| {
            told.iter()
                .map(|(name, value)| format!("{name}: {value}"))
                .collect::<Vec<_>>()
                .join("; ")
        };
        let origin = "Access-Control-Allow-Origin: http://a; Access-Control-Allow-Credentials: true; \
            Access-Control-Expose-Headers: ETag; ";
        let rest = "Access-Control-Allow-Methods: GET,PUT; Access-Control-Allow-Headers: x-a,x-b; \
            Access-Control-Max-Age: 5";
        assert_eq!(text(preflight_headers(&grant)), format!("{origin}{rest}"));
        assert_eq!(
            text(headers_for_origin(Some(&grant))),
            format!("{origin}Vary: Origin")
        );
        grant.origin = None;
        grant.exposed.clear();
        assert_eq!(
            text(headers_for_origin(Some(&grant))),
            "Access-Control-Allow-Origin: *; Vary: Origin"
        );
        assert_eq!(text(headers_for_origin(None)), "Vary: Origin");
    }

    proptest! {
        #[test]
        fn no_body_is_too_strange(body in any::<Vec<u8>>(), text in any::<String>()) {
            let _ = read_document(&body);
            let _ = read_document(document(&format!("<AllowedOrigin>{text}</AllowedOrigin>")).as_bytes());
        }
    }
}
