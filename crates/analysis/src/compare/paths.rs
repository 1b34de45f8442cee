//! All paths that resources of one class can have, run through by the product of all path patterns.

use std::collections::{HashSet, VecDeque};
use std::rc::Rc;

use super::clauses::{Clause, Leaf};
use super::conditions::implies;
use super::globs::{Globs, Positions};
use super::{Exhausted, Scope, Work};
use crate::actions::Target;
use crate::witness::{Place, Subject, Who, Witness};

const ROLE_NAME: &str = "roleName/";
const ROLE_ID: &str = "role/";

/// Who may do what to resources of one kind in one place.
pub(super) struct Question<'a> {
    target: Target,
    scope: &'a Scope,
    matching: &'a [&'a Clause<'a>],
    globs: Globs,
    /// The statement of each pattern, as its place in `matching`; `None` for patterns of our own, which tell what
    /// has been read.
    clause_of: Vec<Option<usize>>,
    /// What has been asked, told apart from other questions.
    key: (Target, u64, Vec<(u32, String)>),
    /// For each statement, the wide allows that hold whenever it does, if it may witness.
    grants: Vec<Vec<usize>>,
}

/// A path up to some letter.
struct Node {
    parent: Option<usize>,
    letter: char,
    state: Rc<State>,
}

/// All that decides how a path can go on.
#[derive(Clone, PartialEq, Eq, Hash)]
struct State {
    part: Part,
    positions: Positions,
    /// The patterns that accept the resource's first name, where it has two.
    recorded: Vec<u32>,
}

/// The part of the path that is being read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Part {
    Bucket { is_empty: bool },
    Key { is_empty: bool },
    Identity { is_empty: bool },
    RoleName { is_empty: bool },
    RoleId { is_empty: bool },
}

impl<'a> Question<'a> {
    pub(super) fn new(target: Target, scope: &'a Scope, who: &Who, matching: &'a [&'a Clause<'a>]) -> Self {
        let (mut globs, mut clause_of, mut paths) = (Globs::default(), Vec::new(), Vec::new());
        let mut place = 0;
        if let Scope::Store { app_id, .. } = scope {
            // Every bucket's name ends so, and the pattern is through with it at the slash.
            globs.add(&format!("*-{app_id}/"));
            clause_of.push(None);
            place = *app_id;
        }
        if let Scope::Account { owner_uin } = scope {
            place = *owner_uin;
        }
        if target == Target::Identity {
            for role in [ROLE_NAME, ROLE_ID] {
                globs.add(role);
                clause_of.push(None);
            }
        }
        for (index, clause) in matching.iter().enumerate() {
            for path in clause.paths(target, scope, who) {
                globs.add(&path);
                clause_of.push(Some(index));
                paths.push((clause.number, path));
            }
        }
        Question {
            target,
            scope,
            matching,
            globs,
            clause_of,
            key: (target, place, paths),
            grants: grants(matching),
        }
    }

    /// Two questions with the same key have the same answer.
    pub(super) fn key(&self) -> (Target, u64, Vec<(u32, String)>) {
        self.key.clone()
    }

    /// Looks for a request that only the narrow document allows, shortest paths first.
    pub(super) fn search(
        &self,
        action: &str,
        leaf: &mut Leaf<'_>,
        work: &mut Work,
    ) -> Result<Option<Witness>, Exhausted> {
        let Some(state) = self.start() else {
            let accepted = self.globs.accepted(&self.globs.read("x"));
            return leaf.judge(action, || Subject::Operation, &self.clauses(&accepted), work);
        };
        let state = Rc::new(state);
        let mut nodes = vec![Node {
            parent: None,
            letter: ' ',
            state: Rc::clone(&state),
        }];
        let mut seen = HashSet::from([state]);
        let mut queue = VecDeque::from([0]);
        while let Some(index) = queue.pop_front() {
            let Some(state) = nodes.get(index).map(|node| Rc::clone(&node.state)) else {
                continue;
            };
            for (letter, next) in self.next(&state) {
                work.spend(4 + next.positions.len())?;
                if self.is_settled(&next) || seen.contains(&next) {
                    continue;
                }
                let next = Rc::new(next);
                nodes.push(Node {
                    parent: Some(index),
                    letter,
                    state: Rc::clone(&next),
                });
                let index = nodes.len() - 1;
                if self.is_whole(&next) {
                    let mut accepted = self.globs.accepted(&next.positions);
                    accepted.extend(&next.recorded);
                    let subject = || self.subject(&text(&nodes, index));
                    if let Some(witness) = leaf.judge(action, subject, &self.clauses(&accepted), work)? {
                        return Ok(Some(witness));
                    }
                }
                seen.insert(next);
                queue.push_back(index);
            }
        }
        Ok(None)
    }

