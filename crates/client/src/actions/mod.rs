//! The calls of the token and access-management services: JSON, signed with TC3.

mod accounts;
mod group;
mod identity;
mod policy_version;
mod providers;
mod roles;
mod session;
mod sign;

use bytes::Bytes;
use daypass_api::names::Region;
use daypass_api::operation::{Operation, SessionOperation};
use daypass_api::{Error as ApiError, Outcome};
use daypass_dialect::api3;

use crate::connection::{Ask, Connection};
use crate::error::{Error, Refusal};
use crate::retry::Repetition;
use crate::transport::{Answer, AnswerBody};

/// The token and access-management services.
#[derive(Clone)]
pub struct ActionClient {
    connection: Connection,
    region: Region,
    /// Whether it is asked what is found about the policies of temporary keys.
    judging: bool,
}

impl ActionClient {
    /// The services at the other end of a connection; each call names a region.
    pub fn new(connection: Connection, region: Region) -> Self {
        Self {
            connection,
            region,
            judging: false,
        }
    }

    /// The same, asking Daypass what it finds about the policy of each temporary key that is made. A service that does
    /// not know the question leaves it unanswered.
    pub fn judging(self) -> Self {
        Self {
            judging: true,
            ..self
        }
    }

    /// Performs any operation of these services.
    pub async fn call(&self, operation: &Operation) -> Result<Outcome, Error> {
        let request = api3::request(operation).map_err(|code| Error::Request(ApiError::new(code)))?;
        let ask = Ask {
            repetition: repetition(operation),
            payload: Bytes::from(request.body.clone()).into(),
            body: AnswerBody::Document,
        };
        let host = self.connection.endpoint().authority();
        let head = |now, credentials: Option<&_>| {
            let mut head = sign::head(&request, host, &self.region, credentials, now)?;
            if self.judging {
                head.headers.push((api3::JUDGE_HEADER.to_owned(), "1".to_owned()));
            }
            Ok(head)
        };
        let read = |answer: &Answer| read(operation, answer);
        let (outcome, _) = self.connection.exchange(ask, head, read).await?;
        Ok(outcome)
    }
}

/// Minting leaves nothing behind on the server, and reading neither; every change is made once.
fn repetition(operation: &Operation) -> Repetition {
    match operation {
        Operation::Session(
            SessionOperation::GetFederationToken(_)
            | SessionOperation::AssumeRole(_)
            | SessionOperation::AssumeRoleWithWebIdentity(_)
            | SessionOperation::GetSessionToken { .. }
            | SessionOperation::GetCallerIdentity
            | SessionOperation::QueryApiKey(_)
            | SessionOperation::ListRevocations(_)
            | SessionOperation::ListSessions(_),
        ) => Repetition::Harmless,
        _ if operation.is_identity_write() => Repetition::Effective,
        _ => Repetition::Harmless,
    }
}

/// These services answer 200 whatever they say; another status comes from something in between.
fn read(operation: &Operation, answer: &Answer) -> Result<Outcome, Error> {
    let status = answer.parts.status;
    if status.as_u16() != 200 {
        return Err(Error::Refused(Refusal {
            status: status.as_u16(),
            code: status.canonical_reason().unwrap_or("unknown status").to_owned(),
            message: String::new(),
            resource: String::new(),
            request_id: String::new(),
        }));
    }
    Ok(api3::answer(operation, &answer.document)?)
}
