//! What only the text of a document shows: forms that reading rewrites or drops, and why it was refused.

use daypass_policy::{PolicyError, PolicyErrorKind};
use serde_json::Value as Json;

use super::{Audience, LintContext, Report, Severity};

/// Looks at what a compiled document no longer has.
pub(super) fn look(text: &str, context: &LintContext<'_>, report: &mut Report) {
    // Whatever is wrong with the text is told when it is read as a document.
    let Ok(document) = serde_json::from_str::<Json>(text) else {
        return;
    };
    if context.audience == Audience::FrontEnd && field(&document, "principal").is_some() {
        report.note("L18", None, None, "the document names a principal".to_owned());
    }
    let statements = list(field(&document, "statement"));
    for (index, statement) in statements.iter().enumerate() {
        let place = Some((index, field(statement, "sid").and_then(Json::as_str)));
        if context.audience == Audience::FrontEnd && field(statement, "principal").is_some() {
            report.note("L18", place, None, "the statement names a principal".to_owned());
        }
        for resource in list(field(statement, "resource")) {
            if let Some(resource) = resource
                .as_str()
                .filter(|resource| resource.contains(":prefix//"))
            {
                report.note("L19", place, None, format!("`{resource}`"));
            }
        }
    }
}

/// Says why a document was refused, under the rule that knows best.
pub(super) fn refused(error: &PolicyError, report: &mut Report) {
    use PolicyErrorKind as Kind;
    let id = match error.kind {
        Kind::Condition | Kind::ConditionOperator | Kind::ConditionKey | Kind::ConditionValue => "L12",
        Kind::ResourceAccount | Kind::ForeignResource | Kind::ResourceContent => "L17",
        Kind::ActionMissing | Kind::ResourceMissing => "L21",
        _ => "L30",
    };
    let place = error.statement.map(|index| (index, None));
    let what = match error.detail.as_str() {
        "" => error.kind.to_string(),
        detail => format!("{}: `{detail}`", error.kind),
    };
    report.note(id, place, Some(Severity::Error), what);
}

/// An element in one of its two spellings.
fn field<'j>(object: &'j Json, keyword: &str) -> Option<&'j Json> {
    let fields = object.as_object()?;
    let mut found = fields
        .iter()
        .filter(|(name, _)| name.eq_ignore_ascii_case(keyword));
    found.next().map(|(_, value)| value)
}

/// The entries of a list, or the one thing that stands for it.
fn list(value: Option<&Json>) -> &[Json] {
    match value {
        None => &[],
        Some(Json::Array(values)) => values,
        Some(single) => std::slice::from_ref(single),
    }
}
