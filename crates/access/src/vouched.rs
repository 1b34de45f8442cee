//! Somebody without a key here, for whom an identity provider vouches: what his word is worth, and a key for it.
//!
//! He has no rights of his own, so that there is one thing that he may ask for: a session of a role whose trust names
//! the provider.

use daypass_api::Error;
use daypass_api::Timestamp;
use daypass_api::names::{Account, ProviderId, ProviderName, Uin};
use daypass_api::operation::AssumeRoleWithWebIdentity;
use daypass_api::outcome::TemporaryKey;
use daypass_policy as policy;
use daypass_token::{Claims, KeyRing, Origin, Principal, SessionKind};

use crate::decide::consult;
use crate::decision::Opinion;
use crate::facts::RoleFacts;
use crate::issue::{FreshSession, check_session_policy, ends, seal};
use crate::issue_role::duration;

/// Somebody for whom a provider vouches, proven by a token that was verified.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Vouched {
    /// The account that the provider is in.
    pub account: Account,
    /// The provider's number.
    pub provider: ProviderId,
    /// Its name.
    pub name: ProviderName,
    /// Which revision of it.
    pub revision: u64,
    /// Who issued the token.
    pub issuer: String,
    /// About whom it is.
    pub subject: String,
    /// For whom it was issued.
    pub audience: String,
}

/// A provider that exists.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LiveProvider {
    /// The account that it is in.
    pub owner: Uin,
    /// Its number.
    pub id: ProviderId,
    /// Its revision.
    pub revision: u64,
}

impl LiveProvider {
    /// Whether a session that began so may still go on, as far as the provider goes.
    pub(crate) fn is(self, origin: &Origin) -> bool {
        matches!(origin, Origin::Provider { owner, id, revision, .. }
            if (self.owner, self.id, self.revision) == (*owner, *id, *revision))
    }
}

/// What a role's trust says of somebody for whom a provider vouches. A provider that it names is the one that had the
/// name when the document was given.
pub(crate) fn opinion(role: &RoleFacts, vouched: &Vouched, request: &policy::Request<'_>) -> Opinion {
    put(role, vouched, request, |request| consult(&role.trust, request))
}

/// Makes the request that a role's trust is asked.
pub(crate) fn put<R>(
    role: &RoleFacts,
    vouched: &Vouched,
    request: &policy::Request<'_>,
    ask: impl FnOnce(&policy::Request<'_>) -> R,
) -> R {
    let owner = vouched.account.owner_uin;
    let meant = role
        .providers
        .iter()
        .any(|(known, name, id)| (*known, name, *id) == (owner, &vouched.name, vouched.provider));
    let provider = format!("oidc-provider/{}", vouched.name);
    let principal = policy::Principal::Federated {
        owner_uin: owner.0,
        // No pattern names a provider without a name.
        provider: if meant { &provider } else { "" },
    };
    let context = policy::Context {
        oidc_issuer: Some(&vouched.issuer),
        oidc_audience: Some(&vouched.audience),
        oidc_subject: Some(&vouched.subject),
        ..*request.context
    };
    ask(&policy::Request {
        principal,
        context: &context,
        ..*request
    })
}

/// Checks what is asked for and seals it: the temporary key of a session of this role.
pub fn assume_role_with_web_identity(
    vouched: &Vouched,
    request: &AssumeRoleWithWebIdentity,
    role: &RoleFacts,
    min_seconds: i64,
    fresh: FreshSession,
    ring: &KeyRing,
    now: Timestamp,
) -> Result<TemporaryKey, Error> {
    let seconds = duration(request.duration_seconds, role, None, min_seconds, now)?;
    if let Some(text) = &request.policy {
        check_session_policy(text, role.account)?;
    }
    let claims = Claims {
        kind: SessionKind::Role,
        session_id: fresh.id,
        secret: fresh.secret.clone(),
        account: role.account,
        principal: Principal::Role(role.id),
        origin: Origin::Provider {
            owner: vouched.account.owner_uin,
            id: vouched.provider,
            revision: vouched.revision,
            subject: vouched.subject.clone(),
        },
        ancestors: Vec::new(),
        name: request.name.as_str().to_owned(),
        issued: now,
        expires: ends(now, seconds),
        session_policies: request.policy.iter().cloned().collect(),
        tags: Vec::new(),
        source_identity: None,
    };
    seal(ring, claims, &fresh)
}
