//! Conditions: bounds that an upload lacks, bounds that do not bind, and conditions that never hold.

use daypass_policy::{Comparison, Condition, ConditionKey, Statement, Test};

use super::{Part, Report};
use crate::actions::{self, Purpose};

/// Looks at what bounds the uploads of a front-end key.
pub(super) fn look_at_uploads(part: Part<'_>, report: &mut Report) {
    if !part.allows() {
        return;
    }
    let is_upload = |action: &str| actions::purpose(action) == Some(Purpose::Upload);
    let with = |more: &'static str| part.covered(|action| is_upload(action) || action == more);
    let mut lacks = |id, actions: Vec<&'static str>, is_bounded: &dyn Fn(&str) -> bool| {
        if let Some(action) = actions.iter().find(|action| !is_bounded(action)) {
            report.about(id, part, format!("`{action}`"));
        }
    };
    lacks("L07", with("cos:UploadPart"), &|action| {
        is_length_bounded(part, action)
    });
    let is_type_bounded = |action: &str| is_bounded(part, action, bounds_type, refuses_type);
    lacks("L08", with("cos:InitiateMultipartUpload"), &is_type_bounded);
    let is_acl_bounded = |action: &str| is_bounded(part, action, bounds_acl, refuses_acl);
    lacks("L26", with("cos:InitiateMultipartUpload"), &is_acl_bounded);
    look_at_evasion(part, report);
    let parts = part.covered(|action| actions::purpose(action) == Some(Purpose::Multipart));
    let has_length = part
        .statement
        .conditions()
        .iter()
        .any(|one| *one.key() == ConditionKey::ContentLength);
    if let (true, Some(action)) = (has_length, parts.first()) {
        report.about("L10", part, format!("`cos:content-length` with `{action}`"));
    }
}

/// Looks at the conditions of any statement.
pub(super) fn look(part: Part<'_>, report: &mut Report) {
    for condition in part.statement.conditions() {
        let (key, operator) = (condition.key(), condition.operator());
        let name = key.name();
        let slash = condition.values().iter().find(|value| value.text().contains('/'));
        if let (true, Some(value)) = (key.is_query_parameter(), slash) {
            report.about(
                "L12",
                part,
                format!("`{name}` with the unencoded `{}`", value.text()),
            );
        }
        let value = condition
            .values()
            .iter()
            .find(|value| value.text() == "public-read-write");
        if let (true, true, Some(_)) = (
            part.allows(),
            *key == ConditionKey::Acl && !operator.negated,
            value,
        ) {
            report.about("L23", part, format!("`{name}` may be `public-read-write`"));
        }
        if operator.test == Test::Null || is_general(key) {
            continue;
        }
        if part.has_wildcard_action() {
            if part.allows() {
                report.about(
                    "L11",
                    part,
                    format!("`{name}` with an action that has a wildcard"),
                );
            } else if operator.if_exist {
                report.about("L24", part, format!("`{}` on `{name}`", operator.name()));
            }
        } else if let (false, Some(action)) = (operator.if_exist, without_key(part.statement, key)) {
            report.about("L11", part, format!("`{name}` with `{action}`"));
        }
    }
}

/// Whether the length of what an action stores has an upper bound.
pub(super) fn is_length_bounded(part: Part<'_>, action: &str) -> bool {
    is_bounded(part, action, bounds_length, refuses_length)
}

/// Whether the statement itself, or a deny over all that it grants, bounds an action.
fn is_bounded(
    part: Part<'_>,
    action: &str,
    allows: fn(&Condition) -> bool,
    refuses: fn(&Condition) -> bool,
) -> bool {
    let protects = |deny: &Statement| {
        super::covers(deny, action)
            && reaches_all(deny, part.statement)
            && matches!(deny.conditions(), [single] if refuses(single))
    };
    part.statement.conditions().iter().any(allows) || part.denies().any(protects)
}

/// Whether a deny is about all resources of an allow; only what is plain to see counts.
fn reaches_all(deny: &Statement, allow: &Statement) -> bool {
    let [denied, allowed] = [deny, allow].map(super::grants::resources);
    denied.iter().any(|resource| resource.is_everything())
        || allowed.iter().all(|resource| denied.contains(resource))
}

fn bounds_length(condition: &Condition) -> bool {
    use Comparison::{Equal, Less, LessEqual};
    let operator = condition.operator();
    *condition.key() == ConditionKey::ContentLength
        && matches!(operator.test, Test::Numeric(Less | LessEqual | Equal))
        && !operator.negated
}

/// A deny bounds only when it also refuses a request that leaves the header out.
fn refuses_length(condition: &Condition) -> bool {
    use Comparison::{Greater, GreaterEqual};
    let operator = condition.operator();
    *condition.key() == ConditionKey::ContentLength
        && matches!(operator.test, Test::Numeric(Greater | GreaterEqual))
        && operator.if_exist
}

fn bounds_type(condition: &Condition) -> bool {
    let operator = condition.operator();
    let says_all = condition
        .values()
        .iter()
        .any(|value| value.text().bytes().all(|byte| byte == b'*'));
    *condition.key() == ConditionKey::ContentType && is_text(operator.test) && !operator.negated && !says_all
}

