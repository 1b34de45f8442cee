//! One record for each request: who, through which key, what, decision and reason, bytes, time.
//!
//! A request notes what it learns as it is, mostly shared names; a record is made of that when it is answered. A record
//! names keys and sessions by their ids; no secret, token or signature ever reaches it. A refusal carries what the caller
//! is not told: the layer and the statement that decided. A short event in the log says the same for people who watch it.

use std::net::IpAddr;
use std::sync::{Arc, OnceLock};

use daypass_access::{Caller, Decision, Identity, Layer, Opinion, Principal, Session};
use daypass_api::names::{AccessKeyId, ObjectKey, SessionId};
use daypass_api::operation::{RevokedTarget, RoleRef, SessionOperation, Subject};
use daypass_api::outcome::TemporaryKey;
use daypass_api::requirement::{Access, Requirement, Requirements, Resource, Values};
use daypass_api::tags::Tags;
use daypass_api::{ErrorCode, Operation, Outcome, Timestamp};
use daypass_audit::SpelledWho;
use daypass_audit::record::{self as trail, MAX_ABOUT, MAX_ITEM_BYTES, bounded};
use daypass_audit::writer::Place;
use daypass_token::Origin;
use daypass_token::{Ancestor, KeyRing, SessionKind};
use http::Method;
use http::header::{HeaderValue, USER_AGENT};

use crate::received::Received;
use crate::reply::Reply;
use crate::service::Service;

/// Who holds a key, as all records of its requests have it: spelled when it proves itself first, kept beside the key.
///
/// INVARIANT: what a record says of a proven caller follows from the key, or from its token, alone.
pub(crate) type Spelling = Arc<OnceLock<Option<SpelledWho>>>;

/// What is known of a request so far.
#[derive(Default)]
pub(crate) struct Record {
    caller: Option<Caller>,
    /// Whether the caller is who it says.
    proven: bool,
    /// Where the caller's part of the record is, once it was spelled.
    spelling: Option<Spelling>,
    asked: Option<Access>,
    source: Option<Resource>,
    about: Vec<String>,
    items: Vec<ObjectKey>,
    items_omitted: usize,
    decision: Option<Decision>,
    minting: Option<Minting>,
    minted: Option<(AccessKeyId, Timestamp)>,
    standing: Option<trail::Standing>,
    made_key: Option<AccessKeyId>,
    judgement: Option<trail::Judgement>,
}

/// What a temporary key is asked to be.
#[derive(Default)]
struct Minting {
    name: String,
    role: Option<RoleRef>,
    policy: Option<String>,
    source_identity: Option<String>,
    tags: Tags,
}

impl Record {
    /// What a request can only be for, noted before all of it was read, so that also a refusal to read on is told of it.
    pub(crate) fn note_likely(&mut self, likely: Option<Access>) {
        self.asked = likely.or(self.asked.take());
    }

    pub(crate) fn note_operation(&mut self, operation: &Operation, requirements: &Requirements) {
        let access = |requirement: &Requirement| requirement.any_of.first().cloned();
        let target = requirements.iter().find(|need| need.values == Values::Request);
        self.asked = target.or(requirements.iter().next()).and_then(access);
        match requirements {
            Requirements::All(all) => {
                let beside = all.iter().find(|need| need.values != Values::Request);
                self.source = beside.and_then(access).map(|access| access.resource);
            }
            Requirements::Each(each) => self.note_items(each),
        }
        match operation {
            Operation::Identity(_) => {
                let named = requirements.iter().filter_map(|need| need.any_of.first());
                self.note_about(named.filter_map(|access| identity_of(&access.resource)));
            }
            Operation::Session(SessionOperation::RevokeSession(request)) => {
                self.note_about(ended(&request.target).into_iter());
            }
            _ => {}
        }
        self.minting = minting(operation);
    }

    fn note_about(&mut self, names: impl Iterator<Item = String>) {
        for name in names {
            match self.about.len() {
                _ if self.about.contains(&name) => {}
                MAX_ABOUT.. => self.items_omitted += 1,
                _ => self.about.push(name),
            }
        }
    }

