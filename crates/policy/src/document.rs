//! The compiled form of a document, open for reading.
//!
//! Only the parser makes these values, and every list in them has at least one entry: an empty list can
//! therefore never come to mean "everything".

use crate::action::ActionPattern;
use crate::condition::Condition;
use crate::index::Index;
use crate::json::Limit;
use crate::principal::PrincipalPattern;
use crate::resource::ResourcePattern;

/// Longest identity, session or trust policy, in characters that are not blanks between elements.
const MAX_CHARACTERS: usize = 6144;

/// Longest bucket policy, in bytes that are not blanks between elements.
const MAX_BUCKET_BYTES: usize = 20 * 1024;

/// What a document is for; decides what it must and must not contain.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum DocumentKind {
    /// Attached to a user, group or role, or set as a permission boundary: no principal.
    Identity,
    /// Handed in when a temporary key is made: only the owner's resources; a principal that means everybody
    /// is ignored, since official SDKs write one; a missing version means 2.0.
    Session,
    /// Attached to a bucket: a principal for every statement, only the owner's resources.
    Bucket,
    /// Says who may assume a role: a principal that names somebody, no resource.
    Trust,
}

/// The account that a document belongs to.
///
/// Fills in resources that name no account, and the variables `${app_id}` and `${owner_uin}`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct OwnerAccount {
    /// The account's application id, the number in bucket names and in `uid/…`.
    pub app_id: u64,
    /// The account number of the account's root, the number in `uin/…`.
    pub owner_uin: u64,
}

/// What a matching statement does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Effect {
    /// Grants the request, unless something denies it.
    Allow,
    /// Refuses the request, whatever else allows it.
    Deny,
}

/// A compiled policy document. `Display` prints it back in the policy language.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Policy {
    pub(crate) kind: DocumentKind,
    pub(crate) owner: OwnerAccount,
    pub(crate) statements: Vec<Statement>,
    /// Follows from the statements.
    pub(crate) index: Index,
}

/// One statement of a policy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Statement {
    pub(crate) sid: Option<String>,
    pub(crate) effect: Effect,
    /// `None` where the document kind has no principals: the statement is about its holder.
    pub(crate) principals: Option<Vec<PrincipalPattern>>,
    pub(crate) actions: Vec<ActionPattern>,
    /// `None` in trust policies only.
    pub(crate) resources: Option<Vec<ResourcePattern>>,
    pub(crate) conditions: Vec<Condition>,
}

impl DocumentKind {
    pub(crate) fn limit(self) -> Limit {
        match self {
            DocumentKind::Identity | DocumentKind::Session | DocumentKind::Trust => {
                Limit::Characters(MAX_CHARACTERS)
            }
            DocumentKind::Bucket => Limit::Bytes(MAX_BUCKET_BYTES),
        }
    }

    /// Whether resources of other accounts are an error.
    pub(crate) fn owns_resources(self) -> bool {
        matches!(self, DocumentKind::Session | DocumentKind::Bucket)
    }
}

impl Policy {
    /// What the document is for.
    pub fn kind(&self) -> DocumentKind {
        self.kind
    }

    /// Whose document it is.
    pub fn owner(&self) -> OwnerAccount {
        self.owner
    }

    /// The statements in the order written, which has no meaning; at least one.
    pub fn statements(&self) -> &[Statement] {
        &self.statements
    }
}

impl Statement {
    /// The name that the author gave the statement; it has no meaning.
    pub fn sid(&self) -> Option<&str> {
        self.sid.as_deref()
    }

    /// What the statement does when it matches.
    pub fn effect(&self) -> Effect {
        self.effect
    }

    /// Whom the statement is about; `None` in identity and session policies, which are about their holder.
    pub fn principals(&self) -> Option<&[PrincipalPattern]> {
        self.principals.as_deref()
    }

    /// The actions, of which one must match.
    pub fn actions(&self) -> &[ActionPattern] {
        &self.actions
    }

    /// The resources, of which one must match; `None` in trust policies, which have none.
    pub fn resources(&self) -> Option<&[ResourcePattern]> {
        self.resources.as_deref()
    }

    /// The conditions, all of which must hold; may be empty.
    pub fn conditions(&self) -> &[Condition] {
        &self.conditions
    }
}
