//! Minting a temporary key: who may, for how long, narrowed by what.
//!
//! Nothing is clamped or cut: what is out of range is refused. The policy is checked as a document here; whether
//! it allows anything is decided at each use, against the identity's own permissions of that moment.

use daypass_api::names::{Account, SessionId, Uin};
use daypass_api::operation::GetFederationToken;
use daypass_api::outcome::TemporaryKey;
use daypass_api::secret::SecretKey;
use daypass_api::{Error, ErrorCode, Timestamp};
use daypass_policy::{DocumentKind, OwnerAccount, PolicyError, PolicyErrorKind};
use daypass_token::{Claims, KeyRing, Principal, SALT_LENGTH, SealError, SessionKind};

use crate::caller::Identity;

/// Life of a temporary key when none is asked for, in seconds.
pub const DEFAULT_SECONDS: i64 = 1800;
/// Longest life of a root account's temporary key, in seconds.
pub const MAX_ROOT_SECONDS: i64 = 7200;
/// Longest life of a sub-account's temporary key, in seconds.
pub const MAX_USER_SECONDS: i64 = 129_600;

/// The random parts of a new temporary key.
#[derive(Debug)]
pub struct FreshSession {
    /// The session's id.
    pub id: SessionId,
    /// TmpSecretKey.
    pub secret: SecretKey,
    /// What makes the token's key its own.
    pub salt: [u8; SALT_LENGTH],
}

/// Checks what is asked for and seals it: the temporary key of a federation session.
pub fn federation(
    identity: &Identity,
    request: &GetFederationToken,
    min_seconds: i64,
    fresh: FreshSession,
    ring: &KeyRing,
    now: Timestamp,
) -> Result<TemporaryKey, Error> {
    let uin = permanent(identity)?;
    let seconds = duration(identity, request.duration_seconds, min_seconds)?;
    if let Some(text) = &request.policy {
        check_session_policy(text, identity.account)?;
    }
    let claims = Claims {
        kind: SessionKind::Federation,
        name: request.name.as_str().to_owned(),
        session_policies: request.policy.iter().cloned().collect(),
        ..own(identity, uin, &fresh, now, seconds)
    };
    seal(ring, claims, &fresh)
}

/// The temporary key of a session of the caller's own. Nobody has a second factor to show here, so that such a session
/// is worth no more than one of a federation.
pub fn own_session(
    identity: &Identity,
    duration_seconds: Option<i64>,
    min_seconds: i64,
    fresh: FreshSession,
    ring: &KeyRing,
    now: Timestamp,
) -> Result<TemporaryKey, Error> {
    let uin = permanent(identity)?;
    let seconds = duration(identity, duration_seconds, min_seconds)?;
    seal(ring, own(identity, uin, &fresh, now, seconds), &fresh)
}

/// The number of whoever asks with a permanent key; nobody else may ask.
pub fn permanent(identity: &Identity) -> Result<Uin, Error> {
    match (&identity.session, identity.user()) {
        (None, Some(uin)) => Ok(uin),
        _ => Err(Error::new(ErrorCode::TemporaryKeyNotAllowed)),
    }
}

/// The claims of a session of an identity's own that begins now.
fn own(identity: &Identity, uin: Uin, fresh: &FreshSession, now: Timestamp, seconds: i64) -> Claims {
    Claims {
        kind: SessionKind::Own,
        session_id: fresh.id,
        secret: fresh.secret.clone(),
        account: identity.account,
        principal: Principal::User(uin),
        origin: identity.origin.clone(),
        ancestors: Vec::new(),
        name: String::new(),
        issued: now,
        expires: ends(now, seconds),
        session_policies: Vec::new(),
        tags: Vec::new(),
        source_identity: None,
    }
}

/// When a session that lives so long from now ends: at a whole second, as the wire tells it.
pub(crate) fn ends(now: Timestamp, seconds: i64) -> Timestamp {
    Timestamp::from_unix_seconds(now.unix_seconds().saturating_add(seconds))
}

pub(crate) fn seal(ring: &KeyRing, claims: Claims, fresh: &FreshSession) -> Result<TemporaryKey, Error> {
    let sealed = daypass_token::seal(ring, &claims, &fresh.salt).map_err(|error| match error {
        SealError::TooLong { predicted, limit } => Error::with_message(
            ErrorCode::PolicyTooLong,
            format!("the token would be {predicted} bytes long, and {limit} is the most: shorten the policy"),
        ),
        SealError::PoliciesTooLong { length, limit } => Error::with_message(
            ErrorCode::PolicyTooLong,
            format!("the session's policies have {length} bytes together, and {limit} is the most"),
        ),
        _ => Error::new(ErrorCode::InternalError),
    })?;
    Ok(TemporaryKey {
        access_key_id: sealed.access_key_id,
        secret_key: claims.secret,
        token: sealed.token,
        expires: claims.expires,
        judgement: None,
    })
}

