//! Findings about one document: what is dangerous, useless or mistaken in it, and how to mend it.
//!
//! The rules are data in `rules`; how each is recognised stands by subject: what only the text shows, what a
//! statement grants, its conditions, and the circumstances under which the document is used. Rules look at one
//! document and never decide about access; most suspect front-end keys, which anybody can read off a page.

mod bounds;
mod circumstances;
mod grants;
mod rules;
mod written;

pub use rules::{RULES, Rule, Severity};

use daypass_policy::{DocumentKind, Effect, OwnerAccount, Policy, Statement, parse};
use serde::Serialize;

use crate::actions;
use crate::witness::Witness;

/// What a document is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Audience {
    /// Narrows a temporary key that leaves the server, for a page or an app.
    FrontEnd,
    /// Attached to a user, group or role.
    User,
    /// Attached to a bucket.
    Bucket,
    /// Says who may assume a role.
    Trust,
}

/// What is known about the use of a document.
#[derive(Debug, Clone, Copy)]
pub struct LintContext<'a> {
    /// What the document is for.
    pub audience: Audience,
    /// Whose document it is.
    pub owner: OwnerAccount,
    /// How long the key is to live.
    pub duration_seconds: Option<u64>,
    /// Whether a root account's permanent key asks for the temporary one.
    pub by_root: bool,
    /// The region of the buckets.
    pub bucket_region: Option<&'a str>,
    /// The segment of object keys that stands for the one end user whom the key is for.
    pub end_user: Option<&'a str>,
    /// What the one who asks is allowed.
    pub permissions: Option<&'a Policy>,
}

/// One thing that was found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// The number of the rule.
    pub rule: &'static str,
    /// How much it weighs.
    pub severity: Severity,
    /// The index of the statement, where it is about one.
    pub statement: Option<usize>,
    /// The name that the author gave the statement.
    pub sid: Option<String>,
    /// What the rule finds, in a few words.
    pub title: &'static str,
    /// What was found, with the text in question.
    pub what: String,
    /// Why it matters.
    pub why: &'static str,
    /// How to mend it.
    pub mend: &'static str,
    /// A request that proves it, where there is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub witness: Option<Box<Witness>>,
}

/// All findings about a document, or about there being none, statement by statement.
pub fn lint(document: Option<&str>, context: &LintContext<'_>) -> Vec<Finding> {
    let mut report = Report::default();
    circumstances::key(document.is_some(), context, &mut report);
    if let Some(text) = document {
        written::look(text, context, &mut report);
        match parse(text, context.audience.kind(), &context.owner) {
            Ok(policy) => look(&policy, context, &mut report),
            Err(error) => written::refused(&error, &mut report),
        }
    }
    report.findings.sort_by_key(|finding| finding.statement);
    report.findings
}

fn look(policy: &Policy, context: &LintContext<'_>, report: &mut Report) {
    for (index, statement) in policy.statements().iter().enumerate() {
        let covered = covered(statement);
        let part = Part {
            policy,
            index,
            statement,
            covered: &covered,
        };
        if context.audience == Audience::FrontEnd {
            grants::look(part, context, report);
            bounds::look_at_uploads(part, report);
        }
        bounds::look(part, report);
        grants::look_at_names(part, report);
        circumstances::look(part, context, report);
    }
    circumstances::look_at_whole(policy, context, report);
}

/// The finding that a document grants what the one who asks may not do, as a request shows.
pub(crate) fn beyond(witness: &Witness) -> Option<Finding> {
    let mut report = Report::default();
    let what = format!("for example {witness}");
    report.note("L16", witness.statement.map(|index| (index, None)), None, what);
    let finding = report.findings.pop()?;
    Some(Finding {
        witness: Some(Box::new(witness.clone())),
        ..finding
    })
}

/// The finding that nothing remains of a document.
pub(crate) fn empty() -> Option<Finding> {
    let mut report = Report::default();
    let what = "the policy and the permissions have nothing in common".to_owned();
    report.note("L31", None, None, what);
    report.findings.pop()
}

/// A statement and where it stands.
#[derive(Clone, Copy)]
struct Part<'p> {
    policy: &'p Policy,
    index: usize,
    statement: &'p Statement,
    /// The object store's actions that it covers, in the order of their names.
    covered: &'p [&'static str],
}

impl<'p> Part<'p> {
    fn allows(self) -> bool {
        self.statement.effect() == Effect::Allow
    }

    /// Whether one of the statement's action patterns covers an action.
    fn covers(self, action: &str) -> bool {
        covers(self.statement, action)
    }

    /// The object store's actions that the statement covers, of those that pass.
    fn covered(self, passes: impl Fn(&str) -> bool) -> Vec<&'static str> {
        let covered = self.covered.iter().copied();
        covered.filter(|action| passes(action)).collect()
    }

    fn has_wildcard_action(self) -> bool {
        self.statement
            .actions()
            .iter()
            .any(|action| action.text().contains('*'))
    }

    /// The other statements of the document that deny.
    fn denies(self) -> impl Iterator<Item = &'p Statement> {
        self.policy
            .statements()
            .iter()
            .filter(|other| other.effect() == Effect::Deny)
    }
}

fn covered(statement: &Statement) -> Vec<&'static str> {
    let patterns = statement.actions().iter();
    let mut covered: Vec<&str> = patterns.flat_map(actions::covered).collect();
    covered.sort_unstable();
    covered.dedup();
    covered
}

fn covers(statement: &Statement, action: &str) -> bool {
    statement.actions().iter().any(|pattern| pattern.covers(action))
}

/// The findings so far.
#[derive(Default)]
struct Report {
    findings: Vec<Finding>,
}

impl Report {
    /// Notes a finding about a statement.
    fn about(&mut self, id: &str, part: Part<'_>, what: String) {
        self.note(id, Some((part.index, part.statement.sid())), None, what);
    }

    /// Notes a finding, with another weight than the rule's where one is given.
    fn note(
        &mut self,
        id: &str,
        place: Option<(usize, Option<&str>)>,
        weight: Option<Severity>,
        what: String,
    ) {
        let Some(rule) = RULES.iter().find(|rule| rule.id == id) else {
            return;
        };
        self.findings.push(Finding {
            rule: rule.id,
            severity: weight.unwrap_or(rule.severity),
            statement: place.map(|(index, _)| index),
            sid: place.and_then(|(_, sid)| sid.map(str::to_owned)),
            title: rule.title,
            what,
            why: rule.why,
            mend: rule.mend,
            witness: None,
        });
    }
}

impl Audience {
    /// The kind of document that is read for this use.
    pub fn kind(self) -> DocumentKind {
        match self {
            Audience::FrontEnd => DocumentKind::Session,
            Audience::User => DocumentKind::Identity,
            Audience::Bucket => DocumentKind::Bucket,
            Audience::Trust => DocumentKind::Trust,
        }
    }
}
