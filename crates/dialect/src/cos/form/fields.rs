//! The fields of a form, and what single ones of them say.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use daypass_api::names::MAX_KEY_BYTES;
use daypass_api::operation::PostAnswer;
use daypass_api::{Error, ErrorCode};
use http::Uri;

use crate::cos::request_head::invalid_argument;

/// What stands in a key for the name of the file.
const FILE_NAME: &str = "${filename}";

/// The fields that make a form one that is signed by its policy.
const OF_POLICY: [&str; 5] = ["policy", "q-sign-algorithm", "q-ak", "q-key-time", "q-signature"];

/// A form of which all but the file has been read.
#[derive(Clone, PartialEq, Eq)]
pub struct Form {
    /// Names in lower case, each one once.
    fields: Vec<(String, String)>,
    /// How much of the body is not the file, if nothing follows it.
    around: usize,
}

/// Policies, signatures and tokens stand in fields.
impl fmt::Debug for Form {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<_> = self.fields.iter().map(|(name, _)| name).collect();
        f.debug_struct("Form")
            .field("names", &names)
            .finish_non_exhaustive()
    }
}

impl Form {
    pub(super) fn new(
        mut fields: Vec<(String, String)>,
        file_name: Option<String>,
        around: usize,
    ) -> Result<Self, Error> {
        // INVARIANT: policy, decision and storage see the key with the name of the file in it, and no other.
        if let Some((_, key)) = fields.iter_mut().find(|(name, _)| name == "key") {
            *key = with_file_name(key, file_name.as_deref())?;
        }
        Ok(Self { fields, around })
    }

    /// The value of a field by its name in lower case, empty or not.
    pub fn field(&self, name: &str) -> Option<&str> {
        let mut named = self.fields.iter().filter(|(other, _)| other == name);
        named.next().map(|(_, value)| value.as_str())
    }

    /// The value of a field that has one.
    pub fn filled(&self, name: &str) -> Option<&str> {
        self.field(name).filter(|value| !value.is_empty())
    }

    /// All names and values.
    pub(super) fn fields(&self) -> impl Iterator<Item = (&str, &str)> {
        self.fields
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_str()))
    }

    /// The key of the object, with the name of the file in it.
    pub(super) fn key(&self) -> Result<&str, Error> {
        self.field("key")
            .ok_or_else(|| invalid_argument("the form has no field `key`"))
    }

    /// Whether any field belongs to a signature by policy.
    pub fn is_signed_by_policy(&self) -> bool {
        OF_POLICY.iter().any(|name| self.filled(name).is_some())
    }

    /// The text of the policy, as it was signed; nothing if there is none.
    pub fn policy(&self) -> Result<Option<Vec<u8>>, Error> {
        let decode = |text| {
            STANDARD.decode(text).map_err(|_| {
                Error::with_message(ErrorCode::InvalidPolicyDocument, "the policy is not Base64")
            })
        };
        self.filled("policy").map(decode).transpose()
    }

    /// How long the file is if nothing follows it, by the announced length of the body. Whether that is so is only
    /// known at the end.
    pub fn likely_file_length(&self, body_length: u64) -> u64 {
        body_length.saturating_sub(u64::try_from(self.around).unwrap_or(u64::MAX))
    }

    /// What the client wants to be answered.
    pub(super) fn answer(&self) -> Result<PostAnswer, Error> {
        if let Some(url) = self.filled("success_action_redirect") {
            return redirect(url).map(PostAnswer::Redirect);
        }
        match self.filled("success_action_status") {
            None | Some("204") => Ok(PostAnswer::NoContent),
            Some("200") => Ok(PostAnswer::Ok),
            Some("201") => Ok(PostAnswer::Created),
            Some(_) => Err(invalid_argument("success_action_status is not 200, 201 or 204")),
        }
    }
}

/// Puts the name of the file into a key. What stands before its last slash or backslash is a path on the client's
/// machine, and never part of the name.
fn with_file_name(key: &str, file_name: Option<&str>) -> Result<String, Error> {
    let places = key.matches(FILE_NAME).count();
    if places == 0 {
        return Ok(key.to_owned());
    }
    let path = file_name.unwrap_or_default();
    let name = path.rsplit(['/', '\\']).next().unwrap_or_default();
    if name.is_empty() {
        return Err(invalid_argument(
            "the key holds ${filename}, and the file has no name",
        ));
    }
    // Whoever repeats it often must not make a text of megabytes.
    if places.saturating_mul(name.len()) > MAX_KEY_BYTES {
        return Err(Error::new(ErrorCode::KeyTooLong));
    }
    Ok(key.replace(FILE_NAME, name))
}

