//! Which pages may ask: the origins of the settings, compared as whole texts.

use http::{HeaderMap, HeaderValue, Method, header};

use crate::settings::{CorsSettings, SettingsError};

/// Most origins.
const MAX_ORIGINS: usize = 256;
/// What pages may send along.
const HEADERS: HeaderValue =
    HeaderValue::from_static("Authorization, Content-Type, Origin, X-Requested-With, Accept");
const METHODS: HeaderValue = HeaderValue::from_static("GET, POST, OPTIONS");
/// How long a browser may remember what it was told, in seconds.
const REMEMBERED: HeaderValue = HeaderValue::from_static("600");

/// Which pages may ask.
#[derive(Clone, Debug)]
pub(crate) struct CrossOrigin {
    origins: Vec<String>,
    all: bool,
    credentials: bool,
}

/// What the origin of a request means.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Origin {
    /// It is no page that asks, or none that says so.
    None,
    /// A page that may ask.
    Allowed(HeaderValue),
    /// A page that may not.
    Refused,
}

impl CrossOrigin {
    pub(crate) fn new(settings: &CorsSettings) -> Result<Self, SettingsError> {
        let wrong = |problem: String| SettingsError::value("cors.origins", problem);
        if settings.origins.len() > MAX_ORIGINS {
            return Err(wrong("there are more than 256".to_owned()));
        }
        let all = settings.origins.iter().any(|origin| origin == "*");
        if all && settings.credentials {
            return Err(wrong(
                "`*` with `credentials` would let any page ask in its visitor's name".to_owned(),
            ));
        }
        if let Some(bad) = settings
            .origins
            .iter()
            .find(|origin| *origin != "*" && !is_origin(origin))
        {
            return Err(wrong(format!(
                "`{bad}` is no origin such as `https://app.example`, in small letters and without a path"
            )));
        }
        Ok(Self {
            origins: settings.origins.clone(),
            all,
            credentials: settings.credentials,
        })
    }

    /// What the origin of a request means.
    pub(crate) fn of(&self, headers: &HeaderMap) -> Origin {
        let mut origins = headers.get_all(header::ORIGIN).iter();
        let Some(origin) = origins.next() else {
            return Origin::None;
        };
        let text = origin.to_str().unwrap_or_default();
        let is_listed = self.all || self.origins.iter().any(|own| own == text);
        match is_listed && origins.next().is_none() {
            true if self.all => Origin::Allowed(HeaderValue::from_static("*")),
            true => Origin::Allowed(origin.clone()),
            false => Origin::Refused,
        }
    }

    /// Tells a browser that the page may read the answer, and for a preflight what it may send.
    pub(crate) fn tell(&self, origin: &Origin, method: &Method, headers: &mut HeaderMap) {
        headers.insert(header::VARY, HeaderValue::from_static("Origin"));
        let Origin::Allowed(origin) = origin else { return };
        headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, origin.clone());
        if self.credentials {
            let yes = HeaderValue::from_static("true");
            headers.insert(header::ACCESS_CONTROL_ALLOW_CREDENTIALS, yes);
        }
        if method == Method::OPTIONS {
            headers.insert(header::ACCESS_CONTROL_ALLOW_METHODS, METHODS);
            headers.insert(header::ACCESS_CONTROL_ALLOW_HEADERS, HEADERS);
            headers.insert(header::ACCESS_CONTROL_MAX_AGE, REMEMBERED);
        } else {
            let readable = HeaderValue::from_static("Date, Retry-After");
            headers.insert(header::ACCESS_CONTROL_EXPOSE_HEADERS, readable);
        }
    }
}

fn is_origin(text: &str) -> bool {
    let rest = text
        .strip_prefix("https://")
        .or_else(|| text.strip_prefix("http://"));
    rest.is_some_and(|rest| {
        let is_plain =
            |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b".-:[]".contains(&byte);
        !rest.is_empty() && rest.len() <= 255 && rest.bytes().all(is_plain)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cors(origins: &[&str], credentials: bool) -> Result<CrossOrigin, SettingsError> {
        CrossOrigin::new(&CorsSettings {
            origins: origins.iter().map(|origin| (*origin).to_owned()).collect(),
            credentials,
        })
    }

    #[test]
    fn only_listed_origins_may_ask() {
        let check = |origins: &[&str], origin: &'static str, expected: Origin| {
            let mut headers = HeaderMap::new();
            headers.insert(header::ORIGIN, HeaderValue::from_static(origin));
            assert_eq!(cors(origins, false).unwrap().of(&headers), expected, "{origin}");
        };
        let page = "https://app.example";
        check(&[page], page, Origin::Allowed(HeaderValue::from_static(page)));
        for other in [
            "https://app.example.evil",
            "http://app.example",
            "null",
            "https://APP.example",
            "",
        ] {
            check(&[page], other, Origin::Refused);
        }
        check(&[], page, Origin::Refused);
        check(
            &["*"],
            "https://any.example",
            Origin::Allowed(HeaderValue::from_static("*")),
        );
        assert_eq!(cors(&[page], false).unwrap().of(&HeaderMap::new()), Origin::None);
        let mut two = HeaderMap::new();
        two.append(header::ORIGIN, HeaderValue::from_static(page));
        two.append(header::ORIGIN, HeaderValue::from_static("https://evil.example"));
        assert_eq!(cors(&[page], false).unwrap().of(&two), Origin::Refused);
    }

    #[test]
    fn lists_that_make_no_sense() {
        for bad in [
            "app.example",
            "https://app.example/",
            "https://*.example",
            "https://",
            "null",
            "https://A.example",
        ] {
            assert!(cors(&[bad], false).is_err(), "{bad}");
        }
        assert!(cors(&["*"], true).is_err());
        assert!(cors(&["https://a.example", "http://localhost:5173"], true).is_ok());
    }
}
