//! Which statements of a document a request can concern, found without looking at each of them.
//!
//! Made once, when a document is compiled, from two sides: the actions, whose answer is exact and asked nowhere else,
//! and the beginnings of the resources, up to the first star or variable. Region, account and the rest of a resource
//! are compared afterwards, with the few statements that are left. Looking up takes no memory, and costs no more than
//! comparing each distinct action pattern and a handful of beginnings, however many statements share them.

use std::collections::BTreeMap;

use crate::action::ActionName;
use crate::document::Statement;
use crate::glob::Glob;
use crate::parse::MAX_STATEMENTS;

/// Longest beginning that is kept, in bytes: a shorter one only lets more statements through to the full comparison.
const MAX_BEGINNING: usize = 128;

/// The index of one document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Index {
    actions: Actions,
    resources: Beginnings,
    all: StatementSet,
}

/// Statements of one document, by their places; walking through them keeps their order.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct StatementSet([u64; MAX_STATEMENTS.div_ceil(64)]);

/// The statements by their actions.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Actions {
    /// Names without stars, sorted.
    names: Box<[(Box<str>, StatementSet)]>,
    /// Everything else, each pattern once.
    patterns: Box<[(Glob, StatementSet)]>,
}

/// The statements by the beginnings of their resources, sorted by those.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Beginnings(Box<[Beginning]>);

#[derive(Debug, Clone, PartialEq, Eq)]
struct Beginning {
    text: Box<str>,
    /// The place of the longest other text that this one begins with.
    outer: Option<usize>,
    /// The statements of this text and of all that it begins with.
    statements: StatementSet,
}

impl Index {
    pub(crate) fn new(statements: &[Statement]) -> Self {
        let mut actions = BTreeMap::<&Glob, StatementSet>::new();
        let mut beginnings = Vec::new();
        let mut all = StatementSet::default();
        for (place, statement) in statements.iter().enumerate() {
            all.insert(place);
            for action in &statement.actions {
                actions.entry(action.glob()).or_default().insert(place);
            }
            match &statement.resources {
                None => beginnings.push(("", place)),
                Some(resources) => {
                    beginnings.extend(
                        resources
                            .iter()
                            .map(|pattern| (shortened(pattern.beginning()), place)),
                    );
                }
            }
        }
        Index {
            actions: Actions::new(actions),
            resources: Beginnings::new(beginnings),
            all,
        }
    }

    /// The statements of which one action matches and the beginning of one resource does.
    pub(crate) fn candidates(&self, action: &ActionName, names: [Option<&str>; 2]) -> StatementSet {
        let by_action = self.actions.find(action);
        let by_resource = match names {
            // What has no name is not found by the beginning of one.
            [None, None] => self.all,
            names => names
                .into_iter()
                .flatten()
                .fold(StatementSet::default(), |sum, name| {
                    sum.or(self.resources.find(name))
                }),
        };
        by_action.and(by_resource)
    }
}

impl Actions {
    fn new(of: BTreeMap<&Glob, StatementSet>) -> Self {
        let mut names: Vec<(Box<str>, StatementSet)> = Vec::new();
        let mut patterns = Vec::new();
        for (glob, statements) in of {
            match glob.whole_text() {
                Some(name) => names.push((name.into(), statements)),
                None => patterns.push((glob.clone(), statements)),
            }
        }
        names.sort_unstable_by(|one, other| one.0.cmp(&other.0));
        Actions {
            names: names.into(),
            patterns: patterns.into(),
        }
    }

    fn find(&self, action: &ActionName) -> StatementSet {
        let names = action.names().into_iter().flatten();
        names.fold(StatementSet::default(), |sum, name| sum.or(self.find_name(name)))
    }

    fn find_name(&self, name: &str) -> StatementSet {
        let place = self.names.binary_search_by(|(known, _)| (**known).cmp(name));
        let exact = place.ok().and_then(|place| self.names.get(place));
        let exact = exact.map_or(StatementSet::default(), |(_, statements)| *statements);
        self.patterns
            .iter()
            // Action patterns have no variables, so the answer is always known.
            .filter(|(glob, _)| glob.matches(name, None) == Some(true))
            .fold(exact, |sum, (_, statements)| sum.or(*statements))
    }
}

impl Beginnings {
    fn new(mut of: Vec<(&str, usize)>) -> Self {
        of.sort_unstable();
        let mut sorted: Vec<Beginning> = Vec::new();
        for (text, statement) in of {
            match sorted.last_mut() {
                Some(last) if *last.text == *text => last.statements.insert(statement),
                _ => {
                    let outer = innermost(&sorted, sorted.len().checked_sub(1), text);
                    let shared = outer.and_then(|place| sorted.get(place));
                    let mut statements = shared.map_or(StatementSet::default(), |outer| outer.statements);
                    statements.insert(statement);
                    sorted.push(Beginning {
                        text: text.into(),
                        outer,
                        statements,
                    });
                }
            }
        }
        Beginnings(sorted.into())
    }

    /// The statements with a text that the name begins with.
    fn find(&self, name: &str) -> StatementSet {
        let after = self.0.partition_point(|beginning| *beginning.text <= *name);
        let found = innermost(&self.0, after.checked_sub(1), name).and_then(|place| self.0.get(place));
        found.map_or(StatementSet::default(), |beginning| beginning.statements)
    }
}

/// The place of the longest text that the name begins with, given that of the last text not after the name.
///
/// Every text between the one looked for and the name begins with the former, since the order is by bytes. So it is the
/// last text itself or one of those that this one begins with.
fn innermost(sorted: &[Beginning], last: Option<usize>, name: &str) -> Option<usize> {
    let mut place = last;
    while let Some(beginning) = place.and_then(|place| sorted.get(place)) {
        if name.starts_with(&*beginning.text) {
            return place;
        }
        place = beginning.outer;
    }
    None
}

