//! One call: its transport is settled, its parameters are not yet judged.
//!
//! Between the two stand the checks of key, time, signature and token, which is the order of the real service: a
//! stranger learns nothing about parameters.

use std::fmt;

use daypass_api::operation::{IdentityOperation, KeyRingOperation};
use daypass_api::{Error, Operation};

use super::action::{Action, Service};
use super::fields::{Fields, Parameters};
use super::{
    access_keys, accounts, analysis, assume, attachments, audit, boundaries, explain, groups, key_ring,
    own_account, policies, providers, revocations, role_policies, roles, sessions, sts, users, versions,
    web_identity,
};

/// Path of every call of API 3.0.
pub(super) const PATH: &str = "/";
/// Path of every call of API 2.0.
pub(super) const LEGACY_PATH: &str = "/v2/index.php";

/// Which generation of the API a call is written in; its path tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Edition {
    /// API 3.0.
    Current,
    /// API 2.0, whose parameters begin with a small letter and whose answers have another envelope.
    Legacy,
}

/// How a call is signed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scheme {
    /// TC3-HMAC-SHA256, over head and body.
    Tc3,
    /// HmacSHA1 or HmacSHA256, over the parameters.
    V1,
}

/// What of a call decides how its answer is spelled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Spelling {
    /// The envelope.
    pub edition: Edition,
    /// Whose error codes; absent when the call never named a known action.
    pub service: Option<Service>,
}

impl Spelling {
    /// For a request of which no more could be read than its path.
    pub fn of_path(path: &str) -> Self {
        let edition = if path == LEGACY_PATH {
            Edition::Legacy
        } else {
            Edition::Current
        };
        Self {
            edition,
            service: None,
        }
    }
}

/// One call of an offered action, in its right version.
#[derive(Clone, PartialEq, Eq)]
pub struct Call {
    pub(super) action: Action,
    pub(super) edition: Edition,
    pub(super) scheme: Scheme,
    pub(super) parameters: Parameters,
    pub(super) v1_parameters: Vec<(String, String)>,
}

impl Call {
    /// What is called.
    pub fn action(&self) -> Action {
        self.action
    }

    /// How it is signed, if it is.
    pub fn scheme(&self) -> Scheme {
        self.scheme
    }

    /// How its answer is spelled.
    pub fn spelling(&self) -> Spelling {
        Spelling {
            edition: self.edition,
            service: Some(self.action.service()),
        }
    }

    /// Every parameter of the query or form, decoded once, in the order sent, `Signature` included: what a v1
    /// signature covers. Empty for a call in the TC3 scheme. No name occurs twice.
    pub fn v1_parameters(&self) -> &[(String, String)] {
        &self.v1_parameters
    }

    /// What the call asks for. Every parameter is either acted on or refused.
    pub fn operation(&self) -> Result<Operation, Error> {
        let mut fields = Fields::new(&self.parameters);
        let operation = self.read(&mut fields)?;
        fields.finish()?;
        Ok(operation)
    }

