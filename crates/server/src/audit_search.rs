//! Searching the audit trail, for an account: what its own identities did, and what was done to its buckets.
//!
//! INVARIANT: an account is told nothing of another's. Of a request by somebody else's identity to a bucket of the account
//! it sees what was asked and how it ended, and not who asked; of a request of its own to a bucket of somebody else's it
//! does not see what decided there.

use daypass_access::Identity;
use daypass_api::names::{Account, BucketName};
use daypass_api::operation::{AuditEnding, SearchAudit};
use daypass_api::outcome::AuditRecords;
use daypass_api::{Error, ErrorCode, Outcome};
use daypass_audit::pages::requests;
use daypass_audit::query::{Query, was_refused};
use daypass_audit::record::Request;

use crate::service::Service;

impl Service {
    /// A page of the account's records, the newest first.
    pub(crate) async fn search_audit(
        &self,
        search: SearchAudit,
        identity: &Identity,
    ) -> Result<Outcome, Error> {
        let account = identity.account;
        let read = self.read_trail(move |directory| {
            let accepts =
                |record: &Request| is_of(record, account) && fits(&search, &shown(record.clone(), account));
            requests(directory, &query(&search), search.before, search.limit, accepts)
        });
        let page = read.await?;
        let records: Vec<Request> = page
            .entries
            .into_iter()
            .map(|(_, record)| shown(record, account))
            .collect();
        Ok(Outcome::AuditRecords(AuditRecords {
            records: serde_json::to_string(&records).map_err(|_| ErrorCode::InternalError)?,
            next: page.next,
        }))
    }
}

fn query(search: &SearchAudit) -> Query {
    let millis = |seconds: Option<i64>| seconds.map(|seconds| seconds.saturating_mul(1000));
    Query {
        key: search.access_key_id.clone(),
        principal: search.principal.map(|uin| uin.0),
        name: search.session_name.clone(),
        bucket: search.bucket.clone(),
        request_id: search.request_id.clone(),
        from: millis(search.from),
        to: millis(search.to),
        refused: search.ending == Some(AuditEnding::Refused),
        ..Query::default()
    }
}

/// What no name of a record tells, and what must hold of the record as it is shown: what is withheld cannot be found
/// out by looking for it.
fn fits(search: &SearchAudit, shown: &Request) -> bool {
    let ended = search.ending.is_none_or(|ending| match ending {
        AuditEnding::Refused => was_refused(shown),
        AuditEnding::Failed => !was_refused(shown) && !(1..400).contains(&shown.status),
        AuditEnding::Allowed => !was_refused(shown) && (1..400).contains(&shown.status),
    });
    let names_who =
        search.access_key_id.is_some() || search.principal.is_some() || search.session_name.is_some();
    ended
        && (!names_who || shown.who.is_some() || shown.vouched.is_some())
        && (search.action.is_none() || shown.operation == search.action)
        && search.prefix.as_ref().is_none_or(|prefix| {
            shown
                .key
                .as_ref()
                .is_some_and(|key| key.starts_with(prefix.as_str()))
        })
}

fn is_own_caller(record: &Request, account: Account) -> bool {
    record
        .who
        .as_ref()
        .is_some_and(|who| who.owner_uin == account.owner_uin.0)
}

fn is_own_bucket(record: &Request, account: Account) -> bool {
    let bucket = record
        .bucket
        .as_deref()
        .and_then(|name| BucketName::parse(name).ok());
    bucket.is_some_and(|bucket| bucket.app_id() == account.app_id)
}

fn is_of(record: &Request, account: Account) -> bool {
    is_own_caller(record, account) || is_own_bucket(record, account)
}

/// The record as the account sees it.
fn shown(record: Request, account: Account) -> Request {
    let (by_own, on_own) = (is_own_caller(&record, account), is_own_bucket(&record, account));
    let withheld = match by_own {
        true => record,
        false => Request {
            who: None,
            vouched: None,
            ip: String::new(),
            user_agent: None,
            minted: None,
            judgement: None,
            source: None,
            made_access_key_id: None,
            ..record
        },
    };
    // Without a bucket it is about the account's own identities.
    if on_own || withheld.bucket.is_none() {
        return withheld;
    }
    let decision = withheld.decision.map(|decision| daypass_audit::record::Decision {
        allowed: decision.allowed,
        ..Default::default()
    });
    Request { decision, ..withheld }
}
