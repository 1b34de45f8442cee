//! The classes that who asks, which action, and where fall into: one of each for all that no pattern tells apart.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use daypass_policy::{OwnerAccount, Policy, PrincipalPattern};

use super::clauses::Clause;
use super::globs::{Globs, Positions};
use super::{Exhausted, Scope, Scopes, Work};
use crate::actions;
use crate::witness::Who;

/// The region that is tried where no pattern cares.
const USUAL_REGION: &str = "ap-guangzhou";

/// The services whose actions are ever asked for.
const SERVICES: [&str; 4] = ["cos:", "sts:", "cam:", "ci:"];

/// The first number that is tried for an account that nobody names.
const STRANGER: u64 = 100_000_000_099;

/// One caller of each class.
pub(super) fn callers(wide: &[&Policy], narrow: &Policy) -> Vec<Who> {
    let statements = wide.iter().copied().chain([narrow]).flat_map(Policy::statements);
    let principals: Vec<&PrincipalPattern> = statements
        .filter_map(|statement| statement.principals())
        .flatten()
        .collect();
    let stranger = unnamed_number(&principals, narrow);
    let user_of = |owner_uin| Who::Account {
        owner_uin,
        uin: stranger,
    };
    let mut callers = vec![user_of(narrow.owner().owner_uin)];
    if principals.is_empty() {
        return callers;
    }
    callers.extend([user_of(stranger), Who::Anonymous, Who::Service("none".to_owned())]);
    let mut roles: BTreeMap<u64, [BTreeSet<String>; 2]> = BTreeMap::new();
    for principal in principals {
        match principal {
            PrincipalPattern::Everyone | PrincipalPattern::Anonymous => {}
            PrincipalPattern::Root { owner_uin } | PrincipalPattern::Users { owner_uin } => {
                let uin = *owner_uin;
                callers.extend([user_of(uin), Who::Account { owner_uin: uin, uin }]);
                roles.entry(uin).or_default();
            }
            PrincipalPattern::User { owner_uin, uin } => callers.push(Who::Account {
                owner_uin: *owner_uin,
                uin: *uin,
            }),
            PrincipalPattern::RoleName { owner_uin, name } => {
                let [names, _] = roles.entry(*owner_uin).or_default();
                names.insert(name.clone());
            }
            PrincipalPattern::RoleId { owner_uin, id } => {
                let [_, ids] = roles.entry(*owner_uin).or_default();
                ids.insert(id.clone());
            }
            PrincipalPattern::Service(name) => callers.push(Who::Service(name.clone())),
            PrincipalPattern::Federated { owner_uin, provider } => callers.push(Who::Federated {
                owner_uin: *owner_uin,
                provider: provider.clone(),
            }),
        }
    }
    for (owner_uin, [mut names, mut ids]) in roles {
        names.insert("unnamed".to_owned());
        ids.insert(stranger.to_string());
        for name in &names {
            callers.extend(ids.iter().map(|id| Who::Role {
                owner_uin,
                id: id.clone(),
                name: name.clone(),
            }));
        }
    }
    callers
}

fn unnamed_number(principals: &[&PrincipalPattern], policy: &Policy) -> u64 {
    let named: BTreeSet<u64> = principals
        .iter()
        .flat_map(|principal| match principal {
            PrincipalPattern::Root { owner_uin } | PrincipalPattern::Users { owner_uin } => vec![*owner_uin],
            PrincipalPattern::User { owner_uin, uin } => vec![*owner_uin, *uin],
            _ => Vec::new(),
        })
        .chain([policy.owner().owner_uin])
        .collect();
    let mut number = STRANGER;
    while named.contains(&number) {
        number += 1;
    }
    number
}

