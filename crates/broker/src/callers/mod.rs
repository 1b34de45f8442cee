//! Who asks: the ways in which users are known, tried in the order of the settings.
//!
//! A way either does not apply (the caller shows nothing of the kind), or names a user, or refuses. The first that names
//! a user counts; what others said is told only where none does.

pub(crate) mod api_key;
mod oidc;
mod webhook;

use daypass_api::Timestamp;
use http::{HeaderMap, header};

use crate::settings::{CallerSettings, SettingsError};
use crate::user::{Names, User, UserError};

/// Most ways to know users.
const MAX_CALLERS: usize = 16;

/// All ways to know users.
pub(crate) struct Callers {
    ways: Vec<Way>,
    names: Names,
}

enum Way {
    Oidc(oidc::Oidc),
    ApiKeys(api_key::ApiKeys),
    Webhook(webhook::Webhook),
}

/// A user, and how he is known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Caller {
    pub(crate) user: User,
    pub(crate) kind: &'static str,
}

/// Why nobody is known.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Unknown {
    /// Nothing was shown by which anybody could be known.
    #[error("nothing says who asks; send `Authorization: Bearer ...`")]
    Nothing,
    /// What was shown is not good.
    #[error("{0}")]
    Refused(String),
    /// Somebody is known, and may have no key.
    #[error("{0}")]
    Forbidden(String),
    /// A user is known whose name cannot stand in a key.
    #[error(transparent)]
    Name(#[from] UserError),
    /// Who knows cannot be asked.
    #[error("{0}")]
    Unavailable(String),
}

/// What one way says: nothing where it does not apply.
type Said = Option<Result<String, Unknown>>;

impl Callers {
    pub(crate) fn new(settings: &[CallerSettings], names: Names) -> Result<Self, SettingsError> {
        if settings.is_empty() || settings.len() > MAX_CALLERS {
            return Err(SettingsError::value(
                "callers",
                "there must be 1 to 16 ways to know users",
            ));
        }
        let way = |settings: &CallerSettings| match settings {
            CallerSettings::Oidc {
                issuer,
                jwks_url,
                audiences,
                claim,
                allow_private,
            } => {
                let keys = oidc::keys(issuer, jwks_url.as_deref(), *allow_private)?;
                oidc::Oidc::new(issuer, keys, audiences, claim).map(Way::Oidc)
            }
            CallerSettings::ApiKeys { keys } => api_key::ApiKeys::new(keys, names).map(Way::ApiKeys),
            CallerSettings::Webhook { url, timeout_ms } => {
                webhook::Webhook::new(url, *timeout_ms).map(Way::Webhook)
            }
        };
        let ways = settings.iter().map(way).collect::<Result<_, _>>()?;
        Ok(Self { ways, names })
    }

    /// Who asks, by the headers of his request.
    pub(crate) async fn know(&self, headers: &HeaderMap, now: Timestamp) -> Result<Caller, Unknown> {
        let mut worst = Unknown::Nothing;
        for way in &self.ways {
            let (kind, said) = match way {
                Way::Oidc(oidc) => ("oidc", oidc.know(headers, now).await),
                Way::ApiKeys(keys) => ("api_keys", keys.know(headers)),
                Way::Webhook(webhook) => ("webhook", webhook.know(headers).await),
            };
            match said {
                None => {}
                Some(Ok(name)) => {
                    let user = User::parse(&name, self.names)?;
                    return Ok(Caller { user, kind });
                }
                Some(Err(unknown)) if unknown.weight() > worst.weight() => worst = unknown,
                Some(Err(_)) => {}
            }
        }
        Err(worst)
    }
}

impl Unknown {
    /// What the caller should hear before anything else: that it is not his fault, then that it is of no use.
    fn weight(&self) -> u8 {
        match self {
            Self::Nothing => 0,
            Self::Refused(_) => 1,
            Self::Forbidden(_) | Self::Name(_) => 2,
            Self::Unavailable(_) => 3,
        }
    }
}

/// The text after `Authorization: Bearer`, where there is exactly one such header.
fn bearer(headers: &HeaderMap) -> Option<&str> {
    let mut all = headers.get_all(header::AUTHORIZATION).iter();
    let (Some(one), None) = (all.next(), all.next()) else {
        return None;
    };
    let (scheme, rest) = one.to_str().ok()?.split_once(' ')?;
    let rest = rest.trim();
    (scheme.eq_ignore_ascii_case("bearer") && !rest.is_empty()).then_some(rest)
}