    fn note_items(&mut self, each: &[Requirement]) {
        let mut bytes = 0;
        for need in each {
            let Some(Resource::Object(_, key)) = need.any_of.first().map(|access| &access.resource) else {
                continue;
            };
            bytes += key.as_str().len();
            if bytes <= MAX_ITEM_BYTES {
                self.items.push(key.clone());
            } else {
                self.items_omitted += 1;
            }
        }
    }

    pub(crate) fn note_caller(&mut self, caller: &Caller) {
        self.caller = Some(caller.clone());
        self.proven = true;
    }

    /// Where to find how the caller is spelled, or to put it.
    pub(crate) fn note_spelling(&mut self, spelling: Spelling) {
        self.spelling = Some(spelling);
    }

    /// Somebody named a key that exists, and could not sign with it, or it is not good any more.
    pub(crate) fn note_claimed(&mut self, identity: Identity) {
        self.caller = Some(Caller::Identified(identity));
    }

    pub(crate) fn note_decision(&mut self, decision: Decision) {
        self.decision = Some(decision);
    }

    /// A token that was just sealed opens under the ring.
    pub(crate) fn note_outcome(&mut self, outcome: &Outcome, ring: &KeyRing) {
        match outcome {
            Outcome::TemporaryKey(key) => {
                self.minted = Some((key.access_key_id.clone(), key.expires));
                self.standing = standing(ring, key);
            }
            Outcome::AccessKeyCreated(key) => self.made_key = Some(key.access_key.id.clone()),
            Outcome::UserCreated { access_key, .. } => {
                self.made_key = access_key.as_ref().map(|key| key.access_key.id.clone());
            }
            _ => {}
        }
    }

    pub(crate) fn note_judgement(&mut self, judgement: Option<trail::Judgement>) {
        self.judgement = judgement;
    }

    /// Who asks, and whether it is so.
    pub(crate) fn claimed(&self) -> (Option<Identity>, bool) {
        let identity = self.caller.as_ref().and_then(Caller::identity);
        (identity.cloned(), self.proven)
    }

    fn proven_caller(&self) -> Option<&Identity> {
        let caller = self.caller.as_ref().filter(|_| self.proven);
        caller.and_then(Caller::identity)
    }

    pub(crate) fn operation(&self) -> Option<&'static str> {
        self.asked.as_ref().map(|access| access.action)
    }

    pub(crate) fn decision(&self) -> Option<&Decision> {
        self.decision.as_ref()
    }
}

fn minting(operation: &Operation) -> Option<Minting> {
    let Operation::Session(operation) = operation else {
        return None;
    };
    match operation {
        SessionOperation::GetFederationToken(request) => Some(Minting {
            name: request.name.as_str().to_owned(),
            policy: request.policy.clone(),
            ..Minting::default()
        }),
        SessionOperation::AssumeRole(request) => Some(Minting {
            name: request.name.as_str().to_owned(),
            role: Some(request.role.clone()),
            policy: request.policy.clone(),
            source_identity: request
                .source_identity
                .as_ref()
                .map(|name| name.as_str().to_owned()),
            tags: request.tags.clone(),
        }),
        SessionOperation::AssumeRoleWithWebIdentity(request) => Some(Minting {
            name: request.name.as_str().to_owned(),
            role: Some(request.role.clone()),
            policy: request.policy.clone(),
            ..Minting::default()
        }),
        SessionOperation::GetSessionToken { .. } => Some(Minting::default()),
        SessionOperation::GetCallerIdentity
        | SessionOperation::QueryApiKey(_)
        | SessionOperation::RevokeSession(_)
        | SessionOperation::ListRevocations(_)
        | SessionOperation::ListSessions(_)
        | SessionOperation::KeyRing(_) => None,
    }
}

/// A request while it is answered. Its record is written whatever becomes of it, also when its client leaves and all of it
/// is dropped.
pub(crate) struct Witness<'s> {
    service: &'s Service,
    received: &'s Received,
    place: Option<Place<'s>>,
    pub(crate) record: Record,
}

impl<'s> Witness<'s> {
    pub(crate) fn new(service: &'s Service, received: &'s Received) -> Self {
        Self {
            service,
            received,
            place: service.audit.admit().ok(),
            record: Record::default(),
        }
    }

    /// Whether the request may be answered: if not, its record could not be written.
    pub(crate) fn is_admitted(&self) -> bool {
        self.place.is_some()
    }

