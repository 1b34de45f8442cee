//! Where two patterns meet: in the narrower of them, in nothing, or in what matches both.

use daypass_policy::{ActionPattern, DocumentKind, Effect, Policy, ResourcePattern, Service, Statement};

use super::{Budget, TooLarge};
use crate::actions::COS;
use crate::compare::globs::contains;

/// The actions that look at the names in a bucket.
const LISTINGS: [&str; 3] = [
    "cos:GetBucket",
    "cos:GetBucketObjectVersions",
    "cos:ListMultipartUploads",
];

/// A pattern that can be held against another.
pub(super) trait Pattern: Copy {
    /// Whether whatever the other matches this matches too; where that is not known, no.
    fn contains(self, other: Self) -> bool;
    /// Whether something may match both; where that is not known, yes.
    fn overlaps(self, other: Self, budget: &mut Budget) -> Result<bool, TooLarge>;
    /// As written.
    fn text(self) -> String;
    /// Whether it may match less than its text says.
    fn is_loose(self) -> bool;
}

/// What matches all of these patterns.
#[derive(Debug, Clone)]
pub(super) struct Meet<P> {
    patterns: Vec<P>,
}

/// A pattern for actions.
#[derive(Debug, Clone, Copy)]
pub(super) struct Action<'p>(&'p ActionPattern);

/// A pattern for resources, and what a bare star in it reaches.
#[derive(Debug, Clone, Copy)]
pub(super) struct Path<'p> {
    pattern: &'p ResourcePattern,
    /// The account beyond which a bare star does not reach.
    own: Option<u64>,
    /// Whether the statement is about listings, which have two names: the bucket, and what is below the prefix.
    lists: bool,
}

/// The actions of a statement.
pub(super) fn actions(statement: &Statement) -> Vec<Meet<Action<'_>>> {
    let actions = statement.actions().iter();
    actions.map(|action| Meet::of(Action(action))).collect()
}

/// The resources of a statement.
pub(super) fn resources<'p>(policy: &Policy, statement: &'p Statement) -> Vec<Meet<Path<'p>>> {
    let is_bound = policy.kind() == DocumentKind::Identity && statement.effect() == Effect::Allow;
    let own = is_bound.then(|| policy.owner().app_id);
    let lists = LISTINGS
        .iter()
        .any(|listing| statement.actions().iter().any(|action| action.covers(listing)));
    let resources = statement.resources().unwrap_or_default().iter();
    resources
        .map(|pattern| Meet::of(Path { pattern, own, lists }))
        .collect()
}

/// All meetings of the patterns of two lists, without those that others contain.
pub(super) fn meet_lists<P: Pattern>(
    left: &[Meet<P>],
    right: &[Meet<P>],
    budget: &mut Budget,
) -> Result<Vec<Meet<P>>, TooLarge> {
    let mut met: Vec<Meet<P>> = Vec::new();
    for one in left {
        for other in right {
            let Some(new) = one.meet(other, budget)? else {
                continue;
            };
            budget.spend(1 + met.len())?;
            if met.iter().any(|known| known.covers(&new)) {
                continue;
            }
            met.retain(|known| !new.covers(known));
            met.push(new);
        }
    }
    Ok(met)
}

impl<P: Pattern> Meet<P> {
    fn of(pattern: P) -> Self {
        Meet {
            patterns: vec![pattern],
        }
    }

    /// What matches both; `None` when nothing does.
    fn meet(&self, other: &Self, budget: &mut Budget) -> Result<Option<Self>, TooLarge> {
        for &one in &self.patterns {
            for &another in &other.patterns {
                if !one.overlaps(another, budget)? {
                    return Ok(None);
                }
            }
        }
        let mut patterns: Vec<P> = Vec::new();
        for &pattern in self.patterns.iter().chain(&other.patterns) {
            if patterns.iter().any(|known| pattern.contains(*known)) {
                continue;
            }
            patterns.retain(|known| !known.contains(pattern));
            patterns.push(pattern);
        }
        Ok(Some(Meet { patterns }))
    }

    /// Whether whatever the other matches this matches too; where that is not plain to see, no.
    pub(super) fn covers(&self, other: &Self) -> bool {
        self.patterns
            .iter()
            .all(|outer| other.patterns.iter().any(|inner| outer.contains(*inner)))
    }

    pub(super) fn texts(&self) -> Vec<String> {
        self.patterns.iter().map(|pattern| pattern.text()).collect()
    }

    pub(super) fn text(&self) -> String {
        self.texts().join(" and ")
    }

    pub(super) fn is_loose(&self) -> bool {
        self.patterns.len() > 1 || self.patterns.iter().any(|pattern| pattern.is_loose())
    }
}

impl Pattern for Action<'_> {
    fn contains(self, other: Self) -> bool {
        contains(&self.lower(), &other.lower())
    }

    /// An action with two names may be named by one in one document and by the other in another.
    fn overlaps(self, other: Self, budget: &mut Budget) -> Result<bool, TooLarge> {
        Ok(overlap(&self.lower(), &other.lower(), budget)?
            || COS
                .iter()
                .any(|action| self.0.covers(action) && other.0.covers(action)))
    }

    fn text(self) -> String {
        self.0.text().to_owned()
    }

    fn is_loose(self) -> bool {
        false
    }
}

