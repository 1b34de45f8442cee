//! From a claimed key to a secret and a caller.
//!
//! Two paths that never meet: a permanent key is looked up and has no token; a temporary key is opened from its
//! token, and whatever it rests on must still be there: the permanent key at the beginning of the chain of sessions,
//! its identity, and every role along the chain, by number. A token beside a permanent key, and a temporary key id
//! without a token, belong to neither.

use std::sync::Arc;

use daypass_api::names::{AccessKeyId, Account, ProviderId, RoleId, RoleName, Uin};
use daypass_api::secret::SecretKey;
use daypass_api::{Error, ErrorCode, Timestamp};
use daypass_token::{self as token, KeyRing, Origin};

use crate::caller::{Identity, Principal, Session};
use crate::facts::StoredPolicy;
use crate::vouched::LiveProvider;

/// A permanent access key as stored, with its secret unwrapped.
#[derive(Clone, Debug)]
pub struct KeyRecord {
    /// Its id.
    pub id: AccessKeyId,
    /// The account of its identity.
    pub account: Account,
    /// Its identity.
    pub uin: Uin,
    /// Whether it is enabled.
    pub active: bool,
    /// Its secret.
    pub secret: SecretKey,
}

/// A role that exists.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LiveRole {
    /// The account that it is in.
    pub owner: Uin,
    /// Its number.
    pub id: RoleId,
    /// The name that it has now.
    pub name: RoleName,
    /// The identity providers that its trust names.
    pub providers: Vec<(Uin, ProviderId)>,
}

/// A key as a request presents it, before anything about it is trusted.
#[derive(Debug)]
pub enum Presented {
    /// A permanent key.
    Permanent(AccessKeyId),
    /// A temporary key whose token is genuine.
    Temporary(Arc<Opened>),
}

/// A genuine token: what it claims, and what follows from that and never changes. Whether the session is alive, and
/// what its parent may do, is asked at every use.
#[derive(Debug)]
pub struct Opened {
    secret: SecretKey,
    account: Account,
    principal: token::Principal,
    origin: Origin,
    session: Arc<Session>,
    policies: Arc<[StoredPolicy]>,
}

impl Opened {
    /// Opens a token of this key, and compiles its policies.
    pub fn open(
        ring: &KeyRing,
        key_id: &AccessKeyId,
        token: &str,
        compile: impl Fn(&str, Account) -> StoredPolicy,
    ) -> Result<Self, Error> {
        let claims =
            daypass_token::open(ring, key_id, token).map_err(|_| Error::new(ErrorCode::TokenInvalid))?;
        let texts = claims.session_policies.iter();
        let policies = texts.map(|text| compile(text, claims.account)).collect();
        let session = Arc::new(Session {
            kind: claims.kind,
            id: claims.session_id,
            ancestors: claims.ancestors.into(),
            name: claims.name.into(),
            issued: claims.issued,
            expires: claims.expires,
            policies: claims.session_policies.into(),
            tags: claims.tags.into(),
            source_identity: claims.source_identity.map(Arc::from),
        });
        Ok(Self {
            secret: claims.secret,
            account: claims.account,
            principal: claims.principal,
            origin: claims.origin,
            session,
            policies,
        })
    }

    /// The session policies along the chain, compiled.
    pub fn policies(&self) -> &[StoredPolicy] {
        &self.policies
    }

    /// How many bytes their texts have.
    pub fn policy_bytes(&self) -> usize {
        self.session.policies.iter().map(String::len).sum()
    }

    fn roles(&self) -> Vec<(Uin, RoleId)> {
        let ancestors = self.session.ancestors.iter();
        let all = ancestors.map(|ancestor| (ancestor.owner, ancestor.principal));
        let own = (self.account.owner_uin, self.principal);
        let role = |(owner, principal)| match principal {
            token::Principal::Role(id) => Some((owner, id)),
            token::Principal::User(_) => None,
        };
        all.chain([own]).filter_map(role).collect()
    }
}

/// Tells the two kinds of keys apart, and has the token of a temporary one opened.
pub fn present(
    key_id: &str,
    token: Option<&str>,
    open: impl FnOnce(&AccessKeyId, &str) -> Result<Arc<Opened>, Error>,
) -> Result<Presented, Error> {
    let key_id = AccessKeyId::parse(key_id)?;
    match token {
        // No token opens for the id of a permanent key.
        Some(token) => open(&key_id, token).map(Presented::Temporary),
        None if daypass_token::session_id_of(&key_id).is_some() => Err(Error::new(ErrorCode::TokenInvalid)),
        None => Ok(Presented::Permanent(key_id)),
    }
}

/// Who a request says it is from, and the secret that must have signed it. Nothing is verified yet.
#[derive(Debug)]
pub struct Credential {
    /// The secret.
    pub secret: SecretKey,
    /// The identity, if the signature turns out to be right.
    pub identity: Identity,
    /// The session policies along the chain.
    pub session_policies: Arc<[StoredPolicy]>,
    standing: Standing,
}

/// Whether the key is good now; told only to who can sign with it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Standing {
    Good,
    Disabled,
}