    pub(crate) fn finish(mut self, reply: &Reply, code: Option<ErrorCode>) {
        self.write(reply.status(), reply.length(), code);
    }

    fn write(&mut self, status: u16, bytes_out: u64, code: Option<ErrorCode>) {
        let received = self.received;
        let ended = self.service.clock.now().unix_millis();
        let millis = ended.saturating_sub(received.now.unix_millis());
        tracing::info!(
            target: "daypass::audit",
            request_id = received.request_id.as_str(),
            method = received.method.as_str(),
            path = received.path.as_str(),
            action = self.record.operation(),
            access_key_id = self.record.caller.as_ref().and_then(Caller::identity).and_then(|who| who.origin.key()).map(AccessKeyId::as_str),
            status,
            code = code.map(ErrorCode::name),
            millis,
            "request"
        );
        let Some(place) = self.place.take() else {
            return;
        };
        let mut record = std::mem::take(&mut self.record);
        let spelling = record.spelling.take();
        let spelled = record.proven_caller().zip(spelling.as_deref());
        let spelled = spelled
            .and_then(|(caller, slot)| slot.get_or_init(|| SpelledWho::new(&who(caller, true))).as_ref());
        let request = spell(Entry {
            time: received.now,
            request_id: &received.request_id,
            method: &received.method,
            path: record.asked.is_none().then(|| bounded(&received.path)),
            ip: received.ip,
            user_agent: received.headers.get(USER_AGENT),
            bytes_in: received.body_length(),
            bytes_out,
            status,
            code,
            millis: millis.max(0).cast_unsigned(),
            is_who_spelled: spelled.is_some(),
            record,
        });
        place.put_of(request, spelled);
    }
}

impl Drop for Witness<'_> {
    fn drop(&mut self) {
        if self.place.is_some() {
            self.write(0, 0, None);
        }
    }
}

/// What a request leaves for its record.
struct Entry<'r> {
    time: Timestamp,
    request_id: &'r str,
    method: &'r Method,
    path: Option<String>,
    ip: IpAddr,
    user_agent: Option<&'r HeaderValue>,
    bytes_in: Option<u64>,
    bytes_out: u64,
    status: u16,
    code: Option<ErrorCode>,
    millis: u64,
    /// Whether who asked is spelled beside the record.
    is_who_spelled: bool,
    record: Record,
}

/// The record as the trail has it.
fn spell(entry: Entry<'_>) -> trail::Request {
    let record = entry.record;
    let whole = record.decision.as_ref().is_some_and(|decision| decision.allowed);
    let items = record.items.iter().enumerate().map(|(place, key)| trail::Item {
        key: key.as_str().to_owned(),
        allowed: whole
            && record
                .decision
                .as_ref()
                .and_then(|decision| decision.items.get(place))
                == Some(&true),
    });
    let (bucket, key) = record
        .asked
        .as_ref()
        .map_or((None, None), |access| place_of(&access.resource));
    trail::Request {
        time: entry.time.unix_millis(),
        request_id: entry.request_id.to_owned(),
        method: bounded(entry.method.as_str()),
        operation: record.asked.as_ref().map(|access| access.action.to_owned()),
        path: entry.path,
        ip: entry.ip.to_string(),
        who: record
            .caller
            .as_ref()
            .and_then(Caller::identity)
            .filter(|_| !entry.is_who_spelled)
            .map(|identity| who(identity, record.proven)),
        vouched: record.caller.as_ref().and_then(vouched),
        key: key.filter(|_| record.items.is_empty()),
        bucket,
        about: record.about,
        source: record.source.as_ref().and_then(source),
        items: items.collect(),
        items_omitted: record.items_omitted as u64,
        status: entry.status,
        code: entry.code.map(|code| code.name().to_owned()),
        bytes_in: entry.bytes_in,
        bytes_out: entry.bytes_out,
        millis: entry.millis,
        decision: record.decision.as_ref().map(decision),
        user_agent: entry
            .user_agent
            .map(|text| bounded(&String::from_utf8_lossy(text.as_bytes()))),
        minted: minted(
            record.minting,
            record.minted,
            record.standing,
            record.caller.as_ref(),
        ),
        judgement: record.judgement,
        made_access_key_id: record.made_key.map(|id| id.as_str().to_owned()),
    }
}

