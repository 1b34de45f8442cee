//! Operations on identity providers: who may vouch for somebody that has no key here.

use crate::names::ProviderName;

/// Most audiences of a provider.
pub const MAX_PROVIDER_AUDIENCES: usize = 20;
/// Longest audience of a provider, in bytes.
pub const MAX_AUDIENCE_BYTES: usize = 255;
/// Longest key set that may be given, in bytes.
pub const MAX_PROVIDER_KEY_BYTES: usize = 32 * 1024;
/// Longest note about a provider, in bytes.
pub const MAX_PROVIDER_DESCRIPTION_BYTES: usize = 300;

/// An operation on the identity providers of the caller's account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ProviderOperation {
    /// Make a provider.
    Create(ProviderSettings),
    /// One provider.
    Get(ProviderName),
    /// Replace what is said about a provider.
    Update(ProviderSettings),
    /// Remove a provider. The sessions that began with it end.
    Delete(ProviderName),
}

/// What is said about a provider.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProviderSettings {
    /// Its name.
    pub name: ProviderName,
    /// Who issues its tokens, as the tokens say it.
    pub issuer: String,
    /// For whom tokens must be issued: any of these suffices.
    pub audiences: Vec<String>,
    /// The keys with which its tokens are verified; none means that the issuer is asked for them.
    pub keys: Option<String>,
    /// A note about it; none leaves the one that there is.
    pub description: Option<String>,
}

impl ProviderOperation {
    /// Whether it changes anything.
    pub fn is_write(&self) -> bool {
        match self {
            Self::Get(_) => false,
            Self::Create(_) | Self::Update(_) | Self::Delete(_) => true,
        }
    }

    /// The provider that it is about, which a policy may name before there is one.
    pub fn name(&self) -> &ProviderName {
        match self {
            Self::Create(settings) | Self::Update(settings) => &settings.name,
            Self::Get(name) | Self::Delete(name) => name,
        }
    }

    /// The action that a policy must allow for it.
    pub fn action(&self) -> &'static str {
        match self {
            Self::Create(_) => "cam:CreateOIDCConfig",
            Self::Get(_) => "cam:DescribeOIDCConfig",
            Self::Update(_) => "cam:UpdateOIDCConfig",
            Self::Delete(_) => "cam:DeleteOIDCConfig",
        }
    }
}
