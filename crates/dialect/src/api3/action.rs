//! The actions of both services: which are offered, which are only known by name, and which version each has.
//!
//! The names of the two services do not overlap, so that an action tells its service; the host never does.

use daypass_api::{Error, ErrorCode};

/// One of the two services behind this dialect.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Service {
    /// The token service.
    Sts,
    /// Access management.
    Cam,
}

impl Service {
    /// The name that stands in the scope of a TC3 signature and before a host's first dot.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Sts => "sts",
            Self::Cam => "cam",
        }
    }

    /// The one version of its API that is spoken.
    pub const fn version(self) -> &'static str {
        match self {
            Self::Sts => "2018-08-13",
            Self::Cam => "2019-01-16",
        }
    }
}

macro_rules! actions {
    ($($service:ident: $($action:ident),+;)+) => {
        /// An action that is offered.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        #[expect(missing_docs, reason = "each name is the documented name of the action")]
        pub enum Action {
            $($($action),+),+
        }

        impl Action {
            /// All of them.
            pub const ALL: &[Self] = &[$($(Self::$action),+),+];

            /// Its name on the wire.
            pub const fn name(self) -> &'static str {
                match self {
                    $($(Self::$action => stringify!($action)),+),+
                }
            }

            /// Whose it is.
            pub const fn service(self) -> Service {
                match self {
                    $($(Self::$action => Service::$service),+),+
                }
            }
        }
    };
}

actions! {
    Sts: GetFederationToken, AssumeRole, GetSessionToken, GetCallerIdentity, QueryApiKey,
        RevokeSession, ListRevocations, DescribeKeyRing, RotateKeyRing, EndAllSessions,
        RotateMasterKey, AssumeRoleWithWebIdentity, ListSessions;
    Cam: AddUser, GetUser, ListUsers, DeleteUser, CreateAccessKey, ListAccessKeys, UpdateAccessKey,
        DeleteAccessKey, CreatePolicy, GetPolicy, ListPolicies, DeletePolicy, AttachUserPolicy,
        DetachUserPolicy, ListAttachedUserPolicies,
        UpdateUser, DescribeSubAccounts, ListCollaborators, GetUserAppId,
        GetAccountSummary, GetSecurityLastUsed, UpdatePolicy, CreatePolicyVersion,
        GetPolicyVersion, ListPolicyVersions, DeletePolicyVersion, SetDefaultPolicyVersion,
        ListEntitiesForPolicy, ListAttachedUserAllPolicies, AttachGroupPolicy, DetachGroupPolicy,
        ListAttachedGroupPolicies, CreateGroup, GetGroup, ListGroups,
        UpdateGroup, DeleteGroup, AddUserToGroup, RemoveUserFromGroup,
        ListGroupsForUser, ListUsersForGroup, PutUserPermissionsBoundary, DeleteUserPermissionsBoundary,
        GetUserPermissionBoundary,
        CreateRole, GetRole, DescribeRoleList, DeleteRole, UpdateAssumeRolePolicy, UpdateRoleDescription,
        UpdateRoleSessionDuration, UpdateRoleConsoleLogin, TagRole, UntagRole, AttachRolePolicy, DetachRolePolicy,
        ListAttachedRolePolicies, PutRolePermissionsBoundary, DeleteRolePermissionsBoundary,
        GetRolePermissionBoundary,
        ExplainDecision, LintPolicy, DescribeEffective, SearchAudit,
        CreateRootAccount, GetRootAccount, ListRootAccounts, UpdateRootAccount,
        CreateOIDCConfig, DescribeOIDCConfig, UpdateOIDCConfig, DeleteOIDCConfig;
}

/// The version of the actions that no other service has.
const OWN_VERSION: &str = "2026-11-01";

impl Action {
    /// The one version of it that is spoken: that of its service, or one of our own for what only this server offers.
    pub const fn version(self) -> &'static str {
        match self {
            Self::RevokeSession
            | Self::ListRevocations
            | Self::ListSessions
            | Self::DescribeKeyRing
            | Self::RotateKeyRing
            | Self::EndAllSessions
            | Self::RotateMasterKey
            | Self::ExplainDecision
            | Self::LintPolicy
            | Self::DescribeEffective
            | Self::SearchAudit => OWN_VERSION,
            _ => self.service().version(),
        }
    }

    /// Whether it is called without a signature: what proves the caller is among its parameters.
    pub const fn is_unsigned(self) -> bool {
        matches!(self, Self::AssumeRoleWithWebIdentity)
    }

    /// Finds an action by its exact name. One that the real services have and this one does not is told apart
    /// from one that nobody has.
    pub fn parse(name: &str) -> Result<Self, Error> {
        if let Some(action) = Self::ALL.iter().find(|action| action.name() == name) {
            return Ok(*action);
        }
        if let Some(known) = NOT_OFFERED.iter().find(|known| **known == name) {
            let message = format!("the action `{known}` is not offered by this server");
            return Err(Error::with_message(ErrorCode::NotImplemented, message));
        }
        Err(ErrorCode::InvalidAction.into())
    }
}

/// Actions of the real services, by the services' own documentation, that are not offered here.
const NOT_OFFERED: &[&str] = &[
    "AssumeRoleWithSAML",
    "CreateSAMLProvider",
    "GetSAMLProvider",
    "ListSAMLProviders",
    "UpdateSAMLProvider",
    "DeleteSAMLProvider",
];

#[cfg(test)]
mod tests {
    use super::*;

    fn check(name: &str, expected: Result<Service, ErrorCode>) {
        let found = Action::parse(name)
            .map(Action::service)
            .map_err(|error| error.code);
        assert_eq!(found, expected, "{name}");
    }

    #[test]
    fn actions_by_name() {
        check("GetFederationToken", Ok(Service::Sts));
        check("DeletePolicy", Ok(Service::Cam));
        check("PutUserPermissionsBoundary", Ok(Service::Cam));
        check("PutRolePermissionsBoundary", Ok(Service::Cam));
        check("AssumeRole", Ok(Service::Sts));
        for saml in [
            "AssumeRoleWithSAML",
            "CreateSAMLProvider",
            "GetSAMLProvider",
            "ListSAMLProviders",
            "UpdateSAMLProvider",
            "DeleteSAMLProvider",
        ] {
            check(saml, Err(ErrorCode::NotImplemented));
        }
        check("GetUserPermissionsBoundary", Err(ErrorCode::InvalidAction));
        check("getfederationtoken", Err(ErrorCode::InvalidAction));
        check("", Err(ErrorCode::InvalidAction));
    }

    #[test]
    fn no_name_stands_in_both_lists() {
        for action in Action::ALL {
            assert!(!NOT_OFFERED.contains(&action.name()), "{}", action.name());
        }
    }
}
