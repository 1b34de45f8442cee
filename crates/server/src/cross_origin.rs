//! What a browser is told about answers to pages of other origins.
//!
//! It is added to every answer, refusals too: a page that may not read a refusal cannot tell its user what is wrong.
//! It is told after everything else, from the rules of whatever bucket the request is aimed at, whoever asked.

use daypass_api::Error;
use daypass_api::cors::CorsGrant;
use daypass_dialect::cos;
use daypass_dialect::site::Site;
use http::Method;

use crate::family::Family;
use crate::received::Received;
use crate::reply::Reply;
use crate::service::Service;

impl Service {
    /// Adds to an answer that it differs by origin, and what the bucket's rules say about the origin of its request,
    /// if it names one.
    ///
    /// The first is told whoever asks: a browser that keeps an answer to a request without an origin, such as an
    /// image's, would otherwise serve it to a page of another origin, and withhold it there for want of a permission.
    pub(crate) async fn tell_other_origins(&self, received: &Received, family: &Family, reply: &mut Reply) {
        // The console's pages read every answer, whatever a bucket's rules say about their origin.
        if let Some(headers) = self
            .console
            .as_ref()
            .and_then(|console| console.headers_for(received))
        {
            reply.add(headers);
            return;
        }
        let Family::Object(site) = family else {
            return;
        };
        let grant = match received.header("origin") {
            // The answer to a preflight has told all but that it differs already.
            Some(origin) if received.method != Method::OPTIONS => self.grant(received, site, origin).await,
            _ => None,
        };
        reply.add(cos::headers_for_origin(grant.as_ref()));
    }

    /// What the rules of the bucket that the request is aimed at grant to an origin.
    async fn grant(&self, received: &Received, site: &Site, origin: &str) -> Option<CorsGrant> {
        let bucket = cos::bucket_of(&received.head(), site)?;
        let rules = async { self.store.view().await?.cors(&bucket).await };
        match rules.await {
            Ok(rules) => rules?.grant(origin, received.method.as_str(), &[]),
            Err(error) => {
                note_failure(received, &error);
                None
            }
        }
    }
}

fn note_failure(received: &Received, error: &Error) {
    tracing::error!(request_id = %received.request_id, %error, "the rules for other origins could not be read");
}
