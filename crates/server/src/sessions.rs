//! Lists of the temporary keys that were given out. Minting writes nothing but its record in the audit trail, so they are
//! read from there; what became of each is asked of the revocations, the key ring and the identities, as a request with
//! the key would.
//!
//! A server knows the keys that it minted itself, as far as its trail goes back: other gateways have trails of their own.

use std::collections::HashMap;

use daypass_access::Identity;
use daypass_api::names::{AccessKeyId, RoleId, RoleName, SessionId, Uin};
use daypass_api::operation::{AccessKeyStatus, ListSessions, ListedTarget, RoleRef};
use daypass_api::outcome::{ListedKind, ListedPrincipal, SessionList, SessionState, SessionSummary};
use daypass_api::{Error, Outcome, Timestamp};
use daypass_audit::minted::{Minting, Mintings, mintings};
use daypass_audit::record::{Link, Principal};
use daypass_store::View;
use daypass_token::{Ancestor, MAX_SESSION_SECONDS};

use crate::service::Service;

impl Service {
    /// A page of the account's temporary keys, the newest first.
    pub(crate) async fn list_sessions(
        &self,
        view: &View,
        list: &ListSessions,
        identity: &Identity,
        now: Timestamp,
    ) -> Result<Outcome, Error> {
        let asked = asked(view, list, identity, now).await?;
        let page = self
            .read_trail(move |directory| mintings(directory, &asked))
            .await?;
        self.follow_revocations(view).await?;
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
