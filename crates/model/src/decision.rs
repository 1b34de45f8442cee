//! The decision: identity policies I within the boundary N, session policies S, resource policy R, and ACL L.
//!
//! ```text
//! deny   if any layer that applies to the caller explicitly denies
//! allow  if (I within N, or R, or L allows; for another account's resource: both I and (R or L)) and every S allows
//! allow  if the same request without a signature would be allowed
//! deny   otherwise
//! ```
//!
//! A requirement is a list of alternatives: one of them must be allowed, and none denied.

use crate::document::{Document, Effect, Question, Statement};
use crate::pattern::{Account, Variables};

/// A policy as it is stored: a document, or a text that could not be read.
pub type Stored = Option<Document>;

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
    /// Who began: the number of the account itself, or of who assumed the role.
    pub uin: String,
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
    pub any_of: Vec<Question>,
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
    let keeper = cannot_lock_itself_out(caller, requirement);
    let policy_unreadable = !keeper && requirement.facts.policy == Some(None);
    let unreadable = documents_of(caller).any(Option::is_none);
    if policy_unreadable || unreadable || refused_to_session(caller, requirement) {
        return false;
    }
    let denied = |question: &Question| {
        let by_own = says(documents_of(caller), caller, question, Effect::Deny);
        by_own || (!keeper && denied_by_resource(caller, requirement, question))
    };
    if requirement.any_of.iter().any(denied) {
        return false;
    }
    let within_sessions = |question: &Question| {
        let allows = |session| says([session].into_iter(), caller, question, Effect::Allow);
        caller.sessions.iter().all(allows)
    };
    let granted = |question: &Question| granted(caller, requirement, question) && within_sessions(question);
    requirement.any_of.iter().any(granted) || allowed_unsigned(requirement)
}

/// Sessions with a policy, and all from GetFederationToken, change nothing in the access management.
fn refused_to_session(caller: &Caller, requirement: &Requirement) -> bool {
    let narrowed = caller.federated || !caller.sessions.is_empty();
    narrowed && requirement.any_of.iter().any(changes_cam)
}

fn changes_cam(question: &Question) -> bool {
    let reads = ["cam:Get", "cam:List", "cam:Describe"];
    question.action.starts_with("cam:") && !reads.iter().any(|read| question.action.starts_with(read))
}

fn granted(caller: &Caller, requirement: &Requirement, question: &Question) -> bool {
    let at_home = caller.account == requirement.facts.owner;
    let allows = |document: &Stored| {
        let variables = variables(&caller.account, Some(caller));
        let mut allows = statements(document).filter(|statement| statement.effect == Effect::Allow);
        allows.any(|statement| match at_home {
            true => statement.matches(&variables, question),
            false => statement.names_account(&variables, question),
        })
    };
    let attached = caller.identity == Identity::Root || caller.policies.iter().any(allows);
    let own = attached && caller.boundary.iter().all(allows);
    let resource = granted_by_resource(caller, requirement, question, own);
    if at_home { own || resource } else { own && resource }
}

/// R or L. What is given to a root account reaches its users and roles only as far as their own policies do.
fn granted_by_resource(caller: &Caller, requirement: &Requirement, question: &Question, own: bool) -> bool {
    let named = |name: &String| {
        let through_root = own && names_root(name, &caller.account);
        names(name, caller) || everybody(name) || through_root
    };
    let by_grant = |(grantee, _): &Grant| match grantee {
        Grantee::AllUsers | Grantee::AuthenticatedUsers => true,
        Grantee::Account(uin) => *uin == caller.account.uin && (own || caller.identity == Identity::Root),
    };
    policy_says(requirement, Some(caller), question, Effect::Allow, named)
        || acl(requirement, question, by_grant)
}

/// `deny anyone` binds only who does not sign.
fn denied_by_resource(caller: &Caller, requirement: &Requirement, question: &Question) -> bool {
    let named = |name: &String| names(name, caller) || names_root(name, &caller.account);
    policy_says(requirement, Some(caller), question, Effect::Deny, named)
}