    fn read(&self, fields: &mut Fields<'_>) -> Result<Operation, Error> {
        use IdentityOperation as Identity;
        let operation = match self.action {
            Action::GetFederationToken => return sts::read_federation(fields, self.edition),
            Action::GetCallerIdentity => return Ok(sts::CALLER_IDENTITY),
            Action::AssumeRole => return assume::read(fields),
            Action::AssumeRoleWithWebIdentity => return web_identity::read(fields),
            Action::GetSessionToken => return sts::read_session_token(fields),
            Action::QueryApiKey => return sts::read_query_key(fields),
            Action::RevokeSession => return revocations::read_revoke(fields),
            Action::ListRevocations => return revocations::read_list(fields),
            Action::ListSessions => return sessions::read(fields),
            Action::DescribeKeyRing => return Ok(key_ring::read(KeyRingOperation::Describe)),
            Action::RotateKeyRing => return Ok(key_ring::read(KeyRingOperation::Rotate)),
            Action::EndAllSessions => return Ok(key_ring::read(KeyRingOperation::EndAll)),
            Action::RotateMasterKey => return Ok(key_ring::read(KeyRingOperation::RotateMasterKey)),
            Action::AddUser => users::read_add(fields)?,
            Action::GetUser => users::read_get(fields)?,
            Action::ListUsers => users::LIST,
            Action::DeleteUser => users::read_delete(fields)?,
            Action::CreateAccessKey => access_keys::read_create(fields)?,
            Action::ListAccessKeys => access_keys::read_list(fields)?,
            Action::UpdateAccessKey => access_keys::read_update(fields)?,
            Action::DeleteAccessKey => access_keys::read_delete(fields)?,
            Action::CreatePolicy => policies::read_create(fields)?,
            Action::GetPolicy => policies::read_get(fields)?,
            Action::ListPolicies => policies::read_list(fields)?,
            Action::DeletePolicy => policies::read_delete(fields)?,
            Action::AttachUserPolicy => attachments::read_attach(fields)?,
            Action::DetachUserPolicy => attachments::read_detach(fields)?,
            Action::CreateRootAccount => accounts::read_create(fields)?,
            Action::GetRootAccount => accounts::read_get(fields)?,
            Action::ListRootAccounts => accounts::LIST,
            Action::UpdateRootAccount => accounts::read_update(fields)?,
            Action::ListAttachedUserPolicies => attachments::read_list(fields)?,
            Action::UpdateUser => users::read_update(fields)?,
            Action::DescribeSubAccounts => users::read_describe(fields)?,
            Action::ListCollaborators => own_account::read_collaborators(fields)?,
            Action::GetUserAppId => own_account::NUMBERS,
            Action::GetAccountSummary => own_account::SUMMARY,
            Action::GetSecurityLastUsed => access_keys::read_last_uses(fields)?,
            Action::UpdatePolicy => policies::read_update(fields)?,
            Action::ListEntitiesForPolicy => attachments::read_entities(fields)?,
            Action::ListAttachedUserAllPolicies => attachments::read_list_all(fields)?,
            Action::ExplainDecision => explain::read(fields)?,
            Action::SearchAudit => audit::read(fields)?,
            Action::LintPolicy => Identity::Analysis(analysis::read_lint(fields)?),
            Action::DescribeEffective => Identity::Analysis(analysis::read_effective(fields)?),
            Action::CreatePolicyVersion => Identity::Version(versions::read_create(fields)?),
            Action::GetPolicyVersion => Identity::Version(versions::read_get(fields)?),
            Action::ListPolicyVersions => Identity::Version(versions::read_list(fields)?),
            Action::DeletePolicyVersion => Identity::Version(versions::read_delete(fields)?),
            Action::SetDefaultPolicyVersion => Identity::Version(versions::read_set_default(fields)?),
            Action::CreateGroup => Identity::Group(groups::read_create(fields)?),
            Action::GetGroup => Identity::Group(groups::read_get(fields)?),
            Action::ListGroups => Identity::Group(groups::read_list(fields)?),
            Action::UpdateGroup => Identity::Group(groups::read_update(fields)?),
            Action::DeleteGroup => Identity::Group(groups::read_delete(fields)?),
            Action::AddUserToGroup => Identity::Group(groups::read_add_users(fields)?),
            Action::RemoveUserFromGroup => Identity::Group(groups::read_remove_users(fields)?),
            Action::ListGroupsForUser => Identity::Group(groups::read_list_of_user(fields)?),
            Action::ListUsersForGroup => Identity::Group(groups::read_list_users(fields)?),
            Action::AttachGroupPolicy => Identity::Group(groups::read_attach(fields)?),
            Action::DetachGroupPolicy => Identity::Group(groups::read_detach(fields)?),
            Action::ListAttachedGroupPolicies => Identity::Group(groups::read_list_policies(fields)?),
            Action::PutUserPermissionsBoundary => Identity::Boundary(boundaries::read_put(fields)?),
            Action::DeleteUserPermissionsBoundary => Identity::Boundary(boundaries::read_delete(fields)?),
            Action::GetUserPermissionBoundary => Identity::Boundary(boundaries::read_get(fields)?),
            Action::CreateOIDCConfig => Identity::Provider(providers::read_create(fields)?),
            Action::DescribeOIDCConfig => Identity::Provider(providers::read_get(fields)?),
            Action::UpdateOIDCConfig => Identity::Provider(providers::read_update(fields)?),
            Action::DeleteOIDCConfig => Identity::Provider(providers::read_delete(fields)?),
            Action::CreateRole => Identity::Role(roles::read_create(fields)?),
            Action::GetRole => Identity::Role(roles::read_get(fields)?),
            Action::DescribeRoleList => Identity::Role(roles::read_list(fields)?),
            Action::DeleteRole => Identity::Role(roles::read_delete(fields)?),
            Action::UpdateAssumeRolePolicy => Identity::Role(roles::read_trust(fields)?),
            Action::UpdateRoleDescription => Identity::Role(roles::read_description(fields)?),
            Action::UpdateRoleSessionDuration => Identity::Role(roles::read_session_duration(fields)?),
            Action::UpdateRoleConsoleLogin => Identity::Role(roles::read_console_login(fields)?),
            Action::TagRole => Identity::Role(roles::read_tag(fields)?),
            Action::UntagRole => Identity::Role(roles::read_untag(fields)?),
            Action::AttachRolePolicy => Identity::Role(role_policies::read_attach(fields)?),
            Action::DetachRolePolicy => Identity::Role(role_policies::read_detach(fields)?),
            Action::ListAttachedRolePolicies => Identity::Role(role_policies::read_list(fields)?),
            Action::PutRolePermissionsBoundary => Identity::Role(role_policies::read_put_boundary(fields)?),
            Action::DeleteRolePermissionsBoundary => {
                Identity::Role(role_policies::read_delete_boundary(fields)?)
            }
            Action::GetRolePermissionBoundary => Identity::Role(role_policies::read_get_boundary(fields)?),
        };
        Ok(Operation::Identity(operation))
    }
}

/// Parameters hold tokens and signatures, so none of their values is shown.
impl fmt::Debug for Call {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Call")
            .field("action", &self.action)
            .field("edition", &self.edition)
            .field("scheme", &self.scheme)
            .finish_non_exhaustive()
    }
}
