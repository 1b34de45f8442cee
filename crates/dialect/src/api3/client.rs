//! The client's half: operations to the parameters of a call, and the body of its answer to an outcome.
//!
//! Calls are always of API 3.0 with a JSON body; signing and sending are left to the caller.

use daypass_api::operation::{AccountOperation, IdentityOperation, Operation, SessionOperation};
use daypass_api::{ErrorCode, Outcome};
use serde_json::Value as Json;

use super::action::Action;
use super::object::with_some;
use super::reply::{AnswerError, Reply, malformed};
use super::{access_keys, accounts, assume, attachments, key_ring, policies, revocations, roles, sts, users};

/// A call to send: its action and version go into the headers, its body is JSON.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Request {
    /// `X-TC-Action`; its service has the version.
    pub action: Action,
    /// The body, to be sent as `application/json`.
    pub body: String,
}

/// The call that asks for an operation. The object store's operations have none.
pub fn request(operation: &Operation) -> Result<Request, ErrorCode> {
    let (action, parameters) = match operation {
        Operation::Object(_) => return Err(ErrorCode::InvalidAction),
        Operation::Session(SessionOperation::GetFederationToken(get)) => {
            (Action::GetFederationToken, sts::federation_parameters(get))
        }
        Operation::Session(SessionOperation::AssumeRole(assume)) => {
            (Action::AssumeRole, assume::parameters(assume))
        }
        Operation::Session(SessionOperation::GetSessionToken { duration_seconds }) => {
            let parameters = with_some(empty(), "DurationSeconds", *duration_seconds);
            (Action::GetSessionToken, parameters)
        }
        Operation::Session(SessionOperation::GetCallerIdentity) => (Action::GetCallerIdentity, empty()),
        Operation::Session(SessionOperation::QueryApiKey(subject)) => {
            (Action::QueryApiKey, access_keys::subject_parameters(*subject))
        }
        Operation::Session(SessionOperation::RevokeSession(revoke)) => {
            (Action::RevokeSession, revocations::revoke_parameters(revoke))
        }
        Operation::Session(SessionOperation::ListRevocations(list)) => {
            (Action::ListRevocations, revocations::list_parameters(*list))
        }
        Operation::Session(SessionOperation::KeyRing(operation)) => (key_ring::action(*operation), empty()),
        Operation::Identity(operation) => identity_request(operation),
    };
    Ok(Request {
        action,
        body: parameters.to_string(),
    })
}

fn identity_request(operation: &IdentityOperation) -> (Action, Json) {
    use IdentityOperation as Op;
    match operation {
        Op::CreateUser(create) => (Action::AddUser, users::add_parameters(create)),
        Op::GetUser(name) => (Action::GetUser, users::name_parameters(name)),
        Op::ListUsers => (Action::ListUsers, empty()),
        Op::DeleteUser(delete) => (Action::DeleteUser, users::delete_parameters(delete)),
        Op::CreateAccessKey { subject, description } => (
            Action::CreateAccessKey,
            access_keys::create_parameters(*subject, description),
        ),
        Op::ListAccessKeys(subject) => (Action::ListAccessKeys, access_keys::subject_parameters(*subject)),
        Op::UpdateAccessKey {
            subject,
            access_key_id,
            status,
        } => (
            Action::UpdateAccessKey,
            access_keys::update_parameters(*subject, access_key_id, *status),
        ),
        Op::DeleteAccessKey {
            subject,
            access_key_id,
        } => (
            Action::DeleteAccessKey,
            access_keys::delete_parameters(*subject, access_key_id),
        ),
        Op::CreatePolicy(policy) => (Action::CreatePolicy, policies::create_parameters(policy)),
        Op::GetPolicy(id) => (Action::GetPolicy, policies::id_parameters(*id)),
        Op::ListPolicies {
            scope,
            keyword,
            paging,
        } => (
            Action::ListPolicies,
            policies::list_parameters(*scope, keyword.as_deref(), *paging),
        ),
        Op::DeletePolicies(ids) => (Action::DeletePolicy, policies::delete_parameters(ids)),
        Op::AttachUserPolicy { uin, policy_id } => (
            Action::AttachUserPolicy,
            attachments::attach_parameters(*uin, *policy_id),
        ),
        Op::DetachUserPolicy { uin, policy_id } => (
            Action::DetachUserPolicy,
            attachments::detach_parameters(*uin, *policy_id),
        ),
        Op::Account(operation) => (account_action(operation), accounts::parameters(operation)),
        Op::ListAttachedUserPolicies { uin, paging } => (
            Action::ListAttachedUserPolicies,
            attachments::list_parameters(*uin, *paging),
        ),
        Op::Role(operation) => roles::parameters(operation),
    }
}

