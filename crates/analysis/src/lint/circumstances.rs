//! The circumstances of a document: who asks and for how long, in which region, for whom, and what it can reach.

use daypass_policy::{ActionPattern, Effect, Policy, PrincipalPattern, ResourcePattern, Service};

use super::{Audience, LintContext, Part, Report, Severity, grants};
use crate::actions::{self, Purpose, Target};
use crate::compare::{Containment, compare};

/// The life that is enough for a front end, in seconds.
const LONG_SECONDS: u64 = 7200;

/// The longest life of a root account's key, and of any other.
const MAX_ROOT_SECONDS: u64 = 7200;
const MAX_SECONDS: u64 = 129_600;

/// Looks at the key that is asked for.
pub(super) fn key(has_document: bool, context: &LintContext<'_>, report: &mut Report) {
    if context.audience != Audience::FrontEnd {
        return;
    }
    let limit = if context.by_root {
        MAX_ROOT_SECONDS
    } else {
        MAX_SECONDS
    };
    match context.duration_seconds {
        Some(seconds) if seconds > limit => {
            let what = format!("{seconds} seconds, of which {limit} are possible");
            report.note("L13", None, Some(Severity::Error), what);
        }
        Some(seconds) if seconds > LONG_SECONDS => {
            report.note("L13", None, None, format!("{seconds} seconds"))
        }
        _ => {}
    }
    if context.by_root {
        report.note("L14", None, None, "a root account asks".to_owned());
        if !has_document {
            report.note(
                "L15",
                None,
                None,
                "a root account asks without a policy".to_owned(),
            );
        }
    }
}

/// Looks at one statement.
pub(super) fn look(part: Part<'_>, context: &LintContext<'_>, report: &mut Report) {
    let resources = grants::resources(part.statement);
    if matches!(context.audience, Audience::FrontEnd | Audience::Bucket) {
        for resource in resources {
            look_at_region(part, resource, context, report);
        }
    }
    let actions = part.statement.actions();
    let can_match = |resource: &ResourcePattern| actions.iter().any(|action| can_meet(action, resource));
    if part.statement.resources().is_some() && !resources.iter().any(can_match) {
        report.about("L21", part, "no action is about any of the resources".to_owned());
    }
    if context.audience == Audience::Bucket {
        look_at_everybody(part, report);
    }
}

/// Looks at the document as a whole.
pub(super) fn look_at_whole(policy: &Policy, context: &LintContext<'_>, report: &mut Report) {
    let Some(permissions) = context.permissions else {
        return;
    };
    if let Containment::NotContained(witness) = compare(permissions, policy) {
        let place = witness.statement.map(|index| {
            let statement = policy.statements().get(index);
            (index, statement.and_then(|statement| statement.sid()))
        });
        report.note("L16", place, None, format!("for example {witness}"));
    }
}

fn look_at_region(
    part: Part<'_>,
    resource: &ResourcePattern,
    context: &LintContext<'_>,
    report: &mut Report,
) {
    if resource.is_everything() || !matches!(resource.service(), Service::Cos | Service::Ci) {
        return;
    }
    let region = resource.region();
    let differs = context.bucket_region.is_some_and(|bucket| bucket != region);
    if region.is_empty() || region.contains('*') {
        report.about(
            "L20",
            part,
            format!("`{}` is about several regions", resource.text()),
        );
    } else if differs {
        report.about(
            "L20",
            part,
            format!("`{}` is about the region `{region}`", resource.text()),
        );
    }
}

fn look_at_everybody(part: Part<'_>, report: &mut Report) {
    let is_everybody = |principal: &PrincipalPattern| {
        matches!(
            principal,
            PrincipalPattern::Everyone | PrincipalPattern::Anonymous
        )
    };
    let principals = part.statement.principals().unwrap_or_default();
    if part.statement.effect() == Effect::Deny {
        if principals.contains(&PrincipalPattern::Everyone) {
            report.about("L25", part, "the deny is for anyone".to_owned());
        }
        return;
    }
    let is_write = |action: &str| {
        matches!(
            actions::purpose(action),
            Some(Purpose::Upload | Purpose::Multipart | Purpose::Manage)
        )
    };
    if let (true, Some(action)) = (
        principals.iter().any(is_everybody),
        part.covered(is_write).first(),
    ) {
        report.about("L23", part, format!("everybody may `{action}`"));
    }
}

/// Whether any request with the action can be about the resource.
fn can_meet(action: &ActionPattern, resource: &ResourcePattern) -> bool {
    let service = action
        .text()
        .split(':')
        .next()
        .unwrap_or_default()
        .to_ascii_lowercase();
    let is_of = |names: &[&str]| service.contains('*') || names.contains(&service.as_str());
    match resource.service() {
        _ if resource.is_everything() => true,
        Service::Any => true,
        Service::Ci => is_of(&["ci"]),
        Service::Cam => is_of(&["cam", "sts"]),
        Service::Sts => is_of(&["sts"]),
        Service::Cos => {
            is_of(&["cos"]) && !resource.has_variables() && meets_object_store(action, resource.path())
        }
    }
}

fn meets_object_store(action: &ActionPattern, path: &str) -> bool {
    let covered: Vec<&str> = actions::covered(action).collect();
    let key = path.split_once('/').map(|(_, key)| key);
    let fits = |target: &Target| match (target, key) {
        (Target::Operation, _) => false,
        (_, None) | (Target::Listing, _) => true,
        (Target::Bucket, Some(key)) => key.bytes().all(|byte| byte == b'*'),
        (_, Some(key)) => !key.is_empty(),
    };
    // An unknown action is told by another rule.
    covered.is_empty()
        || covered
            .iter()
            .any(|known| actions::targets(known).iter().any(fits))
}
