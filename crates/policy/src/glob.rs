//! Patterns in which `*` stands for any text, `/` included, and nothing else is special.
//!
//! A pattern is kept as the literals between its stars. The first and the last are anchored, those in
//! between are looked for from left to right, each once and with a linear search, so matching is linear in
//! pattern and text however many stars a stranger wrote. Taking the leftmost place for each literal is
//! right because it leaves the most text to the rest.

use std::fmt::Write as _;

use crate::document::OwnerAccount;
use crate::scratch::Scratch;

const CALLER: &str = "${uin}";
const OWNER: &str = "${owner_uin}";
const APP_ID: &str = "${app_id}";

/// A compiled pattern, or a plain text compared as a whole.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Glob {
    /// The literal before the first star, or the whole text when there is none.
    first: Literal,
    /// The literals after the first star; the last of them ends the text. Empty when there is no star.
    rest: Box<[Literal]>,
}

/// Fixed text with the places where the caller's account number goes.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Literal {
    /// The text up to the first such place, or all of it.
    head: Box<str>,
    /// The texts after each such place.
    tail: Box<[Box<str>]>,
}

impl Glob {
    /// Compiles a pattern in which variables are plain text.
    pub(crate) fn pattern(text: &str) -> Self {
        Glob::from_literals(text.split('*').map(Literal::plain))
    }

    /// Compiles a pattern with variables: the owner's are filled in now, the caller's when matching.
    pub(crate) fn template(text: &str, owner: &OwnerAccount) -> Self {
        Glob::from_literals(fill_owner(text, owner).split('*').map(Literal::template))
    }

    /// A text with variables in which `*` is an ordinary character.
    pub(crate) fn text_template(text: &str, owner: &OwnerAccount) -> Self {
        Glob {
            first: Literal::template(&fill_owner(text, owner)),
            rest: Box::default(),
        }
    }

    fn from_literals(mut literals: impl Iterator<Item = Literal>) -> Self {
        let first = literals.next().unwrap_or_else(|| Literal::plain(""));
        let mut rest: Vec<Literal> = literals.collect();
        // Several stars in a row say what one says; the last literal stays, since it anchors the end.
        let last = rest.pop();
        rest.retain(|literal| !literal.is_empty());
        rest.extend(last);
        Glob {
            first,
            rest: rest.into(),
        }
    }

    /// Changes the fixed text, star by star, with the variables left where they are.
    pub(crate) fn map(&self, change: impl Fn(&str) -> Option<String>) -> Option<Self> {
        let literals: Option<Vec<Literal>> = std::iter::once(&self.first)
            .chain(&self.rest)
            .map(|literal| literal.map(&change))
            .collect();
        Some(Glob::from_literals(literals?.into_iter()))
    }

    /// Whether the text is of this pattern; `None` when that hangs on the number of a caller who has none.
    pub(crate) fn matches(&self, text: &str, caller: Option<u64>) -> Option<bool> {
        let Some((last, middle)) = self.rest.split_last() else {
            return self.first.with(caller, |literal| text == literal);
        };
        let Some(mut rest) = self.first.with(caller, |literal| text.strip_prefix(literal))? else {
            return Some(false);
        };
        for literal in middle {
            let Some((_, after)) = literal.with(caller, |literal| rest.split_once(literal))? else {
                return Some(false);
            };
            rest = after;
        }
        last.with(caller, |literal| rest.ends_with(literal))
    }

    /// What every text of this pattern begins with, whoever the caller is.
    pub(crate) fn beginning(&self) -> &str {
        &self.first.head
    }

    /// The only text of this pattern, where it has neither stars nor variables.
    pub(crate) fn whole_text(&self) -> Option<&str> {
        (self.rest.is_empty() && self.first.tail.is_empty()).then_some(&*self.first.head)
    }

    /// Applies a test to the whole of a text without stars; `None` as in [`Glob::matches`].
    pub(crate) fn compare(&self, caller: Option<u64>, test: impl FnOnce(&str) -> bool) -> Option<bool> {
        self.first.with(caller, test)
    }
}

impl Literal {
    fn plain(text: &str) -> Self {
        Literal {
            head: text.into(),
            tail: Box::default(),
        }
    }

    fn template(text: &str) -> Self {
        let mut parts = text.split(CALLER);
        let head = parts.next().unwrap_or_default().into();
        Literal {
            head,
            tail: parts.map(Box::from).collect(),
        }
    }

    fn is_empty(&self) -> bool {
        self.head.is_empty() && self.tail.is_empty()
    }

    fn map(&self, change: &impl Fn(&str) -> Option<String>) -> Option<Self> {
        let tail: Option<Vec<Box<str>>> = self.tail.iter().map(|part| Some(change(part)?.into())).collect();
        Some(Literal {
            head: change(&self.head)?.into(),
            tail: tail?.into(),
        })
    }

