//! A server, a key to sign with, and the way there. Cheap to clone: clones share their open connections.

use std::sync::Arc;

use daypass_api::Timestamp;

use crate::clock::{Clock, Skew, SystemClock};
use crate::credentials::{Credentials, CredentialsProvider, Fixed};
use crate::endpoint::Endpoint;
use crate::error::Error;
use crate::payload::Payload;
use crate::retry::{Patience, Repetition};
use crate::route::Proxy;
use crate::transport::{Answer, AnswerBody, Head, Transport};
use crate::trust::Trust;

/// A server, a key to sign with, and the way there.
#[derive(Clone)]
pub struct Connection {
    endpoint: Endpoint,
    credentials: Option<Arc<dyn CredentialsProvider>>,
    clock: Arc<dyn Clock>,
    skew: Skew,
    patience: Patience,
    trust: Option<Trust>,
    proxy: Option<Proxy>,
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
            transport: Transport::new(patience, trust.as_ref(), None, endpoint.is_secure()),
            endpoint,
            credentials: provider(credentials),
            clock: Arc::new(SystemClock),
            skew: Skew::default(),
            patience,
            trust,
            proxy: None,
        }
    }

    /// The same connection, trusting other authorities.
    #[must_use]
    pub fn with_trust(self, trust: Trust) -> Self {
        let trust = Some(trust);
        Self { trust, ..self }.anew()
    }

    /// The same connection by another clock.
    #[must_use]
    pub fn with_clock(self, clock: Arc<dyn Clock>) -> Self {
        Self { clock, ..self }
    }

    /// The same connection with another patience.
    #[must_use]
    pub fn with_patience(self, patience: Patience) -> Self {
        Self { patience, ..self }.anew()
    }

    /// The same connection through a proxy.
    #[must_use]
    pub fn with_proxy(self, proxy: Proxy) -> Self {
        let proxy = Some(proxy);
        Self { proxy, ..self }.anew()
    }

    /// The same server with another key, or none.
    #[must_use]
    pub fn with_credentials(self, credentials: Option<Credentials>) -> Self {
        Self {
            credentials: provider(credentials),
            ..self
        }
    }

    /// The same server with keys from a provider, which is asked before each try of each request.
    #[must_use]
    pub fn with_provider(self, provider: Arc<dyn CredentialsProvider>) -> Self {
        Self {
            credentials: Some(provider),
            ..self
        }
    }

    /// Where the server is.
    pub fn endpoint(&self) -> &Endpoint {
        &self.endpoint
    }

    /// What to sign with now; none where requests go unsigned.
    pub(crate) async fn credentials(&self) -> Result<Option<Arc<Credentials>>, Error> {
        match &self.credentials {
            Some(provider) => provider.credentials(self.now()).await.map(Some),
            None => Ok(None),
        }
    }

    pub(crate) fn patience(&self) -> Patience {
        self.patience
    }

    /// The present moment, by the server's clock as far as it is known.
    pub(crate) fn now(&self) -> Timestamp {
        self.skew.corrected(self.clock.now())
    }

    /// Sends a request until it is answered, refused for good, or no retry is left.
    ///
    /// Each try is signed anew, since time has passed; `read` tells an answer from a refusal. Also returned is what
    /// of the answer has not been read. What another key or the right time would mend is mended and tried again, once
    /// each.
    pub(crate) async fn exchange<T>(
        &self,
        mut ask: Ask,
        head: impl Fn(Timestamp, Option<&Credentials>) -> Result<Head, Error>,
        read: impl Fn(&Answer) -> Result<T, Error>,
    ) -> Result<(T, Answer), Error> {
        let mut delays = self.patience.delays();
        let (mut may_correct, mut may_renew) = (true, true);
        loop {
            let (body, sent) = ask.payload.open();
            let credentials = self.credentials().await?;
            let head = head(self.now(), credentials.as_deref())?;
            let arrived = self
                .transport
                .send(&self.endpoint, head, body, sent, ask.body)
                .await;
            let date = arrived.as_ref().ok().and_then(Answer::date);
            let error = match arrived.and_then(|answer| Ok((read(&answer)?, answer))) {
                Ok(answered) => return Ok(answered),
                Err(error) => error,
            };
            let can_open = ask.payload.can_open();
            if let Some(refusal) = error.refusal().filter(|_| can_open) {
                let corrected = refusal.is_about_the_clock() && self.skew.correct(self.clock.now(), date);
                if corrected && std::mem::take(&mut may_correct) {
                    continue;
                }
                let renewed = refusal.is_spent_key() && self.discard(credentials.as_deref());
                if renewed && std::mem::take(&mut may_renew) {
                    continue;
                }
            }
            let again = ask.repetition.is_allowed_after(&error) && can_open;
            match delays.next() {
                Some(delay) if again => tokio::time::sleep(delay).await,
                Some(_) | None => return Err(error),
            }
        }
    }
}

impl Connection {
    /// With open connections of its own, which are made as it says by now.
    fn anew(self) -> Self {
        let is_secure = self.endpoint.is_secure();
        let transport = Transport::new(self.patience, self.trust.as_ref(), self.proxy.as_ref(), is_secure);
        Self { transport, ..self }
    }

    fn discard(&self, credentials: Option<&Credentials>) -> bool {
        let provider = self.credentials.as_ref().zip(credentials);
        provider.is_some_and(|(provider, credentials)| provider.discard(credentials))
    }
}

fn provider(credentials: Option<Credentials>) -> Option<Arc<dyn CredentialsProvider>> {
    credentials.map(|credentials| Arc::new(Fixed(Arc::new(credentials))) as Arc<dyn CredentialsProvider>)
}

/// What to send beside a request's head, and how.
pub(crate) struct Ask {
    pub(crate) repetition: Repetition,
    pub(crate) payload: Payload,
    pub(crate) body: AnswerBody,
}
