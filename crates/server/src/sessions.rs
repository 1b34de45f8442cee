//! Lists of the temporary keys that were given out. Minting writes nothing but its record in the audit trail, so they are
//! read from there; what became of each is asked of the revocations, the key ring and the identities, as a request with
//! the key would.
//!
//! A server knows the keys that it minted itself, as far as its trail goes back: other gateways have trails of their own.

use std::collections::HashMap;
use std::path::PathBuf;
use std::time::Duration;

use daypass_access::Identity;
use daypass_api::names::{AccessKeyId, RoleId, RoleName, SessionId, Uin};
use daypass_api::operation::{AccessKeyStatus, ListSessions, ListedTarget, RoleRef};
use daypass_api::outcome::{ListedKind, ListedPrincipal, SessionList, SessionState, SessionSummary};
use daypass_api::{Error, ErrorCode, Outcome, Timestamp};
use daypass_audit::minted::{Minting, Mintings, Page, mintings};
use daypass_audit::record::{Link, Principal};
use daypass_store::View;
use daypass_token::{Ancestor, MAX_SESSION_SECONDS};
use tokio::sync::Semaphore;

use crate::service::Service;

/// Most lists that are read at a time: each takes a thread and reads files.
const LISTS_AT_A_TIME: usize = 2;

/// Longest that a list waits for records that are on their way to the disk. It then tells what is there: a disk that
/// takes nothing for so long makes the trail refuse requests, or tell of a gap, as is configured.
const LONGEST_WAIT: Duration = Duration::from_secs(2);
/// How often it looks whether they are there; the trail is written every few milliseconds.
const LOOKS_AGAIN: Duration = Duration::from_millis(2);

/// The trail that says what was minted.
pub(crate) struct MintedSessions {
    directory: PathBuf,
    turns: Semaphore,
}

impl MintedSessions {
    pub(crate) fn new(directory: PathBuf) -> Self {
        Self {
            directory,
            turns: Semaphore::new(LISTS_AT_A_TIME),
        }
    }

    async fn page(&self, asked: Mintings) -> Result<Page, Error> {
        let unreadable = |cause: &dyn std::fmt::Display| {
            tracing::error!(%cause, "the audit trail cannot be read, so that sessions cannot be listed");
            Error::with_message(
                ErrorCode::InternalError,
                "the audit trail, which knows the sessions, cannot be read",
            )
        };
        let _turn = self.turns.acquire().await.map_err(|error| unreadable(&error))?;
        let directory = self.directory.clone();
        let read = tokio::task::spawn_blocking(move || mintings(&directory, &asked)).await;
        read.map_err(|error| unreadable(&error))?
            .map_err(|error| unreadable(&error))
    }
}

impl Service {
    /// A page of the account's temporary keys, the newest first.
    pub(crate) async fn list_sessions(
        &self,
        view: &View,
        list: &ListSessions,
        identity: &Identity,
        now: Timestamp,
    ) -> Result<Outcome, Error> {
        self.catch_up().await;
        self.follow_revocations(view).await?;
        let asked = asked(view, list, identity, now).await?;
        let page = self.minted.page(asked).await?;
        let ring = self.ring();
        let mut judge = Judge {
            service: self,
            view,
            epochs: ring.ring.facts().iter().map(|epoch| epoch.id).collect(),
            now,
            keys: HashMap::new(),
            roles: HashMap::new(),
        };
        let mut entries = Vec::new();
        for minting in page.entries {
            // What cannot be read was not written by us.
            let session = judge.session(minting).await?;
            entries.extend(session.filter(|session| !list.live_only || session.state == SessionState::Live));
        }
        Ok(Outcome::Sessions(SessionList {
            entries,
            next: page.next,
        }))
    }

    /// Waits until what was answered before can be read in the trail: a record is put there before its answer goes out.
    async fn catch_up(&self) {
        let figures = self.audit.figures();
        let put = figures.put();
        let written = async {
            while figures.written() < put {
                tokio::time::sleep(LOOKS_AGAIN).await;
            }
        };
        // Past the bound, what is there is told.
        let _ = tokio::time::timeout(LONGEST_WAIT, written).await;
    }
}

