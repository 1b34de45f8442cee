//! The gate: every requirement of an operation, put to every layer.
//!
//! A request is denied if any layer that applies denies. It is allowed if the identity's side allows *and* every
//! session policy allows, or if the same request without a signature would be allowed. Everything else is denied.
//!
//! INVARIANT: allowed ⇒ A ∩ B allows it, or the unsigned request would be allowed; and no layer denies it. Each
//! early return below is a refusal; there is one place that allows, at the end of `Question::judge`.

use std::borrow::Cow;
use std::sync::Arc;

use daypass_api::attributes::{Attributes, QueryValue};
use daypass_api::names::{Account, PolicyId, Uin};
use daypass_api::operation::{IdentityOperation, Operation, RoleRef, SessionOperation, Subject};
use daypass_api::requirement::{
    ASSUME_ROLE, ASSUME_ROLE_WITH_WEB_IDENTITY, Access, Need, Requirement, Requirements, Resource, Values,
};
use daypass_policy::{self as policy, Context, CosTarget, Policy, Principal, Standing};

use crate::acl::{self, Reach};
use crate::caller::{self, Caller, Identity};
use crate::decision::{Decision, Finding, Layer, Opinion};
use crate::facts::{BucketFacts, Environment, Facts, Layers, RoleFacts, StoredPolicy};
use crate::trust;
use crate::vouched;

/// One request, with everything that deciding it needs.
#[derive(Clone, Copy, Debug)]
pub struct Question<'a> {
    /// Who asks.
    pub caller: &'a Caller,
    /// The caller's policies.
    pub layers: &'a Layers,
    /// What is known about the resources.
    pub facts: &'a Facts,
    /// What the request says that conditions may ask about.
    pub attributes: &'a Attributes,
    /// How the request came.
    pub environment: &'a Environment,
}

/// Decides whether the operation may be performed.
pub fn decide(operation: &Operation, question: &Question<'_>) -> Decision {
    if question.session_changes_identities(operation) {
        return refused_by(Layer::SessionRule);
    }
    if question.user_changes_root_keys(operation) {
        return refused_by(Layer::RootKeysRule);
    }
    if question.is_not_the_operator(operation) {
        return refused_by(Layer::OperatorRule);
    }
    question.settle(&operation.requirements())
}

/// A refusal by a rule that binds the whole operation, whatever policies say.
fn refused_by(layer: Layer) -> Decision {
    let finding = Finding {
        access: None,
        layer,
        opinion: Opinion::Denies(None),
    };
    Decision {
        allowed: false,
        items: Vec::new(),
        findings: vec![finding],
    }
}

/// What the layers said about one access.
#[derive(Default)]
struct Opinions {
    denied: bool,
    identity: bool,
    /// A resource's own grant that stands by itself.
    direct: bool,
    /// A resource's grant to the root account, which counts with the identity's own.
    through_account: bool,
    session: bool,
    /// For what takes it: the role's trust names the caller.
    trusted: bool,
    /// What is said to the same request without a signature.
    unsigned: Unsigned,
}

/// What the resource's own layers say to a request that nobody signed.
#[derive(Clone, Copy, Default)]
struct Unsigned {
    allowed: bool,
    denied: bool,
}

