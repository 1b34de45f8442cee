//! Deciding one request against one document.
//!
//! The verdict names the statement that decides on each side and how closely it names the caller. Several
//! documents, and what a deny for everyone means to a signed request, are combined by the caller.

use crate::action::ActionName;
use crate::document::{DocumentKind, Effect, Policy, Statement};
use crate::principal::Standing;
use crate::request::Request;
use crate::resource::{ResourcePattern, Subject};

/// What a document says about a request. The default says nothing: neither grants nor refuses.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Verdict<'p> {
    /// The deny whose naming of the caller weighs most, if any matches.
    pub deny: Option<Match<'p>>,
    /// The allow whose naming of the caller weighs most, if any matches. Worth nothing where a deny binds.
    pub allow: Option<Match<'p>>,
}

/// A statement that matches a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Match<'p> {
    /// What the statement does.
    pub effect: Effect,
    /// Its index in the document.
    pub statement: usize,
    /// The name its author gave it.
    pub sid: Option<&'p str>,
    /// How closely it names the caller; always [`Standing::Named`] in identity and session policies.
    pub standing: Standing,
}

impl Policy {
    /// Decides a request. Of several matching statements the one whose naming of the caller weighs most is
    /// reported, and among equals the first.
    pub fn evaluate(&self, request: &Request<'_>) -> Verdict<'_> {
        let spelling = request.resource.spell();
        let subject = Subject {
            resource: &request.resource,
            names: spelling.names(),
            caller: request.principal.caller(),
        };
        let mut verdict = Verdict::default();
        let action = ActionName::new(request.action);
        for index in self.index.candidates(&action, subject.names) {
            let Some(statement) = self.statements.get(index) else {
                break;
            };
            let Some(standing) = self.match_statement(statement, request, &subject) else {
                continue;
            };
            let side = match statement.effect {
                Effect::Allow => &mut verdict.allow,
                Effect::Deny => &mut verdict.deny,
            };
            let (effect, sid) = (statement.effect, statement.sid());
            if side.is_none_or(|found| found.standing.weight(effect) < standing.weight(effect)) {
                *side = Some(Match {
                    effect,
                    statement: index,
                    sid,
                    standing,
                });
            }
        }
        verdict
    }

    /// Whether a statement that is about the action matches, and how closely it names the caller then.
    fn match_statement(
        &self,
        statement: &Statement,
        request: &Request<'_>,
        subject: &Subject<'_>,
    ) -> Option<Standing> {
        let standing = match &statement.principals {
            None => Some(Standing::Named),
            Some(principals) => principals
                .iter()
                .filter_map(|principal| principal.standing(&request.principal))
                .max_by_key(|standing| standing.weight(statement.effect)),
        }?;
        let matches = self.covers(statement, subject)
            && statement
                .conditions
                .iter()
                .all(|condition| condition.holds(request.context, subject.caller, statement.effect));
        matches.then_some(standing)
    }

    pub(crate) fn covers(&self, statement: &Statement, subject: &Subject<'_>) -> bool {
        let Some(resources) = &statement.resources else {
            // INVARIANT: only trust policies, which are about the one role they belong to, have none.
            return self.kind == DocumentKind::Trust;
        };
        resources.iter().any(|pattern| {
            pattern.covers(subject, statement.effect) && self.reaches(pattern, statement.effect, subject)
        })
    }

    /// A user's right to another account's resource must name that account: `*` is everything of one's own.
    fn reaches(&self, pattern: &ResourcePattern, effect: Effect, subject: &Subject<'_>) -> bool {
        !(self.kind == DocumentKind::Identity
            && effect == Effect::Allow
            && pattern.is_everything()
            && subject.resource.is_foreign_to(&self.owner))
    }
}
