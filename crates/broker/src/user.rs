//! The name of a user, made safe to stand in an object key, in a policy and in the name of a session.
//!
//! INVARIANT: the text of a [`User`] has no `/`, no wildcard, no `..`, and two different names have two different texts.
//! So a template that puts it into a folder's name makes folders that are nobody else's.

use std::fmt;

use schemars::JsonSchema;
use serde::Deserialize;

/// Most bytes of a user's name as it stands in a key; the name of a session has no more.
pub const MAX_USER_BYTES: usize = 128;

/// What becomes of names with letters that mean something in a key or a policy.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Names {
    /// Nobody with such a name gets a key.
    #[default]
    Refuse,
    /// Each such byte becomes `=` and two hexadecimal digits.
    Encode,
}

/// A user, as he stands in keys and policies.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct User(String);

/// Why a name is no user's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum UserError {
    /// There is nothing in it.
    #[error("the user's name is empty")]
    Empty,
    /// It is too long.
    #[error("the user's name is longer than {MAX_USER_BYTES} bytes")]
    TooLong,
    /// Something in it has a meaning in keys or policies, or is no letter at all.
    #[error(
        "the user's name has something beside letters, digits and `-_.@+,`, or a dot at its start or after another"
    )]
    Unsafe,
}

impl User {
    /// Takes a name as its caller said it.
    pub fn parse(name: &str, names: Names) -> Result<Self, UserError> {
        // Nothing becomes shorter: what is too long now stays so, and nothing large is gone through.
        if name.len() > MAX_USER_BYTES {
            return Err(UserError::TooLong);
        }
        let mut text = String::with_capacity(name.len());
        let mut before = b'.';
        for byte in name.bytes() {
            if is_plain(byte, before) {
                text.push(char::from(byte));
            } else if names == Names::Encode {
                text.push_str(&format!("={byte:02X}"));
            } else {
                return Err(UserError::Unsafe);
            }
            before = byte;
        }
        match text.len() {
            0 => Err(UserError::Empty),
            1..=MAX_USER_BYTES => Ok(Self(text)),
            _ => Err(UserError::TooLong),
        }
    }

    /// The text that stands in keys and policies.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for User {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The sign of what is encoded is itself not plain. A dot is where it neither begins a name nor follows another.
fn is_plain(byte: u8, before: u8) -> bool {
    match byte {
        b'.' => before != b'.',
        _ => byte.is_ascii_alphanumeric() || b"-_@+,".contains(&byte),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn names_that_mean_something_else_are_refused_or_encoded() {
        let check = |name: &str, refused: Result<&str, UserError>, encoded: Result<&str, UserError>| {
            let parse = |names| User::parse(name, names);
            let own = |expected: Result<&str, UserError>| expected.map(|text| User(text.to_owned()));
            assert_eq!(parse(Names::Refuse), own(refused), "{name:?}");
            assert_eq!(parse(Names::Encode), own(encoded), "{name:?}");
        };
        for plain in ["ann", "A-b_c.d@e.example", "a+b,c", "0"] {
            check(plain, Ok(plain), Ok(plain));
        }
        let no = Err(UserError::Unsafe);
        check("ann/b", no, Ok("ann=2Fb"));
        check("*", no, Ok("=2A"));
        check("a?", no, Ok("a=3F"));
        check("..", no, Ok("=2E=2E"));
        check(".", no, Ok("=2E"));
        check("a..b", no, Ok("a.=2Eb"));
        check("${uin}", no, Ok("=24=7Buin=7D"));
        check("a=2Fb", no, Ok("a=3D2Fb"));
        check("安", no, Ok("=E5=AE=89"));
        check("a\0\n", no, Ok("a=00=0A"));
        check("a b", no, Ok("a=20b"));
        check("", Err(UserError::Empty), Err(UserError::Empty));
        let (longest, longer) = ("a".repeat(128), "a".repeat(129));
        check(&longest, Ok(&longest), Ok(&longest));
        check(&longer, Err(UserError::TooLong), Err(UserError::TooLong));
        let (fits, grows) = ("*".repeat(42), "*".repeat(43));
        assert!(User::parse(&fits, Names::Encode).is_ok());
        assert_eq!(User::parse(&grows, Names::Encode), Err(UserError::TooLong));
    }

    proptest! {
        #[test]
        fn two_names_have_two_texts(one in "\\PC{1,12}|[=2AF./*ab]{1,8}", other in "\\PC{1,12}|[=2AF./*ab]{1,8}") {
            let text = |name: &str| User::parse(name, Names::Encode).unwrap();
            prop_assert_eq!(one == other, text(&one) == text(&other));
            prop_assert!(!text(&one).as_str().contains(['/', '*', '?', '$', '%']));
            prop_assert!(!text(&one).as_str().contains(".."));
            prop_assert!(daypass_api::names::SessionName::parse(text(&one).as_str()).is_ok());
        }
    }
}
