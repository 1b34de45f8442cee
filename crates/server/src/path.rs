//! The request path: from the head of a request to its answer.
//!
//! [`Service::handle`] reads like the sentence it implements: read the claim, find out who it is and that it is true,
//! read what is asked, gather the facts, decide, perform. There is no other door to the data. What is around it only
//! receives, spells the answer, and writes the audit record.

use daypass_access::verify::{Claim, Signed};
use daypass_access::{Caller, Environment, Layers, Question, decide};
use daypass_api::{Error, ErrorCode};
use daypass_store::View;
use http::{Request, Response};
use hyper::body::Incoming;

use crate::audit::Record;
use crate::edge::body::{RequestBody, ResponseBody};
use crate::edge::listener::Peer;
use crate::family::{Family, Opened};
use crate::health;
use crate::perform::Performed;
use crate::received::Received;
use crate::reply::Reply;
use crate::service::Service;

impl Service {
    /// Answers one request.
    pub(crate) async fn answer(&self, request: Request<Incoming>, peer: Peer) -> Response<ResponseBody> {
        let (parts, incoming) = request.into_parts();
        let received = Received::new(parts, peer, self.clock.now(), self.random.bytes());
        let mut family = Family::of(&received, &self.sites);
        if let Some(probe) = health::probe(&received, &family) {
            return Reply::from(probe).into_response(&self.header_case);
        }
        let body = RequestBody::new(incoming, self.body_timeout, received.expects_leave());
        let mut record = Record::default();
        let outcome = self.handle(&received, &mut family, body, &mut record).await;
        let code = outcome.as_ref().err().map(|error| error.code);
        let mut reply = Reply::spell(&received, &family, outcome);
        self.tell_other_origins(&received, &family, &mut reply).await;
        record.write(&received, &reply, code, self.clock.now());
        reply.into_response(&self.header_case)
    }

    /// The way of every request.
    async fn handle(
        &self,
        received: &Received,
        family: &mut Family,
        body: RequestBody,
        record: &mut Record,
    ) -> Result<Performed, Error> {
        received.check_head()?;
        let opened = Opened::open(received, family, body).await?;
        let view = self.store.view().await?;
        let (caller, layers) = self.identify(&view, received, &opened).await?;
        record.note_caller(&caller);

        let asked = opened.read(received, &caller).await?;
        record.note_operation(&asked.operation);
        let facts = self.facts(&view, &asked.operation, &caller).await?;
        let environment = Environment {
            ip: received.ip,
            tls_version: received.tls_version,
            now: received.now,
        };
        let question = Question {
            caller: &caller,
            layers: &layers,
            facts: &facts,
            attributes: &asked.attributes,
            environment: &environment,
        };
        let decision = decide(&asked.operation, &question);
        let (allowed, items) = (decision.allowed, decision.items.clone());
        record.note_decision(decision);
        if !allowed {
            return Err(Error::new(ErrorCode::AccessDenied));
        }
        self.perform(view, asked, &caller, &items, received.now).await
    }

    /// Who asks, proven by the signature, or nobody when there is none.
    async fn identify(
        &self,
        view: &View,
        received: &Received,
        opened: &Opened,
    ) -> Result<(Caller, Layers), Error> {
        if opened.is_preflight(received) {
            return Ok((Caller::Anonymous, Layers::default()));
        }
        let pairs = received.header_pairs();
        let seen = received.view(&pairs)?;
        let Some(claim): Option<Claim> = opened.claim(&seen)? else {
            return Ok((Caller::Anonymous, Layers::default()));
        };
        let presenter = self.credential(view, &claim).await?;
        let hosts = opened.signed_hosts(&self.names);
        let signed = Signed {
            view: &seen,
            body: opened.whole_body(),
            parameters: opened.parameters(),
            service: opened.service(),
            hosts: &hosts,
        };
        claim.verify(&signed, &presenter.credential, received.now)?;
        self.last_uses.note(&presenter.credential.identity, received.now);
        self.caller(presenter)
    }
}
