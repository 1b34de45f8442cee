//! From what the engine found to what stands in the statements.

use daypass_access::{Decision, Finding, Layer, Opinion, Question};
use daypass_api::requirement::{Access, Requirement, Requirements};
use daypass_policy::{ConditionKey, Effect, Probe, Request, Tested};

use crate::layers;
use crate::mend::mend;
use crate::report::{
    Closest, ConditionReport, Deciding, Judgement, LayerReport, MAX_JUDGEMENTS, MAX_VALUES, Mend, Mismatch,
    Reasons, Verdict, bounded, bounded_list,
};

/// Why a decision came out as it did. The question is the one that was decided.
pub fn reasons(requirements: &Requirements, question: &Question<'_>, decision: &Decision) -> Reasons {
    let allowed = decision.is_whole();
    let rule = decision.findings.iter().find(|finding| finding.access.is_none());
    if let Some(rule) = rule.filter(|_| !decision.allowed) {
        return Reasons {
            rule: Some(rule.layer.name().to_owned()),
            mend: Mend::Never,
            ..Reasons::default()
        };
    }
    let mut judgements: Vec<Judgement> = Vec::new();
    for (place, requirement) in requirements.iter().enumerate() {
        judgements.extend(judge(place, requirement, question));
    }
    // What was refused comes first, and the order is kept otherwise.
    judgements.sort_by_key(|judgement| judgement.allowed);
    let omitted = judgements.len().saturating_sub(MAX_JUDGEMENTS);
    judgements.truncate(MAX_JUDGEMENTS);
    Reasons {
        allowed,
        rule: None,
        judgements,
        omitted,
        mend: if allowed {
            Mend::NotNeeded
        } else {
            mend(requirements, question)
        },
    }
}

fn judge(place: usize, requirement: &Requirement, question: &Question<'_>) -> Vec<Judgement> {
    let decision = question.settle(&Requirements::All(vec![requirement.clone()]));
    let judged = |access: &Access| {
        let said = |finding: &&Finding| finding.access.as_ref() == Some(access);
        let show = question.show(requirement, access, |request| {
            let findings = decision.findings.iter().filter(said);
            let mut reports: Vec<_> = findings
                .map(|finding| report(question, access, finding, request))
                .collect();
            reports.extend(silent_bucket_policy(question, access, request, &reports));
            (bounded(&layers::resource(request)), reports)
        });
        let (resource, layers) = show.unwrap_or_else(|| {
            let unowned = LayerReport {
                layer: Layer::Unowned.name().to_owned(),
                ..LayerReport::default()
            };
            (bounded(&layers::unowned(&access.resource)), vec![unowned])
        });
        Judgement {
            requirement: place,
            action: access.action.to_owned(),
            resource,
            owner_uin: layers::owner_uin(question, access),
            allowed: decision.allowed,
            layers,
        }
    };
    requirement.any_of.iter().map(judged).collect()
}

fn report(question: &Question<'_>, access: &Access, finding: &Finding, request: &Request<'_>) -> LayerReport {
    let (verdict, statement) = match finding.opinion {
        Opinion::Allows(statement) => (Verdict::Allows, statement),
        Opinion::Denies(statement) => (Verdict::Denies, statement),
        Opinion::Silent => (Verdict::Silent, None),
        Opinion::Unreadable => (Verdict::Unreadable, None),
    };
    let document = match finding.layer {
        Layer::Identity(place) => place,
        Layer::Session(place) => Some(place),
        _ => None,
    };
    let stored = layers::document(question, access, finding.layer).and_then(Option::as_deref);
    let probes = stored.map(|policy| policy.probe(request)).unwrap_or_default();
    let closest = match (verdict, finding.layer) {
        (Verdict::Silent, Layer::Identity(None)) => closest_of_identity(question, request),
        (Verdict::Silent, _) => closest(None, &probes, request).map(|(_, found)| found),
        _ => None,
    };
    LayerReport {
        layer: finding.layer.name().to_owned(),
        document,
        owner_uin: layers::layer_owner(question, access, finding.layer),
        verdict,
        deciding: statement.map(|statement| deciding(statement, &probes)),
        closest,
    }
}

