//! The decision: identity policies I within the boundary N, session policies S, resource policy R, and ACL L.
//!
//! ```text
//! deny   if any layer that applies to the caller explicitly denies
//! allow  if (I within N, or R, or L allows; for another account's resource: both I and (R or L)) and every S allows
//! allow  if the same request without a signature would be allowed
//! deny   otherwise
//! ```
//!
//! A requirement is a list of alternatives; an allow of any of them suffices for a layer, a deny of any of them denies.

use crate::document::{Document, Effect, Question, Statement};
use crate::pattern::Variables;

/// A policy as it is stored: a document, or a text that could not be read.
pub type Stored = Option<Document>;

/// A root account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Account {
    /// The decimal number of the root account.
    pub uin: String,
    /// Its number in bucket names.
    pub app_id: String,
}

/// Who signed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Identity {
    /// The root account itself.
    Root,
    /// A sub-account with its own number.
    User(String),
    /// A role.
    Role {
        /// Its number.
        id: String,
        /// Its name.
        name: String,
    },
}

/// Whoever signed the request, with everything that is attached to it.
#[derive(Debug, Clone)]
pub struct Caller {
    /// The account it belongs to.
    pub account: Account,
    /// Who it is.
    pub identity: Identity,
    /// Whether the key is a temporary one.
    pub temporary: bool,
    /// Whether the key, or an ancestor of it, came from GetFederationToken.
    pub federated: bool,
    /// I: policies of the user and its groups, or of the role.
    pub policies: Vec<Stored>,
    /// N: at most one boundary.
    pub boundary: Option<Stored>,
    /// S: one for each minting that named one.
    pub sessions: Vec<Stored>,
}

/// Whom a grant of an ACL names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Grantee {
    /// A root account by its number.
    Account(String),
    /// Everybody.
    AllUsers,
    /// Everybody who signs.
    AuthenticatedUsers,
}

/// What a grant gives.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Permission {
    /// To list, or to read an object.
    Read,
    /// To write into a bucket.
    Write,
    /// To read the ACL.
    ReadAcp,
    /// To write the ACL.
    WriteAcp,
    /// All of them.
    FullControl,
}

/// One line of an ACL.
pub type Grant = (Grantee, Permission);

/// What is stored about the thing that a requirement is about.
#[derive(Debug, Clone)]
pub struct Facts {
    /// The root account that owns it.
    pub owner: Account,
    /// R: the policy of the bucket.
    pub policy: Option<Stored>,
    /// L: grants on the bucket.
    pub bucket_grants: Vec<Grant>,
    /// L: grants on the object, if it has an ACL of its own.
    pub object_grants: Option<Vec<Grant>>,
}

/// Something that must be allowed: any of the alternatives.
#[derive(Debug, Clone)]
pub struct Requirement {
    /// What is stored about the target.
    pub facts: Facts,
    /// What would do.
    pub alternatives: Vec<Question>,
}

/// Whether the caller may, or, without one, whether the request needs no signature.
#[must_use]
pub fn allowed(caller: Option<&Caller>, requirements: &[Requirement]) -> bool {
    let one = |requirement: &Requirement| match caller {
        Some(caller) => allowed_signed(caller, requirement),
        None => allowed_unsigned(requirement),
    };
    !requirements.is_empty() && requirements.iter().all(one)
}

fn allowed_signed(caller: &Caller, requirement: &Requirement) -> bool {
    let documents = caller
        .policies
        .iter()
        .chain(&caller.boundary)
        .chain(&caller.sessions);
    let mut unreadable = documents.clone().chain(&requirement.facts.policy);
    if unreadable.any(Option::is_none) || refused_to_session(caller, requirement) {
        return false;
    }
    let own = |document: &Stored, effect| says(document, caller, requirement, effect);
    if documents.clone().any(|document| own(document, Effect::Deny))
        || denied_by_resource(caller, requirement)
    {
        return false;
    }
    let granted = granted(caller, requirement);
    let within_sessions = caller.sessions.iter().all(|session| own(session, Effect::Allow));
    (granted && within_sessions) || allowed_unsigned(requirement)
}