fn refuses_type(condition: &Condition) -> bool {
    let operator = condition.operator();
    *condition.key() == ConditionKey::ContentType
        && is_text(operator.test)
        && operator.negated
        && operator.if_exist
}

/// Without the header an object is as private as its bucket, so that its absence does no harm.
fn bounds_acl(condition: &Condition) -> bool {
    let operator = condition.operator();
    let is_public = |text: &str| text.contains('*') || text.starts_with("public");
    let names_public = condition.values().iter().any(|value| is_public(value.text()));
    let wants_absent = operator.test == Test::Null
        && condition
            .values()
            .iter()
            .all(|value| value.wants_absent() == Some(true));
    *condition.key() == ConditionKey::Acl
        && (wants_absent || is_text(operator.test) && !operator.negated && !names_public)
}

fn refuses_acl(condition: &Condition) -> bool {
    let operator = condition.operator();
    let names = |wanted: &str| condition.values().iter().any(|value| value.text() == wanted);
    let names_public = ["public*", "*"].into_iter().any(names) && operator.test == Test::StringLike
        || ["public-read", "public-read-write"].into_iter().all(names);
    *condition.key() == ConditionKey::Acl && is_text(operator.test) && operator.negated != names_public
}

fn is_text(test: Test) -> bool {
    matches!(
        test,
        Test::String | Test::StringIgnoreCase | Test::StringLike | Test::Binary
    )
}

fn look_at_evasion(part: Part<'_>, report: &mut Report) {
    let uploads = part.covered(|action| {
        matches!(
            actions::purpose(action),
            Some(Purpose::Upload | Purpose::Multipart)
        )
    });
    if uploads.is_empty() {
        return;
    }
    let conditions = part.statement.conditions();
    for condition in conditions {
        let key = condition.key();
        let is_bound = matches!(key, ConditionKey::ContentLength | ConditionKey::ContentType);
        let is_demanded = conditions
            .iter()
            .any(|other| other.key() == key && !other.operator().if_exist);
        if is_bound && !is_demanded {
            report.about(
                "L09",
                part,
                format!("`{}` on `{}`", condition.operator().name(), key.name()),
            );
        }
    }
}

/// The first action of the statement whose requests never have the key.
fn without_key<'s>(statement: &'s Statement, key: &ConditionKey) -> Option<&'s str> {
    let actions = statement.actions().iter().map(|action| action.text());
    actions
        .into_iter()
        .find(|action| actions::is_known(action) && !has_key(action, key))
}

/// Whether every request has the key, or any may have it.
fn is_general(key: &ConditionKey) -> bool {
    use ConditionKey as Key;
    matches!(
        key,
        Key::CurrentTime
            | Key::Ip
            | Key::ResourceTag
            | Key::Tag(_)
            | Key::CreateUin
            | Key::RequesterVpc
            | Key::Vpc
            | Key::SecureTransport
            | Key::TlsVersion
            | Key::Host
    )
}

/// Whether requests with an action may have a key, as the documentation of the conditions lists it.
fn has_key(action: &str, key: &ConditionKey) -> bool {
    use ConditionKey as Key;
    let one_of = |names: &[&str]| {
        names.iter().any(|name| {
            action
                .get(4..)
                .is_some_and(|action| action.eq_ignore_ascii_case(name))
        })
    };
    let uploads = one_of(&[
        "PutObject",
        "PostObject",
        "AppendObject",
        "InitiateMultipartUpload",
    ]);
    match key {
        Key::StorageClass => uploads,
        Key::ContentType => uploads || one_of(&["UploadPart", "CompleteMultipartUpload"]),
        Key::ContentLength => {
            uploads || one_of(&["UploadPart", "CompleteMultipartUpload"]) || is_body(action)
        }
        Key::ForbidOverwrite => uploads || one_of(&["CompleteMultipartUpload", "PutObjectCopy"]),
        Key::Acl => uploads || one_of(&["PutObjectACL", "PutBucket", "PutBucketACL"]),
        Key::VersionId => one_of(&[
            "GetObject",
            "HeadObject",
            "DeleteObject",
            "PostObjectRestore",
            "RestoreObject",
            "PutObjectTagging",
            "GetObjectTagging",
            "DeleteObjectTagging",
        ]),
        Key::Prefix => one_of(&["GetBucket", "GetBucketObjectVersions", "ListMultipartUploads"]),
        Key::ResponseContentType => one_of(&["GetObject"]),
        Key::RequestTag => one_of(&["PutBucket", "PutBucketTagging"]),
        Key::ExternalId | Key::SamlAudience | Key::SamlIssuer | Key::SamlSubject | Key::SamlSubjectType => {
            false
        }
        _ => true,
    }
}

/// Whether requests with an action bring a configuration along.
fn is_body(action: &str) -> bool {
    let name = action.get(4..).unwrap_or_default().to_ascii_lowercase();
    name.starts_with("putbucket") || name.starts_with("putobject") || name.starts_with("post")
}
