//! Whether one document allows only what another allows too.
//!
//! All requests fall into finitely many classes that the patterns of both documents cannot tell apart: by who asks,
//! by action, by account and region, and by the path, which an automaton over all path patterns runs through. In
//! each class the statements that match are known, and only their conditions remain: rules show that they cannot
//! make a difference, or a request is tried that shows that they do. What neither settles is told as a doubt.
//!
//! The answer is about the documents alone: one allows a request when a statement allows it and none denies it.
//! Requests are those that the service can be asked: bucket names have their account's number, listings are judged
//! as a bucket and as a prefix, and resources are those of the accounts that the documents name or belong to.

mod clauses;
mod conditions;
mod contexts;
pub(crate) mod globs;
mod paths;
mod situations;

use std::collections::BTreeSet;

use daypass_policy::Policy;

use crate::actions::{Target, targets};
use crate::witness::Witness;
use clauses::{Clause, Leaf};
use paths::Question;

/// What `compare` found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Containment {
    /// Every request that the second document allows, the first allows too.
    Contained,
    /// The evaluator confirms that the second document allows this request and the first does not.
    NotContained(Box<Witness>),
    /// Neither could be shown.
    Unknown(Doubt),
}

/// Why neither could be shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Doubt {
    /// The documents would take more work than the bound allows.
    TooLarge,
    /// It hangs on this condition, `operator on key`.
    Condition(String),
    /// It hangs on the variable `${uin}`: for the caller that was tried nothing was found.
    Variable,
}

/// The work that one comparison may take: places in patterns looked at, and requests tried.
const MAX_WORK: usize = 4_000_000;

/// What is left of the work that a comparison may take.
pub(crate) struct Work(usize);

/// There is nothing left.
pub(crate) struct Exhausted;

impl Work {
    fn spend(&mut self, amount: usize) -> Result<(), Exhausted> {
        self.0 = self.0.checked_sub(amount).ok_or(Exhausted)?;
        Ok(())
    }
}

/// Whether every request that `narrow` allows is also allowed by `wide`.
///
/// ```
/// use daypass_analysis::{Containment, compare};
/// use daypass_policy::{DocumentKind, OwnerAccount, parse};
///
/// let owner = OwnerAccount { app_id: 1250000000, owner_uin: 100000000001 };
/// let document = |key: &str| {
///     let text = format!(
///         r#"{{"version":"2.0","statement":[{{"effect":"allow","action":"cos:GetObject",
///         "resource":"qcs::cos::uid/1250000000:photos-1250000000/{key}"}}]}}"#
///     );
///     parse(&text, DocumentKind::Identity, &owner)
/// };
/// let (all, anns) = (document("*")?, document("ann/*")?);
/// assert_eq!(compare(&all, &anns), Containment::Contained);
/// let Containment::NotContained(witness) = compare(&anns, &all) else { unreachable!() };
/// assert!(witness.is_allowed_by(&all) && !witness.is_allowed_by(&anns));
/// # Ok::<(), daypass_policy::PolicyError>(())
/// ```
pub fn compare(wide: &Policy, narrow: &Policy) -> Containment {
    compare_all(&[wide], narrow)
}

/// Whether every request that `narrow` allows is also allowed by the `wide` documents together, as those of one
/// user are: one of them allows it, and none denies it.
pub fn compare_all(wide: &[&Policy], narrow: &Policy) -> Containment {
    compare_within(wide, narrow, MAX_WORK)
}

/// As [`compare_all`], with a bound on the work of its own.
pub(crate) fn compare_within(wide: &[&Policy], narrow: &Policy, max_work: usize) -> Containment {
    let mut work = Work(max_work);
    let mut doubt = None;
    match search(wide, narrow, &mut work, &mut doubt) {
        Ok(Some(witness)) => Containment::NotContained(Box::new(witness)),
        Ok(None) if doubt.is_none() && clauses::hang_on_caller(wide, narrow) => {
            Containment::Unknown(Doubt::Variable)
        }
        Ok(None) => doubt.map_or(Containment::Contained, Containment::Unknown),
        Err(Exhausted) => Containment::Unknown(Doubt::TooLarge),
    }
}

/// Goes through all classes of requests until one of them has a witness.
fn search(
    wide: &[&Policy],
    narrow: &Policy,
    work: &mut Work,
    doubt: &mut Option<Doubt>,
) -> Result<Option<Witness>, Exhausted> {
    let all = clauses::of(wide, narrow);
    let scopes = situations::scopes(wide, narrow, &all, work)?;
    for who in situations::callers(wide, narrow) {
        let named: Vec<&Clause<'_>> = all.iter().filter(|clause| clause.names(&who)).collect();
        let mut leaf = Leaf::new(wide, narrow, &who);
        let mut asked = BTreeSet::new();
        for action in situations::actions(&named, work)? {
            let matching: Vec<&Clause<'_>> = named
                .iter()
                .copied()
                .filter(|clause| clause.covers(&action))
                .collect();
            if !matching.iter().any(|clause| clause.may_witness()) {
                continue;
            }
            for &target in targets(&action) {
                for scope in scopes.of(target) {
                    let question = Question::new(target, scope, &who, &matching);
                    if !asked.insert(question.key()) {
                        continue;
                    }
                    if let Some(witness) = question.search(&action, &mut leaf, work)? {
                        return Ok(Some(witness));
                    }
                }
            }
        }
        if doubt.is_none() {
            *doubt = leaf.into_doubt();
        }
    }
    Ok(None)
}

/// Where resources of one class lie.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Scope {
    /// No one resource.
    Nowhere,
    /// A region and an account's number of the object store.
    Store { region: String, app_id: u64 },
    /// An account of access management.
    Account { owner_uin: u64 },
}

/// The classes of places.
pub(crate) struct Scopes {
    nowhere: Vec<Scope>,
    stores: Vec<Scope>,
    accounts: Vec<Scope>,
}

impl Scopes {
    fn of(&self, target: Target) -> &[Scope] {
        match target {
            Target::Operation => &self.nowhere,
            Target::Bucket | Target::Listing | Target::Object => &self.stores,
            Target::Identity | Target::Role => &self.accounts,
        }
    }
}

#[cfg(test)]
mod tests;