/// The kinds of resource that the layers treat differently.
enum Holder<'a> {
    /// A bucket or an object, with its own layers.
    Bucket(&'a BucketFacts),
    /// A role, which says itself who may act as it.
    Role(&'a RoleFacts),
    /// Something of the caller's own account that has no layers of its own.
    OwnAccount(Account),
    /// Nobody that is known.
    Nobody,
}

impl Question<'_> {
    /// Decides requirements alone: what their layers say, without the rules that bind whole operations.
    pub fn settle(&self, requirements: &Requirements) -> Decision {
        let mut findings = Vec::new();
        let mut judge = |requirement| self.judge(requirement, &mut findings);
        let (allowed, items) = match requirements {
            Requirements::All(requirements) => (requirements.iter().all(judge), Vec::new()),
            Requirements::Each(requirements) => {
                let items: Vec<bool> = requirements.iter().map(&mut judge).collect();
                // Nobody who does not sign is told about items that he has no right to.
                (self.caller.identity().is_some() || items.contains(&true), items)
            }
        };
        Decision {
            allowed,
            items,
            findings,
        }
    }

    /// Shows the request that the layers of an access are asked, as its caller makes it; nothing where nobody can be
    /// asked, since nobody is known to own the resource.
    pub fn show<R>(
        &self,
        requirement: &Requirement,
        access: &Access,
        look: impl FnOnce(&policy::Request<'_>) -> R,
    ) -> Option<R> {
        let holder = self.holder(access);
        if matches!(holder, Holder::Nobody) {
            return None;
        }
        let attributes = self.values(requirement);
        Some(
            self.put(access, &attributes, &holder, |unsigned| match self.caller {
                Caller::Anonymous => look(&unsigned),
                Caller::Vouched(vouched) => match &holder {
                    Holder::Role(role) => vouched::put(role, vouched, &unsigned, look),
                    _ => look(&unsigned),
                },
                Caller::Identified(identity) => {
                    let role_id = identity.role().map(|id| id.to_string()).unwrap_or_default();
                    look(&policy::Request {
                        principal: principal_of(identity, &role_id),
                        ..unsigned
                    })
                }
            }),
        )
    }

    /// A session that is narrowed, and every federation session and what descends from it, changes no identities,
    /// whatever its policies say.
    fn session_changes_identities(&self, operation: &Operation) -> bool {
        let session = self
            .caller
            .identity()
            .and_then(|identity| identity.session.as_ref());
        session.is_some_and(|session| !session.may_change_identities()) && operation.is_identity_write()
    }

    /// A key of the root is every right there is, without a policy that could be taken away again. A sub-account that
    /// could make itself one, or take the root's away, would be above the root.
    fn user_changes_root_keys(&self, operation: &Operation) -> bool {
        use IdentityOperation as Op;
        let Operation::Identity(
            Op::CreateAccessKey { subject, .. }
            | Op::UpdateAccessKey { subject, .. }
            | Op::DeleteAccessKey { subject, .. },
        ) = operation
        else {
            return false;
        };
        self.caller.identity().is_some_and(|identity| {
            *subject == Subject::Uin(identity.account.owner_uin) && !identity.is_root()
        })
    }

    /// Accounts, and the keys that seal the tokens of all of them, are nobody's but the operator's, and no policy can
    /// give that away: only the permanent key of the root of the store's first account may see or change them.
    fn is_not_the_operator(&self, operation: &Operation) -> bool {
        if !matches!(
            operation,
            Operation::Identity(IdentityOperation::Account(_))
                | Operation::Session(SessionOperation::KeyRing(_))
        ) {
            return false;
        }
        let is_operator = |identity: &Identity| {
            identity.is_root() && identity.session.is_none() && self.facts.operator == Some(identity.account)
        };
        !self.caller.identity().is_some_and(is_operator)
    }

    fn judge(&self, requirement: &Requirement, findings: &mut Vec<Finding>) -> bool {
        let attributes = self.values(requirement);
        let opinions: Vec<_> = requirement
            .any_of
            .iter()
            .map(|access| self.ask(access, &attributes, findings))
            .collect();
        if opinions.iter().any(|opinion| opinion.denied) {
            return false;
        }
        // The unsigned request is judged as a whole too: a deny on any alternative denies it.
        let is_public = opinions.iter().any(|opinion| opinion.unsigned.allowed)
            && !opinions.iter().any(|opinion| opinion.unsigned.denied);
        let mut each = requirement.any_of.iter().zip(&opinions);
        match requirement.need {
            Need::NotDenied => self.caller.identity().is_some(),
            Need::Allowed => is_public || each.any(|(access, opinion)| self.grants(access, opinion)),
        }
    }

    /// The request's values that conditions see.
    fn values(&self, requirement: &Requirement) -> Cow<'_, Attributes> {
        match &requirement.values {
            Values::Request => Cow::Borrowed(self.attributes),
            Values::BesideTarget { version_id } => {
                Cow::Owned(self.attributes.beside_target(version_id.as_ref()))
            }
        }
    }

    /// Whether the identity's side and every session policy allow it.
    fn grants(&self, access: &Access, opinions: &Opinions) -> bool {
        let resource = opinions.direct || (opinions.through_account && opinions.identity);
        if access.action == ASSUME_ROLE {
            return opinions.identity && opinions.session && opinions.trusted;
        }
        if access.action == ASSUME_ROLE_WITH_WEB_IDENTITY {
            return opinions.trusted && matches!(self.caller, Caller::Vouched(_));
        }
        let foreign = match (self.caller, self.holder(access)) {
            (Caller::Identified(identity), Holder::Bucket(bucket)) => identity.account != bucket.owner,
            (_, Holder::Nobody) => return false,
            _ => false,
        };
        let signed = match foreign {
            true => opinions.identity && (opinions.direct || opinions.through_account),
            false => opinions.identity || resource,
        };
        signed && opinions.session
    }

    /// Asks every layer about one access and notes what each says.
    fn ask(&self, access: &Access, attributes: &Attributes, findings: &mut Vec<Finding>) -> Opinions {
        let holder = self.holder(access);
        let mut notes = Notes { access, findings };
        if matches!(holder, Holder::Nobody) {
            notes.add(Layer::Unowned, Opinion::Silent);
            return Opinions {
                denied: true,
                ..Opinions::default()
            };
        }
        self.put(access, attributes, &holder, |unsigned| {
            let mut opinions = Opinions {
                unsigned: self.ask_unsigned(access, &holder, &unsigned, &mut notes),
                ..Opinions::default()
            };
            match self.caller {
                Caller::Anonymous => {}
                // Whoever has no rights here may only ask for those of a role that trusts him.
                Caller::Vouched(vouched) => match &holder {
                    Holder::Role(role) if access.action == ASSUME_ROLE_WITH_WEB_IDENTITY => {
                        let opinion = vouched::opinion(role, vouched, &unsigned);
                        opinions.note_denial(opinion);
                        opinions.trusted = matches!(opinion, Opinion::Allows(_));
                        notes.add(Layer::Trust, opinion);
                    }
                    _ => opinions.denied = true,
                },
                Caller::Identified(identity) => {
                    let role_id = identity.role().map(|id| id.to_string()).unwrap_or_default();
                    let signed = policy::Request {
                        principal: principal_of(identity, &role_id),
                        ..unsigned
                    };
                    self.ask_identity(identity, &signed, &mut notes, &mut opinions);
                    self.ask_sessions(&signed, &mut notes, &mut opinions);
                    self.ask_resource(identity, access, &holder, &signed, &mut notes, &mut opinions);
                }
            }
            opinions
        })
    }

    /// Makes the request that layers are asked, as if nobody had signed it.
    fn put<R>(
        &self,
        access: &Access,
        attributes: &Attributes,
        holder: &Holder<'_>,
        ask: impl FnOnce(policy::Request<'_>) -> R,
    ) -> R {
        let tags = holder.tags();
        let requested = tags_of(&attributes.request_tags);
        let context = policy::Context {
            request_tags: &requested,
            ..self.context(attributes, &tags)
        };
        let path = match holder {
            Holder::Role(role) => Some(role.id.to_string()),
            _ => self.path_of(access),
        };
        ask(policy::Request {
            action: access.action,
            resource: holder.resource(access, path.as_deref()),
            principal: Principal::Anonymous,
            context: &context,
        })
    }

    /// I within N.
    fn ask_identity(
        &self,
        identity: &Identity,
        request: &policy::Request<'_>,
        notes: &mut Notes<'_>,
        opinions: &mut Opinions,
    ) {
        let mut allowed = identity.is_root();
        if allowed {
            // Over another account's resources a root has no right of its own; what that account grants it needs
            // nobody's further word.
            notes.add(Layer::Root, Opinion::Allows(None));
        }
        for (place, stored) in self.layers.identity.iter().enumerate() {
            let opinion = consult(stored, request);
            allowed |= matches!(opinion, Opinion::Allows(_));
            opinions.note_denial(opinion);
            notes.add_unless_silent(Layer::Identity(Some(place)), opinion);
        }
        if !allowed {
            notes.add(Layer::Identity(None), Opinion::Silent);
        }
        let within = self.layers.boundary.as_ref().is_none_or(|boundary| {
            let opinion = consult(boundary, request);
            opinions.note_denial(opinion);
            notes.add(Layer::Boundary, opinion);
            matches!(opinion, Opinion::Allows(_))
        });
        opinions.identity = allowed && within;
    }

    /// Every S.
    fn ask_sessions(&self, request: &policy::Request<'_>, notes: &mut Notes<'_>, opinions: &mut Opinions) {
        opinions.session = true;
        for (place, stored) in self.layers.session.iter().enumerate() {
            let opinion = consult(stored, request);
            opinions.note_denial(opinion);
            opinions.session &= matches!(opinion, Opinion::Allows(_));
            notes.add(Layer::Session(place), opinion);
        }
    }

    /// R and L.
    fn ask_resource(
        &self,
        identity: &Identity,
        access: &Access,
        holder: &Holder<'_>,
        request: &policy::Request<'_>,
        notes: &mut Notes<'_>,
        opinions: &mut Opinions,
    ) {
        let bucket = match holder {
            Holder::Bucket(bucket) => bucket,
            Holder::Role(role) if access.action == ASSUME_ROLE => {
                let opinion = trust::opinion(role, identity, request);
                opinions.note_denial(opinion);
                opinions.trusted = matches!(opinion, Opinion::Allows(_));
                notes.add(Layer::Trust, opinion);
                return;
            }
            // A role of the caller's own account that is not there trusts everybody who may ask for it: he learns
            // that it is not there.
            Holder::OwnAccount(_) => {
                opinions.trusted = true;
                return;
            }
            Holder::Role(_) | Holder::Nobody => return,
        };
        match bucket.policy.as_ref() {
            None => {}
            Some(_) if cannot_lock_itself_out(identity, access, bucket) => {}
            Some(None) => {
                opinions.denied = true;
                notes.add(Layer::BucketPolicy, Opinion::Unreadable);
            }
            Some(Some(policy)) => {
                let verdict = policy.evaluate(request);
                // A denial for everyone binds unsigned requests only.
                if let Some(denial) = verdict.deny.filter(|denial| denial.standing > Standing::Everyone) {
                    opinions.denied = true;
                    notes.add(Layer::BucketPolicy, Opinion::Denies(Some(denial.statement)));
                } else if let Some(grant) = verdict.allow {
                    match grant.standing {
                        Standing::Account => opinions.through_account = true,
                        Standing::Everyone | Standing::Named => opinions.direct = true,
                    }
                    notes.add(Layer::BucketPolicy, Opinion::Allows(Some(grant.statement)));
                }
            }
        }
        if let Some(reach) = acl::grants(access, bucket, self.caller) {
            match reach {
                Reach::Direct => opinions.direct = true,
                Reach::Account => opinions.through_account = true,
            }
            notes.add(Layer::Acl, Opinion::Allows(None));
        }
    }

    /// What the same request without a signature would be told.
    fn ask_unsigned(
        &self,
        access: &Access,
        holder: &Holder<'_>,
        request: &policy::Request<'_>,
        notes: &mut Notes<'_>,
    ) -> Unsigned {
        let Holder::Bucket(bucket) = holder else {
            return Unsigned::default();
        };
        let verdict = match bucket.policy.as_ref() {
            None => policy::Verdict::default(),
            Some(None) => {
                return Unsigned {
                    allowed: false,
                    denied: true,
                };
            }
            Some(Some(policy)) => policy.evaluate(request),
        };
        let by_list = acl::grants(access, bucket, &Caller::Anonymous).is_some();
        let denied = verdict.deny.is_some();
        let allowed = !denied && (verdict.allow.is_some() || by_list);
        let opinion = match (allowed, verdict.deny) {
            (true, _) => Opinion::Allows(verdict.allow.map(|grant| grant.statement)),
            (false, Some(denial)) => Opinion::Denies(Some(denial.statement)),
            (false, None) => Opinion::Silent,
        };
        // To a signed request a refusal of the unsigned one means nothing.
        if allowed || *self.caller == Caller::Anonymous {
            notes.add(Layer::Public, opinion);
        }
        Unsigned { allowed, denied }
    }

    fn holder(&self, access: &Access) -> Holder<'_> {
        let named = match &access.resource {
            Resource::Bucket(bucket) | Resource::Listing(bucket, _) | Resource::Object(bucket, _) => {
                return self.facts.bucket(bucket).map_or(Holder::Nobody, Holder::Bucket);
            }
            Resource::Service
            | Resource::Identity(_)
            | Resource::User(_)
            | Resource::Uid(_)
            | Resource::Group(_)
            | Resource::Policy(_)
            | Resource::Provider(_)
            | Resource::PolicyNamed(_) => self.caller.identity(),
            Resource::Role(owner, role) => return self.holder_of_role(*owner, role),
        };
        named.map_or(Holder::Nobody, |identity| Holder::OwnAccount(identity.account))
    }

    /// Another account's role that is not there is nobody's: whether it is there is none of the caller's business.
    fn holder_of_role(&self, owner: Option<Uin>, role: &RoleRef) -> Holder<'_> {
        let identity = match self.caller {
            Caller::Anonymous => return Holder::Nobody,
            // He learns nothing about roles that do not trust him, not even whether they are there.
            Caller::Vouched(vouched) => {
                let owner = owner.unwrap_or(vouched.account.owner_uin);
                return self.facts.role(owner, role).map_or(Holder::Nobody, Holder::Role);
            }
            Caller::Identified(identity) => identity,
        };
        let own = identity.account.owner_uin;
        match self.facts.role(owner.unwrap_or(own), role) {
            Some(role) => Holder::Role(role),
            None if owner.is_none_or(|owner| owner == own) => Holder::OwnAccount(identity.account),
            None => Holder::Nobody,
        }
    }

    /// The last segment of the resource's name in access management; none means that only `*` names it.
    fn path_of(&self, access: &Access) -> Option<String> {
        let user = |uin: Uin| format!("uin/{uin}");
        let policy = |id: PolicyId| format!("policyid/{id}");
        match &access.resource {
            Resource::Identity(Subject::Caller) => self.caller.identity().and_then(Identity::user).map(user),
            Resource::Identity(Subject::Uin(uin)) => Some(user(*uin)),
            Resource::User(name) => self.facts.user(name).map(user),
            Resource::Uid(uid) => self.facts.uid(*uid).map(user),
            Resource::Provider(name) => Some(format!("oidc-provider/{name}")),
            Resource::Group(id) => Some(format!("groupid/{id}")),
            Resource::Policy(id) => Some(policy(*id)),
            Resource::PolicyNamed(name) => self.facts.policy(name).map(policy),
            Resource::Role(_, RoleRef::Name(name)) => Some(format!("roleName/{name}")),
            Resource::Role(_, RoleRef::Id(id)) => Some(format!("role/{id}")),
            Resource::Service | Resource::Bucket(_) | Resource::Listing(..) | Resource::Object(..) => None,
        }
    }

    fn context<'c>(&'c self, attributes: &'c Attributes, tags: &'c [policy::Tag<'c>]) -> Context<'c> {
        let query = |value: &'c Option<QueryValue>| {
            value.as_ref().map(|value| policy::QueryText {
                raw: &value.raw,
                decoded: &value.decoded,
            })
        };
        Context {
            current_time: Some(self.environment.now.unix_seconds()),
            ip: Some(self.environment.ip),
            secure_transport: Some(self.environment.tls_version.is_some()),
            tls_version: self.environment.tls_version,
            host: attributes.host.as_deref(),
            storage_class: attributes.storage_class.as_deref(),
            version_id: query(&attributes.version_id),
            prefix: query(&attributes.prefix),
            acl: attributes.acl.as_deref(),
            forbid_overwrite: attributes.forbid_overwrite.as_deref(),
            content_length: attributes.content_length.as_deref(),
            content_type: attributes.content_type.as_deref(),
            response_content_type: query(&attributes.response_content_type),
            resource_tags: tags,
            external_id: attributes.external_id.as_deref(),
            ..Context::default()
        }
    }
}

