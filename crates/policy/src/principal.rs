//! Principal patterns of bucket and trust policies, and how closely one names a caller.
//!
//! How closely matters because the documented evaluation treats them differently: a deny for everyone
//! binds unsigned requests only, and a grant to a root account reaches that account's users only together
//! with a policy of their own. This module reports the closeness; the caller of the crate draws the
//! conclusion.

use std::fmt;

use crate::document::{DocumentKind, Effect};
use crate::error::{PolicyError, PolicyErrorKind};
use crate::request::Principal;

const EVERYONE: &str = "qcs::cam::anyone:anyone";
const ANONYMOUS: &str = "qcs::cam::anonymous:anonymous";

/// How closely a statement names the one who asks, from far to near.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Standing {
    /// As anyone, or as an anonymous user.
    Everyone,
    /// Through its root account, which is named.
    Account,
    /// By name; or the document has no principals and is about its holder.
    Named,
}

impl Standing {
    /// How much it is worth to be named so by a statement of this effect. A deny for everyone binds less than one for
    /// the account; a grant to everyone needs nothing else, while one to the account needs the caller's own policies.
    pub(crate) fn weight(self, effect: Effect) -> u8 {
        match (self, effect) {
            (Standing::Everyone, Effect::Deny) | (Standing::Account, Effect::Allow) => 0,
            (Standing::Everyone, Effect::Allow) | (Standing::Account, Effect::Deny) => 1,
            (Standing::Named, _) => 2,
        }
    }
}

/// Somebody whom a statement is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PrincipalPattern {
    /// Everybody, signed or not: `*` or `qcs::cam::anyone:anyone`.
    Everyone,
    /// Unsigned requests: `qcs::cam::anonymous:anonymous`.
    Anonymous,
    /// A root account: `…uin/<O>:root` or `…uin/<O>:uin/<O>`.
    Root {
        /// The account number of the root.
        owner_uin: u64,
    },
    /// One sub-account.
    User {
        /// The account number of its root.
        owner_uin: u64,
        /// Its own account number.
        uin: u64,
    },
    /// All sub-accounts of a root account: `…uin/<O>:uin/*`.
    Users {
        /// The account number of the root.
        owner_uin: u64,
    },
    /// Sessions of the role with this name.
    RoleName {
        /// The account number of the role's root.
        owner_uin: u64,
        /// The name of the role.
        name: String,
    },
    /// Sessions of the role with this id.
    RoleId {
        /// The account number of the role's root.
        owner_uin: u64,
        /// The id of the role.
        id: String,
    },
    /// A service, by its name.
    Service(String),
    /// An identity provider, as `saml-provider/<name>` or `oidc-provider/<name>`.
    Federated {
        /// The account number of the provider's root.
        owner_uin: u64,
        /// Kind and name of the provider.
        provider: String,
    },
}

impl PrincipalPattern {
    /// Reads an entry of the `qcs` list.
    pub(crate) fn parse_qcs(text: &str, kind: DocumentKind) -> Result<Self, PolicyError> {
        let pattern = match text {
            "*" | EVERYONE => Some(PrincipalPattern::Everyone),
            ANONYMOUS => Some(PrincipalPattern::Anonymous),
            _ => split_account(text).and_then(|(owner_uin, who)| member(owner_uin, who)),
        };
        let names_nobody = matches!(
            pattern,
            Some(PrincipalPattern::Everyone | PrincipalPattern::Anonymous)
        );
        match pattern {
            // A role that anybody may assume would be a key left in the door.
            Some(pattern) if !(kind == DocumentKind::Trust && names_nobody) => Ok(pattern),
            _ => Err(PolicyError::new(PolicyErrorKind::PrincipalQcs, text)),
        }
    }

    /// Reads an entry of the `service` list.
    pub(crate) fn parse_service(text: &str) -> Result<Self, PolicyError> {
        let is_legal = |byte: u8| byte.is_ascii_alphanumeric() || b".-_".contains(&byte);
        if text.is_empty() || !text.bytes().all(is_legal) {
            return Err(PolicyError::new(PolicyErrorKind::Principal, text));
        }
        Ok(PrincipalPattern::Service(text.to_owned()))
    }

    /// Reads an entry of the `federated` list.
    pub(crate) fn parse_federated(text: &str) -> Result<Self, PolicyError> {
        let error = || PolicyError::new(PolicyErrorKind::PrincipalQcs, text);
        let (owner_uin, provider) = split_account(text).ok_or_else(error)?;
        let (kind, name) = provider.split_once('/').ok_or_else(error)?;
        if !["saml-provider", "oidc-provider"].contains(&kind) || !is_name(name) {
            return Err(error());
        }
        Ok(PrincipalPattern::Federated {
            owner_uin,
            provider: provider.to_owned(),
        })
    }