/// Sessions with a policy, and all from GetFederationToken, change nothing in the access management.
fn refused_to_session(caller: &Caller, requirement: &Requirement) -> bool {
    let narrowed = caller.federated || !caller.sessions.is_empty();
    narrowed && requirement.alternatives.iter().any(changes_cam)
}

fn changes_cam(question: &Question) -> bool {
    let reads = ["cam:Get", "cam:List", "cam:Describe"];
    question.action.starts_with("cam:") && !reads.iter().any(|read| question.action.starts_with(read))
}

fn granted(caller: &Caller, requirement: &Requirement) -> bool {
    let allows = |document: &Stored| says(document, caller, requirement, Effect::Allow);
    let root = caller.identity == Identity::Root;
    let in_policies = caller.policies.iter().any(allows);
    let own = root || (in_policies && caller.boundary.iter().all(allows));
    let at_home = caller.account == requirement.facts.owner;
    let resource = granted_by_resource(caller, requirement, own);
    if at_home { own || resource } else { own && resource }
}

/// R or L. What is given to a root account reaches its users and roles only as far as their own policies do.
fn granted_by_resource(caller: &Caller, requirement: &Requirement, own: bool) -> bool {
    let by_policy = |statement: &Statement| {
        let direct = statement
            .principals
            .iter()
            .any(|name| names(name, caller) || everybody(name));
        let through_root = own
            && statement
                .principals
                .iter()
                .any(|name| names_root(name, &caller.account));
        statement.effect == Effect::Allow && (direct || through_root)
    };
    let by_grant = |(grantee, _): &Grant| match grantee {
        Grantee::AllUsers | Grantee::AuthenticatedUsers => true,
        Grantee::Account(uin) => *uin == caller.account.uin && (own || caller.identity == Identity::Root),
    };
    resource_policy(requirement, &variables(caller), by_policy) || acl(requirement, by_grant)
}

/// `deny anyone` binds only who does not sign; a root account cannot lock itself out of the policy of its bucket.
fn denied_by_resource(caller: &Caller, requirement: &Requirement) -> bool {
    let keeper =
        caller.identity == Identity::Root && !caller.temporary && caller.account == requirement.facts.owner;
    let about_policy = |question: &Question| {
        let actions = [
            "cos:GetBucketPolicy",
            "cos:PutBucketPolicy",
            "cos:DeleteBucketPolicy",
        ];
        actions.contains(&question.action.as_str())
    };
    if keeper && requirement.alternatives.iter().all(about_policy) {
        return false;
    }
    resource_policy(requirement, &variables(caller), |statement| {
        let mut named = statement.principals.iter();
        statement.effect == Effect::Deny
            && named.any(|name| names(name, caller) || names_root(name, &caller.account))
    })
}

fn allowed_unsigned(requirement: &Requirement) -> bool {
    if requirement.facts.policy == Some(None) {
        return false;
    }
    let policy = |effect| {
        resource_policy(requirement, &Variables::default(), |statement| {
            let mut named = statement.principals.iter();
            let unsigned = named.any(|name| everybody(name) || name == "qcs::cam::anonymous:anonymous");
            statement.effect == effect && unsigned
        })
    };
    let public = acl(requirement, |(grantee, _)| *grantee == Grantee::AllUsers);
    !policy(Effect::Deny) && (policy(Effect::Allow) || public)
}

/// Whether a document of the caller's account says this about any alternative.
fn says(document: &Stored, caller: &Caller, requirement: &Requirement, effect: Effect) -> bool {
    let mut statements = document.iter().flat_map(|document| &document.statements);
    let (owner, variables) = (spellings(&caller.account), variables(caller));
    statements.any(|statement| {
        let mut questions = requirement.alternatives.iter();
        statement.effect == effect
            && questions.any(|question| statement.matches(&owner, &variables, question))
    })
}

