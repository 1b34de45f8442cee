//! Who is asking, once that is known.

use std::sync::Arc;

use daypass_api::Timestamp;
use daypass_api::names::{Account, RoleId, RoleName, SessionId, Uin};
use daypass_token::{Ancestor, Origin, SessionKind};

use crate::vouched::Vouched;

/// The one who asks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Caller {
    /// The request is not signed.
    Anonymous,
    /// The request is signed by this identity.
    Identified(Identity),
    /// The request is not signed, and an identity provider vouches for who sent it.
    Vouched(Vouched),
}

impl Caller {
    /// The identity, when there is one.
    pub fn identity(&self) -> Option<&Identity> {
        match self {
            Self::Anonymous | Self::Vouched(_) => None,
            Self::Identified(identity) => Some(identity),
        }
    }
}

/// An identity that signs: a root account or a sub-account, with a permanent key or in a session, or the session of
/// a role.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identity {
    /// The account that it acts in.
    pub account: Account,
    /// Whose rights it has.
    pub principal: Principal,
    /// What is behind the request: its own permanent key, or what began the chain of sessions.
    pub origin: Origin,
    /// The session, when the key is a temporary one. One count of uses for all of it: requests on several processors
    /// with one key wait for each other at every such count.
    pub session: Option<Arc<Session>>,
}

/// Whose rights an identity has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Principal {
    /// A root account or a sub-account, by its own number; the account's root number for the root.
    User(Uin),
    /// A role, and not whoever acts as it.
    Role {
        /// Its number.
        id: RoleId,
        /// The name that it has now.
        name: RoleName,
    },
}

impl Identity {
    /// Whether this is the account's root. A role never is, whoever acts as it.
    pub fn is_root(&self) -> bool {
        self.user() == Some(self.account.owner_uin)
    }

    /// The root account or sub-account; none for a role.
    pub fn user(&self) -> Option<Uin> {
        match self.principal {
            Principal::User(uin) => Some(uin),
            Principal::Role { .. } => None,
        }
    }

    /// The role, for a session of one.
    pub fn role(&self) -> Option<RoleId> {
        match self.principal {
            Principal::User(_) => None,
            Principal::Role { id, .. } => Some(id),
        }
    }
}

/// What a temporary key says about its session. Shared with the opened token, so that a copy is cheap.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Session {
    /// How it came to be.
    pub kind: SessionKind,
    /// Its id.
    pub id: SessionId,
    /// The sessions from which it was minted, the first one first.
    pub ancestors: Arc<[Ancestor]>,
    /// The name it was given.
    pub name: Arc<str>,
    /// When it began.
    pub issued: Timestamp,
    /// When it ends.
    pub expires: Timestamp,
    /// The policies that narrow it, one for each step of minting that gave one.
    pub policies: Arc<[String]>,
    /// Its tags.
    pub tags: Arc<[(String, String)]>,
    /// Who its caller said it acts for.
    pub source_identity: Option<Arc<str>>,
}

impl Session {
    /// Whether users, keys, policies and roles may be changed in it: in a role's session that nothing narrows and
    /// that does not descend from one that may not. Without the last, who may not change them would go through a
    /// role that may.
    pub fn may_change_identities(&self) -> bool {
        let of_a_role = |ancestor: &Ancestor| matches!(ancestor.principal, daypass_token::Principal::Role(_));
        self.kind == SessionKind::Role && self.policies.is_empty() && self.ancestors.iter().all(of_a_role)
    }
}