    /// Where reading begins; `None` where there is nothing to read.
    fn start(&self) -> Option<State> {
        let part = match self.target {
            Target::Operation => return None,
            Target::Bucket | Target::Listing | Target::Object => Part::Bucket { is_empty: true },
            Target::Identity => Part::Identity { is_empty: true },
            Target::Role => Part::RoleName { is_empty: true },
        };
        let positions = match self.target {
            Target::Role => self.globs.read(ROLE_NAME),
            _ => self.globs.start(),
        };
        Some(State {
            part,
            positions,
            recorded: Vec::new(),
        })
    }

    /// The states after one more letter: one for each letter that makes a difference, and one for all others.
    fn next(&self, state: &State) -> Vec<(char, State)> {
        let mut letters = self.globs.letters(&state.positions);
        if matches!(state.part, Part::Bucket { .. }) && !letters.contains(&'/') {
            letters.push('/');
        }
        letters.retain(|&letter| state.part.takes(letter));
        letters.extend(state.part.another(&letters));
        let mut next: Vec<(char, State)> = letters
            .into_iter()
            .filter_map(|letter| Some((letter, self.after(state, letter)?)))
            .collect();
        if state.part == (Part::RoleName { is_empty: false }) {
            next.push(('\n', self.second_name(state)));
        }
        next
    }

    fn after(&self, state: &State, letter: char) -> Option<State> {
        let positions = self.globs.step(&state.positions, letter);
        let mut recorded = state.recorded.clone();
        let part = match state.part {
            Part::Bucket { .. } if letter == '/' => {
                let mut accepted = self.globs.accepted(&positions);
                let is_shaped = accepted.first() == Some(&0);
                if !is_shaped {
                    return None;
                }
                if self.target == Target::Listing {
                    accepted.remove(0);
                    recorded = accepted;
                }
                Part::Key { is_empty: true }
            }
            // A request about the bucket ends at the slash.
            Part::Key { .. } if self.target == Target::Bucket => return None,
            Part::Bucket { .. } => Part::Bucket { is_empty: false },
            Part::Key { .. } => Part::Key { is_empty: false },
            // What begins so is a role, which is asked about by both its names.
            Part::Identity { .. }
                if self
                    .globs
                    .accepted(&positions)
                    .iter()
                    .any(|&one| self.clause(one).is_none()) =>
            {
                return None;
            }
            Part::Identity { .. } => Part::Identity { is_empty: false },
            Part::RoleName { .. } => Part::RoleName { is_empty: false },
            Part::RoleId { .. } => Part::RoleId { is_empty: false },
        };
        Some(State {
            part,
            positions,
            recorded,
        })
    }

    /// A role is known by two names: where the first ends, the second begins.
    fn second_name(&self, state: &State) -> State {
        State {
            part: Part::RoleId { is_empty: true },
            positions: self.globs.read(ROLE_ID),
            recorded: self.globs.accepted(&state.positions),
        }
    }

    /// Whether what has been read names a resource.
    fn is_whole(&self, state: &State) -> bool {
        match state.part {
            Part::Bucket { .. } | Part::RoleName { .. } => false,
            Part::Key { is_empty } => self.target != Target::Object || !is_empty,
            Part::Identity { is_empty } | Part::RoleId { is_empty } => !is_empty,
        }
    }

