//! What must be allowed for an operation to be performed.
//!
//! The match over operations has no default arm: a new operation does not compile until it says what it needs.
//! The table of actions and resources is that of the access-policy reference, "What a COS request asks for".

mod identity;

use crate::attributes::QueryValue;
use crate::names::{BucketName, GroupId, ObjectKey, PolicyId, PolicyName, ProviderName, Uin, UserName};
use crate::operation::{
    AssumeRole, AssumeRoleWithWebIdentity, CopySource, DeleteEntry, DeleteObjects, ListedTarget,
    ObjectOperation, Operation, RevokedTarget, RoleRef, SessionOperation, Subject, Target, UnbuiltOperation,
    UploadPartCopy, UploadRef,
};

/// What an action is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Resource {
    /// Nothing in particular: only the pattern `*` names it.
    Service,
    /// A bucket itself.
    Bucket(BucketName),
    /// The entries of a bucket under a prefix.
    Listing(BucketName, String),
    /// An object.
    Object(BucketName, ObjectKey),
    /// An identity, by number or as the caller.
    Identity(Subject),
    /// A sub-account, by name.
    User(UserName),
    /// A sub-account, by the number under which it receives messages.
    Uid(u64),
    /// A group of users.
    Group(GroupId),
    /// A policy.
    Policy(PolicyId),
    /// An identity provider.
    Provider(ProviderName),
    /// A policy, by name.
    PolicyNamed(PolicyName),
    /// A role, of this account or else of the caller's.
    Role(Option<Uin>, RoleRef),
}

/// One action on one resource.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Access {
    /// `<service>:<Name>`.
    pub action: &'static str,
    /// What it is about.
    pub resource: Resource,
}

/// How much a requirement asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Need {
    /// Some layer must allow it, and none deny.
    Allowed,
    /// It is enough that none denies: the operation gives nothing that its caller has not got.
    NotDenied,
}

/// One thing that must hold: any of the alternatives suffices; a deny on any of them denies.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Requirement {
    /// The alternatives; never empty.
    pub any_of: Vec<Access>,
    /// How much is asked for.
    pub need: Need,
    /// Which of the request's values its conditions see.
    pub values: Values,
}

/// Which of a request's values are about the resource that is judged.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Values {
    /// All: the resource is the request's own target.
    Request,
    /// The resource stands beside the target, in a document or a header: only its own version is about it.
    BesideTarget {
        /// The version that is meant, where one is named.
        version_id: Option<QueryValue>,
    },
}

/// Everything that an operation asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Requirements {
    /// All must hold before anything is done.
    All(Vec<Requirement>),
    /// One for each item of the operation, in its order: what holds for an item is done for that item alone.
    Each(Vec<Requirement>),
}

impl Requirements {
    /// All of them, in their order.
    pub fn iter(&self) -> std::slice::Iter<'_, Requirement> {
        match self {
            Self::All(requirements) | Self::Each(requirements) => requirements.iter(),
        }
    }
}

impl Operation {
    /// What must hold before the operation is performed.
    pub fn requirements(&self) -> Requirements {
        match self {
            Self::Object(ObjectOperation::DeleteObjects(delete)) => Requirements::Each(delete_each(delete)),
            Self::Object(operation) => Requirements::All(object(operation)),
            Self::Session(operation) => Requirements::All(vec![session(operation)]),
            Self::Identity(operation) => Requirements::All(identity::requirements(operation)),
        }
    }
}

/// A source is read as by a GET of it.
fn read_source(source: &CopySource) -> Requirement {
    let resource = Resource::Object(source.bucket.clone(), source.key.clone());
    let version_id = source.version_id.clone();
    Requirement {
        values: Values::BesideTarget { version_id },
        ..allowed("cos:GetObject", resource)
    }
}

/// The documents, the SDKs and the preset policies name three actions for it.
fn copied_part(part: &UploadPartCopy) -> Requirement {
    let UploadRef { bucket, key, .. } = &part.upload;
    let access = |action| Access {
        action,
        resource: Resource::Object(bucket.clone(), key.clone()),
    };
    Requirement {
        any_of: ["cos:PutObject", "cos:UploadPart", "cos:UploadPartCopy"]
            .map(access)
            .to_vec(),
        need: Need::Allowed,
        values: Values::Request,
    }
}