fn shortened(text: &str) -> &str {
    text.get(..text.floor_char_boundary(MAX_BEGINNING))
        .unwrap_or(text)
}

impl StatementSet {
    // INVARIANT: the parser takes no more statements than there are bits.
    fn insert(&mut self, statement: usize) {
        if let Some(word) = self.0.get_mut(statement / 64) {
            *word |= 1 << (statement % 64);
        }
    }

    fn or(mut self, other: Self) -> Self {
        self.0
            .iter_mut()
            .zip(other.0)
            .for_each(|(word, other)| *word |= other);
        self
    }

    fn and(mut self, other: Self) -> Self {
        self.0
            .iter_mut()
            .zip(other.0)
            .for_each(|(word, other)| *word &= other);
        self
    }
}

impl Iterator for StatementSet {
    type Item = usize;

    fn next(&mut self) -> Option<usize> {
        let (place, word) = self.0.iter_mut().enumerate().find(|(_, word)| **word != 0)?;
        let bit = word.trailing_zeros() as usize;
        *word &= *word - 1;
        Some(place * 64 + bit)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::{DocumentKind, OwnerAccount, parse};

    const OWNER: OwnerAccount = OwnerAccount {
        app_id: 125,
        owner_uin: 900,
    };

    /// Actions and path of each statement.
    fn index(statements: &[(&str, &str)]) -> Index {
        let statements: Vec<String> = statements
            .iter()
            .map(|(action, path)| {
                let resource = match *path {
                    "*" => "*".to_owned(),
                    path => format!("qcs::cam::uin/900:{path}"),
                };
                format!(r#"{{"effect":"allow","action":"{action}","resource":"{resource}"}}"#)
            })
            .collect();
        let text = format!(r#"{{"version":"2.0","statement":[{}]}}"#, statements.join(","));
        parse(&text, DocumentKind::Identity, &OWNER).unwrap().index
    }

    fn check(statements: &[(&str, &str)], action: &str, name: &str, expected: &[usize]) {
        let found = index(statements).candidates(&ActionName::new(action), [Some(name), None]);
        assert_eq!(
            found.collect::<Vec<_>>(),
            expected,
            "{statements:?} {action} {name}"
        );
    }

    #[test]
    fn only_what_has_the_action_and_the_beginning_is_left() {
        let statements = [
            ("cam:GetUser", "uin/1"),
            ("cam:getuser", "uin/*"),
            ("cam:*", "uin/1*"),
            ("*", "*"),
            ("cos:GetObject", "uin/*"),
            ("cam:GetUser", "${uin}/*"),
        ];
        check(&statements, "cam:GetUser", "uin/1", &[0, 1, 2, 3, 5]);
        check(&statements, "cam:GetUser", "uin/2", &[1, 3, 5]);
        check(&statements, "cam:AddUser", "uin/12", &[2, 3]);
        check(&statements, "cos:GetObject", "groupid/1", &[3]);
        check(&statements, "cos:Unheard", "", &[3]);
    }

    #[test]
    fn an_action_is_found_under_both_its_names() {
        let statements = [
            ("cos:PostObjectRestore", "*"),
            ("cos:RestoreObject", "*"),
            ("cos:Post*", "*"),
        ];
        check(&statements, "cos:RestoreObject", "x", &[0, 1, 2]);
        check(&statements, "cos:PostObjectRestore", "x", &[0, 1, 2]);
    }

    #[test]
    fn either_name_suffices_and_what_has_none_is_left_to_the_comparison() {
        let index = index(&[("*", "role/*"), ("*", "roleName/*"), ("*", "uin/*")]);
        let action = ActionName::new("sts:AssumeRole");
        let found = |names| index.candidates(&action, names).collect::<Vec<_>>();
        assert_eq!(found([Some("roleName/dev"), Some("role/46")]), [0, 1]);
        assert_eq!(found([None, None]), [0, 1, 2]);
    }

    #[test]
    fn beginnings_are_kept_up_to_their_bound() {
        let long = "x".repeat(MAX_BEGINNING);
        let (one, other) = (format!("{long}1*"), format!("{long}2*"));
        check(&[("*", &one), ("*", &other)], "a", &format!("{long}1"), &[0, 1]);
        assert_eq!(
            shortened(&format!("{}\u{6587}", "x".repeat(MAX_BEGINNING - 1))).len(),
            MAX_BEGINNING - 1
        );
    }

    #[test]
    fn the_last_statement_that_fits_is_found() {
        let statements: Vec<String> = (0..MAX_STATEMENTS).map(|place| format!("{place}")).collect();
        let statements: Vec<&str> = statements.iter().map(String::as_str).collect();
        let beginnings = Beginnings::new(statements.iter().copied().zip(0..).collect());
        assert_eq!(beginnings.find("255").collect::<Vec<_>>(), [2, 25, 255]);
    }

    proptest! {
        #[test]
        fn beginnings_are_found_as_by_looking_at_each(
            texts in proptest::collection::vec("[ab\u{e9}]{0,5}", 1..40),
            name in "[ab\u{e9}]{0,7}",
        ) {
            let each = texts.iter().map(String::as_str).zip(0..).collect();
            let found: Vec<usize> = Beginnings::new(each).find(&name).collect();
            let expected: Vec<usize> =
                (0..texts.len()).filter(|place| name.starts_with(&texts[*place])).collect();
            prop_assert_eq!(found, expected);
        }
    }
}
