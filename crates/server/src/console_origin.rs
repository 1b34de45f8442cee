//! Where the console's pages are from, and what a browser is told because of it: they may read what the APIs answer.
//!
//! That is all that they get. A page of the console signs its requests like everybody, and is refused like everybody;
//! without these headers it could not be told so. INVARIANT: an origin is compared whole, nothing is added for any
//! other, and no credentials of the browser's own are ever asked for.

use std::borrow::Cow;
use std::net::SocketAddr;

use http::Method;

use crate::origin::Origin;
use crate::received::Received;
use crate::reply::Reply;

/// What the console sends beside what every page may: nothing that a page of another kind would need.
const SENT_HEADERS: &str = "authorization,content-type,x-cos-acl,x-cos-security-token,x-daypass-judge,x-tc-action,\
                            x-tc-region,x-tc-timestamp,x-tc-token,x-tc-version";
const METHODS: &str = "GET,HEAD,PUT,POST,DELETE";
/// For how many seconds a browser need not ask again.
const MAX_AGE: &str = "600";

/// The origins of the console's pages, and where they find the APIs.
pub(crate) struct ConsoleOrigin {
    origins: Vec<Origin>,
    api: Origin,
}

impl ConsoleOrigin {
    /// A console that listens here, is also opened from these origins, and finds the APIs there.
    pub(crate) fn new(address: SocketAddr, others: &[Origin], api: Origin) -> Self {
        let mut origins = Origin::all_of(address);
        origins.extend_from_slice(others);
        Self { origins, api }
    }

    /// Where its pages find the APIs.
    pub(crate) fn api(&self) -> &Origin {
        &self.api
    }

    /// What is added to an answer, if it is one to a page of the console.
    pub(crate) fn headers_for(&self, received: &Received) -> Option<Vec<(Cow<'static, str>, String)>> {
        let origin = received.header("origin")?;
        let is_console = self.origins.iter().any(|known| known.as_str() == origin);
        is_console.then(|| {
            vec![
                ("Access-Control-Allow-Origin".into(), origin.to_owned()),
                ("Access-Control-Expose-Headers".into(), "*".to_owned()),
                ("Vary".into(), "Origin".to_owned()),
            ]
        })
    }

    /// The answer to a browser that asks beforehand in the name of the console.
    pub(crate) fn preflight(&self, received: &Received) -> Option<Reply> {
        if received.method != Method::OPTIONS || received.header("access-control-request-method").is_none() {
            return None;
        }
        let mut reply = Reply::empty(204);
        reply.add(self.headers_for(received)?);
        let granted = [
            ("Access-Control-Allow-Methods", METHODS),
            ("Access-Control-Allow-Headers", SENT_HEADERS),
            ("Access-Control-Max-Age", MAX_AGE),
        ];
        reply.add(
            granted
                .map(|(name, value)| (name.into(), value.to_owned()))
                .into(),
        );
        Some(reply)
    }
}
