//! The request path: from the head of a request to its answer.
//!
//! [`Service::handle`] reads like the sentence it implements: read the claim, find out who it is and that it is true,
//! read what is asked, gather the facts, decide, perform. There is no other door to the data. What is around it only
//! receives, spells the answer, and writes the audit record.

use std::sync::Arc;

use daypass_access::verify::{Claim, Signed};
use daypass_access::{Caller, Environment, Layers, Question, decide};
use daypass_api::names::{BucketName, Uin};
use daypass_api::operation::SessionOperation;
use daypass_api::{Error, ErrorCode, Operation, Timestamp};
use daypass_audit::record::bounded;
use daypass_dialect::site::Site;
use daypass_door::Peer;
use daypass_store::View;
use http::{Request, Response};
use hyper::body::Incoming;
use tokio::time::Instant;

use crate::audit::{Record, Witness};
use crate::edge::body::{RequestBody, ResponseBody};
use crate::explain::{self, Decided, Grounds, Told, Unproven};
use crate::family::{Family, Opened};
use crate::form::Rejudged;
use crate::health;
use crate::metrics::Observed;
use crate::perform::Performed;
use crate::rate::Asker;
use crate::received::Received;
use crate::reply::Reply;
use crate::service::Service;
use crate::web_identity::asked_of_provider;

impl Service {
    /// Answers one request.
    pub(crate) async fn answer(&self, request: Request<Incoming>, peer: Peer) -> Response<ResponseBody> {
        let begun = Instant::now();
        let (parts, incoming) = request.into_parts();
        let received = Received::new(
            parts,
            peer,
            &self.trusted_proxies,
            self.clock.now(),
            self.random.bytes(),
        );
        let mut family = Family::of(&received, &self.sites);
        if let Some(probe) = health::probe(&received, &family) {
            let (status, text) = self.health(probe).await;
            self.metrics
                .requests
                .count_aside("probe:health", &received.method, status);
            return Reply::plain(status, text).into_response(&self.header_case);
        }
        let asked_by_console = self
            .console
            .as_ref()
            .and_then(|console| console.preflight(&received));
        if let Some(reply) = asked_by_console {
            self.metrics
                .requests
                .count_aside("console:preflight", &received.method, reply.status());
            return reply.into_response(&self.header_case);
        }
        let body = RequestBody::new(incoming, self.patience, received.expects_leave());
        let mut witness = Witness::new(self, &received);
        let mut grounds = Grounds::default();
        let outcome = match witness.is_admitted() {
            true => {
                self.handle(&received, &mut family, body, &mut witness.record, &mut grounds)
                    .await
            }
            // Nothing is done that could not be recorded.
            false => Err(Error::new(ErrorCode::ServiceUnavailable)),
        };
        let outcome = self
            .note_reasons(&received, &family, outcome, grounds, &witness.record)
            .await;
        let code = outcome.as_ref().err().map(|error| error.code);
        if let Ok(performed) = &outcome {
            self.metrics.requests.count_outcome(&performed.outcome);
            witness.record.note_outcome(&performed.outcome, &self.ring().ring);
        }
        let mut reply = Reply::spell(&received, &family, outcome);
        self.tell_other_origins(&received, &family, &mut reply).await;
        self.metrics.requests.count(&Observed {
            method: &received.method,
            family: &family,
            action: witness.record.operation(),
            status: reply.status(),
            code,
            decision: witness.record.decision(),
            took: begun.elapsed(),
        });
        witness.finish(&reply, code);
        reply.into_response(&self.header_case)
    }

    /// The way of every request.
    async fn handle(
        &self,
        received: &Received,
        family: &mut Family,
        body: RequestBody,
        record: &mut Record,
        grounds: &mut Grounds,
    ) -> Result<Performed, Error> {
        received.check_head()?;
        record.note_likely(family.likely(received));
        let opened = Opened::open(received, family, body).await?;
        record.note_likely(opened.likely());
        let mut view = self.store.view().await?;
        let (mut caller, layers) = self.identify(&view, received, &opened, record, grounds).await?;
        record.note_caller(&caller);

        let mut asked = opened.read(received, &caller).await?;
        let requirements = asked.operation.requirements();
        record.note_operation(&asked.operation, &requirements);
        self.check_rate(&asked.operation, &caller, received.now)?;
        if let Some(assume) = asked_of_provider(&asked.operation) {
            let (vouched, later) = self.vouched(view, assume, received.ip, received.now).await?;
            (caller, view) = (Caller::Vouched(vouched), later);
            record.note_caller(&caller);
        }
        let facts = self.facts(&view, &requirements, &caller).await?;
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
        if !decision.is_whole() || self.explanations.config.record_allowed {
            grounds.decided = Some(Box::new(Decided::of(&requirements, &question, &decision)));
        }
        record.note_decision(decision);
        if !allowed {
            return Err(Error::new(ErrorCode::AccessDenied));
        }
        if let Some(judged) = asked.judged_length {
            let body = asked.body.take();
            asked.body = body.map(|body| Rejudged::hold(body, judged, &asked.operation, &question));
        }
        let judging = self
            .judging(&view, &asked.operation, asked.wants_judgement, &question)
            .await?;
        let performed = self
            .perform(view, asked, &caller, &facts, &items, received.now)
            .await?;
        self.judged(judging, performed, record).await
    }