/// Removing many is removing each.
fn delete_each(delete: &DeleteObjects) -> Vec<Requirement> {
    let one = |entry: &DeleteEntry| {
        let resource = Resource::Object(delete.bucket.clone(), entry.key.clone());
        let version_id = entry.version_id.as_ref().map(|version| QueryValue {
            raw: version.clone(),
            decoded: version.clone(),
        });
        Requirement {
            values: Values::BesideTarget { version_id },
            ..allowed("cos:DeleteObject", resource)
        }
    };
    delete.entries.iter().map(one).collect()
}

fn object(operation: &ObjectOperation) -> Vec<Requirement> {
    use ObjectOperation as Op;
    let on_bucket = |action, bucket: &BucketName| vec![allowed(action, Resource::Bucket(bucket.clone()))];
    let on_listing = |action, bucket: &BucketName, prefix: &String| {
        vec![allowed(action, Resource::Listing(bucket.clone(), prefix.clone()))]
    };
    let on_object = |action, bucket: &BucketName, key: &ObjectKey| {
        vec![allowed(action, Resource::Object(bucket.clone(), key.clone()))]
    };
    match operation {
        Op::ListBuckets(_) => vec![allowed("cos:GetService", Resource::Service)],
        Op::CreateBucket(create) => on_bucket("cos:PutBucket", &create.bucket),
        Op::HeadBucket(bucket) => on_bucket("cos:HeadBucket", bucket),
        Op::DeleteBucket(bucket) => on_bucket("cos:DeleteBucket", bucket),
        Op::GetBucketLocation(bucket) => on_bucket("cos:GetBucketLocation", bucket),
        Op::GetBucketAcl(bucket) => on_bucket("cos:GetBucketACL", bucket),
        Op::PutBucketAcl { bucket, .. } => on_bucket("cos:PutBucketACL", bucket),
        Op::GetBucketCors(bucket) => on_bucket("cos:GetBucketCORS", bucket),
        Op::PutBucketCors { bucket, .. } => on_bucket("cos:PutBucketCORS", bucket),
        Op::DeleteBucketCors(bucket) => on_bucket("cos:DeleteBucketCORS", bucket),
        Op::GetBucketPolicy(bucket) => on_bucket("cos:GetBucketPolicy", bucket),
        Op::PutBucketPolicy { bucket, .. } => on_bucket("cos:PutBucketPolicy", bucket),
        Op::DeleteBucketPolicy(bucket) => on_bucket("cos:DeleteBucketPolicy", bucket),
        // A browser asks on behalf of nobody, and is told what the bucket's owner wrote for browsers.
        Op::Preflight(_) => Vec::new(),
        Op::GetBucketTagging(bucket) => on_bucket("cos:GetBucketTagging", bucket),
        Op::PutBucketTagging { bucket, .. } => on_bucket("cos:PutBucketTagging", bucket),
        Op::DeleteBucketTagging(bucket) => on_bucket("cos:DeleteBucketTagging", bucket),
        Op::GetObjectTagging { bucket, key } => on_object("cos:GetObjectTagging", bucket, key),
        Op::PutObjectTagging { bucket, key, .. } => on_object("cos:PutObjectTagging", bucket, key),
        Op::DeleteObjectTagging { bucket, key } => on_object("cos:DeleteObjectTagging", bucket, key),
        Op::GetObjectAcl { bucket, key } => on_object("cos:GetObjectACL", bucket, key),
        Op::PutObjectAcl { bucket, key, .. } => on_object("cos:PutObjectACL", bucket, key),
        Op::ListObjects(list) => on_listing("cos:GetBucket", &list.bucket, &list.prefix),
        Op::ListMultipartUploads(list) => on_listing("cos:ListMultipartUploads", &list.bucket, &list.prefix),
        Op::PutObject(put) => on_object("cos:PutObject", &put.bucket, &put.key),
        Op::PostObject(post) => on_object("cos:PostObject", &post.put.bucket, &post.put.key),
        Op::CopyObject(copy) => vec![
            allowed(
                "cos:PutObject",
                Resource::Object(copy.put.bucket.clone(), copy.put.key.clone()),
            ),
            read_source(&copy.source),
        ],
        Op::UploadPartCopy(part) => vec![copied_part(part), read_source(&part.source)],
        Op::GetObject(read) => on_object("cos:GetObject", &read.bucket, &read.key),
        Op::HeadObject(read) => on_object("cos:HeadObject", &read.bucket, &read.key),
        Op::DeleteObjects(delete) => delete_each(delete),
        Op::DeleteObject(delete) => on_object("cos:DeleteObject", &delete.bucket, &delete.key),
        Op::InitiateMultipartUpload(start) => {
            on_object("cos:InitiateMultipartUpload", &start.bucket, &start.key)
        }
        Op::UploadPart(part) => on_object("cos:UploadPart", &part.upload.bucket, &part.upload.key),
        Op::CompleteMultipartUpload { upload, .. } => {
            on_object("cos:CompleteMultipartUpload", &upload.bucket, &upload.key)
        }
        Op::AbortMultipartUpload(upload) => {
            on_object("cos:AbortMultipartUpload", &upload.bucket, &upload.key)
        }
        Op::ListParts(list) => on_object("cos:ListParts", &list.upload.bucket, &list.upload.key),
        Op::Unbuilt(operation, target) => unbuilt(*operation, target),
    }
}

