//! What a session token says.
//!
//! The claims are what was true when the session was made and stays true: names that can be reassigned stand
//! here as numbers, and whatever may change (policies of the parent, a disabled key) is looked up at the time
//! of use by others. They are plain data; their bytes are in `layout`.

use daypass_api::Timestamp;
use daypass_api::names::{AccessKeyId, Account, ProviderId, RoleId, SessionId, Uin};
use daypass_api::secret::SecretKey;
use sha2::{Digest, Sha256};

/// Everything that is known of one temporary key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Claims {
    /// How the session came to be.
    pub kind: SessionKind,
    /// Which session; from 128 random bits, and also readable from the temporary key's id.
    pub session_id: SessionId,
    /// TmpSecretKey.
    pub secret: SecretKey,
    /// The root account that the session acts in.
    pub account: Account,
    /// The identity whose rights the session has.
    pub principal: Principal,
    /// What began the chain of sessions.
    pub origin: Origin,
    /// The sessions from which this one was minted, the first one first. Whatever ends one of them ends this one.
    pub ancestors: Vec<Ancestor>,
    /// The session's name.
    pub name: String,
    /// When the session was made.
    pub issued: Timestamp,
    /// When it ends; at most [`MAX_SESSION_SECONDS`](crate::MAX_SESSION_SECONDS) after it was made. Judged by
    /// whoever opens the token.
    pub expires: Timestamp,
    /// The policies that narrow the session, one per minting step, byte for byte as they were given.
    pub session_policies: Vec<String>,
    /// Tags of the session.
    pub tags: Vec<(String, String)>,
    /// Who the caller said it acts for.
    pub source_identity: Option<String>,
}

/// What began a chain of sessions. When it ends, all of them do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Origin {
    /// A permanent key.
    Key {
        /// Whose it is.
        caller: Uin,
        /// Its id.
        key: AccessKeyId,
    },
    /// The word of an identity provider.
    Provider {
        /// The account that the provider is in.
        owner: Uin,
        /// Its number: its name may later belong to another provider.
        id: ProviderId,
        /// Which revision of it: another one may not take what this one took.
        revision: u64,
        /// About whom the word is, in the provider's own terms.
        subject: String,
    },
}

impl Origin {
    /// Whose permanent key it is, if it is one.
    pub fn caller(&self) -> Option<Uin> {
        match self {
            Self::Key { caller, .. } => Some(*caller),
            Self::Provider { .. } => None,
        }
    }

    /// The permanent key, if it is one.
    pub fn key(&self) -> Option<&AccessKeyId> {
        match self {
            Self::Key { key, .. } => Some(key),
            Self::Provider { .. } => None,
        }
    }

    /// The identity that answers for it: that of the key, or the root account that the provider is in.
    pub fn responsible(&self) -> Uin {
        match self {
            Self::Key { caller, .. } => *caller,
            Self::Provider { owner, .. } => *owner,
        }
    }
}

/// How a session came to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SessionKind {
    /// By GetFederationToken.
    Federation,
    /// By AssumeRole.
    Role,
    /// By GetSessionToken.
    Own,
}

/// A session from which another was minted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ancestor {
    /// Which session.
    pub session_id: SessionId,
    /// The root account that it acted in.
    pub owner: Uin,
    /// Whose rights it had.
    pub principal: Principal,
    /// When it was made.
    pub issued: Timestamp,
    /// The name it was given, as [`name_digest`] shortens it: chains of long names would not fit into a token.
    pub name: u64,
}

/// A session's name in eight bytes, by which what is said about all sessions of a name finds their descendants.
pub fn name_digest(name: &str) -> u64 {
    let digest: [u8; 32] = Sha256::digest(name.as_bytes()).into();
    digest.first_chunk().map_or(0, |first| u64::from_be_bytes(*first))
}

/// The identity whose rights a session has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Principal {
    /// A root account or a sub-account.
    User(Uin),
    /// A role, by its number: its name may later belong to another role.
    Role(RoleId),
}

#[cfg(test)]
pub(crate) mod tests {
    use daypass_api::names::AppId;

    use super::*;

    /// A session as GetFederationToken makes it.
    pub(crate) fn sample() -> Claims {
        Claims {
            kind: SessionKind::Federation,
            session_id: SessionId(*b"0123456789abcdef"),
            secret: SecretKey::new("canary-secret-key-of-the-session".to_owned()),
            account: Account {
                app_id: AppId(1_250_000_000),
                owner_uin: Uin(100_000_000_001),
            },
            principal: Principal::User(Uin(100_000_000_011)),
            origin: Origin::Key {
                caller: Uin(100_000_000_011),
                key: AccessKeyId::parse("AKIDEXAMPLE0123456789abcdefghijklmno").unwrap(),
            },
            ancestors: Vec::new(),
            name: "user-7".to_owned(),
            issued: Timestamp::from_unix_millis(1_700_000_000_123),
            expires: Timestamp::from_unix_seconds(1_700_001_800),
            session_policies: vec![
                r#"{"version":"2.0","statement":[{"effect":"allow","action":["name/cos:PutObject"],"resource":["qcs::cos:ap-guangzhou:uid/1250000000:examplebucket-1250000000/user-7/*"]}]}"#
                    .to_owned(),
            ],
            tags: vec![("team".to_owned(), "图片".to_owned())],
            source_identity: None,
        }
    }

    /// A session as AssumeRole makes it when a session of another role asks.
    pub(crate) fn chained() -> Claims {
        let owner = sample().account.owner_uin;
        let ancestor = |session: u8, principal| Ancestor {
            session_id: SessionId([session; 16]),
            owner,
            principal,
            issued: sample().issued,
            name: name_digest("parent"),
        };
        Claims {
            kind: SessionKind::Role,
            principal: Principal::Role(RoleId(4_611_686_018_427_387_906)),
            ancestors: vec![
                ancestor(1, Principal::User(Uin(100_000_000_011))),
                ancestor(2, Principal::Role(RoleId(4_611_686_018_427_387_905))),
            ],
            source_identity: Some("100000000011".to_owned()),
            ..sample()
        }
    }

    /// A session as AssumeRoleWithWebIdentity makes it.
    pub(crate) fn vouched() -> Claims {
        Claims {
            origin: Origin::Provider {
                owner: sample().account.owner_uin,
                id: ProviderId(7),
                revision: 3,
                subject: "alice@example.org".to_owned(),
            },
            kind: SessionKind::Role,
            ancestors: Vec::new(),
            ..chained()
        }
    }

    #[test]
    fn claims_do_not_show_the_secret() {
        assert!(!format!("{:?}", sample()).contains("canary"));
    }
}
