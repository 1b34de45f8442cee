//! Temporary keys from a user server: the part of an application that knows its users and holds the permanent key.

use std::fmt;

use async_trait::async_trait;
use daypass_api::outcome::TemporaryKey;

use super::key_json::{self, MAX_BYTES};
use super::{FetchError, KeySource};
use crate::connection::{Ask, Connection};
use crate::endpoint::{Endpoint, EndpointError};
use crate::error::{Error, Refusal};
use crate::payload::Payload;
use crate::retry::Repetition;
use crate::transport::{Answer, AnswerBody, Head};

/// Keys from a user server, such as `daypass broker`.
#[derive(Clone)]
pub struct UserServerKeys {
    connection: Connection,
    target: String,
    headers: Vec<(String, String)>,
}

impl UserServerKeys {
    /// Keys that a GET of this address answers, as JSON in a shape of the COS STS SDKs.
    pub fn new(url: &str) -> Result<Self, EndpointError> {
        let host = url.find("://").ok_or(EndpointError::Form)? + 3;
        let rest = url.get(host..).unwrap_or_default();
        let path = host + rest.find(['/', '?']).unwrap_or(rest.len());
        let (server, target) = (
            url.get(..path).unwrap_or_default(),
            url.get(path..).unwrap_or_default(),
        );
        let endpoint: Endpoint = server.parse()?;
        if target.contains('#') || !target.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(EndpointError::Surplus);
        }
        let slash = if target.starts_with('/') { "" } else { "/" };
        Ok(Self {
            connection: Connection::new(endpoint, None),
            target: format!("{slash}{target}"),
            headers: Vec::new(),
        })
    }

    /// The same, showing a token as `Authorization: Bearer`, by which the server knows who asks.
    #[must_use]
    pub fn with_bearer(self, token: &str) -> Self {
        self.with_header("authorization", format!("Bearer {token}"))
    }

    /// The same with one more header.
    #[must_use]
    pub fn with_header(mut self, name: &str, value: String) -> Self {
        self.headers.push((name.to_ascii_lowercase(), value));
        self
    }

    /// The same over another connection, which has its own patience, trust and proxy; where it leads stays as it is.
    #[must_use]
    pub fn with_connection(self, change: impl FnOnce(Connection) -> Connection) -> Self {
        Self {
            connection: change(self.connection),
            ..self
        }
    }

    async fn ask(&self) -> Result<TemporaryKey, Error> {
        let ask = Ask {
            repetition: Repetition::Harmless,
            payload: Payload::empty(),
            body: AnswerBody::Document,
        };
        let authority = self.connection.endpoint().authority().to_owned();
        let head = |_, _: Option<&_>| {
            let mut headers = vec![("host".to_owned(), authority.clone())];
            headers.extend(self.headers.iter().cloned());
            Ok(Head {
                method: "GET",
                target: self.target.clone(),
                headers,
            })
        };
        let (key, _) = self.connection.exchange(ask, head, read).await?;
        Ok(key)
    }
}

/// Headers say who asks.
impl fmt::Debug for UserServerKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("UserServerKeys")
            .field("server", &self.connection.endpoint().to_string())
            .finish_non_exhaustive()
    }
}

fn read(answer: &Answer) -> Result<TemporaryKey, Error> {
    let document = &answer.document;
    let key = match document.len() > MAX_BYTES {
        true => Err("its answer is larger than a key".to_owned()),
        false => key_json::read(document),
    };
    let status = answer.parts.status;
    match (key, status.is_success()) {
        (Ok(key), true) => Ok(key),
        (Ok(_), false) => Err(refused(status, String::new())),
        (Err(error), false) => Err(refused(status, error)),
        (Err(error), true) => Err(Error::Malformed(error)),
    }
}

fn refused(status: http::StatusCode, message: String) -> Error {
    Error::Refused(Refusal {
        status: status.as_u16(),
        code: status.canonical_reason().unwrap_or("unknown status").to_owned(),
        message,
        resource: String::new(),
        request_id: String::new(),
    })
}

#[async_trait]
impl KeySource for UserServerKeys {
    async fn fetch(&self) -> Result<TemporaryKey, FetchError> {
        let key = self.ask().await;
        key.map_err(|error| {
            let server = self.connection.endpoint();
            format!("the user server at {server} gives no key: {error}").into()
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses() {
        let check = |url: &str, expected: Option<(&str, &str)>| {
            let keys = UserServerKeys::new(url).ok();
            let found = keys.map(|keys| (keys.connection.endpoint().to_string(), keys.target.clone()));
            assert_eq!(
                found,
                expected.map(|(server, target)| (server.to_owned(), target.to_owned())),
                "{url}"
            );
        };
        check(
            "http://127.0.0.1:9080/sts?a=b",
            Some(("http://127.0.0.1:9080", "/sts?a=b")),
        );
        check("https://app.example", Some(("https://app.example", "/")));
        check("https://app.example?x", Some(("https://app.example", "/?x")));
        for url in [
            "app.example/sts",
            "ftp://a/b",
            "http://a/b c",
            "http://a/b#c",
            "http://u@a/b",
        ] {
            check(url, None);
        }
    }
}
