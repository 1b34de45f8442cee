//! Answers: the envelope around an outcome or an error.
//!
//! The status is always 200 and the content type has no charset: SDKs take any other status for a network
//! failure, and one of them looks for an error only under exactly this content type.

use bytes::Bytes;
use daypass_api::{Error, ErrorCode, Outcome};
use serde_json::{Value as Json, json};

use super::call::{Edition, Spelling};
use super::object::with;
use super::{
    access_keys, account, accounts, attachments, boundaries, error, explain, groups, key_ring, policies,
    providers, revocations, role_policies, roles, sts, users, versions,
};

/// An answer, ready to be sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// Always 200.
    pub status: u16,
    /// In the spelling to be sent.
    pub headers: Vec<(&'static str, String)>,
    /// JSON.
    pub body: Bytes,
}

/// Spells an outcome.
pub fn write(outcome: &Outcome, spelling: Spelling, request_id: &str) -> Answer {
    match spelling.edition {
        Edition::Current => match fields(outcome) {
            Some(fields) => respond(fields, request_id),
            None => write_error(&ErrorCode::InternalError.into(), spelling, request_id),
        },
        Edition::Legacy => match outcome {
            Outcome::TemporaryKey(key) => respond_legacy(sts::write_legacy_temporary_key(key)),
            _ => write_error(&ErrorCode::InternalError.into(), spelling, request_id),
        },
    }
}

/// Spells an error.
pub fn write_error(error: &Error, spelling: Spelling, request_id: &str) -> Answer {
    match spelling.edition {
        Edition::Current => {
            let (code, message) = error::describe(error, spelling.service);
            respond(
                json!({ "Error": { "Code": code, "Message": message } }),
                request_id,
            )
        }
        Edition::Legacy => {
            let (number, name, message) = error::describe_legacy(error);
            to_answer(&json!({ "code": number, "message": message, "codeDesc": name }))
        }
    }
}

/// The fields of an outcome of these services; the object store's have none.
fn fields(outcome: &Outcome) -> Option<Json> {
    Some(match outcome {
        Outcome::TemporaryKey(key) => sts::write_temporary_key(key),
        Outcome::CallerIdentity(caller) => sts::write_caller(caller),
        Outcome::UserCreated { user, access_key } => users::write_created(user, access_key.as_ref()),
        Outcome::RootAccountCreated { account, access_key } => accounts::write_created(account, access_key),
        Outcome::RootAccount(account) => accounts::write_account(account),
        Outcome::RootAccounts(all) => accounts::write_accounts(all),
        Outcome::User(user) => users::write_user(user),
        Outcome::Users(list) => users::write_users(list),
        Outcome::AccessKeyCreated(key) => access_keys::write_created(key),
        Outcome::AccessKeys(keys) => access_keys::write_keys(keys),
        Outcome::PolicyCreated(id) => policies::write_created(*id),
        Outcome::Policy(policy) => policies::write_policy(policy),
        Outcome::Policies(page) => policies::write_policies(page),
        Outcome::AttachedPolicies(page) => attachments::write_attached(page),
        Outcome::SubAccounts(list) => users::write_sub_accounts(list),
        Outcome::Collaborators(page) => account::write_collaborators(page),
        Outcome::AccountNumbers { uin, account } => account::write_numbers(*uin, account),
        Outcome::AccountSummary(summary) => account::write_summary(summary),
        Outcome::LastUses(uses) => access_keys::write_last_uses(uses),
        Outcome::PolicyUpdated(id) => policies::write_updated(*id),
        Outcome::VersionCreated(id) => versions::write_created(*id),
        Outcome::Version(version) => versions::write_version(version),
        Outcome::Versions(versions) => versions::write_versions(versions),
        Outcome::PolicyEntities(page) => attachments::write_entities(page),
        Outcome::UserPolicies(page) => attachments::write_user_policies(page),
        Outcome::GroupCreated(id) => groups::write_created(*id),
        Outcome::Group(details) => groups::write_details(details),
        Outcome::Groups(page) => groups::write_groups(page),
        Outcome::GroupMembers(page) => groups::write_members(page),
        Outcome::Boundary(boundary) => boundaries::write_boundary(boundary.as_ref()),
        Outcome::ApiKeys(keys) => sts::write_api_keys(keys),
        Outcome::Revocations(list) => revocations::write_list(list),
        Outcome::KeyRing(epochs) => key_ring::write(epochs),
        Outcome::MasterKeyRotated(secrets) => key_ring::write_rotated(*secrets),
        Outcome::Explanation(text) => explain::write(text),
        Outcome::RoleCreated(id) => roles::write_created(*id),
        Outcome::Role(role) => roles::write_role(role),
        Outcome::Roles(page) => roles::write_roles(page),
        Outcome::RolePolicies(page) => role_policies::write_attached(page),
        Outcome::Provider(provider) => providers::write_provider(provider),
        Outcome::Done | Outcome::Deleted => json!({}),
        Outcome::ObjectsDeleted(_)
        | Outcome::Tags(_)
        | Outcome::BucketTagged
        | Outcome::Cors(_)
        | Outcome::BucketPolicy(_)
        | Outcome::BucketPolicyChanged
        | Outcome::Preflight(_)
        | Outcome::Acl(_)
        | Outcome::Changed
        | Outcome::ObjectCopied(_)
        | Outcome::PartCopied(_)
        | Outcome::Buckets(_)
        | Outcome::BucketCreated
        | Outcome::BucketHead { .. }
        | Outcome::Location(_)
        | Outcome::Objects(_)
        | Outcome::Uploads(_)
        | Outcome::Stored { .. }
        | Outcome::Object { .. }
        | Outcome::NotModified { .. }
        | Outcome::UploadStarted { .. }
        | Outcome::UploadCompleted { .. }
        | Outcome::Parts(_) => return None,
    })
}

fn respond(fields: Json, request_id: &str) -> Answer {
    to_answer(&json!({ "Response": with(fields, "RequestId", request_id) }))
}

fn respond_legacy(data: Json) -> Answer {
    to_answer(&json!({ "code": 0, "message": "", "codeDesc": "Success", "data": data }))
}

fn to_answer(json: &Json) -> Answer {
    Answer {
        status: 200,
        headers: vec![("Content-Type", "application/json".to_owned())],
        body: json.to_string().into(),
    }
}