fn vouched(caller: &Caller) -> Option<trail::WebIdentity> {
    match caller {
        Caller::Vouched(vouched) => Some(trail::WebIdentity {
            provider_id: vouched.provider.0,
            subject: bounded(&vouched.subject),
        }),
        Caller::Anonymous | Caller::Identified(_) => None,
    }
}

fn place_of(resource: &Resource) -> (Option<String>, Option<String>) {
    match resource {
        Resource::Bucket(bucket) => (Some(bucket.as_str().to_owned()), None),
        Resource::Listing(bucket, prefix) => (Some(bucket.as_str().to_owned()), Some(prefix.clone())),
        Resource::Object(bucket, key) => (Some(bucket.as_str().to_owned()), Some(key.as_str().to_owned())),
        _ => (None, None),
    }
}

/// A user, a group, a role, a policy or a provider, as the caller named it.
fn identity_of(resource: &Resource) -> Option<String> {
    match resource {
        Resource::Service | Resource::Bucket(_) | Resource::Listing(..) | Resource::Object(..) => None,
        // Who that is stands in the record anyway.
        Resource::Identity(Subject::Caller) => None,
        Resource::Identity(Subject::Uin(uin)) => Some(format!("uin/{uin}")),
        Resource::User(name) => Some(format!("user/{}", name.as_str())),
        Resource::Uid(uid) => Some(format!("uid/{uid}")),
        Resource::Group(id) => Some(format!("group/{}", id.0)),
        Resource::Policy(id) => Some(format!("policy/{}", id.0)),
        Resource::PolicyNamed(name) => Some(format!("policy-name/{}", name.as_str())),
        Resource::Provider(name) => Some(format!("provider/{}", name.as_str())),
        Resource::Role(_, RoleRef::Id(id)) => Some(format!("role/{}", id.0)),
        Resource::Role(_, RoleRef::Name(name)) => Some(format!("role-name/{}", name.as_str())),
    }
}

/// Whose sessions are to end.
fn ended(target: &RevokedTarget) -> Vec<String> {
    match target {
        RevokedTarget::Sessions(keys) => keys.iter().map(|key| format!("key/{key}")).collect(),
        RevokedTarget::AccessKey(key) => vec![format!("key/{key}")],
        RevokedTarget::User(uin) => vec![format!("uin/{uin}")],
        RevokedTarget::Role(RoleRef::Id(id)) => vec![format!("role/{}", id.0)],
        RevokedTarget::Role(RoleRef::Name(name)) => vec![format!("role-name/{}", name.as_str())],
        RevokedTarget::Name(name) => vec![format!("session-name/{}", name.as_str())],
    }
}

fn source(resource: &Resource) -> Option<String> {
    match place_of(resource) {
        (Some(bucket), Some(key)) => Some(format!("{bucket}/{key}")),
        _ => None,
    }
}

fn hex(id: SessionId) -> String {
    format!("{:032x}", u128::from_be_bytes(id.0))
}

fn who(identity: &Identity, proven: bool) -> trail::Who {
    let (principal, uin) = match &identity.principal {
        Principal::User(uin) if identity.is_root() => (trail::Principal::Root, uin.0),
        Principal::User(uin) => (trail::Principal::User, uin.0),
        Principal::Role { id, .. } => (trail::Principal::Role, id.0),
    };
    let access_key_id = match &identity.session {
        Some(session) => daypass_token::temporary_key_id(session.id).as_str().to_owned(),
        None => key_of(&identity.origin),
    };
    trail::Who {
        proven,
        app_id: identity.account.app_id.0,
        owner_uin: identity.account.owner_uin.0,
        principal,
        uin,
        access_key_id,
        session: identity
            .session
            .as_ref()
            .map(|session| of_session(session, identity)),
    }
}

/// No key began what a provider vouched for.
fn key_of(origin: &Origin) -> String {
    origin
        .key()
        .map(|key| key.as_str().to_owned())
        .unwrap_or_default()
}

fn of_session(session: &Session, identity: &Identity) -> trail::Session {
    trail::Session {
        session_id: hex(session.id),
        session_name: session.name.to_string(),
        ancestors: session
            .ancestors
            .iter()
            .map(|ancestor| hex(ancestor.session_id))
            .collect(),
        original_uin: identity.origin.responsible().0,
        original_access_key_id: key_of(&identity.origin),
        web_identity: match &identity.origin {
            Origin::Key { .. } => None,
            Origin::Provider { id, subject, .. } => Some(trail::WebIdentity {
                provider_id: id.0,
                subject: bounded(subject),
            }),
        },
        source_identity: session.source_identity.as_deref().map(str::to_owned),
    }
}