impl Presented {
    /// The permanent key that the request rests on, if it does: whose record must be fetched.
    pub fn permanent_key(&self) -> Option<&AccessKeyId> {
        match self {
            Self::Permanent(id) => Some(id),
            Self::Temporary(opened) => opened.origin.key(),
        }
    }

    /// The identity provider that the request rests on, if it does: whose record must be fetched.
    pub fn provider(&self) -> Option<(Uin, ProviderId)> {
        match self {
            Self::Temporary(opened) => match &opened.origin {
                Origin::Provider { owner, id, .. } => Some((*owner, *id)),
                Origin::Key { .. } => None,
            },
            Self::Permanent(_) => None,
        }
    }

    /// The roles that the request rests on, by account and number: whose records must be fetched. That of the session
    /// itself, if it is one of a role, is the last one.
    pub fn roles(&self) -> Vec<(Uin, RoleId)> {
        match self {
            Self::Permanent(_) => Vec::new(),
            Self::Temporary(opened) => opened.roles(),
        }
    }

    /// Joins what was presented with the live record of the permanent key and of its identity, or of the identity
    /// provider, and with those of its roles that exist.
    pub fn join(
        self,
        record: Option<&KeyRecord>,
        identity_exists: bool,
        provider: Option<LiveProvider>,
        roles: &[LiveRole],
    ) -> Result<Credential, Error> {
        let live = record.is_some_and(|record| record.active && identity_exists);
        let standing = if live { Standing::Good } else { Standing::Disabled };
        match self {
            Self::Permanent(id) => {
                let record = record
                    .filter(|record| record.id == id)
                    .ok_or(ErrorCode::UnknownAccessKey)?;
                Ok(Credential::permanent(record, standing))
            }
            Self::Temporary(opened) => {
                let exists = |(owner, id): &(Uin, RoleId)| {
                    roles.iter().any(|role| role.owner == *owner && role.id == *id)
                };
                let began = match &opened.origin {
                    Origin::Key { .. } => live && record.is_some_and(|record| began(record, &opened)),
                    Origin::Provider { .. } => vouches(provider, &opened, roles),
                };
                let whole = opened.roles().iter().all(exists);
                let standing = if began && whole {
                    Standing::Good
                } else {
                    Standing::Disabled
                };
                Credential::temporary(&opened, standing, roles)
            }
        }
    }
}

impl Credential {
    fn permanent(record: &KeyRecord, standing: Standing) -> Self {
        let identity = Identity {
            account: record.account,
            principal: Principal::User(record.uin),
            origin: Origin::Key {
                caller: record.uin,
                key: record.id.clone(),
            },
            session: None,
        };
        Self {
            secret: record.secret.clone(),
            identity,
            session_policies: Arc::default(),
            standing,
        }
    }

    fn temporary(opened: &Opened, standing: Standing, roles: &[LiveRole]) -> Result<Self, Error> {
        let owner = opened.account.owner_uin;
        let principal = match opened.principal {
            token::Principal::User(uin) => Principal::User(uin),
            token::Principal::Role(id) => {
                let live = roles.iter().find(|role| role.owner == owner && role.id == id);
                // A role that is gone has no name, and whoever holds a token of it may know.
                let name = live.ok_or(ErrorCode::DisabledAccessKey)?.name.clone();
                Principal::Role { id, name }
            }
        };
        let identity = Identity {
            account: opened.account,
            principal,
            origin: opened.origin.clone(),
            session: Some(Arc::clone(&opened.session)),
        };
        Ok(Self {
            secret: opened.secret.clone(),
            identity,
            session_policies: Arc::clone(&opened.policies),
            standing,
        })
    }

    /// Whether the key is good at this moment. Asked after the signature, so that only the key's holder learns it.
    pub fn check_alive(&self, now: Timestamp) -> Result<(), Error> {
        if self
            .identity
            .session
            .as_ref()
            .is_some_and(|session| session.expires <= now)
        {
            return Err(Error::new(ErrorCode::TokenExpired));
        }
        match self.standing {
            Standing::Good => Ok(()),
            Standing::Disabled => Err(Error::new(ErrorCode::DisabledAccessKey)),
        }
    }
}

/// Whether the record is of the key and identity that began the chain. A session that is not one of a role is the
/// identity's own.
fn began(record: &KeyRecord, opened: &Opened) -> bool {
    let original = opened.origin.key() == Some(&record.id) && opened.origin.caller() == Some(record.uin);
    match opened.principal {
        token::Principal::User(uin) => original && record.account == opened.account && record.uin == uin,
        token::Principal::Role(_) => original,
    }
}

/// Whether the provider that began the chain would still be believed: it is there, takes what it took, and the first
/// role of the chain still names it.
fn vouches(provider: Option<LiveProvider>, opened: &Opened, roles: &[LiveRole]) -> bool {
    let Some(provider) = provider.filter(|provider| provider.is(&opened.origin)) else {
        return false;
    };
    let Some((owner, first)) = opened.roles().first().copied() else {
        return false;
    };
    roles.iter().any(|role| {
        role.owner == owner && role.id == first && role.providers.contains(&(provider.owner, provider.id))
    })
}
