//! The client's half: operations to the parameters of a call, and the body of its answer to an outcome.
//!
//! Calls are always of API 3.0 with a JSON body; signing and sending are left to the caller.

use daypass_api::operation::{
    AccountOperation, AnalysisOperation, IdentityOperation, Operation, SessionOperation,
};
use daypass_api::{ErrorCode, Outcome};
use serde_json::Value as Json;

use super::action::Action;
use super::object::with_some;
use super::reply::{AnswerError, Reply, malformed};
use super::{
    access_keys, accounts, analysis, assume, attachments, audit, boundaries, explain, groups, key_ring,
    own_account, policies, providers, revocations, roles, sessions, sts, users, versions, web_identity,
};

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
        Operation::Session(SessionOperation::AssumeRoleWithWebIdentity(assume)) => (
            Action::AssumeRoleWithWebIdentity,
            web_identity::parameters(assume),
        ),
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
        Operation::Session(SessionOperation::ListSessions(list)) => {
            (Action::ListSessions, sessions::parameters(list))
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
        Op::UpdateUser(update) => (Action::UpdateUser, users::update_parameters(update)),
        Op::DescribeUsers(uins) => (Action::DescribeSubAccounts, users::describe_parameters(uins)),
        Op::ListCollaborators => (Action::ListCollaborators, empty()),
        Op::GetAccountNumbers => (Action::GetUserAppId, empty()),
        Op::GetAccountSummary => (Action::GetAccountSummary, empty()),
        Op::ListLastUses(ids) => (
            Action::GetSecurityLastUsed,
            access_keys::last_uses_parameters(ids),
        ),
        Op::ExplainDecision(id) => (Action::ExplainDecision, explain::parameters(id)),
        Op::SearchAudit(search) => (Action::SearchAudit, audit::parameters(search)),
        Op::Analysis(operation) => {
            let action = match operation {
                AnalysisOperation::Lint { .. } => Action::LintPolicy,
                AnalysisOperation::Effective { .. } => Action::DescribeEffective,
            };
            (action, analysis::parameters(operation))
        }
        Op::UpdatePolicy(update) => (Action::UpdatePolicy, policies::update_parameters(update)),
        Op::ListUserPolicies(list) => (
            Action::ListAttachedUserAllPolicies,
            attachments::list_all_parameters(list),
        ),
        Op::ListPolicyEntities {
            policy_id,
            filter,
            paging,
        } => (
            Action::ListEntitiesForPolicy,
            attachments::entities_parameters(*policy_id, *filter, *paging),
        ),
        Op::Version(operation) => versions::request(operation),
        Op::Group(operation) => groups::request(operation),
        Op::Boundary(operation) => boundaries::request(*operation),
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
        Op::Provider(operation) => providers::parameters(operation),
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
            | SessionOperation::AssumeRoleWithWebIdentity(_)
            | SessionOperation::GetSessionToken { .. },
        ) => sts::read_temporary_key(reply),
        Operation::Session(SessionOperation::QueryApiKey(_)) => sts::read_api_keys(reply),
        Operation::Session(SessionOperation::GetCallerIdentity) => sts::read_caller(reply),
        Operation::Session(SessionOperation::RevokeSession(_)) => Ok(Outcome::Done),
        Operation::Session(SessionOperation::ListRevocations(_)) => revocations::read_revocations(reply),
        Operation::Session(SessionOperation::ListSessions(_)) => sessions::read_answer(reply),
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
        Op::DescribeUsers(_) => users::read_sub_accounts(reply),
        Op::ListCollaborators => own_account::read_collaborators_answer(reply),
        Op::GetAccountNumbers => own_account::read_numbers(reply),
        Op::GetAccountSummary => own_account::read_summary(reply),
        Op::ListLastUses(_) => access_keys::read_last_uses_answer(reply),
        Op::ExplainDecision(_) => explain::read_answer(reply),
        Op::SearchAudit(_) => audit::read_answer(reply),
        Op::Analysis(operation) => analysis::read_answer(operation, reply),
        Op::UpdatePolicy(update) => policies::read_updated(update, reply),
        Op::ListUserPolicies(_) => attachments::read_user_policies(reply),
        Op::ListPolicyEntities { .. } => attachments::read_entities_answer(reply),
        Op::Version(operation) => versions::answer(operation, reply),
        Op::Group(operation) => groups::answer(operation, reply),
        Op::Boundary(operation) => boundaries::answer(*operation, reply),
        Op::Role(operation) => roles::read_answer(operation, reply),
        Op::Provider(operation) => providers::read_answer(operation, reply),
        Op::UpdateUser(_)
        | Op::DeleteUser(_)
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