/// The permanent key of the owning root can always read, replace and remove the policy of its bucket.
fn cannot_lock_itself_out(caller: &Caller, requirement: &Requirement) -> bool {
    let actions = [
        "cos:GetBucketPolicy",
        "cos:PutBucketPolicy",
        "cos:DeleteBucketPolicy",
    ];
    let keeper =
        caller.identity == Identity::Root && !caller.temporary && caller.account == requirement.facts.owner;
    let mut questions = requirement.any_of.iter();
    keeper && questions.all(|question| actions.contains(&question.action.as_str()))
}

fn allowed_unsigned(requirement: &Requirement) -> bool {
    let unsigned = |name: &String| everybody(name) || name == "qcs::cam::anonymous:anonymous";
    let says = |question: &Question, effect| policy_says(requirement, None, question, effect, unsigned);
    let denied = |question: &Question| says(question, Effect::Deny);
    let public = |question: &Question| {
        let by_list = acl(requirement, question, |(grantee, _)| {
            *grantee == Grantee::AllUsers
        });
        says(question, Effect::Allow) || by_list
    };
    let readable = requirement.facts.policy != Some(None);
    readable && !requirement.any_of.iter().any(denied) && requirement.any_of.iter().any(public)
}

fn documents_of(caller: &Caller) -> impl Iterator<Item = &Stored> {
    caller
        .policies
        .iter()
        .chain(&caller.boundary)
        .chain(&caller.sessions)
}

fn statements(document: &Stored) -> impl Iterator<Item = &Statement> {
    document.iter().flat_map(|document| &document.statements)
}

/// Whether one of the caller's documents says this.
fn says<'d>(
    mut documents: impl Iterator<Item = &'d Stored>,
    caller: &Caller,
    question: &Question,
    effect: Effect,
) -> bool {
    let variables = variables(&caller.account, Some(caller));
    documents.any(|document| {
        let mut with_effect = statements(document).filter(|statement| statement.effect == effect);
        with_effect.any(|statement| statement.matches(&variables, question))
    })
}

/// Whether the policy of the bucket says this to somebody whom it names so.
fn policy_says(
    requirement: &Requirement,
    caller: Option<&Caller>,
    question: &Question,
    effect: Effect,
    named: impl Fn(&String) -> bool,
) -> bool {
    let variables = variables(&requirement.facts.owner, caller);
    let mut statements = requirement.facts.policy.iter().flat_map(statements);
    statements.any(|statement| {
        let about = statement.effect == effect && statement.principals.iter().any(&named);
        about && statement.matches(&variables, question)
    })
}

/// Whether an ACL gives this through a grant that is `wanted`.
fn acl(requirement: &Requirement, question: &Question, wanted: impl Fn(&Grant) -> bool) -> bool {
    let Facts {
        owner,
        bucket_grants,
        object_grants,
        ..
    } = &requirement.facts;
    let gives = |needed: Option<Permission>, grants: &[Grant]| {
        let covers = |given| Some(given) == needed || given == Permission::FullControl;
        needed.is_some() && grants.iter().any(|grant| covers(grant.1) && wanted(grant))
    };
    // An object without an ACL of its own is its owner's, and whoever may read the bucket as a member of a group may
    // read it too; what the bucket's ACL gives to somebody by name, or beyond reading, ends at the bucket.
    let needed = needed_on_object(&question.action);
    let passes_on = |grant: &&Grant| match &grant.0 {
        Grantee::Account(uin) => *uin == owner.uin,
        Grantee::AllUsers | Grantee::AuthenticatedUsers => needed == Some(Permission::Read),
    };
    let inherited: Vec<Grant> = bucket_grants.iter().filter(passes_on).cloned().collect();
    let on_object = object_grants.as_ref().unwrap_or(&inherited);
    gives(needed_on_bucket(&question.action), bucket_grants) || gives(needed, on_object)
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

fn variables(owner: &Account, caller: Option<&Caller>) -> Variables {
    Variables {
        owner: owner.clone(),
        uin: caller.map(|caller| caller.uin.clone()),
    }
}