/// A browser goes where it is sent: to a web page, and nothing else that a URL can name.
fn redirect(url: &str) -> Result<String, Error> {
    let refused = || invalid_argument("success_action_redirect is not an absolute http or https URL");
    let (before_fragment, _) = url.split_once('#').unwrap_or((url, ""));
    let visible = url.bytes().all(|byte| byte.is_ascii_graphic());
    let uri: Uri = before_fragment.parse().map_err(|_| refused())?;
    let is_web = matches!(uri.scheme_str(), Some("http" | "https"));
    // A name before an `@` looks like the host and is none.
    let is_plain = uri
        .authority()
        .is_some_and(|host| !host.as_str().contains('@') && !host.host().is_empty());
    if visible && is_web && is_plain && !url.contains('\\') {
        Ok(url.to_owned())
    } else {
        Err(refused())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn form(fields: &[(&str, &str)]) -> Form {
        let owned = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
        Form::new(fields.iter().map(owned).collect(), Some("a.txt".to_owned()), 10).unwrap()
    }

    #[test]
    fn the_name_of_the_file_in_a_key() {
        let check = |key: &str, name: Option<&str>, expected: Result<&str, ErrorCode>| {
            let found = with_file_name(key, name).map_err(|error| error.code);
            assert_eq!(found, expected.map(str::to_owned), "{key} {name:?}");
        };
        check("k", None, Ok("k"));
        check("up/${filename}", Some("a b.txt"), Ok("up/a b.txt"));
        check("${filename}/${filename}", Some("a"), Ok("a/a"));
        check("up/${filename}", Some("../../other/a"), Ok("up/a"));
        check("up/${filename}", Some(r"C:\dir\a.txt"), Ok("up/a.txt"));
        check("${filename}", Some("${filename}"), Ok("${filename}"));
        check("${Filename}", Some("a"), Ok("${Filename}"));
        check("${filename}", None, Err(ErrorCode::InvalidArgument));
        check("${filename}", Some(""), Err(ErrorCode::InvalidArgument));
        check("${filename}", Some("dir/"), Err(ErrorCode::InvalidArgument));
        check("${filename}", Some(&"n".repeat(850)), Ok(&"n".repeat(850)));
        check(
            "${filename}${filename}",
            Some(&"n".repeat(426)),
            Err(ErrorCode::KeyTooLong),
        );
    }

    #[test]
    fn what_shall_be_answered() {
        let check = |fields: &[(&str, &str)], expected: Result<PostAnswer, ErrorCode>| {
            let found = form(fields).answer().map_err(|error| error.code);
            assert_eq!(found, expected, "{fields:?}");
        };
        let redirected = |url: &str| Ok(PostAnswer::Redirect(url.to_owned()));
        check(&[], Ok(PostAnswer::NoContent));
        check(&[("success_action_status", "")], Ok(PostAnswer::NoContent));
        check(&[("success_action_status", "204")], Ok(PostAnswer::NoContent));
        check(&[("success_action_status", "200")], Ok(PostAnswer::Ok));
        check(&[("success_action_status", "201")], Ok(PostAnswer::Created));
        check(
            &[("success_action_status", "404")],
            Err(ErrorCode::InvalidArgument),
        );
        let to = |url| [("success_action_redirect", url), ("success_action_status", "200")];
        for url in ["http://a.test", "https://a.test:8443/p?q=1#f", "HTTPS://a.test/"] {
            check(&to(url), redirected(url));
        }
        for url in [
            "/p",
            "a.test",
            "ftp://a.test/",
            "javascript:alert(1)",
            "http://",
            "http:///p",
            "//a.test/p",
            "http://b.test@a.test/",
            "http://a.test/\r\nx: y",
            "http://a.test/ b",
            "http://a.test\\b",
            "http://é.test/",
        ] {
            check(&to(url), Err(ErrorCode::InvalidArgument));
        }
    }

    #[test]
    fn fields_have_one_value() {
        let form = form(&[("acl", "private"), ("expires", "")]);
        assert_eq!(
            (form.field("acl"), form.field("expires"), form.field("x")),
            (Some("private"), Some(""), None)
        );
        assert_eq!(
            (form.filled("acl"), form.filled("expires")),
            (Some("private"), None)
        );
        assert!(!form.is_signed_by_policy());
        assert_eq!((form.likely_file_length(15), form.likely_file_length(9)), (5, 0));
        assert_eq!(format!("{form:?}"), r#"Form { names: ["acl", "expires"], .. }"#);
    }
}
