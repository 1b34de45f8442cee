//! Patterns of a template: the folder of a user, and the key that the server chooses.
//!
//! `${user}` stands for the user, `${date}` for the day as `20231114`, `${random}` for 32 random hexadecimal digits and
//! `${ext}` for the extension that was asked for. Everything else means itself; what would mean something in a policy is
//! refused.

use daypass_api::Timestamp;

use crate::user::User;

/// Most bytes of a pattern.
const MAX_BYTES: usize = 512;
/// Bytes of randomness in a key: nobody guesses one, and none comes twice.
const RANDOM_BYTES: usize = 16;

/// A pattern that was read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Pattern(Vec<Piece>);

#[derive(Clone, Debug, PartialEq, Eq)]
enum Piece {
    Text(String),
    Variable(Variable),
}

/// What a pattern may stand for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Variable {
    User,
    Date,
    Random,
    Ext,
}

/// Why a text is no pattern.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum PatternError {
    #[error("it is empty, or longer than {MAX_BYTES} bytes")]
    Length,
    #[error("`{0}` stands for nothing here")]
    Variable(String),
    #[error("it begins with `/`, has `//`, `*`, `?`, `\\`, `..`, a lone `$` or something that is no letter")]
    Special,
}

/// What the variables of a pattern stand for this time.
#[derive(Clone, Copy)]
pub(crate) struct Values<'a> {
    pub(crate) user: &'a User,
    pub(crate) now: Timestamp,
    pub(crate) random: [u8; RANDOM_BYTES],
    pub(crate) ext: &'a str,
}

impl Pattern {
    /// Reads a pattern that may use these variables.
    pub(crate) fn parse(text: &str, allowed: &[Variable]) -> Result<Self, PatternError> {
        if text.is_empty() || text.len() > MAX_BYTES {
            return Err(PatternError::Length);
        }
        let is_special = |part: &&str| text.contains(*part);
        if text.starts_with('/')
            || ["//", "*", "?", "\\", ".."].iter().any(is_special)
            || text.chars().any(char::is_control)
        {
            return Err(PatternError::Special);
        }
        let (mut pieces, mut rest) = (Vec::new(), text);
        while let Some((before, after)) = rest.split_once('$') {
            let name = after.strip_prefix('{').and_then(|after| after.split_once('}'));
            let (name, after) = name.ok_or(PatternError::Special)?;
            let variable = Variable::named(name).filter(|variable| allowed.contains(variable));
            let variable = variable.ok_or_else(|| PatternError::Variable(format!("${{{name}}}")))?;
            push_text(&mut pieces, before);
            pieces.push(Piece::Variable(variable));
            rest = after;
        }
        push_text(&mut pieces, rest);
        Ok(Self(pieces))
    }

    /// How often it uses a variable.
    pub(crate) fn uses(&self, variable: Variable) -> usize {
        let is_it = |piece: &&Piece| **piece == Piece::Variable(variable);
        self.0.iter().filter(is_it).count()
    }

    /// The text for these values.
    pub(crate) fn fill(&self, values: Values<'_>) -> String {
        let mut text = String::new();
        for piece in &self.0 {
            match piece {
                Piece::Text(piece) => text.push_str(piece),
                Piece::Variable(Variable::User) => text.push_str(values.user.as_str()),
                Piece::Variable(Variable::Ext) => text.push_str(values.ext),
                Piece::Variable(Variable::Date) => {
                    let day = values.now.iso_seconds();
                    text.extend(day.chars().take(10).filter(char::is_ascii_digit));
                }
                Piece::Variable(Variable::Random) => {
                    let digits = values.random.iter().map(|byte| format!("{byte:02x}"));
                    text.extend(digits);
                }
            }
        }
        text
    }

    /// The text for a user, of a pattern that needs nothing else.
    pub(crate) fn of(&self, user: &User) -> String {
        self.fill(Values {
            user,
            now: Timestamp::from_unix_seconds(0),
            random: [0; RANDOM_BYTES],
            ext: "",
        })
    }
}

impl Variable {
    fn named(name: &str) -> Option<Self> {
        Some(match name {
            "user" => Self::User,
            "date" => Self::Date,
            "random" => Self::Random,
            "ext" => Self::Ext,
            _ => return None,
        })
    }
}

fn push_text(pieces: &mut Vec<Piece>, text: &str) {
    if !text.is_empty() {
        pieces.push(Piece::Text(text.to_owned()));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::user::Names;

    const ALL: [Variable; 4] = [Variable::User, Variable::Date, Variable::Random, Variable::Ext];

    #[test]
    fn variables_are_filled_in() {
        let user = User::parse("ann", Names::Refuse).unwrap();
        let values = Values {
            user: &user,
            now: Timestamp::from_unix_seconds(1_700_000_000),
            random: [0xab; RANDOM_BYTES],
            ext: "jpg",
        };
        let check = |pattern: &str, expected: &str| {
            assert_eq!(Pattern::parse(pattern, &ALL).unwrap().fill(values), expected);
        };
        check("uploads/${user}/", "uploads/ann/");
        check(
            "file/${date}/${random}.${ext}",
            &format!("file/20231114/{}.jpg", "ab".repeat(16)),
        );
        check("${user}", "ann");
        check("图/${user}", "图/ann");
    }

    #[test]
    fn what_means_something_else_is_refused() {
        let check = |pattern: &str, expected: PatternError| {
            assert_eq!(Pattern::parse(pattern, &ALL), Err(expected), "{pattern}");
        };
        for special in [
            "/a", "a//b", "a*", "a?", "a\\b", "a/../b", "a$", "$user", "${user", "a\n",
        ] {
            check(special, PatternError::Special);
        }
        check("${uin}/", PatternError::Variable("${uin}".to_owned()));
        check("", PatternError::Length);
        assert!(Pattern::parse(&"a".repeat(MAX_BYTES), &ALL).is_ok());
        check(&"a".repeat(MAX_BYTES + 1), PatternError::Length);
        let only_user = Pattern::parse("${date}", &[Variable::User]);
        assert_eq!(only_user, Err(PatternError::Variable("${date}".to_owned())));
    }
}
