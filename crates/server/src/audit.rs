//! One record for each request: who, through which key, what, decision and reason, bytes, time.
//!
//! Records go to the log as structured events. They name keys by their ids and sessions by their names; no secret,
//! token or signature ever reaches them. A refusal carries what the caller is not told: the layer and the statement
//! that decided.

use daypass_access::{Caller, Decision, Finding, Identity, Session};
use daypass_api::requirement::Requirements;
use daypass_api::{ErrorCode, Timestamp};

use crate::received::Received;
use crate::reply::Reply;

/// What is known of a request so far.
#[derive(Default)]
pub(crate) struct Record {
    caller: Option<Caller>,
    operation: Option<&'static str>,
    decision: Option<Decision>,
}

impl Record {
    pub(crate) fn note_operation(&mut self, requirements: &Requirements) {
        self.operation = requirements
            .iter()
            .next()
            .and_then(|need| need.any_of.first())
            .map(|access| access.action);
    }

    pub(crate) fn note_caller(&mut self, caller: &Caller) {
        self.caller = Some(caller.clone());
    }

    pub(crate) fn note_decision(&mut self, decision: Decision) {
        self.decision = Some(decision);
    }

    pub(crate) fn operation(&self) -> Option<&'static str> {
        self.operation
    }

    pub(crate) fn decision(&self) -> Option<&Decision> {
        self.decision.as_ref()
    }

    /// Writes the record.
    pub(crate) fn write(&self, received: &Received, reply: &Reply, code: Option<ErrorCode>, now: Timestamp) {
        let identity = self.caller.as_ref().and_then(Caller::identity);
        let session = identity.and_then(|identity| identity.session.as_ref());
        let decision = self.decision.as_ref();
        let refused = decision.filter(|decision| !decision.is_whole());
        let items = decision
            .map(|decision| decision.items.as_slice())
            .filter(|items| !items.is_empty());
        let reason = refused.and_then(Decision::deciding).map(describe);
        tracing::info!(
            target: "daypass::audit",
            request_id = received.request_id.as_str(),
            ip = %received.ip,
            method = received.method.as_str(),
            host = received.host.as_str(),
            path = received.path.as_str(),
            action = self.operation,
            owner_uin = identity.map(|identity| identity.account.owner_uin.0),
            uin = identity.map(|identity| identity.original_caller.0),
            role_id = identity.and_then(Identity::role).map(|role| role.0),
            access_key_id = identity.map(|identity| identity.permanent_key.as_str()),
            session = session.map(|session| &*session.name),
            source_identity = session.and_then(|session| session.source_identity.as_deref()),
            session_tags = session.and_then(tags),
            status = reply.status(),
            code = code.map(ErrorCode::name),
            reason,
            items = items.map(<[bool]>::len),
            items_refused = items.map(|items| items.iter().filter(|allowed| !**allowed).count()),
            bytes = reply.length(),
            millis = now.unix_millis().saturating_sub(received.now.unix_millis()),
            "request"
        );
    }
}

/// The tags of a session, as a policy would write them.
fn tags(session: &Session) -> Option<String> {
    let tags = session.tags.iter().map(|(key, value)| format!("{key}&{value}"));
    let tags: Vec<_> = tags.collect();
    (!tags.is_empty()).then(|| tags.join(";"))
}

fn describe(finding: &Finding) -> String {
    let asked = finding
        .access
        .as_ref()
        .map(|access| access.action)
        .unwrap_or("the operation");
    format!("{:?} {:?} on {asked}", finding.layer, finding.opinion)
}