    /// Whether nothing that begins so can be a witness: no allow of the narrow document is left, or each that is
    /// left is granted by the wide one, or refused by the narrow one, whatever follows.
    fn is_settled(&self, state: &State) -> bool {
        // A role's first name says nothing about the second.
        if matches!(state.part, Part::RoleName { .. }) {
            return false;
        }
        let of = |pattern| {
            self.clause(pattern)
                .and_then(|index| Some((index, *self.matching.get(index)?)))
        };
        let recorded = || state.recorded.iter().copied();
        let live = || self.globs.live(&state.positions).chain(recorded()).filter_map(of);
        let sure = || {
            self.globs
                .saturated(&state.positions)
                .chain(recorded())
                .filter_map(of)
        };
        let may_be_denied = live().any(|(_, clause)| clause.is_wide && !clause.allows());
        let is_granted = |index: usize| {
            let grants = self.grants.get(index).map_or(&[][..], Vec::as_slice);
            !may_be_denied && sure().any(|(wide, _)| grants.contains(&wide))
        };
        sure().any(|(_, clause)| !clause.is_wide && !clause.allows() && clause.conditions().is_empty())
            || live().all(|(index, clause)| !clause.may_witness() || is_granted(index))
    }

    fn clause(&self, pattern: u32) -> Option<usize> {
        let pattern = usize::try_from(pattern).ok()?;
        self.clause_of.get(pattern).copied().flatten()
    }

    /// The statements that patterns belong to, each once.
    fn clauses(&self, patterns: &[u32]) -> Vec<&'a Clause<'a>> {
        let mut indices: Vec<usize> = patterns
            .iter()
            .filter_map(|&pattern| self.clause(pattern))
            .collect();
        indices.sort_unstable();
        indices.dedup();
        indices
            .into_iter()
            .filter_map(|index| self.matching.get(index).copied())
            .collect()
    }

    fn subject(&self, text: &str) -> Subject {
        match self.scope {
            Scope::Nowhere => Subject::Operation,
            Scope::Store { region, app_id } => {
                let (bucket, key) = text.split_once('/').unwrap_or((text, ""));
                let place = Place {
                    region: region.clone(),
                    app_id: *app_id,
                    bucket: bucket.to_owned(),
                };
                match self.target {
                    Target::Listing => Subject::Listing(place, key.to_owned()),
                    Target::Object => Subject::Object(place, key.to_owned()),
                    _ => Subject::Bucket(place),
                }
            }
            Scope::Account { owner_uin } => match (self.target, text.split_once('\n')) {
                (Target::Role, Some((name, id))) => Subject::Role {
                    owner_uin: *owner_uin,
                    id: id.to_owned(),
                    name: name.to_owned(),
                },
                _ => Subject::Identity {
                    owner_uin: *owner_uin,
                    path: text.to_owned(),
                },
            },
        }
    }
}

impl Part {
    /// Whether a letter can come next.
    fn takes(self, letter: char) -> bool {
        match self {
            Part::Bucket { is_empty } => {
                letter.is_ascii_lowercase() || letter.is_ascii_digit() || (!is_empty && "-/".contains(letter))
            }
            Part::Key { .. } | Part::Identity { .. } => true,
            // The sign that stands between a role's two names here.
            Part::RoleName { .. } | Part::RoleId { .. } => letter != '\n',
        }
    }

    /// A letter that can come next and is none of these: a plain one where possible.
    fn another(self, letters: &[char]) -> Option<char> {
        let plain = ('x'..='z').chain('a'..='w').chain('0'..='9').chain(['-']);
        let mut all = plain.chain('\u{4e00}'..='\u{9fa5}');
        all.find(|&letter| self.takes(letter) && !letters.contains(&letter))
    }
}

/// For each statement that may witness, which allows of the wide document hold whenever it does; nothing for others.
fn grants(matching: &[&Clause<'_>]) -> Vec<Vec<usize>> {
    let wide = |narrow: &Clause<'_>| -> Vec<usize> {
        let all = matching.iter().enumerate();
        all.filter(|(_, clause)| narrow.may_witness() && clause.is_wide && clause.allows())
            .filter(|(_, clause)| implies(narrow.conditions(), clause.conditions()))
            .map(|(index, _)| index)
            .collect()
    };
    matching.iter().map(|clause| wide(clause)).collect()
}

/// The letters from the beginning to a node.
fn text(nodes: &[Node], mut index: usize) -> String {
    let mut letters = Vec::new();
    while let Some(Node {
        parent: Some(parent),
        letter,
        ..
    }) = nodes.get(index)
    {
        letters.push(*letter);
        index = *parent;
    }
    letters.iter().rev().collect()
}
