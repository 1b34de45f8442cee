//! Who is asking, once that is known.

use std::sync::Arc;

use daypass_api::Timestamp;
use daypass_api::names::{AccessKeyId, Account, SessionId, Uin};

/// The one who asks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Caller {
    /// The request is not signed.
    Anonymous,
    /// The request is signed by this identity.
    Identified(Identity),
}

impl Caller {
    /// The identity, when there is one.
    pub fn identity(&self) -> Option<&Identity> {
        match self {
            Self::Anonymous => None,
            Self::Identified(identity) => Some(identity),
        }
    }
}

/// An identity that signs: a root account or a sub-account, with a permanent key or in a session.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identity {
    /// The account it belongs to.
    pub account: Account,
    /// Its own number; the account's root number for the root.
    pub uin: Uin,
    /// The permanent key behind the request: its own, or the one that minted the session.
    pub permanent_key: AccessKeyId,
    /// The session, when the key is a temporary one.
    pub session: Option<Session>,
}

impl Identity {
    /// Whether this is the account's root.
    pub fn is_root(&self) -> bool {
        self.uin == self.account.owner_uin
    }
}

/// What a temporary key says about its session, beside its policies.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Session {
    /// Its id.
    pub id: SessionId,
    /// The name it was given.
    pub name: Arc<str>,
    /// When it began.
    pub issued: Timestamp,
    /// When it ends.
    pub expires: Timestamp,
    /// How many session policies narrow it.
    pub policies: usize,
}
