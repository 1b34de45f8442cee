//! Answers: the envelope around an outcome or an error.
//!
//! The status is always 200 and the content type has no charset: SDKs take any other status for a network
//! failure, and one of them looks for an error only under exactly this content type.

use std::fmt::{self, Write};

use bytes::Bytes;
use daypass_api::{Error, ErrorCode, Outcome};
use serde_json::{Value as Json, json};
use zeroize::{Zeroize, Zeroizing};

use super::call::{Edition, Spelling};
use super::object::with;
use super::{
    access_keys, accounts, analysis, attachments, audit, boundaries, error, explain, groups, key_ring,
    own_account, policies, providers, revocations, role_policies, roles, sessions, sts, users, versions,
};

/// Room for the longest answer with a secret, so that its text is never moved to a larger place.
const SECRET_ANSWER_BYTES: usize = 8 * 1024;
/// The same for one that tells what was found about a policy: 32 findings of some kilobyte.
const JUDGED_ANSWER_BYTES: usize = 64 * 1024;

/// An answer, ready to be sent. Its text may hold a secret, and is hidden in `Debug`.
#[derive(Clone, PartialEq, Eq)]
pub struct Answer {
    /// Always 200.
    pub status: u16,
    /// In the spelling to be sent.
    pub headers: Vec<(&'static str, String)>,
    /// JSON.
    pub body: Bytes,
}

impl fmt::Debug for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Answer")
            .field("status", &self.status)
            .field("headers", &self.headers)
            .field("length", &self.body.len())
            .finish_non_exhaustive()
    }
}

/// Spells an outcome.
pub fn write(outcome: &Outcome, spelling: Spelling, request_id: &str) -> Answer {
    match spelling.edition {
        Edition::Current => match fields(outcome) {
            Some(fields) => respond(fields, request_id, tells_a_secret(outcome)),
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
                false,
            )
        }
        Edition::Legacy => {
            let (number, name, message) = error::describe_legacy(error);
            to_answer(
                json!({ "code": number, "message": message, "codeDesc": name }),
                false,
            )
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
        Outcome::Collaborators(page) => own_account::write_collaborators(page),
        Outcome::AccountNumbers { uin, account } => own_account::write_numbers(*uin, account),
        Outcome::AccountSummary(summary) => own_account::write_summary(summary),
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
        Outcome::Sessions(list) => sessions::write(list),
        Outcome::KeyRing(epochs) => key_ring::write(epochs),
        Outcome::MasterKeyRotated(secrets) => key_ring::write_rotated(*secrets),
        Outcome::Explanation(text) => explain::write(text),
        Outcome::AuditRecords(found) => audit::write(found),
        Outcome::Findings(findings) => analysis::write_findings(findings),
        Outcome::Effective(rights) => analysis::write_effective(rights),
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
        | Outcome::ObjectPosted(_)
        | Outcome::Stored { .. }
        | Outcome::Object { .. }
        | Outcome::NotModified { .. }
        | Outcome::UploadStarted { .. }
        | Outcome::UploadCompleted { .. }
        | Outcome::Parts(_) => return None,
    })
}

/// Whether there is a secret in it that somebody shall keep from now on.
fn tells_a_secret(outcome: &Outcome) -> bool {
    matches!(
        outcome,
        Outcome::TemporaryKey(_)
            | Outcome::UserCreated { .. }
            | Outcome::RootAccountCreated { .. }
            | Outcome::AccessKeyCreated(_)
    )
}

/// The fields are moved into their envelope, never copied.
fn respond(fields: Json, request_id: &str, is_secret: bool) -> Answer {
    let fields = with(fields, "RequestId", request_id);
    to_answer(with(json!({}), "Response", fields), is_secret)
}

fn respond_legacy(data: Json) -> Answer {
    let envelope = json!({ "code": 0, "message": "", "codeDesc": "Success" });
    to_answer(with(envelope, "data", data), true)
}

fn to_answer(mut json: Json, is_secret: bool) -> Answer {
    let body = match is_secret {
        true => secret_text(&mut json),
        false => json.to_string().into(),
    };
    Answer {
        status: 200,
        headers: vec![("Content-Type", "application/json".to_owned())],
        body,
    }
}

/// What the text is made of is wiped now, the text itself when it has been sent.
fn secret_text(json: &mut Json) -> Bytes {
    let is_judged = ["/Response/Judgement", "/data/judgement"]
        .iter()
        .any(|place| json.pointer(place).is_some());
    let room = match is_judged {
        true => JUDGED_ANSWER_BYTES,
        false => SECRET_ANSWER_BYTES,
    };
    let mut text = Zeroizing::new(String::with_capacity(room));
    // Writing to a string does not fail.
    let _ = write!(text, "{json}");
    wipe(json);
    Bytes::from_owner(text)
}

fn wipe(json: &mut Json) {
    match json {
        Json::String(text) => text.zeroize(),
        Json::Object(members) => members.values_mut().for_each(wipe),
        Json::Array(items) => items.iter_mut().for_each(wipe),
        Json::Null | Json::Bool(_) | Json::Number(_) => {}
    }
}