fn duration(identity: &Identity, asked: Option<i64>, min_seconds: i64) -> Result<i64, Error> {
    let seconds = asked.unwrap_or(DEFAULT_SECONDS);
    let longest = if identity.is_root() {
        MAX_ROOT_SECONDS
    } else {
        MAX_USER_SECONDS
    };
    if seconds > longest {
        let text = format!("DurationSeconds is {seconds}, and this caller may ask for {longest} at most");
        return Err(Error::with_message(ErrorCode::DurationOutOfRange, text));
    }
    check_least(seconds, min_seconds)
}

pub(crate) fn check_least(seconds: i64, min_seconds: i64) -> Result<i64, Error> {
    if seconds < min_seconds {
        let text = format!("DurationSeconds is {seconds}, and {min_seconds} is the least");
        return Err(Error::with_message(ErrorCode::ParamError, text));
    }
    Ok(seconds)
}

pub(crate) fn check_session_policy(text: &str, account: Account) -> Result<(), Error> {
    let owner = OwnerAccount {
        app_id: account.app_id.0,
        owner_uin: account.owner_uin.0,
    };
    daypass_policy::parse(text, DocumentKind::Session, &owner)
        .map(drop)
        .map_err(|error| session_policy_error(&error))
}

/// What is wrong with a session policy, in the coarse codes of the token service.
fn session_policy_error(error: &PolicyError) -> Error {
    use PolicyErrorKind as Kind;
    let code = match error.kind {
        Kind::TooLong => ErrorCode::PolicyTooLong,
        Kind::TooDeep | Kind::NotJson | Kind::NotAnObject => ErrorCode::PolicyNotWellFormed,
        Kind::ForeignResource => ErrorCode::PolicyGrantsOtherAccount,
        Kind::ResourceSyntax
        | Kind::ResourceQcs
        | Kind::ResourceProject
        | Kind::ResourceService
        | Kind::ResourceRegion
        | Kind::ResourceAccount
        | Kind::ResourceContent => ErrorCode::PolicyResourceMalformed,
        Kind::DuplicateElement
        | Kind::UnknownElement
        | Kind::Version
        | Kind::Statement
        | Kind::TooMany
        | Kind::Effect
        | Kind::ActionMissing
        | Kind::Action
        | Kind::ActionService
        | Kind::ResourceMissing
        | Kind::ResourceForbidden
        | Kind::PrincipalMissing
        | Kind::PrincipalForbidden
        | Kind::Principal
        | Kind::PrincipalQcs
        | Kind::Condition
        | Kind::ConditionOperator
        | Kind::ConditionKey
        | Kind::ConditionValue => ErrorCode::PolicyInvalid,
    };
    Error::with_message(code, error.to_string())
}

/// Checks a document that is to become a policy of an account, in the fine codes of access management.
pub fn check_identity_policy(text: &str, account: Account) -> Result<(), Error> {
    let owner = OwnerAccount {
        app_id: account.app_id.0,
        owner_uin: account.owner_uin.0,
    };
    daypass_policy::parse(text, DocumentKind::Identity, &owner)
        .map(drop)
        .map_err(|error| identity_policy_error(&error))
}

/// Checks a document that is to become the policy of one of an account's buckets.
pub fn check_bucket_policy(text: &str, account: Account) -> Result<(), Error> {
    let owner = OwnerAccount {
        app_id: account.app_id.0,
        owner_uin: account.owner_uin.0,
    };
    daypass_policy::parse(text, DocumentKind::Bucket, &owner)
        .map(drop)
        .map_err(|error| Error::with_message(ErrorCode::MalformedPolicy, error.to_string()))
}

pub(crate) fn identity_policy_error(error: &PolicyError) -> Error {
    use PolicyErrorKind as Kind;
    let code = match error.kind {
        Kind::TooLong => ErrorCode::DocumentTooLong,
        Kind::TooDeep | Kind::NotJson | Kind::NotAnObject | Kind::DuplicateElement | Kind::UnknownElement => {
            ErrorCode::DocumentError
        }
        Kind::Version => ErrorCode::DocumentVersionError,
        Kind::Statement | Kind::TooMany => ErrorCode::DocumentStatementError,
        Kind::Effect => ErrorCode::DocumentEffectError,
        Kind::ActionMissing | Kind::Action | Kind::ActionService => ErrorCode::DocumentActionError,
        Kind::ResourceProject => ErrorCode::DocumentResourceProjectError,
        Kind::ResourceAccount | Kind::ForeignResource => ErrorCode::DocumentResourceAccountError,
        Kind::ResourceMissing
        | Kind::ResourceForbidden
        | Kind::ResourceSyntax
        | Kind::ResourceQcs
        | Kind::ResourceService
        | Kind::ResourceRegion
        | Kind::ResourceContent => ErrorCode::DocumentResourceError,
        Kind::PrincipalMissing | Kind::PrincipalForbidden | Kind::Principal | Kind::PrincipalQcs => {
            ErrorCode::DocumentPrincipalError
        }
        Kind::Condition | Kind::ConditionKey => ErrorCode::DocumentConditionError,
        Kind::ConditionOperator => ErrorCode::DocumentConditionTypeError,
        Kind::ConditionValue => ErrorCode::DocumentConditionContentError,
    };
    Error::with_message(code, error.to_string())
}