fn unbuilt(operation: UnbuiltOperation, target: &Target) -> Vec<Requirement> {
    let resource = match target {
        Target::Bucket(bucket) => Resource::Bucket(bucket.clone()),
        Target::Object(bucket, key) => Resource::Object(bucket.clone(), key.clone()),
    };
    vec![allowed(operation.action(), resource)]
}

/// To act as a role takes the caller's own right to and the role's trust, which is asked for by this action alone.
pub const ASSUME_ROLE: &str = "sts:AssumeRole";
/// To act as a role on the word of an identity provider takes the role's trust alone: the caller has nothing else.
pub const ASSUME_ROLE_WITH_WEB_IDENTITY: &str = "sts:AssumeRoleWithWebIdentity";

fn session(operation: &SessionOperation) -> Requirement {
    use SessionOperation as Op;
    let gives_nothing_new = |action, resource| Requirement {
        need: Need::NotDenied,
        ..allowed(action, resource)
    };
    match operation {
        Op::GetFederationToken(_) => gives_nothing_new("sts:GetFederationToken", Resource::Service),
        Op::GetSessionToken { .. } => gives_nothing_new("sts:GetSessionToken", Resource::Service),
        Op::GetCallerIdentity => gives_nothing_new("sts:GetCallerIdentity", Resource::Service),
        Op::AssumeRole(AssumeRole { owner, role, .. }) => {
            allowed(ASSUME_ROLE, Resource::Role(Some(*owner), role.clone()))
        }
        Op::AssumeRoleWithWebIdentity(AssumeRoleWithWebIdentity { owner, role, .. }) => allowed(
            ASSUME_ROLE_WITH_WEB_IDENTITY,
            Resource::Role(Some(*owner), role.clone()),
        ),
        Op::QueryApiKey(Subject::Caller) => {
            gives_nothing_new("sts:QueryApiKey", Resource::Identity(Subject::Caller))
        }
        Op::QueryApiKey(subject) => allowed("sts:QueryApiKey", Resource::Identity(*subject)),
        Op::RevokeSession(revoke) => allowed("sts:RevokeSession", revoked(&revoke.target)),
        Op::ListRevocations(_) => allowed("sts:ListRevocations", Resource::Service),
        Op::ListSessions(list) => allowed("sts:ListSessions", listed(list.target.as_ref())),
        Op::KeyRing(operation) => allowed(operation.action(), Resource::Service),
    }
}

/// Whose sessions are listed.
fn listed(target: Option<&ListedTarget>) -> Resource {
    match target {
        Some(ListedTarget::User(uin)) => Resource::Identity(Subject::Uin(*uin)),
        Some(ListedTarget::Role(role)) => Resource::Role(None, role.clone()),
        Some(ListedTarget::AccessKey(_) | ListedTarget::Name(_)) | None => Resource::Service,
    }
}

/// Whose sessions end. Those that are told by a key or a name may be anybody's in the account.
fn revoked(target: &RevokedTarget) -> Resource {
    match target {
        RevokedTarget::User(uin) => Resource::Identity(Subject::Uin(*uin)),
        RevokedTarget::Role(role) => Resource::Role(None, role.clone()),
        RevokedTarget::Sessions(_) | RevokedTarget::AccessKey(_) | RevokedTarget::Name(_) => {
            Resource::Service
        }
    }
}

fn allowed(action: &'static str, resource: Resource) -> Requirement {
    Requirement {
        any_of: vec![Access { action, resource }],
        need: Need::Allowed,
        values: Values::Request,
    }
}
