//! What was decided, and why: for the log and for the account's owner, never for the caller.

use daypass_api::requirement::Access;

/// The answer to "may they", with everything that spoke for or against.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Decision {
    /// Whether the operation may be performed; where its items are judged one by one, for those that may.
    pub allowed: bool,
    /// For an operation on items that are judged one by one: which of them may, in their order.
    pub items: Vec<bool>,
    /// What the layers said, in the order in which they were asked.
    pub findings: Vec<Finding>,
}

/// What one layer said about one action on one resource.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// What was asked; absent where a rule binds the whole operation.
    pub access: Option<Access>,
    /// Who spoke.
    pub layer: Layer,
    /// What it said.
    pub opinion: Opinion,
}

/// A layer of permissions.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Layer {
    /// The root's own right over its account.
    Root,
    /// The policy at this place among the identity's policies; without a place, all of them together.
    Identity(Option<usize>),
    /// The permission boundary.
    Boundary,
    /// The session policy at this place along the chain.
    Session(usize),
    /// The bucket's policy.
    BucketPolicy,
    /// The access control list of the bucket or object.
    Acl,
    /// The trust policy of a role.
    Trust,
    /// What anybody may do without a signature.
    Public,
    /// The rule that no narrowed and no federation session changes identities.
    SessionRule,
    /// The rule that nobody but the root changes the root's access keys.
    RootKeysRule,
    /// The rule that nobody but the operator's root, with its permanent key, has to do with accounts.
    OperatorRule,
    /// The resource: its owner or region is not known, so nothing can speak for it.
    Unowned,
}

impl Layer {
    /// Its name in figures, whatever its place.
    pub fn name(self) -> &'static str {
        match self {
            Self::Root => "root",
            Self::Identity(_) => "identity",
            Self::Boundary => "boundary",
            Self::Session(_) => "session",
            Self::BucketPolicy => "bucket_policy",
            Self::Acl => "acl",
            Self::Trust => "trust",
            Self::Public => "public",
            Self::SessionRule => "session_rule",
            Self::RootKeysRule => "root_keys_rule",
            Self::OperatorRule => "operator_rule",
            Self::Unowned => "unowned",
        }
    }
}

/// What a layer said.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Opinion {
    /// It allows, by this statement where there are statements.
    Allows(Option<usize>),
    /// It denies, by this statement where there are statements.
    Denies(Option<usize>),
    /// It says nothing.
    Silent,
    /// Its document cannot be read, which denies.
    Unreadable,
}

impl Decision {
    /// Whether all of it was allowed, every item too.
    pub fn is_whole(&self) -> bool {
        self.allowed && self.items.iter().all(|allowed| *allowed)
    }

    /// The finding that decided a refusal: a denial if there is one, else the first layer that should have
    /// allowed and did not.
    pub fn deciding(&self) -> Option<&Finding> {
        let denies = |finding: &&Finding| matches!(finding.opinion, Opinion::Denies(_) | Opinion::Unreadable);
        let silent = |finding: &&Finding| finding.opinion == Opinion::Silent;
        self.findings
            .iter()
            .find(denies)
            .or_else(|| self.findings.iter().find(silent))
    }
}
