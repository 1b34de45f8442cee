//! What a statement grants: too many resources, too many actions, and names that nothing has.

use daypass_policy::{ConditionKey, ResourcePattern, Service, Statement, Test};

use super::{LintContext, Part, Report, bounds};
use crate::actions::{self, PARTS, Purpose};

/// Looks at what a front-end key may do.
pub(super) fn look(part: Part<'_>, context: &LintContext<'_>, report: &mut Report) {
    if !part.allows() {
        return;
    }
    for resource in resources(part.statement) {
        look_at_resource(part, resource, context, report);
    }
    for action in part.statement.actions() {
        let text = action.text();
        let name = text.split_once(':').map_or(text, |(_, name)| name);
        if name.bytes().all(|byte| byte == b'*') {
            report.about("L03", part, format!("`{text}`"));
            continue;
        }
        if text.contains('*') {
            report.about("L04", part, format!("`{text}`"));
        }
        let manages = |known: &&str| actions::purpose(known) == Some(Purpose::Manage);
        if let Some(known) = actions::covered(action).find(manages) {
            report.about("L05", part, format!("`{text}` covers `{known}`"));
        } else if ["cam:", "sts:"].iter().any(|service| text.starts_with(service)) {
            report.about("L05", part, format!("`{text}`"));
        }
    }
    look_at_mixture(part, report);
    look_at_overwriting(part, report);
    look_at_parts(part, report);
}

/// Looks for names that the object store does not have.
pub(super) fn look_at_names(part: Part<'_>, report: &mut Report) {
    for action in part.statement.actions() {
        let text = action.text();
        let is_ours = text
            .get(..4)
            .is_some_and(|start| start.eq_ignore_ascii_case("cos:"));
        if is_ours && actions::covered(action).next().is_none() {
            report.about("L29", part, format!("`{text}`"));
        }
    }
}

fn look_at_resource(
    part: Part<'_>,
    resource: &ResourcePattern,
    context: &LintContext<'_>,
    report: &mut Report,
) {
    let text = resource.text();
    if is_whole(resource) {
        report.about("L01", part, format!("`{text}`"));
        return;
    }
    let Some(folder) = key(resource).and_then(|key| key.strip_suffix('*')) else {
        return;
    };
    let folder = folder.trim_end_matches('*');
    if let Some(end_user) = context.end_user
        && !folder.split('/').any(|segment| segment == end_user)
    {
        report.about("L02", part, format!("`{text}` has no segment `{end_user}`"));
    }
    if !folder.is_empty() && !folder.ends_with('/') {
        report.about("L28", part, format!("`{text}`"));
    }
}

fn look_at_mixture(part: Part<'_>, report: &mut Report) {
    let (actions, resources) = (part.statement.actions().len(), resources(part.statement).len());
    let has = |purposes: &[Purpose]| {
        let found =
            part.covered(|action| actions::purpose(action).is_some_and(|one| purposes.contains(&one)));
        !found.is_empty()
    };
    let reads = has(&[Purpose::Download, Purpose::List]);
    let writes = has(&[Purpose::Upload, Purpose::Multipart, Purpose::Manage]);
    if actions > 1 && resources > 1 && reads && writes {
        let pairs = actions * resources;
        report.about(
            "L06",
            part,
            format!("{actions} actions on {resources} resources are {pairs} grants"),
        );
    }
}

fn look_at_overwriting(part: Part<'_>, report: &mut Report) {
    let demands_new = part.statement.conditions().iter().any(|condition| {
        let operator = condition.operator();
        *condition.key() == ConditionKey::ForbidOverwrite
            && matches!(operator.test, Test::String | Test::StringIgnoreCase | Test::Bool)
            && !operator.negated
            && !operator.if_exist
            && condition
                .values()
                .iter()
                .all(|value| value.text().eq_ignore_ascii_case("true"))
    });
    let uploads = part.covered(|action| actions::purpose(action) == Some(Purpose::Upload));
    let open = resources(part.statement)
        .iter()
        .find(|resource| resource.path().ends_with('*'));
    if let (false, Some(action), Some(resource)) = (demands_new, uploads.first(), open) {
        report.about("L22", part, format!("`{action}` on `{}`", resource.text()));
    }
}

fn look_at_parts(part: Part<'_>, report: &mut Report) {
    if !part.covers("cos:PutObject") || bounds::is_length_bounded(part, "cos:PutObject") {
        return;
    }
    let statements = part.policy.statements();
    let is_missing = |action: &&str| {
        !statements
            .iter()
            .any(|other| other.effect() == part.statement.effect() && super::covers(other, action))
    };
    let missing: Vec<&str> = PARTS.into_iter().filter(is_missing).collect();
    if !missing.is_empty() {
        report.about(
            "L27",
            part,
            format!("`cos:PutObject` without `{}`", missing.join("`, `")),
        );
    }
}

/// Whether a resource takes in a whole bucket, or more.
fn is_whole(resource: &ResourcePattern) -> bool {
    let is_store = matches!(resource.service(), Service::Cos | Service::Any);
    let names_bucket = resource
        .path()
        .split_once('/')
        .is_some_and(|(bucket, _)| !bucket.contains('*'));
    is_store && (!names_bucket || key(resource).is_none_or(|key| key.bytes().all(|byte| byte == b'*')))
}

/// The pattern for keys of objects.
fn key(resource: &ResourcePattern) -> Option<&str> {
    resource.path().split_once('/').map(|(_, key)| key)
}

/// The resources of a statement; none in a trust policy.
pub(super) fn resources(statement: &Statement) -> &[ResourcePattern] {
    statement.resources().unwrap_or_default()
}
