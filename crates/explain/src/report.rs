//! The reasons of one decision, as they are kept and told. docs/explain.md describes every field.

use serde::{Deserialize, Serialize};
use serde_json::Value as Json;

/// Most judgements of one request that are kept: those that were refused come first.
pub(super) const MAX_JUDGEMENTS: usize = 8;
/// Most values of one list that are kept.
pub(super) const MAX_VALUES: usize = 8;
/// Longest text of a request or a document that is kept, in bytes.
pub(super) const MAX_TEXT_BYTES: usize = 1024;

/// Why a request was allowed or not.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct Reasons {
    /// Whether all of it was allowed.
    pub allowed: bool,
    /// The rule that binds the whole operation, whatever policies say, if one refused it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rule: Option<String>,
    /// What was asked, and what each layer said.
    pub judgements: Vec<Judgement>,
    /// How many more there were.
    #[serde(skip_serializing_if = "is_zero")]
    pub omitted: usize,
    /// What would have it allowed.
    pub mend: Mend,
}

/// One action on one resource, put to every layer.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct Judgement {
    /// Which of the things that must hold this is, from 0 on. Of several judgements of one, it is enough that one is
    /// allowed and none denied.
    pub requirement: usize,
    /// The action.
    pub action: String,
    /// The resource, as policies name it.
    pub resource: String,
    /// The root of the account that owns it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub owner_uin: Option<u64>,
    /// Whether that requirement is fulfilled.
    pub allowed: bool,
    /// What the layers said, in the order in which they were asked.
    pub layers: Vec<LayerReport>,
}

/// What one layer said.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct LayerReport {
    /// Its name, as in the audit trail.
    pub layer: String,
    /// Which of its documents, from 0 on.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub document: Option<usize>,
    /// The root of the account whose layer it is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub owner_uin: Option<u64>,
    /// What it said.
    pub verdict: Verdict,
    /// The statement that decided.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub deciding: Option<Deciding>,
    /// Where it said nothing: the allowing statement that came closest.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub closest: Option<Closest>,
}

/// What a layer can say.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Verdict {
    /// It allows.
    Allows,
    /// It denies.
    Denies,
    /// It says nothing, which is not enough.
    #[default]
    Silent,
    /// Its document cannot be read, which denies.
    Unreadable,
}

/// A statement that matched.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct Deciding {
    /// Its place in the document, from 0 on.
    pub statement: usize,
    /// Its name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sid: Option<String>,
    /// Its conditions, which held.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub conditions: Vec<ConditionReport>,
}

/// A statement that would allow, if not for what is named here.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct Closest {
    /// Which document of the layer it stands in.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub document: Option<usize>,
    /// Its place in the document, from 0 on.
    pub statement: usize,
    /// Its name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sid: Option<String>,
    /// It names others than the caller.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub principal: Option<Mismatch>,
    /// It names other actions.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub action: Option<Mismatch>,
    /// It names other resources.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub resource: Option<Mismatch>,
    /// The conditions that did not hold.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub conditions: Vec<ConditionReport>,
}

/// What a statement names, and what the request was about.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Mismatch {
    /// What the statement names.
    pub expected: Vec<String>,
    /// What the request has.
    pub actual: String,
}

/// A condition and what the request had for it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct ConditionReport {
    /// The operator, with its modifiers.
    pub operator: String,
    /// The key.
    pub key: String,
    /// The values in the statement.
    pub expected: Vec<String>,
    /// What the request had; empty when it had nothing.
    pub actual: Vec<String>,
    /// The request's values belong to another account and are not told.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub withheld: bool,
}

/// What would have a refused request allowed.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(tag = "State", rename_all = "camelCase", rename_all_fields = "PascalCase")]
pub enum Mend {
    /// Nothing is to be mended: it was allowed.
    #[default]
    NotNeeded,
    /// These statements, all of them: with them the engine allows it.
    Statements {
        /// Where they are missing.
        steps: Vec<Step>,
    },
    /// No statement that allows can help: these deny.
    Denied {
        /// What denies.
        denials: Vec<Denial>,
    },
    /// No statement can: a rule binds the operation, or the resource is nobody's.
    Never,
    /// What is missing is in the hands of another account, and not told.
    Withheld,
    /// None was found that the engine would accept.
    Unknown,
}

/// A statement that is missing.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Step {
    /// The layer that it is missing in.
    pub layer: String,
    /// Which of the layer's documents, where only one will do.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub document: Option<usize>,
    /// The root of the account whose layer it is.
    pub owner_uin: u64,
    /// The statement.
    pub statement: Json,
}

/// A statement that denies, or a document that cannot be read.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Denial {
    /// Its layer.
    pub layer: String,
    /// Which of the layer's documents, from 0 on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub document: Option<usize>,
    /// The root of the account whose layer it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub owner_uin: Option<u64>,
    /// Its place in the document, from 0 on; none when the document cannot be read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub statement: Option<usize>,
    /// Its name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sid: Option<String>,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "the form that serde asks for")]
fn is_zero(number: &usize) -> bool {
    *number == 0
}

/// A text, cut where it is too long to be kept.
pub(super) fn bounded(text: &str) -> String {
    if text.len() <= MAX_TEXT_BYTES {
        return text.to_owned();
    }
    let kept = text
        .get(..text.floor_char_boundary(MAX_TEXT_BYTES))
        .unwrap_or_default();
    format!("{kept}…")
}

/// The first of many texts, and how many more there were.
pub(super) fn bounded_list<T: AsRef<str>>(texts: impl ExactSizeIterator<Item = T>) -> Vec<String> {
    let more = texts.len().saturating_sub(MAX_VALUES);
    let mut list: Vec<String> = texts
        .take(MAX_VALUES)
        .map(|text| bounded(text.as_ref()))
        .collect();
    if more > 0 {
        list.push(format!("… and {more} more"));
    }
    list
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_texts_and_lists_are_cut_at_the_bound() {
        let whole = "é".repeat(MAX_TEXT_BYTES / 2);
        assert_eq!(bounded(&whole), whole);
        assert_eq!(bounded(&format!("{whole}x")), format!("{whole}…"));
        let list = |length: usize| bounded_list(vec!["v"; length].into_iter());
        assert_eq!(list(MAX_VALUES).len(), MAX_VALUES);
        assert_eq!(
            list(MAX_VALUES + 2).last().map(String::as_str),
            Some("… and 2 more")
        );
    }
}
