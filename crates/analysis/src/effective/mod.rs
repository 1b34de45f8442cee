//! What remains when several layers must all allow: a user's policies, its boundary, a temporary key's policy.
//!
//! A statement matches when one of its actions and one of its resources do, so the meeting of two statements is the
//! meeting of their actions times that of their resources. Two patterns meet in the narrower one where one contains
//! the other, in nothing where no text matches both, and otherwise in both of them: a row then names both, and that
//! is exact. Conditions add up. Denies are subtracted where they take away whole actions or resources without a
//! condition; otherwise the row lists them as exceptions. Rows promise nothing that the layers refuse.

mod meeting;
mod picture;

pub use picture::picture;

use daypass_policy::{Condition, Effect, Policy, Statement};
use serde::Serialize;

use meeting::{Action, Meet, Path, Pattern};

/// The most rows that are told, and that are looked at on the way.
const MAX_ROWS: usize = 2_000;
/// The work that one answer may take, in pairs of letters compared.
const MAX_WORK: usize = 40_000_000;

/// One layer: its documents hold together, as those of a user and its groups do.
#[derive(Debug, Clone, Copy)]
pub struct LayerDocuments<'p> {
    /// What people call it: `A`, `boundary`.
    pub name: &'p str,
    /// Its documents: one of them must allow, and none deny.
    pub documents: &'p [&'p Policy],
}

/// What all layers together allow: every request that they do is in one of the rows, and not in its exceptions.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Row {
    /// The actions; each is one pattern, or several that must all cover the action.
    pub actions: Vec<Vec<String>>,
    /// The resources, likewise.
    pub resources: Vec<Vec<String>>,
    /// The conditions, all of which must hold: `operator on key: value, value`.
    pub conditions: Vec<String>,
    /// What is refused all the same.
    pub exceptions: Vec<Exception>,
    /// The statement of each layer that allows it.
    pub from: Vec<Origin>,
    /// Whether less than this may be allowed, because a variable or the two names of a listing decide.
    pub at_most: bool,
}

/// A statement that denies part of a row.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Exception {
    /// Where it stands.
    pub statement: Origin,
    /// The actions that it denies.
    pub actions: Vec<String>,
    /// The resources for which it denies them.
    pub resources: Vec<String>,
    /// The conditions under which it does.
    pub conditions: Vec<String>,
}

/// Where a statement stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Origin {
    /// The layer's name.
    pub layer: String,
    /// The document, counted from 0.
    pub document: usize,
    /// The statement, counted from 0.
    pub statement: usize,
}

/// The layers take more work, or have more rows, than the bound allows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TooLarge;

/// What is left of the work.
pub(crate) struct Budget(usize);

impl Budget {
    fn spend(&mut self, amount: usize) -> Result<(), TooLarge> {
        self.0 = self.0.checked_sub(amount).ok_or(TooLarge)?;
        Ok(())
    }
}

/// What the layers allow together.
///
/// ```
/// use daypass_analysis::{LayerDocuments, effective};
/// use daypass_policy::{DocumentKind, OwnerAccount, parse};
///
/// let owner = OwnerAccount { app_id: 1250000000, owner_uin: 100000000001 };
/// let document = |action: &str, key: &str| {
///     let text = format!(
///         r#"{{"version":"2.0","statement":[{{"effect":"allow","action":"{action}",
///         "resource":"qcs::cos::uid/1250000000:photos-1250000000/{key}"}}]}}"#
///     );
///     parse(&text, DocumentKind::Identity, &owner)
/// };
/// let (a, b) = (document("cos:Get*", "*")?, document("cos:*", "ann/*")?);
/// let rows = effective(&[
///     LayerDocuments { name: "A", documents: &[&a] },
///     LayerDocuments { name: "B", documents: &[&b] },
/// ]).unwrap();
/// assert_eq!(rows[0].actions, [["cos:Get*"]]);
/// assert_eq!(rows[0].resources, [["qcs::cos::uid/1250000000:photos-1250000000/ann/*"]]);
/// # Ok::<(), daypass_policy::PolicyError>(())
/// ```
pub fn effective(layers: &[LayerDocuments<'_>]) -> Result<Vec<Row>, TooLarge> {
    effective_within(layers, MAX_WORK)
}

/// As [`effective`], with a bound on the work of its own.
pub(crate) fn effective_within(layers: &[LayerDocuments<'_>], max_work: usize) -> Result<Vec<Row>, TooLarge> {
    let mut budget = Budget(max_work);
    let mut drafts: Option<Vec<Draft<'_>>> = None;
    for layer in layers {
        drafts = Some(match drafts {
            None => grants(layer).collect(),
            Some(before) => meet_all(&before, layer, &mut budget)?,
        });
    }
    let mut rows: Vec<Row> = Vec::new();
    for mut draft in drafts.unwrap_or_default() {
        let exceptions = subtract(&mut draft, layers, &mut budget)?;
        if draft.actions.is_empty() || draft.resources.is_empty() {
            continue;
        }
        let row = draft.into_row(exceptions);
        if !rows.iter().any(|other| other.says_the_same(&row)) {
            rows.push(row);
        }
    }
    Ok(rows)
}

/// A row that is being made.
struct Draft<'p> {
    actions: Vec<Meet<Action<'p>>>,
    resources: Vec<Meet<Path<'p>>>,
    conditions: Vec<&'p Condition>,
    from: Vec<Origin>,
}

/// All statements of a layer with a given effect, and where each stands.
fn statements<'p>(
    layer: &LayerDocuments<'p>,
    effect: Effect,
) -> impl Iterator<Item = (&'p Policy, &'p Statement, Origin)> {
    let name = layer.name;
    let documents = layer.documents.iter().copied().enumerate();
    let all = documents.flat_map(move |(document, policy)| {
        let statements = policy.statements().iter().enumerate();
        statements.map(move |(statement, found)| {
            let origin = Origin {
                layer: name.to_owned(),
                document,
                statement,
            };
            (policy, found, origin)
        })
    });
    all.filter(move |(_, statement, _)| statement.effect() == effect)
}