/// The owning root's permanent key can always read, replace and remove its bucket's policy, so that no policy
/// locks everybody out.
fn cannot_lock_itself_out(identity: &Identity, access: &Access, bucket: &BucketFacts) -> bool {
    let about_policy = matches!(
        access.action,
        "cos:GetBucketPolicy" | "cos:PutBucketPolicy" | "cos:DeleteBucketPolicy"
    );
    about_policy && identity.is_root() && identity.session.is_none() && identity.account == bucket.owner
}

/// The identity in the words of policies; a role's number is a text there.
fn principal_of<'i>(identity: &'i Identity, role_id: &'i str) -> Principal<'i> {
    let owner_uin = identity.account.owner_uin.0;
    match &identity.principal {
        caller::Principal::User(uin) => Principal::Account {
            owner_uin,
            uin: uin.0,
        },
        caller::Principal::Role { name, .. } => Principal::Role {
            owner_uin,
            id: role_id,
            name: name.as_str(),
            caller_uin: identity.origin.caller().map(|uin| uin.0),
        },
    }
}

pub(crate) fn consult(stored: &StoredPolicy, request: &policy::Request<'_>) -> Opinion {
    let evaluate = |policy: &Arc<Policy>| {
        let verdict = policy.evaluate(request);
        match (verdict.deny, verdict.allow) {
            (Some(denial), _) => Opinion::Denies(Some(denial.statement)),
            (None, Some(grant)) => Opinion::Allows(Some(grant.statement)),
            (None, None) => Opinion::Silent,
        }
    };
    stored.as_ref().map_or(Opinion::Unreadable, evaluate)
}