/// Whether a statement of the bucket's policy, of those that are `wanted`, is about any alternative.
fn resource_policy(
    requirement: &Requirement,
    variables: &Variables,
    wanted: impl Fn(&Statement) -> bool,
) -> bool {
    let document = requirement.facts.policy.iter().flatten();
    let mut statements = document.flat_map(|document| &document.statements);
    let owner = spellings(&requirement.facts.owner);
    statements.any(|statement| {
        let mut questions = requirement.alternatives.iter();
        wanted(statement) && questions.any(|question| statement.matches(&owner, variables, question))
    })
}

/// Whether an ACL gives any alternative through a grant that is `wanted`.
fn acl(requirement: &Requirement, wanted: impl Fn(&Grant) -> bool) -> bool {
    let Facts {
        bucket_grants,
        object_grants,
        ..
    } = &requirement.facts;
    // An object without an ACL of its own has that of its bucket.
    let on_object = object_grants.as_ref().unwrap_or(bucket_grants);
    requirement.alternatives.iter().any(|question| {
        let gives = |needed: Option<Permission>, grants: &[Grant]| {
            let full = Permission::FullControl;
            let fits = |grant: &&Grant| Some(grant.1) == needed || grant.1 == full;
            needed.is_some() && grants.iter().filter(fits).any(&wanted)
        };
        gives(needed_on_bucket(&question.action), bucket_grants)
            || gives(needed_on_object(&question.action), on_object)
    })
}

fn needed_on_bucket(action: &str) -> Option<Permission> {
    Some(match action.strip_prefix("cos:")? {
        "HeadBucket" | "GetBucket" | "GetBucketObjectVersions" | "ListMultipartUploads" => Permission::Read,
        "PutObject"
        | "PutObjectCopy"
        | "PostObject"
        | "InitiateMultipartUpload"
        | "UploadPart"
        | "UploadPartCopy"
        | "CompleteMultipartUpload"
        | "DeleteObject" => Permission::Write,
        "GetBucketACL" => Permission::ReadAcp,
        "PutBucketACL" => Permission::WriteAcp,
        _ => return None,
    })
}

fn needed_on_object(action: &str) -> Option<Permission> {
    Some(match action.strip_prefix("cos:")? {
        "GetObject" | "HeadObject" => Permission::Read,
        "GetObjectACL" => Permission::ReadAcp,
        "PutObjectACL" => Permission::WriteAcp,
        _ => return None,
    })
}

fn everybody(principal: &str) -> bool {
    principal == "*" || principal == "qcs::cam::anyone:anyone"
}

/// Whether a principal of a bucket's policy is this very caller.
fn names(principal: &str, caller: &Caller) -> bool {
    let account = format!("qcs::cam::uin/{}:", caller.account.uin);
    let Some(who) = principal.strip_prefix(&account) else {
        return false;
    };
    match &caller.identity {
        Identity::Root => names_root(principal, &caller.account),
        Identity::User(uin) => who == format!("uin/{uin}") || who == "uin/*",
        Identity::Role { id, name } => who == format!("role/{id}") || who == format!("roleName/{name}"),
    }
}

fn names_root(principal: &str, account: &Account) -> bool {
    let uin = &account.uin;
    principal == format!("qcs::cam::uin/{uin}:root") || principal == format!("qcs::cam::uin/{uin}:uin/{uin}")
}

fn spellings(account: &Account) -> [String; 2] {
    [format!("uid/{}", account.app_id), format!("uin/{}", account.uin)]
}

fn variables(caller: &Caller) -> Variables {
    let uin = match &caller.identity {
        Identity::Root => Some(caller.account.uin.clone()),
        Identity::User(uin) => Some(uin.clone()),
        Identity::Role { .. } => None,
    };
    Variables {
        uin,
        owner_uin: Some(caller.account.uin.clone()),
        app_id: Some(caller.account.app_id.clone()),
    }
}