    /// Leaves what a refusal is explained by, and where the operator wants it all, what was allowed.
    async fn note_reasons(
        &self,
        received: &Received,
        family: &Family,
        outcome: Result<Performed, Error>,
        mut grounds: Grounds,
        record: &Record,
    ) -> Result<Performed, Error> {
        if let Err(error) = &outcome
            && grounds.decided.is_none()
            && grounds.cause.is_none()
        {
            grounds.cause = explain::of_error(error);
        }
        if grounds.decided.is_none() && grounds.cause.is_none() {
            return outcome;
        }
        if grounds.caller.is_none() {
            (grounds.caller, grounds.proven) = record.claimed();
        }
        let told = Told {
            request_id: received.request_id.clone(),
            now: received.now,
            method: received.method.to_string(),
            operation: record.operation(),
            code: outcome.as_ref().err().map(|error| error.code),
            owner: self.owner_of_named(received, family).await,
            grounds,
        };
        let outcome = outcome.map_err(|error| self.explained(error, &told));
        self.explanations.keep(told);
        outcome
    }

    /// The root of the account that owns the bucket which a request names, whether the bucket is there or not.
    async fn owner_of_named(&self, received: &Received, family: &Family) -> Option<Uin> {
        let Family::Object(site) = family else {
            return None;
        };
        let bucket = match site {
            Site::Bucket(bucket) | Site::WrongRegion(bucket) => bucket.clone(),
            Site::BadBucket => return None,
            Site::Service(_) => BucketName::parse(received.path.split('/').nth(1)?).ok()?,
        };
        let view = self.store.view().await.ok()?;
        let owner = view.account_of_app(bucket.app_id()).await.ok()?;
        owner.map(|account| account.owner_uin)
    }

    /// Refuses what an account asks of the token service too often.
    fn check_rate(&self, operation: &Operation, caller: &Caller, now: Timestamp) -> Result<(), Error> {
        match (operation, caller.identity()) {
            // Whoever floods the service must not keep his keys from being ended.
            (Operation::Session(SessionOperation::RevokeSession(_) | SessionOperation::KeyRing(_)), _) => {
                Ok(())
            }
            (Operation::Session(_), Some(identity)) => self.sts_rate.count(&Asker::of(identity), now),
            _ => Ok(()),
        }
    }

    /// Who asks, proven by the signature, or nobody when there is none.
    async fn identify(
        &self,
        view: &View,
        received: &Received,
        opened: &Opened,
        record: &mut Record,
        grounds: &mut Grounds,
    ) -> Result<(Caller, Layers), Error> {
        if opened.is_preflight(received) {
            return Ok((Caller::Anonymous, Layers::default()));
        }
        let pairs = opened.header_pairs(received);
        let seen = received.view(&pairs)?;
        let Some(claim): Option<Claim> = opened.claim(&seen)? else {
            return Ok((Caller::Anonymous, Layers::default()));
        };
        let presenter = match self.credential(view, &claim).await {
            Ok(presenter) => presenter,
            Err(error) => {
                let cause = explain::of_error(&error);
                grounds.cause = cause.map(|cause| cause.with("AccessKeyId", bounded(claim.key_id())));
                return Err(error);
            }
        };
        let hosts = opened.signed_hosts(&self.names);
        let signed = Signed {
            view: &seen,
            body: opened.whole_body(),
            parameters: opened.parameters(),
            service: opened.service(),
            hosts: &hosts,
        };
        if let Err(error) = claim.verify(&signed, &presenter.credential, received.now) {
            let unproven = Unproven {
                claim: &claim,
                signed: &signed,
                credential: &presenter.credential,
                now: received.now,
            };
            grounds.cause = explain::of_claim(&error, &unproven);
            grounds.caller = Some(presenter.credential.identity.clone());
            record.note_claimed(presenter.credential.identity);
            return Err(error);
        }
        grounds.proven = true;
        record.note_spelling(Arc::clone(&presenter.spelling));
        if let Err(error) = self.refuse_revoked(view, &presenter.credential.identity).await {
            // Whoever still tries a key that was ended is whom one looks for.
            record.note_caller(&Caller::Identified(presenter.credential.identity.clone()));
            grounds.caller = Some(presenter.credential.identity);
            return Err(error);
        }
        self.last_uses.note(&presenter.credential.identity, received.now);
        self.caller(presenter)
    }
}
