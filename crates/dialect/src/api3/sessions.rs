//! ListSessions: parameters and answers, both ways. It is of our own making, beside RevokeSession, which ends what this
//! one lists, and takes the same names for the same things.

use daypass_api::names::{AccessKeyId, RoleId, RoleName, SessionName, Uin};
use daypass_api::operation::{
    ListSessions, ListedTarget, MAX_LISTED_SESSIONS, Operation, RoleRef, SessionOperation,
};
use daypass_api::outcome::{ListedKind, ListedPrincipal, SessionList, SessionState, SessionSummary};
use daypass_api::{Error, ErrorCode, Outcome, Timestamp};
use serde_json::{Value as Json, json};

use super::fields::Fields;
use super::object::{with, with_some};
use super::reply::{AnswerError, Reply, malformed};

const DEFAULT_LIMIT: usize = 100;

pub(super) fn read(fields: &mut Fields<'_>) -> Result<Operation, Error> {
    let (before, limit) = fields.newest_first(DEFAULT_LIMIT, MAX_LISTED_SESSIONS)?;
    let list = ListSessions {
        target: target(fields)?,
        live_only: fields.flag("LiveOnly")?,
        before,
        limit,
    };
    Ok(Operation::Session(SessionOperation::ListSessions(list)))
}

fn target(fields: &mut Fields<'_>) -> Result<Option<ListedTarget>, Error> {
    let role_id = fields.digits("RoleId")?.map(|id| RoleId::parse(&id));
    let targets = [
        fields.uin("TargetUin")?.map(ListedTarget::User),
        role_id.transpose()?.map(|id| ListedTarget::Role(RoleRef::Id(id))),
        fields
            .some_text("RoleName")?
            .map(|name| RoleName::parse(name).map(|name| ListedTarget::Role(RoleRef::Name(name))))
            .transpose()?,
        fields
            .some_text("SecretId")?
            .map(|id| AccessKeyId::parse(id).map(ListedTarget::AccessKey))
            .transpose()?,
        fields
            .some_text("SessionName")?
            .map(|name| SessionName::parse(name).map(ListedTarget::Name))
            .transpose()?,
    ];
    let mut targets = targets.into_iter().flatten();
    match (targets.next(), targets.next()) {
        (target, None) => Ok(target),
        _ => Err(Error::with_message(
            ErrorCode::InvalidParameterValue,
            "at most one of `TargetUin`, `RoleId`, `RoleName`, `SecretId` and `SessionName` may be given",
        )),
    }
}

pub(super) fn parameters(list: &ListSessions) -> Json {
    let all = json!({ "Limit": list.limit });
    let all = match &list.target {
        None => all,
        Some(ListedTarget::User(uin)) => with(all, "TargetUin", uin.0),
        Some(ListedTarget::Role(RoleRef::Id(id))) => with(all, "RoleId", id.to_string()),
        Some(ListedTarget::Role(RoleRef::Name(name))) => with(all, "RoleName", name.as_str()),
        Some(ListedTarget::AccessKey(id)) => with(all, "SecretId", id.as_str()),
        Some(ListedTarget::Name(name)) => with(all, "SessionName", name.as_str()),
    };
    let all = with_some(all, "LiveOnly", list.live_only.then_some(1));
    with_some(all, "Before", list.before)
}

pub(super) fn write(list: &SessionList) -> Json {
    let entries = list.entries.iter().map(write_one).collect::<Json>();
    with_some(json!({ "Sessions": entries }), "Next", list.next)
}

fn write_one(session: &SessionSummary) -> Json {
    let fields = json!({
        "TmpSecretId": session.access_key_id.as_str(),
        "Type": kind_name(session.kind),
        "SessionName": session.name,
        "Ancestors": session.ancestors,
        "Issued": session.issued.iso_millis(),
        "Expires": session.expires.iso_millis(),
        "State": state_name(session.state),
    });
    let fields = match &session.principal {
        ListedPrincipal::User(uin) => with(fields, "Uin", uin.0),
        ListedPrincipal::Role(id, name) => with_some(
            with(fields, "RoleId", id.to_string()),
            "RoleName",
            name.as_ref().map(RoleName::as_str),
        ),
    };
    let text = |id: &Option<AccessKeyId>| id.as_ref().map(|id| id.as_str().to_owned());
    let fields = with_some(fields, "MintedBy", text(&session.minted_by));
    let fields = with_some(fields, "SecretId", text(&session.origin));
    with_some(fields, "SourceIdentity", session.source_identity.as_deref())
}

pub(super) fn read_answer(reply: Reply<'_>) -> Result<Outcome, AnswerError> {
    let next = reply.number("Next").ok();
    let entries = reply.list("Sessions", read_one)?;
    Ok(Outcome::Sessions(SessionList { entries, next }))
}

fn read_one(reply: Reply<'_>) -> Result<SessionSummary, AnswerError> {
    let time = |field| reply.parsed(field, |text| Timestamp::parse_iso(text).ok_or(()));
    let key = |field| {
        let id = reply.optional_text(field)?.map(AccessKeyId::parse).transpose();
        id.map_err(|_| malformed(field))
    };
    let principal = match reply.number("Uin") {
        Ok(uin) => ListedPrincipal::User(Uin(uin)),
        Err(_) => {
            let name = reply.optional_text("RoleName")?.map(RoleName::parse).transpose();
            let id = reply.parsed("RoleId", RoleId::parse)?;
            ListedPrincipal::Role(id, name.map_err(|_| malformed("RoleName"))?)
        }
    };
    Ok(SessionSummary {
        access_key_id: reply.parsed("TmpSecretId", AccessKeyId::parse)?,
        kind: named(reply, "Type", &KINDS, kind_name)?,
        name: reply.text("SessionName")?.to_owned(),
        principal,
        minted_by: key("MintedBy")?,
        origin: key("SecretId")?,
        ancestors: usize::try_from(reply.number("Ancestors")?).map_err(|_| malformed("Ancestors"))?,
        source_identity: reply.optional_text("SourceIdentity")?.map(str::to_owned),
        issued: time("Issued")?,
        expires: time("Expires")?,
        state: named(reply, "State", &STATES, state_name)?,
    })
}

/// The one of these that has the name in a field.
fn named<T: Copy>(
    reply: Reply<'_>,
    field: &'static str,
    all: &[T],
    name: impl Fn(T) -> &'static str,
) -> Result<T, AnswerError> {
    let text = reply.text(field)?;
    let found = all.iter().copied().find(|one| name(*one) == text);
    found.ok_or_else(|| malformed(field))
}

const KINDS: [ListedKind; 3] = [ListedKind::Federation, ListedKind::Role, ListedKind::Own];

fn kind_name(kind: ListedKind) -> &'static str {
    match kind {
        ListedKind::Federation => "Federation",
        ListedKind::Role => "Role",
        ListedKind::Own => "Own",
    }
}

const STATES: [SessionState; 4] = [
    SessionState::Live,
    SessionState::Expired,
    SessionState::Revoked,
    SessionState::Orphaned,
];

fn state_name(state: SessionState) -> &'static str {
    match state {
        SessionState::Live => "Live",
        SessionState::Expired => "Expired",
        SessionState::Revoked => "Revoked",
        SessionState::Orphaned => "Orphaned",
    }
}
