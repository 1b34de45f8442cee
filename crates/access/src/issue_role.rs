//! Minting a role's temporary key, for a permanent key or for a session.
//!
//! That the caller may was decided before. A session that comes from a session keeps all of its policies and names
//! all of its ancestors, so that nothing that bounds or ends one of them is lost on the way, and it ends no later.

use daypass_api::names::Uin;
use daypass_api::operation::{AssumeRole, MAX_ROLE_SECONDS};
use daypass_api::outcome::TemporaryKey;
use daypass_api::{Error, ErrorCode, Timestamp};
use daypass_token::{Ancestor, Claims, KeyRing, Principal, SessionKind};

use crate::caller::{self, Identity, Session};
use crate::facts::RoleFacts;
use crate::issue::{FreshSession, check_least, check_session_policy, ends, seal};

/// Life of a role's temporary key when none is asked for, in seconds, where no bound is nearer.
pub const DEFAULT_ROLE_SECONDS: i64 = 7200;
/// Most sessions from which one may descend: every one of them is looked after at every use.
pub const MAX_ANCESTORS: usize = 8;

/// Checks what is asked for and seals it: the temporary key of a session of this role.
pub fn assume_role(
    identity: &Identity,
    request: &AssumeRole,
    role: &RoleFacts,
    min_seconds: i64,
    fresh: FreshSession,
    ring: &KeyRing,
    now: Timestamp,
) -> Result<TemporaryKey, Error> {
    let parent = identity.session.as_deref();
    let seconds = duration(request.duration_seconds, role, parent, min_seconds, now)?;
    if let Some(text) = &request.policy {
        check_session_policy(text, role.account)?;
    }
    let inherited = parent.into_iter().flat_map(|parent| parent.policies.iter());
    let claims = Claims {
        kind: SessionKind::Role,
        session_id: fresh.id,
        secret: fresh.secret.clone(),
        account: role.account,
        principal: Principal::Role(role.id),
        origin: identity.origin.clone(),
        ancestors: ancestors(identity)?,
        name: request.name.as_str().to_owned(),
        issued: now,
        expires: ends(now, seconds),
        session_policies: inherited.chain(&request.policy).cloned().collect(),
        tags: request.tags.clone(),
        source_identity: source_identity(request, parent)?,
    };
    seal(ring, claims, &fresh)
}

/// The sessions from which a session of this caller's will descend.
fn ancestors(identity: &Identity) -> Result<Vec<Ancestor>, Error> {
    let Some(session) = &identity.session else {
        return Ok(Vec::new());
    };
    if session.ancestors.len() >= MAX_ANCESTORS {
        let text = format!("a session may descend from {MAX_ANCESTORS} others at most");
        return Err(Error::with_message(ErrorCode::ParamError, text));
    }
    let principal = match identity.principal {
        caller::Principal::User(uin) => Principal::User(uin),
        caller::Principal::Role { id, .. } => Principal::Role(id),
    };
    let last = Ancestor {
        session_id: session.id,
        owner: owner(identity),
        principal,
        issued: session.issued,
        name: daypass_token::name_digest(&session.name),
    };
    Ok(session.ancestors.iter().copied().chain([last]).collect())
}

fn owner(identity: &Identity) -> Uin {
    identity.account.owner_uin
}

/// Out of range is refused and never cut; where nothing is asked for, the default is what fits.
pub(crate) fn duration(
    asked: Option<i64>,
    role: &RoleFacts,
    parent: Option<&Session>,
    min_seconds: i64,
    now: Timestamp,
) -> Result<i64, Error> {
    let of_role = match role.session_duration {
        0 => MAX_ROLE_SECONDS,
        seconds => seconds.min(MAX_ROLE_SECONDS),
    };
    let left = |parent: &Session| parent.expires.unix_seconds() - now.unix_seconds();
    let of_parent = parent.map_or(i64::MAX, left);
    let longest = of_role.min(of_parent);
    let seconds = asked.unwrap_or(DEFAULT_ROLE_SECONDS.min(longest));
    if seconds > longest || (asked.is_none() && seconds < min_seconds) {
        let text = format!("DurationSeconds is {seconds}, and this caller may ask for {longest} at most");
        return Err(Error::with_message(ErrorCode::DurationOutOfRange, text));
    }
    check_least(seconds, min_seconds)
}

/// Said once, it stays as it is along the chain.
fn source_identity(request: &AssumeRole, parent: Option<&Session>) -> Result<Option<String>, Error> {
    let said = request
        .source_identity
        .as_ref()
        .map(|name| name.as_str().to_owned());
    match (
        said,
        parent.and_then(|parent| parent.source_identity.as_deref().map(str::to_owned)),
    ) {
        (Some(said), Some(before)) if said != before => Err(Error::with_message(
            ErrorCode::ParamError,
            "SourceIdentity differs from that of the session that asks",
        )),
        (said, before) => Ok(before.or(said)),
    }
}
