//! A server, a key to sign with, and the way there. Cheap to clone: clones share their open connections.

use std::sync::Arc;

use daypass_api::Timestamp;

use crate::clock::{Clock, SystemClock};
use crate::credentials::Credentials;
use crate::endpoint::Endpoint;
use crate::error::Error;
use crate::payload::Payload;
use crate::retry::{Patience, Repetition};
use crate::transport::{Answer, AnswerBody, Head, Transport};
use crate::trust::Trust;

/// A server, a key to sign with, and the way there.
#[derive(Clone)]
pub struct Connection {
    endpoint: Endpoint,
    credentials: Option<Credentials>,
    clock: Arc<dyn Clock>,
    patience: Patience,
    trust: Option<Trust>,
    transport: Transport,
}

impl Connection {
    /// A connection to a server; without credentials, requests go unsigned. Nothing is connected yet. An `https`
    /// server must have a certificate that the machine trusts.
    pub fn new(endpoint: Endpoint, credentials: Option<Credentials>) -> Self {
        let patience = Patience::default();
        // The machine's list is long; it is read only where it is needed.
        let trust = endpoint.is_secure().then(Trust::of_the_machine);
        Self {
            endpoint,
            credentials,
            clock: Arc::new(SystemClock),
            patience,
            transport: Transport::new(patience, trust.as_ref()),
            trust,
        }
    }

    /// The same connection, trusting other authorities.
    #[must_use]
    pub fn with_trust(self, trust: Trust) -> Self {
        Self {
            transport: Transport::new(self.patience, Some(&trust)),
            trust: Some(trust),
            ..self
        }
    }

    /// The same connection by another clock.
    #[must_use]
    pub fn with_clock(self, clock: Arc<dyn Clock>) -> Self {
        Self { clock, ..self }
    }

    /// The same connection with another patience.
    #[must_use]
    pub fn with_patience(self, patience: Patience) -> Self {
        Self {
            patience,
            transport: Transport::new(patience, self.trust.as_ref()),
            ..self
        }
    }

    /// The same server with another key, or none.
    #[must_use]
    pub fn with_credentials(self, credentials: Option<Credentials>) -> Self {
        Self { credentials, ..self }
    }

    /// Where the server is.
    pub fn endpoint(&self) -> &Endpoint {
        &self.endpoint
    }

    pub(crate) fn credentials(&self) -> Option<&Credentials> {
        self.credentials.as_ref()
    }

    pub(crate) fn patience(&self) -> Patience {
        self.patience
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// Sends a request until it is answered, refused for good, or no retry is left.
    ///
    /// Each try is signed anew, since time has passed; `read` tells an answer from a refusal. Also returned is what
    /// of the answer has not been read.
    pub(crate) async fn exchange<T>(
        &self,
        mut ask: Ask,
        head: impl Fn(Timestamp) -> Result<Head, Error>,
        read: impl Fn(&Answer) -> Result<T, Error>,
    ) -> Result<(T, Answer), Error> {
        let mut delays = self.patience.delays();
        loop {
            let (body, sent) = ask.payload.open();
            let head = head(self.clock.now())?;
            let arrived = self
                .transport
                .send(&self.endpoint, head, body, sent, ask.body)
                .await;
            let error = match arrived.and_then(|answer| Ok((read(&answer)?, answer))) {
                Ok(answered) => return Ok(answered),
                Err(error) => error,
            };
            let again = ask.repetition.is_allowed_after(&error) && ask.payload.can_open();
            match delays.next() {
                Some(delay) if again => tokio::time::sleep(delay).await,
                Some(_) | None => return Err(error),
            }
        }
    }
}

/// What to send beside a request's head, and how.
pub(crate) struct Ask {
    pub(crate) repetition: Repetition,
    pub(crate) payload: Payload,
    pub(crate) body: AnswerBody,
}