impl Opinions {
    fn note_denial(&mut self, opinion: Opinion) {
        self.denied |= matches!(opinion, Opinion::Denies(_) | Opinion::Unreadable);
    }
}

fn tags_of(tags: &[(String, String)]) -> Vec<policy::Tag<'_>> {
    tags.iter()
        .map(|(key, value)| policy::Tag { key, value })
        .collect()
}

impl Holder<'_> {
    fn tags(&self) -> Vec<policy::Tag<'_>> {
        match self {
            Self::Bucket(bucket) => tags_of(&bucket.tags),
            Self::Role(role) => tags_of(&role.tags),
            Self::OwnAccount(_) | Self::Nobody => Vec::new(),
        }
    }

    fn resource<'r>(&'r self, access: &'r Access, path: Option<&'r str>) -> policy::Resource<'r> {
        let bucket = match self {
            Self::Bucket(bucket) => bucket,
            Self::Role(role) => {
                return policy::Resource::Role {
                    owner_uin: role.account.owner_uin.0,
                    id: path.unwrap_or_default(),
                    name: role.name.as_str(),
                };
            }
            Self::OwnAccount(account) => {
                let owner_uin = account.owner_uin.0;
                return path.map_or(policy::Resource::Operation, |path| policy::Resource::Cam {
                    owner_uin,
                    path,
                });
            }
            Self::Nobody => return policy::Resource::Operation,
        };
        let target = match &access.resource {
            Resource::Object(_, key) => CosTarget::Object { key: key.as_str() },
            Resource::Listing(_, prefix) => CosTarget::Listing { prefix },
            _ => CosTarget::Bucket,
        };
        policy::Resource::Cos {
            region: bucket.region.as_str(),
            app_id: bucket.owner.app_id.0,
            bucket: bucket.name.as_str(),
            target,
        }
    }
}

/// Writes down what the layers say about one access.
struct Notes<'n> {
    access: &'n Access,
    findings: &'n mut Vec<Finding>,
}

impl Notes<'_> {
    fn add(&mut self, layer: Layer, opinion: Opinion) {
        self.findings.push(Finding {
            access: Some(self.access.clone()),
            layer,
            opinion,
        });
    }

    fn add_unless_silent(&mut self, layer: Layer, opinion: Opinion) {
        if opinion != Opinion::Silent {
            self.add(layer, opinion);
        }
    }
}