/// A bucket's policy that says nothing is no finding of the engine, but whoever looks for a reason wants to know.
fn silent_bucket_policy(
    question: &Question<'_>,
    access: &Access,
    request: &Request<'_>,
    reports: &[LayerReport],
) -> Option<LayerReport> {
    let said = |layer: Layer| reports.iter().any(|report| report.layer == layer.name());
    if said(Layer::BucketPolicy) {
        return None;
    }
    let policy = layers::document(question, access, Layer::BucketPolicy)?.as_deref()?;
    Some(LayerReport {
        layer: Layer::BucketPolicy.name().to_owned(),
        owner_uin: layers::layer_owner(question, access, Layer::BucketPolicy),
        closest: closest(None, &policy.probe(request), request).map(|(_, found)| found),
        ..LayerReport::default()
    })
}

fn deciding(statement: usize, probes: &[Probe<'_>]) -> Deciding {
    let probe = probes.iter().find(|probe| probe.index == statement);
    Deciding {
        statement,
        sid: probe.and_then(|probe| probe.statement.sid()).map(bounded),
        conditions: probe.map_or_else(Vec::new, |probe| {
            probe.conditions.iter().take(MAX_VALUES).map(condition).collect()
        }),
    }
}

fn closest_of_identity(question: &Question<'_>, request: &Request<'_>) -> Option<Closest> {
    let documents = question.layers.identity.iter().enumerate();
    let each = documents.filter_map(|(place, stored)| {
        let probes = stored.as_deref()?.probe(request);
        closest(Some(place), &probes, request)
    });
    each.min_by_key(|(distance, _)| *distance).map(|(_, found)| found)
}

/// The allowing statement that lacks the fewest parts, with how far away it is. One that names neither the action nor
/// the resource is about something else.
fn closest(document: Option<usize>, probes: &[Probe<'_>], request: &Request<'_>) -> Option<(usize, Closest)> {
    let allows = probes
        .iter()
        .filter(|probe| probe.statement.effect() == Effect::Allow && (probe.action || probe.resource));
    let (distance, probe) = allows
        .map(|probe| (distance(probe), probe))
        .min_by_key(|(distance, _)| *distance)?;
    let statement = probe.statement;
    let failed = probe.conditions.iter().filter(|tested| !tested.holds);
    let found = Closest {
        document,
        statement: probe.index,
        sid: statement.sid().map(bounded),
        principal: (!probe.principal).then(|| Mismatch {
            expected: bounded_list(
                statement
                    .principals()
                    .unwrap_or_default()
                    .iter()
                    .map(ToString::to_string),
            ),
            actual: layers::principal(request),
        }),
        action: (!probe.action).then(|| Mismatch {
            expected: bounded_list(statement.actions().iter().map(|action| action.text())),
            actual: request.action.to_owned(),
        }),
        resource: (!probe.resource).then(|| Mismatch {
            expected: bounded_list(
                statement
                    .resources()
                    .unwrap_or_default()
                    .iter()
                    .map(|resource| resource.text()),
            ),
            actual: bounded(&layers::resource(request)),
        }),
        conditions: failed.take(MAX_VALUES).map(condition).collect(),
    };
    Some((distance, found))
}

/// First how many parts are missing, then how much each of them weighs: who, what, on what, under which conditions.
fn distance(probe: &Probe<'_>) -> usize {
    let conditions = probe.conditions.iter().any(|tested| !tested.holds);
    let missing = [conditions, !probe.resource, !probe.action, !probe.principal];
    let weights = missing.iter().zip([17, 18, 20, 24]);
    weights
        .filter(|(missing, _)| **missing)
        .map(|(_, weight)| weight)
        .sum()
}

fn condition(tested: &Tested<'_>) -> ConditionReport {
    let condition = tested.condition;
    let key = match condition.key() {
        ConditionKey::Tag(tag) => format!("{}{tag}", condition.key().name()),
        key => key.name().to_owned(),
    };
    ConditionReport {
        operator: condition.operator().name(),
        key: bounded(&key),
        expected: bounded_list(condition.values().iter().map(|value| value.text())),
        actual: bounded_list(tested.found.iter()),
        withheld: false,
    }
}
