//! Whom a role trusts.
//!
//! A trust policy is parsed and checked as any other; what is special is that it says who, not what. It never suffices
//! alone: whoever it names needs a right of its own to assume the role. A role that it names by name is the one that
//! had the name when the document was given, not one that took the name later.

use daypass_api::names::Account;
use daypass_api::{Error, ErrorCode};
use daypass_policy::{self as policy, DocumentKind, OwnerAccount, PolicyErrorKind, PrincipalPattern};

use crate::caller::{Identity, Principal};
use crate::decide::consult;
use crate::decision::Opinion;
use crate::facts::RoleFacts;
use crate::issue::identity_policy_error;

/// Services that a role may trust end like this, as those of the original do. None acts here.
const SERVICES: [&str; 2] = [".cloud.tencent.com", ".qcloud.com"];

/// Checks a document that is to be a role's trust policy, in the codes of access management, and tells whom it names.
/// Whether they exist is not known here.
pub fn check(text: &str, account: Account) -> Result<Vec<PrincipalPattern>, Error> {
    let owner = OwnerAccount {
        app_id: account.app_id.0,
        owner_uin: account.owner_uin.0,
    };
    let policy = policy::parse(text, DocumentKind::Trust, &owner).map_err(|error| match error.kind {
        PolicyErrorKind::PrincipalQcs => Error::with_message(ErrorCode::PrincipalQcsError, error.to_string()),
        _ => identity_policy_error(&error),
    })?;
    let statements = policy.statements().iter();
    let named = statements
        .filter_map(|statement| statement.principals())
        .flatten();
    let named: Vec<_> = named.cloned().collect();
    named
        .iter()
        .try_for_each(|pattern| check_kind(pattern, account))?;
    Ok(named)
}

fn check_kind(pattern: &PrincipalPattern, account: Account) -> Result<(), Error> {
    match pattern {
        PrincipalPattern::Service(name) if !SERVICES.iter().any(|end| name.ends_with(end)) => {
            let text = format!("there is no service `{name}`");
            Err(Error::with_message(ErrorCode::PrincipalServiceNotExist, text))
        }
        PrincipalPattern::Federated { provider, .. } if !provider.starts_with("oidc-provider/") => {
            Err(Error::with_message(
                ErrorCode::DocumentPrincipalError,
                "there are no identity providers that speak SAML",
            ))
        }
        // A request names its provider without an account: it is that of the role.
        PrincipalPattern::Federated { owner_uin, .. } if *owner_uin != account.owner_uin.0 => {
            Err(Error::with_message(
                ErrorCode::DocumentPrincipalError,
                "an identity provider of another account cannot be asked",
            ))
        }
        _ => Ok(()),
    }
}

/// What a role's trust says of this caller.
pub(crate) fn opinion(role: &RoleFacts, identity: &Identity, request: &policy::Request<'_>) -> Opinion {
    let principal = match (request.principal, &identity.principal) {
        (
            policy::Principal::Role {
                owner_uin,
                id,
                name,
                caller_uin,
            },
            Principal::Role { id: number, .. },
        ) => {
            let meant = role.trusted.iter().any(|(owner, known, trusted)| {
                owner.0 == owner_uin && known.as_str() == name && trusted == number
            });
            policy::Principal::Role {
                owner_uin,
                id,
                // No pattern names a role without a name.
                name: if meant { name } else { "" },
                caller_uin,
            }
        }
        (other, _) => other,
    };
    let request = policy::Request {
        principal,
        ..*request
    };
    consult(&role.trust, &request)
}

#[cfg(test)]
mod tests {
    use daypass_api::names::{AppId, Uin};

    use super::*;

    fn check_document(principal: &str, expected: Result<usize, ErrorCode>) {
        let text = format!(
            r#"{{"version":"2.0","statement":[{{"effect":"allow","action":"name/sts:AssumeRole","principal":{principal}}}]}}"#
        );
        let account = Account {
            app_id: AppId(125),
            owner_uin: Uin(900),
        };
        let named = check(&text, account).map(|named| named.len());
        assert_eq!(named.map_err(|error| error.code), expected, "{principal}");
    }

    #[test]
    fn whom_a_role_may_trust() {
        check_document(r#"{"qcs":["qcs::cam::uin/900:root"]}"#, Ok(1));
        check_document(
            r#"{"qcs":["qcs::cam::uin/900:uin/901","qcs::cam::uin/800:roleName/dev"]}"#,
            Ok(2),
        );
        check_document(r#"{"service":["cls.cloud.tencent.com"]}"#, Ok(1));
        check_document(
            r#"{"service":["evil.test"]}"#,
            Err(ErrorCode::PrincipalServiceNotExist),
        );
        check_document(
            r#"{"federated":["qcs::cam::uin/900:saml-provider/idp"]}"#,
            Err(ErrorCode::DocumentPrincipalError),
        );
        check_document(r#"{"federated":["qcs::cam::uin/900:oidc-provider/idp"]}"#, Ok(1));
        check_document(
            r#"{"federated":["qcs::cam::uin/800:oidc-provider/idp"]}"#,
            Err(ErrorCode::DocumentPrincipalError),
        );
        // Nobody may be trusted whom nobody knows.
        for everybody in [
            r#""*""#,
            r#"{"qcs":["*"]}"#,
            r#"{"qcs":["qcs::cam::anyone:anyone"]}"#,
            r#"{"qcs":["qcs::cam::uin/x:root"]}"#,
        ] {
            check_document(everybody, Err(ErrorCode::PrincipalQcsError));
        }
        check_document("{}", Err(ErrorCode::DocumentPrincipalError));
    }
}
