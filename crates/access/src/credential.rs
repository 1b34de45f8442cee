//! From a claimed key to a secret and a caller.
//!
//! Two paths that never meet: a permanent key is looked up and has no token; a temporary key is opened from its
//! token, and the permanent key that minted it must still be good. A token beside a permanent key, and a temporary
//! key id without a token, belong to neither.

use std::sync::Arc;

use daypass_api::names::{AccessKeyId, Account, Uin};
use daypass_api::secret::SecretKey;
use daypass_api::{Error, ErrorCode, Timestamp};
use daypass_token::{Claims, KeyRing, Principal};

use crate::caller::{Identity, Session};
use crate::facts::StoredPolicy;

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

/// A key as a request presents it, before anything about it is trusted.
#[derive(Debug)]
pub enum Presented {
    /// A permanent key.
    Permanent(AccessKeyId),
    /// A temporary key whose token is genuine.
    Temporary(Arc<Opened>),
}

/// A genuine token: its claims, and what follows from them and never changes. Whether the session is alive, and what
/// its parent may do, is asked at every use.
#[derive(Debug)]
pub struct Opened {
    claims: Claims,
    name: Arc<str>,
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
        let name = claims.name.as_str().into();
        Ok(Self {
            claims,
            name,
            policies,
        })
    }

    /// The session policies along the chain, compiled.
    pub fn policies(&self) -> &[StoredPolicy] {
        &self.policies
    }

    /// How many bytes their texts have.
    pub fn policy_bytes(&self) -> usize {
        self.claims.session_policies.iter().map(String::len).sum()
    }
}

/// Tells the two kinds of keys apart, and has the token of a temporary one opened.
pub fn present(
    key_id: &str,
    token: Option<&str>,
    open: impl FnOnce(&AccessKeyId, &str) -> Result<Arc<Opened>, Error>,
) -> Result<Presented, Error> {
    let key_id = AccessKeyId::parse(key_id)?;
    let is_temporary = daypass_token::session_id_of(&key_id).is_some();
    match (is_temporary, token) {
        (false, None) => Ok(Presented::Permanent(key_id)),
        (true, Some(token)) => open(&key_id, token).map(Presented::Temporary),
        (false, Some(_)) | (true, None) => Err(Error::new(ErrorCode::TokenInvalid)),
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
    /// The permanent key that the request rests on: whose record must be fetched.
    pub fn permanent_key(&self) -> &AccessKeyId {
        match self {
            Self::Permanent(id) => id,
            Self::Temporary(opened) => &opened.claims.original_key,
        }
    }

    /// Joins what was presented with the live record of the permanent key and of its identity.
    pub fn join(self, record: Option<&KeyRecord>, identity_exists: bool) -> Result<Credential, Error> {
        let live = record.is_some_and(|record| record.active && identity_exists);
        let standing = if live { Standing::Good } else { Standing::Disabled };
        match self {
            Self::Permanent(id) => {
                let record = record
                    .filter(|record| record.id == id)
                    .ok_or(ErrorCode::UnknownAccessKey)?;
                Ok(Credential::permanent(record, standing))
            }
            Self::Temporary(opened) => Credential::temporary(&opened, record, standing),
        }
    }
}

impl Credential {
    fn permanent(record: &KeyRecord, standing: Standing) -> Self {
        let identity = Identity {
            account: record.account,
            uin: record.uin,
            permanent_key: record.id.clone(),
            session: None,
        };
        Self {
            secret: record.secret.clone(),
            identity,
            session_policies: Arc::default(),
            standing,
        }
    }

    fn temporary(opened: &Opened, record: Option<&KeyRecord>, standing: Standing) -> Result<Self, Error> {
        let claims = &opened.claims;
        let Principal::User(uin) = claims.principal else {
            // No session of any other kind is minted by this version.
            return Err(Error::new(ErrorCode::TokenInvalid));
        };
        let same_identity = |record: &KeyRecord| record.account == claims.account && record.uin == uin;
        let standing = if record.is_some_and(same_identity) {
            standing
        } else {
            Standing::Disabled
        };
        let session = Session {
            id: claims.session_id,
            name: Arc::clone(&opened.name),
            issued: claims.issued,
            expires: claims.expires,
            policies: claims.session_policies.len(),
        };
        let identity = Identity {
            account: claims.account,
            uin,
            permanent_key: claims.original_key.clone(),
            session: Some(session),
        };
        Ok(Self {
            secret: claims.secret.clone(),
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