fn decision(decision: &Decision) -> trail::Decision {
    let allowed = decision.is_whole();
    let allows = || {
        let mut findings = decision.findings.iter();
        findings.find(|finding| matches!(finding.opinion, Opinion::Allows(_)))
    };
    let finding = if allowed { allows() } else { decision.deciding() };
    let number = |place: usize| place as u64;
    let document = finding.and_then(|finding| match finding.layer {
        Layer::Identity(place) => place,
        Layer::Session(place) => Some(place),
        _ => None,
    });
    let said = finding.map(|finding| match finding.opinion {
        Opinion::Allows(statement) => ("allows", statement),
        Opinion::Denies(statement) => ("denies", statement),
        Opinion::Silent => ("silent", None),
        Opinion::Unreadable => ("unreadable", None),
    });
    trail::Decision {
        allowed,
        layer: finding.map(|finding| finding.layer.name().to_owned()),
        document: document.map(number),
        opinion: said.map(|(opinion, _)| opinion.to_owned()),
        statement: said.and_then(|(_, statement)| statement).map(number),
        action: finding
            .and_then(|finding| finding.access.as_ref())
            .map(|access| access.action.to_owned()),
    }
}

fn minted(
    minting: Option<Minting>,
    minted: Option<(AccessKeyId, Timestamp)>,
    standing: Option<trail::Standing>,
    caller: Option<&Caller>,
) -> Option<trail::Minted> {
    let (minting, (key, expires)) = (minting?, minted?);
    // Who it acts for stays as it was said first; whoever says something else is refused.
    let said_before = caller
        .and_then(Caller::identity)
        .and_then(|identity| identity.session.as_ref()?.source_identity.as_deref());
    let tag = |(key, value)| trail::Tag { key, value };
    Some(trail::Minted {
        session_id: daypass_token::session_id_of(&key).map(hex).unwrap_or_default(),
        access_key_id: key.as_str().to_owned(),
        name: minting.name,
        expires: expires.unix_millis(),
        role: minting.role.map(|role| match role {
            RoleRef::Id(id) => id.to_string(),
            RoleRef::Name(name) => name.as_str().to_owned(),
        }),
        policies: minting.policy.into_iter().collect(),
        source_identity: said_before.map(str::to_owned).or(minting.source_identity),
        tags: minting.tags.into_iter().map(tag).collect(),
        standing,
    })
}

/// What a token says of whose it is, as whoever lists sessions needs it.
fn standing(ring: &KeyRing, key: &TemporaryKey) -> Option<trail::Standing> {
    let token = key.token.expose();
    let claims = daypass_token::open(ring, &key.access_key_id, token).ok()?;
    let own = Ancestor {
        session_id: claims.session_id,
        owner: claims.account.owner_uin,
        principal: claims.principal,
        issued: claims.issued,
        name: daypass_token::name_digest(&claims.name),
    };
    let kind = match claims.kind {
        SessionKind::Federation => "federation",
        SessionKind::Role => "role",
        SessionKind::Own => "own",
    };
    Some(trail::Standing {
        kind: kind.to_owned(),
        epoch: daypass_token::epoch_of(token)?,
        link: link(&own),
        descent: claims.ancestors.iter().map(link).collect(),
        responsible_uin: claims.origin.responsible().0,
        origin_access_key_id: claims.origin.key().map(|id| id.as_str().to_owned()),
    })
}

fn link(session: &Ancestor) -> trail::Link {
    let (principal, uin) = match session.principal {
        daypass_token::Principal::User(uin) if uin == session.owner => (trail::Principal::Root, uin.0),
        daypass_token::Principal::User(uin) => (trail::Principal::User, uin.0),
        daypass_token::Principal::Role(id) => (trail::Principal::Role, id.0),
    };
    trail::Link {
        session_id: hex(session.session_id),
        owner_uin: session.owner.0,
        principal,
        uin,
        issued: session.issued.unix_millis(),
        name_digest: format!("{:016x}", session.name),
    }
}