impl Action<'_> {
    fn lower(self) -> String {
        self.0.text().to_ascii_lowercase()
    }
}

impl Pattern for Path<'_> {
    fn contains(self, other: Self) -> bool {
        let (outer, inner) = (self.pattern, other.pattern);
        if outer.is_everything() {
            let reach = if inner.is_everything() {
                other.own
            } else {
                inner.app_id()
            };
            return self.own.is_none() || self.own == reach;
        }
        let same_account = outer.app_id() == inner.app_id() && outer.owner_uin() == inner.owner_uin();
        let service = matches!(outer.service(), Service::Any) || outer.service() == inner.service();
        let region = outer.region().is_empty() || contains(outer.region(), inner.region());
        let path = if outer.has_variables() || inner.has_variables() {
            outer.path() == inner.path() || outer.path() == "*"
        } else {
            contains(outer.path(), inner.path())
        };
        !inner.is_everything() && same_account && service && region && path
    }

    fn overlaps(self, other: Self, budget: &mut Budget) -> Result<bool, TooLarge> {
        let (one, another) = (self.pattern, other.pattern);
        let accounts = [self.own.or(one.app_id()), other.own.or(another.app_id())];
        if let [Some(left), Some(right)] = accounts
            && left != right
        {
            return Ok(false);
        }
        if one.is_everything() || another.is_everything() {
            return Ok(true);
        }
        let services = [one.service(), another.service()];
        let is_identity = |service| matches!(service, Service::Cam | Service::Sts);
        if services[0] != services[1]
            && !services.contains(&Service::Any)
            && !services.into_iter().all(is_identity)
        {
            return Ok(false);
        }
        let regions = [one.region(), another.region()];
        if !regions.contains(&"") && !overlap(regions[0], regions[1], budget)? {
            return Ok(false);
        }
        let names_both = one.has_variables()
            || another.has_variables()
            || services.into_iter().any(is_identity)
            || (self.lists && other.lists && [one, another].into_iter().any(may_be_bucket));
        Ok(names_both || overlap(one.path(), another.path(), budget)?)
    }

    fn text(self) -> String {
        self.pattern.text().to_owned()
    }

    fn is_loose(self) -> bool {
        self.pattern.has_variables()
    }
}

/// Whether a pattern may match the name of a bucket itself.
fn may_be_bucket(pattern: &ResourcePattern) -> bool {
    match pattern.path().split_once('/') {
        Some((bucket, rest)) => bucket.contains('*') || rest.bytes().all(|byte| byte == b'*'),
        None => true,
    }
}

/// Whether some text matches both of two patterns over `*`.
fn overlap(one: &str, other: &str, budget: &mut Budget) -> Result<bool, TooLarge> {
    let other: Vec<char> = other.chars().collect();
    budget.spend((one.len() + 1) * (other.len() + 1))?;
    // Whether the rest of `one` meets the rest of `other` from each place on.
    let mut after: Vec<bool> = trailing(&other);
    for letter in one.chars().rev() {
        let mut here = vec![false; other.len() + 1];
        let mut beyond = false;
        let places = after.iter().copied().enumerate().rev();
        for (place, is_met) in places {
            let theirs = other.get(place).copied();
            let next_after = after.get(place + 1).copied().unwrap_or(false);
            let met = match (letter, theirs) {
                // A star takes in nothing, or what stands there.
                ('*', _) => is_met || beyond,
                (_, Some('*')) => beyond || is_met,
                (mine, Some(theirs)) => mine == theirs && next_after,
                (_, None) => false,
            };
            if let Some(slot) = here.get_mut(place) {
                *slot = met;
            }
            beyond = met;
        }
        after = here;
    }
    Ok(after.first().copied().unwrap_or(false))
}

/// From which places on the rest of a pattern matches nothing at all: where only stars follow.
fn trailing(pattern: &[char]) -> Vec<bool> {
    let mut places = vec![true; pattern.len() + 1];
    let mut only_stars = true;
    for (slot, letter) in places.iter_mut().rev().skip(1).zip(pattern.iter().rev()) {
        only_stars = only_stars && *letter == '*';
        *slot = only_stars;
    }
    places
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_that_overlap() {
        let check = |one: &str, other: &str, expected: bool| {
            for (one, other) in [(one, other), (other, one)] {
                let mut budget = Budget(10_000);
                assert_eq!(overlap(one, other, &mut budget), Ok(expected), "{one} {other}");
            }
        };
        check("", "", true);
        check("", "*", true);
        check("", "a", false);
        check("a*", "*b", true);
        check("a*", "b*", false);
        check("a*c", "ab*", true);
        check("a*c", "abd", false);
        check("*a", "*b", false);
        check("*a*", "*b*", true);
        check("ann/*", "*", true);
        check("ann/*.png", "ann/x*", true);
        check("ann/*.png", "ann/x*.jpg", false);
        check("**", "a", true);
        check("ab", "a*b", true);
        check("a", "a*b", false);
    }

    #[test]
    fn work_is_bounded() {
        let mut budget = Budget(8);
        assert_eq!(overlap("ab", "a", &mut budget), Ok(false));
        assert_eq!(overlap("ab", "a", &mut budget), Err(TooLarge));
    }
}
