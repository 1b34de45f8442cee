//! What a browser is told about answers to pages of other origins.
//!
//! It is added to every answer, refusals too: a page that may not read a refusal cannot tell its user what is wrong.
//! It is told after everything else, from the rules of whatever bucket the request is aimed at, whoever asked.

use daypass_api::Error;
use daypass_dialect::cos::{self, RequestHead};
use http::Method;

use crate::family::Family;
use crate::received::Received;
use crate::reply::Reply;
use crate::service::Service;

impl Service {
    /// Adds to an answer what the bucket's rules say about the origin of its request, if it names one.
    pub(crate) async fn tell_other_origins(&self, received: &Received, family: &Family, reply: &mut Reply) {
        let (Family::Object(site), Some(origin)) = (family, received.header("origin")) else {
            return;
        };
        let head = RequestHead {
            method: received.method.as_str(),
            path: &received.path,
            query: &received.query,
            headers: &received.headers,
        };
        let Some(bucket) = cos::bucket_of(&head, site) else {
            return;
        };
        let rules = async { self.store.view().await?.cors(&bucket).await };
        let rules = match rules.await {
            Ok(Some(rules)) => rules,
            Ok(None) => return,
            Err(error) => return note_failure(received, &error),
        };
        // The answer to a preflight has told all but this already.
        let grant = match received.method {
            Method::OPTIONS => None,
            _ => rules.grant(origin, received.method.as_str(), &[]),
        };
        reply.add(cos::headers_for_origin(grant.as_ref()));
    }
}

fn note_failure(received: &Received, error: &Error) {
    tracing::error!(request_id = %received.request_id, %error, "the rules for other origins could not be read");
}