fn grants<'p>(layer: &LayerDocuments<'p>) -> impl Iterator<Item = Draft<'p>> {
    statements(layer, Effect::Allow).map(|(policy, statement, origin)| Draft {
        actions: meeting::actions(statement),
        resources: meeting::resources(policy, statement),
        conditions: statement.conditions().iter().collect(),
        from: vec![origin],
    })
}

fn meet_all<'p>(
    before: &[Draft<'p>],
    layer: &LayerDocuments<'p>,
    budget: &mut Budget,
) -> Result<Vec<Draft<'p>>, TooLarge> {
    let mut drafts = Vec::new();
    for grant in grants(layer) {
        for draft in before {
            let met = draft.meet(&grant, budget)?;
            if !met.actions.is_empty() && !met.resources.is_empty() {
                drafts.push(met);
            }
            if drafts.len() > MAX_ROWS {
                return Err(TooLarge);
            }
        }
    }
    Ok(drafts)
}

impl<'p> Draft<'p> {
    fn meet(&self, other: &Draft<'p>, budget: &mut Budget) -> Result<Draft<'p>, TooLarge> {
        let actions = meeting::meet_lists(&self.actions, &other.actions, budget)?;
        let resources = match actions.is_empty() {
            true => Vec::new(),
            false => meeting::meet_lists(&self.resources, &other.resources, budget)?,
        };
        let both = self.conditions.iter().chain(&other.conditions);
        Ok(Draft {
            actions,
            resources,
            conditions: both.copied().collect(),
            from: self.from.iter().chain(&other.from).cloned().collect(),
        })
    }

    fn into_row(self, exceptions: Vec<Exception>) -> Row {
        let at_most = self.resources.iter().any(Meet::is_loose);
        Row {
            actions: self.actions.iter().map(Meet::texts).collect(),
            resources: self.resources.iter().map(Meet::texts).collect(),
            conditions: in_words(self.conditions.iter().copied()),
            exceptions,
            from: self.from,
            at_most,
        }
    }
}

impl Row {
    /// Whether two rows differ in nothing but where they come from.
    fn says_the_same(&self, other: &Row) -> bool {
        let parts = |row: &Row| {
            (
                row.actions.clone(),
                row.resources.clone(),
                row.conditions.clone(),
                row.exceptions.clone(),
            )
        };
        parts(self) == parts(other)
    }
}

/// Takes away what denies take away for certain, and answers those that remain as exceptions.
fn subtract<'p>(
    draft: &mut Draft<'p>,
    layers: &[LayerDocuments<'p>],
    budget: &mut Budget,
) -> Result<Vec<Exception>, TooLarge> {
    let mut exceptions = Vec::new();
    for layer in layers {
        for (policy, statement, origin) in statements(layer, Effect::Deny) {
            let actions = meeting::actions(statement);
            let resources = meeting::resources(policy, statement);
            if meeting::meet_lists(&draft.actions, &actions, budget)?.is_empty()
                || meeting::meet_lists(&draft.resources, &resources, budget)?.is_empty()
            {
                continue;
            }
            if statement.conditions().is_empty() {
                let is_denied_everywhere = covers_all(&resources, &draft.resources);
                let are_all_denied = covers_all(&actions, &draft.actions);
                if is_denied_everywhere {
                    draft.actions.retain(|one| !covers_one(&actions, one));
                } else if are_all_denied {
                    draft.resources.retain(|one| !covers_one(&resources, one));
                }
                if is_denied_everywhere && are_all_denied
                    || meeting::meet_lists(&draft.actions, &actions, budget)?.is_empty()
                    || meeting::meet_lists(&draft.resources, &resources, budget)?.is_empty()
                {
                    continue;
                }
            }
            exceptions.push(Exception {
                statement: origin,
                actions: actions.iter().map(Meet::text).collect(),
                resources: resources.iter().map(Meet::text).collect(),
                conditions: in_words(statement.conditions().iter()),
            });
        }
    }
    Ok(exceptions)
}

fn covers_all<P: Pattern>(outer: &[Meet<P>], inner: &[Meet<P>]) -> bool {
    inner.iter().all(|one| covers_one(outer, one))
}

fn covers_one<P: Pattern>(outer: &[Meet<P>], inner: &Meet<P>) -> bool {
    outer.iter().any(|one| one.covers(inner))
}

/// Conditions as they are written, each once.
fn in_words<'p>(conditions: impl Iterator<Item = &'p Condition>) -> Vec<String> {
    let mut words: Vec<String> = Vec::new();
    for condition in conditions {
        let values: Vec<&str> = condition.values().iter().map(|value| value.text()).collect();
        let tag = match condition.key() {
            daypass_policy::ConditionKey::Tag(tag) => tag.as_str(),
            _ => "",
        };
        let (operator, key) = (condition.operator().name(), condition.key().name());
        let text = format!("{operator} on {key}{tag}: {}", values.join(", "));
        if !words.contains(&text) {
            words.push(text);
        }
    }
    words
}

#[cfg(test)]
mod tests;
