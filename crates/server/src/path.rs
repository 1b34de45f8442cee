//! The request path: from the head of a request to its answer.
//!
//! [`Service::handle`] reads like the sentence it implements: read what is asked, read the claim, find out who it
//! is and that it is true, gather the facts, decide, perform. There is no other door to the data. Everything
//! around it only receives, spells the answer, and writes the audit record.

use std::time::Duration;

use daypass_access::verify::{Claim, Signed, unreadable};
use daypass_access::{Caller, Environment, Question, decide};
use daypass_api::attributes::Attributes;
use daypass_api::{Error, ErrorCode, Operation};
use daypass_dialect::api3::{self, Call};
use daypass_dialect::cos::{self, RequestHead};
use daypass_signature::{self as signature, RequestView};
use http::{Request, Response};
use hyper::body::Incoming;

use crate::audit::Record;
use crate::edge::body::{RequestBody, ResponseBody};
use crate::perform::Performed;
use crate::received::Received;
use crate::reply::Reply;
use crate::service::Service;

/// Largest body of a request to the token and access-management services.
const MAX_ACTION_BODY_BYTES: usize = 1024 * 1024;

/// What a request asks for, in our own words, and what it claims about itself.
pub(crate) struct Asked {
    operation: Operation,
    attributes: Attributes,
    claim: Option<Claim>,
}

/// The family of APIs that a request belongs to.
pub(crate) enum Family {
    /// The object store.
    Object,
    /// The token and access-management services; the call has been read off the body.
    Action(Option<Call>),
}

impl Service {
    /// Answers one request.
    pub(crate) async fn answer(&self, request: Request<Incoming>, peer: std::net::SocketAddr) -> Response<ResponseBody> {
        let started = self.clock.now();
        let (parts, incoming) = request.into_parts();
        let received = Received::new(parts, peer, started, self.random_bytes());
        if let Some(probe) = self.probe(&received) {
            return probe;
        }
        let body = RequestBody::new(incoming, self.body_timeout, received.expects_leave());
        let mut record = Record::default();
        let mut family = Family::Object;
        let outcome = self.handle(&received, body, &mut family, &mut record).await;
        let code = outcome.as_ref().err().map(|error| error.code);
        let reply = Reply::spell(&received, &family, outcome, self.clock.now());
        let took = Duration::from_millis(self.clock.now().unix_millis().abs_diff(started.unix_millis()));
        record.write(&received, reply.status(), code, reply.length(), took);
        reply.into_response(&self.header_case)
    }

    /// The way of every request.
    async fn handle(
        &self,
        received: &Received,
        mut body: RequestBody,
        family: &mut Family,
        record: &mut Record,
    ) -> Result<Performed, Error> {
        let whole_body = self.read_action(received, &mut body, family).await?;
        let asked = self.read(received, family)?;
        record.note_operation(&asked.operation);
        let view = self.store.view().await?;
        let (caller, layers) = match asked.claim {
            None => (Caller::Anonymous, daypass_access::Layers::default()),
            Some(claim) => {
                let credential = self.credential(&view, &claim).await?;
                let pairs = received.header_pairs();
                let seen = received.view(&pairs)?;
                let signed = Signed {
                    view: &seen,
                    body: &whole_body,
                    parameters: family.parameters(),
                    service: family.service(),
                    hosts: &self.names(),
                };
                claim.verify(&signed, &credential, received.now)?;
                self.caller(&view, credential).await?
            }
        };
        record.note_caller(&caller);
        refuse_unsigned(&caller, family, &asked)?;
        let facts = self.facts(&view, &asked.operation, &caller).await?;
        let environment = Environment { ip: received.ip, tls_version: None, now: received.now };
        let question = Question {
            caller: &caller,
            layers: &layers,
            facts: &facts,
            attributes: &asked.attributes,
            environment: &environment,
        };
        let decision = decide(&asked.operation, &question);
        let allowed = decision.allowed;
        record.note_decision(decision);
        if !allowed {
            return Err(Error::new(ErrorCode::AccessDenied));
        }
        self.perform(&view, asked.operation, &caller, body, received.now).await
    }
}
