//! Where the document of a layer is, whose it is, and how a request's resource and caller are written in statements.

use daypass_access::{BucketFacts, Identity, Layer, Question, RoleFacts, StoredPolicy};
use daypass_api::requirement::{Access, Resource};
use daypass_policy::{CosTarget, DocumentKind, OwnerAccount, Principal, Request};
use serde_json::{Value as Json, json};

/// The bucket that an access is about.
pub(super) fn bucket<'q>(question: &Question<'q>, access: &Access) -> Option<&'q BucketFacts> {
    let (Resource::Bucket(name) | Resource::Listing(name, _) | Resource::Object(name, _)) = &access.resource
    else {
        return None;
    };
    question.facts.buckets.iter().find(|bucket| bucket.name == *name)
}

/// The role that an access is about.
pub(super) fn role<'q>(question: &Question<'q>, access: &Access) -> Option<&'q RoleFacts> {
    let Resource::Role(owner, asked) = &access.resource else {
        return None;
    };
    let own = question
        .caller
        .identity()
        .map(|identity| identity.account.owner_uin);
    question.facts.role(owner.or(own)?, asked)
}

/// The account that owns what an access is about: by the number of its root.
pub(super) fn owner_uin(question: &Question<'_>, access: &Access) -> Option<u64> {
    match &access.resource {
        Resource::Bucket(_) | Resource::Listing(..) | Resource::Object(..) => {
            bucket(question, access).map(|bucket| bucket.owner.owner_uin.0)
        }
        Resource::Role(owner, _) => owner.map(|owner| owner.0).or_else(|| caller_uin(question)),
        _ => caller_uin(question),
    }
}

fn caller_uin(question: &Question<'_>) -> Option<u64> {
    question
        .caller
        .identity()
        .map(|identity| identity.account.owner_uin.0)
}

/// The account whose layer it is.
pub(super) fn layer_owner(question: &Question<'_>, access: &Access, layer: Layer) -> Option<u64> {
    match layer {
        Layer::BucketPolicy | Layer::Acl | Layer::Public | Layer::Trust => owner_uin(question, access),
        Layer::Unowned => None,
        _ => caller_uin(question),
    }
}

/// The document of a layer, where it has one.
pub(super) fn document<'q>(
    question: &Question<'q>,
    access: &Access,
    layer: Layer,
) -> Option<&'q StoredPolicy> {
    match layer {
        Layer::Identity(Some(place)) => question.layers.identity.get(place),
        Layer::Boundary => question.layers.boundary.as_ref(),
        Layer::Session(place) => question.layers.session.get(place),
        Layer::BucketPolicy | Layer::Public => bucket(question, access)?.policy.as_ref(),
        Layer::Trust => Some(&role(question, access)?.trust),
        _ => None,
    }
}

/// What a document at this layer is for.
pub(super) fn kind(layer: Layer) -> DocumentKind {
    match layer {
        Layer::Session(_) => DocumentKind::Session,
        Layer::BucketPolicy => DocumentKind::Bucket,
        Layer::Trust => DocumentKind::Trust,
        _ => DocumentKind::Identity,
    }
}

/// Whose document it would be.
pub(super) fn document_owner(question: &Question<'_>, access: &Access, layer: Layer) -> Option<OwnerAccount> {
    let account = match layer {
        Layer::BucketPolicy => bucket(question, access)?.owner,
        Layer::Trust => role(question, access)?.account,
        _ => question
            .caller
            .identity()
            .map(|identity: &Identity| identity.account)?,
    };
    Some(OwnerAccount {
        app_id: account.app_id.0,
        owner_uin: account.owner_uin.0,
    })
}

/// The smallest statement in a document of this kind that allows a request.
pub(super) fn statement(request: &Request<'_>, kind: DocumentKind) -> Json {
    let mut statement = json!({ "effect": "allow", "action": [request.action] });
    let mut put = |name: &str, value| {
        if let Some(fields) = statement.as_object_mut() {
            fields.insert(name.to_owned(), value);
        }
    };
    if kind != DocumentKind::Trust {
        put("resource", json!([resource(request).replace("${", "*{")]));
    }
    if matches!(kind, DocumentKind::Bucket | DocumentKind::Trust) {
        let element = match request.principal {
            Principal::Federated { .. } => "federated",
            Principal::Service(_) => "service",
            _ => "qcs",
        };
        put("principal", json!({ element: [principal(request)] }));
    }
    statement
}

/// The resource of a request, as policies name it.
pub(super) fn resource(request: &Request<'_>) -> String {
    use daypass_policy::Resource as Named;
    match request.resource {
        Named::Operation => "*".to_owned(),
        Named::Cos {
            region,
            app_id,
            bucket,
            target,
        } => {
            let rest = match target {
                CosTarget::Bucket => "",
                CosTarget::Listing { prefix } => prefix,
                CosTarget::Object { key } => key,
            };
            format!("qcs::cos:{region}:uid/{app_id}:{bucket}/{rest}")
        }
        Named::Cam { owner_uin, path } => format!("qcs::cam::uin/{owner_uin}:{path}"),
        Named::Role { owner_uin, name, .. } => format!("qcs::cam::uin/{owner_uin}:roleName/{name}"),
    }
}

/// The caller of a request, as policies name it.
pub(super) fn principal(request: &Request<'_>) -> String {
    match request.principal {
        Principal::Anonymous => "qcs::cam::anonymous:anonymous".to_owned(),
        Principal::Account { owner_uin, uin } if owner_uin == uin => {
            format!("qcs::cam::uin/{owner_uin}:root")
        }
        Principal::Account { owner_uin, uin } => format!("qcs::cam::uin/{owner_uin}:uin/{uin}"),
        Principal::Role { owner_uin, id, .. } => format!("qcs::cam::uin/{owner_uin}:role/{id}"),
        Principal::Service(name) => name.to_owned(),
        Principal::Federated { owner_uin, provider } => format!("qcs::cam::uin/{owner_uin}:{provider}"),
    }
}

/// A resource that nobody is known to own, as far as it can be named.
pub(super) fn unowned(resource: &Resource) -> String {
    match resource {
        Resource::Bucket(bucket) => format!("{bucket}/"),
        Resource::Listing(bucket, prefix) => format!("{bucket}/{prefix}"),
        Resource::Object(bucket, key) => format!("{bucket}/{}", key.as_str()),
        Resource::Role(owner, _) => owner.map_or("a role".to_owned(), |owner| {
            format!("a role of qcs::cam::uin/{owner}")
        }),
        _ => "*".to_owned(),
    }
}