/// One action of each class that the narrow document may allow, those that exist first.
pub(super) fn actions(clauses: &[&Clause<'_>], work: &mut Work) -> Result<Vec<String>, Exhausted> {
    let granted = |action: &str| {
        clauses
            .iter()
            .any(|clause| clause.may_witness() && clause.covers(action))
    };
    let mut actions: Vec<String> = Vec::new();
    for &known in actions::COS {
        work.spend(clauses.len())?;
        if granted(known) {
            actions.push(known.to_owned());
        }
    }
    let mut globs = Globs::default();
    let patterns = clauses.iter().flat_map(|clause| clause.statement.actions());
    let texts: BTreeSet<String> = patterns
        .map(|pattern| pattern.text().to_ascii_lowercase())
        .collect();
    for text in &texts {
        globs.add(text);
    }
    for service in SERVICES {
        let is_legal = |letter: char| letter.is_ascii_lowercase() || letter.is_ascii_digit() || letter == '_';
        for word in words(&globs, service, is_legal, work)? {
            if !actions::is_known(&word) && granted(&word) {
                actions.push(word);
            }
        }
    }
    let mut seen = BTreeSet::new();
    actions.retain(|action| {
        let covered: Vec<bool> = clauses.iter().map(|clause| clause.covers(action)).collect();
        seen.insert((actions::targets(action), covered))
    });
    Ok(actions)
}

/// The places that requests can be about.
pub(super) fn scopes(
    wide: &[&Policy],
    narrow: &Policy,
    clauses: &[Clause<'_>],
    work: &mut Work,
) -> Result<Scopes, Exhausted> {
    let owners: Vec<OwnerAccount> = wide.iter().copied().chain([narrow]).map(Policy::owner).collect();
    let resources = || {
        clauses
            .iter()
            .flat_map(|clause| clause.statement.resources().unwrap_or_default())
    };
    let named = resources().filter_map(|resource| resource.app_id());
    let app_ids: BTreeSet<u64> = owners.iter().map(|owner| owner.app_id).chain(named).collect();
    let named = resources().filter_map(|resource| resource.owner_uin());
    let uins: BTreeSet<u64> = owners.iter().map(|owner| owner.owner_uin).chain(named).collect();
    let mut globs = Globs::default();
    let regions: BTreeSet<&str> = resources().map(|resource| resource.region()).collect();
    for region in regions.iter().filter(|region| !region.is_empty()) {
        globs.add(region);
    }
    let is_legal = |letter: char| letter.is_ascii_lowercase() || letter.is_ascii_digit() || letter == '-';
    let mut regions = vec![USUAL_REGION.to_owned()];
    regions.extend(words(&globs, "", is_legal, work)?);
    let store = |app_id: u64| {
        regions.iter().map(move |region| Scope::Store {
            region: region.clone(),
            app_id,
        })
    };
    Ok(Scopes {
        nowhere: vec![Scope::Nowhere],
        stores: app_ids.into_iter().flat_map(store).collect(),
        accounts: uins
            .into_iter()
            .map(|owner_uin| Scope::Account { owner_uin })
            .collect(),
    })
}

/// One word, a short one, for each set of patterns that accept one, with no pattern at all among them. Every word
/// has at least a letter after its beginning.
fn words(
    globs: &Globs,
    beginning: &str,
    is_legal: impl Fn(char) -> bool,
    work: &mut Work,
) -> Result<Vec<String>, Exhausted> {
    let start = globs.read(beginning);
    let mut seen: BTreeSet<Positions> = BTreeSet::new();
    let mut accepted_before: BTreeSet<Vec<u32>> = BTreeSet::new();
    let mut words = Vec::new();
    let mut queue = VecDeque::from([(beginning.to_owned(), start)]);
    while let Some((word, positions)) = queue.pop_front() {
        let mut letters = globs.letters(&positions);
        letters.retain(|&letter| is_legal(letter));
        let other = ('x'..='z')
            .chain('a'..='w')
            .chain('0'..='9')
            .find(|letter| !letters.contains(letter));
        for letter in other.into_iter().chain(letters) {
            let next = globs.step(&positions, letter);
            work.spend(4 + next.len())?;
            if !seen.insert(next.clone()) {
                continue;
            }
            let word = format!("{word}{letter}");
            if accepted_before.insert(globs.accepted(&next)) {
                words.push(word.clone());
            }
            if !next.is_empty() {
                queue.push_back((word, next));
            }
        }
    }
    Ok(words)
}