    /// The element of the principal object that holds this entry.
    pub(crate) fn element(&self) -> &'static str {
        match self {
            PrincipalPattern::Service(_) => "service",
            PrincipalPattern::Federated { .. } => "federated",
            _ => "qcs",
        }
    }

    /// How closely this names the one who asks, if at all.
    pub fn standing(&self, principal: &Principal<'_>) -> Option<Standing> {
        match (self, principal) {
            (PrincipalPattern::Everyone, _) | (PrincipalPattern::Anonymous, Principal::Anonymous) => {
                Some(Standing::Everyone)
            }
            (
                PrincipalPattern::Root { owner_uin },
                Principal::Account {
                    owner_uin: owner,
                    uin,
                },
            ) => {
                let standing = if uin == owner {
                    Standing::Named
                } else {
                    Standing::Account
                };
                (owner_uin == owner).then_some(standing)
            }
            (PrincipalPattern::Root { owner_uin }, Principal::Role { owner_uin: owner, .. }) => {
                (owner_uin == owner).then_some(Standing::Account)
            }
            _ => self.names(principal).then_some(Standing::Named),
        }
    }

    fn names(&self, principal: &Principal<'_>) -> bool {
        match (self, principal) {
            (
                PrincipalPattern::User { owner_uin, uin },
                Principal::Account {
                    owner_uin: owner,
                    uin: user,
                },
            ) => owner_uin == owner && uin == user,
            (
                PrincipalPattern::Users { owner_uin },
                Principal::Account {
                    owner_uin: owner,
                    uin,
                },
            ) => owner_uin == owner && uin != owner,
            (
                PrincipalPattern::RoleName { owner_uin, name },
                Principal::Role {
                    owner_uin: owner,
                    name: role,
                    ..
                },
            ) => owner_uin == owner && name == role,
            (
                PrincipalPattern::RoleId { owner_uin, id },
                Principal::Role {
                    owner_uin: owner,
                    id: role,
                    ..
                },
            ) => owner_uin == owner && id == role,
            (PrincipalPattern::Service(name), Principal::Service(service)) => name == service,
            (
                PrincipalPattern::Federated { owner_uin, provider },
                Principal::Federated {
                    owner_uin: owner,
                    provider: theirs,
                },
            ) => owner_uin == owner && provider == theirs,
            _ => false,
        }
    }
}

/// Prints the entry as it is written in its list.
impl fmt::Display for PrincipalPattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            PrincipalPattern::Everyone => f.write_str("*"),
            PrincipalPattern::Anonymous => f.write_str(ANONYMOUS),
            PrincipalPattern::Root { owner_uin } => write!(f, "qcs::cam::uin/{owner_uin}:root"),
            PrincipalPattern::User { owner_uin, uin } => write!(f, "qcs::cam::uin/{owner_uin}:uin/{uin}"),
            PrincipalPattern::Users { owner_uin } => write!(f, "qcs::cam::uin/{owner_uin}:uin/*"),
            PrincipalPattern::RoleName { owner_uin, name } => {
                write!(f, "qcs::cam::uin/{owner_uin}:roleName/{name}")
            }
            PrincipalPattern::RoleId { owner_uin, id } => write!(f, "qcs::cam::uin/{owner_uin}:role/{id}"),
            PrincipalPattern::Service(name) => f.write_str(name),
            PrincipalPattern::Federated { owner_uin, provider } => {
                write!(f, "qcs::cam::uin/{owner_uin}:{provider}")
            }
        }
    }
}

/// Reads a number as accounts have them: decimal digits, no sign, no leading zero.
pub(crate) fn account_number(text: &str) -> Option<u64> {
    let is_plain = text.bytes().all(|byte| byte.is_ascii_digit()) && !text.starts_with('0');
    if is_plain { text.parse().ok() } else { None }
}

fn split_account(text: &str) -> Option<(u64, &str)> {
    let (owner, who) = text.strip_prefix("qcs::cam::uin/")?.split_once(':')?;
    Some((account_number(owner)?, who))
}

fn member(owner_uin: u64, who: &str) -> Option<PrincipalPattern> {
    let (kind, name) = match who {
        "root" => return Some(PrincipalPattern::Root { owner_uin }),
        "uin/*" => return Some(PrincipalPattern::Users { owner_uin }),
        _ => who.split_once('/')?,
    };
    match kind {
        "uin" => account_number(name).map(|uin| match uin == owner_uin {
            true => PrincipalPattern::Root { owner_uin },
            false => PrincipalPattern::User { owner_uin, uin },
        }),
        "roleName" if is_name(name) => Some(PrincipalPattern::RoleName {
            owner_uin,
            name: name.to_owned(),
        }),
        "role" if is_name(name) => Some(PrincipalPattern::RoleId {
            owner_uin,
            id: name.to_owned(),
        }),
        _ => None,
    }
}

fn is_name(text: &str) -> bool {
    let is_legal = |byte: u8| byte.is_ascii_alphanumeric() || b"+=,.@_-".contains(&byte);
    (1..=128).contains(&text.len()) && text.bytes().all(is_legal)
}