    fn with<R>(&self, caller: Option<u64>, use_it: impl FnOnce(&str) -> R) -> Option<R> {
        if self.tail.is_empty() {
            return Some(use_it(&self.head));
        }
        let mut number = Scratch::<20>::new();
        write!(number, "{}", caller?).ok()?;
        let mut filled = Scratch::<512>::new();
        filled.push(&self.head);
        for part in &self.tail {
            filled.push(number.as_str());
            filled.push(part);
        }
        Some(use_it(filled.as_str()))
    }
}

/// Whether a text holds a policy variable.
pub(crate) fn has_variable(text: &str) -> bool {
    [CALLER, OWNER, APP_ID]
        .iter()
        .any(|variable| text.contains(variable))
}

fn fill_owner(text: &str, owner: &OwnerAccount) -> String {
    text.replace(OWNER, &owner.owner_uin.to_string())
        .replace(APP_ID, &owner.app_id.to_string())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// The definition, word by word and slow.
    fn naive(pattern: &[char], text: &[char]) -> bool {
        match (pattern, text) {
            ([], []) => true,
            (['*', rest @ ..], _) => naive(rest, text) || (!text.is_empty() && naive(pattern, &text[1..])),
            ([expected, rest @ ..], [found, after @ ..]) => expected == found && naive(rest, after),
            _ => false,
        }
    }

    fn check(pattern: &str, text: &str, expected: bool) {
        assert_eq!(
            Glob::pattern(pattern).matches(text, None),
            Some(expected),
            "{pattern} {text}"
        );
    }

    #[test]
    fn anchors_and_wildcards() {
        check("a", "a", true);
        check("a", "ab", false);
        check("", "", true);
        check("", "a", false);
        check("*", "", true);
        check("*", "a/b", true);
        check("doc/*", "doc/", true);
        check("doc/*", "doca", false);
        check("orders*", "orders_backup/", true);
        check("orders/*", "orders_backup/", false);
        check("*.jpg", "a/b.jpg", true);
        check("*.jpg", "a.jpg.exe", false);
        check("a*a", "a", false);
        check("a*a", "aa", true);
        check("a**b*b", "ab", false);
        check("a?c", "abc", false);
        check("a?c", "a?c", true);
        check("*\u{6587}*", "x\u{6587}y", true);
        check("${uin}", "${uin}", true);
    }

    #[test]
    fn all_short_patterns_and_texts_agree_with_the_definition() {
        let mut words = vec![String::new()];
        let mut all = words.clone();
        for _ in 0..5 {
            words = words
                .iter()
                .flat_map(|word| ['a', 'b', '*'].map(|letter| format!("{word}{letter}")))
                .collect();
            all.extend(words.iter().cloned());
        }
        let split: Vec<Vec<char>> = all.iter().map(|word| word.chars().collect()).collect();
        for (pattern, pattern_chars) in all.iter().zip(&split) {
            let glob = Glob::pattern(pattern);
            for (text, text_chars) in all.iter().zip(&split) {
                let expected = naive(pattern_chars, text_chars);
                assert_eq!(glob.matches(text, None), Some(expected), "{pattern} {text}");
            }
        }
    }

    proptest! {
        #[test]
        fn longer_ones_agree_with_the_definition(pattern in "[ab/*\u{e9}]{0,12}", text in "[ab/\u{e9}]{0,16}") {
            let expected = naive(&pattern.chars().collect::<Vec<_>>(), &text.chars().collect::<Vec<_>>());
            prop_assert_eq!(Glob::pattern(&pattern).matches(&text, None), Some(expected));
        }
    }

    #[test]
    fn variables_are_filled() {
        let owner = OwnerAccount {
            app_id: 125,
            owner_uin: 900,
        };
        let check = |pattern: &str, text: &str, caller, expected| {
            assert_eq!(
                Glob::template(pattern, &owner).matches(text, caller),
                expected,
                "{pattern} {text}"
            );
        };
        check("u/${uin}/*", "u/77/x", Some(77), Some(true));
        check("u/${uin}/*", "u/777/x", Some(77), Some(false));
        check("${owner_uin}-${app_id}", "900-125", None, Some(true));
        check("${uin}${uin}*${uin}", "777777", Some(77), Some(true));
        check("${uin}${uin}*${uin}", "77777", Some(77), Some(false));
        check("u/${uin}", "u/", None, None);
        check("${Uin}${uin", "${Uin}${uin", None, Some(true));
        let long = "x".repeat(600);
        check(
            &format!("{long}${{uin}}"),
            &format!("{long}5"),
            Some(5),
            Some(true),
        );
        assert_eq!(
            Glob::text_template("*${uin}", &owner).matches("a7", Some(7)),
            Some(false)
        );
        assert_eq!(
            Glob::text_template("*${uin}", &owner).matches("*7", Some(7)),
            Some(true)
        );
    }

    #[test]
    fn hostile_patterns_stay_linear() {
        // Quadratic work on these would take minutes, the test a few milliseconds.
        let text = "a".repeat(200_000);
        check(&"a*".repeat(100_000), &text, true);
        check(&format!("{}b", "a*".repeat(100_000)), &text, false);
        check(&format!("*{}b*", "a".repeat(100_000)), &text, false);
        check(&"*".repeat(10_000), &text, true);
    }
}