/// What to ask the trail for.
async fn asked(
    view: &View,
    list: &ListSessions,
    identity: &Identity,
    now: Timestamp,
) -> Result<Mintings, Error> {
    let mut asked = Mintings {
        owner_uin: identity.account.owner_uin.0,
        before: list.before,
        limit: list.limit,
        ..Mintings::default()
    };
    if list.live_only {
        asked.expire_after = Some(now.unix_millis());
        asked.minted_from = Some(now.plus_seconds(-MAX_SESSION_SECONDS).unix_millis());
    }
    match &list.target {
        None => {}
        Some(ListedTarget::User(uin)) => asked.user = Some(uin.0),
        // One that is gone is still found by its number.
        Some(ListedTarget::Role(RoleRef::Id(id))) => asked.principal = Some(id.0),
        Some(ListedTarget::Role(role)) => {
            asked.principal = Some(view.ended_role(identity.account, role).await?.0);
        }
        Some(ListedTarget::AccessKey(id)) => asked.origin = Some(id.as_str().to_owned()),
        Some(ListedTarget::Name(name)) => asked.name = Some(name.as_str().to_owned()),
    }
    Ok(asked)
}

/// Says what became of sessions; each key and role is looked up once.
struct Judge<'s> {
    service: &'s Service,
    view: &'s View,
    /// What opens tokens.
    epochs: Vec<u32>,
    now: Timestamp,
    /// Whether a key is good.
    keys: HashMap<AccessKeyId, bool>,
    /// What roles are called, if they are there.
    roles: HashMap<RoleId, Option<RoleName>>,
}

impl Judge<'_> {
    async fn session(&mut self, minting: Minting) -> Result<Option<SessionSummary>, Error> {
        let Minting {
            minted_by,
            minted,
            standing,
            ..
        } = minting;
        let id = |text: Option<String>| text.and_then(|text| AccessKeyId::parse(&text).ok());
        let links: Option<Vec<_>> = standing.descent.iter().map(ancestor).collect();
        let (Ok(access_key_id), Some(kind), Some(own), Some(ancestors)) = (
            AccessKeyId::parse(&minted.access_key_id),
            kind(&standing.kind),
            ancestor(&standing.link),
            links,
        ) else {
            return Ok(None);
        };
        let origin = id(standing.origin_access_key_id);
        let (expires, responsible) = (
            Timestamp::from_unix_millis(minted.expires),
            Uin(standing.responsible_uin),
        );
        let principal = self.principal(&own).await?;
        let is_there = !matches!(principal, ListedPrincipal::Role(_, None));
        let revocations = &self.service.revocations;
        let state = if expires <= self.now {
            SessionState::Expired
        } else if revocations.ends(&ancestors, &own, responsible, origin.as_ref())
            || !self.epochs.contains(&standing.epoch)
        {
            SessionState::Revoked
        } else if is_there && self.is_good(origin.as_ref()).await? {
            SessionState::Live
        } else {
            SessionState::Orphaned
        };
        Ok(Some(SessionSummary {
            access_key_id,
            kind,
            name: minted.name,
            principal,
            minted_by: id(minted_by),
            origin,
            ancestors: ancestors.len(),
            source_identity: minted.source_identity,
            issued: own.issued,
            expires,
            state,
        }))
    }

    async fn principal(&mut self, own: &Ancestor) -> Result<ListedPrincipal, Error> {
        let id = match own.principal {
            daypass_token::Principal::User(uin) => return Ok(ListedPrincipal::User(uin)),
            daypass_token::Principal::Role(id) => id,
        };
        if let Some(name) = self.roles.get(&id) {
            return Ok(ListedPrincipal::Role(id, name.clone()));
        }
        let found = self.view.role(own.owner, &RoleRef::Id(id)).await?;
        let name = found.map(|found| found.role.name);
        self.roles.insert(id, name.clone());
        Ok(ListedPrincipal::Role(id, name))
    }

    /// Whether the key that began a chain still works; an identity provider has none.
    async fn is_good(&mut self, origin: Option<&AccessKeyId>) -> Result<bool, Error> {
        let Some(id) = origin else { return Ok(true) };
        if let Some(good) = self.keys.get(id) {
            return Ok(*good);
        }
        let key = self.view.access_key(id).await?;
        let good = key.is_some_and(|key| key.status == AccessKeyStatus::Active);
        self.keys.insert(id.clone(), good);
        Ok(good)
    }
}

fn kind(name: &str) -> Option<ListedKind> {
    match name {
        "federation" => Some(ListedKind::Federation),
        "role" => Some(ListedKind::Role),
        "own" => Some(ListedKind::Own),
        _ => None,
    }
}

fn ancestor(link: &Link) -> Option<Ancestor> {
    let id = u128::from_str_radix(&link.session_id, 16).ok()?;
    Some(Ancestor {
        session_id: SessionId(id.to_be_bytes()),
        owner: Uin(link.owner_uin),
        principal: match link.principal {
            Principal::Root | Principal::User => daypass_token::Principal::User(Uin(link.uin)),
            Principal::Role => daypass_token::Principal::Role(RoleId(link.uin)),
        },
        issued: Timestamp::from_unix_millis(link.issued),
        name: u64::from_str_radix(&link.name_digest, 16).ok()?,
    })
}