#[cfg(test)]
mod tests {
    use super::*;

    const ROOT: Principal<'_> = Principal::Account {
        owner_uin: 900,
        uin: 900,
    };
    const SUB: Principal<'_> = Principal::Account {
        owner_uin: 900,
        uin: 901,
    };
    const OTHER: Principal<'_> = Principal::Account {
        owner_uin: 800,
        uin: 901,
    };
    const ROLE: Principal<'_> = Principal::Role {
        owner_uin: 900,
        id: "46",
        name: "dev",
        caller_uin: Some(901),
    };

    fn check(text: &str, principal: Principal<'_>, expected: Option<Standing>) {
        let pattern = PrincipalPattern::parse_qcs(text, DocumentKind::Bucket).unwrap();
        assert_eq!(pattern.standing(&principal), expected, "{text} {principal:?}");
    }

    #[test]
    fn closeness() {
        let everyone = Some(Standing::Everyone);
        for principal in [ROOT, SUB, OTHER, ROLE, Principal::Anonymous] {
            check("*", principal, everyone);
            check(EVERYONE, principal, everyone);
        }
        check(ANONYMOUS, Principal::Anonymous, everyone);
        check(ANONYMOUS, SUB, None);
        for root in ["qcs::cam::uin/900:root", "qcs::cam::uin/900:uin/900"] {
            check(root, ROOT, Some(Standing::Named));
            check(root, SUB, Some(Standing::Account));
            check(root, ROLE, Some(Standing::Account));
            check(root, OTHER, None);
            check(root, Principal::Anonymous, None);
        }
        check("qcs::cam::uin/900:uin/901", SUB, Some(Standing::Named));
        check("qcs::cam::uin/900:uin/901", ROOT, None);
        check("qcs::cam::uin/900:uin/901", OTHER, None);
        // The role's original caller is not the role.
        check("qcs::cam::uin/900:uin/901", ROLE, None);
        check("qcs::cam::uin/900:uin/*", SUB, Some(Standing::Named));
        check("qcs::cam::uin/900:uin/*", ROOT, None);
        check("qcs::cam::uin/900:uin/*", ROLE, None);
        check("qcs::cam::uin/900:roleName/dev", ROLE, Some(Standing::Named));
        check("qcs::cam::uin/900:roleName/46", ROLE, None);
        check("qcs::cam::uin/900:role/46", ROLE, Some(Standing::Named));
        check("qcs::cam::uin/800:role/46", ROLE, None);
    }

    #[test]
    fn services_and_providers() {
        let service = PrincipalPattern::parse_service("cls.cloud.tencent.com").unwrap();
        assert_eq!(
            service.standing(&Principal::Service("cls.cloud.tencent.com")),
            Some(Standing::Named)
        );
        assert_eq!(
            service.standing(&Principal::Service("cls.cloud.tencent.co")),
            None
        );
        let provider = PrincipalPattern::parse_federated("qcs::cam::uin/900:saml-provider/idp").unwrap();
        let asking = |owner_uin, provider| Principal::Federated { owner_uin, provider };
        assert_eq!(
            provider.standing(&asking(900, "saml-provider/idp")),
            Some(Standing::Named)
        );
        assert_eq!(provider.standing(&asking(900, "oidc-provider/idp")), None);
        assert_eq!(provider.standing(&asking(800, "saml-provider/idp")), None);
    }

    #[test]
    fn refuses_other_forms() {
        let qcs = [
            "",
            "**",
            "anyone",
            "900",
            "qcs::cam::uin/900",
            "qcs::cam::uin/900:groupid/1",
            "qcs::cam::uin/:root",
            "qcs::cam::uin/0900:root",
            "qcs::cam::uin/+900:root",
            "qcs::cam::uin/*:root",
            "qcs::cam::uin/900:uin/",
            "qcs::cam::uin/900:roleName/",
            "qcs::cam::uin/900:roleName/*",
            "qcs::cam::uin/900:role/a/b",
            "qcs::cam::uin/99999999999999999999999:root",
            "QCS::cam::uin/900:root",
            "qcs:: cam::uin/900:root",
        ];
        for text in qcs {
            let error = PrincipalPattern::parse_qcs(text, DocumentKind::Bucket).unwrap_err();
            assert_eq!(error.kind, PolicyErrorKind::PrincipalQcs, "{text}");
        }
        for everyone in ["*", EVERYONE, ANONYMOUS] {
            assert!(
                PrincipalPattern::parse_qcs(everyone, DocumentKind::Trust).is_err(),
                "{everyone}"
            );
        }
        for text in ["", "*", "qcs::cam::uin/900:root"] {
            assert!(PrincipalPattern::parse_service(text).is_err(), "{text}");
            assert!(PrincipalPattern::parse_federated(text).is_err(), "{text}");
        }
    }
}