fn account_action(operation: &AccountOperation) -> Action {
    match operation {
        AccountOperation::Create(_) => Action::CreateRootAccount,
        AccountOperation::Get(_) => Action::GetRootAccount,
        AccountOperation::List => Action::ListRootAccounts,
        AccountOperation::Update { .. } => Action::UpdateRootAccount,
    }
}

/// Reads the body of the answer to an operation.
///
/// Where the service answers less than an outcome holds, the rest is empty: `AddUser` and `GetUser` tell no
/// times, and `GetPolicy` does not count attachments.
pub fn answer(operation: &Operation, body: &[u8]) -> Result<Outcome, AnswerError> {
    let json: Json = serde_json::from_slice(body).map_err(|_| malformed("Response"))?;
    let reply = Reply(&json).object("Response")?;
    if let Ok(error) = reply.object("Error") {
        return Err(AnswerError::Refused {
            code: error.text("Code")?.to_owned(),
            message: error.text("Message")?.to_owned(),
            request_id: reply.optional_text("RequestId")?.unwrap_or_default().to_owned(),
        });
    }
    match operation {
        // No call asks for one, so that nothing can be its answer.
        Operation::Object(_) => Err(malformed("Response")),
        Operation::Session(
            SessionOperation::GetFederationToken(_)
            | SessionOperation::AssumeRole(_)
            | SessionOperation::GetSessionToken { .. },
        ) => sts::read_temporary_key(reply),
        Operation::Session(SessionOperation::QueryApiKey(_)) => sts::read_api_keys(reply),
        Operation::Session(SessionOperation::GetCallerIdentity) => sts::read_caller(reply),
        Operation::Session(SessionOperation::RevokeSession(_)) => Ok(Outcome::Done),
        Operation::Session(SessionOperation::ListRevocations(_)) => revocations::read_revocations(reply),
        Operation::Session(SessionOperation::KeyRing(operation)) => key_ring::read_answer(*operation, reply),
        Operation::Identity(operation) => identity_answer(operation, reply),
    }
}

fn identity_answer(operation: &IdentityOperation, reply: Reply<'_>) -> Result<Outcome, AnswerError> {
    use IdentityOperation as Op;
    match operation {
        Op::CreateUser(create) => users::read_created(create, reply),
        Op::GetUser(_) => users::read_user(reply),
        Op::ListUsers => users::read_users(reply),
        Op::CreateAccessKey { .. } => access_keys::read_created(reply),
        Op::ListAccessKeys(_) => access_keys::read_keys(reply),
        Op::CreatePolicy(_) => policies::read_created(reply),
        Op::GetPolicy(id) => policies::read_policy(*id, reply),
        Op::ListPolicies { .. } => policies::read_policies(reply),
        Op::Account(operation) => accounts::read_answer(operation, reply),
        Op::ListAttachedUserPolicies { .. } => attachments::read_attached(reply),
        Op::Role(operation) => roles::read_answer(operation, reply),
        Op::DeleteUser(_)
        | Op::UpdateAccessKey { .. }
        | Op::DeleteAccessKey { .. }
        | Op::DeletePolicies(_)
        | Op::AttachUserPolicy { .. }
        | Op::DetachUserPolicy { .. } => Ok(Outcome::Done),
    }
}

fn empty() -> Json {
    Json::Object(serde_json::Map::new())
}
