//! What deciding needs to know, gathered from one snapshot and handed in.

use std::net::IpAddr;
use std::sync::Arc;

use daypass_api::Timestamp;
use daypass_api::acl::{Acl, ObjectAcl};
use daypass_api::names::{
    Account, BucketName, ObjectKey, PolicyId, PolicyName, ProviderId, ProviderName, Region, RoleId, RoleName,
    Uin, UserName,
};
use daypass_api::operation::RoleRef;
use daypass_policy::Policy;

/// A policy as stored: compiled, or unreadable, which denies whatever it is asked.
pub type StoredPolicy = Option<Arc<Policy>>;

/// The policies that travel with a caller.
#[derive(Clone, Debug, Default)]
pub struct Layers {
    /// Those of the user or role, live.
    pub identity: Arc<[StoredPolicy]>,
    /// The permission boundary, live.
    pub boundary: Option<StoredPolicy>,
    /// Those of the session, one for each step of minting, as they were then.
    pub session: Arc<[StoredPolicy]>,
}

/// Everything about the resources that an operation names.
#[derive(Clone, Debug, Default)]
pub struct Facts {
    /// The buckets it names, those that exist or could.
    pub buckets: Vec<BucketFacts>,
    /// The account that operates the store: the first one that was made.
    pub operator: Option<Account>,
    /// The users it names, and their numbers.
    pub users: Vec<(UserName, Uin)>,
    /// The users it names by the numbers under which they receive messages, and their own numbers.
    pub uids: Vec<(u64, Uin)>,
    /// The policies it names by their names, and their numbers.
    pub policies: Vec<(PolicyName, PolicyId)>,
    /// The roles it names that exist.
    pub roles: Vec<RoleFacts>,
}

/// A role, as far as deciding needs it.
#[derive(Clone, Debug)]
pub struct RoleFacts {
    /// How the operation named it.
    pub asked: RoleRef,
    /// The account that it is in.
    pub account: Account,
    /// Its number.
    pub id: RoleId,
    /// Its name.
    pub name: RoleName,
    /// Its tags.
    pub tags: Vec<(String, String)>,
    /// Who may act as it.
    pub trust: StoredPolicy,
    /// The roles that its trust names by name, as they were when it was given: account, name and number.
    pub trusted: Vec<(Uin, RoleName, RoleId)>,
    /// The identity providers that its trust names, as they were when it was given: account, name and number.
    pub providers: Vec<(Uin, ProviderName, ProviderId)>,
    /// The longest life of its sessions, in seconds; 0 for no limit of its own.
    pub session_duration: i64,
}

/// A bucket, as far as deciding needs it. For a bucket that does not exist: who would own it, and where.
#[derive(Clone, Debug)]
pub struct BucketFacts {
    /// Its name.
    pub name: BucketName,
    /// Whose it is.
    pub owner: Account,
    /// Where it is.
    pub region: Region,
    /// Its access control list.
    pub acl: Acl,
    /// Its policy.
    pub policy: Option<StoredPolicy>,
    /// Its tags.
    pub tags: Vec<(String, String)>,
    /// The lists of the objects that the operation names and that exist.
    pub objects: Vec<(ObjectKey, ObjectAcl)>,
}

impl Facts {
    pub(crate) fn bucket(&self, name: &BucketName) -> Option<&BucketFacts> {
        self.buckets.iter().find(|bucket| bucket.name == *name)
    }

    /// The role that an operation named so, in this account.
    pub fn role(&self, owner: Uin, asked: &RoleRef) -> Option<&RoleFacts> {
        self.roles
            .iter()
            .find(|role| role.account.owner_uin == owner && role.asked == *asked)
    }

    pub(crate) fn user(&self, name: &UserName) -> Option<Uin> {
        self.users
            .iter()
            .find(|(known, _)| known == name)
            .map(|(_, uin)| *uin)
    }

    pub(crate) fn uid(&self, uid: u64) -> Option<Uin> {
        let found = self.uids.iter().find(|(known, _)| *known == uid);
        found.map(|(_, uin)| *uin)
    }

    pub(crate) fn policy(&self, name: &PolicyName) -> Option<PolicyId> {
        let found = self.policies.iter().find(|(known, _)| known == name);
        found.map(|(_, id)| *id)
    }
}

impl BucketFacts {
    pub(crate) fn object_acl(&self, key: &ObjectKey) -> Option<&ObjectAcl> {
        self.objects
            .iter()
            .find(|(known, _)| known == key)
            .map(|(_, acl)| acl)
    }
}

/// How and when the request came.
#[derive(Clone, Copy, Debug)]
pub struct Environment {
    /// The address it came from.
    pub ip: IpAddr,
    /// The TLS version it came over; none means plain HTTP.
    pub tls_version: Option<&'static str>,
    /// When it came.
    pub now: Timestamp,
}
