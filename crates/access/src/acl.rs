//! What an access control list says about an action. A list only ever grants.
//!
//! The table of permissions and actions is that of "ACL Overview". A root account's grant reaches its
//! sub-accounts only together with their own permissions; a grant to a group reaches everybody in it.

use daypass_api::acl::{Acl, Grantee, ObjectAcl, Permission};
use daypass_api::requirement::{Access, Resource};

use crate::caller::Caller;
use crate::facts::BucketFacts;

/// How closely a list names the caller, from far to near.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Reach {
    /// Through its root account, which counts only with the caller's own permissions.
    Account,
    /// By name or through a group.
    Direct,
}

/// Whether the lists of a bucket and its object grant this access, and how closely they name the caller.
pub(crate) fn grants(access: &Access, bucket: &BucketFacts, caller: &Caller) -> Option<Reach> {
    let permission_on_bucket = on_bucket(access.action);
    let by_bucket = permission_on_bucket.and_then(|permission| reach(&bucket.acl, permission, caller));
    let Resource::Object(_, key) = &access.resource else {
        return by_bucket;
    };
    let by_object = on_object(access.action).and_then(|permission| match bucket.object_acl(key) {
        Some(ObjectAcl::Own(acl)) => reach(acl, permission, caller),
        // Without a list of its own, and also when there is no object to have one, public read comes from the bucket.
        Some(ObjectAcl::Inherit) | None => inherited(bucket, permission, caller),
    });
    by_bucket.max(by_object)
}

/// The permission on the bucket's list that covers an action.
fn on_bucket(action: &str) -> Option<Permission> {
    match action {
        "cos:HeadBucket" | "cos:GetBucket" | "cos:GetBucketObjectVersions" | "cos:ListMultipartUploads" => {
            Some(Permission::Read)
        }
        "cos:PutObject"
        | "cos:PostObject"
        | "cos:InitiateMultipartUpload"
        | "cos:UploadPart"
        | "cos:UploadPartCopy"
        | "cos:CompleteMultipartUpload"
        | "cos:DeleteObject" => Some(Permission::Write),
        "cos:GetBucketACL" => Some(Permission::ReadAcp),
        "cos:PutBucketACL" => Some(Permission::WriteAcp),
        _ => None,
    }
}

/// The permission on the object's list that covers an action.
fn on_object(action: &str) -> Option<Permission> {
    match action {
        "cos:GetObject" | "cos:HeadObject" => Some(Permission::Read),
        "cos:GetObjectACL" => Some(Permission::ReadAcp),
        "cos:PutObjectACL" => Some(Permission::WriteAcp),
        _ => None,
    }
}

/// An object without a list of its own is its owner's, and readable by the groups that may read its bucket. What the
/// bucket's list gives to somebody else by name ends at the bucket.
fn inherited(bucket: &BucketFacts, permission: Permission, caller: &Caller) -> Option<Reach> {
    let owner = bucket.owner.owner_uin;
    let is_owner = |grantee| {
        grantee
            == Grantee::User {
                owner_uin: owner,
                uin: owner,
            }
    };
    let is_group = |grantee| matches!(grantee, Grantee::AllUsers | Grantee::AuthenticatedUsers);
    let reaches = |grantee| is_owner(grantee) || (permission == Permission::Read && is_group(grantee));
    let grants = bucket
        .acl
        .grants
        .iter()
        .filter(|grant| reaches(grant.grantee))
        .copied()
        .collect();
    reach(&Acl { grants }, permission, caller)
}

fn reach(acl: &Acl, permission: Permission, caller: &Caller) -> Option<Reach> {
    let covers = |given: Permission| given == permission || given == Permission::FullControl;
    let matching = acl.grants.iter().filter(|grant| covers(grant.permission));
    matching.filter_map(|grant| named(grant.grantee, caller)).max()
}

fn named(grantee: Grantee, caller: &Caller) -> Option<Reach> {
    match (grantee, caller) {
        (Grantee::AllUsers, _) | (Grantee::AuthenticatedUsers, Caller::Identified(_)) => Some(Reach::Direct),
        (Grantee::AuthenticatedUsers | Grantee::User { .. }, Caller::Anonymous | Caller::Vouched(_)) => None,
        (Grantee::User { owner_uin, uin }, Caller::Identified(identity)) => {
            if owner_uin != identity.account.owner_uin {
                None
            } else if identity.user() == Some(uin) {
                Some(Reach::Direct)
            } else {
                // A sub-account or a role of the root that is named.
                (uin == owner_uin).then_some(Reach::Account)
            }
        }
    }
}
